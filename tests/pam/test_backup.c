/* Backup and restore: nothing that was spent comes back, nothing that was changed is taken, whoever dies. */
#include <criterion/criterion.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "extent.h"
#include "stage.h"

static struct stage stage;
static struct talk alice, bob;

static const char *
path_of(const char *name)
{
	static char path[STAGE_PATH_SIZE + 64];

	snprintf(path, sizeof(path), "%s/%s", stage.folder, name);
	return path;
}

static int
backup(const char *name)
{
	char words[STAGE_PATH_SIZE + 64];

	snprintf(words, sizeof(words), "--json backup %s/%s", stage.folder, name);
	return stage_sfmfa(&stage, words);
}

static int
restore(const char *name, const char *options)
{
	char words[STAGE_PATH_SIZE + 64];

	snprintf(words, sizeof(words), "--json restore %s/%s --yes %s", stage.folder, name, options);
	return stage_sfmfa(&stage, words);
}

static void
begin(void)
{
	memset(&alice, 0, sizeof(alice));
	memset(&bob, 0, sizeof(bob));
	stage_open(&stage, "");
	cr_assert_eq(stage_sfmfa(&stage, "profile assign alice mfa"), 0);
	cr_assert_eq(stage_sfmfa(&stage, "profile assign bob mfa"), 0);
	stage_register(&stage, &alice, "alice");
	cr_assert_eq(backup("first"), 0);
}

static void
end(void)
{
	stage_close(&stage);
}

TestSuite(backup, .init = begin, .fini = end, .timeout = 120);

#define LOGIN(talk, user, answer)                                                                            \
	(stage_login(&stage, talk, "login", user, NULL,                                                      \
		     (const char *const[]){ STAGE_PASSWORD, answer, NULL })                                  \
		 .auth == PAM_SUCCESS)

/* A code that was never used and lies beyond what a restore takes for used. */
static bool
gets_in(struct talk *talk, const char *user)
{
	stage_wait(&stage, 120);
	return LOGIN(talk, user, "{code}");
}

static bool
knows(const char *user)
{
	char words[64];

	snprintf(words, sizeof(words), "user show %s --json", user);
	return stage_sfmfa(&stage, words) == 0 && strstr(stage.output, "\"app\":\"completed\"") != NULL;
}

/* Copies that are being made are gone with who made them, or with the next. */
static unsigned
leftovers(void)
{
	char command[STAGE_PATH_SIZE + 64];
	FILE *out;
	unsigned count = 0;

	snprintf(command, sizeof(command), "ls %s/state | grep -c '^copy-'", stage.folder);
	out = popen(command, "re");
	cr_assert_not_null(out);
	cr_assert_eq(fscanf(out, "%u", &count), 1);
	pclose(out);
	return count;
}

Test(backup, what_was_there_is_there_again_and_what_came_since_is_not)
{
	struct stat file;

	cr_assert_eq(stat(path_of("first"), &file), 0);
	cr_expect_eq(file.st_mode & 07777, 0600);
	cr_expect_eq(backup("first"), 3, "nothing is overwritten");
	stage_register(&stage, &bob, "bob");
	cr_assert_eq(stage_sfmfa(&stage, "disconnect alice"), 0);
	cr_assert_eq(restore("first", ""), 0, "%s", stage.output);
	cr_expect_not_null(strstr(stage.output, "\"users\":2"));
	cr_expect(gets_in(&alice, "alice"));
	cr_expect_not(knows("bob"));
	stage_daemon_stop(&stage, SIGKILL);
	stage_daemon_start(&stage);
	cr_expect(gets_in(&alice, "alice"), "and after a start");
	cr_expect_eq(leftovers(), 0);
	cr_expect_eq(stage_sfmfa(&stage, "log --json"), 0);
	cr_expect_not_null(strstr(stage.output, "\"verb\":\"disconnect\""), "events are not part of it");
}

Test(backup, no_code_that_was_used_since_is_good_again)
{
	char recovery[2][64], temporary[64];

	cr_assert_eq(stage_sfmfa(&stage, "recovery-codes renew alice --json"), 0);
	snprintf(recovery[0], sizeof(recovery[0]), "%.19s", strstr(stage.output, "[\"") + 2);
	snprintf(recovery[1], sizeof(recovery[1]), "%.19s", strstr(stage.output, "[\"") + 24);
	cr_assert_eq(stage_sfmfa(&stage, "temp-code alice --json"), 0);
	stage_json(&stage, "code", temporary, sizeof(temporary));
	cr_assert_eq(backup("second"), 0);
	stage_wait(&stage, 120);
	cr_assert(LOGIN(&alice, "alice", "{code}"));
	cr_assert(LOGIN(&alice, "alice", recovery[0]));
	cr_assert(LOGIN(&alice, "alice", temporary));
	cr_assert_eq(restore("second", ""), 0);
	cr_expect_not(LOGIN(&alice, "alice", "{code}"), "used");
	cr_expect_not(LOGIN(&alice, "alice", "{code+1}"), "may have been, by a phone that is ahead");
	cr_expect_not(LOGIN(&alice, "alice", recovery[0]), "used");
	cr_expect_not(LOGIN(&alice, "alice", recovery[1]), "may have been");
	cr_expect_not(LOGIN(&alice, "alice", temporary), "may have been ended");
	cr_assert_eq(restore("second", "--keep-recovery-codes"), 0);
	cr_expect(LOGIN(&alice, "alice", recovery[1]));
	cr_expect(gets_in(&alice, "alice"));
}

static void
rewrite(const char *from, const char *to, long cut, long at, const char *more)
{
	static unsigned char bytes[4 << 20];
	FILE *file = fopen(path_of(from), "re");
	size_t size;

	cr_assert_not_null(file);
	size = fread(bytes, 1, sizeof(bytes), file);
	fclose(file);
	cr_assert(size > 0 && size < sizeof(bytes));
	if (at >= 0 || at < -1)
		bytes[at >= 0 ? at : (long)size + at] ^= 1;
	file = fopen(path_of(to), "we");
	cr_assert_not_null(file);
	cr_assert_eq(fwrite(bytes, 1, size - (size_t)cut, file), size - (size_t)cut);
	cr_assert_geq(fputs(more, file), 0);
	cr_assert_eq(fclose(file), 0);
}

Test(backup, one_that_was_changed_is_refused_and_changes_nothing)
{
	/* Magic, size, header, its hash, the first page, somewhere, the hash at the end. */
	static const long places[] = { 0, 14, 18, 40, 120, 300, 400, 1000, 9000, -5000, -33, -32, -2 };

	stage_register(&stage, &bob, "bob");
	for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++) {
		rewrite("first", "bad", 0, places[i], "");
		cr_expect_eq(restore("bad", ""), 1, "a bit at %ld", places[i]);
	}
	rewrite("first", "bad", 1, -1, "");
	cr_expect_eq(restore("bad", ""), 1, "cut");
	rewrite("first", "bad", 5000, -1, "");
	cr_expect_eq(restore("bad", ""), 1, "cut");
	rewrite("first", "bad", 0, -1, "x");
	cr_expect_eq(restore("bad", ""), 1, "longer");
	stage_write(&stage, "bad", "");
	cr_expect_eq(restore("bad", ""), 1, "empty");
	stage_write(&stage, "bad", "sfmfa backup 1\n");
	cr_expect_eq(restore("bad", ""), 1, "no more than a beginning");
	cr_expect_eq(restore("nothing", ""), 3);
	cr_expect_eq(restore("state", ""), 3, "a folder");
	cr_expect(knows("bob"));
	cr_expect(gets_in(&bob, "bob"));
	cr_expect_eq(leftovers(), 0);
}

/* A host that has nothing yet, or nothing but the key. */
static void
be_another_host(const char *aside, bool keep_key)
{
	char from[STAGE_PATH_SIZE + 64], name[64];

	stage_daemon_stop(&stage, SIGTERM);
	snprintf(from, sizeof(from), "%s", path_of("state"));
	cr_assert_eq(rename(from, path_of(aside)), 0);
	cr_assert_eq(mkdir(from, 0700), 0);
	if (!keep_key) {
		snprintf(from, sizeof(from), "%s", path_of("sealing.key"));
		snprintf(name, sizeof(name), "%s.key", aside);
		cr_assert_eq(rename(from, path_of(name)), 0);
	}
	stage_daemon_start(&stage);
	cr_assert_not(knows("alice"));
}

Test(backup, another_host_needs_the_sealing_key_it_was_made_with)
{
	be_another_host("second-host", true);
	cr_expect_eq(restore("first", ""), 0, "a new store under the same key");
	cr_expect(gets_in(&alice, "alice"), "its secrets open in the daemon that was there");
	stage_daemon_stop(&stage, SIGKILL);
	stage_daemon_start(&stage);
	cr_expect(gets_in(&alice, "alice"), "and in the next");
	be_another_host("third-host", false);
	cr_expect_eq(restore("first", ""), 1, "a new store under another key");
	cr_expect_not(knows("alice"));
}

Test(backup, a_backup_from_before_a_rotation_is_good_for_its_own_store)
{
	char words[STAGE_PATH_SIZE + 64];

	snprintf(words, sizeof(words), "--config %s/etc/sfmfa.conf key rotate", stage.folder);
	cr_assert_eq(stage_sfmfa(&stage, words), 0);
	cr_expect_eq(restore("first", ""), 0);
	cr_expect(gets_in(&alice, "alice"));
	stage_daemon_stop(&stage, SIGKILL);
	stage_daemon_start(&stage);
	cr_expect(gets_in(&alice, "alice"), "with the key that is there now");
}

Test(backup, logins_go_on_meanwhile)
{
	char token[STAGE_TOKEN_SIZE], answer[64];
	unsigned logins = 0;
	int status = -1;
	pid_t pid;

	stage_token(&stage, "alice --label mail", token);
	snprintf(answer, sizeof(answer), STAGE_PASSWORD "%s", token);
	pid = fork();
	if (pid == 0) {
		for (int i = 0; i < 5; i++) {
			char name[16];

			snprintf(name, sizeof(name), "copy%d", i);
			if (backup(name) != 0 || restore(name, "") != 0)
				_exit(1);
		}
		_exit(0);
	}
	/* Right before and after: one that began on the old store may fail once, and no more. */
	while (waitpid(pid, &status, WNOHANG) == 0)
		logins += stage_login(&stage, &alice, "mail", "alice", "203.0.113.7",
		                      (const char *const[]){ answer, NULL }).auth == PAM_SUCCESS;
	cr_expect(WIFEXITED(status) && WEXITSTATUS(status) == 0);
	cr_expect_gt(logins, 0);
	cr_expect_eq(stage_login(&stage, &alice, "mail", "alice", "203.0.113.7",
	                         (const char *const[]){ answer, NULL }).auth, PAM_SUCCESS);
}

/* The old store, with bob in it, or the new one, in which he is not; alice is in both. */
static void
assert_either(int64_t calls, const char *who, unsigned *olds, unsigned *news)
{
	bool old;

	stage_die_after(&stage, MORTAL_SFMFA, 0);
	stage_die_after(&stage, MORTAL_SFMFAD, 0);
	stage_daemon_stop(&stage, SIGKILL);
	stage_daemon_start(&stage);
	old = knows("bob");
	cr_assert(knows("alice"), "%s killed after %lld calls", who, (long long)calls);
	cr_assert(gets_in(&alice, "alice"), "%s killed after %lld calls", who, (long long)calls);
	cr_assert_eq(old, gets_in(&bob, "bob"), "%s killed after %lld calls", who, (long long)calls);
	(*(old ? olds : news))++;
	cr_assert_eq(restore("both", ""), 0, "%s killed after %lld calls", who, (long long)calls);
	cr_assert(knows("bob"));
	cr_assert_eq(leftovers(), 0);
}

static void
sweep(enum stage_mortal mortal, const char *who, int64_t stride, int status_killed)
{
	unsigned olds = 0, news = 0;
	int64_t calls = 1;

	if (extent_is_full())
		stride = 1;
	stage_register(&stage, &bob, "bob");
	cr_assert_eq(backup("both"), 0);
	stage_make_mortal(&stage);
	stage_daemon_stop(&stage, SIGTERM);
	stage_daemon_start(&stage);
	for (;; calls += stride) {
		int status;

		stage_die_after(&stage, mortal, calls);
		status = restore("first", "");
		if (status == 0)
			break;
		cr_assert_eq(status, status_killed);
		assert_either(calls, who, &olds, &news);
	}
	cr_assert_gt(olds, 0);
	cr_assert_gt(olds + news, 4, "the sweep has seen %lld calls", (long long)calls);
	/* Only a daemon that dies itself is known to have got that far. */
	if (stride == 1 && mortal == MORTAL_SFMFAD)
		cr_assert_gt(news, 0, "of %u states none is after the commit", olds);
}

Test(backup, the_command_may_be_killed_at_any_point)
{
	sweep(MORTAL_SFMFA, "sfmfa", 1, 128 + SIGKILL);
}

Test(backup, the_daemon_may_be_killed_at_any_point)
{
	sweep(MORTAL_SFMFAD, "sfmfad", 17, 3);
}
