/*
 * backup and restore, by pages of one connection. Nothing of a copy lives longer than that, nor grows with the number
 * of users.
 */
#include <string.h>

#include "auth/administer.h"
#include "auth/backup.h"
#include "base/text.h"
#include "paths.h"

#define CHUNK_SIZE 24576 /* bytes of the file a page; twice as many digits */

enum { AT_START = 0, AT_COPYING, AT_SENDING, AT_RECEIVING, AT_CHECKED };

struct work {
	struct store_copy *copy;
	struct hasher *hasher;
	struct keyring keyring;  /* restore: of the store that the backup is of */
	struct backup_head head;
	unsigned char bytes[BACKUP_HEAD_MAX]; /* restore: until the head is known; then the hash at the end */
	size_t size;
	int64_t at;              /* bytes of the store that are through */
	bool has_head;
};

static void
finish_work(void *data)
{
	struct work *work = data;

	store_copy_destroy(work->copy);
	hasher_destroy(work->hasher);
}

static enum turn
failed(struct command *command, enum sfmfa_err err, const struct diag *diag)
{
	command_fail(command, err, diag);
	return TURN_DONE;
}

static struct work *
begin(struct command *command)
{
	const struct env *env = command->env;
	struct diag diag = { 0 };
	struct work *work;

	if (env->store == NULL || !env->keyring.ready) {
		diag_set(&diag, SFMFA_ERR_CRYPTO, "", 0, "the data keys are not open: see the log of sfmfad");
		command_fail(command, SFMFA_ERR_CRYPTO, &diag);
		return NULL;
	}
	work = command_work(command, sizeof(*work));
	if (work != NULL)
		command->finish_work = finish_work;
	return work;
}

/* ---- backup ---- */

static enum sfmfa_err
send_bytes(struct command *command, struct work *work, const void *bytes, size_t size)
{
	char digits[2 * CHUNK_SIZE + 1];
	enum sfmfa_err err = hasher_add(work->hasher, bytes, size);

	if (err == SFMFA_OK)
		err = text_from_bytes(digits, sizeof(digits), bytes, size);
	if (err == SFMFA_OK)
		command_reply_text(command, "data", digits);
	return err;
}

static enum sfmfa_err
make_head(struct command *command, struct work *work, struct diag *diag)
{
	struct env *env = command->env;
	struct backup_head *head = &work->head;
	unsigned char bytes[BACKUP_HEAD_MAX];
	size_t size = 0;
	enum sfmfa_err err;

	head->time = command->now.wall;
	err = text_copy(head->version, sizeof(head->version), SFMFA_VERSION);
	if (err == SFMFA_OK)
		err = text_copy(head->host, sizeof(head->host), env->host);
	if (err == SFMFA_OK)
		err = store_count_users(env->store, &head->users, diag);
	if (err == SFMFA_OK)
		err = sealing_key_id(&env->sealing_key, head->key_id);
	if (err == SFMFA_OK)
		err = keyring_wrap(&env->keyring, &env->sealing_key, head->wrap);
	if (err == SFMFA_OK)
		err = backup_write_head(env, head, bytes, &size);
	if (err == SFMFA_OK)
		err = backup_hasher(&env->keyring, &work->hasher);
	return err == SFMFA_OK ? send_bytes(command, work, bytes, size) : err;
}

static enum turn
end_backup(struct command *command, struct work *work)
{
	unsigned char hash[HMAC_SIZE];
	char digits[2 * HMAC_SIZE + 1];
	enum sfmfa_err err = hasher_end(work->hasher, hash);

	if (err == SFMFA_OK)
		err = text_from_bytes(digits, sizeof(digits), hash, sizeof(hash));
	if (err != SFMFA_OK)
		return failed(command, err, NULL);
	command_reply_text(command, "data", digits);
	command_reply_number(command, "users", work->head.users);
	command_reply_text(command, "key_id", work->head.key_id);
	command_note(command, "backup of %lld users made", (long long)work->head.users);
	return command_done(command);
}

static enum turn
send_page(struct command *command, struct work *work)
{
	unsigned char bytes[CHUNK_SIZE];
	struct diag diag = { 0 };
	size_t got = 0;
	enum sfmfa_err err = store_copy_read(work->copy, work->at, bytes, sizeof(bytes), &got, &diag);

	if (err == SFMFA_OK && got == 0)
		return end_backup(command, work);
	work->at += (int64_t)got;
	if (err == SFMFA_OK)
		err = send_bytes(command, work, bytes, got);
	return err == SFMFA_OK ? command_begin_page(command) : failed(command, err, &diag);
}

static enum turn
make_copy(struct command *command, struct work *work)
{
	struct diag diag = { 0 };
	int64_t left = 0;
	enum sfmfa_err err = store_copy_step(work->copy, &left, &work->head.size, &diag);

	if (err == SFMFA_OK && left == 0) {
		command->at = AT_SENDING;
		err = make_head(command, work, &diag);
	}
	return err == SFMFA_OK ? command_begin_page(command) : failed(command, err, &diag);
}

enum turn
administer_backup(struct command *command, struct input *input)
{
	struct work *work = command->work;
	struct diag diag = { 0 };
	enum sfmfa_err err;

	if (command->at == AT_START) {
		work = begin(command);
		if (work == NULL)
			return TURN_DONE;
		err = store_copy_begin(command->env->store, &work->copy, &diag);
		if (err != SFMFA_OK)
			return failed(command, err, &diag);
		command->at = AT_COPYING;
	} else if (input == NULL || input->kind != INPUT_PAGE) {
		command_usage(command, "backup goes by pages");
		return TURN_DONE;
	}
	return command->at == AT_SENDING ? send_page(command, work) : make_copy(command, work);
}

/* ---- restore ---- */

static enum turn
refuse(struct command *command, const char *why)
{
	command_refuse(command, REASON_CONFIGURATION, "%s: nothing was changed", why);
	return TURN_DONE;
}

/* False: the command has ended. */
static bool
take_head(struct command *command, struct work *work)
{
	size_t size = 0;
	enum sfmfa_err err;
	struct diag diag = { 0 };

	err = backup_read_head(command->env, work->bytes, work->size, &work->head, &work->keyring, &size);
	if (err == SFMFA_ERR_NOT_FOUND && work->size < BACKUP_HEAD_MAX)
		return true;
	if (err == SFMFA_ERR_CRYPTO)
		return command_refuse(command, REASON_CONFIGURATION,
				      "the backup is of another store, sealed with key %s, which is not the one that is "
				      "here: put the matching key file in place first; nothing was changed",
				      work->head.key_id);
	if (err != SFMFA_OK) {
		refuse(command, "this is no backup, or it was changed");
		return false;
	}
	err = backup_hasher(&work->keyring, &work->hasher);
	if (err == SFMFA_OK)
		err = hasher_add(work->hasher, work->bytes, size);
	if (err == SFMFA_OK)
		err = store_copy_receive(command->env->store, &work->copy, &diag);
	if (err != SFMFA_OK)
		return command_fail(command, err, &diag);
	work->has_head = true;
	/* What came after the head is looked at next. */
	memmove(work->bytes, work->bytes + size, work->size - size);
	work->size -= size;
	return true;
}

/* Bytes of the store, then the hash, then nothing. */
static bool
take_body(struct command *command, struct work *work, const unsigned char *bytes, size_t size)
{
	size_t part = work->head.size - work->at < (int64_t)size ? (size_t)(work->head.size - work->at) : size;
	struct diag diag = { 0 };
	enum sfmfa_err err = hasher_add(work->hasher, bytes, part);

	if (err == SFMFA_OK)
		err = store_copy_write(work->copy, bytes, part, &diag);
	if (err != SFMFA_OK)
		return command_fail(command, err, &diag);
	work->at += (int64_t)part;
	if (size - part > HMAC_SIZE - work->size) {
		refuse(command, "there is more in the file than the backup");
		return false;
	}
	memcpy(work->bytes + work->size, bytes + part, size - part);
	work->size += size - part;
	return true;
}

static bool
take(struct command *command, struct work *work, const unsigned char *bytes, size_t size)
{
	unsigned char rest[BACKUP_HEAD_MAX];
	size_t part = size, left;

	if (work->has_head)
		return take_body(command, work, bytes, size);
	if (part > BACKUP_HEAD_MAX - work->size)
		part = BACKUP_HEAD_MAX - work->size;
	memcpy(work->bytes + work->size, bytes, part);
	work->size += part;
	if (!take_head(command, work))
		return false;
	if (!work->has_head)
		return true;
	left = work->size;
	memcpy(rest, work->bytes, left);
	work->size = 0;
	return take_body(command, work, rest, left) && take_body(command, work, bytes + part, size - part);
}

/* All of it is here and is what it says: what would happen is told before it does. */
static enum turn
check_all(struct command *command, struct work *work)
{
	unsigned char hash[HMAC_SIZE];
	struct diag diag = { 0 };
	int64_t users = 0, here = 0;
	enum sfmfa_err err;

	if (!work->has_head || work->at != work->head.size || work->size != HMAC_SIZE)
		return refuse(command, "the backup is cut short");
	err = hasher_end(work->hasher, hash);
	if (err == SFMFA_OK && !bytes_equal(hash, work->bytes, HMAC_SIZE))
		return refuse(command, "the backup was changed or is damaged");
	if (err == SFMFA_OK)
		err = store_copy_check(work->copy, &users, &diag);
	if (err == SFMFA_OK)
		err = store_count_users(command->env->store, &here, &diag);
	if (err != SFMFA_OK)
		return failed(command, err, &diag);
	command_reply_text(command, "host", work->head.host);
	command_reply_number(command, "time", work->head.time);
	command_reply_number(command, "users", users);
	command_reply_number(command, "users_here", here);
	command->at = AT_CHECKED;
	return command_begin_page(command);
}

static enum turn
install(struct command *command, struct work *work)
{
	struct env *env = command->env;
	unsigned char wrap[WRAP_SIZE];
	char id[KEY_ID_SIZE];
	struct store_restore restore = { .window = 1, .key_id = id, .wrap = wrap, .wrap_size = sizeof(wrap) };
	struct moment now;
	struct diag diag = { 0 };
	enum sfmfa_err err = env->clock.now(env->clock.data, &now);

	if (!command_arg_flag(command, "keep_recovery_codes", &restore.keep_recovery_codes))
		return TURN_DONE;
	restore.now = now.wall;
	if (env->config != NULL && env->config->settings.totp.window > 0)
		restore.window = (unsigned)env->config->settings.totp.window;
	if (err == SFMFA_OK)
		err = sealing_key_id(&env->sealing_key, id);
	if (err == SFMFA_OK)
		err = keyring_wrap(&work->keyring, &env->sealing_key, wrap);
	if (err == SFMFA_OK)
		err = store_copy_install(work->copy, &restore, &diag);
	if (err != SFMFA_OK)
		return failed(command, err, &diag);
	env->keyring = work->keyring;
	command_reply_number(command, "scrubbed", store_scrub(env->store, NULL) == SFMFA_OK ? 1 : 0);
	command_reply_text(command, "host", work->head.host);
	command_reply_number(command, "time", work->head.time);
	command_reply_number(command, "users", work->head.users);
	command_note(command, "store replaced by the backup of %s from @%lld, recovery codes %s", work->head.host,
		     (long long)work->head.time, restore.keep_recovery_codes ? "kept" : "void");
	return command_done(command);
}

static enum turn
receive_page(struct command *command, struct work *work, const struct fields *page)
{
	struct field field;
	size_t at = 0;

	if (fields_has(page, "end"))
		return check_all(command, work);
	while (fields_next(page, &at, &field)) {
		if (field_is(&field, "data") && !take(command, work, field.value, field.value_size))
			return TURN_DONE;
	}
	return command_begin_page(command);
}

enum turn
administer_restore(struct command *command, struct input *input)
{
	struct work *work = command->work;

	if (command->at == AT_START) {
		work = begin(command);
		if (work == NULL)
			return TURN_DONE;
		command->at = AT_RECEIVING;
		return command_begin_page(command);
	}
	if (input == NULL || input->kind != INPUT_PAGE) {
		command_usage(command, "restore goes by pages");
		return TURN_DONE;
	}
	if (command->at == AT_RECEIVING)
		return receive_page(command, work, input->page);
	if (fields_has(input->page, "install"))
		return install(command, work);
	command_refuse(command, REASON_CONFIGURATION, "nothing was changed");
	return TURN_DONE;
}
