/*
 * No memory: the n-th allocation of daemon, module and command fails, for every n. Nobody gets in by it, nothing
 * crashes, and with memory there again all works again. What is freed meanwhile holds no secret.
 */
#include <criterion/criterion.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>

#include "notes.h"
#include "paths.h"

#define RUNS  8 /* of a sweep, by default */
#define DENSE 6 /* the first allocations set up what lasts */

static void
open_stage(void)
{
	paths_open(SFMFA_TEST_FAILHEAP);
}

TestSuite(memory, .init = open_stage, .fini = paths_close, .timeout = 3000);

/* ---- the daemon ---------------------------------------------------------------------------------------- */

static void
sweep_daemon(const char *name, void (*run)(struct sweep *sweep), const char *spare)
{
	char both[2][96];

	snprintf(paths.faults->spare, sizeof(paths.faults->spare), "%s", spare);
	for (int all = 0; all < 2; all++) {
		struct sweep sweep = {
			.faults = paths.faults, .name = both[all], .kinds = FAULT_HEAP, .all = all,
			.runs = RUNS, .dense = DENSE,
		};

		snprintf(both[all], sizeof(both[all]), "memory of sfmfad, %s, %s", name, all ? "n-th and all after" : "n-th");
		sweep_run(&sweep, run);
		sweep_leaks(&sweep);
	}
}

Test(memory, daemon_login)
{
	sweep_daemon("UI login", paths_log_in, "");
}

Test(memory, daemon_field)
{
	sweep_daemon("API login", paths_send_field, "");
}

Test(memory, daemon_registration)
{
	sweep_daemon("registration", paths_register, "");
}

Test(memory, daemon_command)
{
	sweep_daemon("command", paths_command, "");
}

Test(memory, daemon_reload)
{
	/* libconfig 1.5 checks none of its allocations. */
	sweep_daemon("reload", paths_reload, "libconfig");
}

Test(memory, daemon_start)
{
	sweep_daemon("start", paths_start_up, "libconfig");
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
	paths.faults->seed = 20260101;
	paths_start();
	cr_assert_eq(PATHS_LOGIN("nopassword", "carol", "{code}", "@empty").account, PAM_SUCCESS, "%s",
		     paths.talk.transcript);
	stage_token(&paths.stage, "carol --label made", token);
	cr_assert_eq(stage_sfmfa(&paths.stage, "--json temp-code carol"), 0);
	stage_json(&paths.stage, "code", temporary, 16);
	stage_daemon_stop(&paths.stage, SIGTERM);
	paths.faults->seed = 0;
	paths_start();
	paths_forget_carol();
}

Test(memory, daemon_leaves_nothing_of_the_secrets_it_makes)
{
	struct sweep sweep = { .faults = paths.faults, .name = "secrets that sfmfad makes" };
	char tokens[2][STAGE_TOKEN_SIZE], temporary[2][16], carol[160], codes[10][20];
	const char *at = paths.talk.transcript;
	unsigned count = 0;

	paths_start();
	cr_assert_eq(stage_sfmfa(&paths.stage, "profile assign carol mfa"), 0);
	make_secrets(tokens[0], temporary[0]);
	memcpy(carol, paths.talk.key, sizeof(carol));
	for (; count < 10 && (at = next_code(at, 19)) != NULL; at += 19)
		snprintf(codes[count++], sizeof(codes[0]), "%.19s", at);
	cr_assert_eq(count, 10, "%s", paths.talk.transcript);
	count = paths_search_for_app(0, carol);
	for (unsigned i = 0; i < 10; i++)
		paths_search_for(count++, "recovery code", codes[i], 19);
	paths_search_for(count++, "new token", tokens[0], STAGE_TOKEN_SIZE - 1);
	paths_search_for(count++, "temporary code", temporary[0], strlen(temporary[0]));
	/* Its copy of the URI, which no caller can reach. */
	snprintf(paths.faults->keeper, sizeof(paths.faults->keeper), "libqrencode");
	paths.faults->leaks = paths.faults->kept = paths.faults->freed = 0;
	make_secrets(tokens[1], temporary[1]);
	cr_assert_str_eq(paths.talk.key, carol, "the seed does not make the same secrets");
	cr_assert_str_eq(tokens[0], tokens[1]);
	cr_assert_str_eq(temporary[0], temporary[1]);
	note("%s: %lld blocks freed, %lld with a secret, and %lld of libqrencode", sweep.name,
	     (long long)paths.faults->freed, (long long)paths.faults->leaks, (long long)paths.faults->kept);
	sweep_leaks(&sweep);
}

/* ---- what asks it --------------------------------------------------------------------------------------- */

/* Where reading nsswitch.conf gets no memory glibc asserts, and where a module of it is loaded ld.so ends the process. */
#define SPARE_NSS "nss"

/* A whole program: its own allocations, those of libpam and those of the module. */
static void
talk_to_module(struct sweep *sweep)
{
	char words[512], code[16];
	int status, used;

	paths.stage.client_preload = SFMFA_TEST_FAILHEAP;
	stage_wait(&paths.stage, 60);
	paths_search();
	sweep_arm(sweep);
	status = stage_talk(&paths.stage, "--rhost " PATHS_PEER " nopassword alice 000000");
	sweep_rest(paths.faults);
	sweep_ended(sweep, "a login", status);
	if (status == 0)
		sweep_wrong(sweep, "a wrong code was let in");
	sweep_arm(sweep);
	/* The code is made here: this process may know the shared secret, an application may not. */
	cr_assert(talk_code(&paths.talk, 0, code));
	snprintf(words, sizeof(words), "--rhost " PATHS_PEER " nopassword alice %s", code);
	status = stage_talk(&paths.stage, words);
	sweep_rest(paths.faults);
	sweep_ended(sweep, "a login", status);
	used = stage_talk(&paths.stage, words);
	if (status == 0 && used == 0)
		sweep_wrong(sweep, "a code was good twice");
	sweep_arm(sweep);
	snprintf(words, sizeof(words), "--rhost " PATHS_PEER " mail bob %s", paths.wrong_field);
	status = stage_talk(&paths.stage, words);
	sweep_rest(paths.faults);
	sweep_ended(sweep, "a login", status);
	if (status == 0)
		sweep_wrong(sweep, "the token of somebody else was let in");
	paths.stage.client_preload = NULL;
}

static void
sweep_client(const char *name, void (*run)(struct sweep *sweep), const char *spare)
{
	stage_daemon_stop(&paths.stage, SIGTERM);
	paths.stage.daemon_preload = NULL;
	stage_daemon_start(&paths.stage);
	snprintf(paths.faults->spare, sizeof(paths.faults->spare), "%s", spare);
	for (int all = 0; all < 2; all++) {
		char text[96];
		struct sweep sweep = {
			.faults = paths.faults, .name = text, .kinds = FAULT_HEAP, .all = all,
			.runs = RUNS, .dense = DENSE,
		};

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
static char said[sizeof(paths.stage.output)];

static void
run_command(struct sweep *sweep)
{
	int status;

	paths.stage.client_preload = SFMFA_TEST_FAILHEAP;
	sweep_arm(sweep);
	status = stage_sfmfa_end(&paths.stage, command_in_turn);
	sweep_rest(paths.faults);
	paths.stage.client_preload = NULL;
	sweep_ended(sweep, "sfmfa", status);
	if (!WIFEXITED(status))
		return;
	status = WEXITSTATUS(status);
	if (sweep->n < 0) {
		cr_assert_eq(status, 0, "%s", command_in_turn);
		memcpy(said, paths.stage.output, sizeof(said));
	}
	if (status == 0 && strcmp(paths.stage.output, said) != 0)
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
