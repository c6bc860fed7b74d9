/* Many at one moment: one code is worth one login, every wrong answer counts, everybody gets their turn. */
#include <criterion/criterion.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "notes.h"
#include "stage.h"

#define CROWD_MAX 64
#define USERS     16 /* of the test that kills */
#define KILLS     10

static struct stage stage;
static struct talk talk;

static void
open_stage(void)
{
	stage_open(&stage, "default_profile = \"mfa\";\n");
}

static void
close_stage(void)
{
	stage_close(&stage);
}

TestSuite(races, .init = open_stage, .fini = close_stage, .timeout = 120);

static int64_t
milliseconds(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static int
answer(const char *user, const char *text)
{
	return stage_login(&stage, &talk, "nopassword", user, "203.0.113.7",
			   (const char *const[]){ text, NULL })
		.auth;
}

/* ---- a crowd: processes that get ready, wait for one another, and act at once
 * ------------------------------ */

struct crowd {
	unsigned count;
	void (*ready)(unsigned i); /* before the gate opens; NULL: nothing to do */
	int (*act)(unsigned i);    /* a PAM code */
	int codes[CROWD_MAX];
	int64_t took_ms; /* from the opening of the gate to the last one */
};

static pid_t
join(const struct crowd *crowd, unsigned i, const int ready[2], const int gate[2])
{
	pid_t pid = fork();
	char byte = 'r';

	if (pid != 0)
		return pid;
	close(gate[1]);
	close(ready[0]);
	if (crowd->ready != NULL)
		crowd->ready(i);
	/* The gate is open once the parent has closed its end. */
	if (write(ready[1], &byte, 1) != 1 || read(gate[0], &byte, 1) != 0)
		_exit(127);
	_exit(crowd->act(i));
}

static void
open_gate(struct crowd *crowd, void (*meanwhile)(void))
{
	int ready[2], gate[2];
	pid_t pids[CROWD_MAX];
	int64_t start;
	char byte;

	cr_assert_leq(crowd->count, CROWD_MAX);
	cr_assert_eq(pipe(ready), 0);
	cr_assert_eq(pipe(gate), 0);
	for (unsigned i = 0; i < crowd->count; i++) {
		pids[i] = join(crowd, i, ready, gate);
		cr_assert_gt(pids[i], 0);
	}
	close(ready[1]);
	close(gate[0]);
	for (unsigned i = 0; i < crowd->count; i++)
		cr_assert_eq(read(ready[0], &byte, 1), 1, "somebody is not ready");
	start = milliseconds();
	close(gate[1]);
	if (meanwhile != NULL)
		meanwhile();
	for (unsigned i = 0; i < crowd->count; i++) {
		int status = 0;

		cr_assert_eq(waitpid(pids[i], &status, 0), pids[i]);
		cr_assert(WIFEXITED(status) && WEXITSTATUS(status) < 126, "process %u died", i);
		crowd->codes[i] = WEXITSTATUS(status);
	}
	crowd->took_ms = milliseconds() - start;
	close(ready[0]);
}

static unsigned
count_codes(const struct crowd *crowd, int code)
{
	unsigned count = 0;

	for (unsigned i = 0; i < crowd->count; i++) {
		if (crowd->codes[i] == code)
			count++;
	}
	return count;
}

static void
enrol(const char *user)
{
	char words[128];

	snprintf(words, sizeof(words), "--json enroll %s", user);
	cr_assert_eq(stage_sfmfa(&stage, words), 0);
	stage_json(&stage, "secret", talk.key, sizeof(talk.key));
}

/* How often the log says so of this user. */
static unsigned
count_reason(const char *user, const char *reason)
{
	char path[STAGE_PATH_SIZE + 8], line[4096], start[96], pair[96];
	unsigned count = 0;
	FILE *file;

	cr_assert_eq(stage_sfmfa(&stage, "status"), 0);
	snprintf(path, sizeof(path), "%s/log", stage.folder);
	snprintf(start, sizeof(start), "sfmfad: user=%s ", user);
	snprintf(pair, sizeof(pair), "reason=%s", reason);
	file = fopen(path, "re");
	cr_assert_not_null(file);
	while (fgets(line, sizeof(line), file) != NULL) {
		if (strncmp(line, start, strlen(start)) == 0 && strstr(line, pair) != NULL)
			count++;
	}
	fclose(file);
	return count;
}

/* ---- one code
 * ------------------------------------------------------------------------------------------------ */

static int
answer_code(unsigned i)
{
	(void)i;
	return answer("alice", "{code}");
}

static void
one_code(unsigned processes, unsigned rounds)
{
	int64_t longest = 0;

	enrol("alice");
	for (unsigned round = 0; round < rounds; round++) {
		struct crowd crowd = { .count = processes, .act = answer_code };

		open_gate(&crowd, NULL);
		cr_assert_eq(count_codes(&crowd, PAM_SUCCESS), 1, "round %u", round);
		cr_assert_eq(count_codes(&crowd, PAM_AUTH_ERR), processes - 1, "round %u", round);
		longest = crowd.took_ms > longest ? crowd.took_ms : longest;
		stage_wait(&stage, 30);
	}
	cr_assert_eq(count_reason("alice", "factor-replayed"), rounds * (processes - 1));
	note("%u processes, one code: one success in each of %u rounds, the longest took %lld ms", processes,
	     rounds, (long long)longest);
}

Test(races, eight_processes_and_one_code)
{
	one_code(8, 20);
}

Test(races, sixteen_processes_and_one_code)
{
	one_code(16, 10);
}

static char recovery_codes[10][32];

/* The recovery codes of the last "--json enroll". */
static void
read_recovery_codes(void)
{
	const char *at = strstr(stage.output, "\"recovery_codes\":");

	cr_assert_not_null(at);
	at += strlen("\"recovery_codes\":");
	for (int i = 0; i < 10; i++) {
		size_t size;

		at = strchr(at, '"');
		cr_assert_not_null(at);
		size = strcspn(++at, "\"");
		cr_assert_lt(size, sizeof(recovery_codes[i]));
		memcpy(recovery_codes[i], at, size);
		recovery_codes[i][size] = '\0';
		at += size + 1;
	}
}

static unsigned round_now;

static int
answer_recovery_code(unsigned i)
{
	(void)i;
	return answer("alice", recovery_codes[round_now]);
}

Test(races, one_recovery_code_is_worth_one_login)
{
	enrol("alice");
	read_recovery_codes();
	for (round_now = 0; round_now < 10; round_now++) {
		struct crowd crowd = { .count = 8, .act = answer_recovery_code };

		/* The seven others are wrong answers: they count. */
		open_gate(&crowd, NULL);
		cr_assert_eq(count_codes(&crowd, PAM_SUCCESS), 1, "code %u", round_now);
		cr_assert_eq(stage_sfmfa(&stage, "user unlock alice"), 0);
	}
	note("8 processes, one recovery code: one success for each of 10 codes");
}

/* ---- registrations
 * -------------------------------------------------------------------------------------------- */

static pam_handle_t *registering;
static char newcomer[32];

static void
register_until_commit(unsigned i)
{
	static const struct pam_conv conversation = { .conv = talk_converse, .appdata_ptr = &talk };
	static const char *const answers[] = { "{code}", "@empty" };

	(void)i;
	registering = stage_pam_start(&stage, &conversation, "nopassword", newcomer);
	talk.answers = answers;
	talk.answer_count = 2;
	talk.given = 0;
	talk.now = *stage.clock;
	if (pam_authenticate(registering, 0) != PAM_SUCCESS)
		_exit(126);
}

static int
commit_registration(unsigned i)
{
	(void)i;
	return pam_acct_mgmt(registering, 0);
}

Test(races, of_registrations_at_once_one_is_committed)
{
	for (unsigned round = 0; round < 5; round++) {
		struct crowd crowd = { .count = 8,
				       .ready = register_until_commit,
				       .act = commit_registration };
		char words[64];

		snprintf(newcomer, sizeof(newcomer), "newcomer%u", round);
		snprintf(words, sizeof(words), "profile assign %s mfa", newcomer);
		cr_assert_eq(stage_sfmfa(&stage, words), 0);
		open_gate(&crowd, NULL);
		cr_assert_eq(count_codes(&crowd, PAM_SUCCESS), 1, "round %u", round);
		cr_assert_eq(count_codes(&crowd, PAM_PERM_DENIED), 7, "round %u", round);
		cr_assert_eq(count_reason(newcomer, "ok-registered"), 1);
		cr_assert_eq(count_reason(newcomer, "registration-refused"), 7);
	}
	note("8 registrations of one user: one committed, seven refused, in each of 5 rounds");
}

Test(races, a_registration_loses_against_an_enrolment_meanwhile)
{
	snprintf(newcomer, sizeof(newcomer), "alice");
	cr_assert_eq(stage_sfmfa(&stage, "profile assign alice mfa"), 0);
	register_until_commit(0);
	cr_assert_eq(stage_sfmfa(&stage, "--json enroll alice"), 0);
	cr_assert_eq(commit_registration(0), PAM_PERM_DENIED);
	cr_assert_eq(count_reason("alice", "registration-refused"), 1);
	pam_end(registering, PAM_PERM_DENIED);
	/* The same where it came and went: the factors are not those the login had seen. */
	cr_assert_eq(stage_sfmfa(&stage, "profile assign bob mfa"), 0);
	snprintf(newcomer, sizeof(newcomer), "bob");
	register_until_commit(0);
	cr_assert_eq(stage_sfmfa(&stage, "--json enroll bob"), 0);
	cr_assert_eq(stage_sfmfa(&stage, "disconnect bob"), 0);
	cr_assert_eq(commit_registration(0), PAM_PERM_DENIED);
	pam_end(registering, PAM_PERM_DENIED);
	cr_assert_eq(stage_sfmfa(&stage, "--json user show bob"), 0);
	cr_assert_not_null(strstr(stage.output, "\"none\""), "%s", stage.output);
}

/* ---- wrong answers
 * ------------------------------------------------------------------------------------------------ */

static int
answer_wrongly(unsigned i)
{
	(void)i;
	return answer("alice", "000000");
}

Test(races, wrong_answers_at_once_are_all_counted_up_to_the_lock)
{
	struct crowd crowd = { .count = 50, .act = answer_wrongly };

	enrol("alice");
	open_gate(&crowd, NULL);
	cr_assert_eq(count_codes(&crowd, PAM_AUTH_ERR), 50);
	cr_assert_eq(count_reason("alice", "factor-wrong"), 10);
	cr_assert_eq(count_reason("alice", "locked-out"), 40);
	cr_assert_eq(answer("alice", "{code}"), PAM_AUTH_ERR, "the right code is locked out too");
	stage_wait(&stage, 15 * 60);
	cr_assert_eq(answer("alice", "{code}"), PAM_SUCCESS);
	note("50 wrong answers at once, at most 10: 10 compared, 40 locked out, in %lld ms",
	     (long long)crowd.took_ms);
}

static int
answer_wrongly_or_rightly(unsigned i)
{
	return answer("alice", i >= 12 ? "{code}" : "000000");
}

Test(races, a_right_answer_in_a_crowd_of_wrong_ones_is_worth_at_most_one_login)
{
	for (unsigned round = 0; round < 5; round++) {
		struct crowd crowd = { .count = 16, .act = answer_wrongly_or_rightly };
		unsigned in;

		if (round == 0)
			enrol("alice");
		open_gate(&crowd, NULL);
		in = count_codes(&crowd, PAM_SUCCESS);
		cr_assert_leq(in, 1);
		cr_assert_eq(count_codes(&crowd, PAM_AUTH_ERR), 16 - in);
		cr_assert_eq(stage_sfmfa(&stage, "user unlock alice"), 0);
		stage_wait(&stage, 30);
	}
}

Test(races, without_a_maximum_five_a_time_step_are_compared)
{
	struct crowd crowd = { .count = 50, .act = answer_wrongly };

	stage_configure(&stage, "default_profile = \"mfa\";\nlockout = { max_invalid_attempts = 0; };\n");
	enrol("alice");
	open_gate(&crowd, NULL);
	cr_assert_eq(count_codes(&crowd, PAM_AUTH_ERR), 50);
	cr_assert_eq(count_reason("alice", "factor-wrong"), 5);
	cr_assert_eq(count_reason("alice", "locked-out"), 45);
	cr_assert_eq(answer("alice", "{code}"), PAM_AUTH_ERR, "until the next step");
	stage_wait(&stage, 30);
	cr_assert_eq(answer("alice", "{code}"), PAM_SUCCESS);
	cr_assert_not_null(strstr(talk.transcript, "51 failed"), "all were counted: %s", talk.transcript);
	note("50 wrong answers at once without a maximum: 5 compared, all counted");
}

/* ---- many users
 * ------------------------------------------------------------------------------------------------------- */

static char keys[CROWD_MAX][160];

static void
enrol_users(unsigned count)
{
	for (unsigned i = 0; i < count; i++) {
		char user[32];

		snprintf(user, sizeof(user), "user%u", i);
		enrol(user);
		memcpy(keys[i], talk.key, sizeof(keys[i]));
	}
}

static int
answer_ones_own(unsigned i)
{
	char user[32];

	snprintf(user, sizeof(user), "user%u", i);
	memcpy(talk.key, keys[i], sizeof(talk.key));
	return answer(user, "{code}");
}

Test(races, different_users_at_once_all_get_in)
{
	enrol_users(40);
	for (unsigned round = 0; round < 2; round++) {
		struct crowd crowd = { .count = 40, .act = answer_ones_own };

		open_gate(&crowd, NULL);
		cr_assert_eq(count_codes(&crowd, PAM_SUCCESS), 40);
		note("40 users at once: 40 successes in %lld ms", (long long)crowd.took_ms);
		stage_wait(&stage, 30);
	}
}

/* ---- a daemon that is killed
 * -------------------------------------------------------------------------------------------- */

static unsigned moment_us;

static void
kill_daemon(void)
{
	struct timespec pause = { .tv_nsec = moment_us * 1000L };

	/* At another moment each time; nothing is waited for. */
	nanosleep(&pause, NULL);
	stage_daemon_stop(&stage, SIGKILL);
}

Test(races, a_killed_daemon_forgets_no_code)
{
	char words[STAGE_PATH_SIZE + 96];
	struct crowd calm = { .count = USERS, .act = answer_ones_own };
	unsigned before = 0, after = 0;

	stage_forbid_once(&stage);
	enrol_users(USERS);
	open_gate(&calm, NULL);
	stage_wait(&stage, 30);
	for (unsigned round = 0; round < KILLS; round++) {
		struct crowd first = { .count = USERS, .act = answer_ones_own }, second = first, next = first;

		/* From the first answers to the last ones, on a machine of whatever speed. */
		moment_us = (unsigned)(1000 * calm.took_ms * (round + 1) / (KILLS + 1));
		open_gate(&first, kill_daemon);
		stage_daemon_start(&stage);
		open_gate(&second, NULL);
		for (unsigned i = 0; i < USERS; i++) {
			bool once = first.codes[i] == PAM_SUCCESS, twice = second.codes[i] == PAM_SUCCESS;

			cr_assert_not(once && twice, "round %u: an acknowledged code of user%u came back",
				      round, i);
			cr_assert(once || first.codes[i] == PAM_AUTHINFO_UNAVAIL, "round %u: code %d", round,
				  first.codes[i]);
			before += once;
			after += twice;
		}
		stage_wait(&stage, 30);
		open_gate(&next, NULL);
		cr_assert_eq(count_codes(&next, PAM_SUCCESS), USERS, "round %u: the next login works at once",
			     round);
		stage_wait(&stage, 30);
	}
	snprintf(words, sizeof(words), "sqlite3 %s/state/sfmfa.db 'pragma integrity_check' | grep -qx ok",
		 stage.folder);
	cr_assert_eq(system(words), 0);
	note("%d kills: of %d codes %u were accepted before, %u after the restart, none twice", KILLS,
	     KILLS * USERS, before, after);
}
