/*
 * Name service look-ups for peers that are not root, in processes of their own: an LDAP server that
 * hangs keeps only those waiting who asked for it, and two seconds at most, the waiting for a process
 * included: a client does not wait much longer. No caller gets all the processes. (A uid-0 peer resolves in
 * its own process and is believed.)
 */
#ifndef SFMFA_DAEMON_LOOKUP_H
#define SFMFA_DAEMON_LOOKUP_H

#include <ev.h>

#include "auth/person.h"
#include "base/fields.h"

#define LOOKUP_WORKERS    4
#define LOOKUP_PER_CALLER 2    /* at work for one uid at most; its other look-ups wait */
#define LOOKUP_SECONDS    2.0
#define LOOKUP_QUEUE      1024 /* waiting at most: more than three uids can make; further ones fail at once */

struct lookup;

struct lookup_pool {
	struct ev_loop *loop;
	void (*forget_secrets)(void *data); /* in the processes, which have no use for them */
	void *data;
	struct lookup_worker *workers; /* heap, LOOKUP_WORKERS; started when first needed */
	struct lookup *first, *last;   /* waiting for a worker */
	size_t waiting;
};

enum sfmfa_err
lookup_pool_init(struct lookup_pool *pool, struct ev_loop *loop, void (*forget_secrets)(void *data), void *data)
	SFMFA_MUST_USE;
void
lookup_pool_finish(struct lookup_pool *pool);

/*
 * Asks for a caller by uid and, where user is not NULL, for a user by name, each with membership in the
 * groups named. done is called once, from the loop, with NULL if there is no answer in time. Takes
 * nothing over. *ret_lookup is valid until done was called or it was cancelled.
 */
enum sfmfa_err
lookup_start(struct lookup_pool *pool, uid_t caller, const char *user, const struct words *const groups[],
             size_t group_lists, void (*done)(void *data, const struct fields *answer), void *data, struct lookup **ret_lookup) SFMFA_MUST_USE;

void
lookup_cancel(struct lookup_pool *pool, struct lookup *lookup);

/* Whether the caller's uid has several names (rules 1). */
bool
lookup_has_several_names(const struct fields *answer);

/* The other end: serves look-ups until the descriptor is closed. Does not return. */
void
lookup_worker_run(int fd) __attribute__((noreturn));

#endif
