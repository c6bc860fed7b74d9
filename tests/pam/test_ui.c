/* UI logins through the real libpam, the real module, a real daemon. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "stage.h"

static struct stage stage;
static struct talk talk;

static void
open_stage(void)
{
	stage_open(&stage, "");
}

static void
close_stage(void)
{
	stage_close(&stage);
}

TestSuite(ui, .init = open_stage, .fini = close_stage, .timeout = 60);

#define PEER "203.0.113.7"
#define LOGIN(user, ...) \
	stage_login(&stage, &talk, "login", user, PEER, (const char *const[]){ STAGE_PASSWORD, __VA_ARGS__, NULL })

static void
give_profile(const char *user, const char *profile)
{
	char words[256];

	snprintf(words, sizeof(words), "profile assign %s %s", user, profile);
	cr_assert_eq(stage_sfmfa(&stage, words), 0);
}

Test(ui, nothing_is_asked_where_nothing_is_owed)
{
	struct attempt_codes codes;

	give_profile("alice", "standard");
	codes = LOGIN("alice", "@fail");
	cr_assert_eq(codes.auth, PAM_SUCCESS);
	cr_assert_eq(codes.account, PAM_SUCCESS);
	cr_assert_eq(talk.prompts, 1, "only the password is asked for");
	cr_assert(stage_decided(&stage, "alice", "reason=ok-single-factor"));
}

Test(ui, an_app_is_registered_inside_the_login)
{
	struct attempt_codes codes;

	give_profile("alice", "mfa");
	codes = LOGIN("alice", "{code}", "@empty");
	cr_assert_eq(codes.auth, PAM_SUCCESS);
	cr_assert_eq(codes.account, PAM_SUCCESS);
	cr_assert_not_null(strstr(talk.transcript, "█"), "the QR code was shown");
	cr_assert_neq(talk.key[0], '\0', "the key was shown in groups of four");
	cr_assert(stage_decided(&stage, "alice", "reason=ok-registered"));
	cr_assert(stage_decided(&stage, "alice", "level=high-assurance"));
	cr_assert_eq(stage_sfmfa(&stage, "--json user show alice"), 0);
	cr_assert_not_null(strstr(stage.output, "completed"));
}

Test(ui, a_registration_takes_three_tries_at_most)
{
	struct attempt_codes codes;

	give_profile("alice", "mfa");
	codes = LOGIN("alice", "000000", "111111", "{code}", "@empty");
	cr_assert_eq(codes.auth, PAM_SUCCESS, "the third try is right");
	give_profile("bob", "mfa");
	talk.key[0] = '\0';
	codes = LOGIN("bob", "000000", "111111", "222222", "{code}", "@empty");
	cr_assert_eq(codes.auth, PAM_AUTH_ERR);
	cr_assert_eq(talk.given, 4, "nothing is asked after the third");
}

Test(ui, the_account_phase_writes_the_registration_and_nothing_else_does)
{
	struct attempt_codes codes;
	char text[1024];

	/* A stack in which something after sfmfa fails: the account phase is never reached. */
	snprintf(text, sizeof(text), "auth required %s runtime_dir=%s/run\nauth required pam_deny.so\n",
	         SFMFA_TEST_MODULE, stage.folder);
	stage_write(&stage, "pam.d/login", text);
	give_profile("alice", "mfa");
	codes = stage_login(&stage, &talk, "login", "alice", PEER, (const char *const[]){ "{code}", "@empty", NULL });
	cr_assert_eq(codes.auth, PAM_AUTH_ERR);
	cr_assert_eq(stage_sfmfa(&stage, "--json user show alice"), 0);
	cr_assert_not_null(strstr(stage.output, "none"), "%s", stage.output);
}

Test(ui, the_next_login_asks_for_a_code)
{
	struct attempt_codes codes;

	give_profile("alice", "mfa");
	stage_register(&stage, &talk, "alice");
	codes = LOGIN("alice", "{code}");
	cr_assert_eq(codes.auth, PAM_SUCCESS);
	cr_assert_eq(codes.account, PAM_SUCCESS);
	cr_assert_eq(talk.prompts, 2);
	cr_assert_not(talk.echoed, "no code shows on the screen");
}

Test(ui, the_confirming_code_is_spent)
{
	give_profile("alice", "mfa");
	stage_register(&stage, &talk, "alice");
	stage_wait(&stage, -30);
	cr_assert_eq(LOGIN("alice", "{code}").auth, PAM_AUTH_ERR);
	cr_assert(stage_decided(&stage, "alice", "reason=factor-replayed"));
}

Test(ui, a_code_works_once)
{
	give_profile("alice", "mfa");
	stage_register(&stage, &talk, "alice");
	cr_assert_eq(LOGIN("alice", "{code}").auth, PAM_SUCCESS);
	cr_assert_eq(LOGIN("alice", "{code}").auth, PAM_AUTH_ERR);
	cr_assert_eq(LOGIN("alice", "{code-1}").auth, PAM_AUTH_ERR, "nor does an older one");
	cr_assert_eq(LOGIN("alice", "{code+1}").auth, PAM_SUCCESS, "the next one does");
}

Test(ui, a_wrong_code_is_refused_and_told_at_the_next_login)
{
	give_profile("alice", "mfa");
	stage_register(&stage, &talk, "alice");
	cr_assert_eq(LOGIN("alice", "000000").auth, PAM_AUTH_ERR);
	cr_assert(stage_decided(&stage, "alice", "reason=factor-wrong"));
	cr_assert_eq(LOGIN("alice", "{code}").auth, PAM_SUCCESS);
	cr_assert_not_null(strstr(talk.transcript, "1 failed"), "%s", talk.transcript);
}

Test(ui, a_code_of_another_time_is_told_as_a_wrong_clock)
{
	give_profile("alice", "mfa");
	stage_register(&stage, &talk, "alice");
	cr_assert_eq(LOGIN("alice", "{code+5}").auth, PAM_AUTH_ERR);
	cr_assert_not_null(strstr(talk.transcript, "clock"), "%s", talk.transcript);
}

Test(ui, a_recovery_code_works_once)
{
	char code[32] = "";
	const char *at;

	give_profile("alice", "mfa");
	stage_register(&stage, &talk, "alice");
	at = strstr(talk.transcript, "once each");
	cr_assert_not_null(at, "%s", talk.transcript);
	cr_assert_eq(sscanf(strchr(at, '\n'), " %19s", code), 1);
	cr_assert_eq(LOGIN("alice", code).auth, PAM_SUCCESS, "%s", talk.transcript);
	cr_assert(stage_decided(&stage, "alice", "method=recovery-code"));
	cr_assert_eq(LOGIN("alice", code).auth, PAM_AUTH_ERR);
}

Test(ui, ten_wrong_codes_lock_and_the_lock_ends)
{
	give_profile("alice", "mfa");
	stage_register(&stage, &talk, "alice");
	for (int i = 0; i < 10; i++)
		cr_assert_eq(LOGIN("alice", "000000").auth, PAM_AUTH_ERR);
	cr_assert_eq(LOGIN("alice", "{code}").auth, PAM_AUTH_ERR);
	cr_assert(stage_decided(&stage, "alice", "reason=locked-out"));
	stage_wait(&stage, 15 * 60);
	cr_assert_eq(LOGIN("alice", "{code}").auth, PAM_SUCCESS);
	for (int i = 0; i < 10; i++)
		cr_assert_eq(LOGIN("alice", "000000").auth, PAM_AUTH_ERR);
	cr_assert_eq(stage_sfmfa(&stage, "user unlock alice"), 0);
	cr_assert_eq(LOGIN("alice", "{code+1}").auth, PAM_SUCCESS, "an administrator ends a lock");
}

Test(ui, unknown_users_meet_what_known_ones_meet)
{
	struct attempt_codes unknown, known;
	char seen[TALK_TRANSCRIPT_SIZE];
	unsigned prompts;

	stage_write(&stage, "etc/profiles.d/standard.conf", "permissions = [ \"mfa-ui-logins\" ];\n");
	give_profile("alice", "mfa");
	stage_register(&stage, &talk, "alice");
	known = LOGIN("alice", "000000");
	prompts = talk.prompts;
	memcpy(seen, talk.transcript, sizeof(seen));
	unknown = LOGIN("nobody-of-this-name", "000000");
	cr_assert_eq(unknown.auth, known.auth);
	cr_assert_eq(talk.prompts, prompts);
	cr_assert_str_eq(talk.transcript, seen);
}

Test(ui, an_unknown_name_is_not_kept)
{
	cr_assert_neq(LOGIN("my-secret-password", "000000").auth, PAM_SUCCESS);
	cr_assert_eq(stage_sfmfa(&stage, "--json log"), 0);
	cr_assert_null(strstr(stage.output, "my-secret"), "%s", stage.output);
	cr_assert_not_null(strstr(stage.output, "unknown-user"));
}

Test(ui, a_client_with_one_field_is_recognised)
{
	give_profile("alice", "mfa");
	stage_register(&stage, &talk, "alice");
	for (int i = 0; i < 12; i++)
		cr_assert_eq(LOGIN("alice", STAGE_PASSWORD).auth, PAM_AUTH_ERR);
	cr_assert(stage_decided(&stage, "alice", "reason=client-cannot-prompt"));
	cr_assert_eq(LOGIN("alice", "{code}").auth, PAM_SUCCESS, "none of it was counted");
}

Test(ui, placeholder_answers_are_neither_counted_nor_logged)
{
	unsigned before;

	give_profile("alice", "mfa");
	stage_register(&stage, &talk, "alice");
	before = stage_decisions(&stage);
	for (int i = 0; i < 12; i++)
		cr_assert_eq(LOGIN("alice", "\b\n\r\177INC").auth, PAM_AUTH_ERR);
	cr_assert_eq(stage_decisions(&stage), before);
	cr_assert_eq(LOGIN("alice", "{code}").auth, PAM_SUCCESS);
}

Test(ui, an_api_only_user_registers_and_is_shut_out)
{
	struct attempt_codes codes;

	give_profile("gateway", "integration");
	codes = LOGIN("gateway", "{code}", "@empty");
	cr_assert_eq(codes.auth, PAM_SUCCESS);
	cr_assert_eq(codes.account, PAM_PERM_DENIED);
	cr_assert(stage_decided(&stage, "gateway", "reason=api-only-registered"));
	stage_wait(&stage, 30);
	cr_assert_eq(LOGIN("gateway", "{code}").auth, PAM_PERM_DENIED);
	cr_assert(stage_decided(&stage, "gateway", "reason=api-only"));
	stage_wait(&stage, 30);
	codes = stage_login(&stage, &talk, "mail", "gateway", PEER,
	                    (const char *const[]){ STAGE_PASSWORD "{code}", NULL });
	cr_assert_eq(codes.auth, PAM_SUCCESS);
	cr_assert_eq(codes.account, PAM_SUCCESS);
}

Test(ui, a_frozen_user_learns_it_after_a_right_code_only)
{
	give_profile("alice", "mfa");
	stage_register(&stage, &talk, "alice");
	cr_assert_eq(stage_sfmfa(&stage, "user freeze alice"), 0);
	cr_assert_eq(LOGIN("alice", "000000").auth, PAM_AUTH_ERR);
	cr_assert(stage_decided(&stage, "alice", "reason=frozen"));
	cr_assert_null(strstr(talk.transcript, "frozen"), "%s", talk.transcript);
	cr_assert_eq(LOGIN("alice", "{code}").auth, PAM_PERM_DENIED);
	cr_assert_not_null(strstr(talk.transcript, "frozen"));
}

Test(ui, texts_that_cannot_be_shown_decide_nothing)
{
	give_profile("alice", "mfa");
	stage_register(&stage, &talk, "alice");
	cr_assert_eq(LOGIN("alice", "000000").auth, PAM_AUTH_ERR);
	talk.refuse_text = true;
	cr_assert_eq(LOGIN("alice", "{code}").auth, PAM_SUCCESS);
}

Test(ui, the_prompt_of_the_line_is_for_the_factor_only)
{
	char text[1024];

	snprintf(text, sizeof(text), "auth required %s runtime_dir=%s/run [prompt=Your code please: ]\naccount required %s runtime_dir=%s/run\n",
	         SFMFA_TEST_MODULE, stage.folder, SFMFA_TEST_MODULE, stage.folder);
	stage_write(&stage, "pam.d/nopassword", text);
	give_profile("alice", "mfa");
	cr_assert_eq(stage_login(&stage, &talk, "nopassword", "alice", PEER,
	                         (const char *const[]){ "{code}", "@empty", NULL }).auth, PAM_SUCCESS);
	cr_assert_null(strstr(talk.transcript, "Your code please"), "%s", talk.transcript);
	stage_wait(&stage, 30);
	cr_assert_eq(stage_login(&stage, &talk, "nopassword", "alice", PEER, (const char *const[]){ "{code}", NULL }).auth,
	             PAM_SUCCESS);
	cr_assert_not_null(strstr(talk.transcript, "Your code please: "), "%s", talk.transcript);
}

Test(ui, exempt_services_authenticate_nobody)
{
	struct attempt_codes codes;

	give_profile("alice", "mfa");
	codes = stage_login(&stage, &talk, "cron", "alice", NULL, (const char *const[]){ STAGE_PASSWORD, NULL });
	cr_assert_eq(codes.auth, PAM_SERVICE_ERR);
}
