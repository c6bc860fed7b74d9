/* Which profile, sets and groups of a configuration a user has (rules 1, 3.4). */
#ifndef SFMFA_CONFIG_HOLDING_H
#define SFMFA_CONFIG_HOLDING_H

#include "config/config.h"
#include "model/holding.h"

struct holder {
	const struct user_record *record; /* the name, and what is assigned; must outlive the holding */
	bool known; /* false: treated as somebody to whom only default_profile applies */
	/* NULL: groups are never asked (uid 0, virtual users). */
	const struct memberships *memberships;
};

/*
 * ret_holding is large (some 10 KiB). SFMFA_ERR_CONFIG: there is no profile at all. What is wrong with this
 * user alone is a fault of the holding, not an error.
 */
enum sfmfa_err
config_find_holding(const struct config *config, const struct holder *holder,
                    struct holding *ret_holding) SFMFA_MUST_USE;

/* Memberships in which no group could be resolved: of somebody whose groups were not asked for. */
void
config_doubt_memberships(const struct config *config, struct memberships *ret_memberships);

#endif
