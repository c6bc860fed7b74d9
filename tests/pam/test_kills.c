/*
 * SIGKILL at random moments under load: programs in the middle of a login, the daemon, sfmfad --once. A code that was
 * acknowledged stays used, the store stays whole, and whoever comes next gets in at once.
 */
#include <criterion/criterion.h>
#include <dirent.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "chance.h"
#include "crowd.h"
#include "extent.h"
#include "notes.h"
#include "stage.h"

#define PEER      "203.0.113.7"
#define USERS     8
#define UNKNOWN   (-1) /* what a killed login came to */
#define CHECK_ALL 10   /* rounds between two looks at the files */

static struct stage stage;
static struct talk talk;
static char keys[USERS][sizeof(talk.key)];
static int *codes; /* shared with the processes that log in; by user */
static struct chance chance;

static void
open_stage(void)
{
	stage_open(&stage, "default_profile = \"mfa\";\n");
	chance = chance_begin();
	codes = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	cr_assert_neq((void *)codes, MAP_FAILED);
}

static void
close_stage(void)
{
	stage_close(&stage);
}

TestSuite(kills, .init = open_stage, .fini = close_stage, .timeout = 900);

static void
enrol_users(void)
{
	for (unsigned i = 0; i < USERS; i++) {
		char user[32];

		snprintf(user, sizeof(user), "user%u", i);
		stage_enrol(&stage, &talk, user);
		memcpy(keys[i], talk.key, sizeof(keys[i]));
	}
}

static int
log_in(const char *service, const char *user, const char *text)
{
	return stage_login(&stage, &talk, service, user, PEER, (const char *const[]){ text, NULL }).auth;
}

static pid_t
start_login(unsigned i)
{
	char user[32];
	pid_t pid;

	codes[i] = UNKNOWN;
	pid = fork();
	cr_assert_geq(pid, 0);
	if (pid > 0)
		return pid;
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	snprintf(user, sizeof(user), "user%u", i);
	memcpy(talk.key, keys[i], sizeof(talk.key));
	codes[i] = log_in("nopassword", user, "{code}");
	_exit(0);
}

/* What the files say: whole, no reference into nothing, every user with a guard, every app with its secret. */
static void
check_files(void)
{
	static const char checks[] =
		"pragma integrity_check; pragma foreign_key_check;"
		"select 'users' where (select value from meta where name = 'users') <> (select count(*) from user);"
		"select 'guard' from user where id not in (select user_id from guard where caller = -1);"
		"select 'app' from user left join app on user_id = id where (app_state <> 0) <> (user_id is not null);"
		"select 'locked' from user where maybe_locked = 1; select 'failed' from guard where failures <> 0;";
	char words[STAGE_PATH_SIZE + sizeof(checks) + 64];

	snprintf(words, sizeof(words), "[ \"$(sqlite3 %s/state/sfmfa.db \"%s\")\" = ok ]", stage.folder, checks);
	cr_assert_eq(system(words), 0, "%s", words);
	snprintf(words, sizeof(words), "[ \"$(sqlite3 %s/state/events.db 'pragma integrity_check')\" = ok ]", stage.folder);
	cr_assert_eq(system(words), 0, "%s", words);
}

/* Waits without waiting for anything: the moment is to be any. */
static void
pass_microseconds(unsigned microseconds)
{
	struct timespec pause = { .tv_sec = microseconds / 1000000, .tv_nsec = microseconds % 1000000 * 1000L };

	nanosleep(&pause, NULL);
}

/* All log in once; returns how long that took. */
static unsigned
everybody_gets_in(const char *when)
{
	pid_t pids[USERS];
	int64_t start = crowd_milliseconds();

	for (unsigned i = 0; i < USERS; i++)
		pids[i] = start_login(i);
	for (unsigned i = 0; i < USERS; i++)
		cr_assert_eq(waitpid(pids[i], NULL, 0), pids[i]);
	for (unsigned i = 0; i < USERS; i++)
		cr_assert_eq(codes[i], PAM_SUCCESS, "%s: user%u: %d", when, i, codes[i]);
	stage_wait(&stage, 30);
	return (unsigned)(crowd_milliseconds() - start);
}

struct tally {
	unsigned programs, daemons, before, after;
};

/* One round of logins with one kill in it; then everybody tries the same code again. */
static void
kill_once(unsigned calm_ms, struct tally *tally)
{
	bool program = chance_below(&chance, 2) == 0;
	bool acknowledged[USERS];
	pid_t pids[USERS];

	for (unsigned i = 0; i < USERS; i++)
		pids[i] = start_login(i);
	pass_microseconds(chance_below(&chance, 1000 * calm_ms));
	if (program) {
		cr_assert_eq(kill(pids[chance_below(&chance, USERS)], SIGKILL), 0);
	} else {
		stage_daemon_stop(&stage, SIGKILL);
		stage_daemon_start(&stage);
	}
	*(program ? &tally->programs : &tally->daemons) += 1;
	for (unsigned i = 0; i < USERS; i++) {
		cr_assert_eq(waitpid(pids[i], NULL, 0), pids[i]);
		acknowledged[i] = codes[i] == PAM_SUCCESS;
		cr_assert(codes[i] == PAM_SUCCESS || codes[i] == (program ? UNKNOWN : PAM_AUTHINFO_UNAVAIL), "%d", codes[i]);
		tally->before += acknowledged[i];
	}
	for (unsigned i = 0; i < USERS; i++)
		pids[i] = start_login(i);
	for (unsigned i = 0; i < USERS; i++) {
		cr_assert_eq(waitpid(pids[i], NULL, 0), pids[i]);
		cr_assert_not(acknowledged[i] && codes[i] == PAM_SUCCESS, "an acknowledged code of user%u came back", i);
		cr_assert(codes[i] == PAM_SUCCESS || codes[i] == PAM_AUTH_ERR, "%d", codes[i]);
		tally->after += codes[i] == PAM_SUCCESS;
	}
	stage_wait(&stage, 30);
}

static void
kill_at_random(unsigned kills, const char *how)
{
	struct tally tally = { 0 };
	unsigned calm_ms;

	enrol_users();
	calm_ms = everybody_gets_in("before");
	for (unsigned round = 0; round < kills; round++) {
		kill_once(calm_ms, &tally);
		(void)everybody_gets_in("the next login works at once");
		if (round % CHECK_ALL == 0)
			check_files();
	}
	check_files();
	note("%u kills (%u of programs, %u of the daemon, %s): of %u codes %u were accepted before, %u after, none twice",
	     kills, tally.programs, tally.daemons, how, kills * USERS, tally.before, tally.after);
}

Test(kills, a_killed_daemon_that_is_started_again_forgets_no_code)
{
	stage_forbid_once(&stage);
	kill_at_random(extent(20, 150), "started again");
}

Test(kills, a_killed_daemon_whose_sockets_stay_open_forgets_no_code)
{
	stage_forbid_once(&stage);
	stage_daemon_activate(&stage);
	kill_at_random(extent(20, 200), "on sockets of its parent, as systemd does it");
}

/* ---- sfmfad --once --------------------------------------------------------------------------------- */

static bool
is_once_of_this_stage(const char *pid)
{
	char path[64], words[4096];
	ssize_t size = -1;
	int fd;

	snprintf(path, sizeof(path), "/proc/%.20s/cmdline", pid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd >= 0) {
		size = read(fd, words, sizeof(words));
		close(fd);
	}
	return size > 0 && memmem(words, (size_t)size, "--once", 6) != NULL &&
	       memmem(words, (size_t)size, stage.folder, strlen(stage.folder)) != NULL;
}

/* 0: there is none now. */
static pid_t
find_once(void)
{
	DIR *processes = opendir("/proc");
	const struct dirent *entry;
	pid_t pid = 0;

	cr_assert_not_null(processes);
	while (pid == 0 && (entry = readdir(processes)) != NULL) {
		if (entry->d_name[0] >= '1' && entry->d_name[0] <= '9' && is_once_of_this_stage(entry->d_name))
			pid = (pid_t)atoi(entry->d_name);
	}
	closedir(processes);
	return pid;
}

/* A user logs in with --once alone, which is killed after so many microseconds, or is not there then. */
static bool
kill_one_of_once(const char *user, const char *code, unsigned microseconds)
{
	pid_t login, once;

	codes[0] = UNKNOWN;
	login = fork();
	cr_assert_geq(login, 0);
	if (login == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		codes[0] = log_in("alone", user, code);
		_exit(0);
	}
	pass_microseconds(microseconds);
	once = find_once();
	if (once != 0)
		(void)kill(once, SIGKILL);
	cr_assert_eq(waitpid(login, NULL, 0), login);
	return once != 0;
}

static void
round_of_once(unsigned number, unsigned calm_ms, struct tally *tally)
{
	char user[32], code[16], next[16];
	int64_t now = time(NULL);
	bool acknowledged, again;

	snprintf(user, sizeof(user), "once%u", number);
	stage_enrol(&stage, &talk, user);
	/* The two steps of now are accepted until the time has left both. */
	talk.now = now;
	cr_assert(talk_code(&talk, 0, code) && talk_code(&talk, 1, next));
	tally->daemons += kill_one_of_once(user, code, chance_below(&chance, 1000 * calm_ms));
	acknowledged = codes[0] == PAM_SUCCESS;
	cr_assert(acknowledged || codes[0] == PAM_AUTHINFO_UNAVAIL, "%d", codes[0]);
	again = log_in("alone", user, code) == PAM_SUCCESS;
	cr_assert_not(acknowledged && again, "an acknowledged code came back");
	tally->before += acknowledged;
	tally->after += again;
	cr_assert_eq(log_in("alone", user, next), PAM_SUCCESS, "the next login works at once");
}

Test(kills, a_killed_once_forgets_no_code)
{
	unsigned wanted = extent(20, 150), calm_ms, rounds = 0;
	struct tally tally = { 0 };
	int64_t start;

	stage_need_once(&stage, &talk);
	*stage.clock = 0; /* --once has the real time */
	stage_enrol(&stage, &talk, "calm");
	start = crowd_milliseconds();
	cr_assert_eq(log_in("alone", "calm", "{code}"), PAM_SUCCESS);
	calm_ms = (unsigned)(crowd_milliseconds() - start);
	/* At some moments it has not begun or is through. */
	for (; tally.daemons < wanted && rounds < 5 * wanted; rounds++) {
		round_of_once(rounds, calm_ms, &tally);
		if (rounds % CHECK_ALL == 0)
			check_files();
	}
	check_files();
	cr_assert_eq(tally.daemons, wanted);
	cr_assert_eq(find_once(), 0, "none is left");
	note("%u kills of sfmfad --once in %u logins: %u codes were accepted before, %u after, none twice", tally.daemons,
	     rounds, tally.before, tally.after);
}
