/* The contract of an attempt: admitted, counted and consumed in one conditional operation. */
#include <string.h>

#include "contract.h"

TestSuite(attempt, .init = contract_begin, .fini = contract_end);

static enum attempt_result
try_op(struct store_op *op)
{
	cr_assert_eq(commit_one(contract_store, op), SFMFA_OK);
	return op->attempt.result;
}

static struct guard
guard_of(const char *name, int64_t caller)
{
	struct user_record user;

	cr_assert_eq(store_read_user(contract_store, name, caller, &user, NULL), SFMFA_OK);
	return user.guard;
}

Test(attempt, a_code_is_right_once)
{
	struct user_record alice = registered_user("alice", APP_COMPLETED);
	struct store_op first = attempt_op(&alice, STEP), again = attempt_op(&alice, STEP);
	struct store_op older = attempt_op(&alice, STEP - 1), newer = attempt_op(&alice, STEP + 1);

	cr_expect_eq(try_op(&first), ATTEMPT_RESULT_RIGHT);
	cr_expect_eq(first.attempt.guard.last_step, STEP);
	cr_expect_eq(try_op(&again), ATTEMPT_RESULT_REPLAYED);
	cr_expect_eq(try_op(&older), ATTEMPT_RESULT_REPLAYED);
	cr_expect_eq(try_op(&newer), ATTEMPT_RESULT_RIGHT);
	cr_expect_eq(guard_of("alice", -1).last_step, STEP + 1);
}

Test(attempt, a_code_used_through_one_caller_is_used_for_all)
{
	struct user_record alice = registered_user("alice", APP_COMPLETED);
	struct store_op own = attempt_op(&alice, STEP), other = attempt_op(&alice, STEP);

	other.attempt.caller = 33;
	cr_expect_eq(try_op(&other), ATTEMPT_RESULT_RIGHT);
	cr_expect_eq(try_op(&own), ATTEMPT_RESULT_REPLAYED);
	other.attempt.caller = 34;
	cr_expect_eq(try_op(&other), ATTEMPT_RESULT_REPLAYED);
	cr_expect_eq(guard_of("alice", 33).last_step, STEP);
	cr_expect_eq(guard_of("alice", 99).last_step, STEP, "a caller without a row");
}

Test(attempt, a_caller_who_guesses_locks_itself_only)
{
	struct user_record alice = registered_user("alice", APP_COMPLETED);

	for (int at = 0; at < 12; at++) {
		struct store_op wrong = attempt_op(&alice, 0);

		wrong.attempt.caller = 33;
		cr_expect_eq(try_op(&wrong), at < 10 ? ATTEMPT_RESULT_WRONG : ATTEMPT_RESULT_LOCKED_OUT);
		cr_expect_eq(wrong.attempt.locked_now, at == 9);
	}
	struct store_op own = attempt_op(&alice, STEP);
	cr_expect_eq(try_op(&own), ATTEMPT_RESULT_RIGHT);
	cr_expect_eq(guard_of("alice", 33).failed_since_success, 10);
	cr_expect_eq(guard_of("alice", -1).failed_since_success, 0);
}

Test(attempt, the_eleventh_of_many_at_once_is_locked_out_even_if_right)
{
	enum { COUNT = 1000 };
	static struct store_op ops[COUNT];
	static struct store_op *list[COUNT];
	struct user_record alice = registered_user("alice", APP_COMPLETED);
	int wrong = 0, locked = 0;

	for (size_t at = 0; at < COUNT; at++) {
		ops[at] = attempt_op(&alice, at < 10 ? 0 : STEP);
		list[at] = &ops[at];
	}
	cr_assert_eq(store_commit(contract_store, list, COUNT, NULL), SFMFA_OK);
	for (size_t at = 0; at < COUNT; at++) {
		cr_assert_eq(ops[at].err, SFMFA_OK);
		wrong += ops[at].attempt.result == ATTEMPT_RESULT_WRONG;
		locked += ops[at].attempt.result == ATTEMPT_RESULT_LOCKED_OUT;
	}
	cr_expect_eq(wrong, 10);
	cr_expect_eq(locked, 990);
	cr_expect_eq(guard_of("alice", -1).last_step, 0, "nothing was spent");
}

Test(attempt, a_lock_survives_reopening_and_ends_with_its_length)
{
	struct user_record alice = registered_user("alice", APP_COMPLETED);
	struct store_op wrong = attempt_op(&alice, 0), right = attempt_op(&alice, STEP);

	wrong.attempt.policy.max_invalid_attempts = 3;
	for (int at = 0; at < 3; at++)
		cr_expect_eq(try_op(&wrong), ATTEMPT_RESULT_WRONG);
	store_close(contract_store);
	contract_store = contract_open();
	struct guard guard = guard_of("alice", -1);
	cr_expect(guard_is_locked(&guard, &wrong.attempt.now));
	cr_expect_str_eq(guard.locked_at.boot_id, "boot-a");
	cr_expect_eq(guard.locked_at.boot, 5000);
	cr_expect_eq(try_op(&right), ATTEMPT_RESULT_LOCKED_OUT);
	right.attempt.now.wall += 900;
	right.attempt.now.boot += 900;
	right.attempt.now_step += 30;
	right.attempt.step += 30;
	cr_expect_eq(try_op(&right), ATTEMPT_RESULT_RIGHT);
	cr_expect_eq(right.attempt.failed_before, 3);
	cr_expect_eq(guard_of("alice", -1).locked_at.wall, 0);
}

Test(attempt, a_changed_generation_is_wrong_and_not_counted)
{
	struct user_record alice = registered_user("alice", APP_COMPLETED);
	struct store_op right = attempt_op(&alice, STEP), again = register_op("alice", APP_COMPLETED);

	again.registration.generation = alice.generation;
	again.registration.replace = true;
	cr_assert_eq(commit_one(contract_store, &again), SFMFA_OK);
	cr_expect_eq(try_op(&right), ATTEMPT_RESULT_WRONG);
	cr_expect_eq(guard_of("alice", -1).failures, 0);
	cr_expect_eq(guard_of("alice", -1).last_step, 0);
}

Test(attempt, a_changed_generation_does_not_hide_a_lock)
{
	struct user_record alice = registered_user("alice", APP_COMPLETED);
	struct store_op wrong = attempt_op(&alice, 0);

	wrong.attempt.policy.max_invalid_attempts = 1;
	cr_expect_eq(try_op(&wrong), ATTEMPT_RESULT_WRONG);
	wrong.attempt.generation++;
	cr_expect_eq(try_op(&wrong), ATTEMPT_RESULT_LOCKED_OUT);
}

Test(attempt, a_user_who_is_gone_is_wrong)
{
	struct user_record alice = registered_user("alice", APP_COMPLETED);
	struct store_op gone = change_op(STORE_DELETE_USER, "alice"), right = attempt_op(&alice, STEP);

	cr_assert_eq(commit_one(contract_store, &gone), SFMFA_OK);
	cr_expect_eq(try_op(&right), ATTEMPT_RESULT_WRONG);
	struct user_record anew = registered_user("alice", APP_COMPLETED);
	cr_expect_neq(anew.id, alice.id, "an id is never used again");
	cr_expect_eq(anew.generation, alice.generation);
	cr_expect_eq(try_op(&right), ATTEMPT_RESULT_WRONG);
}

Test(attempt, a_code_without_an_app_is_wrong_and_counted)
{
	struct store_op make = change_op(STORE_ENSURE_USER, "bob");

	cr_assert_eq(commit_one(contract_store, &make), SFMFA_OK);
	struct user_record bob = read_user(contract_store, "bob");
	struct store_op attempt = attempt_op(&bob, STEP);
	cr_expect_eq(try_op(&attempt), ATTEMPT_RESULT_WRONG);
	cr_expect_eq(guard_of("bob", -1).failures, 1);
}

Test(attempt, a_pending_app_is_completed_only_where_that_is_asked_for)
{
	struct user_record alice = registered_user("alice", APP_PENDING);
	struct store_op plain = attempt_op(&alice, STEP), wrong = attempt_op(&alice, 0), completing;

	cr_expect_eq(try_op(&plain), ATTEMPT_RESULT_RIGHT);
	cr_expect(!plain.attempt.completed_now);
	wrong.attempt.complete_app = true;
	cr_expect_eq(try_op(&wrong), ATTEMPT_RESULT_WRONG);
	cr_expect_eq(read_user(contract_store, "alice").app.state, APP_PENDING);
	completing = attempt_op(&alice, STEP + 1);
	completing.attempt.complete_app = true;
	cr_expect_eq(try_op(&completing), ATTEMPT_RESULT_RIGHT);
	cr_expect(completing.attempt.completed_now);
	alice = read_user(contract_store, "alice");
	cr_expect_eq(alice.app.state, APP_COMPLETED);
	cr_expect_eq(alice.app.completed_at, NOW);
	completing = attempt_op(&alice, STEP + 2);
	completing.attempt.now_step++;
	completing.attempt.complete_app = true;
	cr_expect_eq(try_op(&completing), ATTEMPT_RESULT_RIGHT);
	cr_expect(!completing.attempt.completed_now, "once");
}

static struct store_op
code_attempt(const struct user_record *user, enum attempt_kind kind, unsigned char fill)
{
	struct store_op op = attempt_op(user, 0);

	op.attempt.kind = kind;
	memset(op.attempt.hash, fill, HASH_SIZE);
	return op;
}

Test(attempt, a_recovery_code_is_right_once)
{
	struct user_record alice = registered_user("alice", APP_COMPLETED),
			   bob = registered_user("bob", APP_COMPLETED);
	struct store_op first = code_attempt(&alice, ATTEMPT_KIND_RECOVERY, 4), again = first;
	struct store_op other = code_attempt(&bob, ATTEMPT_KIND_RECOVERY, 4);

	cr_expect_eq(alice.recovery_codes_left, 10);
	cr_expect_eq(try_op(&first), ATTEMPT_RESULT_RIGHT);
	cr_expect_eq(try_op(&again), ATTEMPT_RESULT_WRONG);
	cr_expect_eq(read_user(contract_store, "alice").recovery_codes_left, 9);
	cr_expect_eq(guard_of("alice", -1).failures, 1);
	cr_expect_eq(try_op(&other), ATTEMPT_RESULT_RIGHT, "another user's is another code");
}

Test(attempt, a_locked_out_recovery_code_is_not_spent)
{
	struct user_record alice = registered_user("alice", APP_COMPLETED);
	struct store_op wrong = attempt_op(&alice, 0), code = code_attempt(&alice, ATTEMPT_KIND_RECOVERY, 4);

	wrong.attempt.policy.max_invalid_attempts = 1;
	cr_expect_eq(try_op(&wrong), ATTEMPT_RESULT_WRONG);
	cr_expect_eq(try_op(&code), ATTEMPT_RESULT_LOCKED_OUT);
	cr_expect_eq(read_user(contract_store, "alice").recovery_codes_left, 10);
}

Test(attempt, a_temporary_code_is_right_until_its_time_and_again)
{
	struct user_record alice = registered_user("alice", APP_COMPLETED);
	struct store_op issue = change_op(STORE_TEMPORARY_NEW, "alice");
	struct store_op code = code_attempt(&alice, ATTEMPT_KIND_TEMPORARY, 9);
	struct store_op other = code_attempt(&alice, ATTEMPT_KIND_TEMPORARY, 8);

	memset(issue.change.hashes[0], 9, HASH_SIZE);
	issue.change.until = NOW + 3600;
	cr_assert_eq(commit_one(contract_store, &issue), SFMFA_OK);
	cr_expect_eq(read_user(contract_store, "alice").temporary_code_until, NOW + 3600);
	cr_expect_eq(try_op(&other), ATTEMPT_RESULT_WRONG);
	cr_expect_eq(try_op(&code), ATTEMPT_RESULT_RIGHT);
	code.attempt.now.wall += 3599;
	cr_expect_eq(try_op(&code), ATTEMPT_RESULT_RIGHT);
	code.attempt.now.wall++;
	cr_expect_eq(try_op(&code), ATTEMPT_RESULT_WRONG);
}

/* None lasts longer than a day: one that would was issued by a clock that has been set right since. */
Test(attempt, a_temporary_code_that_ends_in_more_than_a_day_is_wrong)
{
	struct user_record alice = registered_user("alice", APP_COMPLETED);
	struct store_op issue = change_op(STORE_TEMPORARY_NEW, "alice");
	struct store_op code = code_attempt(&alice, ATTEMPT_KIND_TEMPORARY, 9);

	memset(issue.change.hashes[0], 9, HASH_SIZE);
	issue.change.until = NOW + TEMPORARY_CODE_SECONDS_MAX;
	cr_assert_eq(commit_one(contract_store, &issue), SFMFA_OK);
	cr_expect_eq(try_op(&code), ATTEMPT_RESULT_RIGHT);
	code.attempt.now.wall--;
	cr_expect_eq(try_op(&code), ATTEMPT_RESULT_WRONG);
	code.attempt.now.wall = -INT64_MAX;
	cr_expect_eq(try_op(&code), ATTEMPT_RESULT_WRONG);
}

Test(attempt, a_token_is_right_until_it_is_revoked_and_then_not_counted)
{
	struct user_record alice = registered_user("alice", APP_COMPLETED);
	struct store_op make = token_op("alice", "mail", 7), revoke = change_op(STORE_TOKEN_REVOKE, "alice");
	struct token_record token;
	unsigned char hash[HASH_SIZE];

	memset(hash, 7, sizeof hash);
	cr_assert_eq(commit_one(contract_store, &make), SFMFA_OK);
	struct store_op use = token_attempt_op(&alice, make.change.token.id);
	use.attempt.from = "10.0.0.7";
	cr_expect_eq(try_op(&use), ATTEMPT_RESULT_RIGHT);
	cr_assert_eq(store_find_token(contract_store, alice.id, hash, &token, NULL), SFMFA_OK);
	cr_expect_eq(token.last_used_at, NOW);
	cr_expect_str_eq(token.last_used_from, "10.0.0.7");
	use.attempt.now.wall += 30;
	cr_expect_eq(try_op(&use), ATTEMPT_RESULT_RIGHT);
	cr_assert_eq(store_find_token(contract_store, alice.id, hash, &token, NULL), SFMFA_OK);
	cr_expect_eq(token.last_used_at, NOW, "not noted every time");
	use.attempt.from = "10.0.0.8";
	cr_expect_eq(try_op(&use), ATTEMPT_RESULT_RIGHT);
	cr_assert_eq(store_find_token(contract_store, alice.id, hash, &token, NULL), SFMFA_OK);
	cr_expect_eq(token.last_used_at, NOW + 30);
	revoke.change.name = "mail";
	cr_assert_eq(commit_one(contract_store, &revoke), SFMFA_OK);
	cr_expect_eq(revoke.change.number, 1);
	cr_expect_eq(try_op(&use), ATTEMPT_RESULT_EXPIRED, "found before it was revoked");
	cr_expect_eq(guard_of("alice", -1).failures, 0);
}

Test(attempt, a_token_of_another_user_is_wrong_and_counted)
{
	struct user_record bob = registered_user("bob", APP_COMPLETED);
	struct store_op make = token_op("alice", "mail", 7);

	(void)registered_user("alice", APP_COMPLETED);
	cr_assert_eq(commit_one(contract_store, &make), SFMFA_OK);
	struct store_op use = token_attempt_op(&bob, make.change.token.id);
	cr_expect_eq(try_op(&use), ATTEMPT_RESULT_WRONG);
	cr_expect_eq(guard_of("bob", -1).failures, 1);
}

Test(attempt, group_commit_mixes_results_and_each_stands_alone)
{
	struct user_record alice = registered_user("alice", APP_COMPLETED),
			   bob = registered_user("bob", APP_PENDING);
	struct store_op right = attempt_op(&alice, STEP), replay = attempt_op(&alice, STEP),
			wrong = attempt_op(&bob, 0);
	struct store_op missing = change_op(STORE_FREEZE, "nobody"),
			changed = register_op("bob", APP_PENDING);
	struct store_op exists = register_op("alice", APP_PENDING),
			made = change_op(STORE_ENSURE_USER, "carol");
	struct store_op *ops[] = { &right, &missing, &replay, &changed, &wrong, &exists, &made };

	exists.registration.generation = alice.generation;
	cr_assert_eq(store_commit(contract_store, ops, sizeof ops / sizeof *ops, NULL), SFMFA_OK);
	cr_expect_eq(right.attempt.result, ATTEMPT_RESULT_RIGHT);
	cr_expect_eq(replay.attempt.result, ATTEMPT_RESULT_REPLAYED);
	cr_expect_eq(wrong.attempt.result, ATTEMPT_RESULT_WRONG);
	cr_expect_eq(missing.err, SFMFA_ERR_NOT_FOUND);
	cr_expect_eq(changed.err, SFMFA_ERR_CHANGED);
	cr_expect_eq(exists.err, SFMFA_ERR_EXISTS);
	cr_expect_eq(made.err, SFMFA_OK);
	cr_expect_gt(read_user(contract_store, "carol").id, 0);
	cr_expect_eq(guard_of("bob", -1).failures, 1);
	cr_expect_eq(read_user(contract_store, "bob").generation, bob.generation);
}

Test(attempt, an_operation_that_fails_half_way_leaves_nothing_of_itself)
{
	struct user_record alice = registered_user("alice", APP_COMPLETED), bob;
	struct store_op right = attempt_op(&alice, STEP), torn = register_op("bob", APP_COMPLETED);
	struct store_op *ops[] = { &torn, &right };

	memcpy(torn.registration.recovery_hashes[9], torn.registration.recovery_hashes[0], HASH_SIZE);
	cr_assert_eq(store_commit(contract_store, ops, 2, NULL), SFMFA_OK);
	cr_expect_neq(torn.err, SFMFA_OK);
	cr_expect_eq(right.attempt.result, ATTEMPT_RESULT_RIGHT);
	cr_expect_eq(store_read_user(contract_store, "bob", -1, &bob, NULL), SFMFA_ERR_NOT_FOUND);
	cr_expect_neq(commit_one(contract_store, &torn), SFMFA_OK);
	cr_expect_eq(store_read_user(contract_store, "bob", -1, &bob, NULL), SFMFA_ERR_NOT_FOUND);
}

Test(attempt, results_of_an_earlier_run_do_not_survive)
{
	struct user_record alice = registered_user("alice", APP_COMPLETED);
	struct store_op op = attempt_op(&alice, 0);

	op.attempt.locked_now = op.attempt.completed_now = true;
	op.attempt.failed_before = 99;
	op.attempt.result = ATTEMPT_RESULT_RIGHT;
	cr_expect_eq(try_op(&op), ATTEMPT_RESULT_WRONG);
	cr_expect(!op.attempt.locked_now && !op.attempt.completed_now);
	cr_expect_eq(op.attempt.failed_before, 0);
}

Test(attempt, nothing_to_commit_is_fine)
{
	cr_expect_eq(store_commit(contract_store, NULL, 0, NULL), SFMFA_OK);
}
