#include "order_world.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

const struct role profile_roles[PROFILES] = {
	{ "priority = 10;\napi = { second_factors = [ %s ]; };\n",
	  { "mfa-ui-logins", "api-enabled" },
	  { "alice", "dora" },
	  { "staff", "nobody-here" } },
	{ "priority = 20;\nlicense = \"full\";\napi = { pending = \"deny\"; };\n",
	  { "api-enabled", "mfa-api-logins" },
	  { "bob", "alice" },
	  { "ops", "staff" } },
	{ "priority = 30;\n",
	  { "waive-mfa", "manage-users" },
	  { "erin", "frank" },
	  { "desk", "nobody-here" } },
};

const struct role set_roles[SETS] = {
	{ "", { "mfa-ui-logins", "mfa-api-logins" }, { "bob", "erin" }, { "staff", "nobody-here" } },
	{ "license = \"full\";\n",
	  { "waive-mfa", "api-enabled" },
	  { "erin", "frank" },
	  { "desk", "nobody-here" } },
	{ "", { "api-only-user", "manage-mfa" }, { "erin", "dora" }, { "desk", "ops" } },
};

const struct role group_roles[GROUPS] = {
	{ "",
	  { NULL },
	  { "carol", "bob" },
	  { "desk", "nobody-here" },
	  { 0, 1 },
	  { "manage-mfa", "mfa-api-logins" } },
	{ "", { NULL }, { "erin", "frank" }, { "staff", "ops" }, { 1, 2 }, { "api-only-user", "waive-mfa" } },
};

const int threes[6][3] = { { 0, 1, 2 }, { 0, 2, 1 }, { 1, 0, 2 }, { 1, 2, 0 }, { 2, 0, 1 }, { 2, 1, 0 } };

/* The bits of a world's order: those that change few files change most often. */
enum list { LIST_FACTORS, LIST_SETS, LIST_MUTING, LIST_PERMISSIONS, LIST_USERS, LIST_GROUPS, UNIX_NAMES };

/* What the files hold, so that only what changes is written: most of a load would be writing. */
static struct {
	struct world world;
	char texts[PROFILES + SETS + GROUPS][1024];
} written;

void
world_name(char kind, int place, char ret_name[8])
{
	snprintf(ret_name, 8, "%c%d", kind, place);
}

void
world_init(struct world *world, unsigned naming, unsigned turned)
{
	world->profiles = threes[naming % 6];
	world->sets = threes[naming / 6 % 6];
	world->groups[0] = (int)(naming / 36);
	world->groups[1] = 1 - world->groups[0];
	world->turned = turned;
}

const char *
world_unix_name(const struct world *world, const char *group)
{
	if ((world->turned >> UNIX_NAMES & 1) == 0)
		return group;
	return strcmp(group, "staff") == 0 ? "ops" : strcmp(group, "ops") == 0 ? "staff" : group;
}

static void
print_pair(const struct world *world, enum list list, const char *const pair[2], char ret_text[64])
{
	bool turned = (world->turned >> list & 1) != 0;

	snprintf(ret_text, 64, "\"%s\", \"%s\"", pair[turned], pair[!turned]);
}

static void
print_head(const struct world *world, const struct role *role, char *text, size_t size)
{
	static const char *const factors[2] = { "totp", "security-token" };
	char api[64], first[64], second[64];

	print_pair(world, LIST_FACTORS, factors, api);
	print_pair(world, LIST_USERS, role->users, first);
	print_pair(world, LIST_GROUPS,
		   (const char *const[]){ world_unix_name(world, role->groups[0]),
					  world_unix_name(world, role->groups[1]) },
		   second);
	const char *gap = strstr(role->before, "%s");
	int head = gap != NULL ? (int)(gap - role->before) : (int)strlen(role->before);
	snprintf(text, size, "%.*s%s%s\nmembers = { users = [ %s ]; groups = [ %s ]; };\n", head,
		 role->before, gap != NULL ? api : "", gap != NULL ? gap + 2 : "", first, second);
}

static void
print_role(const struct world *world, const struct role *role, char *text, size_t size)
{
	char pair[64], muting[64], names[2][8];
	size_t used;

	print_head(world, role, text, size);
	used = strlen(text);
	if (role->permissions[0] != NULL) {
		print_pair(world, LIST_PERMISSIONS, role->permissions, pair);
		snprintf(text + used, size - used, "permissions = [ %s ];\n", pair);
		return;
	}
	world_name('s', world->sets[role->sets[0]], names[0]);
	world_name('s', world->sets[role->sets[1]], names[1]);
	print_pair(world, LIST_SETS, (const char *const[]){ names[0], names[1] }, pair);
	print_pair(world, LIST_MUTING, role->muting, muting);
	snprintf(text + used, size - used, "sets = [ %s ];\nmuting = [ %s ];\n", pair, muting);
}

static void
write_role(const struct world *world, struct fixture *f, char kind, int place, int number)
{
	const struct role *role = kind == 'p'   ? &profile_roles[number]
				  : kind == 's' ? &set_roles[number - PROFILES]
						: &group_roles[number - PROFILES - SETS];
	const char *folder = kind == 'p'   ? "profiles.d"
			     : kind == 's' ? "permission-sets.d"
					   : "permission-set-groups.d";
	char path[64], name[8], text[sizeof(written.texts[0])];

	print_role(world, role, text, sizeof(text));
	if (strcmp(text, written.texts[number]) == 0)
		return;
	strcpy(written.texts[number], text);
	world_name(kind, place, name);
	snprintf(path, sizeof(path), "%s/%s.conf", folder, name);
	fixture_file(f, path, text);
}

/* Unlinked first: a folder may list its files in the order in which they were made. */
static void
clear_files(const struct fixture *f)
{
	char path[256];

	memset(&written, 0, sizeof(written));
	for (int place = 0; place < 3; place++) {
		snprintf(path, sizeof(path), "%s/profiles.d/p%d.conf", f->dir, place);
		(void)unlink(path);
		snprintf(path, sizeof(path), "%s/permission-sets.d/s%d.conf", f->dir, place);
		(void)unlink(path);
		snprintf(path, sizeof(path), "%s/permission-set-groups.d/g%d.conf", f->dir, place);
		(void)unlink(path);
	}
}

/* Whether the files that are there have the names that they are to have. */
static bool
is_named(const struct world *world)
{
	return written.texts[0][0] != '\0' && written.world.profiles == world->profiles &&
	       written.world.sets == world->sets && written.world.groups[0] == world->groups[0];
}

static void
write_settings(const struct world *world, struct fixture *f)
{
	char text[sizeof(f->conf) + 128];

	snprintf(text, sizeof(text), "%sdefault_profile = \"p%d\";\nservices = { api = [ \"dovecot\" ]; };\n",
		 f->conf, world->profiles[PROFILES - 1]);
	fixture_file(f, "sfmfa.conf", text);
}

void
world_load(const struct world *world, struct fixture *f)
{
	char path[256];
	struct config_options options = { .file = path, .owner = getuid() };
	struct diag diag = { 0 };

	if (!is_named(world)) {
		clear_files(f);
		write_settings(world, f);
	}
	written.world = *world;
	for (int i = 0; i < PROFILES; i++)
		write_role(world, f, 'p', world->profiles[i], i);
	for (int i = 0; i < SETS; i++)
		write_role(world, f, 's', world->sets[i], PROFILES + i);
	for (int i = 0; i < GROUPS; i++)
		write_role(world, f, 'g', world->groups[i], PROFILES + SETS + i);
	snprintf(path, sizeof(path), "%s/sfmfa.conf", f->dir);
	config_release(f->env.config);
	cr_assert_eq(config_load(&options, &f->env.config, &diag), SFMFA_OK, "%s:%u: %s", diag.file,
		     diag.line, diag.text);
}
