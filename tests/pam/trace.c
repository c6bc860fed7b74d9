#include "trace.h"

#include <criterion/criterion.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "proc.h"
#include "stage.h"

#define STRACE    "/usr/bin/strace"
#define POLL_MS   5
#define POLLS_MAX 4000

void
trace_need(void)
{
	if (access(STRACE, X_OK) != 0)
		cr_skip_test("strace is not installed");
}

static bool
is_traced(pid_t pid)
{
	return proc_status(pid, "TracerPid") != 0;
}

pid_t
trace_begin(pid_t pid, const char *path)
{
	char number[16];
	char file[STAGE_PATH_SIZE + 8];
	char *argv[] = { (char[]){ STRACE }, (char[]){ "-qq" }, (char[]){ "-o" }, file,
			 (char[]){ "-p" },   number,		NULL };
	pid_t tracer;

	snprintf(number, sizeof(number), "%d", (int)pid);
	snprintf(file, sizeof(file), "%s", path);
	tracer = fork();
	cr_assert_geq(tracer, 0);
	if (tracer == 0) {
		int null = open("/dev/null", O_WRONLY);

		dup2(null, 2);
		execv(argv[0], argv);
		_exit(127);
	}
	for (int i = 0; i < POLLS_MAX && !is_traced(pid); i++) {
		if (waitpid(tracer, NULL, WNOHANG) == tracer)
			cr_skip_test("processes may not be traced here");
		poll(NULL, 0, POLL_MS);
	}
	cr_assert(is_traced(pid));
	return tracer;
}

const char *const trace_waiting[] = { "poll(", "restart_syscall", "---", "+++", "clock_", NULL };
/* What the daemon says and hears is the module's to count. */
const char *const trace_serving[] = { "poll(",  "restart_syscall", "---",     "+++",  "epoll_",
				       "clock_", "rt_sig",          "accept4", "recv", "send",
				       "close",  "getsockopt",      NULL };

static bool
is_chance(const char *line, const char *const left_out[])
{
	if (strstr(line, "EAGAIN") != NULL || strstr(line, "ERESTART") != NULL)
		return true;
	for (; *left_out != NULL; left_out++) {
		if (strncmp(line, *left_out, strlen(*left_out)) == 0)
			return true;
	}
	return false;
}

void
trace_end(pid_t tracer)
{
	kill(tracer, SIGTERM);
	waitpid(tracer, NULL, 0);
}

struct work
trace_count(const char *path, const char *const left_out[])
{
	struct work work = { 0 };
	char line[8192];
	FILE *file = fopen(path, "re");

	cr_assert_not_null(file);
	while (fgets(line, sizeof(line), file) != NULL) {
		work.calls += !is_chance(line, left_out);
		work.syncs += strncmp(line, "fsync", 5) == 0 || strncmp(line, "fdatasync", 9) == 0;
	}
	fclose(file);
	return work;
}
