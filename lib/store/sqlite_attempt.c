/*
 * An attempt: one conditional operation that admits, counts and consumes (rules 4, "Lockout"). All it
 * goes by is read again inside the write lock; what was compared outside is evidence only.
 *
 * Nothing is written where nothing changes: a locked-out or replayed answer costs no sync.
 */
#include <string.h>

#include "base/text.h"
#include "store/sqlite_private.h"

/* A token that is used all day is not noted more often than this. */
#define LAST_USED_SECONDS 60

/* What the store holds against the attempt. */
struct standing {
	bool found; /* the user is there */
	int64_t generation;
	enum app_state state;
	bool right;       /* the condition of its kind holds */
	bool token_found; /* the token is this user's, in force or not */
	bool note_use;    /* a token: last_used is worth a write */
};

/* Guards are compared as bytes to see whether there is anything to write. */
_Static_assert(sizeof(struct guard) == 9 * sizeof(int64_t) + sizeof(struct moment),
	       "struct guard has no padding");
_Static_assert(sizeof(struct moment) == 2 * sizeof(int64_t) + BOOT_ID_SIZE, "struct moment has no padding");

static enum sfmfa_err
read_guard(struct database *database, struct store_attempt *attempt, struct standing *standing,
	   struct diag *diag)
{
	QUERY_AUTO query = { 0 };

	query_begin(&query, database, STATEMENT_ATTEMPT_READ);
	query_number(&query, attempt->user_id);
	query_number(&query, attempt->caller);
	standing->found = query_row(&query);
	if (standing->found) {
		guard_from_row(&query, &attempt->guard);
		standing->generation = query_column(&query, GUARD_COLUMN_COUNT);
		standing->state = (enum app_state)query_column_within(&query, GUARD_COLUMN_COUNT + 1,
								      APP_NONE, APP_COMPLETED);
	}
	return query_end(&query, diag);
}

static enum sfmfa_err
check_token(struct database *database, const struct store_attempt *attempt, struct standing *standing,
	    struct diag *diag)
{
	char from[HOST_SIZE];
	QUERY_AUTO query = { 0 };

	query_begin(&query, database, STATEMENT_TOKEN_STANDING);
	query_number(&query, attempt->token_id);
	query_number(&query, attempt->user_id);
	if (query_row(&query)) {
		int64_t age = attempt->now.wall - query_column(&query, 1);

		query_column_text(&query, 2, from, sizeof from);
		standing->token_found = true;
		standing->right = query_column(&query, 0) == 0;
		standing->note_use = age < 0 || age > LAST_USED_SECONDS ||
				     (attempt->from != NULL && !text_equals(from, attempt->from));
	}
	return query_end(&query, diag);
}

/* Whether the code is one of this user's. */
static enum sfmfa_err
check_code(struct database *database, const struct store_attempt *attempt, struct standing *standing,
	   struct diag *diag)
{
	bool temporary = attempt->kind == ATTEMPT_KIND_TEMPORARY;
	QUERY_AUTO query = { 0 };

	query_begin(&query, database, temporary ? STATEMENT_TEMPORARY_STANDING : STATEMENT_RECOVERY_STANDING);
	query_number(&query, attempt->user_id);
	query_bytes(&query, attempt->hash, sizeof attempt->hash);
	if (temporary) {
		query_number(&query, attempt->now.wall);
		query_number(&query, TEMPORARY_CODE_SECONDS_MAX);
	}
	standing->right = query_row(&query);
	return query_end(&query, diag);
}

static enum sfmfa_err
check_kind(struct database *database, const struct store_attempt *attempt, struct standing *standing,
	   struct diag *diag)
{
	switch (attempt->kind) {
	case ATTEMPT_KIND_TOTP: standing->right = standing->state != APP_NONE; return SFMFA_OK;
	case ATTEMPT_KIND_TOKEN:
		return attempt->token_id != 0 ? check_token(database, attempt, standing, diag) : SFMFA_OK;
	case ATTEMPT_KIND_RECOVERY:
	case ATTEMPT_KIND_TEMPORARY: return check_code(database, attempt, standing, diag);
	case ATTEMPT_KIND_UNACCEPTABLE: break;
	}
	return SFMFA_OK;
}

static enum sfmfa_err
update_guard(struct database *database, const struct store_attempt *attempt, bool *ret_found,
	     struct diag *diag)
{
	const struct guard *guard = &attempt->guard;
	enum sfmfa_err err;
	QUERY_AUTO query = { 0 };

	query_begin(&query, database, STATEMENT_GUARD_UPDATE);
	query_number(&query, attempt->user_id);
	query_number(&query, attempt->caller);
	query_number(&query, attempt->caller == -1 ? guard->last_step : 0);
	query_number(&query, guard->failures);
	query_number(&query, guard->lock_count);
	query_number(&query, guard->locked_at.wall);
	query_number(&query, guard->locked_at.boot);
	query_text(&query, guard->locked_at.boot_id);
	query_number(&query, guard->lock_seconds);
	query_number(&query, guard->busy_step);
	query_number(&query, guard->compared);
	query_number(&query, guard->near_misses);
	query_number(&query, guard->failed_since_success);
	query_number(&query, guard->last_failed_at);
	query_number(&query, attempt->locked_now ? attempt->now.wall : 0);
	err = query_run(&query, diag);
	if (err == SFMFA_OK)
		*ret_found = sqlite3_changes(database->handle) > 0;
	return err;
}

/* The row of a caller who has not guessed before is made. */
static enum sfmfa_err
write_guard(struct database *database, const struct store_attempt *attempt, const struct guard *before,
	    struct diag *diag)
{
	bool found = false;
	enum sfmfa_err err = update_guard(database, attempt, &found, diag);

	if (err == SFMFA_OK && !found) {
		err = QUERY_RUN_NUMBERS(database, STATEMENT_GUARD_NEW, diag, attempt->user_id, attempt->caller);
		if (err == SFMFA_OK)
			err = update_guard(database, attempt, &found, diag);
	}
	if (err == SFMFA_OK && attempt->caller != -1 && attempt->guard.last_step != before->last_step)
		err = QUERY_RUN_NUMBERS(database, STATEMENT_GUARD_STEP, diag, attempt->user_id, attempt->guard.last_step);
	if (err == SFMFA_OK && (attempt->guard.locked_at.wall != 0) != (before->locked_at.wall != 0))
		err = QUERY_RUN_NUMBERS(database, STATEMENT_USER_LOCKED, diag, attempt->user_id);
	return err;
}

static enum sfmfa_err
complete_app(struct database *database, struct store_attempt *attempt, struct diag *diag)
{
	enum sfmfa_err err = QUERY_RUN_NUMBERS(database, STATEMENT_USER_COMPLETE, diag, attempt->user_id);

	if (err == SFMFA_OK)
		err = QUERY_RUN_NUMBERS(database, STATEMENT_APP_COMPLETE, diag, attempt->user_id, attempt->now.wall);
	if (err == SFMFA_OK)
		attempt->completed_now = true;
	return err;
}

/* What a right answer uses up and brings about. */
static enum sfmfa_err
consume(struct database *database, struct store_attempt *attempt, const struct standing *standing,
	struct diag *diag)
{
	enum sfmfa_err err = SFMFA_OK;

	if (attempt->kind == ATTEMPT_KIND_TOTP && attempt->complete_app && standing->state == APP_PENDING)
		err = complete_app(database, attempt, diag);
	if (attempt->kind == ATTEMPT_KIND_RECOVERY) {
		QUERY_AUTO query = { 0 };

		query_begin(&query, database, STATEMENT_RECOVERY_USED);
		query_number(&query, attempt->user_id);
		query_bytes(&query, attempt->hash, sizeof attempt->hash);
		err = query_run(&query, diag);
	}
	if (attempt->kind == ATTEMPT_KIND_TOKEN && standing->note_use) {
		QUERY_AUTO query = { 0 };

		query_begin(&query, database, STATEMENT_TOKEN_USED);
		query_number(&query, attempt->token_id);
		query_number(&query, attempt->now.wall);
		query_text(&query, attempt->from);
		err = query_run(&query, diag);
	}
	/* Names of logins are issued to uid 0 only (rules 8). */
	if (err == SFMFA_OK && attempt->caller == -1)
		err = handover_write(database, attempt->user_id, attempt->generation, &attempt->handover,
				     &attempt->now, diag);
	return err;
}

/* A token that is not this user's is nobody's, whatever the attempt says. */
static void
judge(struct store_attempt *attempt, const struct standing *standing)
{
	struct store_attempt evidence = *attempt;

	if (!standing->token_found)
		evidence.token_id = 0;
	attempt->result = guard_attempt(&attempt->guard, &evidence, standing->right, &attempt->locked_now);
}

/* An unknown user has no guard to count in; without a write the answer would come a sync sooner, and tell. */
static enum sfmfa_err
count_nobody(struct database *database, struct store_attempt *attempt, struct diag *diag)
{
	QUERY_AUTO query = { 0 };

	attempt->result = ATTEMPT_RESULT_WRONG;
	query_begin(&query, database, STATEMENT_NOBODY);
	return query_run(&query, diag);
}

enum sfmfa_err
apply_attempt(struct database *database, struct store_attempt *attempt, struct diag *diag)
{
	struct standing standing = { 0 };
	struct guard before;
	enum sfmfa_err err;

	if (attempt->user_id == 0)
		return count_nobody(database, attempt, diag);
	err = read_guard(database, attempt, &standing, diag);
	if (err != SFMFA_OK)
		return err;
	/* Compared with a record that is gone: says nothing, so it is not counted either. */
	if (!standing.found || (standing.generation != attempt->generation &&
				!guard_is_locked(&attempt->guard, &attempt->now))) {
		attempt->result = ATTEMPT_RESULT_WRONG;
		return SFMFA_OK;
	}
	err = check_kind(database, attempt, &standing, diag);
	if (err != SFMFA_OK)
		return err;
	before = attempt->guard;
	judge(attempt, &standing);
	if (memcmp(&before, &attempt->guard, sizeof before) != 0)
		err = write_guard(database, attempt, &before, diag);
	if (err != SFMFA_OK || attempt->result != ATTEMPT_RESULT_RIGHT)
		return err;
	attempt->failed_before = before.failed_since_success;
	return consume(database, attempt, &standing, diag);
}
