/*
 * Sessions as the rules see them (rules 7c and 8): whether one can matter, whether one is recorded, and what the
 * one at a place proves.
 */
#ifndef SFMFA_AUTH_SESSION_H
#define SFMFA_AUTH_SESSION_H

#include "auth/env.h"
#include "auth/person.h"
#include "base/fields.h"
#include "model/session.h"
#include "policy/login.h"

/* Whether the decision of a login at this service can depend on the session of the caller. */
bool
session_matters(const struct config *config, const char *service);

/*
 * Whether a session that this service opens is a login of its own. sudo, su and lockers run inside one; exempt
 * services log nobody in.
 */
bool
session_begins(const struct config *config, const char *service, enum login_type type);

/*
 * Whether somebody of whom nothing is recorded can be asked for their session all the same, so that it has to be
 * recorded.
 */
bool
session_matters_to_anybody(const struct config *config);

/*
 * A place as a root caller tells it: audit, login_uid, leader, leader_start, each of which may be absent; tty as PAM
 * has it. person: whose an audit session has to be. SFMFA_ERR_INVALID: not what it should be.
 */
enum sfmfa_err
session_place_read(const struct fields *fields, const char *tty, const struct person *person,
                   struct session_place *ret_place) SFMFA_MUST_USE;

/* An audit session counts for its login uid only; terminals are compared without "/dev/". */
void
session_place_settle(struct session_place *place, const struct person *person, int64_t login_uid);

/*
 * The session at a place of this boot. SFMFA_ERR_NOT_FOUND: none is recorded, or its leader has ended; SFMFA_ERR_STORE.
 * In doubt there is none (rules 8).
 */
enum sfmfa_err
session_find(const struct env *env, const struct session_place *place, const struct moment *now,
             struct session_record *ret_session) SFMFA_MUST_USE;

/* What it means for a login of this user. */
void
session_judge(const struct session_record *session, const char *user, uint32_t high_assurance,
              const struct moment *now, struct session_fact *ret_fact);

/*
 * The session a login is made in: what it proves, whether it answers for a level that the service requires, and
 * whether ranges are asked again. facts are those of facts_gather().
 */
struct login_request;
void
session_add_facts(const struct env *env, const struct config *config, const struct login_request *request,
                  const char *user, const struct moment *now, struct facts *facts);

#endif
