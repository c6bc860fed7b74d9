/* Schema versions: an older schema is migrated in place, step by step; a newer one is refused. */
#include "base/text.h"
#include "store/sqlite_private.h"

static enum sfmfa_err
execute(struct database *database, const char *sql, struct diag *diag)
{
	if (sqlite3_exec(database->handle, sql, NULL, NULL, NULL) != SQLITE_OK)
		return database_fail(database, "cannot be migrated", diag);
	return SFMFA_OK;
}

static enum sfmfa_err
read_number(struct database *database, const char *sql, int64_t *ret_number, struct diag *diag)
{
	sqlite3_stmt *statement = NULL;
	enum sfmfa_err err = SFMFA_ERR_STORE;

	if (sqlite3_prepare_v2(database->handle, sql, -1, &statement, NULL) == SQLITE_OK &&
	    sqlite3_step(statement) == SQLITE_ROW) {
		*ret_number = sqlite3_column_int64(statement, 0);
		err = SFMFA_OK;
	} else {
		(void)database_fail(database, "cannot be read", diag);
	}
	(void)sqlite3_finalize(statement);
	return err;
}

/* The version, of a database that is ours: made by this program, or empty. */
static enum sfmfa_err
read_version(struct database *database, const struct database_kind *kind, int64_t *ret_version,
	     struct diag *diag)
{
	int64_t version, id, tables;
	enum sfmfa_err err = read_number(database, "PRAGMA user_version", &version, diag);

	if (err == SFMFA_OK)
		err = read_number(database, "PRAGMA application_id", &id, diag);
	if (err == SFMFA_OK)
		err = read_number(database, "SELECT count(*) FROM sqlite_schema", &tables, diag);
	if (err != SFMFA_OK)
		return err;
	if (id != kind->application_id && (id != 0 || version != 0 || tables != 0))
		return diag_set(diag, SFMFA_ERR_STORE, database->path, 0,
				"is the database of another program");
	if (version < 0 || version > (int64_t)kind->version)
		return diag_set(
			diag, SFMFA_ERR_STORE, database->path, 0,
			"has schema version %lld, this program knows up to %u: it was written by a newer one",
			(long long)version, kind->version);
	*ret_version = version;
	return SFMFA_OK;
}

/* Inside the write lock: what another process has done meanwhile is not done again. */
static enum sfmfa_err
migrate_locked(struct database *database, const struct database_kind *kind, struct diag *diag)
{
	char mark[128];
	int64_t version = kind->version;
	enum sfmfa_err err = read_version(database, kind, &version, diag);

	for (; err == SFMFA_OK && version < (int64_t)kind->version; version++)
		err = execute(database, kind->steps[version], diag);
	if (err == SFMFA_OK)
		err = text_format(mark, sizeof mark, "PRAGMA application_id = %d; PRAGMA user_version = %u",
				  kind->application_id, kind->version);
	return err == SFMFA_OK ? execute(database, mark, diag) : err;
}

enum sfmfa_err
database_migrate(struct database *database, const struct database_kind *kind, struct diag *diag)
{
	int64_t version = 0;
	enum sfmfa_err err = read_version(database, kind, &version, diag);

	if (err != SFMFA_OK || version == (int64_t)kind->version)
		return err;
	if (database->read_only)
		return diag_set(diag, SFMFA_ERR_STORE, database->path, 0,
				"has schema version %lld and cannot be written to migrate it",
				(long long)version);
	err = execute(database, "BEGIN IMMEDIATE", diag);
	if (err != SFMFA_OK)
		return err;
	err = migrate_locked(database, kind, diag);
	if (err == SFMFA_OK)
		err = execute(database, "COMMIT", diag);
	if (err != SFMFA_OK && sqlite3_get_autocommit(database->handle) == 0)
		(void)sqlite3_exec(database->handle, "ROLLBACK", NULL, NULL, NULL);
	return err;
}
