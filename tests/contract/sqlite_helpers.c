/* Looking at the SQLite store from outside. */
#include <sqlite3.h>

#include "base/text.h"
#include "sqlite_helpers.h"

const char *
in_folder(const char *name)
{
	static char path[PATH_MAX];

	cr_assert_eq(text_format(path, sizeof path, "%s/%s", contract_folder, name), SFMFA_OK);
	return path;
}

struct stat
stat_of(const char *name)
{
	struct stat status;

	cr_assert_eq(lstat(in_folder(name), &status), 0, "%s", name);
	return status;
}

void
reopen(void)
{
	store_close(contract_store);
	contract_store = contract_open();
}

void
run_sql(const char *file, const char *sql)
{
	sqlite3 *handle = NULL;

	cr_assert_eq(
		sqlite3_open_v2(in_folder(file), &handle, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE, NULL),
		SQLITE_OK);
	cr_assert_eq(sqlite3_exec(handle, sql, NULL, NULL, NULL), SQLITE_OK, "%s", sqlite3_errmsg(handle));
	cr_assert_eq(sqlite3_close(handle), SQLITE_OK);
}

int64_t
ask_sql(const char *file, const char *sql)
{
	sqlite3 *handle = NULL;
	sqlite3_stmt *statement = NULL;
	int64_t number;

	cr_assert_eq(sqlite3_open_v2(in_folder(file), &handle, SQLITE_OPEN_READWRITE, NULL), SQLITE_OK);
	cr_assert_eq(sqlite3_prepare_v2(handle, sql, -1, &statement, NULL), SQLITE_OK, "%s",
		     sqlite3_errmsg(handle));
	cr_assert_eq(sqlite3_step(statement), SQLITE_ROW);
	number = sqlite3_column_int64(statement, 0);
	cr_assert_eq(sqlite3_finalize(statement), SQLITE_OK);
	cr_assert_eq(sqlite3_close(handle), SQLITE_OK);
	return number;
}

enum sfmfa_err
add_one_event(struct store *store)
{
	static const struct event event = { .time = NOW };
	const struct event *list[] = { &event };

	return store_add_events(store, list, 1, NULL);
}
