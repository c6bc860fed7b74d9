/*
 * How much of what a uid does may be written down one by one. Whoever may connect may be refused as often as they like:
 * neither the log nor events.db may grow by that without bound, nor the log's own limits swallow the lines of others.
 */
#ifndef SFMFA_DAEMON_QUOTA_H
#define SFMFA_DAEMON_QUOTA_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#define QUOTA_PERIOD 60.0 /* seconds */
#define QUOTA_LINES  60   /* a uid and period; the rest is counted */
#define QUOTA_UIDS   128  /* told apart in one period; all further ones share one place */

struct quota {
	unsigned count; /* places in use; zeroed: a period begins */
	struct quota_place {
		uid_t uid;      /* the first one in it */
		bool shared;
		unsigned written;
		uint64_t counted; /* what was not written */
	} places[QUOTA_UIDS];
};

/* Whether one more may be written; if not it is counted. */
bool
quota_admit(struct quota *quota, uid_t uid);

#endif
