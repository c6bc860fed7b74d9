#include "pam_conv.h"

#include <stdlib.h>
#include <string.h>

#include <security/pam_ext.h>

#include "base/secret.h"
#include "wire/names.h"

#define PROMPT_SIZE 512

static void
show(pam_handle_t *pamh, int style, const struct field *field)
{
	(void)pam_prompt(pamh, style, NULL, "%.*s", (int)field->value_size, (const char *)field->value);
}

void
conv_show(pam_handle_t *pamh, const struct fields *reply)
{
	struct field field;
	size_t at = 0;

	while (fields_next(reply, &at, &field)) {
		if (field_is(&field, WIRE_INFO))
			show(pamh, PAM_TEXT_INFO, &field);
		else if (field_is(&field, WIRE_ERROR))
			show(pamh, PAM_ERROR_MSG, &field);
	}
}

/* sshd answers in this way for users it will refuse whatever is typed: it must not count as a guess. */
static bool
is_placeholder(const char *answer)
{
	static const char junk[] = "\b\n\r\177INCORRECT";
	size_t size = strlen(answer);

	for (size_t i = 0; i < size; i++) {
		if (answer[i] != junk[i % (sizeof(junk) - 1)])
			return false;
	}
	return size > 0;
}

/* A client with one field gives the password to every hidden prompt. */
static bool
is_password(pam_handle_t *pamh, const char *answer)
{
	const void *password = NULL;
	size_t size = strlen(answer);

	if (pam_get_item(pamh, PAM_AUTHTOK, &password) != PAM_SUCCESS || password == NULL)
		return false;
	return size == strlen(password) && bytes_equal(answer, password, size);
}

static enum sfmfa_err
classify(pam_handle_t *pamh, const char *answer, struct fields *request)
{
	if (answer == NULL)
		return fields_add_number(request, WIRE_CONVERSATION_FAILED, 1);
	if (is_placeholder(answer))
		return fields_add_number(request, WIRE_PLACEHOLDER, 1);
	if (is_password(pamh, answer))
		return fields_add_number(request, WIRE_ANSWER_IS_PASSWORD, 1);
	if (strlen(answer) > SECRET_MAX)
		return fields_add_number(request, WIRE_CONVERSATION_FAILED, 1);
	return fields_add_text(request, WIRE_ANSWER, answer);
}

enum sfmfa_err
conv_answer(pam_handle_t *pamh, const struct fields *reply, struct fields *ret_request)
{
	FIELDS_AUTO request = { 0 };
	char prompt[PROMPT_SIZE];
	char *answer = NULL;
	int style = fields_has(reply, WIRE_ECHO) ? PAM_PROMPT_ECHO_ON : PAM_PROMPT_ECHO_OFF;
	enum sfmfa_err err;

	err = fields_get_text(reply, WIRE_PROMPT, prompt, sizeof(prompt));
	if (err != SFMFA_OK)
		return err;
	conv_show(pamh, reply);
	if (pam_prompt(pamh, style, &answer, "%s", prompt) != PAM_SUCCESS) {
		wipe(answer, answer != NULL ? strlen(answer) : 0);
		free(answer);
		answer = NULL;
	}
	err = fields_add_text(&request, WIRE_VERB, WIRE_VERB_ANSWER);
	if (err == SFMFA_OK)
		err = classify(pamh, answer, &request);
	wipe(answer, answer != NULL ? strlen(answer) : 0);
	free(answer);
	if (err != SFMFA_OK)
		return err;
	*ret_request = request;
	request = (struct fields){ 0 };
	return SFMFA_OK;
}
