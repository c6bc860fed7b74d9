#include <stdio.h>
#include <string.h>

#include "base/secret.h"
#include "json.h"
#include "list.h"
#include "simple.h"
#include "terminal.h"
#include "when.h"

const struct option_spec options_app_approve[] = {
	{ "flow", "FLOW", false, "which flow; default: web-server first" },
	{ "user", "USER", false, "for somebody else, without tokens" },
	{ NULL, NULL, false, NULL },
};

const struct option_spec options_app_revoke[] = {
	{ "grant", "NUMBER", false, "one approval, by its number in 'app tokens'" },
	{ "user", "USER", false, "of somebody else" },
	{ NULL, NULL, false, NULL },
};

const struct option_spec options_app_refresh[] = {
	{ "user", "USER", false, "of somebody else; root only" },
	{ NULL, NULL, false, NULL },
};

/* The user of these commands is an option: the first word is the app. */
static void
begin(struct request *request, const struct cli *cli, const struct arguments *arguments)
{
	struct arguments about = *arguments;

	about.user = options_value(arguments, "user");
	request_begin(request, cli, &about);
}

enum exit_status
command_app_list(const struct cli *cli, const struct arguments *arguments)
{
	static const struct column columns[] = {
		{ .key = "name", .label = "APP" },
		{ .key = "label", .label = "LABEL" },
		{ .key = "client_id" },
		{ .key = "flows", .label = "FLOWS", .kind = VALUE_LIST },
		{ .key = "services", .label = "SERVICES", .kind = VALUE_LIST },
		{ .key = "permitted_users", .label = "PERMITTED" },
		{ .key = "session_level" },
	};
	static const struct list list = {
		.begins = "name",
		.page_by = "after",
		.columns = columns,
		.column_count = sizeof columns / sizeof columns[0],
		.empty = "There are no connected apps.",
	};
	REQUEST_AUTO request = { 0 };

	request_begin(&request, cli, arguments);
	return list_run(&request, &list);
}

enum exit_status
command_app_show(const struct cli *cli, const struct arguments *arguments)
{
	static const struct column columns[] = {
		{ .key = "name", .label = "app" },
		{ .key = "label", .label = "label" },
		{ .key = "client_id", .label = "client id" },
		{ .key = "flows", .label = "flows", .kind = VALUE_LIST },
		{ .key = "services", .label = "services", .kind = VALUE_LIST },
		{ .key = "networks", .label = "networks", .kind = VALUE_LIST, .none = "all" },
		{ .key = "permitted_users", .label = "permitted" },
		{ .key = "users", .label = "users", .kind = VALUE_LIST },
		{ .key = "groups", .label = "groups", .kind = VALUE_LIST },
		{ .key = "permission_sets", .label = "permission sets", .kind = VALUE_LIST },
		{ .key = "session_level", .label = "session level" },
		{ .key = "action", .label = "below that" },
		{ .key = "keys", .label = "keys", .kind = VALUE_LIST, .none = "none" },
		{ .key = "audience", .label = "audience", .kind = VALUE_LIST },
		{ .key = "access_token_minutes", .label = "access minutes", .kind = VALUE_NUMBER },
		{ .key = "refresh_token_days", .label = "refresh days", .kind = VALUE_NUMBER },
		{ .key = "file", .label = "file" },
	};
	REQUEST_AUTO request = { 0 };
	REPLY_AUTO reply = { 0 };
	enum exit_status status;

	request_begin(&request, cli, arguments);
	request_add(&request, "app", arguments->rest[0]);
	status = request_send(&request, &reply);
	if (status != STATUS_DONE)
		return status;
	list_show(cli, &reply.all, columns, sizeof columns / sizeof columns[0]);
	return STATUS_DONE;
}

/* Each token on a line of its own, so that a script can take them; the rest is said on stderr. */
static enum exit_status
show_tokens(const struct cli *cli, const struct arguments *arguments, const struct reply *reply)
{
	static const struct column columns[] = {
		{ .key = "user" },
		{ .key = "app" },
		{ .key = "flow" },
		{ .key = "access_token" },
		{ .key = "expires", .kind = VALUE_TIME },
		{ .key = "refresh_token" },
		{ .key = "refresh_expires", .kind = VALUE_TIME },
	};
	const char *app = record_text(&reply->all, "app");
	const char *access = record_text(&reply->all, "access_token");
	const char *refresh = record_text(&reply->all, "refresh_token");
	char until[WHEN_SIZE];
	int64_t expires = 0;

	if (cli->json) {
		json_begin();
		json_print(json_from_record(&reply->all, columns, sizeof columns / sizeof columns[0]));
		return STATUS_DONE;
	}
	if (!access) {
		cli_say(cli, "%s: app %s is approved.", simple_user(arguments, reply), app ? app : "");
		return STATUS_DONE;
	}
	puts(access);
	if (refresh)
		puts(refresh);
	if (!record_number(&reply->all, "expires", &expires))
		expires = 0;
	when_local(expires, until);
	cli_say(cli, "Access token of app %s, valid until %s%s. Shown only now.", app ? app : "", until,
		refresh ? "; below it the refresh token, which is good once" : "");
	return STATUS_DONE;
}

enum exit_status
command_app_approve(const struct cli *cli, const struct arguments *arguments)
{
	REQUEST_AUTO request = { 0 };
	REPLY_AUTO reply = { 0 };
	enum exit_status status;

	begin(&request, cli, arguments);
	request_add(&request, "app", arguments->rest[0]);
	request_add(&request, "flow", options_value(arguments, "flow"));
	status = request_send(&request, &reply);
	return status == STATUS_DONE ? show_tokens(cli, arguments, &reply) : status;
}

enum exit_status
command_app_refresh(const struct cli *cli, const struct arguments *arguments)
{
	REQUEST_AUTO request = { 0 };
	REPLY_AUTO reply = { 0 };
	SECRET_AUTO token = { 0 };
	enum exit_status status;
	enum sfmfa_err err = terminal_ask("Refresh token: ", false, &token);

	if (err != SFMFA_OK || token.size == 0 || token.size >= sizeof token.bytes)
		return cli_usage("a refresh token is read from the terminal or from standard input");
	token.bytes[token.size] = '\0';
	begin(&request, cli, arguments);
	request_add(&request, "refresh_token", (const char *)token.bytes);
	status = request_send(&request, &reply);
	return status == STATUS_DONE ? show_tokens(cli, arguments, &reply) : status;
}

enum exit_status
command_app_tokens(const struct cli *cli, const struct arguments *arguments)
{
	static const struct column columns[] = {
		{ .key = "id", .label = "NUMBER", .kind = VALUE_NUMBER },
		{ .key = "app", .label = "APP" },
		{ .key = "flow", .label = "FLOW" },
		{ .key = "level" },
		{ .key = "approved", .label = "APPROVED", .kind = VALUE_TIME },
		{ .key = "approved_by" },
		{ .key = "access_until", .label = "ACCESS UNTIL", .kind = VALUE_TIME, .none = "-" },
		{ .key = "refresh_until", .label = "REFRESH UNTIL", .kind = VALUE_TIME, .none = "-" },
		{ .key = "last_used", .label = "LAST USED", .kind = VALUE_TIME, .none = "never" },
		{ .key = "from_used", .label = "FROM" },
	};
	static const struct list list = {
		.begins = "id",
		.page_by = "after",
		.columns = columns,
		.column_count = sizeof columns / sizeof columns[0],
		.empty = "No connected app is approved.",
	};
	REQUEST_AUTO request = { 0 };

	request_begin(&request, cli, arguments);
	return list_run(&request, &list);
}

enum exit_status
command_app_revoke(const struct cli *cli, const struct arguments *arguments)
{
	static const struct column columns[] = {
		{ .key = "user" },
		{ .key = "count", .kind = VALUE_NUMBER },
	};
	REQUEST_AUTO request = { 0 };
	REPLY_AUTO reply = { 0 };
	const char *grant = options_value(arguments, "grant");
	enum exit_status status;
	int64_t count = 0;

	if ((grant != NULL) == (arguments->rest_count == 1))
		return cli_usage("name an app, or one approval with --grant");
	begin(&request, cli, arguments);
	request_add(&request, "grant", grant);
	request_add(&request, "app", grant ? NULL : arguments->rest[0]);
	status = request_send(&request, &reply);
	if (status != STATUS_DONE)
		return status;
	if (cli->json) {
		json_begin();
		json_print(json_from_record(&reply.all, columns, sizeof columns / sizeof columns[0]));
		return STATUS_DONE;
	}
	if (!record_number(&reply.all, "count", &count))
		count = 0;
	cli_say(cli, "%s: %lld approval%s revoked, with all tokens.", simple_user(arguments, &reply), (long long)count,
		count == 1 ? "" : "s");
	return STATUS_DONE;
}
