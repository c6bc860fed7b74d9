#include "paths.h"

#include <criterion/criterion.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>

#include "factor/totp.h"

struct paths paths;

/* API without a first factor that runs programs. */
static void
write_mail(void)
{
	char text[2048], line[512];

	snprintf(line, sizeof(line), "%s runtime_dir=%.200s/run daemon=/nonexistent/sfmfad", SFMFA_TEST_MODULE,
		 paths.stage.folder);
	snprintf(text, sizeof(text),
		 "auth requisite %s split\nauth required pam_permit.so\nauth required %s\naccount required %s\n", line,
		 line, line);
	stage_write(&paths.stage, "pam.d/mail", text);
}

void
paths_open(const char *preload)
{
	char token[STAGE_TOKEN_SIZE];

	stage_open(&paths.stage, "");
	stage_forbid_once(&paths.stage);
	write_mail();
	cr_assert_eq(stage_sfmfa(&paths.stage, "profile assign alice mfa"), 0);
	stage_register(&paths.stage, &paths.talk, "alice");
	memcpy(paths.key, paths.talk.key, sizeof(paths.key));
	stage_token(&paths.stage, "bob --label mail", token);
	snprintf(paths.right_field, sizeof(paths.right_field), PATHS_FIRST "%s", token);
	stage_token(&paths.stage, "alice --label mail", token);
	snprintf(paths.wrong_field, sizeof(paths.wrong_field), PATHS_FIRST "%s", token);
	paths.faults = sweep_page(&paths.stage);
	paths.preload = preload;
}

void
paths_close(void)
{
	stage_close(&paths.stage);
}

void
paths_start(void)
{
	paths.stage.daemon_preload = paths.preload;
	stage_daemon_stop(&paths.stage, SIGTERM);
	stage_daemon_start(&paths.stage);
	/* It listens before it has opened its state. */
	(void)stage_decisions(&paths.stage);
}

void
paths_end(struct sweep *sweep)
{
	sweep_ended(sweep, "sfmfad", stage_daemon_stop(&paths.stage, SIGTERM));
}

/* ---- secrets ------------------------------------------------------------------------------------------- */

void
paths_search_for(unsigned at, const char *name, const void *bytes, size_t size)
{
	struct faults_secret *secret = &paths.faults->secrets[at];

	cr_assert_lt(at, FAULTS_SECRETS);
	cr_assert_leq(size, sizeof(secret->bytes));
	memcpy(secret->bytes, bytes, size);
	snprintf(secret->name, sizeof(secret->name), "%s", name);
	secret->size = (uint32_t)size;
}

/* The shared secret, raw and as it is shown, and the present code. */
unsigned
paths_search_for_app(unsigned at, const char *base32)
{
	SECRET_AUTO shared = { 0 };
	char code[16];

	cr_assert_eq(totp_from_base32(base32, &shared), SFMFA_OK);
	paths_search_for(at, "shared secret", shared.bytes, shared.size);
	paths_search_for(at + 1, "shared secret, base32", base32, strlen(base32));
	snprintf(paths.talk.key, sizeof(paths.talk.key), "%.159s", base32);
	paths.talk.now = *paths.stage.clock;
	cr_assert(talk_code(&paths.talk, 0, code));
	paths_search_for(at + 2, "code", code, strlen(code));
	return at + 3;
}

static void
search_for_sealing_key(unsigned at)
{
	char path[STAGE_PATH_SIZE + 16], text[65];
	unsigned char bytes[32];
	FILE *file;

	snprintf(path, sizeof(path), "%s/sealing.key", paths.stage.folder);
	file = fopen(path, "re");
	cr_assert_not_null(file);
	cr_assert_not_null(fgets(text, sizeof(text), file));
	fclose(file);
	for (size_t i = 0; i < sizeof(bytes); i++)
		cr_assert_eq(sscanf(text + 2 * i, "%2hhx", &bytes[i]), 1);
	paths_search_for(at, "sealing key", bytes, sizeof(bytes));
	paths_search_for(at + 1, "sealing paths.key, text", text, 64);
}

/* What alice and bob type. */
void
paths_search(void)
{
	memset(paths.faults->secrets, 0, sizeof(paths.faults->secrets));
	unsigned at = paths_search_for_app(0, paths.key);

	paths_search_for(at, "password", PATHS_FIRST, strlen(PATHS_FIRST));
	paths_search_for(at + 1, "token", paths.right_field + strlen(PATHS_FIRST), STAGE_TOKEN_SIZE - 1);
	search_for_sealing_key(at + 2);
}

/* ---- the daemon ---------------------------------------------------------------------------------------- */

/* A login with an app, wrong and right; with the same code once more; and with the next one when there is memory. */
void
paths_log_in(struct sweep *sweep)
{
	int wrong, right, other;

	paths_start();
	stage_wait(&paths.stage, 60);
	paths_search();
	memcpy(paths.talk.key, paths.key, sizeof(paths.key));
	sweep_arm(sweep);
	wrong = PATHS_LOGIN("nopassword", "alice", "000000").auth;
	right = PATHS_LOGIN("nopassword", "alice", "{code}").auth;
	other = PATHS_LOGIN("nopassword", "bob", "@fail").auth;
	sweep_rest(paths.faults);
	if (wrong == PAM_SUCCESS)
		sweep_wrong(sweep, "a wrong code was let in");
	if (right == PAM_SUCCESS && PATHS_LOGIN("nopassword", "alice", "{code}").auth == PAM_SUCCESS)
		sweep_wrong(sweep, "a code was good twice");
	if (other != PAM_SUCCESS && (paths.others_get_in || other != PAM_AUTHINFO_UNAVAIL))
		sweep_wrong(sweep, "who owes nothing was refused");
	stage_wait(&paths.stage, 60);
	if (PATHS_LOGIN("nopassword", "alice", "{code}").auth != PAM_SUCCESS ||
	    PATHS_LOGIN("nopassword", "bob", "@fail").auth != PAM_SUCCESS)
		sweep_wrong(sweep, "no login when there was memory again");
	paths_end(sweep);
}

void
paths_send_field(struct sweep *sweep)
{
	int wrong, none, right;

	paths_start();
	paths_search();
	sweep_arm(sweep);
	wrong = PATHS_LOGIN("mail", "bob", paths.wrong_field).auth;
	none = PATHS_LOGIN("mail", "bob", PATHS_FIRST).auth;
	right = PATHS_LOGIN("mail", "bob", paths.right_field).auth;
	sweep_rest(paths.faults);
	(void)right;
	if (wrong == PAM_SUCCESS)
		sweep_wrong(sweep, "the token of somebody else was let in");
	if (none == PAM_SUCCESS)
		sweep_wrong(sweep, "a password without a token was let in");
	if (PATHS_LOGIN("mail", "bob", paths.right_field).auth != PAM_SUCCESS)
		sweep_wrong(sweep, "no login when there was memory again");
	paths_end(sweep);
}

void
paths_forget_carol(void)
{
	cr_assert_eq(stage_sfmfa(&paths.stage, "user delete carol --yes"), 0);
	cr_assert_eq(stage_sfmfa(&paths.stage, "profile assign carol mfa"), 0);
}

static bool
carol_is_completed(void)
{
	return stage_sfmfa(&paths.stage, "--json user show carol") == 0 && strstr(paths.stage.output, "\"completed\"") != NULL;
}

void
paths_register(struct sweep *sweep)
{
	struct attempt_codes codes;

	paths_start();
	cr_assert_eq(stage_sfmfa(&paths.stage, "profile assign carol mfa"), 0);
	paths_forget_carol();
	stage_wait(&paths.stage, 60);
	sweep_arm(sweep);
	codes = PATHS_LOGIN("nopassword", "carol", "{code}", "@empty");
	sweep_rest(paths.faults);
	if (codes.account == PAM_SUCCESS && !carol_is_completed())
		sweep_wrong(sweep, "let in with an app that is not registered");
	paths_forget_carol();
	codes = PATHS_LOGIN("nopassword", "carol", "{code}", "@empty");
	if (codes.account != PAM_SUCCESS || !carol_is_completed())
		sweep_wrong(sweep, "no registration when there was memory again");
	paths_end(sweep);
}

void
paths_command(struct sweep *sweep)
{
	int status;

	paths_start();
	cr_assert_eq(stage_sfmfa(&paths.stage, "user unfreeze alice"), 0);
	sweep_arm(sweep);
	status = stage_sfmfa(&paths.stage, "user freeze alice");
	sweep_rest(paths.faults);
	if (status != 0 && status != 3)
		sweep_wrong(sweep, "sfmfa ended with neither 0 nor 3");
	if (stage_sfmfa(&paths.stage, "--json user show alice") != 0)
		sweep_wrong(sweep, "no command when there was memory again");
	else if (status == 0 && strstr(paths.stage.output, "\"frozen\":true") == NULL)
		sweep_wrong(sweep, "said to be frozen, and is not");
	paths_end(sweep);
}

static bool
can_log_in(struct sweep *sweep)
{
	bool right;

	stage_wait(&paths.stage, 60);
	memcpy(paths.talk.key, paths.key, sizeof(paths.key));
	right = PATHS_LOGIN("nopassword", "alice", "{code}").auth == PAM_SUCCESS;
	if (PATHS_LOGIN("nopassword", "alice", "000000").auth == PAM_SUCCESS)
		sweep_wrong(sweep, "a wrong code was let in");
	return right;
}

/* It comes up whole, or it ends and says so: whoever started it will try again. */
void
paths_start_up(struct sweep *sweep)
{
	bool up, well = false;
	int status = 0;

	stage_daemon_stop(&paths.stage, SIGTERM);
	paths.stage.daemon_preload = paths.preload;
	paths_search();
	sweep_arm(sweep);
	up = stage_daemon_try(&paths.stage, &status);
	if (up)
		(void)stage_decisions(&paths.stage);
	sweep_rest(paths.faults);
	if (up) {
		well = can_log_in(sweep);
		status = stage_daemon_stop(&paths.stage, SIGTERM);
	}
	sweep_ended(sweep, "sfmfad", status);
	if (!well && WIFEXITED(status) && WEXITSTATUS(status) != 3)
		sweep_wrong(sweep, "sfmfad neither serves nor ends with 3");
}

/* A change of the files, which is read at once. */
void
paths_reload(struct sweep *sweep)
{
	paths_start();
	sweep_arm(sweep);
	cr_assert_eq(kill(paths.stage.daemon, SIGHUP), 0);
	(void)stage_decisions(&paths.stage);
	sweep_rest(paths.faults);
	if (!can_log_in(sweep))
		sweep_wrong(sweep, "no login when there was memory again");
	paths_end(sweep);
}
