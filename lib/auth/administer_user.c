/* user-list, user-show, user-freeze, user-unfreeze, user-unlock, user-delete. */
#include <stdlib.h>
#include <string.h>

#include "auth/administer.h"
#include "base/text.h"
#include "factor/totp.h"

#define USERS_PER_PAGE   50
#define PERMISSIONS_TEXT 512

enum { AT_START = 0, AT_WRITTEN };

static int64_t
locked_until(const struct guard *guard, const struct moment *now)
{
	if (!guard_is_locked(guard, now) || guard->lock_seconds == 0)
		return 0;
	return guard->locked_at.wall + guard->lock_seconds;
}

static void
reply_listed(struct command *command, const struct user_record *record)
{
	command_reply_text(command, "user", record->name);
	command_reply_text(command, "profile", record->profile);
	command_reply_text(command, "state", app_state_key(record->app.state));
	command_reply_number(command, "frozen", record->frozen ? 1 : 0);
	command_reply_number(command, "locked", guard_is_locked(&record->guard, &command->now) ? 1 : 0);
	command_reply_number(command, "locked_until", locked_until(&record->guard, &command->now));
	command_reply_number(command, "virtual", record->is_virtual ? 1 : 0);
	command_reply_number(command, "registered", record->app.registered_at);
	for (size_t i = 0; i < record->assignment_count; i++)
		command_reply_text(command, assignment_kind_key(record->assignments[i].kind), record->assignments[i].name);
}

static bool
read_state(struct command *command, struct store_user_filter *filter)
{
	static const enum app_state states[] = { APP_NONE, APP_PENDING, APP_COMPLETED };
	char state[NAME_SIZE] = "";

	if (!command_arg_text(command, "state", state, sizeof(state)))
		return false;
	if (state[0] == '\0')
		return true;
	filter->locked = text_equals(state, "locked");
	filter->frozen = text_equals(state, "frozen");
	for (size_t i = 0; i < sizeof(states) / sizeof(states[0]); i++) {
		if (text_equals(state, app_state_key(states[i])))
			filter->state = (int)states[i];
	}
	if (!filter->locked && !filter->frozen && filter->state < 0)
		return command_usage(command, "state must be pending, completed, none, locked or frozen");
	return true;
}

enum turn
administer_user_list(struct command *command, struct input *input)
{
	char after[USER_NAME_SIZE] = "";
	char profile[NAME_SIZE] = "";
	struct store_user_filter filter = {
		.after = after, .state = -1, .now = command->now.wall, .limit = USERS_PER_PAGE
	};
	struct user_record *users;
	char next[USER_NAME_SIZE] = "";
	struct diag diag = { 0 };
	size_t count = 0, i;
	enum sfmfa_err err;

	(void)input;
	if (!command_arg_text(command, "after", after, sizeof(after)) ||
	    !command_arg_text(command, "profile", profile, sizeof(profile)) || !read_state(command, &filter))
		return TURN_DONE;
	filter.profile = profile[0] != '\0' ? profile : NULL;
	users = command_work(command, USERS_PER_PAGE * sizeof(*users));
	if (users == NULL)
		return TURN_DONE;
	err = store_list_users(command->env->store, &filter, users, &count, next, &diag);
	if (err != SFMFA_OK) {
		command_fail(command, err, &diag);
		return TURN_DONE;
	}
	for (i = 0; i < count && command->reply.size < COMMAND_PAGE_BYTES; i++)
		reply_listed(command, &users[i]);
	if (i > 0 && i < count)
		memcpy(next, users[i - 1].name, sizeof(next));
	if (next[0] != '\0')
		command_reply_text(command, "next", next);
	return command_done(command);
}

static const char *
profile_how(const struct command *command)
{
	const struct standing *standing = &command->subject;
	const struct members *members = &standing->profile->members;
	const struct person *person = &command->person;
	bool ask_groups = person->nss == NSS_KNOWN && person->uid != 0 && person->groups_known;

	if (text_equals(standing->record.profile, standing->profile->name))
		return "assigned";
	if (words_contain(&members->users, command_user(command)))
		return "users";
	if (ask_groups && config_match_members(command->config, members, command_user(command),
					       &person->memberships) == MATCH_YES)
		return "groups";
	return "default";
}

static void
reply_app(struct command *command, const struct user_app *app)
{
	bool registered = app->state != APP_NONE;

	command_reply_text(command, "app", app_state_key(app->state));
	command_reply_number(command, "registered", app->registered_at);
	command_reply_number(command, "completed", app->completed_at);
	command_reply_text(command, "algorithm", registered ? totp_algorithm_key(app->params.algorithm) : "");
	command_reply_number(command, "digits", registered ? app->params.digits : 0);
	command_reply_number(command, "period", registered ? app->params.period : 0);
}

static void
reply_guard(struct command *command, const struct guard *guard)
{
	command_reply_number(command, "locked", guard_is_locked(guard, &command->now) ? 1 : 0);
	command_reply_number(command, "locked_until", locked_until(guard, &command->now));
	command_reply_number(command, "failures", guard->failed_since_success);
	command_reply_number(command, "last_failed", guard->last_failed_at);
}

enum turn
administer_user_show(struct command *command, struct input *input)
{
	const struct standing *standing = &command->subject;
	const struct user_record *record = &standing->record;
	char permissions[PERMISSIONS_TEXT];

	(void)input;
	administer_permissions_text(standing->effective->permissions, permissions, sizeof(permissions));
	command_reply_user(command);
	command_reply_number(command, "virtual", record->is_virtual ? 1 : 0);
	command_reply_number(command, "known", standing->known ? 1 : 0);
	command_reply_text(command, "profile", standing->profile->name);
	command_reply_text(command, "profile_how", profile_how(command));
	command_reply_text(command, "license", standing->profile->license);
	command_reply_text(command, "permissions", permissions);
	reply_app(command, &record->app);
	command_reply_number(command, "tokens", (int64_t)record->token_count);
	command_reply_number(command, "recovery_codes", (int64_t)record->recovery_codes_left);
	command_reply_number(command, "temporary_code_until",
			     user_temporary_code_stands(record, command->now.wall)
				     ? record->temporary_code_until
				     : 0);
	command_reply_number(command, "frozen", record->frozen ? 1 : 0);
	reply_guard(command, &record->guard);
	command_reply_number(command, "in_effect", administer_in_effect(standing) ? 1 : 0);
	if (standing->fault)
		command_reply_text(command, "fault", standing->fault_text);
	return command_done(command);
}

/* Freezes and unfreezes. */
enum turn
administer_user_freeze(struct command *command, struct input *input)
{
	bool frozen = command->verb == VERB_USER_FREEZE;

	(void)input;
	if (command->at == AT_START) {
		if (command->subject.record.id == 0) {
			/* Nobody sfmfa remembers is frozen. */
			command->quiet = true;
			command_reply_user(command);
			return command_done(command);
		}
		command_begin_write(command, STORE_FREEZE);
		command->op.change.flag = frozen;
		command->at = AT_WRITTEN;
		return TURN_WRITE;
	}
	if (command->op.err != SFMFA_OK)
		return command_write_failed(command);
	command_reply_user(command);
	command_note(command, frozen ? "frozen" : "no longer frozen");
	return command_done(command);
}

/* A last step ahead of the clock locks its owner out until then (rules 4, "One use per time step"). */
static bool
is_step_ahead(const struct command *command)
{
	const struct user_record *record = &command->subject.record;
	int64_t window = command->config->settings.totp.window;

	return record->app.state != APP_NONE &&
	       record->guard.last_step > totp_step(&record->app.params, command->now.wall) + window;
}

bool
administer_user_unlock_prepare(struct command *command)
{
	bool clock = false;

	if (!command_arg_flag(command, "clock", &clock))
		return false;
	if (clock && !command_is_root(command))
		return command_refuse(command, REASON_CONFIGURATION,
				      "only root clears the time of the last code");
	return true;
}

enum turn
administer_user_unlock(struct command *command, struct input *input)
{
	bool clock = false;

	(void)input;
	if (command->at == AT_START) {
		if (!command_arg_flag(command, "clock", &clock))
			return TURN_DONE;
		clock = command_is_root(command) && (clock || is_step_ahead(command));
		command_reply_user(command);
		command_reply_number(command, "clock", clock ? 1 : 0);
		command_note(command, clock ? "unlocked, time of the last code cleared" : "unlocked");
		if (command->subject.record.id == 0) {
			command->quiet = true;
			return command_done(command);
		}
		command_begin_write(command, STORE_UNLOCK);
		command->op.change.number = clock ? 1 : 0;
		command->at = AT_WRITTEN;
		return TURN_WRITE;
	}
	return command->op.err == SFMFA_OK ? command_done(command) : command_write_failed(command);
}

bool
administer_user_delete_prepare(struct command *command)
{
	if (command->subject.record.id == 0)
		return command_refuse(command, REASON_UNKNOWN_USER, "sfmfa keeps nothing about this user");
	return true;
}

enum turn
administer_user_delete(struct command *command, struct input *input)
{
	(void)input;
	if (command->at == AT_START) {
		command_begin_write(command, STORE_DELETE_USER);
		command->at = AT_WRITTEN;
		return TURN_WRITE;
	}
	if (command->op.err != SFMFA_OK)
		return command_write_failed(command);
	command_reply_user(command);
	command_note(command, "everything about the user forgotten");
	return command_done(command);
}
