/*
 * Effective permissions: profile ∪ direct assignments ∪ sets ∪ (each group: the union of its sets
 * less its muting list, which works inside that group only) (rules 1).
 */
#ifndef SFMFA_POLICY_EFFECTIVE_H
#define SFMFA_POLICY_EFFECTIVE_H

#include <stddef.h>
#include <stdint.h>

#include "model/profile.h"
#include "model/user.h"

#define GRANTS_MAX 256

/* A set or group the user has, and how: by the file's members list or by direct assignment. */
struct granted_set {
	const struct permission_set *set;
	const struct assignment *direct; /* NULL: by membership */
};
struct granted_group {
	const struct permission_set_group *group;
	const struct assignment *direct;
};

struct effective_input {
	const struct profile *profile;
	const struct assignment *direct_permissions[ASSIGNMENTS_MAX];
	size_t direct_count;
	struct granted_set sets[ASSIGNMENTS_MAX];
	size_t set_count;
	struct granted_group groups[ASSIGNMENTS_MAX];
	size_t group_count;
	/* License of the profile: what it forbids, NULL: no such license or none named. */
	const struct license *license;
};

struct grant {
	enum permission permission;
	/* via: profile, set or group name; by and at also where a set or group was assigned directly. */
	struct origin origin;
	const char *set;      /* the set inside a group; NULL otherwise */
	bool muted;           /* granted inside a group and muted there: not effective by this grant */
};

struct effective {
	uint32_t permissions;
	uint32_t forbidden;   /* held although the license forbids them: a configuration fault (rules 3.2) */
	/*
	 * One origin an effective permission, for because-lines: the profile's, else a direct assignment,
	 * else the set's, else the group's that is first by name, whatever the order of the input.
	 */
	struct origin first[PERMISSION_COUNT];
	/* Every grantor, in the order profile, direct, sets, groups; grant_count may stop at GRANTS_MAX. */
	size_t grant_count;
	struct grant grants[GRANTS_MAX];
	bool grants_cut;
};

/*
 * Pure. A set bound to another license than the profile's does not apply (its grants are left out).
 * Direct assignments are keys of permissions (permission_from_name()); an unknown one is ignored here:
 * lib/auth reports it as a fault of this user.
 */
void
effective_compute(const struct effective_input *input, struct effective *ret_effective);

#endif
