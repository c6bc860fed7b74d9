/*
 * What commands cost where there are many users and events: the system calls of the daemon, the memory of daemon and
 * command, beside a store of a tenth of the size. With SFMFA_LONG=1 a million users and ten million events, and how long
 * it takes, which is printed and asserted nowhere.
 */
#include <criterion/criterion.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "extent.h"
#include "notes.h"
#include "proc.h"
#include "stage.h"
#include "trace.h"

/* A page more on the way to a row is a read of the database, of the log's index perhaps. */
#define CALLS_MORE   1.3
#define CALLS_CHANCE 20
/* The heap of a process that lives on grows by what it needed at once, not by the list. */
#define MEMORY_MORE  1.25
#define MEASUREMENTS 21

static struct stage stage;

TestSuite(scale, .timeout = 1800);

/* Of one user, or of the newest events: they cost what they show. */
static const char *const looks[] = {
	"user show user0001234",
	"explain user0001234 --service login",
	"explain user0001234 --last",
	"perm list user0001234",
	"token list user0000999",
	"app tokens user0001234",
	"log user0001234 --limit 20",
	"log user0000001 --limit 20",
	"log --limit 20",
	"log --reason locked-out --limit 20",
	"status",
};
#define LOOKS (sizeof(looks) / sizeof(*looks))

/* These go over all there is. */
static const char *const lists[] = {
	"user list",
	"--json user list",
	"user list --profile mfa --state none",
	"log --limit 1000000",
	"--json log user0000001",
	"log user0000001 --reason frozen",
};
#define LISTS (sizeof(lists) / sizeof(*lists))

struct look {
	unsigned calls;
	double milliseconds;
};

struct listing {
	long lines;
	long kilobytes; /* most that the command had in memory */
	double seconds;
};

struct world {
	struct look looks[LOOKS];
	struct listing lists[LISTS];
	long kilobytes; /* of the daemon, in the end */
};

static double
seconds_now(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static pid_t
begin(const char *words, int output)
{
	char runtime[STAGE_PATH_SIZE + 8], line[256];
	char *argv[32] = { (char[]){ SFMFA_TEST_CLI }, (char[]){ "--runtime-dir" }, runtime };
	int count = 3;
	pid_t pid = fork();

	cr_assert_geq(pid, 0);
	if (pid > 0)
		return pid;
	snprintf(runtime, sizeof(runtime), "%s/run", stage.folder);
	snprintf(line, sizeof(line), "%s", words);
	for (char *word = strtok(line, " "); word != NULL && count < 31; word = strtok(NULL, " "))
		argv[count++] = word;
	dup2(output, STDOUT_FILENO);
	execv(argv[0], argv);
	_exit(127);
}

/* Reads what the command says, and looks at its memory meanwhile: in the end it is gone. */
static struct listing
run(const char *words)
{
	struct listing listing = { 0 };
	static char text[65536];
	double began = seconds_now();
	int ends[2], status;
	ssize_t size;
	pid_t pid;

	cr_assert_eq(pipe2(ends, O_CLOEXEC), 0);
	pid = begin(words, ends[1]);
	close(ends[1]);
	while ((size = read(ends[0], text, sizeof(text))) > 0) {
		long kilobytes = proc_status(pid, "VmHWM");

		if (kilobytes > listing.kilobytes)
			listing.kilobytes = kilobytes;
		for (ssize_t i = 0; i < size; i++)
			listing.lines += text[i] == '\n';
	}
	close(ends[0]);
	cr_assert_eq(waitpid(pid, &status, 0), pid);
	cr_assert(WIFEXITED(status), "%s", words);
	cr_assert_leq(WEXITSTATUS(status), 1, "%s", words);
	listing.seconds = seconds_now() - began;
	return listing;
}

static int
compare(const void *a, const void *b)
{
	double difference = *(const double *)a - *(const double *)b;

	return (difference > 0) - (difference < 0);
}

static double
median_milliseconds(const char *words)
{
	double seconds[MEASUREMENTS];

	for (size_t i = 0; i < MEASUREMENTS; i++)
		seconds[i] = run(words).seconds;
	qsort(seconds, MEASUREMENTS, sizeof(*seconds), compare);
	return 1000 * seconds[MEASUREMENTS / 2];
}

static unsigned
calls_of(const char *words)
{
	char path[STAGE_PATH_SIZE + 8];
	pid_t tracer;

	snprintf(path, sizeof(path), "%s/trace", stage.folder);
	tracer = trace_begin(stage.daemon, path);
	(void)run(words);
	(void)run("status");
	trace_end(tracer);
	return trace_count(path, trace_serving).calls;
}

static void
populate(long users, long events)
{
	char state[STAGE_PATH_SIZE + 8], number[3][24];
	int status;
	pid_t pid = fork();

	cr_assert_geq(pid, 0);
	if (pid == 0) {
		snprintf(state, sizeof(state), "%s/state", stage.folder);
		snprintf(number[0], sizeof(number[0]), "%ld", users);
		snprintf(number[1], sizeof(number[1]), "%ld", events);
		snprintf(number[2], sizeof(number[2]), "%lld", (long long)*stage.clock);
		execl(SFMFA_TEST_POPULATE, "populate", state, number[0], number[1], number[2], (char *)NULL);
		_exit(127);
	}
	cr_assert_eq(waitpid(pid, &status, 0), pid);
	cr_assert(WIFEXITED(status) && WEXITSTATUS(status) == 0, "populate: %d", status);
}

static void
measure(long users, long events, struct world *ret_world)
{
	bool timed = extent_is_full();

	stage_open(&stage, "");
	stage_daemon_stop(&stage, SIGTERM);
	populate(users, events);
	stage_daemon_start(&stage);
	for (size_t i = 0; i < LOOKS; i++) {
		/* Whoever comes first pays for what is kept. */
		(void)run(looks[i]);
		ret_world->looks[i].calls = calls_of(looks[i]);
		ret_world->looks[i].milliseconds = timed ? median_milliseconds(looks[i]) : 0;
	}
	for (size_t i = 0; i < LISTS; i++)
		ret_world->lists[i] = run(lists[i]);
	ret_world->kilobytes = proc_status(stage.daemon, "VmHWM");
	stage_close(&stage);
}

static void
note_world(long users, long events, const struct world *world)
{
	note("%ld users, %ld events: sfmfad has %ld KiB", users, events, world->kilobytes);
	for (size_t i = 0; i < LOOKS; i++) {
		const struct look *look = &world->looks[i];

		if (look->milliseconds > 0)
			note("%ld users: sfmfa %s: %.1f ms, %u calls of sfmfad", users, looks[i], look->milliseconds, look->calls);
		else
			note("%ld users: sfmfa %s: %u calls of sfmfad", users, looks[i], look->calls);
	}
	for (size_t i = 0; i < LISTS; i++)
		note("%ld users: sfmfa %s: %ld lines, %.1f s, %ld KiB", users, lists[i], world->lists[i].lines,
		     world->lists[i].seconds, world->lists[i].kilobytes);
}

static void
expect_no_more(const char *who, long small, long large)
{
	cr_expect_gt(small, 0, "%s", who);
	cr_expect_leq((double)large, MEMORY_MORE * (double)small, "%s: %ld and %ld KiB", who, small, large);
}

Test(scale, commands_cost_no_more_and_lists_take_no_memory)
{
	const long users = extent_is_full() ? 100000 : 2000;
	const long events = users * (extent_is_full() ? 10 : 5);
	struct world small = { 0 }, large = { 0 };

	trace_need();
	measure(users, events, &small);
	measure(10 * users, 10 * events, &large);
	note_world(users, events, &small);
	note_world(10 * users, 10 * events, &large);
	for (size_t i = 0; i < LOOKS; i++)
		cr_expect_leq(large.looks[i].calls, CALLS_MORE * small.looks[i].calls + CALLS_CHANCE, "%s: %u and %u calls",
			      looks[i], small.looks[i].calls, large.looks[i].calls);
	for (size_t i = 0; i < LISTS; i++) {
		/* A command that says little has ended before it was looked at. */
		if (small.lists[i].lines >= users)
			expect_no_more(lists[i], small.lists[i].kilobytes, large.lists[i].kilobytes);
	}
	cr_expect_eq(small.lists[1].lines, users);
	cr_expect_eq(large.lists[1].lines, 10 * users, "the list has everybody");
	expect_no_more("sfmfad", small.kilobytes, large.kilobytes);
}
