/* What the kernel says of a process. */
#ifndef SFMFA_TESTS_PAM_PROC_H
#define SFMFA_TESTS_PAM_PROC_H

#include <sys/types.h>

/* The number of a line of /proc/PID/status, such as "VmHWM"; 0: there is none, or the process has ended. */
long proc_status(pid_t pid, const char *key);

#endif
