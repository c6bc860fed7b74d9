/* What the files of the SQLite backend share; nobody else includes this. */
#ifndef SFMFA_STORE_SQLITE_PRIVATE_H
#define SFMFA_STORE_SQLITE_PRIVATE_H

#include <limits.h>
#include <sqlite3.h>

#include "store/store.h"

enum statement {
#define STATEMENT(name, sql) STATEMENT_##name,
#include "store/statements.def"
#undef STATEMENT
	STATEMENT_COUNT
};

/*
 * Rows that a page of users or events is looked for in. Logins wait meanwhile, and of two filters few rows may meet
 * both: then a page has few rows, or none, and says where to go on.
 */
#define LOOKED_MAX 1000

/* One database. Zeroed: closed. */
struct database {
	sqlite3 *handle;
	char path[PATH_MAX];
	bool read_only;
	bool outdated; /* SQLite holds it for read-only, though it was opened to be written: to be opened anew */
	int budget; /* query_bound(): what is left */
	int64_t reserved; /* pages that the file has room for (sqlite_write.c) */
	bool has_stage; /* an import has begun (sqlite_import.c) */
	sqlite3_stmt *statements[STATEMENT_COUNT];
};

struct sqlite_store {
	struct store store;
	char folder[PATH_MAX];
	struct database main;   /* sfmfa.db: always open */
	struct database events; /* events.db: opened at first use */
};

/*
 * A statement in use. The first failure sticks, later calls do nothing, so one check at the end will
 * do: query_end() or query_run(). Released at scope exit.
 */
struct query {
	struct database *database;
	sqlite3_stmt *statement;
	int status; /* SQLITE_OK so far, SQLITE_ROW, SQLITE_DONE, or the failure */
	int next;   /* parameter */
	bool bound; /* query_bound() */
};

#define QUERY_AUTO __attribute__((cleanup(query_finish))) struct query

void
query_begin(struct query *query, struct database *database, enum statement statement);
void
query_finish(struct query *query);

/* Parameters, in order. Text and bytes must live until the query is finished. */
void
query_number(struct query *query, int64_t number);
void
query_text(struct query *query, const char *text); /* NULL: SQL NULL */
void
query_bytes(struct query *query, const void *bytes, size_t size);

/* Ends the query with SFMFA_ERR_TIMEOUT when it has looked at very much: listings must not hold up logins. */
void
query_bound(struct query *query);

/* The next row, if there is one. */
bool
query_row(struct query *query);

/* Columns of the row; what does not fit fails the query. SQL NULL is 0, "" or no bytes. */
int64_t
query_column(const struct query *query, int column);
bool
query_column_is_null(const struct query *query, int column);
int64_t
query_column_within(struct query *query, int column, int64_t min, int64_t max);
/* NULL reads as "", until the next row. A value for which there is no memory is a failure, not NULL. */
const char *
query_column_string(struct query *query, int column);
void
query_column_text(struct query *query, int column, char *to, size_t size);
size_t
query_column_bytes(struct query *query, int column, void *to, size_t max);

/* SFMFA_OK, or what failed. */
enum sfmfa_err
query_end(const struct query *query, struct diag *diag);

/* Runs a statement without rows to its end. */
enum sfmfa_err
query_run(struct query *query, struct diag *diag);

/* Runs a statement whose parameters are numbers: up to three, as many as it has. */
enum sfmfa_err
query_run_numbers(struct database *database, enum statement statement, const int64_t numbers[3], struct diag *diag);
#define QUERY_RUN_NUMBERS(database, statement, diag, ...)                                                    \
	query_run_numbers(database, statement, (const int64_t[3]){ __VA_ARGS__ }, diag)

/* Runs a statement without parameters. */
enum sfmfa_err
query_simple(struct database *database, enum statement statement, struct diag *diag);

/* SFMFA_ERR_STORE with what SQLite said last. */
enum sfmfa_err
database_fail(const struct database *database, const char *what, struct diag *diag);

/* What makes one of the two databases (sqlite_open.c). */
struct database_kind {
	const char *file;         /* in the folder */
	int32_t application_id;   /* PRAGMA application_id */
	const char *const *steps; /* schema.h */
	unsigned version;
	const char *pragmas;
	int busy_milliseconds;
	int checkpoint_pages;
	int64_t wal_size;         /* the log is grown to this beforehand */
	int chunk_size;           /* the file grows by this */
};

/*
 * Opens, makes or migrates a database. read_only in the result: it can be read, and not written.
 * SFMFA_ERR_UNTRUSTED: the folder or the file; SFMFA_ERR_STORE.
 */
enum sfmfa_err
database_open(struct database *database, const char *folder, const struct database_kind *kind,
              struct diag *diag);
void
database_close(struct database *database);

/* Grows the log to its size, with zeros, as far as the disk has room. */
void
database_grow_log(struct database *database, int64_t size);

/* SQLite may have rolled back by itself (SQLITE_FULL, SQLITE_IOERR). Not open: false. */
bool
database_in_transaction(const struct database *database);

/*
 * Afterwards there is no transaction: one that stayed open would hold the lock of all processes and show what was
 * never committed. If it cannot be rolled back the database is closed, and opened again by the next use.
 */
void
database_roll_back(struct database *database);

/*
 * Whether it is open, and as good as it would be if it were opened now: what was opened for reading only may be writable
 * since.
 */
bool
database_is_current(const struct database *database, const char *folder);

/* The folder: a real one, ours or root's, nobody else may write; made if it is not there (sqlite_file.c). */
enum sfmfa_err
folder_trust(const char *folder, struct diag *diag);
/* The file in it: SFMFA_ERR_NOT_FOUND, _UNTRUSTED, _STORE. Takes superfluous permissions away. */
enum sfmfa_err
file_trust(const char *path, struct diag *diag);
/* Makes an empty file, 0600 whatever the umask; one that is there is fine. */
enum sfmfa_err
file_make(const char *path, struct diag *diag);
bool
log_is_grown(const char *database_path, int64_t size);
/* Grows the log with zeros; the caller holds the write lock. A full disk leaves it as it is. */
void
log_grow(const char *database_path, int64_t size);
/* Whether the log holds nothing: not there, or never written. */
bool
log_is_empty(const char *database_path);
/* Waits for whoever else makes or migrates the store; -1: not possible. close() ends it. */
int
folder_lock(const char *folder);

/* Migrates, or finds the version right (sqlite_migrate.c). */
enum sfmfa_err
database_migrate(struct database *database, const struct database_kind *kind, struct diag *diag);

/* The guard in columns 0-11 of a row (statements.def). */
void
guard_from_row(struct query *query, struct guard *guard);
#define GUARD_COLUMN_COUNT 12
#define USER_COLUMN_COUNT  30

/* Reads (sqlite_read.c). */
enum sfmfa_err
sqlite_read_user(struct store *store, const char *name, int64_t caller, struct user_record *ret_user,
                 struct diag *diag);
enum sfmfa_err
sqlite_find_token(struct store *store, int64_t user_id, const unsigned char hash[HASH_SIZE],
                  struct token_record *ret_token, struct diag *diag);
enum sfmfa_err
sqlite_find_session(struct store *store, const struct session_place *place, struct session_record *ret_session,
                    struct diag *diag);
enum sfmfa_err
sqlite_list_users(struct store *store, const struct store_user_filter *filter, struct user_record *ret_users,
                  size_t *ret_count, char ret_next[USER_NAME_SIZE], struct diag *diag);
enum sfmfa_err
sqlite_list_tokens(struct store *store, int64_t user_id, int64_t after_id, struct token_record *ret_tokens,
                   size_t max, size_t *ret_count, struct diag *diag);
enum sfmfa_err
sqlite_read_key(struct store *store, const char *key_id, void *ret_wrap, size_t max, size_t *ret_size,
                struct diag *diag);
enum sfmfa_err
sqlite_has_keys(struct store *store, bool *ret_any, struct diag *diag);
enum sfmfa_err
sqlite_count_users(struct store *store, int64_t *ret_count, struct diag *diag);

/* Writes: the transaction (sqlite_write.c), one operation inside it (sqlite_attempt.c, _change.c,
 * _import.c, _session.c, _token.c). */
enum sfmfa_err
sqlite_commit(struct store *store, struct store_op *const ops[], size_t count, struct diag *diag);
enum sfmfa_err
apply_attempt(struct database *database, struct store_attempt *attempt, struct diag *diag);
enum sfmfa_err
apply_register(struct database *database, struct store_register *registration, struct diag *diag);
enum sfmfa_err
apply_change(struct database *database, struct store_op *op, struct diag *diag);
enum sfmfa_err
apply_token_new(struct database *database, int64_t user_id, struct store_op *op, struct diag *diag);
enum sfmfa_err
apply_token_revoke(struct database *database, int64_t user_id, struct store_op *op, struct diag *diag);

/* Before and after a transaction: where the rows of an import wait, until it is over. */
void
import_attach(struct database *database, struct store_op *const ops[], size_t count);
void
import_detach(struct database *database, struct store_op *const ops[], size_t count);
enum sfmfa_err
apply_import_stage(struct database *database, struct store_import *import, struct diag *diag);
enum sfmfa_err
apply_import(struct database *database, struct store_import *import, struct diag *diag);
enum sfmfa_err
apply_session_open(struct database *database, struct store_session_open *session, struct diag *diag);
enum sfmfa_err
apply_session_close(struct database *database, int64_t user_id, int64_t id, struct diag *diag);

/* Connected apps (sqlite_app.c). */
enum sfmfa_err
sqlite_find_access(struct store *store, const unsigned char hash[HASH_SIZE], struct app_token *ret_token,
                   struct diag *diag);
enum sfmfa_err
sqlite_find_family(struct store *store, const unsigned char hash[HASH_SIZE], struct app_grant *ret_grant,
                   struct diag *diag);
enum sfmfa_err
sqlite_find_approval(struct store *store, int64_t user_id, const char *app, enum flow flow, struct diag *diag);
enum sfmfa_err
sqlite_list_grants(struct store *store, int64_t user_id, int64_t after_id, struct app_grant *ret_grants, size_t max,
                   size_t *ret_count, struct diag *diag);
enum sfmfa_err
apply_credential(struct database *database, struct store_credential *credential, struct diag *diag);
enum sfmfa_err
apply_app_approve(struct database *database, struct store_app_approve *approve, struct diag *diag);
enum sfmfa_err
apply_app_refresh(struct database *database, struct store_app_refresh *refresh, struct diag *diag);
enum sfmfa_err
apply_app_revoke(struct database *database, int64_t user_id, struct store_op *op, struct diag *diag);

/* Writes the single-use name of a login into the user's own guard row; all zero: nothing (sqlite_session.c). */
enum sfmfa_err
handover_write(struct database *database, int64_t user_id, int64_t generation,
               const struct store_handover *handover, const struct moment *now, struct diag *diag);

/* A user's row, and one that is made, with the guard of their own (sqlite_change.c). */
struct row {
	int64_t id;
	int64_t generation;
	enum app_state state;
	int64_t assignment_count;
	bool is_virtual;
};
/* SFMFA_ERR_INVALID: not a usable name; SFMFA_ERR_NOT_FOUND. */
enum sfmfa_err
row_find(struct database *database, const char *name, struct row *ret_row, struct diag *diag);
enum sfmfa_err
row_make(struct database *database, const char *name, bool is_virtual, struct row *ret_row, struct diag *diag);

/* A name as a key: not empty, fits. */
bool
name_is_usable(const char *name, size_t size);

/* Networks of a token as bytes: 18 each. */
#define NETWORK_BYTES 18
#define NETWORKS_BYTES_MAX (RANGES_MAX * NETWORK_BYTES)

/* Events (sqlite_event.c). */
enum sfmfa_err
sqlite_add_events(struct store *store, const struct event *const events[], size_t count, struct diag *diag);
enum sfmfa_err
sqlite_list_events(struct store *store, const struct event_filter *filter, struct event *ret_events,
                   size_t *ret_count, int64_t *ret_next, struct diag *diag);
enum sfmfa_err
sqlite_expire_events(struct store *store, int64_t before, unsigned limit, struct diag *diag);

/* Copies (sqlite_copy.c). */
enum sfmfa_err
sqlite_copy_create(struct store *store, bool receive, struct store_copy **ret_copy, struct diag *diag);
void
sqlite_copy_destroy(struct store_copy *copy);
enum sfmfa_err
sqlite_copy_step(struct store_copy *copy, int64_t *ret_left, int64_t *ret_size, struct diag *diag);
enum sfmfa_err
sqlite_copy_read(struct store_copy *copy, int64_t at, void *ret_bytes, size_t max, size_t *ret_size,
                 struct diag *diag);
enum sfmfa_err
sqlite_copy_write(struct store_copy *copy, const void *bytes, size_t size, struct diag *diag);
enum sfmfa_err
sqlite_copy_check(struct store_copy *copy, int64_t *ret_users, struct diag *diag);
enum sfmfa_err
sqlite_copy_install(struct store_copy *copy, const struct store_restore *restore, struct diag *diag);

/* What sfmfa.db is like (sqlite.c). */
struct database_kind
sqlite_main_kind(void);

/* Opens events.db unless it is open. */
enum sfmfa_err
sqlite_open_events(struct sqlite_store *store, struct diag *diag);
/* A store that could not be written when it was opened is opened again once it may be. */
void
sqlite_refresh(struct sqlite_store *store);

static inline struct sqlite_store *
sqlite_of(struct store *store)
{
	return (struct sqlite_store *)store; /* its first member */
}

#endif
