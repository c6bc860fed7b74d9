/*
 * Many users looked up at once: a name service that asks over a network answers one at a time in milliseconds,
 * several together in the same time.
 */
#ifndef SFMFA_CLI_RESOLVE_H
#define SFMFA_CLI_RESOLVE_H

#include <stddef.h>

#include "base/nss.h"

struct resolved {
	const char *typed;
	enum nss_status status; /* filled in */
	struct nss_user user;   /* filled in where known */
};

/* Returns when each is filled in. */
void
resolve_users(struct resolved users[], size_t count);

#endif
