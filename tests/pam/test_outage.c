/* The daemon away or dying, a broken configuration, a store or a key that is gone: nobody gets in by it. */
#include <criterion/criterion.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "notes.h"
#include "raw.h"
#include "stage.h"

static struct stage stage;
static struct talk talk;

#define PEER "203.0.113.7"
#define LOGIN(user, ...)                                                                                     \
	stage_login(&stage, &talk, "nopassword", user, PEER, (const char *const[]){ __VA_ARGS__, NULL })

static void
open_stage(void)
{
	stage_open(&stage, "");
	stage_forbid_once(&stage);
	cr_assert_eq(stage_sfmfa(&stage, "profile assign alice mfa"), 0);
	cr_assert_eq(stage_sfmfa(&stage, "profile assign bob standard"), 0);
	stage_register(&stage, &talk, "alice");
}

static void
close_stage(void)
{
	stage_close(&stage);
}

TestSuite(outage, .init = open_stage, .fini = close_stage, .timeout = 90);

static int64_t
milliseconds(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static const char *
path_of(const char *name)
{
	static char path[STAGE_PATH_SIZE + 64];

	snprintf(path, sizeof(path), "%s/%s", stage.folder, name);
	return path;
}

/* ---- the daemon ------------------------------------------------------------------------------------ */

static bool
other_is_denied(void)
{
	struct pam_conv conversation = { .conv = talk_converse, .appdata_ptr = &talk };
	char services[STAGE_PATH_SIZE + 8];
	pam_handle_t *pamh = NULL;

	/* libpam answers PAM_OPEN_ERR or the like for a module it may not read: this says nothing then. */
	if (access(SFMFA_TEST_MODULE, R_OK) != 0) {
		note("skipped: the user nobody may not read %s", SFMFA_TEST_MODULE);
		return true;
	}
	snprintf(services, sizeof(services), "%s/pam.d", stage.folder);
	NEED(pam_start_confdir("nopassword", "nobody", &conversation, services, &pamh) == PAM_SUCCESS);
	NEED(pam_authenticate(pamh, 0) == PAM_AUTHINFO_UNAVAIL);
	NEED(pam_setcred(pamh, PAM_ESTABLISH_CRED) == PAM_CRED_ERR);
	NEED(pam_acct_mgmt(pamh, 0) == PAM_AUTHINFO_UNAVAIL);
	pam_end(pamh, PAM_AUTHINFO_UNAVAIL);
	return true;
}

Test(outage, a_daemon_that_is_away_lets_no_other_caller_in_either)
{
	raw_need_nobody();
	stage_daemon_stop(&stage, SIGTERM);
	cr_assert(raw_ended_well(raw_fork_nobody(other_is_denied)), "see the notes at the end");
}

/* With the clock of the system, which the program that is started has. */
static void
open_once(void)
{
	if (geteuid() != 0)
		cr_skip_test("only root may start sfmfad --once");
	stage_open(&stage, "");
	*stage.clock = (int64_t)time(NULL);
	cr_assert_eq(stage_sfmfa(&stage, "profile assign alice mfa"), 0);
	cr_assert_eq(stage_sfmfa(&stage, "profile assign bob standard"), 0);
	stage_register(&stage, &talk, "alice");
}

TestSuite(once, .init = open_once, .fini = close_stage, .timeout = 90);

Test(once, root_gets_in_where_nobody_listens)
{
	int code;

	stage_daemon_stop(&stage, SIGKILL);
	code = LOGIN("bob", "@fail").auth;
	if (code == PAM_AUTHINFO_UNAVAIL) {
		/* Nothing is taken down after a test that is skipped. */
		stage_close(&stage);
		cr_skip_test("sfmfad --once is refused here: not the host's own root or user namespace");
	}
	cr_assert_eq(code, PAM_SUCCESS);
	cr_assert_eq(LOGIN("alice", "000000").auth, PAM_AUTH_ERR);
	cr_assert_eq(LOGIN("alice", "{code}").auth, PAM_SUCCESS, "%s", talk.transcript);
	cr_assert_eq(LOGIN("alice", "{code}").auth, PAM_AUTH_ERR, "once");
	stage_daemon_start(&stage);
	cr_assert_eq(LOGIN("alice", "{code}").auth, PAM_AUTH_ERR, "for every process");
}

/* A person at a prompt, behind whose back the daemon dies. */
static int
kill_and_answer(int count, const struct pam_message **messages, struct pam_response **ret_responses,
		void *appdata)
{
	if (messages[0]->msg_style == PAM_PROMPT_ECHO_OFF)
		stage_daemon_stop(&stage, SIGKILL);
	return talk_converse(count, messages, ret_responses, appdata);
}

static void
die_in_conversation(const char *user, const char *const answers[], size_t count)
{
	struct pam_conv conversation = { .conv = kill_and_answer, .appdata_ptr = &talk };
	pam_handle_t *pamh = stage_pam_start(&stage, &conversation, "nopassword", user);
	int64_t start = milliseconds();

	talk.answers = answers;
	talk.answer_count = count;
	talk.given = 0;
	talk.now = *stage.clock;
	cr_assert_eq(pam_authenticate(pamh, 0), PAM_AUTHINFO_UNAVAIL);
	cr_assert_lt(milliseconds() - start, 3000, "and soon");
	cr_assert_eq(pam_setcred(pamh, PAM_ESTABLISH_CRED), PAM_CRED_ERR);
	cr_assert_neq(pam_acct_mgmt(pamh, 0), PAM_SUCCESS);
	pam_end(pamh, PAM_AUTHINFO_UNAVAIL);
	stage_daemon_start(&stage);
}

Test(outage, a_daemon_that_dies_in_a_conversation_lets_nobody_in)
{
	cr_assert_eq(stage_sfmfa(&stage, "profile assign carol mfa"), 0);
	die_in_conversation("alice", (const char *const[]){ "{code}" }, 1);
	cr_assert_eq(LOGIN("alice", "{code}").auth, PAM_SUCCESS, "nothing was spent");
	die_in_conversation("carol", (const char *const[]){ "{code}", "@empty" }, 2);
	cr_assert_eq(stage_sfmfa(&stage, "--json user show carol"), 0);
	cr_assert_not_null(strstr(stage.output, "\"none\""), "%s", stage.output);
}

Test(outage, a_registration_dies_with_its_daemon)
{
	struct pam_conv conversation = { .conv = talk_converse, .appdata_ptr = &talk };
	pam_handle_t *pamh;

	cr_assert_eq(stage_sfmfa(&stage, "profile assign carol mfa"), 0);
	pamh = stage_pam_start(&stage, &conversation, "nopassword", "carol");
	talk.answers = (const char *const[]){ "{code}", "@empty" };
	talk.answer_count = 2;
	talk.given = 0;
	talk.now = *stage.clock;
	cr_assert_eq(pam_authenticate(pamh, 0), PAM_SUCCESS);
	stage_daemon_stop(&stage, SIGKILL);
	stage_daemon_start(&stage);
	cr_assert_eq(pam_acct_mgmt(pamh, 0), PAM_AUTHINFO_UNAVAIL);
	cr_assert_eq(pam_acct_mgmt(pamh, 0), PAM_PERM_DENIED, "nor at a second try");
	pam_end(pamh, PAM_AUTHINFO_UNAVAIL);
	cr_assert_eq(stage_sfmfa(&stage, "--json user show carol"), 0);
	cr_assert_not_null(strstr(stage.output, "\"none\""), "%s", stage.output);
}

Test(outage, a_daemon_that_is_replaced_between_split_and_verification_lets_nobody_in)
{
	char text[4096], line[768];
	FILE *file;
	long pid = 0;

	/* The first factor of this stack restarts the daemon, and is content with every password. */
	snprintf(text, sizeof(text),
		 "#!/bin/sh\ncat >/dev/null\nkill -9 %ld\nrm -f %s/run/*.sock\n"
		 "SFMFA_FAKECLOCK=%s/clock LD_PRELOAD=%s ASAN_OPTIONS=verify_asan_link_order=0 "
		 "%s --foreground --config %s/etc/sfmfa.conf 2>>%s/log &\necho $! >%s/pid\n"
		 "while ! [ -S %s/run/root.sock ]; do sleep 0.01; done\n",
		 (long)stage.daemon, stage.folder, stage.folder, SFMFA_TEST_PRELOAD, SFMFA_TEST_DAEMON,
		 stage.folder, stage.folder, stage.folder, stage.folder);
	stage_write(&stage, "restart", text);
	cr_assert_eq(chmod(path_of("restart"), 0755), 0);
	snprintf(line, sizeof(line), "%s runtime_dir=%s/run daemon=/nonexistent/sfmfad", SFMFA_TEST_MODULE,
		 stage.folder);
	snprintf(text, sizeof(text),
		 "auth requisite %s split\nauth requisite pam_exec.so quiet expose_authtok %s\nauth required "
		 "%s\n"
		 "account required %s\n",
		 line, path_of("restart"), line, line);
	stage_write(&stage, "pam.d/mail", text);
	cr_assert_eq(stage_login(&stage, &talk, "mail", "alice", PEER,
				 (const char *const[]){ "secret{code}", NULL })
			     .auth,
		     PAM_AUTHINFO_UNAVAIL);
	stage_daemon_stop(&stage, SIGKILL);
	file = fopen(path_of("pid"), "re");
	cr_assert_not_null(file);
	cr_assert_eq(fscanf(file, "%ld", &pid), 1);
	fclose(file);
	/* Not a child of this process: it holds its socket until it is really gone. */
	for (int i = 0; i < 500 && kill((pid_t)pid, SIGKILL) == 0; i++)
		poll(NULL, 0, 10);
	stage_daemon_start(&stage);
	cr_assert_eq(LOGIN("alice", "{code}").auth, PAM_SUCCESS, "nothing was spent");
}

/* ---- the configuration ------------------------------------------------------------------------------- */

Test(outage, a_broken_profile_changes_nothing_and_is_told)
{
	stage_write(&stage, "etc/profiles.d/mfa.conf",
		    "permissions = [ \"api-enabled\", \"mfa-ui-login\" ];\n");
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

Test(outage, settings_that_are_broken_weaken_nothing)
{
	static const char *const settings[] = {
		"lockout = { max_invalid_attempts = 4294967296; };\n",
		"registration = \"sometimes\";\n",
		"no_such_key = 1;\n",
		"totp = { digits = 6 \n",
		"@include \"/etc/passwd\"\n",
		"default_profile = \"no-such-profile\";\n",
		"trusted_networks = [ \"everywhere\" ];\n",
		"lockout = { max_invalid_attempts = 0; }; lockout = { };\n",
	};

	for (size_t i = 0; i < sizeof(settings) / sizeof(settings[0]); i++) {
		stage_configure(&stage, settings[i]);
		cr_assert_eq(stage_sfmfa(&stage, "status"), 1, "%s", settings[i]);
		cr_assert_eq(LOGIN("alice", "000000").auth, PAM_AUTH_ERR);
		cr_assert(stage_decided(&stage, "alice", "config=stale"), "%s", settings[i]);
	}
	stage_configure(&stage, "");
	cr_assert_eq(LOGIN("alice", "{code}").auth, PAM_SUCCESS);
	cr_assert_not(stage_decided(&stage, "alice", "config=stale"));
}

/* ---- the store ------------------------------------------------------------------------------------------
 */

static void
remove_store(void)
{
	static const char *const names[] = { "state/sfmfa.db", "state/sfmfa.db-wal", "state/sfmfa.db-shm" };

	for (size_t i = 0; i < 3; i++)
		(void)unlink(path_of(names[i]));
}

static void
be_garbage(void)
{
	remove_store();
	stage_write(&stage, "state/sfmfa.db",
		    "this is no database, and it is long enough not to be taken for an empty one");
	cr_assert_eq(chmod(path_of("state/sfmfa.db"), 0600), 0);
}

static void
be_folder(void)
{
	remove_store();
	cr_assert_eq(mkdir(path_of("state/sfmfa.db"), 0700), 0);
}

static void
be_link(void)
{
	char target[STAGE_PATH_SIZE + 64];

	snprintf(target, sizeof(target), "%s", path_of("state/elsewhere.db"));
	cr_assert_eq(rename(path_of("state/sfmfa.db"), target), 0);
	cr_assert_eq(symlink(target, path_of("state/sfmfa.db")), 0);
}

static void
be_everybodys(void)
{
	cr_assert_eq(chmod(path_of("state/sfmfa.db"), 0666), 0);
}

static void
be_in_everybodys_folder(void)
{
	cr_assert_eq(chmod(path_of("state"), 0777), 0);
}

/* The schema of a later version. */
static void
be_newer(void)
{
	char words[STAGE_PATH_SIZE + 128];

	snprintf(words, sizeof(words), "sqlite3 %s 'pragma user_version = 99'", path_of("state/sfmfa.db"));
	cr_assert_eq(system(words), 0);
}

Test(outage, a_store_that_cannot_be_trusted_or_read_denies)
{
	static const struct {
		const char *name;
		void (*spoil)(void);
	} rows[] = {
		{ "garbage", be_garbage },
		{ "a folder", be_folder },
		{ "a link", be_link },
		{ "writable by all", be_everybodys },
		{ "in a folder writable by all", be_in_everybodys_folder },
		{ "of a later version", be_newer },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		if (i > 0)
			open_stage();
		stage_daemon_stop(&stage, SIGTERM);
		rows[i].spoil();
		stage_daemon_start(&stage);
		cr_expect_eq(LOGIN("alice", "{code}").auth, PAM_AUTHINFO_UNAVAIL, "%s", rows[i].name);
		cr_expect(stage_decided(&stage, NULL, "reason=store"), "%s", rows[i].name);
		cr_expect_eq(LOGIN("bob", "@fail").auth, PAM_AUTHINFO_UNAVAIL,
			     "%s: nobody knows that bob owes nothing", rows[i].name);
		cr_expect_eq(stage_sfmfa(&stage, "status"), 1, "%s", rows[i].name);
		if (i + 1 < sizeof(rows) / sizeof(rows[0]))
			stage_close(&stage);
	}
}

Test(outage, a_store_that_is_spoiled_while_running_lets_nobody_in)
{
	int fd = open(path_of("state/sfmfa.db"), O_WRONLY | O_CLOEXEC);
	int wal = open(path_of("state/sfmfa.db-wal"), O_WRONLY | O_CLOEXEC);
	char junk[65536];

	cr_assert_geq(fd, 0);
	memset(junk, 0x5a, sizeof(junk));
	for (int i = 0; i < 4; i++)
		cr_assert_eq(write(fd, junk, sizeof(junk)), (ssize_t)sizeof(junk));
	for (int i = 0; wal >= 0 && i < 4; i++)
		cr_assert_eq(write(wal, junk, sizeof(junk)), (ssize_t)sizeof(junk));
	close(fd);
	if (wal >= 0)
		close(wal);
	cr_assert_neq(LOGIN("alice", "000000").auth, PAM_SUCCESS);
	stage_daemon_stop(&stage, SIGKILL);
	stage_daemon_start(&stage);
	cr_assert_eq(LOGIN("alice", "{code}").auth, PAM_AUTHINFO_UNAVAIL);
	cr_assert(stage_decided(&stage, NULL, "reason=store"));
}

/* ---- the sealing key -------------------------------------------------------------------------------------
 */

static void
assert_no_factor_is_verified(void)
{
	stage_daemon_start(&stage);
	cr_assert_eq(LOGIN("alice", "{code}").auth, PAM_AUTHINFO_UNAVAIL);
	cr_assert(stage_decided(&stage, "alice", "reason=store"));
	cr_assert_eq(LOGIN("bob", "@fail").auth, PAM_SUCCESS, "who owes nothing gets in");
	cr_assert_eq(stage_sfmfa(&stage, "status"), 1);
	stage_daemon_stop(&stage, SIGTERM);
}

Test(outage, without_its_sealing_key_no_factor_is_verified_and_others_get_in)
{
	char aside[STAGE_PATH_SIZE + 64];

	stage_daemon_stop(&stage, SIGTERM);
	snprintf(aside, sizeof(aside), "%s", path_of("sealing.aside"));
	cr_assert_eq(rename(path_of("sealing.key"), aside), 0);
	assert_no_factor_is_verified();
	cr_assert_neq(access(path_of("sealing.key"), F_OK), 0, "no key is made for a store that has another");

	stage_write(&stage, "sealing.key",
		    "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef\n");
	cr_assert_eq(chmod(path_of("sealing.key"), 0640), 0);
	assert_no_factor_is_verified();
	stage_write(&stage, "sealing.key", "not a key\n");
	cr_assert_eq(chmod(path_of("sealing.key"), 0640), 0);
	assert_no_factor_is_verified();
	cr_assert_eq(unlink(path_of("sealing.key")), 0);
	cr_assert_eq(symlink(aside, path_of("sealing.key")), 0);
	assert_no_factor_is_verified();
	cr_assert_eq(unlink(path_of("sealing.key")), 0);
	cr_assert_eq(rename(aside, path_of("sealing.key")), 0);
	cr_assert_eq(chmod(path_of("sealing.key"), 0644), 0);
	assert_no_factor_is_verified();

	cr_assert_eq(chmod(path_of("sealing.key"), 0640), 0);
	stage_daemon_start(&stage);
	cr_assert_eq(LOGIN("alice", "{code}").auth, PAM_SUCCESS, "the key is back");
}
