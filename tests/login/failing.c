#include "failing.h"

#include <errno.h>
#include <sys/types.h>

struct failing failing;

static bool
fails(void)
{
	if (!failing.armed)
		return false;
	failing.calls++;
	if (failing.left-- != 0)
		return false;
	failing.failed_at = failing.calls - 1;
	return true;
}

/* Each function of the real store, under its own name. */
#define FORWARD(name, parameters, arguments)                                                                 \
	static enum sfmfa_err name parameters                                                                \
	{                                                                                                    \
		(void)store;                                                                                 \
		return fails() ? SFMFA_ERR_STORE : failing.real->ops->name arguments;                        \
	}

FORWARD(read_user,
	(struct store *store, const char *name, int64_t caller, struct user_record *ret_user, struct diag *diag),
	(failing.real, name, caller, ret_user, diag))
FORWARD(find_token,
	(struct store *store, int64_t user_id, const unsigned char hash[HASH_SIZE], struct token_record *ret_token,
	 struct diag *diag),
	(failing.real, user_id, hash, ret_token, diag))
FORWARD(find_session,
	(struct store *store, const struct session_place *place, struct session_record *ret_session,
	 struct diag *diag),
	(failing.real, place, ret_session, diag))
FORWARD(list_users,
	(struct store *store, const struct store_user_filter *filter, struct user_record *ret_users,
	 size_t *ret_count, char ret_next[USER_NAME_SIZE], struct diag *diag),
	(failing.real, filter, ret_users, ret_count, ret_next, diag))
FORWARD(list_tokens,
	(struct store *store, int64_t user_id, int64_t after_id, struct token_record *ret_tokens, size_t max,
	 size_t *ret_count, struct diag *diag),
	(failing.real, user_id, after_id, ret_tokens, max, ret_count, diag))
FORWARD(list_events,
	(struct store *store, const struct event_filter *filter, struct event *ret_events, size_t *ret_count,
	 int64_t *ret_next, struct diag *diag),
	(failing.real, filter, ret_events, ret_count, ret_next, diag))
FORWARD(count_users, (struct store *store, int64_t *ret_count, struct diag *diag),
	(failing.real, ret_count, diag))
FORWARD(read_key,
	(struct store *store, const char *key_id, void *ret_wrap, size_t max, size_t *ret_size, struct diag *diag),
	(failing.real, key_id, ret_wrap, max, ret_size, diag))
FORWARD(has_keys, (struct store *store, bool *ret_any, struct diag *diag), (failing.real, ret_any, diag))

static enum sfmfa_err
commit(struct store *store, struct store_op *const ops[], size_t count, struct diag *diag)
{
	enum sfmfa_err err;

	(void)store;
	if (fails())
		return SFMFA_ERR_STORE;
	err = failing.real->ops->commit(failing.real, ops, count, diag);
	if (err == SFMFA_OK) {
		failing.commits++;
		failing.committed_at = failing.calls - 1;
	}
	return err;
}

static const struct store_ops ops = {
	.read_user = read_user,
	.find_token = find_token,
	.find_session = find_session,
	.list_users = list_users,
	.list_tokens = list_tokens,
	.list_events = list_events,
	.count_users = count_users,
	.read_key = read_key,
	.has_keys = has_keys,
	.commit = commit,
};

static enum sfmfa_err
now(void *data, struct moment *ret_now)
{
	if (fails())
		return SFMFA_ERR_CLOCK;
	*ret_now = fixture_moment(data);
	return SFMFA_OK;
}

ssize_t
__real_getrandom(void *bytes, size_t size, unsigned flags);
ssize_t
__wrap_getrandom(void *bytes, size_t size, unsigned flags);

ssize_t
__wrap_getrandom(void *bytes, size_t size, unsigned flags)
{
	if (fails()) {
		errno = ENOSYS;
		return -1;
	}
	return __real_getrandom(bytes, size, flags);
}

void
failing_begin(struct fixture *fixture, int n)
{
	failing = (struct failing){
		.store = { .ops = &ops }, .real = fixture->env.store, .fixture = fixture, .left = n, .armed = true,
		.failed_at = -1, .committed_at = -1,
	};
	fixture->env.store = &failing.store;
	fixture->env.clock = (struct clock){ .now = now, .data = fixture };
}

void
failing_end(void)
{
	if (!failing.armed)
		return;
	failing.armed = false;
	failing.fixture->env.store = failing.real;
}
