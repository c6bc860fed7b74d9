#include "population.h"

#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "store/store.h"

#define INDEXES_MAX 8

/* Nobody needs what is half made: no journal, no sync. The schema and the mode of the log stay as the store made them. */
#define FAST_SQL                                                                                                       \
	"PRAGMA journal_mode = DELETE; PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF; PRAGMA cache_size = -65536;"   \
	"PRAGMA temp_store = FILE; PRAGMA foreign_keys = OFF; BEGIN;"
#define SAFE_SQL "COMMIT; PRAGMA journal_mode = DELETE; PRAGMA journal_mode = WAL;"

/* ?1: how many. A key is a number in 32 bytes: as random as a hash to an index, and the same in every run. */
#define COUNT_SQL "WITH RECURSIVE n (x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM n WHERE x < ?1) "
#define KEY_SQL(number) "CAST(printf('%020d', abs((" number ") * 2654435761 % 4294967291)) || '............' AS BLOB)"

static const char *const user_sql[] = {
	COUNT_SQL "INSERT INTO user (name, profile, generation, app_state, frozen, frozen_at, maybe_locked) "
		  "SELECT printf('user%07d', x), CASE WHEN x % 20 = 7 THEN 'mfa' ELSE '' END, 1, "
		  "CASE x % 10 WHEN 3 THEN 0 WHEN 5 THEN 1 ELSE 2 END, x % 1000 = 11, x % 1000 = 11, x % 1000 = 13 FROM n",
	COUNT_SQL "INSERT INTO guard (user_id, caller, last_step, failures, locked_wall, last_locked_at) "
		  "SELECT u.id, -1, 1000, 0, CASE WHEN x % 1000 = 13 THEN 1000000000 ELSE 0 END, 0 "
		  "FROM n JOIN user AS u ON u.name = printf('user%07d', x)",
	COUNT_SQL "INSERT INTO app SELECT u.id, 0, 6, 30, randomblob(48), 1700000000, 1700000000 "
		  "FROM n JOIN user AS u ON u.name = printf('user%07d', x) WHERE u.app_state <> 0",
	COUNT_SQL "INSERT INTO recovery_code SELECT u.id, " KEY_SQL("c.column1") " FROM n "
		  "JOIN user AS u ON u.name = printf('user%07d', x) "
		  "JOIN (VALUES (1), (2), (3), (4), (5), (6), (7), (8), (9), (10)) AS c WHERE u.app_state <> 0",
	COUNT_SQL "INSERT INTO token (user_id, label, hash, created_at) SELECT u.id, 'token ' || c.column1, " KEY_SQL("c.column1")
		  ", 1700000000 FROM n JOIN user AS u ON u.name = printf('user%07d', x) JOIN (VALUES (1), (2)) AS c "
		  "WHERE x % 10 = 9",
};

/* ?2: the newest moment, ?3: users. */
static const char *const event_sql[] = {
	COUNT_SQL "INSERT INTO event (time, kind, user, service, login_type, remote, method, verdict, level, reason, caller, "
		  "claimed, config_stale, step_offset, app, flow, actor, verb, change) "
		  "SELECT ?2 - 2592000 + 2592000 * x / ?1, x % 50 = 17, CASE WHEN x % 100 = 0 THEN 'user0000001' "
		  "ELSE printf('user%07d', 1 + x * 7919 % ?3) END, 'sshd', x % 20 = 3, '192.0.2.' || x % 250, 'totp', "
		  "CASE WHEN x % 1000 = 1 THEN 0 ELSE 3 END, 1, CASE WHEN x % 1000 = 1 THEN 'locked-out' ELSE 'ok' END, 0, 0, 0, "
		  "0, '', '', CASE WHEN x % 50 = 17 THEN 'root' ELSE '' END, CASE WHEN x % 50 = 17 THEN 'user-unlock' ELSE '' "
		  "END, CASE WHEN x % 50 = 17 THEN 'unlocked' ELSE '' END FROM n",
};

static bool
report(sqlite3 *handle, const char *what)
{
	fprintf(stderr, "population: %.60s: %s\n", what, sqlite3_errmsg(handle));
	return false;
}

static bool
run(sqlite3 *handle, const char *sql, const struct population *population, int64_t count)
{
	sqlite3_stmt *statement = NULL;
	bool done = sqlite3_prepare_v2(handle, sql, -1, &statement, NULL) == SQLITE_OK;

	if (done) {
		/* What a statement does not have is out of range, and no matter. */
		(void)sqlite3_bind_int64(statement, 1, count);
		(void)sqlite3_bind_int64(statement, 2, population->newest);
		(void)sqlite3_bind_int64(statement, 3, population->users);
		done = sqlite3_step(statement) == SQLITE_DONE;
	}
	(void)sqlite3_finalize(statement);
	return done || report(handle, sql);
}

/* The indexes of events, taken away for the time of the inserts: sorted once is many times faster than row by row. */
struct indexes {
	size_t count;
	char *made_by[INDEXES_MAX];
};

static bool
drop_indexes(sqlite3 *handle, struct indexes *indexes)
{
	sqlite3_stmt *list = NULL;
	char *names[INDEXES_MAX];
	bool done = sqlite3_prepare_v2(handle, "SELECT sql, 'DROP INDEX ' || name FROM sqlite_master WHERE type = 'index' "
					       "AND tbl_name = 'event' AND sql IS NOT NULL", -1, &list, NULL) == SQLITE_OK;

	while (done && indexes->count < INDEXES_MAX && sqlite3_step(list) == SQLITE_ROW) {
		indexes->made_by[indexes->count] = strdup((const char *)sqlite3_column_text(list, 0));
		names[indexes->count++] = strdup((const char *)sqlite3_column_text(list, 1));
	}
	(void)sqlite3_finalize(list);
	for (size_t i = 0; i < indexes->count; i++) {
		done = done && sqlite3_exec(handle, names[i], NULL, NULL, NULL) == SQLITE_OK;
		free(names[i]);
	}
	return done || report(handle, "the indexes of events");
}

static bool
make_indexes(sqlite3 *handle, struct indexes *indexes, bool wanted)
{
	bool done = true;

	for (size_t i = 0; i < indexes->count; i++) {
		if (wanted && done && sqlite3_exec(handle, indexes->made_by[i], NULL, NULL, NULL) != SQLITE_OK)
			done = report(handle, indexes->made_by[i]);
		free(indexes->made_by[i]);
	}
	return done;
}

static bool
fill(const char *folder, const char *file, const char *const statements[], size_t count, const struct population *population,
     int64_t rows)
{
	struct indexes indexes = { .count = 0 };
	char path[4096];
	sqlite3 *handle = NULL;
	bool done;

	snprintf(path, sizeof path, "%s/%s", folder, file);
	done = sqlite3_open_v2(path, &handle, SQLITE_OPEN_READWRITE, NULL) == SQLITE_OK &&
	       sqlite3_exec(handle, FAST_SQL, NULL, NULL, NULL) == SQLITE_OK;
	if (!done)
		report(handle, path);
	done = done && drop_indexes(handle, &indexes);
	for (size_t i = 0; done && rows > 0 && i < count; i++)
		done = run(handle, statements[i], population, rows);
	done = make_indexes(handle, &indexes, done) && done;
	if (done && sqlite3_exec(handle, SAFE_SQL, NULL, NULL, NULL) != SQLITE_OK)
		done = report(handle, "COMMIT");
	(void)sqlite3_close(handle);
	return done;
}

/* The store makes its files and their schema: the events' at the first of them. */
static bool
make_store(const char *folder)
{
	const struct event none = { .kind = EVENT_ADMIN };
	const struct event *const events[] = { &none };
	struct store *store = NULL;
	struct diag diag = { 0 };
	bool made = store_open_sqlite(folder, &store, &diag) == SFMFA_OK && store_add_events(store, events, 1, &diag) == SFMFA_OK;

	if (!made)
		fprintf(stderr, "population: %s: %s\n", diag.file, diag.text);
	store_close(store);
	return made;
}

bool
population_fill(const char *folder, const struct population *population)
{
	return make_store(folder) &&
	       fill(folder, "sfmfa.db", user_sql, sizeof user_sql / sizeof *user_sql, population, population->users) &&
	       fill(folder, "events.db", event_sql, sizeof event_sql / sizeof *event_sql, population, population->events);
}
