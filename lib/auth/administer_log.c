/* log: what was decided and done, newest first. */
#include <string.h>

#include "auth/administer.h"
#include "base/text.h"

#define EVENTS_PER_PAGE 50

void
administer_reply_event(struct command *command, const struct event *event)
{
	command_reply_number(command, "time", event->time);
	command_reply_text(command, "user", event->user);
	command_reply_text(command, "service", event->service);
	command_reply_text(command, "login_type",
			   event->kind == EVENT_LOGIN ? login_type_key(event->login_type) : "");
	command_reply_text(command, "remote", event->remote);
	command_reply_text(command, "method", event->kind == EVENT_LOGIN ? factor_key(event->method) : "");
	command_reply_text(command, "verdict", verdict_key(event->verdict));
	command_reply_text(
		command, "level",
		event->kind == EVENT_LOGIN && event->verdict == VERDICT_ALLOW ? level_key(event->level) : "");
	command_reply_text(command, "reason", reason_key(event->reason));
	command_reply_number(command, "caller", (int64_t)event->caller);
	command_reply_number(command, "claimed", event->claimed ? 1 : 0);
	command_reply_text(command, "app", event->app);
	command_reply_text(command, "flow", event->flow);
	command_reply_text(command, "key", event->app_key);
	command_reply_text(command, "kind", event->kind == EVENT_LOGIN ? "login" : "admin");
	command_reply_text(command, "actor", event->actor);
	command_reply_text(command, "verb", event->verb);
	command_reply_text(command, "change", event->change);
	command_reply_number(command, "id", event->id);
}

static bool
read_filter(struct command *command, struct event_filter *filter)
{
	int64_t limit = EVENTS_PER_PAGE;
	char reason[NAME_SIZE] = "";
	char type[NAME_SIZE] = "";
	enum reason wanted_reason;
	enum login_type wanted_type;

	if (!command_arg_number(command, "since", 0, INT64_MAX, &filter->since) ||
	    !command_arg_number(command, "until", 0, INT64_MAX, &filter->until) ||
	    !command_arg_number(command, "before", 0, INT64_MAX, &filter->before_id) ||
	    !command_arg_number(command, "limit", 1, INT64_MAX, &limit) ||
	    !command_arg_text(command, "reason", reason, sizeof(reason)) ||
	    !command_arg_text(command, "login_type", type, sizeof(type)))
		return false;
	filter->limit = limit < EVENTS_PER_PAGE ? (unsigned)limit : EVENTS_PER_PAGE;
	if (reason[0] != '\0') {
		if (reason_from_key(reason, &wanted_reason) != SFMFA_OK)
			return command_usage(command, "there is no reason %s", reason);
		filter->reason = (int)wanted_reason;
	}
	if (type[0] != '\0') {
		if (login_type_from_key(type, &wanted_type) != SFMFA_OK)
			return command_usage(command, "login_type must be ui or api");
		filter->login_type = (int)wanted_type;
	}
	return true;
}

enum turn
administer_log(struct command *command, struct input *input)
{
	struct event_filter filter = { .reason = -1, .login_type = -1 };
	char user[EVENT_NAME_SIZE];
	struct event *events;
	struct diag diag = { 0 };
	size_t count = 0, i;
	int64_t next = 0;
	enum sfmfa_err err;

	(void)input;
	if (!read_filter(command, &filter))
		return TURN_DONE;
	if (!command->everybody) {
		text_escape(user, sizeof(user), command_user(command), strlen(command_user(command)));
		filter.user = user;
	}
	events = command_work(command, EVENTS_PER_PAGE * sizeof(*events));
	if (events == NULL)
		return TURN_DONE;
	err = store_list_events(command->env->store, &filter, events, &count, &next, &diag);
	if (err != SFMFA_OK) {
		command_fail(command, err, &diag);
		return TURN_DONE;
	}
	for (i = 0; i < count && command->reply.size < COMMAND_PAGE_BYTES; i++)
		administer_reply_event(command, &events[i]);
	if (i > 0 && i < count)
		next = events[i - 1].id;
	if (next != 0)
		command_reply_number(command, "next", next);
	return command_done(command);
}
