/*
 * The power is cut at every moment of a daemon's life, with every write that was not synced lost, torn or out of order:
 * what was acknowledged is there, what was used stays used, and sfmfad starts.
 */
#include <criterion/criterion.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "auth/env.h"
#include "config/last_good.h"
#include "crowd.h"
#include "cut.h"
#include "disk.h"
#include "extent.h"
#include "migration.h"
#include "notes.h"
#include "stage.h"

#define PEER      "203.0.113.7"
#define USERS     5
#define CROWD     4 /* of them log in at one moment; the last one registers by itself */
#define NEWCOMER  4
#define ROUNDS    30
#define PERIOD    30

static struct stage stage;
static struct talk talk;
static char keys[USERS][sizeof(talk.key)];
static struct cut cut;
static struct chance chance;

/* What was acknowledged, as the data of a DISKLOG_PROMISE. */
struct promise {
	enum { PROMISE_REGISTERED, PROMISE_STEP, PROMISE_RECOVERY_LEFT, PROMISE_TOKENS } kind;
	unsigned user;
	int64_t value;
};

/* All of it by now. */
struct expected {
	bool any;
	bool registered[USERS];
	int64_t step[USERS];          /* the last one used; 0: none */
	size_t recovery_left[USERS];  /* at most */
	size_t tokens[USERS];         /* at least */
};

static void
open_stage(void)
{
	chance = chance_begin();
	cut_open(&cut);
	stage_open(&stage, "default_profile = \"mfa\";\n");
	stage_forbid_once(&stage);
}

static void
close_stage(void)
{
	stage_close(&stage);
	cut_close(&cut);
}

TestSuite(powercut, .init = open_stage, .fini = close_stage, .timeout = 3600);

/* ---- a life, taken down ----------------------------------------------------------------------------- */

/* From here on what the daemon does to the disk is taken down. */
static void
start_log(void)
{
	cut_log_begin(&cut, &stage);
	stage.daemon_preload = SFMFA_TEST_DISKLOG;
}

static void
remove_state(void)
{
	char state[CUT_PATH_SIZE];

	cut_path(state, stage.folder, "state");
	cut_remove(state);
}

static void
end_log(void)
{
	stage.daemon_preload = NULL;
	cut_log_end(&cut);
}

static void
promise(int kind, unsigned user, int64_t value)
{
	struct promise made = { .kind = kind, .user = user, .value = value };

	cut_promise(&cut, &made, sizeof(made));
}

static const char *
name_of(unsigned user)
{
	static char name[32];

	snprintf(name, sizeof(name), "user%u", user);
	return name;
}

static int
log_in(const char *user, const char *answer)
{
	return stage_login(&stage, &talk, "nopassword", user, PEER, (const char *const[]){ answer, NULL }).auth;
}

static int
log_in_and_promise(unsigned i)
{
	int code;

	memcpy(talk.key, keys[i], sizeof(talk.key));
	talk.before_answer = crowd_meet;
	code = log_in(name_of(i), "{code}");
	if (code == PAM_SUCCESS)
		promise(PROMISE_STEP, i, *stage.clock / PERIOD);
	return code;
}

static void
use_recovery_code(unsigned user, unsigned left)
{
	char code[32];
	const char *at = strstr(stage.output, "\"recovery_codes\":");

	cr_assert_not_null(at, "%s", stage.output);
	at = strchr(at + strlen("\"recovery_codes\":"), '"');
	cr_assert_not_null(at);
	snprintf(code, sizeof(code), "%.*s", (int)strcspn(at + 1, "\""), at + 1);
	cr_assert_eq(log_in(name_of(user), code), PAM_SUCCESS, "%s", talk.transcript);
	promise(PROMISE_RECOVERY_LEFT, user, left);
}

static void
replace_profile(unsigned generation)
{
	char text[256];

	snprintf(text, sizeof(text), "label = \"%u\";\npermissions = [ \"api-enabled\", \"mfa-ui-logins\" ];\n", generation);
	stage_replace(&stage, "etc/profiles.d/mfa.conf", text);
}

static void
register_newcomer(void)
{
	struct attempt_codes codes;

	/* Makes the user. */
	cr_assert_eq(stage_sfmfa(&stage, "profile assign user4 mfa"), 0);
	codes = stage_login(&stage, &talk, "nopassword", name_of(NEWCOMER), PEER,
	                    (const char *const[]){ "{code}", "@empty", NULL });

	cr_assert_eq(codes.account, PAM_SUCCESS, "%s", talk.transcript);
	memcpy(keys[NEWCOMER], talk.key, sizeof(talk.key));
	promise(PROMISE_REGISTERED, NEWCOMER, 0);
	promise(PROMISE_STEP, NEWCOMER, *stage.clock / PERIOD);
	stage_wait(&stage, PERIOD);
}

static void
live(void)
{
	struct crowd crowd = { .count = CROWD, .act = log_in_and_promise };
	char words[64], token[STAGE_TOKEN_SIZE];

	for (unsigned i = 0; i < CROWD; i++) {
		stage_enrol(&stage, &talk, name_of(i));
		memcpy(keys[i], talk.key, sizeof(talk.key));
		promise(PROMISE_REGISTERED, i, 0);
		promise(PROMISE_RECOVERY_LEFT, i, 10);
		if (i < 2)
			use_recovery_code(i, 9);
	}
	crowd_open(&crowd);
	for (unsigned round = 0; round < ROUNDS; round++) {
		crowd_round(&crowd, NULL);
		cr_assert_eq(crowd_count(&crowd, PAM_SUCCESS), CROWD);
		stage_wait(&stage, PERIOD);
		if (round % 10 != 5)
			continue;
		replace_profile(round);
		snprintf(words, sizeof(words), "user%u --label t%u", round % 2, round);
		stage_token(&stage, words, token);
		promise(PROMISE_TOKENS, round % 2, round / 20 + 1);
	}
	crowd_close(&crowd);
	talk.before_answer = NULL;
	register_newcomer();
}

/* ---- looking at a disk ------------------------------------------------------------------------------- */

static void
expect(struct expected *expected, const void *data)
{
	struct promise made;

	memcpy(&made, data, sizeof(made));
	expected->any = true;
	switch (made.kind) {
	case PROMISE_REGISTERED:
		expected->registered[made.user] = true;
		expected->recovery_left[made.user] = 10;
		break;
	case PROMISE_STEP: expected->step[made.user] = made.value; break;
	case PROMISE_RECOVERY_LEFT: expected->recovery_left[made.user] = (size_t)made.value; break;
	case PROMISE_TOKENS: expected->tokens[made.user] = (size_t)made.value; break;
	}
}

static bool
is_there(const char *name)
{
	char path[CUT_PATH_SIZE];

	cut_path(path, cut.target, name);
	return access(path, F_OK) == 0;
}

/* The one row and column that a statement gives. */
static void
check_sql(const char *name, const char *sql, const char *wanted, size_t moment)
{
	sqlite3_stmt *statement = NULL;
	sqlite3 *handle = NULL;
	char path[CUT_PATH_SIZE];

	cut_path(path, cut.target, name);
	cr_assert_eq(sqlite3_open_v2(path, &handle, SQLITE_OPEN_READWRITE, NULL), SQLITE_OK);
	cr_assert_eq(sqlite3_prepare_v2(handle, sql, -1, &statement, NULL), SQLITE_OK, "moment %zu: %s: %s", moment, sql,
	             sqlite3_errmsg(handle));
	cr_assert_eq(sqlite3_step(statement), SQLITE_ROW, "moment %zu: %s", moment, sql);
	cr_assert_str_eq((const char *)sqlite3_column_text(statement, 0), wanted, "moment %zu: %s: %s", moment, name, sql);
	cr_assert_eq(sqlite3_finalize(statement), SQLITE_OK);
	cr_assert_eq(sqlite3_close(handle), SQLITE_OK);
}

/* A key that is there is whole, and one that sfmfad trusts. */
static void
check_key(struct secret *ret_key, size_t moment)
{
	char path[CUT_PATH_SIZE], text[SEALING_KEY_TEXT_SIZE] = "";
	struct stat status;
	int fd;

	cut_path(path, cut.target, "sealing.key");
	cr_assert_eq(lstat(path, &status), 0, "moment %zu: there is a store, and no key", moment);
	cr_assert_eq(status.st_nlink, 1, "moment %zu: the key has a second name, so nobody trusts it", moment);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	cr_assert_gt(read(fd, text, sizeof(text) - 1), 0, "moment %zu: the key is empty", moment);
	close(fd);
	cr_assert_eq(sealing_key_parse(text, strlen(text), ret_key), SFMFA_OK, "moment %zu: the key is damaged", moment);
}

static void
check_keys(struct store *store, const struct secret *key, size_t moment)
{
	struct env env = { .store = store };
	struct diag diag = { 0 };

	cr_assert_eq(env_open_keys(&env, key, &diag), SFMFA_OK, "moment %zu: %s", moment, diag.text);
	keyring_clear(&env.keyring);
}

/* The code of the last step again, and of the next one. */
static void
check_use(struct store *store, const struct user_record *user, int64_t step, size_t moment)
{
	struct store_op op = { .kind = STORE_ATTEMPT };
	struct store_op *ops[] = { &op };
	static const enum attempt_result wanted[] = { ATTEMPT_RESULT_REPLAYED, ATTEMPT_RESULT_RIGHT };

	for (int next = 0; next < 2; next++) {
		op.attempt = (struct store_attempt){
			.user_id = user->id, .generation = user->generation, .caller = -1, .policy = { 10, 900 },
			.now = { .wall = (step + 10 * next) * PERIOD }, .now_step = step + 10 * next, .window = 1,
			.kind = ATTEMPT_KIND_TOTP, .step = step + 10 * next,
		};
		cr_assert_eq(store_commit(store, ops, 1, NULL), SFMFA_OK, "moment %zu", moment);
		cr_assert_eq(op.attempt.result, wanted[next], "moment %zu: %s: step %lld, %d is stored", moment, user->name,
		             (long long)step, (int)user->guard.last_step);
	}
}

static void
check_users(struct store *store, const struct expected *expected, size_t moment)
{
	for (unsigned i = 0; i < USERS; i++) {
		struct user_record user;

		if (!expected->registered[i])
			continue;
		cr_assert_eq(store_read_user(store, name_of(i), -1, &user, NULL), SFMFA_OK, "moment %zu: %s", moment, name_of(i));
		cr_assert_neq(user.app.state, APP_NONE, "moment %zu: the app of %s", moment, user.name);
		cr_assert_geq(user.guard.last_step, expected->step[i], "moment %zu: a code of %s revives", moment, user.name);
		cr_assert_leq(user.recovery_codes_left, expected->recovery_left[i], "moment %zu: a recovery code revives", moment);
		cr_assert_geq(user.recovery_codes_left + 1, expected->recovery_left[i], "moment %zu", moment);
		cr_assert_geq(user.token_count, expected->tokens[i], "moment %zu: a token of %s", moment, user.name);
		cr_assert_eq(user.guard.locked_at.wall, 0);
		if (expected->step[i] != 0)
			check_use(store, &user, expected->step[i], moment);
	}
}

static void
check_last_good(const char *state, size_t moment)
{
	char file[CUT_PATH_SIZE];
	struct config *config = NULL;
	struct diag diag = { 0 };
	const struct config_options options = { .file = file, .owner = geteuid() };

	cut_path(file, stage.folder, "etc/sfmfa.conf");
	cr_assert_eq(last_good_load(&options, state, &config, &diag), SFMFA_OK, "moment %zu: %s", moment, diag.text);
	cr_assert_eq(config->profile_count, 4);
	config_release(config);
}

static void
check_disk(const struct expected *expected, size_t moment)
{
	static const struct event event = { .time = 1 };
	static const struct event *const events[] = { &event };
	char state[CUT_PATH_SIZE];
	struct store *store = NULL;
	struct diag diag = { 0 };
	bool had_last_good = is_there("state/last-good.conf");
	SECRET_AUTO key = { 0 };

	cut_path(state, cut.target, "state");
	/* A key is made only where there is no store (daemon/sfmfad.c). */
	if (is_there("sealing.key") || is_there("state/sfmfa.db") || expected->any)
		check_key(&key, moment);
	/* sfmfad makes the rest as on its first day. */
	if (!is_there("state/sfmfa.db") && !expected->any)
		return;
	cr_assert(is_there("state/sfmfa.db"), "moment %zu: the store is lost", moment);
	cr_assert_eq(store_open_sqlite(state, &store, &diag), SFMFA_OK, "moment %zu: %s", moment, diag.text);
	check_keys(store, &key, moment);
	check_users(store, expected, moment);
	cr_assert_eq(store_add_events(store, events, 1, &diag), SFMFA_OK, "moment %zu: %s", moment, diag.text);
	store_close(store);
	check_sql("state/sfmfa.db", "PRAGMA integrity_check", "ok", moment);
	check_sql("state/events.db", "PRAGMA integrity_check", "ok", moment);
	check_sql("state/sfmfa.db",
	          "SELECT (SELECT value FROM meta WHERE name = 'users') = (SELECT count(*) FROM user) "
	          "AND (SELECT count(*) FROM guard WHERE caller = -1) = (SELECT count(*) FROM user) "
	          "AND (SELECT count(*) FROM user WHERE app_state <> 0) = (SELECT count(*) FROM app)",
	          "1", moment);
	if (expected->any || had_last_good)
		check_last_good(state, moment);
}

/* ---- with the daemon itself -------------------------------------------------------------------------- */

/* It starts on this disk, a used code stays used, a new one gets in; where nobody is registered somebody can be. */
static void
check_with_daemon(const struct disk *disk, enum disk_loss loss, const struct expected *expected, struct chance before)
{
	char state[CUT_PATH_SIZE], key[CUT_PATH_SIZE];
	size_t moment = disk_moment(disk);
	unsigned who = (unsigned)(moment % USERS);

	cut_path(state, stage.folder, "state");
	cut_path(key, stage.folder, "sealing.key");
	cut_remove(state);
	unlink(key);
	disk_make(disk, stage.folder, loss, &before);
	stage_daemon_start(&stage);
	if (expected->step[who] != 0) {
		*stage.clock = expected->step[who] * PERIOD + 15;
		memcpy(talk.key, keys[who], sizeof(talk.key));
		cr_assert_eq(log_in(name_of(who), "{code}"), PAM_AUTH_ERR, "moment %zu: a code came back", moment);
		cr_assert(stage_decided(&stage, name_of(who), "reason=factor-replayed"), "moment %zu", moment);
		stage_wait(&stage, 2 * PERIOD);
	} else {
		stage_enrol(&stage, &talk, "somebody");
		who = USERS;
	}
	cr_assert_eq(log_in(who == USERS ? "somebody" : name_of(who), "{code}"), PAM_SUCCESS, "moment %zu: %s", moment,
	             talk.transcript);
	stage_daemon_stop(&stage, SIGKILL);
}

struct tally {
	size_t moments, disks, starts;
};

/*
 * So many disks at every moment, or by default at one in three of them; with the daemon itself on one disk in
 * starts_every.
 */
static struct tally
cut_everywhere(struct disk *disk, unsigned disks, unsigned starts_every, void (*check)(const struct expected *, size_t))
{
	unsigned one_in = extent(3, 1);
	struct expected expected = { 0 };
	struct tally tally = { 0 };
	const void *data;

	disk_read(disk, cut.log);
	while (disk_next(disk, &data)) {
		if (data != NULL)
			expect(&expected, data);
		if (data != NULL || chance_below(&chance, one_in) != 0)
			continue;
		tally.moments++;
		for (unsigned i = 0; i < disks; i++) {
			/* Once at every moment all, or now and then nothing. */
			enum disk_loss loss = i > 0                        ? DISK_LOSES_SOME
			                      : tally.moments % 8 == 0     ? DISK_LOSES_NONE
			                                                   : DISK_LOSES_ALL;
			struct chance before = chance;

			cut_make_disk(&cut, disk, loss, &chance);
			check(&expected, disk_moment(disk));
			if (++tally.disks % starts_every == 0) {
				check_with_daemon(disk, loss, &expected, before);
				tally.starts++;
			}
		}
	}
	disk_close(disk);
	return tally;
}

Test(powercut, what_was_acknowledged_survives)
{
	struct disk *disk = disk_open(stage.folder);
	struct tally tally;

	/* The folder of the state is made anew beside a key that is there. */
	disk_add(disk, "sealing.key");
	stage_daemon_stop(&stage, SIGTERM);
	remove_state();
	start_log();
	stage_daemon_start(&stage);
	live();
	stage_daemon_stop(&stage, SIGTERM);
	end_log();
	tally = cut_everywhere(disk, extent(2, 10), extent(150, 50), check_disk);
	note("the power cut at %zu moments of %d logins, %zu disks, sfmfad started on %zu of them: nothing revived, nothing lost",
	     tally.moments, ROUNDS * CROWD + 3, tally.disks, tally.starts);
}

Test(powercut, a_first_start_can_be_made_again)
{
	char key[CUT_PATH_SIZE];
	struct tally tally;

	cut_path(key, stage.folder, "sealing.key");
	stage_daemon_stop(&stage, SIGTERM);
	remove_state();
	cr_assert_eq(unlink(key), 0);
	start_log();
	stage_daemon_start(&stage);
	cr_assert_eq(stage_sfmfa(&stage, "status"), 0, "%s", stage.output);
	stage_daemon_stop(&stage, SIGTERM);
	end_log();
	tally = cut_everywhere(disk_open(stage.folder), extent(3, 30), extent(60, 50), check_disk);
	note("the power cut at %zu moments of a first start, %zu disks, sfmfad started on %zu of them: it always does",
	     tally.moments, tally.disks, tally.starts);
}

/* ---- a new schema ------------------------------------------------------------------------------------ */

#define MIGRATED_USERS 60

/* Whatever is there is brought to the new version, with everybody in it. */
static void
check_migration(const struct expected *expected, size_t moment)
{
	char state[CUT_PATH_SIZE], sql[256], version[16];

	(void)expected;
	cut_path(state, cut.target, "state");
	cr_assert_eq(migration_run(state), 0, "moment %zu", moment);
	check_sql("state/sfmfa.db", "PRAGMA integrity_check", "ok", moment);
	snprintf(version, sizeof(version), "%u", migration_kind().version);
	check_sql("state/sfmfa.db", "PRAGMA user_version", version, moment);
	snprintf(sql, sizeof(sql),
	         "SELECT (SELECT count(*) FROM user) = %d AND (SELECT count(*) FROM extra) = %d AND "
	         "(SELECT count(*) FROM guard) = %d AND NOT EXISTS (SELECT 1 FROM user WHERE extra <> id)",
	         MIGRATED_USERS, MIGRATED_USERS, MIGRATED_USERS);
	check_sql("state/sfmfa.db", sql, "1", moment);
}

static void
migrate(void)
{
	char state[CUT_PATH_SIZE];
	char *argv[] = { (char[]){ SFMFA_TEST_MIGRATE }, state, NULL };
	int status;
	pid_t pid;

	cut_path(state, stage.folder, "state");
	pid = fork();
	cr_assert_geq(pid, 0);
	if (pid == 0) {
		setenv("LD_PRELOAD", SFMFA_TEST_DISKLOG, 1);
		execv(argv[0], argv);
		_exit(127);
	}
	cr_assert_eq(waitpid(pid, &status, 0), pid);
	cr_assert(WIFEXITED(status) && WEXITSTATUS(status) == 0);
}

Test(powercut, a_migration_can_be_made_again)
{
	struct disk *disk = disk_open(stage.folder);
	struct tally tally;
	char words[64];

	for (unsigned i = 0; i < MIGRATED_USERS; i++) {
		snprintf(words, sizeof(words), "profile assign user%u mfa", i);
		cr_assert_eq(stage_sfmfa(&stage, words), 0);
	}
	stage_daemon_stop(&stage, SIGTERM);
	disk_add(disk, "state");
	disk_add(disk, "state/sfmfa.db");
	disk_add(disk, "state/sfmfa.db-wal");
	disk_add(disk, "state/sfmfa.db-shm");
	start_log();
	migrate();
	end_log();
	tally = cut_everywhere(disk, extent(4, 30), UINT_MAX, check_migration);
	note("the power cut at %zu moments of a migration of %d users, %zu disks: all came to the new version", tally.moments,
	     MIGRATED_USERS, tally.disks);
}
