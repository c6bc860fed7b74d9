/* The phases of one handle: what one of them leaves for the next (rules 8). Codes are in test_return_codes.c. */
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
	cr_assert_eq(stage_sfmfa(&stage, "profile assign alice mfa"), 0);
	cr_assert_eq(stage_sfmfa(&stage, "profile assign bob standard"), 0);
}

static void
close_stage(void)
{
	stage_close(&stage);
}

TestSuite(hooks, .init = open_stage, .fini = close_stage, .timeout = 90);

/* ---- a split whose first factor fails, or is not asked for ---------------------------------------- */

static void
assert_worth_nothing(const char *service, const char *answer, int auth)
{
	unsigned before = stage_decisions(&stage);
	int codes[HOOK_COUNT];

	stage_hooks(&stage, &talk, service, "alice", (const char *const[]){ answer, NULL }, codes);
	cr_assert_eq(codes[HOOK_AUTHENTICATE], auth, "%d", codes[HOOK_AUTHENTICATE]);
	cr_assert_neq(codes[HOOK_SETCRED], PAM_SUCCESS);
	cr_assert_eq(codes[HOOK_ACCT_MGMT], PAM_PERM_DENIED);
	cr_assert_eq(stage_decisions(&stage), before, "nothing was compared, nothing is logged");
}

Test(hooks, a_split_that_is_never_verified_is_worth_nothing)
{
	char text[2048], line[768];

	stage_register(&stage, &talk, "alice");
	/* What a first factor that fails ends with is its own affair: pam_exec's is PAM_SYSTEM_ERR. */
	for (int i = 0; i < 12; i++)
		assert_worth_nothing("mail", "wrong password{code}", PAM_SYSTEM_ERR);
	assert_worth_nothing("mail", "{code}", PAM_SYSTEM_ERR);
	snprintf(line, sizeof(line), "%s runtime_dir=%s/run", SFMFA_TEST_MODULE, stage.folder);
	snprintf(text, sizeof(text), "auth required %s split\naccount required %s\n", line, line);
	stage_write(&stage, "pam.d/ask", text);
	assert_worth_nothing("ask", "anything{code}", PAM_SUCCESS);
	cr_assert_eq(stage_login(&stage, &talk, "nopassword", "alice", NULL,
				 (const char *const[]){ "{code}", NULL })
			     .auth,
		     PAM_SUCCESS, "nothing was counted, nothing spent");
}

/* ---- PAM_USER that changes within a handle (sudo, login) ----------------------------------------- */

static const char *const register_answers[] = { "{code}", "@empty" };

static pam_handle_t *
begin_registration(void)
{
	static const struct pam_conv conversation = { .conv = talk_converse, .appdata_ptr = &talk };
	pam_handle_t *pamh = stage_pam_start(&stage, &conversation, "nopassword", "alice");

	talk.answers = register_answers;
	talk.answer_count = 2;
	talk.given = 0;
	talk.now = *stage.clock;
	cr_assert_eq(pam_authenticate(pamh, 0), PAM_SUCCESS);
	return pamh;
}

static void
assert_state(const char *user, const char *state)
{
	char words[64], wanted[64];

	snprintf(words, sizeof(words), "--json user show %s", user);
	snprintf(wanted, sizeof(wanted), "\"%s\"", state);
	cr_assert_eq(stage_sfmfa(&stage, words), 0);
	cr_assert_not_null(strstr(stage.output, wanted), "%s: %s", user, stage.output);
}

Test(hooks, a_registration_is_not_committed_in_the_account_phase_of_another)
{
	pam_handle_t *pamh;

	cr_assert_eq(stage_sfmfa(&stage, "profile assign carol mfa"), 0);
	pamh = begin_registration();
	cr_assert_eq(pam_set_item(pamh, PAM_USER, "carol"), PAM_SUCCESS);
	cr_assert_eq(pam_acct_mgmt(pamh, 0), PAM_PERM_DENIED, "nor is it evidence for another");
	assert_state("carol", "none");
	assert_state("alice", "none");
	/* What was pending is gone: the first user again has no evidence either. */
	cr_assert_eq(pam_set_item(pamh, PAM_USER, "alice"), PAM_SUCCESS);
	cr_assert_eq(pam_acct_mgmt(pamh, 0), PAM_PERM_DENIED);
	assert_state("alice", "none");
	cr_assert_eq(pam_setcred(pamh, PAM_ESTABLISH_CRED), PAM_CRED_ERR);
	pam_end(pamh, PAM_PERM_DENIED);
}

Test(hooks, somebody_else_who_owes_nothing_commits_nothing_either)
{
	pam_handle_t *pamh = begin_registration();

	cr_assert_eq(pam_set_item(pamh, PAM_USER, "bob"), PAM_SUCCESS);
	cr_assert_eq(pam_acct_mgmt(pamh, 0), PAM_SUCCESS, "bob owes nothing");
	assert_state("alice", "none");
	assert_state("bob", "none");
	cr_assert_eq(pam_set_item(pamh, PAM_USER, "alice"), PAM_SUCCESS);
	cr_assert_eq(pam_acct_mgmt(pamh, 0), PAM_PERM_DENIED);
	assert_state("alice", "none");
	pam_end(pamh, PAM_PERM_DENIED);
}

Test(hooks, a_second_authentication_forgets_the_first)
{
	pam_handle_t *pamh;

	stage_register(&stage, &talk, "alice");
	cr_assert_eq(stage_sfmfa(&stage, "profile assign carol mfa"), 0);
	stage_register(&stage, &talk, "carol");
	pamh = stage_pam_start(&stage, &(struct pam_conv){ .conv = talk_converse, .appdata_ptr = &talk },
			       "nopassword", "carol");
	talk.answers = (const char *const[]){ "{code}", "000000" };
	talk.answer_count = 2;
	talk.given = 0;
	talk.now = *stage.clock;
	cr_assert_eq(pam_authenticate(pamh, 0), PAM_SUCCESS);
	/* As login does after a failure: the same handle, another name, and back. */
	cr_assert_eq(pam_set_item(pamh, PAM_USER, "alice"), PAM_SUCCESS);
	cr_assert_eq(pam_authenticate(pamh, 0), PAM_AUTH_ERR);
	cr_assert_eq(pam_set_item(pamh, PAM_USER, "carol"), PAM_SUCCESS);
	cr_assert_eq(pam_acct_mgmt(pamh, 0), PAM_PERM_DENIED, "the proof of before is gone");
	pam_end(pamh, PAM_PERM_DENIED);
}

Test(hooks, a_handle_that_ends_before_the_account_phase_registers_nothing)
{
	pam_handle_t *pamh = begin_registration();

	pam_end(pamh, PAM_SUCCESS);
	assert_state("alice", "none");
}

Test(hooks, silence_is_not_obeyed)
{
	static const struct pam_conv conversation = { .conv = talk_converse, .appdata_ptr = &talk };
	pam_handle_t *pamh = stage_pam_start(&stage, &conversation, "nopassword", "alice");

	talk.answers = register_answers;
	talk.answer_count = 2;
	talk.given = 0;
	talk.now = *stage.clock;
	cr_assert_eq(pam_authenticate(pamh, PAM_SILENT), PAM_SUCCESS);
	cr_assert_not_null(strstr(talk.transcript, "once each"), "%s", talk.transcript);
	cr_assert_eq(pam_acct_mgmt(pamh, PAM_SILENT), PAM_SUCCESS);
	pam_end(pamh, PAM_SUCCESS);
	assert_state("alice", "completed");
}
