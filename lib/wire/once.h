/*
 * "sfmfad --once" started by a uid-0 caller when nobody listens: the same program and protocol for
 * one conversation, over a socketpair.
 *
 * The child is cloned without an exit signal, so that no SIGCHLD reaches the application (whose
 * handlers and waits are not touched), and is reaped with __WALL. Since execve() gives a process
 * the signal back, the child executes nothing: it has the daemon as a child of its own and waits
 * for it. The daemon gets an empty environment, cwd "/", /dev/null as 0-2, the socket as 3, default
 * signals, an empty signal mask, umask 077, reset limits, uid and gid 0 without further groups, and
 * a session shared with its parent only.
 */
#ifndef SFMFA_WIRE_ONCE_H
#define SFMFA_WIRE_ONCE_H

#include <sys/types.h>

#include "base/error.h"

/*
 * daemon and config are absolute paths; config NULL: the daemon's own. *ret_fd is the caller's end
 * of the socket (close-on-exec); *ret_pid is for once_reap(). SFMFA_ERR_UNTRUSTED: the effective
 * uid is not 0, or the caller's root folder or user namespace is not the host's (or cannot be
 * known: no /proc), or the program is not root's alone; SFMFA_ERR_INVALID: a path;
 * SFMFA_ERR_SYSTEM. In all of them nothing was started. That it cannot be executed shows as the end
 * of file.
 */
enum sfmfa_err
once_start(const char *daemon, const char *config, int *ret_fd, pid_t *ret_pid, struct diag *diag)
	SFMFA_MUST_USE;

/* Waits for it to end (the socket must be closed before); kills it after three seconds. 0 is allowed. */
void
once_reap(pid_t pid);

#endif
