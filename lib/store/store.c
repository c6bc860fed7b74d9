/* Dispatch to the backend. */
#include "store/store.h"

void
store_close(struct store *store)
{
	if (store != NULL)
		store->ops->close(store);
}

enum sfmfa_err
store_read_user(struct store *store, const char *name, int64_t caller, struct user_record *ret_user,
		struct diag *diag)
{
	return store->ops->read_user(store, name, caller, ret_user, diag);
}

enum sfmfa_err
store_find_token(struct store *store, int64_t user_id, const unsigned char hash[HASH_SIZE],
		 struct token_record *ret_token, struct diag *diag)
{
	return store->ops->find_token(store, user_id, hash, ret_token, diag);
}

enum sfmfa_err
store_find_session(struct store *store, const struct session_place *place, struct session_record *ret_session,
		   struct diag *diag)
{
	return store->ops->find_session(store, place, ret_session, diag);
}

enum sfmfa_err
store_list_users(struct store *store, const struct store_user_filter *filter, struct user_record *ret_users,
		 size_t *ret_count, char ret_next[USER_NAME_SIZE], struct diag *diag)
{
	return store->ops->list_users(store, filter, ret_users, ret_count, ret_next, diag);
}

enum sfmfa_err
store_list_tokens(struct store *store, int64_t user_id, int64_t after_id, struct token_record *ret_tokens,
		  size_t max, size_t *ret_count, struct diag *diag)
{
	return store->ops->list_tokens(store, user_id, after_id, ret_tokens, max, ret_count, diag);
}

enum sfmfa_err
store_commit(struct store *store, struct store_op *const ops[], size_t count, struct diag *diag)
{
	return store->ops->commit(store, ops, count, diag);
}

enum sfmfa_err
store_read_key(struct store *store, const char *key_id, void *ret_wrap, size_t max, size_t *ret_size,
	       struct diag *diag)
{
	return store->ops->read_key(store, key_id, ret_wrap, max, ret_size, diag);
}

enum sfmfa_err
store_has_keys(struct store *store, bool *ret_any, struct diag *diag)
{
	return store->ops->has_keys(store, ret_any, diag);
}

enum sfmfa_err
store_add_events(struct store *store, const struct event *const events[], size_t count, struct diag *diag)
{
	return store->ops->add_events(store, events, count, diag);
}

enum sfmfa_err
store_list_events(struct store *store, const struct event_filter *filter, struct event *ret_events,
		  size_t *ret_count, int64_t *ret_next, struct diag *diag)
{
	return store->ops->list_events(store, filter, ret_events, ret_count, ret_next, diag);
}

enum sfmfa_err
store_expire_events(struct store *store, int64_t before, unsigned limit, struct diag *diag)
{
	return store->ops->expire_events(store, before, limit, diag);
}

enum sfmfa_err
store_count_users(struct store *store, int64_t *ret_count, struct diag *diag)
{
	return store->ops->count_users(store, ret_count, diag);
}

enum sfmfa_err
store_find_access(struct store *store, const unsigned char hash[HASH_SIZE], struct app_token *ret_token,
		  struct diag *diag)
{
	return store->ops->find_access(store, hash, ret_token, diag);
}

enum sfmfa_err
store_find_family(struct store *store, const unsigned char hash[HASH_SIZE], struct app_grant *ret_grant,
		  struct diag *diag)
{
	return store->ops->find_family(store, hash, ret_grant, diag);
}

enum sfmfa_err
store_find_approval(struct store *store, int64_t user_id, const char *app, enum flow flow, struct diag *diag)
{
	return store->ops->find_approval(store, user_id, app, flow, diag);
}

enum sfmfa_err
store_list_grants(struct store *store, int64_t user_id, int64_t after_id, struct app_grant *ret_grants, size_t max,
		  size_t *ret_count, struct diag *diag)
{
	return store->ops->list_grants(store, user_id, after_id, ret_grants, max, ret_count, diag);
}

enum sfmfa_err
store_settle(struct store *store, struct diag *diag)
{
	return store->ops->settle(store, diag);
}

enum sfmfa_err
store_scrub(struct store *store, struct diag *diag)
{
	return store->ops->scrub(store, diag);
}

enum sfmfa_err
store_copy_begin(struct store *store, struct store_copy **ret_copy, struct diag *diag)
{
	return store->ops->copy_create(store, false, ret_copy, diag);
}

enum sfmfa_err
store_copy_receive(struct store *store, struct store_copy **ret_copy, struct diag *diag)
{
	return store->ops->copy_create(store, true, ret_copy, diag);
}

enum sfmfa_err
store_copy_step(struct store_copy *copy, int64_t *ret_left, int64_t *ret_size, struct diag *diag)
{
	return copy->store->ops->copy_step(copy, ret_left, ret_size, diag);
}

enum sfmfa_err
store_copy_read(struct store_copy *copy, int64_t at, void *ret_bytes, size_t max, size_t *ret_size, struct diag *diag)
{
	return copy->store->ops->copy_read(copy, at, ret_bytes, max, ret_size, diag);
}

enum sfmfa_err
store_copy_write(struct store_copy *copy, const void *bytes, size_t size, struct diag *diag)
{
	return copy->store->ops->copy_write(copy, bytes, size, diag);
}

enum sfmfa_err
store_copy_check(struct store_copy *copy, int64_t *ret_users, struct diag *diag)
{
	return copy->store->ops->copy_check(copy, ret_users, diag);
}

enum sfmfa_err
store_copy_install(struct store_copy *copy, const struct store_restore *restore, struct diag *diag)
{
	return copy->store->ops->copy_install(copy, restore, diag);
}

void
store_copy_destroy(struct store_copy *copy)
{
	if (copy != NULL)
		copy->store->ops->copy_destroy(copy);
}
