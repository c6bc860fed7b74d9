/*
 * A denial never depends on the order of files: a small world whose files are given every name and whose
 * lists every order, and in each of these worlds everybody may do the same (rules 1, 3.4).
 */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "auth/facts.h"
#include "order_world.h"

#define USERS  4
#define STATES 3                             /* of a membership: not, member, unresolved */
#define PEOPLE (USERS * STATES * STATES * 2) /* the last factor: UI or API */

static const char *const users[USERS] = { "alice", "bob", "carol", "nobody" };
#define USER_NOBODY (USERS - 1)

/* What is known of a membership in each of the two Unix groups that somebody may be in. */
enum state { OUT, IN, UNRESOLVED };
static const char *const asked[2] = { "staff", "ops" };

static void
states_of(unsigned person, unsigned states[2])
{
	states[0] = person / USERS % STATES;
	states[1] = person / USERS / STATES % STATES;
}

static struct fixture f;

/* What must not change, and nothing with a name in it. */
struct picture {
	int profile; /* its role */
	uint32_t permissions, forbidden;
	bool fault;
	struct {
		enum verdict verdict;
		enum reason reason;
		enum level level;
		uint32_t acceptable;
	} before, after; /* an answer, which is a right code */
};

static int
role_of(const struct world *world, const struct profile *profile)
{
	for (int i = 0; i < PROFILES; i++) {
		if (profile->name[1] == '0' + world->profiles[i])
			return i;
	}
	return -1;
}

static void
decide(const struct facts *facts, enum verdict *verdict, enum reason *reason, enum level *level,
       uint32_t *acceptable)
{
	struct decision decision;

	policy_login(facts, &decision);
	*verdict = decision.verdict;
	*reason = decision.reason;
	*level = decision.level;
	*acceptable = decision.acceptable;
}

static void
take_picture(const struct world *world, unsigned person, struct picture *picture)
{
	unsigned states[2];
	bool api = person / USERS / STATES / STATES == 1;
	struct login_request request = fixture_request(users[person % USERS], api ? "dovecot" : "login");
	struct moment now = { .wall = FIXTURE_NOW, .boot = 1000, .boot_id = "boot" };
	struct standing standing;
	struct facts facts;
	struct diag diag = { 0 };

	states_of(person, states);
	for (int i = 0; i < 2; i++)
		memberships_note(&request.person.memberships, f.env.config, world_unix_name(world, asked[i]),
				 states[i] == IN, states[i] == UNRESOLVED);
	cr_assert_eq(standing_read(&f.env, f.env.config, &request.person, -1, &standing, &diag), SFMFA_OK,
		     "%s", diag.text);
	cr_assert_eq(facts_gather(f.env.config, &f.root, &request, &standing, &now, &facts), SFMFA_OK);
	memset(picture, 0, sizeof(*picture));
	picture->profile = role_of(world, standing.profile);
	picture->permissions = standing.effective->permissions;
	picture->forbidden = standing.effective->forbidden;
	picture->fault = standing.fault;
	facts.app = APP_COMPLETED;
	decide(&facts, &picture->before.verdict, &picture->before.reason, &picture->before.level,
	       &picture->before.acceptable);
	facts.attempt = ATTEMPT_RIGHT;
	facts.offered = FACTOR_TOTP;
	decide(&facts, &picture->after.verdict, &picture->after.reason, &picture->after.level,
	       &picture->after.acceptable);
	standing_finish(&standing);
}

/* ---- what the rules say, from the roles alone ------------------------------------------------------ */

/* Whether a role names a person, or could, if only a group could be resolved. */
static enum state
named_by(const struct role *role, unsigned person)
{
	enum state state = OUT;
	unsigned states[2];

	states_of(person, states);
	for (int i = 0; i < 2; i++) {
		if (strcmp(role->users[i], users[person % USERS]) == 0)
			return IN;
	}
	for (int i = 0; i < 2; i++) {
		for (int g = 0; g < 2; g++) {
			if (strcmp(role->groups[i], asked[g]) != 0)
				continue;
			if (states[g] == IN)
				return IN;
			state = states[g] == UNRESOLVED ? UNRESOLVED : state;
		}
	}
	return state;
}

static uint32_t
bits_of(const char *const names[2])
{
	uint32_t bits = 0;

	for (int i = 0; i < 2; i++) {
		enum permission permission;

		cr_assert_eq(permission_from_name(names[i], &permission), SFMFA_OK);
		bits |= PERMISSION_BIT(permission);
	}
	return bits;
}

/* What a set gives to users of a profile: the second set is for the license of the second profile. */
static uint32_t
given_by_set(int set, int profile)
{
	return set == 1 && profile != 1 ? 0 : bits_of(set_roles[set].permissions);
}

static uint32_t
given_by_group(int group, int profile)
{
	const struct role *role = &group_roles[group];

	return (given_by_set(role->sets[0], profile) | given_by_set(role->sets[1], profile)) &
	       ~bits_of(role->muting);
}

static void
expect(unsigned person, struct picture *expected)
{
	uint32_t doubtful[SETS + GROUPS] = { 0 };
	int profile = 0;

	*expected = (struct picture){ .fault = false };
	/* The last profile is the default: a doubt about it is none. */
	for (; profile < PROFILES - 1 && named_by(&profile_roles[profile], person) != IN; profile++)
		expected->fault |= named_by(&profile_roles[profile], person) == UNRESOLVED;
	expected->profile = profile;
	expected->permissions = bits_of(profile_roles[profile].permissions);
	for (int i = 0; i < SETS + GROUPS; i++) {
		const struct role *role = i < SETS ? &set_roles[i] : &group_roles[i - SETS];
		uint32_t given = i < SETS ? given_by_set(i, profile) : given_by_group(i - SETS, profile);
		enum state state = named_by(role, person);

		expected->permissions |= state == IN ? given : 0;
		doubtful[i] = state == UNRESOLVED ? given : 0;
	}
	for (int i = 0; i < SETS + GROUPS; i++)
		expected->fault |= (doubtful[i] & ~expected->permissions) != 0;
}

/* A store that knows nobody: what is asked here is what the files say. */
static enum sfmfa_err
know_nobody(struct store *store, const char *name, int64_t caller, struct user_record *ret_user,
	    struct diag *diag)
{
	memset(ret_user, 0, sizeof(*ret_user));
	return SFMFA_ERR_NOT_FOUND;
}

static const struct store_ops empty_ops = { .read_user = know_nobody };
static struct store empty_store = { .ops = &empty_ops };

static void
start(void)
{
	char path[256];

	fixture_begin(&f, "", "");
	snprintf(path, sizeof(path), "%s/profiles.d/standard.conf", f.dir);
	cr_assert_eq(unlink(path), 0);
}

static void
finish(void)
{
	f.env.store = f.env.store == &empty_store ? NULL : f.env.store;
	fixture_finish(&f);
}

TestSuite(order, .init = start, .fini = finish);

static void
expect_the_same(const struct picture first[PEOPLE], unsigned naming, unsigned turned)
{
	struct picture picture;
	struct world world;

	world_init(&world, naming, turned);
	world_load(&world, &f);
	for (unsigned person = 0; person < PEOPLE; person++) {
		take_picture(&world, person, &picture);
		cr_assert_eq(memcmp(&picture, &first[person], sizeof(picture)), 0,
			     "names %u, lists %u, person %u: profile %d not %d, permissions %x not %x",
			     naming, turned, person, picture.profile, first[person].profile,
			     picture.permissions, first[person].permissions);
	}
}

Test(order, of_files_and_of_lists_changes_nothing_for_anybody, .timeout = 500)
{
	static struct picture first[PEOPLE];
	struct world world;

	f.env.store = &empty_store;
	world_init(&world, 0, 0);
	world_load(&world, &f);
	for (unsigned person = 0; person < PEOPLE; person++)
		take_picture(&world, person, &first[person]);
	for (unsigned naming = 0; naming < NAMINGS; naming++) {
		for (unsigned turned = 0; turned < ORDERS; turned++)
			expect_the_same(first, naming, turned);
		expect_the_same(first, naming, RENAMED);
	}
}

/* A world in which everybody is denied, or nobody, would prove nothing. */
Test(order, the_small_world_has_something_of_everything)
{
	bool profiles[PROFILES] = { false }, verdicts[VERDICT_ALLOW + 1] = { false };
	unsigned faults = 0, whole = 0;
	uint32_t held = 0, always = ~0U;
	struct picture picture;
	struct world world;

	f.env.store = &empty_store;
	world_init(&world, 0, 0);
	world_load(&world, &f);
	for (unsigned person = 0; person < PEOPLE; person++) {
		take_picture(&world, person, &picture);
		cr_assert_geq(picture.profile, 0);
		profiles[picture.profile] = true;
		verdicts[picture.before.verdict] = true;
		verdicts[picture.after.verdict] = true;
		faults += picture.fault;
		whole += !picture.fault;
		held |= picture.permissions;
		always &= picture.permissions;
	}
	cr_expect(profiles[0] && profiles[1] && profiles[2]);
	cr_expect(verdicts[VERDICT_ALLOW] && verdicts[VERDICT_DENY] && verdicts[VERDICT_CHALLENGE]);
	cr_expect(faults > 0 && whole > 0);
	cr_expect_eq(always, 0U);
	cr_expect(permission_in(held, PERMISSION_MFA_API_LOGINS) &&
		  permission_in(held, PERMISSION_WAIVE_MFA));
}

Test(order, everybody_has_the_profile_and_the_permissions_that_the_rules_say)
{
	struct picture picture, expected;
	struct world world;

	f.env.store = &empty_store;
	world_init(&world, 0, 0);
	world_load(&world, &f);
	for (unsigned person = 0; person < PEOPLE; person++) {
		take_picture(&world, person, &picture);
		expect(person, &expected);
		cr_expect_eq(picture.profile, expected.profile, "person %u: profile %d, not %d", person,
			     picture.profile, expected.profile);
		cr_expect_eq(picture.permissions, expected.permissions, "person %u: permissions %x, not %x",
			     person, picture.permissions, expected.permissions);
		cr_expect_eq(picture.fault, expected.fault, "person %u: fault", person);
		if (picture.fault)
			cr_expect_neq(picture.after.verdict, VERDICT_ALLOW, "person %u", person);
	}
}

/* ---- assignments ----------------------------------------------------------------------------------- */

struct assigned {
	enum assignment_kind kind;
	char name[NAME_SIZE];
};

static void
change(enum store_op_kind kind, const struct assigned *assigned)
{
	struct store_op op = { .kind = kind, .change = { .user = "nobody", .now = f.now } };

	op.change.assignment.kind = assigned->kind;
	snprintf(op.change.assignment.name, sizeof(op.change.assignment.name), "%s", assigned->name);
	snprintf(op.change.assignment.by, sizeof(op.change.assignment.by), "root");
	fixture_commit(&f, &op);
}

static void
open_store(void)
{
	char path[256];
	struct diag diag = { 0 };
	struct store_op op = { .kind = STORE_ENSURE_USER, .change = { .user = "nobody", .now = f.now } };

	snprintf(path, sizeof(path), "%s/state", f.dir);
	cr_assert_eq(store_open_sqlite(path, &f.env.store, &diag), SFMFA_OK, "%s", diag.text);
	fixture_commit(&f, &op);
}

Test(order, of_assigning_and_revoking_changes_nothing, .timeout = 120)
{
	static const struct assigned all[3] = { { ASSIGNMENT_PERMISSION, "mfa-ui-logins" },
						{ ASSIGNMENT_SET, "s2" },
						{ ASSIGNMENT_GROUP, "g0" } };
	static struct picture before, middle, picture;
	struct world world;

	world_init(&world, 0, 0);
	world_load(&world, &f);
	open_store();
	take_picture(&world, USER_NOBODY, &before);
	for (unsigned number = 0; number < 36; number++) {
		for (int i = 0; i < 3; i++)
			change(STORE_ASSIGN, &all[threes[number / 6][i]]);
		take_picture(&world, USER_NOBODY, number == 0 ? &middle : &picture);
		if (number > 0)
			cr_assert_eq(memcmp(&picture, &middle, sizeof(picture)), 0, "assigned in order %u",
				     number);
		for (int i = 0; i < 3; i++)
			change(STORE_REVOKE, &all[threes[number % 6][i]]);
		take_picture(&world, USER_NOBODY, &picture);
		cr_assert_eq(memcmp(&picture, &before, sizeof(picture)), 0, "revoked in order %u", number);
	}
	cr_assert_neq(middle.permissions, before.permissions, "the assignments do something");
	cr_assert_eq(fixture_record(&f, "nobody").assignment_count, 0);
}

/* Muting is inside its group: whoever else grants the same grants it, whichever of them comes first. */
Test(order, of_a_grantor_and_of_a_group_that_mutes_it_changes_nothing)
{
	static struct picture pictures[NAMINGS][2];

	open_store();
	for (unsigned naming = 0; naming < NAMINGS; naming++) {
		struct assigned given[2] = { { ASSIGNMENT_SET, "" }, { ASSIGNMENT_GROUP, "" } };
		struct world world;

		world_init(&world, naming, 0);
		world_load(&world, &f);
		/* The second group holds the third set and mutes half of it; that set stands alone too. */
		world_name('s', world.sets[2], given[0].name);
		world_name('g', world.groups[1], given[1].name);
		for (int first = 0; first < 2; first++) {
			struct picture *picture = &pictures[naming][first];

			change(STORE_ASSIGN, &given[first]);
			change(STORE_ASSIGN, &given[1 - first]);
			take_picture(&world, USER_NOBODY, picture);
			change(STORE_REVOKE, &given[0]);
			change(STORE_REVOKE, &given[1]);
			cr_assert_eq(memcmp(picture, &pictures[0][0], sizeof(*picture)), 0, "naming %u",
				     naming);
			cr_assert(permission_in(picture->permissions, PERMISSION_API_ONLY_USER));
		}
	}
}
