/* What a login demands: whether a factor is owed, and of which kind (rules 7 and 8). For lib/policy only. */
#ifndef SFMFA_POLICY_DEMAND_H
#define SFMFA_POLICY_DEMAND_H

#include <stdbool.h>
#include <stdint.h>

#include "policy/login.h"

bool
facts_hold(const struct facts *facts, enum permission permission);

/* The level that the profile or the service requires, whichever is higher. */
enum level
demand_level(const struct facts *facts);
/* The level a login with this method reaches (rules 7f). */
enum level
facts_level_of(const struct facts *facts, enum factor method);

/* Rules 7: a UI login of this user owes a second factor. */
bool
demand_ui_owed(const struct facts *facts);
/* Rules 7c: an earlier proof in the same session answers for this login. */
bool
facts_stepped_up(const struct facts *facts);

/* Rules 5, "operation": what the session's level means for a service that requires one. */
enum operation {
	OPERATION_OPEN = 0, /* it decides nothing: rule 7 goes on */
	OPERATION_SATISFIED,
	OPERATION_BLOCKED,
};
enum operation
facts_operation(const struct facts *facts);

/* A person would be asked for a factor in this login, if no rule before 7 denied it. */
bool
demand_ui_asked(const struct facts *facts);

/* Rules 7e: the setting in force, and whether this login may register an app at all. */
enum registration
facts_registration(const struct facts *facts);
bool
facts_may_register(const struct facts *facts);
/* Rules 7a: an api-only-user may still use the UI to register or complete the app. */
bool
facts_api_only_may_finish(const struct facts *facts);

/* Rules 8b, 8d, 8e. Zero: not due. */
enum api_demand {
	API_NOTHING_DUE = 0,
	API_MFA_DUE,   /* mfa-api-logins is in effect */
	API_TOKEN_DUE, /* the network asks for it */
};
bool
demand_mfa_in_effect(const struct facts *facts);
/* mfa-api-logins is held with its prerequisite, and MFA was not completed through the UI yet. */
bool
demand_mfa_pending(const struct facts *facts);
enum api_demand
demand_api(const struct facts *facts);
/* What answers the demand; 0 with API_NOTHING_DUE. */
uint32_t
demand_api_acceptable(const struct facts *facts);

#endif
