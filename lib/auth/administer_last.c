/* explain --last: how the newest login of a user was decided, as it is remembered. */
#include <string.h>

#include "auth/administer.h"
#include "base/text.h"
#include "factor/totp.h"

#define EVENTS_AT_ONCE 16

/* The newest login: acts of administration lie in between. SFMFA_ERR_NOT_FOUND. */
static enum sfmfa_err
find_last(struct command *command, struct event *events, const struct event **ret_event, struct diag *diag)
{
	struct event_filter filter = { .reason = -1, .login_type = -1, .limit = EVENTS_AT_ONCE };
	char user[EVENT_NAME_SIZE];
	size_t count;
	enum sfmfa_err err;

	text_escape(user, sizeof(user), command_user(command), strlen(command_user(command)));
	filter.user = user;
	do {
		err = store_list_events(command->env->store, &filter, events, &count, diag);
		if (err != SFMFA_OK)
			return err;
		for (size_t i = 0; i < count; i++) {
			if (events[i].kind == EVENT_LOGIN) {
				*ret_event = &events[i];
				return SFMFA_OK;
			}
		}
		if (count > 0)
			filter.before_id = events[count - 1].id;
	} while (count == EVENTS_AT_ONCE);
	return SFMFA_ERR_NOT_FOUND;
}

/*
 * When the code that was given would have been right, and how far that lies from when it was given. Only root
 * learns it: who has seen a code typed would know what to wait for.
 */
static void
reply_offset(struct command *command, const struct event *event)
{
	const struct user_app *app = &command->subject.record.app;
	int64_t step, right_at;

	if (!command_is_root(command) || event->step_offset == 0 || app->state == APP_NONE)
		return;
	step = totp_step(&app->params, event->time) + event->step_offset;
	right_at = step * (int64_t)app->params.period;
	command_reply_number(command, "right_at", right_at);
	command_reply_number(command, "off_by", right_at - event->time);
}

enum turn
administer_explain_last(struct command *command)
{
	struct event *events = command_work(command, EVENTS_AT_ONCE * sizeof(*events));
	const struct event *event = NULL;
	struct diag diag = { 0 };
	enum sfmfa_err err;

	if (events == NULL)
		return TURN_DONE;
	err = find_last(command, events, &event, &diag);
	if (err == SFMFA_ERR_NOT_FOUND) {
		command_refuse(command, REASON_UNKNOWN_USER, "no login of %s is remembered", command_user(command));
		return TURN_DONE;
	}
	if (err != SFMFA_OK) {
		command_fail(command, err, &diag);
		return TURN_DONE;
	}
	command_reply_user(command);
	administer_reply_event(command, event);
	command_reply_text(command, "summary", reason_help(event->reason));
	reply_offset(command, event);
	return command_done(command);
}
