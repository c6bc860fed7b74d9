#include "policy/app.h"

#include "policy/argument.h"
#include "policy/demand.h"
#include "policy/outcome.h"

bool
facts_name_a_flow(const struct facts *facts)
{
	return facts->connected.named && !facts->connected.bridge;
}

static enum reason
reason_of(enum credential credential)
{
	switch (credential) {
	case CREDENTIAL_NONE: return REASON_FACTOR_MISSING;
	case CREDENTIAL_SIGNATURE: return REASON_SIGNATURE;
	case CREDENTIAL_AUDIENCE: return REASON_AUDIENCE;
	case CREDENTIAL_EXPIRED: return REASON_EXPIRED;
	case CREDENTIAL_REPLAYED: return REASON_REPLAYED;
	case CREDENTIAL_REVOKED: return REASON_NOT_APPROVED;
	case CREDENTIAL_STORE: return REASON_STORE;
	case CREDENTIAL_RIGHT: break;
	}
	return REASON_INTERNAL;
}

/* The credential itself, whatever it is: true if it is not right. */
static bool
deny_credential(const struct facts *facts, struct decision *decision)
{
	enum credential credential = facts->connected.credential;

	if (credential == CREDENTIAL_RIGHT)
		return false;
	argument_note(decision, credential == CREDENTIAL_NONE ? "no credential of the connected app was offered"
	                                                      : "the credential of the connected app is not good");
	return outcome_deny(decision, reason_of(credential));
}

/* c0, and that there is such an app with such a flow. */
static bool
c0_unknown(const struct facts *facts, struct decision *decision)
{
	const struct app_fact *connected = &facts->connected;

	if (!connected->flow_known) {
		argument_note(decision, "the flow is not known");
		return outcome_deny(decision, REASON_FLOW);
	}
	if (connected->app == NULL) {
		argument_note(decision, "no connected app of this name is configured");
		return outcome_deny(decision, REASON_UNKNOWN_APP);
	}
	argument_add(decision, "the flow is %s", flow_key(connected->flow), &connected->app->origin);
	if ((connected->app->flows & FLOW_BIT(connected->flow)) != 0)
		return false;
	argument_add(decision, "app %s does not have this flow", connected->app->name, &connected->app->origin);
	return outcome_deny(decision, REASON_FLOW);
}

static bool
c1_closed(const struct facts *facts, struct decision *decision)
{
	const struct connected_app *app = facts->connected.app;
	bool high = demand_mfa_in_effect(facts);

	if (facts->profile->required_level != LEVEL_STANDARD) {
		high = true;
		argument_add(decision, "profile %s requires a high-assurance session", facts->profile->name,
		             &facts->profile->required_level_origin);
	}
	if (app->level != LEVEL_STANDARD) {
		high = true;
		argument_add(decision, "app %s demands high assurance", app->name, &app->level_origin);
	}
	if (!high || flow_stays_open(facts->connected.flow))
		return false;
	argument_note(decision, "this flow is closed at high assurance");
	return outcome_deny(decision, REASON_FLOW);
}

/* For whom, where and from where the app is. */
static bool
out_of_scope(const struct facts *facts, struct decision *decision)
{
	const struct app_fact *connected = &facts->connected;
	const struct connected_app *app = connected->app;

	if (!connected->in_services) {
		argument_add(decision, "app %s is not for this service", app->name, &app->origin);
		return outcome_deny(decision, REASON_NOT_APPROVED);
	}
	if (!connected->in_networks) {
		argument_add(decision, "app %s is not for this network", app->name, &app->networks_origin);
		return outcome_deny(decision, REASON_APP_NETWORK);
	}
	if (!connected->permitted) {
		argument_add(decision, "app %s is not approved for this user", app->name, &app->origin);
		return outcome_deny(decision, REASON_NOT_APPROVED);
	}
	return false;
}

/* c6: a level does not travel. What the service requires cannot be met by that. */
static bool
c6_allow(const struct facts *facts, struct decision *decision, enum factor method)
{
	if (facts->required != NULL && facts->required->level != LEVEL_STANDARD) {
		argument_add_level(decision, facts);
		argument_note(decision, "a connected app yields a standard session only");
		return outcome_deny(decision, REASON_SESSION_LEVEL);
	}
	argument_note(decision, "the connected app is approved; the level is standard, always");
	decision->verdict = VERDICT_ALLOW;
	decision->reason = REASON_OK;
	decision->told = REASON_OK;
	decision->method = method;
	decision->level = LEVEL_STANDARD;
	return true;
}

/* c2, later: the token of an approval that was given in such a session. */
static bool
c2_token(const struct facts *facts, struct decision *decision)
{
	if (deny_credential(facts, decision))
		return true;
	if (facts->connected.app->level > facts->connected.approved_level) {
		argument_note(decision, "the app demands more than the session had in which it was approved");
		return outcome_deny(decision, REASON_SESSION_LEVEL);
	}
	return c6_allow(facts, decision, FACTOR_ACCESS_TOKEN);
}

static bool
c2_session(const struct facts *facts, struct decision *decision)
{
	const struct session_fact *session = &facts->session;
	const struct connected_app *app = facts->connected.app;
	bool proved = session->ui && !session->proof_voided;

	if (facts_hold(facts, PERMISSION_API_ONLY_USER)) {
		argument_add_permission(decision, facts, PERMISSION_API_ONLY_USER);
		argument_note(decision, "an api-only-user has no session in which this flow could be approved");
		return outcome_deny(decision, REASON_API_ONLY);
	}
	if (facts->connected.token)
		return c2_token(facts, decision);
	if (!session->open || !session->same_user || !(session->ui || session->by_ui) ||
	    (demand_ui_owed(facts) && !proved)) {
		argument_note(decision, "the flow needs an open UI session of this user, proved by sfmfa");
		return outcome_deny(decision, REASON_SESSION_LEVEL);
	}
	if (proved && session->level >= app->level)
		return c6_allow(facts, decision, FACTOR_UI_SESSION);
	if (app->level == LEVEL_STANDARD)
		return c6_allow(facts, decision, FACTOR_UI_SESSION);
	argument_note(decision, "the session is below the level that the app demands");
	if (app->action == LEVEL_BLOCK)
		return outcome_deny(decision, REASON_SESSION_LEVEL);
	if (outcome_ask(facts, decision, FACTORS_OF_A_PERSON))
		return true;
	if (facts_level_of(facts, facts->offered) < app->level)
		return outcome_deny(decision, REASON_SESSION_LEVEL);
	return c6_allow(facts, decision, FACTOR_UI_SESSION);
}

/* c3 and c5: the credential is all there is. */
static bool
c3_credential(const struct facts *facts, struct decision *decision)
{
	enum factor method = FACTOR_CREDENTIAL;

	if (deny_credential(facts, decision))
		return true;
	if (facts->connected.flow == FLOW_JWT_BEARER)
		method = FACTOR_ASSERTION;
	else if (facts->connected.flow == FLOW_REFRESH_TOKEN)
		method = facts->connected.token ? FACTOR_ACCESS_TOKEN : FACTOR_REFRESH_TOKEN;
	return c6_allow(facts, decision, method);
}

bool
section_5_flow(const struct facts *facts, struct decision *decision)
{
	if (!facts_name_a_flow(facts))
		return false;
	/* What cannot be read names no app and no flow. */
	if (!facts->connected.flow_known && facts->connected.credential != CREDENTIAL_NONE)
		return deny_credential(facts, decision);
	if (c0_unknown(facts, decision) || c1_closed(facts, decision) || out_of_scope(facts, decision))
		return true;
	switch (facts->connected.flow) {
	case FLOW_USERNAME_PASSWORD: return false;
	case FLOW_WEB_SERVER:
	case FLOW_USER_AGENT: break;
	case FLOW_REFRESH_TOKEN:
	case FLOW_JWT_BEARER:
	case FLOW_CLIENT_CREDENTIALS:
	case FLOW_DEVICE:
	case FLOW_SAML_BEARER:
	case FLOW_SAML_ASSERTION:
	case FLOW_ASSET_TOKEN:
	case FLOW_HYBRID_USER_AGENT:
	case FLOW_HYBRID_REFRESH_TOKEN:
	case FLOW_CODE_AND_CREDENTIALS:
	case FLOW_COUNT:
		if (facts->phase == PHASE_ACCOUNT)
			return outcome_deny(decision, REASON_NO_EVIDENCE);
		return c3_credential(facts, decision);
	}
	if (facts->phase == PHASE_ACCOUNT)
		return outcome_deny(decision, REASON_NO_EVIDENCE);
	return c2_session(facts, decision);
}

bool
section_5_bridge_credential(const struct facts *facts, struct decision *decision)
{
	const struct connected_app *app = facts->connected.app;

	if (!facts->connected.bridge)
		return false;
	if (deny_credential(facts, decision))
		return true;
	if (app == NULL) {
		argument_note(decision, "the app of this token is not configured any more");
		return outcome_deny(decision, REASON_UNKNOWN_APP);
	}
	argument_add(decision, "an access token of app %s takes the place of the first factor, and of nothing else",
	             app->name, &app->origin);
	return out_of_scope(facts, decision);
}

bool
section_5_bridge(const struct facts *facts, struct decision *decision)
{
	if (!facts->connected.bridge || !facts_hold(facts, PERMISSION_API_ONLY_USER))
		return false;
	argument_add_permission(decision, facts, PERMISSION_API_ONLY_USER);
	argument_note(decision, "the UI is closed to an api-only-user, and a token opens none");
	return outcome_deny(decision, REASON_API_ONLY);
}
