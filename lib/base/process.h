/* Processes as /proc tells of them: whose child, in which session, since when, and the ids that audit gave. */
#ifndef SFMFA_BASE_PROCESS_H
#define SFMFA_BASE_PROCESS_H

#include <stdint.h>
#include <sys/types.h>

#include "base/error.h"

struct process {
	pid_t pid;
	pid_t parent;
	pid_t leader;  /* of its session (setsid(2)); 0: outside of this process namespace */
	int64_t start; /* clock ticks since boot; together with pid it names one process of a boot */
	char tty[16];  /* "pts/3", "tty1": the terminal of the session; "" = none, or of another kind */
};

/* SFMFA_ERR_NOT_FOUND: there is none, or it is not to be seen; SFMFA_ERR_INVALID: /proc is not what it should be. */
enum sfmfa_err
process_read(pid_t pid, struct process *ret_process) SFMFA_MUST_USE;

struct process_audit {
	int64_t session;   /* audit session id; -1: unset, or the kernel has none */
	int64_t login_uid; /* -1: unset */
};

void
process_read_audit(pid_t pid, struct process_audit *ret_audit);

#endif
