/*
 * Copies of sfmfa.db. One is made through the connection of the store, so that what it writes meanwhile is in the copy
 * too; one that is taken in replaces all pages of sfmfa.db in one transaction: whoever is interrupted, and
 * whoever looks on, has the old store or the new one. (A file renamed over sfmfa.db would meet the old log.)
 *
 * A copy is a file of its own in the folder, locked as long as somebody works with it; what a killed process has
 * left is removed by the next.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/text.h"
#include "store/sqlite_private.h"

#define COPY_PREFIX  "copy-"
#define PAGES_A_STEP 256 /* 1 MiB: some milliseconds */
#define RESTARTS_MAX 8   /* another process that writes makes SQLite begin again; then all is copied in one go */

struct sqlite_copy {
	struct store_copy copy; /* its first member */
	struct database file;
	sqlite3_backup *backup;
	int fd;         /* of the same file, locked */
	int left, restarts;
	int64_t size;   /* written */
};

static struct sqlite_copy *
copy_of(struct store_copy *copy)
{
	return (struct sqlite_copy *)copy;
}

static enum sfmfa_err
fail(const struct sqlite_copy *copy, const char *what, struct diag *diag)
{
	return diag_set(diag, SFMFA_ERR_STORE, copy->file.path, 0, "%s: %s", what, strerror(errno));
}

/* Copies that nobody works with. Best effort: one that stays costs room and no more. */
static void
remove_abandoned(const char *folder)
{
	DIR *opened = opendir(folder);
	const struct dirent *entry;

	while (opened != NULL && (entry = readdir(opened)) != NULL) {
		char path[PATH_MAX];
		int fd;

		if (strncmp(entry->d_name, COPY_PREFIX, strlen(COPY_PREFIX)) != 0 ||
		    text_format(path, sizeof path, "%s/%s", folder, entry->d_name) != SFMFA_OK)
			continue;
		fd = open(path, O_RDWR | O_NOFOLLOW | O_CLOEXEC);
		if (fd >= 0 && flock(fd, LOCK_EX | LOCK_NB) == 0)
			(void)unlink(path);
		if (fd >= 0)
			(void)close(fd);
	}
	if (opened != NULL)
		(void)closedir(opened);
}

/* It is gone with the process: no journal, no sync. */
static enum sfmfa_err
open_file(struct sqlite_copy *copy, struct diag *diag)
{
	static const char pragmas[] =
		"PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF; PRAGMA cache_size = -1536; "
		"PRAGMA temp_store = MEMORY; PRAGMA secure_delete = ON; PRAGMA trusted_schema = OFF";
	const int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_PRIVATECACHE |
			  SQLITE_OPEN_NOFOLLOW | SQLITE_OPEN_EXRESCODE;

	if (sqlite3_open_v2(copy->file.path, &copy->file.handle, flags, NULL) != SQLITE_OK ||
	    sqlite3_exec(copy->file.handle, pragmas, NULL, NULL, NULL) != SQLITE_OK)
		return database_fail(&copy->file, "cannot be opened", diag);
	return SFMFA_OK;
}

void
sqlite_copy_destroy(struct store_copy *base)
{
	struct sqlite_copy *copy = copy_of(base);

	(void)sqlite3_backup_finish(copy->backup);
	database_close(&copy->file);
	if (copy->fd >= 0) {
		(void)unlink(copy->file.path);
		(void)close(copy->fd);
	}
	free(copy);
}

static enum sfmfa_err
begin_backup(struct sqlite_copy *copy, struct diag *diag)
{
	struct database *from = &sqlite_of(copy->copy.store)->main;
	enum sfmfa_err err = open_file(copy, diag);

	if (err != SFMFA_OK)
		return err;
	copy->backup = sqlite3_backup_init(copy->file.handle, "main", from->handle, "main");
	return copy->backup != NULL ? SFMFA_OK : database_fail(&copy->file, "cannot be written", diag);
}

enum sfmfa_err
sqlite_copy_create(struct store *store, bool receive, struct store_copy **ret_copy, struct diag *diag)
{
	struct sqlite_store *sqlite = sqlite_of(store);
	struct sqlite_copy *copy = calloc(1, sizeof *copy);
	enum sfmfa_err err = SFMFA_OK;

	if (copy == NULL)
		return diag_set(diag, SFMFA_ERR_NO_MEMORY, "", 0, "out of memory");
	sqlite_refresh(sqlite);
	copy->copy.store = store;
	copy->fd = -1;
	remove_abandoned(sqlite->folder);
	if (text_format(copy->file.path, sizeof copy->file.path, "%s/" COPY_PREFIX "XXXXXX", sqlite->folder) != SFMFA_OK)
		err = diag_set(diag, SFMFA_ERR_STORE, sqlite->folder, 0, "path too long");
	else if (sqlite->main.handle == NULL)
		err = database_fail(&sqlite->main, "cannot be copied", diag);
	else if ((copy->fd = mkostemp(copy->file.path, O_CLOEXEC)) < 0 || flock(copy->fd, LOCK_EX | LOCK_NB) != 0)
		err = fail(copy, "cannot be made", diag);
	if (err == SFMFA_OK && !receive)
		err = begin_backup(copy, diag);
	if (err == SFMFA_OK)
		*ret_copy = &copy->copy;
	else
		sqlite_copy_destroy(&copy->copy);
	return err;
}

enum sfmfa_err
sqlite_copy_step(struct store_copy *base, int64_t *ret_left, int64_t *ret_size, struct diag *diag)
{
	struct sqlite_copy *copy = copy_of(base);
	int before = copy->left, status;
	struct stat file;

	if (copy->backup == NULL)
		return diag_set(diag, SFMFA_ERR_INTERNAL, "", 0, "no copy is being made");
	status = sqlite3_backup_step(copy->backup, copy->restarts < RESTARTS_MAX ? PAGES_A_STEP : -1);
	copy->left = sqlite3_backup_remaining(copy->backup);
	if (before != 0 && copy->left >= before)
		copy->restarts++;
	if (status == SQLITE_OK || status == SQLITE_BUSY || status == SQLITE_LOCKED) {
		if (status != SQLITE_OK && ++copy->restarts > 2 * RESTARTS_MAX)
			return diag_set(diag, SFMFA_ERR_TIMEOUT, copy->file.path, 0, "the store is busy");
		*ret_left = (int64_t)(copy->left > 0 ? copy->left : 1) * 4096;
		return SFMFA_OK;
	}
	if (status != SQLITE_DONE)
		return database_fail(&copy->file, "cannot be written", diag);
	status = sqlite3_backup_finish(copy->backup);
	copy->backup = NULL;
	if (status != SQLITE_OK)
		return database_fail(&copy->file, "cannot be written", diag);
	database_close(&copy->file);
	if (fstat(copy->fd, &file) != 0)
		return fail(copy, "cannot be looked at", diag);
	*ret_left = 0;
	*ret_size = file.st_size;
	return SFMFA_OK;
}

enum sfmfa_err
sqlite_copy_read(struct store_copy *base, int64_t at, void *ret_bytes, size_t max, size_t *ret_size, struct diag *diag)
{
	struct sqlite_copy *copy = copy_of(base);
	ssize_t got;

	if (copy->backup != NULL)
		return diag_set(diag, SFMFA_ERR_INTERNAL, "", 0, "the copy is not made yet");
	got = pread(copy->fd, ret_bytes, max, at);
	if (got < 0)
		return fail(copy, "cannot be read", diag);
	*ret_size = (size_t)got;
	return SFMFA_OK;
}

enum sfmfa_err
sqlite_copy_write(struct store_copy *base, const void *bytes, size_t size, struct diag *diag)
{
	struct sqlite_copy *copy = copy_of(base);

	for (size_t done = 0; done < size;) {
		ssize_t put = pwrite(copy->fd, (const char *)bytes + done, size - done, copy->size);

		if (put <= 0)
			return fail(copy, "cannot be written", diag);
		done += (size_t)put;
		copy->size += put;
	}
	return SFMFA_OK;
}

static enum sfmfa_err
ask(struct database *database, const char *sql, int64_t *ret_number, char *ret_text, size_t size, struct diag *diag)
{
	sqlite3_stmt *statement = NULL;
	const char *text;
	enum sfmfa_err err = SFMFA_ERR_STORE;

	if (sqlite3_prepare_v2(database->handle, sql, -1, &statement, NULL) == SQLITE_OK &&
	    sqlite3_step(statement) == SQLITE_ROW) {
		if (ret_number != NULL)
			*ret_number = sqlite3_column_int64(statement, 0);
		text = (const char *)sqlite3_column_text(statement, 0);
		if (ret_text != NULL && text_copy(ret_text, size, text != NULL ? text : "") != SFMFA_OK)
			ret_text[0] = '\0';
		err = SFMFA_OK;
	} else {
		(void)database_fail(database, "cannot be read", diag);
	}
	(void)sqlite3_finalize(statement);
	return err;
}

/* In its header: 1 is a database without a log of its own, which this copy does not need. */
static bool
clear_log_mark(const struct sqlite_copy *copy)
{
	static const unsigned char without_log[2] = { 1, 1 };

	return pwrite(copy->fd, without_log, sizeof without_log, 18) == (ssize_t)sizeof without_log;
}

enum sfmfa_err
sqlite_copy_check(struct store_copy *base, int64_t *ret_users, struct diag *diag)
{
	struct sqlite_copy *copy = copy_of(base);
	const struct database_kind kind = sqlite_main_kind();
	char verdict[64];
	int64_t id;
	enum sfmfa_err err;

	if (copy->size < 512 || !clear_log_mark(copy))
		return diag_set(diag, SFMFA_ERR_STORE, copy->file.path, 0, "is no store");
	err = open_file(copy, diag);
	if (err == SFMFA_OK)
		err = ask(&copy->file, "PRAGMA quick_check(1)", NULL, verdict, sizeof verdict, diag);
	if (err == SFMFA_OK && !text_equals(verdict, "ok"))
		err = diag_set(diag, SFMFA_ERR_STORE, copy->file.path, 0, "is damaged");
	if (err == SFMFA_OK)
		err = ask(&copy->file, "PRAGMA application_id", &id, NULL, 0, diag);
	if (err == SFMFA_OK && id != kind.application_id)
		err = diag_set(diag, SFMFA_ERR_STORE, copy->file.path, 0, "is no store");
	if (err == SFMFA_OK)
		err = database_migrate(&copy->file, &kind, diag);
	return err == SFMFA_OK ? ask(&copy->file, "SELECT count(*) FROM user", ret_users, NULL, 0, diag) : err;
}

/* An id that an attempt on the old store may still carry is never given out again. */
static enum sfmfa_err
keep_ids_unique(struct sqlite_copy *copy, struct database *live, struct diag *diag)
{
	static const char *const tables[] = { "user", "token", "session" };
	enum sfmfa_err err = SFMFA_OK;

	for (size_t i = 0; i < sizeof tables / sizeof tables[0] && err == SFMFA_OK; i++) {
		char sql[256];
		int64_t here = 0, there = 0;

		if (text_format(sql, sizeof sql, "SELECT coalesce(max(seq), 0) FROM sqlite_sequence WHERE name = '%s'",
				tables[i]) != SFMFA_OK)
			return SFMFA_ERR_INTERNAL;
		err = ask(live, sql, &here, NULL, 0, diag);
		if (err == SFMFA_OK)
			err = ask(&copy->file, sql, &there, NULL, 0, diag);
		if (err == SFMFA_OK)
			err = text_format(sql, sizeof sql,
					  "DELETE FROM sqlite_sequence WHERE name = '%s'; "
					  "INSERT INTO sqlite_sequence (name, seq) VALUES ('%s', %lld)",
					  tables[i], tables[i], (long long)(here > there ? here : there));
		if (err == SFMFA_OK && sqlite3_exec(copy->file.handle, sql, NULL, NULL, NULL) != SQLITE_OK)
			err = database_fail(&copy->file, "cannot be written", diag);
	}
	return err;
}

/*
 * What is spent stays spent, as far as can be known: a code may have been used since the copy was made, so may a recovery
 * code; a temporary code may have been ended, an approval revoked, a refresh token replaced. The generation is above all that the old store knew, so that neither a proof
 * nor an attempt that began on it means anything here. Locks stay as they were: they end by themselves.
 */
static enum sfmfa_err
void_what_is_spent(struct sqlite_copy *copy, const struct store_restore *restore, struct database *live,
		   struct diag *diag)
{
	char sql[1024];
	int64_t generation = 0;
	enum sfmfa_err err = ask(live, "SELECT coalesce(max(generation), 0) FROM user", &generation, NULL, 0, diag);

	if (err == SFMFA_OK)
		err = text_format(
			sql, sizeof sql,
			"DELETE FROM session; DELETE FROM temporary_code; DELETE FROM app_grant; %s"
			"UPDATE user SET generation = max(generation, %lld) + 16; "
			"UPDATE guard SET handover1_hash = NULL, handover2_hash = NULL, handover3_hash = NULL, "
			"handover4_hash = NULL WHERE caller = -1; "
			"UPDATE guard SET last_step = max(last_step, (SELECT %lld / period FROM app "
			"WHERE app.user_id = guard.user_id) + %u) WHERE caller = -1 AND EXISTS "
			"(SELECT 1 FROM app WHERE app.user_id = guard.user_id); DELETE FROM key_wrap",
			restore->keep_recovery_codes ? "" : "DELETE FROM recovery_code; ", (long long)generation,
			(long long)restore->now, restore->window);
	if (err == SFMFA_OK && sqlite3_exec(copy->file.handle, sql, NULL, NULL, NULL) != SQLITE_OK)
		err = database_fail(&copy->file, "cannot be written", diag);
	return err;
}

/*
 * What an import has staged is sealed and hashed with the data keys of the store that goes: in one of another host nobody
 * could use it. The import finds its rows gone, and is made again.
 */
static enum sfmfa_err
drop_staged(struct database *live, struct diag *diag)
{
	enum sfmfa_err err;

	if (!live->has_stage)
		return SFMFA_OK;
	err = query_simple(live, STATEMENT_IMPORT_TABLE, diag);
	return err == SFMFA_OK ? query_simple(live, STATEMENT_IMPORT_CLEAR, diag) : err;
}

static enum sfmfa_err
set_wrap(struct sqlite_copy *copy, const struct store_restore *restore, struct diag *diag)
{
	QUERY_AUTO query = { 0 };

	query_begin(&query, &copy->file, STATEMENT_KEY_NEW);
	query_text(&query, restore->key_id);
	query_bytes(&query, restore->wrap, restore->wrap_size);
	return query_run(&query, diag);
}

/* All pages of sfmfa.db in one transaction; the file has room for them before it begins. */
static enum sfmfa_err
replace(struct sqlite_copy *copy, struct database *live, struct diag *diag)
{
	sqlite3_int64 size = copy->size;
	sqlite3_backup *backup;
	int step, finish;

	if (sqlite3_file_control(live->handle, "main", SQLITE_FCNTL_SIZE_HINT, &size) != SQLITE_OK)
		return diag_set(diag, SFMFA_ERR_STORE, live->path, 0, "cannot grow: the disk is full");
	backup = sqlite3_backup_init(live->handle, "main", copy->file.handle, "main");
	if (backup == NULL)
		return database_fail(live, "cannot be replaced", diag);
	step = sqlite3_backup_step(backup, -1);
	finish = sqlite3_backup_finish(backup);
	live->reserved = 0;
	if (step == SQLITE_DONE && finish == SQLITE_OK)
		return SFMFA_OK;
	if (step == SQLITE_BUSY || step == SQLITE_LOCKED)
		return diag_set(diag, SFMFA_ERR_TIMEOUT, live->path, 0, "somebody else is writing");
	return database_fail(live, "cannot be replaced", diag);
}

enum sfmfa_err
sqlite_copy_install(struct store_copy *base, const struct store_restore *restore, struct diag *diag)
{
	struct sqlite_copy *copy = copy_of(base);
	struct database *live = &sqlite_of(base->store)->main;
	enum sfmfa_err err;

	sqlite_refresh(sqlite_of(base->store));
	if (copy->file.handle == NULL || live->handle == NULL || live->read_only)
		return diag_set(diag, SFMFA_ERR_STORE, live->path, 0, "cannot be replaced");
	err = void_what_is_spent(copy, restore, live, diag);
	if (err == SFMFA_OK)
		err = keep_ids_unique(copy, live, diag);
	if (err == SFMFA_OK)
		err = set_wrap(copy, restore, diag);
	if (err == SFMFA_OK)
		err = drop_staged(live, diag);
	return err == SFMFA_OK ? replace(copy, live, diag) : err;
}
