/* Connected apps: approvals, their tokens, and assertions that were used (rules 5). */
#include <string.h>

#include "base/text.h"
#include "store/sqlite_private.h"

#define GRANT_COLUMN_COUNT 11

/* A token that is used all day is not noted more often than this. */
#define LAST_USED_SECONDS 60
/* Assertions forgotten with each that is remembered: more than come in, so that they do not pile up. */
#define FORGET_AT_ONCE 4

static enum flow
flow_from_column(struct query *query, int column)
{
	char key[NAME_SIZE];
	enum flow flow = FLOW_COUNT;

	query_column_text(query, column, key, sizeof key);
	/* One that this version does not know any more is none that an app could have. */
	return flow_from_key(key, &flow) == SFMFA_OK ? flow : FLOW_COUNT;
}

static void
grant_from_row(struct query *query, struct app_grant *grant)
{
	memset(grant, 0, sizeof *grant);
	grant->id = query_column(query, 0);
	grant->user_id = query_column(query, 1);
	query_column_text(query, 2, grant->app, sizeof grant->app);
	grant->flow = flow_from_column(query, 3);
	grant->level = (enum level)query_column_within(query, 4, LEVEL_STANDARD, LEVEL_HIGH_ASSURANCE);
	grant->approved_at = query_column(query, 5);
	query_column_text(query, 6, grant->approved_by, sizeof grant->approved_by);
	grant->refresh_expires_at = query_column(query, 7);
	grant->access_expires_at = query_column(query, 8);
	grant->last_used_at = query_column(query, 9);
	query_column_text(query, 10, grant->last_used_from, sizeof grant->last_used_from);
}

enum sfmfa_err
sqlite_find_access(struct store *store, const unsigned char hash[HASH_SIZE], struct app_token *ret_token,
		   struct diag *diag)
{
	struct app_token token = { 0 };
	enum sfmfa_err err;
	bool found;
	QUERY_AUTO query = { 0 };

	sqlite_refresh(sqlite_of(store));
	query_begin(&query, &sqlite_of(store)->main, STATEMENT_APP_ACCESS);
	query_bytes(&query, hash, HASH_SIZE);
	found = query_row(&query);
	if (found) {
		grant_from_row(&query, &token.grant);
		token.flow = flow_from_column(&query, GRANT_COLUMN_COUNT);
		token.expires_at = query_column(&query, GRANT_COLUMN_COUNT + 1);
	}
	err = query_end(&query, diag);
	if (err != SFMFA_OK)
		return err;
	if (!found)
		return SFMFA_ERR_NOT_FOUND;
	*ret_token = token;
	return SFMFA_OK;
}

enum sfmfa_err
sqlite_find_family(struct store *store, const unsigned char hash[HASH_SIZE], struct app_grant *ret_grant,
		   struct diag *diag)
{
	struct app_grant grant;
	enum sfmfa_err err;
	bool found;
	QUERY_AUTO query = { 0 };

	sqlite_refresh(sqlite_of(store));
	query_begin(&query, &sqlite_of(store)->main, STATEMENT_APP_FAMILY);
	query_bytes(&query, hash, HASH_SIZE);
	found = query_row(&query);
	if (found)
		grant_from_row(&query, &grant);
	err = query_end(&query, diag);
	if (err != SFMFA_OK)
		return err;
	if (!found)
		return SFMFA_ERR_NOT_FOUND;
	*ret_grant = grant;
	return SFMFA_OK;
}

static enum sfmfa_err
find_approval(struct database *database, int64_t user_id, const char *app, enum flow flow, bool *ret_found,
	      struct diag *diag)
{
	QUERY_AUTO query = { 0 };

	query_begin(&query, database, STATEMENT_APP_APPROVED);
	query_number(&query, user_id);
	query_text(&query, app);
	query_text(&query, flow_key(flow));
	*ret_found = query_row(&query);
	return query_end(&query, diag);
}

enum sfmfa_err
sqlite_find_approval(struct store *store, int64_t user_id, const char *app, enum flow flow, struct diag *diag)
{
	bool found;
	enum sfmfa_err err;

	sqlite_refresh(sqlite_of(store));
	err = find_approval(&sqlite_of(store)->main, user_id, app, flow, &found, diag);
	if (err != SFMFA_OK)
		return err;
	return found ? SFMFA_OK : SFMFA_ERR_NOT_FOUND;
}

enum sfmfa_err
sqlite_list_grants(struct store *store, int64_t user_id, int64_t after_id, struct app_grant *ret_grants, size_t max,
		   size_t *ret_count, struct diag *diag)
{
	enum sfmfa_err err;
	size_t count = 0;
	QUERY_AUTO query = { 0 };

	sqlite_refresh(sqlite_of(store));
	query_begin(&query, &sqlite_of(store)->main, STATEMENT_APP_GRANTS);
	query_number(&query, user_id);
	query_number(&query, after_id);
	query_number(&query, (int64_t)max);
	for (; count < max && query_row(&query); count++)
		grant_from_row(&query, &ret_grants[count]);
	err = query_end(&query, diag);
	if (err == SFMFA_OK)
		*ret_count = count;
	return err;
}

static enum sfmfa_err
note_use(struct database *database, int64_t grant_id, int64_t now, const char *from, struct diag *diag)
{
	QUERY_AUTO query = { 0 };

	query_begin(&query, database, STATEMENT_APP_GRANT_USED);
	query_number(&query, grant_id);
	query_number(&query, now);
	query_text(&query, from != NULL ? from : "");
	return query_run(&query, diag);
}

static enum sfmfa_err
use_token(struct database *database, struct store_credential *credential, struct diag *diag)
{
	int64_t grant_id = 0, expires_at = 0, age = 0;
	char from[HOST_SIZE] = "";
	enum sfmfa_err err;
	bool same_place;
	QUERY_AUTO query = { 0 };

	query_begin(&query, database, STATEMENT_APP_ACCESS_STANDING);
	query_bytes(&query, credential->hash, HASH_SIZE);
	query_number(&query, credential->user_id);
	if (query_row(&query)) {
		grant_id = query_column(&query, 0);
		expires_at = query_column(&query, 1);
		age = credential->now - query_column(&query, 2);
		query_column_text(&query, 3, from, sizeof from);
	}
	err = query_end(&query, diag);
	if (err != SFMFA_OK || grant_id == 0)
		return err;
	if (credential->now >= expires_at) {
		credential->result = CREDENTIAL_RESULT_EXPIRED;
		return SFMFA_OK;
	}
	query_finish(&query);
	same_place = credential->from == NULL || text_equals(from, credential->from);
	if (age < 0 || age > LAST_USED_SECONDS || !same_place)
		err = note_use(database, grant_id, credential->now, credential->from, diag);
	if (err == SFMFA_OK)
		credential->result = CREDENTIAL_RESULT_GOOD;
	return err;
}

/* The row is the proof that nobody else used it: whose insert changes nothing came second. */
static enum sfmfa_err
use_assertion(struct database *database, struct store_credential *credential, struct diag *diag)
{
	enum sfmfa_err err = QUERY_RUN_NUMBERS(database, STATEMENT_APP_ASSERTION_FORGET, diag,
					       credential->now - STORE_ASSERTION_SECONDS, FORGET_AT_ONCE);
	QUERY_AUTO query = { 0 };

	if (err != SFMFA_OK)
		return err;
	query_begin(&query, database, STATEMENT_APP_ASSERTION_NEW);
	query_bytes(&query, credential->hash, HASH_SIZE);
	query_number(&query, credential->expires_at);
	err = query_run(&query, diag);
	if (err == SFMFA_OK)
		credential->result = sqlite3_changes(database->handle) == 1 ? CREDENTIAL_RESULT_GOOD
									    : CREDENTIAL_RESULT_REPLAYED;
	return err;
}

enum sfmfa_err
apply_credential(struct database *database, struct store_credential *credential, struct diag *diag)
{
	bool approved = true;
	enum sfmfa_err err = SFMFA_OK;

	if (credential->token)
		return use_token(database, credential, diag);
	if (credential->app != NULL)
		err = find_approval(database, credential->user_id, credential->app, credential->flow, &approved, diag);
	if (err != SFMFA_OK || !approved)
		return err;
	if (credential->single_use)
		return use_assertion(database, credential, diag);
	credential->result = CREDENTIAL_RESULT_GOOD;
	return SFMFA_OK;
}

static enum sfmfa_err
add_access(struct database *database, int64_t grant_id, const unsigned char hash[HASH_SIZE], enum flow flow,
	   int64_t expires_at, struct diag *diag)
{
	QUERY_AUTO query = { 0 };

	query_begin(&query, database, STATEMENT_APP_ACCESS_NEW);
	query_bytes(&query, hash, HASH_SIZE);
	query_number(&query, grant_id);
	query_text(&query, flow_key(flow));
	query_number(&query, expires_at);
	return query_run(&query, diag);
}

static enum sfmfa_err
count_grants(struct database *database, int64_t user_id, int64_t *ret_count, struct diag *diag)
{
	QUERY_AUTO query = { 0 };

	query_begin(&query, database, STATEMENT_APP_GRANT_COUNT);
	query_number(&query, user_id);
	*ret_count = query_row(&query) ? query_column(&query, 0) : 0;
	return query_end(&query, diag);
}

static enum sfmfa_err
insert_grant(struct database *database, int64_t user_id, const struct store_app_approve *approve, struct diag *diag)
{
	const struct app_grant *grant = &approve->grant;
	int64_t ends_at = 0;
	QUERY_AUTO query = { 0 };

	if (approve->refresh)
		ends_at = grant->refresh_expires_at;
	else if (approve->access)
		ends_at = grant->access_expires_at;
	query_begin(&query, database, STATEMENT_APP_GRANT_NEW);
	query_number(&query, user_id);
	query_text(&query, grant->app);
	query_text(&query, flow_key(grant->flow));
	query_number(&query, grant->level);
	query_number(&query, grant->approved_at);
	query_text(&query, grant->approved_by);
	if (approve->refresh) {
		query_bytes(&query, approve->family_hash, HASH_SIZE);
		query_bytes(&query, approve->refresh_hash, HASH_SIZE);
	} else {
		query_text(&query, NULL);
		query_text(&query, NULL);
	}
	query_number(&query, approve->refresh ? grant->refresh_expires_at : 0);
	query_number(&query, ends_at);
	return query_run(&query, diag);
}

/* Room for one more, made by those that have ended. */
static enum sfmfa_err
make_room(struct database *database, int64_t user_id, const struct store_app_approve *approve, struct diag *diag)
{
	int64_t count;
	bool approved = false;
	enum sfmfa_err err =
		QUERY_RUN_NUMBERS(database, STATEMENT_APP_GRANT_FORGET, diag, user_id, approve->now);

	if (err == SFMFA_OK && !approve->access && !approve->refresh)
		err = find_approval(database, user_id, approve->grant.app, approve->grant.flow, &approved, diag);
	if (err == SFMFA_OK && approved)
		return SFMFA_ERR_EXISTS;
	if (err == SFMFA_OK)
		err = count_grants(database, user_id, &count, diag);
	if (err != SFMFA_OK)
		return err;
	return count < STORE_GRANTS_MAX ? SFMFA_OK : SFMFA_ERR_TOO_LARGE;
}

enum sfmfa_err
apply_app_approve(struct database *database, struct store_app_approve *approve, struct diag *diag)
{
	const struct app_grant *grant = &approve->grant;
	struct row row = { 0 };
	enum sfmfa_err err;

	if (!name_is_usable(grant->app, NAME_SIZE) || (unsigned)grant->flow >= FLOW_COUNT ||
	    strnlen(grant->approved_by, USER_NAME_SIZE) == USER_NAME_SIZE)
		return SFMFA_ERR_INVALID;
	err = row_find(database, approve->user, &row, diag);
	if (err == SFMFA_OK)
		err = make_room(database, row.id, approve, diag);
	if (err == SFMFA_OK)
		err = insert_grant(database, row.id, approve, diag);
	if (err != SFMFA_OK)
		return err;
	approve->id = sqlite3_last_insert_rowid(database->handle);
	if (!approve->access)
		return SFMFA_OK;
	return add_access(database, approve->id, approve->access_hash, grant->flow, grant->access_expires_at, diag);
}

/* What the store holds against a refresh token. */
struct family {
	int64_t id, user_id, expires_at;
	unsigned char hash[HASH_SIZE];
};

static enum sfmfa_err
find_family(struct database *database, const struct store_app_refresh *refresh, struct family *ret_family,
	    struct diag *diag)
{
	QUERY_AUTO query = { 0 };

	query_begin(&query, database, STATEMENT_APP_REFRESH_STANDING);
	query_bytes(&query, refresh->family_hash, HASH_SIZE);
	if (query_row(&query)) {
		ret_family->id = query_column(&query, 0);
		ret_family->user_id = query_column(&query, 1);
		if (query_column_bytes(&query, 2, ret_family->hash, HASH_SIZE) != HASH_SIZE)
			query.status = SQLITE_CORRUPT;
		ret_family->expires_at = query_column(&query, 3);
	}
	return query_end(&query, diag);
}

static enum sfmfa_err
rotate(struct database *database, const struct store_app_refresh *refresh, int64_t id, struct diag *diag)
{
	enum sfmfa_err err;
	QUERY_AUTO query = { 0 };

	query_begin(&query, database, STATEMENT_APP_REFRESH_SET);
	query_number(&query, id);
	query_bytes(&query, refresh->new_refresh_hash, HASH_SIZE);
	query_number(&query, refresh->refresh_expires_at);
	query_number(&query, refresh->now);
	query_text(&query, refresh->from != NULL ? refresh->from : "");
	err = query_run(&query, diag);
	if (err == SFMFA_OK)
		err = QUERY_RUN_NUMBERS(database, STATEMENT_APP_ACCESS_FORGET, diag, id, refresh->now,
					2 * STORE_ACCESS_MAX);
	if (err == SFMFA_OK)
		err = QUERY_RUN_NUMBERS(database, STATEMENT_APP_ACCESS_LIMIT, diag, id, STORE_ACCESS_MAX - 1);
	if (err == SFMFA_OK)
		err = add_access(database, id, refresh->access_hash, FLOW_REFRESH_TOKEN, refresh->access_expires_at,
				 diag);
	return err;
}

enum sfmfa_err
apply_app_refresh(struct database *database, struct store_app_refresh *refresh, struct diag *diag)
{
	struct family family = { 0 };
	enum sfmfa_err err = find_family(database, refresh, &family, diag);

	if (err != SFMFA_OK || family.id == 0 || family.user_id != refresh->user_id)
		return err;
	refresh->id = family.id;
	if (memcmp(family.hash, refresh->refresh_hash, HASH_SIZE) != 0) {
		/* Two have it, and nobody can tell which of them is the thief. */
		err = QUERY_RUN_NUMBERS(database, STATEMENT_APP_GRANT_DELETE, diag, family.id, family.user_id);
		if (err == SFMFA_OK)
			refresh->result = CREDENTIAL_RESULT_REPLAYED;
		return err;
	}
	if (refresh->now >= family.expires_at) {
		refresh->result = CREDENTIAL_RESULT_EXPIRED;
		return SFMFA_OK;
	}
	err = rotate(database, refresh, family.id, diag);
	if (err == SFMFA_OK)
		refresh->result = CREDENTIAL_RESULT_GOOD;
	return err;
}

enum sfmfa_err
apply_app_revoke(struct database *database, int64_t user_id, struct store_op *op, struct diag *diag)
{
	enum sfmfa_err err;
	QUERY_AUTO query = { 0 };

	if (op->change.number != 0) {
		err = QUERY_RUN_NUMBERS(database, STATEMENT_APP_GRANT_DELETE, diag, op->change.number, user_id);
	} else {
		if (!name_is_usable(op->change.name, NAME_SIZE))
			return SFMFA_ERR_INVALID;
		query_begin(&query, database, STATEMENT_APP_GRANTS_OF_APP);
		query_number(&query, user_id);
		query_text(&query, op->change.name);
		err = query_run(&query, diag);
	}
	if (err != SFMFA_OK)
		return err;
	if (sqlite3_changes(database->handle) == 0)
		return SFMFA_ERR_NOT_FOUND;
	op->change.until = sqlite3_changes(database->handle);
	return SFMFA_OK;
}
