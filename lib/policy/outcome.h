/*
 * How a rule ends a login. For lib/policy only. All but outcome_of_attempt() return whether the login
 * is settled.
 */
#ifndef SFMFA_POLICY_OUTCOME_H
#define SFMFA_POLICY_OUTCOME_H

#include <stdbool.h>
#include <stdint.h>

#include "model/decision.h"
#include "policy/login.h"

bool
outcome_deny(struct decision *decision, enum reason reason);

/*
 * Denies for what a stranger must not learn (rules 1, 2, 4, 5, 6, 7a): where a person would be asked
 * for a factor they are asked all the same, and told only after a right one.
 */
bool
outcome_deny_quietly(const struct facts *facts, struct decision *decision, enum reason reason);

/* Asks for one of the acceptable factors, or judges the answer. false: a right one is there, go on. */
bool
outcome_ask(const struct facts *facts, struct decision *decision, uint32_t acceptable);

/* Why an answer does not let in. What is not of an acceptable kind, and what was not asked for, is wrong. */
enum reason
outcome_of_attempt(const struct facts *facts, uint32_t acceptable);

/* Lets in, unless the level that the method yields is below the one required (rules 7f, 8f). */
bool
outcome_admit(const struct facts *facts, struct decision *decision, enum factor method, enum reason reason);
/* The same where the method does not give the level. */
bool
outcome_admit_at(const struct facts *facts, struct decision *decision, enum factor method, enum level level,
                 enum reason reason);

/* Lets in at standard level where sfmfa is not to ask: rule 0, and the exceptions of rules 8. */
bool
outcome_allow_unproved(struct decision *decision);

#endif
