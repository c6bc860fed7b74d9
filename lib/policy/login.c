/*
 * The decision of a login: one function a rule, in the order of docs/rules.md, section 4. Each
 * returns true when it settles the login. What a login demands is worked out in demand.c, how a rule
 * ends a login in outcome.c.
 */
#include "policy/login.h"

#include "policy/app.h"
#include "policy/argument.h"
#include "policy/demand.h"
#include "policy/outcome.h"

static bool
rule_0_exempt(const struct facts *facts, struct decision *decision)
{
	if (facts->login_type != LOGIN_EXEMPT)
		return false;
	argument_note(decision, "the service is exempt: it authenticates nobody");
	if (facts->phase != PHASE_ACCOUNT) {
		argument_note(decision, "and yet it asks for authentication");
		return outcome_deny(decision, REASON_CONFIGURATION);
	}
	if (facts->frozen) {
		argument_note(decision, "the user is frozen");
		return outcome_deny(decision, REASON_FROZEN);
	}
	return outcome_allow_unproved(decision);
}

/* Rules 8, "No evidence": root becomes somebody else, in maintainer scripts and jobs; only a freeze holds. */
static bool
section_8_root_switch(const struct facts *facts, struct decision *decision)
{
	if (facts->phase != PHASE_ACCOUNT || !facts->root_switch)
		return false;
	if (facts->caller != CALLER_ROOT || !facts->caller_is_root_user)
		return false;
	argument_note(decision, "uid 0 switches to another user through a service of root_switches");
	if (facts->frozen) {
		argument_note(decision, "the user is frozen");
		return outcome_deny(decision, REASON_FROZEN);
	}
	return outcome_allow_unproved(decision);
}

static bool
rule_1_unknown_user(const struct facts *facts, struct decision *decision)
{
	if (facts->user_known)
		return false;
	argument_add(decision, "neither the system nor sfmfa knows the user; profile %s sets the prompts",
	             facts->profile->name, &facts->profile->origin);
	return outcome_deny_quietly(facts, decision, REASON_UNKNOWN_USER);
}

static bool
rule_2_frozen(const struct facts *facts, struct decision *decision)
{
	if (!facts->frozen)
		return false;
	argument_note(decision, "the user is frozen");
	return outcome_deny_quietly(facts, decision, REASON_FROZEN);
}

static bool
outside_hours(const struct facts *facts)
{
	return !facts->hours_open;
}

static bool
outside_ranges(const struct facts *facts)
{
	return !facts->ip_allowed && !facts->skip_ranges;
}

/* Whether an answer of this login would be compared with anything; rule 3 holds only there. */
static bool
factor_compared(const struct facts *facts)
{
	if (facts->phase != PHASE_AUTHENTICATE)
		return false;
	/* A credential of an app is no factor: nobody guesses it, and no guesser shall stop it. */
	if (facts_name_a_flow(facts) && facts->connected.flow != FLOW_USERNAME_PASSWORD)
		return false;
	if (facts->login_type == LOGIN_API)
		return facts_hold(facts, PERMISSION_API_ENABLED) && demand_api(facts) != API_NOTHING_DUE;
	if (!demand_ui_asked(facts))
		return false;
	if (facts->app != APP_NONE || facts->temporary_code)
		return true;
	/* No factor, but a quiet denial asks for one all the same. */
	return outside_hours(facts) || outside_ranges(facts) || facts->configuration_fault;
}

static bool
rule_3_locked_out(const struct facts *facts, struct decision *decision)
{
	if (!facts->locked || !factor_compared(facts))
		return false;
	argument_note(decision, "too many wrong factors: a lock is in force");
	return outcome_deny(decision, REASON_LOCKED_OUT);
}

static bool
rule_4_login_hours(const struct facts *facts, struct decision *decision)
{
	if (!outside_hours(facts))
		return false;
	argument_add(decision, "the moment is outside the login hours of profile %s", facts->profile->name,
	             &facts->profile->hours.origin);
	return outcome_deny_quietly(facts, decision, REASON_LOGIN_HOURS);
}

static bool
rule_5_login_ip(const struct facts *facts, struct decision *decision)
{
	if (!outside_ranges(facts))
		return false;
	argument_add(decision, "the peer is outside the login IP ranges of profile %s", facts->profile->name,
	             &facts->profile->ranges_origin);
	return outcome_deny_quietly(facts, decision, REASON_LOGIN_IP);
}

static bool
rule_6_configuration(const struct facts *facts, struct decision *decision)
{
	if (!facts->configuration_fault)
		return false;
	if (facts->fault != NULL)
		argument_add(decision, "the configuration of this user is at fault: %s", facts->fault, NULL);
	else
		argument_note(decision, "the configuration of this user is at fault");
	return outcome_deny_quietly(facts, decision, REASON_CONFIGURATION);
}

/* The registration dialogue, or what came of it. */
static bool
register_app(const struct facts *facts, struct decision *decision, bool may_postpone)
{
	bool api_only = facts_hold(facts, PERMISSION_API_ONLY_USER);

	if (!facts->registered) {
		argument_note(decision, "an authenticator app is to be registered in this login");
		decision->verdict = VERDICT_REGISTER;
		decision->reason = REASON_REGISTRATION_REQUIRED;
		decision->told = REASON_REGISTRATION_REQUIRED;
		decision->may_postpone = may_postpone && !api_only;
		return true;
	}
	argument_note(decision, "an authenticator app was registered in this login");
	if (api_only)
		return outcome_deny(decision, REASON_API_ONLY_REGISTERED);
	return outcome_admit(facts, decision, FACTOR_TOTP, REASON_OK_REGISTERED);
}

static bool
rule_7e_temporary_code(const struct facts *facts, struct decision *decision)
{
	argument_note(decision, "no authenticator app is registered; a temporary code is in force");
	if (outcome_ask(facts, decision, FACTOR_BIT(FACTOR_TEMPORARY_CODE)))
		return true;
	if (!facts_may_register(facts))
		return outcome_admit(facts, decision, FACTOR_TEMPORARY_CODE, REASON_OK);
	if (facts->postponed && !facts->registered && !facts_hold(facts, PERMISSION_API_ONLY_USER)) {
		argument_note(decision, "the registration was put off");
		return outcome_admit(facts, decision, FACTOR_TEMPORARY_CODE, REASON_OK);
	}
	return register_app(facts, decision, true);
}

static bool
rule_7e_no_app(const struct facts *facts, struct decision *decision)
{
	if (facts->app != APP_NONE) /* GCOVR_EXCL_BR_LINE: 7d has settled it; an app is never registered over another */
		return false;       /* GCOVR_EXCL_LINE */
	if (facts->temporary_code)
		return rule_7e_temporary_code(facts, decision);
	argument_note(decision, "no authenticator app is registered");
	if (!facts_may_register(facts)) {
		if (facts->caller != CALLER_ROOT || facts->never_commits)
			argument_note(decision, "this service cannot register one");
		else if (facts->disconnected_by_other)
			argument_note(decision, "somebody else disconnected the last one: it takes a code");
		else
			argument_note(decision, "registration inside a login is not open");
		return outcome_deny(decision, REASON_REGISTRATION_REQUIRED);
	}
	/* Nothing was asked for but the registration: any other answer ends the login. */
	if (facts->attempt != ATTEMPT_NONE && !(facts->registered && facts->attempt == ATTEMPT_RIGHT))
		return outcome_deny(decision, outcome_of_attempt(facts, 0));
	return register_app(facts, decision, false);
}

static bool
rule_7a_api_only(const struct facts *facts, struct decision *decision)
{
	if (!facts_hold(facts, PERMISSION_API_ONLY_USER))
		return false;
	argument_add_permission(decision, facts, PERMISSION_API_ONLY_USER);
	if (!facts_api_only_may_finish(facts)) {
		argument_note(decision, "the UI is closed to an api-only-user");
		return outcome_deny_quietly(facts, decision, REASON_API_ONLY);
	}
	if (facts->app == APP_NONE)
		return rule_7e_no_app(facts, decision);
	argument_note(decision, "the authenticator app is pending: a right code closes the UI");
	if (outcome_ask(facts, decision, FACTOR_BIT(FACTOR_TOTP)))
		return true;
	return outcome_deny(decision, REASON_API_ONLY_REGISTERED);
}

/* Rules 5, "operation": the level of the session in which the service is used decides. */
static bool
section_5_operation(const struct facts *facts, struct decision *decision)
{
	switch (facts_operation(facts)) { /* GCOVR_EXCL_BR_LINE: it returns one of the three */
	case OPERATION_SATISFIED:
		argument_add(decision, "the session has the level that service %s requires",
		             facts->required->service, &facts->required->origin);
		return outcome_admit_at(facts, decision, FACTOR_UI_SESSION, facts->session.level, REASON_OK);
	case OPERATION_BLOCKED:
		argument_add(decision, "service %s is blocked below the level it requires",
		             facts->required->service, &facts->required->origin);
		return outcome_deny(decision, REASON_SESSION_LEVEL);
	case OPERATION_OPEN:
		break;
	}
	return false;
}

static bool
rule_7b_not_owed(const struct facts *facts, struct decision *decision)
{
	if (demand_ui_owed(facts))
		return false;
	argument_note(decision, "no second factor is owed");
	if (facts->connected.bridge)
		return outcome_admit_at(facts, decision, FACTOR_ACCESS_TOKEN, LEVEL_STANDARD, REASON_OK);
	return outcome_admit_at(facts, decision, FACTOR_PASSWORD, LEVEL_STANDARD, REASON_OK_SINGLE_FACTOR);
}

static bool
rule_7c_step_up(const struct facts *facts, struct decision *decision)
{
	if (!facts_stepped_up(facts))
		return false;
	argument_add(decision, "a recent proof in the same session answers for service %s",
	             facts->step_up->service, &facts->step_up->origin);
	return outcome_admit_at(facts, decision, FACTOR_STEP_UP, facts->session.level, REASON_OK);
}

static bool
rule_7d_app(const struct facts *facts, struct decision *decision)
{
	if (facts->app == APP_NONE)
		return false;
	if (facts->app == APP_PENDING)
		argument_note(decision, "the authenticator app is pending: a right code completes it");
	else
		argument_note(decision, "an authenticator app is registered");
	if (outcome_ask(facts, decision, FACTORS_OF_A_PERSON))
		return true;
	return outcome_admit(facts, decision, facts->offered, REASON_OK);
}

/* Rules 8, "No evidence": the account phase of a login that has shown sfmfa nothing. */
static bool
section_8_no_evidence(const struct facts *facts, struct decision *decision)
{
	bool owed = demand_ui_owed(facts);

	if (facts->phase != PHASE_ACCOUNT)
		return false;
	if (facts_hold(facts, PERMISSION_API_ONLY_USER)) {
		argument_add_permission(decision, facts, PERMISSION_API_ONLY_USER);
		/* Told apart, so that the log says who has still to register. */
		if (owed && facts->app != APP_COMPLETED)
			return outcome_deny(decision, REASON_NO_EVIDENCE);
		return outcome_deny(decision, REASON_API_ONLY);
	}
	if (!owed)
		return false;
	if (facts->caller_authenticates) {
		argument_note(decision, "the service decides itself whether to authenticate");
		return outcome_allow_unproved(decision);
	}
	argument_note(decision, "and this login has shown sfmfa none");
	return outcome_deny(decision, REASON_NO_EVIDENCE);
}

static bool
rule_7_ui(const struct facts *facts, struct decision *decision)
{
	if (facts->login_type != LOGIN_UI)
		return false;
	if (facts_name_a_flow(facts)) {
		argument_note(decision, "connected-app flows are for services mapped to api");
		return outcome_deny(decision, REASON_FLOW);
	}
	argument_add_owed(decision, facts);
	/* GCOVR_EXCL_BR_START: the last one settles all that is left */
	return section_5_bridge(facts, decision) ||
	       section_8_no_evidence(facts, decision) ||
	       rule_7a_api_only(facts, decision) ||
	       section_5_operation(facts, decision) ||
	       rule_7b_not_owed(facts, decision) ||
	       rule_7c_step_up(facts, decision) ||
	       rule_7d_app(facts, decision) ||
	       rule_7e_no_app(facts, decision);
	/* GCOVR_EXCL_BR_STOP */
}

static bool
rule_8a_api_enabled(const struct facts *facts, struct decision *decision)
{
	if (facts_hold(facts, PERMISSION_API_ENABLED)) {
		argument_add_permission(decision, facts, PERMISSION_API_ENABLED);
		return false;
	}
	argument_note(decision, "api-enabled is not granted");
	return outcome_deny(decision, REASON_API_DISABLED);
}

/* Rule 8b works nothing out that 8d and 8e do not ask; it is here for the argument. */
static void
rule_8b_in_effect(const struct facts *facts, struct decision *decision)
{
	if (!facts_hold(facts, PERMISSION_MFA_API_LOGINS))
		return;
	argument_add_permission(decision, facts, PERMISSION_MFA_API_LOGINS);
	if (!facts_hold(facts, PERMISSION_MFA_UI_LOGINS))
		argument_note(decision, "mfa-api-logins has no effect without mfa-ui-logins");
	else if (demand_mfa_in_effect(facts))
		argument_note(decision, "MFA was completed through the UI: mfa-api-logins is in effect");
	else if (facts->app == APP_PENDING)
		argument_note(decision, "mfa-api-logins is not in effect yet: the app is pending");
	else
		argument_note(decision, "mfa-api-logins is not in effect yet: no app is registered");
}

/* Without a prompt: what is not in the field is missing, and that is final. */
static bool
answer_api(const struct facts *facts, struct decision *decision)
{
	if (facts->phase == PHASE_ACCOUNT) {
		argument_note(decision, "and this login has shown sfmfa none");
		return outcome_deny(decision, REASON_NO_EVIDENCE);
	}
	if (outcome_ask(facts, decision, demand_api_acceptable(facts))) {
		decision->verdict = VERDICT_DENY;
		return true;
	}
	return outcome_admit(facts, decision, facts->offered, REASON_OK);
}

static bool
rule_8d_second_factor(const struct facts *facts, struct decision *decision)
{
	if (demand_api(facts) != API_MFA_DUE)
		return false;
	argument_note(decision, "a second factor is due (api.second_factors)");
	return answer_api(facts, decision);
}

static bool
rule_8e_nothing_due(const struct facts *facts, struct decision *decision)
{
	bool right = facts->attempt == ATTEMPT_RIGHT;
	bool token = facts->token_stripped || (right && facts->offered == FACTOR_SECURITY_TOKEN);

	if (facts->trusted_peer)
		argument_note(decision, "the peer is in a trusted network");
	else if (facts->in_profile_ranges)
		argument_add(decision, "the peer is in the login IP ranges of profile %s",
		             facts->profile->name, &facts->profile->ranges_origin);
	argument_note(decision, "no security token is due");
	/* An answer that was judged and found wrong is not made right by being needless. */
	if (facts->attempt != ATTEMPT_NONE && !right)
		return outcome_deny(decision, outcome_of_attempt(facts, FACTORS_OF_A_PROGRAM));
	if (token) {
		argument_note(decision, "a security token of this user was offered anyway and taken off");
		return outcome_admit_at(facts, decision, FACTOR_SECURITY_TOKEN, LEVEL_STANDARD, REASON_OK);
	}
	return outcome_admit_at(facts, decision, FACTOR_PASSWORD, LEVEL_STANDARD, REASON_OK_SINGLE_FACTOR);
}

static bool
rule_8e_token(const struct facts *facts, struct decision *decision)
{
	if (demand_mfa_pending(facts) && facts->profile->api.pending == API_PENDING_DENY) {
		argument_note(decision, "api.pending is \"deny\"");
		return outcome_deny(decision, REASON_PENDING);
	}
	if (demand_api(facts) == API_NOTHING_DUE)
		return rule_8e_nothing_due(facts, decision);
	if (facts->profile->api.token_required == TOKEN_REQUIRED_UNTRUSTED)
		argument_note(decision, "the peer is in no trusted network: a security token is due");
	else
		argument_note(decision, "a security token is always due (api.token_required)");
	return answer_api(facts, decision);
}

/* Settles every login that names a flow, but for username-password where that is open. */
static bool
rule_8c_flow(const struct facts *facts, struct decision *decision)
{
	return section_5_flow(facts, decision);
}

static bool
rule_8_api(const struct facts *facts, struct decision *decision)
{
	if (facts->login_type != LOGIN_API)
		return false;
	if (rule_8a_api_enabled(facts, decision))
		return true;
	rule_8b_in_effect(facts, decision);
	/* GCOVR_EXCL_BR_START: the last one settles all that is left */
	return rule_8c_flow(facts, decision) ||
	       rule_8d_second_factor(facts, decision) || rule_8e_token(facts, decision);
	/* GCOVR_EXCL_BR_STOP */
}

void
policy_login(const struct facts *facts, struct decision *ret_decision)
{
	static bool (*const rules[])(const struct facts *, struct decision *) = {
		rule_0_exempt,        section_8_root_switch, section_5_bridge_credential,
		rule_1_unknown_user,  rule_2_frozen,
		rule_3_locked_out,    rule_4_login_hours,    rule_5_login_ip,     rule_6_configuration,
		rule_7_ui,            rule_8_api,
	};
	struct decision decision = {.verdict = VERDICT_DENY, .reason = REASON_INTERNAL};

	*ret_decision = decision;
	if (facts->profile == NULL) {
		argument_add(ret_decision, "the user has no profile", NULL, NULL);
		outcome_deny(ret_decision, REASON_CONFIGURATION);
		return;
	}
	for (size_t i = 0; i < sizeof(rules) / sizeof(rules[0]); i++) {
		if (rules[i](facts, &decision)) {
			*ret_decision = decision;
			return;
		}
	}
}
