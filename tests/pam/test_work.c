/*
 * What users in every state cost: the system calls of the daemon and of the module's process while somebody
 * fails to get in. Time would be noise; a call more is a fact. A few may differ, as pages of a database lie
 * here or there; a sync may not.
 */
#include <criterion/criterion.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "notes.h"
#include "strangers.h"

#define STRACE "/usr/bin/strace"

/* Calls that may differ. The daemon's, of about a hundred: a zone of login hours is read, a log is wound up. */
#define CALLS_OF_DAEMON 12
/* The module's: the read in which it is caught may be seen twice. A question more is at least two. */
#define CALLS_OF_MODULE 1

#define POLL_MS   5
#define POLLS_MAX 4000

static struct stage stage;
static struct talk talk;

struct work {
	unsigned calls;
	unsigned syncs;
};

static void
open_stage(void)
{
	if (access(STRACE, X_OK) != 0)
		cr_skip_test("strace is not installed");
	strangers_open(&stage, &talk);
}

static void
close_stage(void)
{
	if (stage.folder[0] != '\0')
		stage_close(&stage);
}

TestSuite(work, .init = open_stage, .fini = close_stage, .timeout = 200);

static bool
is_traced(pid_t pid)
{
	char path[64], line[256];
	int tracer = 0;
	FILE *file;

	snprintf(path, sizeof(path), "/proc/%d/status", (int)pid);
	file = fopen(path, "re");
	while (file != NULL && fgets(line, sizeof(line), file) != NULL)
		(void)sscanf(line, "TracerPid: %d", &tracer);
	if (file != NULL)
		fclose(file);
	return tracer != 0;
}

/* Returns with every call of the process from now on in the file. */
static pid_t
trace(pid_t pid, const char *path)
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

/* How often somebody who waits wakes up, and looks at the clock then, is chance. */
static const char *const waiting[] = { "poll(", "restart_syscall", "---", "+++", "clock_", NULL };
/* What the daemon says and hears is the module's to count. */
static const char *const serving[] = { "poll(",  "restart_syscall", "---",     "+++",  "epoll_",
				       "clock_", "rt_sig",          "accept4", "recv", "send",
				       "close",  "getsockopt",      NULL };

static bool
is_chance(const char *line, const char *const chance[])
{
	if (strstr(line, "EAGAIN") != NULL || strstr(line, "ERESTART") != NULL)
		return true;
	for (; *chance != NULL; chance++) {
		if (strncmp(line, *chance, strlen(*chance)) == 0)
			return true;
	}
	return false;
}

static struct work
count(const char *path, const char *const chance[])
{
	struct work work = { 0 };
	char line[8192];
	FILE *file = fopen(path, "re");

	cr_assert_not_null(file);
	while (fgets(line, sizeof(line), file) != NULL) {
		work.calls += !is_chance(line, chance);
		work.syncs += strncmp(line, "fsync", 5) == 0 || strncmp(line, "fdatasync", 9) == 0;
	}
	fclose(file);
	return work;
}

static struct work
work_of_daemon(enum way way, enum state state)
{
	struct picture picture;
	char path[STAGE_PATH_SIZE + 8];
	pid_t tracer;

	snprintf(path, sizeof(path), "%s/trace", stage.folder);
	tracer = trace(stage.daemon, path);
	strangers_try(&stage, way, state, &picture);
	(void)stage_decisions(&stage);
	kill(tracer, SIGTERM);
	waitpid(tracer, NULL, 0);
	return count(path, serving);
}

/* A login in a process of its own, which the module shares with libpam only. */
static struct work
work_of_module(enum way way, enum state state)
{
	struct picture picture;
	char path[STAGE_PATH_SIZE + 8], byte = 'x';
	int gate[2];
	pid_t login, tracer;

	snprintf(path, sizeof(path), "%s/trace", stage.folder);
	cr_assert_eq(pipe2(gate, O_CLOEXEC), 0);
	login = fork();
	cr_assert_geq(login, 0);
	if (login == 0) {
		if (read(gate[0], &byte, 1) == 1)
			strangers_try(&stage, way, state, &picture);
		_exit(0);
	}
	tracer = trace(login, path);
	cr_assert_eq(write(gate[1], &byte, 1), 1);
	waitpid(login, NULL, 0);
	waitpid(tracer, NULL, 0);
	close(gate[0]);
	close(gate[1]);
	return count(path, waiting);
}

static void
compare(const char *whose, enum way way, struct work (*measure)(enum way way, enum state state),
	unsigned tolerance)
{
	const char *letters = strangers_cost(way);
	struct work works[STATE_COUNT];

	/* Whoever comes first pays for what is kept. */
	(void)measure(way, STATE_COMPLETED);
	(void)measure(way, STATE_UNKNOWN);
	for (enum state state = 0; state < STATE_COUNT; state++) {
		works[state] = measure(way, state);
		note("%s, %s: %s costs %u calls, %u syncs", strangers_way(way), whose, strangers_name(state),
		     works[state].calls, works[state].syncs);
	}
	for (int a = 0; a < STATE_COUNT; a++) {
		for (int b = 0; b < a; b++) {
			unsigned more = works[a].calls > works[b].calls ? works[a].calls - works[b].calls
									: works[b].calls - works[a].calls;

			if (letters[a] != letters[b])
				continue;
			cr_expect_leq(more, tolerance, "%s, %s: %s and %s", strangers_way(way), whose,
				      strangers_name((enum state)a), strangers_name((enum state)b));
			cr_expect_eq(works[a].syncs, works[b].syncs, "%s, %s: %s and %s", strangers_way(way),
				     whose, strangers_name((enum state)a), strangers_name((enum state)b));
		}
	}
}

Test(work, of_the_daemon_tells_nobody_apart)
{
	for (enum way way = 0; way < WAY_COUNT; way++)
		compare("the daemon", way, work_of_daemon, CALLS_OF_DAEMON);
}

Test(work, of_the_module_tells_nobody_apart)
{
	for (enum way way = 0; way < WAY_COUNT; way++)
		compare("the module", way, work_of_module, CALLS_OF_MODULE);
}
