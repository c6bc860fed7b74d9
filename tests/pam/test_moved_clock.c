/*
 * The wall clock of the host is set, back or ahead, under a running daemon and between two: no code is good twice, no
 * lock gets longer, and what cannot be decided is told as the clock (rules 4, "One use a time step" and "Lockout").
 */
#include <criterion/criterion.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "stage.h"

#define HOUR 3600
#define YEAR 31536000
#define STEP 30 /* seconds of a code; the clock of the stage stands in the middle of one */

static struct stage stage;
static struct talk talk;

static void
open_stage(void)
{
	stage_open(&stage, "");
	stage_forbid_once(&stage);
	cr_assert_eq(stage_sfmfa(&stage, "profile assign alice mfa"), 0);
	stage_register(&stage, &talk, "alice");
}

static void
close_stage(void)
{
	stage_close(&stage);
}

TestSuite(moved_clock, .init = open_stage, .fini = close_stage, .timeout = 120);

static const int64_t shifts[] = { 1, -1, HOUR, -HOUR, YEAR, -YEAR };
#define SHIFTS (sizeof(shifts) / sizeof(shifts[0]))

static int
answer(const char *text)
{
	return stage_login(&stage, &talk, "nopassword", "alice", "203.0.113.7", (const char *const[]){ text, NULL }).auth;
}

static void
set_clock(int64_t seconds, bool restart)
{
	if (restart)
		stage_daemon_stop(&stage, SIGTERM);
	*stage.clock += seconds;
	if (restart)
		stage_daemon_start(&stage);
}

/* What a right code of now is answered with, when the last one was taken so long ago. */
static void
assert_code_of_now(int64_t since, const char *when)
{
	int code = answer("{code}");

	if (since >= STEP) {
		cr_assert_eq(code, PAM_SUCCESS, "%+lld s, %s", (long long)since, when);
	} else if (since > -STEP) {
		cr_assert_eq(code, PAM_AUTH_ERR, "%+lld s, %s", (long long)since, when);
		cr_assert(stage_decided(&stage, "alice", "reason=factor-replayed"));
	} else {
		cr_assert_eq(code, PAM_AUTHINFO_UNAVAIL, "%+lld s, %s", (long long)since, when);
		cr_assert(stage_decided(&stage, "alice", "reason=clock"));
	}
}

static void
move(int64_t shift, bool restart)
{
	char used[16];

	stage_wait(&stage, 10 * STEP);
	talk.now = *stage.clock;
	cr_assert(talk_code(&talk, 0, used));
	cr_assert_eq(answer("{code}"), PAM_SUCCESS);
	set_clock(shift, restart);
	cr_assert_neq(answer(used), PAM_SUCCESS, "%+lld s: a code was good twice", (long long)shift);
	assert_code_of_now(shift, "set");
	set_clock(-shift, restart);
	cr_assert_neq(answer(used), PAM_SUCCESS, "%+lld s and back: a code was good twice", (long long)shift);
	stage_wait(&stage, 2 * STEP);
	assert_code_of_now(shift > STEP ? 2 * STEP - shift : 2 * STEP, "and back");
	/* Nobody is kept out for a year by a clock that was a year ahead: root says so. */
	cr_assert_eq(stage_sfmfa(&stage, "user unlock alice"), 0);
	stage_wait(&stage, 2 * STEP);
	cr_assert_eq(answer("{code}"), PAM_SUCCESS, "%+lld s", (long long)shift);
}

Test(moved_clock, under_a_running_daemon_makes_no_code_good_twice)
{
	for (size_t i = 0; i < SHIFTS; i++)
		move(shifts[i], false);
}

Test(moved_clock, between_two_daemons_makes_no_code_good_twice)
{
	for (size_t i = 0; i < SHIFTS; i++)
		move(shifts[i], true);
}

/* The clock of the boot, which nobody sets, says that no quarter of an hour has passed. */
static void
lock(int64_t shift, bool restart)
{
	bool ahead = shift > 15 * 60;

	stage_wait(&stage, 2 * STEP);
	for (int i = 0; i < 10; i++)
		cr_assert_eq(answer("000000"), PAM_AUTH_ERR);
	cr_assert_neq(answer("{code}"), PAM_SUCCESS);
	cr_assert(stage_decided(&stage, "alice", "reason=locked-out"));
	set_clock(shift, restart);
	cr_assert_eq(answer("{code}") == PAM_SUCCESS, ahead, "%+lld s: a clock may end a lock, and only that",
		     (long long)shift);
	cr_assert(stage_decided(&stage, "alice", ahead ? "reason=ok" : "reason=locked-out"));
	set_clock(-shift, restart);
	cr_assert_eq(stage_sfmfa(&stage, "user unlock alice"), 0);
	stage_wait(&stage, 2 * STEP);
	cr_assert_eq(answer("{code}"), PAM_SUCCESS, "%+lld s and back", (long long)shift);
}

Test(moved_clock, makes_no_lock_longer)
{
	for (size_t i = 0; i < SHIFTS; i++) {
		lock(shifts[i], false);
		lock(shifts[i], true);
	}
}
