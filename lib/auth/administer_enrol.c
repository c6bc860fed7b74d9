/* enroll and disconnect: the authenticator app of a user (rules 1, 2, 7e). */
#include <string.h>

#include "auth/administer.h"
#include "auth/contexts.h"
#include "base/text.h"
#include "factor/code.h"
#include "factor/totp.h"

#define CONFIRM_TRIES  3
#define CONFIRM_PROMPT "Code from your app: "

enum { AT_START = 0, AT_CONFIRM, AT_WRITTEN };

struct enrolment {
	bool replace, confirm;
	struct totp_params params;
	struct secret secret;
	char base32[TOTP_BASE32_SIZE];
	char uri[TOTP_URI_SIZE];
	unsigned tries;
	int64_t last_step;
	struct secret codes[RECOVERY_CODE_COUNT];
};

/* A first enrolment by the user obeys the setting, as one inside a login does (rules 7e). */
static bool
may_register_oneself(struct command *command)
{
	const struct user_record *record = &command->subject.record;
	enum registration setting = command->config->settings.registration;

	if (record->app.state != APP_NONE)
		return true;
	if (setting == REGISTRATION_CLOSED)
		return command_refuse(command, REASON_REGISTRATION_REQUIRED,
				      "registration is closed: an administrator must enrol you");
	if ((setting == REGISTRATION_TEMPORARY_CODE || record->disconnected_by_other) &&
	    !user_temporary_code_stands(record, command->now.wall))
		return command_refuse(
			command, REASON_REGISTRATION_REQUIRED,
			"you need a temporary code from an administrator to register an authenticator app");
	return true;
}

static bool
read_params(struct command *command, struct totp_params *ret_params)
{
	const struct totp_settings *settings = &command->config->settings.totp;
	int64_t digits = settings->digits;
	int64_t period = settings->period;
	char algorithm[NAME_SIZE] = "";

	ret_params->algorithm = settings->algorithm;
	if (!command_arg_text(command, "algorithm", algorithm, sizeof(algorithm)) ||
	    !command_arg_number(command, "digits", TOTP_DIGITS_MIN, TOTP_DIGITS_MAX, &digits) ||
	    !command_arg_number(command, "period", TOTP_PERIOD_MIN, TOTP_PERIOD_MAX, &period))
		return false;
	if (algorithm[0] != '\0' && totp_algorithm_from_key(algorithm, &ret_params->algorithm) != SFMFA_OK)
		return command_usage(command, "algorithm must be sha1, sha256 or sha512");
	ret_params->digits = (unsigned)digits;
	ret_params->period = (unsigned)period;
	return true;
}

bool
administer_enroll_prepare(struct command *command)
{
	struct enrolment *enrolment = command_work(command, sizeof(*enrolment));

	if (enrolment == NULL || !command_arg_flag(command, "replace", &enrolment->replace) ||
	    !command_arg_flag(command, "confirm", &enrolment->confirm) ||
	    !read_params(command, &enrolment->params))
		return false;
	if (command->self && !may_register_oneself(command))
		return false;
	if (command->subject.record.app.state != APP_NONE && !enrolment->replace)
		return command_refuse(
			command, REASON_REGISTRATION_REFUSED,
			"%s has an authenticator app already: --replace puts a new one in its place",
			command_user(command));
	if (!command->env->keyring.ready)
		return command_fail(command, SFMFA_ERR_CRYPTO, NULL);
	return true;
}

static enum sfmfa_err
make_secret(struct command *command, struct enrolment *enrolment)
{
	const char *issuer = command->config->settings.issuer;
	unsigned char bytes[TOTP_SECRET_MAX];
	unsigned size = totp_secret_size(enrolment->params.algorithm);
	enum sfmfa_err err = SFMFA_ERR_INTERNAL;

	if (size <= sizeof(bytes))
		err = random_bytes(bytes, size);
	if (err == SFMFA_OK)
		err = secret_set(&enrolment->secret, bytes, size);
	wipe(bytes, sizeof(bytes));
	if (err == SFMFA_OK)
		err = totp_to_base32(&enrolment->secret, enrolment->base32);
	if (err == SFMFA_OK)
		err = totp_uri(&enrolment->params, &enrolment->secret,
			       issuer != NULL && issuer[0] != '\0' ? issuer : command->env->host,
			       command_user(command), enrolment->uri);
	return err;
}

/* Confirmed by the user themselves in a session that was opened through the UI (rules 4, "Completed"). */
static enum app_state
state_after(const struct command *command, const struct enrolment *enrolment)
{
	bool in_ui = command->session.open && command->session.same_user && command->session_type == LOGIN_UI;

	return command->self && in_ui && enrolment->last_step > 0 ? APP_COMPLETED : APP_PENDING;
}

static enum turn
write_registration(struct command *command, struct enrolment *enrolment)
{
	struct store_register *registration = &command->op.registration;
	char context[CONTEXT_SIZE];
	enum sfmfa_err err;

	memset(&command->op, 0, sizeof(command->op));
	command->op.kind = STORE_REGISTER;
	command->op.err = SFMFA_ERR_INTERNAL;
	*registration = (struct store_register){
		.user = command_user(command),
		.is_virtual = command->person.nss != NSS_KNOWN,
		.generation = command->subject.record.generation,
		.replace = enrolment->replace,
		.last_step = enrolment->last_step,
		.recovery_count = RECOVERY_CODE_COUNT,
		.by_user = command->self,
		.now = command->now,
	};
	registration->app.state = state_after(command, enrolment);
	registration->app.params = enrolment->params;
	registration->app.registered_at = command->now.wall;
	if (registration->app.state == APP_COMPLETED)
		registration->app.completed_at = command->now.wall;
	err = text_format(context, sizeof(context), CONTEXT_APP, command_user(command));
	if (err == SFMFA_OK)
		err = seal(&command->env->keyring, context, &enrolment->secret, registration->app.sealed,
			   sizeof(registration->app.sealed), &registration->app.sealed_size);
	if (err == SFMFA_OK)
		err = administer_make_recovery_codes(command, registration->recovery_hashes,
						     enrolment->codes);
	if (err != SFMFA_OK) {
		command_fail(command, err, NULL);
		return TURN_DONE;
	}
	command->at = AT_WRITTEN;
	return TURN_WRITE;
}

/* The new secret is the user's own: guesses at it reveal nothing, so they are counted here only. */
static enum turn
confirm(struct command *command, struct enrolment *enrolment, struct input *input)
{
	const struct settings *settings = &command->config->settings;
	struct totp_match match = { 0 };
	enum sfmfa_err err;

	if (input == NULL || input->kind != INPUT_ANSWER) {
		command_refuse(command, REASON_CONVERSATION,
			       "the new app was not confirmed: nothing was changed");
		return TURN_DONE;
	}
	err = command->env->clock.now(command->env->clock.data, &command->now);
	if (err == SFMFA_OK) {
		totp_normalize(&input->answer);
		err = totp_match(&enrolment->params, &enrolment->secret, &input->answer,
				 totp_step(&enrolment->params, command->now.wall),
				 (unsigned)settings->totp.window, 0, &match);
	}
	if (err != SFMFA_OK) {
		command_fail(command, err, NULL);
		return TURN_DONE;
	}
	if (match.step > 0) {
		enrolment->last_step = match.step;
		return write_registration(command, enrolment);
	}
	if (++enrolment->tries < CONFIRM_TRIES)
		return command_begin_ask(command, "",
					 match.near_step != 0
						 ? "That code is not right: set the clock of your phone."
						 : "That code is not right.",
					 CONFIRM_PROMPT);
	command_refuse(command, REASON_FACTOR_WRONG, "the new app was not confirmed: nothing was changed");
	return TURN_DONE;
}

static enum turn
reply(struct command *command, const struct enrolment *enrolment)
{
	if (command->op.err == SFMFA_ERR_EXISTS) {
		command_refuse(command, REASON_REGISTRATION_REFUSED,
			       "%s has an authenticator app already: another one was there first",
			       command_user(command));
		return TURN_DONE;
	}
	if (command->op.err != SFMFA_OK)
		return command_write_failed(command);
	command_reply_user(command);
	command_reply_text(command, "secret", enrolment->base32);
	command_reply_text(command, "uri", enrolment->uri);
	for (unsigned i = 0; i < RECOVERY_CODE_COUNT; i++)
		command_reply_secret(command, "recovery_code", &enrolment->codes[i]);
	command_reply_text(command, "state", app_state_key(command->op.registration.app.state));
	command_note(command, "%s an authenticator app, %s",
		     command->subject.record.app.state != APP_NONE ? "replaced" : "registered",
		     enrolment->last_step > 0 ? "confirmed" : "not confirmed");
	return command_done(command);
}

enum turn
administer_enroll(struct command *command, struct input *input)
{
	struct enrolment *enrolment = command->work;
	enum sfmfa_err err;

	if (command->at == AT_CONFIRM)
		return confirm(command, enrolment, input);
	if (command->at == AT_WRITTEN)
		return reply(command, enrolment);
	err = make_secret(command, enrolment);
	if (err != SFMFA_OK) {
		command_fail(command, err, NULL);
		return TURN_DONE;
	}
	if (!enrolment->confirm)
		return write_registration(command, enrolment);
	command->at = AT_CONFIRM;
	return command_begin_ask(command, enrolment->uri, "", CONFIRM_PROMPT);
}

bool
administer_disconnect_prepare(struct command *command)
{
	const struct user_record *record = &command->subject.record;

	if (record->app.state == APP_NONE && record->token_count == 0 && record->recovery_codes_left == 0 &&
	    record->temporary_code_until == 0)
		return command_refuse(command, REASON_REGISTRATION_REQUIRED, "%s has no authenticator app",
				      command_user(command));
	return true;
}

enum turn
administer_disconnect(struct command *command, struct input *input)
{
	(void)input;
	if (command->at == AT_START) {
		command_begin_write(command, STORE_DISCONNECT);
		command->op.change.by_other = !command->self;
		command->at = AT_WRITTEN;
		return TURN_WRITE;
	}
	if (command->op.err != SFMFA_OK)
		return command_write_failed(command);
	command_reply_user(command);
	command_note(command, "removed the authenticator app, security tokens and codes");
	return command_done(command);
}
