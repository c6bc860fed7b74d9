/*
 * Opening one database: write-ahead log, full sync, nothing trusted that the file says about itself.
 *
 * The log is kept for good (SQLITE_FCNTL_PERSIST_WAL) and grown beforehand, so that a login on a full
 * disk needs no new block; closing leaves the checkpoint to the next writer, which saves five
 * syncs. Without write access the database is read, with its log if it has one: "immutable" would
 * ignore the log, and with it freezes and used codes, so it is for an empty log only.
 */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/text.h"
#include "store/sqlite_private.h"

void
database_close(struct database *database)
{
	for (size_t at = 0; at < STATEMENT_COUNT; at++)
		(void)sqlite3_finalize(database->statements[at]);
	(void)sqlite3_close_v2(database->handle);
	memset(database->statements, 0, sizeof database->statements);
	database->handle = NULL;
	database->read_only = database->outdated = database->has_stage = false;
	database->reserved = 0;
}

bool
database_in_transaction(const struct database *database)
{
	return database->handle != NULL && sqlite3_get_autocommit(database->handle) == 0;
}

void
database_roll_back(struct database *database)
{
	if (database_in_transaction(database))
		(void)query_simple(database, STATEMENT_ROLLBACK, NULL);
	/* For want of memory, say. Closing asks nobody. */
	if (database_in_transaction(database))
		database_close(database);
}

/* file:PATH?immutable=1, everything that means something in a URI escaped. */
static enum sfmfa_err
immutable_uri(char *uri, size_t size, const char *path)
{
	static const char head[] = "file:", tail[] = "?immutable=1";
	size_t used = sizeof head - 1;

	if (text_copy(uri, size, head) != SFMFA_OK)
		return SFMFA_ERR_TOO_LARGE;
	for (; *path != '\0'; path++) {
		if (used + 3 + sizeof tail > size)
			return SFMFA_ERR_TOO_LARGE;
		if (strchr("?#%", *path) != NULL)
			used += (size_t)snprintf(uri + used, 4, "%%%02X", (unsigned)(unsigned char)*path);
		else
			uri[used++] = *path;
	}
	memcpy(uri + used, tail, sizeof tail);
	return SFMFA_OK;
}

enum access { ACCESS_WRITE, ACCESS_READ, ACCESS_IMMUTABLE };

static void
harden(sqlite3 *handle)
{
	(void)sqlite3_extended_result_codes(handle, 1);
	(void)sqlite3_db_config(handle, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
	(void)sqlite3_db_config(handle, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, NULL);
	(void)sqlite3_db_config(handle, SQLITE_DBCONFIG_ENABLE_VIEW, 0, NULL);
	(void)sqlite3_db_config(handle, SQLITE_DBCONFIG_DQS_DML, 0, NULL);
	(void)sqlite3_db_config(handle, SQLITE_DBCONFIG_DQS_DDL, 0, NULL);
	(void)sqlite3_db_config(handle, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, NULL);
}

/* Without foreign keys a deletion would leave rows behind: that they are on is asked, not hoped. */
static enum sfmfa_err
set_pragmas(struct database *database, const struct database_kind *kind, struct diag *diag)
{
	int on = 0, persist = 1, chunk = kind->chunk_size;

	if (sqlite3_busy_timeout(database->handle, kind->busy_milliseconds) != SQLITE_OK ||
	    sqlite3_db_config(database->handle, SQLITE_DBCONFIG_ENABLE_FKEY, 1, &on) != SQLITE_OK ||
	    on != 1 || sqlite3_exec(database->handle, kind->pragmas, NULL, NULL, NULL) != SQLITE_OK)
		return database_fail(database, "cannot be opened", diag);
	if (database->read_only)
		return SFMFA_OK;
	if (sqlite3_file_control(database->handle, "main", SQLITE_FCNTL_PERSIST_WAL, &persist) != SQLITE_OK ||
	    sqlite3_file_control(database->handle, "main", SQLITE_FCNTL_CHUNK_SIZE, &chunk) != SQLITE_OK ||
	    sqlite3_wal_autocheckpoint(database->handle, kind->checkpoint_pages) != SQLITE_OK)
		return database_fail(database, "cannot be opened", diag);
	return SFMFA_OK;
}

/* Sets it once in the life of the file, and asks ever after. */
static enum sfmfa_err
set_journal(struct database *database, struct diag *diag)
{
	sqlite3_stmt *statement = NULL;
	enum sfmfa_err err = SFMFA_ERR_STORE;

	if (sqlite3_prepare_v2(database->handle, "PRAGMA journal_mode = WAL", -1, &statement, NULL) ==
		    SQLITE_OK &&
	    sqlite3_step(statement) == SQLITE_ROW &&
	    text_equals((const char *)sqlite3_column_text(statement, 0), "wal"))
		err = SFMFA_OK;
	else
		(void)database_fail(database, "has no write-ahead log", diag);
	(void)sqlite3_finalize(statement);
	return err;
}

/* Under the write lock, because another process may append to the log. */
void
database_grow_log(struct database *database, int64_t size)
{
	if (log_is_grown(database->path, size) ||
	    query_simple(database, STATEMENT_BEGIN, NULL) != SFMFA_OK)
		return;
	log_grow(database->path, size);
	database_roll_back(database);
}

static enum sfmfa_err
open_with(struct database *database, const struct database_kind *kind, enum access access, struct diag *diag)
{
	int flags =
		SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_PRIVATECACHE | SQLITE_OPEN_NOFOLLOW | SQLITE_OPEN_EXRESCODE;
	char uri[3 * PATH_MAX];
	const char *path = database->path;
	enum sfmfa_err err;

	if (access == ACCESS_IMMUTABLE) {
		err = immutable_uri(uri, sizeof uri, path);
		if (err != SFMFA_OK)
			return diag_set(diag, SFMFA_ERR_STORE, path, 0, "path too long");
		path = uri;
		flags |= SQLITE_OPEN_URI;
	}
	flags |= access == ACCESS_WRITE ? SQLITE_OPEN_READWRITE : SQLITE_OPEN_READONLY;
	if (sqlite3_open_v2(path, &database->handle, flags, NULL) != SQLITE_OK) {
		err = database_fail(database, "cannot be opened", diag);
		database_close(database);
		return err;
	}
	harden(database->handle);
	database->read_only = access != ACCESS_WRITE;
	err = set_pragmas(database, kind, diag);
	if (err == SFMFA_OK && access == ACCESS_WRITE && sqlite3_db_readonly(database->handle, "main") != 0)
		err = diag_set(diag, SFMFA_ERR_STORE, database->path, 0, "cannot be written");
	if (err == SFMFA_OK && access == ACCESS_WRITE)
		err = set_journal(database, diag);
	if (err == SFMFA_OK)
		err = database_migrate(database, kind, diag);
	if (err == SFMFA_OK && access == ACCESS_WRITE)
		database_grow_log(database, kind->wal_size);
	if (err != SFMFA_OK)
		database_close(database);
	return err;
}

/*
 * A file that is being made has no journal mode and no schema yet: whoever comes meanwhile waits for
 * the folder's lock. It dies with its process.
 */
static enum sfmfa_err
open_for_writing(struct database *database, const char *folder, const struct database_kind *kind,
		 struct diag *diag)
{
	enum sfmfa_err err = file_trust(database->path, diag);
	int lock;

	if (err == SFMFA_OK) {
		err = open_with(database, kind, ACCESS_WRITE, diag);
		if (err == SFMFA_OK)
			return err;
	} else if (err != SFMFA_ERR_NOT_FOUND) {
		return err;
	}
	lock = folder_lock(folder);
	err = file_make(database->path, diag);
	if (err == SFMFA_OK)
		err = open_with(database, kind, ACCESS_WRITE, diag);
	if (lock >= 0)
		(void)close(lock);
	return err;
}

/* SQLite opens them by their names without a look at whose they are: a log is written back into the database. */
static enum sfmfa_err
companions_trust(const char *path, struct diag *diag)
{
	static const char *const suffixes[] = { "-wal", "-shm" };
	char companion[PATH_MAX];

	for (size_t i = 0; i < sizeof suffixes / sizeof suffixes[0]; i++) {
		enum sfmfa_err err = text_format(companion, sizeof companion, "%s%s", path, suffixes[i]);

		if (err != SFMFA_OK)
			return diag_set(diag, SFMFA_ERR_STORE, path, 0, "path too long");
		err = file_trust(companion, diag);
		if (err != SFMFA_OK && err != SFMFA_ERR_NOT_FOUND)
			return err;
	}
	return SFMFA_OK;
}

enum sfmfa_err
database_open(struct database *database, const char *folder, const struct database_kind *kind,
	      struct diag *diag)
{
	enum sfmfa_err err = folder_trust(folder, diag);

	if (err != SFMFA_OK)
		return err;
	if (text_format(database->path, sizeof database->path, "%s/%s", folder, kind->file) != SFMFA_OK)
		return diag_set(diag, SFMFA_ERR_STORE, folder, 0, "path too long");
	err = companions_trust(database->path, diag);
	if (err != SFMFA_OK)
		return err;
	err = open_for_writing(database, folder, kind, diag);
	if (err == SFMFA_OK || err == SFMFA_ERR_UNTRUSTED || file_trust(database->path, NULL) != SFMFA_OK)
		return err;
	/* The diag of the first failure is the one that says what is wrong. */
	if (open_with(database, kind, ACCESS_READ, NULL) == SFMFA_OK)
		return SFMFA_OK;
	if (log_is_empty(database->path) && open_with(database, kind, ACCESS_IMMUTABLE, NULL) == SFMFA_OK)
		return SFMFA_OK;
	return err;
}
