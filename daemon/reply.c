#include "daemon/reply.h"

#include <string.h>

#include "wire/names.h"

#define DENIAL_DELAY_US 2000000 /* pam_fail_delay on UI denials (rules 8) */

/* Carries on from an earlier error, so that a reply reads as a list of fields. */
struct writer {
	struct fields fields;
	enum sfmfa_err err;
};

static void
put(struct writer *writer, const char *key, const char *value)
{
	if (writer->err == SFMFA_OK)
		writer->err = fields_add_text(&writer->fields, key, value);
}

static void
put_if(struct writer *writer, const char *key, const char *value)
{
	if (value[0] != '\0')
		put(writer, key, value);
}

static void
put_number(struct writer *writer, const char *key, int64_t value)
{
	if (writer->err == SFMFA_OK)
		writer->err = fields_add_number(&writer->fields, key, value);
}

static enum sfmfa_err
hand_over(struct writer *writer, struct fields *ret_reply)
{
	if (writer->err != SFMFA_OK) {
		fields_finish(&writer->fields);
		return writer->err;
	}
	*ret_reply = writer->fields;
	return SFMFA_OK;
}

static void
put_texts(struct writer *writer, const struct ask *ask)
{
	put_if(writer, WIRE_INFO, ask->info);
	put_if(writer, WIRE_ERROR, ask->error);
}

enum sfmfa_err
reply_ask(const struct ask *ask, struct fields *ret_reply)
{
	struct writer writer = { 0 };

	put(&writer, WIRE_STATUS, WIRE_STATUS_ASK);
	put(&writer, WIRE_NEED, WIRE_NEED_ANSWER);
	put_texts(&writer, ask);
	put(&writer, WIRE_PROMPT, ask->prompt);
	if (ask->echo)
		put_number(&writer, WIRE_ECHO, 1);
	return hand_over(&writer, ret_reply);
}

enum sfmfa_err
reply_need(const char *what, struct fields *ret_reply)
{
	struct writer writer = { 0 };

	put(&writer, WIRE_STATUS, WIRE_STATUS_ASK);
	put(&writer, WIRE_NEED, what);
	return hand_over(&writer, ret_reply);
}

enum sfmfa_err
reply_groups(const struct words *groups, struct fields *ret_reply)
{
	struct writer writer = { 0 };

	put(&writer, WIRE_STATUS, WIRE_STATUS_ASK);
	put(&writer, WIRE_NEED, WIRE_NEED_GROUPS);
	for (size_t i = 0; i < groups->count; i++)
		put(&writer, WIRE_GROUP, groups->items[i]);
	return hand_over(&writer, ret_reply);
}

static const char *
outcome_word(enum outcome outcome)
{
	switch (outcome) {
	case OUTCOME_REFUSED: return WIRE_OUTCOME_REFUSED;
	case OUTCOME_FORBIDDEN: return WIRE_OUTCOME_FORBIDDEN;
	case OUTCOME_EXPIRED: return WIRE_OUTCOME_EXPIRED;
	case OUTCOME_CONFIGURATION: return WIRE_OUTCOME_CONFIGURATION;
	case OUTCOME_UNAVAILABLE: return WIRE_OUTCOME_UNAVAILABLE;
	case OUTCOME_CONVERSATION: return WIRE_OUTCOME_CONVERSATION;
	case OUTCOME_ALLOW: return WIRE_OUTCOME_ALLOW;
	}
	return WIRE_OUTCOME_REFUSED;
}

enum sfmfa_err
reply_login(const struct login *login, bool kept, struct fields *ret_reply)
{
	const struct login_result *result = login_result(login);
	struct writer writer = { 0 };

	put(&writer, WIRE_STATUS, WIRE_STATUS_DONE);
	if (kept && result->split) {
		put(&writer, WIRE_MORE, WIRE_MORE_SPLIT);
		put_number(&writer, WIRE_STRIP, (int64_t)result->strip);
		return hand_over(&writer, ret_reply);
	}
	if (kept && result->bridge) {
		put(&writer, WIRE_MORE, WIRE_MORE_BRIDGE);
		return hand_over(&writer, ret_reply);
	}
	if (result->no_credential)
		put(&writer, WIRE_CREDENTIAL, "none");
	put_texts(&writer, login_ask(login));
	put(&writer, WIRE_AUTH, outcome_word(result->auth));
	put(&writer, WIRE_ACCOUNT, outcome_word(result->account));
	put(&writer, WIRE_LOGIN_TYPE, login_type_key(result->login_type));
	if (result->auth == OUTCOME_ALLOW) {
		put(&writer, WIRE_LEVEL, level_key(result->decision.level));
		put(&writer, WIRE_METHOD, factor_key(result->decision.method));
	}
	put_if(&writer, WIRE_LOGIN_ID, result->login_id);
	if (result->delay)
		put_number(&writer, WIRE_DELAY, DENIAL_DELAY_US);
	if (kept)
		put(&writer, WIRE_MORE, WIRE_MORE_COMMIT);
	return hand_over(&writer, ret_reply);
}

static const char *
status_word(enum command_status status)
{
	switch (status) {
	case COMMAND_REFUSED: return "refused";
	case COMMAND_USAGE: return "usage";
	case COMMAND_FAILED: return "failed";
	case COMMAND_DONE: return "done";
	}
	return "refused";
}

static void
put_all(struct writer *writer, const struct fields *fields)
{
	struct field field;
	size_t at = 0;

	while (writer->err == SFMFA_OK && fields_next(fields, &at, &field)) {
		char key[FIELD_KEY_MAX + 1] = "";

		memcpy(key, field.key, field.key_size);
		writer->err = fields_add(&writer->fields, key, field.value, field.value_size);
	}
}

enum sfmfa_err
reply_page(const struct command *command, struct fields *ret_reply)
{
	const struct fields *own = NULL;
	const char *sentence = "";
	struct writer writer = { 0 };

	command_result(command, &sentence, &own);
	put(&writer, WIRE_STATUS, WIRE_STATUS_ASK);
	put(&writer, WIRE_NEED, WIRE_NEED_PAGE);
	put_all(&writer, own);
	return hand_over(&writer, ret_reply);
}

enum sfmfa_err
reply_command(const struct command *command, struct fields *ret_reply)
{
	const struct fields *own = NULL;
	const char *sentence = "";
	struct writer writer = { 0 };

	put(&writer, WIRE_STATUS, WIRE_STATUS_DONE);
	put(&writer, WIRE_RESULT, status_word(command_result(command, &sentence, &own)));
	put_texts(&writer, command_ask(command));
	put_if(&writer, WIRE_ERROR, sentence);
	put_all(&writer, own);
	return hand_over(&writer, ret_reply);
}

enum sfmfa_err
reply_refused(const char *result, const char *outcome, const char *sentence, struct fields *ret_reply)
{
	struct writer writer = { 0 };

	put(&writer, WIRE_STATUS, WIRE_STATUS_DONE);
	put(&writer, WIRE_RESULT, result);
	put(&writer, WIRE_AUTH, outcome);
	put(&writer, WIRE_ACCOUNT, outcome);
	put_if(&writer, WIRE_ERROR, sentence);
	return hand_over(&writer, ret_reply);
}
