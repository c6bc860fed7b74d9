/* Reads. None leaves a transaction open: an open reader would keep the log from being reused. */
#include <string.h>

#include "base/text.h"
#include "store/sqlite_private.h"

void
guard_from_row(struct query *query, struct guard *guard)
{
	guard->last_step = query_column(query, 0);
	guard->failures = query_column(query, 1);
	guard->lock_count = query_column(query, 2);
	guard->locked_at.wall = query_column(query, 3);
	guard->locked_at.boot = query_column(query, 4);
	query_column_text(query, 5, guard->locked_at.boot_id, sizeof guard->locked_at.boot_id);
	guard->lock_seconds = query_column(query, 6);
	guard->busy_step = query_column(query, 7);
	guard->compared = query_column(query, 8);
	guard->near_misses = query_column(query, 9);
	guard->failed_since_success = query_column(query, 10);
	guard->last_failed_at = query_column(query, 11);
}

static void
app_from_row(struct query *query, int column, struct user_app *app)
{
	if (app->state == APP_NONE)
		return;
	app->params.algorithm =
		(enum totp_algorithm)query_column_within(query, column, TOTP_SHA1, TOTP_SHA512);
	app->params.digits =
		(unsigned)query_column_within(query, column + 1, TOTP_DIGITS_MIN, TOTP_DIGITS_MAX);
	app->params.period =
		(unsigned)query_column_within(query, column + 2, TOTP_PERIOD_MIN, TOTP_PERIOD_MAX);
	app->sealed_size = query_column_bytes(query, column + 3, app->sealed, sizeof app->sealed);
	app->registered_at = query_column(query, column + 4);
	app->completed_at = query_column(query, column + 5);
}

/* USER_COLUMNS; the assignments are another query, run while this row holds the snapshot. */
static void
user_from_row(struct query *query, struct user_record *user)
{
	int at = GUARD_COLUMN_COUNT;

	memset(user, 0, sizeof *user);
	guard_from_row(query, &user->guard);
	user->id = query_column(query, at++);
	query_column_text(query, at++, user->name, sizeof user->name);
	user->is_virtual = query_column(query, at++) != 0;
	user->frozen = query_column(query, at++) != 0;
	query_column_text(query, at++, user->profile, sizeof user->profile);
	user->generation = query_column(query, at++);
	user->disconnected_by_other = query_column(query, at++) != 0;
	user->app.state = (enum app_state)query_column_within(query, at++, APP_NONE, APP_COMPLETED);
	user->assignment_count = (size_t)query_column_within(query, at++, 0, ASSIGNMENTS_MAX);
	app_from_row(query, at, &user->app);
	at += 6;
	user->token_count = (size_t)query_column_within(query, at++, 0, INT32_MAX);
	user->recovery_codes_left = (size_t)query_column_within(query, at++, 0, INT32_MAX);
	user->temporary_code_until = query_column(query, at);
}

static enum sfmfa_err
read_assignments(struct database *database, struct user_record *user, struct diag *diag)
{
	QUERY_AUTO query = { 0 };
	size_t count = 0;

	query_begin(&query, database, STATEMENT_ASSIGNMENTS);
	query_number(&query, user->id);
	for (; count < user->assignment_count && query_row(&query); count++) {
		struct assignment *assignment = &user->assignments[count];

		assignment->kind =
			(enum assignment_kind)query_column_within(&query, 0, 0, ASSIGNMENT_KIND_COUNT - 1);
		query_column_text(&query, 1, assignment->name, sizeof assignment->name);
		query_column_text(&query, 2, assignment->by, sizeof assignment->by);
		assignment->at = query_column(&query, 3);
	}
	/* The count in the user's row says how many there are; fewer or more is damage, and denies. */
	if (count != user->assignment_count || query_row(&query)) {
		if (query_end(&query, diag) != SFMFA_OK)
			return SFMFA_ERR_STORE;
		return diag_set(diag, SFMFA_ERR_STORE, database->path, 0,
				"assignments do not agree with their count");
	}
	return query_end(&query, diag);
}

enum sfmfa_err
sqlite_read_user(struct store *store, const char *name, int64_t caller, struct user_record *ret_user,
		 struct diag *diag)
{
	struct sqlite_store *sqlite = sqlite_of(store);
	enum sfmfa_err err;
	QUERY_AUTO query = { 0 };

	sqlite_refresh(sqlite);
	query_begin(&query, &sqlite->main, STATEMENT_USER_BY_NAME);
	query_text(&query, name);
	query_number(&query, caller);
	if (query_row(&query)) {
		user_from_row(&query, ret_user);
		err = query_end(&query, diag);
		if (err == SFMFA_OK && ret_user->assignment_count > 0)
			err = read_assignments(&sqlite->main, ret_user, diag);
		if (err != SFMFA_OK)
			memset(ret_user, 0, sizeof *ret_user);
		return err;
	}
	err = query_end(&query, diag);
	if (err != SFMFA_OK)
		return err;
	memset(ret_user, 0, sizeof *ret_user);
	/* A name that does not fit is no user either, and is not cut. */
	err = text_copy(ret_user->name, sizeof ret_user->name, name);
	return err == SFMFA_OK ? SFMFA_ERR_NOT_FOUND
			       : diag_set(diag, SFMFA_ERR_STORE, "", 0, "user name too long");
}

static enum statement
user_page(const struct store_user_filter *filter)
{
	if (filter->locked)
		return STATEMENT_USERS_LOCKED;
	if (filter->frozen)
		return STATEMENT_USERS_FROZEN;
	if (filter->profile != NULL && filter->profile[0] != '\0')
		return STATEMENT_USERS_OF_PROFILE;
	if (filter->state >= 0)
		return STATEMENT_USERS_IN_STATE;
	return STATEMENT_USERS;
}

/* Whether a user who was read meets what the statement did not ask for. */
static bool
user_is_listed(const struct store_user_filter *filter, const struct user_record *user, bool locked)
{
	return (filter->profile == NULL || text_equals(user->profile, filter->profile)) &&
	       (filter->state < 0 || (int)user->app.state == filter->state) && (!filter->frozen || user->frozen) &&
	       (!filter->locked || locked);
}

enum sfmfa_err
sqlite_list_users(struct store *store, const struct store_user_filter *filter, struct user_record *ret_users,
		  size_t *ret_count, char ret_next[USER_NAME_SIZE], struct diag *diag)
{
	struct sqlite_store *sqlite = sqlite_of(store);
	char last[USER_NAME_SIZE] = "";
	enum sfmfa_err err = SFMFA_OK;
	size_t count = 0;
	bool more = true;
	QUERY_AUTO query = { 0 };

	sqlite_refresh(sqlite);
	query_begin(&query, &sqlite->main, user_page(filter));
	query_text(&query, filter->after != NULL ? filter->after : "");
	query_number(&query, LOOKED_MAX + 1);
	query_text(&query, filter->profile);
	query_number(&query, filter->state);
	query_number(&query, filter->locked);
	query_number(&query, filter->now);
	for (size_t looked = 0; err == SFMFA_OK && looked < LOOKED_MAX && count < filter->limit; looked++) {
		struct user_record *user = &ret_users[count];

		more = query_row(&query);
		if (!more)
			break;
		user_from_row(&query, user);
		memcpy(last, user->name, sizeof last);
		if (!user_is_listed(filter, user, query_column(&query, USER_COLUMN_COUNT) != 0))
			continue;
		if (user->assignment_count > 0)
			err = read_assignments(&sqlite->main, user, diag);
		count++;
	}
	if (err == SFMFA_OK)
		err = query_end(&query, diag);
	if (err != SFMFA_OK)
		return err;
	*ret_count = count;
	memcpy(ret_next, more ? last : "", more ? sizeof last : 1);
	return SFMFA_OK;
}

static void
services_from_row(struct query *query, int column, struct token_record *token)
{
	const char *text = query_column_string(query, column);
	size_t size;

	for (; *text != '\0'; text += size + (text[size] != '\0')) {
		size = strcspn(text, "\n");
		if (size >= SERVICE_NAME_SIZE || token->service_count == TOKEN_SERVICES_MAX) {
			query->status = SQLITE_CORRUPT;
			return;
		}
		memcpy(token->services[token->service_count++], text, size);
	}
}

static void
networks_from_row(struct query *query, int column, struct networks *networks)
{
	unsigned char bytes[NETWORKS_BYTES_MAX];
	size_t size = query_column_bytes(query, column, bytes, sizeof bytes);

	if (size % NETWORK_BYTES != 0)
		query->status = SQLITE_CORRUPT;
	networks->count = size / NETWORK_BYTES;
	for (size_t at = 0; at < networks->count; at++) {
		const unsigned char *from = bytes + at * NETWORK_BYTES;

		networks->items[at].local = from[0] != 0;
		networks->items[at].bits = from[1];
		memcpy(networks->items[at].address, from + 2, sizeof networks->items[at].address);
		if (from[0] > 1 || from[1] > 128)
			query->status = SQLITE_CORRUPT;
	}
}

static void
token_from_row(struct query *query, struct token_record *token)
{
	memset(token, 0, sizeof *token);
	token->id = query_column(query, 0);
	token->user_id = query_column(query, 1);
	query_column_text(query, 2, token->label, sizeof token->label);
	if (query_column_bytes(query, 3, token->hash, sizeof token->hash) != sizeof token->hash)
		query->status = SQLITE_CORRUPT;
	token->created_at = query_column(query, 4);
	token->expires_at = query_column(query, 5);
	token->revoked_at = query_column(query, 6);
	token->last_used_at = query_column(query, 7);
	query_column_text(query, 8, token->last_used_from, sizeof token->last_used_from);
	services_from_row(query, 9, token);
	networks_from_row(query, 10, &token->from);
}

enum sfmfa_err
sqlite_find_token(struct store *store, int64_t user_id, const unsigned char hash[HASH_SIZE],
		  struct token_record *ret_token, struct diag *diag)
{
	struct sqlite_store *sqlite = sqlite_of(store);
	struct token_record token;
	enum sfmfa_err err;
	bool found;
	QUERY_AUTO query = { 0 };

	sqlite_refresh(sqlite);
	query_begin(&query, &sqlite->main, STATEMENT_TOKEN_BY_HASH);
	query_number(&query, user_id);
	query_bytes(&query, hash, HASH_SIZE);
	found = query_row(&query);
	if (found)
		token_from_row(&query, &token);
	err = query_end(&query, diag);
	if (err != SFMFA_OK)
		return err;
	if (!found)
		return SFMFA_ERR_NOT_FOUND;
	*ret_token = token;
	return SFMFA_OK;
}

enum sfmfa_err
sqlite_list_tokens(struct store *store, int64_t user_id, int64_t after_id, struct token_record *ret_tokens,
		   size_t max, size_t *ret_count, struct diag *diag)
{
	struct sqlite_store *sqlite = sqlite_of(store);
	enum sfmfa_err err;
	size_t count = 0;
	QUERY_AUTO query = { 0 };

	sqlite_refresh(sqlite);
	query_begin(&query, &sqlite->main, STATEMENT_TOKENS);
	query_number(&query, user_id);
	query_number(&query, after_id);
	query_number(&query, (int64_t)max);
	for (; count < max && query_row(&query); count++)
		token_from_row(&query, &ret_tokens[count]);
	err = query_end(&query, diag);
	if (err == SFMFA_OK)
		*ret_count = count;
	return err;
}

enum sfmfa_err
sqlite_read_key(struct store *store, const char *key_id, void *ret_wrap, size_t max, size_t *ret_size,
		struct diag *diag)
{
	struct sqlite_store *sqlite = sqlite_of(store);
	enum sfmfa_err err;
	size_t size = 0;
	bool found;
	QUERY_AUTO query = { 0 };

	sqlite_refresh(sqlite);
	query_begin(&query, &sqlite->main, STATEMENT_KEY);
	query_text(&query, key_id);
	found = query_row(&query);
	if (found)
		size = query_column_bytes(&query, 0, ret_wrap, max);
	err = query_end(&query, diag);
	if (err != SFMFA_OK)
		return err;
	if (!found)
		return SFMFA_ERR_NOT_FOUND;
	*ret_size = size;
	return SFMFA_OK;
}

/* One number, from a statement without parameters; 0 without a row. */
static enum sfmfa_err
read_number(struct store *store, enum statement statement, int64_t *ret_number, struct diag *diag)
{
	struct sqlite_store *sqlite = sqlite_of(store);
	enum sfmfa_err err;
	int64_t number = 0;
	QUERY_AUTO query = { 0 };

	sqlite_refresh(sqlite);
	query_begin(&query, &sqlite->main, statement);
	if (query_row(&query))
		number = query_column(&query, 0);
	err = query_end(&query, diag);
	if (err == SFMFA_OK)
		*ret_number = number;
	return err;
}

enum sfmfa_err
sqlite_has_keys(struct store *store, bool *ret_any, struct diag *diag)
{
	int64_t any;
	enum sfmfa_err err = read_number(store, STATEMENT_KEY_ANY, &any, diag);

	if (err == SFMFA_OK)
		*ret_any = any != 0;
	return err;
}

enum sfmfa_err
sqlite_count_users(struct store *store, int64_t *ret_count, struct diag *diag)
{
	return read_number(store, STATEMENT_USER_COUNT, ret_count, diag);
}
