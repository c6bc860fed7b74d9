/* The SQLite store: sfmfa.db and events.db in one folder. */
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "store/schema.h"
#include "store/sqlite_private.h"

/*
 * Full sync: what was acknowledged is on the disk. A log of at most 8 MiB is kept after something
 * large; checkpoints come often enough that it stays near 1 MiB and a fresh process (--once) has little to
 * index. No memory mapping: an I/O error would be a signal. Caches are small: the operating system's is not.
 */
static const struct database_kind main_kind = {
	.file = "sfmfa.db",
	.application_id = 0x53464d31,
	.pragmas =
		"PRAGMA synchronous = FULL; PRAGMA journal_size_limit = 8388608; PRAGMA cache_size = -1536; "
		"PRAGMA temp_store = MEMORY; PRAGMA mmap_size = 0; PRAGMA secure_delete = ON",
	.busy_milliseconds = 2500,
	.checkpoint_pages = 100,
	.wal_size = 1 << 20,
	.chunk_size = 1 << 20,
};

/*
 * No sync per event, one a checkpoint: a power cut loses the last events, not the database. Never
 * waits long.
 */
static const struct database_kind events_kind = {
	.file = "events.db",
	.application_id = 0x53464d32,
	.pragmas =
		"PRAGMA synchronous = NORMAL; PRAGMA journal_size_limit = 16777216; "
		"PRAGMA cache_size = -1024; PRAGMA temp_store = MEMORY; PRAGMA mmap_size = 0",
	.busy_milliseconds = 250,
	.checkpoint_pages = 1000,
	.chunk_size = 1 << 20,
};

struct database_kind
sqlite_main_kind(void)
{
	struct database_kind kind = main_kind;

	kind.steps = schema_main;
	kind.version = schema_main_version;
	return kind;
}

static enum sfmfa_err
open_main(struct sqlite_store *store, struct diag *diag)
{
	struct database_kind kind = sqlite_main_kind();

	return database_open(&store->main, store->folder, &kind, diag);
}

enum sfmfa_err
sqlite_open_events(struct sqlite_store *store, struct diag *diag)
{
	struct database_kind kind = events_kind;

	if (database_is_current(&store->events, store->folder))
		return SFMFA_OK;
	kind.steps = schema_events;
	kind.version = schema_events_version;
	database_close(&store->events);
	return database_open(&store->events, store->folder, &kind, diag);
}

/*
 * Where the log could not be opened for writing (an I/O error will do), SQLite reads it, calls the database
 * read-only and never looks again: "outdated".
 *
 * Closed first: inside one process SQLite shares the index of the log between connections, and one that
 * was opened read-only stays so. If nothing can be opened any more, every use says so, and tries again.
 */
void
sqlite_refresh(struct sqlite_store *store)
{
	if (database_is_current(&store->main, store->folder))
		return;
	database_close(&store->main);
	(void)open_main(store, NULL);
}

static void
sqlite_close(struct store *store)
{
	struct sqlite_store *sqlite = sqlite_of(store);

	database_close(&sqlite->main);
	database_close(&sqlite->events);
	free(sqlite);
}

static enum sfmfa_err
sqlite_settle(struct store *store, struct diag *diag)
{
	struct database *database = &sqlite_of(store)->main;

	if (database->handle == NULL || database->read_only)
		return SFMFA_OK;
	if (sqlite3_wal_checkpoint_v2(database->handle, NULL, SQLITE_CHECKPOINT_PASSIVE, NULL, NULL) != SQLITE_OK)
		return diag_set(diag, SFMFA_ERR_STORE, "sfmfa.db", 0, "the log cannot be written back: %s",
				sqlite3_errmsg(database->handle));
	return SFMFA_OK;
}

/*
 * The log is emptied and grown anew, with zeros. What was deleted in the file itself is zeros already
 * (secure_delete).
 */
static enum sfmfa_err
sqlite_scrub(struct store *store, struct diag *diag)
{
	struct database *database = &sqlite_of(store)->main;
	int status;

	if (database->handle == NULL || database->read_only)
		return diag_set(diag, SFMFA_ERR_STORE, "sfmfa.db", 0, "cannot be written");
	status = sqlite3_wal_checkpoint_v2(database->handle, NULL, SQLITE_CHECKPOINT_TRUNCATE, NULL, NULL);
	if (status == SQLITE_BUSY)
		return diag_set(diag, SFMFA_ERR_TIMEOUT, "sfmfa.db", 0, "somebody else is reading it");
	if (status != SQLITE_OK)
		return database_fail(database, "the log cannot be emptied", diag);
	database_grow_log(database, main_kind.wal_size);
	return SFMFA_OK;
}

static const struct store_ops sqlite_ops = {
	.close = sqlite_close,
	.read_user = sqlite_read_user,
	.find_token = sqlite_find_token,
	.find_session = sqlite_find_session,
	.list_users = sqlite_list_users,
	.list_tokens = sqlite_list_tokens,
	.commit = sqlite_commit,
	.read_key = sqlite_read_key,
	.has_keys = sqlite_has_keys,
	.add_events = sqlite_add_events,
	.list_events = sqlite_list_events,
	.expire_events = sqlite_expire_events,
	.find_access = sqlite_find_access,
	.find_family = sqlite_find_family,
	.find_approval = sqlite_find_approval,
	.list_grants = sqlite_list_grants,
	.settle = sqlite_settle,
	.scrub = sqlite_scrub,
	.copy_create = sqlite_copy_create,
	.copy_destroy = sqlite_copy_destroy,
	.copy_step = sqlite_copy_step,
	.copy_read = sqlite_copy_read,
	.copy_write = sqlite_copy_write,
	.copy_check = sqlite_copy_check,
	.copy_install = sqlite_copy_install,
	.count_users = sqlite_count_users,
};

enum sfmfa_err
store_open_sqlite(const char *state_dir, struct store **ret_store, struct diag *diag)
{
	struct sqlite_store *store = calloc(1, sizeof *store);
	enum sfmfa_err err;

	if (store == NULL)
		return diag_set(diag, SFMFA_ERR_NO_MEMORY, state_dir, 0, "out of memory");
	store->store.ops = &sqlite_ops;
	err = text_copy(store->folder, sizeof store->folder, state_dir);
	if (err != SFMFA_OK)
		(void)diag_set(diag, err, "", 0, "the path of the state folder is too long");
	else
		err = open_main(store, diag);
	if (err != SFMFA_OK) {
		free(store);
		return err;
	}
	*ret_store = &store->store;
	return SFMFA_OK;
}
