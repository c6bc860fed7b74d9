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
#define LOGIN(user, ...)                                                                                     \
	stage_login(&stage, &talk, "login", user, PEER,                                                      \
		    (const char *const[]){ STAGE_PASSWORD, __VA_ARGS__, NULL })

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

	for (const char *const *type =
		     (const char *const[]){ "auth", "account", "session", "password", NULL };
	     *type != NULL; type++)
		used += (size_t)snprintf(text + used, sizeof(text) - used,
					 "%s required %s runtime_dir=%s/run %s\n", *type, SFMFA_TEST_MODULE,
					 stage.folder, arguments);
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
	hooks_return("daemon=", service_error);
	hooks_return("app=", service_error);
	hooks_return("runtime_dir=run", service_error);
	hooks_return("daemon=./sfmfad", service_error);
	hooks_return("split=1", service_error);
	hooks_return("=", service_error);
	hooks_return("login_type", service_error);
	hooks_return("no_warn", service_error);
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

Test(bad_input, a_user_that_is_not_set_is_asked_for)
{
	stage_register(&stage, &talk, "alice");
	cr_assert_eq(stage_login(&stage, &talk, "nopassword", NULL, PEER,
				 (const char *const[]){ "alice", "{code}", NULL })
			     .auth,
		     PAM_SUCCESS);
	cr_assert_neq(
		stage_login(&stage, &talk, "nopassword", NULL, PEER, (const char *const[]){ "@empty", NULL })
			.auth,
		PAM_SUCCESS);
	cr_assert_neq(
		stage_login(&stage, &talk, "nopassword", NULL, PEER, (const char *const[]){ "@fail", NULL })
			.auth,
		PAM_SUCCESS);
}

Test(bad_input, a_registration_whose_texts_are_refused_goes_on)
{
	talk.refuse_text = true;
	cr_assert_eq(LOGIN("alice", "000000", "000000", "000000").auth, PAM_AUTH_ERR);
	cr_assert_eq(talk.prompts, 4);
}

/* Every line of the log is one of the daemon's own, and says of alice nothing that she did not do. */
static void
assert_log_is_honest(void)
{
	char path[STAGE_PATH_SIZE + 8], line[8192];
	FILE *file;

	(void)stage_sfmfa(&stage, "status");
	snprintf(path, sizeof(path), "%s/log", stage.folder);
	file = fopen(path, "re");
	cr_assert_not_null(file);
	while (fgets(line, sizeof(line), file) != NULL) {
		size_t size = strcspn(line, "\n");

		cr_assert_eq(strncmp(line, "sfmfad: ", 8), 0, "%s", line);
		cr_assert_eq(line[size], '\n', "%s", line);
		for (size_t i = 0; i < size; i++)
			cr_assert(line[i] >= 0x20 && line[i] < 0x7f, "%s", line);
		/* A forged pair would be a second one of its key. */
		for (const char *const *key =
			     (const char *const[]){ " verdict=", " reason=", " user=", NULL };
		     *key != NULL; key++) {
			const char *first = strstr(line, *key);

			cr_assert(first == NULL || strstr(first + 1, *key) == NULL, "%s", line);
		}
		cr_assert_null(strstr(line, "user=alice service=nopassword login_type=ui remote=- "
					    "method=totp verdict=allow"),
			       "%s", line);
	}
	fclose(file);
}

Test(bad_input, names_that_are_none_forge_no_line)
{
	static char longest[301];
	const char *const names[] = {
		"../x",     "../../etc/passwd",
		"a b",      "x\nsfmfad: user=alice verdict=allow reason=ok",
		"\xff\xfe", "\xc0\xaf",
		"a\"b=c\\", "x verdict=allow reason=ok",
		"%s%n%x",   " ",
		"\033[2J",  "-",
		"alice\r",  longest,
	};

	memset(longest, 'n', sizeof(longest) - 1);
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		int codes[HOOK_COUNT];

		stage_hooks(&stage, &talk, "nopassword", names[i], (const char *const[]){ "000000", NULL },
			    codes);
		cr_assert_eq(codes[HOOK_AUTHENTICATE], PAM_AUTH_ERR, "%s: %d", names[i],
			     codes[HOOK_AUTHENTICATE]);
		cr_assert_eq(codes[HOOK_SETCRED], PAM_CRED_ERR, "%s", names[i]);
		cr_assert_eq(codes[HOOK_ACCT_MGMT], PAM_PERM_DENIED, "%s: %d", names[i],
			     codes[HOOK_ACCT_MGMT]);
	}
	assert_log_is_honest();
	cr_assert_eq(stage_sfmfa(&stage, "--json log"), 0);
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		cr_assert(strlen(names[i]) < 3 || strstr(stage.output, names[i]) == NULL, "%s is kept",
			  names[i]);
	cr_assert_eq(LOGIN("alice", "{code}", "@empty").auth, PAM_SUCCESS, "and the daemon lives");
}

Test(bad_input, items_of_the_handle_forge_no_line)
{
	struct pam_conv conversation = { .conv = talk_converse, .appdata_ptr = &talk };
	static char longest[5001];
	const char *const texts[] = {
		"x\nsfmfad: user=alice service=nopassword login_type=ui remote=- method=totp verdict=allow "
		"level=standard reason=ok",
		"x verdict=allow reason=ok",
		"\xff\xfe\"=",
		"%s%n",
		longest,
	};

	memset(longest, 'r', sizeof(longest) - 1);
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		for (size_t item = 0; item < 3; item++) {
			pam_handle_t *pamh = stage_pam_start(&stage, &conversation, "nopassword", "alice");

			talk.answers = (const char *const[]){ "000000" };
			talk.answer_count = 1;
			talk.given = 0;
			cr_assert_eq(pam_set_item(pamh, (const int[]){ PAM_RHOST, PAM_TTY, PAM_RUSER }[item],
						  texts[i]),
				     PAM_SUCCESS);
			cr_assert_neq(pam_authenticate(pamh, 0), PAM_SUCCESS);
			pam_end(pamh, PAM_AUTH_ERR);
		}
	}
	assert_log_is_honest();
}
