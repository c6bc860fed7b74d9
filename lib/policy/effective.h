/*
 * Effective permissions: profile ∪ direct assignments ∪ sets ∪ (each group: the union of its sets
 * less its muting list, which works inside that group only) (rules 1).
 */
#ifndef SFMFA_POLICY_EFFECTIVE_H
#define SFMFA_POLICY_EFFECTIVE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "model/holding.h"

#define GRANTS_MAX 256

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
 * Direct assignments are keys of permissions (permission_from_name()); an unknown one is ignored here: the
 * holding has it as its fault.
 */
void
effective_compute(const struct holding *holding, struct effective *ret_effective);

/*
 * Whether this user's logins are DENY configuration (rules 3.2, 3.4), and why: the fault of the holding; a
 * Unix group that cannot be resolved where membership could change what the user may do; a permission that
 * the license forbids. The first is the one that is told.
 */
bool
effective_find_fault(const struct holding *holding, const struct effective *effective,
                     char ret_text[FAULT_TEXT_SIZE]);

#endif
