/* From a request, the record and the configuration to the facts of policy_login(), for logins and explain. */
#ifndef SFMFA_AUTH_FACTS_H
#define SFMFA_AUTH_FACTS_H

#include "auth/env.h"
#include "auth/login.h"
#include "auth/person.h"
#include "policy/login.h"

/*
 * config: the snapshot; standing must outlive the facts. request->can_commit false: no registration can be
 * kept. SFMFA_ERR_CLOCK, SFMFA_ERR_CONFIG, SFMFA_ERR_NO_MEMORY.
 */
enum sfmfa_err
facts_gather(const struct config *config, const struct caller *caller, const struct login_request *request,
             const struct standing *standing, const struct moment *now, struct facts *ret_facts)
	SFMFA_MUST_USE;

/* The service's type; what the request claims counts from CALLER_ROOT only (rules 1, "login type"). */
enum login_type
facts_login_type(const struct config *config, const struct caller *caller,
                 const struct login_request *request);

/* Where the login comes from (rules 4, "Peer"). */
void
facts_peer(const struct config *config, const struct login_request *request, struct peer *ret_peer);

#endif
