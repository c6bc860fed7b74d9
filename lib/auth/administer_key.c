/*
 * key-rotate: another sealing key. It only wraps the data keys, so no row of a user is touched. Two steps, between
 * which the CLI puts the new key's file in place: after "wrap" the store opens with either key, after
 * "finish" with the new one only. Each is one commit, and may be repeated after an interruption.
 */
#include <string.h>

#include "auth/administer.h"
#include "base/text.h"

enum { AT_START = 0, AT_WRAPPED, AT_FINISHED };

/* The new key as the file has it. False: the command has ended. */
static bool
read_key(struct command *command, struct secret *ret_key, char ret_id[KEY_ID_SIZE])
{
	SECRET_AUTO text = { 0 };
	enum sfmfa_err err = fields_get_secret(&command->args, "key", &text);

	if (err == SFMFA_OK)
		err = sealing_key_parse((const char *)text.bytes, text.size, ret_key);
	if (err != SFMFA_OK)
		return command_usage(command, "that is no sealing key (64 hexadecimal digits)");
	err = sealing_key_id(ret_key, ret_id);
	return err == SFMFA_OK || command_fail(command, err, NULL);
}

/* What cannot be undone is done only for the file from which the next start will read. */
static bool
check_place(struct command *command)
{
	const struct env *env = command->env;
	char path[DIAG_FILE_SIZE] = "";
	struct diag diag = { 0 };

	if (!command_arg_text(command, "key_file", path, sizeof(path)))
		return false;
	if (env->key_file == NULL || !text_equals(path, env->key_file))
		return command_refuse(command, REASON_CONFIGURATION, "sfmfad reads its sealing key from %s, not from %s",
				      env->key_file != NULL ? env->key_file : "nowhere", path);
	if (env->store != NULL && env->keyring.ready)
		return true;
	return command_fail(command,
			    diag_set(&diag, SFMFA_ERR_CRYPTO, "", 0, "the data keys are not open: see the log of sfmfad"),
			    &diag);
}

/* Whether the store opens with this key: with the same data keys as now. */
static enum sfmfa_err
find_wrap(const struct command *command, const struct secret *key, const char *id, struct diag *diag)
{
	unsigned char wrap[WRAP_SIZE];
	struct keyring keyring = { 0 };
	size_t size = 0;
	bool same;
	enum sfmfa_err err = store_read_key(command->env->store, id, wrap, sizeof(wrap), &size, diag);

	if (err != SFMFA_OK)
		return err;
	same = size == WRAP_SIZE && keyring_unwrap(&keyring, key, wrap) == SFMFA_OK &&
	       bytes_equal(keyring.seal_key, command->env->keyring.seal_key, KEY_SIZE) &&
	       bytes_equal(keyring.hash_key, command->env->keyring.hash_key, KEY_SIZE);
	keyring_clear(&keyring);
	return same ? SFMFA_OK : diag_set(diag, SFMFA_ERR_CRYPTO, "", 0, "the data keys under key %s are damaged", id);
}

static enum turn
end_wrap(struct command *command, const char *id)
{
	command_reply_text(command, "key_id", id);
	command_note(command, "data keys wrapped with sealing key %s too", id);
	return command_done(command);
}

static enum turn
begin_wrap(struct command *command, const struct secret *key, const char *id)
{
	struct diag diag = { 0 };
	enum sfmfa_err err = find_wrap(command, key, id, &diag);

	if (err == SFMFA_OK) {
		command->quiet = true;
		return end_wrap(command, id);
	}
	if (err == SFMFA_ERR_NOT_FOUND) {
		command_begin_write(command, STORE_SET_KEY);
		err = keyring_wrap(&command->env->keyring, key, command->op.change.wrap);
	}
	if (err != SFMFA_OK) {
		command_fail(command, err, &diag);
		return TURN_DONE;
	}
	command->op.change.name = command->work;
	command->op.change.wrap_size = WRAP_SIZE;
	command->at = AT_WRAPPED;
	return TURN_WRITE;
}

static enum turn
begin_finish(struct command *command, const struct secret *key, const char *id)
{
	struct diag diag = { 0 };
	enum sfmfa_err err = find_wrap(command, key, id, &diag);

	if (err == SFMFA_ERR_NOT_FOUND) {
		command_refuse(command, REASON_CONFIGURATION, "the store does not open with key %s yet", id);
		return TURN_DONE;
	}
	if (err != SFMFA_OK) {
		command_fail(command, err, &diag);
		return TURN_DONE;
	}
	command_begin_write(command, STORE_KEEP_KEY);
	command->op.change.name = command->work;
	command->at = AT_FINISHED;
	return TURN_WRITE;
}

static enum turn
end_finish(struct command *command, const struct secret *key, const char *id)
{
	struct env *env = command->env;

	env->sealing_key = *key;
	command_reply_text(command, "key_id", id);
	command_reply_number(command, "dropped", command->op.change.number);
	/* The wrap of the old key would open, for who has both, what is stolen from now on. */
	command_reply_number(command, "scrubbed", store_scrub(env->store, NULL) == SFMFA_OK ? 1 : 0);
	command_note(command, "sealing key %s in force, older ones dropped: %lld", id, (long long)command->op.change.number);
	return command_done(command);
}

enum turn
administer_key_rotate(struct command *command, struct input *input)
{
	SECRET_AUTO key = { 0 };
	char step[16] = "", id[KEY_ID_SIZE];
	char *kept;

	(void)input;
	if (!command_arg_text(command, "step", step, sizeof(step)) || !read_key(command, &key, id))
		return TURN_DONE;
	if (command->at != AT_START && command->op.err != SFMFA_OK) {
		command_fail(command, command->op.err, NULL);
		return TURN_DONE;
	}
	if (command->at == AT_WRAPPED)
		return end_wrap(command, id);
	if (command->at == AT_FINISHED)
		return end_finish(command, &key, id);
	if (!text_equals(step, "wrap") && !text_equals(step, "finish")) {
		command_usage(command, "step must be wrap or finish");
		return TURN_DONE;
	}
	/* The id must live until the commit. */
	kept = check_place(command) ? command_work(command, KEY_ID_SIZE) : NULL;
	if (kept == NULL)
		return TURN_DONE;
	memcpy(kept, id, KEY_ID_SIZE);
	return text_equals(step, "wrap") ? begin_wrap(command, &key, id) : begin_finish(command, &key, id);
}
