/* Many at one moment: one code is worth one login, every wrong answer counts, everybody gets their turn. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "crowd.h"
#include "extent.h"
#include "notes.h"
#include "stage.h"

#define PEER "203.0.113.7"

static struct stage stage;
static struct talk talk;

static void
open_stage(void)
{
	stage_open(&stage, "default_profile = \"mfa\";\n");
}

static void
close_stage(void)
{
	stage_close(&stage);
}

TestSuite(races, .init = open_stage, .fini = close_stage, .timeout = 400);

/* One login, in a process of a crowd: the answer is given when all others have theirs ready. */
static int
answer_at(const char *service, const char *user, const char *text)
{
	talk.before_answer = crowd_meet;
	return stage_login(&stage, &talk, service, user, PEER, (const char *const[]){ text, NULL }).auth;
}

static int
answer_together(const char *user, const char *text)
{
	return answer_at("nopassword", user, text);
}

static int
answer(const char *user, const char *text)
{
	talk.before_answer = NULL;
	return stage_login(&stage, &talk, "nopassword", user, PEER, (const char *const[]){ text, NULL }).auth;
}

/* How often the log says so of this user. */
static unsigned
count_reason(const char *user, const char *reason)
{
	char path[STAGE_PATH_SIZE + 8], line[4096], start[96], pair[96];
	unsigned count = 0;
	FILE *file;

	cr_assert_eq(stage_sfmfa(&stage, "status"), 0);
	snprintf(path, sizeof(path), "%s/log", stage.folder);
	snprintf(start, sizeof(start), "sfmfad: user=%s ", user);
	snprintf(pair, sizeof(pair), "reason=%s", reason);
	file = fopen(path, "re");
	cr_assert_not_null(file);
	while (fgets(line, sizeof(line), file) != NULL) {
		if (strncmp(line, start, strlen(start)) == 0 && strstr(line, pair) != NULL)
			count++;
	}
	fclose(file);
	return count;
}

/* ---- one code ----------------------------------------------------------------------------------------- */

static int
answer_code(unsigned i)
{
	(void)i;
	return answer_together("alice", "{code}");
}

static void
expect_one(const struct crowd *crowd, unsigned round)
{
	cr_assert_eq(crowd_count(crowd, PAM_SUCCESS), 1, "round %u: %u got in", round, crowd_count(crowd, PAM_SUCCESS));
	cr_assert_eq(crowd_count(crowd, PAM_AUTH_ERR), crowd->count - 1, "round %u", round);
}

static void
one_code(unsigned processes, unsigned rounds, bool fresh)
{
	struct crowd crowd = { .count = processes, .act = answer_code };
	int64_t longest = 0;

	stage_enrol(&stage, &talk, "alice");
	if (!fresh)
		crowd_open(&crowd);
	for (unsigned round = 0; round < rounds; round++) {
		if (fresh)
			crowd_once(&crowd, NULL);
		else
			crowd_round(&crowd, NULL);
		expect_one(&crowd, round);
		longest = crowd.took_ms > longest ? crowd.took_ms : longest;
		stage_wait(&stage, 30);
	}
	if (!fresh)
		crowd_close(&crowd);
	cr_assert_eq(count_reason("alice", "factor-replayed"), rounds * (processes - 1));
	note("%u processes%s, one code: one success in each of %u rounds, the longest took %lld ms", processes,
	     fresh ? ", fresh ones for each login" : "", rounds, (long long)longest);
}

Test(races, eight_processes_and_one_code)
{
	one_code(8, 200, false);
}

Test(races, eight_fresh_processes_and_one_code)
{
	one_code(8, extent(50, 200), true);
}

Test(races, sixteen_processes_and_one_code)
{
	one_code(16, 200, false);
}

Test(races, sixteen_fresh_processes_and_one_code)
{
	one_code(16, extent(50, 200), true);
}

static char recovery_codes[10][32];

/* The recovery codes of the last "--json enroll". */
static void
read_recovery_codes(void)
{
	const char *at = strstr(stage.output, "\"recovery_codes\":");

	cr_assert_not_null(at);
	at += strlen("\"recovery_codes\":");
	for (int i = 0; i < 10; i++) {
		size_t size;

		at = strchr(at, '"');
		cr_assert_not_null(at);
		size = strcspn(++at, "\"");
		cr_assert_lt(size, sizeof(recovery_codes[i]));
		memcpy(recovery_codes[i], at, size);
		recovery_codes[i][size] = '\0';
		at += size + 1;
	}
}

static unsigned round_now;

static int
answer_recovery_code(unsigned i)
{
	(void)i;
	return answer_together("alice", recovery_codes[round_now]);
}

Test(races, one_recovery_code_is_worth_one_login)
{
	stage_enrol(&stage, &talk, "alice");
	read_recovery_codes();
	for (round_now = 0; round_now < 10; round_now++) {
		struct crowd crowd = { .count = 8, .act = answer_recovery_code };

		/* The seven others are wrong answers: they count. */
		crowd_once(&crowd, NULL);
		cr_assert_eq(crowd_count(&crowd, PAM_SUCCESS), 1, "code %u", round_now);
		cr_assert_eq(stage_sfmfa(&stage, "user unlock alice"), 0);
	}
	note("8 processes, one recovery code: one success for each of 10 codes");
}

/* ---- registrations ------------------------------------------------------------------------------------ */

static pam_handle_t *registering;
static char newcomer[32];

static void
register_until_commit(unsigned i)
{
	static const struct pam_conv conversation = { .conv = talk_converse, .appdata_ptr = &talk };
	static const char *const answers[] = { "{code}", "@empty" };

	(void)i;
	registering = stage_pam_start(&stage, &conversation, "nopassword", newcomer);
	talk.answers = answers;
	talk.answer_count = 2;
	talk.given = 0;
	talk.now = *stage.clock;
	if (pam_authenticate(registering, 0) != PAM_SUCCESS)
		_exit(126);
}

static int
commit_registration(unsigned i)
{
	(void)i;
	return pam_acct_mgmt(registering, 0);
}

Test(races, of_registrations_at_once_one_is_committed)
{
	for (unsigned round = 0; round < 5; round++) {
		struct crowd crowd = { .count = 8,
				       .ready = register_until_commit,
				       .act = commit_registration };
		char words[64];

		snprintf(newcomer, sizeof(newcomer), "newcomer%u", round);
		snprintf(words, sizeof(words), "profile assign %s mfa", newcomer);
		cr_assert_eq(stage_sfmfa(&stage, words), 0);
		crowd_once(&crowd, NULL);
		cr_assert_eq(crowd_count(&crowd, PAM_SUCCESS), 1, "round %u", round);
		cr_assert_eq(crowd_count(&crowd, PAM_PERM_DENIED), 7, "round %u", round);
		cr_assert_eq(count_reason(newcomer, "ok-registered"), 1);
		cr_assert_eq(count_reason(newcomer, "registration-refused"), 7);
	}
	note("8 registrations of one user: one committed, seven refused, in each of 5 rounds");
}

Test(races, a_registration_loses_against_an_enrolment_meanwhile)
{
	snprintf(newcomer, sizeof(newcomer), "alice");
	cr_assert_eq(stage_sfmfa(&stage, "profile assign alice mfa"), 0);
	register_until_commit(0);
	cr_assert_eq(stage_sfmfa(&stage, "--json enroll alice"), 0);
	cr_assert_eq(commit_registration(0), PAM_PERM_DENIED);
	cr_assert_eq(count_reason("alice", "registration-refused"), 1);
	pam_end(registering, PAM_PERM_DENIED);
	/* The same where it came and went: the factors are not those the login had seen. */
	cr_assert_eq(stage_sfmfa(&stage, "profile assign bob mfa"), 0);
	snprintf(newcomer, sizeof(newcomer), "bob");
	register_until_commit(0);
	cr_assert_eq(stage_sfmfa(&stage, "--json enroll bob"), 0);
	cr_assert_eq(stage_sfmfa(&stage, "disconnect bob"), 0);
	cr_assert_eq(commit_registration(0), PAM_PERM_DENIED);
	pam_end(registering, PAM_PERM_DENIED);
	cr_assert_eq(stage_sfmfa(&stage, "--json user show bob"), 0);
	cr_assert_not_null(strstr(stage.output, "\"none\""), "%s", stage.output);
}

/* ---- wrong answers ------------------------------------------------------------------------------------ */

static int
answer_wrongly(unsigned i)
{
	(void)i;
	return answer_together("alice", "000000");
}

static int64_t
failed_of_alice(void)
{
	const char *at;

	cr_assert_eq(stage_sfmfa(&stage, "--json user show alice"), 0);
	at = strstr(stage.output, "\"failures\":");
	cr_assert_not_null(at, "%s", stage.output);
	return strtoll(strchr(at, ':') + 1, NULL, 10);
}

#define WRONG_UNTIL_LOCKED 10

static void
meet_and_wait_for_the_lock(void)
{
	crowd_meet();
	crowd_await_signs(WRONG_UNTIL_LOCKED + 1);
}

/* Of 200 that were asked for a code before anybody had answered, the last one has the right one. */
static int
answer_wrongly_but_one(unsigned i)
{
	int code;

	if (i == CROWD_MAX - 1) {
		talk.before_answer = meet_and_wait_for_the_lock;
		return stage_login(&stage, &talk, "nopassword", "alice", PEER, (const char *const[]){ "{code}", NULL }).auth;
	}
	code = answer_together("alice", "000000");
	crowd_sign();
	return code;
}

Test(races, wrong_answers_at_once_are_all_counted_up_to_the_lock)
{
	struct crowd crowd = { .count = CROWD_MAX, .act = answer_wrongly_but_one };

	stage_enrol(&stage, &talk, "alice");
	crowd_once(&crowd, NULL);
	cr_assert_eq(crowd_count(&crowd, PAM_AUTH_ERR), CROWD_MAX, "the right code among them is refused too");
	cr_assert_eq(count_reason("alice", "factor-wrong"), WRONG_UNTIL_LOCKED);
	cr_assert_eq(count_reason("alice", "locked-out"), CROWD_MAX - WRONG_UNTIL_LOCKED);
	cr_assert_eq(failed_of_alice(), WRONG_UNTIL_LOCKED);
	cr_assert_eq(answer("alice", "{code}"), PAM_AUTH_ERR, "the right code is locked out too");
	stage_wait(&stage, 15 * 60);
	cr_assert_eq(answer("alice", "{code}"), PAM_SUCCESS);
	note("%d answers at once, at most %d wrong ones: %d counted, %d locked out, a right one among them, in %lld ms",
	     CROWD_MAX, WRONG_UNTIL_LOCKED, WRONG_UNTIL_LOCKED, CROWD_MAX - WRONG_UNTIL_LOCKED,
	     (long long)crowd.took_ms);
}

static int
answer_wrongly_or_rightly(unsigned i)
{
	return answer_together("alice", i >= 12 ? "{code}" : "000000");
}

Test(races, a_right_answer_in_a_crowd_of_wrong_ones_is_worth_at_most_one_login)
{
	for (unsigned round = 0; round < 5; round++) {
		struct crowd crowd = { .count = 16, .act = answer_wrongly_or_rightly };
		unsigned in;

		if (round == 0)
			stage_enrol(&stage, &talk, "alice");
		crowd_once(&crowd, NULL);
		in = crowd_count(&crowd, PAM_SUCCESS);
		cr_assert_leq(in, 1);
		cr_assert_eq(crowd_count(&crowd, PAM_AUTH_ERR), 16 - in);
		cr_assert_eq(stage_sfmfa(&stage, "user unlock alice"), 0);
		stage_wait(&stage, 30);
	}
}

Test(races, without_a_maximum_five_a_time_step_are_compared)
{
	struct crowd crowd = { .count = CROWD_MAX, .act = answer_wrongly };

	stage_configure(&stage, "default_profile = \"mfa\";\nlockout = { max_invalid_attempts = 0; };\n");
	stage_enrol(&stage, &talk, "alice");
	crowd_once(&crowd, NULL);
	cr_assert_eq(crowd_count(&crowd, PAM_AUTH_ERR), CROWD_MAX);
	cr_assert_eq(count_reason("alice", "factor-wrong"), 5);
	cr_assert_eq(count_reason("alice", "locked-out"), CROWD_MAX - 5);
	cr_assert_eq(failed_of_alice(), CROWD_MAX, "all were counted");
	cr_assert_eq(answer("alice", "{code}"), PAM_AUTH_ERR, "until the next step");
	stage_wait(&stage, 30);
	cr_assert_eq(answer("alice", "{code}"), PAM_SUCCESS);
	note("%d wrong answers at once without a maximum: 5 compared, %d counted", CROWD_MAX, CROWD_MAX);
}

/* ---- many users --------------------------------------------------------------------------------------- */

static char keys[CROWD_MAX][160];

static void
enrol_users(unsigned count)
{
	for (unsigned i = 0; i < count; i++) {
		char user[32];

		snprintf(user, sizeof(user), "user%u", i);
		stage_enrol(&stage, &talk, user);
		memcpy(keys[i], talk.key, sizeof(keys[i]));
	}
}

static int
answer_ones_own(unsigned i)
{
	char user[32];

	snprintf(user, sizeof(user), "user%u", i);
	memcpy(talk.key, keys[i], sizeof(talk.key));
	return answer_together(user, "{code}");
}

Test(races, different_users_at_once_all_get_in)
{
	struct crowd crowd = { .count = CROWD_MAX, .act = answer_ones_own };

	enrol_users(CROWD_MAX);
	crowd_open(&crowd);
	for (unsigned round = 0; round < 3; round++) {
		crowd_round(&crowd, NULL);
		cr_assert_eq(crowd_count(&crowd, PAM_SUCCESS), CROWD_MAX);
		note("%d users at once: %d successes in %lld ms", CROWD_MAX, CROWD_MAX, (long long)crowd.took_ms);
		stage_wait(&stage, 30);
	}
	crowd_close(&crowd);
}

/* ---- programs with one password field ----------------------------------------------------------------- */

static char token[STAGE_TOKEN_SIZE];

static int
log_in_with_a_code(unsigned i)
{
	(void)i;
	return answer_at("mail", "alice", STAGE_PASSWORD "{code}");
}

static int
log_in_with_the_token(unsigned i)
{
	char field[128];

	(void)i;
	snprintf(field, sizeof(field), "%s%s", STAGE_PASSWORD, token);
	return answer_at("mail", "alice", field);
}

Test(races, a_code_is_worth_one_login_of_a_program_and_a_token_any_number)
{
	struct crowd with_code = { .count = 8, .act = log_in_with_a_code };
	struct crowd with_token = { .count = 8, .act = log_in_with_the_token };
	unsigned rounds = extent(25, 200);

	cr_assert_eq(stage_sfmfa(&stage, "profile assign alice mfa-api"), 0);
	stage_register(&stage, &talk, "alice");
	stage_token(&stage, "alice --label mail", token);
	crowd_open(&with_code);
	crowd_open(&with_token);
	for (unsigned round = 0; round < rounds; round++) {
		crowd_round(&with_code, NULL);
		expect_one(&with_code, round);
		crowd_round(&with_token, NULL);
		cr_assert_eq(crowd_count(&with_token, PAM_SUCCESS), 8, "round %u", round);
		stage_wait(&stage, 30);
	}
	crowd_close(&with_code);
	crowd_close(&with_token);
	note("8 programs, one code: one success; one token: eight, in each of %u rounds", rounds);
}

/* ---- with and without the daemon ---------------------------------------------------------------------- */

static char user_now[32], code_now[16];

/* Every other process finds no daemon and starts sfmfad --once, on the same store. */
static int
answer_here_or_there(unsigned i)
{
	return answer_at(i % 2 == 0 ? "nopassword" : "alone", user_now, code_now);
}

Test(races, a_code_is_worth_one_login_beside_the_daemon_too)
{
	unsigned rounds = extent(25, 200);

	stage_need_once(&stage, &talk);
	/* --once has the real time. It does not stand still, so every round has a user and a code of its own. */
	*stage.clock = 0;
	for (unsigned round = 0; round < rounds; round++) {
		struct crowd crowd = { .count = 8, .act = answer_here_or_there };

		snprintf(user_now, sizeof(user_now), "user%u", round);
		stage_enrol(&stage, &talk, user_now);
		talk.now = time(NULL);
		cr_assert(talk_code(&talk, 0, code_now));
		crowd_once(&crowd, NULL);
		expect_one(&crowd, round);
	}
	note("4 processes at the daemon, 4 with sfmfad --once, one code: one success in each of %u rounds", rounds);
}
