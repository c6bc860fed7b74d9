#include "policy/effective.h"

#include <string.h>

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
	if (grant->origin.via == NULL || named->via == NULL)
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

/* group NULL: the set stands alone. */
static void
add_set(struct sum *sum, const struct permission_set *set, const struct permission_set_group *group,
        const struct assignment *direct, const char *license)
{
	if (set->license[0] != '\0' && strcmp(set->license, license) != 0)
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

void
effective_compute(const struct effective_input *input, struct effective *ret_effective)
{
	const char *license = input->profile != NULL ? input->profile->license : "";
	struct sum sum = {.effective = ret_effective};

	memset(ret_effective, 0, sizeof(*ret_effective));
	if (input->profile != NULL)
		add_profile(&sum, input->profile);
	for (size_t i = 0; i < input->direct_count && i < ASSIGNMENTS_MAX; i++)
		add_direct(&sum, input->direct_permissions[i]);
	for (size_t i = 0; i < input->set_count && i < ASSIGNMENTS_MAX; i++)
		add_set(&sum, input->sets[i].set, NULL, input->sets[i].direct, license);
	for (size_t i = 0; i < input->group_count && i < ASSIGNMENTS_MAX; i++)
		add_group(&sum, &input->groups[i], license);
	if (input->license != NULL)
		ret_effective->forbidden = ret_effective->permissions & input->license->forbids;
}
