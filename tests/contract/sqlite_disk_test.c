/* Disks that are full, file systems that are read-only. */
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/wait.h>
#include <unistd.h>

#include "sqlite_helpers.h"

TestSuite(disk, .init = contract_begin, .fini = contract_end, .timeout = 60);

/* Does something as a user without rights, in a child; the folder is theirs. */
static int
as_nobody(int (*run)(void))
{
	int status = 0;
	pid_t child = fork();

	cr_assert_geq(child, 0);
	if (child == 0) {
		if (geteuid() == 0 && (setgid(65534) != 0 || setuid(65534) != 0))
			_exit(100);
		_exit(run());
	}
	cr_assert_eq(waitpid(child, &status, 0), child);
	return WIFEXITED(status) ? WEXITSTATUS(status) : 101;
}

static int
read_but_not_write(void)
{
	struct store_op op = change_op(STORE_FREEZE, "alice");
	struct store *store = NULL;
	struct user_record user;

	if (store_open_sqlite(contract_folder, &store, NULL) != SFMFA_OK)
		return 1;
	if (store_read_user(store, "alice", -1, &user, NULL) != SFMFA_OK || !user.frozen)
		return 2;
	if (store_read_user(store, "bob", -1, &user, NULL) != SFMFA_ERR_NOT_FOUND)
		return 3;
	struct store_op *ops[] = { &op };
	if (store_commit(store, ops, 1, NULL) != SFMFA_ERR_STORE || op.err != SFMFA_ERR_STORE)
		return 4;
	if (store_read_user(store, "alice", -1, &user, NULL) != SFMFA_OK)
		return 5;
	store_close(store);
	return 0;
}

/* As an administrator would find it: what stands in the log only, a freeze, counts. */
static void
close_frozen(mode_t mode)
{
	static const char *const names[] = { "sfmfa.db", "sfmfa.db-wal", "sfmfa.db-shm" };
	struct store_op op = change_op(STORE_FREEZE, "alice");

	(void)registered_user("alice", APP_COMPLETED);
	op.change.flag = true;
	cr_assert_eq(commit_one(contract_store, &op), SFMFA_OK);
	store_close(contract_store);
	contract_store = NULL;
	for (size_t at = 0; at < 3; at++) {
		if (geteuid() == 0)
			cr_assert_eq(chown(in_folder(names[at]), 65534, 65534), 0);
		cr_assert_eq(chmod(in_folder(names[at]), mode), 0);
	}
	if (geteuid() == 0)
		cr_assert_eq(chown(contract_folder, 65534, 65534), 0);
}

Test(disk, a_store_that_may_only_be_read_is_read_with_its_log)
{
	close_frozen(0400);
	cr_assert_eq(chmod(contract_folder, 0500), 0);
	cr_expect_eq(as_nobody(read_but_not_write), 0);
	cr_assert_eq(chmod(contract_folder, 0700), 0);
}

Test(disk, a_log_that_holds_something_is_never_ignored)
{
	close_frozen(0400);
	cr_assert_eq(unlink(in_folder("sfmfa.db-shm")), 0);
	cr_assert_eq(chmod(contract_folder, 0500), 0);
	cr_expect_eq(as_nobody(read_but_not_write), 1, "cannot be indexed, so the store cannot be read");
	cr_assert_eq(chmod(contract_folder, 0700), 0);
}

Test(disk, without_a_log_the_file_alone_is_read)
{
	close_frozen(0600);
	run_sql("sfmfa.db", "PRAGMA wal_checkpoint(TRUNCATE)");
	(void)unlink(in_folder("sfmfa.db-shm"));
	(void)unlink(in_folder("sfmfa.db-wal"));
	cr_assert_eq(chmod(in_folder("sfmfa.db"), 0400), 0);
	cr_assert_eq(chmod(contract_folder, 0500), 0);
	cr_expect_eq(as_nobody(read_but_not_write), 0);
	cr_assert_eq(chmod(contract_folder, 0700), 0);
}

/* Moves the test onto a small file system of its own. */
static void
mount_small(void)
{
	if (unshare(CLONE_NEWNS) != 0 || mount(NULL, "/", "none", MS_REC | MS_PRIVATE, NULL) != 0)
		cr_skip_test("needs root, for a mount of its own");
	store_close(contract_store);
	cr_assert_eq(mount("tmpfs", contract_folder, "tmpfs", 0, "size=8m,mode=0700"), 0);
	contract_store = contract_open();
}

static void
unmount_small(void)
{
	store_close(contract_store);
	contract_store = NULL;
	cr_assert_eq(umount2(contract_folder, MNT_DETACH), 0);
}

static void
fill_disk(void)
{
	static char block[4096];
	int fd = open(in_folder("filler"), O_WRONLY | O_CREAT, 0600);

	cr_assert_geq(fd, 0);
	while (write(fd, block, sizeof block) > 0)
		;
	cr_assert_eq(close(fd), 0);
}

Test(disk, a_read_only_file_system_is_read_and_written_again_once_it_may_be)
{
	struct store_op op = change_op(STORE_FREEZE, "alice"), token = token_op("alice", "mail", 1);

	mount_small();
	(void)registered_user("alice", APP_COMPLETED);
	op.change.flag = true;
	cr_assert_eq(commit_one(contract_store, &op), SFMFA_OK);
	store_close(contract_store);
	contract_store = NULL;
	cr_assert_eq(mount(NULL, contract_folder, "none", MS_REMOUNT | MS_RDONLY, NULL), 0);
	contract_store = contract_open();
	cr_expect(read_user(contract_store, "alice").frozen);
	cr_expect_eq(commit_one(contract_store, &token), SFMFA_ERR_STORE);
	cr_expect_eq(add_one_event(contract_store), SFMFA_ERR_STORE);
	cr_assert_eq(mount(NULL, contract_folder, "none", MS_REMOUNT, NULL), 0);
	cr_expect_eq(commit_one(contract_store, &token), SFMFA_OK);
	cr_expect_eq(add_one_event(contract_store), SFMFA_OK);
	unmount_small();
}

Test(disk, a_full_disk_loses_events_and_no_login)
{
	enum { USERS = 20, STEPS = 250 };
	static struct store_op made[USERS], *ops[USERS];
	static char names[USERS][32];
	static struct user_record users[USERS];
	int lost = 0;

	mount_small();
	for (int at = 0; at < USERS; at++) {
		(void)snprintf(names[at], sizeof names[at], "user%d", at);
		made[at] = register_op(names[at], APP_COMPLETED);
		ops[at] = &made[at];
	}
	/* At once, so that nothing but the opening has grown the log. */
	cr_assert_eq(store_commit(contract_store, ops, USERS, NULL), SFMFA_OK);
	cr_assert_eq(add_one_event(contract_store), SFMFA_OK);
	fill_disk();
	for (int at = 0; at < USERS; at++)
		users[at] = read_user(contract_store, names[at]);
	for (int step = 0; step < STEPS; step++) {
		for (int at = 0; at < USERS; at++) {
			struct store_op op = attempt_op(&users[at], STEP + step);

			op.attempt.now_step = STEP + step;
			memset(op.attempt.handover.hash, 1, HASH_SIZE);
			op.attempt.handover.service = "sshd";
			cr_assert_eq(commit_one(contract_store, &op), SFMFA_OK, "login %d",
				     step * USERS + at);
			cr_assert_eq(op.attempt.result, ATTEMPT_RESULT_RIGHT);
			lost += add_one_event(contract_store) != SFMFA_OK;
		}
	}
	cr_expect_gt(lost, 0, "the disk was not full");
	reopen();
	cr_expect_eq(read_user(contract_store, "user7").guard.last_step, STEP + STEPS - 1);
	cr_expect_eq(ask_sql("sfmfa.db",
			     "SELECT count(*) FROM pragma_integrity_check WHERE integrity_check = 'ok'"),
		     1);
	unmount_small();
}

Test(disk, on_a_full_disk_each_operation_of_a_batch_stands_or_falls_alone)
{
	enum { BATCH = 400, ROUNDS = 6 };
	static struct store_op grow[BATCH], *ops[BATCH + 1];
	static char names[BATCH][USER_NAME_SIZE];
	struct user_record alice;
	struct store_op right;
	int made = 0;

	mount_small();
	alice = registered_user("alice", APP_COMPLETED);
	fill_disk();
	right = attempt_op(&alice, STEP);
	/*
	 * More than the log has room for in one transaction, and in the end more than the file may
	 * grow by.
	 */
	for (int round = 0; round < ROUNDS; round++) {
		for (int at = 0; at < BATCH; at++) {
			(void)snprintf(names[at], sizeof names[at], "%0200d", round * BATCH + at);
			grow[at] = register_op(names[at], APP_COMPLETED);
			ops[at] = &grow[at];
		}
		ops[BATCH] = &right;
		right.attempt.step = right.attempt.now_step = STEP + round;
		cr_assert_eq(store_commit(contract_store, ops, BATCH + 1, NULL), SFMFA_OK);
		cr_expect_eq(right.err, SFMFA_OK, "round %d", round);
		cr_expect_eq(right.attempt.result, ATTEMPT_RESULT_RIGHT, "round %d", round);
		for (int at = 0; at < BATCH; at++) {
			struct user_record user;
			bool there = store_read_user(contract_store, names[at], -1, &user, NULL) == SFMFA_OK;

			cr_expect_eq(there, grow[at].err == SFMFA_OK, "%s", names[at]);
			made += there;
		}
	}
	cr_expect(made > 0 && made < BATCH * ROUNDS, "%d made: the disk was not full", made);
	/* What did not fit must not have filled the log for good. */
	for (int at = 0; at < 1000; at++) {
		right.attempt.step = ++right.attempt.now_step;
		cr_assert_eq(commit_one(contract_store, &right), SFMFA_OK, "login %d", at);
		cr_assert_eq(right.attempt.result, ATTEMPT_RESULT_RIGHT);
	}
	unmount_small();
}
