/*
 * A client of the daemon's sockets that says what it likes, in whatever order: what the module and the CLI
 * would never send.
 */
#ifndef SFMFA_TESTS_PAM_RAW_H
#define SFMFA_TESTS_PAM_RAW_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "base/fields.h"
#include "notes.h"
#include "stage.h"

enum raw_end {
	RAW_REPLY = 0, /* a reply came */
	RAW_CLOSED,    /* end of file, or a reset */
	RAW_SILENCE,   /* nothing within the time */
};

/* Connects to FOLDER/run/NAME. -1: nobody there, or not allowed. */
int raw_connect(const struct stage *stage, const char *name);

/* Sends one datagram as it is; false if the kernel would not have it. */
bool raw_send_bytes(int fd, const void *bytes, size_t size);

/* Sends a message of keys and values in turn, ended by NULL. */
bool raw_send(int fd, ...) __attribute__((sentinel));

/* Waits so long for the next reply; *ret_reply must be zeroed or in use. */
enum raw_end raw_receive(int fd, int milliseconds, struct fields *ret_reply);
#define SOON_MS 8000 /* a machine may be busy */

/* Whether the reply has this key with this value. */
bool raw_says(const struct fields *reply, const char *key, const char *value);

/* Whether anything in the reply lets somebody in: auth=allow, account=allow, or result=done. */
bool raw_allows(const struct fields *reply);

/*
 * A peer of another uid: the user nobody, forked from a test that runs as root. Without one the test is
 * skipped. It may not use assertions of criterion: it returns whether all was well, through NEED.
 */
#define RAW_NOBODY 65534
void raw_need_nobody(void);
pid_t raw_fork_nobody(bool (*peer)(void));
pid_t raw_fork_as(uid_t uid, bool (*peer)(void));
bool raw_ended_well(pid_t pid);

/* Inside a peer: whether tests/data/verb-classes.tsv holds for a class; asks every verb about nobody. */
bool raw_check_verbs(const struct stage *stage, const char *class);

#define NEED(condition)                                                                                      \
	do {                                                                                                 \
		if (!(condition)) {                                                                          \
			note("%s:%d does not hold: %s", __FILE_NAME__, __LINE__, #condition);                \
			return false;                                                                        \
		}                                                                                            \
	} while (0)

/* Sends one request on sfmfa.sock and takes the first reply; the connection stays in *ret_fd. */
#define ASK(stage, ret_fd, ret_reply, ...)                                                                   \
	((*(ret_fd) = raw_connect(stage, "sfmfa.sock")) >= 0 && raw_send(*(ret_fd), __VA_ARGS__, NULL) &&    \
	 raw_receive(*(ret_fd), SOON_MS, ret_reply) == RAW_REPLY)

#endif
