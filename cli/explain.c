#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "json.h"
#include "list.h"
#include "model/login_type.h"
#include "model/permission.h"
#include "request.h"
#include "table.h"
#include "terminal.h"
#include "when.h"

const struct option_spec options_explain[] = {
	{ "service", "SERVICE", false, "the PAM service logged in to" },
	{ "login-type", "ui|api", false, "instead of the one the service is mapped to" },
	{ "from", "ADDRESS", false, "the address of the client" },
	{ "at", "TIME", false, "the moment of the login; default: now" },
	{ "answer", "KIND", false, "what is answered, e.g. totp; default: nothing yet" },
	{ "app", "APP", false, "the connected app that logs in" },
	{ "flow", "FLOW", false, "its flow, e.g. jwt-bearer" },
	{ "session", "LEVEL", false, "as if in a session of the user of this level" },
	{ "with", "PERMISSION", true, "as if this permission were held" },
	{ "without", "PERMISSION", true, "as if this permission were not held" },
	{ "last", NULL, false, "how the last login was decided, nothing supposed" },
	{ NULL, NULL, false, NULL },
};

static bool
kind_is_known(const char *answer)
{
	static const char *const kinds[] = { "none",        "totp",          "totp-wrong",     "token",
					     "token-wrong", "recovery-code", "temporary-code", "register",
					     "ui-session",  "access-token",  "refresh-token",  "jwt",
					     "flow" };

	for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
		if (text_equals(answer, kinds[i]))
			return true;
	}
	return false;
}

static bool
permissions_are_known(const struct arguments *arguments)
{
	for (size_t i = 0; i < arguments->given_count; i++) {
		const struct given *given = &arguments->given[i];
		struct nearest nearest = { .typed = given->value };
		enum permission permission;

		if (!text_equals(given->option->name, "with") && !text_equals(given->option->name, "without"))
			continue;
		if (permission_from_name(given->value, &permission) == SFMFA_OK)
			continue;
		for (unsigned p = 0; p < PERMISSION_COUNT; p++)
			nearest_try(&nearest, permission_info((enum permission)p)->key);
		if (nearest.found)
			cli_usage("unknown permission '%s', did you mean '%s'?", given->value, nearest.found);
		else
			cli_usage("unknown permission '%s'", given->value);
		return false;
	}
	return true;
}

/* Sentences with the lines they come from. */
static void
print_because(const struct record *reply, size_t width)
{
	struct record because;
	size_t at = 0;

	while (record_next(reply, "text", &at, &because)) {
		TABLE_AUTO table = { .columns = 2 };
		const char *file = record_text(&because, "file");
		const char *line = record_text(&because, "line");
		char where[512] = "";
		char *cells[2] = { record_printable("  -"), record_printable(because.pairs[0].value) };

		table_add(&table, cells);
		if (file && file[0] != '\0') {
			snprintf(where, sizeof where, "%s%s%s", file, line ? ":" : "", line ? line : "");
			cells[0] = record_printable("   ");
			cells[1] = record_printable(where);
			table_add(&table, cells);
		}
		table_print_plain(&table, stdout, width);
	}
}

static void
print_people(const struct record *reply)
{
	static const struct column columns[] = {
		{ .key = "verdict", .label = "verdict" },
		{ .key = "reason", .label = "reason" },
		{ .key = "level", .label = "level" },
		{ .key = "factor", .label = "acceptable", .kind = VALUE_LIST, .none = "nothing" },
	};
	TABLE_AUTO table = { .columns = 2 };
	const char *summary = record_text(reply, "summary");
	size_t width = terminal_columns(stdout);

	for (size_t i = 0; i < sizeof columns / sizeof columns[0]; i++) {
		char *cells[2] = { record_printable(columns[i].label), record_display(reply, &columns[i]) };

		table_add(&table, cells);
	}
	table_print_plain(&table, stdout, width);
	if (record_text(reply, "text"))
		puts("because");
	print_because(reply, width);
	if (summary && summary[0] != '\0') {
		TABLE_AUTO last = { .columns = 1 };
		char *cells[1] = { record_printable(summary) };

		table_add(&last, cells);
		table_print_plain(&last, stdout, width);
	}
}

static void
print_json(const struct record *reply)
{
	static const struct column columns[] = {
		{ .key = "verdict" },
		{ .key = "level" },
		{ .key = "reason" },
	};
	static const struct column sentence[] = {
		{ .key = "text" },
		{ .key = "file" },
		{ .key = "line", .kind = VALUE_POSITIVE },
	};
	struct record because;
	json_t *object, *list;
	size_t at = 0;

	json_begin();
	object = json_from_record(reply, columns, sizeof columns / sizeof columns[0]);
	json_member(object, "factors", json_from_list(reply, "factor"));
	list = json_from_list(reply, "");
	while (record_next(reply, "text", &at, &because))
		json_append(list, json_from_record(&because, sentence, sizeof sentence / sizeof sentence[0]));
	json_member(object, "because", list);
	json_print(object);
}

static bool
is_allowed(const struct record *reply)
{
	const char *verdict = record_text(reply, "verdict");

	return verdict && text_equals(verdict, "allow");
}

/* "The code was right for 10:31:00, 94 seconds before." */
static void
print_offset(const struct record *reply)
{
	char when[WHEN_SIZE];
	int64_t right_at, off_by;

	if (!record_number(reply, "right_at", &right_at) || !record_number(reply, "off_by", &off_by))
		return;
	when_local(right_at, when);
	printf("The code was right for %s, %lld seconds %s: the clock of the phone, or of this host, is wrong.\n",
	       strrchr(when, ' ') ? strrchr(when, ' ') + 1 : when, (long long)(off_by < 0 ? -off_by : off_by),
	       off_by < 0 ? "before" : "after");
}

static enum exit_status
explain_last(const struct cli *cli, const struct arguments *arguments)
{
	static const struct column columns[] = {
		{ .key = "time", .label = "time", .kind = VALUE_TIME },
		{ .key = "user" },
		{ .key = "service", .label = "service" },
		{ .key = "login_type", .label = "login type" },
		{ .key = "remote", .label = "remote" },
		{ .key = "method", .label = "method" },
		{ .key = "verdict", .label = "verdict" },
		{ .key = "level", .label = "level" },
		{ .key = "reason", .label = "reason" },
		{ .key = "summary", .label = "that is" },
		{ .key = "right_at", .kind = VALUE_TIME },
		{ .key = "off_by", .kind = VALUE_NUMBER },
	};
	REQUEST_AUTO request = { 0 };
	REPLY_AUTO reply = { 0 };
	enum exit_status status;

	if (arguments->given_count > 1)
		return cli_usage("--last is about a login that was: nothing can be supposed");
	request_begin(&request, cli, arguments);
	request_add(&request, "last", "1");
	status = request_send(&request, &reply);
	if (status != STATUS_DONE)
		return status;
	if (cli->json || !cli->quiet)
		list_show(cli, &reply.all, columns, sizeof columns / sizeof columns[0]);
	if (!cli->json && !cli->quiet)
		print_offset(&reply.all);
	return is_allowed(&reply.all) ? STATUS_DONE : STATUS_REFUSED;
}

enum exit_status
command_explain(const struct cli *cli, const struct arguments *arguments)
{
	REQUEST_AUTO request = { 0 };
	REPLY_AUTO reply = { 0 };
	const char *type = options_value(arguments, "login-type");
	const char *at = options_value(arguments, "at");
	const char *answer = options_value(arguments, "answer");
	enum exit_status status;
	int64_t moment = 0;

	if (options_given(arguments, "last"))
		return explain_last(cli, arguments);
	if (type && !text_equals(type, login_type_key(LOGIN_UI)) &&
	    !text_equals(type, login_type_key(LOGIN_API)))
		return cli_usage("--login-type is ui or api, not '%s'", type);
	if (at && when_parse_moment(at, when_now(), &moment) != SFMFA_OK)
		return cli_usage("--at is a moment like 2026-11-24T08:00:00Z or '2026-11-24 08:00', not '%s'",
				 at);
	if (answer && !kind_is_known(answer))
		return cli_usage("--answer is none, totp, totp-wrong, token, token-wrong, recovery-code, "
				 "temporary-code, register, or of a connected app ui-session, access-token, "
				 "refresh-token, jwt or flow, not '%s'",
				 answer);
	if (!permissions_are_known(arguments))
		return STATUS_USAGE;
	request_begin(&request, cli, arguments);
	request_add(&request, "service", options_value(arguments, "service"));
	request_add(&request, "login_type", type);
	request_add(&request, "from", options_value(arguments, "from"));
	if (at)
		request_add_number(&request, "at", moment);
	request_add(&request, "answer", answer);
	request_add(&request, "app", options_value(arguments, "app"));
	request_add(&request, "flow", options_value(arguments, "flow"));
	request_add(&request, "session", options_value(arguments, "session"));
	request_add_options(&request, arguments, "with", NULL);
	request_add_options(&request, arguments, "without", NULL);
	status = request_send(&request, &reply);
	if (status != STATUS_DONE)
		return status;
	if (cli->json)
		print_json(&reply.all);
	else if (!cli->quiet)
		print_people(&reply.all);
	return is_allowed(&reply.all) ? STATUS_DONE : STATUS_REFUSED;
}
