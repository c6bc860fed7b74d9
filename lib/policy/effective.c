#include "policy/effective.h"

#include <string.h>

#include "base/text.h"

/* Kinds of grantors, in the order in which one of them is named as the origin. */
enum rank {
	RANK_PROFILE = 0,
	RANK_DIRECT,
	RANK_SET,
	RANK_GROUP,
};

struct sum {
	struct effective *effective;
	enum rank ranks[PERMISSION_COUNT];
};

static void
note_grant(struct effective *effective, const struct grant *grant)
{
	if (effective->grant_count >= GRANTS_MAX) {
		effective->grants_cut = true;
		return;
	}
	effective->grants[effective->grant_count++] = *grant;
}

/* Whether a grantor comes before the one already named; so the order of the files does not matter. */
static bool
comes_first(const struct sum *sum, const struct grant *grant, enum rank rank)
{
	const struct origin *named = &sum->effective->first[grant->permission];

	if (!permission_in(sum->effective->permissions, grant->permission))
		return true;
	if (rank != sum->ranks[grant->permission])
		return rank < sum->ranks[grant->permission];
	/* Direct assignments have no name to be sorted by, and no other kind has their rank. */
	if (grant->origin.via == NULL)
		return false;
	return strcmp(grant->origin.via, named->via) < 0;
}

static void
add_grant(struct sum *sum, const struct grant *grant, enum rank rank)
{
	note_grant(sum->effective, grant);
	if (grant->muted)
		return;
	if (comes_first(sum, grant, rank)) {
		sum->effective->first[grant->permission] = grant->origin;
		sum->ranks[grant->permission] = rank;
	}
	sum->effective->permissions |= PERMISSION_BIT(grant->permission);
}

static void
add_profile(struct sum *sum, const struct profile *profile)
{
	for (unsigned i = 0; i < PERMISSION_COUNT; i++) {
		struct grant grant = {
			.permission = (enum permission)i,
			.origin = profile->permission_origins[i],
		};

		if (!permission_in(profile->permissions, grant.permission))
			continue;
		grant.origin.via = profile->name;
		add_grant(sum, &grant, RANK_PROFILE);
	}
}

static void
add_direct(struct sum *sum, const struct assignment *assignment)
{
	struct grant grant = {
		.origin = {.kind = ORIGIN_DIRECT, .by = assignment->by, .at = assignment->at},
	};

	if (assignment->kind != ASSIGNMENT_PERMISSION)
		return;
	if (permission_from_name(assignment->name, &grant.permission) != SFMFA_OK)
		return;
	add_grant(sum, &grant, RANK_DIRECT);
}

/* A set bound to another license does not apply, whoever its members are. */
static bool
set_applies(const struct permission_set *set, const char *license)
{
	return set->license[0] == '\0' || text_equals(set->license, license);
}

/* group NULL: the set stands alone. */
static void
add_set(struct sum *sum, const struct permission_set *set, const struct permission_set_group *group,
        const struct assignment *direct, const char *license)
{
	if (!set_applies(set, license))
		return;
	for (unsigned i = 0; i < PERMISSION_COUNT; i++) {
		struct grant grant = {
			.permission = (enum permission)i,
			.origin = set->permission_origins[i],
		};

		if (!permission_in(set->permissions, grant.permission))
			continue;
		grant.origin.via = group != NULL ? group->name : set->name;
		grant.set = group != NULL ? set->name : NULL;
		grant.muted = group != NULL && permission_in(group->muting, grant.permission);
		if (direct != NULL) {
			grant.origin.by = direct->by;
			grant.origin.at = direct->at;
		}
		add_grant(sum, &grant, group != NULL ? RANK_GROUP : RANK_SET);
	}
}

static void
add_group(struct sum *sum, const struct granted_group *granted, const char *license)
{
	const struct permission_set_group *group = granted->group;

	for (size_t i = 0; i < group->set_count && i < SETS_PER_GROUP_MAX; i++)
		add_set(sum, group->sets[i], group, granted->direct, license);
}

static const char *
license_of(const struct holding *holding)
{
	return holding->profile != NULL ? holding->profile->license : "";
}

void
effective_compute(const struct holding *holding, struct effective *ret_effective)
{
	const char *license = license_of(holding);
	struct sum sum = {.effective = ret_effective};

	memset(ret_effective, 0, sizeof(*ret_effective));
	if (holding->profile != NULL)
		add_profile(&sum, holding->profile);
	for (size_t i = 0; i < holding->direct_count && i < ASSIGNMENTS_MAX; i++)
		add_direct(&sum, holding->direct_permissions[i]);
	for (size_t i = 0; i < holding->set_count && i < ASSIGNMENTS_MAX; i++)
		add_set(&sum, holding->sets[i].set, NULL, holding->sets[i].direct, license);
	for (size_t i = 0; i < holding->group_count && i < ASSIGNMENTS_MAX; i++)
		add_group(&sum, &holding->groups[i], license);
	if (holding->license != NULL)
		ret_effective->forbidden = ret_effective->permissions & holding->license->forbids;
}

static bool
say(char ret_text[FAULT_TEXT_SIZE], const char *what, const char *name, const char *how)
{
	/* Names of the model are bounded well below the size; an empty text is a fault all the same. */
	if (text_format(ret_text, FAULT_TEXT_SIZE, "%s %s %s", what, name, how) != SFMFA_OK) /* GCOVR_EXCL_BR_LINE */
		ret_text[0] = '\0'; /* GCOVR_EXCL_LINE */
	return true;
}

/* What membership in this group would give. */
static uint32_t
granted_by_group(const struct permission_set_group *group, const char *license)
{
	uint32_t granted = 0;

	for (size_t i = 0; i < group->set_count && i < SETS_PER_GROUP_MAX; i++) {
		if (set_applies(group->sets[i], license))
			granted |= group->sets[i]->permissions;
	}
	return granted & ~group->muting;
}

/* A group that cannot be resolved is a fault only if membership could change what the user may do. */
static bool
find_doubt(const struct holding *holding, uint32_t effective, char ret_text[FAULT_TEXT_SIZE])
{
	const char *license = license_of(holding);

	if (holding->too_many)
		return say(ret_text, "more permission sets and groups than", "one user", "can have");
	for (size_t i = 0; i < holding->doubtful_set_count; i++) {
		const struct permission_set *set = holding->doubtful_sets[i];

		if (set_applies(set, license) && (set->permissions & ~effective) != 0)
			return say(ret_text, "a Unix group of the permission set", set->name,
			           "cannot be resolved");
	}
	for (size_t i = 0; i < holding->doubtful_group_count; i++) {
		const struct permission_set_group *group = holding->doubtful_groups[i];

		if ((granted_by_group(group, license) & ~effective) != 0)
			return say(ret_text, "a Unix group of the permission set group", group->name,
			           "cannot be resolved");
	}
	return false;
}

bool
effective_find_fault(const struct holding *holding, const struct effective *effective,
                     char ret_text[FAULT_TEXT_SIZE])
{
	if (holding->fault) {
		memcpy(ret_text, holding->fault_text, FAULT_TEXT_SIZE);
		return true;
	}
	if (find_doubt(holding, effective->permissions, ret_text))
		return true;
	for (unsigned i = 0; i < PERMISSION_COUNT; i++) {
		if (permission_in(effective->forbidden, (enum permission)i))
			return say(ret_text, permission_info((enum permission)i)->key,
			           "is held although it is forbidden by the license", license_of(holding));
	}
	return false;
}
