/* The arithmetic of guards (rules 4, "Lockout"). */
#include <criterion/criterion.h>
#include <string.h>

#include "store/store.h"

#define NOW  INT64_C(1700000000)
#define STEP (NOW / 30)

static struct store_attempt
attempt(enum attempt_kind kind, int64_t max)
{
	struct store_attempt made;

	memset(&made, 0, sizeof made);
	made.kind = kind;
	made.policy = (struct attempt_policy){ max, 900 };
	made.now = (struct moment){ NOW, 5000, "boot-a" };
	made.now_step = STEP;
	made.window = 1;
	return made;
}

static struct store_attempt
totp(int64_t step, int64_t max)
{
	struct store_attempt made = attempt(ATTEMPT_KIND_TOTP, max);

	made.step = step;
	return made;
}

static struct guard
zero(void)
{
	struct guard guard;

	memset(&guard, 0, sizeof guard);
	return guard;
}

static enum attempt_result
answer(struct guard *guard, const struct store_attempt *made)
{
	bool locked_now;

	return guard_attempt(guard, made, true, &locked_now);
}

static void
expect_unchanged(const struct guard *before, const struct guard *after)
{
	cr_expect_eq(memcmp(before, after, sizeof *before), 0);
}

Test(guard, a_right_code_sets_the_last_step_and_clears_what_was_counted)
{
	struct guard guard = zero();
	struct store_attempt made = totp(STEP, 10);

	guard.failures = 7;
	guard.lock_count = 3;
	guard.failed_since_success = 12;
	cr_expect_eq(answer(&guard, &made), ATTEMPT_RESULT_RIGHT);
	cr_expect_eq(guard.last_step, STEP);
	cr_expect_eq(guard.failures, 0);
	cr_expect_eq(guard.lock_count, 0);
	cr_expect_eq(guard.failed_since_success, 0);
}

Test(guard, a_step_is_accepted_once_and_none_below_it)
{
	for (int64_t first = -1; first <= 1; first++) {
		for (int64_t second = -1; second <= 1; second++) {
			struct guard guard = zero();
			struct store_attempt one = totp(STEP + first, 10), two = totp(STEP + second, 10);

			cr_expect_eq(answer(&guard, &one), ATTEMPT_RESULT_RIGHT);
			cr_expect_eq(answer(&guard, &two),
				     second > first ? ATTEMPT_RESULT_RIGHT : ATTEMPT_RESULT_REPLAYED);
		}
	}
}

Test(guard, a_replay_is_not_counted_however_old)
{
	struct guard guard = zero(), before;
	struct store_attempt made = totp(0, 10);

	guard.last_step = STEP - 100000;
	guard.failures = 4;
	before = guard;
	made.equals_step = STEP - 100000;
	for (int at = 0; at < 100; at++)
		cr_expect_eq(answer(&guard, &made), ATTEMPT_RESULT_REPLAYED);
	expect_unchanged(&before, &guard);
}

Test(guard, a_fresh_step_wins_over_an_equal_old_code)
{
	struct guard guard = zero();
	struct store_attempt made = totp(STEP, 10);

	guard.last_step = STEP - 1;
	made.equals_step = STEP - 1;
	cr_expect_eq(answer(&guard, &made), ATTEMPT_RESULT_RIGHT);
}

Test(guard, a_step_claimed_beyond_the_window_is_wrong)
{
	struct guard guard = zero();
	struct store_attempt made = totp(STEP + 2, 10);

	cr_expect_eq(answer(&guard, &made), ATTEMPT_RESULT_WRONG);
	cr_expect_eq(guard.last_step, 0);
	cr_expect_eq(guard.failures, 1);
}

Test(guard, a_last_step_in_the_future_is_told_as_the_clock_and_not_counted)
{
	struct store_attempt made = totp(0, 3);
	struct guard guard = zero(), before;

	guard.last_step = STEP + 2;
	cr_expect_eq(answer(&guard, &made), ATTEMPT_RESULT_WRONG, "one step of the clock is no fault of it");
	guard = zero();
	guard.last_step = STEP + 3;
	before = guard;
	made.step = STEP;
	for (int at = 0; at < 10; at++)
		cr_expect_eq(answer(&guard, &made), ATTEMPT_RESULT_CLOCK);
	expect_unchanged(&before, &guard);
}

Test(guard, five_near_misses_a_step_are_free)
{
	struct guard guard = zero();
	struct store_attempt made = totp(0, 10);

	made.near_step = STEP + 5;
	for (int at = 0; at < 5; at++)
		cr_expect_eq(answer(&guard, &made), ATTEMPT_RESULT_WRONG);
	cr_expect_eq(guard.failures, 0);
	cr_expect_eq(answer(&guard, &made), ATTEMPT_RESULT_WRONG);
	cr_expect_eq(guard.failures, 1);
	made.now_step++;
	cr_expect_eq(answer(&guard, &made), ATTEMPT_RESULT_WRONG);
	cr_expect_eq(guard.failures, 1, "a new step has five of its own");
}

Test(guard, every_maximum_locks_at_its_last_wrong_answer_and_not_before)
{
	static const int64_t maxima[] = { 1, 3, 5, 10 };

	for (size_t at = 0; at < sizeof maxima / sizeof *maxima; at++) {
		struct guard guard = zero();
		struct store_attempt made = totp(0, maxima[at]);

		for (int64_t count = 1; count <= maxima[at]; count++) {
			bool locked_now = false;

			cr_expect_eq(guard_attempt(&guard, &made, true, &locked_now), ATTEMPT_RESULT_WRONG);
			cr_expect_eq(locked_now, count == maxima[at]);
			cr_expect_eq(guard_is_locked(&guard, &made.now), count == maxima[at]);
		}
		cr_expect_eq(guard.failures, 0);
		cr_expect_eq(guard.failed_since_success, maxima[at]);
		cr_expect_eq(guard.last_failed_at, NOW);
	}
}

Test(guard, a_locked_guard_refuses_the_right_answer_and_does_not_change)
{
	struct guard guard = zero(), before;
	struct store_attempt wrong = totp(0, 3), right = totp(STEP, 3);

	for (int at = 0; at < 3; at++)
		cr_expect_eq(answer(&guard, &wrong), ATTEMPT_RESULT_WRONG);
	before = guard;
	right.now.wall += 899;
	right.now.boot += 899;
	cr_expect_eq(answer(&guard, &right), ATTEMPT_RESULT_LOCKED_OUT);
	cr_expect_eq(answer(&guard, &wrong), ATTEMPT_RESULT_LOCKED_OUT);
	expect_unchanged(&before, &guard);
	right.now.wall++;
	right.now.boot++;
	cr_expect_eq(answer(&guard, &right), ATTEMPT_RESULT_RIGHT);
	cr_expect_eq(guard.locked_at.wall, 0);
}

Test(guard, two_hundred_wrong_answers_with_ten_are_ten_counted_and_the_rest_locked_out)
{
	struct guard guard = zero();
	struct store_attempt wrong = totp(0, 10);
	int counted = 0, locked = 0;

	for (int at = 0; at < 200; at++) {
		enum attempt_result result = answer(&guard, &wrong);

		counted += result == ATTEMPT_RESULT_WRONG;
		locked += result == ATTEMPT_RESULT_LOCKED_OUT;
	}
	cr_expect_eq(counted, 10);
	cr_expect_eq(locked, 190);
	cr_expect_eq(guard.failed_since_success, 10);
}

Test(guard, two_hundred_wrong_answers_without_a_maximum_are_counted_and_five_compared)
{
	struct guard guard = zero();
	struct store_attempt wrong = totp(0, 0), right = totp(STEP, 0);
	int compared = 0;

	for (int at = 0; at < 200; at++)
		compared += answer(&guard, &wrong) == ATTEMPT_RESULT_WRONG;
	cr_expect_eq(compared, 5);
	cr_expect_eq(guard.failures, 200);
	cr_expect_eq(guard.failed_since_success, 200);
	cr_expect_eq(answer(&guard, &right), ATTEMPT_RESULT_LOCKED_OUT);
	cr_expect_eq(guard.failures, 201);
	cr_expect(!guard_is_locked(&guard, &right.now));
	right.now_step++;
	cr_expect_eq(answer(&guard, &right), ATTEMPT_RESULT_RIGHT);
}

Test(guard, without_a_maximum_replays_and_right_tokens_use_up_none_of_the_five)
{
	struct guard guard = zero();
	struct store_attempt replay = totp(STEP, 0), token = attempt(ATTEMPT_KIND_TOKEN, 0),
			     wrong = totp(0, 0);

	guard.last_step = STEP;
	token.token_id = 1;
	token.token_result = ATTEMPT_RESULT_RIGHT;
	for (int at = 0; at < 50; at++) {
		cr_expect_eq(answer(&guard, &replay), ATTEMPT_RESULT_REPLAYED);
		cr_expect_eq(answer(&guard, &token), ATTEMPT_RESULT_RIGHT);
	}
	for (int at = 0; at < 5; at++)
		cr_expect_eq(answer(&guard, &wrong), ATTEMPT_RESULT_WRONG);
	cr_expect_eq(answer(&guard, &wrong), ATTEMPT_RESULT_LOCKED_OUT);
	cr_expect_eq(answer(&guard, &replay), ATTEMPT_RESULT_LOCKED_OUT, "what it was is not told any more");
	cr_expect_eq(guard.failures, 6, "and it is still no failure");
}

Test(guard, near_misses_without_a_maximum_are_compared_too)
{
	struct guard guard = zero();
	struct store_attempt made = totp(0, 0);

	made.near_step = STEP - 4;
	for (int at = 0; at < 5; at++)
		cr_expect_eq(answer(&guard, &made), ATTEMPT_RESULT_WRONG);
	cr_expect_eq(guard.failures, 0);
	cr_expect_eq(answer(&guard, &made), ATTEMPT_RESULT_LOCKED_OUT);
}

Test(guard, every_further_lock_doubles_to_a_day_and_a_success_starts_over)
{
	static const int64_t lengths[] = { 900, 1800, 3600, 7200, 14400, 28800, 57600, 86400, 86400, 86400 };
	struct guard guard = zero();
	struct store_attempt made = totp(0, 3), right = totp(0, 3);

	for (size_t at = 0; at < sizeof lengths / sizeof *lengths; at++) {
		for (int count = 0; count < 3; count++)
			cr_expect_eq(answer(&guard, &made), ATTEMPT_RESULT_WRONG);
		cr_expect_eq(guard.lock_seconds, lengths[at]);
		made.now.wall += lengths[at];
		made.now.boot += lengths[at];
		made.now_step += lengths[at] / 30;
	}
	right.now = made.now;
	right.now_step = right.step = made.now_step;
	cr_expect_eq(answer(&guard, &right), ATTEMPT_RESULT_RIGHT);
	for (int count = 0; count < 3; count++)
		cr_expect_eq(answer(&guard, &made), ATTEMPT_RESULT_WRONG);
	cr_expect_eq(guard.lock_seconds, 900);
}

Test(guard, a_huge_lock_count_or_length_does_not_overflow)
{
	struct guard guard = zero();
	struct store_attempt made = totp(0, 1);

	guard.lock_count = INT64_MAX - 1;
	cr_expect_eq(answer(&guard, &made), ATTEMPT_RESULT_WRONG);
	cr_expect_eq(guard.lock_seconds, 86400);
	guard = zero();
	made.policy.lock_seconds = INT64_MAX;
	cr_expect_eq(answer(&guard, &made), ATTEMPT_RESULT_WRONG);
	cr_expect_eq(guard.lock_seconds, 86400);
}

Test(guard, a_length_of_zero_holds_until_unlocked)
{
	struct guard guard = zero();
	struct store_attempt made = totp(0, 1);

	made.policy.lock_seconds = 0;
	cr_expect_eq(answer(&guard, &made), ATTEMPT_RESULT_WRONG);
	made.now = (struct moment){ INT64_MAX, INT64_MAX, "boot-z" };
	cr_expect(guard_is_locked(&guard, &made.now));
	made.now = (struct moment){ 0, 0, "boot-a" };
	cr_expect(guard_is_locked(&guard, &made.now));
}

Test(guard, a_lock_begun_at_the_epoch_is_a_lock)
{
	struct guard guard = zero();
	struct store_attempt made = totp(0, 1);

	made.now = (struct moment){ 0, 10, "boot-a" };
	cr_expect_eq(answer(&guard, &made), ATTEMPT_RESULT_WRONG);
	cr_expect(guard_is_locked(&guard, &made.now));
}

/* Every pair of clocks, in the boot of the lock and in another one. */
Test(guard, a_lock_holds_only_while_no_clock_says_it_is_over)
{
	static const int64_t walls[] = { -1000000, -1, 0, 1, 899, 900, 1000000 };
	static const int64_t boots[] = { 0, 1, 899, 900, 1000000 };
	struct guard guard = zero();

	guard.locked_at = (struct moment){ NOW, 5000, "boot-a" };
	guard.lock_seconds = 900;
	for (size_t wall = 0; wall < sizeof walls / sizeof *walls; wall++) {
		for (size_t boot = 0; boot < sizeof boots / sizeof *boots; boot++) {
			struct moment same = { NOW + walls[wall], 5000 + boots[boot], "boot-a" };
			struct moment other = { NOW + walls[wall], boots[boot], "boot-b" };

			cr_expect_eq(guard_is_locked(&guard, &same), walls[wall] < 900 && boots[boot] < 900,
				     "same boot, wall %+ld, boot %+ld", (long)walls[wall], (long)boots[boot]);
			cr_expect_eq(guard_is_locked(&guard, &other), walls[wall] >= 0 && walls[wall] < 900,
				     "other boot, wall %+ld", (long)walls[wall]);
		}
	}
}

Test(guard, a_boot_clock_that_went_back_leaves_it_to_the_wall_clock)
{
	struct guard guard = zero();
	struct moment now = { NOW + 10, 1, "boot-a" };

	guard.locked_at = (struct moment){ NOW, 5000, "boot-a" };
	guard.lock_seconds = 900;
	cr_expect(guard_is_locked(&guard, &now));
	now.wall = NOW - 10;
	cr_expect(!guard_is_locked(&guard, &now));
}

Test(guard, clocks_at_the_ends_of_their_range_do_not_overflow)
{
	struct guard guard = zero();
	struct moment now = { INT64_MIN, INT64_MIN, "boot-a" };

	guard.locked_at = (struct moment){ INT64_MAX, INT64_MAX, "boot-a" };
	guard.lock_seconds = 900;
	cr_expect(!guard_is_locked(&guard, &now));
	guard.locked_at = (struct moment){ INT64_MIN, INT64_MIN, "boot-a" };
	now = (struct moment){ INT64_MAX, INT64_MAX, "boot-a" };
	cr_expect(!guard_is_locked(&guard, &now));
}

Test(guard, a_token_that_was_this_users_is_never_counted)
{
	static const enum attempt_result results[] = { ATTEMPT_RESULT_EXPIRED, ATTEMPT_RESULT_OUT_OF_SCOPE };
	struct guard guard = zero(), before = zero();
	struct store_attempt made = attempt(ATTEMPT_KIND_TOKEN, 3);
	bool locked_now;

	made.token_id = 7;
	for (size_t at = 0; at < 2; at++) {
		made.token_result = results[at];
		for (int count = 0; count < 20; count++)
			cr_expect_eq(answer(&guard, &made), results[at]);
	}
	made.token_result = ATTEMPT_RESULT_RIGHT;
	cr_expect_eq(guard_attempt(&guard, &made, false, &locked_now), ATTEMPT_RESULT_EXPIRED,
		     "revoked meanwhile");
	expect_unchanged(&before, &guard);
}

Test(guard, a_token_of_nobody_or_without_a_result_is_wrong_and_counted)
{
	struct guard guard = zero();
	struct store_attempt made = attempt(ATTEMPT_KIND_TOKEN, 10);

	made.token_result = ATTEMPT_RESULT_RIGHT;
	cr_expect_eq(answer(&guard, &made), ATTEMPT_RESULT_WRONG);
	made.token_id = 7;
	made.token_result = ATTEMPT_RESULT_LOCKED_OUT;
	cr_expect_eq(answer(&guard, &made), ATTEMPT_RESULT_WRONG);
	cr_expect_eq(guard.failures, 2);
}

Test(guard, a_right_token_leaves_the_number_that_the_next_ui_login_tells)
{
	struct guard guard = zero();
	struct store_attempt made = attempt(ATTEMPT_KIND_TOKEN, 10);

	guard.failures = 2;
	guard.failed_since_success = 2;
	made.token_id = 7;
	made.token_result = ATTEMPT_RESULT_RIGHT;
	cr_expect_eq(answer(&guard, &made), ATTEMPT_RESULT_RIGHT);
	cr_expect_eq(guard.failures, 0);
	cr_expect_eq(guard.failed_since_success, 2);
}

Test(guard, a_condition_that_does_not_hold_is_wrong_for_every_kind_that_has_one)
{
	static const enum attempt_kind kinds[] = { ATTEMPT_KIND_TOTP, ATTEMPT_KIND_RECOVERY,
						   ATTEMPT_KIND_TEMPORARY, ATTEMPT_KIND_UNACCEPTABLE };

	for (size_t at = 0; at < sizeof kinds / sizeof *kinds; at++) {
		struct guard guard = zero();
		struct store_attempt made = attempt(kinds[at], 10);
		bool locked_now;

		made.step = STEP;
		cr_expect_eq(guard_attempt(&guard, &made, false, &locked_now), ATTEMPT_RESULT_WRONG);
		cr_expect_eq(guard.failures, 1);
		cr_expect_eq(guard.last_step, 0);
	}
}

Test(guard, an_unacceptable_kind_is_wrong_even_if_right)
{
	struct guard guard = zero();
	struct store_attempt made = attempt(ATTEMPT_KIND_UNACCEPTABLE, 10);

	made.step = STEP;
	cr_expect_eq(answer(&guard, &made), ATTEMPT_RESULT_WRONG);
	cr_expect_eq(guard.failures, 1);
}

Test(guard, a_recovery_code_leaves_the_last_step)
{
	struct guard guard = zero();
	struct store_attempt made = attempt(ATTEMPT_KIND_RECOVERY, 10);

	guard.last_step = STEP;
	guard.failed_since_success = 3;
	cr_expect_eq(answer(&guard, &made), ATTEMPT_RESULT_RIGHT);
	cr_expect_eq(guard.last_step, STEP);
	cr_expect_eq(guard.failed_since_success, 0);
}

Test(guard, an_attempt_of_zeroes_is_never_right)
{
	struct guard guard = zero();
	struct store_attempt made;
	bool locked_now;

	memset(&made, 0, sizeof made);
	cr_expect_neq(guard_attempt(&guard, &made, false, &locked_now), ATTEMPT_RESULT_RIGHT);
	cr_expect_neq(guard_attempt(&guard, &made, true, &locked_now), ATTEMPT_RESULT_RIGHT);
}
