/* login_hours of a profile. */
#ifndef SFMFA_CONFIG_HOURS_H
#define SFMFA_CONFIG_HOURS_H

#include "config/values.h"

#define HOURS_ZONE_FOLDER "/usr/share/zoneinfo"

/*
 * Whether the zone is a file of HOURS_ZONE_FOLDER. libc takes an unknown name for UTC without a word,
 * so hours of a misspelt zone would be somebody else's hours.
 */
bool
hours_is_zone(const char *zone);

enum sfmfa_err
hours_read(const struct reader *reader, const config_setting_t *group,
	   struct login_hours *ret_hours) SFMFA_MUST_USE;

#endif
