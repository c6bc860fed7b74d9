#include "daemon/journal.h"

#include <stdlib.h>
#include <syslog.h>

#include "auth/audit.h"
#include "daemon/log.h"

#define JOURNAL_BATCH    64
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

void
journal_flush(struct journal *journal)
{
	if (journal->count == 0)
		return;
	write_lines(journal->events, journal->count);
	if (journal->env->store != NULL) {
		write_rows(journal);
		expire(journal);
	}
	journal->count = 0;
}

static void
take(void *data, const struct event *event)
{
	struct journal *journal = data;

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
	journal->events[journal->count++] = *event;
}

void
journal_init(struct journal *journal, struct env *env)
{
	*journal = (struct journal){ .env = env };
	env->events = (struct event_sink){ .take = take, .data = journal };
}

void
journal_finish(struct journal *journal)
{
	journal_flush(journal);
	free(journal->events);
	*journal = (struct journal){ 0 };
}
