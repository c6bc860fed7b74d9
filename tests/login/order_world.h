/*
 * A small world for test_order.c: three profiles, three permission sets, two groups that mute, two Unix
 * groups that somebody may be in. The files of its roles can be given every name, their lists every order.
 */
#ifndef TESTS_LOGIN_ORDER_WORLD_H
#define TESTS_LOGIN_ORDER_WORLD_H

#include "fixture.h"

#define PROFILES 3 /* in the order of their priorities; the last is the default */
#define SETS     3 /* the second is for the license of the second profile */
#define GROUPS   2
#define NAMINGS  72 /* 3! * 3! * 2: who has which file name */
#define ORDERS   64 /* a bit for each kind of list: turned round */
#define RENAMED  64 /* one more bit: the Unix groups have each other's names */

/* The lists have two entries each, so that turned round or not are all their orders. */
struct role {
	const char *before; /* plain lines */
	const char *permissions[2], *users[2], *groups[2];
	int sets[2];           /* groups only */
	const char *muting[2]; /* groups only */
};

extern const struct role profile_roles[PROFILES], set_roles[SETS], group_roles[GROUPS];

/* All orders of three things. */
extern const int threes[6][3];

/* What file name each role has, and which lists are turned round. */
struct world {
	const int *profiles, *sets; /* PROFILES, SETS of them */
	int groups[GROUPS];
	unsigned turned;
};

void world_init(struct world *world, unsigned naming, unsigned turned);
/* Writes the files of the world and puts them in force. */
void world_load(const struct world *world, struct fixture *f);

/* "p0": the name of a profile ('p'), set ('s') or group ('g') by the number it has in a world. */
void world_name(char kind, int place, char ret_name[8]);
/* What one of the Unix groups of the roles is called in a world. */
const char *world_unix_name(const struct world *world, const char *group);

#endif
