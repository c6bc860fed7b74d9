#include <string.h>

#include "auth/login_private.h"
#include "base/text.h"

static bool
is_empty(const struct secret *answer)
{
	for (size_t i = 0; i < answer->size; i++) {
		if (answer->bytes[i] != ' ')
			return false;
	}
	return true;
}

static const char *
prompt_for(uint32_t acceptable)
{
	if (acceptable == FACTOR_BIT(FACTOR_TEMPORARY_CODE))
		return "Temporary code: ";
	if (acceptable == FACTOR_BIT(FACTOR_SECURITY_TOKEN))
		return "Security token: ";
	if ((acceptable & FACTOR_BIT(FACTOR_SECURITY_TOKEN)) != 0)
		return "Authenticator code or security token: ";
	return "Authenticator code: ";
}

enum turn
login_ask_factor(struct login *login)
{
	const char *prompt = login->request.prompt;

	if (prompt[0] == '\0')
		prompt = prompt_for(login->decision.acceptable);
	/* Nothing could be compared: better said at once than after a code was typed. */
	if (!login->env->keyring.ready)
		return login_settle(login, ATTEMPT_STORE, FACTOR_PASSWORD);
	memset(&login->ask, 0, sizeof(login->ask));
	/* Never echoed: clients with one field answer hidden prompts and fail at others. */
	if (text_copy(login->ask.prompt, sizeof(login->ask.prompt), prompt) != SFMFA_OK)
		return login_fail(login, SFMFA_ERR_INTERNAL, "the prompt does not fit");
	login->state = LOGIN_ASKED;
	return TURN_ASK;
}

/* A denial that nobody may tell from an ordinary prompt. Where nobody would be asked, it comes at once. */
bool
login_is_concealed(const struct login *login)
{
	const struct decision *decision = &login->decision;

	return decision->verdict == VERDICT_DENY && decision->concealed && decision->acceptable != 0;
}

enum turn
login_begin_ui(struct login *login)
{
	const struct decision *decision = &login->decision;

	if (login->request.split) {
		if (words_contain(&login->config->settings.lockers, login->request.service))
			return login_begin_locker(login);
		return login_refuse(login, REASON_CONFIGURATION,
				    "split is for services mapped to api; service %s is not",
				    login->request.service);
	}
	switch (decision->verdict) {
	case VERDICT_CHALLENGE: return login_ask_factor(login);
	case VERDICT_REGISTER: return register_begin(login);
	case VERDICT_DENY: return login_is_concealed(login) ? login_ask_factor(login) : login_end(login);
	case VERDICT_ALLOW: return login_end(login);
	}
	return login_fail(login, SFMFA_ERR_INTERNAL, "an unknown verdict");
}

enum turn
login_no_answer(struct login *login, enum input_kind kind)
{
	switch (kind) {
	case INPUT_ANSWER_IS_PASSWORD: return login_settle(login, ATTEMPT_CANNOT_PROMPT, FACTOR_PASSWORD);
	case INPUT_PLACEHOLDER:
		/* Not a person's answer: neither compared nor counted nor logged (rules 8). */
		login->silent = true;
		login->facts.attempt = ATTEMPT_WRONG;
		return login_refuse(login, REASON_FACTOR_WRONG, "the service sends no answers for this user",
				    NULL);
	case INPUT_CONVERSATION_FAILED: return login_settle(login, ATTEMPT_CONVERSATION, FACTOR_PASSWORD);
	case INPUT_NONE:
	case INPUT_ANSWER:
	case INPUT_FIRST_FACTOR_OK:
	case INPUT_COMMIT:
	case INPUT_PAGE: break;
	}
	login->facts.attempt = ATTEMPT_CONVERSATION;
	return login_refuse(login, REASON_CONVERSATION, "the client spoke out of turn", NULL);
}

enum turn
login_answer(struct login *login, struct input *input)
{
	if (input->kind != INPUT_ANSWER)
		return login_no_answer(login, input->kind);
	if (is_empty(&input->answer))
		return login_settle(login, ATTEMPT_NONE, FACTOR_PASSWORD);
	return login_attempt(login, &input->answer);
}
