/*
 * Profiles, permission sets and permission set groups as values: who they are for and what they
 * grant (rules 1). Owned by the configuration snapshot.
 */
#ifndef SFMFA_MODEL_PROFILE_H
#define SFMFA_MODEL_PROFILE_H

#include <stdbool.h>
#include <stdint.h>

#include "model/permission.h"
#include "model/settings.h"

/* Minutes of a local day during which logins are allowed. */
#define MINUTES_PER_DAY 1440
#define WEEKDAYS        7 /* 0 = Monday … 6 = Sunday */
struct day_hours {
	bool named;   /* false: the whole day is open */
	bool closed;
	unsigned from, to; /* minutes; from > to: over midnight into the next day, to itself excluded */
};
struct login_hours {
	bool set; /* false: always */
	char zone[NAME_SIZE];
	struct day_hours days[WEEKDAYS];
	struct origin origin;
};

struct members {
	struct words users;
	struct words groups;
};

struct profile {
	char name[NAME_SIZE];
	char label[LABEL_SIZE];
	char license[NAME_SIZE]; /* "" = none */
	int64_t priority;        /* lower wins, then name */
	uint32_t permissions;
	struct origin permission_origins[PERMISSION_COUNT];
	struct members members;
	struct login_hours hours;
	bool has_ranges;
	struct networks ranges;
	struct origin ranges_origin;
	enum level required_level;
	struct origin required_level_origin;
	struct api_settings api; /* host-wide, with the profile's overrides */
	struct origin origin;    /* the file */
};

struct permission_set {
	char name[NAME_SIZE];
	char label[LABEL_SIZE];
	char license[NAME_SIZE]; /* "" = every user */
	uint32_t permissions;
	struct origin permission_origins[PERMISSION_COUNT];
	struct members members;
	struct origin origin;
};

struct permission_set_group {
	char name[NAME_SIZE];
	char label[LABEL_SIZE];
	const struct permission_set *sets[SETS_PER_GROUP_MAX];
	size_t set_count;
	uint32_t muting;
	struct members members;
	struct origin origin;
};

#endif
