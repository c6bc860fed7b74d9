/* What a program offers in its one password field, through libpam and the three-line stack (rules 6, 8). */
#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "stage.h"

static struct stage stage;
static struct talk talk;

#define PEER       "203.0.113.7"
#define TRUSTED    "192.0.2.9"
#define NETWORKS   "trusted_networks = [ \"192.0.2.0/24\" ];\n"
#define FIELD_SIZE 600

/* alice needs a second factor once she has completed MFA; bob a token from networks that are not trusted. */
static void
open_with(const char *settings)
{
	stage_open(&stage, settings);
	cr_assert_eq(stage_sfmfa(&stage, "profile assign alice mfa-api"), 0);
	cr_assert_eq(stage_sfmfa(&stage, "profile assign bob standard"), 0);
}

static void
open_stage(void)
{
	open_with(NETWORKS);
}

static void
close_stage(void)
{
	stage_close(&stage);
}

static void
reopen_with(const char *settings)
{
	close_stage();
	open_with(settings);
}

TestSuite(api, .init = open_stage, .fini = close_stage, .timeout = 60);

static struct attempt_codes
mail(const char *user, const char *peer, const char *field)
{
	return stage_login(&stage, &talk, "mail", user, peer, (const char *const[]){ field, NULL });
}

#define ASK(user, peer, ...)                                                                                 \
	stage_login(&stage, &talk, "ask", user, peer,                                                        \
		    (const char *const[]){ STAGE_PASSWORD, __VA_ARGS__, NULL })

static void
expect_in(const char *user, const char *peer, const char *field, const char *reason)
{
	struct attempt_codes codes = mail(user, peer, field);

	cr_expect_eq(codes.auth, PAM_SUCCESS, "%s from %s: %d", field, peer, codes.auth);
	cr_expect_eq(codes.account, PAM_SUCCESS, "%s from %s: %d", field, peer, codes.account);
	cr_expect(stage_decided(&stage, user, "verdict=allow"));
	cr_expect(stage_decided(&stage, user, reason), "%s from %s: not %s", field, peer, reason);
}

/* Denied by sfmfa, after the first factor: to the program a wrong password. */
static void
expect_denied(const char *user, const char *peer, const char *field, const char *reason)
{
	cr_expect_eq(mail(user, peer, field).auth, PAM_AUTH_ERR, "%s from %s", field, peer);
	cr_expect(stage_decided(&stage, user, "verdict=deny"));
	cr_expect(stage_decided(&stage, user, reason), "%s from %s: not %s", field, peer, reason);
}

/* Denied by the first factor: sfmfa has no part in it. */
static void
expect_wrong_password(const char *user, const char *peer, const char *field)
{
	unsigned before = stage_decisions(&stage);

	cr_expect_neq(mail(user, peer, field).auth, PAM_SUCCESS, "%s from %s", field, peer);
	cr_expect_eq(stage_decisions(&stage), before, "%s from %s is an event", field, peer);
}

static void
new_token(const char *words, char ret_field[FIELD_SIZE])
{
	char token[STAGE_TOKEN_SIZE];

	stage_token(&stage, words, token);
	snprintf(ret_field, FIELD_SIZE, STAGE_PASSWORD "%s", token);
}

/* ---- security tokens --------------------------------------------------------------------------- */

Test(api, the_password_alone_is_not_enough)
{
	expect_denied("alice", PEER, STAGE_PASSWORD, "reason=factor-missing");
	cr_assert(stage_decided(&stage, "alice", "login_type=api"));
	cr_assert(stage_decided(&stage, "alice", "remote=" PEER));
}

Test(api, a_token_lets_in_at_level_standard_again_and_again)
{
	char field[FIELD_SIZE];

	new_token("alice --label mailer", field);
	for (int i = 0; i < 3; i++)
		expect_in("alice", PEER, field, "level=standard");
	cr_assert(stage_decided(&stage, "alice", "method=security-token"));
}

Test(api, a_revoked_token_lets_nobody_in)
{
	char field[FIELD_SIZE];

	new_token("alice --label mailer", field);
	expect_in("alice", PEER, field, "reason=ok");
	cr_assert_eq(stage_sfmfa(&stage, "token revoke alice mailer"), 0);
	expect_denied("alice", PEER, field, "reason=token-expired");
}

Test(api, a_token_ends_when_it_is_due_to)
{
	char field[FIELD_SIZE];

	new_token("alice --expires 1h", field);
	stage_wait(&stage, 3599);
	expect_in("alice", PEER, field, "reason=ok");
	stage_wait(&stage, 1);
	expect_denied("alice", PEER, field, "reason=token-expired");
}

Test(api, a_token_is_bound_to_its_services)
{
	char field[FIELD_SIZE];

	new_token("alice --label one --service ask", field);
	expect_denied("alice", PEER, field, "reason=token-out-of-scope");
	cr_expect_eq(ASK("alice", PEER, field + strlen(STAGE_PASSWORD)).auth, PAM_SUCCESS);
	new_token("alice --label two --service ask --service mail", field);
	expect_in("alice", PEER, field, "reason=ok");
}

Test(api, a_token_is_bound_to_its_networks)
{
	char field[FIELD_SIZE];

	new_token("alice --from 198.51.100.0/24 --from 2001:db8::/32", field);
	expect_denied("alice", PEER, field, "reason=token-out-of-scope");
	expect_in("alice", "198.51.100.1", field, "reason=ok");
	expect_in("alice", "::ffff:198.51.100.1", field, "reason=ok");
	expect_in("alice", "2001:db8::25", field, "reason=ok");
	expect_denied("alice", "mail.example", field, "reason=token-out-of-scope");
	expect_denied("alice", NULL, field, "reason=token-out-of-scope");
}

Test(api, a_token_of_somebody_else_is_wrong)
{
	char field[FIELD_SIZE];

	new_token("bob", field);
	expect_denied("alice", PEER, field, "reason=factor-wrong");
	expect_in("bob", PEER, field, "reason=ok");
}

Test(api, a_token_that_is_mistyped_is_no_token)
{
	char field[FIELD_SIZE];

	new_token("alice", field);
	field[strlen(STAGE_PASSWORD)] = field[strlen(STAGE_PASSWORD)] == 'a' ? 'b' : 'a';
	/* The check characters tell, so it belongs to the password. */
	expect_wrong_password("alice", PEER, field);
}

Test(api, a_second_token_before_the_tail_is_wrong_and_spends_nothing)
{
	char field[FIELD_SIZE], twice[2 * FIELD_SIZE];

	stage_register(&stage, &talk, "alice");
	new_token("alice", field);
	stage_password(&stage, field);
	snprintf(twice, sizeof(twice), "%s%s", field, field + strlen(STAGE_PASSWORD));
	expect_denied("alice", PEER, twice, "reason=factor-wrong");
	snprintf(twice, sizeof(twice), "%s{code}", field);
	expect_denied("alice", PEER, twice, "reason=factor-wrong");
	stage_password(&stage, STAGE_PASSWORD);
	expect_in("alice", PEER, STAGE_PASSWORD "{code}", "reason=ok");
}

/* ---- codes ------------------------------------------------------------------------------------- */

Test(api, a_code_lets_in_once_and_at_high_assurance)
{
	stage_register(&stage, &talk, "alice");
	expect_in("alice", PEER, STAGE_PASSWORD "{code}", "level=high-assurance");
	cr_assert(stage_decided(&stage, "alice", "method=totp"));
	expect_denied("alice", PEER, STAGE_PASSWORD "{code}", "reason=factor-replayed");
	expect_denied("alice", PEER, STAGE_PASSWORD "{code-1}", "reason=factor-replayed");
	stage_wait(&stage, 30);
	expect_in("alice", PEER, STAGE_PASSWORD "{code}", "reason=ok");
}

Test(api, the_code_of_a_pending_app_answers_nothing)
{
	cr_assert_eq(stage_sfmfa(&stage, "--json enroll alice"), 0);
	stage_json(&stage, "secret", talk.key, sizeof(talk.key));
	expect_denied("alice", PEER, STAGE_PASSWORD "{code}", "reason=factor-wrong");
	cr_assert_eq(stage_sfmfa(&stage, "--json user show alice"), 0);
	cr_assert_not_null(strstr(stage.output, "\"pending\""), "nor does it complete the app: %s",
			   stage.output);
}

Test(api, codes_of_eight_digits_are_taken_off_whole)
{
	reopen_with("totp = { digits = 8; };\n");
	talk.digits = 8;
	stage_register(&stage, &talk, "alice");
	expect_in("alice", PEER, STAGE_PASSWORD "{code}", "reason=ok");
}

Test(api, a_password_may_end_in_digits)
{
	char token[STAGE_TOKEN_SIZE], field[FIELD_SIZE];

	stage_password(&stage, "horse 20241234567");
	/* bob has no app: digits are never taken off. */
	expect_denied("bob", PEER, "horse 20241234567", "reason=factor-missing");
	expect_in("bob", TRUSTED, "horse 20241234567", "reason=ok-single-factor");
	stage_token(&stage, "bob", token);
	snprintf(field, sizeof(field), "horse 20241234567%s", token);
	expect_in("bob", PEER, field, "reason=ok");
}

Test(api, a_code_behind_a_password_that_ends_in_digits_is_the_last_six)
{
	stage_register(&stage, &talk, "alice");
	stage_password(&stage, "horse 20241234567");
	/* Where a code is due the password's own digits look like one: nothing is counted. */
	expect_wrong_password("alice", PEER, "horse 20241234567");
	expect_in("alice", PEER, "horse 20241234567{code}", "reason=ok");
}

Test(api, with_a_wrong_password_nothing_is_spent_counted_or_logged)
{
	char field[FIELD_SIZE];

	stage_register(&stage, &talk, "alice");
	new_token("alice", field);
	field[0] = 'C';
	expect_wrong_password("alice", PEER, "wrong password{code}");
	expect_wrong_password("alice", PEER, field);
	for (int i = 0; i < 12; i++)
		expect_wrong_password("alice", PEER, "wrong password000000");
	expect_in("alice", PEER, STAGE_PASSWORD "{code}", "reason=ok");
}

Test(api, codes_of_a_person_answer_no_program)
{
	char code[32], field[FIELD_SIZE];

	stage_register(&stage, &talk, "alice");
	cr_assert_eq(stage_sfmfa(&stage, "--json temp-code alice"), 0);
	stage_json(&stage, "code", code, sizeof(code));
	snprintf(field, sizeof(field), STAGE_PASSWORD "%s", code);
	expect_wrong_password("alice", PEER, field);
	cr_expect_eq(ASK("alice", PEER, code).auth, PAM_AUTH_ERR);
	cr_expect(stage_decided(&stage, "alice", "reason=factor-wrong"));
}

/* ---- where nothing is due ---------------------------------------------------------------------- */

Test(api, a_token_that_nobody_asked_for_is_taken_off)
{
	char field[FIELD_SIZE];

	new_token("alice --label mailer", field);
	expect_in("alice", TRUSTED, field, "reason=ok");
	expect_in("alice", TRUSTED, STAGE_PASSWORD, "reason=ok-single-factor");
	cr_assert_eq(stage_sfmfa(&stage, "token revoke alice mailer"), 0);
	/* A program that stored it goes on, but it proves nothing any more. */
	expect_in("alice", TRUSTED, field, "reason=ok-single-factor");
}

Test(api, a_foreign_token_that_nobody_asked_for_belongs_to_the_password)
{
	char field[FIELD_SIZE];

	new_token("bob", field);
	expect_wrong_password("alice", TRUSTED, field);
	stage_password(&stage, field);
	expect_in("alice", TRUSTED, field, "reason=ok-single-factor");
}

Test(api, a_code_that_nobody_asked_for_belongs_to_the_password)
{
	cr_assert_eq(stage_sfmfa(&stage, "profile assign bob mfa"), 0);
	stage_register(&stage, &talk, "bob");
	expect_wrong_password("bob", TRUSTED, STAGE_PASSWORD "{code}");
	expect_in("bob", PEER, STAGE_PASSWORD "{code}", "reason=ok");
	stage_password(&stage, "horse 20241234567");
	expect_in("bob", TRUSTED, "horse 20241234567", "reason=ok-single-factor");
}

Test(api, the_ranges_of_a_profile_need_no_token_and_the_rest_of_the_world_is_shut_out)
{
	char field[FIELD_SIZE];

	stage_replace(&stage, "etc/profiles.d/office.conf",
		      "label = \"office\";\npermissions = [ \"api-enabled\" ];\nlogin_ip_ranges = [ "
		      "\"10.0.0.0/8\" ];\n");
	cr_assert_eq(stage_sfmfa(&stage, "profile assign carol office"), 0);
	new_token("carol", field);
	expect_in("carol", "10.20.30.40", STAGE_PASSWORD, "reason=ok-single-factor");
	expect_in("carol", "10.20.30.40", field, "reason=ok");
	expect_denied("carol", PEER, field, "reason=login-ip");
	expect_denied("carol", TRUSTED, field, "reason=login-ip");
	expect_denied("carol", NULL, field, "reason=login-ip");
}

Test(api, only_a_numeric_address_is_trusted)
{
	expect_in("bob", "::ffff:" TRUSTED, STAGE_PASSWORD, "reason=ok-single-factor");
	expect_denied("bob", "localhost", STAGE_PASSWORD, "reason=factor-missing");
	expect_denied("bob", "127.0.0.1", STAGE_PASSWORD, "reason=factor-missing");
	expect_denied("bob", "", STAGE_PASSWORD, "reason=factor-missing");
	expect_denied("bob", NULL, STAGE_PASSWORD, "reason=factor-missing");
}

/* ---- fields of odd sizes ------------------------------------------------------------------------ */

Test(api, what_remains_is_never_empty)
{
	char field[FIELD_SIZE];

	stage_register(&stage, &talk, "alice");
	new_token("alice", field);
	stage_password(&stage, "");
	expect_wrong_password("alice", PEER, field + strlen(STAGE_PASSWORD));
	expect_wrong_password("alice", TRUSTED, field + strlen(STAGE_PASSWORD));
	expect_wrong_password("alice", PEER, "{code}");
	expect_wrong_password("alice", PEER, "@empty");
	expect_wrong_password("alice", PEER, "@null");
	expect_wrong_password("alice", PEER, "@fail");
}

Test(api, a_field_has_512_bytes_at_most)
{
	char token[STAGE_TOKEN_SIZE], password[FIELD_SIZE], field[FIELD_SIZE + STAGE_TOKEN_SIZE];

	stage_token(&stage, "bob", token);
	memset(password, 'x', sizeof(password));
	password[512 - strlen(token)] = '\0';
	stage_password(&stage, password);
	snprintf(field, sizeof(field), "%s%s", password, token);
	expect_in("bob", PEER, field, "reason=ok");
	snprintf(field, sizeof(field), "%sx%s", password, token);
	expect_wrong_password("bob", PEER, field);
	expect_wrong_password("bob", PEER, "@long");
}

/* ---- a factor with a field of its own ----------------------------------------------------------- */

Test(api, ask_prompts_for_the_factor)
{
	struct attempt_codes codes;

	stage_register(&stage, &talk, "alice");
	codes = ASK("alice", PEER, "{code}");
	cr_assert_eq(codes.auth, PAM_SUCCESS);
	cr_assert_eq(codes.account, PAM_SUCCESS);
	cr_assert_eq(talk.prompts, 2);
	cr_assert_not(talk.echoed);
	cr_assert(stage_decided(&stage, "alice", "login_type=api"));
	cr_assert_eq(ASK("alice", PEER, "{code}").auth, PAM_AUTH_ERR);
	cr_assert(stage_decided(&stage, "alice", "reason=factor-replayed"));
	cr_assert_eq(ASK("alice", PEER, "@empty").auth, PAM_AUTH_ERR);
	cr_assert(stage_decided(&stage, "alice", "reason=factor-missing"));
	cr_assert_eq(ASK("alice", PEER, STAGE_PASSWORD).auth, PAM_AUTH_ERR);
	cr_assert(stage_decided(&stage, "alice", "reason=client-cannot-prompt"));
}

Test(api, ask_takes_a_token_too_and_asks_nothing_where_nothing_is_due)
{
	char token[STAGE_TOKEN_SIZE];

	stage_token(&stage, "bob", token);
	cr_assert_eq(ASK("bob", PEER, token).auth, PAM_SUCCESS);
	cr_assert_eq(ASK("bob", TRUSTED, token).auth, PAM_SUCCESS);
	cr_assert_eq(talk.prompts, 1);
	cr_assert(stage_decided(&stage, "bob", "reason=ok-single-factor"));
}

Test(api, a_line_without_split_is_a_fault_of_the_stack)
{
	cr_assert_eq(stage_login(&stage, &talk, "bare", "alice", PEER,
				 (const char *const[]){ STAGE_PASSWORD, NULL })
			     .auth,
		     PAM_SERVICE_ERR);
	cr_assert(stage_decided(&stage, "alice", "reason=configuration"));
}

/* ---- who, and how often ------------------------------------------------------------------------- */

Test(api, api_enabled_is_needed_from_everywhere)
{
	char field[FIELD_SIZE];

	stage_replace(&stage, "etc/profiles.d/nothing.conf", "label = \"nothing\";\npermissions = [ ];\n");
	cr_assert_eq(stage_sfmfa(&stage, "profile assign carol nothing"), 0, "%s", stage.output);
	new_token("carol", field);
	expect_denied("carol", PEER, field, "reason=api-disabled");
	expect_denied("carol", TRUSTED, STAGE_PASSWORD, "reason=api-disabled");
}

Test(api, a_denial_shows_nothing_but_the_prompt)
{
	char field[FIELD_SIZE], seen[TALK_TRANSCRIPT_SIZE];

	new_token("alice", field);
	expect_in("alice", PEER, field, "reason=ok");
	snprintf(seen, sizeof(seen), "%s", talk.transcript);
	cr_assert_eq(stage_sfmfa(&stage, "user freeze alice"), 0);
	expect_denied("alice", PEER, field, "reason=frozen");
	cr_assert_str_eq(talk.transcript, seen);
	cr_assert_eq(stage_sfmfa(&stage, "user unfreeze alice"), 0);
	cr_assert_eq(stage_sfmfa(&stage, "token revoke alice --all"), 0);
	expect_denied("alice", PEER, field, "reason=token-expired");
	cr_assert_str_eq(talk.transcript, seen);
}

Test(api, unknown_users_are_refused_like_wrong_tokens)
{
	char field[FIELD_SIZE];

	new_token("bob", field);
	cr_assert_eq(mail("nobody-of-this-name", PEER, field).auth, PAM_AUTH_ERR);
	cr_assert_eq(stage_sfmfa(&stage, "--json log --limit 1"), 0);
	cr_assert_not_null(strstr(stage.output, "unknown-user"), "%s", stage.output);
	cr_assert_null(strstr(stage.output, "nobody-of"), "%s", stage.output);
}

Test(api, ten_wrong_tails_lock_the_right_ones_out_too_until_the_lock_ends)
{
	char field[FIELD_SIZE], foreign[FIELD_SIZE];

	stage_register(&stage, &talk, "alice");
	new_token("alice", field);
	new_token("bob", foreign);
	for (int i = 0; i < 5; i++) {
		cr_assert_eq(mail("alice", PEER, STAGE_PASSWORD "{code+15}").auth, PAM_AUTH_ERR);
		cr_assert_eq(mail("alice", PEER, foreign).auth, PAM_AUTH_ERR);
	}
	expect_denied("alice", PEER, STAGE_PASSWORD "{code}", "reason=locked-out");
	expect_denied("alice", PEER, field, "reason=locked-out");
	expect_in("bob", PEER, foreign, "reason=ok");
	stage_wait(&stage, 15 * 60);
	expect_in("alice", PEER, STAGE_PASSWORD "{code}", "reason=ok");
}

Test(api, what_a_program_has_stored_locks_nobody_out)
{
	char field[FIELD_SIZE];

	stage_register(&stage, &talk, "alice");
	new_token("alice", field);
	cr_assert_eq(stage_sfmfa(&stage, "token revoke alice --all"), 0);
	expect_in("alice", PEER, STAGE_PASSWORD "{code}", "reason=ok");
	for (int i = 0; i < 12; i++) {
		cr_assert_eq(mail("alice", PEER, STAGE_PASSWORD "{code}").auth, PAM_AUTH_ERR);
		cr_assert_eq(mail("alice", PEER, field).auth, PAM_AUTH_ERR);
		cr_assert_eq(mail("alice", PEER, STAGE_PASSWORD).auth, PAM_AUTH_ERR);
	}
	stage_wait(&stage, 30);
	expect_in("alice", PEER, STAGE_PASSWORD "{code}", "reason=ok");
}

/* ---- settings ----------------------------------------------------------------------------------- */

Test(api, token_required_says_where_a_token_is_due)
{
	char field[FIELD_SIZE];

	reopen_with(NETWORKS "api = { token_required = \"always\"; };\n");
	new_token("bob", field);
	expect_denied("bob", TRUSTED, STAGE_PASSWORD, "reason=factor-missing");
	expect_in("bob", TRUSTED, field, "reason=ok");
	reopen_with(NETWORKS "api = { token_required = \"never\"; };\n");
	expect_in("bob", PEER, STAGE_PASSWORD, "reason=ok-single-factor");
	stage_register(&stage, &talk, "alice");
	expect_denied("alice", PEER, STAGE_PASSWORD, "reason=factor-missing");
}

Test(api, pending_may_mean_denied)
{
	char field[FIELD_SIZE];

	reopen_with(NETWORKS "api = { pending = \"deny\"; };\n");
	new_token("alice", field);
	expect_denied("alice", PEER, field, "reason=pending");
	expect_denied("alice", TRUSTED, STAGE_PASSWORD, "reason=pending");
	stage_register(&stage, &talk, "alice");
	expect_in("alice", PEER, field, "reason=ok");
	expect_denied("bob", PEER, STAGE_PASSWORD, "reason=factor-missing");
}

Test(api, trusted_networks_skip_the_second_factor_only_if_told_to)
{
	stage_register(&stage, &talk, "alice");
	expect_denied("alice", TRUSTED, STAGE_PASSWORD, "reason=factor-missing");
	expect_in("alice", TRUSTED, STAGE_PASSWORD "{code}", "level=high-assurance");
	reopen_with(NETWORKS "api = { trusted_networks_skip_mfa = true; };\n");
	stage_register(&stage, &talk, "alice");
	expect_in("alice", TRUSTED, STAGE_PASSWORD, "reason=ok-single-factor");
	expect_denied("alice", PEER, STAGE_PASSWORD, "reason=factor-missing");
}

Test(api, in_the_strict_reading_a_token_answers_nothing_once_mfa_is_in_effect)
{
	char field[FIELD_SIZE];

	reopen_with(NETWORKS "api = { second_factors = [ \"totp\" ]; };\n");
	new_token("alice", field);
	expect_in("alice", PEER, field, "reason=ok");
	stage_register(&stage, &talk, "alice");
	expect_denied("alice", PEER, field, "reason=factor-wrong");
	expect_denied("alice", TRUSTED, field, "reason=factor-wrong");
	expect_in("alice", PEER, STAGE_PASSWORD "{code}", "reason=ok");
}
