#include "policy/demand.h"

bool
facts_hold(const struct facts *facts, enum permission permission)
{
	return permission_in(facts->permissions, permission);
}

/* Rule 1: an unknown user is treated as somebody who has registered, so that nothing tells them apart. */
static enum app_state
app_of(const struct facts *facts)
{
	return facts->user_known ? facts->app : APP_COMPLETED;
}

enum level
demand_level(const struct facts *facts)
{
	if (facts->profile->required_level != LEVEL_STANDARD)
		return LEVEL_HIGH_ASSURANCE;
	if (facts->required != NULL && facts->required->level != LEVEL_STANDARD)
		return LEVEL_HIGH_ASSURANCE;
	return LEVEL_STANDARD;
}

enum level
facts_level_of(const struct facts *facts, enum factor method)
{
	/* Only what is verified as a factor can raise a level, whatever the map says of a password. */
	uint32_t factors = facts->high_assurance & FACTORS_VERIFIED;

	return (factors & FACTOR_BIT(method)) != 0 ? LEVEL_HIGH_ASSURANCE : LEVEL_STANDARD;
}

bool
demand_ui_owed(const struct facts *facts)
{
	bool mfa = facts_hold(facts, PERMISSION_MFA_UI_LOGINS) || facts->require_mfa_for_ui;

	if (mfa && !facts_hold(facts, PERMISSION_WAIVE_MFA))
		return true;
	return demand_level(facts) == LEVEL_HIGH_ASSURANCE;
}

/* A session of this user with a proof that nothing has overtaken. */
static bool
session_proves(const struct session_fact *session)
{
	return session->open && session->same_user && session->ui && !session->proof_voided;
}

bool
policy_session_answers(const struct session_fact *session, int64_t max_age)
{
	return session_proves(session) && session->proof_age >= 0 && session->proof_age < max_age;
}

bool
facts_stepped_up(const struct facts *facts)
{
	if (facts->step_up == NULL || !policy_session_answers(&facts->session, facts->step_up->max_age))
		return false;
	return facts->session.level >= demand_level(facts);
}

enum operation
facts_operation(const struct facts *facts)
{
	const struct session_fact *session = &facts->session;

	if (!facts->operation || facts->required == NULL)
		return OPERATION_OPEN;
	if (session_proves(session) && session->level >= demand_level(facts)) {
		/* A standard session is no proof where a factor is owed for another reason. */
		if (session->level == LEVEL_HIGH_ASSURANCE || !demand_ui_owed(facts))
			return OPERATION_SATISFIED;
	}
	if (session->level < facts->required->level && facts->required->action == LEVEL_BLOCK)
		return OPERATION_BLOCKED;
	return OPERATION_OPEN;
}

bool
demand_ui_asked(const struct facts *facts)
{
	if (facts->login_type != LOGIN_UI || facts->phase != PHASE_AUTHENTICATE || !demand_ui_owed(facts))
		return false;
	if (facts_hold(facts, PERMISSION_API_ONLY_USER))
		return true;
	return facts_operation(facts) == OPERATION_OPEN && !facts_stepped_up(facts);
}

enum registration
facts_registration(const struct facts *facts)
{
	return facts->disconnected_by_other ? REGISTRATION_TEMPORARY_CODE : facts->registration;
}

bool
facts_may_register(const struct facts *facts)
{
	if (facts->caller != CALLER_ROOT || facts->never_commits)
		return false;
	switch (facts_registration(facts)) {
	case REGISTRATION_OPEN:
		return true;
	case REGISTRATION_TEMPORARY_CODE:
		return facts->temporary_code;
	case REGISTRATION_CLOSED:
		break;
	}
	return false;
}

bool
facts_api_only_may_finish(const struct facts *facts)
{
	if (!demand_ui_owed(facts))
		return false;
	switch (facts->app) {
	case APP_NONE:
		/* Without a code to ask for, 7e itself says why no registration is possible. */
		return facts_may_register(facts) || !facts->temporary_code;
	case APP_PENDING:
		return facts->caller == CALLER_ROOT; /* nobody else can complete an app (rules 2) */
	case APP_COMPLETED:
		break;
	}
	return false;
}

bool
demand_mfa_in_effect(const struct facts *facts)
{
	return facts_hold(facts, PERMISSION_MFA_API_LOGINS) && facts_hold(facts, PERMISSION_MFA_UI_LOGINS) &&
	       app_of(facts) == APP_COMPLETED;
}

bool
demand_mfa_pending(const struct facts *facts)
{
	return facts_hold(facts, PERMISSION_MFA_API_LOGINS) && facts_hold(facts, PERMISSION_MFA_UI_LOGINS) &&
	       app_of(facts) != APP_COMPLETED;
}

static bool
token_due(const struct facts *facts)
{
	switch (facts->profile->api.token_required) {
	case TOKEN_REQUIRED_NEVER:
		return false;
	case TOKEN_REQUIRED_UNTRUSTED:
		return !facts->trusted_peer && !facts->in_profile_ranges;
	case TOKEN_REQUIRED_ALWAYS:
		break;
	}
	return true;
}

enum api_demand
demand_api(const struct facts *facts)
{
	bool skipped = facts->profile->api.trusted_networks_skip_mfa && facts->trusted_peer;

	if (demand_mfa_in_effect(facts) && !skipped)
		return API_MFA_DUE;
	return token_due(facts) ? API_TOKEN_DUE : API_NOTHING_DUE;
}

uint32_t
demand_api_acceptable(const struct facts *facts)
{
	switch (demand_api(facts)) { /* GCOVR_EXCL_BR_LINE: it returns one of the three */
	case API_MFA_DUE:
		return facts->profile->api.second_factors & FACTORS_OF_A_PROGRAM;
	case API_TOKEN_DUE:
		/* A pending app has never been proved through the UI: its code answers no API login. */
		if (app_of(facts) == APP_COMPLETED)
			return FACTORS_OF_A_PROGRAM;
		return FACTOR_BIT(FACTOR_SECURITY_TOKEN);
	case API_NOTHING_DUE:
		break;
	}
	return 0;
}

uint32_t
policy_api_due(const struct facts *facts)
{
	if (facts->profile == NULL)
		return 0;
	if (facts->login_type == LOGIN_API)
		return demand_api_acceptable(facts);
	return demand_ui_asked(facts) && app_of(facts) == APP_COMPLETED ? FACTOR_BIT(FACTOR_TOTP) : 0;
}
