/*
 * What users in every state cost: the system calls of the daemon and of the module's process while somebody
 * fails to get in. Time would be noise; a call more is a fact. A few may differ, as pages of a database lie
 * here or there; a sync may not.
 */
#include <criterion/criterion.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

#include "notes.h"
#include "strangers.h"
#include "trace.h"

/* Calls that may differ. The daemon's, of about a hundred: a zone of login hours is read, a log is wound up. */
#define CALLS_OF_DAEMON 12
/* The module's: the read in which it is caught may be seen twice. A question more is at least two. */
#define CALLS_OF_MODULE 1

static struct stage stage;
static struct talk talk;

static void
open_stage(void)
{
	trace_need();
	strangers_open(&stage, &talk);
}

static void
close_stage(void)
{
	if (stage.folder[0] != '\0')
		stage_close(&stage);
}

TestSuite(work, .init = open_stage, .fini = close_stage, .timeout = 200);

static struct work
work_of_daemon(enum way way, enum state state)
{
	struct picture picture;
	char path[STAGE_PATH_SIZE + 8];
	pid_t tracer;

	snprintf(path, sizeof(path), "%s/trace", stage.folder);
	tracer = trace_begin(stage.daemon, path);
	strangers_try(&stage, way, state, &picture);
	(void)stage_decisions(&stage);
	trace_end(tracer);
	return trace_count(path, trace_serving);
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
	tracer = trace_begin(login, path);
	cr_assert_eq(write(gate[1], &byte, 1), 1);
	waitpid(login, NULL, 0);
	waitpid(tracer, NULL, 0);
	close(gate[0]);
	close(gate[1]);
	return trace_count(path, trace_waiting);
}

static unsigned
difference(struct work a, struct work b)
{
	return a.calls > b.calls ? a.calls - b.calls : b.calls - a.calls;
}

/* Other work on the machine can change a count once; what is so each time is a difference. */
static void
measure_again(enum way way, struct work (*measure)(enum way way, enum state state), unsigned tolerance,
	      struct work works[STATE_COUNT])
{
	const char *letters = strangers_cost(way);

	for (enum state a = 0; a < STATE_COUNT; a++) {
		for (enum state b = 0; b < a; b++) {
			if (letters[a] != letters[b] || (difference(works[a], works[b]) <= tolerance &&
							 works[a].syncs == works[b].syncs))
				continue;
			note("%s: %s and %s are measured again", strangers_way(way), strangers_name(a), strangers_name(b));
			works[a] = measure(way, a);
			works[b] = measure(way, b);
		}
	}
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
	measure_again(way, measure, tolerance, works);
	for (int a = 0; a < STATE_COUNT; a++) {
		for (int b = 0; b < a; b++) {
			unsigned more = difference(works[a], works[b]);

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
