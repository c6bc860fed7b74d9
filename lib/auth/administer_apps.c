/* app-list, app-show, app-tokens, app-revoke. */
#include <stdio.h>

#include "auth/administer.h"
#include "auth/app.h"
#include "base/text.h"

enum { AT_START = 0, AT_WRITTEN };

#define GRANTS_PER_PAGE 32
#define LIST_TEXT       4096

static void
flows_text(uint32_t flows, char *text, size_t size)
{
	text[0] = '\0';
	for (unsigned i = 0; i < FLOW_COUNT; i++) {
		if ((flows & FLOW_BIT(i)) != 0 && !administer_join(text, size, flow_key((enum flow)i)))
			return;
	}
}

static void
words_text(const struct words *words, char *text, size_t size)
{
	text[0] = '\0';
	for (size_t i = 0; i < words->count; i++) {
		if (!administer_join(text, size, words->items[i]))
			return;
	}
}

static void
reply_words(struct command *command, const char *key, const struct words *words)
{
	char text[LIST_TEXT];

	words_text(words, text, sizeof(text));
	command_reply_text(command, key, text);
}

/* What everybody may know of an app: by which name to approve it, and what for. */
static void
reply_app(struct command *command, const struct connected_app *app)
{
	char flows[512];

	flows_text(app->flows, flows, sizeof(flows));
	command_reply_text(command, "name", app->name);
	command_reply_text(command, "label", app->label);
	command_reply_text(command, "client_id", app->client_id);
	command_reply_text(command, "flows", flows);
	reply_words(command, "services", &app->services);
	command_reply_text(command, "permitted_users", app->self_authorize ? "self-authorize" : "preapproved");
	command_reply_text(command, "session_level", level_key(app->level));
}

enum turn
administer_app_list(struct command *command, struct input *input)
{
	char after[NAME_SIZE] = "";
	const struct config *config = command->config;
	size_t i = 0;

	(void)input;
	if (!command_arg_text(command, "after", after, sizeof(after)))
		return TURN_DONE;
	while (i < config->app_count && after[0] != '\0' && !text_equals(config->apps[i].name, after))
		i++;
	if (after[0] != '\0')
		i++;
	for (; i < config->app_count && command->reply.size < COMMAND_PAGE_BYTES; i++)
		reply_app(command, &config->apps[i]);
	if (i < config->app_count)
		command_reply_text(command, "next", config->apps[i - 1].name);
	return command_done(command);
}

static void
reply_keys(struct command *command, const struct connected_app *app)
{
	char text[LIST_TEXT] = "", one[128], until[TEXT_TIME_SIZE];

	for (size_t i = 0; i < app->key_count; i++) {
		const struct app_key *key = &app->keys[i];

		text_time_utc(key->not_after, until);
		if (text_format(one, sizeof(one), "%s %s%s%s", key->id, key->elliptic ? "ES256" : "RS256",
				key->not_after != 0 ? " until " : "", key->not_after != 0 ? until : "") == SFMFA_OK)
			(void)administer_join(text, sizeof(text), one);
	}
	command_reply_text(command, "keys", text);
}

enum turn
administer_app_show(struct command *command, struct input *input)
{
	char name[NAME_SIZE] = "", text[LIST_TEXT] = "";
	const struct connected_app *app;

	(void)input;
	if (!command_arg_text(command, "app", name, sizeof(name)))
		return TURN_DONE;
	app = config_find_app(command->config, name);
	if (app == NULL) {
		command_refuse(command, REASON_UNKNOWN_APP, "there is no connected app of this name");
		return TURN_DONE;
	}
	reply_app(command, app);
	command_reply_text(command, "action", app->action == LEVEL_BLOCK ? "block" : "raise");
	reply_keys(command, app);
	for (size_t i = 0; i < app->audience_count; i++) {
		if (!administer_join(text, sizeof(text), app->audiences[i]))
			break;
	}
	command_reply_text(command, "audience", text);
	administer_networks_text(&app->networks, text, sizeof(text));
	command_reply_text(command, "networks", text);
	reply_words(command, "users", &app->members.users);
	reply_words(command, "groups", &app->members.groups);
	reply_words(command, "permission_sets", &app->member_sets);
	command_reply_number(command, "access_token_minutes", app->access_token_minutes);
	command_reply_number(command, "refresh_token_days", app->refresh_token_days);
	command_reply_text(command, "file", app->origin.file);
	return command_done(command);
}

static void
reply_grant(struct command *command, const struct app_grant *grant)
{
	int64_t now = command->now.wall;

	command_reply_number(command, "id", grant->id);
	command_reply_text(command, "app", grant->app);
	command_reply_text(command, "flow", flow_key(grant->flow));
	command_reply_text(command, "level", level_key(grant->level));
	command_reply_number(command, "approved", grant->approved_at);
	command_reply_text(command, "approved_by", grant->approved_by);
	command_reply_number(command, "access_until", grant->access_expires_at > now ? grant->access_expires_at : 0);
	command_reply_number(command, "refresh_until", grant->refresh_expires_at > now ? grant->refresh_expires_at : 0);
	command_reply_number(command, "last_used", grant->last_used_at);
	command_reply_text(command, "from_used", grant->last_used_from);
}

enum turn
administer_app_tokens(struct command *command, struct input *input)
{
	struct app_grant *grants;
	struct diag diag = { 0 };
	int64_t after = 0;
	size_t count = 0, i;
	enum sfmfa_err err;

	(void)input;
	if (!command_arg_number(command, "after", 1, INT64_MAX, &after))
		return TURN_DONE;
	if (command->subject.record.id == 0)
		return command_done(command);
	grants = command_work(command, GRANTS_PER_PAGE * sizeof(*grants));
	if (grants == NULL)
		return TURN_DONE;
	err = store_list_grants(command->env->store, command->subject.record.id, after, grants, GRANTS_PER_PAGE, &count,
				&diag);
	if (err != SFMFA_OK) {
		command_fail(command, err, &diag);
		return TURN_DONE;
	}
	for (i = 0; i < count && command->reply.size < COMMAND_PAGE_BYTES; i++)
		reply_grant(command, &grants[i]);
	if (i > 0 && (i < count || count == GRANTS_PER_PAGE))
		command_reply_number(command, "next", grants[i - 1].id);
	return command_done(command);
}

bool
administer_app_revoke_prepare(struct command *command)
{
	char name[NAME_SIZE] = "";
	int64_t grant = 0;

	if (!command_arg_text(command, "app", name, sizeof(name)) ||
	    !command_arg_number(command, "grant", 1, INT64_MAX, &grant))
		return false;
	if ((name[0] != '\0') == (grant != 0))
		return command_usage(command, "app-revoke takes an app or the number of an approval");
	if (grant != 0)
		command_note(command, "approval %lld", (long long)grant);
	else
		command_note(command, "app %s", name);
	return true;
}

/* An app that is not configured any more can be revoked all the same. */
enum turn
administer_app_revoke(struct command *command, struct input *input)
{
	(void)input;
	if (command->at == AT_START) {
		char *name = command_work(command, NAME_SIZE);

		if (name == NULL || !command_arg_text(command, "app", name, NAME_SIZE))
			return TURN_DONE;
		command_begin_write(command, STORE_APP_REVOKE);
		command->op.change.name = name;
		if (!command_arg_number(command, "grant", 1, INT64_MAX, &command->op.change.number))
			return TURN_DONE;
		command->at = AT_WRITTEN;
		return TURN_WRITE;
	}
	if (command->op.err == SFMFA_ERR_NOT_FOUND) {
		command_refuse(command, REASON_NOT_APPROVED, "%s has approved no such thing", command_user(command));
		return TURN_DONE;
	}
	if (command->op.err != SFMFA_OK)
		return command_write_failed(command);
	command_reply_user(command);
	command_reply_number(command, "count", command->op.change.until);
	return command_done(command);
}
