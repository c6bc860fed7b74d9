/* The contract of tokens and of everything that is listed by pages. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "contract.h"

TestSuite(list, .init = contract_begin, .fini = contract_end);

static enum sfmfa_err
run(struct store_op op)
{
	return commit_one(contract_store, &op);
}

Test(list, a_token_reads_back_with_its_scope)
{
	struct user_record alice = registered_user("alice", APP_COMPLETED);
	struct store_op op = token_op("alice", "mail at home", 7);
	struct token_record *to = &op.change.token, token;

	to->expires_at = NOW + 86400;
	to->service_count = 2;
	(void)snprintf(to->services[0], SERVICE_NAME_SIZE, "imap");
	(void)snprintf(to->services[1], SERVICE_NAME_SIZE, "smtp");
	cr_assert_eq(network_parse("10.0.0.0/8", &to->from.items[0]), SFMFA_OK);
	cr_assert_eq(network_parse("2001:db8::/32", &to->from.items[1]), SFMFA_OK);
	cr_assert_eq(network_parse("local", &to->from.items[2]), SFMFA_OK);
	to->from.count = 3;
	cr_assert_eq(commit_one(contract_store, &op), SFMFA_OK);
	cr_expect_gt(op.change.token.id, 0);
	cr_assert_eq(store_find_token(contract_store, alice.id, to->hash, &token, NULL), SFMFA_OK);
	cr_expect_eq(token.id, to->id);
	cr_expect_eq(token.user_id, alice.id);
	cr_expect_str_eq(token.label, "mail at home");
	cr_expect_eq(token.created_at, NOW);
	cr_expect_eq(token.expires_at, NOW + 86400);
	cr_assert_eq(token.service_count, 2);
	cr_expect_str_eq(token.services[0], "imap");
	cr_expect_str_eq(token.services[1], "smtp");
	cr_assert_eq(token.from.count, 3);
	for (size_t at = 0; at < 3; at++) {
		cr_expect_eq(token.from.items[at].local, to->from.items[at].local);
		cr_expect_eq(token.from.items[at].bits, to->from.items[at].bits);
		cr_expect_eq(memcmp(token.from.items[at].address, to->from.items[at].address, 16), 0);
	}
	cr_expect_eq(read_user(contract_store, "alice").token_count, 1);
	cr_expect_eq(store_find_token(contract_store, alice.id + 1, to->hash, &token, NULL),
		     SFMFA_ERR_NOT_FOUND);
}

Test(list, a_token_that_could_not_be_read_back_is_refused)
{
	struct store_op op = token_op("alice", "x", 1);

	(void)registered_user("alice", APP_COMPLETED);
	op.change.token.service_count = 1;
	cr_expect_eq(run(op), SFMFA_ERR_INVALID, "an empty service");
	(void)snprintf(op.change.token.services[0], SERVICE_NAME_SIZE, "imap\nsmtp");
	cr_expect_eq(run(op), SFMFA_ERR_INVALID);
	op.change.token.service_count = TOKEN_SERVICES_MAX + 1;
	cr_expect_eq(run(op), SFMFA_ERR_INVALID);
	op = token_op("alice", "", 1);
	cr_expect_eq(run(op), SFMFA_ERR_INVALID);
	op = token_op("alice", "x", 1);
	op.change.token.from.count = RANGES_MAX + 1;
	cr_expect_eq(run(op), SFMFA_ERR_INVALID);
}

Test(list, a_label_is_free_again_once_its_token_is_revoked_or_expired)
{
	struct store_op first = token_op("alice", "mail", 1), second = token_op("alice", "mail", 2);
	struct store_op revoke = change_op(STORE_TOKEN_REVOKE, "alice"), third = token_op("alice", "mail", 3);

	(void)registered_user("alice", APP_COMPLETED);
	cr_expect_eq(run(first), SFMFA_OK);
	cr_expect_eq(run(second), SFMFA_ERR_EXISTS);
	revoke.change.name = "mail";
	cr_expect_eq(run(revoke), SFMFA_OK);
	cr_expect_eq(run(revoke), SFMFA_ERR_NOT_FOUND);
	second.change.token.expires_at = NOW + 10;
	cr_expect_eq(run(second), SFMFA_OK);
	cr_expect_eq(run(third), SFMFA_ERR_EXISTS);
	third.change.now = NOW + 10;
	cr_expect_eq(run(third), SFMFA_OK);
	cr_expect_eq(read_user(contract_store, "alice").token_count, 1);
}

Test(list, revoking_all_says_how_many_and_none_is_no_refusal)
{
	struct store_op all = change_op(STORE_TOKEN_REVOKE, "alice");

	(void)registered_user("alice", APP_COMPLETED);
	cr_expect_eq(run(token_op("alice", "one", 1)), SFMFA_OK);
	cr_expect_eq(run(token_op("alice", "two", 2)), SFMFA_OK);
	all.change.flag = true;
	cr_expect_eq(commit_one(contract_store, &all), SFMFA_OK);
	cr_expect_eq(all.change.number, 2);
	cr_expect_eq(commit_one(contract_store, &all), SFMFA_OK);
	cr_expect_eq(all.change.number, 0);
}

Test(list, tokens_of_one_user_are_bounded_and_so_is_what_is_remembered)
{
	struct user_record alice = registered_user("alice", APP_COMPLETED);
	struct store_op all = change_op(STORE_TOKEN_REVOKE, "alice");
	struct token_record token;

	for (unsigned at = 0; at < STORE_TOKENS_MAX; at++) {
		struct store_op op = token_op("alice", "x", 0);

		(void)snprintf(op.change.token.label, NAME_SIZE, "token %u", at);
		memcpy(op.change.token.hash, &at, sizeof at);
		cr_assert_eq(run(op), SFMFA_OK);
	}
	cr_expect_eq(run(token_op("alice", "one more", 0xEE)), SFMFA_ERR_TOO_LARGE);
	all.change.flag = true;
	cr_assert_eq(run(all), SFMFA_OK);
	/* One more that is revoked pushes the oldest out. */
	cr_assert_eq(run(token_op("alice", "late", 0xEE)), SFMFA_OK);
	all.change.now = NOW + 1;
	cr_assert_eq(run(all), SFMFA_OK);
	cr_assert_eq(run(token_op("alice", "later", 0xEF)), SFMFA_OK);
	unsigned char hash[HASH_SIZE] = { 0 };
	cr_expect_eq(store_find_token(contract_store, alice.id, hash, &token, NULL), SFMFA_ERR_NOT_FOUND);
	hash[0] = 1;
	cr_expect_eq(store_find_token(contract_store, alice.id, hash, &token, NULL), SFMFA_OK);
}

Test(list, tokens_come_in_pages_without_revoked_ones)
{
	struct user_record alice = registered_user("alice", APP_COMPLETED),
			   bob = registered_user("bob", APP_COMPLETED);
	struct store_op revoke = change_op(STORE_TOKEN_REVOKE, "alice");
	struct token_record page[2];
	size_t count = 0;

	(void)bob;
	cr_assert_eq(run(token_op("alice", "a", 1)), SFMFA_OK);
	cr_assert_eq(run(token_op("bob", "theirs", 9)), SFMFA_OK);
	cr_assert_eq(run(token_op("alice", "b", 2)), SFMFA_OK);
	cr_assert_eq(run(token_op("alice", "c", 3)), SFMFA_OK);
	cr_assert_eq(run(token_op("alice", "d", 4)), SFMFA_OK);
	revoke.change.name = "b";
	cr_assert_eq(run(revoke), SFMFA_OK);
	cr_assert_eq(store_list_tokens(contract_store, alice.id, 0, page, 2, &count, NULL), SFMFA_OK);
	cr_assert_eq(count, 2);
	cr_expect_str_eq(page[0].label, "a");
	cr_expect_str_eq(page[1].label, "c");
	cr_assert_eq(store_list_tokens(contract_store, alice.id, page[1].id, page, 2, &count, NULL),
		     SFMFA_OK);
	cr_assert_eq(count, 1);
	cr_expect_str_eq(page[0].label, "d");
}

static struct user_record users[16];
static char next_user[USER_NAME_SIZE]; /* of the page before */

/* The names of a page, joined with spaces. */
static const char *
page_of(struct store_user_filter filter)
{
	static char names[512];
	size_t count = 0, used = 0;

	filter.limit = filter.limit != 0 ? filter.limit : 16;
	filter.now = NOW;
	cr_assert_eq(store_list_users(contract_store, &filter, users, &count, next_user, NULL), SFMFA_OK);
	names[0] = '\0';
	for (size_t at = 0; at < count; at++)
		used += (size_t)snprintf(names + used, sizeof names - used, "%s%s", at > 0 ? " " : "",
					 users[at].name);
	return names;
}

static void
lock(const char *name, int64_t caller, int64_t begun)
{
	struct user_record user = read_user(contract_store, name);
	struct store_op op = attempt_op(&user, 0);

	op.attempt.caller = caller;
	op.attempt.policy.max_invalid_attempts = 1;
	op.attempt.now.wall = begun;
	cr_assert_eq(commit_one(contract_store, &op), SFMFA_OK);
	cr_assert(op.attempt.locked_now);
}

static void
make_users(void)
{
	static const char *const names[] = { "frank", "alice", "dave", "bob", "erin", "carol" };
	struct store_op op;

	for (size_t at = 0; at < 6; at++) {
		op = change_op(STORE_ENSURE_USER, names[at]);
		cr_assert_eq(run(op), SFMFA_OK);
	}
	cr_assert_eq(run(register_op("bob", APP_PENDING)), SFMFA_OK);
	cr_assert_eq(run(register_op("carol", APP_COMPLETED)), SFMFA_OK);
	cr_assert_eq(run(register_op("erin", APP_COMPLETED)), SFMFA_OK);
	op = change_op(STORE_FREEZE, "dave");
	op.change.flag = true;
	cr_assert_eq(run(op), SFMFA_OK);
	op = change_op(STORE_SET_PROFILE, "carol");
	op.change.name = "mfa";
	cr_assert_eq(run(op), SFMFA_OK);
	op.change.user = "frank";
	cr_assert_eq(run(op), SFMFA_OK);
	lock("erin", -1, NOW - 10);
	lock("alice", 33, NOW - 10);
	lock("frank", -1, NOW - 1000);
}

Test(list, users_come_in_pages_by_name)
{
	make_users();
	cr_expect_str_eq(page_of((struct store_user_filter){ .state = -1 }),
			 "alice bob carol dave erin frank");
	cr_expect_str_eq(page_of((struct store_user_filter){ .state = -1, .limit = 2 }), "alice bob");
	cr_expect_str_eq(page_of((struct store_user_filter){ .state = -1, .limit = 2, .after = "bob" }),
			 "carol dave");
	cr_expect_str_eq(page_of((struct store_user_filter){ .state = -1, .after = "frank" }), "");
}

/* More users than a page looks at, of whom the first and the last meet both filters. */
Test(list, a_page_ends_where_few_users_meet_two_filters)
{
	enum { MANY = 3000 };
	struct store_user_filter filter = { .state = APP_PENDING, .frozen = true, .after = next_user };
	static struct store_op ops[MANY];
	static char names[MANY][16];
	unsigned pages = 0, found = 0;
	struct store_op *list[MANY];

	for (size_t at = 0; at < MANY; at++) {
		(void)snprintf(names[at], sizeof names[at], "user%04zu", at);
		ops[at] = change_op(STORE_ENSURE_USER, names[at]);
		list[at] = &ops[at];
	}
	cr_assert_eq(store_commit(contract_store, list, MANY, NULL), SFMFA_OK);
	for (size_t at = 0; at < MANY; at++) {
		ops[at] = change_op(STORE_FREEZE, names[at]);
		ops[at].change.flag = true;
	}
	cr_assert_eq(store_commit(contract_store, list, MANY, NULL), SFMFA_OK);
	cr_assert_eq(run(register_op(names[0], APP_PENDING)), SFMFA_OK);
	cr_assert_eq(run(register_op(names[MANY - 1], APP_PENDING)), SFMFA_OK);
	next_user[0] = '\0';
	do {
		const char *page = page_of(filter);

		found += page[0] != '\0';
		pages++;
		cr_assert_leq(pages, 10);
	} while (next_user[0] != '\0');
	cr_expect_eq(found, 2, "%u", found);
	cr_expect_geq(pages, 3, "%u", pages);
}

Test(list, users_are_filtered)
{
	make_users();
	cr_expect_str_eq(page_of((struct store_user_filter){ .state = APP_NONE }), "alice dave frank");
	cr_expect_str_eq(page_of((struct store_user_filter){ .state = APP_PENDING }), "bob");
	cr_expect_str_eq(page_of((struct store_user_filter){ .state = APP_COMPLETED }), "carol erin");
	cr_expect_str_eq(page_of((struct store_user_filter){ .state = -1, .profile = "mfa" }), "carol frank");
	cr_expect_str_eq(page_of((struct store_user_filter){ .state = APP_NONE, .profile = "mfa" }), "frank");
	cr_expect_str_eq(page_of((struct store_user_filter){ .state = -1, .profile = "none such" }), "");
	cr_expect_str_eq(page_of((struct store_user_filter){ .state = -1, .frozen = true }), "dave");
	cr_expect_str_eq(page_of((struct store_user_filter){ .state = -1, .locked = true }), "alice erin",
			 "a caller's lock too, a lapsed one not");
	cr_expect_str_eq(page_of((struct store_user_filter){ .state = -1, .locked = true, .frozen = true }),
			 "");
	cr_expect_str_eq(page_of((struct store_user_filter){ .state = APP_COMPLETED, .after = "carol" }),
			 "erin");
}

Test(list, listed_users_have_guards_and_assignments)
{
	struct store_op op = change_op(STORE_ASSIGN, "carol");

	make_users();
	op.change.assignment.kind = ASSIGNMENT_SET;
	(void)snprintf(op.change.assignment.name, NAME_SIZE, "night");
	cr_assert_eq(run(op), SFMFA_OK);
	(void)page_of((struct store_user_filter){ .state = APP_COMPLETED });
	cr_expect_eq(users[0].assignment_count, 1);
	cr_expect_str_eq(users[0].assignments[0].name, "night");
	cr_expect_eq(users[1].guard.locked_at.wall, NOW - 10);
	cr_expect_eq(users[1].assignment_count, 0);
}

Test(list, an_unlocked_user_is_listed_as_locked_no_more)
{
	make_users();
	cr_assert_eq(run(change_op(STORE_UNLOCK, "erin")), SFMFA_OK);
	cr_expect_str_eq(page_of((struct store_user_filter){ .state = -1, .locked = true }), "alice");
}

static struct event events[32];
static int64_t next_event; /* of the page before */

static void
add(const char *user, int64_t time, enum reason reason, enum login_type type)
{
	static struct event event;
	const struct event *list[] = { &event };

	memset(&event, 0, sizeof event);
	event.time = time;
	event.reason = reason;
	event.login_type = type;
	event.method = FACTOR_TOTP;
	event.verdict = reason == REASON_OK ? VERDICT_ALLOW : VERDICT_DENY;
	(void)snprintf(event.user, sizeof event.user, "%s", user);
	cr_assert_eq(store_add_events(contract_store, list, 1, NULL), SFMFA_OK);
}

/* user@time of a page. */
static const char *
log_of(struct event_filter filter)
{
	static char text[1024];
	size_t count = 0, used = 0;

	filter.limit = filter.limit != 0 ? filter.limit : 32;
	cr_assert_eq(store_list_events(contract_store, &filter, events, &count, &next_event, NULL), SFMFA_OK);
	text[0] = '\0';
	for (size_t at = 0; at < count; at++)
		used += (size_t)snprintf(text + used, sizeof text - used, "%s%s@%ld", at > 0 ? " " : "",
					 events[at].user, (long)(events[at].time - NOW));
	return text;
}

#define ALL .reason = -1, .login_type = -1

static void
make_events(void)
{
	add("alice", NOW + 1, REASON_OK, LOGIN_UI);
	add("bob", NOW + 2, REASON_FACTOR_WRONG, LOGIN_API);
	add("alice", NOW + 3, REASON_FACTOR_WRONG, LOGIN_UI);
	add("bob", NOW + 3, REASON_OK, LOGIN_UI);
	add("alice", NOW + 2, REASON_OK, LOGIN_API); /* the clock was set back */
	add("carol", NOW + 5, REASON_LOCKED_OUT, LOGIN_UI);
}

Test(list, events_are_newest_first_and_filtered)
{
	make_events();
	cr_expect_str_eq(log_of((struct event_filter){ ALL }), "carol@5 bob@3 alice@3 alice@2 bob@2 alice@1");
	cr_expect_str_eq(log_of((struct event_filter){ ALL, .user = "alice" }), "alice@3 alice@2 alice@1");
	cr_expect_str_eq(log_of((struct event_filter){ ALL, .user = "nobody" }), "");
	cr_expect_str_eq(log_of((struct event_filter){ ALL, .since = NOW + 3 }), "carol@5 bob@3 alice@3");
	cr_expect_str_eq(log_of((struct event_filter){ ALL, .until = NOW + 2 }), "alice@2 bob@2 alice@1");
	cr_expect_str_eq(log_of((struct event_filter){ .reason = REASON_FACTOR_WRONG, .login_type = -1 }),
			 "alice@3 bob@2");
	cr_expect_str_eq(log_of((struct event_filter){ .reason = -1, .login_type = LOGIN_API }),
			 "alice@2 bob@2");
	cr_expect_str_eq(
		log_of((struct event_filter){ .reason = REASON_OK, .login_type = LOGIN_UI, .user = "bob" }),
		"bob@3");
	cr_expect_eq(next_event, 0);
}

Test(list, logins_are_told_apart_from_acts_of_administration)
{
	static const struct event act = { .kind = EVENT_ADMIN, .time = NOW + 9, .user = "alice", .actor = "root" };
	const struct event *acts[] = { &act };

	make_events();
	cr_assert_eq(store_add_events(contract_store, acts, 1, NULL), SFMFA_OK);
	cr_expect_str_eq(log_of((struct event_filter){ ALL, .user = "alice", .limit = 1 }), "alice@9");
	cr_expect_str_eq(log_of((struct event_filter){ ALL, .user = "alice", .limit = 1, .logins = true }), "alice@3");
	cr_expect_str_eq(log_of((struct event_filter){ .reason = -1, .login_type = LOGIN_UI, .user = "alice" }),
			 "alice@3 alice@1", "an act has no type of login");
}

Test(list, a_page_ends_where_few_events_meet_two_filters)
{
	enum { MANY = 2500 };
	static struct event many[MANY];
	const struct event *list[MANY];
	struct event_filter filter = { .user = "alice", .reason = REASON_FROZEN, .login_type = -1 };
	unsigned pages = 0, found = 0;

	for (size_t at = 0; at < MANY; at++) {
		many[at] = (struct event){ .time = NOW + (int64_t)at, .user = "alice", .reason = REASON_OK };
		list[at] = &many[at];
	}
	many[0].reason = many[MANY - 1].reason = REASON_FROZEN;
	cr_assert_eq(store_add_events(contract_store, list, MANY, NULL), SFMFA_OK);
	do {
		found += log_of(filter)[0] != '\0';
		pages++;
		filter.before_id = next_event;
		cr_assert_leq(pages, 10);
	} while (next_event != 0);
	cr_expect_eq(found, 2, "%u", found);
	cr_expect_geq(pages, 3, "%u", pages);
}

Test(list, events_come_in_pages_that_neither_repeat_nor_skip)
{
	make_events();
	cr_expect_str_eq(log_of((struct event_filter){ ALL, .limit = 2 }), "carol@5 bob@3");
	cr_expect_str_eq(log_of((struct event_filter){ ALL, .limit = 2, .before_id = events[1].id }),
			 "alice@3 alice@2");
	cr_expect_str_eq(log_of((struct event_filter){ ALL, .limit = 2, .before_id = events[1].id }),
			 "bob@2 alice@1");
	cr_expect_str_eq(log_of((struct event_filter){ ALL, .limit = 2, .before_id = events[1].id }), "");
	cr_expect_str_eq(log_of((struct event_filter){ ALL, .limit = 2, .before_id = 999999 }), "",
			 "one that expired");
}

Test(list, an_event_reads_back_whole)
{
	static struct event event, back;
	const struct event *list[] = { &event };
	struct event_filter filter = { ALL, .limit = 1 };
	size_t count = 0;

	event = (struct event){ .kind = EVENT_ADMIN,
				.time = NOW,
				.login_type = LOGIN_API,
				.method = FACTOR_RECOVERY_CODE,
				.verdict = VERDICT_ALLOW,
				.level = LEVEL_HIGH_ASSURANCE,
				.reason = REASON_CLOCK,
				.caller = 4294967294u,
				.claimed = true,
				.config_stale = true,
				.step_offset = -4 };
	(void)snprintf(event.user, sizeof event.user, "alice");
	(void)snprintf(event.service, sizeof event.service, "sshd");
	(void)snprintf(event.remote, sizeof event.remote, "10.0.0.7");
	(void)snprintf(event.app, sizeof event.app, "portal");
	(void)snprintf(event.flow, sizeof event.flow, "web-server");
	(void)snprintf(event.actor, sizeof event.actor, "root");
	(void)snprintf(event.verb, sizeof event.verb, "user-unlock");
	(void)snprintf(event.change, sizeof event.change, "unlocked");
	cr_assert_eq(store_add_events(contract_store, list, 1, NULL), SFMFA_OK);
	cr_assert_eq(store_list_events(contract_store, &filter, &back, &count, &next_event, NULL), SFMFA_OK);
	cr_assert_eq(count, 1);
	cr_expect_gt(back.id, 0);
	event.id = back.id;
	cr_expect_eq(memcmp(&event, &back, sizeof event), 0);
}

Test(list, events_expire_in_small_batches_oldest_first)
{
	make_events();
	cr_assert_eq(store_expire_events(contract_store, NOW + 3, 2, NULL), SFMFA_OK);
	cr_expect_str_eq(log_of((struct event_filter){ ALL }), "carol@5 bob@3 alice@3 alice@2");
	cr_assert_eq(store_expire_events(contract_store, NOW + 3, 2, NULL), SFMFA_OK);
	cr_assert_eq(store_expire_events(contract_store, NOW + 3, 2, NULL), SFMFA_OK);
	cr_expect_str_eq(log_of((struct event_filter){ ALL }), "carol@5 bob@3 alice@3");
}
