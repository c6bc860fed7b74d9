/*
 * The client's end, for the module and the CLI: find the daemon, or as uid 0 start
 * "sfmfad --once" for this one conversation, and exchange messages within time limits.
 *
 * Uses only libc, starts no thread, raises no signal in the caller, leaves no descriptor and no
 * child behind after client_finish().
 */
#ifndef SFMFA_WIRE_CLIENT_H
#define SFMFA_WIRE_CLIENT_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/error.h"
#include "base/fields.h"
#include "base/nss.h"

#define CLIENT_FIRST_REPLY_MS 3000  /* no reply by then: nobody answers */
#define CLIENT_ONCE_REPLY_MS  20000 /* the first reply of --once: it opens the store from a cold disk */
#define CLIENT_REPLY_MS       60000 /* later replies: never --once any more */
#define CLIENT_FRESH_MS       60000 /* the life of a kept connection */

/* The strings are used during client_begin() only. All paths are absolute. */
struct client_options {
	const char *runtime_dir; /* NULL: compiled in */
	const char *config;      /* for --once; NULL: compiled in */
	const char *daemon;      /* path of sfmfad for --once; NULL: compiled in; "": never start it */
};

struct client {
	int fd;             /* -1: not connected */
	pid_t once;         /* the process started for this conversation, 0: none */
	int64_t used_at_ms; /* CLOCK_BOOTTIME of the last reply, for the life of a kept connection */
	struct client_options options;
};

#define CLIENT_CLOSED { .fd = -1 }

/*
 * Connects, sends the first request and receives the first reply, falling back to --once where the
 * caller is uid 0 and nobody answers. A reply need=groups is answered here: the user of the request
 * (may be NULL: then groups are unresolved) is looked up by name; need=session too. The client must be
 * CLIENT_CLOSED or in use: an earlier connection is closed. *ret_reply must be zeroed or in use; on success its
 * contents are replaced. SFMFA_ERR_CLOSED: nobody answers; SFMFA_ERR_UNTRUSTED: the server is not
 * one to trust, or --once may not be started from here (chroot, user namespace); SFMFA_ERR_INVALID:
 * malformed reply or path.
 */
enum sfmfa_err
client_begin(struct client *client, const struct client_options *options, const struct nss_user *user,
             const struct fields *request, struct fields *ret_reply, struct diag *diag) SFMFA_MUST_USE;

/*
 * Where this process is, as far as /proc tells: session leader and, if it is to count, audit session (rules 8,
 * "Which session").
 */
enum sfmfa_err
client_describe_place(struct fields *request, bool audit_counts) SFMFA_MUST_USE;

/* One more exchange on the same connection. Any failure closes it. */
enum sfmfa_err
client_exchange(struct client *client, const struct fields *request, struct fields *ret_reply,
                struct diag *diag) SFMFA_MUST_USE;

/* Whether a kept connection (more=…) is still young enough (CLIENT_FRESH_MS) to be used. */
bool
client_is_fresh(const struct client *client);

/* Closes and reaps; NULL and closed ones are allowed. */
void
client_finish(struct client *client);

#endif
