/*
 * What has to be known before a conversation begins: the persons a request is about, their groups, and where the
 * caller is. A root caller's module tells, others are looked up.
 */
#ifndef SFMFA_DAEMON_ACQUAINT_H
#define SFMFA_DAEMON_ACQUAINT_H

#include "daemon/connection.h"
#include "model/verb.h"

/* Whether the verb is one of the login machine's. */
bool
acquaint_is_login(enum verb verb);

/* has_user: the request names one; resolved: and says what the name service knows of them. Ends in connection_begin(). */
void
acquaint_begin(struct connection *connection, enum verb verb, bool has_user, bool resolved);

/* What a root caller answered to need=groups and to need=session. */
void
acquaint_take_groups(struct connection *connection, const struct fields *request);
void
acquaint_take_session(struct connection *connection, const struct fields *request);

#endif
