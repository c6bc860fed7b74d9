#include "policy/restriction.h"

static bool
over_midnight(const struct day_hours *day)
{
	return day->named && !day->closed && day->from > day->to;
}

/* The part of a day's own line that lies on that day. */
static bool
open_by_own_line(const struct day_hours *day, unsigned minute)
{
	if (!day->named)
		return true;
	if (day->closed)
		return false;
	if (over_midnight(day))
		return minute >= day->from;
	return minute >= day->from && minute < day->to;
}

bool
restriction_hours_open(const struct login_hours *hours, const struct local_time *now)
{
	const struct day_hours *yesterday;

	if (!hours->set)
		return true;
	/* A moment that no clock shows is outside all hours. */
	if (now->weekday >= WEEKDAYS || now->minute >= MINUTES_PER_DAY)
		return false;
	if (open_by_own_line(&hours->days[now->weekday], now->minute))
		return true;
	yesterday = &hours->days[(now->weekday + WEEKDAYS - 1) % WEEKDAYS];
	return over_midnight(yesterday) && now->minute < yesterday->to;
}

bool
restriction_ip_allowed(const struct profile *profile, const struct peer *peer)
{
	return !profile->has_ranges || networks_contain(&profile->ranges, peer);
}
