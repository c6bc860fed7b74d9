/*
 * import: authenticator apps taken over from another system, so that nobody has to enrol again. They come
 * page by page, are staged beside the store, and written all at once; one that is wrong, and nothing is.
 */
#include <string.h>

#include "auth/administer.h"
#include "auth/attempt.h"
#include "auth/contexts.h"
#include "base/text.h"
#include "factor/code.h"
#include "factor/totp.h"

#define ROWS_PER_PAGE 256

enum { AT_START = 0, AT_PAGE, AT_STAGED, AT_WRITTEN };

struct import {
	bool replace, dry_run;
	int64_t id;
	bool begun;
	int64_t bad, staged;
	size_t count;                  /* rows of this page that may be staged */
	size_t nth[ROWS_PER_PAGE];     /* which of the page each of them is */
	struct store_import_row rows[ROWS_PER_PAGE];
};

/* One row of a page as it is read. */
struct reading {
	struct store_import_row row;
	struct secret secret;
	const char *why; /* NULL: nothing wrong so far */
};

bool
administer_import_prepare(struct command *command)
{
	struct import *import = command_work(command, sizeof(*import));
	unsigned char bytes[sizeof(import->id)];
	enum sfmfa_err err;

	if (import == NULL || !command_arg_flag(command, "replace", &import->replace) ||
	    !command_arg_flag(command, "dry_run", &import->dry_run))
		return false;
	if (!command->env->keyring.ready)
		return command_fail(command, SFMFA_ERR_CRYPTO, NULL);
	err = random_bytes(bytes, sizeof(bytes));
	if (err != SFMFA_OK)
		return command_fail(command, err, NULL);
	memcpy(&import->id, bytes, sizeof(bytes));
	return true;
}

static void
blame(struct reading *reading, const char *why)
{
	if (reading->why == NULL)
		reading->why = why;
}

static void
read_user(struct reading *reading, const struct field *field)
{
	reading->row = (struct store_import_row){ .params = { .digits = 6, .period = 30 } };
	secret_clear(&reading->secret);
	reading->why = NULL;
	if (field_text(field, reading->row.user, sizeof(reading->row.user)) != SFMFA_OK ||
	    reading->row.user[0] == '\0' || !administer_is_plausible(reading->row.user))
		blame(reading, "not a user name");
}

static void
read_secret(struct reading *reading, const struct field *field)
{
	char text[TOTP_BASE32_SIZE * 2] = "";

	if (field_text(field, text, sizeof(text)) != SFMFA_OK ||
	    totp_from_base32(text, &reading->secret) != SFMFA_OK)
		blame(reading, "not a shared secret of 10 to 64 bytes");
	wipe(text, sizeof(text));
}

/* What it says of the user does not matter: the name service may spell it in another way. */
static void
read_uri(struct reading *reading, const struct field *field)
{
	char uri[TOTP_URI_SIZE * 2] = "";
	char user[USER_NAME_SIZE];

	if (field_text(field, uri, sizeof(uri)) != SFMFA_OK ||
	    totp_parse_uri(uri, &reading->row.params, &reading->secret, user) != SFMFA_OK)
		blame(reading, "not an otpauth://totp URI with a shared secret of 10 to 64 bytes");
	wipe(uri, sizeof(uri));
}

static void
read_recovery_code(struct command *command, struct reading *reading, const struct field *field)
{
	SECRET_AUTO code = { 0 };
	SECRET_AUTO canonical = { 0 };
	struct store_import_row *row = &reading->row;

	if (row->recovery_count == STORE_RECOVERY_MAX) {
		blame(reading, "more than ten scratch codes");
		return;
	}
	if (secret_set(&code, field->value, field->value_size) != SFMFA_OK ||
	    !code_is_scratch(&code, &canonical)) {
		blame(reading, "a scratch code is not 8 digits");
		return;
	}
	if (code_hash(&command->env->keyring, CODE_RECOVERY, row->user, &canonical,
		      row->recovery_hashes[row->recovery_count]) != SFMFA_OK) {
		blame(reading, "a scratch code could not be hashed");
		return;
	}
	for (size_t i = 0; i < row->recovery_count; i++) {
		if (memcmp(row->recovery_hashes[i], row->recovery_hashes[row->recovery_count], HASH_SIZE) == 0)
			return; /* the same one twice */
	}
	row->recovery_count++;
}

static void
read_number(struct reading *reading, const struct field *field, int64_t min, int64_t max, const char *why,
	    int64_t *ret_number)
{
	char text[32] = "";

	if (field_text(field, text, sizeof(text)) != SFMFA_OK ||
	    text_parse_number(text, min, max, ret_number) != SFMFA_OK)
		blame(reading, why);
}

static void
read_field(struct command *command, struct reading *reading, const struct field *field)
{
	struct store_import_row *row = &reading->row;
	char text[32] = "";
	int64_t number = 0;

	if (field_is(field, "secret")) {
		read_secret(reading, field);
	} else if (field_is(field, "uri")) {
		read_uri(reading, field);
	} else if (field_is(field, "virtual")) {
		row->is_virtual = true;
	} else if (field_is(field, "algorithm")) {
		if (field_text(field, text, sizeof(text)) != SFMFA_OK ||
		    totp_algorithm_from_key(text, &row->params.algorithm) != SFMFA_OK)
			blame(reading, "the algorithm is none of sha1, sha256, sha512");
	} else if (field_is(field, "digits")) {
		read_number(reading, field, TOTP_DIGITS_MIN, TOTP_DIGITS_MAX, "digits are 6, 7 or 8", &number);
		row->params.digits = (unsigned)number;
	} else if (field_is(field, "period")) {
		read_number(reading, field, TOTP_PERIOD_MIN, TOTP_PERIOD_MAX, "the period is out of bounds", &number);
		row->params.period = (unsigned)number;
	} else if (field_is(field, "last_step")) {
		read_number(reading, field, 0, INT64_MAX, "the last time step is not a number", &row->last_step);
	} else if (field_is(field, "recovery_code")) {
		read_recovery_code(command, reading, field);
	} else {
		blame(reading, "a field that import does not know");
	}
}

static void
reply_bad(struct command *command, size_t nth, const char *why)
{
	struct import *import = command->work;

	import->bad++;
	command_reply_number(command, "bad", (int64_t)nth);
	command_reply_text(command, "why", why);
}

/* A row that is read: sealed and kept for the store, or found wanting. */
static enum sfmfa_err
keep_row(struct command *command, struct reading *reading, size_t nth)
{
	struct import *import = command->work;
	struct store_import_row *row = &reading->row;
	char context[CONTEXT_SIZE];
	enum sfmfa_err err;

	if (reading->why == NULL && reading->secret.size == 0)
		blame(reading, "no shared secret");
	if (reading->why != NULL) {
		reply_bad(command, nth, reading->why);
		return SFMFA_OK;
	}
	err = text_format(context, sizeof(context), CONTEXT_APP, row->user);
	if (err == SFMFA_OK)
		err = seal(&command->env->keyring, context, &reading->secret, row->sealed, sizeof(row->sealed),
			   &row->sealed_size);
	if (err != SFMFA_OK)
		return err;
	import->nth[import->count] = nth;
	import->rows[import->count++] = *row;
	return SFMFA_OK;
}

static bool
read_page(struct command *command, const struct fields *page)
{
	struct import *import = command->work;
	struct reading reading = { .why = "a page begins with a user" };
	struct field field;
	size_t at = 0, rows = 0;
	enum sfmfa_err err = SFMFA_OK;

	import->count = 0;
	while (err == SFMFA_OK && fields_next(page, &at, &field)) {
		if (field_is(&field, "verb"))
			continue;
		if (!field_is(&field, "user")) {
			read_field(command, &reading, &field);
			continue;
		}
		if (rows > 0)
			err = keep_row(command, &reading, rows - 1);
		if (rows++ == ROWS_PER_PAGE)
			err = SFMFA_ERR_TOO_LARGE;
		read_user(&reading, &field);
	}
	if (err == SFMFA_OK && rows > 0)
		err = keep_row(command, &reading, rows - 1);
	wipe(&reading, sizeof(reading));
	if (err == SFMFA_ERR_TOO_LARGE)
		return command_usage(command, "a page of an import has at most %d users", ROWS_PER_PAGE);
	return err == SFMFA_OK || command_fail(command, err, NULL);
}

static enum turn
stage(struct command *command)
{
	struct import *import = command->work;

	memset(&command->op, 0, sizeof(command->op));
	command->op.kind = STORE_IMPORT_STAGE;
	command->op.err = SFMFA_ERR_INTERNAL;
	command->op.import = (struct store_import){
		.id = import->id, .begins = !import->begun, .rows = import->rows, .count = import->count
	};
	import->begun = true;
	command->at = AT_STAGED;
	return TURN_WRITE;
}

static enum turn
staged(struct command *command)
{
	struct import *import = command->work;

	if (command->op.err != SFMFA_OK)
		return command_write_failed(command);
	for (size_t i = 0; i < import->count; i++) {
		if (import->rows[i].twice)
			reply_bad(command, import->nth[i], "this user was named before");
		else
			import->staged++;
	}
	command->at = AT_PAGE;
	return command_begin_page(command);
}

static enum turn
write_all(struct command *command)
{
	struct import *import = command->work;

	if (import->bad > 0) {
		command_refuse(command, REASON_CONFIGURATION, "nothing was imported");
		return TURN_DONE;
	}
	if (command->env->clock.now(command->env->clock.data, &command->now) != SFMFA_OK) {
		command_fail(command, SFMFA_ERR_CLOCK, NULL);
		return TURN_DONE;
	}
	memset(&command->op, 0, sizeof(command->op));
	command->op.kind = STORE_IMPORT_APPLY;
	command->op.err = SFMFA_ERR_INTERNAL;
	command->op.import = (struct store_import){ .id = import->id,
						    .expected = import->staged,
						    .replace = import->replace,
						    .dry_run = import->dry_run,
						    .now = command->now };
	command->at = AT_WRITTEN;
	return TURN_WRITE;
}

static enum turn
page(struct command *command, const struct input *input)
{
	if (input == NULL || input->kind != INPUT_PAGE) {
		command_refuse(command, REASON_CONVERSATION, "the import broke off: nothing was imported");
		return TURN_DONE;
	}
	if (fields_has(input->page, "end"))
		return write_all(command);
	return read_page(command, input->page) ? stage(command) : TURN_DONE;
}

static enum turn
written(struct command *command)
{
	const struct store_import *done = &command->op.import;
	const struct import *import = command->work;

	if (command->op.err == SFMFA_ERR_CHANGED) {
		command_refuse(command, REASON_CONFIGURATION,
			       "another import began meanwhile, or a backup was restored: nothing was imported");
		return TURN_DONE;
	}
	if (command->op.err == SFMFA_ERR_EXISTS) {
		command_refuse(command, REASON_CONFIGURATION,
			       "%s is a virtual user here and a user of the system there, or the other way round "
			       "(sfmfa user show, sfmfa user delete): nothing was imported",
			       done->mixed_up);
		return TURN_DONE;
	}
	if (command->op.err != SFMFA_OK)
		return command_write_failed(command);
	command_reply_number(command, "imported", done->made);
	command_reply_number(command, "replaced", done->replaced);
	command_reply_number(command, "kept", done->kept);
	command_note(command, "imported %lld authenticator apps, replaced %lld, left %lld as they are",
		     (long long)done->made, (long long)done->replaced, (long long)done->kept);
	command->quiet = import->dry_run;
	return command_done(command);
}

enum turn
administer_import(struct command *command, struct input *input)
{
	switch (command->at) {
	case AT_PAGE: return page(command, input);
	case AT_STAGED: return staged(command);
	case AT_WRITTEN: return written(command);
	default: break;
	}
	command->at = AT_PAGE;
	return command_begin_page(command);
}
