/* Connected apps in SQLite: what a token costs among many, and stores of a version before them. */
#include <sqlite3.h>
#include <stdio.h>
#include <string.h>

#include "contract.h"
#include "contract_app.h"
#include "sqlite_helpers.h"

TestSuite(sqlite_app, .init = contract_begin, .fini = contract_end, .timeout = 60);

/* Instructions of SQLite's machine that a statement takes with the hash of the first token. */
static int
instructions(sqlite3 *handle, const char *sql)
{
	sqlite3_stmt *statement = NULL;
	int count;

	cr_assert_eq(sqlite3_prepare_v2(handle, sql, -1, &statement, NULL), SQLITE_OK, "%s", sqlite3_errmsg(handle));
	cr_assert_eq(sqlite3_bind_blob(statement, 1, "00000000000000000000000000000001", HASH_SIZE, SQLITE_STATIC),
		     SQLITE_OK);
	if (sqlite3_bind_parameter_count(statement) > 1)
		cr_assert_eq(sqlite3_bind_int64(statement, 2, 1), SQLITE_OK);
	cr_assert_eq(sqlite3_step(statement), SQLITE_ROW);
	cr_assert_eq(sqlite3_step(statement), SQLITE_DONE);
	count = sqlite3_stmt_status(statement, SQLITE_STMTSTATUS_VM_STEP, 0);
	cr_assert_eq(sqlite3_finalize(statement), SQLITE_OK);
	return count;
}

static void
add_grants(sqlite3 *handle, int from, int to)
{
	char sql[1024];

	snprintf(sql, sizeof sql,
		 "BEGIN; WITH RECURSIVE n (x) AS (SELECT %d UNION ALL SELECT x + 1 FROM n WHERE x < %d) "
		 "INSERT INTO app_grant (user_id, app, flow, level, approved_at, approved_by, family_hash, refresh_hash) "
		 "SELECT 1, 'mail', 'web-server', 0, 0, '', CAST(printf('%%032d', x) AS BLOB), zeroblob(32) FROM n; "
		 "INSERT OR IGNORE INTO app_access SELECT family_hash, id, 'web-server', 1 FROM app_grant; COMMIT",
		 from, to);
	cr_assert_eq(sqlite3_exec(handle, sql, NULL, NULL, NULL), SQLITE_OK, "%s", sqlite3_errmsg(handle));
}

Test(sqlite_app, a_hundred_thousand_tokens_slow_none)
{
	static const struct {
		const char *name, *sql;
	} statements[] = {
#define STATEMENT(name, sql) { #name, sql },
#include "store/statements.def"
#undef STATEMENT
	};
	static const char *const asked[] = { "APP_ACCESS", "APP_FAMILY", "APP_ACCESS_STANDING", "APP_REFRESH_STANDING" };
	sqlite3 *handle = NULL;
	size_t found = 0;
	int few[4];

	(void)registered_user("alice", APP_COMPLETED);
	cr_assert_eq(sqlite3_open(in_folder("sfmfa.db"), &handle), SQLITE_OK);
	for (int rows = 1; rows <= 100000; rows += 99999) {
		add_grants(handle, rows == 1 ? 1 : 2, rows);
		for (size_t at = 0; at < sizeof statements / sizeof *statements; at++) {
			for (size_t i = 0; i < sizeof asked / sizeof *asked; i++) {
				if (strcmp(asked[i], statements[at].name) != 0)
					continue;
				found++;
				if (rows == 1)
					few[i] = instructions(handle, statements[at].sql);
				else
					cr_expect_eq(instructions(handle, statements[at].sql), few[i], "%s", asked[i]);
			}
		}
	}
	cr_expect_eq(found, 8);
	cr_assert_eq(sqlite3_close(handle), SQLITE_OK);
}

/* As a version before connected apps left it, with users in it. */
Test(sqlite_app, version_one_is_migrated_in_place)
{
	struct store_op op = assertion_op(1);

	(void)registered_user("alice", APP_COMPLETED);
	cr_assert_eq(add_one_event(contract_store), SFMFA_OK);
	store_close(contract_store);
	run_sql("sfmfa.db", "DROP TABLE app_assertion; DROP TABLE app_access; DROP TABLE app_grant; PRAGMA user_version = 1");
	run_sql("events.db", "ALTER TABLE event DROP COLUMN app_key; PRAGMA user_version = 1");
	contract_store = contract_open();
	cr_expect_eq(read_user(contract_store, "alice").app.state, APP_COMPLETED);
	cr_assert_eq(commit_one(contract_store, &op), SFMFA_OK);
	cr_assert_eq(add_one_event(contract_store), SFMFA_OK);
	cr_expect_eq(ask_sql("sfmfa.db", "PRAGMA user_version"), 2);
	cr_expect_eq(ask_sql("events.db", "SELECT count(*) FROM event WHERE app_key = ''"), 2);
}
