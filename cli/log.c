#include <stdio.h>
#include <stdlib.h>

#include "base/text.h"
#include "json.h"
#include "list.h"
#include "model/decision.h"
#include "when.h"

const struct option_spec options_log[] = {
	{ "since", "TIME", false, "from then on: a moment, or 2h, 7d ago" },
	{ "until", "TIME", false, "up to then" },
	{ "reason", "REASON", false, "only this reason" },
	{ "login-type", "TYPE", false, "only ui, api or exempt logins" },
	{ "limit", "N", false, "at most so many, the newest; default: all" },
	{ NULL, NULL, false, NULL },
};

static bool
is_admin(const struct record *event)
{
	const char *kind = record_text(event, "kind");

	return kind && text_equals(kind, "admin");
}

static const char *
text_or(const struct record *event, const char *key, const char *none)
{
	const char *text = record_text(event, key);

	return text && text[0] != '\0' ? text : none;
}

/* "allow ok (totp)", "deny factor-wrong", "enroll by root: pending (deny frozen)". */
static char *
outcome(const struct record *event)
{
	const char *verdict = text_or(event, "verdict", "-");
	const char *reason = text_or(event, "reason", "-");
	const char *change = text_or(event, "change", "");
	const char *method = text_or(event, "method", "");
	bool allowed = text_equals(verdict, "allow");
	char text[4096];

	if (is_admin(event))
		snprintf(text, sizeof text, "%s by %s%s%s%s%s", text_or(event, "verb", "-"),
			 text_or(event, "actor", "-"), change[0] ? ": " : "", change,
			 allowed ? "" : ", refused: ", allowed ? "" : reason);
	else
		snprintf(text, sizeof text, "%s %s%s%s%s", verdict, reason, allowed && method[0] ? " (" : "",
			 allowed ? method : "", allowed && method[0] ? ")" : "");
	return record_printable(text);
}

/* Members that only some events have. */
static void
extend(const struct record *event, json_t *object)
{
	static const char *const texts[] = { "app", "flow", "key", "actor", "verb", "change" };
	int64_t caller = 0;

	for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
		const char *text = text_or(event, texts[i], NULL);

		if (text)
			json_member(object, texts[i], json_from_text(text));
	}
	if (record_number(event, "caller", &caller))
		json_member(object, "caller", json_integer(caller));
	if (record_flag(event, "claimed"))
		json_member(object, "claimed", json_true());
	if (!text_equals(text_or(event, "verdict", ""), "allow"))
		json_member(object, "level", json_null());
}

static bool
reason_is_known(const char *typed)
{
	struct nearest nearest = { .typed = typed };
	enum reason reason;

	if (!typed || reason_from_key(typed, &reason) == SFMFA_OK)
		return true;
	for (unsigned r = 0; r < REASON_COUNT; r++)
		nearest_try(&nearest, reason_key((enum reason)r));
	if (nearest.found)
		cli_usage("unknown reason '%s', did you mean '%s'?", typed, nearest.found);
	else
		cli_usage("unknown reason '%s'; sfmfa(1) lists them", typed);
	return false;
}

static bool
type_is_known(const char *type)
{
	if (!type || text_equals(type, "ui") || text_equals(type, "api") || text_equals(type, "exempt"))
		return true;
	cli_usage("--login-type is ui, api or exempt, not '%s'", type);
	return false;
}

/* A time of the command line; false: reported. Not given: *ret stays. */
static bool
read_time(const struct arguments *arguments, const char *option, int64_t now, int64_t *ret_unix)
{
	const char *text = options_value(arguments, option);

	if (!text || when_parse_past(text, now, ret_unix) == SFMFA_OK)
		return true;
	cli_usage("--%s is a moment like '2026-11-24 08:00', or 2h or 7d ago, not '%s'", option, text);
	return false;
}

enum exit_status
command_log(const struct cli *cli, const struct arguments *arguments)
{
	static const struct column columns[] = {
		{ .key = "time", .label = "TIME", .kind = VALUE_TIME },
		{ .key = "user", .label = "USER" },
		{ .key = "service", .label = "SERVICE" },
		{ .key = "login_type" },
		{ .key = "remote", .label = "FROM" },
		{ .key = "method" },
		{ .key = "verdict" },
		{ .key = "level" },
		{ .key = "reason" },
		{ .label = "OUTCOME", .display = outcome },
	};
	struct list list = {
		.begins = "time",
		.page_by = "before",
		.columns = columns,
		.column_count = sizeof columns / sizeof columns[0],
		.empty = "Nothing is recorded.",
		.extend = extend,
	};
	REQUEST_AUTO request = { 0 };
	const char *reason = options_value(arguments, "reason");
	const char *type = options_value(arguments, "login-type");
	const char *limit = options_value(arguments, "limit");
	int64_t since = 0, until = 0;
	int64_t now = when_now();

	if (!read_time(arguments, "since", now, &since) || !read_time(arguments, "until", now, &until) ||
	    !reason_is_known(reason) || !type_is_known(type))
		return STATUS_USAGE;
	if (limit && text_parse_number(limit, 1, 1000000, &list.limit) != SFMFA_OK)
		return cli_usage("--limit is a number from 1 to 1000000, not '%s'", limit);
	request_begin(&request, cli, arguments);
	if (since > 0)
		request_add_number(&request, "since", since);
	if (until > 0)
		request_add_number(&request, "until", until);
	request_add(&request, "reason", reason);
	request_add(&request, "login_type", type);
	request_add(&request, "limit", limit);
	return list_run(&request, &list);
}
