#include <stdio.h>

#include "base/text.h"
#include "json.h"
#include "simple.h"
#include "when.h"

#define HOURS_MAX 24

const struct option_spec options_temp_code[] = {
	{ "hours", "N", false, "how long it is valid, 1 to 24" },
	{ NULL, NULL, false, NULL },
};

enum exit_status
command_temp_code(const struct cli *cli, const struct arguments *arguments)
{
	static const struct column columns[] = {
		{ .key = "user" },
		{ .key = "code" },
		{ .key = "expires", .kind = VALUE_TIME },
	};
	REQUEST_AUTO request = { 0 };
	REPLY_AUTO reply = { 0 };
	const char *hours = options_value(arguments, "hours");
	enum exit_status status;
	char until[WHEN_SIZE];
	int64_t number = 0;

	if (hours && text_parse_number(hours, 1, HOURS_MAX, &number) != SFMFA_OK)
		return cli_usage("--hours is a number from 1 to %d, not '%s'", HOURS_MAX, hours);
	request_begin(&request, cli, arguments);
	request_add(&request, "hours", hours);
	status = request_send(&request, &reply);
	if (status != STATUS_DONE)
		return status;
	if (cli->json) {
		json_begin();
		json_print(json_from_record(&reply.all, columns, sizeof columns / sizeof columns[0]));
		return STATUS_DONE;
	}
	puts(record_text(&reply.all, "code") ? record_text(&reply.all, "code") : "");
	if (record_number(&reply.all, "expires", &number)) {
		when_local(number, until);
		cli_say(cli, "Temporary code of %s, valid until %s. It is shown only now.",
			simple_user(arguments, &reply), until);
	}
	return STATUS_DONE;
}

enum exit_status
command_temp_code_expire(const struct cli *cli, const struct arguments *arguments)
{
	return simple_run(cli, arguments, ": the temporary code has ended.");
}
