/* Inside of connection.c, for acquaint.c. */
#ifndef SFMFA_DAEMON_CONNECTION_PRIVATE_H
#define SFMFA_DAEMON_CONNECTION_PRIVATE_H

#include "daemon/connection.h"
#include "model/verb.h"

/* How long a peer may take, seconds, to send its first request, or to answer for groups and sessions. */
#define LIMIT_FIRST 10.0

/* Listens for the next request, or not: while it is at work a peer has nothing to say. */
void
connection_await(struct connection *connection, enum connection_state state, double seconds);
void
connection_be_busy(struct connection *connection, enum connection_state state);

/* Takes the reply over. False, and the connection is closed, if it was not made or cannot be sent. */
bool
connection_send(struct connection *connection, enum sfmfa_err made, struct fields *reply);

/* VERB_NONE: none, or one that is not known. */
enum verb
connection_verb(const struct fields *request);

/* Everything about the persons is known: the conversation begins. */
void
connection_begin(struct connection *connection);

#endif
