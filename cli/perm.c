#include <stdio.h>
#include <stdlib.h>

#include "json.h"
#include "list.h"
#include "simple.h"
#include "when.h"

const struct option_spec options_perm_revoke[] = {
	{ "force", NULL, false, "also where another permission held needs it" },
	{ NULL, NULL, false, NULL },
};

/* "profile standard", "permission set imap, muted". */
static char *
granted_by(const struct record *grant)
{
	const char *via = record_text(grant, "via");
	char text[512];

	snprintf(text, sizeof text, "%s%s", via && via[0] ? via : "-",
		 record_flag(grant, "muted") ? ", muted" : "");
	return record_printable(text);
}

/* "/etc/sfmfa/profiles.d/mfa.conf:4", "root, 2026-11-24 03:34:36". */
static char *
where(const struct record *grant)
{
	const char *file = record_text(grant, "file");
	const char *line = record_text(grant, "line");
	const char *by = record_text(grant, "by");
	char when[WHEN_SIZE] = "";
	char text[512] = "-";
	int64_t at = 0;

	if (by && by[0] != '\0') {
		if (record_number(grant, "at", &at) && at != 0)
			when_local(at, when);
		snprintf(text, sizeof text, "by %s%s%s", by, when[0] ? ", " : "", when);
	} else if (file && file[0] != '\0') {
		snprintf(text, sizeof text, "%s%s%s", file, line ? ":" : "", line ? line : "");
	}
	return record_printable(text);
}

enum exit_status
command_perm_list(const struct cli *cli, const struct arguments *arguments)
{
	static const struct column columns[] = {
		{ .key = "permission", .label = "PERMISSION" },
		{ .label = "GRANTED BY", .display = granted_by },
		{ .label = "WHERE", .display = where },
		{ .key = "kind" },
		{ .key = "via" },
		{ .key = "file" },
		{ .key = "line", .kind = VALUE_POSITIVE },
		{ .key = "by" },
		{ .key = "at", .kind = VALUE_TIME },
		{ .key = "muted", .kind = VALUE_FLAG },
	};
	static const struct list list = {
		.begins = "permission",
		.page_by = "after",
		.columns = columns,
		.column_count = sizeof columns / sizeof columns[0],
		.empty = "No permission is in effect.",
	};
	REQUEST_AUTO request = { 0 };

	request_begin(&request, cli, arguments);
	return list_run(&request, &list);
}

/* What was changed, as the daemon tells it under key. */
static void
tell(const struct cli *cli, const struct arguments *arguments, const struct reply *reply, const char *key)
{
	const struct column names = { .key = key, .kind = VALUE_LIST, .none = "nothing" };
	json_t *object;
	char *text;

	if (cli->json) {
		json_begin();
		object = json_from_record(&reply->all, NULL, 0);
		json_member(object, "user", json_from_text(simple_user(arguments, reply)));
		json_member(object, key, json_from_list(&reply->all, key));
		json_print(object);
		return;
	}
	text = record_display(&reply->all, &names);
	cli_say(cli, "%s: %s %s.", simple_user(arguments, reply), text, key);
	free(text);
}

static enum exit_status
change(const struct cli *cli, const struct arguments *arguments,
       enum exit_status (*send)(struct request *request, struct reply *ret_reply), const char *done)
{
	REQUEST_AUTO request = { 0 };
	REPLY_AUTO reply = { 0 };
	enum exit_status status;

	request_begin(&request, cli, arguments);
	for (size_t i = 0; i < arguments->rest_count; i++)
		request_add(&request, "assignment", arguments->rest[i]);
	request_add_options(&request, arguments, "force", NULL);
	status = send(&request, &reply);
	if (status == STATUS_DONE)
		tell(cli, arguments, &reply, done);
	return status;
}

enum exit_status
command_perm_assign(const struct cli *cli, const struct arguments *arguments)
{
	return change(cli, arguments, request_send_for_new_user, "assigned");
}

enum exit_status
command_perm_revoke(const struct cli *cli, const struct arguments *arguments)
{
	return change(cli, arguments, request_send, "revoked");
}
