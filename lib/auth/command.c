#include "auth/command.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "auth/administer.h"
#include "auth/audit.h"
#include "auth/contexts.h"
#include "auth/session.h"
#include "base/text.h"

enum sfmfa_err
command_create(struct env *env, const struct caller *caller, struct command_request *request,
	       struct command **ret_command)
{
	struct command *command = calloc(1, sizeof(*command));

	if (command == NULL)
		return SFMFA_ERR_NO_MEMORY;
	command->env = env;
	command->config = env->config != NULL ? config_hold(env->config) : NULL;
	command->caller = caller;
	command->verb = request->verb;
	command->info = verb_info(request->verb);
	command->function = administer_find(request->verb);
	command->has_subject = request->has_subject;
	command->person = request->subject;
	command->args = request->args;
	request->args = (struct fields){ 0 };
	command->reason = REASON_INTERNAL;
	*ret_command = command;
	return SFMFA_OK;
}

void
command_destroy(struct command *command)
{
	if (command == NULL)
		return;
	standing_finish(&command->subject);
	standing_finish(&command->actor);
	fields_finish(&command->args);
	fields_finish(&command->reply);
	config_release(command->config);
	if (command->work != NULL && command->finish_work != NULL)
		command->finish_work(command->work);
	if (command->work != NULL)
		wipe(command->work, command->work_size);
	free(command->work);
	wipe(command, sizeof(*command));
	free(command);
}

/* An unknown name is never kept: people type passwords there (rules 7). */
static void
event_subject(const struct command *command, char text[EVENT_NAME_SIZE])
{
	const char *name = command->person.name;
	unsigned char hash[HMAC_SIZE];
	char digits[2 * 8 + 1] = "";

	if (!command->has_subject && !command->self) {
		text[0] = '\0';
		return;
	}
	if (command->self || command->person.nss == NSS_KNOWN || command->subject.record.id != 0 ||
	    command->status == COMMAND_DONE) {
		if (text_copy(text, EVENT_NAME_SIZE, name) != SFMFA_OK)
			text[0] = '\0';
		return;
	}
	if (!command->env->keyring.ready ||
	    keyed_hash(&command->env->keyring, CONTEXT_NAME, name, strlen(name), hash) != SFMFA_OK ||
	    text_from_bytes(digits, sizeof(digits), hash, 8) != SFMFA_OK)
		digits[0] = '\0';
	if (text_format(text, EVENT_NAME_SIZE, "unknown:%s", digits) != SFMFA_OK)
		text[0] = '\0';
}

/* What was changed, or what was not and why; cut to what fits. */
static void
event_change(const struct command *command, bool done, char text[EVENT_CHANGE_SIZE])
{
	const char *colon = command->change[0] != '\0' ? ": " : "";
	int size;

	if (done)
		size = snprintf(text, EVENT_CHANGE_SIZE, "%s", command->change);
	else
		size = snprintf(text, EVENT_CHANGE_SIZE, "%s%s%s", command->change, colon, command->sentence);
	if (size < 0)
		text[0] = '\0';
}

/* Every act and every refused act is an event (rules 2); a mistyped command is neither. */
static enum turn
finish(struct command *command)
{
	char subject[EVENT_NAME_SIZE];
	char change[EVENT_CHANGE_SIZE];
	bool done;

	if (command->stage == STAGE_END)
		return TURN_DONE;
	command->stage = STAGE_END;
	if (command->status == COMMAND_DONE && command->reply_err != SFMFA_OK)
		command_fail(command, command->reply_err, NULL);
	if (command->status != COMMAND_DONE && command->status != COMMAND_REFUSED)
		fields_clear(&command->reply);
	done = command->status == COMMAND_DONE;
	if (command->status == COMMAND_USAGE || command->quiet)
		return TURN_DONE;
	if (!command->info->changes && !command->unauthorized)
		return TURN_DONE;
	event_subject(command, subject);
	event_change(command, done, change);
	audit_command(command->env, command->caller, command->info->key, subject, change,
		      done ? VERDICT_ALLOW : VERDICT_DENY, done ? REASON_OK : command->reason);
	return TURN_DONE;
}

/* Ends a command that is not for this caller; the same words whether the user exists or not. */
static bool
forbid(struct command *command, const char *sentence)
{
	command->unauthorized = true;
	return command_refuse(command, REASON_CONFIGURATION, "%s", sentence);
}

static bool
takes_argument(const struct administer *function, const struct field *field)
{
	const char *at = function->args;

	while (*at != '\0') {
		size_t size = strcspn(at, " ");

		if (size == field->key_size && memcmp(at, field->key, size) == 0)
			return true;
		at += size;
		at += strspn(at, " ");
	}
	return false;
}

static bool
check_arguments(struct command *command)
{
	struct field field;
	size_t at = 0;

	while (fields_next(&command->args, &at, &field)) {
		if (!takes_argument(command->function, &field))
			return command_usage(command, "%s takes no %.*s", command->info->key,
					     (int)field.key_size, field.key);
	}
	if (command->has_subject && command->function->subject == SUBJECT_NONE)
		return command_usage(command, "%s is not about a user", command->info->key);
	return true;
}

/* The subject of a command that names none is the caller (rules 2, "see oneself"). */
static bool
find_subject(struct command *command)
{
	const struct person *own = &command->caller->person;
	bool root = command_is_root(command);

	if (command->has_subject) {
		command->self = !root && command->person.nss == NSS_KNOWN &&
				command->caller->class == CALLER_OWN &&
				command->person.uid == command->caller->uid &&
				text_equals(command->person.name, own->name);
		if (!administer_is_plausible(command->person.name))
			return command_usage(command, "that is not a user name");
		return true;
	}
	if (command->function->subject == SUBJECT_NONE)
		return true;
	if (command->function->subject == SUBJECT_FILTER && root) {
		command->everybody = true;
		return true;
	}
	command->person = *own;
	command->self = !root;
	if (root) {
		/* The groups of uid 0 are never asked (rules 3.4). */
		command->person = (struct person){ .nss = NSS_KNOWN };
		command->has_subject = true;
		return text_copy(command->person.name, sizeof(command->person.name), "root") == SFMFA_OK &&
		       text_copy(command->person.typed, sizeof(command->person.typed), "root") == SFMFA_OK;
	}
	return true;
}

static bool
read_actor(struct command *command)
{
	struct diag diag = { 0 };
	enum sfmfa_err err;

	standing_finish(&command->actor);
	command->actor = (struct standing){ 0 };
	command->has_actor = false;
	if (command_is_root(command))
		return true;
	err = standing_read(command->env, command->config, &command->caller->person, (int64_t)command->caller->uid,
			    &command->actor, &diag);
	if (err != SFMFA_OK)
		return command_fail(command, err, &diag);
	command->has_actor = true;
	return true;
}

/* Reads both standings anew, so that what is decided after a dialogue is decided on what holds then. */
static bool
read_standings(struct command *command)
{
	struct diag diag = { 0 };
	enum sfmfa_err err;

	standing_finish(&command->subject);
	command->subject = (struct standing){ 0 };
	if (command->config == NULL) {
		err = diag_set(&diag, SFMFA_ERR_CONFIG, command->env->config_diag.file,
			       command->env->config_diag.line, "%s", command->env->config_diag.text);
		return command_fail(command, err, &diag);
	}
	if (command->env->store == NULL)
		return command_fail(command, SFMFA_ERR_STORE, NULL);
	if (!read_actor(command))
		return false;
	if (command->function->subject == SUBJECT_NONE || command->everybody)
		return true;
	err = standing_read(command->env, command->config, &command->person, -1, &command->subject, &diag);
	return err == SFMFA_OK || command_fail(command, err, &diag);
}

/*
 * Nobody but root acts on the mighty, on the protected, or where it cannot be known that they are not
 * (rules 2).
 */
static bool
may_act_on(const struct command *command)
{
	const struct settings *settings = &command->config->settings;
	const struct person *person = &command->person;
	uint32_t lacking = permission_administrative() & ~command_actor_permissions(command);

	if (person->nss == NSS_KNOWN && person->uid == 0)
		return false;
	if (person->nss == NSS_KNOWN && !person->groups_known &&
	    (settings->protected_groups.count > 0 || command->config->unix_groups.count > 0))
		return false;
	if (person->is_protected || command->subject.fault || command->subject.effective == NULL)
		return false;
	return (command->subject.effective->permissions & lacking) == 0;
}

static bool
authorize_own(struct command *command)
{
	const struct verb_info *info = command->info;
	const struct standing *actor = &command->actor;
	bool about_user = command->function->subject != SUBJECT_NONE;
	bool permitted = info->permission != PERMISSION_COUNT && actor->effective != NULL && !actor->fault &&
			 permission_in(actor->effective->permissions, info->permission);

	if (command->caller->class != CALLER_OWN || !actor->known)
		return forbid(command, COMMAND_NOT_ALLOWED);
	if (command->caller->several_names)
		return forbid(command, "your user id has several names, so sfmfa cannot tell who you are");
	if (actor->record.frozen)
		return forbid(command, "you are frozen: ask an administrator");
	if (command->function->subject == SUBJECT_FILTER && !command->has_subject && permitted) {
		command->self = false;
		command->everybody = true;
		return true;
	}
	if (!permitted && !(info->self && (command->self || !about_user)))
		return forbid(command,
			      about_user && !command->self ? COMMAND_NOT_ALLOWED : "you may not do this");
	if (command->self && actor->fault && info->changes)
		return forbid(command, "your own configuration is at fault: ask an administrator");
	if (command->self && command->function->not_oneself)
		return forbid(command, "nobody does this to themselves: ask another administrator");
	if (command->self || !about_user)
		return true;
	if (!command->subject.known || (info->changes && !may_act_on(command)))
		return forbid(command, COMMAND_NOT_ALLOWED);
	return true;
}

/* Whether a verb gives something to a user, rather than looking at them or taking away. */
static bool
adds_to(const struct administer *function)
{
	return function->makes_virtual || function->needs_row;
}

/*
 * Root names whom root likes; a name the system does not know becomes a virtual user on purpose only
 * (rules 1).
 */
static bool
authorize_root(struct command *command)
{
	const struct administer *function = command->function;
	bool make_virtual = false;

	if (function->subject == SUBJECT_NONE || command->everybody || function->strangers)
		return true;
	if (command->subject.record.id != 0) {
		bool both = command->person.nss == NSS_KNOWN && command->subject.record.is_virtual;

		if ((command->subject.known && !both) || !adds_to(function))
			return true;
		return command_refuse(
			command, REASON_CONFIGURATION,
			both ? "%s is a virtual user whose name the system now knows too: delete the "
			       "virtual user first (sfmfa user delete)"
			     : "%s is no longer known to the system",
			command->person.name);
	}
	if (command->subject.known)
		return true;
	if (!function->makes_virtual)
		return command_refuse(command, REASON_UNKNOWN_USER, "there is no such user");
	if (!command_arg_flag(command, "virtual", &make_virtual))
		return false;
	if (make_virtual)
		return true;
	command_reply_number(command, "virtual_needed", 1);
	return command_refuse(
		command, REASON_UNKNOWN_USER,
		"the system does not know this user, and no virtual user was asked for");
}

/* The session in which the caller asks, for rules 2 ("a fresh high-assurance one"). */
static void
find_session(struct command *command)
{
	const struct caller *caller = command->caller;
	struct session_record session;

	command->session = (struct session_fact){ 0 };
	if (command->config == NULL || caller->class != CALLER_OWN || caller->person.nss != NSS_KNOWN ||
	    session_find(command->env, &caller->place, &command->now, &session) != SFMFA_OK)
		return;
	session_judge(&session, caller->person.name, command->config->settings.high_assurance, &command->now,
		      &command->session);
	command->session_type = session.login_type;
}

/* Who may, and whether the verb's own rules hold. Also after the proof, on what holds then. */
static bool
check(struct command *command)
{
	enum sfmfa_err err = command->env->clock.now(command->env->clock.data, &command->now);

	if (err != SFMFA_OK)
		return command_fail(command, err, NULL);
	if (!command->function->without_config) {
		if (!read_standings(command))
			return false;
		if (command_is_root(command) ? !authorize_root(command) : !authorize_own(command))
			return false;
	}
	find_session(command);
	command->code_due = command->info->code;
	return command->function->prepare == NULL || command->function->prepare(command);
}

static enum turn
start_run(struct command *command)
{
	if (command->function->needs_row && command->subject.record.id == 0) {
		command_begin_write(command, STORE_ENSURE_USER);
		command->op.change.flag = command->person.nss != NSS_KNOWN;
		command->stage = STAGE_ROW_WRITTEN;
		return TURN_WRITE;
	}
	command->stage = STAGE_RUN;
	return command->function->run(command, NULL);
}

static enum turn
begin(struct command *command)
{
	bool due = false;

	if (command->function == NULL) {
		command->unauthorized = true;
		command_refuse(command, REASON_CONFIGURATION, "this is not a command");
		return TURN_DONE;
	}
	if (!verb_open_to(command->verb, command->caller->class)) {
		forbid(command, command->function->subject == SUBJECT_NONE ? "you may not do this"
									   : COMMAND_NOT_ALLOWED);
		return TURN_DONE;
	}
	if (!check_arguments(command) || !find_subject(command) || !check(command))
		return TURN_DONE;
	if (command->code_due && !command_is_root(command)) {
		if (!administer_proof_due(command, &due))
			return TURN_DONE;
		if (due) {
			command->stage = STAGE_PROOF_ASKED;
			return administer_proof_ask(command);
		}
	}
	return start_run(command);
}

/*
 * An answer counts for what its sender may do when it comes: who was frozen, or lost the permission, while a question
 * stood goes no further. The subject stays as it was read, for the store to find that it has changed.
 */
static bool
still_may(struct command *command, const struct input *input)
{
	if (input == NULL || command_is_root(command) || command->function->without_config)
		return true;
	return read_actor(command) && authorize_own(command);
}

static enum turn
step(struct command *command, struct input *input)
{
	switch (command->stage) {
	case STAGE_BEGIN: return begin(command);
	case STAGE_PROOF_ASKED:
		command->stage = STAGE_PROOF_WRITTEN;
		return administer_proof_answer(command, input);
	case STAGE_PROOF_WRITTEN:
		if (!administer_proof_result(command) || !check(command))
			return TURN_DONE;
		return start_run(command);
	case STAGE_ROW_WRITTEN:
		if (command->op.err != SFMFA_OK && command->op.err != SFMFA_ERR_EXISTS)
			return command_write_failed(command);
		if (!read_standings(command))
			return TURN_DONE;
		command->stage = STAGE_RUN;
		return command->function->run(command, NULL);
	case STAGE_RUN: return still_may(command, input) ? command->function->run(command, input) : TURN_DONE;
	case STAGE_END: break;
	}
	return TURN_DONE;
}

enum turn
command_step(struct command *command, struct input *input)
{
	enum turn turn = TURN_DONE;

	if (command->stage != STAGE_END) {
		if (command->ask.page)
			fields_clear(&command->reply);
		wipe(&command->ask, sizeof(command->ask));
		turn = step(command, input);
	}
	return turn == TURN_DONE ? finish(command) : turn;
}

const struct ask *
command_ask(const struct command *command)
{
	return &command->ask;
}

struct store_op *
command_op(struct command *command)
{
	return &command->op;
}

enum command_status
command_result(const struct command *command, const char **ret_sentence, const struct fields **ret_reply)
{
	*ret_sentence = command->sentence;
	*ret_reply = &command->reply;
	return command->stage == STAGE_END ? command->status : COMMAND_REFUSED;
}
