/* app-approve, app-refresh: where the tokens of connected apps come from (rules 5, c2 and c3). */
#include <string.h>

#include "auth/administer.h"
#include "auth/app.h"
#include "auth/facts.h"
#include "base/text.h"
#include "factor/credential.h"
#include "policy/reason.h"

enum { AT_START = 0, AT_WRITTEN };

#define MINUTE 60
#define DAY    86400

/* What the write points to, and what is printed once it went through. */
struct app_work {
	const struct connected_app *app;
	enum flow flow;
	struct decision decision;
	enum level level;
	bool access, refresh;
	struct secret access_token, refresh_token;
	struct login_request request;
};

/* The facts of a login that names this flow, where hours, networks and services are not asked. */
static bool
gather(struct command *command, struct app_work *work, struct facts *ret_facts)
{
	static const struct caller asking = { .class = CALLER_ROOT };
	struct app_fact *connected = &ret_facts->connected;
	enum sfmfa_err err;

	work->request.person = command->person;
	work->request.has_login_type = true;
	work->request.login_type = LOGIN_API;
	err = facts_gather(command->config, &asking, &work->request, &command->subject, &command->now, ret_facts);
	if (err != SFMFA_OK)
		return command_fail(command, err, NULL);
	ret_facts->hours_open = ret_facts->ip_allowed = true;
	ret_facts->session = command->session;
	*connected = (struct app_fact){
		.named = true,
		.flow_known = true,
		.flow = work->flow,
		.app = work->app,
		.in_services = true,
		.in_networks = true,
	};
	err = app_has_member(command->config, &command->person, &command->subject, work->app, &connected->permitted);
	return err == SFMFA_OK || command_fail(command, err, NULL);
}

static bool
refuse(struct command *command, const struct decision *decision)
{
	char sentence[SENTENCE_SIZE];

	reason_summary(decision, sentence);
	return command_refuse(command, decision->reason, "%s", sentence);
}

static bool
gives_tokens(enum flow flow)
{
	return (FLOWS_OF_A_SESSION & FLOW_BIT(flow)) != 0;
}

/* The flow that is meant where none is said. */
static enum flow
default_flow(const struct command *command, const struct connected_app *app)
{
	static const enum flow order[] = { FLOW_WEB_SERVER, FLOW_USER_AGENT, FLOW_JWT_BEARER, FLOW_USERNAME_PASSWORD };

	for (size_t i = command->self ? 0 : 2; i < sizeof(order) / sizeof(order[0]); i++) {
		if ((app->flows & FLOW_BIT(order[i])) != 0)
			return order[i];
	}
	return FLOW_COUNT;
}

static bool
read_app(struct command *command, struct app_work *work)
{
	char name[NAME_SIZE] = "", key[NAME_SIZE] = "";

	if (!command_arg_text(command, "app", name, sizeof(name)) || !command_arg_text(command, "flow", key, sizeof(key)))
		return false;
	work->app = config_find_app(command->config, name);
	if (work->app == NULL)
		return command_refuse(command, REASON_UNKNOWN_APP, "there is no connected app of this name");
	work->flow = default_flow(command, work->app);
	if (key[0] != '\0' && flow_from_key(key, &work->flow) != SFMFA_OK)
		return command_usage(command, "this flow is not known");
	if (work->flow == FLOW_COUNT || (work->app->flows & FLOW_BIT(work->flow)) == 0 || work->flow == FLOW_REFRESH_TOKEN)
		return command_refuse(command, REASON_FLOW, "app %s has no such flow that could be approved", name);
	if (!gives_tokens(work->flow) && !work->app->self_authorize)
		return command_refuse(command, REASON_NOT_APPROVED,
				      "app %s is for users who are approved in its file: there is nothing to approve", name);
	command_note(command, "app %s, flow %s", name, flow_key(work->flow));
	return true;
}

/* The code that raised the session, which was asked for because policy said so. */
static void
add_proof(const struct command *command, struct facts *facts)
{
	if (command->stage != STAGE_PROOF_WRITTEN)
		return;
	facts->attempt = ATTEMPT_RIGHT;
	switch (command->op.attempt.kind) {
	case ATTEMPT_KIND_TOTP: facts->offered = FACTOR_TOTP; return;
	case ATTEMPT_KIND_RECOVERY: facts->offered = FACTOR_RECOVERY_CODE; return;
	case ATTEMPT_KIND_TEMPORARY: facts->offered = FACTOR_TEMPORARY_CODE; return;
	case ATTEMPT_KIND_TOKEN:
	case ATTEMPT_KIND_UNACCEPTABLE: break;
	}
	facts->attempt = ATTEMPT_WRONG;
}

/*
 * By the user, in a session of theirs: judged as c2 for whichever flow. A flow of assertions has to be open
 * besides, as if the assertion were there.
 */
static bool
judge_own(struct command *command, struct app_work *work)
{
	struct connected_app as_if = *work->app;
	struct facts facts;

	if (!gather(command, work, &facts))
		return false;
	if ((FLOWS_OF_A_SIGNATURE & FLOW_BIT(work->flow)) != 0) {
		facts.connected.credential = CREDENTIAL_RIGHT;
		policy_login(&facts, &work->decision);
		if (work->decision.verdict != VERDICT_ALLOW)
			return refuse(command, &work->decision);
		facts.connected.credential = CREDENTIAL_NONE;
	}
	if (!gives_tokens(work->flow)) {
		as_if.flows |= FLOW_BIT(FLOW_WEB_SERVER);
		facts.connected.flow = FLOW_WEB_SERVER;
		facts.connected.app = &as_if;
	}
	add_proof(command, &facts);
	policy_login(&facts, &work->decision);
	if (work->decision.verdict == VERDICT_DENY)
		return refuse(command, &work->decision);
	command->code_due = work->decision.verdict == VERDICT_CHALLENGE;
	if (facts.attempt == ATTEMPT_RIGHT)
		work->level = LEVEL_HIGH_ASSURANCE;
	else if (command->session.ui && !command->session.proof_voided)
		work->level = command->session.level;
	return true;
}

/* By somebody who manages connected apps, or root: the app may be used, and nobody but the user gets a token. */
static bool
judge_for_others(struct command *command, struct app_work *work)
{
	struct facts facts;

	if (gives_tokens(work->flow))
		return command_refuse(command, REASON_SESSION_LEVEL,
				      "tokens are for the user alone, who approves the app in a session of their own");
	if (!gather(command, work, &facts))
		return false;
	if (!facts.connected.permitted)
		return command_refuse(command, REASON_NOT_APPROVED, "app %s is not for %s", work->app->name,
				      command_user(command));
	command->code_due = !command_is_root(command);
	work->decision.verdict = VERDICT_ALLOW;
	return true;
}

bool
administer_app_approve_prepare(struct command *command)
{
	struct app_work *work = command_work(command, sizeof(*work));

	if (work == NULL || !read_app(command, work))
		return false;
	if (!command->env->keyring.ready)
		return command_fail(command, SFMFA_ERR_CRYPTO, NULL);
	work->access = gives_tokens(work->flow);
	work->refresh = work->flow == FLOW_WEB_SERVER && (work->app->flows & FLOW_BIT(FLOW_REFRESH_TOKEN)) != 0;
	return command->self ? judge_own(command, work) : judge_for_others(command, work);
}

static void
reply_tokens(struct command *command, const struct app_work *work, int64_t access_expires, int64_t refresh_expires)
{
	command_reply_user(command);
	command_reply_text(command, "app", work->app->name);
	command_reply_text(command, "flow", flow_key(work->flow));
	if (work->access) {
		command_reply_secret(command, "access_token", &work->access_token);
		command_reply_number(command, "expires", access_expires);
	}
	if (work->refresh) {
		command_reply_secret(command, "refresh_token", &work->refresh_token);
		command_reply_number(command, "refresh_expires", refresh_expires);
	}
}

/* Tokens and their hashes; family NULL: of a new approval. */
static enum sfmfa_err
make_tokens(const struct command *command, struct app_work *work, const struct secret *family,
	    unsigned char access[HASH_SIZE], unsigned char ret_family[HASH_SIZE], unsigned char newest[HASH_SIZE])
{
	const struct keyring *keyring = &command->env->keyring;
	enum sfmfa_err err = credential_make_access(random_below, &work->access_token);

	if (err == SFMFA_OK)
		err = app_hash_access(keyring, &work->access_token, access);
	if (err == SFMFA_OK)
		err = credential_make_refresh(random_below, family, &work->refresh_token);
	return err == SFMFA_OK ? app_hash_refresh(keyring, &work->refresh_token, ret_family, newest) : err;
}

static enum turn
write_approval(struct command *command, struct app_work *work)
{
	struct store_app_approve *approve = &command->op.approve;
	struct app_grant *grant = &approve->grant;
	const char *by = command->caller->person.name;
	enum sfmfa_err err;

	memset(&command->op, 0, sizeof(command->op));
	command->op.kind = STORE_APP_APPROVE;
	command->op.err = SFMFA_ERR_INTERNAL;
	approve->user = command->person.name;
	approve->now = command->now.wall;
	approve->access = work->access;
	approve->refresh = work->refresh;
	grant->flow = work->flow;
	grant->level = work->level;
	grant->approved_at = command->now.wall;
	grant->access_expires_at = command->now.wall + work->app->access_token_minutes * MINUTE;
	grant->refresh_expires_at = command->now.wall + work->app->refresh_token_days * DAY;
	err = text_copy(grant->app, sizeof(grant->app), work->app->name);
	if (err == SFMFA_OK)
		err = text_copy(grant->approved_by, sizeof(grant->approved_by), by);
	if (err == SFMFA_OK)
		err = make_tokens(command, work, NULL, approve->access_hash, approve->family_hash,
				  approve->refresh_hash);
	if (err != SFMFA_OK) {
		command_fail(command, err, NULL);
		return TURN_DONE;
	}
	command->at = AT_WRITTEN;
	return TURN_WRITE;
}

enum turn
administer_app_approve(struct command *command, struct input *input)
{
	struct app_work *work = command->work;
	const struct app_grant *grant = &command->op.approve.grant;

	(void)input;
	if (command->at == AT_START) {
		/* Nobody could be asked for the code that would have raised the session. */
		if (work->decision.verdict != VERDICT_ALLOW) {
			command_refuse(command, REASON_SESSION_LEVEL,
				       "the app demands a stronger login than this session, and you have nothing to prove yourself with");
			return TURN_DONE;
		}
		return write_approval(command, work);
	}
	if (command->op.err == SFMFA_ERR_EXISTS) {
		command_refuse(command, REASON_NOT_APPROVED, "app %s is approved already", work->app->name);
		return TURN_DONE;
	}
	if (command->op.err == SFMFA_ERR_TOO_LARGE) {
		command_refuse(command, REASON_NOT_APPROVED, "%s has approved as much as there is room for: revoke some first",
			       command_user(command));
		return TURN_DONE;
	}
	if (command->op.err != SFMFA_OK)
		return command_write_failed(command);
	reply_tokens(command, work, grant->access_expires_at, grant->refresh_expires_at);
	return command_done(command);
}

/* The same for a token nobody knows, somebody else's, and one whose family was revoked. */
static bool
refuse_unknown(struct command *command)
{
	return command_refuse(command, REASON_NOT_APPROVED, "this refresh token is not good, or not any more");
}

/* Whether the flow is still open to the user of this approval. */
static bool
judge_refresh(struct command *command, struct app_work *work, const struct app_grant *grant)
{
	struct facts facts;

	if (!gather(command, work, &facts))
		return false;
	facts.connected.credential = CREDENTIAL_RIGHT;
	policy_login(&facts, &work->decision);
	if (work->decision.verdict != VERDICT_ALLOW)
		return refuse(command, &work->decision);
	if (work->app->level > grant->level)
		return command_refuse(command, REASON_SESSION_LEVEL,
				      "app %s demands more than the session had in which it was approved", work->app->name);
	return true;
}

bool
administer_app_refresh_prepare(struct command *command)
{
	struct app_work *work = command_work(command, sizeof(*work));
	SECRET_AUTO shown = { 0 };
	unsigned char family[HASH_SIZE], newest[HASH_SIZE];
	struct app_grant grant;
	enum sfmfa_err err;

	if (work == NULL)
		return false;
	if (fields_get_secret(&command->args, "refresh_token", &shown) != SFMFA_OK)
		return command_usage(command, "app-refresh takes a refresh token");
	if (!command->env->keyring.ready)
		return command_fail(command, SFMFA_ERR_CRYPTO, NULL);
	err = app_hash_refresh(&command->env->keyring, &shown, family, newest);
	if (err == SFMFA_ERR_INVALID)
		return refuse_unknown(command);
	if (err == SFMFA_OK)
		err = store_find_family(command->env->store, family, &grant, NULL);
	if (err == SFMFA_ERR_NOT_FOUND || (err == SFMFA_OK && (command->subject.record.id == 0 ||
							       grant.user_id != command->subject.record.id)))
		return refuse_unknown(command);
	if (err != SFMFA_OK)
		return command_fail(command, err, NULL);
	command_note(command, "app %s", grant.app);
	work->app = config_find_app(command->config, grant.app);
	work->flow = FLOW_REFRESH_TOKEN;
	work->access = work->refresh = true;
	if (work->app == NULL)
		return command_refuse(command, REASON_UNKNOWN_APP, "app %s is not configured any more", grant.app);
	return judge_refresh(command, work, &grant);
}

static enum turn
write_refresh(struct command *command, struct app_work *work)
{
	struct store_app_refresh *refresh = &command->op.refresh;
	unsigned char family[HASH_SIZE];
	SECRET_AUTO shown = { 0 };
	enum sfmfa_err err = fields_get_secret(&command->args, "refresh_token", &shown);

	memset(&command->op, 0, sizeof(command->op));
	command->op.kind = STORE_APP_REFRESH;
	command->op.err = SFMFA_ERR_INTERNAL;
	refresh->user_id = command->subject.record.id;
	refresh->now = command->now.wall;
	refresh->from = command->caller->place.tty;
	refresh->access_expires_at = command->now.wall + work->app->access_token_minutes * MINUTE;
	refresh->refresh_expires_at = command->now.wall + work->app->refresh_token_days * DAY;
	if (err == SFMFA_OK)
		err = app_hash_refresh(&command->env->keyring, &shown, refresh->family_hash, refresh->refresh_hash);
	if (err == SFMFA_OK)
		err = make_tokens(command, work, &shown, refresh->access_hash, family, refresh->new_refresh_hash);
	if (err != SFMFA_OK) {
		command_fail(command, err, NULL);
		return TURN_DONE;
	}
	command->at = AT_WRITTEN;
	return TURN_WRITE;
}

enum turn
administer_app_refresh(struct command *command, struct input *input)
{
	struct app_work *work = command->work;
	const struct store_app_refresh *refresh = &command->op.refresh;

	(void)input;
	if (command->at == AT_START)
		return write_refresh(command, work);
	if (command->op.err != SFMFA_OK)
		return command_write_failed(command);
	switch (refresh->result) {
	case CREDENTIAL_RESULT_GOOD:
		reply_tokens(command, work, refresh->access_expires_at, refresh->refresh_expires_at);
		return command_done(command);
	case CREDENTIAL_RESULT_REPLAYED:
		command_refuse(command, REASON_REPLAYED,
			       "this refresh token was used before: somebody else has it too, so all that came of this "
			       "approval is revoked");
		break;
	case CREDENTIAL_RESULT_EXPIRED:
		command_refuse(command, REASON_EXPIRED, "this refresh token has expired: approve the app again");
		break;
	case CREDENTIAL_RESULT_REVOKED: refuse_unknown(command); break;
	}
	return TURN_DONE;
}
