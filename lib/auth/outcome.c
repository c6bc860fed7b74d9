#include "auth/outcome.h"

/* An API login that is denied looks like a wrong password (rules 7). */
static enum outcome
outcome_of_api(enum reason told)
{
	if (told == REASON_CONFIGURATION)
		return OUTCOME_CONFIGURATION;
	if (told == REASON_STORE || told == REASON_INTERNAL)
		return OUTCOME_UNAVAILABLE;
	if (told == REASON_CONVERSATION)
		return OUTCOME_CONVERSATION;
	return OUTCOME_REFUSED;
}

static enum outcome
outcome_of_others(enum reason told, enum login_type login_type, enum phase phase)
{
	switch (told) {
	case REASON_FACTOR_MISSING:
	case REASON_FACTOR_WRONG:
	case REASON_FACTOR_REPLAYED:
	case REASON_TOKEN_EXPIRED:
	case REASON_TOKEN_OUT_OF_SCOPE:
	case REASON_CLIENT_CANNOT_PROMPT:
	case REASON_LOCKED_OUT:
	case REASON_UNKNOWN_APP:
	case REASON_NOT_APPROVED:
	case REASON_APP_NETWORK:
	case REASON_SIGNATURE:
	case REASON_AUDIENCE:
	case REASON_EXPIRED:
	case REASON_REPLAYED:
	case REASON_UNKNOWN_USER: return OUTCOME_REFUSED;
	case REASON_REGISTRATION_REQUIRED:
	case REASON_REGISTRATION_REFUSED:
	case REASON_API_DISABLED:
	case REASON_API_ONLY:
	case REASON_API_ONLY_REGISTERED:
	case REASON_PENDING:
	case REASON_FLOW:
	case REASON_SESSION_LEVEL:
	case REASON_LOGIN_HOURS:
	case REASON_LOGIN_IP:
	case REASON_NO_EVIDENCE: return OUTCOME_FORBIDDEN;
	case REASON_FROZEN:
		return login_type == LOGIN_UI && phase == PHASE_ACCOUNT ? OUTCOME_EXPIRED : OUTCOME_FORBIDDEN;
	case REASON_CONFIGURATION: return OUTCOME_CONFIGURATION;
	case REASON_CONVERSATION: return OUTCOME_CONVERSATION;
	case REASON_STORE:
	case REASON_CLOCK:
	case REASON_INTERNAL: return OUTCOME_UNAVAILABLE;
	case REASON_OK:
	case REASON_OK_SINGLE_FACTOR:
	case REASON_OK_REGISTERED:
	case REASON_COUNT: return OUTCOME_REFUSED; /* contradicts a denial */
	}
	return OUTCOME_REFUSED;
}

enum outcome
outcome_of(enum verdict verdict, enum reason told, enum login_type login_type, enum phase phase)
{
	if (verdict == VERDICT_ALLOW)
		return OUTCOME_ALLOW;
	if (login_type == LOGIN_API)
		return outcome_of_api(told);
	return outcome_of_others(told, login_type, phase);
}
