/* What a configuration makes of somebody: as a login would find it, from the files and what is assigned. */
#ifndef SFMFA_CLI_OUTLOOK_H
#define SFMFA_CLI_OUTLOOK_H

#include "base/nss.h"
#include "config/config.h"
#include "model/holding.h"
#include "model/user.h"

/* What the store has of them (name, is_virtual, profile, app.state, assignments), and the name service. */
struct someone {
	struct user_record record;
	bool known;           /* by the name service */
	struct nss_user user; /* where known */
};

struct outlook {
	const struct profile *profile; /* owned by the configuration; NULL: there is none */
	uint32_t permissions;
	bool denied;                   /* the configuration is at fault for them (rules 3.2, 3.4) */
	char fault[FAULT_TEXT_SIZE];
};

/* Asks the name service for the groups the configuration names. */
void
outlook_find(const struct config *config, const struct someone *someone, struct outlook *ret_outlook);

#endif
