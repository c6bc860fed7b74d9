/*
 * No memory: the n-th allocation of daemon, module and command fails, for every n. Nobody gets in by it, nothing
 * crashes, and with memory there again all works again. What is freed meanwhile holds no secret.
 */
#include <criterion/criterion.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "factor/totp.h"
#include "notes.h"
#include "stage.h"
#include "sweep.h"

#define PEER   "203.0.113.7"
#define FIRST  "hunter2-of-bob" /* a first factor, which this sfmfa's own tests never check */
#define RUNS   8                /* of a sweep, by default */
#define LOGIN(service, user, ...)                                                                            \
	stage_login(&stage, &talk, service, user, PEER, (const char *const[]){ __VA_ARGS__, NULL })

static struct stage stage;
static struct talk talk;
static struct faults *faults;
static char right_field[128], wrong_field[128]; /* of bob */
static char key[160]; /* of alice's app */

/* API without a first factor that runs programs. */
static void
write_mail(void)
{
	char text[2048], line[512];

	snprintf(line, sizeof(line), "%s runtime_dir=%.200s/run daemon=/nonexistent/sfmfad", SFMFA_TEST_MODULE,
		 stage.folder);
	snprintf(text, sizeof(text),
		 "auth requisite %s split\nauth required pam_permit.so\nauth required %s\naccount required %s\n", line,
		 line, line);
	stage_write(&stage, "pam.d/mail", text);
}

static void
open_stage(void)
{
	char token[STAGE_TOKEN_SIZE];

	stage_open(&stage, "");
	stage_forbid_once(&stage);
	write_mail();
	cr_assert_eq(stage_sfmfa(&stage, "profile assign alice mfa"), 0);
	stage_register(&stage, &talk, "alice");
	memcpy(key, talk.key, sizeof(key));
	stage_token(&stage, "bob --label mail", token);
	snprintf(right_field, sizeof(right_field), FIRST "%s", token);
	stage_token(&stage, "alice --label mail", token);
	snprintf(wrong_field, sizeof(wrong_field), FIRST "%s", token);
	faults = sweep_page(&stage);
}

static void
close_stage(void)
{
	stage_close(&stage);
}

TestSuite(memory, .init = open_stage, .fini = close_stage, .timeout = 3000);

static void
start_daemon(void)
{
	stage.daemon_preload = SFMFA_TEST_FAILHEAP;
	stage_daemon_stop(&stage, SIGTERM);
	stage_daemon_start(&stage);
	/* It listens before it has opened its state. */
	(void)stage_decisions(&stage);
}

static void
end_daemon(struct sweep *sweep)
{
	sweep_ended(sweep, "sfmfad", stage_daemon_stop(&stage, SIGTERM));
}

/* ---- secrets ------------------------------------------------------------------------------------------- */

static void
search_for(unsigned at, const char *name, const void *bytes, size_t size)
{
	struct faults_secret *secret = &faults->secrets[at];

	cr_assert_lt(at, FAULTS_SECRETS);
	cr_assert_leq(size, sizeof(secret->bytes));
	memcpy(secret->bytes, bytes, size);
	snprintf(secret->name, sizeof(secret->name), "%s", name);
	secret->size = (uint32_t)size;
}

/* The shared secret, raw and as it is shown, and the present code. */
static unsigned
search_for_app(unsigned at, const char *base32)
{
	SECRET_AUTO shared = { 0 };
	char code[16];

	cr_assert_eq(totp_from_base32(base32, &shared), SFMFA_OK);
	search_for(at, "shared secret", shared.bytes, shared.size);
	search_for(at + 1, "shared secret, base32", base32, strlen(base32));
	snprintf(talk.key, sizeof(talk.key), "%.159s", base32);
	talk.now = *stage.clock;
	cr_assert(talk_code(&talk, 0, code));
	search_for(at + 2, "code", code, strlen(code));
	return at + 3;
}

static void
search_for_sealing_key(unsigned at)
{
	char path[STAGE_PATH_SIZE + 16], text[65];
	unsigned char bytes[32];
	FILE *file;

	snprintf(path, sizeof(path), "%s/sealing.key", stage.folder);
	file = fopen(path, "re");
	cr_assert_not_null(file);
	cr_assert_not_null(fgets(text, sizeof(text), file));
	fclose(file);
	for (size_t i = 0; i < sizeof(bytes); i++)
		cr_assert_eq(sscanf(text + 2 * i, "%2hhx", &bytes[i]), 1);
	search_for(at, "sealing key", bytes, sizeof(bytes));
	search_for(at + 1, "sealing key, text", text, 64);
}

/* What alice and bob type. */
static void
search_for_all(void)
{
	memset(faults->secrets, 0, sizeof(faults->secrets));
	unsigned at = search_for_app(0, key);

	search_for(at, "password", FIRST, strlen(FIRST));
	search_for(at + 1, "token", right_field + strlen(FIRST), STAGE_TOKEN_SIZE - 1);
	search_for_sealing_key(at + 2);
}

/* ---- the daemon ---------------------------------------------------------------------------------------- */

/* A login with an app, wrong and right; with the same code once more; and with the next one when there is memory. */
static void
log_in(struct sweep *sweep)
{
	int wrong, right, other;

	start_daemon();
	stage_wait(&stage, 60);
	search_for_all();
	memcpy(talk.key, key, sizeof(key));
	sweep_arm(sweep);
	wrong = LOGIN("nopassword", "alice", "000000").auth;
	right = LOGIN("nopassword", "alice", "{code}").auth;
	other = LOGIN("nopassword", "bob", "@fail").auth;
	sweep_rest(faults);
	if (wrong == PAM_SUCCESS)
		sweep_wrong(sweep, "a wrong code was let in");
	if (right == PAM_SUCCESS && LOGIN("nopassword", "alice", "{code}").auth == PAM_SUCCESS)
		sweep_wrong(sweep, "a code was good twice");
	if (other != PAM_SUCCESS && other != PAM_AUTHINFO_UNAVAIL)
		sweep_wrong(sweep, "who owes nothing was refused");
	stage_wait(&stage, 60);
	if (LOGIN("nopassword", "alice", "{code}").auth != PAM_SUCCESS ||
	    LOGIN("nopassword", "bob", "@fail").auth != PAM_SUCCESS)
		sweep_wrong(sweep, "no login when there was memory again");
	end_daemon(sweep);
}

static void
send_field(struct sweep *sweep)
{
	int wrong, none, right;

	start_daemon();
	search_for_all();
	sweep_arm(sweep);
	wrong = LOGIN("mail", "bob", wrong_field).auth;
	none = LOGIN("mail", "bob", FIRST).auth;
	right = LOGIN("mail", "bob", right_field).auth;
	sweep_rest(faults);
	(void)right;
	if (wrong == PAM_SUCCESS)
		sweep_wrong(sweep, "the token of somebody else was let in");
	if (none == PAM_SUCCESS)
		sweep_wrong(sweep, "a password without a token was let in");
	if (LOGIN("mail", "bob", right_field).auth != PAM_SUCCESS)
		sweep_wrong(sweep, "no login when there was memory again");
	end_daemon(sweep);
}

static void
forget_carol(void)
{
	cr_assert_eq(stage_sfmfa(&stage, "user delete carol --yes"), 0);
	cr_assert_eq(stage_sfmfa(&stage, "profile assign carol mfa"), 0);
}

static bool
carol_is_completed(void)
{
	return stage_sfmfa(&stage, "--json user show carol") == 0 && strstr(stage.output, "\"completed\"") != NULL;
}

static void
register_app(struct sweep *sweep)
{
	struct attempt_codes codes;

	start_daemon();
	cr_assert_eq(stage_sfmfa(&stage, "profile assign carol mfa"), 0);
	forget_carol();
	stage_wait(&stage, 60);
	sweep_arm(sweep);
	codes = LOGIN("nopassword", "carol", "{code}", "@empty");
	sweep_rest(faults);
	if (codes.account == PAM_SUCCESS && !carol_is_completed())
		sweep_wrong(sweep, "let in with an app that is not registered");
	forget_carol();
	codes = LOGIN("nopassword", "carol", "{code}", "@empty");
	if (codes.account != PAM_SUCCESS || !carol_is_completed())
		sweep_wrong(sweep, "no registration when there was memory again");
	end_daemon(sweep);
}

static void
command(struct sweep *sweep)
{
	int status;

	start_daemon();
	cr_assert_eq(stage_sfmfa(&stage, "user unfreeze alice"), 0);
	sweep_arm(sweep);
	status = stage_sfmfa(&stage, "user freeze alice");
	sweep_rest(faults);
	if (status != 0 && status != 3)
		sweep_wrong(sweep, "sfmfa ended with neither 0 nor 3");
	if (stage_sfmfa(&stage, "--json user show alice") != 0)
		sweep_wrong(sweep, "no command when there was memory again");
	else if (status == 0 && strstr(stage.output, "\"frozen\":true") == NULL)
		sweep_wrong(sweep, "said to be frozen, and is not");
	end_daemon(sweep);
}

static bool
can_log_in(struct sweep *sweep)
{
	stage_wait(&stage, 60);
	memcpy(talk.key, key, sizeof(key));
	if (LOGIN("nopassword", "alice", "000000").auth == PAM_SUCCESS)
		sweep_wrong(sweep, "a wrong code was let in");
	return LOGIN("nopassword", "alice", "{code}").auth == PAM_SUCCESS;
}

/* It comes up whole, or it ends and says so: whoever started it will try again. */
static void
start(struct sweep *sweep)
{
	bool up, well = false;
	int status = 0;

	stage_daemon_stop(&stage, SIGTERM);
	stage.daemon_preload = SFMFA_TEST_FAILHEAP;
	search_for_all();
	sweep_arm(sweep);
	up = stage_daemon_try(&stage, &status);
	if (up)
		(void)stage_decisions(&stage);
	sweep_rest(faults);
	if (up) {
		well = can_log_in(sweep);
		status = stage_daemon_stop(&stage, SIGTERM);
	}
	sweep_ended(sweep, "sfmfad", status);
	if (!well && WIFEXITED(status) && WEXITSTATUS(status) != 3)
		sweep_wrong(sweep, "sfmfad neither serves nor ends with 3");
}

/* A change of the files, which is read at once. */
static void
reload(struct sweep *sweep)
{
	start_daemon();
	sweep_arm(sweep);
	cr_assert_eq(kill(stage.daemon, SIGHUP), 0);
	(void)stage_decisions(&stage);
	sweep_rest(faults);
	if (!can_log_in(sweep))
		sweep_wrong(sweep, "no login when there was memory again");
	end_daemon(sweep);
}

static void
sweep_daemon(const char *name, void (*run)(struct sweep *sweep), const char *spare)
{
	char both[2][96];

	snprintf(faults->spare, sizeof(faults->spare), "%s", spare);
	for (int all = 0; all < 2; all++) {
		struct sweep sweep = {
			.faults = faults, .name = both[all], .kinds = FAULT_HEAP, .all = all, .runs = RUNS,
		};

		snprintf(both[all], sizeof(both[all]), "memory of sfmfad, %s, %s", name, all ? "n-th and all after" : "n-th");
		sweep_run(&sweep, run);
		sweep_leaks(&sweep);
	}
}

Test(memory, daemon_login)
{
	sweep_daemon("UI login", log_in, "");
}

Test(memory, daemon_field)
{
	sweep_daemon("API login", send_field, "");
}

Test(memory, daemon_registration)
{
	sweep_daemon("registration", register_app, "");
}

Test(memory, daemon_command)
{
	sweep_daemon("command", command, "");
}

Test(memory, daemon_reload)
{
	/* libconfig 1.5 checks none of its allocations. */
	sweep_daemon("reload", reload, "libconfig");
}

Test(memory, daemon_start)
{
	sweep_daemon("start", start, "libconfig");
}

/* ---- secrets that it makes ------------------------------------------------------------------------------ */

/* The next word of this many characters with hyphens in it, as recovery and temporary codes are printed. */
static const char *
next_code(const char *text, size_t size)
{
	for (; *text != '\0'; text += strcspn(text, " \n")) {
		text += strspn(text, " \n");
		if (strcspn(text, " \n") == size && strcspn(text, "-") == 4)
			return text;
	}
	return NULL;
}

/* Registers carol, makes a token and a temporary code. All three are the same with the same seed. */
static void
make_secrets(char token[STAGE_TOKEN_SIZE], char temporary[16])
{
	faults->seed = 20260101;
	start_daemon();
	cr_assert_eq(LOGIN("nopassword", "carol", "{code}", "@empty").account, PAM_SUCCESS, "%s", talk.transcript);
	stage_token(&stage, "carol --label made", token);
	cr_assert_eq(stage_sfmfa(&stage, "--json temp-code carol"), 0);
	stage_json(&stage, "code", temporary, 16);
	stage_daemon_stop(&stage, SIGTERM);
	faults->seed = 0;
	start_daemon();
	forget_carol();
}

Test(memory, daemon_leaves_nothing_of_the_secrets_it_makes)
{
	struct sweep sweep = { .faults = faults, .name = "secrets that sfmfad makes" };
	char tokens[2][STAGE_TOKEN_SIZE], temporary[2][16], carol[160], codes[10][20];
	const char *at = talk.transcript;
	unsigned count = 0;

	start_daemon();
	cr_assert_eq(stage_sfmfa(&stage, "profile assign carol mfa"), 0);
	make_secrets(tokens[0], temporary[0]);
	memcpy(carol, talk.key, sizeof(carol));
	for (; count < 10 && (at = next_code(at, 19)) != NULL; at += 19)
		snprintf(codes[count++], sizeof(codes[0]), "%.19s", at);
	cr_assert_eq(count, 10, "%s", talk.transcript);
	count = search_for_app(0, carol);
	for (unsigned i = 0; i < 10; i++)
		search_for(count++, "recovery code", codes[i], 19);
	search_for(count++, "new token", tokens[0], STAGE_TOKEN_SIZE - 1);
	search_for(count++, "temporary code", temporary[0], strlen(temporary[0]));
	/* Its copy of the URI, which no caller can reach. */
	snprintf(faults->keeper, sizeof(faults->keeper), "libqrencode");
	faults->leaks = faults->kept = faults->freed = 0;
	make_secrets(tokens[1], temporary[1]);
	cr_assert_str_eq(talk.key, carol, "the seed does not make the same secrets");
	cr_assert_str_eq(tokens[0], tokens[1]);
	cr_assert_str_eq(temporary[0], temporary[1]);
	note("%s: %lld blocks freed, %lld with a secret, and %lld of libqrencode", sweep.name,
	     (long long)faults->freed, (long long)faults->leaks, (long long)faults->kept);
	sweep_leaks(&sweep);
}

/* ---- what asks it --------------------------------------------------------------------------------------- */

/* glibc asserts, and ends the process, where reading nsswitch.conf gets no memory; ld.so where a module of it is loaded. */
#define SPARE_NSS "nss"

/* A whole program: its own allocations, those of libpam and those of the module. */
static void
talk_to_module(struct sweep *sweep)
{
	char words[512], code[16];
	int status, used;

	stage.client_preload = SFMFA_TEST_FAILHEAP;
	stage_wait(&stage, 60);
	search_for_all();
	sweep_arm(sweep);
	status = stage_talk(&stage, "--rhost " PEER " nopassword alice 000000");
	sweep_rest(faults);
	sweep_ended(sweep, "a login", status);
	if (status == 0)
		sweep_wrong(sweep, "a wrong code was let in");
	sweep_arm(sweep);
	/* The code is made here: this process may know the shared secret, an application may not. */
	cr_assert(talk_code(&talk, 0, code));
	snprintf(words, sizeof(words), "--rhost " PEER " nopassword alice %s", code);
	status = stage_talk(&stage, words);
	sweep_rest(faults);
	sweep_ended(sweep, "a login", status);
	used = stage_talk(&stage, words);
	if (status == 0 && used == 0)
		sweep_wrong(sweep, "a code was good twice");
	sweep_arm(sweep);
	snprintf(words, sizeof(words), "--rhost " PEER " mail bob %s", wrong_field);
	status = stage_talk(&stage, words);
	sweep_rest(faults);
	sweep_ended(sweep, "a login", status);
	if (status == 0)
		sweep_wrong(sweep, "the token of somebody else was let in");
	stage.client_preload = NULL;
}

static void
sweep_client(const char *name, void (*run)(struct sweep *sweep), const char *spare)
{
	stage_daemon_stop(&stage, SIGTERM);
	stage.daemon_preload = NULL;
	stage_daemon_start(&stage);
	snprintf(faults->spare, sizeof(faults->spare), "%s", spare);
	for (int all = 0; all < 2; all++) {
		char text[96];
		struct sweep sweep = { .faults = faults, .name = text, .kinds = FAULT_HEAP, .all = all, .runs = RUNS };

		snprintf(text, sizeof(text), "memory of %s, %s", name, all ? "n-th and all after" : "n-th");
		sweep_run(&sweep, run);
		sweep_leaks(&sweep);
	}
}

Test(memory, module)
{
	sweep_client("pam_sfmfa", talk_to_module, SPARE_NSS);
}

/* Commands that change nothing, so that what they say is the same each time. */
static const char *const commands[] = {
	"user show alice", "--json user show alice", "--json user list", "perm list alice", "--json token list bob",
	"profile list", "explain bob --service nopassword", "--json status",
};
static const char *command_in_turn;
static char said[sizeof(stage.output)];

static void
run_command(struct sweep *sweep)
{
	int status;

	stage.client_preload = SFMFA_TEST_FAILHEAP;
	sweep_arm(sweep);
	status = stage_sfmfa_end(&stage, command_in_turn);
	sweep_rest(faults);
	stage.client_preload = NULL;
	sweep_ended(sweep, "sfmfa", status);
	if (!WIFEXITED(status))
		return;
	status = WEXITSTATUS(status);
	if (sweep->n < 0) {
		cr_assert_eq(status, 0, "%s", command_in_turn);
		memcpy(said, stage.output, sizeof(said));
	}
	if (status == 0 && strcmp(stage.output, said) != 0)
		sweep_wrong(sweep, "ended with 0 and did not say all");
	if (status != 0 && status != 1 && status != 3)
		sweep_wrong(sweep, "ended with something else than 0, 1 or 3");
}

Test(memory, command)
{
	char name[80];

	for (size_t i = 0; i < sizeof(commands) / sizeof(commands[0]); i++) {
		command_in_turn = commands[i];
		snprintf(name, sizeof(name), "sfmfa %s", command_in_turn);
		sweep_client(name, run_command, SPARE_NSS);
	}
}
