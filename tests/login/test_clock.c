/* A clock that is wrong, and right again: what it did meanwhile locks nobody out and lets nobody in. */
#include <stdio.h>
#include <string.h>

#include "auth/command.h"
#include "fixture.h"

#define YEAR   INT64_C(31536000)
#define MINUTE INT64_C(60)

static struct fixture f;
static struct secret shared;
static struct moment at; /* both clocks, each on its own */

static enum sfmfa_err
tell(void *data, struct moment *ret_now)
{
	*ret_now = at;
	return SFMFA_OK;
}

/* Codes are those of a phone whose clock shows what this one does. */
static void
set_wall(int64_t seconds)
{
	at.wall = seconds;
	f.now = seconds;
}

static void
pass(int64_t seconds)
{
	set_wall(at.wall + seconds);
	at.boot += seconds;
}

static void
start(void)
{
	fixture_start(&f, "\"mfa-ui-logins\", \"api-enabled\"", "");
	f.env.clock = (struct clock){ .now = tell };
	at = (struct moment){ .wall = FIXTURE_NOW, .boot = 5000, .boot_id = "boot-one" };
	fixture_enrol(&f, "alice", APP_COMPLETED, &shared);
}

static void
finish(void)
{
	fixture_finish(&f);
}

TestSuite(clock, .init = start, .fini = finish);

/* Who is locked out is asked nothing. */
static struct login_result
answer(const char *code)
{
	struct login_request request = fixture_request("alice", "login");
	struct login *login = fixture_login(&f, &f.root, &request);
	enum turn turn;

	f.event_count = 0;
	turn = fixture_step(&f, login, INPUT_NONE, NULL);
	if (turn == TURN_ASK)
		turn = fixture_step(&f, login, INPUT_ANSWER, code);
	cr_assert_eq(turn, TURN_DONE);
	struct login_result result = *login_result(login);
	login_destroy(login);
	return result;
}

/* A login with the code that is right now, or with one that never is. */
static struct login_result
log_in(bool right)
{
	char code[16], other[16];

	fixture_code(&f, &shared, 0, code);
	if (!right) {
		fixture_code(&f, &shared, 100, other);
		cr_assert_str_neq(code, other);
		memcpy(code, other, sizeof(code));
	}
	return answer(code);
}

static void
lock_out(void)
{
	for (int i = 0; i < 10; i++)
		log_in(false);
	log_in(true);
	cr_assert_eq(fixture_event(&f)->reason, REASON_LOCKED_OUT);
}

static void
reboot(void)
{
	at.boot = 10;
	snprintf(at.boot_id, sizeof(at.boot_id), "boot-two");
}

/* user unlock by root, with or without clock=1; gives back what it says of the clock. */
static int64_t
unlock(bool clock)
{
	struct command_request request = { .verb = VERB_USER_UNLOCK, .has_subject = true };
	struct command *command = NULL;
	const struct fields *reply;
	const char *sentence;
	int64_t cleared = -1;
	enum turn turn;

	request.subject = fixture_request("alice", "login").person;
	if (clock)
		cr_assert_eq(fields_add_text(&request.args, "clock", "1"), SFMFA_OK);
	cr_assert_eq(command_create(&f.env, &f.root, &request, &command), SFMFA_OK);
	for (turn = command_step(command, NULL); turn == TURN_WRITE; turn = command_step(command, NULL))
		fixture_commit(&f, command_op(command));
	cr_assert_eq(turn, TURN_DONE);
	cr_assert_eq(command_result(command, &sentence, &reply), COMMAND_DONE, "%s", sentence);
	cr_assert_eq(fields_get_number(reply, "clock", 0, 1, &cleared), SFMFA_OK);
	command_destroy(command);
	return cleared;
}

/* ---- the last time step ---------------------------------------------------------------------------- */

Test(clock, a_year_ahead_and_right_again_is_told_as_the_clock_until_root_unlocks)
{
	set_wall(FIXTURE_NOW + YEAR);
	struct login_result result = log_in(true);
	assert_allowed(&f, &result, FACTOR_TOTP, LEVEL_HIGH_ASSURANCE, REASON_OK);
	set_wall(FIXTURE_NOW);
	for (int i = 0; i < 20; i++) {
		pass(30);
		result = log_in(true);
		assert_denied(&f, &result, OUTCOME_UNAVAILABLE, REASON_CLOCK);
	}
	cr_assert_eq(fixture_record(&f, "alice").guard.failures, 0, "nothing was guessed");
	cr_assert_eq(unlock(true), 1);
	pass(30);
	result = log_in(true);
	assert_allowed(&f, &result, FACTOR_TOTP, LEVEL_HIGH_ASSURANCE, REASON_OK);
	result = log_in(true);
	assert_denied(&f, &result, OUTCOME_REFUSED, REASON_FACTOR_REPLAYED);
}

Test(clock, what_root_unlocks_without_a_word_of_the_clock_is_seen_all_the_same)
{
	set_wall(FIXTURE_NOW + YEAR);
	log_in(true);
	set_wall(FIXTURE_NOW);
	cr_assert_eq(unlock(false), 1);
	struct login_result result = log_in(true);
	assert_allowed(&f, &result, FACTOR_TOTP, LEVEL_HIGH_ASSURANCE, REASON_OK);
}

/* Cleared without need: the code of before would answer again. */
Test(clock, that_is_right_is_not_cleared_by_an_unlock)
{
	struct login_result result = log_in(true);
	assert_allowed(&f, &result, FACTOR_TOTP, LEVEL_HIGH_ASSURANCE, REASON_OK);
	cr_assert_eq(unlock(false), 0);
	result = log_in(true);
	assert_denied(&f, &result, OUTCOME_REFUSED, REASON_FACTOR_REPLAYED);
}

Test(clock, a_minute_ahead_is_waited_for_and_nothing_is_to_be_cleared)
{
	set_wall(FIXTURE_NOW + 30);
	struct login_result result = log_in(true);
	assert_allowed(&f, &result, FACTOR_TOTP, LEVEL_HIGH_ASSURANCE, REASON_OK);
	set_wall(FIXTURE_NOW);
	result = log_in(true);
	assert_denied(&f, &result, OUTCOME_REFUSED, REASON_FACTOR_REPLAYED);
	pass(60);
	result = log_in(true);
	assert_allowed(&f, &result, FACTOR_TOTP, LEVEL_HIGH_ASSURANCE, REASON_OK);
}

/* ---- locks ----------------------------------------------------------------------------------------- */

Test(clock, a_lock_of_a_year_ahead_does_not_outlast_its_length)
{
	set_wall(FIXTURE_NOW + YEAR);
	lock_out();
	set_wall(FIXTURE_NOW);
	log_in(true);
	cr_assert_eq(fixture_event(&f)->reason, REASON_LOCKED_OUT, "the boot clock says it holds");
	pass(15 * MINUTE - 1);
	log_in(true);
	cr_assert_eq(fixture_event(&f)->reason, REASON_LOCKED_OUT);
	pass(1);
	struct login_result result = log_in(true);
	assert_allowed(&f, &result, FACTOR_TOTP, LEVEL_HIGH_ASSURANCE, REASON_OK);
}

Test(clock, a_lock_of_a_year_ahead_is_void_in_another_boot)
{
	set_wall(FIXTURE_NOW + YEAR);
	lock_out();
	set_wall(FIXTURE_NOW);
	reboot();
	struct login_result result = log_in(true);
	assert_allowed(&f, &result, FACTOR_TOTP, LEVEL_HIGH_ASSURANCE, REASON_OK);
}

Test(clock, set_ahead_ends_a_lock_and_set_back_does_not_lengthen_it)
{
	lock_out();
	set_wall(FIXTURE_NOW - YEAR);
	log_in(true);
	cr_assert_eq(fixture_event(&f)->reason, REASON_LOCKED_OUT);
	pass(15 * MINUTE);
	struct login_result result = log_in(true);
	assert_allowed(&f, &result, FACTOR_TOTP, LEVEL_HIGH_ASSURANCE, REASON_OK);
	lock_out();
	set_wall(FIXTURE_NOW + YEAR);
	result = log_in(true);
	assert_allowed(&f, &result, FACTOR_TOTP, LEVEL_HIGH_ASSURANCE, REASON_OK);
}

Test(clock, a_lock_without_an_end_has_none_whatever_the_clock_says)
{
	fixture_finish(&f);
	fixture_start(&f, "\"mfa-ui-logins\"", "lockout = { minutes = 0; };\n");
	f.env.clock = (struct clock){ .now = tell };
	fixture_enrol(&f, "alice", APP_COMPLETED, &shared);
	lock_out();
	for (int i = -1; i < 2; i++) {
		set_wall(FIXTURE_NOW + i * YEAR);
		at.boot += YEAR;
		log_in(true);
		cr_assert_eq(fixture_event(&f)->reason, REASON_LOCKED_OUT);
	}
	set_wall(FIXTURE_NOW);
	unlock(false);
	cr_assert_eq(log_in(true).auth, OUTCOME_ALLOW);
}

/* ---- what lasts a while ---------------------------------------------------------------------------- */

Test(clock, a_temporary_code_of_a_year_ahead_does_not_last_a_year)
{
	char code[32];

	set_wall(FIXTURE_NOW + YEAR);
	fixture_temporary_code(&f, "alice", code);
	struct login_result result = answer(code);
	assert_allowed(&f, &result, FACTOR_TEMPORARY_CODE, LEVEL_HIGH_ASSURANCE, REASON_OK);
	set_wall(FIXTURE_NOW);
	pass(25 * 60 * MINUTE);
	result = answer(code);
	assert_denied(&f, &result, OUTCOME_REFUSED, REASON_FACTOR_WRONG);
}

/* As if there were none: it neither answers nor keeps anybody from registering. */
Test(clock, a_temporary_code_of_a_year_ahead_is_not_asked_for)
{
	struct login_request request = fixture_request("bob", "login");
	char code[32];

	set_wall(FIXTURE_NOW + YEAR);
	fixture_temporary_code(&f, "bob", code);
	for (int right = 0; right < 2; right++) {
		struct login *login = fixture_login(&f, &f.root, &request);
		cr_assert_eq(fixture_step(&f, login, INPUT_NONE, NULL), TURN_ASK);
		bool asked = strcmp(login_ask(login)->prompt, "Temporary code: ") == 0;
		cr_assert_eq(asked, right == 0, "%s", login_ask(login)->prompt);
		login_destroy(login);
		set_wall(FIXTURE_NOW);
	}
}

/* ---- the ends of time ------------------------------------------------------------------------------ */

Test(clock, at_the_epoch_no_code_answers_and_every_lock_ends)
{
	set_wall(0);
	for (int i = 0; i < 10; i++) {
		struct login_result result = log_in(true);
		cr_assert_neq(result.auth, OUTCOME_ALLOW);
	}
	pass(15 * MINUTE);
	struct login_result result = log_in(true);
	assert_allowed(&f, &result, FACTOR_TOTP, LEVEL_HIGH_ASSURANCE, REASON_OK);
}

Test(clock, before_the_epoch_nobody_is_let_in_with_a_code)
{
	char code[16];

	fixture_code(&f, &shared, 0, code);
	at.wall = -YEAR;
	struct login_result result = answer(code);
	cr_assert_neq(result.auth, OUTCOME_ALLOW);
	set_wall(FIXTURE_NOW);
	cr_assert_eq(log_in(true).auth, OUTCOME_ALLOW);
}

Test(clock, at_2_to_the_40_works_and_is_told_as_the_clock_afterwards)
{
	set_wall(INT64_C(1) << 40);
	struct login_result result = log_in(true);
	assert_allowed(&f, &result, FACTOR_TOTP, LEVEL_HIGH_ASSURANCE, REASON_OK);
	lock_out();
	set_wall(FIXTURE_NOW);
	at.boot += 15 * MINUTE;
	result = log_in(true);
	assert_denied(&f, &result, OUTCOME_UNAVAILABLE, REASON_CLOCK);
	cr_assert_eq(unlock(true), 1);
	result = log_in(true);
	assert_allowed(&f, &result, FACTOR_TOTP, LEVEL_HIGH_ASSURANCE, REASON_OK);
}
