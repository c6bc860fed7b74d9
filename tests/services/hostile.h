/* What the application of hostile.c and its watcher (watcher.c) share. */
#ifndef SFMFA_TESTS_HOSTILE_H
#define SFMFA_TESTS_HOSTILE_H

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/types.h>
#include <unistd.h>

#define ABOVE_ALL       500 /* their pipes: beyond every descriptor that a vice opens or closes */
#define DESCRIPTORS_END (ABOVE_ALL + 3)

struct plan {
	const char *service, *user, *answer, *folder;
	char *const *vices;
	int vice_count;
};

extern struct plan plan;
extern int report_fd; /* where failures are told */

bool has_vice(const char *name);

#define MUST(condition)                                                                                      \
	do {                                                                                                 \
		if (!(condition)) {                                                                          \
			dprintf(report_fd, "hostile: line %d: %s: %s\n", __LINE__, #condition,               \
				strerror(errno));                                                            \
			_exit(1);                                                                            \
		}                                                                                            \
	} while (0)

/*
 * Looks at the daemon that the application started, while the application is at its prompt, and does to them
 * what the vices say. pipe_fd is one of the pipes that the daemon must not have.
 */
void watch(pid_t application, int pipe_fd);

#endif
