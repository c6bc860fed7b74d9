/* Effective permissions: union, muting, licenses, who granted what. */
#include <criterion/criterion.h>
#include <string.h>

#include "policy/effective.h"

#define UI   PERMISSION_BIT(PERMISSION_MFA_UI_LOGINS)
#define API  PERMISSION_BIT(PERMISSION_MFA_API_LOGINS)
#define ON   PERMISSION_BIT(PERMISSION_API_ENABLED)
#define ONLY PERMISSION_BIT(PERMISSION_API_ONLY_USER)

static struct effective effective;

static struct origin
line_of(const char *file, unsigned line)
{
	return (struct origin){.kind = ORIGIN_FILE, .file = file, .line = line};
}

static void
set_init(struct permission_set *set, const char *name, uint32_t permissions)
{
	memset(set, 0, sizeof(*set));
	(void)strncpy(set->name, name, sizeof(set->name) - 1);
	set->permissions = permissions;
	for (unsigned i = 0; i < PERMISSION_COUNT; i++)
		set->permission_origins[i] = line_of(set->name, i + 1);
}

static struct profile
profile_of(uint32_t permissions)
{
	struct profile profile = {.name = "standard", .permissions = permissions};

	for (unsigned i = 0; i < PERMISSION_COUNT; i++)
		profile.permission_origins[i] = line_of("standard", i + 1);
	return profile;
}

Test(effective, permissions_add_up_from_everywhere)
{
	struct profile profile = profile_of(ON);
	struct assignment direct = {
		.kind = ASSIGNMENT_PERMISSION,
		.name = "ForceTwoFactor",
		.by = "root",
		.at = 99,
	};
	struct permission_set set, member;
	struct permission_set_group group = {.name = "group", .sets = {&member}, .set_count = 1};
	struct holding input = {
		.profile = &profile,
		.direct_permissions = {&direct},
		.direct_count = 1,
		.sets = {{&set, NULL}},
		.set_count = 1,
		.groups = {{&group, NULL}},
		.group_count = 1,
	};

	set_init(&set, "set", API);
	set_init(&member, "member", ONLY);
	effective_compute(&input, &effective);
	cr_expect_eq(effective.permissions, ON | UI | API | ONLY);
	cr_expect_eq(effective.grant_count, 4U);
	cr_expect_str_eq(effective.first[PERMISSION_API_ENABLED].via, "standard");
	cr_expect_eq(effective.first[PERMISSION_MFA_UI_LOGINS].kind, ORIGIN_DIRECT);
	cr_expect_str_eq(effective.first[PERMISSION_MFA_UI_LOGINS].by, "root");
	cr_expect_str_eq(effective.first[PERMISSION_MFA_API_LOGINS].via, "set");
	cr_expect_str_eq(effective.first[PERMISSION_API_ONLY_USER].via, "group");
	cr_expect_str_eq(effective.grants[3].set, "member");
}

Test(effective, a_muting_list_works_inside_its_group_only)
{
	struct profile profile = profile_of(0);
	struct permission_set set;
	struct permission_set_group muted = {.name = "muted", .sets = {&set}, .set_count = 1, .muting = UI};
	struct permission_set_group whole = {.name = "whole", .sets = {&set}, .set_count = 1};
	struct holding input = {.profile = &profile, .groups = {{&muted, NULL}}, .group_count = 1};

	set_init(&set, "set", UI | API);
	effective_compute(&input, &effective);
	cr_expect_eq(effective.permissions, API);
	cr_expect_eq(effective.grant_count, 2U);
	cr_expect(effective.grants[0].muted);
	input.groups[1].group = &whole;
	input.group_count = 2;
	effective_compute(&input, &effective);
	cr_expect_eq(effective.permissions, UI | API, "another group grants it");
	input.group_count = 1;
	input.sets[0].set = &set;
	input.set_count = 1;
	effective_compute(&input, &effective);
	cr_expect_eq(effective.permissions, UI | API, "the set alone grants it");
	input.set_count = 0;
	profile.permissions = UI;
	effective_compute(&input, &effective);
	cr_expect_eq(effective.permissions, UI | API, "the profile grants it");
	cr_expect_str_eq(effective.first[PERMISSION_MFA_UI_LOGINS].via, "standard");
}

Test(effective, a_set_bound_to_another_license_does_not_apply_alone_or_in_a_group)
{
	struct profile profile = profile_of(ON);
	struct permission_set set;
	struct permission_set_group group = {.name = "group", .sets = {&set}, .set_count = 1};
	struct holding input = {
		.profile = &profile,
		.sets = {{&set, NULL}},
		.set_count = 1,
		.groups = {{&group, NULL}},
		.group_count = 1,
	};

	set_init(&set, "set", UI);
	(void)strcpy(set.license, "full");
	effective_compute(&input, &effective);
	cr_expect_eq(effective.permissions, ON, "a profile without a license is not of that license");
	(void)strcpy(profile.license, "limited");
	effective_compute(&input, &effective);
	cr_expect_eq(effective.permissions, ON);
	(void)strcpy(profile.license, "full");
	effective_compute(&input, &effective);
	cr_expect_eq(effective.permissions, ON | UI);
}

Test(effective, what_the_license_forbids_is_held_and_shown_as_a_fault)
{
	struct profile profile = profile_of(ON | UI);
	struct license license = {.name = "limited-access-free", .forbids = UI | ONLY};
	struct holding input = {.profile = &profile, .license = &license};

	effective_compute(&input, &effective);
	cr_expect_eq(effective.permissions, ON | UI);
	cr_expect_eq(effective.forbidden, UI);
}

Test(effective, an_unknown_direct_permission_grants_nothing)
{
	struct profile profile = profile_of(0);
	struct assignment unknown = {.kind = ASSIGNMENT_PERMISSION, .name = "no-such"};
	struct assignment other_kind = {.kind = ASSIGNMENT_SET, .name = "mfa-ui-logins"};
	struct holding input = {
		.profile = &profile,
		.direct_permissions = {&unknown, &other_kind},
		.direct_count = 2,
	};

	effective_compute(&input, &effective);
	cr_expect_eq(effective.permissions, 0U);
	cr_expect_eq(effective.grant_count, 0U);
}

Test(effective, who_assigned_a_set_is_remembered_with_its_grants)
{
	struct profile profile = profile_of(0);
	struct permission_set set;
	struct assignment direct = {.kind = ASSIGNMENT_SET, .name = "set", .by = "carol", .at = 5};
	struct holding input = {.profile = &profile, .sets = {{&set, &direct}}, .set_count = 1};

	set_init(&set, "set", UI);
	effective_compute(&input, &effective);
	cr_expect_eq(effective.grants[0].origin.kind, ORIGIN_FILE);
	cr_expect_str_eq(effective.grants[0].origin.by, "carol");
	cr_expect_eq(effective.grants[0].origin.at, 5);
}

Test(effective, more_grants_than_can_be_listed_still_count)
{
	static struct permission_set sets[ASSIGNMENTS_MAX];
	struct profile profile = profile_of(0);
	struct holding input = {.profile = &profile, .set_count = ASSIGNMENTS_MAX};

	for (size_t i = 0; i < ASSIGNMENTS_MAX; i++) {
		set_init(&sets[i], "set", i + 1 == ASSIGNMENTS_MAX ? UI : ON | API | ONLY |
		         PERMISSION_BIT(PERMISSION_MANAGE_MFA) | PERMISSION_BIT(PERMISSION_MANAGE_USERS));
		input.sets[i].set = &sets[i];
	}
	effective_compute(&input, &effective);
	cr_expect(effective.grants_cut);
	cr_expect_eq(effective.grant_count, (size_t)GRANTS_MAX);
	cr_expect((effective.permissions & UI) != 0, "the last set counts though it is not listed");
}

/* Every order of four sets and four groups gives the same permissions and the same origins. */
Test(effective, the_order_of_the_files_does_not_matter)
{
	static const char *const names[] = {"a", "b", "c", "d"};
	struct profile profile = profile_of(0);
	struct permission_set sets[4];
	struct permission_set_group groups[4];
	struct holding input = {.profile = &profile, .set_count = 4, .group_count = 4};
	struct origin first[PERMISSION_COUNT];
	uint32_t permissions = 0;

	for (unsigned i = 0; i < 4; i++) {
		set_init(&sets[i], names[i], (i % 2 == 0 ? UI : API) | (i > 1 ? ON : 0));
		groups[i] = (struct permission_set_group){
			.sets = {&sets[i], &sets[(i + 1) % 4]},
			.set_count = 2,
		};
		groups[i].muting = i < 2 ? ON : 0;
		groups[i].name[0] = (char)('p' + i);
	}
	for (unsigned order = 0; order < 256; order++) {
		bool used[4] = {false};
		unsigned rest = order, position;

		for (position = 0; position < 4; position++, rest /= 4) {
			if (used[rest % 4])
				break;
			used[rest % 4] = true;
			input.sets[position].set = &sets[rest % 4];
			input.groups[3 - position].group = &groups[rest % 4];
		}
		if (position < 4)
			continue;
		effective_compute(&input, &effective);
		if (permissions == 0) {
			permissions = effective.permissions;
			memcpy(first, effective.first, sizeof(first));
		}
		cr_assert_eq(effective.permissions, permissions);
		for (unsigned i = 0; i < PERMISSION_COUNT; i++)
			cr_assert_eq(effective.first[i].via, first[i].via, "permission %u", i);
	}
	cr_expect_eq(permissions, UI | API | ON);
}

Test(effective, of_two_direct_assignments_of_one_permission_the_first_is_named)
{
	struct profile profile = profile_of(0);
	struct assignment key = {.kind = ASSIGNMENT_PERMISSION, .name = "mfa-ui-logins", .by = "ann"};
	struct assignment alias = {.kind = ASSIGNMENT_PERMISSION, .name = "ForceTwoFactor", .by = "ben"};
	struct holding input = {
		.profile = &profile, .direct_permissions = {&key, &alias}, .direct_count = 2,
	};

	effective_compute(&input, &effective);
	cr_expect_eq(effective.permissions, UI);
	cr_expect_str_eq(effective.first[PERMISSION_MFA_UI_LOGINS].by, "ann");
}

Test(effective, without_a_profile_what_is_assigned_still_counts)
{
	struct permission_set set, limited;
	struct holding input = {.sets = {{&set, NULL}, {&limited, NULL}}, .set_count = 2};
	char text[FAULT_TEXT_SIZE];

	set_init(&set, "set", UI);
	set_init(&limited, "limited", API);
	(void)strcpy(limited.license, "limited");
	effective_compute(&input, &effective);
	cr_expect_eq(effective.permissions, UI, "nobody without a profile has that license");
	cr_expect_not(effective_find_fault(&input, &effective, text));
}

/* The lists have an end, whatever their counts say. */
Test(effective, counts_beyond_the_lists_are_cut)
{
	static struct holding input;
	static struct permission_set_group group;
	struct assignment direct = {.kind = ASSIGNMENT_PERMISSION, .name = "api-enabled"};
	struct permission_set set;

	set_init(&set, "set", UI);
	for (size_t i = 0; i < SETS_PER_GROUP_MAX; i++)
		group.sets[i] = &set;
	group.set_count = SETS_PER_GROUP_MAX + 1;
	for (size_t i = 0; i < ASSIGNMENTS_MAX; i++) {
		input.direct_permissions[i] = &direct;
		input.sets[i].set = &set;
		input.groups[i].group = &group;
	}
	input.direct_count = input.set_count = input.group_count = ASSIGNMENTS_MAX + 1;
	effective_compute(&input, &effective);
	cr_expect_eq(effective.permissions, ON | UI);
	cr_expect_eq(effective.grant_count, (size_t)GRANTS_MAX);
	cr_expect(effective.grants_cut);
}

static bool
doubted(const struct holding *input, const char *wanted)
{
	char text[FAULT_TEXT_SIZE] = "";

	effective_compute(input, &effective);
	if (!effective_find_fault(input, &effective, text))
		return false;
	cr_expect_not_null(strstr(text, wanted), "%s", text);
	return true;
}

Test(effective, a_set_that_may_be_the_users_is_a_fault_only_if_it_would_change_something)
{
	struct profile profile = profile_of(UI);
	struct permission_set set;
	struct holding input = {.profile = &profile, .doubtful_sets = {&set}, .doubtful_set_count = 1};

	set_init(&set, "perhaps", UI);
	cr_expect_not(doubted(&input, ""), "it grants what is held anyway");
	set_init(&set, "perhaps", UI | API);
	cr_expect(doubted(&input, "permission set perhaps"));
	(void)strcpy(set.license, "other");
	cr_expect_not(doubted(&input, ""), "it is for another license");
}

Test(effective, a_group_that_may_be_the_users_is_a_fault_only_if_it_would_change_something)
{
	static struct permission_set_group group = {.name = "perhaps"};
	struct profile profile = profile_of(UI);
	struct permission_set set, other;
	struct holding input = {.profile = &profile, .doubtful_groups = {&group}, .doubtful_group_count = 1};

	set_init(&set, "set", UI | API);
	set_init(&other, "other", ONLY);
	(void)strcpy(other.license, "other");
	group.sets[0] = &set;
	group.sets[1] = &other;
	group.set_count = 2;
	cr_expect(doubted(&input, "permission set group perhaps"));
	group.muting = API;
	cr_expect_not(doubted(&input, ""), "what it would add is muted");
	for (size_t i = 0; i < SETS_PER_GROUP_MAX; i++)
		group.sets[i] = &set;
	group.set_count = SETS_PER_GROUP_MAX + 1;
	cr_expect_not(doubted(&input, ""));
}

Test(effective, more_than_the_lists_can_hold_is_a_fault)
{
	struct profile profile = profile_of(0);
	struct holding input = {.profile = &profile, .too_many = true};

	cr_expect(doubted(&input, "more permission sets and groups"));
}

Test(effective, the_fault_of_the_holding_is_told_first)
{
	struct profile profile = profile_of(0);
	struct holding input = {.profile = &profile, .too_many = true, .fault = true, .fault_text = "gone"};

	cr_expect(doubted(&input, "gone"));
}

Test(effective, what_the_license_forbids_is_a_fault_that_names_it)
{
	struct profile profile = profile_of(UI | ON);
	struct license license = {.name = "limited", .forbids = UI};
	struct holding input = {.profile = &profile, .license = &license};

	(void)strcpy(profile.license, "limited");
	cr_expect(doubted(&input, "mfa-ui-logins is held although it is forbidden by the license limited"));
	profile.permissions = ON;
	cr_expect_not(doubted(&input, ""));
}
