/* explain: the login's own functions on facts of which some are supposed (rules 4). */
#include <string.h>

#include "auth/administer.h"
#include "auth/facts.h"
#include "base/text.h"
#include "policy/login.h"
#include "policy/reason.h"

/* What is supposed to be offered. */
struct supposed {
	const char *word;
	enum factor factor;
	bool right;
};

static const struct supposed supposed_answers[] = {
	{ "none", FACTOR_PASSWORD, false },
	{ "register", FACTOR_PASSWORD, true },
	{ "totp", FACTOR_TOTP, true },
	{ "totp-wrong", FACTOR_TOTP, false },
	{ "token", FACTOR_SECURITY_TOKEN, true },
	{ "token-wrong", FACTOR_SECURITY_TOKEN, false },
	{ "recovery-code", FACTOR_RECOVERY_CODE, true },
	{ "temporary-code", FACTOR_TEMPORARY_CODE, true },
	{ "ui-session", FACTOR_UI_SESSION, true },
	{ "access-token", FACTOR_ACCESS_TOKEN, true },
	{ "refresh-token", FACTOR_REFRESH_TOKEN, true },
	{ "jwt", FACTOR_ASSERTION, true },
	{ "flow", FACTOR_CREDENTIAL, true },
};

static const struct supposed supposed_token = { "token", FACTOR_SECURITY_TOKEN, true };

static bool
read_answer(struct command *command, const struct supposed **ret_answer)
{
	char word[NAME_SIZE] = "none";

	if (!command_arg_text(command, "answer", word, sizeof(word)))
		return false;
	for (size_t i = 0; i < sizeof(supposed_answers) / sizeof(supposed_answers[0]); i++) {
		if (text_equals(supposed_answers[i].word, word)) {
			*ret_answer = &supposed_answers[i];
			return true;
		}
	}
	return command_usage(command,
			     "answer must be none, totp, totp-wrong, token, token-wrong, recovery-code, "
			     "temporary-code, register, or of a connected app ui-session, access-token, "
			     "refresh-token, jwt or flow");
}

static bool
read_permissions(struct command *command, const char *key, uint32_t *ret_permissions)
{
	char name[NAME_SIZE];
	enum permission permission;
	struct field field;
	size_t at = 0;

	*ret_permissions = 0;
	while (fields_next(&command->args, &at, &field)) {
		if (!field_is(&field, key))
			continue;
		if (field_text(&field, name, sizeof(name)) != SFMFA_OK ||
		    permission_from_name(name, &permission) != SFMFA_OK)
			return command_usage(command, "%s must be a permission", key);
		*ret_permissions |= PERMISSION_BIT(permission);
	}
	return true;
}

static bool
read_request(struct command *command, struct login_request *request)
{
	char type[NAME_SIZE] = "";

	request->phase = PHASE_AUTHENTICATE;
	request->person = command->person;
	/* As sshd, login and the mail server ask: as root, with the account phase to come. */
	request->can_commit = true;
	if (!command_arg_text(command, "service", request->service, sizeof(request->service)) ||
	    !command_arg_text(command, "from", request->rhost, sizeof(request->rhost)) ||
	    !command_arg_text(command, "login_type", type, sizeof(type)))
		return false;
	/* A flow is a program's, where no service says otherwise. */
	if (type[0] == '\0' && request->service[0] == '\0' && fields_has(&command->args, "flow")) {
		request->has_login_type = true;
		request->login_type = LOGIN_API;
	}
	if (type[0] == '\0')
		return true;
	request->has_login_type = true;
	if (login_type_from_key(type, &request->login_type) != SFMFA_OK)
		return command_usage(command, "login_type must be ui or api");
	return true;
}

/* Both clocks move alike, so that a lock is over or not at the time asked about. */
static bool
read_moment(struct command *command, struct moment *ret_moment)
{
	int64_t at = command->now.wall;

	*ret_moment = command->now;
	if (!command_arg_number(command, "at", 0, INT64_C(253402300799), &at))
		return false;
	ret_moment->boot += at - ret_moment->wall;
	ret_moment->wall = at;
	return true;
}

/* What a person types at a prompt; whether it may answer is the policy's to say. */
static void
offer_ui(struct facts *facts, const struct supposed *answer)
{
	facts->offered = answer->factor;
	facts->attempt = answer->right ? ATTEMPT_RIGHT : ATTEMPT_WRONG;
	if (answer->factor == FACTOR_TOTP && facts->app == APP_NONE)
		facts->attempt = ATTEMPT_WRONG;
	if (answer->factor == FACTOR_RECOVERY_CODE && !facts->recovery_codes)
		facts->attempt = ATTEMPT_WRONG;
}

/* What stands behind a password, as the splitter finds it (rules 6): the form decides, then what is due. */
static void
offer_api(struct facts *facts, const struct supposed *answer)
{
	uint32_t due = policy_api_due(facts);

	if (answer->factor == FACTOR_SECURITY_TOKEN) {
		bool own = answer->right && facts->has_token;

		if (due == 0) {
			facts->token_stripped = own;
			return;
		}
		facts->offered = FACTOR_SECURITY_TOKEN;
		facts->attempt = own ? ATTEMPT_RIGHT : ATTEMPT_WRONG;
	} else if (answer->factor == FACTOR_TOTP && due != 0 && facts->app != APP_NONE) {
		facts->offered = FACTOR_TOTP;
		facts->attempt = answer->right ? ATTEMPT_RIGHT : ATTEMPT_WRONG;
	}
	/* Recovery and temporary codes have no form that is taken off: nothing was offered. */
}

/* What is supposed with the app already; of username-password the credential is a token behind the password. */
static bool
is_of_an_app(enum factor factor)
{
	return factor == FACTOR_UI_SESSION || factor == FACTOR_ACCESS_TOKEN || factor == FACTOR_REFRESH_TOKEN ||
	       factor == FACTOR_ASSERTION || factor == FACTOR_CREDENTIAL;
}

/* As the login does: once before the answer, and with it once more. */
static void
decide(struct facts *facts, const struct supposed *answer, struct decision *ret_decision)
{
	/* What the help desk would hand out for the purpose. */
	if (answer->factor == FACTOR_TEMPORARY_CODE)
		facts->temporary_code = true;
	policy_login(facts, ret_decision);
	if (answer->factor == FACTOR_PASSWORD && !answer->right)
		return;
	if (is_of_an_app(answer->factor))
		return;
	if (answer->factor == FACTOR_PASSWORD)
		facts->registered = ret_decision->verdict == VERDICT_REGISTER;
	else if (facts->login_type == LOGIN_API)
		offer_api(facts, answer);
	else if (ret_decision->acceptable != 0 || ret_decision->verdict == VERDICT_REGISTER)
		offer_ui(facts, answer);
	policy_login(facts, ret_decision);
}

/* Permissions that are supposed may be ones that the license forbids (rules 3.2). */
static void
suppose_permissions(const struct command *command, uint32_t with, uint32_t without, struct facts *facts)
{
	const struct license *license = config_find_license(command->config, facts->profile->license);

	facts->permissions = (facts->permissions | with) & ~without;
	if (license == NULL || (facts->permissions & with & license->forbids) == 0)
		return;
	facts->configuration_fault = true;
	if (facts->fault == NULL)
		facts->fault = "a permission that the license forbids";
}

static void
reply_decision(struct command *command, const struct facts *facts, const struct decision *decision)
{
	char sentence[SENTENCE_SIZE];

	command_reply_text(command, "login_type", login_type_key(facts->login_type));
	command_reply_text(command, "verdict", verdict_key(decision->verdict));
	if (decision->verdict == VERDICT_ALLOW)
		command_reply_text(command, "level", level_key(decision->level));
	command_reply_text(command, "reason", reason_key(decision->reason));
	if (decision->verdict == VERDICT_ALLOW)
		command_reply_text(command, "method", factor_key(decision->method));
	for (unsigned i = 0; i < FACTOR_COUNT; i++) {
		if ((decision->acceptable & FACTOR_BIT(i)) != 0)
			command_reply_text(command, "factor", factor_key((enum factor)i));
	}
	for (size_t i = 0; i < decision->because_count; i++) {
		const struct origin *origin = &decision->because[i].origin;

		reason_sentence(&decision->because[i], sentence);
		command_reply_text(command, "text", sentence);
		command_reply_text(command, "file", origin->file != NULL ? origin->file : "");
		command_reply_number(command, "line", origin->line);
	}
	reason_summary(decision, sentence);
	command_reply_text(command, "summary", sentence);
}

enum turn
administer_explain(struct command *command, struct input *input)
{
	static const struct caller asking = { .class = CALLER_ROOT };
	struct login_request *request;
	const struct supposed *answer = &supposed_answers[0];
	struct moment moment;
	struct facts facts;
	struct decision decision;
	uint32_t with = 0, without = 0;
	bool last = false;
	enum sfmfa_err err;

	(void)input;
	if (!command_arg_flag(command, "last", &last))
		return TURN_DONE;
	if (last)
		return administer_explain_last(command);
	request = command_work(command, sizeof(*request));
	if (request == NULL || !read_request(command, request) || !read_answer(command, &answer) ||
	    !read_permissions(command, "with", &with) || !read_permissions(command, "without", &without) ||
	    !read_moment(command, &moment))
		return TURN_DONE;
	err = facts_gather(command->config, &asking, request, &command->subject, &moment, &facts);
	if (err != SFMFA_OK) {
		command_fail(command, err, NULL);
		return TURN_DONE;
	}
	suppose_permissions(command, with, without, &facts);
	if (!explain_suppose_app(command, request, answer->factor, &facts))
		return TURN_DONE;
	if (answer->factor == FACTOR_CREDENTIAL && facts.connected.flow_known &&
	    facts.connected.flow == FLOW_USERNAME_PASSWORD)
		answer = &supposed_token;
	decide(&facts, answer, &decision);
	command_reply_user(command);
	command_reply_text(command, "service", request->service);
	reply_decision(command, &facts, &decision);
	return command_done(command);
}
