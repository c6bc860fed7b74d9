/*
 * Everybody a configuration can be about: users whom the store knows, with what is assigned to them; users
 * of the system; users whom a members list names. Each once, in no order.
 */
#ifndef SFMFA_CLI_PEOPLE_H
#define SFMFA_CLI_PEOPLE_H

#include "cli.h"
#include "outlook.h"

struct people {
	void (*visit)(const struct someone *someone, void *data);
	void *data;
};

/*
 * Asks the daemon, then the name service for its own list (which LDAP may keep to itself), then for the users
 * that members lists of the configurations name. Anything but STATUS_DONE has been reported on stderr.
 */
enum exit_status
people_walk(const struct cli *cli, const struct config *const configs[], size_t count, const struct people *people);

#endif
