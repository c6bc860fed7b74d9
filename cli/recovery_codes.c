#include "recovery_codes.h"

#include <stdio.h>

#include "json.h"
#include "simple.h"
#include "terminal.h"

void
recovery_codes_print(const struct record *reply)
{
	size_t columns = terminal_columns(stdout);
	bool two = columns == 0 || columns >= 46;
	const char *code;

	for (size_t n = 0; (code = record_nth(reply, "recovery_code", n)) != NULL; n++) {
		bool last = !record_nth(reply, "recovery_code", n + 1);

		printf("  %s%s", code, two && n % 2 == 0 && !last ? "  " : "\n");
	}
}

enum exit_status
command_recovery_codes_renew(const struct cli *cli, const struct arguments *arguments)
{
	REPLY_AUTO reply = { 0 };
	enum exit_status status = request_simple(cli, arguments, &reply);
	json_t *object;

	if (status != STATUS_DONE)
		return status;
	if (cli->json) {
		json_begin();
		object = json_from_record(&reply.all, NULL, 0);
		json_member(object, "user", json_from_text(simple_user(arguments, &reply)));
		json_member(object, "recovery_codes", json_from_list(&reply.all, "recovery_code"));
		json_print(object);
		return STATUS_DONE;
	}
	cli_say(cli, "Recovery codes of %s. Each works once; older ones are void. They are shown only now:",
		simple_user(arguments, &reply));
	recovery_codes_print(&reply.all);
	return STATUS_DONE;
}
