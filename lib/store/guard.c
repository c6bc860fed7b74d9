/* The arithmetic of guards: pure, no clock and no store (rules 4, "Lockout"). */
#include <string.h>

#include "store/store.h"

/* What a time step admits without being a lock: answers compared if there is no maximum, near misses. */
#define COMPARED_PER_STEP 5
#define NEAR_PER_STEP     5

#define LOCK_SECONDS_MAX (24 * 60 * 60)

/* now - then; clocks that lie far apart saturate rather than wrap. */
static int64_t
elapsed(int64_t now, int64_t then)
{
	int64_t seconds;

	if (__builtin_sub_overflow(now, then, &seconds))
		return now > then ? INT64_MAX : INT64_MIN;
	return seconds;
}

/*
 * A clock can only ever end a lock. In the boot in which it began, the boot clock is true and the wall
 * clock may end it earlier (it was set ahead: nobody shall wait for a correction); set back, the wall
 * clock says nothing, and the boot clock alone still ends the lock on time. In another boot there is
 * the wall clock only: earlier than the beginning of the lock it cannot be trusted to end it ever, so the
 * lock is void. A boot clock that went back within one boot (a time namespace) says nothing either.
 */
bool
guard_is_locked(const struct guard *guard, const struct moment *now)
{
	int64_t wall, boot;

	if (guard->locked_at.wall == 0)
		return false;
	if (guard->lock_seconds == 0)
		return true;
	wall = elapsed(now->wall, guard->locked_at.wall);
	boot = elapsed(now->boot, guard->locked_at.boot);
	if (wall >= guard->lock_seconds)
		return false;
	if (strncmp(now->boot_id, guard->locked_at.boot_id, BOOT_ID_SIZE) != 0 || boot < 0)
		return wall >= 0;
	return boot < guard->lock_seconds;
}

static enum attempt_result
judge_totp(const struct guard *guard, const struct store_attempt *attempt, bool right)
{
	int64_t window = attempt->window;

	if (!right)
		return ATTEMPT_RESULT_WRONG;
	/* Nothing inside the window could be above it: no guess can succeed, so there is nothing to count. */
	if (guard->last_step > attempt->now_step + window + 1)
		return ATTEMPT_RESULT_CLOCK;
	if (attempt->step > guard->last_step && attempt->step <= attempt->now_step + window)
		return ATTEMPT_RESULT_RIGHT;
	if (attempt->step != 0 && attempt->step <= guard->last_step)
		return ATTEMPT_RESULT_REPLAYED;
	if (attempt->equals_step != 0 && attempt->equals_step <= guard->last_step)
		return ATTEMPT_RESULT_REPLAYED;
	return ATTEMPT_RESULT_WRONG;
}

static enum attempt_result
judge_token(const struct store_attempt *attempt, bool right)
{
	if (attempt->token_id == 0)
		return ATTEMPT_RESULT_WRONG;
	/*
	 * It was this user's, and is not in force any more: a program that kept it must not lock its
	 * owner out.
	 */
	if (!right)
		return ATTEMPT_RESULT_EXPIRED;
	switch (attempt->token_result) {
	case ATTEMPT_RESULT_RIGHT:
	case ATTEMPT_RESULT_EXPIRED:
	case ATTEMPT_RESULT_OUT_OF_SCOPE: return attempt->token_result;
	case ATTEMPT_RESULT_LOCKED_OUT:
	case ATTEMPT_RESULT_WRONG:
	case ATTEMPT_RESULT_REPLAYED:
	case ATTEMPT_RESULT_CLOCK: break;
	}
	return ATTEMPT_RESULT_WRONG;
}

/* What the answer is, were it admitted. */
static enum attempt_result
judge(const struct guard *guard, const struct store_attempt *attempt, bool right)
{
	switch (attempt->kind) {
	case ATTEMPT_KIND_TOTP: return judge_totp(guard, attempt, right);
	case ATTEMPT_KIND_TOKEN: return judge_token(attempt, right);
	case ATTEMPT_KIND_RECOVERY:
	case ATTEMPT_KIND_TEMPORARY: return right ? ATTEMPT_RESULT_RIGHT : ATTEMPT_RESULT_WRONG;
	case ATTEMPT_KIND_UNACCEPTABLE: break;
	}
	return ATTEMPT_RESULT_WRONG;
}

/* The counters of a time step belong to now. Any other step than theirs is a new one: clocks go back too. */
static void
enter_step(struct guard *guard, int64_t step)
{
	if (guard->busy_step == step)
		return;
	guard->busy_step = step;
	guard->compared = 0;
	guard->near_misses = 0;
}

static void
clear_lock(struct guard *guard)
{
	memset(&guard->locked_at, 0, sizeof guard->locked_at);
	guard->lock_seconds = 0;
}

static void
begin_lock(struct guard *guard, const struct store_attempt *attempt)
{
	int64_t length = attempt->policy.lock_seconds;

	for (int64_t doubled = 0; doubled < guard->lock_count && length > 0 && length < LOCK_SECONDS_MAX;
	     doubled++)
		length *= 2;
	guard->locked_at = attempt->now;
	if (guard->locked_at.wall == 0)
		guard->locked_at.wall = 1; /* zero says "not locked" */
	guard->lock_seconds = length < LOCK_SECONDS_MAX ? length : LOCK_SECONDS_MAX;
	guard->lock_count++;
	guard->failures = 0;
}

/* Counts one answer; true if it was one too many. */
static bool
count_failure(struct guard *guard, const struct store_attempt *attempt)
{
	clear_lock(guard); /* one that has lapsed */
	guard->failures++;
	guard->failed_since_success++;
	guard->last_failed_at = attempt->now.wall;
	if (attempt->policy.max_invalid_attempts <= 0 ||
	    guard->failures < attempt->policy.max_invalid_attempts)
		return false;
	begin_lock(guard, attempt);
	return true;
}

static void
succeed(struct guard *guard, const struct store_attempt *attempt)
{
	clear_lock(guard);
	guard->failures = 0;
	guard->lock_count = 0;
	if (attempt->kind == ATTEMPT_KIND_TOTP)
		guard->last_step = attempt->step;
	/* Told at the next UI login; a token never makes one. */
	if (attempt->kind != ATTEMPT_KIND_TOKEN)
		guard->failed_since_success = 0;
}

/* A wrong answer that was admitted. */
static bool
fail(struct guard *guard, const struct store_attempt *attempt, bool right)
{
	bool near = attempt->kind == ATTEMPT_KIND_TOTP && right && attempt->near_step != 0;

	enter_step(guard, attempt->now_step);
	if (attempt->policy.max_invalid_attempts <= 0)
		guard->compared++;
	if (near && guard->near_misses < NEAR_PER_STEP) {
		guard->near_misses++;
		return false;
	}
	return count_failure(guard, attempt);
}

enum attempt_result
guard_attempt(struct guard *guard, const struct store_attempt *attempt, bool right, bool *ret_locked_now)
{
	enum attempt_result result;
	bool counts;

	*ret_locked_now = false;
	if (guard_is_locked(guard, &attempt->now))
		return ATTEMPT_RESULT_LOCKED_OUT;
	result = judge(guard, attempt, right);
	counts = result == ATTEMPT_RESULT_WRONG || result == ATTEMPT_RESULT_RIGHT;
	/*
	 * Without a maximum, five wrong answers are the most that a time step compares; right ones and
	 * replays use up none.
	 */
	if (attempt->policy.max_invalid_attempts <= 0 && guard->busy_step == attempt->now_step &&
	    guard->compared >= COMPARED_PER_STEP) {
		if (counts)
			*ret_locked_now = count_failure(guard, attempt);
		return ATTEMPT_RESULT_LOCKED_OUT;
	}
	if (result == ATTEMPT_RESULT_RIGHT)
		succeed(guard, attempt);
	else if (counts)
		*ret_locked_now = fail(guard, attempt, right);
	return result;
}
