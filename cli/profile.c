#include "json.h"
#include "list.h"
#include "simple.h"

enum exit_status
command_profile_list(const struct cli *cli, const struct arguments *arguments)
{
	static const struct column columns[] = {
		{ .key = "name", .label = "NAME" },
		{ .key = "label", .label = "LABEL" },
		{ .key = "license", .label = "LICENSE" },
		{ .key = "priority", .label = "PRIORITY", .kind = VALUE_NUMBER },
		{ .key = "permissions", .label = "PERMISSIONS", .kind = VALUE_LIST, .none = "none" },
		{ .key = "file" },
	};
	static const struct list list = {
		.begins = "name",
		.page_by = "after",
		.columns = columns,
		.column_count = sizeof columns / sizeof columns[0],
		.empty = "There are no profiles.",
	};
	REQUEST_AUTO request = { 0 };

	request_begin(&request, cli, arguments);
	return list_run(&request, &list);
}

enum exit_status
command_profile_show(const struct cli *cli, const struct arguments *arguments)
{
	static const struct column columns[] = {
		{ .key = "name", .label = "name" },
		{ .key = "label", .label = "label" },
		{ .key = "license", .label = "license" },
		{ .key = "priority", .label = "priority", .kind = VALUE_NUMBER },
		{ .key = "permissions", .label = "permissions", .kind = VALUE_LIST, .none = "none" },
		{ .key = "members", .label = "members", .none = "none" },
		{ .key = "hours", .label = "login hours", .none = "always" },
		{ .key = "ranges", .label = "login IP ranges", .kind = VALUE_LIST, .none = "everywhere" },
		{ .key = "required_level", .label = "required level" },
		{ .key = "second_factors", .label = "API second factors", .kind = VALUE_LIST },
		{ .key = "file", .label = "file" },
	};
	REQUEST_AUTO request = { 0 };
	REPLY_AUTO reply = { 0 };
	enum exit_status status;

	request_begin(&request, cli, arguments);
	request_add(&request, "profile", arguments->rest[0]);
	status = request_send(&request, &reply);
	if (status == STATUS_DONE)
		list_show(cli, &reply.all, columns, sizeof columns / sizeof columns[0]);
	return status;
}

/* Which profile is in force now. */
static void
tell(const struct cli *cli, const struct arguments *arguments, const struct reply *reply)
{
	static const struct column columns[] = {
		{ .key = "user" },
		{ .key = "profile" },
	};
	const char *profile = record_text(&reply->all, "profile");

	if (cli->json) {
		json_begin();
		json_print(json_from_record(&reply->all, columns, sizeof columns / sizeof columns[0]));
		return;
	}
	cli_say(cli, "%s: the profile is %s now.", simple_user(arguments, reply),
		profile ? profile : "unknown");
}

enum exit_status
command_profile_assign(const struct cli *cli, const struct arguments *arguments)
{
	REQUEST_AUTO request = { 0 };
	REPLY_AUTO reply = { 0 };
	enum exit_status status;

	request_begin(&request, cli, arguments);
	request_add(&request, "profile", arguments->rest[0]);
	status = request_send_for_new_user(&request, &reply);
	if (status == STATUS_DONE)
		tell(cli, arguments, &reply);
	return status;
}

enum exit_status
command_profile_unassign(const struct cli *cli, const struct arguments *arguments)
{
	REPLY_AUTO reply = { 0 };
	enum exit_status status = request_simple(cli, arguments, &reply);

	if (status == STATUS_DONE)
		tell(cli, arguments, &reply);
	return status;
}
