#include "policy/outcome.h"

#include "policy/app.h"
#include "policy/argument.h"
#include "policy/demand.h"

bool
outcome_deny(struct decision *decision, enum reason reason)
{
	decision->verdict = VERDICT_DENY;
	decision->reason = reason;
	decision->told = reason;
	return true;
}

bool
outcome_admit_at(const struct facts *facts, struct decision *decision, enum factor method, enum level level,
                 enum reason reason)
{
	/* Rules 5, c6: whatever the answer was. */
	if (facts_name_a_flow(facts))
		level = LEVEL_STANDARD;
	if (level < demand_level(facts)) {
		if (facts->login_type == LOGIN_API)
			argument_add_level(decision, facts);
		argument_add(decision, "%s yields a standard session only", factor_label(method), NULL);
		return outcome_deny(decision, REASON_SESSION_LEVEL);
	}
	decision->verdict = VERDICT_ALLOW;
	decision->reason = reason;
	decision->told = reason;
	decision->method = method;
	decision->level = level;
	return true;
}

bool
outcome_allow_unproved(struct decision *decision)
{
	decision->verdict = VERDICT_ALLOW;
	decision->reason = REASON_OK_SINGLE_FACTOR;
	decision->told = REASON_OK_SINGLE_FACTOR;
	decision->method = FACTOR_PASSWORD;
	decision->level = LEVEL_STANDARD;
	return true;
}

bool
outcome_admit(const struct facts *facts, struct decision *decision, enum factor method, enum reason reason)
{
	return outcome_admit_at(facts, decision, method, facts_level_of(facts, method), reason);
}

static bool
is_right(const struct facts *facts, uint32_t acceptable)
{
	return facts->attempt == ATTEMPT_RIGHT && (unsigned)facts->offered < FACTOR_COUNT &&
	       (acceptable & FACTOR_BIT(facts->offered)) != 0;
}

enum reason
outcome_of_attempt(const struct facts *facts, uint32_t acceptable)
{
	bool fits = (unsigned)facts->offered < FACTOR_COUNT && (acceptable & FACTOR_BIT(facts->offered)) != 0;

	switch (facts->attempt) {
	case ATTEMPT_NONE:
		return REASON_FACTOR_MISSING;
	case ATTEMPT_RIGHT:
	case ATTEMPT_WRONG:
		return REASON_FACTOR_WRONG;
	case ATTEMPT_REPLAYED:
		return fits ? REASON_FACTOR_REPLAYED : REASON_FACTOR_WRONG;
	case ATTEMPT_EXPIRED:
		return fits ? REASON_TOKEN_EXPIRED : REASON_FACTOR_WRONG;
	case ATTEMPT_OUT_OF_SCOPE:
		return fits ? REASON_TOKEN_OUT_OF_SCOPE : REASON_FACTOR_WRONG;
	case ATTEMPT_LOCKED_OUT:
		return REASON_LOCKED_OUT;
	case ATTEMPT_CLOCK:
		return REASON_CLOCK;
	case ATTEMPT_CANNOT_PROMPT:
		return REASON_CLIENT_CANNOT_PROMPT;
	case ATTEMPT_CONVERSATION:
		return REASON_CONVERSATION;
	case ATTEMPT_STORE:
		return REASON_STORE;
	}
	return REASON_INTERNAL;
}

bool
outcome_ask(const struct facts *facts, struct decision *decision, uint32_t acceptable)
{
	decision->acceptable = acceptable;
	if (is_right(facts, acceptable))
		return false;
	outcome_deny(decision, outcome_of_attempt(facts, acceptable));
	if (facts->attempt == ATTEMPT_NONE)
		decision->verdict = VERDICT_CHALLENGE;
	return true;
}

bool
outcome_deny_quietly(const struct facts *facts, struct decision *decision, enum reason reason)
{
	outcome_deny(decision, reason);
	if (facts->login_type != LOGIN_UI || !demand_ui_owed(facts))
		return true;
	if (!demand_ui_asked(facts)) {
		if (facts->phase != PHASE_AUTHENTICATE) {
			/* PAM_ACCT_EXPIRED says it anyway (rules 8). */
			if (reason != REASON_FROZEN)
				decision->told = REASON_NO_EVIDENCE;
		} else if (facts_operation(facts) == OPERATION_BLOCKED) {
			decision->concealed = true;
			decision->told = REASON_SESSION_LEVEL;
		}
		return true;
	}
	if (facts->locked) {
		/* Rule 3 would have ended this login without a question. */
		decision->concealed = true;
		decision->told = REASON_LOCKED_OUT;
		return true;
	}
	decision->acceptable = FACTORS_OF_A_PERSON;
	if (is_right(facts, FACTORS_OF_A_PERSON))
		return true;
	decision->concealed = true;
	decision->told = outcome_of_attempt(facts, FACTORS_OF_A_PERSON);
	return true;
}
