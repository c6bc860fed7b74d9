/* Operations of administration and self-service. Conditions are looked at before anything is written. */
#include <string.h>

#include "base/text.h"
#include "store/sqlite_private.h"

#define TEMPORARY_PER_HOUR 6

bool
name_is_usable(const char *name, size_t size)
{
	return name != NULL && name[0] != '\0' && strnlen(name, size) < size;
}

enum sfmfa_err
row_find(struct database *database, const char *name, struct row *ret_row, struct diag *diag)
{
	enum sfmfa_err err;
	bool found;
	QUERY_AUTO query = { 0 };

	if (!name_is_usable(name, USER_NAME_SIZE))
		return SFMFA_ERR_INVALID;
	query_begin(&query, database, STATEMENT_USER_FIND);
	query_text(&query, name);
	found = query_row(&query);
	if (found) {
		ret_row->id = query_column(&query, 0);
		ret_row->generation = query_column(&query, 1);
		ret_row->state = (enum app_state)query_column_within(&query, 2, APP_NONE, APP_COMPLETED);
		ret_row->assignment_count = query_column(&query, 3);
		ret_row->is_virtual = query_column(&query, 4) != 0;
	}
	err = query_end(&query, diag);
	if (err != SFMFA_OK)
		return err;
	return found ? SFMFA_OK : SFMFA_ERR_NOT_FOUND;
}

/* The user with the guard of their own, so that no login has to make it. */
enum sfmfa_err
row_make(struct database *database, const char *name, bool is_virtual, struct row *ret_row,
	 struct diag *diag)
{
	struct row row = { 0 };
	enum sfmfa_err err;
	QUERY_AUTO query = { 0 };

	query_begin(&query, database, STATEMENT_USER_NEW);
	query_text(&query, name);
	query_number(&query, is_virtual);
	err = query_run(&query, diag);
	if (err != SFMFA_OK)
		return err;
	row.id = sqlite3_last_insert_rowid(database->handle);
	err = QUERY_RUN_NUMBERS(database, STATEMENT_GUARD_NEW, diag, row.id, -1);
	if (err == SFMFA_OK)
		*ret_row = row;
	return err;
}

static enum sfmfa_err
replace_recovery_codes(struct database *database, int64_t user_id, unsigned char hashes[][HASH_SIZE],
		       size_t count, struct diag *diag)
{
	enum sfmfa_err err = QUERY_RUN_NUMBERS(database, STATEMENT_RECOVERY_CLEAR, diag, user_id);

	for (size_t at = 0; at < count && err == SFMFA_OK; at++) {
		QUERY_AUTO query = { 0 };

		query_begin(&query, database, STATEMENT_RECOVERY_NEW);
		query_number(&query, user_id);
		query_bytes(&query, hashes[at], HASH_SIZE);
		err = query_run(&query, diag);
	}
	return err;
}

static enum sfmfa_err
write_app(struct database *database, int64_t user_id, const struct user_app *app, struct diag *diag)
{
	QUERY_AUTO query = { 0 };

	query_begin(&query, database, STATEMENT_APP_SET);
	query_number(&query, user_id);
	query_number(&query, app->params.algorithm);
	query_number(&query, app->params.digits);
	query_number(&query, app->params.period);
	query_bytes(&query, app->sealed, app->sealed_size);
	query_number(&query, app->registered_at);
	query_number(&query, app->state == APP_COMPLETED ? app->completed_at : 0);
	return query_run(&query, diag);
}

/* Nothing that a read would refuse is written. */
static bool
is_registrable(const struct store_register *registration)
{
	const struct user_app *app = &registration->app;

	return name_is_usable(registration->user, USER_NAME_SIZE) &&
	       (app->state == APP_PENDING || app->state == APP_COMPLETED) && app->sealed_size > 0 &&
	       app->sealed_size <= sizeof app->sealed && app->params.digits >= TOTP_DIGITS_MIN &&
	       app->params.digits <= TOTP_DIGITS_MAX && app->params.period >= TOTP_PERIOD_MIN &&
	       app->params.period <= TOTP_PERIOD_MAX && registration->recovery_count <= STORE_RECOVERY_MAX;
}

enum sfmfa_err
apply_register(struct database *database, struct store_register *registration, struct diag *diag)
{
	struct row row = { 0 };
	enum sfmfa_err err;

	if (!is_registrable(registration))
		return SFMFA_ERR_INVALID;
	err = row_find(database, registration->user, &row, diag);
	if (err != SFMFA_OK && err != SFMFA_ERR_NOT_FOUND)
		return err;
	/* Without a row there was no generation yet: 0, as the record of an unknown user says. */
	if (row.generation != registration->generation)
		return SFMFA_ERR_CHANGED;
	if (row.state != APP_NONE && !registration->replace)
		return SFMFA_ERR_EXISTS;
	err = SFMFA_OK;
	if (row.id == 0)
		err = row_make(database, registration->user, registration->is_virtual, &row, diag);
	if (err == SFMFA_OK)
		err = write_app(database, row.id, &registration->app, diag);
	/* Steps are those of this shared secret: what another one had used means nothing. */
	if (err == SFMFA_OK)
		err = QUERY_RUN_NUMBERS(database, STATEMENT_GUARD_STEP, diag, row.id, registration->last_step);
	if (err == SFMFA_OK && registration->recovery_count > 0)
		err = replace_recovery_codes(database, row.id, registration->recovery_hashes,
					     registration->recovery_count, diag);
	if (err == SFMFA_OK) {
		QUERY_AUTO query = { 0 };

		query_begin(&query, database, STATEMENT_USER_REGISTER);
		query_number(&query, row.id);
		query_number(&query, registration->app.state);
		query_number(&query, registration->by_user);
		err = query_run(&query, diag);
	}
	if (err == SFMFA_OK)
		err = handover_write(database, row.id, row.generation + 1, &registration->handover,
				     &registration->now, diag);
	if (err == SFMFA_OK)
		registration->user_id = row.id;
	return err;
}

static enum sfmfa_err
disconnect(struct database *database, int64_t user_id, const struct store_op *op, struct diag *diag)
{
	int64_t now = op->change.now > 0 ? op->change.now : 1; /* 0 would say "in force" of a token */
	enum sfmfa_err err = QUERY_RUN_NUMBERS(database, STATEMENT_APP_DELETE, diag, user_id);

	if (err == SFMFA_OK)
		err = QUERY_RUN_NUMBERS(database, STATEMENT_TOKEN_REVOKE_ALL, diag, user_id, now);
	/* What was approved by a proof of the app that is gone. */
	if (err == SFMFA_OK)
		err = QUERY_RUN_NUMBERS(database, STATEMENT_APP_GRANTS_OF_USER, diag, user_id);
	if (err == SFMFA_OK)
		err = QUERY_RUN_NUMBERS(database, STATEMENT_RECOVERY_CLEAR, diag, user_id);
	if (err == SFMFA_OK)
		err = QUERY_RUN_NUMBERS(database, STATEMENT_TEMPORARY_CLEAR, diag, user_id);
	if (err == SFMFA_OK)
		err = QUERY_RUN_NUMBERS(database, STATEMENT_USER_DISCONNECT, diag, user_id, op->change.by_other);
	return err;
}

static enum sfmfa_err
unlock(struct database *database, int64_t user_id, const struct store_op *op, struct diag *diag)
{
	enum sfmfa_err err =
		QUERY_RUN_NUMBERS(database, STATEMENT_GUARD_UNLOCK, diag, user_id, op->change.number == 1);

	return err == SFMFA_OK ? QUERY_RUN_NUMBERS(database, STATEMENT_USER_LOCKED, diag, user_id) : err;
}

static enum sfmfa_err
set_profile(struct database *database, int64_t user_id, const char *profile, struct diag *diag)
{
	QUERY_AUTO query = { 0 };

	if (profile == NULL || strnlen(profile, NAME_SIZE) == NAME_SIZE)
		return SFMFA_ERR_INVALID;
	query_begin(&query, database, STATEMENT_USER_PROFILE);
	query_number(&query, user_id);
	query_text(&query, profile);
	return query_run(&query, diag);
}

static void
bind_assignment(struct query *query, int64_t user_id, const struct assignment *assignment)
{
	query_number(query, user_id);
	query_number(query, assignment->kind);
	query_text(query, assignment->name);
}

static bool
is_assignable(const struct assignment *assignment)
{
	return (unsigned)assignment->kind < ASSIGNMENT_KIND_COUNT &&
	       name_is_usable(assignment->name, NAME_SIZE) &&
	       strnlen(assignment->by, USER_NAME_SIZE) < USER_NAME_SIZE;
}

static enum sfmfa_err
assign(struct database *database, const struct row *row, const struct assignment *assignment,
       struct diag *diag)
{
	enum sfmfa_err err;
	bool found;
	QUERY_AUTO query = { 0 }, insert = { 0 };

	if (!is_assignable(assignment))
		return SFMFA_ERR_INVALID;
	query_begin(&query, database, STATEMENT_ASSIGNMENT_FIND);
	bind_assignment(&query, row->id, assignment);
	found = query_row(&query);
	err = query_end(&query, diag);
	if (err != SFMFA_OK)
		return err;
	if (found)
		return SFMFA_ERR_EXISTS;
	if (row->assignment_count >= ASSIGNMENTS_MAX)
		return SFMFA_ERR_TOO_LARGE;
	query_begin(&insert, database, STATEMENT_ASSIGNMENT_NEW);
	bind_assignment(&insert, row->id, assignment);
	query_text(&insert, assignment->by);
	query_number(&insert, assignment->at);
	err = query_run(&insert, diag);
	return err == SFMFA_OK ? QUERY_RUN_NUMBERS(database, STATEMENT_USER_ASSIGNMENTS, diag, row->id, 1) : err;
}

static enum sfmfa_err
revoke(struct database *database, const struct row *row, const struct assignment *assignment,
       struct diag *diag)
{
	enum sfmfa_err err;
	QUERY_AUTO query = { 0 };

	if (!is_assignable(assignment))
		return SFMFA_ERR_INVALID;
	query_begin(&query, database, STATEMENT_ASSIGNMENT_DELETE);
	bind_assignment(&query, row->id, assignment);
	err = query_run(&query, diag);
	if (err != SFMFA_OK)
		return err;
	if (sqlite3_changes(database->handle) == 0)
		return SFMFA_ERR_NOT_FOUND;
	return QUERY_RUN_NUMBERS(database, STATEMENT_USER_ASSIGNMENTS, diag, row->id, -1);
}

/*
 * Issues an hour away from now in either direction do not count: a clock that was wrong blocks for an
 * hour at most.
 */
static enum sfmfa_err
new_temporary_code(struct database *database, int64_t user_id, const struct store_op *op, struct diag *diag)
{
	int64_t issued = 0;
	enum sfmfa_err err;
	QUERY_AUTO count = { 0 }, insert = { 0 };

	query_begin(&count, database, STATEMENT_TEMPORARY_COUNT);
	query_number(&count, user_id);
	query_number(&count, op->change.now);
	if (query_row(&count))
		issued = query_column(&count, 0);
	err = query_end(&count, diag);
	if (err != SFMFA_OK)
		return err;
	if (issued >= TEMPORARY_PER_HOUR)
		return SFMFA_ERR_TOO_LARGE;
	err = QUERY_RUN_NUMBERS(database, STATEMENT_TEMPORARY_FORGET, diag, user_id, op->change.now);
	if (err == SFMFA_OK)
		err = QUERY_RUN_NUMBERS(database, STATEMENT_TEMPORARY_ISSUED, diag, user_id, op->change.now);
	if (err != SFMFA_OK)
		return err;
	query_begin(&insert, database, STATEMENT_TEMPORARY_SET);
	query_number(&insert, user_id);
	query_bytes(&insert, op->change.hashes[0], HASH_SIZE);
	query_number(&insert, op->change.until);
	return query_run(&insert, diag);
}

static enum sfmfa_err
set_key(struct database *database, const struct store_op *op, struct diag *diag)
{
	enum sfmfa_err err;
	QUERY_AUTO query = { 0 };

	if (!name_is_usable(op->change.name, NAME_SIZE) || op->change.wrap_size == 0 ||
	    op->change.wrap_size > sizeof op->change.wrap)
		return SFMFA_ERR_INVALID;
	query_begin(&query, database, STATEMENT_KEY_NEW);
	query_text(&query, op->change.name);
	query_bytes(&query, op->change.wrap, op->change.wrap_size);
	err = query_run(&query, diag);
	if (err == SFMFA_OK && sqlite3_changes(database->handle) == 0)
		return SFMFA_ERR_EXISTS;
	return err;
}

/* One wrap stays in any case: without it no shared secret in the store would ever open again. */
static enum sfmfa_err
keep_key(struct database *database, struct store_op *op, struct diag *diag)
{
	enum sfmfa_err err;
	bool found;
	QUERY_AUTO find = { 0 }, query = { 0 };

	if (!name_is_usable(op->change.name, NAME_SIZE))
		return SFMFA_ERR_INVALID;
	query_begin(&find, database, STATEMENT_KEY);
	query_text(&find, op->change.name);
	found = query_row(&find);
	err = query_end(&find, diag);
	if (err != SFMFA_OK)
		return err;
	if (!found)
		return SFMFA_ERR_NOT_FOUND;
	query_finish(&find);
	query_begin(&query, database, STATEMENT_KEY_KEEP);
	query_text(&query, op->change.name);
	err = query_run(&query, diag);
	if (err == SFMFA_OK)
		op->change.number = sqlite3_changes(database->handle);
	return err;
}

/* What is about one user that is there. */
static enum sfmfa_err
apply_to_user(struct database *database, const struct row *row, struct store_op *op, struct diag *diag)
{
	switch (op->kind) {
	case STORE_DISCONNECT: return disconnect(database, row->id, op, diag);
	case STORE_DELETE_USER: return QUERY_RUN_NUMBERS(database, STATEMENT_USER_DELETE, diag, row->id);
	case STORE_FREEZE:
		return QUERY_RUN_NUMBERS(database, STATEMENT_USER_FREEZE, diag, row->id, op->change.flag,
				   op->change.now);
	case STORE_UNLOCK: return unlock(database, row->id, op, diag);
	case STORE_SET_PROFILE: return set_profile(database, row->id, op->change.name, diag);
	case STORE_ASSIGN: return assign(database, row, &op->change.assignment, diag);
	case STORE_REVOKE: return revoke(database, row, &op->change.assignment, diag);
	case STORE_TOKEN_NEW: return apply_token_new(database, row->id, op, diag);
	case STORE_TOKEN_REVOKE: return apply_token_revoke(database, row->id, op, diag);
	case STORE_RECOVERY_RENEW:
		if (op->change.hash_count == 0 || op->change.hash_count > STORE_RECOVERY_MAX)
			return SFMFA_ERR_INVALID;
		return replace_recovery_codes(database, row->id, op->change.hashes, op->change.hash_count,
					      diag);
	case STORE_TEMPORARY_NEW: return new_temporary_code(database, row->id, op, diag);
	case STORE_APP_REVOKE: return apply_app_revoke(database, row->id, op, diag);
	case STORE_SESSION_CLOSE: return apply_session_close(database, row->id, op->change.number, diag);
	case STORE_TEMPORARY_EXPIRE: return QUERY_RUN_NUMBERS(database, STATEMENT_TEMPORARY_CLEAR, diag, row->id);
	case STORE_ATTEMPT:
	case STORE_REGISTER:
	case STORE_ENSURE_USER:
	case STORE_SESSION_OPEN:
	case STORE_IMPORT_STAGE:
	case STORE_IMPORT_APPLY:
	case STORE_CREDENTIAL:
	case STORE_APP_APPROVE:
	case STORE_APP_REFRESH:
	case STORE_SET_KEY:
	case STORE_KEEP_KEY: break;
	}
	return SFMFA_ERR_INTERNAL;
}

enum sfmfa_err
apply_change(struct database *database, struct store_op *op, struct diag *diag)
{
	struct row row = { 0 };
	enum sfmfa_err err;

	if (op->kind == STORE_SET_KEY)
		return set_key(database, op, diag);
	if (op->kind == STORE_KEEP_KEY)
		return keep_key(database, op, diag);
	err = row_find(database, op->change.user, &row, diag);
	if (op->kind == STORE_ENSURE_USER)
		return err == SFMFA_ERR_NOT_FOUND
			       ? row_make(database, op->change.user, op->change.flag, &row, diag)
			       : err;
	return err == SFMFA_OK ? apply_to_user(database, &row, op, diag) : err;
}
