/*
 * Group commit: all operations in one transaction, one sync, each in a savepoint of its own. Nothing
 * an operation says is true before COMMIT; if that fails, each is tried in a transaction of its own.
 */
#include <string.h>

#include "base/secret.h"
#include "store/sqlite_private.h"

/* What an operation fills in, emptied: it may run twice, and a failed one must not look like a success. */
static void
clear_results(struct store_op *op)
{
	if (op->kind == STORE_ATTEMPT) {
		op->attempt.result = ATTEMPT_RESULT_LOCKED_OUT;
		memset(&op->attempt.guard, 0, sizeof op->attempt.guard);
		op->attempt.locked_now = false;
		op->attempt.completed_now = false;
		op->attempt.failed_before = 0;
	} else if (op->kind == STORE_REGISTER) {
		op->registration.user_id = 0;
	} else if (op->kind == STORE_SESSION_OPEN) {
		op->session.id = 0;
		op->session.proved = false;
	} else if (op->kind == STORE_IMPORT_STAGE) {
		for (size_t at = 0; at < op->import.count; at++)
			op->import.rows[at].twice = false;
	} else if (op->kind == STORE_IMPORT_APPLY) {
		op->import.made = op->import.replaced = op->import.kept = 0;
		op->import.mixed_up[0] = '\0';
	} else if (op->kind == STORE_CREDENTIAL) {
		op->credential.result = CREDENTIAL_RESULT_REVOKED;
	} else if (op->kind == STORE_APP_APPROVE) {
		op->approve.id = 0;
	} else if (op->kind == STORE_APP_REFRESH) {
		op->refresh.result = CREDENTIAL_RESULT_REVOKED;
		op->refresh.id = 0;
	} else if (op->kind == STORE_TOKEN_REVOKE || op->kind == STORE_KEEP_KEY) {
		op->change.number = 0;
	}
}

static enum sfmfa_err
apply(struct database *database, struct store_op *op, struct diag *diag)
{
	clear_results(op);
	switch (op->kind) {
	case STORE_ATTEMPT: return apply_attempt(database, &op->attempt, diag);
	case STORE_REGISTER: return apply_register(database, &op->registration, diag);
	case STORE_IMPORT_STAGE: return apply_import_stage(database, &op->import, diag);
	case STORE_IMPORT_APPLY: return apply_import(database, &op->import, diag);
	case STORE_SESSION_OPEN: return apply_session_open(database, &op->session, diag);
	case STORE_CREDENTIAL: return apply_credential(database, &op->credential, diag);
	case STORE_APP_APPROVE: return apply_app_approve(database, &op->approve, diag);
	case STORE_APP_REFRESH: return apply_app_refresh(database, &op->refresh, diag);
	case STORE_APP_REVOKE:
	case STORE_DISCONNECT:
	case STORE_ENSURE_USER:
	case STORE_DELETE_USER:
	case STORE_FREEZE:
	case STORE_UNLOCK:
	case STORE_SET_PROFILE:
	case STORE_ASSIGN:
	case STORE_REVOKE:
	case STORE_TOKEN_NEW:
	case STORE_TOKEN_REVOKE:
	case STORE_RECOVERY_RENEW:
	case STORE_TEMPORARY_NEW:
	case STORE_TEMPORARY_EXPIRE:
	case STORE_SESSION_CLOSE:
	case STORE_SET_KEY:
	case STORE_KEEP_KEY: return apply_change(database, op, diag);
	}
	return diag_set(diag, SFMFA_ERR_INTERNAL, "", 0, "unknown operation");
}

static void
fail(struct store_op *op)
{
	clear_results(op);
	op->err = SFMFA_ERR_STORE;
}

static enum sfmfa_err
ask_number(struct database *database, enum statement statement, int64_t *ret_number, struct diag *diag)
{
	QUERY_AUTO query = { 0 };

	query_begin(&query, database, statement);
	*ret_number = query_row(&query) ? query_column(&query, 0) : 0;
	return query_end(&query, diag);
}

/*
 * What is committed to the log must fit into the file one day. On a full disk a page that does not would stop
 * every later checkpoint, the log would fill up, and with it end the logins that need no page at all: such an
 * operation is refused instead. The file grows in large pieces, so this is one system call in hundreds of
 * commits.
 */
static enum sfmfa_err
commit_transaction(struct database *database, struct diag *diag)
{
	int64_t pages, size;
	sqlite3_int64 bytes;
	enum sfmfa_err err = ask_number(database, STATEMENT_PAGE_COUNT, &pages, diag);

	if (err == SFMFA_OK && pages > database->reserved) {
		err = ask_number(database, STATEMENT_PAGE_SIZE, &size, diag);
		if (err != SFMFA_OK)
			return err;
		bytes = pages * size;
		if (sqlite3_file_control(database->handle, "main", SQLITE_FCNTL_SIZE_HINT, &bytes) !=
		    SQLITE_OK)
			return diag_set(diag, SFMFA_ERR_STORE, database->path, 0,
					"cannot grow: the disk is full");
	}
	if (err == SFMFA_OK)
		err = query_simple(database, STATEMENT_COMMIT, diag);
	/* Room for pages that were not committed may be given back by the next checkpoint. */
	if (err == SFMFA_OK && pages > database->reserved)
		database->reserved = pages;
	return err;
}

/* A savepoint is not needed: a refusal rolls the transaction back. */
static enum sfmfa_err
commit_alone(struct database *database, struct store_op *op, struct diag *diag)
{
	enum sfmfa_err err = query_simple(database, STATEMENT_BEGIN, diag);

	if (err == SFMFA_OK) {
		op->err = apply(database, op, diag);
		if (op->err == SFMFA_OK)
			err = commit_transaction(database, diag);
		else if (op->err == SFMFA_ERR_STORE)
			err = SFMFA_ERR_STORE;
	}
	database_roll_back(database);
	if (err != SFMFA_OK)
		fail(op);
	return err;
}

/* False: the transaction is gone, and with it all that was done in it. */
static bool
apply_in_savepoint(struct database *database, struct store_op *op, struct diag *diag)
{
	if (query_simple(database, STATEMENT_SAVEPOINT, diag) != SFMFA_OK)
		return false;
	op->err = apply(database, op, diag);
	if (!database_in_transaction(database))
		return false;
	if (op->err != SFMFA_OK && query_simple(database, STATEMENT_ROLLBACK_TO, diag) != SFMFA_OK)
		return false;
	if (op->err == SFMFA_ERR_STORE)
		fail(op);
	return query_simple(database, STATEMENT_RELEASE, diag) == SFMFA_OK;
}

/* *ret_begun false: the store cannot be written at all, and trying each alone would only wait longer. */
static enum sfmfa_err
commit_together(struct database *database, struct store_op *const ops[], size_t count, bool *ret_begun,
		struct diag *diag)
{
	enum sfmfa_err err = query_simple(database, STATEMENT_BEGIN, diag);

	*ret_begun = err == SFMFA_OK;
	for (size_t at = 0; at < count && err == SFMFA_OK; at++) {
		if (!apply_in_savepoint(database, ops[at], diag))
			err = SFMFA_ERR_STORE;
	}
	if (err == SFMFA_OK)
		err = commit_transaction(database, diag);
	database_roll_back(database);
	return err;
}

static enum sfmfa_err
commit_each_or_all(struct database *database, struct store_op *const ops[], size_t count, struct diag *diag)
{
	bool begun = false, usable = false;
	enum sfmfa_err err;

	if (count == 1)
		return commit_alone(database, ops[0], diag);
	err = commit_together(database, ops, count, &begun, diag);
	for (size_t at = 0; at < count && err != SFMFA_OK; at++) {
		if (begun)
			(void)commit_alone(database, ops[at], diag);
		else
			fail(ops[at]);
	}
	for (size_t at = 0; at < count; at++)
		usable = usable || ops[at]->err != SFMFA_ERR_STORE;
	return usable ? SFMFA_OK : SFMFA_ERR_STORE;
}

static enum sfmfa_err
commit_all(struct database *database, struct store_op *const ops[], size_t count, struct diag *diag)
{
	enum sfmfa_err err;

	import_attach(database, ops, count);
	err = commit_each_or_all(database, ops, count, diag);
	import_detach(database, ops, count);
	return err;
}

enum sfmfa_err
sqlite_commit(struct store *store, struct store_op *const ops[], size_t count, struct diag *diag)
{
	struct sqlite_store *sqlite = sqlite_of(store);
	enum sfmfa_err err;

	sqlite_refresh(sqlite);
	if (count == 0)
		return SFMFA_OK;
	err = commit_all(&sqlite->main, ops, count, diag);
	/* Nothing was written. Opened anew, it may be writable. */
	if (sqlite->main.outdated) {
		sqlite_refresh(sqlite);
		err = commit_all(&sqlite->main, ops, count, diag);
	}
	return err;
}
