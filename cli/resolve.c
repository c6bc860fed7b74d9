#include "resolve.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>

#define THREADS 8

struct work {
	struct resolved *users;
	size_t count;
	atomic_size_t next;
};

static void *
look_up(void *data)
{
	struct work *work = data;
	size_t at;

	while ((at = atomic_fetch_add(&work->next, 1)) < work->count)
		work->users[at].status = nss_find_user(work->users[at].typed, &work->users[at].user);
	return NULL;
}

void
resolve_users(struct resolved users[], size_t count)
{
	struct work work = { .users = users, .count = count };
	pthread_t threads[THREADS - 1];
	size_t started = 0;

	/* One lookup or two are faster than a thread; a thread that cannot be had is not missed. */
	while (count > 2 && started < THREADS - 1 && started < count - 1 &&
	       pthread_create(&threads[started], NULL, look_up, &work) == 0)
		started++;
	look_up(&work);
	for (size_t i = 0; i < started; i++)
		pthread_join(threads[i], NULL);
}
