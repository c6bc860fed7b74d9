/*
 * pam_sfmfa: asks sfmfad and says what it answered. It decides nothing and holds no secret
 * longer than one exchange. docs/rules.md, section 8, lists what each hook does and returns.
 */
#include <stdbool.h>
#include <string.h>
#include <syslog.h>

#include <security/pam_ext.h>
#include <security/pam_modules.h>

#include "base/text.h"
#include "pam_args.h"
#include "pam_conv.h"
#include "pam_environment.h"
#include "pam_outcome.h"
#include "pam_request.h"
#include "pam_session.h"
#include "pam_state.h"
#include "wire/client.h"
#include "wire/names.h"

#define HOOK __attribute__((visibility("default"))) int

/* What one call of a hook works with. */
struct hook {
	pam_handle_t *pamh;
	struct pam_args args;
	struct pam_state *state;
	struct pam_subject subject;
};

/* PAM_SUCCESS, or the code the hook ends with. */
static int
hook_begin(pam_handle_t *pamh, int argc, const char **argv, struct hook *hook)
{
	memset(hook, 0, sizeof(*hook));
	hook->pamh = pamh;
	if (!pam_args_parse(pamh, argc, argv, &hook->args))
		return PAM_SERVICE_ERR;
	hook->state = state_get(pamh);
	if (hook->state == NULL)
		return PAM_BUF_ERR;
	return PAM_SUCCESS;
}

static int
could_not(const struct hook *hook, enum sfmfa_err err, const struct diag *diag)
{
	char line[DIAG_LINE_SIZE];

	diag_format(diag, line);
	pam_syslog(hook->pamh, LOG_ERR, "no decision (%s): %s", sfmfa_err_word(err), line);
	return outcome_of_error(err);
}

static bool
reply_says(const struct fields *reply, const char *key, const char *word)
{
	char text[32];

	return fields_get_text(reply, key, text, sizeof(text)) == SFMFA_OK && strcmp(text, word) == 0;
}

/* Carries questions and answers until the daemon has its last word; *reply is the last one so far. */
static enum sfmfa_err
go_on(struct hook *hook, struct fields *reply, struct diag *diag)
{
	struct client *client = &hook->state->client;
	enum sfmfa_err err = SFMFA_OK;

	while (err == SFMFA_OK && reply_says(reply, WIRE_STATUS, WIRE_STATUS_ASK)) {
		FIELDS_AUTO answer = { 0 };

		err = conv_answer(hook->pamh, reply, &answer);
		fields_finish(reply);
		if (err != SFMFA_OK)
			return diag_set(diag, err, "", 0, "the question of the daemon could not be answered");
		err = client_exchange(client, &answer, reply, diag);
	}
	return err;
}

/* Sends the first request, then carries questions and answers until the daemon has its last word. */
static enum sfmfa_err
converse(struct hook *hook, const struct fields *request, struct fields *ret_reply, struct diag *diag)
{
	const struct nss_user *user = hook->subject.status == NSS_KNOWN ? &hook->subject.user : NULL;
	struct client *client = &hook->state->client;
	enum sfmfa_err err;

	err = client_begin(client, &hook->args.client, user, request, ret_reply, diag);
	return err == SFMFA_OK ? go_on(hook, ret_reply, diag) : err;
}

/* Keeps the verdict in the handle, with its user; returns the code of pam_authenticate(). */
static int
conclude(struct hook *hook, const struct fields *reply)
{
	struct pam_state *state = hook->state;
	int code = outcome_auth(reply);
	int64_t delay;

	conv_show(hook->pamh, reply);
	if (fields_get_number(reply, WIRE_DELAY, 0, 10000000, &delay) == SFMFA_OK)
		(void)pam_fail_delay(hook->pamh, (unsigned)delay);
	if (text_copy(state->user, sizeof(state->user), subject_key(&hook->subject)) != SFMFA_OK)
		code = PAM_SYSTEM_ERR;
	if (code != PAM_SUCCESS) {
		state_deny(state);
		return code;
	}
	environment_export(hook->pamh, reply);
	state->saw_denial = false;
	state->account_code = outcome_account(reply);
	if (reply_says(reply, WIRE_MORE, WIRE_MORE_COMMIT)) {
		state->evidence = EVIDENCE_COMMIT;
	} else {
		client_finish(&state->client);
		state->evidence = EVIDENCE_ALLOWED;
	}
	return PAM_SUCCESS;
}

/* A UI login, or an API login whose factor has a field of its own. */
static int
authenticate(struct hook *hook)
{
	FIELDS_AUTO request = { 0 };
	FIELDS_AUTO reply = { 0 };
	struct diag diag = { 0 };
	enum sfmfa_err err;

	err = request_make(hook->pamh, WIRE_VERB_LOGIN, &hook->args, &hook->subject, &request);
	if (err == SFMFA_OK)
		err = fields_add_number(&request, WIRE_CAN_COMMIT, 1);
	if (err == SFMFA_OK && hook->args.ask)
		err = fields_add_number(&request, WIRE_ASK, 1);
	if (err == SFMFA_OK)
		err = converse(hook, &request, &reply, &diag);
	if (err != SFMFA_OK)
		return could_not(hook, err, &diag);
	return conclude(hook, &reply);
}

/* The daemon decided instead of splitting. What it could not do is no wrong password. */
static enum sfmfa_err
error_of_no_split(int code)
{
	if (code == PAM_SERVICE_ERR)
		return SFMFA_ERR_CONFIG;
	return code == PAM_AUTHINFO_UNAVAIL ? SFMFA_ERR_STORE : SFMFA_ERR_INVALID;
}

/* Sends the whole field; the reply says how much of it is not the password. */
static enum sfmfa_err
send_field(struct hook *hook, const char *field, int64_t *ret_strip, struct diag *diag)
{
	FIELDS_AUTO request = { 0 };
	FIELDS_AUTO reply = { 0 };
	int64_t size = (int64_t)strlen(field);
	enum sfmfa_err err;

	err = request_make(hook->pamh, WIRE_VERB_LOGIN, &hook->args, &hook->subject, &request);
	if (err == SFMFA_OK)
		err = fields_add_number(&request, WIRE_SPLIT, 1);
	if (err == SFMFA_OK)
		err = fields_add_text(&request, WIRE_PASSWORD, field);
	if (err == SFMFA_OK)
		err = converse(hook, &request, &reply, diag);
	if (err != SFMFA_OK)
		return err;
	if (!reply_says(&reply, WIRE_MORE, WIRE_MORE_SPLIT)) {
		return diag_set(diag, error_of_no_split(outcome_auth(&reply)), "", 0,
		                "the daemon does not take a password field here");
	}
	/* What remains is the first factor: never empty. */
	return fields_get_number(&reply, WIRE_STRIP, 0, size - 1, ret_strip);
}

/* "split": takes the factor off the password and hands the bare password on. */
static int
split_password(struct hook *hook)
{
	SECRET_AUTO bare = { 0 };
	struct diag diag = { 0 };
	const char *field = NULL;
	int64_t strip = 0;
	enum sfmfa_err err;
	int code;

	/* Its code would be that of a password that cannot be changed. */
	if (pam_get_authtok(hook->pamh, PAM_AUTHTOK, &field, NULL) != PAM_SUCCESS)
		return PAM_CONV_ERR;
	if (field == NULL || field[0] == '\0' || strlen(field) > WIRE_PASSWORD_MAX)
		return PAM_AUTH_ERR;
	err = send_field(hook, field, &strip, &diag);
	if (err != SFMFA_OK)
		return could_not(hook, err, &diag);
	/* The last byte of a secret of the largest size has no room for a NUL: such a field is untouched. */
	if (strip > 0) {
		err = secret_set(&bare, field, strlen(field) - (size_t)strip);
		if (err != SFMFA_OK)
			return could_not(hook, err, &diag);
		bare.bytes[bare.size] = '\0';
		code = pam_set_item(hook->pamh, PAM_AUTHTOK, bare.bytes);
		if (code != PAM_SUCCESS)
			return code;
	}
	if (text_copy(hook->state->user, sizeof(hook->state->user), subject_key(&hook->subject)) != SFMFA_OK)
		return PAM_SYSTEM_ERR;
	hook->state->evidence = EVIDENCE_SPLIT;
	hook->state->saw_denial = false;
	return PAM_SUCCESS;
}

static enum sfmfa_err
send_credential(struct hook *hook, const char *field, struct fields *ret_reply, struct diag *diag)
{
	FIELDS_AUTO request = { 0 };
	enum sfmfa_err err;

	err = request_make(hook->pamh, WIRE_VERB_LOGIN, &hook->args, &hook->subject, &request);
	if (err == SFMFA_OK)
		err = fields_add_number(&request, WIRE_CAN_COMMIT, 1);
	if (err == SFMFA_OK)
		err = fields_add_number(&request, WIRE_CREDENTIAL, 1);
	if (err == SFMFA_OK)
		err = fields_add_text(&request, WIRE_PASSWORD, field);
	return err == SFMFA_OK ? converse(hook, &request, ret_reply, diag) : err;
}

/*
 * "credential": success only where the whole field is a right credential of a connected app. Where it is none at all
 * PAM_CRED_UNAVAIL lets a stack go on to the lines of a password.
 */
static int
offer_credential(struct hook *hook)
{
	FIELDS_AUTO reply = { 0 };
	struct diag diag = { 0 };
	const char *field = NULL;
	enum sfmfa_err err;
	int code;

	code = pam_get_authtok(hook->pamh, PAM_AUTHTOK, &field, NULL);
	if (code != PAM_SUCCESS)
		return code;
	if (field == NULL || field[0] == '\0' || strlen(field) > WIRE_PASSWORD_MAX)
		return PAM_AUTH_ERR;
	err = send_credential(hook, field, &reply, &diag);
	if (err != SFMFA_OK)
		return could_not(hook, err, &diag);
	if (text_copy(hook->state->user, sizeof(hook->state->user), subject_key(&hook->subject)) != SFMFA_OK)
		return PAM_SYSTEM_ERR;
	/* A denial until a later line says otherwise: without one, no phase that follows lets in. */
	if (reply_says(&reply, WIRE_CREDENTIAL, "none")) {
		state_deny(hook->state);
		return PAM_CRED_UNAVAIL;
	}
	if (reply_says(&reply, WIRE_MORE, WIRE_MORE_BRIDGE)) {
		hook->state->evidence = EVIDENCE_BRIDGE;
		hook->state->saw_denial = false;
		return PAM_SUCCESS;
	}
	code = conclude(hook, &reply);
	hook->state->by_credential = code == PAM_SUCCESS;
	hook->state->refused_credential = code != PAM_SUCCESS;
	return code;
}

/* The line behind the first factor, where a token took its place: what is owed beyond it. */
static int
verify_bridged(struct hook *hook)
{
	FIELDS_AUTO request = { 0 };
	FIELDS_AUTO reply = { 0 };
	struct diag diag = { 0 };
	enum sfmfa_err err;

	err = fields_add_text(&request, WIRE_VERB, WIRE_VERB_FIRST_FACTOR_OK);
	if (err == SFMFA_OK)
		err = client_exchange(&hook->state->client, &request, &reply, &diag);
	if (err == SFMFA_OK)
		err = go_on(hook, &reply, &diag);
	if (err != SFMFA_OK) {
		state_deny(hook->state);
		return could_not(hook, err, &diag);
	}
	return conclude(hook, &reply);
}

/* The line after the first factor: the password was right, so the tail may be verified, spent, counted. */
static int
verify_tail(struct hook *hook)
{
	FIELDS_AUTO request = { 0 };
	FIELDS_AUTO reply = { 0 };
	struct diag diag = { 0 };
	const void *password = NULL;
	int64_t strip;
	enum sfmfa_err err = SFMFA_OK;

	/* The daemon has forgotten the field meanwhile. Nothing was spent; what is left of it is offered anew. */
	if (!client_is_fresh(&hook->state->client)) {
		state_forget(hook->state);
		if (pam_get_item(hook->pamh, PAM_AUTHTOK, &password) != PAM_SUCCESS || password == NULL)
			return PAM_AUTH_ERR;
		err = send_field(hook, password, &strip, &diag);
	}
	if (err == SFMFA_OK)
		err = fields_add_text(&request, WIRE_VERB, WIRE_VERB_FIRST_FACTOR_OK);
	if (err == SFMFA_OK)
		err = client_exchange(&hook->state->client, &request, &reply, &diag);
	if (err != SFMFA_OK) {
		state_deny(hook->state);
		return could_not(hook, err, &diag);
	}
	return conclude(hook, &reply);
}

/* A flow that is named needs its own credential, unless it is that of a password. */
static bool
takes_credential(const struct pam_args *args)
{
	return args->credential || (args->flow != NULL && !args->split && !args->ask &&
	                            strcmp(args->flow, "username-password") != 0);
}

HOOK
pam_sm_authenticate(pam_handle_t *pamh, int flags, int argc, const char **argv)
{
	struct hook hook;
	bool mine, later;
	int code;

	(void)flags;
	code = hook_begin(pamh, argc, argv, &hook);
	if (code != PAM_SUCCESS)
		return code;
	code = subject_find(pamh, &hook.subject);
	/* A line that begins nothing of its own, after one that has begun something for this user. */
	mine = code == PAM_SUCCESS && state_is_about(hook.state, subject_key(&hook.subject));
	later = mine && !hook.args.split && !takes_credential(&hook.args);
	if (later && hook.state->evidence == EVIDENCE_SPLIT)
		return verify_tail(&hook);
	if (later && hook.state->evidence == EVIDENCE_BRIDGE)
		return verify_bridged(&hook);
	if (later && hook.state->evidence == EVIDENCE_ALLOWED && hook.state->by_credential) {
		hook.state->by_credential = false;
		return PAM_SUCCESS;
	}
	/* A stack that did not stop there: what was refused as a credential is no password. */
	if (mine && hook.state->refused_credential && !takes_credential(&hook.args))
		return PAM_AUTH_ERR;
	state_forget(hook.state);
	state_deny(hook.state);
	environment_clear(pamh);
	/* A name that cannot be anybody's is refused like a wrong answer; some stacks ignore PAM_USER_UNKNOWN. */
	if (code != PAM_SUCCESS)
		return code == PAM_USER_UNKNOWN ? PAM_AUTH_ERR : code;
	if (takes_credential(&hook.args))
		return offer_credential(&hook);
	return hook.args.split ? split_password(&hook) : authenticate(&hook);
}

HOOK
pam_sm_setcred(pam_handle_t *pamh, int flags, int argc, const char **argv)
{
	struct hook hook;
	int code;

	(void)flags;
	code = hook_begin(pamh, argc, argv, &hook);
	if (code != PAM_SUCCESS)
		return code;
	session_note_credentials(pamh, hook.state);
	if (hook.state->saw_denial || hook.state->evidence == EVIDENCE_SPLIT ||
	    hook.state->evidence == EVIDENCE_BRIDGE)
		return PAM_CRED_ERR;
	return PAM_SUCCESS;
}

/* Asks for the verdict of the account phase: of a registration that waits, or of a login sfmfa has not seen. */
static int
account_asks(struct hook *hook, bool commit)
{
	FIELDS_AUTO request = { 0 };
	FIELDS_AUTO reply = { 0 };
	struct diag diag = { 0 };
	enum sfmfa_err err;
	int code;

	if (commit) {
		err = fields_add_text(&request, WIRE_VERB, WIRE_VERB_COMMIT);
		if (err == SFMFA_OK)
			err = client_exchange(&hook->state->client, &request, &reply, &diag);
	} else {
		bool saw_denial = hook->state->saw_denial;

		state_forget(hook->state);
		hook->state->saw_denial = saw_denial;
		err = request_make(hook->pamh, WIRE_VERB_ACCOUNT, &hook->args, &hook->subject, &request);
		if (err == SFMFA_OK)
			err = converse(hook, &request, &reply, &diag);
	}
	client_finish(&hook->state->client);
	if (err != SFMFA_OK)
		return could_not(hook, err, &diag);
	conv_show(hook->pamh, &reply);
	code = outcome_account(&reply);
	if (commit && code == PAM_SUCCESS) {
		environment_export_name(hook->pamh, &reply);
		hook->state->evidence = EVIDENCE_ALLOWED;
		hook->state->account_code = PAM_SUCCESS;
	}
	return code;
}

HOOK
pam_sm_acct_mgmt(pam_handle_t *pamh, int flags, int argc, const char **argv)
{
	struct hook hook;
	int code;

	(void)flags;
	code = hook_begin(pamh, argc, argv, &hook);
	if (code == PAM_SUCCESS)
		code = subject_find(pamh, &hook.subject);
	if (code != PAM_SUCCESS)
		return code == PAM_USER_UNKNOWN ? PAM_PERM_DENIED : code;
	if (!state_is_about(hook.state, subject_key(&hook.subject)))
		code = account_asks(&hook, false);
	else if (hook.state->evidence == EVIDENCE_ALLOWED)
		code = hook.state->account_code;
	else if (hook.state->evidence == EVIDENCE_COMMIT)
		code = account_asks(&hook, true);
	else
		code = PAM_PERM_DENIED;
	if (code != PAM_SUCCESS)
		state_deny(hook.state);
	return code;
}

/* A session that cannot be recorded is none, and a step-up asks again: no reason to refuse a login. */
HOOK
pam_sm_open_session(pam_handle_t *pamh, int flags, int argc, const char **argv)
{
	struct hook hook;
	int code;

	(void)flags;
	code = hook_begin(pamh, argc, argv, &hook);
	if (code == PAM_SUCCESS && subject_find(pamh, &hook.subject) == PAM_SUCCESS)
		session_open(pamh, &hook.args, &hook.subject, hook.state);
	return code;
}

HOOK
pam_sm_close_session(pam_handle_t *pamh, int flags, int argc, const char **argv)
{
	struct hook hook;
	int code;

	(void)flags;
	code = hook_begin(pamh, argc, argv, &hook);
	if (code == PAM_SUCCESS)
		session_close(pamh, &hook.args, hook.state);
	return code;
}

/* After the password was changed: tokens that were appended to the old one die with it. */
HOOK
pam_sm_chauthtok(pam_handle_t *pamh, int flags, int argc, const char **argv)
{
	FIELDS_AUTO request = { 0 };
	FIELDS_AUTO reply = { 0 };
	struct diag diag = { 0 };
	struct hook hook;
	enum sfmfa_err err;
	int code;

	code = hook_begin(pamh, argc, argv, &hook);
	if (code != PAM_SUCCESS || (flags & PAM_UPDATE_AUTHTOK) == 0)
		return code;
	code = subject_find(pamh, &hook.subject);
	if (code != PAM_SUCCESS)
		return code;
	err = request_about(WIRE_VERB_PASSWORD_CHANGED, &hook.subject, &request);
	if (err == SFMFA_OK) {
		struct client client = CLIENT_CLOSED;

		err = client_begin(&client, &hook.args.client, NULL, &request, &reply, &diag);
		client_finish(&client);
	}
	if (err == SFMFA_OK && !reply_says(&reply, WIRE_RESULT, "done"))
		err = diag_set(&diag, SFMFA_ERR_INTERNAL, "", 0, "the security tokens were not revoked");
	if (err != SFMFA_OK)
		(void)could_not(&hook, err, &diag);
	else
		conv_show(pamh, &reply);
	return PAM_SUCCESS;
}
