/* recovery-codes-renew, temp-code, temp-code-expire (rules 4, "Temporary codes"). */
#include <string.h>

#include "auth/administer.h"
#include "auth/attempt.h"
#include "factor/code.h"

enum { AT_START = 0, AT_WRITTEN };

#define TEMPORARY_HOURS_DEFAULT 1

/* One code, and the hash of its canonical form. */
static enum sfmfa_err
make_code(struct command *command, enum code_kind kind, unsigned char ret_hash[HASH_SIZE],
	  struct secret *ret_code)
{
	SECRET_AUTO canonical = { 0 };
	enum sfmfa_err err = code_generate(kind, random_below, ret_code);

	if (err != SFMFA_OK)
		return err;
	if (code_recognize(ret_code, &canonical) != kind)
		return SFMFA_ERR_INTERNAL;
	return code_hash(&command->env->keyring, kind, command_user(command), &canonical, ret_hash);
}

enum sfmfa_err
administer_make_recovery_codes(struct command *command, unsigned char ret_hashes[10][HASH_SIZE],
			       struct secret ret_codes[10])
{
	for (unsigned i = 0; i < RECOVERY_CODE_COUNT; i++) {
		enum sfmfa_err err = make_code(command, CODE_RECOVERY, ret_hashes[i], &ret_codes[i]);

		if (err != SFMFA_OK)
			return err;
	}
	return SFMFA_OK;
}

bool
administer_recovery_renew_prepare(struct command *command)
{
	if (command->subject.record.app.state == APP_NONE)
		return command_refuse(command, REASON_REGISTRATION_REQUIRED,
				      "%s has no authenticator app: recovery codes come with one",
				      command_user(command));
	if (!command->env->keyring.ready)
		return command_fail(command, SFMFA_ERR_CRYPTO, NULL);
	return true;
}

enum turn
administer_recovery_renew(struct command *command, struct input *input)
{
	struct secret *codes = command->work;

	(void)input;
	if (command->at == AT_START) {
		enum sfmfa_err err;

		codes = command_work(command, RECOVERY_CODE_COUNT * sizeof(*codes));
		if (codes == NULL)
			return TURN_DONE;
		command_begin_write(command, STORE_RECOVERY_RENEW);
		err = administer_make_recovery_codes(command, command->op.change.hashes, codes);
		if (err != SFMFA_OK) {
			command_fail(command, err, NULL);
			return TURN_DONE;
		}
		command->op.change.hash_count = RECOVERY_CODE_COUNT;
		command->at = AT_WRITTEN;
		return TURN_WRITE;
	}
	if (command->op.err != SFMFA_OK)
		return command_write_failed(command);
	command_reply_user(command);
	for (unsigned i = 0; i < RECOVERY_CODE_COUNT; i++)
		command_reply_secret(command, "recovery_code", &codes[i]);
	command_note(command, "renewed the recovery codes");
	return command_done(command);
}

bool
administer_temp_code_prepare(struct command *command)
{
	int64_t hours = TEMPORARY_HOURS_DEFAULT;

	if (!command_arg_number(command, "hours", 1, TEMPORARY_CODE_HOURS_MAX, &hours))
		return false;
	if (!command->env->keyring.ready)
		return command_fail(command, SFMFA_ERR_CRYPTO, NULL);
	return true;
}

enum turn
administer_temp_code(struct command *command, struct input *input)
{
	struct secret *code = command->work;

	(void)input;
	if (command->at == AT_START) {
		int64_t hours = TEMPORARY_HOURS_DEFAULT;
		enum sfmfa_err err;

		if (!command_arg_number(command, "hours", 1, TEMPORARY_CODE_HOURS_MAX, &hours))
			return TURN_DONE;
		code = command_work(command, sizeof(*code));
		if (code == NULL)
			return TURN_DONE;
		command_begin_write(command, STORE_TEMPORARY_NEW);
		err = make_code(command, CODE_TEMPORARY, command->op.change.hashes[0], code);
		if (err != SFMFA_OK) {
			command_fail(command, err, NULL);
			return TURN_DONE;
		}
		command->op.change.hash_count = 1;
		command->op.change.until = command->now.wall + hours * 3600;
		command->at = AT_WRITTEN;
		return TURN_WRITE;
	}
	if (command->op.err == SFMFA_ERR_TOO_LARGE) {
		command_refuse(command, REASON_CONFIGURATION,
			       "%s has had %d temporary codes within an hour: wait a while",
			       command_user(command), TEMPORARY_CODES_PER_HOUR);
		return TURN_DONE;
	}
	if (command->op.err != SFMFA_OK)
		return command_write_failed(command);
	command_reply_user(command);
	command_reply_secret(command, "code", code);
	command_reply_number(command, "expires", command->op.change.until);
	command_note(command, "issued a temporary code until %lld", (long long)command->op.change.until);
	return command_done(command);
}

enum turn
administer_temp_code_expire(struct command *command, struct input *input)
{
	(void)input;
	if (command->at == AT_START) {
		if (command->subject.record.temporary_code_until == 0) {
			command_refuse(command, REASON_CONFIGURATION, "%s has no temporary code",
				       command_user(command));
			return TURN_DONE;
		}
		command_begin_write(command, STORE_TEMPORARY_EXPIRE);
		command->at = AT_WRITTEN;
		return TURN_WRITE;
	}
	if (command->op.err != SFMFA_OK)
		return command_write_failed(command);
	command_reply_user(command);
	command_note(command, "ended the temporary code");
	return command_done(command);
}
