/* What must never let anybody in: bad arguments, conversations, users, files, and a daemon that dies. */
#include <criterion/criterion.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "stage.h"

static struct stage stage;
static struct talk talk;

#define PEER "203.0.113.7"
#define LOGIN(user, ...) \
	stage_login(&stage, &talk, "login", user, PEER, (const char *const[]){ STAGE_PASSWORD, __VA_ARGS__, NULL })

static void
open_stage(void)
{
	stage_open(&stage, "");
	cr_assert_eq(stage_sfmfa(&stage, "profile assign alice mfa"), 0);
}

static void
close_stage(void)
{
	stage_close(&stage);
}

TestSuite(bad_input, .init = open_stage, .fini = close_stage, .timeout = 60);

/* All six hooks of a line with these arguments: authenticate, setcred, acct_mgmt, open, close, chauthtok. */
static void
hooks_return(const char *arguments, const int codes[6])
{
	struct pam_conv conversation = { .conv = talk_converse, .appdata_ptr = &talk };
	char text[4096], services[STAGE_PATH_SIZE + 8];
	pam_handle_t *pamh = NULL;
	size_t used = 0;

	for (const char *const *type = (const char *const[]){ "auth", "account", "session", "password", NULL }; *type != NULL;
	     type++)
		used += (size_t)snprintf(text + used, sizeof(text) - used, "%s required %s runtime_dir=%s/run %s\n", *type,
		                         SFMFA_TEST_MODULE, stage.folder, arguments);
	stage_write(&stage, "pam.d/odd", text);
	snprintf(services, sizeof(services), "%s/pam.d", stage.folder);
	cr_assert_eq(pam_start_confdir("odd", "alice", &conversation, services, &pamh), PAM_SUCCESS);
	cr_assert_eq(pam_authenticate(pamh, 0), codes[0], "%s", arguments);
	cr_assert_eq(pam_setcred(pamh, PAM_ESTABLISH_CRED), codes[1], "%s", arguments);
	cr_assert_eq(pam_acct_mgmt(pamh, 0), codes[2], "%s", arguments);
	cr_assert_eq(pam_open_session(pamh, 0), codes[3], "%s", arguments);
	cr_assert_eq(pam_close_session(pamh, 0), codes[4], "%s", arguments);
	cr_assert_eq(pam_chauthtok(pamh, 0), codes[5], "%s", arguments);
	pam_end(pamh, codes[0]);
}

static const int service_error[6] = {
	PAM_SERVICE_ERR, PAM_SERVICE_ERR, PAM_SERVICE_ERR, PAM_SERVICE_ERR, PAM_SERVICE_ERR, PAM_SERVICE_ERR,
};

Test(bad_input, arguments_that_are_not_understood_deny_in_every_hook)
{
	hooks_return("splitt", service_error);
	hooks_return("Split", service_error);
	hooks_return("login_type=web", service_error);
	hooks_return("login_type=", service_error);
	hooks_return("split ask", service_error);
	hooks_return("config=relative", service_error);
	hooks_return("prompt=", service_error);
}

Test(bad_input, answers_that_are_none)
{
	stage_register(&stage, &talk, "alice");
	cr_assert_eq(LOGIN("alice", "@fail").auth, PAM_CONV_ERR);
	cr_assert(stage_decided(&stage, "alice", "reason=conversation"));
	cr_assert_neq(LOGIN("alice", "@null").auth, PAM_SUCCESS);
	cr_assert_eq(LOGIN("alice", "@empty").auth, PAM_AUTH_ERR);
	cr_assert(stage_decided(&stage, "alice", "reason=factor-missing"));
	cr_assert_neq(LOGIN("alice", "@long").auth, PAM_SUCCESS);
	for (int i = 0; i < 12; i++)
		cr_assert_neq(LOGIN("alice", "@empty").auth, PAM_SUCCESS);
	cr_assert_eq(LOGIN("alice", "{code}").auth, PAM_SUCCESS, "none of it was counted");
}

Test(bad_input, a_conversation_that_is_not_there)
{
	struct pam_conv conversation = { .conv = NULL };
	char services[STAGE_PATH_SIZE + 8];
	pam_handle_t *pamh = NULL;

	stage_register(&stage, &talk, "alice");
	snprintf(services, sizeof(services), "%s/pam.d", stage.folder);
	cr_assert_eq(pam_start_confdir("nopassword", "alice", &conversation, services, &pamh), PAM_SUCCESS);
	cr_assert_eq(pam_authenticate(pamh, 0), PAM_CONV_ERR);
	pam_end(pamh, PAM_CONV_ERR);
}

Test(bad_input, a_user_that_is_not_set_is_asked_for)
{
	stage_register(&stage, &talk, "alice");
	cr_assert_eq(stage_login(&stage, &talk, "nopassword", NULL, PEER,
	                         (const char *const[]){ "alice", "{code}", NULL }).auth, PAM_SUCCESS);
	cr_assert_neq(stage_login(&stage, &talk, "nopassword", NULL, PEER, (const char *const[]){ "@empty", NULL }).auth,
	              PAM_SUCCESS);
	cr_assert_neq(stage_login(&stage, &talk, "nopassword", NULL, PEER, (const char *const[]){ "@fail", NULL }).auth,
	              PAM_SUCCESS);
}

Test(bad_input, names_that_are_none_forge_no_line)
{
	static char longest[300];
	const char *const names[] = { "../x", "a b", "x\nsfmfa: user=alice verdict=allow", "\xff\xfe", "a\"b=c\\", longest };

	memset(longest, 'n', sizeof(longest) - 1);
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		cr_assert_neq(LOGIN(names[i], "000000").auth, PAM_SUCCESS, "%s", names[i]);
	cr_assert_eq(stage_sfmfa(&stage, "--json log"), 0);
	cr_assert_null(strstr(stage.output, "\"alice\",\"service\":\""), "%s", stage.output);
	cr_assert_eq(LOGIN("alice", "{code}", "@empty").auth, PAM_SUCCESS, "and the daemon lives");
}

Test(bad_input, a_daemon_that_dies_lets_nobody_in)
{
	stage_register(&stage, &talk, "alice");
	stage_daemon_stop(&stage, SIGKILL);
	/* As root the module would start the daemon for this login; a path that is none keeps it from that. */
	hooks_return("daemon=/nonexistent debug",
	             (const int[]){ PAM_AUTHINFO_UNAVAIL, PAM_CRED_ERR, PAM_AUTHINFO_UNAVAIL, PAM_SUCCESS, PAM_SUCCESS, PAM_SUCCESS });
}

Test(bad_input, a_broken_profile_changes_nothing_and_is_told)
{
	stage_register(&stage, &talk, "alice");
	stage_write(&stage, "etc/profiles.d/mfa.conf", "permissions = [ \"api-enabled\", \"mfa-ui-login\" ];\n");
	cr_assert_eq(LOGIN("alice", "000000").auth, PAM_AUTH_ERR, "the last good one still asks for a code");
	cr_assert(stage_decided(&stage, "alice", "config=stale"));
	cr_assert_eq(stage_sfmfa(&stage, "status"), 1);
	cr_assert_not_null(strstr(stage.output, "mfa.conf:1"), "%s", stage.output);
	stage_daemon_stop(&stage, SIGTERM);
	stage_daemon_start(&stage);
	cr_assert_eq(LOGIN("alice", "{code}").auth, PAM_SUCCESS, "after a restart too");
	cr_assert(stage_decided(&stage, "alice", "config=stale"));
	stage_write(&stage, "etc/profiles.d/mfa.conf", "permissions = [ \"api-enabled\" ];\n");
	cr_assert_eq(LOGIN("alice", "@fail").auth, PAM_SUCCESS, "mended: in force at the next login");
	cr_assert_not(stage_decided(&stage, "alice", "config=stale"));
	cr_assert_eq(stage_sfmfa(&stage, "status"), 0);
}

Test(bad_input, a_store_that_is_garbage_denies)
{
	char path[STAGE_PATH_SIZE + 32];

	stage_register(&stage, &talk, "alice");
	stage_daemon_stop(&stage, SIGTERM);
	snprintf(path, sizeof(path), "%s/state/sfmfa.db-wal", stage.folder);
	unlink(path);
	stage_write(&stage, "state/sfmfa.db", "this is no database, and it is long enough not to be taken for an empty one");
	stage_daemon_start(&stage);
	cr_assert_eq(LOGIN("alice", "{code}").auth, PAM_AUTHINFO_UNAVAIL);
}

Test(bad_input, without_the_sealing_key_a_factor_is_not_verified_and_others_get_in)
{
	char path[STAGE_PATH_SIZE + 32];

	stage_register(&stage, &talk, "alice");
	cr_assert_eq(stage_sfmfa(&stage, "profile assign bob standard"), 0);
	stage_daemon_stop(&stage, SIGTERM);
	snprintf(path, sizeof(path), "%s/sealing.key", stage.folder);
	cr_assert_eq(unlink(path), 0);
	stage_daemon_start(&stage);
	cr_assert_neq(LOGIN("alice", "{code}").auth, PAM_SUCCESS);
	cr_assert_eq(LOGIN("bob", "@fail").auth, PAM_SUCCESS);
	cr_assert_neq(access(path, F_OK), 0, "no key is made for a store that has another");
}
