/* What the verbs' functions are written with. */
#include "auth/administer.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"

SFMFA_PRINTF(3, 0)
static void
end_with(struct command *command, enum command_status status, const char *fmt, va_list args)
{
	char text[COMMAND_SENTENCE_SIZE];
	int size = vsnprintf(text, sizeof(text), fmt, args);

	command->status = status;
	if (size < 0)
		text[0] = '\0';
	text_printable(command->sentence, sizeof(command->sentence), text);
}

bool
command_refuse(struct command *command, enum reason reason, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	end_with(command, COMMAND_REFUSED, fmt, args);
	va_end(args);
	command->reason = reason;
	return false;
}

bool
command_usage(struct command *command, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	end_with(command, COMMAND_USAGE, fmt, args);
	va_end(args);
	return false;
}

SFMFA_PRINTF(2, 3)
static void
set_failed(struct command *command, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	end_with(command, COMMAND_FAILED, fmt, args);
	va_end(args);
}

bool
command_fail(struct command *command, enum sfmfa_err err, const struct diag *diag)
{
	char line[DIAG_LINE_SIZE] = "";

	if (diag != NULL && diag->text[0] != '\0')
		diag_format(diag, line);
	command->reason = REASON_INTERNAL;
	if (err == SFMFA_ERR_STORE) {
		command->reason = REASON_STORE;
		set_failed(command, "the store, or the name service, could not be used%s%s",
			   line[0] != '\0' ? ": " : "", line);
	} else if (err == SFMFA_ERR_CONFIG) {
		command->reason = REASON_CONFIGURATION;
		set_failed(command, "there is no configuration in force%s%s", line[0] != '\0' ? ": " : "",
			   line);
	} else if (err == SFMFA_ERR_CLOCK) {
		command->reason = REASON_CLOCK;
		set_failed(command, "the clock could not be read");
	} else {
		set_failed(command, "sfmfa could not do it (%s)%s%s", sfmfa_err_word(err),
			   line[0] != '\0' ? ": " : "", line);
	}
	return false;
}

enum turn
command_done(struct command *command)
{
	command->status = COMMAND_DONE;
	command->reason = REASON_OK;
	command->sentence[0] = '\0';
	return TURN_DONE;
}

enum turn
command_write_failed(struct command *command)
{
	if (command->op.err == SFMFA_ERR_CHANGED)
		command_refuse(command, REASON_REGISTRATION_REFUSED,
			       "somebody changed %s at the same moment: nothing was done, try again",
			       command_user(command));
	else if (command->op.err == SFMFA_ERR_NOT_FOUND)
		command_refuse(command, REASON_UNKNOWN_USER, "sfmfa keeps nothing about %s",
			       command_user(command));
	else if (command->op.err == SFMFA_ERR_TOO_LARGE)
		command_refuse(command, REASON_CONFIGURATION, "the store takes no more of these for %s",
			       command_user(command));
	else
		command_fail(command, command->op.err, NULL);
	return TURN_DONE;
}

void
command_note(struct command *command, const char *fmt, ...)
{
	va_list args;
	int size;

	va_start(args, fmt);
	size = vsnprintf(command->change, sizeof(command->change), fmt, args);
	va_end(args);
	if (size < 0)
		command->change[0] = '\0';
}

static void
keep_reply_error(struct command *command, enum sfmfa_err err)
{
	if (command->reply_err == SFMFA_OK)
		command->reply_err = err;
}

void
command_reply_text(struct command *command, const char *key, const char *value)
{
	keep_reply_error(command, fields_add_text(&command->reply, key, value));
}

void
command_reply_number(struct command *command, const char *key, int64_t value)
{
	keep_reply_error(command, fields_add_number(&command->reply, key, value));
}

void
command_reply_secret(struct command *command, const char *key, const struct secret *secret)
{
	keep_reply_error(command, fields_add(&command->reply, key, secret->bytes, secret->size));
}

void
command_reply_user(struct command *command)
{
	command_reply_text(command, "user", command_user(command));
}

bool
command_arg_text(struct command *command, const char *key, char *ret_text, size_t size)
{
	enum sfmfa_err err = fields_get_text(&command->args, key, ret_text, size);

	if (err == SFMFA_OK || err == SFMFA_ERR_NOT_FOUND)
		return true;
	return command_usage(command,
			     err == SFMFA_ERR_TOO_LARGE ? "%s is too long" : "%s is not a single text", key);
}

bool
command_arg_number(struct command *command, const char *key, int64_t min, int64_t max, int64_t *ret_number)
{
	enum sfmfa_err err = fields_get_number(&command->args, key, min, max, ret_number);

	if (err == SFMFA_OK || err == SFMFA_ERR_NOT_FOUND)
		return true;
	return command_usage(command, "%s must be one number from %lld to %lld", key, (long long)min,
			     (long long)max);
}

bool
command_arg_flag(struct command *command, const char *key, bool *ret_flag)
{
	int64_t number = *ret_flag ? 1 : 0;

	if (!command_arg_number(command, key, 0, 1, &number))
		return false;
	*ret_flag = number == 1;
	return true;
}

void *
command_work(struct command *command, size_t size)
{
	if (command->work != NULL) {
		wipe(command->work, command->work_size);
		free(command->work);
	}
	command->work = calloc(1, size);
	command->work_size = command->work != NULL ? size : 0;
	if (command->work == NULL)
		command_fail(command, SFMFA_ERR_NO_MEMORY, NULL);
	return command->work;
}

void
command_begin_write(struct command *command, enum store_op_kind kind)
{
	memset(&command->op, 0, sizeof(command->op));
	command->op.kind = kind;
	command->op.err = SFMFA_ERR_INTERNAL;
	command->op.change.user = command->person.name;
	command->op.change.now = command->now.wall;
}

enum turn
command_begin_ask(struct command *command, const char *info, const char *error, const char *prompt)
{
	struct ask *ask = &command->ask;

	if (text_copy(ask->info, sizeof(ask->info), info) != SFMFA_OK ||
	    text_copy(ask->error, sizeof(ask->error), error) != SFMFA_OK ||
	    text_copy(ask->prompt, sizeof(ask->prompt), prompt) != SFMFA_OK) {
		command_fail(command, SFMFA_ERR_TOO_LARGE, NULL);
		return TURN_DONE;
	}
	ask->echo = false;
	return TURN_ASK;
}

enum turn
command_begin_page(struct command *command)
{
	if (command->reply_err != SFMFA_OK) {
		command_fail(command, command->reply_err, NULL);
		return TURN_DONE;
	}
	command->ask.page = true;
	return TURN_ASK;
}

uint32_t
command_actor_permissions(const struct command *command)
{
	if (command_is_root(command))
		return UINT32_MAX;
	if (!command->has_actor || command->actor.effective == NULL || command->actor.fault)
		return 0;
	return command->actor.effective->permissions;
}

bool
command_is_root(const struct command *command)
{
	return command->caller->class == CALLER_ROOT;
}

const char *
command_user(const struct command *command)
{
	return command->person.name;
}

bool
administer_in_effect(const struct standing *standing)
{
	const uint32_t both =
		PERMISSION_BIT(PERMISSION_MFA_UI_LOGINS) | PERMISSION_BIT(PERMISSION_MFA_API_LOGINS);

	return standing->effective != NULL && (standing->effective->permissions & both) == both &&
	       standing->record.app.state == APP_COMPLETED;
}
