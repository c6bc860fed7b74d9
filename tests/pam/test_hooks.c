/* What each of the six hooks answers in each situation: one table (rules 8), and the phases of one handle. */
#include <criterion/criterion.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

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

/* ---- situations: each prepares an installation in which alice has an app ----------------------- */

static void
lock_alice(void)
{
	for (int i = 0; i < 10; i++)
		(void)stage_login(&stage, &talk, "nopassword", "alice", NULL,
				  (const char *const[]){ "000000", NULL });
}

static void
freeze_alice(void)
{
	cr_assert_eq(stage_sfmfa(&stage, "user freeze alice"), 0);
}

static void
close_registration(void)
{
	stage_configure(&stage, "registration = \"closed\";\n");
	cr_assert_eq(stage_sfmfa(&stage, "disconnect alice"), 0);
}

static void
remove_profile(void)
{
	char path[STAGE_PATH_SIZE + 32];

	stage_write(&stage, "etc/profiles.d/gone.conf", "permissions = [ \"mfa-ui-logins\" ];\n");
	cr_assert_eq(stage_sfmfa(&stage, "profile assign alice gone"), 0);
	snprintf(path, sizeof(path), "%s/etc/profiles.d/gone.conf", stage.folder);
	cr_assert_eq(unlink(path), 0);
}

static void
kill_daemon(void)
{
	stage_forbid_once(&stage);
	stage_daemon_stop(&stage, SIGKILL);
}

static void
break_store(void)
{
	char path[STAGE_PATH_SIZE + 32];

	stage_daemon_stop(&stage, SIGTERM);
	/* With its log sqlite would mend it. */
	snprintf(path, sizeof(path), "%s/state/sfmfa.db-wal", stage.folder);
	(void)unlink(path);
	stage_write(&stage, "state/sfmfa.db",
		    "this is no database, and it is long enough not to be taken for an empty one");
	stage_daemon_start(&stage);
}

static void
open_hours_never(void)
{
	stage_write(&stage, "etc/profiles.d/mfa.conf",
		    "permissions = [ \"mfa-ui-logins\" ];\nlogin_hours = { zone = \"UTC\"; mon = \"closed\"; "
		    "tue = \"closed\"; "
		    "wed = \"closed\"; thu = \"closed\"; fri = \"closed\"; sat = \"closed\"; sun = "
		    "\"closed\"; };\n");
}

/* clang-format off */

/* The codes of authenticate, setcred and acct_mgmt. Sessions and password changes are never refused. */
#define IN       { PAM_SUCCESS, PAM_SUCCESS, PAM_SUCCESS }
#define OUT(code) { code, PAM_CRED_ERR, PAM_PERM_DENIED }
#define NOBODY   { PAM_AUTHINFO_UNAVAIL, PAM_CRED_ERR, PAM_AUTHINFO_UNAVAIL }

static const struct row {
	const char *name, *service, *user, *answer;
	void (*prepare)(void); /* NULL: nothing */
	int codes[3];
	const char *reason; /* in the log; NULL: nothing is logged */
} rows[] = {
	{ "a right code", "nopassword", "alice", "{code}", NULL, IN, "ok" },
	{ "nothing owed", "nopassword", "bob", "@fail", NULL, IN, "ok-single-factor" },
	{ "a wrong code", "nopassword", "alice", "000000", NULL, OUT(PAM_AUTH_ERR), "factor-wrong" },
	{ "an empty answer", "nopassword", "alice", "@empty", NULL, OUT(PAM_AUTH_ERR), "factor-missing" },
	{ "no answer", "nopassword", "alice", "@null", NULL, OUT(PAM_CONV_ERR), "conversation" },
	{ "a broken conversation", "nopassword", "alice", "@fail", NULL, OUT(PAM_CONV_ERR), "conversation" },
	{ "4 KiB of answer", "nopassword", "alice", "@long", NULL, OUT(PAM_CONV_ERR), "conversation" },
	{ "locked out", "nopassword", "alice", "{code}", lock_alice, OUT(PAM_AUTH_ERR), "locked-out" },
	{ "frozen", "nopassword", "alice", "{code}", freeze_alice, OUT(PAM_PERM_DENIED), "frozen" },
	{ "frozen and wrong", "nopassword", "alice", "000000", freeze_alice, OUT(PAM_AUTH_ERR), "frozen" },
	{ "not registered", "nopassword", "alice", "{code}", close_registration, OUT(PAM_PERM_DENIED),
	  "registration-required" },
	{ "out of hours", "nopassword", "alice", "{code}", open_hours_never, OUT(PAM_PERM_DENIED), "login-hours" },
	{ "a profile that is gone", "nopassword", "alice", "{code}", remove_profile, OUT(PAM_SERVICE_ERR),
	  "configuration" },
	{ "an exempt service", "cron", "bob", STAGE_PASSWORD, NULL, OUT(PAM_SERVICE_ERR), "configuration" },
	{ "a store that is garbage", "nopassword", "alice", "{code}", break_store, OUT(PAM_AUTHINFO_UNAVAIL), "store" },
	{ "no daemon", "nopassword", "alice", "{code}", kill_daemon, NOBODY, NULL },
	{ "no daemon, nothing owed", "nopassword", "bob", "@fail", kill_daemon, NOBODY, NULL },
	{ "api: no factor", "mail", "alice", STAGE_PASSWORD, NULL, OUT(PAM_AUTH_ERR), "factor-missing" },
	{ "api: a right code", "mail", "alice", STAGE_PASSWORD "{code}", NULL, IN, "ok" },
	{ "api: a wrong code", "mail", "alice", STAGE_PASSWORD "000000", NULL, OUT(PAM_AUTH_ERR), "factor-wrong" },
	{ "api: frozen", "mail", "alice", STAGE_PASSWORD "{code}", freeze_alice, OUT(PAM_AUTH_ERR), "frozen" },
	{ "api without split", "bare", "alice", STAGE_PASSWORD, NULL, OUT(PAM_SERVICE_ERR), "configuration" },
	{ "an unknown user", "nopassword", "zorro", "000000", NULL, OUT(PAM_AUTH_ERR), "unknown-user" },
};

/* clang-format on */

static void
check_row(const struct row *row)
{
	static const char *const names[HOOK_COUNT] = {
		"authenticate", "setcred", "acct_mgmt", "open_session", "close_session", "chauthtok",
	};
	int codes[HOOK_COUNT];
	char pair[64];

	stage_hooks(&stage, &talk, row->service, row->user, (const char *const[]){ row->answer, NULL }, codes);
	for (int hook = 0; hook < HOOK_COUNT; hook++) {
		/* The other stacks have no lines for these. */
		if (hook >= HOOK_OPEN && strcmp(row->service, "nopassword") != 0)
			break;
		cr_expect_eq(codes[hook], hook < HOOK_OPEN ? row->codes[hook] : PAM_SUCCESS, "%s: %s returns %d",
			     row->name, names[hook], codes[hook]);
	}
	if (row->reason == NULL)
		return;
	snprintf(pair, sizeof(pair), "reason=%s", row->reason);
	cr_expect(stage_decided(&stage, NULL, pair), "%s: %s", row->name, pair);
}

Test(hooks, answer_in_every_situation_as_the_table_says)
{
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		if (i > 0)
			open_stage();
		stage_register(&stage, &talk, "alice");
		if (rows[i].prepare != NULL)
			rows[i].prepare();
		check_row(&rows[i]);
		if (i + 1 < sizeof(rows) / sizeof(rows[0]))
			stage_close(&stage);
	}
}

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

/* ---- the account phase alone, as public-key ssh and cron run it --------------------------------- */

static int
account_alone(const char *service, const char *user)
{
	struct pam_conv conversation = { .conv = talk_converse, .appdata_ptr = &talk };
	pam_handle_t *pamh = stage_pam_start(&stage, &conversation, service, user);
	int code = pam_acct_mgmt(pamh, 0);

	pam_end(pamh, code);
	return code;
}

Test(hooks, the_account_phase_alone_decides_what_it_can)
{
	stage_register(&stage, &talk, "alice");
	cr_assert_eq(account_alone("nopassword", "bob"), PAM_SUCCESS);
	cr_assert_eq(account_alone("nopassword", "alice"), PAM_PERM_DENIED);
	cr_assert(stage_decided(&stage, "alice", "reason=no-evidence"));
	cr_assert_eq(account_alone("cron", "alice"), PAM_SUCCESS, "an exempt service owes nothing");
	cr_assert_eq(account_alone("nopassword", "zorro"), PAM_PERM_DENIED);
	cr_assert_eq(stage_sfmfa(&stage, "user freeze bob"), 0);
	cr_assert_eq(account_alone("nopassword", "bob"), PAM_ACCT_EXPIRED);
	remove_profile();
	cr_assert_eq(account_alone("nopassword", "alice"), PAM_SERVICE_ERR);
	kill_daemon();
	cr_assert_eq(account_alone("nopassword", "bob"), PAM_AUTHINFO_UNAVAIL);
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
