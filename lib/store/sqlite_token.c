/* Security tokens: made and revoked. Their use is part of an attempt. */
#include <string.h>

#include "base/text.h"
#include "store/sqlite_private.h"

#define SERVICES_SIZE (TOKEN_SERVICES_MAX * SERVICE_NAME_SIZE)

/* One a line. */
static bool
join_services(char text[SERVICES_SIZE], const struct token_record *token)
{
	size_t used = 0;

	text[0] = '\0';
	if (token->service_count > TOKEN_SERVICES_MAX)
		return false;
	for (size_t at = 0; at < token->service_count; at++) {
		const char *service = token->services[at];
		size_t size = strnlen(service, SERVICE_NAME_SIZE);

		if (size == 0 || size == SERVICE_NAME_SIZE || strchr(service, '\n') != NULL)
			return false;
		if (at > 0)
			text[used++] = '\n';
		memcpy(text + used, service, size + 1);
		used += size;
	}
	return true;
}

static bool
pack_networks(unsigned char bytes[NETWORKS_BYTES_MAX], size_t *ret_size, const struct networks *networks)
{
	if (networks->count > RANGES_MAX)
		return false;
	for (size_t at = 0; at < networks->count; at++) {
		const struct network *network = &networks->items[at];
		unsigned char *to = bytes + at * NETWORK_BYTES;

		if (network->bits > 128)
			return false;
		to[0] = network->local;
		to[1] = (unsigned char)network->bits;
		memcpy(to + 2, network->address, sizeof network->address);
	}
	*ret_size = networks->count * NETWORK_BYTES;
	return true;
}

static enum sfmfa_err
revoke_label(struct database *database, int64_t user_id, const char *label, int64_t now, struct diag *diag)
{
	QUERY_AUTO query = { 0 };

	query_begin(&query, database, STATEMENT_TOKEN_REVOKE);
	query_number(&query, user_id);
	query_text(&query, label);
	query_number(&query, now > 0 ? now : 1);
	return query_run(&query, diag);
}

/* A number out of a statement that takes the user, and a label and the time if it has room for them. */
static enum sfmfa_err
look_up(struct database *database, enum statement statement, int64_t user_id, const char *label, int64_t now,
	int64_t *ret_number, struct diag *diag)
{
	enum sfmfa_err err;
	int64_t number = 0;
	QUERY_AUTO query = { 0 };

	query_begin(&query, database, statement);
	query_number(&query, user_id);
	if (label != NULL) {
		query_text(&query, label);
		query_number(&query, now);
	}
	if (query_row(&query))
		number = query_column(&query, 0);
	err = query_end(&query, diag);
	if (err == SFMFA_OK)
		*ret_number = number;
	return err;
}

/* One that has expired makes room for its label: it is revoked. */
static enum sfmfa_err
free_label(struct database *database, int64_t user_id, const char *label, int64_t now, struct diag *diag)
{
	int64_t taken, count;
	enum sfmfa_err err = look_up(database, STATEMENT_TOKEN_LABEL, user_id, label, now, &taken, diag);

	if (err != SFMFA_OK)
		return err;
	if (taken != 0)
		return SFMFA_ERR_EXISTS;
	err = revoke_label(database, user_id, label, now, diag);
	if (err == SFMFA_OK)
		err = look_up(database, STATEMENT_TOKEN_COUNT, user_id, NULL, 0, &count, diag);
	if (err == SFMFA_OK && count >= STORE_TOKENS_MAX)
		return SFMFA_ERR_TOO_LARGE;
	return err;
}

static enum sfmfa_err
forget_revoked(struct database *database, int64_t user_id, struct diag *diag)
{
	QUERY_AUTO query = { 0 };

	query_begin(&query, database, STATEMENT_TOKEN_FORGET);
	query_number(&query, user_id);
	query_number(&query, STORE_TOKENS_MAX);
	return query_run(&query, diag);
}

enum sfmfa_err
apply_token_new(struct database *database, int64_t user_id, struct store_op *op, struct diag *diag)
{
	struct token_record *token = &op->change.token;
	unsigned char networks[NETWORKS_BYTES_MAX];
	char services[SERVICES_SIZE];
	size_t networks_size = 0;
	enum sfmfa_err err;
	QUERY_AUTO query = { 0 };

	if (!name_is_usable(token->label, NAME_SIZE) || !join_services(services, token) ||
	    !pack_networks(networks, &networks_size, &token->from))
		return SFMFA_ERR_INVALID;
	err = free_label(database, user_id, token->label, op->change.now, diag);
	if (err == SFMFA_OK)
		err = forget_revoked(database, user_id, diag);
	if (err != SFMFA_OK)
		return err;
	query_begin(&query, database, STATEMENT_TOKEN_NEW);
	query_number(&query, user_id);
	query_text(&query, token->label);
	query_bytes(&query, token->hash, sizeof token->hash);
	query_number(&query, token->created_at);
	query_number(&query, token->expires_at);
	query_text(&query, services);
	query_bytes(&query, networks, networks_size);
	err = query_run(&query, diag);
	if (err != SFMFA_OK)
		return err;
	token->id = sqlite3_last_insert_rowid(database->handle);
	token->user_id = user_id;
	return SFMFA_OK;
}

enum sfmfa_err
apply_token_revoke(struct database *database, int64_t user_id, struct store_op *op, struct diag *diag)
{
	int64_t now = op->change.now > 0 ? op->change.now : 1;
	enum sfmfa_err err;
	QUERY_AUTO query = { 0 };

	if (op->change.flag) {
		query_begin(&query, database, STATEMENT_TOKEN_REVOKE_ALL);
		query_number(&query, user_id);
		query_number(&query, now);
		err = query_run(&query, diag);
	} else {
		if (!name_is_usable(op->change.name, NAME_SIZE))
			return SFMFA_ERR_INVALID;
		err = revoke_label(database, user_id, op->change.name, now, diag);
	}
	if (err != SFMFA_OK)
		return err;
	op->change.number = sqlite3_changes(database->handle);
	return op->change.number == 0 && !op->change.flag ? SFMFA_ERR_NOT_FOUND : SFMFA_OK;
}
