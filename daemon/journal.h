/*
 * The daemon's event queue. Events are taken while logins are stepped. Their lines are logged once the
 * replies are out; their rows are written when nobody waits for a reply, or many rows do, or one has waited for a
 * second: an event costs no login any time, and a full disk loses rows to the log, never a login.
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
	size_t logged;        /* of count, from the first; the rest has no line yet */
	double waiting_since; /* ev_now() when the first of them came */
	bool rows_fail;       /* said once, until rows work again */
	int64_t expired_at;   /* Unix seconds of the last removal of old events */
	struct quota quota;
	struct ev_loop *loop;
	struct ev_timer period; /* runs only if somebody's quota is in use */
	struct ev_idle at_rest; /* runs only if rows wait */
};

/* Makes the journal env->events. */
void
journal_init(struct journal *journal, struct env *env, struct ev_loop *loop);

/* Whether a line about what this uid sent may be logged; what may not is counted. */
bool
journal_admits(struct journal *journal, uid_t uid);

/* Logs what has been taken, and sees to it that its rows are written soon. */
void
journal_settle(struct journal *journal);

/* Writes what has been taken, line and row, at once. */
void
journal_flush(struct journal *journal);

void
journal_finish(struct journal *journal);

#endif
