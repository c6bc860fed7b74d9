#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <criterion/criterion.h>

#include "auth/env.h"
#include "auth/tz.h"
#include "policy/restriction.h"

static const char *const zones[] = { "UTC",
				     "Europe/Paris",
				     "Europe/Dublin",
				     "America/New_York",
				     "Asia/Kolkata",
				     "Asia/Kathmandu",
				     "Australia/Lord_Howe",
				     "Pacific/Auckland",
				     "America/Sao_Paulo",
				     "Asia/Tokyo",
				     "America/St_Johns",
				     "Africa/Casablanca" };

static void
assert_as_the_c_library(const char *zone, int64_t at)
{
	struct local_time local;
	struct tm tm;
	time_t seconds = (time_t)at;

	cr_assert_eq(clock_local_time(zone, at, &local), SFMFA_OK, "%s", zone);
	cr_assert_not_null(localtime_r(&seconds, &tm));
	cr_assert_eq(local.minute, (unsigned)(tm.tm_hour * 60 + tm.tm_min), "%s at %lld: %u", zone,
		     (long long)at, local.minute);
	cr_assert_eq(local.weekday, (unsigned)((tm.tm_wday + 6) % 7), "%s at %lld", zone, (long long)at);
}

/* The C library is the reference; through TZ, which only a test may set. */
Test(tz, every_zone_reads_as_in_the_c_library_over_thirty_years)
{
	for (size_t z = 0; z < sizeof(zones) / sizeof(zones[0]); z++) {
		setenv("TZ", zones[z], 1);
		tzset();
		/* A step that drifts through weekdays and hours, past the last transition in the file. */
		for (int64_t at = 788918400; at < INT64_C(2600000000); at += 500009)
			assert_as_the_c_library(zones[z], at);
	}
}

Test(tz, both_changes_of_summer_time_come_at_their_second)
{
	/* Europe/Paris 2026: 29 March 01:00 UTC, 25 October 01:00 UTC. */
	static const int64_t changes[] = { 1774746000, 1792890000 };
	struct local_time before, after;

	cr_assert_eq(clock_local_time("Europe/Paris", changes[0] - 1, &before), SFMFA_OK);
	cr_assert_eq(clock_local_time("Europe/Paris", changes[0], &after), SFMFA_OK);
	cr_assert_eq(before.minute, 119);
	cr_assert_eq(after.minute, 180);
	cr_assert_eq(after.weekday, 6);
	cr_assert_eq(clock_local_time("Europe/Paris", changes[1] - 1, &before), SFMFA_OK);
	cr_assert_eq(clock_local_time("Europe/Paris", changes[1], &after), SFMFA_OK);
	cr_assert_eq(before.minute, 179);
	cr_assert_eq(after.minute, 120);
}

Test(tz, a_name_that_is_no_zone_is_refused)
{
	static const char *const names[] = {
		"",       "Europe/Atlantis", "/etc/passwd", "../../../etc/passwd",
		"Europe", "Europe/Paris\n",  "zone.tab",    "Europe/../UTC"
	};
	struct local_time local;

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		cr_assert_eq(clock_local_time(names[i], 1700000000, &local), SFMFA_ERR_CONFIG, "%s",
			     names[i]);
}

Test(tz, a_file_cut_at_any_byte_is_refused_or_read_within_its_bounds)
{
	unsigned char bytes[8192];
	FILE *file = fopen("/usr/share/zoneinfo/Europe/Paris", "r");
	int64_t offset;

	cr_assert_not_null(file);
	size_t size = fread(bytes, 1, sizeof(bytes), file);
	fclose(file);
	cr_assert_eq(tz_offset(bytes, size, 1700000000, &offset), SFMFA_OK);
	cr_assert_eq(offset, 3600);
	for (size_t cut = 0; cut < size; cut++) {
		/* Exactly as long as the cut, so that a sanitizer sees a byte too many. */
		unsigned char *part = malloc(cut > 0 ? cut : 1);
		cr_assert_not_null(part);
		memcpy(part, bytes, cut);
		enum sfmfa_err err = tz_offset(part, cut, 1700000000, &offset);
		cr_assert(err == SFMFA_OK || err == SFMFA_ERR_INVALID);
		free(part);
	}
	cr_assert_eq(tz_offset(bytes, 100, 1700000000, &offset), SFMFA_ERR_INVALID);
}

Test(tz, posix_rules_are_read_strictly)
{
	static const char *const wrong[] = { "",
					     "CE-1",
					     "CET",
					     "CET-1CEST",
					     "CET-1CEST,M3.5.0",
					     "CET-1CEST,M13.5.0,M10.5.0",
					     "CET-1CEST,M3.6.0,M10.5.0",
					     "CET-1CEST,J0,J300",
					     "<+03-3",
					     "CET-1CEST,M3.5.0,M10.5.0x",
					     "CET-999" };
	int64_t offset;

	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
		cr_assert_eq(tz_posix_offset(wrong[i], 1700000000, &offset), SFMFA_ERR_INVALID, "%s",
			     wrong[i]);
	cr_assert_eq(tz_posix_offset("<+0545>-5:45", 1700000000, &offset), SFMFA_OK);
	cr_assert_eq(offset, 20700);
	cr_assert_eq(tz_posix_offset("EST5EDT,M3.2.0,M11.1.0", 1690000000, &offset), SFMFA_OK);
	cr_assert_eq(offset, -14400);
	/* The southern half of the world: summer runs over the turn of the year. */
	cr_assert_eq(tz_posix_offset("NZST-12NZDT,M9.5.0,M4.1.0/3", 1700000000, &offset), SFMFA_OK);
	cr_assert_eq(offset, 46800);
	cr_assert_eq(tz_posix_offset("NZST-12NZDT,J270,95", 1690000000, &offset), SFMFA_OK);
	cr_assert_eq(offset, 43200);
}

Test(tz, the_clock_of_the_system_has_both_readings)
{
	char boot_id[BOOT_ID_SIZE] = "";
	struct clock clock = clock_system(boot_id);
	struct moment now;

	cr_assert_eq(clock.now(clock.data, &now), SFMFA_OK);
	cr_assert_gt(now.wall, 1700000000);
	cr_assert_gt(now.boot, 0);
	cr_assert_eq(strlen(now.boot_id), 36);
	/* The second time it is not read from the system. */
	boot_id[0] = '*';
	cr_assert_eq(clock.now(clock.data, &now), SFMFA_OK);
	cr_assert_eq(now.boot_id[0], '*');
}
