/*
 * What a user holds by the configuration and by assignment, before it is added up: profile, direct
 * permissions, sets, groups, and what could not be told because a Unix group was not resolved (rules 1,
 * 3.4). Pointers belong to the configuration snapshot and the user's record.
 */
#ifndef SFMFA_MODEL_HOLDING_H
#define SFMFA_MODEL_HOLDING_H

#include <stdbool.h>
#include <stddef.h>

#include "model/limits.h"
#include "model/profile.h"
#include "model/user.h"

#define FAULT_TEXT_SIZE 512

/* A set or group the user has, and how: by the file's members list or by direct assignment. */
struct granted_set {
	const struct permission_set *set;
	const struct assignment *direct; /* NULL: by membership */
};
struct granted_group {
	const struct permission_set_group *group;
	const struct assignment *direct;
};

struct holding {
	const struct profile *profile;
	const struct license *license; /* of the profile: what it forbids; NULL: none named */
	const struct assignment *direct_permissions[ASSIGNMENTS_MAX];
	size_t direct_count;
	struct granted_set sets[ASSIGNMENTS_MAX];
	size_t set_count;
	struct granted_group groups[ASSIGNMENTS_MAX];
	size_t group_count;
	/* Those of which the user may or may not be a member. */
	const struct permission_set *doubtful_sets[ASSIGNMENTS_MAX];
	size_t doubtful_set_count;
	const struct permission_set_group *doubtful_groups[ASSIGNMENTS_MAX];
	size_t doubtful_group_count;
	bool too_many; /* more than the lists can hold */
	bool fault;    /* the first of: an assigned profile, set or group that does not exist; a doubtful profile */
	char fault_text[FAULT_TEXT_SIZE];
};

#endif
