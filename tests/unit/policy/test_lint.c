/* What is legal in a configuration but means trouble. */
#include <criterion/criterion.h>
#include <string.h>

#include "policy/lint.h"

#define UI   PERMISSION_BIT(PERMISSION_MFA_UI_LOGINS)
#define API  PERMISSION_BIT(PERMISSION_MFA_API_LOGINS)
#define ON   PERMISSION_BIT(PERMISSION_API_ENABLED)
#define ONLY PERMISSION_BIT(PERMISSION_API_ONLY_USER)

static struct lint lint;

static char alice[] = "alice";
static char *alice_list[] = {alice};
#define ALICE {.users = {alice_list, 1}}

/* The finding whose text contains this, NULL: none. */
static const struct lint_finding *
found(const char *text)
{
	for (size_t i = 0; i < lint.count; i++) {
		if (strstr(lint.items[i].text, text) != NULL)
			return &lint.items[i];
	}
	return NULL;
}

#define EXPECT_FOUND(want, text) \
	do { \
		const struct lint_finding *finding_ = found(text); \
		cr_assert_not_null(finding_, "%s", text); \
		cr_expect_str_eq(lint_severity_key(finding_->severity), lint_severity_key(want)); \
	} while (0)

Test(lint, the_shipped_profiles_are_without_a_finding)
{
	struct license license = {.name = "limited-access-free", .forbids = UI};
	struct settings settings = {.licenses = &license, .license_count = 1};
	struct profile profiles[] = {
		{.name = "standard", .license = "full", .permissions = ON},
		{.name = "mfa", .license = "full", .permissions = ON | UI},
		{.name = "mfa-api", .license = "full", .permissions = ON | UI | API},
		{.name = "integration", .license = "full", .permissions = ON | ONLY | UI | API},
	};
	struct lint_input input = {.settings = &settings, .profiles = profiles, .profile_count = 4};

	lint_check(&input, &lint);
	cr_expect_eq(lint.count, 0U, "%s", lint.items[0].text);
}

Test(lint, a_profile_without_the_prerequisite)
{
	struct settings settings = {.license_count = 0};
	struct profile profile = {.name = "p", .permissions = ON | API};
	struct lint_input input = {.settings = &settings, .profiles = &profile, .profile_count = 1};

	profile.permission_origins[PERMISSION_MFA_API_LOGINS] =
		(struct origin){.kind = ORIGIN_FILE, .file = "p.conf", .line = 12};
	lint_check(&input, &lint);
	EXPECT_FOUND(LINT_ERROR, "profile p has mfa-api-logins, which requires mfa-ui-logins");
	cr_expect_eq(lint.items[0].origin.line, 12U);
}

Test(lint, a_profile_and_a_set_that_their_license_forbids)
{
	struct license license = {.name = "free", .forbids = UI};
	struct settings settings = {.licenses = &license, .license_count = 1};
	struct profile profile = {.name = "p", .license = "free", .permissions = ON | UI};
	struct permission_set set = {.name = "s", .license = "free", .permissions = UI, .members = ALICE};
	struct lint_input input = {
		.settings = &settings,
		.profiles = &profile,
		.profile_count = 1,
		.sets = &set,
		.set_count = 1,
	};

	lint_check(&input, &lint);
	cr_expect_eq(lint.count, 2U);
	EXPECT_FOUND(LINT_ERROR, "the license of this profile forbids mfa-ui-logins");
	EXPECT_FOUND(LINT_ERROR, "the license of this permission set forbids mfa-ui-logins");
}

Test(lint, api_only_users_who_can_do_nothing)
{
	struct settings settings = {.license_count = 0};
	struct profile profiles[] = {
		{.name = "nothing", .permissions = ONLY | UI},
		{.name = "never", .permissions = ONLY | ON | UI | API | PERMISSION_BIT(PERMISSION_WAIVE_MFA)},
	};
	struct lint_input input = {.settings = &settings, .profiles = profiles, .profile_count = 2};

	lint_check(&input, &lint);
	EXPECT_FOUND(LINT_WARNING, "nothing has api-only-user without api-enabled");
	EXPECT_FOUND(LINT_WARNING, "never owes no factor in the UI");
	EXPECT_FOUND(LINT_INFO, "never has both mfa-ui-logins and waive-mfa");
}

Test(lint, what_keeps_everybody_out)
{
	struct profile profile = { .name = "p", .origin = { .file = "p.conf" } };
	struct lint_barrier barrier;

	cr_assert_not(lint_find_barrier(&profile, PERMISSION_BIT(PERMISSION_API_ENABLED), &barrier));
	cr_assert(lint_find_barrier(&profile, PERMISSION_BIT(PERMISSION_API_ONLY_USER), &barrier));
	cr_assert_str_eq(barrier.origin.file, "p.conf");
	profile.hours = (struct login_hours){ .set = true, .origin = { .file = "p.conf", .line = 7 } };
	cr_assert_not(lint_find_barrier(&profile, 0, &barrier), "days that are not named are open");
	for (unsigned i = 0; i < WEEKDAYS; i++)
		profile.hours.days[i] = (struct day_hours){ .named = true, .closed = true };
	cr_assert(lint_find_barrier(&profile, 0, &barrier));
	cr_assert_eq(barrier.origin.line, 7);
	profile.hours.days[3].closed = false;
	cr_assert_not(lint_find_barrier(&profile, 0, &barrier));
}

Test(lint, sets_that_reach_nobody)
{
	struct settings settings = {.license_count = 0};
	struct profile profile = {.name = "p", .license = "full"};
	struct permission_set sets[] = {
		{.name = "typo", .license = "ful", .permissions = UI, .members = ALICE},
		{.name = "direct", .license = "full", .permissions = UI},
		{.name = "inside", .permissions = API},
	};
	struct permission_set_group group = {
		.name = "g",
		.sets = {&sets[2]},
		.set_count = 1,
		.members = ALICE,
	};
	struct lint_input input = {
		.settings = &settings,
		.profiles = &profile,
		.profile_count = 1,
		.sets = sets,
		.set_count = 3,
		.groups = &group,
		.group_count = 1,
	};

	lint_check(&input, &lint);
	EXPECT_FOUND(LINT_WARNING, "no profile has the license ful of this permission set");
	EXPECT_FOUND(LINT_INFO, "permission set direct names no members");
	EXPECT_FOUND(LINT_INFO, "permission set inside has mfa-api-logins alone");
	cr_expect_null(found("inside names no members"), "it is in a group");
	cr_expect_null(found("typo names no members"));
}

Test(lint, muting_that_leaves_a_permission_without_its_prerequisite)
{
	struct settings settings = {.license_count = 0};
	struct permission_set set = {.name = "s", .permissions = UI | API};
	struct permission_set_group groups[] = {
		{.name = "bad", .sets = {&set}, .set_count = 1, .muting = UI, .members = ALICE},
		{.name = "good", .sets = {&set}, .set_count = 1, .muting = UI | API, .members = ALICE},
		{.name = "vain", .sets = {&set}, .set_count = 1, .muting = ON, .members = ALICE},
		{.name = "empty"},
	};
	struct lint_input input = {
		.settings = &settings,
		.sets = &set,
		.set_count = 1,
		.groups = groups,
		.group_count = 4,
	};

	lint_check(&input, &lint);
	EXPECT_FOUND(LINT_WARNING, "group bad mutes mfa-ui-logins but not mfa-api-logins");
	cr_expect_null(found("group good"));
	EXPECT_FOUND(LINT_WARNING, "the muting list names api-enabled");
	EXPECT_FOUND(LINT_WARNING, "group empty has no sets");
	EXPECT_FOUND(LINT_INFO, "group empty names no members");
}

Test(lint, more_findings_than_fit_are_counted)
{
	static struct permission_set_group groups[200];
	struct settings settings = {.license_count = 0};
	struct lint_input input = {.settings = &settings, .groups = groups, .group_count = 200};

	lint_check(&input, &lint);
	cr_expect_eq(lint.count, (size_t)LINT_FINDINGS_MAX);
	cr_expect_eq(lint.count + lint.more, 400U);
}

Test(lint, apps_that_let_nobody_in_or_soon_will_not)
{
	struct connected_app apps[] = {
		{ .name = "web", .self_authorize = true, .flows = FLOW_BIT(FLOW_WEB_SERVER) },
		{ .name = "empty", .flows = FLOW_BIT(FLOW_WEB_SERVER) },
		{ .name = "high", .self_authorize = true, .level = LEVEL_HIGH_ASSURANCE,
		  .flows = FLOW_BIT(FLOW_DEVICE) | FLOW_BIT(FLOW_JWT_BEARER) },
		{ .name = "refresh", .self_authorize = true, .flows = FLOW_BIT(FLOW_REFRESH_TOKEN) },
		{ .name = "signs", .self_authorize = true, .key_count = 4,
		  .keys = { { .id = "bare" }, { .id = "well", .not_before = 1, .not_after = INT64_C(9000000000) },
			    { .id = "past", .not_before = 1, .not_after = 1799999999 },
			    { .id = "soon", .not_before = 1, .not_after = 1800000000 + 29 * 86400 } } },
	};
	static const char *const said[] = { "app empty is for users who are approved beforehand",
					    "the flow device is closed", "app refresh has the flow refresh-token without",
					    "key past is past its dates", "key soon ends within" };
	struct settings settings = { 0 };
	struct lint_input input = { .settings = &settings, .apps = apps, .app_count = 5, .now = 1800000000 };

	lint_check(&input, &lint);
	cr_assert_eq(lint.count, 5U, "%zu", lint.count);
	for (size_t i = 0; i < 5; i++)
		cr_expect_not_null(strstr(lint.items[i].text, said[i]), "%s", lint.items[i].text);
}

/* What an api-only-user needs to be able to register, in all ways it can be there. */
Test(lint, an_api_only_user_who_could_never_register_is_found_and_no_other)
{
	static const char text[] = "can never register";
	struct settings settings = {.license_count = 0};
	struct profile profile = {.name = "p", .permissions = ON | ONLY | API};
	struct lint_input input = {.settings = &settings, .profiles = &profile, .profile_count = 1};

	lint_check(&input, &lint);
	EXPECT_FOUND(LINT_WARNING, text);
	settings.require_mfa_for_ui = true;
	lint_check(&input, &lint);
	cr_expect_null(found(text), "the host wants a factor in the UI");
	profile.permissions |= PERMISSION_BIT(PERMISSION_WAIVE_MFA);
	lint_check(&input, &lint);
	EXPECT_FOUND(LINT_WARNING, text);
	profile.required_level = LEVEL_HIGH_ASSURANCE;
	lint_check(&input, &lint);
	cr_expect_null(found(text), "the profile wants it");
	profile.permissions = ON | ONLY;
	profile.required_level = LEVEL_STANDARD;
	lint_check(&input, &lint);
	cr_expect_null(found(text), "no app is wanted of them");
}

Test(lint, a_waiver_beside_what_it_waives_is_told)
{
	struct settings settings = {.license_count = 0};
	struct profile profile = {.name = "p", .permissions = ON | PERMISSION_BIT(PERMISSION_WAIVE_MFA)};
	struct lint_input input = {.settings = &settings, .profiles = &profile, .profile_count = 1};

	lint_check(&input, &lint);
	cr_expect_null(found("waive-mfa"));
	profile.permissions |= UI;
	lint_check(&input, &lint);
	EXPECT_FOUND(LINT_INFO, "both mfa-ui-logins and waive-mfa");
}

/* The lists have an end, whatever their counts say; members may be groups only. */
Test(lint, a_set_in_a_group_that_is_too_full_is_looked_for_to_its_end)
{
	static struct permission_set sets[2] = {{.name = "in", .permissions = UI}, {.name = "out", .permissions = UI}};
	static struct permission_set_group group = {.name = "full", .members = ALICE};
	struct settings settings = {.license_count = 0};
	struct lint_input input = {
		.settings = &settings, .sets = sets, .set_count = 2, .groups = &group, .group_count = 1,
	};

	for (size_t i = 0; i < SETS_PER_GROUP_MAX; i++)
		group.sets[i] = &sets[0];
	group.set_count = SETS_PER_GROUP_MAX + 1;
	lint_check(&input, &lint);
	EXPECT_FOUND(LINT_INFO, "permission set out");
	cr_expect_null(found("permission set in "));
	sets[1].members = (struct members){.groups = {alice_list, 1}};
	lint_check(&input, &lint);
	cr_expect_null(found("permission set out"), "a Unix group is named");
}
