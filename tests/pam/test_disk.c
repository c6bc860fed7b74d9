/*
 * Disks that are full, read-only or broken, no descriptors, no randomness, sockets that fail: in a whole sfmfad and in a
 * program with the module. A login that needs nothing of what fails works; what cannot be guarded is denied and
 * told; all works again as soon as nothing fails, without a restart.
 */
#include <criterion/criterion.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "extent.h"
#include "notes.h"
#include "paths.h"
#include "raw.h"
#include "wire/names.h"

/* Of a sweep, by default. A module that gets no answer waits three seconds for it: the shorter by far. */
#define RUNS        10
#define RUNS_SILENT 1

static void
open_stage(void)
{
	paths_open(SFMFA_TEST_FAILIO);
}

TestSuite(disk, .init = open_stage, .fini = paths_close, .timeout = 1200);

/* ---- every call, in turn ------------------------------------------------------------------------------- */

static void
sweep_calls(const char *name, int kinds, int error, void (*run)(struct sweep *sweep))
{
	for (int all = 0; all < 2; all++) {
		char text[96];
		struct sweep sweep = {
			.faults = paths.faults, .name = text, .kinds = kinds, .error = error, .all = all,
			.runs = (kinds & (FAULT_SOCKET | FAULT_OPEN)) != 0 ? RUNS_SILENT : RUNS,
		};

		snprintf(text, sizeof(text), "%s, %s", name, all ? "n-th and all after" : "n-th");
		sweep_run(&sweep, run);
	}
}

Test(disk, no_room_for_a_write_in_a_login)
{
	paths.others_get_in = true;
	sweep_calls("ENOSPC in sfmfad's state, UI login", FAULT_FILE, ENOSPC, paths_log_in);
	sweep_calls("EIO in sfmfad's state, UI login", FAULT_FILE, EIO, paths_log_in);
}

Test(disk, no_room_for_a_write_in_an_api_login)
{
	sweep_calls("ENOSPC in sfmfad's state, API login", FAULT_FILE, ENOSPC, paths_send_field);
}

Test(disk, no_room_for_a_write_in_a_registration)
{
	sweep_calls("ENOSPC in sfmfad's state, registration", FAULT_FILE, ENOSPC, paths_register);
	sweep_calls("EIO in sfmfad's state, registration", FAULT_FILE, EIO, paths_register);
}

Test(disk, no_room_for_a_write_in_a_command)
{
	sweep_calls("ENOSPC in sfmfad's state, command", FAULT_FILE, ENOSPC, paths_command);
	sweep_calls("EIO in sfmfad's state, command", FAULT_FILE, EIO, paths_command);
}

static void
restore_over(struct sweep *sweep)
{
	static char backup[STAGE_PATH_SIZE + 64], restore[STAGE_PATH_SIZE + 64];
	struct stage *stage = &paths.stage;
	bool is_old;
	int status;

	paths_start();
	if (backup[0] == '\0') {
		snprintf(backup, sizeof(backup), "backup %s/first", stage->folder);
		snprintf(restore, sizeof(restore), "restore %s/first --yes", stage->folder);
		cr_assert_eq(stage_sfmfa(stage, backup), 0, "%s", stage->output);
	}
	/* Not in the backup. */
	cr_assert_eq(stage_sfmfa(stage, "profile assign dora mfa"), 0);
	sweep_arm(sweep);
	status = stage_sfmfa(stage, restore);
	sweep_rest(paths.faults);
	is_old = stage_sfmfa(stage, "user show dora") == 0;
	if (status != 0 && status != 3)
		sweep_wrong(sweep, "sfmfa ended with neither 0 nor 3");
	if (is_old != (status != 0))
		sweep_wrong(sweep,
			    is_old ? "said to be restored, and is not" : "said not to be restored, and is");
	memcpy(paths.talk.key, paths.key, sizeof(paths.key));
	stage_wait(stage, 120);
	if (PATHS_LOGIN("nopassword", "alice", "{code}").auth != PAM_SUCCESS)
		sweep_wrong(sweep, "no login when there was room again");
	if (PATHS_LOGIN("nopassword", "alice", "{code}").auth == PAM_SUCCESS)
		sweep_wrong(sweep, "a code was good twice");
	paths_end(sweep);
}

Test(disk, no_room_for_a_write_in_a_restore)
{
	sweep_calls("ENOSPC in sfmfad's state, restore", FAULT_FILE, ENOSPC, restore_over);
	sweep_calls("EIO in sfmfad's state, restore", FAULT_FILE, EIO, restore_over);
}

Test(disk, no_room_for_a_write_at_the_start)
{
	sweep_calls("ENOSPC in sfmfad's state, start", FAULT_FILE, ENOSPC, paths_start_up);
}

Test(disk, a_read_that_fails)
{
	sweep_calls("EIO reading sfmfad's state, UI login", FAULT_READ, EIO, paths_log_in);
}

Test(disk, no_randomness)
{
	sweep_calls("getrandom() of sfmfad, UI login", FAULT_RANDOM, 0, paths_log_in);
	sweep_calls("getrandom() of sfmfad, registration", FAULT_RANDOM, 0, paths_register);
}

/* What waits for a daemon in vain takes long: the rest of these only where there is time. */
static bool
is_short(const char *what)
{
	if (!extent_is_full())
		note("%s: only with SFMFA_LONG=1", what);
	return !extent_is_full();
}

Test(disk, sockets_of_the_daemon)
{
	sweep_calls("sockets of sfmfad, UI login", FAULT_SOCKET, 0, paths_log_in);
	if (is_short("sockets of sfmfad, API login and command"))
		return;
	sweep_calls("sockets of sfmfad, API login", FAULT_SOCKET, 0, paths_send_field);
	sweep_calls("sockets of sfmfad, command", FAULT_SOCKET, 0, paths_command);
}

Test(disk, descriptors_of_the_daemon)
{
	if (is_short("descriptors of sfmfad, reload and UI login"))
		return;
	sweep_calls("descriptors of sfmfad, reload", FAULT_OPEN, 0, paths_reload);
	sweep_calls("descriptors of sfmfad, UI login", FAULT_OPEN, 0, paths_log_in);
}

/* ---- a program with the module --------------------------------------------------------------------------- */

static void
talk_to_module(struct sweep *sweep)
{
	struct stage *stage = &paths.stage;
	char words[512], code[16];
	int status;

	stage->client_preload = SFMFA_TEST_FAILIO;
	stage_wait(stage, 60);
	sweep_arm(sweep);
	status = stage_talk(stage, "--rhost " PATHS_PEER " nopassword alice 000000");
	sweep_rest(paths.faults);
	sweep_ended(sweep, "a login", status);
	if (status == 0)
		sweep_wrong(sweep, "a wrong code was let in");
	memcpy(paths.talk.key, paths.key, sizeof(paths.key));
	paths.talk.now = *stage->clock;
	cr_assert(talk_code(&paths.talk, 0, code));
	snprintf(words, sizeof(words), "--rhost " PATHS_PEER " nopassword alice %s", code);
	sweep_arm(sweep);
	status = stage_talk(stage, words);
	sweep_rest(paths.faults);
	sweep_ended(sweep, "a login", status);
	if (status == 0 && stage_talk(stage, words) == 0)
		sweep_wrong(sweep, "a code was good twice");
	stage->client_preload = NULL;
}

Test(disk, sockets_and_descriptors_of_the_module)
{
	sweep_calls("sockets of pam_sfmfa", FAULT_SOCKET, 0, talk_to_module);
	sweep_calls("descriptors of a program with pam_sfmfa", FAULT_OPEN, 0, talk_to_module);
}

/* ---- the limit of descriptors ----------------------------------------------------------------------------- */

static rlim_t
open_descriptors(pid_t pid)
{
	char path[64];
	rlim_t count = 0;
	DIR *folder;

	snprintf(path, sizeof(path), "/proc/%ld/fd", (long)pid);
	folder = opendir(path);
	cr_assert_not_null(folder);
	for (const struct dirent *at; (at = readdir(folder)) != NULL;)
		count += at->d_name[0] != '.';
	closedir(folder);
	return count;
}

/* With no connection open there is none whose end could say that there are descriptors again. */
Test(disk, without_a_descriptor_to_accept_with_a_daemon_tries_again)
{
	FIELDS_AUTO reply = { 0 };
	struct rlimit before, none;
	int fd;

	paths.stage.daemon_preload = NULL;
	stage_daemon_stop(&paths.stage, SIGTERM);
	stage_daemon_start(&paths.stage);
	(void)stage_decisions(&paths.stage);
	cr_assert_eq(prlimit(paths.stage.daemon, RLIMIT_NOFILE, NULL, &before), 0);
	none = before;
	/* The number of the highest one, for they may have gaps, is not less. */
	none.rlim_cur = 3;
	cr_assert_lt(none.rlim_cur, open_descriptors(paths.stage.daemon));
	cr_assert_eq(prlimit(paths.stage.daemon, RLIMIT_NOFILE, &none, NULL), 0);
	cr_assert_eq(PATHS_LOGIN("nopassword", "alice", "000000").auth, PAM_AUTHINFO_UNAVAIL);
	fd = raw_connect(&paths.stage, "root.sock");
	cr_assert(raw_send(fd, WIRE_VERB, "status", NULL));
	cr_assert_eq(prlimit(paths.stage.daemon, RLIMIT_NOFILE, &before, NULL), 0);
	cr_assert_eq(raw_receive(fd, SOON_MS, &reply), RAW_REPLY, "accepts again by itself");
	cr_assert(raw_says(&reply, WIRE_RESULT, "done"));
	close(fd);
	cr_assert_eq(PATHS_LOGIN("nopassword", "bob", "@fail").auth, PAM_SUCCESS);
}

/* ---- real file systems ------------------------------------------------------------------------------------ */

/* The state on a small file system of its own, root's, which ends with the test process. */
static void
mount_state(void)
{
	struct stage *stage = &paths.stage;
	char state[STAGE_PATH_SIZE], aside[STAGE_PATH_SIZE], words[STAGE_PATH_SIZE * 3];

	if (geteuid() != 0 || unshare(CLONE_NEWNS) != 0 ||
	    mount(NULL, "/", "none", MS_REC | MS_PRIVATE, NULL) != 0) {
		paths_close();
		cr_skip_test("needs root and a mount namespace of its own");
	}
	stage_daemon_stop(stage, SIGTERM);
	snprintf(state, sizeof(state), "%.200s/state", stage->folder);
	snprintf(aside, sizeof(aside), "%.200s/aside", stage->folder);
	cr_assert_eq(rename(state, aside), 0);
	cr_assert_eq(mkdir(state, 0700), 0);
	cr_assert_eq(mount("tmpfs", state, "tmpfs", 0, "size=8m,mode=0700"), 0);
	snprintf(words, sizeof(words), "cp -p %s/* %s/", aside, state);
	cr_assert_eq(system(words), 0);
	stage->daemon_preload = NULL;
	stage_daemon_start(stage);
	(void)stage_decisions(stage);
}

static void
unmount_state(void)
{
	char state[STAGE_PATH_SIZE];

	stage_daemon_stop(&paths.stage, SIGTERM);
	snprintf(state, sizeof(state), "%.200s/state", paths.stage.folder);
	cr_assert_eq(umount2(state, MNT_DETACH), 0);
}

static const char *
in_state(const char *name)
{
	static char path[STAGE_PATH_SIZE];

	snprintf(path, sizeof(path), "%.200s/state/%s", paths.stage.folder, name);
	return path;
}

static void
fill_disk(void)
{
	static char block[4096];
	int fd = open(in_state("filler"), O_WRONLY | O_CREAT | O_CLOEXEC, 0600);

	cr_assert_geq(fd, 0);
	while (write(fd, block, sizeof(block)) > 0)
		;
	cr_assert_eq(errno, ENOSPC);
	close(fd);
}

#define ALICE(...) (stage_wait(&paths.stage, 60), PATHS_LOGIN("nopassword", "alice", __VA_ARGS__))

Test(disk, on_a_full_disk_logins_work_and_their_events_are_in_the_log)
{
	enum { LOGINS = 100 };
	struct stage *stage = &paths.stage;
	unsigned before, kept;

	mount_state();
	memcpy(paths.talk.key, paths.key, sizeof(paths.key));
	fill_disk();
	before = stage_decisions(stage);
	for (int i = 0; i < LOGINS; i++) {
		cr_assert_eq(ALICE("000000").auth, PAM_AUTH_ERR, "login %d", i);
		cr_assert_eq(PATHS_LOGIN("nopassword", "alice", "{code}").auth, PAM_SUCCESS, "login %d", i);
		cr_assert_eq(PATHS_LOGIN("nopassword", "alice", "{code}").auth, PAM_AUTH_ERR, "login %d", i);
		cr_assert_eq(PATHS_LOGIN("nopassword", "bob", "@fail").auth, PAM_SUCCESS, "login %d", i);
		cr_assert_eq(PATHS_LOGIN("mail", "bob", paths.right_field).auth, PAM_SUCCESS, "login %d", i);
		cr_assert_eq(PATHS_LOGIN("mail", "bob", paths.wrong_field).auth, PAM_AUTH_ERR, "login %d", i);
	}
	cr_assert_eq(stage_decisions(stage) - before, 6 * LOGINS, "every one of them is in the log");
	cr_assert_eq(stage_sfmfa(stage, "--json log --limit 1000"), 0);
	kept = 0;
	for (const char *at = stage->output; (at = strchr(at, '\n')) != NULL; at++)
		kept++;
	note("full disk: %d logins, %u events of all kept on the disk, all in the log", 6 * LOGINS, kept);

	cr_assert_eq(unlink(in_state("filler")), 0);
	cr_assert_eq(stage_sfmfa(stage, "profile assign carol mfa"), 0);
	cr_assert_eq(PATHS_LOGIN("nopassword", "carol", "{code}", "@empty").account, PAM_SUCCESS);
	cr_assert_eq(stage_sfmfa(stage, "--json log --limit 1"), 0);
	cr_assert_not_null(strstr(stage->output, "\"carol\""), "events are kept again: %s", stage->output);
	unmount_state();
}

/* With ever more room: refused with the old store whole, or done; never something in between. */
Test(disk, a_restore_with_too_little_room_changes_nothing)
{
	enum { STEP = 16384, STEPS_MAX = 400 };
	struct stage *stage = &paths.stage;
	char backup[STAGE_PATH_SIZE + 64], restore[STAGE_PATH_SIZE + 64];
	struct stat filler;
	int status, refused = 0;

	snprintf(backup, sizeof(backup), "backup %s/first", stage->folder);
	snprintf(restore, sizeof(restore), "restore %s/first --yes", stage->folder);
	mount_state();
	memcpy(paths.talk.key, paths.key, sizeof(paths.key));
	cr_assert_eq(stage_sfmfa(stage, backup), 0, "%s", stage->output);
	cr_assert_eq(stage_sfmfa(stage, "profile assign dora mfa"), 0);
	fill_disk();
	cr_assert_eq(stat(in_state("filler"), &filler), 0);
	for (; (status = stage_sfmfa(stage, restore)) != 0; refused++) {
		cr_assert_eq(status, 3, "after %d: %s", refused, stage->output);
		cr_assert_eq(ALICE("{code}").auth, PAM_SUCCESS, "after %d", refused);
		cr_assert_eq(PATHS_LOGIN("nopassword", "alice", "{code}").auth, PAM_AUTH_ERR, "after %d",
			     refused);
		cr_assert_eq(PATHS_LOGIN("mail", "bob", paths.right_field).auth, PAM_SUCCESS, "after %d",
			     refused);
		cr_assert_eq(stage_sfmfa(stage, "user show dora"), 0, "after %d: the old store", refused);
		cr_assert_lt(refused, STEPS_MAX);
		filler.st_size -= STEP;
		cr_assert_eq(truncate(in_state("filler"), filler.st_size), 0);
	}
	cr_assert_gt(refused, 2);
	cr_assert_neq(stage_sfmfa(stage, "user show dora"), 0, "the backup");
	stage_wait(stage, 60);
	cr_assert_eq(ALICE("{code}").auth, PAM_SUCCESS);
	note("full disk: a restore was refused with %d KiB of room and less, and done with %d KiB",
	     (refused - 1) * STEP / 1024, refused * STEP / 1024);
	unmount_state();
}

Test(disk, on_a_read_only_disk_who_owes_nothing_gets_in)
{
	struct stage *stage = &paths.stage;
	int restarts = 0;

	mount_state();
	memcpy(paths.talk.key, paths.key, sizeof(paths.key));
	do {
		/* A file system that is open for writing cannot become read-only: as after a crash, at a start. */
		stage_daemon_stop(stage, restarts == 0 ? SIGKILL : SIGTERM);
		cr_assert_eq(mount(NULL, in_state(""), "none", MS_REMOUNT | MS_RDONLY, NULL), 0);
		stage_daemon_start(stage);
		cr_assert_eq(PATHS_LOGIN("nopassword", "bob", "@fail").auth, PAM_SUCCESS, "%d", restarts);
		cr_assert(stage_decided(stage, "bob", "verdict=allow"));
		cr_assert_eq(ALICE("{code}").auth, PAM_AUTHINFO_UNAVAIL, "what cannot be guarded is denied");
		cr_assert(stage_decided(stage, "alice", "reason=store"));
		cr_assert_eq(PATHS_LOGIN("nopassword", "alice", "000000").auth, PAM_AUTHINFO_UNAVAIL);
		cr_assert_eq(PATHS_LOGIN("mail", "bob", paths.right_field).auth, PAM_AUTHINFO_UNAVAIL);
		cr_assert_eq(stage_sfmfa(stage, "user freeze alice"), 3);
		cr_assert_eq(stage_sfmfa(stage, "user show alice"), 0);
		cr_assert_eq(mount(NULL, in_state(""), "none", MS_REMOUNT, NULL), 0);
		cr_assert_eq(PATHS_LOGIN("nopassword", "alice", "{code}").auth, PAM_SUCCESS,
			     "and not without a restart");
	} while (++restarts < 2);
	unmount_state();
}
