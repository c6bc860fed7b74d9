#include "daemon/lookup.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/text.h"
#include "wire/message.h"
#include "wire/names.h"

struct lookup {
	struct lookup_pool *pool;
	struct lookup *next;
	struct lookup_worker *worker; /* NULL: still waiting for one */
	struct ev_timer limit;
	uid_t caller;
	struct fields question;
	void (*done)(void *data, const struct fields *answer); /* NULL: cancelled */
	void *data;
};

struct lookup_worker {
	struct lookup_pool *pool;
	pid_t pid; /* 0: not running */
	int fd;
	struct ev_io readable;
	struct lookup *lookup; /* being answered; NULL: idle */
};

static void
assign(struct lookup_pool *pool);

static void
worker_stop(struct lookup_worker *worker)
{
	if (worker->pid == 0)
		return;
	ev_io_stop(worker->pool->loop, &worker->readable);
	close(worker->fd);
	kill(worker->pid, SIGKILL); /* reaped by the loop's SIGCHLD handler */
	worker->pid = 0;
}

static void
finish(struct lookup *lookup, const struct fields *answer)
{
	ev_timer_stop(lookup->pool->loop, &lookup->limit);
	if (lookup->done != NULL)
		lookup->done(lookup->data, answer);
	fields_finish(&lookup->question);
	free(lookup);
}

/* The worker is free again, or gone; its look-up is answered and the next one gets its turn. */
static void
worker_release(struct lookup_worker *worker, const struct fields *answer)
{
	struct lookup *lookup = worker->lookup;

	worker->lookup = NULL;
	if (answer == NULL)
		worker_stop(worker);
	if (lookup != NULL)
		finish(lookup, answer);
	assign(worker->pool);
}

static void
on_answer(struct ev_loop *loop, struct ev_io *watcher, int events)
{
	struct lookup_worker *worker = watcher->data;
	FIELDS_AUTO answer = { 0 };
	enum sfmfa_err err;

	(void)loop;
	(void)events;
	err = message_receive(worker->fd, &answer);
	if (err == SFMFA_ERR_TIMEOUT)
		return;
	worker_release(worker, err == SFMFA_OK ? &answer : NULL);
}

static void __attribute__((noreturn))
be_worker(struct lookup_pool *pool, int fd)
{
	sigset_t none;

	pool->forget_secrets(pool->data);
	for (int number = 1; number < NSIG; number++)
		(void)signal(number, SIG_DFL);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	if (fd != 3 && dup2(fd, 3) != 3)
		_exit(1);
	close_range(4, ~0U, 0);
	lookup_worker_run(3);
}

static bool
worker_start(struct lookup_worker *worker)
{
	int pair[2];
	pid_t pid;

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, pair) != 0)
		return false;
	pid = fork();
	if (pid == 0)
		be_worker(worker->pool, pair[1]);
	close(pair[1]);
	if (pid < 0) {
		close(pair[0]);
		return false;
	}
	worker->pid = pid;
	worker->fd = pair[0];
	ev_io_init(&worker->readable, on_answer, worker->fd, EV_READ);
	worker->readable.data = worker;
	ev_io_start(worker->pool->loop, &worker->readable);
	return true;
}

static bool
worker_take(struct lookup_worker *worker, struct lookup *lookup)
{
	if (worker->pid == 0 && !worker_start(worker))
		return false;
	if (message_send(worker->fd, &lookup->question) != SFMFA_OK) {
		worker_stop(worker);
		return false;
	}
	lookup->worker = worker;
	worker->lookup = lookup;
	return true;
}

/* Takes a look-up out of those that wait. */
static void
unlink_waiting(struct lookup_pool *pool, struct lookup *lookup)
{
	struct lookup *before = NULL;

	for (struct lookup *at = pool->first; at != lookup; at = at->next)
		before = at;
	*(before != NULL ? &before->next : &pool->first) = lookup->next;
	if (pool->last == lookup)
		pool->last = before;
	pool->waiting--;
	lookup->next = NULL;
}

static unsigned
count_at_work(const struct lookup_pool *pool, uid_t caller)
{
	unsigned count = 0;

	for (size_t i = 0; i < LOOKUP_WORKERS; i++) {
		const struct lookup *lookup = pool->workers[i].lookup;

		count += lookup != NULL && lookup->caller == caller;
	}
	return count;
}

/* Whose turn it is. NULL: nobody's, though callers with enough of their look-ups at work may have more waiting. */
static struct lookup *
find_next(const struct lookup_pool *pool)
{
	for (struct lookup *at = pool->first; at != NULL; at = at->next) {
		if (count_at_work(pool, at->caller) < LOOKUP_PER_CALLER)
			return at;
	}
	return NULL;
}

static void
assign(struct lookup_pool *pool)
{
	for (size_t i = 0; i < LOOKUP_WORKERS; i++) {
		struct lookup *lookup;

		if (pool->workers[i].lookup != NULL)
			continue;
		lookup = find_next(pool);
		if (lookup == NULL)
			return;
		unlink_waiting(pool, lookup);
		if (!worker_take(&pool->workers[i], lookup))
			finish(lookup, NULL);
	}
}

static void
on_limit(struct ev_loop *loop, struct ev_timer *watcher, int events)
{
	struct lookup *lookup = watcher->data;

	(void)loop;
	(void)events;
	if (lookup->worker != NULL) {
		worker_release(lookup->worker, NULL);
		return;
	}
	unlink_waiting(lookup->pool, lookup);
	finish(lookup, NULL);
}

enum sfmfa_err
lookup_pool_init(struct lookup_pool *pool, struct ev_loop *loop, void (*forget_secrets)(void *data), void *data)
{
	*pool = (struct lookup_pool){ .loop = loop, .forget_secrets = forget_secrets, .data = data };
	pool->workers = calloc(LOOKUP_WORKERS, sizeof(*pool->workers));
	if (pool->workers == NULL)
		return SFMFA_ERR_NO_MEMORY;
	for (size_t i = 0; i < LOOKUP_WORKERS; i++)
		pool->workers[i].pool = pool;
	return SFMFA_OK;
}

void
lookup_pool_finish(struct lookup_pool *pool)
{
	while (pool->first != NULL) {
		struct lookup *lookup = pool->first;

		unlink_waiting(pool, lookup);
		finish(lookup, NULL);
	}
	for (size_t i = 0; pool->workers != NULL && i < LOOKUP_WORKERS; i++) {
		struct lookup_worker *worker = &pool->workers[i];

		worker_stop(worker);
		if (worker->lookup != NULL)
			finish(worker->lookup, NULL);
	}
	free(pool->workers);
	*pool = (struct lookup_pool){ 0 };
}

static enum sfmfa_err
write_question(struct fields *question, uid_t caller, const char *user, const struct words *const groups[],
               size_t group_lists)
{
	enum sfmfa_err err = fields_add_number(question, WIRE_CALLER_UID, (int64_t)caller);

	if (err == SFMFA_OK && user != NULL)
		err = fields_add_text(question, WIRE_USER, user);
	for (size_t list = 0; list < group_lists; list++) {
		for (size_t i = 0; i < groups[list]->count && err == SFMFA_OK; i++)
			err = fields_add_text(question, WIRE_GROUP, groups[list]->items[i]);
	}
	return err;
}

enum sfmfa_err
lookup_start(struct lookup_pool *pool, uid_t caller, const char *user, const struct words *const groups[],
             size_t group_lists, void (*done)(void *data, const struct fields *answer), void *data,
             struct lookup **ret_lookup)
{
	struct lookup *lookup;
	enum sfmfa_err err;

	if (pool->waiting >= LOOKUP_QUEUE)
		return SFMFA_ERR_TOO_LARGE;
	lookup = calloc(1, sizeof(*lookup));
	if (lookup == NULL)
		return SFMFA_ERR_NO_MEMORY;
	err = write_question(&lookup->question, caller, user, groups, group_lists);
	if (err != SFMFA_OK) {
		fields_finish(&lookup->question);
		free(lookup);
		return err;
	}
	lookup->pool = pool;
	lookup->caller = caller;
	lookup->done = done;
	lookup->data = data;
	ev_timer_init(&lookup->limit, on_limit, LOOKUP_SECONDS, 0.0);
	lookup->limit.data = lookup;
	ev_timer_start(pool->loop, &lookup->limit);
	if (pool->last != NULL)
		pool->last->next = lookup;
	else
		pool->first = lookup;
	pool->last = lookup;
	pool->waiting++;
	*ret_lookup = lookup;
	assign(pool);
	return SFMFA_OK;
}

void
lookup_cancel(struct lookup_pool *pool, struct lookup *lookup)
{
	lookup->done = NULL;
	lookup->data = NULL;
	/* One at work keeps its process: an answer on its way belongs to it and to nobody else. */
	if (lookup->worker != NULL)
		return;
	unlink_waiting(pool, lookup);
	finish(lookup, NULL);
}

bool
lookup_has_several_names(const struct fields *answer)
{
	return answer == NULL || fields_has(answer, "several_names");
}
