#include "daemon/journal.h"

#include <inttypes.h>
#include <stdlib.h>
#include <syslog.h>

#include "auth/audit.h"
#include "base/text.h"
#include "daemon/log.h"
#include "daemon/peer.h"

#define JOURNAL_BATCH    64
#define JOURNAL_PATIENCE 1.0  /* seconds that a row may wait for a moment of rest */
#define EXPIRE_INTERVAL  3600 /* seconds */
#define EXPIRE_AT_ONCE   1000 /* rows */
#define SECONDS_PER_DAY  86400

static void
write_lines(const struct event *events, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		char line[AUDIT_LINE_SIZE];

		audit_format(&events[i], line);
		log_line(events[i].verdict == VERDICT_ALLOW ? LOG_INFO : LOG_NOTICE, "%s", line);
	}
}

static void
write_rows(struct journal *journal)
{
	for (size_t from = 0; from < journal->count; from += JOURNAL_BATCH) {
		const struct event *batch[JOURNAL_BATCH];
		struct diag diag = { 0 };
		size_t count = 0;
		enum sfmfa_err err;

		while (count < JOURNAL_BATCH && from + count < journal->count) {
			batch[count] = &journal->events[from + count];
			count++;
		}
		err = store_add_events(journal->env->store, batch, count, &diag);
		if (err != SFMFA_OK && !journal->rows_fail)
			log_diag(LOG_WARNING, err, &diag);
		journal->rows_fail = err != SFMFA_OK;
	}
}

static void
expire(struct journal *journal)
{
	const struct config *config = journal->env->config;
	struct diag diag = { 0 };
	struct moment now;

	if (config == NULL || config->settings.event_retention_days == 0 ||
	    journal->env->clock.now(journal->env->clock.data, &now) != SFMFA_OK)
		return;
	if (now.wall - journal->expired_at < EXPIRE_INTERVAL && now.wall >= journal->expired_at)
		return;
	journal->expired_at = now.wall;
	if (store_expire_events(journal->env->store,
	                        now.wall - config->settings.event_retention_days * SECONDS_PER_DAY, EXPIRE_AT_ONCE,
	                        &diag) != SFMFA_OK)
		log_diag(LOG_WARNING, SFMFA_ERR_STORE, &diag);
}

static void
log_new(struct journal *journal)
{
	write_lines(journal->events + journal->logged, journal->count - journal->logged);
	journal->logged = journal->count;
}

void
journal_flush(struct journal *journal)
{
	ev_idle_stop(journal->loop, &journal->at_rest);
	if (journal->count == 0)
		return;
	log_new(journal);
	if (journal->env->store != NULL) {
		write_rows(journal);
		expire(journal);
	}
	journal->count = 0;
	journal->logged = 0;
}

static void
on_rest(struct ev_loop *loop, struct ev_idle *watcher, int events)
{
	(void)loop;
	(void)events;
	journal_flush(watcher->data);
}

/* A flood that never lets the loop rest must not keep rows away, nor make the queue long. */
void
journal_settle(struct journal *journal)
{
	if (journal->count == 0)
		return;
	log_new(journal);
	if (journal->count >= JOURNAL_BATCH || ev_now(journal->loop) - journal->waiting_since > JOURNAL_PATIENCE)
		journal_flush(journal);
	else
		ev_idle_start(journal->loop, &journal->at_rest);
}

static void
keep(struct journal *journal, const struct event *event)
{
	if (journal->count == journal->capacity) {
		size_t capacity = journal->capacity == 0 ? 8 : journal->capacity * 2;
		struct event *events = reallocarray(journal->events, capacity, sizeof(*events));

		/* No memory to wait in: the log line at least, and at once. */
		if (events == NULL) {
			write_lines(event, 1);
			return;
		}
		journal->events = events;
		journal->capacity = capacity;
	}
	if (journal->count == 0)
		journal->waiting_since = ev_now(journal->loop);
	journal->events[journal->count++] = *event;
}

/* The one event for all that was not written of a uid. */
static void
keep_rest(struct journal *journal, const struct quota_place *place)
{
	struct event event = { .kind = EVENT_ADMIN, .verdict = VERDICT_DENY, .reason = REASON_CONFIGURATION };
	struct moment now;

	if (journal->env->clock.now(journal->env->clock.data, &now) == SFMFA_OK)
		event.time = now.wall;
	event.caller = place->uid;
	event.config_stale = journal->env->config_stale;
	if (text_format(event.actor, sizeof(event.actor), "uid:%lu", (unsigned long)place->uid) != SFMFA_OK ||
	    text_format(event.verb, sizeof(event.verb), "%s", "too-many") != SFMFA_OK ||
	    text_format(event.change, sizeof(event.change), "%" PRIu64 " more of this uid%s were not written",
	                place->counted, place->shared ? " and others" : "") != SFMFA_OK)
		return;
	keep(journal, &event);
}

static void
end_period(struct journal *journal)
{
	for (unsigned i = 0; i < journal->quota.count; i++) {
		if (journal->quota.places[i].counted > 0)
			keep_rest(journal, &journal->quota.places[i]);
	}
	journal->quota.count = 0;
}

static void
on_period(struct ev_loop *loop, struct ev_timer *watcher, int events)
{
	(void)loop;
	(void)events;
	end_period(watcher->data);
}

bool
journal_admits(struct journal *journal, uid_t uid)
{
	if (peer_class(journal->env->config, uid) != CALLER_OWN)
		return true;
	if (!ev_is_active(&journal->period)) {
		ev_timer_set(&journal->period, QUOTA_PERIOD, 0.0);
		ev_timer_start(journal->loop, &journal->period);
	}
	return quota_admit(&journal->quota, uid);
}

static void
take(void *data, const struct event *event)
{
	struct journal *journal = data;
	bool changed = event->kind == EVENT_ADMIN && event->verdict == VERDICT_ALLOW;

	if (changed || journal_admits(journal, event->caller))
		keep(journal, event);
}

void
journal_init(struct journal *journal, struct env *env, struct ev_loop *loop)
{
	*journal = (struct journal){ .env = env, .loop = loop };
	ev_timer_init(&journal->period, on_period, QUOTA_PERIOD, 0.0);
	ev_idle_init(&journal->at_rest, on_rest);
	ev_set_priority(&journal->at_rest, EV_MINPRI);
	journal->period.data = journal;
	journal->at_rest.data = journal;
	env->events = (struct event_sink){ .take = take, .data = journal };
}

void
journal_finish(struct journal *journal)
{
	end_period(journal);
	journal_flush(journal);
	ev_timer_stop(journal->loop, &journal->period);
	free(journal->events);
	*journal = (struct journal){ 0 };
}
