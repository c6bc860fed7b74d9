/*
 * Secrets stay secret: after a run that used every kind of them their bytes are looked for in all that is left
 * behind, and in the memory of the program that called the module.
 */
#include <criterion/criterion.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "factor/totp.h"
#include "stage.h"

#define TYPED_NAME "Tr0ub4dor-and-3" /* a password where the name belongs */

static struct stage stage;
static struct talk alice, bob;

static void
begin(void)
{
	memset(&alice, 0, sizeof(alice));
	memset(&bob, 0, sizeof(bob));
	stage_open(&stage, "");
	cr_assert_eq(stage_sfmfa(&stage, "profile assign alice mfa"), 0);
	cr_assert_eq(stage_sfmfa(&stage, "profile assign bob mfa"), 0);
	stage_register(&stage, &alice, "alice");
}

static void
end(void)
{
	stage_close(&stage);
}

TestSuite(secrets, .init = begin, .fini = end, .timeout = 120);

static const char *
path_of(const char *name)
{
	static char path[STAGE_PATH_SIZE + 64];

	snprintf(path, sizeof(path), "%s/%s", stage.folder, name);
	return path;
}

static bool
login(struct talk *talk, const char *service, const char *user, const char *const answers[])
{
	return stage_login(&stage, talk, service, user, "203.0.113.7", answers).auth == PAM_SUCCESS;
}

/* ---- what is left behind in files ---- */

#define WANTED_MAX 32

static struct wanted {
	char name[32];
	unsigned char bytes[128];
	size_t size;
} wanted[WANTED_MAX];
static size_t wanted_count;
static unsigned files_read;
static bool control_seen;

static void
want(const char *name, const void *bytes, size_t size)
{
	struct wanted *next = &wanted[wanted_count++];

	cr_assert(wanted_count <= WANTED_MAX && size >= 8 && size <= sizeof(next->bytes));
	snprintf(next->name, sizeof(next->name), "%s", name);
	memcpy(next->bytes, bytes, size);
	next->size = size;
}

/* A code as it is written, and as it is compared. */
static void
want_code(const char *name, const char *code)
{
	char bare[64];
	size_t size = 0;

	want(name, code, strlen(code));
	for (const char *at = code; *at != '\0'; at++) {
		if (*at != '-')
			bare[size++] = *at;
	}
	want(name, bare, size);
}

static int
look_into(const char *path, const struct stat *status, int type, struct FTW *ftw)
{
	const char *what = path + strlen(stage.folder);
	char *bytes;
	FILE *file;

	(void)ftw;
	/* What the tests themselves have put there, and the key, which is the only secret that is to lie somewhere. */
	if (type != FTW_F || !S_ISREG(status->st_mode) || status->st_size == 0 || strcmp(what, "/check-password") == 0 ||
	    strcmp(what, "/sealing.key") == 0)
		return 0;
	bytes = malloc((size_t)status->st_size);
	file = fopen(path, "re");
	cr_assert(bytes != NULL && file != NULL);
	cr_assert_eq(fread(bytes, 1, (size_t)status->st_size, file), (size_t)status->st_size);
	fclose(file);
	for (size_t i = 0; i < wanted_count; i++)
		cr_expect_null(memmem(bytes, (size_t)status->st_size, wanted[i].bytes, wanted[i].size), "%s is in %s",
		               wanted[i].name, what);
	control_seen = control_seen || memmem(bytes, (size_t)status->st_size, "nightjar", 8) != NULL;
	files_read++;
	free(bytes);
	return 0;
}

/* A run with every kind of secret; whether each was used as it should be is looked at, too. */
static void
use_everything(void)
{
	char token[STAGE_TOKEN_SIZE], answer[64], code[64], words[STAGE_PATH_SIZE + 64];
	const char *list;
	unsigned char raw[64];
	struct secret key = { 0 };

	want("the key of the app", alice.key, strlen(alice.key));
	cr_assert_eq(totp_from_base32(alice.key, &key), SFMFA_OK);
	memcpy(raw, key.bytes, key.size);
	want("the key of the app, raw", raw, key.size);
	stage_token(&stage, "alice --label nightjar", token);
	want("a token", token, strlen(token));
	snprintf(answer, sizeof(answer), STAGE_PASSWORD "%s", token);
	want("password and token", answer, strlen(answer));
	want("the password", STAGE_PASSWORD, strlen(STAGE_PASSWORD));
	cr_assert(login(&alice, "mail", "alice", (const char *const[]){ answer, NULL }));
	cr_assert_eq(stage_sfmfa(&stage, "recovery-codes renew alice --json"), 0);
	list = strstr(stage.output, "[\"");
	for (int i = 0; i < 3; i++) {
		snprintf(code, sizeof(code), "%.19s", list + 2 + 22 * i);
		want_code("a recovery code", code);
		if (i == 0)
			cr_assert(login(&alice, "login", "alice", (const char *const[]){ STAGE_PASSWORD, code, NULL }));
		if (i == 1)
			cr_assert_not(login(&alice, "login", "bob", (const char *const[]){ STAGE_PASSWORD, code, NULL }));
	}
	cr_assert_eq(stage_sfmfa(&stage, "temp-code alice --json"), 0);
	stage_json(&stage, "code", code, sizeof(code));
	want_code("a temporary code", code);
	cr_assert(login(&alice, "login", "alice", (const char *const[]){ STAGE_PASSWORD, code, NULL }));
	want("a password typed as a name", TYPED_NAME, strlen(TYPED_NAME));
	cr_assert_not(login(&alice, "login", TYPED_NAME, (const char *const[]){ STAGE_PASSWORD, "000000", NULL }));
	(void)stage_sfmfa(&stage, "user show " TYPED_NAME);
	(void)stage_sfmfa(&stage, "user freeze " TYPED_NAME);
	snprintf(words, sizeof(words), "backup %s/backup", stage.folder);
	cr_assert_eq(stage_sfmfa(&stage, words), 0);
	cr_assert_eq(stage_sfmfa(&stage, "token revoke alice --all"), 0);
	cr_assert_eq(stage_sfmfa(&stage, "disconnect alice"), 0);
}

Test(secrets, none_is_in_the_store_the_events_the_log_or_a_backup)
{
	use_everything();
	/* As it lies there while the daemon runs, and after it. */
	cr_assert_eq(nftw(stage.folder, look_into, 16, FTW_PHYS), 0);
	stage_daemon_stop(&stage, SIGTERM);
	cr_assert_eq(nftw(stage.folder, look_into, 16, FTW_PHYS), 0);
	cr_assert_gt(files_read, 10);
	cr_assert(control_seen, "what is looked for would be found");
}

Test(secrets, the_sealing_key_is_in_its_file_only)
{
	char words[STAGE_PATH_SIZE + 64], text[128];

	for (int i = 0; i < 2; i++) {
		FILE *file = fopen(path_of("sealing.key"), "re");
		unsigned char raw[32];

		cr_assert_not_null(file);
		cr_assert_not_null(fgets(text, sizeof(text), file));
		fclose(file);
		want("the sealing key", text, 64);
		for (size_t at = 0; at < sizeof(raw); at++)
			cr_assert_eq(sscanf(text + 2 * at, "%2hhx", &raw[at]), 1);
		want("the sealing key, raw", raw, sizeof(raw));
		snprintf(words, sizeof(words), "--config %s/etc/sfmfa.conf key rotate", stage.folder);
		if (i == 0)
			cr_assert_eq(stage_sfmfa(&stage, words), 0);
	}
	snprintf(words, sizeof(words), "backup %s/backup", stage.folder);
	cr_assert_eq(stage_sfmfa(&stage, words), 0);
	cr_assert_eq(nftw(stage.folder, look_into, 16, FTW_PHYS), 0);
}

/* A shared secret is bound to its user: in another row it does not open, for either of the two. */
Test(secrets, a_row_that_was_moved_to_another_user_does_not_open)
{
	char command[1024];
	int status;

	stage_register(&stage, &bob, "bob");
	cr_assert(login(&bob, "login", "bob", (const char *const[]){ STAGE_PASSWORD, "{code}", NULL }));
	stage_daemon_stop(&stage, SIGTERM);
	snprintf(command, sizeof(command),
	         "python3 -c 'import sqlite3; d = sqlite3.connect(\"%s/state/sfmfa.db\"); "
	         "s = dict(d.execute(\"SELECT name, sealed FROM user JOIN app ON id = user_id\")); "
	         "d.execute(\"UPDATE app SET sealed = ? WHERE user_id = (SELECT id FROM user WHERE name = ?)\", "
	         "(s[\"bob\"], \"alice\")); d.commit()'", stage.folder);
	status = system(command);
	if (WIFEXITED(status) && WEXITSTATUS(status) == 127) {
		cr_skip("needs python3");
		return;
	}
	cr_assert_eq(status, 0);
	stage_daemon_start(&stage);
	stage_wait(&stage, 60);
	cr_expect_not(login(&bob, "login", "alice", (const char *const[]){ STAGE_PASSWORD, "{code}", NULL }), "bob's phone");
	cr_expect_not(login(&alice, "login", "alice", (const char *const[]){ STAGE_PASSWORD, "{code}", NULL }));
	cr_expect(login(&bob, "login", "bob", (const char *const[]){ STAGE_PASSWORD, "{code}", NULL }), "his own is his");
}

/* No core of the daemon: its memory is the only place where the data keys are open. */
Test(secrets, the_daemon_leaves_no_core)
{
	char path[64], line[256];
	bool none = false;
	FILE *file;
	int status;

	snprintf(path, sizeof(path), "/proc/%ld/limits", (long)stage.daemon);
	file = fopen(path, "re");
	cr_assert_not_null(file);
	while (fgets(line, sizeof(line), file) != NULL) {
		int soft, hard;

		if (sscanf(line, "Max core file size %d %d", &soft, &hard) == 2)
			none = soft == 0 && hard == 0;
	}
	fclose(file);
	cr_expect(none);
	if (getuid() != 0) {
		/* Of one that could be dumped the owner reads this. */
		snprintf(path, sizeof(path), "/proc/%ld/environ", (long)stage.daemon);
		file = fopen(path, "re");
		cr_expect_null(file);
		if (file != NULL)
			fclose(file);
	}
	/* A sanitizer would make a report of SIGSEGV. */
	cr_assert_eq(kill(stage.daemon, SIGABRT), 0);
	cr_assert_eq(waitpid(stage.daemon, &status, 0), stage.daemon);
	stage.daemon = 0;
	cr_expect_not(WIFSIGNALED(status) && WCOREDUMP(status));
}

/* ---- what is left behind in the memory of the caller ---- */

#define MASK 0x5a
#define PART 65536

static unsigned char masked[64]; /* so that the test holds none of it itself */
static size_t masked_size;
static const char *prefix;       /* before it, in clear */
static unsigned seen_meanwhile;

static unsigned
count_in(const unsigned char *bytes, size_t size)
{
	unsigned count = 0;

	for (size_t at = 0; at + masked_size <= size; at++) {
		size_t same = 0;

		while (same < masked_size && (bytes[at + same] ^ MASK) == masked[same])
			same++;
		count += same == masked_size;
	}
	return count;
}

/* Everything that can be written in this process, but for the buffer it is read into. */
static unsigned
scan_memory(void)
{
	static unsigned char part[PART];
	const uintptr_t own = (uintptr_t)part;
	FILE *maps = fopen("/proc/self/maps", "re");
	int memory = open("/proc/self/mem", O_RDONLY | O_CLOEXEC);
	char line[512];
	unsigned count = 0;

	cr_assert(maps != NULL && memory >= 0);
	while (fgets(line, sizeof(line), maps) != NULL) {
		uintptr_t from, to;

		/* The shadow of a sanitizer is terabytes of nothing. */
		if (sscanf(line, "%lx-%lx rw", &from, &to) != 2 || strstr(line, " rw") == NULL || to - from > 1UL << 30)
			continue;
		for (uintptr_t at = from; at < to; at += PART - sizeof(masked)) {
			size_t size = to - at < PART ? to - at : PART;
			ssize_t got;

			/* Around the buffer itself. */
			if (at < own + PART && at + size > own) {
				if (at < own)
					size = own - at;
				else {
					at = own + PART - (PART - sizeof(masked));
					continue;
				}
			}
			got = pread(memory, part, size, (off_t)at);
			if (got > 0)
				count += count_in(part, (size_t)got);
			explicit_bzero(part, sizeof(part));
		}
	}
	fclose(maps);
	close(memory);
	return count;
}

static void
free_responses(int count, struct pam_response *responses)
{
	for (int i = 0; i < count; i++)
		free(responses[i].resp);
	free(responses);
}

static int
answer_masked(int count, const struct pam_message **messages, struct pam_response **ret_responses, void *data)
{
	struct pam_response *responses = calloc((size_t)count, sizeof(*responses));
	size_t before = strlen(prefix);

	(void)data;
	if (responses == NULL)
		return PAM_BUF_ERR;
	for (int i = 0; i < count; i++) {
		if (messages[i]->msg_style != PAM_PROMPT_ECHO_OFF && messages[i]->msg_style != PAM_PROMPT_ECHO_ON)
			continue;
		responses[i].resp = calloc(1, before + masked_size + 1);
		if (responses[i].resp == NULL) {
			free_responses(count, responses);
			return PAM_BUF_ERR;
		}
		memcpy(responses[i].resp, prefix, before);
		for (size_t at = 0; at < masked_size; at++)
			responses[i].resp[before + at] = (char)(masked[at] ^ MASK);
		seen_meanwhile += scan_memory();
	}
	*ret_responses = responses;
	return PAM_SUCCESS;
}

static void
assert_leaves_nothing(const char *service, const char *before, char *secret, int want)
{
	const struct pam_conv conversation = { .conv = answer_masked };
	pam_handle_t *pamh;
	int code;

	masked_size = strlen(secret);
	cr_assert_leq(masked_size, sizeof(masked));
	for (size_t at = 0; at < masked_size; at++)
		masked[at] = (unsigned char)secret[at] ^ MASK;
	explicit_bzero(secret, masked_size);
	explicit_bzero(stage.output, sizeof(stage.output));
	prefix = before;
	seen_meanwhile = 0;
	cr_assert_eq(scan_memory(), 0, "the test holds it itself");
	pamh = stage_pam_start(&stage, &conversation, service, "alice");
	cr_assert_eq(pam_set_item(pamh, PAM_RHOST, "203.0.113.7"), PAM_SUCCESS);
	code = pam_authenticate(pamh, 0);
	cr_expect_eq(code, want);
	if (code == PAM_SUCCESS)
		cr_expect_eq(pam_acct_mgmt(pamh, 0), PAM_SUCCESS);
	pam_end(pamh, code);
	cr_expect_gt(seen_meanwhile, 0, "what is looked for would be found");
	cr_expect_eq(scan_memory(), 0, "%s: left in the memory of the caller", service);
}

Test(secrets, no_token_stays_in_the_memory_of_the_caller)
{
	char token[STAGE_TOKEN_SIZE];

	stage_token(&stage, "alice --label mail", token);
	assert_leaves_nothing("mail", STAGE_PASSWORD, token, PAM_SUCCESS);
}

Test(secrets, no_code_stays_in_the_memory_of_the_caller)
{
	char code[64];

	cr_assert_eq(stage_sfmfa(&stage, "temp-code alice --json"), 0);
	stage_json(&stage, "code", code, sizeof(code));
	assert_leaves_nothing("nopassword", "", code, PAM_SUCCESS);
}

Test(secrets, no_wrong_answer_stays_there_either)
{
	char wrong[] = "something-long-and-wrong";

	assert_leaves_nothing("nopassword", "", wrong, PAM_AUTH_ERR);
}
