/* token-new, token-list, token-revoke, and the revocation after a password change (rules 1, 2, 4). */
#include <stdlib.h>
#include <string.h>

#include "auth/administer.h"
#include "auth/contexts.h"
#include "base/text.h"
#include "factor/token.h"

#define DEFAULT_LABEL   "default"
#define TOKENS_PER_USER 64 /* of those that are not revoked: people make their own without asking */
#define TOKENS_PER_PAGE 16
#define EXPIRES_MAX     (INT64_C(100) * 366 * 86400) /* seconds */
#define SERVICES_TEXT   (TOKEN_SERVICES_MAX * SERVICE_NAME_SIZE)
#define NETWORKS_TEXT   (RANGES_MAX * 52)

enum { AT_START = 0, AT_WRITTEN };

struct new_token {
	struct token_record record;
	struct secret secret;
};

/* Where a token of one's own would open what was closed, or could not be used at all (rules 2). */
static bool
may_make_own(struct command *command)
{
	const struct standing *standing = &command->subject;

	if (permission_in(standing->effective->permissions, PERMISSION_API_ONLY_USER))
		return command_refuse(command, REASON_API_ONLY,
				      "an API-only user gets security tokens from an administrator");
	if (administer_in_effect(standing) &&
	    (standing->profile->api.second_factors & FACTOR_BIT(FACTOR_SECURITY_TOKEN)) == 0)
		return command_refuse(
			command, REASON_FACTOR_WRONG,
			"your API logins take a code of your authenticator app, not a security token");
	if (standing->profile->has_ranges)
		return command_refuse(
			command, REASON_LOGIN_IP,
			"your profile has login IP ranges: security tokens come from an administrator");
	return true;
}

static bool
read_services(struct command *command, struct token_record *token)
{
	struct field field;
	size_t at = 0;

	while (fields_next(&command->args, &at, &field)) {
		if (!field_is(&field, "service"))
			continue;
		if (token->service_count == TOKEN_SERVICES_MAX)
			return command_usage(command, "a token has at most %d services", TOKEN_SERVICES_MAX);
		if (field_text(&field, token->services[token->service_count], SERVICE_NAME_SIZE) !=
			    SFMFA_OK ||
		    !text_is_name(token->services[token->service_count]))
			return command_usage(command, "service must be the name of a PAM service");
		token->service_count++;
	}
	return true;
}

static bool
read_networks(struct command *command, struct token_record *token)
{
	char text[HOST_SIZE];
	struct field field;
	size_t at = 0;

	while (fields_next(&command->args, &at, &field)) {
		if (!field_is(&field, "from"))
			continue;
		if (token->from.count == RANGES_MAX)
			return command_usage(command, "a token has at most %d networks", RANGES_MAX);
		if (field_text(&field, text, sizeof(text)) != SFMFA_OK ||
		    network_parse(text, &token->from.items[token->from.count]) != SFMFA_OK)
			return command_usage(command,
					     "from must be a network such as 10.0.0.0/8, or \"local\"");
		token->from.count++;
	}
	return true;
}

bool
administer_token_new_prepare(struct command *command)
{
	struct new_token *token = command_work(command, sizeof(*token));
	int64_t expires = 0;

	if (token == NULL)
		return false;
	if (text_copy(token->record.label, sizeof(token->record.label), DEFAULT_LABEL) != SFMFA_OK)
		return command_fail(command, SFMFA_ERR_INTERNAL, NULL);
	if (!command_arg_text(command, "label", token->record.label, sizeof(token->record.label)) ||
	    !command_arg_number(command, "expires", 1, EXPIRES_MAX, &expires) ||
	    !read_services(command, &token->record) || !read_networks(command, &token->record))
		return false;
	if (!administer_is_plausible(token->record.label))
		return command_usage(command, "a label is a short text without control characters");
	if (command->self && !may_make_own(command))
		return false;
	if (command->subject.record.token_count >= TOKENS_PER_USER)
		return command_refuse(command, REASON_CONFIGURATION,
				      "%s has %d security tokens: revoke some first", command_user(command),
				      TOKENS_PER_USER);
	if (!command->env->keyring.ready)
		return command_fail(command, SFMFA_ERR_CRYPTO, NULL);
	token->record.created_at = command->now.wall;
	token->record.expires_at = expires > 0 ? command->now.wall + expires : 0;
	command_note(command, "security token %s", token->record.label);
	return true;
}

enum turn
administer_token_new(struct command *command, struct input *input)
{
	struct new_token *token = command->work;
	enum sfmfa_err err;

	(void)input;
	if (command->at == AT_START) {
		err = token_generate(random_below, &token->secret);
		if (err == SFMFA_OK)
			err = keyed_hash(&command->env->keyring, CONTEXT_TOKEN, token->secret.bytes,
					 token->secret.size, token->record.hash);
		if (err != SFMFA_OK) {
			command_fail(command, err, NULL);
			return TURN_DONE;
		}
		command_begin_write(command, STORE_TOKEN_NEW);
		command->op.change.token = token->record;
		command->at = AT_WRITTEN;
		return TURN_WRITE;
	}
	if (command->op.err == SFMFA_ERR_EXISTS) {
		command_refuse(command, REASON_CONFIGURATION,
			       "%s has a security token labelled %s: revoke it first", command_user(command),
			       token->record.label);
		return TURN_DONE;
	}
	if (command->op.err != SFMFA_OK)
		return command_write_failed(command);
	command_reply_user(command);
	command_reply_text(command, "label", token->record.label);
	command_reply_secret(command, "token", &token->secret);
	command_reply_number(command, "expires", token->record.expires_at);
	return command_done(command);
}

static void
reply_token(struct command *command, const struct token_record *token)
{
	char services[SERVICES_TEXT] = "";
	char networks[NETWORKS_TEXT];

	for (size_t i = 0; i < token->service_count; i++) {
		if (!administer_join(services, sizeof(services), token->services[i]))
			break;
	}
	administer_networks_text(&token->from, networks, sizeof(networks));
	command_reply_text(command, "label", token->label);
	command_reply_number(command, "created", token->created_at);
	command_reply_number(command, "expires", token->expires_at);
	command_reply_number(command, "last_used", token->last_used_at);
	command_reply_text(command, "from_used", token->last_used_from);
	command_reply_text(command, "services", services);
	command_reply_text(command, "networks", networks);
}

enum turn
administer_token_list(struct command *command, struct input *input)
{
	struct diag diag = { 0 };
	struct token_record *tokens;
	int64_t after = 0;
	size_t count = 0, i;
	enum sfmfa_err err;

	(void)input;
	if (!command_arg_number(command, "after", 1, INT64_MAX, &after))
		return TURN_DONE;
	if (command->subject.record.id == 0)
		return command_done(command);
	tokens = command_work(command, TOKENS_PER_PAGE * sizeof(*tokens));
	if (tokens == NULL)
		return TURN_DONE;
	err = store_list_tokens(command->env->store, command->subject.record.id, after, tokens,
				TOKENS_PER_PAGE, &count, &diag);
	if (err != SFMFA_OK) {
		command_fail(command, err, &diag);
		return TURN_DONE;
	}
	for (i = 0; i < count && command->reply.size < COMMAND_PAGE_BYTES; i++)
		reply_token(command, &tokens[i]);
	if (i > 0 && (i < count || count == TOKENS_PER_PAGE))
		command_reply_number(command, "next", tokens[i - 1].id);
	return command_done(command);
}

bool
administer_token_revoke_prepare(struct command *command)
{
	char label[NAME_SIZE] = "";
	bool all = false;

	if (!command_arg_text(command, "label", label, sizeof(label)) ||
	    !command_arg_flag(command, "all", &all))
		return false;
	if (all == (label[0] != '\0'))
		return command_usage(command, "token-revoke takes a label or all");
	command_note(command, "security token %s", all ? "(all)" : label);
	return true;
}

enum turn
administer_token_revoke(struct command *command, struct input *input)
{
	char *label = command->work;
	bool all = !fields_has(&command->args, "label");

	(void)input;
	if (command->at == AT_START) {
		label = command_work(command, NAME_SIZE);
		if (label == NULL || !command_arg_text(command, "label", label, NAME_SIZE))
			return TURN_DONE;
		command_begin_write(command, STORE_TOKEN_REVOKE);
		command->op.change.name = label;
		command->op.change.flag = all;
		command->at = AT_WRITTEN;
		return TURN_WRITE;
	}
	if (command->op.err == SFMFA_ERR_NOT_FOUND && !all) {
		command_refuse(command, REASON_CONFIGURATION, "%s has no security token labelled %s",
			       command_user(command), label);
		return TURN_DONE;
	}
	if (command->op.err != SFMFA_OK && command->op.err != SFMFA_ERR_NOT_FOUND)
		return command_write_failed(command);
	command_reply_user(command);
	command_reply_number(command, "count", command->op.err == SFMFA_OK ? command->op.change.number : 0);
	return command_done(command);
}

/* Tokens die at a password change through PAM (rules 4); nothing else does. */
enum turn
administer_password_changed(struct command *command, struct input *input)
{
	int64_t count;

	(void)input;
	if (command->at == AT_START) {
		if (command->config->settings.tokens_survive_password_change ||
		    command->subject.record.token_count == 0) {
			command->quiet = true;
			command_reply_number(command, "count", 0);
			return command_done(command);
		}
		command_begin_write(command, STORE_TOKEN_REVOKE);
		command->op.change.name = "";
		command->op.change.flag = true;
		command->at = AT_WRITTEN;
		return TURN_WRITE;
	}
	if (command->op.err != SFMFA_OK && command->op.err != SFMFA_ERR_NOT_FOUND)
		return command_write_failed(command);
	count = command->op.err == SFMFA_OK ? command->op.change.number : 0;
	command_reply_number(command, "count", count);
	command_note(command, "security tokens revoked after a password change: %lld", (long long)count);
	/* Programs that stored them stop here: the person who changed the password is the one to know. */
	if (count > 0 && text_format(command->ask.info, sizeof(command->ask.info),
				     "%lld security token%s that went with your old password %s revoked.",
				     (long long)count, count == 1 ? "" : "s", count == 1 ? "was" : "were") != SFMFA_OK)
		command->ask.info[0] = '\0';
	return command_done(command);
}
