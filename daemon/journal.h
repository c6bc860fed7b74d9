/*
 * The daemon's event queue. Events are taken while logins are stepped, and written, log line and
 * row, once the replies are out: an event costs no login any time, and a full disk loses rows to
 * the log, never a login.
 */
#ifndef SFMFA_DAEMON_JOURNAL_H
#define SFMFA_DAEMON_JOURNAL_H

#include <stddef.h>

#include "auth/env.h"

struct journal {
	struct env *env;
	struct event *events; /* heap */
	size_t count, capacity;
	bool rows_fail;       /* said once, until rows work again */
	int64_t expired_at;   /* Unix seconds of the last removal of old events */
};

/* Makes the journal env->events. */
void
journal_init(struct journal *journal, struct env *env);

/* Writes what has been taken. */
void
journal_flush(struct journal *journal);

void
journal_finish(struct journal *journal);

#endif
