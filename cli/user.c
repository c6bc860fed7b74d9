#include <stdio.h>
#include <stdlib.h>

#include "base/text.h"
#include "json.h"
#include "list.h"
#include "simple.h"
#include "terminal.h"

const struct option_spec options_user_list[] = {
	{ "profile", "NAME", false, "only users of this profile" },
	{ "state", "STATE", false, "only pending, completed, none, locked or frozen ones" },
	{ NULL, NULL, false, NULL },
};

const struct option_spec options_user_delete[] = {
	{ "yes", NULL, false, "do not ask" },
	{ NULL, NULL, false, NULL },
};

/* "completed", "pending, frozen". */
static char *
state(const struct record *user)
{
	const char *app = record_text(user, "state");
	char text[128];

	snprintf(text, sizeof text, "%s%s%s%s", app ? app : "-",
		 record_flag(user, "frozen") ? ", frozen" : "", record_flag(user, "locked") ? ", locked" : "",
		 record_flag(user, "virtual") ? ", virtual" : "");
	return record_printable(text);
}

enum exit_status
command_user_list(const struct cli *cli, const struct arguments *arguments)
{
	static const struct column columns[] = {
		{ .key = "user", .label = "USER" },
		{ .key = "profile", .label = "PROFILE" },
		{ .key = "registered", .label = "REGISTERED", .kind = VALUE_TIME, .none = "never" },
		{ .label = "STATE", .display = state },
		{ .key = "state" },
		{ .key = "frozen", .kind = VALUE_FLAG },
		{ .key = "locked", .kind = VALUE_FLAG },
		{ .key = "locked_until", .kind = VALUE_TIME },
		{ .key = "virtual", .kind = VALUE_FLAG },
	};
	static const struct list list = {
		.begins = "user",
		.page_by = "after",
		.columns = columns,
		.column_count = sizeof columns / sizeof columns[0],
		.empty = "No users.",
	};
	static const char *const states[] = { "pending", "completed", "none", "locked", "frozen" };
	const char *wanted = options_value(arguments, "state");
	REQUEST_AUTO request = { 0 };
	bool known = !wanted;

	for (size_t i = 0; i < sizeof states / sizeof states[0]; i++)
		known = known || text_equals(wanted, states[i]);
	if (!known)
		return cli_usage("--state is pending, completed, none, locked or frozen, not '%s'", wanted);
	request_begin(&request, cli, arguments);
	request_add(&request, "profile", options_value(arguments, "profile"));
	request_add(&request, "state", wanted);
	return list_run(&request, &list);
}

/* "until 2026-11-24 03:34:36", "until unlocked", "no". */
static char *
lock(const struct record *user)
{
	static const struct column until = { .key = "locked_until", .kind = VALUE_TIME, .none = "unlocked" };
	char text[128];
	char *end;

	if (!record_flag(user, "locked"))
		return record_printable("no");
	end = record_display(user, &until);
	snprintf(text, sizeof text, "until %s", end);
	free(end);
	return record_printable(text);
}

/* "standard (by default)". */
static char *
profile(const struct record *user)
{
	const char *name = record_text(user, "profile");
	const char *how = record_text(user, "profile_how");
	char text[256];

	if (!name || name[0] == '\0')
		return record_printable("-");
	if (!how)
		how = "";
	snprintf(text, sizeof text, "%s%s", name,
		 text_equals(how, "assigned")  ? " (assigned)"
		 : text_equals(how, "users")   ? " (names the user)"
		 : text_equals(how, "groups")  ? " (by group)"
		 : text_equals(how, "default") ? " (by default)"
					       : "");
	return record_printable(text);
}

enum exit_status
command_user_show(const struct cli *cli, const struct arguments *arguments)
{
	static const struct column columns[] = {
		{ .key = "user", .label = "user" },
		{ .key = "known", .label = "known", .kind = VALUE_FLAG },
		{ .key = "virtual", .label = "virtual", .kind = VALUE_FLAG },
		{ .label = "profile", .display = profile },
		{ .key = "profile" },
		{ .key = "profile_how" },
		{ .key = "license", .label = "license" },
		{ .key = "permissions", .label = "permissions", .kind = VALUE_LIST, .none = "none" },
		{ .key = "app", .label = "authenticator app" },
		{ .key = "registered", .label = "registered", .kind = VALUE_TIME, .none = "never" },
		{ .key = "completed", .label = "completed", .kind = VALUE_TIME, .none = "never" },
		{ .key = "algorithm", .label = "algorithm" },
		{ .key = "digits", .label = "digits", .kind = VALUE_POSITIVE },
		{ .key = "period", .label = "period", .kind = VALUE_POSITIVE },
		{ .key = "in_effect", .label = "API MFA in effect", .kind = VALUE_FLAG },
		{ .key = "tokens", .label = "security tokens", .kind = VALUE_NUMBER },
		{ .key = "recovery_codes", .label = "recovery codes", .kind = VALUE_NUMBER },
		{ .key = "temporary_code_until",
		  .label = "temporary code",
		  .kind = VALUE_TIME,
		  .none = "none" },
		{ .key = "frozen", .label = "frozen", .kind = VALUE_FLAG },
		{ .label = "locked", .display = lock },
		{ .key = "locked", .kind = VALUE_FLAG },
		{ .key = "locked_until", .kind = VALUE_TIME },
		{ .key = "failures", .label = "wrong answers", .kind = VALUE_NUMBER },
		{ .key = "last_failed", .label = "last wrong", .kind = VALUE_TIME, .none = "never" },
		{ .key = "fault", .label = "fault", .none = "none" },
	};
	REPLY_AUTO reply = { 0 };
	enum exit_status status = request_simple(cli, arguments, &reply);

	if (status == STATUS_DONE)
		list_show(cli, &reply.all, columns, sizeof columns / sizeof columns[0]);
	return status;
}

enum exit_status
command_user_freeze(const struct cli *cli, const struct arguments *arguments)
{
	return simple_run(cli, arguments, " is frozen: every login is denied.");
}

enum exit_status
command_user_unfreeze(const struct cli *cli, const struct arguments *arguments)
{
	return simple_run(cli, arguments, " is not frozen any more.");
}

enum exit_status
command_user_unlock(const struct cli *cli, const struct arguments *arguments)
{
	static const struct column columns[] = {
		{ .key = "user" },
		{ .key = "clock", .kind = VALUE_FLAG },
	};
	REPLY_AUTO reply = { 0 };
	enum exit_status status = request_simple(cli, arguments, &reply);

	if (status != STATUS_DONE)
		return status;
	if (cli->json) {
		json_begin();
		json_print(json_from_record(&reply.all, columns, sizeof columns / sizeof columns[0]));
		return STATUS_DONE;
	}
	cli_say(cli, "%s is unlocked%s.", simple_user(arguments, &reply),
		record_flag(&reply.all, "clock")
			? "; the time of the last code, which lay in the future, is cleared"
			: "");
	return STATUS_DONE;
}

enum exit_status
command_user_delete(const struct cli *cli, const struct arguments *arguments)
{
	char question[512];
	char name[256];

	if (!options_given(arguments, "yes")) {
		if (!terminal_is_interactive())
			return cli_usage("say --yes to delete without being asked");
		text_printable(name, sizeof name, arguments->user);
		snprintf(question, sizeof question, "Forget everything about %s? [y/N] ", name);
		if (!terminal_confirm(question)) {
			cli_error("nothing was changed");
			return STATUS_REFUSED;
		}
	}
	return simple_run(cli, arguments, " is forgotten.");
}
