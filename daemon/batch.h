/*
 * Group commit: the writes of all conversations that were stepped since the last time go into one
 * transaction, peers with uid 0 first. What arrives while it is being synced waits for the next.
 */
#ifndef SFMFA_DAEMON_BATCH_H
#define SFMFA_DAEMON_BATCH_H

#include <stdbool.h>
#include <stddef.h>

#include "auth/env.h"

#define BATCH_MAX 128 /* writes in one transaction; peers that are not root get at most half */

struct connection;

struct batch {
	struct connection *root_first, *root_last;
	struct connection *other_first, *other_last;
	size_t waiting;
};

/* Queues a connection whose conversation wants to write. */
void
batch_add(struct batch *batch, struct connection *connection);

/* Takes a connection out that ends before its turn. */
void
batch_remove(struct batch *batch, struct connection *connection);

/* Commits one transaction's worth and steps those conversations on. False: nothing was waiting. */
bool
batch_commit(struct batch *batch, struct env *env);

#endif
