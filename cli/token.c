#include <stdio.h>

#include "json.h"
#include "list.h"
#include "model/network.h"
#include "simple.h"
#include "when.h"

const struct option_spec options_token_new[] = {
	{ "label", "LABEL", false, "what the token is called; default: a number" },
	{ "expires", "SPAN|TIME", false, "when it ends: 90d, 12h, 2027-01-31; default: never" },
	{ "service", "SERVICE", true, "a PAM service it is for; default: all" },
	{ "from", "CIDR", true, "a network it may be used from; default: all" },
	{ NULL, NULL, false, NULL },
};

const struct option_spec options_token_revoke[] = {
	{ "all", NULL, false, "every token of the user" },
	{ NULL, NULL, false, NULL },
};

/* A mistyped network must not wait for the daemon to be noticed. */
static bool
networks_are_good(const struct arguments *arguments)
{
	struct network network;

	for (size_t i = 0; i < arguments->given_count; i++) {
		const struct given *given = &arguments->given[i];

		if (given->option == &options_token_new[3] &&
		    network_parse(given->value, &network) != SFMFA_OK) {
			cli_usage("--from is a network like 10.0.0.0/8 or 2001:db8::/32, not '%s'",
				  given->value);
			return false;
		}
	}
	return true;
}

enum exit_status
command_token_new(const struct cli *cli, const struct arguments *arguments)
{
	static const struct column columns[] = {
		{ .key = "user" },
		{ .key = "label" },
		{ .key = "token" },
		{ .key = "expires", .kind = VALUE_TIME },
	};
	REQUEST_AUTO request = { 0 };
	REPLY_AUTO reply = { 0 };
	const char *expires = options_value(arguments, "expires");
	enum exit_status status;
	int64_t seconds = 0;

	if (expires && when_parse_future(expires, when_now(), &seconds) != SFMFA_OK)
		return cli_usage("--expires is a span like 90d or a moment to come, not '%s'", expires);
	if (!networks_are_good(arguments))
		return STATUS_USAGE;
	request_begin(&request, cli, arguments);
	request_add(&request, "label", options_value(arguments, "label"));
	if (expires)
		request_add_number(&request, "expires", seconds);
	request_add_options(&request, arguments, "service", NULL);
	request_add_options(&request, arguments, "from", NULL);
	status = request_send_for_new_user(&request, &reply);
	if (status != STATUS_DONE)
		return status;
	if (cli->json) {
		json_begin();
		json_print(json_from_record(&reply.all, columns, sizeof columns / sizeof columns[0]));
		return STATUS_DONE;
	}
	puts(record_text(&reply.all, "token") ? record_text(&reply.all, "token") : "");
	cli_say(cli,
		"Security token '%s' of %s. It goes right after the password, with nothing between. It is "
		"shown only now.",
		record_text(&reply.all, "label") ? record_text(&reply.all, "label") : "",
		simple_user(arguments, &reply));
	return STATUS_DONE;
}

enum exit_status
command_token_list(const struct cli *cli, const struct arguments *arguments)
{
	static const struct column columns[] = {
		{ .key = "label", .label = "LABEL" },
		{ .key = "created", .label = "CREATED", .kind = VALUE_TIME },
		{ .key = "expires", .label = "EXPIRES", .kind = VALUE_TIME, .none = "never" },
		{ .key = "last_used", .label = "LAST USED", .kind = VALUE_TIME, .none = "never" },
		{ .key = "from_used", .label = "FROM" },
		{ .key = "services", .label = "SERVICES", .kind = VALUE_LIST, .none = "all" },
		{ .key = "networks", .label = "NETWORKS", .kind = VALUE_LIST, .none = "all" },
	};
	static const struct list list = {
		.begins = "label",
		.page_by = "after",
		.columns = columns,
		.column_count = sizeof columns / sizeof columns[0],
		.empty = "There are no security tokens.",
	};
	REQUEST_AUTO request = { 0 };

	request_begin(&request, cli, arguments);
	return list_run(&request, &list);
}

enum exit_status
command_token_revoke(const struct cli *cli, const struct arguments *arguments)
{
	static const struct column columns[] = {
		{ .key = "user" },
		{ .key = "count", .kind = VALUE_NUMBER },
	};
	REQUEST_AUTO request = { 0 };
	REPLY_AUTO reply = { 0 };
	bool all = options_given(arguments, "all");
	enum exit_status status;
	int64_t count = 0;

	if (all == (arguments->rest_count == 1))
		return cli_usage("name the label of a token, or --all");
	request_begin(&request, cli, arguments);
	if (all)
		request_add(&request, "all", "1");
	else
		request_add(&request, "label", arguments->rest[0]);
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
	cli_say(cli, "%s: %lld security token%s revoked.", simple_user(arguments, &reply), (long long)count,
		count == 1 ? "" : "s");
	return STATUS_DONE;
}
