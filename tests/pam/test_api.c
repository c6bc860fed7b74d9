/* API logins through the real libpam: password, tail, the three-line stack (rules 6 and 8). */
#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "stage.h"

static struct stage stage;
static struct talk talk;

#define PEER    "203.0.113.7"
#define TRUSTED "192.0.2.9"

static void
open_stage(void)
{
	stage_open(&stage, "trusted_networks = [ \"192.0.2.0/24\" ];\n");
	cr_assert_eq(stage_sfmfa(&stage, "profile assign alice mfa-api"), 0);
}

static void
close_stage(void)
{
	stage_close(&stage);
}

TestSuite(api, .init = open_stage, .fini = close_stage, .timeout = 60);

static struct attempt_codes
mail(const char *user, const char *peer, const char *field)
{
	return stage_login(&stage, &talk, "mail", user, peer, (const char *const[]){ field, NULL });
}

static void
new_token(const char *words, char ret_field[128])
{
	char token[64];

	cr_assert_eq(stage_sfmfa(&stage, words), 0, "%s", stage.output);
	stage_json(&stage, "token", token, sizeof(token));
	snprintf(ret_field, 128, "%s%s", STAGE_PASSWORD, token);
}

Test(api, the_password_alone_is_not_enough)
{
	cr_assert_eq(mail("alice", PEER, STAGE_PASSWORD).auth, PAM_AUTH_ERR);
	cr_assert(stage_decided(&stage, "alice", "reason=factor-missing"));
	cr_assert(stage_decided(&stage, "alice", "login_type=api"));
}

Test(api, a_token_lets_in_at_level_standard)
{
	struct attempt_codes codes;
	char field[128];

	new_token("--json token new alice --label mailer", field);
	codes = mail("alice", PEER, field);
	cr_assert_eq(codes.auth, PAM_SUCCESS);
	cr_assert_eq(codes.account, PAM_SUCCESS);
	cr_assert(stage_decided(&stage, "alice", "level=standard"));
	cr_assert_eq(mail("alice", PEER, field).auth, PAM_SUCCESS, "a token works again");
	cr_assert_eq(stage_sfmfa(&stage, "token revoke alice mailer"), 0);
	cr_assert_eq(mail("alice", PEER, field).auth, PAM_AUTH_ERR);
	cr_assert(stage_decided(&stage, "alice", "reason=token-expired"));
}

Test(api, a_token_of_somebody_else_is_wrong)
{
	char field[128];

	cr_assert_eq(stage_sfmfa(&stage, "profile assign bob standard"), 0);
	new_token("--json token new bob", field);
	cr_assert_eq(mail("alice", PEER, field).auth, PAM_AUTH_ERR);
	cr_assert(stage_decided(&stage, "alice", "reason=factor-wrong"));
}

Test(api, a_token_is_bound_to_its_services_networks_and_end)
{
	char field[128];

	new_token("--json token new alice --label other --service ask", field);
	cr_assert_eq(mail("alice", PEER, field).auth, PAM_AUTH_ERR);
	cr_assert(stage_decided(&stage, "alice", "reason=token-out-of-scope"));
	new_token("--json token new alice --label net --from 198.51.100.0/24", field);
	cr_assert_eq(mail("alice", PEER, field).auth, PAM_AUTH_ERR);
	cr_assert(stage_decided(&stage, "alice", "reason=token-out-of-scope"));
	new_token("--json token new alice --label short --expires 1h", field);
	cr_assert_eq(mail("alice", PEER, field).auth, PAM_SUCCESS);
	stage_wait(&stage, 3601);
	cr_assert_eq(mail("alice", PEER, field).auth, PAM_AUTH_ERR);
	cr_assert(stage_decided(&stage, "alice", "reason=token-expired"));
}

Test(api, a_code_lets_in_once_and_at_high_assurance)
{
	stage_register(&stage, &talk, "alice");
	cr_assert_eq(mail("alice", PEER, STAGE_PASSWORD "{code}").auth, PAM_SUCCESS);
	cr_assert(stage_decided(&stage, "alice", "level=high-assurance"));
	cr_assert_eq(mail("alice", PEER, STAGE_PASSWORD "{code}").auth, PAM_AUTH_ERR);
	cr_assert(stage_decided(&stage, "alice", "reason=factor-replayed"));
}

Test(api, the_code_of_a_pending_app_answers_nothing)
{
	cr_assert_eq(stage_sfmfa(&stage, "--json enroll alice"), 0);
	stage_json(&stage, "secret", talk.key, sizeof(talk.key));
	cr_assert_eq(mail("alice", PEER, STAGE_PASSWORD "{code}").auth, PAM_AUTH_ERR);
	cr_assert(stage_decided(&stage, "alice", "reason=factor-wrong"));
}

Test(api, with_a_wrong_password_nothing_is_spent_counted_or_logged)
{
	unsigned before;

	stage_register(&stage, &talk, "alice");
	before = stage_decisions(&stage);
	for (int i = 0; i < 12; i++)
		cr_assert_neq(mail("alice", PEER, "wrong password{code}").auth, PAM_SUCCESS);
	cr_assert_eq(stage_decisions(&stage), before);
	cr_assert_eq(mail("alice", PEER, STAGE_PASSWORD "{code}").auth, PAM_SUCCESS, "the code is still good");
}

Test(api, a_token_that_nobody_asked_for_is_taken_off)
{
	char field[128];

	new_token("--json token new alice", field);
	cr_assert_eq(mail("alice", TRUSTED, field).auth, PAM_SUCCESS);
	cr_assert(stage_decided(&stage, "alice", "reason=ok"));
	cr_assert_eq(mail("alice", TRUSTED, STAGE_PASSWORD).auth, PAM_SUCCESS);
	cr_assert(stage_decided(&stage, "alice", "reason=ok-single-factor"));
}

Test(api, digits_that_nobody_asked_for_belong_to_the_password)
{
	cr_assert_neq(mail("alice", TRUSTED, STAGE_PASSWORD "123456").auth, PAM_SUCCESS);
}

Test(api, what_remains_is_never_empty)
{
	char field[128];

	new_token("--json token new alice", field);
	cr_assert_neq(mail("alice", PEER, field + strlen(STAGE_PASSWORD)).auth, PAM_SUCCESS);
	cr_assert_neq(mail("alice", PEER, "@empty").auth, PAM_SUCCESS);
}

Test(api, an_overlong_field_is_a_failure)
{
	char field[600];

	memset(field, 'x', sizeof(field));
	field[513] = '\0';
	cr_assert_neq(mail("alice", PEER, field).auth, PAM_SUCCESS);
	field[512] = '\0';
	cr_assert_neq(mail("alice", PEER, field).auth, PAM_SUCCESS);
	cr_assert_neq(mail("alice", PEER, "@long").auth, PAM_SUCCESS);
}

Test(api, a_line_without_split_is_a_fault_of_the_stack)
{
	cr_assert_eq(stage_login(&stage, &talk, "bare", "alice", PEER, (const char *const[]){ STAGE_PASSWORD, NULL }).auth,
	             PAM_SERVICE_ERR);
}

Test(api, ask_prompts_for_the_factor)
{
	const char *const answers[] = { STAGE_PASSWORD, "{code}", NULL };

	stage_register(&stage, &talk, "alice");
	cr_assert_eq(stage_login(&stage, &talk, "ask", "alice", PEER, answers).auth, PAM_SUCCESS);
	cr_assert(stage_decided(&stage, "alice", "login_type=api"));
}

Test(api, api_enabled_is_needed)
{
	char field[128];

	stage_write(&stage, "etc/profiles.d/nothing.conf", "label = \"nothing\";\npermissions = [ ];\n");
	cr_assert_eq(stage_sfmfa(&stage, "profile assign carol nothing"), 0, "%s", stage.output);
	new_token("--json token new carol", field);
	cr_assert_eq(mail("carol", PEER, field).auth, PAM_AUTH_ERR);
	cr_assert(stage_decided(&stage, "carol", "reason=api-disabled"));
}

Test(api, ten_wrong_tails_lock_the_right_one_out_too)
{
	stage_register(&stage, &talk, "alice");
	for (int i = 0; i < 10; i++)
		cr_assert_eq(mail("alice", PEER, STAGE_PASSWORD "000000").auth, PAM_AUTH_ERR);
	cr_assert_eq(mail("alice", PEER, STAGE_PASSWORD "{code}").auth, PAM_AUTH_ERR);
	cr_assert(stage_decided(&stage, "alice", "reason=locked-out"));
}

/* ---- one handle, several phases ---- */

static pam_handle_t *
begin(const char *service, const char *user, const char *const answers[], struct pam_conv *conversation)
{
	pam_handle_t *pamh = NULL;
	char services[STAGE_PATH_SIZE + 8];

	memset(&talk.given, 0, sizeof(talk.given));
	talk.answers = answers;
	for (talk.answer_count = 0; answers[talk.answer_count] != NULL; talk.answer_count++)
		;
	talk.now = *stage.clock;
	*conversation = (struct pam_conv){ .conv = talk_converse, .appdata_ptr = &talk };
	snprintf(services, sizeof(services), "%s/pam.d", stage.folder);
	cr_assert_eq(pam_start_confdir(service, user, conversation, services, &pamh), PAM_SUCCESS);
	cr_assert_eq(pam_set_item(pamh, PAM_RHOST, PEER), PAM_SUCCESS);
	return pamh;
}

Test(api, a_split_without_verification_is_no_login)
{
	struct pam_conv conversation;
	char text[1024];
	pam_handle_t *pamh;

	snprintf(text, sizeof(text), "auth required %s split runtime_dir=%s/run\naccount required %s runtime_dir=%s/run\n",
	         SFMFA_TEST_MODULE, stage.folder, SFMFA_TEST_MODULE, stage.folder);
	stage_write(&stage, "pam.d/mail", text);
	pamh = begin("mail", "alice", (const char *const[]){ STAGE_PASSWORD, NULL }, &conversation);
	cr_assert_eq(pam_authenticate(pamh, 0), PAM_SUCCESS, "split alone hands the password on");
	cr_assert_eq(pam_setcred(pamh, PAM_ESTABLISH_CRED), PAM_CRED_ERR);
	cr_assert_eq(pam_acct_mgmt(pamh, 0), PAM_PERM_DENIED);
	pam_end(pamh, PAM_SUCCESS);
}

Test(api, a_verdict_is_for_the_user_it_was_proved_for)
{
	struct pam_conv conversation;
	pam_handle_t *pamh;

	stage_register(&stage, &talk, "alice");
	cr_assert_eq(stage_sfmfa(&stage, "profile assign bob mfa"), 0);
	pamh = begin("login", "alice", (const char *const[]){ STAGE_PASSWORD, "{code}", NULL }, &conversation);
	cr_assert_eq(pam_authenticate(pamh, 0), PAM_SUCCESS);
	cr_assert_eq(pam_set_item(pamh, PAM_USER, "bob"), PAM_SUCCESS);
	cr_assert_eq(pam_acct_mgmt(pamh, 0), PAM_PERM_DENIED);
	cr_assert(stage_decided(&stage, "bob", "reason=no-evidence"));
	cr_assert_eq(pam_setcred(pamh, PAM_ESTABLISH_CRED), PAM_CRED_ERR);
	pam_end(pamh, PAM_SUCCESS);
}

Test(api, a_registration_is_never_committed_for_another_user)
{
	struct pam_conv conversation;
	pam_handle_t *pamh;

	cr_assert_eq(stage_sfmfa(&stage, "profile assign bob mfa"), 0);
	pamh = begin("login", "alice", (const char *const[]){ STAGE_PASSWORD, "{code}", "@empty", NULL }, &conversation);
	cr_assert_eq(pam_authenticate(pamh, 0), PAM_SUCCESS);
	cr_assert_eq(pam_set_item(pamh, PAM_USER, "bob"), PAM_SUCCESS);
	cr_assert_neq(pam_acct_mgmt(pamh, 0), PAM_SUCCESS);
	cr_assert_eq(pam_set_item(pamh, PAM_USER, "alice"), PAM_SUCCESS);
	cr_assert_neq(pam_acct_mgmt(pamh, 0), PAM_SUCCESS, "what was pending is gone");
	pam_end(pamh, PAM_SUCCESS);
	cr_assert_eq(stage_sfmfa(&stage, "--json user show alice"), 0);
	cr_assert_not_null(strstr(stage.output, "\"none\""), "%s", stage.output);
	cr_assert_eq(stage_sfmfa(&stage, "--json user show bob"), 0);
	cr_assert_not_null(strstr(stage.output, "\"none\""), "%s", stage.output);
}

Test(api, tokens_die_with_the_password)
{
	struct pam_conv conversation;
	char field[128];
	pam_handle_t *pamh;

	new_token("--json token new alice", field);
	pamh = begin("login", "alice", (const char *const[]){ NULL }, &conversation);
	cr_assert_eq(pam_chauthtok(pamh, 0), PAM_SUCCESS);
	pam_end(pamh, PAM_SUCCESS);
	cr_assert_eq(mail("alice", PEER, field).auth, PAM_AUTH_ERR);
	cr_assert(stage_decided(&stage, "alice", "reason=token-expired"));
}
