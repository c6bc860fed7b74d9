#include "simple.h"

#include "json.h"

const char *
simple_user(const struct arguments *arguments, const struct reply *reply)
{
	const char *user = record_text(&reply->all, "user");

	return user ? user : arguments->user ? arguments->user : "";
}

enum exit_status
simple_run(const struct cli *cli, const struct arguments *arguments, const char *sentence)
{
	REPLY_AUTO reply = { 0 };
	enum exit_status status = request_simple(cli, arguments, &reply);
	const char *user = simple_user(arguments, &reply);
	json_t *object;

	if (status != STATUS_DONE)
		return status;
	if (!cli->json) {
		cli_say(cli, "%s%s", user, sentence);
		return STATUS_DONE;
	}
	json_begin();
	object = json_from_record(&reply.all, NULL, 0);
	json_member(object, "user", json_from_text(user));
	json_print(object);
	return STATUS_DONE;
}
