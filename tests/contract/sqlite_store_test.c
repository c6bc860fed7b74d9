/* What is SQLite's own: files, modes, versions, query plans, syncs. */
#include <fcntl.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/text.h"
#include "sqlite_helpers.h"

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

static enum sfmfa_err
try_open(struct diag *diag)
{
	struct store *store = NULL;
	enum sfmfa_err err = store_open_sqlite(contract_folder, &store, diag);

	store_close(store);
	return err;
}

Test(sqlite, files_are_private_whatever_the_umask)
{
	static const char *const names[] = { "sfmfa.db", "sfmfa.db-wal", "sfmfa.db-shm", "events.db",
					     "events.db-wal" };
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

Test(sqlite, a_settled_store_is_whole_without_its_log)
{
	struct user_record alice = registered_user("alice", APP_COMPLETED), again;

	cr_assert_eq(store_settle(contract_store, NULL), SFMFA_OK);
	store_close(contract_store);
	contract_store = NULL;
	cr_assert_eq(unlink(in_folder("sfmfa.db-wal")), 0);
	(void)unlink(in_folder("sfmfa.db-shm"));
	reopen();
	cr_assert_eq(store_read_user(contract_store, "alice", -1, &again, NULL), SFMFA_OK);
	cr_assert_eq(again.app.state, APP_COMPLETED);
	cr_assert_eq(again.generation, alice.generation);
}

/* How often the bytes are in the file. */
static unsigned
count_bytes(const char *name, const void *bytes, size_t size)
{
	FILE *file = fopen(in_folder(name), "re");
	size_t length = (size_t)stat_of(name).st_size;
	char *all = malloc(length);
	unsigned count = 0;

	cr_assert(file != NULL && all != NULL);
	cr_assert_eq(fread(all, 1, length, file), length);
	fclose(file);
	for (const char *at = all; (at = memmem(at, length - (size_t)(at - all), bytes, size)) != NULL; at++)
		count++;
	free(all);
	return count;
}

Test(sqlite, a_scrubbed_store_holds_nothing_that_was_deleted)
{
	struct store_op wrap = change_op(STORE_SET_KEY, NULL), keep = change_op(STORE_KEEP_KEY, NULL);
	struct store *reader;
	unsigned char old[92];

	memset(old, 0xa5, sizeof old);
	wrap.change.name = "0123456789abcdef";
	wrap.change.wrap_size = sizeof old;
	memcpy(wrap.change.wrap, old, sizeof old);
	cr_assert_eq(commit_one(contract_store, &wrap), SFMFA_OK);
	cr_assert_eq(store_settle(contract_store, NULL), SFMFA_OK);
	cr_assert_gt(count_bytes("sfmfa.db", old, sizeof old), 0, "what is looked for can be found");
	wrap.change.name = keep.change.name = "fedcba9876543210";
	memset(wrap.change.wrap, 1, sizeof old);
	cr_assert_eq(commit_one(contract_store, &wrap), SFMFA_OK);
	cr_assert_eq(commit_one(contract_store, &keep), SFMFA_OK);
	cr_assert_gt(count_bytes("sfmfa.db-wal", old, sizeof old), 0, "and it is in the log");
	cr_assert_eq(store_scrub(contract_store, NULL), SFMFA_OK);
	cr_expect_eq(count_bytes("sfmfa.db", old, sizeof old), 0);
	cr_expect_eq(count_bytes("sfmfa.db-wal", old, sizeof old), 0);
	cr_expect_eq(stat_of("sfmfa.db-wal").st_size, 1 << 20, "the log is kept for a full disk");
	reader = contract_open();
	cr_expect_eq(commit_one(reader, &keep), SFMFA_OK, "and others go on");
	store_close(reader);
}

Test(sqlite, an_answer_that_changes_nothing_writes_nothing)
{
	struct user_record alice = registered_user("alice", APP_COMPLETED);
	struct store_op right = attempt_op(&alice, STEP), token = token_op("alice", "mail", 7),
			wrong = attempt_op(&alice, 0);
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
	struct store_op one = attempt_op(&alice, STEP - 1), two = attempt_op(&alice, STEP),
			three = attempt_op(&alice, 0);
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
		memset(op.attempt.handover.hash, (int)at + 1, HASH_SIZE);
		op.attempt.handover.service = "sshd";
		cr_assert_eq(commit_one(contract_store, &op), SFMFA_OK);
	}
	cr_expect_eq(ask_sql("sfmfa.db",
			     "SELECT count(*) FROM guard WHERE caller = -1 AND handover1_service = 'sshd' "
			     "AND substr(hex(handover1_hash), 1, 2) = '06' AND substr(hex(handover2_hash), "
			     "1, 2) = '05' "
			     "AND substr(hex(handover3_hash), 1, 2) = '02' AND substr(hex(handover4_hash), "
			     "1, 2) = '01'"),
		     1);
	cr_expect_eq(ask_sql("sfmfa.db", "SELECT handover1_at FROM guard WHERE caller = -1"), NOW + 5);
	cr_expect_eq(ask_sql("sfmfa.db",
			     "SELECT count(*) FROM guard WHERE caller = 33 AND handover1_hash IS NULL"),
		     1);
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
	cr_expect_eq(ask_sql("sfmfa.db", "SELECT frozen_at FROM user"), 0);
	freeze.change.flag = true;
	freeze.change.now = NOW + 7;
	thaw.change.now = NOW + 9;
	cr_assert_eq(commit_one(contract_store, &freeze), SFMFA_OK);
	cr_assert_eq(commit_one(contract_store, &thaw), SFMFA_OK);
	cr_expect_eq(ask_sql("sfmfa.db", "SELECT frozen_at FROM user"), NOW + 7);
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
	cr_expect_eq(ask_sql("sfmfa.db", "PRAGMA user_version"), 2);
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
	int64_t next = 0;
	size_t count = 7;

	overwrite("events.db");
	cr_expect_eq(add_one_event(contract_store), SFMFA_ERR_STORE);
	cr_expect_eq(store_list_events(contract_store, &filter, &event, &count, &next, &diag), SFMFA_ERR_STORE);
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
	cr_expect_eq(one.attempt.result, ATTEMPT_RESULT_LOCKED_OUT,
		     "what failed does not look like a success");
	cr_expect_eq(read_user(contract_store, "alice").guard.last_step, 0);
	cr_assert_eq(sqlite3_close(other), SQLITE_OK);
	cr_expect_eq(commit_one(contract_store, &one), SFMFA_OK);
	cr_expect_eq(one.attempt.result, ATTEMPT_RESULT_RIGHT);
}

/* A page begins behind those that were shown, of the same second: an index has them by their time only. */
Test(sqlite, a_listing_that_would_hold_up_logins_is_ended)
{
	struct event_filter filter = { .reason = -1, .login_type = -1, .limit = 1, .before_id = 2 };
	static struct event event;
	struct diag diag = { 0 };
	int64_t next = 7;
	size_t count = 7;

	cr_assert_eq(add_one_event(contract_store), SFMFA_OK);
	run_sql("events.db",
		"PRAGMA synchronous = OFF; DELETE FROM event; "
		"WITH RECURSIVE n (x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM n WHERE x < 900000) "
		"INSERT INTO event SELECT NULL, 5, 0, 'u', '', 0, '', 'totp', 3, 0, 'ok', 0, 0, 0, 0, "
		"'', '', '', '', '', '' FROM n");
	cr_expect_eq(store_list_events(contract_store, &filter, &event, &count, &next, &diag), SFMFA_ERR_TIMEOUT);
	cr_expect_eq(count, 7);
	cr_expect_eq(next, 7);
	cr_expect_neq(diag.text[0], '\0');
	filter.before_id = 899000;
	cr_expect_eq(store_list_events(contract_store, &filter, &event, &count, &next, &diag), SFMFA_OK, "%s",
		     diag.text);
	cr_expect_eq(count, 1);
	cr_expect_eq(event.id, 898999);
}

#define PLAN "EXPLAIN QUERY PLAN "

/* What the store says, and the plan of each; transactions have none. */
Test(sqlite, no_statement_scans_a_table)
{
	static const struct {
		const char *name, *sql;
	} statements[] = {
#define STATEMENT(name, sql) { #name, PLAN sql },
#include "store/statements.def"
#undef STATEMENT
	};
	const char *import_table = NULL; /* made anew in every import */
	sqlite3 *handle = NULL;
	size_t planned = 0;

	cr_assert_eq(add_one_event(contract_store), SFMFA_OK);
	for (size_t at = 0; at < sizeof statements / sizeof *statements; at++) {
		const char *name = statements[at].name;
		sqlite3_stmt *plan = NULL;

		cr_assert_eq(
			sqlite3_open(in_folder(strncmp(name, "EVENT", 5) == 0 ? "events.db" : "sfmfa.db"),
				     &handle),
			SQLITE_OK);
		if (strcmp(name, "IMPORT_TABLE") == 0)
			import_table = statements[at].sql + strlen(PLAN);
		if (import_table != NULL) {
			cr_assert_eq(sqlite3_exec(handle, "ATTACH '' AS stage", NULL, NULL, NULL), SQLITE_OK);
			cr_assert_eq(sqlite3_exec(handle, import_table, NULL, NULL, NULL), SQLITE_OK);
		}
		cr_assert_eq(sqlite3_prepare_v2(handle, statements[at].sql, -1, &plan, NULL), SQLITE_OK,
			     "%s: %s", name, sqlite3_errmsg(handle));
		while (sqlite3_step(plan) == SQLITE_ROW) {
			const char *detail = (const char *)sqlite3_column_text(plan, 3);

			planned++;
			/* A page walks an index in its order; one row of a subquery is no table. */
			cr_expect(strncmp(detail, "SCAN", 4) != 0 ||
					  strcmp(detail, "SCAN CONSTANT ROW") == 0 ||
					  strcmp(name, "KEY_ANY") == 0,
				  "%s: %s", name, detail);
			cr_expect_null(strstr(detail, "TEMP B-TREE"), "%s: %s", name, detail);
		}
		cr_assert_eq(sqlite3_finalize(plan), SQLITE_OK);
		cr_assert_eq(sqlite3_close(handle), SQLITE_OK);
	}
	cr_expect_gt(planned, 60);
}
