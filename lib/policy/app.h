/* Connected-app flows and the bridge (rules 5). For lib/policy only. Both return whether the login is settled. */
#ifndef SFMFA_POLICY_APP_H
#define SFMFA_POLICY_APP_H

#include <stdbool.h>

#include "model/decision.h"
#include "policy/login.h"

/* The login rests on a flow, and not on a bridged token. */
bool
facts_name_a_flow(const struct facts *facts);

/* Rules 5, c0 to c6. false also for username-password where it is open: the token is judged as in 8e. */
bool
section_5_flow(const struct facts *facts, struct decision *decision);

/* Rules 5, "bridge": an access token in place of the first factor. Without it being right nothing else is looked at. */
bool
section_5_bridge_credential(const struct facts *facts, struct decision *decision);
bool
section_5_bridge(const struct facts *facts, struct decision *decision);

#endif
