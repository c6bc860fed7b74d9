/*
 * Every path the daemon opens, as somebody else could have left it: nothing is followed, nothing hangs, nobody gets
 * in by it, and the log says which file and why.
 */
#include <criterion/criterion.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "notes.h"
#include "stage.h"

#define PEER     "203.0.113.7"
#define STRANGER 54321

static struct stage stage;
static struct talk talk;

static void
open_stage(void)
{
	stage_open(&stage, "");
	stage_forbid_once(&stage);
	cr_assert_eq(stage_sfmfa(&stage, "profile assign alice mfa"), 0);
	stage_register(&stage, &talk, "alice");
}

static void
close_stage(void)
{
	stage_close(&stage);
}

TestSuite(files, .init = open_stage, .fini = close_stage, .timeout = 240);

/* ---- what a file can be instead ----------------------------------------------------------------------------- */

enum disguise {
	SYMLINK,
	HARD_LINK,
	FIFO,
	OTHER_KIND, /* a folder for a file, a file for a folder */
	STRANGERS,
	GROUP_WRITABLE,
	WORLD_WRITABLE,
	TOO_BIG,
	DISGUISE_COUNT,
};

static const char *const disguise_names[DISGUISE_COUNT] = {
	"a symbolic link", "one of two hard links", "a fifo", "of the other kind", "a stranger's",
	"writable by its group", "writable by all", "too big",
};

#define BIT(disguise) (1U << (disguise))
#define AS_FOLDER     (BIT(SYMLINK) | BIT(FIFO) | BIT(OTHER_KIND) | AS_PLACE)
#define AS_PLACE      (BIT(STRANGERS) | BIT(GROUP_WRITABLE) | BIT(WORLD_WRITABLE))
#define AS_DATABASE   (BIT(SYMLINK) | BIT(HARD_LINK) | BIT(FIFO) | BIT(OTHER_KIND) | AS_PLACE)
#define AS_FILE       (AS_DATABASE | BIT(TOO_BIG))

static const struct path {
	const char *name;   /* below the folder of the installation; "": that itself */
	unsigned disguises;
	int auth;           /* what a right code comes to then */
	bool without_good;  /* the configuration is broken: only the last good one is left */
} paths[] = {
	{ "etc", BIT(SYMLINK) | AS_PLACE, PAM_SERVICE_ERR, false },
	{ "etc/profiles.d", AS_FOLDER, PAM_SERVICE_ERR, false },
	{ "etc/profiles.d/mfa.conf", AS_FILE, PAM_SERVICE_ERR, false },
	{ "etc/permission-sets.d", AS_FOLDER, PAM_SERVICE_ERR, false },
	{ "etc/permission-sets.d/more.conf", AS_FILE, PAM_SERVICE_ERR, false },
	{ "etc/permission-set-groups.d", AS_FOLDER, PAM_SERVICE_ERR, false },
	{ "etc/permission-set-groups.d/all.conf", AS_FILE, PAM_SERVICE_ERR, false },
	{ "state/last-good.conf", AS_FILE, PAM_SERVICE_ERR, true },
	{ "", AS_PLACE, PAM_AUTHINFO_UNAVAIL, false }, /* where the sealing key is */
	{ "sealing.key", AS_FILE, PAM_AUTHINFO_UNAVAIL, false },
	{ "state", AS_FOLDER, PAM_AUTHINFO_UNAVAIL, false },
	{ "state/sfmfa.db", AS_DATABASE, PAM_AUTHINFO_UNAVAIL, false },
	{ "state/sfmfa.db-wal", AS_DATABASE, PAM_AUTHINFO_UNAVAIL, false },
	{ "state/sfmfa.db-shm", AS_DATABASE, PAM_AUTHINFO_UNAVAIL, false },
	/* Events that cannot be stored cost no login. */
	{ "state/events.db", AS_DATABASE, PAM_SUCCESS, false },
	{ "state/events.db-wal", AS_DATABASE, PAM_SUCCESS, false },
	{ "state/events.db-shm", AS_DATABASE, PAM_SUCCESS, false },
};

static void
in_stage(const char *name, char path[STAGE_PATH_SIZE])
{
	cr_assert_lt(snprintf(path, STAGE_PATH_SIZE, "%s%s%s", stage.folder, name[0] != '\0' ? "/" : "", name),
	             STAGE_PATH_SIZE);
}

static void
make_big(const char *path)
{
	static const char line[] = "# a comment, and many more of them\n";
	FILE *file = fopen(path, "we");

	cr_assert_not_null(file);
	for (size_t size = 0; size <= 4U << 20; size += sizeof(line) - 1)
		cr_assert_geq(fputs(line, file), 0);
	cr_assert_eq(fclose(file), 0);
	cr_assert_eq(chmod(path, 0600), 0);
}

/* The original is moved aside, or is given what its stat then has undone. */
static void
put_on(enum disguise disguise, const char *path, const char *aside, const struct stat *before)
{
	mode_t mode = before->st_mode & 07777;

	switch (disguise) {
	case HARD_LINK: cr_assert_eq(link(path, aside), 0); return;
	case STRANGERS: cr_assert_eq(chown(path, STRANGER, STRANGER), 0); return;
	case GROUP_WRITABLE: cr_assert_eq(chmod(path, mode | S_IWGRP), 0); return;
	case WORLD_WRITABLE: cr_assert_eq(chmod(path, mode | S_IWOTH), 0); return;
	case SYMLINK:
	case FIFO:
	case OTHER_KIND:
	case TOO_BIG:
	case DISGUISE_COUNT: break;
	}
	cr_assert_eq(rename(path, aside), 0, "%s: %s", path, strerror(errno));
	if (disguise == SYMLINK)
		cr_assert_eq(symlink(aside, path), 0);
	else if (disguise == FIFO)
		cr_assert_eq(mkfifo(path, 0600), 0);
	else if (disguise == TOO_BIG)
		make_big(path);
	else if (S_ISDIR(before->st_mode))
		cr_assert_eq(mknod(path, S_IFREG | 0600, 0), 0);
	else
		cr_assert_eq(mkdir(path, 0700), 0);
}

static void
take_off(enum disguise disguise, const char *path, const char *aside, const struct stat *before)
{
	switch (disguise) {
	case HARD_LINK: cr_assert_eq(unlink(aside), 0); return;
	case STRANGERS: cr_assert_eq(chown(path, before->st_uid, before->st_gid), 0); break;
	case GROUP_WRITABLE:
	case WORLD_WRITABLE: break;
	case SYMLINK:
	case FIFO:
	case OTHER_KIND:
	case TOO_BIG:
	case DISGUISE_COUNT:
		cr_assert(unlink(path) == 0 || rmdir(path) == 0);
		cr_assert_eq(rename(aside, path), 0);
	}
	cr_assert_eq(chmod(path, before->st_mode & 07777), 0);
}

/* ---- the table ---------------------------------------------------------------------------------------------- */

static off_t
log_end(void)
{
	char path[STAGE_PATH_SIZE];
	struct stat st;

	in_stage("log", path);
	return stat(path, &st) == 0 ? st.st_size : 0;
}

static bool
log_names(const char *wanted, off_t from)
{
	char path[STAGE_PATH_SIZE], line[4096];
	bool found = false;
	FILE *file;

	in_stage("log", path);
	file = fopen(path, "re");
	cr_assert_not_null(file);
	cr_assert_eq(fseeko(file, from, SEEK_SET), 0);
	while (!found && fgets(line, sizeof(line), file) != NULL)
		found = strstr(line, wanted) != NULL;
	fclose(file);
	return found;
}

static void
check_row(const struct path *row, enum disguise disguise)
{
	char path[STAGE_PATH_SIZE], aside[STAGE_PATH_SIZE], named[STAGE_PATH_SIZE + 2];
	struct attempt_codes codes;
	struct stat before;
	off_t from = log_end();

	in_stage(row->name, path);
	in_stage("put-aside", aside);
	snprintf(named, sizeof(named), "%s:", path);
	cr_assert_eq(lstat(path, &before), 0, "%s: %s", path, strerror(errno));
	put_on(disguise, path, aside, &before);
	stage_daemon_start(&stage);
	codes = stage_login(&stage, &talk, "nopassword", "alice", PEER, (const char *const[]){ "{code}", NULL });
	cr_expect_eq(codes.auth, row->auth, "/%s is %s: %d", row->name, disguise_names[disguise], codes.auth);
	stage_daemon_stop(&stage, SIGTERM);
	cr_expect(log_names(named, from), "/%s is %s: the log does not name it", row->name, disguise_names[disguise]);
	take_off(disguise, path, aside, &before);
	stage_wait(&stage, 30);
}

static void
break_configuration(bool broken)
{
	char path[STAGE_PATH_SIZE];

	stage_configure(&stage, broken ? "registration = \"sometimes\";\n" : "");
	in_stage("state/last-good.conf", path);
	if (!broken)
		cr_assert(unlink(path) == 0 || errno == ENOENT);
}

static void
expect_in(const char *when)
{
	struct attempt_codes codes;

	stage_daemon_start(&stage);
	codes = stage_login(&stage, &talk, "nopassword", "alice", PEER, (const char *const[]){ "{code}", NULL });
	cr_assert_eq(codes.auth, PAM_SUCCESS, "%s: %s", when, talk.transcript);
	stage_daemon_stop(&stage, SIGTERM);
	stage_wait(&stage, 30);
}

Test(files, that_somebody_else_could_have_left_let_nobody_in)
{
	char path[STAGE_PATH_SIZE];

	for (size_t i = 0; i < 2; i++) {
		in_stage(i == 0 ? "etc/permission-sets.d" : "etc/permission-set-groups.d", path);
		cr_assert_eq(mkdir(path, 0755), 0);
	}
	stage_write(&stage, "etc/permission-sets.d/more.conf", "permissions = [ \"api-enabled\" ];\n");
	stage_write(&stage, "etc/permission-set-groups.d/all.conf", "sets = [ \"more\" ];\n");
	stage_daemon_stop(&stage, SIGTERM);
	if (geteuid() != 0)
		note("skipped: files of another owner need root");
	for (size_t i = 0; i < sizeof(paths) / sizeof(paths[0]); i++) {
		expect_in(paths[i].name);
		break_configuration(paths[i].without_good);
		for (unsigned disguise = 0; disguise < DISGUISE_COUNT; disguise++) {
			if ((paths[i].disguises & BIT(disguise)) != 0 && (disguise != STRANGERS || geteuid() == 0))
				check_row(&paths[i], (enum disguise)disguise);
		}
		break_configuration(false);
	}
	expect_in("at the end");
}

/* ---- the folder of the sockets ---------------------------------------------------------------------------------- */

static void
expect_no_service(const char *name, enum disguise disguise)
{
	char path[STAGE_PATH_SIZE], aside[STAGE_PATH_SIZE], named[STAGE_PATH_SIZE + 2];
	struct stat before;
	off_t from = log_end();

	if (disguise == STRANGERS && geteuid() != 0)
		return;
	in_stage(name, path);
	in_stage("put-aside", aside);
	snprintf(named, sizeof(named), "%s:", path);
	cr_assert_eq(lstat(path, &before), 0, "%s: %s", path, strerror(errno));
	put_on(disguise, path, aside, &before);
	cr_expect_eq(stage_daemon_ends(&stage), 3, "/%s is %s", name, disguise_names[disguise]);
	cr_expect(log_names(named, from), "/%s is %s: the log does not name it", name, disguise_names[disguise]);
	take_off(disguise, path, aside, &before);
}

Test(files, a_folder_for_sockets_that_others_can_write_serves_nobody)
{
	char path[STAGE_PATH_SIZE], victim[STAGE_PATH_SIZE];

	stage_daemon_stop(&stage, SIGTERM);
	for (unsigned disguise = 0; disguise < DISGUISE_COUNT; disguise++) {
		if ((AS_FOLDER & BIT(disguise)) != 0)
			expect_no_service("run", (enum disguise)disguise);
	}
	/* A name that a killed daemon left behind is replaced, whatever it is, but for what would have to be emptied. */
	in_stage("run/sfmfa.sock", path);
	(void)unlink(path);
	stage_write(&stage, "run/sfmfa.sock", "");
	expect_in("a regular file for a socket");
	(void)unlink(path);
	stage_write(&stage, "victim", "");
	in_stage("victim", victim);
	cr_assert_eq(symlink(victim, path), 0);
	expect_in("a symbolic link for a socket");
	cr_expect_eq(access(victim, F_OK), 0, "a link was followed");
	(void)unlink(path);
	cr_assert_eq(mkfifo(path, 0666), 0);
	expect_in("a fifo for a socket");
	(void)unlink(path);
	cr_assert_eq(mkdir(path, 0755), 0);
	cr_expect_eq(stage_daemon_ends(&stage), 3);
}
