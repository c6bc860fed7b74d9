/*
 * The power is cut at every moment of a `key rotate` and of a `restore`: the one or the other, whole. The key
 * file that is there, or the one beside it, opens the store that is there, with the same data keys; no code
 * that was used is good again.
 */
#include <criterion/criterion.h>
#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "auth/env.h"
#include "cut.h"
#include "disk.h"
#include "extent.h"
#include "model/settings.h"
#include "notes.h"
#include "stage.h"

#define PERIOD    30

static struct stage stage;
static struct talk alice, bob;
static struct cut cut;
static struct chance chance;
static int64_t used;             /* the step of alice's last login */
static struct keyring data_keys; /* before anything happens */

static bool
log_in(struct talk *talk, const char *user)
{
	return stage_login(&stage, talk, "nopassword", user, "203.0.113.7",
			   (const char *const[]){ "{code}", NULL })
		       .auth == PAM_SUCCESS;
}

/* A file of the stage between words. */
static int
sfmfa(const char *before, const char *file, const char *behind)
{
	char words[2 * CUT_PATH_SIZE];

	snprintf(words, sizeof(words), "%s %s/%s %s", before, stage.folder, file, behind);
	return stage_sfmfa(&stage, words);
}

/* alice has used a code since the backup; bob is in the store and not in the backup. */
static void
open_stage(void)
{
	chance = chance_begin();
	cut_open(&cut);
	stage_open(&stage, "default_profile = \"mfa\";\n");
	stage_forbid_once(&stage);
	stage_enrol(&stage, &alice, "alice");
	cr_assert_eq(sfmfa("backup", "first", ""), 0, "%s", stage.output);
	cr_assert(log_in(&alice, "alice"));
	used = *stage.clock / PERIOD;
	stage_enrol(&stage, &bob, "bob");
}

static void
close_stage(void)
{
	keyring_clear(&data_keys);
	stage_close(&stage);
	cut_close(&cut);
}

TestSuite(swaps, .init = open_stage, .fini = close_stage, .timeout = 3600);

/* ---- what happens, taken down ------------------------------------------------------------------------ */

/* The key that opens the store in this folder, by sfmfad's rule: the file, else the one beside it. */
static bool
open_keys(const char *folder, const char *name, struct store *store, struct keyring *ret_keyring)
{
	struct env env = { .store = store };
	char path[CUT_PATH_SIZE], text[SEALING_KEY_TEXT_SIZE + 1] = "";
	SECRET_AUTO key = { 0 };
	struct diag diag = { 0 };
	int fd;
	bool opened;

	cut_path(path, folder, name);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return false;
	opened = read(fd, text, sizeof(text) - 1) > 0 &&
		 sealing_key_parse(text, strlen(text), &key) == SFMFA_OK &&
		 env_open_keys(&env, &key, &diag) == SFMFA_OK;
	close(fd);
	if (opened)
		*ret_keyring = env.keyring;
	keyring_clear(&env.keyring);
	return opened;
}

static struct store *
open_store(const char *folder, size_t moment)
{
	struct store *store = NULL;
	struct diag diag = { 0 };
	char state[CUT_PATH_SIZE];

	cut_path(state, folder, "state");
	cr_assert_eq(store_open_sqlite(state, &store, &diag), SFMFA_OK, "moment %zu: %s", moment, diag.text);
	return store;
}

static void
add_all(struct disk *disk)
{
	char state[CUT_PATH_SIZE], name[64];
	const struct dirent *entry;
	DIR *folder;

	cut_path(state, stage.folder, "state");
	disk_add(disk, "sealing.key");
	disk_add(disk, "state");
	folder = opendir(state);
	cr_assert_not_null(folder);
	while ((entry = readdir(folder)) != NULL) {
		if (entry->d_name[0] == '.')
			continue;
		cr_assert_lt(snprintf(name, sizeof(name), "state/%.50s", entry->d_name), (int)sizeof(name));
		disk_add(disk, name);
	}
	closedir(folder);
}

/* Between two lives of a daemon: the words are a command that must succeed, whose end is a promise. */
static struct disk *
take_down(const char *before, const char *file, const char *behind)
{
	struct disk *disk = disk_open(stage.folder);
	struct store *store;

	stage_daemon_stop(&stage, SIGTERM);
	store = open_store(stage.folder, 0);
	cr_assert(open_keys(stage.folder, "sealing.key", store, &data_keys));
	store_close(store);
	add_all(disk);
	cut_log_begin(&cut, &stage);
	stage.daemon_preload = stage.client_preload = SFMFA_TEST_DISKLOG;
	stage_daemon_start(&stage);
	cr_assert_eq(sfmfa(before, file, behind), 0, "%s", stage.output);
	cut_promise(&cut, &(char){ 1 }, 1);
	stage_daemon_stop(&stage, SIGTERM);
	stage.daemon_preload = stage.client_preload = NULL;
	cut_log_end(&cut);
	disk_read(disk, cut.log);
	return disk;
}

/* ---- looking at a disk ------------------------------------------------------------------------------- */

struct seen {
	bool by_new_name; /* the key file in its place opens the store */
	bool knows_bob;
};

static struct seen
look(size_t moment)
{
	struct store *store = open_store(cut.target, moment);
	struct keyring keyring = { 0 };
	struct user_record user;
	struct seen seen;
	enum sfmfa_err err;

	seen.by_new_name = open_keys(cut.target, "sealing.key", store, &keyring);
	cr_assert(seen.by_new_name || open_keys(cut.target, "sealing.key" KEY_FILE_BESIDE, store, &keyring),
		  "moment %zu: no key opens the store", moment);
	cr_assert(memcmp(keyring.seal_key, data_keys.seal_key, KEY_SIZE) == 0 &&
			  memcmp(keyring.hash_key, data_keys.hash_key, KEY_SIZE) == 0,
		  "moment %zu: other data keys: no secret opens", moment);
	keyring_clear(&keyring);
	cr_assert_eq(store_read_user(store, "alice", -1, &user, NULL), SFMFA_OK, "moment %zu", moment);
	cr_assert_neq(user.app.state, APP_NONE, "moment %zu", moment);
	cr_assert_geq(user.guard.last_step, used, "moment %zu: a code revives", moment);
	err = store_read_user(store, "bob", -1, &user, NULL);
	cr_assert(err == SFMFA_OK || err == SFMFA_ERR_NOT_FOUND, "moment %zu: %s", moment,
		  sfmfa_err_word(err));
	seen.knows_bob = err == SFMFA_OK;
	store_close(store);
	return seen;
}

/* It starts on this disk; the used code is used, a later one gets in. */
static void
check_with_daemon(const struct disk *disk, enum disk_loss loss, struct chance before, bool knows_bob)
{
	static const char *const names[] = { "state", "sealing.key", ("sealing.key" KEY_FILE_BESIDE) };
	int64_t now = *stage.clock;
	char path[CUT_PATH_SIZE];
	size_t moment = disk_moment(disk);

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		cut_path(path, stage.folder, names[i]);
		cut_remove(path);
	}
	disk_make(disk, stage.folder, loss, &before);
	stage_daemon_start(&stage);
	*stage.clock = used * PERIOD + 15;
	cr_assert_not(log_in(&alice, "alice"), "moment %zu: a code came back", moment);
	*stage.clock = now;
	stage_wait(&stage, 4 * PERIOD);
	cr_assert(log_in(&alice, "alice"), "moment %zu: %s", moment, alice.transcript);
	cr_assert_eq(log_in(&bob, "bob"), knows_bob, "moment %zu: %s", moment, bob.transcript);
	stage_daemon_stop(&stage, SIGKILL);
}

struct tally {
	size_t moments, disks, starts, olds, news;
};

/* is_new: of a disk; once the promise is made all of them are. */
static struct tally
cut_everywhere(struct disk *disk, bool (*is_new)(const struct seen *))
{
	unsigned disks = extent(4, 40), starts_every = extent(100, 50);
	bool promised = false;
	struct tally tally = { 0 };
	const void *data;

	while (disk_next(disk, &data)) {
		promised |= data != NULL;
		tally.moments++;
		for (unsigned i = 0; i < disks; i++) {
			enum disk_loss loss = i == 0   ? DISK_LOSES_ALL
					      : i == 1 ? DISK_LOSES_NONE
						       : DISK_LOSES_SOME;
			struct chance before = chance;
			struct seen seen;

			cut_make_disk(&cut, disk, loss, &chance);
			seen = look(disk_moment(disk));
			cr_assert(!promised || is_new(&seen), "moment %zu: what was done is undone",
				  disk_moment(disk));
			*(is_new(&seen) ? &tally.news : &tally.olds) += 1;
			if (++tally.disks % starts_every == 0) {
				check_with_daemon(disk, loss, before, seen.knows_bob);
				tally.starts++;
			}
		}
	}
	disk_close(disk);
	cr_assert(promised && tally.olds > 0 && tally.news > 0 && tally.starts > 0,
		  "%zu old, %zu new, %zu starts", tally.olds, tally.news, tally.starts);
	return tally;
}

/* ---- */

static char old_key[SEALING_KEY_TEXT_SIZE];

static void
read_key(const char *folder, char text[SEALING_KEY_TEXT_SIZE])
{
	char path[CUT_PATH_SIZE];
	FILE *file;

	cut_path(path, folder, "sealing.key");
	file = fopen(path, "re");
	cr_assert_not_null(file);
	cr_assert_not_null(fgets(text, SEALING_KEY_TEXT_SIZE, file));
	fclose(file);
}

static bool
has_new_key(const struct seen *seen)
{
	char text[SEALING_KEY_TEXT_SIZE];

	cr_assert(seen->knows_bob, "a rotation touches no user");
	read_key(cut.target, text);
	return seen->by_new_name && strcmp(text, old_key) != 0;
}

static bool
has_backup(const struct seen *seen)
{
	return !seen->knows_bob;
}

Test(swaps, a_rotation_leaves_a_key_that_opens_the_store)
{
	struct tally tally;

	read_key(stage.folder, old_key);
	tally = cut_everywhere(take_down("--config", "etc/sfmfa.conf", "key rotate"), has_new_key);
	note("the power cut at %zu moments of a rotation, %zu disks (%zu old, %zu new), sfmfad started on "
	     "%zu: secrets open, "
	     "nothing revived",
	     tally.moments, tally.disks, tally.olds, tally.news, tally.starts);
}

Test(swaps, a_restore_leaves_the_old_store_or_the_new_one)
{
	struct tally tally = cut_everywhere(take_down("restore", "first", "--yes"), has_backup);

	note("the power cut at %zu moments of a restore, %zu disks (%zu old, %zu new), sfmfad started on "
	     "%zu: one of the two, "
	     "nothing revived",
	     tally.moments, tally.disks, tally.olds, tally.news, tally.starts);
}
