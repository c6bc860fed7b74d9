/*
 * What each of the six hooks answers in each situation (rules 8): tests/data/return-codes.tsv, through
 * the real libpam. "-" is a hook that is not called, for want of a line in the stack; a stack "…-account"
 * starts with the account phase, as public-key ssh does.
 */
#include <criterion/criterion.h>
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "notes.h"
#include "stage.h"

#define PEER    "203.0.113.7"
#define TRUSTED "192.0.2.9"

static struct stage stage;
static struct talk talk;

/* ---- situations: each prepares an installation in which alice has an app; false: not to be had here ------- */

static bool
lock_alice(void)
{
	for (int i = 0; i < 10; i++)
		(void)stage_login(&stage, &talk, "nopassword", "alice", NULL, (const char *const[]){ "000000", NULL });
	return true;
}

static bool
freeze_alice(void)
{
	cr_assert_eq(stage_sfmfa(&stage, "user freeze alice"), 0);
	return true;
}

static bool
close_registration(void)
{
	stage_configure(&stage, "registration = \"closed\";\n");
	cr_assert_eq(stage_sfmfa(&stage, "disconnect alice"), 0);
	return true;
}

static bool
open_hours_never(void)
{
	stage_write(&stage, "etc/profiles.d/mfa.conf",
	            "permissions = [ \"api-enabled\", \"mfa-ui-logins\" ];\n"
	            "login_hours = { zone = \"UTC\"; mon = \"closed\"; tue = \"closed\"; wed = \"closed\"; "
	            "thu = \"closed\"; fri = \"closed\"; sat = \"closed\"; sun = \"closed\"; };\n");
	return true;
}

static const char *
path_of(const char *name)
{
	static char path[STAGE_PATH_SIZE + 64];

	snprintf(path, sizeof(path), "%s/%s", stage.folder, name);
	return path;
}

static bool
remove_profile(void)
{
	stage_write(&stage, "etc/profiles.d/gone.conf", "permissions = [ \"api-enabled\", \"mfa-ui-logins\" ];\n");
	cr_assert_eq(stage_sfmfa(&stage, "profile assign alice gone"), 0);
	cr_assert_eq(unlink(path_of("etc/profiles.d/gone.conf")), 0);
	return true;
}

/* The last good one is in force. */
static bool
break_configuration(void)
{
	stage_configure(&stage, "registration = \"sometimes\";\n");
	return true;
}

static bool
break_every_configuration(void)
{
	stage_daemon_stop(&stage, SIGTERM);
	cr_assert_eq(unlink(path_of("state/last-good.conf")), 0);
	(void)break_configuration();
	stage_daemon_start(&stage);
	return true;
}

static bool
break_store(void)
{
	stage_daemon_stop(&stage, SIGTERM);
	/* With its log sqlite would mend it. */
	(void)unlink(path_of("state/sfmfa.db-wal"));
	stage_write(&stage, "state/sfmfa.db",
	            "this is no database, and it is long enough not to be taken for an empty one");
	cr_assert_eq(chmod(path_of("state/sfmfa.db"), 0600), 0);
	stage_daemon_start(&stage);
	return true;
}

static bool
remove_key(void)
{
	stage_daemon_stop(&stage, SIGTERM);
	cr_assert_eq(unlink(path_of("sealing.key")), 0);
	stage_daemon_start(&stage);
	return true;
}

static bool
kill_daemon(void)
{
	stage_forbid_once(&stage);
	stage_daemon_stop(&stage, SIGKILL);
	return true;
}

static void
write_map(const char *path, unsigned id)
{
	char line[64];
	int fd = open(path, O_WRONLY | O_CLOEXEC);
	int size = snprintf(line, sizeof(line), "%u %u 1", id, id);

	cr_assert(fd >= 0 && write(fd, line, (size_t)size) == size, "%s: %s", path, strerror(errno));
	close(fd);
}

/* Mounts of this process alone; without root in a user namespace, where the system lets users have one. */
static bool
enter_mounts(void)
{
	uid_t uid = getuid();
	gid_t gid = getgid();
	int fd;

	if (unshare(CLONE_NEWNS) != 0) {
		if (unshare(CLONE_NEWUSER | CLONE_NEWNS) != 0)
			return false;
		fd = open("/proc/self/setgroups", O_WRONLY | O_CLOEXEC);
		cr_assert(fd >= 0 && write(fd, "deny", 4) == 4);
		close(fd);
		write_map("/proc/self/uid_map", uid);
		write_map("/proc/self/gid_map", gid);
	}
	return mount(NULL, "/", "none", MS_REC | MS_PRIVATE, NULL) == 0;
}

static void
fill(const char *path)
{
	static char block[4096];
	int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);

	cr_assert_geq(fd, 0);
	while (write(fd, block, sizeof(block)) > 0)
		;
	cr_assert_eq(errno, ENOSPC, "%s", strerror(errno));
	close(fd);
}

/* A file system of its own, of which nothing is left. */
static bool
fill_disk(void)
{
	char words[4 * STAGE_PATH_SIZE];

	stage_daemon_stop(&stage, SIGTERM);
	if (!enter_mounts()) {
		stage_daemon_start(&stage);
		return false;
	}
	snprintf(words, sizeof(words), "cp -a '%s/state' '%s/aside.d'", stage.folder, stage.folder);
	cr_assert_eq(system(words), 0);
	cr_assert_eq(mount("tmpfs", path_of("state"), "tmpfs", 0, "size=16m,mode=0755"), 0, "%s", strerror(errno));
	snprintf(words, sizeof(words), "cp -a '%s/aside.d/.' '%s/state'", stage.folder, stage.folder);
	cr_assert_eq(system(words), 0);
	stage_daemon_start(&stage);
	fill(path_of("state/ballast"));
	return true;
}

static void
unmount_disk(void)
{
	stage_daemon_stop(&stage, SIGTERM);
	cr_assert_eq(umount2(path_of("state"), MNT_DETACH), 0);
}

enum application {
	APPLICATION_TALKS,
	APPLICATION_HAS_NO_CONVERSATION,
	APPLICATION_REFUSES_TEXT,
};

static const struct situation {
	const char *name, *user;           /* user NULL: asked for */
	const char *ui_answer, *api_answer; /* api_answer: the whole password field */
	bool (*prepare)(void);             /* NULL: nothing */
	void (*undo)(void);                /* before the installation goes; NULL: nothing */
	enum application application;
	const char *becomes;               /* PAM_USER after authentication; NULL: the same */
	const char *peer;                  /* NULL: one that is not trusted */
} situations[] = {
	{ "right", "alice", "{code}", STAGE_PASSWORD "{code}" },
	{ "nothing-owed", "bob", "@fail", STAGE_PASSWORD, .peer = TRUSTED },
	{ "wrong", "alice", "000000", STAGE_PASSWORD "000000" },
	{ "missing", "alice", "@empty", STAGE_PASSWORD },
	{ "locked", "alice", "{code}", STAGE_PASSWORD "{code}", lock_alice },
	{ "frozen", "alice", "{code}", STAGE_PASSWORD "{code}", freeze_alice },
	{ "frozen-and-wrong", "alice", "000000", STAGE_PASSWORD "000000", freeze_alice },
	{ "out-of-hours", "alice", "{code}", STAGE_PASSWORD "{code}", open_hours_never },
	{ "not-registered", "alice", "{code}", STAGE_PASSWORD, close_registration },
	{ "unknown-user", "zorro", "000000", STAGE_PASSWORD },
	{ "exempt", "bob", STAGE_PASSWORD, STAGE_PASSWORD },
	{ "no-split", "alice", "{code}", STAGE_PASSWORD },
	{ "configuration-stale", "alice", "{code}", STAGE_PASSWORD "{code}", break_configuration },
	{ "configuration-none", "alice", "{code}", STAGE_PASSWORD "{code}", break_every_configuration },
	{ "profile-gone", "alice", "{code}", STAGE_PASSWORD "{code}", remove_profile },
	{ "store-unreadable", "alice", "{code}", STAGE_PASSWORD "{code}", break_store },
	{ "key-missing", "alice", "{code}", STAGE_PASSWORD "{code}", remove_key },
	{ "disk-full", "alice", "{code}", STAGE_PASSWORD "{code}", fill_disk, unmount_disk },
	{ "disk-full-and-wrong", "alice", "000000", STAGE_PASSWORD "000000", fill_disk, unmount_disk },
	{ "daemon-absent", "alice", "{code}", STAGE_PASSWORD "{code}", kill_daemon },
	{ "daemon-absent-nothing-owed", "bob", "@fail", STAGE_PASSWORD, kill_daemon },
	{ "conv-null", "alice", "", "", .application = APPLICATION_HAS_NO_CONVERSATION },
	{ "conv-null-nothing-owed", "bob", "", "", .application = APPLICATION_HAS_NO_CONVERSATION },
	{ "conv-error", "alice", "@fail", "@fail" },
	{ "text-refused", "alice", "{code}", STAGE_PASSWORD "{code}", .application = APPLICATION_REFUSES_TEXT },
	{ "text-refused-and-wrong", "alice", "000000", STAGE_PASSWORD "000000",
	  .application = APPLICATION_REFUSES_TEXT },
	{ "answer-null", "alice", "@null", "@null" },
	{ "answer-huge", "alice", "@long", "@long" },
	{ "no-user", "", "{code}", STAGE_PASSWORD "{code}" },
	{ "no-user-to-be-had", NULL, "@fail", "@fail" },
	{ "no-user-and-conv-null", NULL, "", "", .application = APPLICATION_HAS_NO_CONVERSATION },
	{ "becomes-one-who-owes", "alice", "{code}", STAGE_PASSWORD "{code}", .becomes = "carol" },
	{ "becomes-one-who-owes-nothing", "alice", "{code}", STAGE_PASSWORD "{code}", .becomes = "bob" },
	{ "denied-becomes-one-who-owes-nothing", "alice", "000000", STAGE_PASSWORD "000000", .becomes = "bob" },
};

#define SITUATION_COUNT (sizeof(situations) / sizeof(situations[0]))

/* ---- the table ------------------------------------------------------------------------------------------- */

#define NOT_CALLED (-1)
#define ROWS_MAX   200

static const struct {
	const char *stack, *service;
	bool api;
} stacks[] = {
	{ "ui", "nopassword", false },      { "api", "mail", true },
	{ "ui-account", "nopassword", false }, { "api-account", "mail", true },
	{ "exempt", "cron", false },        { "exempt-account", "cron", false },
	{ "api-bare", "bare", true },
};

static const struct {
	const char *word;
	int code;
} words[] = {
	{ "-", NOT_CALLED },
	{ "SUCCESS", PAM_SUCCESS },
	{ "AUTH_ERR", PAM_AUTH_ERR },
	{ "CRED_ERR", PAM_CRED_ERR },
	{ "PERM_DENIED", PAM_PERM_DENIED },
	{ "ACCT_EXPIRED", PAM_ACCT_EXPIRED },
	{ "SERVICE_ERR", PAM_SERVICE_ERR },
	{ "AUTHINFO_UNAVAIL", PAM_AUTHINFO_UNAVAIL },
	{ "CONV_ERR", PAM_CONV_ERR },
	{ "USER_UNKNOWN", PAM_USER_UNKNOWN },
};

struct row {
	char situation[64], reason[32];
	size_t stack;
	int codes[HOOK_COUNT];
};

static int
code_of(const char *word)
{
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		if (strcmp(words[i].word, word) == 0)
			return words[i].code;
	}
	cr_assert_fail("no code is called %s", word);
	return NOT_CALLED;
}

static size_t
stack_of(const char *word)
{
	for (size_t i = 0; i < sizeof(stacks) / sizeof(stacks[0]); i++) {
		if (strcmp(stacks[i].stack, word) == 0)
			return i;
	}
	cr_assert_fail("no stack is called %s", word);
	return 0;
}

static const struct situation *
situation_of(const char *word)
{
	for (size_t i = 0; i < SITUATION_COUNT; i++) {
		if (strcmp(situations[i].name, word) == 0)
			return &situations[i];
	}
	cr_assert_fail("no situation is called %s", word);
	return NULL;
}

static size_t
read_rows(struct row rows[ROWS_MAX])
{
	FILE *file = fopen(SFMFA_TEST_DATA "/return-codes.tsv", "re");
	char line[512], stack[32], codes[HOOK_COUNT][32];
	size_t count = 0;

	cr_assert_not_null(file);
	cr_assert_not_null(fgets(line, sizeof(line), file), "the heading");
	for (; fgets(line, sizeof(line), file) != NULL; count++) {
		struct row *row = &rows[count];

		cr_assert_lt(count, ROWS_MAX);
		cr_assert_eq(sscanf(line, "%63s %31s %31s %31s %31s %31s %31s %31s %31s", row->situation, stack, codes[0],
		                    codes[1], codes[2], codes[3], codes[4], codes[5], row->reason),
		             9, "%s", line);
		row->stack = stack_of(stack);
		for (int hook = 0; hook < HOOK_COUNT; hook++)
			row->codes[hook] = code_of(codes[hook]);
	}
	fclose(file);
	return count;
}

/* ---- one row ----------------------------------------------------------------------------------------------- */

static const char *const hook_names[HOOK_COUNT] = {
	"authenticate", "setcred", "acct_mgmt", "open_session", "close_session", "chauthtok",
};

static void
expect(const struct row *row, enum stage_hook hook, int code)
{
	if (row->codes[hook] != NOT_CALLED)
		cr_expect_eq(code, row->codes[hook], "%s, %s: %s returns %d", row->situation, stacks[row->stack].stack,
		             hook_names[hook], code);
	cr_expect_neq(code, PAM_IGNORE);
}

/* Whatever is asked of the credentials, a denial of this handle is their answer. */
static void
expect_credentials(const struct row *row, pam_handle_t *pamh, int code)
{
	static const int flags[] = { PAM_ESTABLISH_CRED, PAM_REINITIALIZE_CRED, PAM_REFRESH_CRED, PAM_DELETE_CRED };

	for (size_t i = 0; i < sizeof(flags) / sizeof(flags[0]); i++) {
		int given = pam_setcred(pamh, flags[i]);

		cr_expect_eq(given, code, "%s, %s: setcred(%#x) returns %d", row->situation, stacks[row->stack].stack,
		             (unsigned)flags[i], given);
	}
}

static void
run_phases(const struct row *row, const struct situation *situation, pam_handle_t *pamh)
{
	int credentials = row->codes[HOOK_SETCRED];

	if (row->codes[HOOK_AUTHENTICATE] != NOT_CALLED)
		expect(row, HOOK_AUTHENTICATE, pam_authenticate(pamh, 0));
	expect_credentials(row, pamh, credentials);
	if (situation->becomes != NULL)
		cr_assert_eq(pam_set_item(pamh, PAM_USER, situation->becomes), PAM_SUCCESS);
	expect(row, HOOK_ACCT_MGMT, pam_acct_mgmt(pamh, 0));
	expect_credentials(row, pamh, row->codes[HOOK_ACCT_MGMT] == PAM_SUCCESS ? credentials : PAM_CRED_ERR);
	expect(row, HOOK_OPEN, pam_open_session(pamh, 0));
	expect(row, HOOK_CLOSE, pam_close_session(pamh, 0));
	expect(row, HOOK_CHAUTHTOK, pam_chauthtok(pamh, 0));
}

static void
run_row(const struct row *row, const struct situation *situation)
{
	const char *const answers[] = { stacks[row->stack].api ? situation->api_answer : situation->ui_answer, NULL };
	struct pam_conv conversation = { .conv = talk_converse, .appdata_ptr = &talk };
	char pair[64];
	pam_handle_t *pamh;

	if (situation->application == APPLICATION_HAS_NO_CONVERSATION)
		conversation.conv = NULL;
	talk.refuse_text = situation->application == APPLICATION_REFUSES_TEXT;
	pamh = stage_pam_start(&stage, &conversation, stacks[row->stack].service, situation->user);
	stage_answers(&stage, &talk, answers);
	cr_assert_eq(pam_set_item(pamh, PAM_RHOST, situation->peer != NULL ? situation->peer : PEER), PAM_SUCCESS);
	run_phases(row, situation, pamh);
	pam_end(pamh, PAM_SUCCESS);
	talk.refuse_text = false;
	if (strcmp(row->reason, "-") == 0)
		return;
	snprintf(pair, sizeof(pair), "reason=%s", row->reason);
	cr_expect(stage_decided(&stage, NULL, pair), "%s, %s: %s", row->situation, stacks[row->stack].stack, pair);
}

static void
run_situation(const struct situation *situation, const struct row rows[], size_t count)
{
	size_t run = 0;

	stage_open(&stage, "trusted_networks = [ \"192.0.2.0/24\" ];\n");
	cr_assert_eq(stage_sfmfa(&stage, "profile assign alice mfa"), 0);
	cr_assert_eq(stage_sfmfa(&stage, "profile assign bob standard"), 0);
	cr_assert_eq(stage_sfmfa(&stage, "profile assign carol mfa"), 0);
	stage_register(&stage, &talk, "alice");
	if (situation->prepare != NULL && !situation->prepare()) {
		note("skipped: %s: no mounts of one's own here", situation->name);
		stage_close(&stage);
		return;
	}
	for (size_t i = 0; i < count; i++) {
		if (strcmp(rows[i].situation, situation->name) != 0)
			continue;
		run_row(&rows[i], situation);
		stage_wait(&stage, 30);
		run++;
	}
	cr_expect_gt(run, 0, "no row tells what %s comes to", situation->name);
	if (situation->undo != NULL)
		situation->undo();
	stage_close(&stage);
}

Test(return_codes, are_in_every_situation_those_of_the_table, .timeout = 240)
{
	static struct row rows[ROWS_MAX];
	size_t count = read_rows(rows);

	for (size_t i = 0; i < count; i++) {
		(void)situation_of(rows[i].situation);
		for (int hook = 0; hook < HOOK_COUNT; hook++)
			cr_assert(rows[i].codes[hook] != PAM_SUCCESS || hook != HOOK_SETCRED ||
			          rows[i].codes[HOOK_AUTHENTICATE] <= PAM_SUCCESS,
			          "%s: credentials after a denial", rows[i].situation);
	}
	for (size_t i = 0; i < SITUATION_COUNT; i++)
		run_situation(&situations[i], rows, count);
}
