/* The system calls of a process that lives, by strace. */
#ifndef SFMFA_TESTS_PAM_TRACE_H
#define SFMFA_TESTS_PAM_TRACE_H

#include <sys/types.h>

struct work {
	unsigned calls;
	unsigned syncs;
};

/* Skips the test where strace is not installed. */
void trace_need(void);

/* Returns with every call of the process from now on in the file; skips the test where nothing may be traced. */
pid_t trace_begin(pid_t pid, const char *path);

/* For a process that goes on. */
void trace_end(pid_t tracer);

/* Calls in the file but for those that begin with one of these, ended by NULL, and those that were interrupted. */
struct work trace_count(const char *path, const char *const left_out[]);

/* How often somebody who waits wakes up, and looks at the clock then, is chance; so is how a daemon is spoken to. */
extern const char *const trace_waiting[];
extern const char *const trace_serving[];

#endif
