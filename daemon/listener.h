/* The two sockets: root.sock (0600) for uid 0, sfmfa.sock (0666) for everybody else. */
#ifndef SFMFA_DAEMON_LISTENER_H
#define SFMFA_DAEMON_LISTENER_H

#include <stdbool.h>

#include "base/error.h"

struct listeners {
	int root_fd; /* -1: none */
	int any_fd;
	bool activated; /* passed by the service manager */
};

#define LISTENERS_NONE { -1, -1, false }

/*
 * Takes over the sockets of the service manager (LISTEN_FDS), told apart by their names, or binds
 * both in runtime_dir. A socket file that nobody listens to is replaced. SFMFA_ERR_EXISTS: another
 * daemon listens there.
 */
enum sfmfa_err
listeners_open(const char *runtime_dir, struct listeners *ret_listeners, struct diag *diag) SFMFA_MUST_USE;

void
listeners_close(struct listeners *listeners);

#endif
