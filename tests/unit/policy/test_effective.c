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
