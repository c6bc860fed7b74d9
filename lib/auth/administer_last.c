/* explain --last: how the newest login of a user was decided, as it is remembered. */
#include <string.h>

#include "auth/administer.h"
#include "base/text.h"
#include "factor/totp.h"

/* The newest login: acts of administration lie in between. SFMFA_ERR_NOT_FOUND. */
static enum sfmfa_err
find_last(struct command *command, struct event *ret_event, bool *ret_more, struct diag *diag)
{
	struct event_filter filter = { .reason = -1, .login_type = -1, .logins = true, .limit = 1 };
	char user[EVENT_NAME_SIZE];
	size_t count = 0;
	int64_t next = 0;
	enum sfmfa_err err;

	text_escape(user, sizeof(user), command_user(command), strlen(command_user(command)));
	filter.user = user;
	err = store_list_events(command->env->store, &filter, ret_event, &count, &next, diag);
	*ret_more = next != 0;
	if (err == SFMFA_OK && count == 0)
		return SFMFA_ERR_NOT_FOUND;
	return err;
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
	struct event *event = command_work(command, sizeof(*event));
	struct diag diag = { 0 };
	bool more = false;
	enum sfmfa_err err;

	if (event == NULL)
		return TURN_DONE;
	err = find_last(command, event, &more, &diag);
	if (err == SFMFA_ERR_NOT_FOUND) {
		command_refuse(command, REASON_UNKNOWN_USER, "no login of %s is remembered%s", command_user(command),
			       more ? " among the newest events, which are acts of administration (sfmfa log)" : "");
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
