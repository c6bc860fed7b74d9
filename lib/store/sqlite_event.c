/* Events, in a database of their own: whatever happens to it, no login is lost. */
#include <string.h>

#include "base/text.h"
#include "store/sqlite_private.h"

enum sfmfa_err
sqlite_add_events(struct store *store, const struct event *const events[], size_t count, struct diag *diag)
{
	struct sqlite_store *sqlite = sqlite_of(store);
	struct database *database = &sqlite->events;
	enum sfmfa_err err = sqlite_open_events(sqlite, diag);

	if (err == SFMFA_OK)
		err = query_simple(database, STATEMENT_BEGIN, diag);
	if (err != SFMFA_OK)
		return err;
	for (size_t at = 0; at < count && err == SFMFA_OK; at++) {
		const struct event *event = events[at];
		QUERY_AUTO query = { 0 };

		query_begin(&query, database, STATEMENT_EVENT_NEW);
		query_number(&query, event->time);
		query_number(&query, event->kind);
		query_text(&query, event->user);
		query_text(&query, event->service);
		query_number(&query, event->login_type);
		query_text(&query, event->remote);
		query_text(&query, factor_key(event->method));
		query_number(&query, event->verdict);
		query_number(&query, event->level);
		query_text(&query, reason_key(event->reason));
		query_number(&query, event->caller);
		query_number(&query, event->claimed);
		query_number(&query, event->config_stale);
		query_number(&query, event->step_offset);
		query_text(&query, event->app);
		query_text(&query, event->flow);
		query_text(&query, event->actor);
		query_text(&query, event->verb);
		query_text(&query, event->change);
		query_text(&query, event->app_key);
		err = query_run(&query, diag);
	}
	if (err == SFMFA_OK)
		err = query_simple(database, STATEMENT_COMMIT, diag);
	database_roll_back(database);
	return err == SFMFA_OK ? SFMFA_OK : SFMFA_ERR_STORE;
}

/* A factor or reason that this version does not know any more reads as the zero one. */
static void
event_from_row(struct query *query, struct event *event)
{
	char key[NAME_SIZE];

	memset(event, 0, sizeof *event);
	event->id = query_column(query, 0);
	event->time = query_column(query, 1);
	event->kind = (enum event_kind)query_column_within(query, 2, EVENT_LOGIN, EVENT_ADMIN);
	query_column_text(query, 3, event->user, sizeof event->user);
	query_column_text(query, 4, event->service, sizeof event->service);
	event->login_type = (enum login_type)query_column_within(query, 5, LOGIN_UI, LOGIN_EXEMPT);
	query_column_text(query, 6, event->remote, sizeof event->remote);
	query_column_text(query, 7, key, sizeof key);
	if (factor_from_key(key, &event->method) != SFMFA_OK)
		event->method = FACTOR_PASSWORD;
	event->verdict = (enum verdict)query_column_within(query, 8, VERDICT_DENY, VERDICT_ALLOW);
	event->level = (enum level)query_column_within(query, 9, LEVEL_STANDARD, LEVEL_HIGH_ASSURANCE);
	query_column_text(query, 10, key, sizeof key);
	if (reason_from_key(key, &event->reason) != SFMFA_OK)
		event->reason = REASON_INTERNAL;
	event->caller = (uid_t)query_column_within(query, 11, 0, UINT32_MAX);
	event->claimed = query_column(query, 12) != 0;
	event->config_stale = query_column(query, 13) != 0;
	event->step_offset = query_column(query, 14);
	query_column_text(query, 15, event->app, sizeof event->app);
	query_column_text(query, 16, event->flow, sizeof event->flow);
	query_column_text(query, 17, event->actor, sizeof event->actor);
	query_column_text(query, 18, event->verb, sizeof event->verb);
	query_column_text(query, 19, event->change, sizeof event->change);
	query_column_text(query, 20, event->app_key, sizeof event->app_key);
}

/* Where the page before ended; *ret_found false: that event has expired, and what is older with it. */
static enum sfmfa_err
page_start(struct database *database, int64_t before_id, int64_t *ret_time, bool *ret_found,
	   struct diag *diag)
{
	QUERY_AUTO query = { 0 };

	query_begin(&query, database, STATEMENT_EVENT_TIME);
	query_number(&query, before_id);
	*ret_found = query_row(&query);
	if (*ret_found)
		*ret_time = query_column(&query, 0);
	return query_end(&query, diag);
}

static enum statement
event_page(const struct event_filter *filter)
{
	if (filter->user != NULL)
		return STATEMENT_EVENTS_OF_USER;
	if (filter->reason >= 0)
		return STATEMENT_EVENTS_WITH_REASON;
	if (filter->login_type >= 0)
		return STATEMENT_EVENTS_OF_TYPE;
	return STATEMENT_EVENTS;
}

/* Whether an event that was read meets what the statement did not ask for. */
static bool
event_is_listed(const struct event_filter *filter, const struct event *event)
{
	return (!filter->logins || event->kind == EVENT_LOGIN) && (filter->reason < 0 || (int)event->reason == filter->reason) &&
	       (filter->login_type < 0 ||
		((int)event->login_type == filter->login_type && event->kind == EVENT_LOGIN));
}

static enum sfmfa_err
read_page(struct database *database, const struct event_filter *filter, int64_t page_time,
	  struct event *ret_events, size_t *ret_count, int64_t *ret_next, struct diag *diag)
{
	int64_t until = filter->until != 0 ? filter->until : INT64_MAX;
	int64_t last = 0;
	enum sfmfa_err err;
	size_t count = 0;
	bool more = true;
	QUERY_AUTO query = { 0 };

	query_begin(&query, database, event_page(filter));
	query_number(&query, filter->since != 0 ? filter->since : INT64_MIN);
	query_number(&query, until < page_time ? until : page_time);
	query_number(&query, page_time);
	query_number(&query, filter->before_id != 0 ? filter->before_id : INT64_MAX);
	query_text(&query, filter->user);
	query_text(&query, filter->reason >= 0 ? reason_key((enum reason)filter->reason) : NULL);
	query_number(&query, filter->login_type);
	query_number(&query, LOOKED_MAX + 1);
	query_bound(&query);
	for (size_t looked = 0; looked < LOOKED_MAX && count < filter->limit; looked++) {
		more = query_row(&query);
		if (!more)
			break;
		event_from_row(&query, &ret_events[count]);
		last = ret_events[count].id;
		count += event_is_listed(filter, &ret_events[count]) ? 1 : 0;
	}
	err = query_end(&query, diag);
	if (err != SFMFA_OK)
		return err;
	*ret_count = count;
	*ret_next = more ? last : 0;
	return SFMFA_OK;
}

enum sfmfa_err
sqlite_list_events(struct store *store, const struct event_filter *filter, struct event *ret_events,
		   size_t *ret_count, int64_t *ret_next, struct diag *diag)
{
	struct sqlite_store *sqlite = sqlite_of(store);
	int64_t page_time = INT64_MAX;
	bool found = true;
	enum sfmfa_err err = sqlite_open_events(sqlite, diag);

	if (err == SFMFA_OK && filter->before_id != 0)
		err = page_start(&sqlite->events, filter->before_id, &page_time, &found, diag);
	if (err != SFMFA_OK)
		return err;
	if (!found) {
		*ret_count = 0;
		*ret_next = 0;
		return SFMFA_OK;
	}
	return read_page(&sqlite->events, filter, page_time, ret_events, ret_count, ret_next, diag);
}

enum sfmfa_err
sqlite_expire_events(struct store *store, int64_t before, unsigned limit, struct diag *diag)
{
	struct sqlite_store *sqlite = sqlite_of(store);
	enum sfmfa_err err = sqlite_open_events(sqlite, diag);
	QUERY_AUTO query = { 0 };

	if (err != SFMFA_OK)
		return err;
	query_begin(&query, &sqlite->events, STATEMENT_EVENT_EXPIRE);
	query_number(&query, before);
	query_number(&query, limit);
	return query_run(&query, diag);
}
