/* From a decision to how a phase ends: the one table between policy and PAM (rules 8). */
#ifndef SFMFA_AUTH_OUTCOME_H
#define SFMFA_AUTH_OUTCOME_H

#include "auth/conversation.h"
#include "model/decision.h"
#include "model/login_type.h"

/*
 * told is the reason the person may learn of: of a concealed denial the answer's own, so that nobody can
 * tell it from an ordinary wrong answer. Only VERDICT_ALLOW allows; a challenge that was not met refuses.
 */
enum outcome
outcome_of(enum verdict verdict, enum reason told, enum login_type login_type, enum phase phase);

#endif
