/* The argument of a decision while it is made: because-lines. For lib/policy only. */
#ifndef SFMFA_POLICY_ARGUMENT_H
#define SFMFA_POLICY_ARGUMENT_H

#include "model/decision.h"
#include "model/permission.h"
#include "policy/login.h"

/* Adds a step. text: a literal with at most one %s, which detail fills; origin NULL: built in. */
void
argument_add(struct decision *decision, const char *text, const char *detail, const struct origin *origin);

/* A step of the program's own: nothing fills it, no line of a file made it apply. */
void
argument_note(struct decision *decision, const char *text);

/* "mfa-ui-logins is granted by profile mfa", with its origin. */
void
argument_add_permission(struct decision *decision, const struct facts *facts, enum permission permission);

/* What requires a high-assurance session: the profile, the service, or nothing. */
void
argument_add_level(struct decision *decision, const struct facts *facts);

/* Why a factor is owed on a UI login: every one of rule 7's conditions that holds. */
void
argument_add_owed(struct decision *decision, const struct facts *facts);

#endif
