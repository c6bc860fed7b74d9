/* Statements: prepared once, kept, reset after use. */
#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "store/sqlite_private.h"

static const char *
statement_text(enum statement statement)
{
	switch (statement) {
#define STATEMENT(name, sql)                                                                                 \
	case STATEMENT_##name:                                                                               \
		return sql;
#include "store/statements.def"
#undef STATEMENT
	case STATEMENT_COUNT: break;
	}
	return "";
}

enum sfmfa_err
database_fail(const struct database *database, const char *what, struct diag *diag)
{
	if (database->handle == NULL)
		return diag_set(diag, SFMFA_ERR_STORE, database->path, 0, "%s: not open", what);
	return diag_set(diag, SFMFA_ERR_STORE, database->path, 0, "%s: %s (SQLite %d)", what,
			sqlite3_errmsg(database->handle), sqlite3_extended_errcode(database->handle));
}

void
query_begin(struct query *query, struct database *database, enum statement statement)
{
	query->database = database;
	query->statement = NULL;
	query->status = SQLITE_OK;
	query->next = 1;
	query->bound = false;
	if (database->handle == NULL) {
		query->status = SQLITE_CANTOPEN;
		return;
	}
	if (database->statements[statement] == NULL)
		query->status =
			sqlite3_prepare_v3(database->handle, statement_text(statement), -1,
					   SQLITE_PREPARE_PERSISTENT, &database->statements[statement], NULL);
	if (query->status == SQLITE_OK)
		query->statement = database->statements[statement];
}

void
query_finish(struct query *query)
{
	if (query->bound)
		sqlite3_progress_handler(query->database->handle, 0, NULL, NULL);
	if (query->statement != NULL) {
		(void)sqlite3_reset(query->statement); /* what it says was said by the step */
		(void)sqlite3_clear_bindings(query->statement);
	}
	query->statement = NULL;
}

void
query_number(struct query *query, int64_t number)
{
	if (query->status == SQLITE_OK)
		query->status = sqlite3_bind_int64(query->statement, query->next++, number);
}

void
query_text(struct query *query, const char *text)
{
	if (query->status == SQLITE_OK)
		query->status = sqlite3_bind_text(query->statement, query->next++, text, -1, SQLITE_STATIC);
}

void
query_bytes(struct query *query, const void *bytes, size_t size)
{
	if (query->status != SQLITE_OK)
		return;
	/* A NULL pointer would bind SQL NULL; no bytes are not NULL. */
	query->status = sqlite3_bind_blob64(query->statement, query->next++, bytes != NULL ? bytes : "", size,
					    SQLITE_STATIC);
}

/*
 * Instructions of SQLite's machine between two looks, and how many looks a query may take: some tenths
 * of a second.
 */
#define BUDGET_STEP  10000
#define BUDGET_STEPS 500

static int
spend(void *data)
{
	struct database *database = data;

	if (database->budget > 1)
		database->budget--;
	return database->budget == 1;
}

void
query_bound(struct query *query)
{
	if (query->statement == NULL)
		return;
	query->bound = true;
	query->database->budget = BUDGET_STEPS;
	sqlite3_progress_handler(query->database->handle, BUDGET_STEP, spend, query->database);
}

bool
query_row(struct query *query)
{
	if (query->status == SQLITE_OK || query->status == SQLITE_ROW)
		query->status = sqlite3_step(query->statement);
	return query->status == SQLITE_ROW;
}

int64_t
query_column(const struct query *query, int column)
{
	return sqlite3_column_int64(query->statement, column);
}

bool
query_column_is_null(const struct query *query, int column)
{
	return sqlite3_column_type(query->statement, column) == SQLITE_NULL;
}

int64_t
query_column_within(struct query *query, int column, int64_t min, int64_t max)
{
	int64_t number = query_column(query, column);

	if (number >= min && number <= max)
		return number;
	query->status = SQLITE_CORRUPT;
	return min;
}

const char *
query_column_string(struct query *query, int column)
{
	/* Asked first: afterwards a value for which there was no memory is NULL as well. */
	bool is_null = query_column_is_null(query, column);
	const char *text = (const char *)sqlite3_column_text(query->statement, column);

	if (text == NULL && !is_null)
		query->status = SQLITE_NOMEM;
	return text != NULL ? text : "";
}

void
query_column_text(struct query *query, int column, char *to, size_t size)
{
	if (text_copy(to, size, query_column_string(query, column)) != SFMFA_OK)
		query->status = SQLITE_CORRUPT;
}

size_t
query_column_bytes(struct query *query, int column, void *to, size_t max)
{
	size_t expected = (size_t)sqlite3_column_bytes(query->statement, column);
	const void *bytes = sqlite3_column_blob(query->statement, column);
	size_t size = (size_t)sqlite3_column_bytes(query->statement, column);

	if (size != expected || (size > 0 && bytes == NULL)) {
		query->status = SQLITE_NOMEM;
		return 0;
	}
	if (size > max) {
		query->status = SQLITE_CORRUPT;
		return 0;
	}
	if (size > 0)
		memcpy(to, bytes, size);
	return size;
}

enum sfmfa_err
query_end(const struct query *query, struct diag *diag)
{
	switch (query->status) {
	case SQLITE_OK:
	case SQLITE_ROW:
	case SQLITE_DONE: return SFMFA_OK;
	case SQLITE_INTERRUPT:
		return diag_set(diag, SFMFA_ERR_TIMEOUT, query->database->path, 0,
				"too much to look through; ask for less");
	case SQLITE_CORRUPT:
		/* Ours, not SQLite's: a value that no version of this program writes. */
		if (sqlite3_errcode(query->database->handle) != SQLITE_CORRUPT)
			return diag_set(diag, SFMFA_ERR_STORE, query->database->path, 0,
					"a stored value is out of bounds");
		break;
	case SQLITE_NOMEM:
		return diag_set(diag, SFMFA_ERR_STORE, query->database->path, 0, "cannot read or write: out of memory");
	default: break;
	}
	if ((query->status & 0xff) == SQLITE_READONLY && !query->database->read_only)
		query->database->outdated = true;
	return database_fail(query->database, "cannot read or write", diag);
}

enum sfmfa_err
query_run(struct query *query, struct diag *diag)
{
	while (query_row(query))
		;
	return query_end(query, diag);
}

enum sfmfa_err
query_run_numbers(struct database *database, enum statement statement, const int64_t numbers[3], struct diag *diag)
{
	QUERY_AUTO query = { 0 };

	query_begin(&query, database, statement);
	for (int at = 0; query.statement != NULL && at < sqlite3_bind_parameter_count(query.statement); at++)
		query_number(&query, numbers[at]);
	return query_run(&query, diag);
}

enum sfmfa_err
query_simple(struct database *database, enum statement statement, struct diag *diag)
{
	QUERY_AUTO query = { 0 };

	query_begin(&query, database, statement);
	return query_run(&query, diag);
}
