/* The contract of administration: every verb, every condition. */
#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "contract.h"

TestSuite(change, .init = contract_begin, .fini = contract_end);

static enum sfmfa_err
run(struct store_op op)
{
	return commit_one(contract_store, &op);
}

static enum sfmfa_err
run_named(enum store_op_kind kind, const char *user, const char *name)
{
	struct store_op op = change_op(kind, user);

	op.change.name = name;
	return commit_one(contract_store, &op);
}

static enum sfmfa_err
run_flagged(enum store_op_kind kind, const char *user, bool flag)
{
	struct store_op op = change_op(kind, user);

	op.change.flag = flag;
	return commit_one(contract_store, &op);
}

static enum sfmfa_err
run_assignment(enum store_op_kind kind, enum assignment_kind what, const char *name)
{
	struct store_op op = change_op(kind, "alice");

	op.change.assignment.kind = what;
	op.change.assignment.at = NOW;
	cr_assert_eq(text_copy(op.change.assignment.name, NAME_SIZE, name), SFMFA_OK);
	cr_assert_eq(text_copy(op.change.assignment.by, USER_NAME_SIZE, "root"), SFMFA_OK);
	return commit_one(contract_store, &op);
}

Test(change, an_unknown_user_is_a_zeroed_record_with_the_name)
{
	struct user_record user;

	memset(&user, 0xff, sizeof user);
	cr_expect_eq(store_read_user(contract_store, "alice", -1, &user, NULL), SFMFA_ERR_NOT_FOUND);
	cr_expect_str_eq(user.name, "alice");
	cr_expect_eq(user.id, 0);
	cr_expect_eq(user.app.state, APP_NONE);
	cr_expect_eq(user.generation, 0);
}

Test(change, names_are_keys_byte_for_byte)
{
	cr_assert_eq(run_flagged(STORE_ENSURE_USER, "alice", false), SFMFA_OK);
	cr_assert_eq(run_flagged(STORE_ENSURE_USER, "ALICE", true), SFMFA_OK);
	cr_assert_eq(run_flagged(STORE_ENSURE_USER, "al\xff'; DROP TABLE user; --", true), SFMFA_OK);
	cr_expect_not(read_user(contract_store, "alice").is_virtual);
	cr_expect(read_user(contract_store, "ALICE").is_virtual);
	cr_expect_gt(read_user(contract_store, "al\xff'; DROP TABLE user; --").id, 0);
}

Test(change, every_verb_about_a_user_refuses_an_unknown_one)
{
	static const enum store_op_kind kinds[] = {
		STORE_DISCONNECT,   STORE_DELETE_USER,    STORE_FREEZE,        STORE_UNLOCK,
		STORE_SET_PROFILE,  STORE_ASSIGN,         STORE_REVOKE,        STORE_TOKEN_NEW,
		STORE_TOKEN_REVOKE, STORE_RECOVERY_RENEW, STORE_TEMPORARY_NEW, STORE_TEMPORARY_EXPIRE
	};
	static char long_name[USER_NAME_SIZE + 1];

	memset(long_name, 'x', USER_NAME_SIZE);
	for (size_t at = 0; at < sizeof kinds / sizeof *kinds; at++) {
		cr_expect_eq(run(change_op(kinds[at], "nobody")), SFMFA_ERR_NOT_FOUND, "kind %d",
			     (int)kinds[at]);
		cr_expect_eq(run(change_op(kinds[at], "")), SFMFA_ERR_INVALID);
		cr_expect_eq(run(change_op(kinds[at], NULL)), SFMFA_ERR_INVALID);
		cr_expect_eq(run(change_op(kinds[at], long_name)), SFMFA_ERR_INVALID);
	}
	cr_expect_eq(run(change_op(STORE_ENSURE_USER, long_name)), SFMFA_ERR_INVALID);
}

Test(change, an_unknown_kind_of_operation_is_an_error)
{
	struct store_op op = change_op((enum store_op_kind)999, "alice");

	cr_expect_eq(commit_one(contract_store, &op), SFMFA_ERR_INTERNAL);
}

Test(change, a_registration_makes_the_user_and_reads_back)
{
	struct store_op op = register_op("alice", APP_COMPLETED);
	struct user_record alice;

	op.registration.is_virtual = true;
	op.registration.last_step = STEP;
	cr_assert_eq(commit_one(contract_store, &op), SFMFA_OK);
	alice = read_user(contract_store, "alice");
	cr_expect_eq(op.registration.user_id, alice.id);
	cr_expect(alice.is_virtual);
	cr_expect_eq(alice.generation, 1);
	cr_expect_eq(alice.guard.last_step, STEP);
	cr_expect_eq(alice.recovery_codes_left, 10);
	cr_expect_eq(alice.app.state, APP_COMPLETED);
	cr_expect_eq(alice.app.params.algorithm, TOTP_SHA256);
	cr_expect_eq(alice.app.params.digits, 8);
	cr_expect_eq(alice.app.params.period, 60);
	cr_expect_eq(alice.app.registered_at, NOW);
	cr_expect_eq(alice.app.completed_at, NOW);
	cr_expect_eq(alice.app.sealed_size, 48);
	cr_expect_eq(memcmp(alice.app.sealed, op.registration.app.sealed, 48), 0);
}

Test(change, a_second_registration_needs_replace_and_the_generation)
{
	struct user_record alice = registered_user("alice", APP_COMPLETED);
	struct store_op op = register_op("alice", APP_PENDING);

	cr_expect_eq(run(op), SFMFA_ERR_CHANGED, "generation 0 was before the first");
	op.registration.generation = alice.generation;
	cr_expect_eq(run(op), SFMFA_ERR_EXISTS);
	op.registration.replace = true;
	op.registration.recovery_count = 0;
	cr_expect_eq(run(op), SFMFA_OK);
	cr_expect_eq(run(op), SFMFA_ERR_CHANGED, "the same again is another one");
	alice = read_user(contract_store, "alice");
	cr_expect_eq(alice.app.state, APP_PENDING);
	cr_expect_eq(alice.generation, 2);
	cr_expect_eq(alice.recovery_codes_left, 10, "kept");
	cr_expect_eq(alice.app.completed_at, 0);
}

Test(change, a_replaced_app_starts_with_its_own_last_step)
{
	struct user_record alice = registered_user("alice", APP_COMPLETED);
	struct store_op use = attempt_op(&alice, STEP), op = register_op("alice", APP_COMPLETED);

	cr_assert_eq(commit_one(contract_store, &use), SFMFA_OK);
	op.registration.generation = alice.generation;
	op.registration.replace = true;
	op.registration.last_step = 0;
	cr_assert_eq(commit_one(contract_store, &op), SFMFA_OK);
	cr_expect_eq(read_user(contract_store, "alice").guard.last_step, 0);
}

Test(change, a_registration_that_could_not_be_read_back_is_refused)
{
	struct store_op op = register_op("alice", APP_NONE);

	cr_expect_eq(run(op), SFMFA_ERR_INVALID);
	op = register_op("alice", APP_PENDING);
	op.registration.app.sealed_size = 0;
	cr_expect_eq(run(op), SFMFA_ERR_INVALID);
	op.registration.app.sealed_size = SEALED_SIZE_MAX + 1;
	cr_expect_eq(run(op), SFMFA_ERR_INVALID);
	op = register_op("alice", APP_PENDING);
	op.registration.app.params.digits = 9;
	cr_expect_eq(run(op), SFMFA_ERR_INVALID);
	op = register_op("alice", APP_PENDING);
	op.registration.recovery_count = 11;
	cr_expect_eq(run(op), SFMFA_ERR_INVALID);
}

Test(change, a_disconnect_returns_to_nothing)
{
	struct user_record alice = registered_user("alice", APP_COMPLETED);
	struct store_op temporary = change_op(STORE_TEMPORARY_NEW, "alice"),
			op = change_op(STORE_DISCONNECT, "alice");
	struct token_record token;
	unsigned char hash[HASH_SIZE];

	memset(hash, 7, sizeof hash);
	temporary.change.until = NOW + 3600;
	cr_assert_eq(run(temporary), SFMFA_OK);
	cr_assert_eq(run(token_op("alice", "mail", 7)), SFMFA_OK);
	cr_assert_eq(run(op), SFMFA_OK);
	struct user_record after = read_user(contract_store, "alice");
	cr_expect_eq(after.app.state, APP_NONE);
	cr_expect_eq(after.app.sealed_size, 0);
	cr_expect_eq(after.token_count, 0);
	cr_expect_eq(after.recovery_codes_left, 0);
	cr_expect_eq(after.temporary_code_until, 0);
	cr_expect_eq(after.generation, alice.generation + 1);
	cr_expect_not(after.disconnected_by_other);
	cr_assert_eq(store_find_token(contract_store, alice.id, hash, &token, NULL), SFMFA_OK,
		     "still known as theirs");
	cr_expect_eq(token.revoked_at, NOW);
}

Test(change, a_disconnect_by_somebody_else_is_remembered_until_the_user_registers)
{
	struct user_record alice = registered_user("alice", APP_COMPLETED);
	struct store_op op = change_op(STORE_DISCONNECT, "alice"), again = register_op("alice", APP_PENDING);

	op.change.by_other = true;
	cr_assert_eq(run(op), SFMFA_OK);
	op.change.by_other = false;
	cr_assert_eq(run(op), SFMFA_OK);
	alice = read_user(contract_store, "alice");
	cr_expect(alice.disconnected_by_other, "the user's own does not wash it off");
	again.registration.generation = alice.generation;
	cr_assert_eq(run(again), SFMFA_OK);
	cr_expect(read_user(contract_store, "alice").disconnected_by_other);
	again.registration.generation++;
	again.registration.replace = true;
	again.registration.by_user = true;
	cr_assert_eq(run(again), SFMFA_OK);
	cr_expect_not(read_user(contract_store, "alice").disconnected_by_other);
}

Test(change, ensuring_a_user_keeps_the_one_that_is_there)
{
	struct user_record alice = registered_user("alice", APP_COMPLETED);

	cr_expect_eq(run_flagged(STORE_ENSURE_USER, "alice", true), SFMFA_OK);
	struct user_record after = read_user(contract_store, "alice");
	cr_expect_eq(after.id, alice.id);
	cr_expect_not(after.is_virtual);
	cr_expect_eq(after.app.state, APP_COMPLETED);
}

Test(change, a_deleted_user_leaves_nothing_behind)
{
	struct user_record alice = registered_user("alice", APP_COMPLETED);
	struct token_record token;
	unsigned char hash[HASH_SIZE];

	memset(hash, 7, sizeof hash);
	cr_assert_eq(run(token_op("alice", "mail", 7)), SFMFA_OK);
	cr_assert_eq(run_assignment(STORE_ASSIGN, ASSIGNMENT_SET, "night"), SFMFA_OK);
	cr_assert_eq(run(change_op(STORE_DELETE_USER, "alice")), SFMFA_OK);
	cr_expect_eq(store_find_token(contract_store, alice.id, hash, &token, NULL), SFMFA_ERR_NOT_FOUND);
	cr_assert_eq(run_flagged(STORE_ENSURE_USER, "alice", false), SFMFA_OK);
	struct user_record after = read_user(contract_store, "alice");
	cr_expect_eq(after.assignment_count, 0);
	cr_expect_eq(after.recovery_codes_left, 0);
	cr_expect_eq(after.token_count, 0);
}

Test(change, users_are_counted)
{
	int64_t count = -1;

	cr_assert_eq(store_count_users(contract_store, &count, NULL), SFMFA_OK);
	cr_expect_eq(count, 0);
	(void)registered_user("alice", APP_COMPLETED);
	cr_assert_eq(run_flagged(STORE_ENSURE_USER, "bob", false), SFMFA_OK);
	cr_assert_eq(run_flagged(STORE_ENSURE_USER, "bob", false), SFMFA_OK);
	cr_assert_eq(run(change_op(STORE_DELETE_USER, "alice")), SFMFA_OK);
	cr_assert_eq(store_count_users(contract_store, &count, NULL), SFMFA_OK);
	cr_expect_eq(count, 1);
}

Test(change, freezing_and_thawing)
{
	(void)registered_user("alice", APP_COMPLETED);
	cr_assert_eq(run_flagged(STORE_FREEZE, "alice", true), SFMFA_OK);
	cr_expect(read_user(contract_store, "alice").frozen);
	cr_assert_eq(run_flagged(STORE_FREEZE, "alice", false), SFMFA_OK);
	cr_expect_not(read_user(contract_store, "alice").frozen);
}

Test(change, unlocking_clears_every_caller_and_the_last_step_only_if_asked)
{
	struct user_record alice = registered_user("alice", APP_COMPLETED);
	struct store_op right = attempt_op(&alice, STEP), unlock = change_op(STORE_UNLOCK, "alice");
	static const int64_t callers[] = { -1, 33 };

	cr_assert_eq(commit_one(contract_store, &right), SFMFA_OK);
	for (size_t at = 0; at < 2; at++) {
		struct store_op wrong = attempt_op(&alice, 0);

		wrong.attempt.caller = callers[at];
		wrong.attempt.policy = (struct attempt_policy){ 1, 0 };
		cr_assert_eq(commit_one(contract_store, &wrong), SFMFA_OK);
		cr_expect(wrong.attempt.locked_now);
	}
	cr_assert_eq(commit_one(contract_store, &unlock), SFMFA_OK);
	for (size_t at = 0; at < 2; at++) {
		struct user_record user;

		cr_assert_eq(store_read_user(contract_store, "alice", callers[at], &user, NULL), SFMFA_OK);
		cr_expect_eq(user.guard.locked_at.wall, 0);
		cr_expect_eq(user.guard.lock_count, 0);
		cr_expect_eq(user.guard.last_step, STEP);
		cr_expect_eq(user.guard.failed_since_success, 1, "still told at the next login");
	}
	unlock.change.number = 1;
	cr_assert_eq(commit_one(contract_store, &unlock), SFMFA_OK);
	cr_expect_eq(read_user(contract_store, "alice").guard.last_step, 0);
}

Test(change, a_profile_is_assigned_and_unassigned)
{
	static char long_name[NAME_SIZE + 1];

	memset(long_name, 'p', NAME_SIZE);
	(void)registered_user("alice", APP_COMPLETED);
	cr_assert_eq(run_named(STORE_SET_PROFILE, "alice", "integration"), SFMFA_OK);
	cr_expect_str_eq(read_user(contract_store, "alice").profile, "integration");
	cr_expect_eq(run_named(STORE_SET_PROFILE, "alice", long_name), SFMFA_ERR_INVALID);
	cr_expect_eq(run_named(STORE_SET_PROFILE, "alice", NULL), SFMFA_ERR_INVALID);
	cr_assert_eq(run_named(STORE_SET_PROFILE, "alice", ""), SFMFA_OK);
	cr_expect_str_eq(read_user(contract_store, "alice").profile, "");
}

Test(change, assignments_are_added_once_and_revoked_once)
{
	(void)registered_user("alice", APP_COMPLETED);
	cr_expect_eq(run_assignment(STORE_ASSIGN, ASSIGNMENT_PERMISSION, "manage-mfa"), SFMFA_OK);
	cr_expect_eq(run_assignment(STORE_ASSIGN, ASSIGNMENT_SET, "manage-mfa"), SFMFA_OK);
	cr_expect_eq(run_assignment(STORE_ASSIGN, ASSIGNMENT_PERMISSION, "manage-mfa"), SFMFA_ERR_EXISTS);
	struct user_record alice = read_user(contract_store, "alice");
	cr_assert_eq(alice.assignment_count, 2);
	cr_expect_eq(alice.assignments[0].kind, ASSIGNMENT_PERMISSION);
	cr_expect_str_eq(alice.assignments[0].name, "manage-mfa");
	cr_expect_str_eq(alice.assignments[0].by, "root");
	cr_expect_eq(alice.assignments[0].at, NOW);
	cr_expect_eq(alice.assignments[1].kind, ASSIGNMENT_SET);
	cr_expect_eq(run_assignment(STORE_REVOKE, ASSIGNMENT_GROUP, "manage-mfa"), SFMFA_ERR_NOT_FOUND);
	cr_expect_eq(run_assignment(STORE_REVOKE, ASSIGNMENT_SET, "manage-mfa"), SFMFA_OK);
	cr_expect_eq(run_assignment(STORE_REVOKE, ASSIGNMENT_SET, "manage-mfa"), SFMFA_ERR_NOT_FOUND);
	cr_expect_eq(read_user(contract_store, "alice").assignment_count, 1);
	cr_expect_eq(run_assignment(STORE_ASSIGN, (enum assignment_kind)7, "x"), SFMFA_ERR_INVALID);
	cr_expect_eq(run_assignment(STORE_ASSIGN, ASSIGNMENT_SET, ""), SFMFA_ERR_INVALID);
}

Test(change, more_assignments_than_a_record_holds_are_refused)
{
	(void)registered_user("alice", APP_COMPLETED);
	for (int at = 0; at < ASSIGNMENTS_MAX; at++) {
		char name[NAME_SIZE];

		(void)snprintf(name, sizeof name, "set-%d", at);
		cr_assert_eq(run_assignment(STORE_ASSIGN, ASSIGNMENT_SET, name), SFMFA_OK);
	}
	cr_expect_eq(run_assignment(STORE_ASSIGN, ASSIGNMENT_SET, "one-more"), SFMFA_ERR_TOO_LARGE);
	cr_expect_eq(read_user(contract_store, "alice").assignment_count, ASSIGNMENTS_MAX);
}

Test(change, recovery_codes_are_renewed_as_a_whole)
{
	struct user_record alice = registered_user("alice", APP_COMPLETED);
	struct store_op op = change_op(STORE_RECOVERY_RENEW, "alice"), old = attempt_op(&alice, 0);

	cr_expect_eq(run(op), SFMFA_ERR_INVALID, "none would leave the user without any");
	op.change.hash_count = 3;
	for (unsigned char at = 0; at < 3; at++)
		memset(op.change.hashes[at], 0x40 + at, HASH_SIZE);
	cr_assert_eq(run(op), SFMFA_OK);
	cr_expect_eq(read_user(contract_store, "alice").recovery_codes_left, 3);
	old.attempt.kind = ATTEMPT_KIND_RECOVERY;
	memset(old.attempt.hash, 4, HASH_SIZE);
	cr_assert_eq(commit_one(contract_store, &old), SFMFA_OK);
	cr_expect_eq(old.attempt.result, ATTEMPT_RESULT_WRONG);
}

Test(change, temporary_codes_are_six_an_hour_and_one_at_a_time)
{
	struct store_op op = change_op(STORE_TEMPORARY_NEW, "alice");

	(void)registered_user("alice", APP_COMPLETED);
	for (int at = 0; at < 6; at++) {
		op.change.now = NOW + at;
		op.change.until = NOW + 7200 + at;
		cr_expect_eq(run(op), SFMFA_OK);
	}
	cr_expect_eq(read_user(contract_store, "alice").temporary_code_until, NOW + 7205);
	cr_expect_eq(run(op), SFMFA_ERR_TOO_LARGE);
	cr_expect_eq(run(change_op(STORE_TEMPORARY_EXPIRE, "alice")), SFMFA_OK);
	cr_expect_eq(read_user(contract_store, "alice").temporary_code_until, 0);
	cr_expect_eq(run(op), SFMFA_ERR_TOO_LARGE, "ending one does not give one back");
	op.change.now = NOW - 10;
	cr_expect_eq(run(op), SFMFA_ERR_TOO_LARGE, "nor does a clock that was set back");
	op.change.now = NOW + 3600;
	cr_expect_eq(run(op), SFMFA_OK);
	cr_expect_eq(run(op), SFMFA_ERR_TOO_LARGE);
}

/* Whether there is a wrap of this id, and it is as it was stored. */
static bool
has_wrap(const char *id, unsigned char fill)
{
	unsigned char wrap[128], want[92];
	size_t size = 0;

	memset(want, fill, sizeof want);
	return store_read_key(contract_store, id, wrap, sizeof wrap, &size, NULL) == SFMFA_OK &&
	       size == sizeof want && memcmp(wrap, want, size) == 0;
}

static enum sfmfa_err
set_wrap(const char *id, unsigned char fill, size_t size)
{
	struct store_op op = change_op(STORE_SET_KEY, NULL);

	op.change.name = id;
	op.change.wrap_size = size;
	memset(op.change.wrap, fill, 92);
	return run(op);
}

Test(change, keys_are_set_once_read_and_one_is_always_kept)
{
	struct store_op keep = change_op(STORE_KEEP_KEY, NULL);
	unsigned char wrap[128];
	size_t size = 0;
	bool any = true;

	cr_assert_eq(store_has_keys(contract_store, &any, NULL), SFMFA_OK);
	cr_expect_not(any);
	cr_expect_eq(set_wrap("0123456789abcdef", 5, 0), SFMFA_ERR_INVALID, "an empty wrap");
	cr_expect_eq(set_wrap("0123456789abcdef", 5, 92), SFMFA_OK);
	cr_expect_eq(set_wrap("0123456789abcdef", 6, 92), SFMFA_ERR_EXISTS);
	cr_expect(has_wrap("0123456789abcdef", 5));
	cr_assert_eq(store_has_keys(contract_store, &any, NULL), SFMFA_OK);
	cr_expect(any);
	cr_expect_eq(set_wrap("fedcba9876543210", 7, 92), SFMFA_OK);
	cr_expect_eq(set_wrap("00000000000000ff", 8, 92), SFMFA_OK);
	keep.change.name = "0000000000000000";
	cr_expect_eq(run(keep), SFMFA_ERR_NOT_FOUND);
	cr_expect(has_wrap("0123456789abcdef", 5) && has_wrap("fedcba9876543210", 7), "nothing was dropped");
	keep.change.name = "fedcba9876543210";
	keep.change.number = -1;
	cr_expect_eq(commit_one(contract_store, &keep), SFMFA_OK);
	cr_expect_eq(keep.change.number, 2);
	cr_expect_not(has_wrap("0123456789abcdef", 5) || has_wrap("00000000000000ff", 8));
	cr_expect(has_wrap("fedcba9876543210", 7));
	cr_expect_eq(commit_one(contract_store, &keep), SFMFA_OK, "the only one");
	cr_expect_eq(keep.change.number, 0);
	cr_expect(has_wrap("fedcba9876543210", 7));
	cr_expect_eq(store_read_key(contract_store, "fedcba9876543210", wrap, 10, &size, NULL),
		     SFMFA_ERR_STORE);
}
