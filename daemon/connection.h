/*
 * One connection: one login or one command, strictly alternating. It reads a request, finds out
 * whom it is about, steps the conversation, and replies.
 */
#ifndef SFMFA_DAEMON_CONNECTION_H
#define SFMFA_DAEMON_CONNECTION_H

#include <ev.h>
#include <stdbool.h>
#include <sys/types.h>

#include "auth/command.h"
#include "auth/login.h"
#include "base/fields.h"
#include "daemon/lookup.h"

struct server;

enum connection_state {
	CONNECTION_FIRST = 0, /* the first request is due */
	CONNECTION_GROUPS,    /* asked for groups */
	CONNECTION_SESSION,   /* asked for the session of the caller */
	CONNECTION_LOOKUP,    /* the name service is being asked */
	CONNECTION_ANSWER,    /* a question was sent */
	CONNECTION_WRITE,     /* in the batch */
	CONNECTION_KEPT,      /* more=split or more=commit was sent */
};

struct connection {
	struct server *server;
	int fd;
	enum connection_state state;
	struct ev_io readable;
	struct ev_timer limit;
	struct caller caller;
	struct fields request;  /* the first one */
	struct person person;   /* whom it is about, from a root peer's request */
	struct session_place place; /* where the caller is */
	bool place_known;
	struct lookup *lookup;
	struct config *asked;   /* in force when groups were asked for; held */
	struct login *login;    /* one of these two, once begun */
	struct command *command;
	struct connection *previous, *next;       /* in server->connections or ->parked */
	struct connection *batch_next;
	bool parked, in_batch;
};

/*
 * Takes the descriptor over; without memory it is closed. It may end before this returns: its request
 * is read and answered at once where it can be. parked: it waits until connection_unpark().
 */
void
connection_open(struct server *server, int fd, uid_t uid, pid_t pid, enum caller_class class, bool parked);
void
connection_unpark(struct connection *connection);

/* The write of its conversation, and what happens once it was committed. */
struct store_op *
connection_op(struct connection *connection);
void
connection_written(struct connection *connection);

void
connection_close(struct connection *connection);

#endif
