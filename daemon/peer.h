/* Who is at the other end of a connection, by the kernel's word, and how many connections they may hold. */
#ifndef SFMFA_DAEMON_PEER_H
#define SFMFA_DAEMON_PEER_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "auth/person.h"
#include "base/error.h"

#define PEER_CONNECTIONS_OWN     16  /* a uid; over that: accepted and closed */
#define PEER_CONNECTIONS_TRUSTED 256 /* a trusted caller; beyond that it waits */

/* uid and pid from SO_PEERCRED. */
enum sfmfa_err
peer_credentials(int fd, uid_t *ret_uid, pid_t *ret_pid) SFMFA_MUST_USE;

/* The class of a uid (rules 2); config NULL: nobody is trusted. */
enum caller_class
peer_class(const struct config *config, uid_t uid);

/*
 * Where a peer is: its audit session with the login uid, its session leader, its terminal. The process is looked at
 * before and after, so that what is told is of one process; what cannot be told is no place.
 */
void
peer_place(pid_t pid, struct session_place *ret_place, int64_t *ret_login_uid);

/* Open connections a uid, for all uids that are not root. */
struct peer_counts {
	struct peer_count {
		uid_t uid;
		unsigned open;
	} *items; /* heap */
	size_t count, capacity;
	unsigned total;
};

/* How many the uid has open. */
unsigned
peer_open(const struct peer_counts *counts, uid_t uid);
enum sfmfa_err
peer_enter(struct peer_counts *counts, uid_t uid) SFMFA_MUST_USE;
void
peer_leave(struct peer_counts *counts, uid_t uid);
void
peer_counts_finish(struct peer_counts *counts);

#endif
