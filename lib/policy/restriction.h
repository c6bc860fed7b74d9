/* Login hours and login IP ranges as pure tests. */
#ifndef SFMFA_POLICY_RESTRICTION_H
#define SFMFA_POLICY_RESTRICTION_H

#include <stdbool.h>

#include "model/network.h"
#include "model/profile.h"

/* A moment on a wall clock of the profile's zone; made by lib/auth, so that policy reads no clock. */
struct local_time {
	unsigned weekday; /* 0 = Monday */
	unsigned minute;  /* of the day, 0–1439 */
};

/*
 * "08:00-18:00": 08:00 belongs to it, 18:00 does not. Over midnight ("22:00-06:00" on Monday): from
 * Monday 22:00 to Tuesday 06:00; the part before midnight belongs to Monday's line, the part after it to
 * Monday's too. "closed": no minute of that day by its own line. A day that is not named is open whole.
 */
bool
restriction_hours_open(const struct login_hours *hours, const struct local_time *now);

/* True if the profile has no ranges or the peer is in one. */
bool
restriction_ip_allowed(const struct profile *profile, const struct peer *peer);

#endif
