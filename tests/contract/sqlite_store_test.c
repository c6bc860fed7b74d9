/* What is SQLite's own: files, modes, versions, query plans, disks that are full or read-only. */
#include <fcntl.h>
#include <sched.h>
#include <sqlite3.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/text.h"
#include "contract.h"

TestSuite(sqlite, .init = contract_begin, .fini = contract_end, .timeout = 60);

/* In front of libc's, for SQLite too: what is promised to be on the disk was synced. */
static int syncs;

__attribute__((visibility("default"))) int
fdatasync(int fd)
{
	syncs++;
	return (int)syscall(SYS_fdatasync, fd);
}

__attribute__((visibility("default"))) int
fsync(int fd)
{
	syncs++;
	return (int)syscall(SYS_fsync, fd);
}

static const char *
in_folder(const char *name)
{
	static char path[PATH_MAX];

	cr_assert_eq(text_format(path, sizeof path, "%s/%s", contract_folder, name), SFMFA_OK);
	return path;
}

static struct stat
stat_of(const char *name)
{
	struct stat status;

	cr_assert_eq(lstat(in_folder(name), &status), 0, "%s", name);
	return status;
}

static void
reopen(void)
{
	store_close(contract_store);
	contract_store = contract_open();
}

static void
run_sql(const char *file, const char *sql)
{
	sqlite3 *handle = NULL;

	cr_assert_eq(sqlite3_open_v2(in_folder(file), &handle, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE, NULL), SQLITE_OK);
	cr_assert_eq(sqlite3_exec(handle, sql, NULL, NULL, NULL), SQLITE_OK, "%s", sqlite3_errmsg(handle));
	cr_assert_eq(sqlite3_close(handle), SQLITE_OK);
}

static int64_t
ask_sql(const char *file, const char *sql)
{
	sqlite3 *handle = NULL;
	sqlite3_stmt *statement = NULL;
	int64_t number;

	cr_assert_eq(sqlite3_open_v2(in_folder(file), &handle, SQLITE_OPEN_READWRITE, NULL), SQLITE_OK);
	cr_assert_eq(sqlite3_prepare_v2(handle, sql, -1, &statement, NULL), SQLITE_OK, "%s", sqlite3_errmsg(handle));
	cr_assert_eq(sqlite3_step(statement), SQLITE_ROW);
	number = sqlite3_column_int64(statement, 0);
	cr_assert_eq(sqlite3_finalize(statement), SQLITE_OK);
	cr_assert_eq(sqlite3_close(handle), SQLITE_OK);
	return number;
}

static enum sfmfa_err
try_open(struct diag *diag)
{
	struct store *store = NULL;
	enum sfmfa_err err = store_open_sqlite(contract_folder, &store, diag);

	store_close(store);
	return err;
}

static enum sfmfa_err
add_one_event(struct store *store)
{
	static const struct event event = { .time = NOW };
	const struct event *list[] = { &event };

	return store_add_events(store, list, 1, NULL);
}

Test(sqlite, files_are_private_whatever_the_umask)
{
	static const char *const names[] = { "sfmfa.db", "sfmfa.db-wal", "sfmfa.db-shm", "events.db", "events.db-wal" };
	static const mode_t masks[] = { 0, 0777 };

	for (size_t mask = 0; mask < 2; mask++) {
		contract_end();
		(void)umask(022);
		contract_begin();
		store_close(contract_store);
		contract_store = NULL;
		for (size_t at = 0; at < 3; at++)
			cr_assert_eq(unlink(in_folder(names[at])), 0);
		(void)umask(masks[mask]);
		contract_store = contract_open();
		cr_assert_eq(add_one_event(contract_store), SFMFA_OK);
		for (size_t at = 0; at < sizeof names / sizeof *names; at++)
			cr_expect_eq(stat_of(names[at]).st_mode & 07777, 0600, "%s", names[at]);
	}
}

Test(sqlite, a_missing_folder_is_made_private)
{
	char folder[PATH_MAX];
	struct store *store = NULL;
	struct stat status;

	cr_assert_eq(text_format(folder, sizeof folder, "%s/made", contract_folder), SFMFA_OK);
	(void)umask(0777);
	cr_assert_eq(store_open_sqlite(folder, &store, NULL), SFMFA_OK);
	store_close(store);
	cr_assert_eq(stat(folder, &status), 0);
	cr_expect_eq(status.st_mode & 07777, 0700);
}

Test(sqlite, a_folder_or_file_that_others_may_write_is_refused)
{
	struct diag diag = { 0 };
	char link[PATH_MAX], elsewhere[PATH_MAX];
	struct store *store = NULL;

	store_close(contract_store);
	contract_store = NULL;
	cr_assert_eq(chmod(contract_folder, 0770), 0);
	cr_expect_eq(try_open(&diag), SFMFA_ERR_UNTRUSTED);
	cr_expect_str_eq(diag.file, contract_folder);
	cr_assert_eq(chmod(contract_folder, 0700), 0);
	cr_assert_eq(chmod(in_folder("sfmfa.db"), 0620), 0);
	cr_expect_eq(try_open(&diag), SFMFA_ERR_UNTRUSTED);
	cr_assert_eq(chmod(in_folder("sfmfa.db"), 0644), 0);
	cr_expect_eq(try_open(&diag), SFMFA_OK);
	cr_expect_eq(stat_of("sfmfa.db").st_mode & 07777, 0600, "reading is taken back");
	cr_assert_eq(text_copy(link, sizeof link, in_folder("link")), SFMFA_OK);
	cr_assert_eq(symlink(contract_folder, link), 0);
	cr_expect_eq(store_open_sqlite(link, &store, &diag), SFMFA_ERR_UNTRUSTED);
	cr_expect_eq(store_open_sqlite("relative", &store, &diag), SFMFA_ERR_UNTRUSTED);
	cr_assert_eq(text_copy(elsewhere, sizeof elsewhere, in_folder("elsewhere.db")), SFMFA_OK);
	cr_assert_eq(rename(in_folder("sfmfa.db"), elsewhere), 0);
	cr_assert_eq(symlink(elsewhere, in_folder("sfmfa.db")), 0);
	cr_expect_eq(try_open(&diag), SFMFA_ERR_UNTRUSTED);
	cr_assert_eq(unlink(in_folder("sfmfa.db")), 0);
	cr_assert_eq(mkdir(in_folder("sfmfa.db"), 0700), 0);
	cr_expect_eq(try_open(&diag), SFMFA_ERR_UNTRUSTED);
	cr_expect_null(store);
}

Test(sqlite, a_folder_of_somebody_else_is_refused)
{
	struct diag diag = { 0 };

	if (geteuid() != 0)
		cr_skip_test("only root can give a folder away");
	cr_assert_eq(chown(contract_folder, 65534, (gid_t)-1), 0);
	cr_expect_eq(try_open(&diag), SFMFA_ERR_UNTRUSTED);
}

Test(sqlite, the_log_is_grown_beforehand_and_kept)
{
	struct user_record alice;

	cr_expect_geq(stat_of("sfmfa.db-wal").st_size, 1 << 20);
	cr_expect_geq(stat_of("sfmfa.db-wal").st_blocks * 512, 1 << 20, "blocks, not a hole");
	alice = registered_user("alice", APP_COMPLETED);
	reopen();
	cr_expect_geq(stat_of("sfmfa.db-wal").st_size, 1 << 20);
	cr_expect_eq(read_user(contract_store, "alice").id, alice.id);
	/* Enough commits for several checkpoints: it does not grow without end. */
	for (int64_t step = STEP; step < STEP + 900; step++) {
		struct store_op op = attempt_op(&alice, step);

		op.attempt.now_step = step;
		cr_assert_eq(commit_one(contract_store, &op), SFMFA_OK);
		cr_assert_eq(op.attempt.result, ATTEMPT_RESULT_RIGHT);
	}
	cr_expect_leq(stat_of("sfmfa.db-wal").st_size, 3 << 19);
}

Test(sqlite, an_answer_that_changes_nothing_writes_nothing)
{
	struct user_record alice = registered_user("alice", APP_COMPLETED);
	struct store_op right = attempt_op(&alice, STEP), token = token_op("alice", "mail", 7), wrong = attempt_op(&alice, 0);
	struct stat before, after;

	cr_assert_eq(commit_one(contract_store, &right), SFMFA_OK);
	cr_assert_eq(commit_one(contract_store, &token), SFMFA_OK);
	struct store_op use = token_attempt_op(&alice, token.change.token.id);
	cr_assert_eq(commit_one(contract_store, &use), SFMFA_OK);
	before = stat_of("sfmfa.db-wal");
	cr_assert_eq(commit_one(contract_store, &right), SFMFA_OK);
	cr_expect_eq(right.attempt.result, ATTEMPT_RESULT_REPLAYED);
	cr_assert_eq(commit_one(contract_store, &use), SFMFA_OK);
	cr_expect_eq(use.attempt.result, ATTEMPT_RESULT_RIGHT);
	after = stat_of("sfmfa.db-wal");
	cr_expect_eq(memcmp(&before.st_mtim, &after.st_mtim, sizeof before.st_mtim), 0);
	wrong.attempt.policy.max_invalid_attempts = 1;
	cr_assert_eq(commit_one(contract_store, &wrong), SFMFA_OK);
	before = stat_of("sfmfa.db-wal");
	cr_assert_eq(commit_one(contract_store, &wrong), SFMFA_OK);
	cr_expect_eq(wrong.attempt.result, ATTEMPT_RESULT_LOCKED_OUT);
	after = stat_of("sfmfa.db-wal");
	cr_expect_eq(memcmp(&before.st_mtim, &after.st_mtim, sizeof before.st_mtim), 0);
}

Test(sqlite, an_attempt_is_one_sync_a_batch_too_events_and_closing_none)
{
	struct user_record alice = registered_user("alice", APP_COMPLETED);
	struct store_op one = attempt_op(&alice, STEP - 1), two = attempt_op(&alice, STEP), three = attempt_op(&alice, 0);
	struct store_op *ops[] = { &two, &three };

	cr_assert_eq(add_one_event(contract_store), SFMFA_OK);
	syncs = 0;
	cr_assert_eq(commit_one(contract_store, &one), SFMFA_OK);
	cr_expect_eq(syncs, 1);
	cr_assert_eq(store_commit(contract_store, ops, 2, NULL), SFMFA_OK);
	cr_expect_eq(syncs, 2);
	cr_assert_eq(commit_one(contract_store, &one), SFMFA_OK);
	cr_expect_eq(one.attempt.result, ATTEMPT_RESULT_REPLAYED);
	cr_assert_eq(add_one_event(contract_store), SFMFA_OK);
	store_close(contract_store);
	contract_store = NULL;
	cr_expect_eq(syncs, 2);
}

Test(sqlite, the_last_four_login_names_are_kept_and_only_of_right_answers_to_root)
{
	struct user_record alice = registered_user("alice", APP_COMPLETED);

	for (int64_t at = 0; at < 6; at++) {
		struct store_op op = attempt_op(&alice, at == 2 ? 0 : STEP + at);

		op.attempt.now_step = STEP + at;
		op.attempt.now.wall = NOW + at;
		op.attempt.caller = at == 3 ? 33 : -1;
		memset(op.attempt.handover_hash, (int)at + 1, HASH_SIZE);
		op.attempt.handover_service = "sshd";
		cr_assert_eq(commit_one(contract_store, &op), SFMFA_OK);
	}
	cr_expect_eq(ask_sql("sfmfa.db", "SELECT count(*) FROM guard WHERE caller = -1 AND handover1_service = 'sshd' "
	                                 "AND substr(hex(handover1_hash), 1, 2) = '06' AND substr(hex(handover2_hash), 1, 2) = '05' "
	                                 "AND substr(hex(handover3_hash), 1, 2) = '02' AND substr(hex(handover4_hash), 1, 2) = '01'"), 1);
	cr_expect_eq(ask_sql("sfmfa.db", "SELECT handover1_at FROM guard WHERE caller = -1"), NOW + 5);
	cr_expect_eq(ask_sql("sfmfa.db", "SELECT count(*) FROM guard WHERE caller = 33 AND handover1_hash IS NULL"), 1);
}

Test(sqlite, times_that_void_a_proof_are_kept)
{
	struct user_record alice = registered_user("alice", APP_COMPLETED);
	struct store_op wrong = attempt_op(&alice, 0), unlock = change_op(STORE_UNLOCK, "alice");
	struct store_op freeze = change_op(STORE_FREEZE, "alice"), thaw = change_op(STORE_FREEZE, "alice");

	wrong.attempt.policy.max_invalid_attempts = 1;
	wrong.attempt.now.wall = NOW + 5;
	cr_assert_eq(commit_one(contract_store, &wrong), SFMFA_OK);
	cr_assert_eq(commit_one(contract_store, &unlock), SFMFA_OK);
	cr_expect_eq(ask_sql("sfmfa.db", "SELECT last_locked_at FROM guard WHERE caller = -1"), NOW + 5);
	cr_expect_eq(ask_sql("sfmfa.db", "SELECT weakened_at FROM user"), NOW);
	freeze.change.flag = true;
	freeze.change.now = NOW + 7;
	thaw.change.now = NOW + 9;
	cr_assert_eq(commit_one(contract_store, &freeze), SFMFA_OK);
	cr_assert_eq(commit_one(contract_store, &thaw), SFMFA_OK);
	cr_expect_eq(ask_sql("sfmfa.db", "SELECT weakened_at FROM user"), NOW + 7);
}

Test(sqlite, an_empty_file_of_version_zero_is_migrated)
{
	static const char *const names[] = { "sfmfa.db", "sfmfa.db-wal", "sfmfa.db-shm" };

	store_close(contract_store);
	contract_store = NULL;
	for (size_t at = 0; at < 3; at++)
		cr_assert_eq(unlink(in_folder(names[at])), 0);
	run_sql("sfmfa.db", "PRAGMA user_version = 0; VACUUM");
	cr_assert_eq(chmod(in_folder("sfmfa.db"), 0600), 0);
	contract_store = contract_open();
	cr_expect_gt(registered_user("alice", APP_COMPLETED).id, 0);
	cr_expect_eq(ask_sql("sfmfa.db", "PRAGMA user_version"), 1);
	cr_expect_eq(ask_sql("sfmfa.db", "PRAGMA application_id"), 0x53464d31);
}

Test(sqlite, a_newer_version_and_another_programs_database_are_refused)
{
	struct diag diag = { 0 };

	store_close(contract_store);
	contract_store = NULL;
	run_sql("sfmfa.db", "PRAGMA user_version = 999");
	cr_expect_eq(try_open(&diag), SFMFA_ERR_STORE);
	cr_expect_not_null(strstr(diag.text, "newer"), "%s", diag.text);
	cr_expect_eq(ask_sql("sfmfa.db", "PRAGMA user_version"), 999);
	run_sql("sfmfa.db", "PRAGMA user_version = 1; PRAGMA application_id = 7");
	cr_expect_eq(try_open(&diag), SFMFA_ERR_STORE);
	cr_expect_not_null(strstr(diag.text, "another program"), "%s", diag.text);
}

static void
overwrite(const char *name)
{
	static char junk[65536];
	int fd = open(in_folder(name), O_WRONLY | O_TRUNC | O_CREAT, 0600);

	memset(junk, 'x', sizeof junk);
	cr_assert_geq(fd, 0);
	cr_assert_eq(write(fd, junk, sizeof junk), (ssize_t)sizeof junk);
	cr_assert_eq(close(fd), 0);
}

Test(sqlite, a_damaged_store_is_an_error_and_not_an_empty_one)
{
	struct diag diag = { 0 };

	store_close(contract_store);
	contract_store = NULL;
	cr_assert_eq(unlink(in_folder("sfmfa.db-wal")), 0);
	overwrite("sfmfa.db");
	cr_expect_eq(try_open(&diag), SFMFA_ERR_STORE);
	cr_expect_neq(diag.text[0], '\0');
	cr_expect_eq(stat_of("sfmfa.db").st_size, 65536, "left alone");
}

Test(sqlite, damaged_or_untrusted_events_cost_no_login)
{
	struct event_filter filter = { .reason = -1, .login_type = -1, .limit = 1 };
	struct user_record alice = registered_user("alice", APP_COMPLETED);
	struct store_op right = attempt_op(&alice, STEP);
	static struct event event;
	struct diag diag = { 0 };
	size_t count = 7;

	overwrite("events.db");
	cr_expect_eq(add_one_event(contract_store), SFMFA_ERR_STORE);
	cr_expect_eq(store_list_events(contract_store, &filter, &event, &count, &diag), SFMFA_ERR_STORE);
	cr_expect_eq(count, 7);
	cr_expect_not_null(strstr(diag.file, "events.db"));
	reopen();
	cr_expect_eq(commit_one(contract_store, &right), SFMFA_OK);
	cr_expect_eq(right.attempt.result, ATTEMPT_RESULT_RIGHT);
	cr_assert_eq(unlink(in_folder("events.db")), 0);
	cr_expect_eq(add_one_event(contract_store), SFMFA_OK, "moved away, a new one is made");
	reopen();
	cr_assert_eq(chmod(in_folder("events.db"), 0666), 0);
	cr_expect_eq(add_one_event(contract_store), SFMFA_ERR_UNTRUSTED);
}

Test(sqlite, a_value_that_no_version_writes_denies)
{
	struct user_record user;
	struct diag diag = { 0 };

	(void)registered_user("alice", APP_COMPLETED);
	run_sql("sfmfa.db", "UPDATE app SET digits = 42");
	cr_expect_eq(store_read_user(contract_store, "alice", -1, &user, &diag), SFMFA_ERR_STORE);
	cr_expect_eq(user.id, 0);
	run_sql("sfmfa.db", "UPDATE app SET digits = 6; UPDATE user SET assignment_count = 1");
	cr_expect_eq(store_read_user(contract_store, "alice", -1, &user, &diag), SFMFA_ERR_STORE);
	cr_expect_eq(user.id, 0);
	run_sql("sfmfa.db", "UPDATE user SET assignment_count = 0");
	cr_expect_eq(store_read_user(contract_store, "alice", -1, &user, &diag), SFMFA_OK);
}

Test(sqlite, a_writer_who_holds_the_lock_too_long_is_an_error_after_a_bounded_wait)
{
	struct user_record alice = registered_user("alice", APP_COMPLETED);
	struct store_op one = attempt_op(&alice, STEP), two = attempt_op(&alice, STEP + 1);
	struct store_op *ops[] = { &one, &two };
	struct diag diag = { 0 };
	sqlite3 *other = NULL;

	cr_assert_eq(sqlite3_open(in_folder("sfmfa.db"), &other), SQLITE_OK);
	cr_assert_eq(sqlite3_exec(other, "BEGIN IMMEDIATE", NULL, NULL, NULL), SQLITE_OK);
	one.attempt.result = ATTEMPT_RESULT_RIGHT;
	cr_expect_eq(store_commit(contract_store, ops, 2, &diag), SFMFA_ERR_STORE);
	cr_expect_neq(diag.text[0], '\0');
	cr_expect_eq(one.err, SFMFA_ERR_STORE);
	cr_expect_eq(two.err, SFMFA_ERR_STORE);
	cr_expect_eq(one.attempt.result, ATTEMPT_RESULT_LOCKED_OUT, "what failed does not look like a success");
	cr_expect_eq(read_user(contract_store, "alice").guard.last_step, 0);
	cr_assert_eq(sqlite3_close(other), SQLITE_OK);
	cr_expect_eq(commit_one(contract_store, &one), SFMFA_OK);
	cr_expect_eq(one.attempt.result, ATTEMPT_RESULT_RIGHT);
}

/* What the store says, and the plan of each; transactions have none. */
Test(sqlite, no_statement_scans_a_table)
{
	static const struct {
		const char *name, *sql;
	} statements[] = {
#define STATEMENT(name, sql) { #name, "EXPLAIN QUERY PLAN " sql },
#include "store/statements.def"
#undef STATEMENT
	};
	sqlite3 *handle = NULL;
	size_t planned = 0;

	cr_assert_eq(add_one_event(contract_store), SFMFA_OK);
	for (size_t at = 0; at < sizeof statements / sizeof *statements; at++) {
		const char *name = statements[at].name;
		sqlite3_stmt *plan = NULL;

		cr_assert_eq(sqlite3_open(in_folder(strncmp(name, "EVENT", 5) == 0 ? "events.db" : "sfmfa.db"), &handle),
		             SQLITE_OK);
		cr_assert_eq(sqlite3_prepare_v2(handle, statements[at].sql, -1, &plan, NULL), SQLITE_OK, "%s: %s", name,
		             sqlite3_errmsg(handle));
		while (sqlite3_step(plan) == SQLITE_ROW) {
			const char *detail = (const char *)sqlite3_column_text(plan, 3);

			planned++;
			/* A page walks an index in its order; one row of a subquery is no table. */
			cr_expect(strncmp(detail, "SCAN", 4) != 0 || strcmp(detail, "SCAN CONSTANT ROW") == 0 ||
			                  strcmp(name, "KEY_ANY") == 0,
			          "%s: %s", name, detail);
			cr_expect_null(strstr(detail, "TEMP B-TREE"), "%s: %s", name, detail);
		}
		cr_assert_eq(sqlite3_finalize(plan), SQLITE_OK);
		cr_assert_eq(sqlite3_close(handle), SQLITE_OK);
	}
	cr_expect_gt(planned, 60);
}

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

Test(sqlite, a_store_that_may_only_be_read_is_read_with_its_log)
{
	close_frozen(0400);
	cr_assert_eq(chmod(contract_folder, 0500), 0);
	cr_expect_eq(as_nobody(read_but_not_write), 0);
	cr_assert_eq(chmod(contract_folder, 0700), 0);
}

Test(sqlite, a_log_that_holds_something_is_never_ignored)
{
	close_frozen(0400);
	cr_assert_eq(unlink(in_folder("sfmfa.db-shm")), 0);
	cr_assert_eq(chmod(contract_folder, 0500), 0);
	cr_expect_eq(as_nobody(read_but_not_write), 1, "cannot be indexed, so the store cannot be read");
	cr_assert_eq(chmod(contract_folder, 0700), 0);
}

Test(sqlite, without_a_log_the_file_alone_is_read)
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
	if (unshare(CLONE_NEWNS) != 0 || mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) != 0)
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

Test(sqlite, a_read_only_file_system_is_read_and_written_again_once_it_may_be)
{
	struct store_op op = change_op(STORE_FREEZE, "alice"), token = token_op("alice", "mail", 1);

	mount_small();
	(void)registered_user("alice", APP_COMPLETED);
	op.change.flag = true;
	cr_assert_eq(commit_one(contract_store, &op), SFMFA_OK);
	store_close(contract_store);
	contract_store = NULL;
	cr_assert_eq(mount(NULL, contract_folder, NULL, MS_REMOUNT | MS_RDONLY, NULL), 0);
	contract_store = contract_open();
	cr_expect(read_user(contract_store, "alice").frozen);
	cr_expect_eq(commit_one(contract_store, &token), SFMFA_ERR_STORE);
	cr_expect_eq(add_one_event(contract_store), SFMFA_ERR_STORE);
	cr_assert_eq(mount(NULL, contract_folder, NULL, MS_REMOUNT, NULL), 0);
	cr_expect_eq(commit_one(contract_store, &token), SFMFA_OK);
	cr_expect_eq(add_one_event(contract_store), SFMFA_OK);
	unmount_small();
}

Test(sqlite, a_full_disk_loses_events_and_no_login)
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
			memset(op.attempt.handover_hash, 1, HASH_SIZE);
			op.attempt.handover_service = "sshd";
			cr_assert_eq(commit_one(contract_store, &op), SFMFA_OK, "login %d", step * USERS + at);
			cr_assert_eq(op.attempt.result, ATTEMPT_RESULT_RIGHT);
			lost += add_one_event(contract_store) != SFMFA_OK;
		}
	}
	cr_expect_gt(lost, 0, "the disk was not full");
	reopen();
	cr_expect_eq(read_user(contract_store, "user7").guard.last_step, STEP + STEPS - 1);
	cr_expect_eq(ask_sql("sfmfa.db", "SELECT count(*) FROM pragma_integrity_check WHERE integrity_check = 'ok'"), 1);
	unmount_small();
}

Test(sqlite, on_a_full_disk_each_operation_of_a_batch_stands_or_falls_alone)
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
	/* More than the log has room for in one transaction, and in the end more than the file may grow by. */
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
