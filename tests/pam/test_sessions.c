/* Sessions through the real libpam: recorded, handed over as sshd does, used by a sudo-like service, ended. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "stage.h"

#define TTY      "/dev/pts/77"
#define SETTINGS "step_up = ( { service = \"sudo\"; max_age = 900; } );\n"

static struct stage stage;
static struct talk talk;

static void
open_stage(void)
{
	char line[1024], text[4096];

	/* Its own session, whose leader lives as long as the test. */
	(void)setsid();
	stage_open(&stage, SETTINGS);
	snprintf(line, sizeof(line), "%s runtime_dir=%s/run daemon=%s config=%s/etc/sfmfa.conf", SFMFA_TEST_MODULE,
		 stage.folder, SFMFA_TEST_DAEMON, stage.folder);
	snprintf(text, sizeof(text), "auth required %s\naccount required %s\nsession required %s\n", line, line, line);
	stage_write(&stage, "pam.d/sudo", text);
	stage_write(&stage, "pam.d/su", text);
	cr_assert_eq(stage_sfmfa(&stage, "profile assign alice mfa"), 0);
}

static void
close_stage(void)
{
	stage_close(&stage);
}

TestSuite(sessions, .init = open_stage, .fini = close_stage, .timeout = 60);

static pam_handle_t *
begin(const char *service, const char *user, const char *const answers[])
{
	static struct pam_conv conversation = { .conv = talk_converse };
	pam_handle_t *pamh;

	conversation.appdata_ptr = &talk;
	pamh = stage_pam_start(&stage, &conversation, service, user);
	cr_assert_eq(pam_set_item(pamh, PAM_TTY, TTY), PAM_SUCCESS);
	stage_answers(&stage, &talk, answers);
	return pamh;
}

/* What sudo says at the same place: whether it asked, and how it ended. */
static int
sudo(const char *user, int *ret_asked)
{
	static const char *const none[] = { "@fail", NULL };
	pam_handle_t *pamh = begin("sudo", user, none);
	int code = pam_authenticate(pamh, 0);

	*ret_asked = (int)talk.prompts;
	pam_end(pamh, code);
	return code;
}

/* Logs in and opens a session; the handle is the session's. */
static pam_handle_t *
log_in(const char *const answers[])
{
	pam_handle_t *pamh = begin("login", "alice", answers);

	cr_assert_eq(pam_authenticate(pamh, 0), PAM_SUCCESS);
	cr_assert_eq(pam_acct_mgmt(pamh, 0), PAM_SUCCESS);
	cr_assert_eq(pam_setcred(pamh, PAM_ESTABLISH_CRED), PAM_SUCCESS);
	cr_assert_eq(pam_open_session(pamh, 0), PAM_SUCCESS);
	return pamh;
}

static const char *const with_code[] = { STAGE_PASSWORD, "{code}", NULL };

Test(sessions, a_code_at_login_answers_for_sudo_until_the_session_ends)
{
	pam_handle_t *pamh;
	int asked;

	stage_register(&stage, &talk, "alice");
	stage_wait(&stage, 60);
	pamh = log_in(with_code);
	cr_expect_null(pam_getenv(pamh, "SFMFA_LOGIN"), "no process of the user's ever has the name");
	cr_expect_not_null(pam_getenv(pamh, "SFMFA_SESSION_LEVEL"));
	cr_assert_eq(sudo("alice", &asked), PAM_SUCCESS);
	cr_expect_eq(asked, 0);
	cr_expect(stage_decided(&stage, "alice", "method=step-up"));
	cr_assert_eq(pam_close_session(pamh, 0), PAM_SUCCESS);
	cr_expect_neq(sudo("alice", &asked), PAM_SUCCESS);
	cr_expect_eq(asked, 1);
	pam_end(pamh, PAM_SUCCESS);
}

Test(sessions, a_registration_is_a_proof_from_its_commit_on)
{
	static const char *const registering[] = { STAGE_PASSWORD, "{code}", "@empty", NULL };
	pam_handle_t *pamh = log_in(registering);
	int asked;

	cr_assert_eq(sudo("alice", &asked), PAM_SUCCESS);
	cr_expect_eq(asked, 0);
	pam_end(pamh, PAM_SUCCESS);
}

Test(sessions, only_within_max_age)
{
	pam_handle_t *pamh;
	int asked;

	stage_register(&stage, &talk, "alice");
	stage_wait(&stage, 60);
	pamh = log_in(with_code);
	stage_wait(&stage, 901);
	(void)sudo("alice", &asked);
	cr_expect_eq(asked, 1);
	pam_end(pamh, PAM_SUCCESS);
}

/* sshd: authentication in a child, of which only the PAM environment comes back. */
Test(sessions, the_proof_comes_over_from_another_process)
{
	char name[128] = "";
	pam_handle_t *pamh;
	int ends[2], asked;
	pid_t child;

	stage_register(&stage, &talk, "alice");
	stage_wait(&stage, 60);
	cr_assert_eq(pipe(ends), 0);
	child = fork();
	if (child == 0) {
		const char *found;

		pamh = begin("login", "alice", with_code);
		if (pam_authenticate(pamh, 0) != PAM_SUCCESS || pam_acct_mgmt(pamh, 0) != PAM_SUCCESS)
			_exit(1);
		found = pam_getenv(pamh, "SFMFA_LOGIN");
		_exit(found == NULL || write(ends[1], found, strlen(found)) < 0 ? 2 : 0);
	}
	close(ends[1]);
	cr_assert_geq(read(ends[0], name, sizeof(name) - 1), 32);
	close(ends[0]);
	cr_assert_eq(waitpid(child, NULL, 0), child);
	for (int i = 0; i < 2; i++) {
		char variable[160];

		pamh = begin("login", "alice", with_code);
		snprintf(variable, sizeof(variable), "SFMFA_LOGIN=%s", name);
		cr_assert_eq(pam_putenv(pamh, variable), PAM_SUCCESS);
		cr_assert_eq(pam_setcred(pamh, PAM_ESTABLISH_CRED), PAM_SUCCESS);
		cr_expect_null(pam_getenv(pamh, "SFMFA_LOGIN"));
		cr_assert_eq(pam_open_session(pamh, 0), PAM_SUCCESS);
		(void)sudo("alice", &asked);
		cr_expect_eq(asked, i, "%s", i == 0 ? "the proof is there" : "the name was good once");
		pam_end(pamh, PAM_SUCCESS);
	}
}

Test(sessions, a_name_that_the_caller_brings_along_is_removed)
{
	pam_handle_t *pamh;

	stage_register(&stage, &talk, "alice");
	stage_wait(&stage, 60);
	pamh = begin("login", "alice", with_code);
	cr_assert_eq(pam_putenv(pamh, "SFMFA_LOGIN=00112233445566778899aabbccddeeff"), PAM_SUCCESS);
	cr_assert_eq(pam_putenv(pamh, "SFMFA_ANYTHING=1"), PAM_SUCCESS);
	cr_assert_eq(pam_authenticate(pamh, 0), PAM_SUCCESS);
	cr_expect_null(pam_getenv(pamh, "SFMFA_ANYTHING"));
	cr_assert_str_neq(pam_getenv(pamh, "SFMFA_LOGIN"), "00112233445566778899aabbccddeeff");
	pam_end(pamh, PAM_SUCCESS);
}

Test(sessions, a_session_for_another_user_has_no_proof)
{
	pam_handle_t *pamh;
	int asked;

	stage_register(&stage, &talk, "alice");
	cr_assert_eq(stage_sfmfa(&stage, "profile assign bob mfa"), 0);
	stage_wait(&stage, 60);
	pamh = begin("login", "alice", with_code);
	cr_assert_eq(pam_authenticate(pamh, 0), PAM_SUCCESS);
	cr_assert_eq(pam_set_item(pamh, PAM_USER, "bob"), PAM_SUCCESS);
	cr_assert_eq(pam_open_session(pamh, 0), PAM_SUCCESS);
	cr_expect_neq(sudo("alice", &asked), PAM_SUCCESS);
	cr_expect_eq(asked, 1);
	pam_end(pamh, PAM_SUCCESS);
}

Test(sessions, su_neither_begins_nor_ends_one)
{
	static const char *const code_alone[] = { "{code}", NULL };
	pam_handle_t *login, *su;
	int asked;

	stage_register(&stage, &talk, "alice");
	stage_wait(&stage, 60);
	su = begin("su", "alice", code_alone);
	cr_assert_eq(pam_authenticate(su, 0), PAM_SUCCESS);
	cr_assert_eq(pam_open_session(su, 0), PAM_SUCCESS);
	(void)sudo("alice", &asked);
	cr_expect_eq(asked, 1, "su begins none");
	stage_wait(&stage, 60);
	login = log_in(with_code);
	cr_assert_eq(pam_close_session(su, 0), PAM_SUCCESS);
	(void)sudo("alice", &asked);
	cr_expect_eq(asked, 0, "nor does it end that of the login");
	pam_end(su, PAM_SUCCESS);
	pam_end(login, PAM_SUCCESS);
}

Test(sessions, a_session_that_cannot_be_recorded_refuses_nobody)
{
	pam_handle_t *pamh;

	stage_register(&stage, &talk, "alice");
	stage_wait(&stage, 60);
	stage_forbid_once(&stage);
	pamh = begin("login", "alice", with_code);
	cr_assert_eq(pam_authenticate(pamh, 0), PAM_SUCCESS);
	cr_assert_eq(pam_acct_mgmt(pamh, 0), PAM_SUCCESS);
	stage_daemon_stop(&stage, SIGTERM);
	cr_expect_eq(pam_open_session(pamh, 0), PAM_SUCCESS);
	cr_expect_eq(pam_close_session(pamh, 0), PAM_SUCCESS);
	pam_end(pamh, PAM_SUCCESS);
}
