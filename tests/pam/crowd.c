#include "crowd.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <pthread.h>
#include <semaphore.h>
#include <signal.h>
#include <stdbool.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define ROUND_SECONDS_MAX 100 /* on a machine that is very busy */

struct crowd_page {
	pthread_barrier_t meeting;
	sem_t begin[CROWD_MAX], ended, signs;
	bool over;
	int codes[CROWD_MAX];
};

static struct crowd_page *own_page; /* in a process of a crowd */

int64_t
crowd_milliseconds(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static void
take(sem_t *semaphore)
{
	while (sem_wait(semaphore) != 0 && errno == EINTR)
		;
}

void
crowd_meet(void)
{
	(void)pthread_barrier_wait(&own_page->meeting);
}

void
crowd_sign(void)
{
	(void)sem_post(&own_page->signs);
}

void
crowd_await_signs(unsigned count)
{
	for (unsigned i = 0; i < count; i++)
		take(&own_page->signs);
}

static void __attribute__((noreturn))
live(const struct crowd *crowd, unsigned i)
{
	own_page = crowd->page;
	/* A test that fails half-way closes no crowd. */
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (crowd->ready != NULL) {
		crowd->ready(i);
		crowd_meet();
	}
	for (;;) {
		take(&own_page->begin[i]);
		if (own_page->over)
			_exit(0);
		own_page->codes[i] = crowd->act(i);
		(void)sem_post(&own_page->ended);
	}
}

void
crowd_open(struct crowd *crowd)
{
	struct crowd_page *page = mmap(NULL, sizeof(*page), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	pthread_barrierattr_t shared;

	cr_assert_leq(crowd->count, CROWD_MAX);
	cr_assert_neq((void *)page, MAP_FAILED);
	cr_assert_eq(pthread_barrierattr_init(&shared), 0);
	cr_assert_eq(pthread_barrierattr_setpshared(&shared, PTHREAD_PROCESS_SHARED), 0);
	cr_assert_eq(pthread_barrier_init(&page->meeting, &shared, crowd->count), 0);
	cr_assert_eq(sem_init(&page->ended, 1, 0), 0);
	cr_assert_eq(sem_init(&page->signs, 1, 0), 0);
	crowd->page = page;
	for (unsigned i = 0; i < crowd->count; i++) {
		cr_assert_eq(sem_init(&page->begin[i], 1, 0), 0);
		crowd->pids[i] = fork();
		cr_assert_geq(crowd->pids[i], 0);
		if (crowd->pids[i] == 0)
			live(crowd, i);
	}
}

static void
await_end(const struct crowd *crowd)
{
	struct timespec deadline;

	clock_gettime(CLOCK_REALTIME, &deadline);
	deadline.tv_sec += ROUND_SECONDS_MAX;
	for (unsigned i = 0; i < crowd->count; i++) {
		while (sem_timedwait(&crowd->page->ended, &deadline) != 0)
			cr_assert_eq(errno, EINTR, "%u of %u processes died or hang", crowd->count - i, crowd->count);
	}
}

void
crowd_round(struct crowd *crowd, void (*meanwhile)(void))
{
	int64_t start = crowd_milliseconds();

	for (unsigned i = 0; i < crowd->count; i++)
		cr_assert_eq(sem_post(&crowd->page->begin[i]), 0);
	if (meanwhile != NULL)
		meanwhile();
	await_end(crowd);
	crowd->took_ms = crowd_milliseconds() - start;
	memcpy(crowd->codes, crowd->page->codes, sizeof(crowd->codes));
}

void
crowd_close(struct crowd *crowd)
{
	crowd->page->over = true;
	for (unsigned i = 0; i < crowd->count; i++) {
		int status = 0;

		cr_assert_eq(sem_post(&crowd->page->begin[i]), 0);
		cr_assert_eq(waitpid(crowd->pids[i], &status, 0), crowd->pids[i]);
		cr_assert(WIFEXITED(status) && WEXITSTATUS(status) == 0, "process %u died", i);
	}
	munmap(crowd->page, sizeof(*crowd->page));
	crowd->page = NULL;
}

void
crowd_once(struct crowd *crowd, void (*meanwhile)(void))
{
	crowd_open(crowd);
	crowd_round(crowd, meanwhile);
	crowd_close(crowd);
}

unsigned
crowd_count(const struct crowd *crowd, int code)
{
	unsigned count = 0;

	for (unsigned i = 0; i < crowd->count; i++)
		count += crowd->codes[i] == code;
	return count;
}
