/*
 * The whole password field as a credential of a connected app (rules 5 and 8, "The line with credential"): an assertion,
 * or an access token. At a UI service a token takes the place of the first factor, and the login goes on.
 */
#include <string.h>

#include "auth/app.h"
#include "auth/login_private.h"
#include "base/text.h"
#include "crypto/jwt.h"
#include "factor/credential.h"

/* The names that the service gave; what a credential says otherwise is not for it. */
static enum flow
flow_of_service(const struct login *login)
{
	enum flow flow;

	/* One that is not known was refused before. */
	return flow_from_key(login->request.flow, &flow) == SFMFA_OK ? flow : FLOW_COUNT;
}

static bool
is_for_service(const struct login *login)
{
	const struct app_fact *connected = &login->facts.connected;
	const char *app = login->request.app;
	enum flow flow = flow_of_service(login);

	return (app[0] == '\0' || (connected->app != NULL && text_equals(connected->app->name, app))) &&
	       (flow == FLOW_COUNT || flow == connected->flow);
}

static enum sfmfa_err
add_facts(struct login *login)
{
	struct app_fact *connected = &login->facts.connected;
	enum sfmfa_err err = app_add_facts(login->env, login->config, &login->request.person, &login->standing,
					   login->request.service, &login->peer, connected);

	if (err == SFMFA_OK && connected->credential != CREDENTIAL_NONE && !is_for_service(login))
		connected->in_services = false;
	return err;
}

enum sfmfa_err
login_name_flow(struct login *login)
{
	const struct login_request *request = &login->request;
	struct app_fact *connected = &login->facts.connected;

	if (request->app[0] == '\0' && request->flow[0] == '\0')
		return SFMFA_OK;
	connected->named = true;
	connected->flow_known = flow_from_key(request->flow, &connected->flow) == SFMFA_OK;
	/* No session is a credential here: it is where tokens are made. */
	connected->token = true;
	connected->app = config_find_app(login->config, request->app);
	return add_facts(login);
}

/* Says in the event which app and flow it was, however it ends. */
static void
note_names(struct login *login)
{
	const struct app_fact *connected = &login->facts.connected;
	struct login_request *request = &login->request;

	if (connected->app != NULL && text_copy(request->app, sizeof(request->app), connected->app->name) != SFMFA_OK)
		request->app[0] = '\0';
	if (connected->flow_known &&
	    text_copy(request->flow, sizeof(request->flow), flow_key(connected->flow)) != SFMFA_OK)
		request->flow[0] = '\0';
}

static enum sfmfa_err
read_assertion(struct login *login)
{
	struct app_fact *connected = &login->facts.connected;
	struct store_credential *use = &login->op.credential;
	enum flow flow = flow_of_service(login);
	struct app_reading reading;
	enum sfmfa_err err = app_read_assertion(login->env, login->config, &login->request.password, flow,
						login->standing.record.name, login->now.wall, connected, &reading);

	if (err != SFMFA_OK)
		return err;
	/* Signed or not: it answers for no token, and for no password. */
	if (connected->flow_known && (FLOWS_OF_A_SIGNATURE & FLOW_BIT(connected->flow)) == 0) {
		connected->token = true;
		connected->credential = CREDENTIAL_NONE;
	}
	memcpy(login->app_key, reading.key, sizeof(login->app_key));
	use->single_use = reading.single_use;
	use->expires_at = reading.expires_at;
	memcpy(use->hash, reading.hash, sizeof(use->hash));
	if (connected->app != NULL && connected->app->self_authorize)
		use->app = connected->app->name;
	use->flow = connected->flow;
	return SFMFA_OK;
}

static enum sfmfa_err
read_token(struct login *login)
{
	struct app_fact *connected = &login->facts.connected;
	struct store_credential *use = &login->op.credential;
	struct app_token token;
	enum sfmfa_err err = app_hash_access(&login->env->keyring, &login->request.password, use->hash);

	connected->named = true;
	connected->token = true;
	connected->bridge = login->result.login_type == LOGIN_UI;
	connected->credential = CREDENTIAL_REVOKED;
	use->token = true;
	use->from = login->request.rhost;
	if (err == SFMFA_OK)
		err = store_find_access(login->env->store, use->hash, &token, NULL);
	if (err == SFMFA_ERR_NOT_FOUND)
		return SFMFA_OK;
	/* Somebody else's is nobody's. */
	if (err != SFMFA_OK || login->standing.record.id == 0 || token.grant.user_id != login->standing.record.id)
		return err;
	connected->flow_known = true;
	connected->flow = token.flow;
	connected->app = config_find_app(login->config, token.grant.app);
	connected->approved_level = token.grant.level;
	connected->credential = login->now.wall < token.expires_at ? CREDENTIAL_RIGHT : CREDENTIAL_EXPIRED;
	return text_format(login->app_key, sizeof(login->app_key), "grant-%lld", (long long)token.grant.id);
}

/* Neither: for another line of the stack, which knows nothing of this one. There is nothing to be logged. */
static enum turn
no_credential(struct login *login)
{
	login->silent = true;
	login->result.no_credential = true;
	return login_refuse(login, REASON_FACTOR_MISSING, "the field holds no credential of a connected app", NULL);
}

static bool
may_end(const struct login *login)
{
	const struct decision *decision = &login->decision;

	if (!login->facts.connected.bridge)
		return decision->verdict != VERDICT_ALLOW;
	/* At a UI service all but a plain denial goes on behind the line of the first factor. */
	return decision->verdict == VERDICT_DENY && !login_is_concealed(login);
}

enum turn
login_begin_credential(struct login *login)
{
	const struct secret *field = &login->request.password;
	bool is_assertion = jwt_has_form(field->bytes, field->size);
	enum sfmfa_err err;
	enum flow flow;

	if (login->caller->class == CALLER_OWN)
		return login_refuse(login, REASON_CONFIGURATION,
				    "credentials of connected apps are taken from root and trusted callers", NULL);
	if (login->request.flow[0] != '\0' && flow_from_key(login->request.flow, &flow) != SFMFA_OK)
		return login_refuse(login, REASON_FLOW, "the flow is not known", NULL);
	/* There the password is the first factor, and nobody has checked it here. */
	if (flow_of_service(login) == FLOW_USERNAME_PASSWORD)
		return login_refuse(login, REASON_CONFIGURATION,
				    "the flow username-password is for the lines of a password", NULL);
	if (!is_assertion && !credential_is_access(field->bytes, field->size))
		return no_credential(login);
	if (!login->env->keyring.ready)
		return login_fail(login, SFMFA_ERR_CRYPTO, "there is no sealing key: nothing can be compared");
	login->op = (struct store_op){ .kind = STORE_CREDENTIAL, .err = SFMFA_ERR_INTERNAL };
	login->op.credential.user_id = login->standing.record.id;
	login->op.credential.now = login->now.wall;
	err = is_assertion ? read_assertion(login) : read_token(login);
	if (err == SFMFA_OK)
		err = add_facts(login);
	secret_clear(&login->request.password);
	note_names(login);
	if (err != SFMFA_OK)
		return login_fail(login, SFMFA_ERR_STORE, "what was approved cannot be read");
	policy_login(&login->facts, &login->decision);
	if (may_end(login))
		return login_end(login);
	login->state = LOGIN_USING;
	return TURN_WRITE;
}

static enum credential
found(const struct store_op *op)
{
	if (op->err != SFMFA_OK)
		return CREDENTIAL_STORE;
	switch (op->credential.result) {
	case CREDENTIAL_RESULT_GOOD: return CREDENTIAL_RIGHT;
	case CREDENTIAL_RESULT_REPLAYED: return CREDENTIAL_REPLAYED;
	case CREDENTIAL_RESULT_EXPIRED: return CREDENTIAL_EXPIRED;
	case CREDENTIAL_RESULT_REVOKED: break;
	}
	return CREDENTIAL_REVOKED;
}

enum turn
login_used(struct login *login, struct input *input)
{
	if (input->kind != INPUT_NONE)
		return login_no_answer(login, input->kind);
	login->facts.connected.credential = found(&login->op);
	policy_login(&login->facts, &login->decision);
	if (!login->facts.connected.bridge || may_end(login))
		return login_end(login);
	login->result.bridge = true;
	login->result.auth = OUTCOME_REFUSED;
	login->result.account = OUTCOME_REFUSED;
	memset(&login->ask, 0, sizeof(login->ask));
	login->state = LOGIN_BRIDGED;
	return TURN_KEEP;
}

enum turn
login_bridged(struct login *login, struct input *input)
{
	login->result.bridge = false;
	if (input->kind != INPUT_FIRST_FACTOR_OK)
		return login_no_answer(login, INPUT_NONE);
	return login_begin_ui(login);
}
