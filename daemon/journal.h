/*
 * The daemon's event queue. Events are taken while logins are stepped, and written, log line and
 * row, once the replies are out: an event costs no login any time, and a full disk loses rows to
 * the log, never a login.
 *
 * What peers bring about who are neither root nor a trusted caller is written one by one up to their quota, and beyond
 * it as one event a uid and period, which says how many there were. What they changed is always written.
 */
#ifndef SFMFA_DAEMON_JOURNAL_H
#define SFMFA_DAEMON_JOURNAL_H

#include <ev.h>
#include <stddef.h>

#include "auth/env.h"
#include "daemon/quota.h"

struct journal {
	struct env *env;
	struct event *events; /* heap */
	size_t count, capacity;
	bool rows_fail;       /* said once, until rows work again */
	int64_t expired_at;   /* Unix seconds of the last removal of old events */
	struct quota quota;
	struct ev_loop *loop;
	struct ev_timer period; /* runs only if somebody's quota is in use */
};

/* Makes the journal env->events. */
void
journal_init(struct journal *journal, struct env *env, struct ev_loop *loop);

/* Whether a line about what this uid sent may be logged; what may not is counted. */
bool
journal_admits(struct journal *journal, uid_t uid);

/* Writes what has been taken. */
void
journal_flush(struct journal *journal);

void
journal_finish(struct journal *journal);

#endif
