/*
 * What holds of any sequence of acts, tried with random ones: an operator never comes to do what was not theirs to do
 * (rules 2), nor do several who help each other; and what is granted and revoked again leaves nothing behind.
 */
#include <criterion/criterion.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../../pam/chance.h"
#include "../../pam/extent.h"
#include "../../pam/notes.h"
#include "auth/administer.h"
#include "stage.h"

static struct stage stage;
static struct chance chance;

static void
open_stage(void)
{
	stage_open(&stage, "");
	/* Out of the reach of those who lack it, until somebody takes it away. */
	stage_assign(&stage, "bob", "desk");
	stage_assign(&stage, "carol", "reset-and-unlock");
	stage_assign(&stage, "strict", "manage-connected-apps");
	chance = chance_begin();
}

static void
close_stage(void)
{
	stage_close(&stage);
}

TestSuite(reach, .init = open_stage, .fini = close_stage, .timeout = 600);

static const char *const people[] = { "root",  "alice", "bob",     "carol",  "helen", "petra",
				      "mallory", "walt",  "limited", "ranged", "robot", "strict" };
#define PEOPLE (sizeof(people) / sizeof(*people))

static const char *const grants[] = {
	"mfa-ui-logins", "mfa-api-logins", "api-enabled", "api-only-user", "waive-mfa",
	"manage-profiles-and-permission-sets", "manage-mfa", "reset-and-unlock", "manage-users", "manage-connected-apps",
	"strong", "half", "desk", "waived", "plus", "team",
};
#define GRANTS (sizeof(grants) / sizeof(*grants))

static const char *const profiles[] = { "standard", "mfa", "mfa-api", "helpdesk", "permissions", "limited", "robot" };
#define PROFILES (sizeof(profiles) / sizeof(*profiles))

/* Acts on a user; of those with a list there is one for each word. */
static const struct kind {
	enum verb verb;
	const char *key;
	const char *const *words;
	unsigned count;
} kinds[] = {
	{ VERB_PERM_ASSIGN, "assignment", grants, GRANTS },
	{ VERB_PERM_REVOKE, "assignment", grants, GRANTS },
	{ VERB_PROFILE_ASSIGN, "profile", profiles, PROFILES },
	{ VERB_PROFILE_UNASSIGN, NULL, NULL, 1 },
	{ VERB_USER_FREEZE, NULL, NULL, 1 },
	{ VERB_USER_UNFREEZE, NULL, NULL, 1 },
	{ VERB_USER_UNLOCK, NULL, NULL, 1 },
	{ VERB_USER_SHOW, NULL, NULL, 1 },
	{ VERB_USER_DELETE, NULL, NULL, 1 },
	{ VERB_PERM_LIST, NULL, NULL, 1 },
	{ VERB_TOKEN_LIST, NULL, NULL, 1 },
	{ VERB_LOG, NULL, NULL, 1 },
	{ VERB_EXPLAIN, NULL, NULL, 1 },
	{ VERB_ENROLL, NULL, NULL, 1 },
	{ VERB_DISCONNECT, NULL, NULL, 1 },
	{ VERB_TOKEN_NEW, NULL, NULL, 1 },
	{ VERB_TOKEN_REVOKE, "all", (const char *const[]){ "1" }, 1 },
	{ VERB_RECOVERY_RENEW, NULL, NULL, 1 },
	{ VERB_TEMP_CODE, NULL, NULL, 1 },
	{ VERB_TEMP_CODE_EXPIRE, NULL, NULL, 1 },
	{ VERB_APP_TOKENS, NULL, NULL, 1 },
};
#define KINDS    (sizeof(kinds) / sizeof(*kinds))
#define ACTS_MAX 128 /* on one user */

struct act {
	enum verb verb;
	const char *args[3];
};

/* Every act that there is. */
static unsigned
list_acts(struct act acts[ACTS_MAX])
{
	unsigned count = 0;

	for (size_t i = 0; i < KINDS; i++) {
		for (unsigned word = 0; word < kinds[i].count; word++) {
			cr_assert_lt(count, ACTS_MAX);
			acts[count++] = (struct act){ kinds[i].verb,
						      { kinds[i].key, kinds[i].key ? kinds[i].words[word] : NULL, NULL } };
		}
	}
	return count;
}

enum may { MAY_NOT, MAY_NOT_NOW, MAY };

/*
 * What would come of an act, of which nothing is done: refused because of who asks; refused as things stand; or it goes
 * on, to a question for a code, a write, an answer.
 */
static enum may
ask_whether(const struct caller *caller, const char *subject, const struct act *act)
{
	struct command_request request = { .verb = act->verb, .has_subject = true, .subject = stage_person(subject) };
	struct command *command = NULL;
	const struct fields *reply;
	const char *sentence;
	enum may may = MAY;

	if (act->args[0] != NULL)
		cr_assert_eq(fields_add_text(&request.args, act->args[0], act->args[1]), SFMFA_OK);
	cr_assert_eq(command_create(&stage.env, caller, &request, &command), SFMFA_OK);
	if (command_step(command, NULL) == TURN_DONE && command_result(command, &sentence, &reply) != COMMAND_DONE)
		may = command->unauthorized ? MAY_NOT : MAY_NOT_NOW;
	command_destroy(command);
	return may;
}

struct reach {
	bool never[PEOPLE][ACTS_MAX]; /* not theirs to do */
};

static unsigned
survey(const struct caller *caller, const struct act acts[], unsigned count, struct reach *ret_reach)
{
	const struct event_sink sink = stage.env.events;
	unsigned never = 0;

	stage.env.events.take = NULL; /* thousands of refusals are no matter of the log */
	for (size_t person = 0; person < PEOPLE; person++) {
		for (unsigned act = 0; act < count; act++) {
			ret_reach->never[person][act] = ask_whether(caller, people[person], &acts[act]) == MAY_NOT;
			never += ret_reach->never[person][act];
		}
	}
	stage.env.events = sink;
	return never;
}

static void
expect_no_growth(const char *name, const struct caller *caller, const struct act acts[], unsigned count,
		 const struct reach *reach, unsigned acted)
{
	const struct event_sink sink = stage.env.events;

	stage.env.events.take = NULL;
	for (size_t person = 0; person < PEOPLE; person++) {
		for (unsigned act = 0; act < count; act++) {
			if (reach->never[person][act])
				cr_assert_neq(ask_whether(caller, people[person], &acts[act]), MAY,
					      "after %u acts %s may do %s %s to %s", acted, name, verb_info(acts[act].verb)->key,
					      acts[act].args[1] ? acts[act].args[1] : "", people[person]);
		}
	}
	stage.env.events = sink;
}

/* One random act, carried through with a code where one is asked for. Whether it was done. */
static bool
act_once(const struct caller *caller, const char *name, const char *secret, const struct act acts[], unsigned count)
{
	const char *subject = people[chance_below(&chance, PEOPLE)];
	const struct act *act = &acts[chance_below(&chance, count)];
	struct outcome_of outcome;
	char code[64];
	bool done;

	/* Who freezes themselves, or gives their app away, can do nothing any more. */
	if (strcmp(subject, name) == 0)
		return false;
	(void)snprintf(code, sizeof(code), "@own %s", secret);
	stage_pass(&stage, 60);
	outcome = stage_run(&stage, caller, act->verb, subject, act->args, ANSWERS(code));
	done = outcome.status == COMMAND_DONE && outcome.writes > 0;
	outcome_clear(&outcome);
	return done;
}

static void
try_operator(const char *name, unsigned steps, unsigned looks)
{
	static struct reach reach;
	const struct caller caller = stage_caller(name);
	const char *secret = stage_enroll(&stage, name, true);
	struct act acts[ACTS_MAX];
	unsigned count = list_acts(acts), done = 0, never;

	never = survey(&caller, acts, count, &reach);
	cr_assert_gt(never, 0U);
	cr_assert_lt(never, (unsigned)PEOPLE * count, "%s may do nothing", name);
	for (unsigned step = 0; step < steps; step++) {
		done += act_once(&caller, name, secret, acts, count);
		if ((step + 1) % (steps / looks) == 0)
			expect_no_growth(name, &caller, acts, count, &reach, done);
	}
	cr_expect_gt(done, steps / 50, "%s did %u things only", name, done);
	note("%s: %u acts, %u of %u not theirs to do, then as before", name, done, never, (unsigned)PEOPLE * count);
}

Test(reach, of_a_help_desk_never_grows_by_its_acts)
{
	try_operator("helen", extent(2000, 20000), extent(20, 100));
}

Test(reach, of_who_assigns_permissions_never_grows_by_their_acts)
{
	try_operator("petra", extent(2000, 20000), extent(20, 100));
}

Test(reach, of_who_has_both_never_grows_by_their_acts)
{
	stage_assign(&stage, "mallory", "manage-profiles-and-permission-sets");
	stage_assign(&stage, "mallory", "manage-users");
	try_operator("mallory", extent(2000, 20000), extent(20, 100));
}

static uint32_t
administrative_of(const char *name)
{
	const struct caller root = stage_root();
	struct outcome_of outcome = stage_run(&stage, &root, VERB_USER_SHOW, name, NO_ARGS, NO_ANSWERS);
	char *words, *rest = NULL;
	uint32_t all = 0;

	cr_assert_eq(outcome.status, COMMAND_DONE, "%s", outcome.sentence);
	words = strdup(reply_text(&outcome, "permissions"));
	for (char *word = strtok_r(words, ",", &rest); word != NULL; word = strtok_r(NULL, ",", &rest)) {
		enum permission permission;

		cr_assert_eq(permission_from_name(word, &permission), SFMFA_OK, "%s", word);
		all |= PERMISSION_BIT(permission);
	}
	free(words);
	outcome_clear(&outcome);
	return all & permission_administrative();
}

/* Each grants the others what they like. */
Test(reach, of_several_who_help_each_other_holds_no_more_than_they_did)
{
	static const char *const gang[] = { "petra", "alice", "bob", "mallory" };
	const unsigned steps = extent(2000, 20000);
	struct act acts[ACTS_MAX];
	const char *secrets[4];
	unsigned count = list_acts(acts), done = 0;
	uint32_t held = 0, own[PEOPLE] = { 0 };

	for (size_t i = 1; i < PEOPLE; i++)
		own[i] = administrative_of(people[i]);
	for (size_t i = 0; i < 4; i++) {
		secrets[i] = stage_enroll(&stage, gang[i], true);
		held |= administrative_of(gang[i]);
	}
	cr_assert_neq(held, 0U);
	cr_assert_neq(held, permission_administrative());
	for (unsigned step = 0; step < steps; step++) {
		unsigned who = chance_below(&chance, 4);
		const struct caller caller = stage_caller(gang[who]);

		done += act_once(&caller, gang[who], secrets[who], acts, count);
		for (size_t i = 1; step % 20 == 0 && i < PEOPLE; i++)
			cr_assert_eq(administrative_of(people[i]) & ~(held | own[i]), 0U, "%s after %u acts", people[i], done);
	}
	cr_expect_gt(done, steps / 100);
	note("four together: %u acts, no administrative permission more", done);
}

/* Everything of the store but its events, as text. */
static char *
dump(void)
{
	char path[128], *text = NULL;
	sqlite3_stmt *tables = NULL;
	sqlite3 *handle = NULL;
	size_t size = 0;
	FILE *out = open_memstream(&text, &size);

	cr_assert_not_null(out);
	(void)snprintf(path, sizeof(path), "%s/state/sfmfa.db", stage.folder);
	cr_assert_eq(sqlite3_open_v2(path, &handle, SQLITE_OPEN_READONLY, NULL), SQLITE_OK);
	cr_assert_eq(sqlite3_prepare_v2(handle, "SELECT 'SELECT * FROM ' || name FROM sqlite_master WHERE type = 'table' "
						"ORDER BY name", -1, &tables, NULL), SQLITE_OK);
	while (sqlite3_step(tables) == SQLITE_ROW) {
		const char *sql = (const char *)sqlite3_column_text(tables, 0);
		sqlite3_stmt *rows = NULL;

		fprintf(out, "%s\n", sql);
		cr_assert_eq(sqlite3_prepare_v2(handle, sql, -1, &rows, NULL), SQLITE_OK);
		while (sqlite3_step(rows) == SQLITE_ROW) {
			for (int i = 0; i < sqlite3_column_count(rows); i++) {
				fprintf(out, "%s=%d:", sqlite3_column_name(rows, i), sqlite3_column_bytes(rows, i));
				(void)fwrite(sqlite3_column_blob(rows, i), 1, (size_t)sqlite3_column_bytes(rows, i), out);
			}
			fputc('\n', out);
		}
		cr_assert_eq(sqlite3_finalize(rows), SQLITE_OK);
	}
	cr_assert_eq(sqlite3_finalize(tables), SQLITE_OK);
	cr_assert_eq(sqlite3_close(handle), SQLITE_OK);
	cr_assert_eq(fclose(out), 0);
	return text;
}

static bool
root_does(enum verb verb, const char *subject, const char *const args[])
{
	const struct caller root = stage_root();
	struct outcome_of outcome = stage_run(&stage, &root, verb, subject, args, NO_ANSWERS);
	bool done = outcome.status == COMMAND_DONE;

	outcome_clear(&outcome);
	return done;
}

static bool
is_assigned(const char *subject, const char *name)
{
	const struct user_record *record = stage_record(&stage, subject);

	for (size_t i = 0; i < record->assignment_count; i++) {
		if (strcmp(record->assignments[i].name, name) == 0)
			return true;
	}
	return false;
}

/* Revokes those that were granted, in any order, a prerequisite before what needs it too. */
static void
revoke_all(const char *subject, const char *granted[], unsigned count)
{
	while (count > 0) {
		unsigned which = chance_below(&chance, count);

		cr_assert(root_does(VERB_PERM_REVOKE, subject, ARGS("assignment", granted[which], "force", "1")), "%s of %s",
			  granted[which], subject);
		granted[which] = granted[--count];
	}
}

Test(reach, granting_and_revoking_again_leaves_nothing_behind)
{
	const unsigned times = extent(200, 2000);
	unsigned granted_in_all = 0;

	for (size_t i = 1; i < PEOPLE; i++)
		cr_assert(root_does(VERB_USER_FREEZE, people[i], NO_ARGS) && root_does(VERB_USER_UNFREEZE, people[i], NO_ARGS));
	for (unsigned round = 0; round < times; round++) {
		const char *subject = people[1 + chance_below(&chance, PEOPLE - 1)];
		const char *granted[GRANTS];
		unsigned count = 0, wanted = 1 + chance_below(&chance, 6);
		bool profile = stage_record(&stage, subject)->profile[0] == '\0';
		char *before, *after;

		/* The store is a little different each time. */
		(void)root_does(VERB_PERM_ASSIGN, subject, ARGS("assignment", grants[chance_below(&chance, GRANTS)]));
		(void)root_does(VERB_PERM_REVOKE, subject, ARGS("assignment", grants[chance_below(&chance, GRANTS)]));
		before = dump();
		stage_pass(&stage, 60);
		profile = profile && root_does(VERB_PROFILE_ASSIGN, subject, ARGS("profile", profiles[chance_below(&chance, PROFILES)]));
		for (unsigned i = 0; i < wanted; i++) {
			const char *name = grants[chance_below(&chance, GRANTS)];

			if (!is_assigned(subject, name) && root_does(VERB_PERM_ASSIGN, subject, ARGS("assignment", name)))
				granted[count++] = name;
		}
		granted_in_all += count;
		revoke_all(subject, granted, count);
		if (profile)
			cr_assert(root_does(VERB_PROFILE_UNASSIGN, subject, NO_ARGS), "%s", subject);
		after = dump();
		cr_assert_str_eq(after, before, "round %u, %s", round, subject);
		free(before);
		free(after);
	}
	cr_expect_gt(granted_in_all, times);
	note("%u grants revoked again, nothing left behind", granted_in_all);
}

/* A user of whom nothing was kept gets a row, which says nothing. */
Test(reach, of_who_was_unknown_a_row_stays_that_says_nothing)
{
	const struct user_record *record;

	cr_assert(root_does(VERB_PERM_ASSIGN, "alice", ARGS("assignment", "mfa-ui-logins")));
	cr_assert(root_does(VERB_PERM_REVOKE, "alice", ARGS("assignment", "mfa-ui-logins")));
	record = stage_record(&stage, "alice");
	cr_expect_eq(record->assignment_count, 0);
	cr_expect_eq(record->profile[0], '\0');
	cr_expect_eq(record->app.state, APP_NONE);
	cr_expect_eq(record->generation, 0);
	cr_expect_not(record->frozen || record->is_virtual || record->disconnected_by_other);
}
