#include "sweep.h"

#include <criterion/criterion.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "extent.h"
#include "notes.h"

#define WRONG_SHOWN 6 /* places that are told; beyond, they are counted only */

struct faults *
sweep_page(const struct stage *stage)
{
	char path[STAGE_PATH_SIZE];
	struct faults *faults;
	int fd;

	cr_assert_lt(snprintf(path, sizeof(path), "%.200s/faults", stage->folder), (int)sizeof(path));
	fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	cr_assert_geq(fd, 0);
	cr_assert_eq(ftruncate(fd, sizeof(*faults)), 0);
	faults = mmap(NULL, sizeof(*faults), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	cr_assert_neq((void *)faults, MAP_FAILED);
	close(fd);
	faults->left = -1;
	snprintf(faults->folder, sizeof(faults->folder), "%.100s/state", stage->folder);
	return faults;
}

void
sweep_arm(const struct sweep *sweep)
{
	struct faults *faults = sweep->faults;

	faults->kinds = 0;
	faults->all = sweep->all;
	faults->error = sweep->error;
	faults->left = sweep->n;
	faults->calls = faults->failed = faults->spared = 0;
	faults->where[0] = '\0';
	faults->kinds = sweep->kinds;
}

void
sweep_rest(struct faults *faults)
{
	faults->kinds = 0;
}

/* A note is one line. */
static void
join_lines(char *text)
{
	for (; (text = strchr(text, '\n')) != NULL; text++)
		*text = ';';
}

void
sweep_wrong(struct sweep *sweep, const char *what)
{
	char where[FAULTS_WHERE_SIZE];

	if (sweep->crashed++ >= WRONG_SHOWN)
		return;
	snprintf(where, sizeof(where), "%s", sweep->faults->where);
	join_lines(where);
	note_failure("%s, call %lld: %s, after a failure at %s", sweep->name, (long long)sweep->n, what, where);
}

void
sweep_leaks(const struct sweep *sweep)
{
	char leak[FAULTS_WHERE_SIZE];

	if (sweep->faults->leaks == 0)
		return;
	snprintf(leak, sizeof(leak), "%s", sweep->faults->leak);
	join_lines(leak);
	note_failure("%s: %lld freed blocks held a secret, the first: %s", sweep->name,
		     (long long)sweep->faults->leaks, leak);
}

void
sweep_ended(struct sweep *sweep, const char *who, int status)
{
	char what[128];

	if (!WIFSIGNALED(status))
		return;
	snprintf(what, sizeof(what), "%s died of signal %d", who, WTERMSIG(status));
	sweep_wrong(sweep, what);
}

void
sweep_run(struct sweep *sweep, void (*run)(struct sweep *sweep))
{
	int64_t calls;

	sweep->n = -1;
	run(sweep);
	calls = sweep->faults->calls;
	cr_assert_gt(calls, 0, "%s: nothing to fail", sweep->name);
	sweep->stride = extent_is_full() || calls <= sweep->runs ? 1 : calls / sweep->runs;
	for (sweep->n = 0;; sweep->n += sweep->n < sweep->dense ? 1 : sweep->stride) {
		run(sweep);
		sweep->done++;
		if (sweep->faults->failed + sweep->faults->spared == 0)
			break;
		sweep->failed += sweep->faults->failed > 0;
	}
	note("%s: %lld calls, stride %lld, %lld runs, %lld failures, %lld wrong", sweep->name, (long long)calls,
	     (long long)sweep->stride, (long long)sweep->done, (long long)sweep->failed, (long long)sweep->crashed);
	cr_assert_eq(sweep->crashed, 0, "%s", sweep->name);
}
