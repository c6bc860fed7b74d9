#include <stdio.h>

#include "base/text.h"
#include "list.h"

/* "stale: /etc/sfmfa/sfmfa.conf:12: unknown key", "ok". */
static char *
configuration(const struct record *status)
{
	const char *word = record_text(status, "config");
	const char *file = record_text(status, "config_file");
	const char *line = record_text(status, "config_line");
	const char *why = record_text(status, "config_text");
	bool has_file = file && file[0] != '\0';
	bool has_line = has_file && line && !text_equals(line, "0");
	char text[1024];

	snprintf(text, sizeof text, "%s%s%s%s%s%s%s", word ? word : "unknown", has_file || why ? ": " : "",
		 has_file ? file : "", has_line ? ":" : "", has_line ? line : "", has_file && why ? ": " : "",
		 why ? why : "");
	return record_printable(text);
}

enum exit_status
command_status(const struct cli *cli, const struct arguments *arguments)
{
	static const struct column columns[] = {
		{ .key = "ok", .label = "well", .kind = VALUE_FLAG },
		{ .label = "configuration", .display = configuration },
		{ .key = "config" },
		{ .key = "config_file" },
		{ .key = "config_line", .kind = VALUE_POSITIVE },
		{ .key = "config_text" },
		{ .key = "store", .label = "store" },
		{ .key = "keys", .label = "keys" },
		{ .key = "users", .label = "users", .kind = VALUE_NUMBER },
		{ .key = "version", .label = "version" },
		{ .key = "session_user", .label = "session of", .none = "not recorded" },
		{ .key = "session_service", .label = "session at" },
		{ .key = "session_level", .label = "session level" },
		{ .key = "session_method", .label = "session proved by" },
		{ .key = "session_opened", .label = "session opened", .kind = VALUE_TIME },
		{ .key = "session_proved", .label = "session proved", .kind = VALUE_TIME, .none = "never" },
		{ .key = "session_login_type" },
	};
	REPLY_AUTO reply = { 0 };
	enum exit_status status = request_simple(cli, arguments, &reply);

	if (status != STATUS_DONE)
		return status;
	if (cli->json || !cli->quiet)
		list_show(cli, &reply.all, columns, sizeof columns / sizeof columns[0]);
	return record_flag(&reply.all, "ok") ? STATUS_DONE : STATUS_REFUSED;
}
