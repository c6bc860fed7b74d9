/* Many at one moment: one code is worth one login, every wrong answer counts, nobody is refused for another's sake. */
#include <criterion/criterion.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "stage.h"

static struct stage stage;
static struct talk talk;

static void
open_stage(void)
{
	stage_open(&stage, "");
}

static void
close_stage(void)
{
	stage_close(&stage);
}

TestSuite(races, .init = open_stage, .fini = close_stage, .timeout = 120);

#define PEER "203.0.113.7"

static bool
goes_in(const char *user, const char *answer)
{
	return stage_login(&stage, &talk, "nopassword", user, PEER, (const char *const[]){ answer, NULL }).auth == PAM_SUCCESS;
}

/*
 * So many processes that answer at once: all fork first and wait for the pipe to close. Process i is the
 * user (numbered: with i behind the name) and gives answers[i % count]. Returns how many got in.
 */
static unsigned
rush(unsigned processes, const char *name, bool numbered, const char *const answers[], unsigned count)
{
	int gate[2], status;
	unsigned in = 0;
	char byte;

	cr_assert_eq(pipe(gate), 0);
	for (unsigned i = 0; i < processes; i++) {
		pid_t pid = fork();

		cr_assert_geq(pid, 0);
		if (pid == 0) {
			char user[64];

			close(gate[1]);
			if (numbered)
				snprintf(user, sizeof(user), "%s%u", name, i);
			else
				snprintf(user, sizeof(user), "%s", name);
			if (read(gate[0], &byte, 1) != 0)
				_exit(2);
			_exit(goes_in(user, answers[i % count]) ? 0 : 1);
		}
	}
	close(gate[0]);
	close(gate[1]);
	for (unsigned i = 0; i < processes; i++) {
		cr_assert_gt(wait(&status), 0);
		if (WIFEXITED(status) && WEXITSTATUS(status) == 0)
			in++;
	}
	return in;
}

static void
enrol(const char *user)
{
	char words[128];

	snprintf(words, sizeof(words), "profile assign %s mfa", user);
	cr_assert_eq(stage_sfmfa(&stage, words), 0);
	snprintf(words, sizeof(words), "--json enroll %s", user);
	cr_assert_eq(stage_sfmfa(&stage, words), 0);
	stage_json(&stage, "secret", talk.key, sizeof(talk.key));
}

static void
one_code(unsigned processes, unsigned rounds)
{
	enrol("alice");
	for (unsigned round = 0; round < rounds; round++) {
		cr_assert_eq(rush(processes, "alice", false, (const char *const[]){ "{code}" }, 1), 1, "round %u", round);
		stage_wait(&stage, 30);
	}
}

Test(races, eight_processes_and_one_code)
{
	one_code(8, 30);
}

Test(races, sixteen_processes_and_one_code)
{
	one_code(16, 10);
}

Test(races, one_recovery_code_is_worth_one_login)
{
	char code[32];

	enrol("alice");
	stage_json(&stage, "recovery_codes", code, sizeof(code));
	cr_assert_eq(rush(8, "alice", false, (const char *const[]){ code }, 1), 1);
}

Test(races, wrong_answers_at_once_are_all_counted_up_to_the_lock)
{
	enrol("alice");
	(void)rush(40, "alice", false, (const char *const[]){ "000000" }, 1);
	cr_assert_not(goes_in("alice", "{code}"), "the right code is locked out too");
	cr_assert_eq(stage_sfmfa(&stage, "--json log alice --reason factor-wrong --limit 100"), 0);
	{
		unsigned wrong = 0;

		for (const char *at = stage.output; (at = strstr(at, "factor-wrong")) != NULL; at++)
			wrong++;
		cr_assert_eq(wrong, 10, "%u were compared", wrong);
	}
}

Test(races, different_users_at_once_all_get_in)
{
	char users[40][64];

	for (unsigned i = 0; i < 40; i++) {
		snprintf(users[i], sizeof(users[i]), "user%u", i);
		enrol(users[i]);
		/* Everybody has a key of their own; a recovery code each says as much as a code. */
		stage_json(&stage, "recovery_codes", users[i], sizeof(users[i]));
	}
	{
		const char *answers[40];

		for (unsigned i = 0; i < 40; i++)
			answers[i] = users[i];
		cr_assert_eq(rush(40, "user", true, answers, 40), 40);
	}
}

Test(races, a_killed_daemon_forgets_no_code)
{
	char words[STAGE_PATH_SIZE + 64];

	enrol("alice");
	for (unsigned round = 0; round < 10; round++) {
		pid_t killer = fork();

		if (killer == 0) {
			/* Somewhere in the login: a while that no clock measures. */
			for (unsigned i = 0; i < round * 300; i++)
				(void)getppid();
			kill(stage.daemon, SIGKILL);
			_exit(0);
		}
		bool in = goes_in("alice", "{code}");

		waitpid(killer, NULL, 0);
		stage_daemon_stop(&stage, SIGKILL);
		stage_daemon_start(&stage);
		if (in)
			cr_assert_not(goes_in("alice", "{code}"), "round %u: an acknowledged code came back", round);
		stage_wait(&stage, 30);
		cr_assert(goes_in("alice", "{code}"), "round %u: the next login works at once", round);
		stage_wait(&stage, 30);
	}
	snprintf(words, sizeof(words), "sqlite3 %s/state/sfmfa.db 'pragma integrity_check' | grep -qx ok", stage.folder);
	cr_assert_eq(system(words), 0);
}
