/*
 * A store with many users and events, made in seconds: two transactions of SQL beside the store, on a schema that the
 * store itself has made. The store must not be in use meanwhile.
 */
#ifndef SFMFA_TESTS_POPULATION_H
#define SFMFA_TESTS_POPULATION_H

#include <stdbool.h>
#include <stdint.h>

struct population {
	int64_t users;  /* named user0000001 …, each with an app, a guard and ten recovery codes */
	int64_t events; /* the newest at the time given, the oldest 30 days before */
	int64_t newest; /* Unix seconds */
};

/*
 * What is in it, whatever the size: of 10 users 8 have completed their app, one is pending, one has none; of 10 one
 * has two security tokens, of 20 one an assigned profile (mfa), of 1000 one is frozen and one locked. The events are
 * spread over the users, one of 100 is of user0000001, one of 50 an act of administration; one of 1000 has the
 * reason locked-out, one of 20 is of an API login. False: reported on stderr.
 */
bool
population_fill(const char *folder, const struct population *population);

#endif
