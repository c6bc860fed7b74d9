/* API logins phase by phase: one handle, several attempts and users; what a changed password ends (rules 8).
 */
#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "stage.h"

#define PEER       "203.0.113.7"
#define TRUSTED    "192.0.2.9"
#define NETWORKS   "trusted_networks = [ \"192.0.2.0/24\" ];\n"
#define FIELD_SIZE 128

static struct stage stage;
static struct talk talk;

/* A conversation during which the application, or a module, makes somebody else of the user. */
struct change {
	pam_handle_t *pamh;
	const char *user; /* at the first text that is shown; NULL: nobody */
};
static struct change change;

static void
open_with(const char *settings)
{
	stage_open(&stage, settings);
	cr_assert_eq(stage_sfmfa(&stage, "profile assign alice mfa-api"), 0);
	cr_assert_eq(stage_sfmfa(&stage, "profile assign bob mfa-api"), 0);
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

TestSuite(api_handles, .init = open_stage, .fini = close_stage, .timeout = 60);

static int
converse(int count, const struct pam_message **messages, struct pam_response **ret_responses, void *appdata)
{
	if (change.user != NULL && messages[0]->msg_style == PAM_TEXT_INFO) {
		cr_assert_eq(pam_set_item(change.pamh, PAM_USER, change.user), PAM_SUCCESS);
		change.user = NULL;
	}
	return talk_converse(count, messages, ret_responses, appdata);
}

static pam_handle_t *
begin(const char *service, const char *user, const char *peer)
{
	static const struct pam_conv conversation = { .conv = converse, .appdata_ptr = &talk };
	pam_handle_t *pamh = stage_pam_start(&stage, &conversation, service, user);

	change.pamh = pamh;
	cr_assert_eq(pam_set_item(pamh, PAM_RHOST, peer), PAM_SUCCESS);
	return pamh;
}

static int
authenticate(pam_handle_t *pamh, const char *field)
{
	stage_answers(&stage, &talk, (const char *const[]){ field, NULL });
	return pam_authenticate(pamh, 0);
}

static struct attempt_codes
mail(const char *user, const char *peer, const char *field)
{
	return stage_login(&stage, &talk, "mail", user, peer, (const char *const[]){ field, NULL });
}

static void
new_token(const char *words, char ret_field[FIELD_SIZE])
{
	char token[STAGE_TOKEN_SIZE];

	stage_token(&stage, words, token);
	snprintf(ret_field, FIELD_SIZE, STAGE_PASSWORD "%s", token);
}

/* A service of one's own; %M stands for the module with its arguments, %F for the folder. */
static void
write_stack(const char *service, const char *lines)
{
	char name[64], text[2048], module[512];
	size_t used = 0;

	snprintf(module, sizeof(module), "%s runtime_dir=%s/run", SFMFA_TEST_MODULE, stage.folder);
	while (*lines != '\0') {
		bool stands_for = lines[0] == '%';
		const char *part = lines[1] == 'M' ? module : stage.folder;
		int n = snprintf(text + used, sizeof(text) - used, "%.*s", stands_for ? (int)strlen(part) : 1,
				 stands_for ? part : lines);

		cr_assert_lt(used + (size_t)n, sizeof(text));
		used += (size_t)n;
		lines += stands_for ? 2 : 1;
	}
	snprintf(name, sizeof(name), "pam.d/%s", service);
	stage_write(&stage, name, text);
}

#define CHECK_PASSWORD "auth requisite pam_exec.so quiet expose_authtok %F/check-password\n"

/* ---- attempts in one handle ---------------------------------------------------------------------- */

Test(api_handles, a_password_may_be_corrected)
{
	pam_handle_t *pamh;
	unsigned before;

	stage_register(&stage, &talk, "alice");
	before = stage_decisions(&stage);
	pamh = begin("mail", "alice", PEER);
	cr_assert_neq(authenticate(pamh, "wrong password{code}"), PAM_SUCCESS);
	cr_assert_neq(pam_setcred(pamh, PAM_ESTABLISH_CRED), PAM_SUCCESS);
	cr_assert_eq(pam_acct_mgmt(pamh, 0), PAM_PERM_DENIED);
	cr_assert_eq(stage_decisions(&stage), before);
	cr_assert_eq(authenticate(pamh, STAGE_PASSWORD "{code}"), PAM_SUCCESS, "the code was not spent");
	cr_assert_eq(pam_setcred(pamh, PAM_ESTABLISH_CRED), PAM_SUCCESS);
	cr_assert_eq(pam_acct_mgmt(pamh, 0), PAM_SUCCESS);
	pam_end(pamh, PAM_SUCCESS);
	cr_assert_eq(stage_decisions(&stage), before + 1);
}

Test(api_handles, a_code_may_be_corrected)
{
	pam_handle_t *pamh;

	stage_register(&stage, &talk, "alice");
	pamh = begin("mail", "alice", PEER);
	cr_assert_eq(authenticate(pamh, STAGE_PASSWORD "000000"), PAM_AUTH_ERR);
	cr_assert_eq(pam_acct_mgmt(pamh, 0), PAM_PERM_DENIED);
	cr_assert_eq(pam_setcred(pamh, PAM_ESTABLISH_CRED), PAM_CRED_ERR);
	cr_assert_eq(authenticate(pamh, STAGE_PASSWORD "{code}"), PAM_SUCCESS);
	cr_assert_eq(pam_acct_mgmt(pamh, 0), PAM_SUCCESS);
	cr_assert_eq(pam_acct_mgmt(pamh, 0), PAM_SUCCESS, "the verdict stays with the handle");
	pam_end(pamh, PAM_SUCCESS);
}

Test(api_handles, the_last_attempt_counts)
{
	char field[FIELD_SIZE];
	pam_handle_t *pamh;

	new_token("alice", field);
	pamh = begin("mail", "alice", PEER);
	cr_assert_eq(authenticate(pamh, field), PAM_SUCCESS);
	cr_assert_neq(authenticate(pamh, "wrong password"), PAM_SUCCESS);
	cr_assert_eq(pam_acct_mgmt(pamh, 0), PAM_PERM_DENIED);
	cr_assert_neq(pam_setcred(pamh, PAM_ESTABLISH_CRED), PAM_SUCCESS);
	cr_assert_eq(authenticate(pamh, field), PAM_SUCCESS);
	cr_assert_neq(authenticate(pamh, "@fail"), PAM_SUCCESS);
	cr_assert_eq(pam_acct_mgmt(pamh, 0), PAM_PERM_DENIED);
	pam_end(pamh, PAM_PERM_DENIED);
}

Test(api_handles, the_password_is_handed_on_without_its_tail)
{
	char field[FIELD_SIZE];
	pam_handle_t *pamh;

	new_token("alice", field);
	write_stack("mail", "auth requisite %M split\n" CHECK_PASSWORD "auth required %M\n" CHECK_PASSWORD
			    "account required %M\n");
	pamh = begin("mail", "alice", PEER);
	cr_assert_eq(authenticate(pamh, field), PAM_SUCCESS,
		     "modules further down see the bare password too");
	cr_assert_eq(talk.prompts, 1);
	pam_end(pamh, PAM_SUCCESS);
}

/* ---- a split that nobody verifies ----------------------------------------------------------------- */

Test(api_handles, a_split_without_verification_is_no_login)
{
	unsigned before = stage_decisions(&stage);
	pam_handle_t *pamh;

	write_stack("mail", "auth required %M split\naccount required %M\n");
	pamh = begin("mail", "alice", PEER);
	cr_assert_eq(authenticate(pamh, STAGE_PASSWORD), PAM_SUCCESS, "split alone hands the password on");
	cr_assert_eq(pam_setcred(pamh, PAM_ESTABLISH_CRED), PAM_CRED_ERR);
	cr_assert_eq(pam_acct_mgmt(pamh, 0), PAM_PERM_DENIED);
	cr_assert_eq(pam_setcred(pamh, PAM_REINITIALIZE_CRED), PAM_CRED_ERR);
	pam_end(pamh, PAM_SUCCESS);
	cr_assert_eq(stage_decisions(&stage), before, "the password was never said to be right");
}

Test(api_handles, a_split_where_nothing_is_due_is_no_login_either)
{
	pam_handle_t *pamh;

	write_stack("mail", "auth required %M split\naccount required %M\n");
	pamh = begin("mail", "alice", TRUSTED);
	cr_assert_eq(authenticate(pamh, STAGE_PASSWORD), PAM_SUCCESS);
	cr_assert_eq(pam_setcred(pamh, PAM_ESTABLISH_CRED), PAM_CRED_ERR);
	cr_assert_eq(pam_acct_mgmt(pamh, 0), PAM_PERM_DENIED);
	pam_end(pamh, PAM_SUCCESS);
}

Test(api_handles, a_service_for_people_takes_no_field_apart)
{
	pam_handle_t *pamh;

	write_stack("login",
		    "auth requisite %M split\n" CHECK_PASSWORD "auth required %M\naccount required %M\n");
	pamh = begin("login", "alice", PEER);
	cr_assert_eq(authenticate(pamh, STAGE_PASSWORD), PAM_SERVICE_ERR);
	cr_assert_eq(pam_acct_mgmt(pamh, 0), PAM_PERM_DENIED);
	pam_end(pamh, PAM_SERVICE_ERR);
	cr_assert(stage_decided(&stage, "alice", "verdict=deny"));
}

/* ---- users that change ----------------------------------------------------------------------------- */

/* pam_echo shows a text between the first factor and the second: the moment in which the user changes. */
static void
write_stack_that_shows(void)
{
	stage_write(&stage, "text", "one moment\n");
	write_stack("mail",
		    "auth requisite %M split\n" CHECK_PASSWORD "auth optional pam_echo.so file=%F/text\n"
		    "auth required %M\naccount required %M\n");
}

Test(api_handles, the_user_may_not_change_between_split_and_verification)
{
	char field[FIELD_SIZE];
	pam_handle_t *pamh;

	new_token("alice", field);
	write_stack_that_shows();
	pamh = begin("mail", "alice", PEER);
	cr_assert_eq(authenticate(pamh, field), PAM_SUCCESS, "a text alone does no harm");
	change.user = "bob";
	cr_assert_neq(authenticate(pamh, field), PAM_SUCCESS);
	cr_assert_null(change.user, "the user was changed");
	cr_assert_eq(pam_acct_mgmt(pamh, 0), PAM_PERM_DENIED);
	cr_assert_eq(pam_setcred(pamh, PAM_ESTABLISH_CRED), PAM_CRED_ERR);
	cr_assert_eq(pam_set_item(pamh, PAM_USER, "alice"), PAM_SUCCESS);
	cr_assert_eq(pam_acct_mgmt(pamh, 0), PAM_PERM_DENIED);
	pam_end(pamh, PAM_PERM_DENIED);
}

Test(api_handles, nor_where_nothing_is_due)
{
	pam_handle_t *pamh;

	write_stack_that_shows();
	pamh = begin("mail", "alice", TRUSTED);
	change.user = "bob";
	cr_assert_neq(authenticate(pamh, STAGE_PASSWORD), PAM_SUCCESS);
	cr_assert_null(change.user, "the user was changed");
	cr_assert_eq(pam_setcred(pamh, PAM_ESTABLISH_CRED), PAM_CRED_ERR);
	pam_end(pamh, PAM_PERM_DENIED);
}

/* The account phase of another user than the one authenticated decides for itself. */
static void
change_before_account(const char *service, const char *field)
{
	pam_handle_t *pamh = begin(service, "alice", PEER);

	stage_answers(&stage, &talk, (const char *const[]){ field, "{code}", NULL });
	cr_assert_eq(pam_authenticate(pamh, 0), PAM_SUCCESS);
	cr_assert_eq(pam_set_item(pamh, PAM_USER, "bob"), PAM_SUCCESS);
	cr_assert_eq(pam_acct_mgmt(pamh, 0), PAM_PERM_DENIED);
	cr_assert(stage_decided(&stage, "bob", "reason=no-evidence"));
	cr_assert_eq(pam_setcred(pamh, PAM_ESTABLISH_CRED), PAM_CRED_ERR);
	pam_end(pamh, PAM_PERM_DENIED);
}

Test(api_handles, a_verdict_is_for_the_user_it_was_proved_for)
{
	char field[FIELD_SIZE];

	stage_register(&stage, &talk, "alice");
	new_token("alice", field);
	change_before_account("mail", field);
	change_before_account("login", STAGE_PASSWORD);
}

Test(api_handles, an_account_phase_without_evidence_lets_in_who_owes_nothing)
{
	pam_handle_t *pamh = begin("mail", "bob", TRUSTED);

	cr_assert_eq(pam_acct_mgmt(pamh, 0), PAM_SUCCESS);
	pam_end(pamh, PAM_SUCCESS);
	pamh = begin("mail", "bob", PEER);
	cr_assert_eq(pam_acct_mgmt(pamh, 0), PAM_PERM_DENIED);
	cr_assert(stage_decided(&stage, "bob", "reason=no-evidence"));
	cr_assert(stage_decided(&stage, "bob", "login_type=api"));
	pam_end(pamh, PAM_PERM_DENIED);
}

Test(api_handles, a_frozen_user_is_denied_in_the_account_phase_too)
{
	pam_handle_t *pamh = begin("mail", "bob", TRUSTED);

	cr_assert_eq(stage_sfmfa(&stage, "user freeze bob"), 0);
	cr_assert_eq(pam_acct_mgmt(pamh, 0), PAM_PERM_DENIED, "a program is not told why");
	cr_assert(stage_decided(&stage, "bob", "reason=frozen"));
	pam_end(pamh, PAM_PERM_DENIED);
}

Test(api_handles, a_registration_is_never_committed_for_another_user)
{
	pam_handle_t *pamh = begin("login", "alice", PEER);

	stage_answers(&stage, &talk, (const char *const[]){ STAGE_PASSWORD, "{code}", "@empty", NULL });
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

/* ---- what the module may be told ------------------------------------------------------------------- */

Test(api_handles, a_stack_may_say_that_it_is_a_programs)
{
	char field[FIELD_SIZE];

	new_token("alice", field);
	write_stack("login", "auth requisite %M split login_type=api\n" CHECK_PASSWORD
			     "auth required %M login_type=api\n"
			     "account required %M login_type=api\n");
	cr_assert_eq(
		stage_login(&stage, &talk, "login", "alice", PEER, (const char *const[]){ field, NULL }).auth,
		PAM_SUCCESS);
	cr_assert(stage_decided(&stage, "alice", "login_type=api"));
	cr_assert(stage_decided(&stage, "alice", "service=login"));
}

/* ---- a changed password ------------------------------------------------------------------------------ */

static int
change_password(const char *user)
{
	pam_handle_t *pamh = begin("login", user, PEER);
	int code;

	stage_answers(&stage, &talk, (const char *const[]){ NULL });
	code = pam_chauthtok(pamh, 0);
	pam_end(pamh, code);
	return code;
}

Test(api_handles, tokens_die_with_the_password_and_only_those_of_the_user)
{
	char field[FIELD_SIZE], others[FIELD_SIZE];

	new_token("alice", field);
	new_token("bob", others);
	cr_assert_eq(change_password("alice"), PAM_SUCCESS);
	cr_assert_not_null(strstr(talk.transcript, "1 security token"), "the user is told: %s",
			   talk.transcript);
	cr_assert_eq(mail("alice", PEER, field).auth, PAM_AUTH_ERR);
	cr_assert(stage_decided(&stage, "alice", "reason=token-expired"));
	cr_assert_eq(mail("bob", PEER, others).auth, PAM_SUCCESS);
}

Test(api_handles, tokens_survive_a_password_that_was_not_changed)
{
	char field[FIELD_SIZE];

	new_token("alice", field);
	write_stack("login", "password required pam_deny.so\npassword required %M\n");
	cr_assert_neq(change_password("alice"), PAM_SUCCESS);
	cr_assert_eq(mail("alice", PEER, field).auth, PAM_SUCCESS);
}

Test(api_handles, tokens_survive_a_password_if_they_are_told_to)
{
	char field[FIELD_SIZE];

	close_stage();
	open_with("tokens_survive_password_change = true;\n");
	new_token("alice", field);
	cr_assert_eq(change_password("alice"), PAM_SUCCESS);
	cr_assert_null(strstr(talk.transcript, "token"), "%s", talk.transcript);
	cr_assert_eq(mail("alice", PEER, field).auth, PAM_SUCCESS);
}

Test(api_handles, a_changed_password_touches_no_app)
{
	stage_register(&stage, &talk, "alice");
	cr_assert_eq(change_password("alice"), PAM_SUCCESS);
	cr_assert_eq(mail("alice", PEER, STAGE_PASSWORD "{code}").auth, PAM_SUCCESS);
}
