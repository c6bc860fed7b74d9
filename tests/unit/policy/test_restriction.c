/* Login hours, minute by minute over a whole week, and login IP ranges. */
#include <criterion/criterion.h>

#include "policy/restriction.h"

#define MON 0
#define TUE 1
#define SUN 6

/* How many minutes of a weekday are open. */
static unsigned
open_minutes(const struct login_hours *hours, unsigned weekday)
{
	unsigned count = 0;

	for (unsigned minute = 0; minute < MINUTES_PER_DAY; minute++) {
		struct local_time now = {weekday, minute};

		count += restriction_hours_open(hours, &now) ? 1 : 0;
	}
	return count;
}

static bool
open_at(const struct login_hours *hours, unsigned weekday, unsigned hour, unsigned minute)
{
	struct local_time now = {weekday, hour * 60 + minute};

	return restriction_hours_open(hours, &now);
}

Test(hours, a_profile_without_hours_is_open_all_week)
{
	struct login_hours hours = {.set = false, .days = {[MON] = {.named = true, .closed = true}}};

	for (unsigned day = 0; day < WEEKDAYS; day++)
		cr_expect_eq(open_minutes(&hours, day), (unsigned)MINUTES_PER_DAY);
}

Test(hours, the_first_minute_belongs_to_a_line_and_the_last_does_not)
{
	struct login_hours hours = {.set = true, .days = {[MON] = {.named = true, .from = 480, .to = 1080}}};

	cr_expect_eq(open_minutes(&hours, MON), 600U);
	cr_expect_not(open_at(&hours, MON, 7, 59));
	cr_expect(open_at(&hours, MON, 8, 0));
	cr_expect(open_at(&hours, MON, 17, 59));
	cr_expect_not(open_at(&hours, MON, 18, 0));
	cr_expect_eq(open_minutes(&hours, TUE), (unsigned)MINUTES_PER_DAY, "a day that is not named is open");
}

Test(hours, a_line_over_midnight_reaches_into_the_next_day)
{
	struct login_hours hours = {
		.set = true,
		.days = {
			[MON] = {.named = true, .from = 1320, .to = 360},
			[TUE] = {.named = true, .closed = true},
		},
	};

	cr_expect_eq(open_minutes(&hours, MON), 120U);
	cr_expect_eq(open_minutes(&hours, TUE), 360U, "the rest of Monday's line, though Tuesday is closed");
	cr_expect_not(open_at(&hours, MON, 21, 59));
	cr_expect(open_at(&hours, MON, 22, 0));
	cr_expect(open_at(&hours, TUE, 5, 59));
	cr_expect_not(open_at(&hours, TUE, 6, 0));
}

Test(hours, a_line_over_midnight_on_sunday_reaches_into_monday)
{
	struct login_hours hours = {
		.set = true,
		.days = {
			[SUN] = {.named = true, .from = 1380, .to = 60},
			[MON] = {.named = true, .from = 540, .to = 600},
		},
	};

	cr_expect_eq(open_minutes(&hours, MON), 120U);
	cr_expect(open_at(&hours, MON, 0, 59));
	cr_expect_not(open_at(&hours, MON, 1, 0));
	cr_expect(open_at(&hours, MON, 9, 0));
}

Test(hours, a_closed_day_is_closed_and_a_whole_day_is_whole)
{
	struct login_hours hours = {
		.set = true,
		.days = {
			[MON] = {.named = true, .closed = true, .from = 0, .to = MINUTES_PER_DAY},
			[TUE] = {.named = true, .from = 0, .to = MINUTES_PER_DAY},
		},
	};

	cr_expect_eq(open_minutes(&hours, MON), 0U);
	cr_expect_eq(open_minutes(&hours, TUE), (unsigned)MINUTES_PER_DAY);
}

Test(hours, a_line_up_to_midnight_does_not_reach_further)
{
	struct login_hours hours = {
		.set = true,
		.days = {
			[MON] = {.named = true, .from = 1320, .to = 0},
			[TUE] = {.named = true, .closed = true},
		},
	};

	cr_expect_eq(open_minutes(&hours, MON), 120U);
	cr_expect_eq(open_minutes(&hours, TUE), 0U);
}

Test(hours, a_line_from_a_minute_to_itself_is_empty)
{
	struct login_hours hours = {
		.set = true,
		.days = {
			[MON] = {.named = true, .from = 480, .to = 480},
			[TUE] = {.named = true, .closed = true},
		},
	};

	cr_expect_eq(open_minutes(&hours, MON), 0U);
	cr_expect_eq(open_minutes(&hours, TUE), 0U);
}

Test(hours, a_moment_that_no_clock_shows_is_outside)
{
	struct login_hours hours = {.set = true};

	cr_expect_not(open_at(&hours, WEEKDAYS, 0, 0));
	cr_expect_not(open_at(&hours, MON, 24, 0));
	cr_expect(open_at(&hours, MON, 23, 59));
}

Test(ranges, a_profile_without_ranges_allows_every_peer)
{
	struct profile profile = {.has_ranges = false};
	struct peer peer = {.kind = PEER_UNKNOWN};

	cr_expect(restriction_ip_allowed(&profile, &peer));
}

Test(ranges, a_profile_with_ranges_allows_what_is_in_one)
{
	struct profile profile = {.has_ranges = true};
	struct peer peer;

	peer_from_rhost(&peer, "10.1.2.3", false);
	cr_expect_not(restriction_ip_allowed(&profile, &peer), "an empty list holds nobody");
	cr_assert_eq(network_parse("10.0.0.0/8", &profile.ranges.items[0]), SFMFA_OK);
	profile.ranges.count = 1;
	cr_expect(restriction_ip_allowed(&profile, &peer));
	peer_from_rhost(&peer, "11.1.2.3", false);
	cr_expect_not(restriction_ip_allowed(&profile, &peer));
	peer_from_rhost(&peer, "ten.example.com", false);
	cr_expect_not(restriction_ip_allowed(&profile, &peer), "a name is in no range");
	peer_from_rhost(&peer, NULL, true);
	cr_expect_not(restriction_ip_allowed(&profile, &peer), "the console is not in 10.0.0.0/8");
}

Test(hours, a_closed_day_does_not_reach_over_midnight_whatever_its_line_held)
{
	struct login_hours hours = {
		.set = true,
		.days = {
			[MON] = {.named = true, .closed = true, .from = 1320, .to = 120},
			[TUE] = {.named = true, .from = 480, .to = 1080},
		},
	};

	cr_expect_eq(open_minutes(&hours, MON), 0U);
	cr_expect_eq(open_minutes(&hours, TUE), 600U);
}
