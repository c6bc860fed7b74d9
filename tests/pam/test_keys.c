/* A new sealing key: at every moment the file that is there opens the store, whoever dies. */
#include <criterion/criterion.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "extent.h"
#include "stage.h"

#define POLLS_MAX   400
#define POLL_MS     10
#define ANOTHER_KEY "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef\n"

static struct stage stage;
static struct talk talk;

static void
begin(void)
{
	memset(&talk, 0, sizeof(talk));
	stage_open(&stage, "");
	cr_assert_eq(stage_sfmfa(&stage, "profile assign alice mfa"), 0);
	stage_register(&stage, &talk, "alice");
}

static void
end(void)
{
	stage_close(&stage);
}

TestSuite(keys, .init = begin, .fini = end, .timeout = 120);

static const char *
path_of(const char *name)
{
	static char path[STAGE_PATH_SIZE + 64];

	snprintf(path, sizeof(path), "%s/%s", stage.folder, name);
	return path;
}

static int
rotate(void)
{
	char words[STAGE_PATH_SIZE + 64];

	snprintf(words, sizeof(words), "--config %s/etc/sfmfa.conf --json key rotate", stage.folder);
	return stage_sfmfa(&stage, words);
}

/* Renames within the folder. */
static void
put(const char *from, const char *to)
{
	char path[STAGE_PATH_SIZE + 64];

	snprintf(path, sizeof(path), "%s/%s", stage.folder, from);
	cr_assert_eq(rename(path, path_of(to)), 0);
}

static bool
is_named(int fd, const char *name)
{
	struct stat open_one, named;

	return fstat(fd, &open_one) == 0 && stat(path_of(name), &named) == 0 && open_one.st_ino == named.st_ino;
}

static bool
is_there(const char *name)
{
	return access(path_of(name), F_OK) == 0;
}

/* A code of an app whose secret was sealed before: the store has opened. */
static bool
secrets_open(void)
{
	stage_wait(&stage, 60);
	return stage_login(&stage, &talk, "login", "alice", NULL,
	                   (const char *const[]){ STAGE_PASSWORD, "{code}", NULL }).auth == PAM_SUCCESS;
}

static void
restart(void)
{
	stage_daemon_stop(&stage, SIGKILL);
	stage_daemon_start(&stage);
}

static void
read_key(const char *name, char text[128])
{
	FILE *file = fopen(path_of(name), "re");

	cr_assert_not_null(file, "%s", name);
	cr_assert_not_null(fgets(text, 128, file));
	fclose(file);
}

Test(keys, a_rotation_leaves_one_file_that_opens_the_store)
{
	char before[128], after[128];
	struct stat old, new;

	read_key("sealing.key", before);
	cr_assert_eq(stat(path_of("sealing.key"), &old), 0);
	cr_assert_eq(rotate(), 0, "%s", stage.output);
	read_key("sealing.key", after);
	cr_assert_eq(stat(path_of("sealing.key"), &new), 0);
	cr_expect_neq(strcmp(before, after), 0);
	cr_expect_eq(new.st_mode, old.st_mode);
	cr_expect_eq(new.st_uid, old.st_uid);
	cr_expect_not(is_there("sealing.key.new"));
	cr_expect(secrets_open(), "the daemon goes on");
	restart();
	cr_expect(secrets_open(), "and starts with the new key");
	stage_daemon_stop(&stage, SIGTERM);
	stage_write(&stage, "sealing.key", before);
	cr_assert_eq(chmod(path_of("sealing.key"), 0640), 0);
	stage_daemon_start(&stage);
	cr_expect_not(secrets_open(), "the old key opens nothing any more");
	cr_expect_eq(rotate(), 3, "nor does it make way for a third");
	cr_expect_not(strstr(stage.output, "key_id") != NULL);
}

Test(keys, both_files_are_tried_at_the_start)
{
	stage_daemon_stop(&stage, SIGTERM);
	put("sealing.key", "sealing.key.new");
	stage_daemon_start(&stage);
	cr_expect(secrets_open(), "the one beside alone");
	cr_expect_not(is_there("sealing.key"), "none is made");
	stage_write(&stage, "sealing.key", ANOTHER_KEY);
	cr_assert_eq(chmod(path_of("sealing.key"), 0640), 0);
	restart();
	cr_expect(secrets_open(), "the one beside, where the other does not fit");
}

/* What lies beside the key and cannot be trusted neither harms a start nor is put in its place. */
Test(keys, a_file_beside_is_looked_at_as_closely)
{
	char right[128], now[128];

	read_key("sealing.key", right);
	stage_write(&stage, "sealing.key.new", ANOTHER_KEY);
	cr_assert_eq(chmod(path_of("sealing.key.new"), 0644), 0);
	cr_expect_eq(rotate(), 3, "others can read it");
	restart();
	cr_expect(secrets_open());
	cr_assert_eq(unlink(path_of("sealing.key.new")), 0);
	stage_write(&stage, "elsewhere", ANOTHER_KEY);
	cr_assert_eq(chmod(path_of("elsewhere"), 0600), 0);
	cr_assert_eq(symlink("elsewhere", path_of("sealing.key.new")), 0);
	cr_expect_eq(rotate(), 3, "a symbolic link");
	restart();
	cr_expect(secrets_open());
	read_key("sealing.key", now);
	cr_expect_str_eq(now, right);
	cr_assert_eq(unlink(path_of("sealing.key.new")), 0);
	stage_write(&stage, "sealing.key.new", "0123");
	cr_assert_eq(chmod(path_of("sealing.key.new"), 0600), 0);
	restart();
	cr_expect(secrets_open(), "an incomplete one");
	cr_expect_eq(rotate(), 0, "is written anew");
	cr_expect(secrets_open());
}

Test(keys, of_two_rotations_at_once_one_is_refused)
{
	char before[128], after[128];
	int fd = open(path_of("sealing.key.new"), O_RDWR | O_CREAT | O_CLOEXEC, 0600);

	read_key("sealing.key", before);
	cr_assert_geq(fd, 0);
	cr_assert_eq(flock(fd, LOCK_EX), 0);
	cr_expect_eq(rotate(), 1);
	read_key("sealing.key", after);
	cr_expect_str_eq(before, after);
	close(fd);
	cr_expect_eq(rotate(), 0);
	cr_expect(secrets_open());
}

/* Many at the same moment: those who are not refused come one after the other. */
Test(keys, any_number_of_rotations_at_once_leave_one_key)
{
	for (int round = 0; round < 3; round++) {
		unsigned done = 0, refused = 0;
		pid_t pids[6];

		for (int i = 0; i < 6; i++) {
			pids[i] = fork();
			if (pids[i] == 0)
				_exit(rotate());
		}
		for (int i = 0; i < 6; i++) {
			int status;

			cr_assert_eq(waitpid(pids[i], &status, 0), pids[i]);
			cr_assert(WIFEXITED(status));
			done += WEXITSTATUS(status) == 0;
			refused += WEXITSTATUS(status) == 1;
		}
		cr_expect_geq(done, 1);
		cr_expect_eq(done + refused, 6, "%u done, %u refused", done, refused);
		cr_expect_not(is_there("sealing.key.new"));
		restart();
		cr_expect(secrets_open());
	}
}

/* A start that has read the old key gets its store open before that key opens nothing. */
Test(keys, a_start_that_has_read_the_old_key_is_waited_for)
{
	int fd = open(path_of("sealing.key"), O_RDONLY | O_CLOEXEC), status;
	char old[128];
	pid_t pid;

	read_key("sealing.key", old);
	cr_assert_geq(fd, 0);
	cr_assert_eq(flock(fd, LOCK_SH), 0);
	pid = fork();
	if (pid == 0) {
		close(fd);
		_exit(rotate());
	}
	for (int i = 0; i < POLLS_MAX && is_named(fd, "sealing.key"); i++)
		poll(NULL, 0, POLL_MS);
	cr_assert_not(is_named(fd, "sealing.key"), "the new one is in place");
	/* The store still opens with the old one. */
	stage_daemon_stop(&stage, SIGTERM);
	stage_write(&stage, "aside", old);
	cr_assert_eq(chmod(path_of("aside"), 0640), 0);
	put("sealing.key", "newer");
	put("aside", "sealing.key");
	stage_daemon_start(&stage);
	cr_expect(secrets_open());
	put("newer", "sealing.key");
	cr_expect_eq(waitpid(pid, &status, WNOHANG), 0, "it waits");
	close(fd);
	cr_assert_eq(waitpid(pid, &status, 0), pid);
	cr_expect(WIFEXITED(status) && WEXITSTATUS(status) == 0);
	restart();
	cr_expect(secrets_open());
}

Test(keys, logins_go_on_meanwhile)
{
	char token[STAGE_TOKEN_SIZE], answer[64];
	int status = -1;
	unsigned logins = 0, rotations = 8;
	pid_t pid;

	stage_token(&stage, "alice --label mail", token);
	snprintf(answer, sizeof(answer), STAGE_PASSWORD "%s", token);
	pid = fork();
	if (pid == 0) {
		for (unsigned i = 0; i < rotations; i++) {
			if (rotate() != 0)
				_exit(1);
		}
		_exit(0);
	}
	while (waitpid(pid, &status, WNOHANG) == 0) {
		cr_assert_eq(stage_login(&stage, &talk, "mail", "alice", "203.0.113.7",
		                         (const char *const[]){ answer, NULL }).auth, PAM_SUCCESS);
		logins++;
	}
	cr_expect(WIFEXITED(status) && WEXITSTATUS(status) == 0);
	cr_expect_gt(logins, 0);
}

/* Whatever state an interruption has left: the daemon starts, secrets open, and the next rotation works. */
static void
assert_recovers(int64_t calls, const char *who)
{
	stage_die_after(&stage, MORTAL_SFMFA, 0);
	stage_die_after(&stage, MORTAL_SFMFAD, 0);
	restart();
	cr_assert(secrets_open(), "%s killed after %lld calls", who, (long long)calls);
	cr_assert_eq(rotate(), 0, "%s killed after %lld calls: %s", who, (long long)calls, stage.output);
	cr_assert_not(is_there("sealing.key.new"), "%s killed after %lld calls", who, (long long)calls);
	restart();
	cr_assert(secrets_open(), "%s killed after %lld calls, and rotated", who, (long long)calls);
}

static int64_t
stride(int64_t shortened)
{
	return extent_is_full() ? 1 : shortened;
}

Test(keys, the_command_may_be_killed_at_any_point)
{
	int64_t calls = 1;

	stage_make_mortal(&stage);
	restart();
	for (;; calls++) {
		int status;

		stage_die_after(&stage, MORTAL_SFMFA, calls);
		status = rotate();
		if (status == 0)
			break;
		cr_assert_eq(status, 128 + SIGKILL);
		assert_recovers(calls, "sfmfa");
	}
	cr_assert_gt(calls, 10, "the sweep has seen %lld calls", (long long)calls);
}

Test(keys, the_daemon_may_be_killed_at_any_point)
{
	int64_t calls = 1;

	stage_make_mortal(&stage);
	restart();
	cr_assert_eq(rotate(), 0);
	for (;; calls += stride(4)) {
		int status;

		stage_die_after(&stage, MORTAL_SFMFAD, calls);
		status = rotate();
		if (status == 0)
			break;
		cr_assert_eq(status, 3);
		assert_recovers(calls, "sfmfad");
	}
	cr_assert_gt(calls, 10, "the sweep has seen %lld calls", (long long)calls);
}
