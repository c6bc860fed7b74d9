/*
 * Login hours from the line of a file to the verdict of a login, where clocks are put forward and back,
 * where a day is closed, and where the zone is half an hour off.
 */
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <unistd.h>

#include "fixture.h"

#define DAY     1440                /* minutes */
#define FORWARD INT64_C(1774746000) /* Europe/Paris, Sunday 29 March 2026: 02:00 becomes 03:00 */
#define BACK    INT64_C(1792890000) /* Europe/Paris, Sunday 25 October 2026: 03:00 becomes 02:00 */
/* The same of 2050, which no file lists and a rule tells. */
#define FORWARD_LATER INT64_C(2531955600)
#define BACK_LATER    INT64_C(2550704400)
#define MONDAY        INT64_C(1780272000) /* 1 June 2026, 00:00 UTC */

static struct fixture f;

static void
start(void)
{
	fixture_start(&f, "\"api-enabled\"", "");
}

static void
finish(void)
{
	fixture_finish(&f);
}

TestSuite(login_hours, .init = start, .fini = finish);

/* Nothing is owed, so that a denial is told at once. */
static void
set_hours(const char *zone, const char *lines)
{
	char text[512], path[256];
	struct config_options options = { .file = path, .owner = getuid() };
	struct diag diag = { 0 };

	snprintf(text, sizeof(text),
		 "permissions = [ \"api-enabled\" ];\nlogin_hours = { zone = \"%s\"; %s };\n", zone, lines);
	fixture_file(&f, "profiles.d/standard.conf", text);
	snprintf(path, sizeof(path), "%s/sfmfa.conf", f.dir);
	config_release(f.env.config);
	cr_assert_eq(config_load(&options, &f.env.config, &diag), SFMFA_OK, "%s:%u: %s", diag.file, diag.line,
		     diag.text);
}

static bool
is_open(int64_t at)
{
	f.now = at;
	f.event_count = 0;
	struct login_result result = fixture_ui(&f, "alice", NULL);
	if (result.auth == OUTCOME_ALLOW)
		return true;
	assert_denied(&f, &result, OUTCOME_FORBIDDEN, REASON_LOGIN_HOURS);
	return false;
}

/* How many of so many minutes, beginning with this one, are open; and from which one on. */
static int
count_open(int64_t begin, int minutes, int *ret_first)
{
	int count = 0;

	*ret_first = -1;
	for (int i = 0; i < minutes; i++) {
		if (!is_open(begin + INT64_C(60) * i))
			continue;
		if (count++ == 0)
			*ret_first = i;
	}
	return count;
}

struct span {
	const char *zone, *lines;
	int64_t begin; /* local midnight, unless it is said */
	int minutes;   /* of real time */
	int first, open;
};

static const struct span forward[] = {
	/* The day has 23 hours; minutes of real time since its midnight. */
	{ "Europe/Paris", "", FORWARD - 7200, 23 * 60, 0, 23 * 60 },
	{ "Europe/Paris", "sun = \"02:00-03:00\";", FORWARD - 7200, 23 * 60, -1, 0 },
	{ "Europe/Paris", "sun = \"02:15-02:45\";", FORWARD - 7200, 23 * 60, -1, 0 },
	{ "Europe/Paris", "sun = \"01:30-02:30\";", FORWARD - 7200, 23 * 60, 90, 30 },
	{ "Europe/Paris", "sun = \"02:30-03:30\";", FORWARD - 7200, 23 * 60, 120, 30 },
	{ "Europe/Paris", "sun = \"01:00-04:00\";", FORWARD - 7200, 23 * 60, 60, 120 },
	/* From Saturday 22:00 over midnight, Sunday closed: an hour shorter. */
	{ "Europe/Paris", "sat = \"22:00-06:00\"; sun = \"closed\";", FORWARD - 7200 - 2 * 3600, 25 * 60, 0,
	  420 },
	{ "Europe/Paris", "sat = \"22:00-02:30\"; sun = \"closed\";", FORWARD - 7200 - 2 * 3600, 25 * 60, 0,
	  240 },
	{ "Europe/Paris", "sat = \"closed\"; sun = \"22:00-02:30\";", FORWARD - 7200, 23 * 60, 21 * 60, 120 },
};

static const struct span back[] = {
	/* The day has 25 hours, and the one from 02:00 to 03:00 comes twice. */
	{ "Europe/Paris", "", BACK - 3 * 3600, 25 * 60, 0, 25 * 60 },
	{ "Europe/Paris", "sun = \"02:00-03:00\";", BACK - 3 * 3600, 25 * 60, 120, 120 },
	{ "Europe/Paris", "sun = \"02:15-02:45\";", BACK - 3 * 3600, 25 * 60, 135, 60 },
	{ "Europe/Paris", "sun = \"01:30-02:00\";", BACK - 3 * 3600, 25 * 60, 90, 30 },
	{ "Europe/Paris", "sun = \"03:00-03:30\";", BACK - 3 * 3600, 25 * 60, 240, 30 },
	{ "Europe/Paris", "sat = \"22:00-06:00\"; sun = \"closed\";", BACK - 5 * 3600, 27 * 60, 0, 540 },
	{ "Europe/Paris", "sat = \"22:00-02:30\"; sun = \"closed\";", BACK - 5 * 3600, 27 * 60, 0, 300 },
};

/* Not by whole hours, and not to whole hours. */
static const struct span odd[] = {
	{ "Australia/Lord_Howe", "sun = \"02:00-02:30\";", 1791041400 - 7200, DAY - 30, -1, 0 },
	{ "Australia/Lord_Howe", "sun = \"01:45-02:45\";", 1791041400 - 7200, DAY - 30, 105, 30 },
	{ "Australia/Lord_Howe", "sun = \"01:30-02:00\";", 1775314800 - 7200, DAY + 30, 90, 60 },
	{ "Pacific/Chatham", "sun = \"02:45-03:45\";", 1790431200 - 9900, DAY - 60, -1, 0 },
	{ "Pacific/Chatham", "sun = \"02:30-04:00\";", 1790431200 - 9900, DAY - 60, 150, 30 },
	{ "America/St_Johns", "sun = \"01:30-03:30\";", 1772947800 - 7200, DAY - 60, 90, 60 },
	{ "Asia/Kolkata", "mon = \"08:00-18:00\";", MONDAY - 19800, DAY, 480, 600 },
	{ "Asia/Kathmandu", "mon = \"08:00-18:00\";", MONDAY - 20700, DAY, 480, 600 },
	/* Minutes since Monday 00:00 UTC: local Monday ends at 18:30 and 18:15. */
	{ "Asia/Kolkata", "tue = \"closed\";", MONDAY, DAY, 0, 18 * 60 + 30 },
	{ "Asia/Kathmandu", "tue = \"closed\";", MONDAY, DAY, 0, 18 * 60 + 15 },
	/* The Friday that Samoa never had: the night before does not reach over it. */
	{ "Pacific/Apia", "thu = \"22:00-06:00\"; fri = \"closed\"; sat = \"08:00-09:00\";",
	  1325239200 - 4 * 3600, 14 * 60, 120, 180 },
};

static const struct span plain[] = {
	{ "UTC", "mon = \"00:00-24:00\"; tue = \"closed\";", MONDAY, 2 * DAY, 0, DAY },
	{ "UTC", "mon = \"22:00-24:00\"; tue = \"closed\";", MONDAY, 2 * DAY, 22 * 60, 120 },
	{ "UTC", "mon = \"22:00-00:00\"; tue = \"closed\";", MONDAY, 2 * DAY, 22 * 60, 120 },
	{ "UTC", "mon = \"23:59-00:01\"; tue = \"closed\";", MONDAY, 2 * DAY, DAY - 1, 2 },
	{ "UTC", "mon = \"00:00-00:01\"; tue = \"closed\";", MONDAY, 2 * DAY, 0, 1 },
	{ "UTC", "mon = \"closed\"; tue = \"closed\";", MONDAY, 2 * DAY, -1, 0 },
	{ "UTC", "mon = \"12:00-11:00\"; tue = \"closed\";", MONDAY, 2 * DAY, 720, 23 * 60 },
	/* What Sunday begins reaches into Monday. */
	{ "UTC", "sun = \"23:00-01:00\"; mon = \"closed\";", MONDAY - 60 * DAY, 2 * DAY, 23 * 60, 120 },
};

static void
check_spans(const struct span *spans, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		int first;

		set_hours(spans[i].zone, spans[i].lines);
		int open = count_open(spans[i].begin, spans[i].minutes, &first);
		cr_expect_eq(open, spans[i].open, "%s %s: %d minutes, not %d", spans[i].zone, spans[i].lines,
			     open, spans[i].open);
		cr_expect_eq(first, spans[i].first, "%s %s: from minute %d, not %d", spans[i].zone,
			     spans[i].lines, first, spans[i].first);
	}
}

#define CHECK_SPANS(spans) check_spans(spans, sizeof(spans) / sizeof(spans[0]))

Test(login_hours, inside_an_hour_that_is_left_out_open_nothing, .timeout = 120)
{
	CHECK_SPANS(forward);
}

Test(login_hours, inside_an_hour_that_comes_twice_open_twice, .timeout = 120)
{
	CHECK_SPANS(back);
}

Test(login_hours, of_zones_that_are_not_whole_hours_off_keep_their_minutes, .timeout = 120)
{
	CHECK_SPANS(odd);
}

Test(login_hours, end_at_their_last_minute_and_reach_over_midnight, .timeout = 120)
{
	CHECK_SPANS(plain);
}

Test(login_hours, change_in_the_very_second_of_the_change)
{
	static const int64_t changes[2][2] = { { FORWARD, BACK }, { FORWARD_LATER, BACK_LATER } };

	for (size_t i = 0; i < 2; i++) {
		int64_t forward_at = changes[i][0], back_at = changes[i][1];

		set_hours("Europe/Paris", "sun = \"03:00-04:00\";");
		cr_expect_not(is_open(forward_at - 1));
		cr_expect(is_open(forward_at), "it is 03:00");
		cr_expect(is_open(forward_at + 3599));
		cr_expect_not(is_open(forward_at + 3600));
		cr_expect_not(is_open(back_at - 1));
		cr_expect_not(is_open(back_at), "it is 02:00 again");
		cr_expect(is_open(back_at + 3600));
		set_hours("Europe/Paris", "sun = \"02:59-03:00\";");
		cr_expect_not(is_open(forward_at - 1));
		cr_expect_not(is_open(forward_at));
		cr_expect(is_open(back_at - 1));
		cr_expect_not(is_open(back_at));
		cr_expect(is_open(back_at + 3599));
	}
}

/* The same moment is Monday in London, Tuesday on Kiritimati and Sunday on Niue. */
Test(login_hours, go_by_the_weekday_of_their_zone)
{
	static const struct {
		const char *zone, *day;
	} rows[] = { { "UTC", "mon" }, { "Pacific/Kiritimati", "tue" }, { "Pacific/Niue", "sun" } };
	static const char *const days[] = { "mon", "tue", "wed", "thu", "fri", "sat", "sun" };
	const int64_t moment = MONDAY + 10 * 3600 + 1800;
	char lines[64];

	for (size_t i = 0; i < 3; i++) {
		for (size_t d = 0; d < WEEKDAYS; d++) {
			snprintf(lines, sizeof(lines), "%s = \"closed\";", days[d]);
			set_hours(rows[i].zone, lines);
			cr_expect_eq(is_open(moment), strcmp(days[d], rows[i].day) != 0, "%s in %s", lines,
				     rows[i].zone);
		}
	}
	set_hours("Pacific/Kiritimati", "mon = \"closed\";");
	cr_expect_not(is_open(MONDAY + 10 * 3600 - 1));
	cr_expect(is_open(MONDAY + 10 * 3600), "midnight on Kiritimati");
}

/* ---- what is unknown denies ------------------------------------------------------------------------ */

static void
expect_denied(int64_t at, enum outcome outcome, enum reason reason)
{
	f.now = at;
	f.event_count = 0;
	struct login_result result = fixture_ui(&f, "alice", NULL);
	assert_denied(&f, &result, outcome, reason);
}

Test(login_hours, of_a_zone_that_was_removed_deny_until_it_is_back)
{
	set_hours("Europe/Paris", "");
	cr_assert(is_open(MONDAY));
	if (geteuid() != 0 || unshare(CLONE_NEWNS) != 0 ||
	    mount(NULL, "/", "none", MS_REC | MS_PRIVATE, NULL) != 0) {
		/* Nothing is taken down after a test that is skipped. */
		finish();
		cr_skip_test("needs a mount namespace");
	}
	cr_assert_eq(mount("none", "/usr/share/zoneinfo", "tmpfs", 0, NULL), 0);
	expect_denied(MONDAY, OUTCOME_CONFIGURATION, REASON_CONFIGURATION);
	cr_assert_eq(umount("/usr/share/zoneinfo"), 0);
	cr_assert(is_open(MONDAY));
}

/* No profile with hours: no zone is asked, and no clock is too far. */
Test(login_hours, that_are_not_set_ask_no_zone)
{
	static const int64_t moments[] = { 0, 1, MONDAY, INT64_C(1) << 40 };

	for (size_t i = 0; i < sizeof(moments) / sizeof(moments[0]); i++)
		cr_expect(is_open(moments[i]));
}

Test(login_hours, at_times_that_no_calendar_has_are_denied_for_the_clock)
{
	static const int64_t moments[] = { -1, 0, 86400, INT64_C(253402300800), INT64_C(1) << 40, INT64_MAX };
	static const char *const zones[] = { "UTC", "Europe/Paris", "Asia/Kathmandu", "Africa/Casablanca" };

	for (size_t z = 0; z < sizeof(zones) / sizeof(zones[0]); z++) {
		set_hours(zones[z], "");
		for (size_t i = 0; i < sizeof(moments) / sizeof(moments[0]); i++)
			expect_denied(moments[i], OUTCOME_UNAVAILABLE, REASON_CLOCK);
		cr_expect(is_open(INT64_C(253402300799)), "the last second of the year 9999");
	}
}
