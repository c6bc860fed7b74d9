#include "daemon/request.h"

#include <string.h>

#include "auth/session.h"
#include "base/text.h"
#include "wire/names.h"

/* An absent field is "": the buffer must be zeroed. */
static enum sfmfa_err
optional_text(const struct fields *request, const char *key, char *text, size_t size)
{
	enum sfmfa_err err = fields_get_text(request, key, text, size);

	return err == SFMFA_ERR_NOT_FOUND ? SFMFA_OK : err;
}

/* Present with the value 1, or absent. */
static enum sfmfa_err
optional_switch(const struct fields *request, const char *key, bool *ret_on)
{
	int64_t number;
	enum sfmfa_err err = fields_get_number(request, key, 0, 1, &number);

	if (err == SFMFA_OK)
		*ret_on = number == 1;
	return err == SFMFA_ERR_NOT_FOUND ? SFMFA_OK : err;
}

static enum sfmfa_err
read_where(const struct fields *request, struct login_request *login)
{
	enum sfmfa_err err;

	err = fields_get_text(request, WIRE_SERVICE, login->service, sizeof(login->service));
	if (err == SFMFA_OK)
		err = optional_text(request, WIRE_RHOST, login->rhost, sizeof(login->rhost));
	if (err == SFMFA_OK)
		err = optional_text(request, WIRE_TTY, login->tty, sizeof(login->tty));
	if (err == SFMFA_OK)
		err = optional_text(request, WIRE_PROMPT, login->prompt, sizeof(login->prompt));
	if (err == SFMFA_OK)
		err = optional_text(request, WIRE_APP, login->app, sizeof(login->app));
	if (err == SFMFA_OK)
		err = optional_text(request, WIRE_FLOW, login->flow, sizeof(login->flow));
	return err;
}

static enum sfmfa_err
read_how(const struct fields *request, struct login_request *login)
{
	char type[16] = "";
	int64_t real_uid;
	enum sfmfa_err err;

	err = optional_text(request, WIRE_LOGIN_TYPE, type, sizeof(type));
	if (err == SFMFA_OK && type[0] != '\0') {
		login->has_login_type = true;
		err = login_type_from_key(type, &login->login_type);
	}
	if (err == SFMFA_OK)
		err = optional_switch(request, WIRE_CAN_COMMIT, &login->can_commit);
	if (err == SFMFA_OK)
		err = optional_switch(request, WIRE_SPLIT, &login->split);
	if (err == SFMFA_OK)
		err = optional_switch(request, WIRE_ASK, &login->ask);
	if (err == SFMFA_OK && fields_get_number(request, WIRE_CALLER_UID, 0, UINT32_MAX, &real_uid) == SFMFA_OK)
		login->real_uid_is_root = real_uid == 0;
	if (err == SFMFA_OK)
		err = optional_switch(request, WIRE_CREDENTIAL, &login->credential);
	if (err == SFMFA_OK && (login->split || login->credential))
		err = fields_get_secret(request, WIRE_PASSWORD, &login->password);
	return err;
}

enum sfmfa_err
request_login(const struct fields *request, enum verb verb, const struct person *person,
              struct login_request *ret_login)
{
	struct login_request login = {
		.phase = verb == VERB_ACCOUNT ? PHASE_ACCOUNT : PHASE_AUTHENTICATE,
		.person = *person,
	};
	enum sfmfa_err err;

	err = read_where(request, &login);
	if (err == SFMFA_OK)
		err = read_how(request, &login);
	if (err == SFMFA_OK) {
		*ret_login = login;
		secret_clear(&ret_login->password);
		secret_move(&ret_login->password, &login.password);
	}
	secret_clear(&login.password);
	return err;
}

enum sfmfa_err
request_place(const struct fields *answer, const struct fields *first, const struct person *person,
              struct session_place *ret_place)
{
	char verb[32] = "", tty[HOST_SIZE] = "";
	enum sfmfa_err err;

	err = fields_get_text(answer, WIRE_VERB, verb, sizeof(verb));
	if (err == SFMFA_OK && strcmp(verb, WIRE_VERB_SESSION) != 0)
		err = SFMFA_ERR_INVALID;
	if (err == SFMFA_OK)
		err = optional_text(first, WIRE_TTY, tty, sizeof(tty));
	return err == SFMFA_OK ? session_place_read(answer, tty, person, ret_place) : err;
}

static bool
is_addressing(const struct field *field)
{
	static const char *const keys[] = { WIRE_VERB, WIRE_USER, WIRE_NSS, WIRE_NAME, WIRE_UID, WIRE_CALLER_UID };

	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
		if (field_is(field, keys[i]))
			return true;
	}
	return false;
}

enum sfmfa_err
request_command(const struct fields *request, enum verb verb, bool has_subject, const struct person *person,
                struct command_request *ret_command)
{
	struct command_request command = { .verb = verb, .has_subject = has_subject, .subject = *person };
	struct field field;
	size_t at = 0;
	enum sfmfa_err err = SFMFA_OK;

	while (err == SFMFA_OK && fields_next(request, &at, &field)) {
		char key[FIELD_KEY_MAX + 1] = "";

		if (is_addressing(&field))
			continue;
		memcpy(key, field.key, field.key_size);
		err = fields_add(&command.args, key, field.value, field.value_size);
	}
	if (err != SFMFA_OK) {
		fields_finish(&command.args);
		return err;
	}
	*ret_command = command;
	return SFMFA_OK;
}

enum sfmfa_err
request_input(const struct fields *request, struct input *ret_input)
{
	char verb[32] = "";
	enum sfmfa_err err;

	memset(ret_input, 0, sizeof(*ret_input));
	err = fields_get_text(request, WIRE_VERB, verb, sizeof(verb));
	if (err != SFMFA_OK)
		return err;
	if (strcmp(verb, WIRE_VERB_FIRST_FACTOR_OK) == 0) {
		ret_input->kind = INPUT_FIRST_FACTOR_OK;
		return SFMFA_OK;
	}
	if (strcmp(verb, WIRE_VERB_COMMIT) == 0) {
		ret_input->kind = INPUT_COMMIT;
		return SFMFA_OK;
	}
	if (strcmp(verb, WIRE_VERB_PAGE) == 0) {
		ret_input->kind = INPUT_PAGE;
		ret_input->page = request;
		return SFMFA_OK;
	}
	if (strcmp(verb, WIRE_VERB_ANSWER) != 0)
		return SFMFA_ERR_INVALID;
	if (fields_has(request, WIRE_PLACEHOLDER)) {
		ret_input->kind = INPUT_PLACEHOLDER;
	} else if (fields_has(request, WIRE_ANSWER_IS_PASSWORD)) {
		ret_input->kind = INPUT_ANSWER_IS_PASSWORD;
	} else if (fields_get_secret(request, WIRE_ANSWER, &ret_input->answer) == SFMFA_OK) {
		ret_input->kind = INPUT_ANSWER;
	} else {
		ret_input->kind = INPUT_CONVERSATION_FAILED;
	}
	return SFMFA_OK;
}
