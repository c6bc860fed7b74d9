/* Profiles, sets and groups, and who is a member of what (rules 1, 3.4). */
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "folder.h"

static struct folder folder;

static void
make(void)
{
	folder_make(&folder);
}

static void
clean(void)
{
	folder_remove(&folder);
}

TestSuite(profiles, .init = make, .fini = clean);
TestSuite(members, .init = make, .fini = clean);
TestSuite(large, .init = make, .fini = clean);

Test(profiles, everything_a_profile_says_is_read_with_its_lines)
{
	folder_write_settings(&folder, "api = { pending = \"deny\"; };\n");
	folder_write(
		&folder, "profiles.d/staff.conf",
		"label = \"Staff\";\n"
		"license = \"full\";\n"
		"priority = -5;\n"
		"permissions = [\n"
		"  \"api-enabled\",\n"
		"  \"ForceTwoFactor\"\n"
		"];\n"
		"members = { users = [ \"bob\", \"alice@example.org\" ]; groups = [ \"domain users\" ]; };\n"
		"login_hours = { zone = \"Europe/Paris\"; mon = \"08:00-18:00\"; fri = \"22:00-06:00\"; "
		"sat = \"00:00-24:00\"; sun = \"closed\"; };\n"
		"login_ip_ranges = [ \"10.0.0.0/8\", \"local\" ];\n"
		"required_session_level = \"high-assurance\";\n"
		"api = { second_factors = [ \"totp\" ]; };\n");
	struct config *config = folder_load(&folder);
	const struct profile *staff = config_find_profile(config, "staff");
	cr_assert_not_null(staff);
	cr_expect_eq(staff, &config->profiles[0], "the lowest priority is tried first");
	cr_expect_str_eq(staff->label, "Staff");
	cr_expect_str_eq(staff->license, "full");
	cr_expect_eq(staff->priority, -5);
	cr_expect_eq(staff->permissions,
		     PERMISSION_BIT(PERMISSION_API_ENABLED) | PERMISSION_BIT(PERMISSION_MFA_UI_LOGINS));
	const struct origin *origin = &staff->permission_origins[PERMISSION_MFA_UI_LOGINS];
	cr_expect_eq(origin->kind, ORIGIN_FILE);
	cr_expect_eq(origin->line, 6);
	cr_expect_str_eq(origin->via, "staff");
	cr_expect(strstr(origin->file, "/profiles.d/staff.conf"));
	cr_expect_eq(staff->permission_origins[PERMISSION_WAIVE_MFA].kind, ORIGIN_NONE);
	cr_expect_str_eq(staff->hours.zone, "Europe/Paris");
	cr_expect_eq(staff->hours.origin.line, 9);
	cr_expect(staff->hours.days[0].named && staff->hours.days[0].from == 480 &&
		  staff->hours.days[0].to == 1080);
	cr_expect_not(staff->hours.days[1].named);
	cr_expect(staff->hours.days[4].from > staff->hours.days[4].to);
	cr_expect_eq(staff->hours.days[5].to, MINUTES_PER_DAY);
	cr_expect(staff->hours.days[6].named && staff->hours.days[6].closed);
	cr_expect(staff->has_ranges && staff->ranges.count == 2);
	cr_expect_eq(staff->required_level, LEVEL_HIGH_ASSURANCE);
	cr_expect_eq(staff->api.second_factors, FACTOR_BIT(FACTOR_TOTP), "the profile's own");
	cr_expect_eq(staff->api.pending, API_PENDING_DENY, "the host's");

	const struct profile *standard = config_find_profile(config, "standard");
	cr_expect_str_eq(standard->label, "standard");
	cr_expect_str_eq(standard->license, "");
	cr_expect_not(standard->hours.set);
	cr_expect_not(standard->has_ranges);
	cr_expect_eq(standard->api.second_factors,
		     FACTOR_BIT(FACTOR_TOTP) | FACTOR_BIT(FACTOR_SECURITY_TOKEN));
	config_release(config);
}

Test(profiles, an_empty_list_of_ranges_restricts_nobody)
{
	folder_write(&folder, "profiles.d/p.conf", "login_ip_ranges = [ ];");
	struct config *config = folder_load(&folder);
	cr_expect_not(config_find_profile(config, "p")->has_ranges);
	config_release(config);
}

Test(profiles, sets_and_groups_find_each_other)
{
	/* "desk-2.conf" sorts before "desk.conf", but desk before desk-2. */
	folder_write(&folder, "permission-sets.d/desk.conf", "permissions = [ \"manage-mfa\" ];\n");
	folder_write(&folder, "permission-sets.d/desk-2.conf",
		     "license = \"full\"; permissions = [ \"waive-mfa\" ];\n");
	folder_write(&folder, "permission-set-groups.d/all.conf",
		     "label = \"All\"; sets = [ \"desk-2\", \"desk\" ]; muting = [ \"waive-mfa\" ];\n");
	struct config *config = folder_load(&folder);
	cr_assert_eq(config->set_count, 2);
	cr_expect_str_eq(config->sets[0].name, "desk");
	const struct permission_set_group *all = config_find_group(config, "all");
	cr_assert_not_null(all);
	cr_assert_eq(all->set_count, 2);
	cr_expect_eq(all->sets[0], config_find_set(config, "desk-2"));
	cr_expect_eq(all->sets[1], config_find_set(config, "desk"));
	cr_expect_eq(all->muting, PERMISSION_BIT(PERMISSION_WAIVE_MFA));
	cr_expect_str_eq(all->sets[0]->license, "full");
	cr_expect_eq(all->sets[0]->permission_origins[PERMISSION_WAIVE_MFA].line, 1);
	cr_expect_null(config_find_set(config, "all"));
	cr_expect_null(config_find_group(config, "desk"));
	cr_expect_null(config_find_profile(config, "desk"));
	cr_expect_null(config_find_license(config, "full"));
	cr_expect_not_null(config_find_license(config, "limited-access-free"));
	config_release(config);
}

/* Profiles tried in the order first, second (same priority), third; "standard" last and the default. */
static struct config *
load_three(void)
{
	folder_write(&folder, "profiles.d/third.conf",
		     "priority = 30; members = { users = [ \"alice\", \"carol\" ]; groups = [ \"low\" ]; };");
	folder_write(&folder, "profiles.d/second.conf",
		     "priority = 10; members = { users = [ \"bob\", \"alice\" ]; groups = [ \"mid\", "
		     "\"both\" ]; };");
	folder_write(&folder, "profiles.d/first.conf",
		     "priority = 10; members = { users = [ \"bob\" ]; groups = [ \"high\", \"both\" ]; };");
	return folder_load(&folder);
}

static const char *
chosen(const struct config *config, const char *user, const char *in, const char *unresolved,
       bool *ret_unresolved)
{
	struct memberships memberships = { 0 };
	if (in)
		memberships_note(&memberships, config, in, true, false);
	if (unresolved)
		memberships_note(&memberships, config, unresolved, false, true);
	*ret_unresolved = true;
	return config_choose_profile(config, user, &memberships, ret_unresolved)->name;
}

Test(members, the_first_profile_by_priority_and_name_is_chosen)
{
	struct config *config = load_three();
	bool unresolved = true;
	cr_expect_str_eq(chosen(config, "bob", NULL, NULL, &unresolved), "first");
	cr_expect_not(unresolved);
	cr_expect_str_eq(chosen(config, "alice", NULL, NULL, &unresolved), "second");
	cr_expect_str_eq(chosen(config, "carol", NULL, NULL, &unresolved), "third");
	cr_expect_str_eq(chosen(config, "dave", NULL, NULL, &unresolved), "standard");
	cr_expect_str_eq(chosen(config, "carol", "mid", NULL, &unresolved), "second");
	cr_expect_str_eq(chosen(config, "dave", "both", NULL, &unresolved), "first");
	cr_expect_str_eq(chosen(config, "alice", "low", NULL, &unresolved), "second");
	cr_expect_str_eq(chosen(config, "Alice", NULL, NULL, &unresolved), "standard",
			 "names are compared byte for byte");
	cr_expect_str_eq(chosen(config, "", NULL, NULL, &unresolved), "standard");
	cr_expect_str_eq(chosen(config, "dave", "elsewhere", NULL, &unresolved), "standard");
	config_release(config);
}

Test(members, an_unresolved_group_counts_only_where_it_could_outrank)
{
	struct config *config = load_three();
	bool unresolved = false;
	cr_expect_str_eq(chosen(config, "alice", NULL, "high", &unresolved), "second");
	cr_expect(unresolved, "first might be the one");
	chosen(config, "alice", NULL, "mid", &unresolved);
	cr_expect_not(unresolved, "it leads to the same profile");
	chosen(config, "alice", NULL, "low", &unresolved);
	cr_expect_not(unresolved, "it is ranked behind");
	chosen(config, "bob", NULL, "high", &unresolved);
	cr_expect_not(unresolved);
	chosen(config, "dave", NULL, "low", &unresolved);
	cr_expect(unresolved, "anything outranks the default");
	chosen(config, "dave", "low", "both", &unresolved);
	cr_expect(unresolved);
	chosen(config, "dave", "high", "low", &unresolved);
	cr_expect_not(unresolved);
	config_release(config);
}

Test(members, an_unresolved_group_of_the_default_profile_changes_nothing)
{
	folder_write(&folder, "profiles.d/standard.conf", "members = { groups = [ \"everybody\" ]; };");
	struct config *config = folder_load(&folder);
	bool unresolved = true;
	cr_expect_str_eq(chosen(config, "dave", NULL, "everybody", &unresolved), "standard");
	cr_expect_not(unresolved);
	config_release(config);
}

Test(members, groups_are_never_asked_without_memberships)
{
	struct config *config = load_three();
	bool unresolved = true;
	cr_expect_str_eq(config_choose_profile(config, "root", NULL, &unresolved)->name, "standard");
	cr_expect_not(unresolved);
	cr_expect_eq(config_match_members(config, &config->profiles[0].members, "root", NULL), MATCH_NO);
	cr_expect_eq(config_match_members(config, &config->profiles[0].members, "bob", NULL), MATCH_YES);
	config_release(config);
}

Test(members, the_unix_groups_are_named_once_each)
{
	folder_write_settings(&folder, "protected_groups = [ \"wheel\" ];");
	folder_write(&folder, "permission-sets.d/a.conf", "members = { groups = [ \"zoo\", \"both\" ]; };");
	folder_write(&folder, "permission-set-groups.d/g.conf",
		     "members = { groups = [ \"low\", \"aaa\" ]; };");
	struct config *config = load_three();
	static const char *const expected[] = { "aaa", "both", "high", "low", "mid", "zoo" };
	cr_assert_eq(config->unix_groups.count, 6);
	for (size_t i = 0; i < 6; i++)
		cr_expect_str_eq(config->unix_groups.items[i], expected[i]);
	config_release(config);
}

Test(members, sets_and_groups_of_a_user_are_listed_by_name)
{
	folder_write(&folder, "permission-sets.d/c.conf",
		     "members = { users = [ \"alice\" ]; groups = [ \"x\" ]; };");
	folder_write(&folder, "permission-sets.d/a.conf", "members = { users = [ \"bob\", \"alice\" ]; };");
	folder_write(&folder, "permission-sets.d/b.conf", "members = { groups = [ \"x\", \"y\" ]; };");
	folder_write(&folder, "permission-set-groups.d/g.conf", "members = { groups = [ \"y\" ]; };");
	struct config *config = folder_load(&folder);
	struct memberships memberships = { 0 };
	struct member_sets sets;
	struct member_groups groups;
	memberships_note(&memberships, config, "x", true, false);
	cr_assert_eq(config_list_sets(config, "alice", &memberships, &sets), SFMFA_OK);
	cr_assert_eq(sets.count, 3);
	cr_expect_str_eq(sets.items[0]->name, "a");
	cr_expect_str_eq(sets.items[1]->name, "b");
	cr_expect_str_eq(sets.items[2]->name, "c");
	cr_expect_not(sets.unresolved);

	memberships = (struct memberships){ 0 };
	memberships_note(&memberships, config, "x", false, true);
	cr_assert_eq(config_list_sets(config, "alice", &memberships, &sets), SFMFA_OK);
	cr_expect_eq(sets.count, 2);
	cr_expect(sets.unresolved, "b might be one more");
	cr_assert_eq(config_list_groups(config, "alice", &memberships, &groups), SFMFA_OK);
	cr_expect_eq(groups.count, 0);
	cr_expect_not(groups.unresolved);
	memberships_note(&memberships, config, "y", true, false);
	cr_assert_eq(config_list_groups(config, "alice", &memberships, &groups), SFMFA_OK);
	cr_assert_eq(groups.count, 1);
	cr_assert_eq(config_list_sets(config, "alice", &memberships, &sets), SFMFA_OK);
	cr_expect_eq(sets.count, 3);
	cr_expect_not(sets.unresolved, "y has b already");

	/* The same answers as of each set alone. */
	cr_expect_eq(config_match_members(config, &config->sets[1].members, "alice", &memberships),
		     MATCH_YES);
	memberships = (struct memberships){ 0 };
	memberships_note(&memberships, config, "y", false, true);
	cr_expect_eq(config_match_members(config, &config->sets[1].members, "alice", &memberships),
		     MATCH_UNRESOLVED);
	cr_expect_eq(config_match_members(config, &config->sets[0].members, "carol", &memberships), MATCH_NO);
	config_release(config);
}

Test(members, more_sets_than_a_login_can_hold_are_an_error)
{
	char name[64];
	for (int i = 0; i <= ASSIGNMENTS_MAX; i++) {
		snprintf(name, sizeof(name), "permission-sets.d/s%d.conf", i);
		folder_write(&folder, name, "members = { users = [ \"alice\" ]; };");
	}
	struct config *config = folder_load(&folder);
	struct member_sets sets;
	cr_expect_eq(config_list_sets(config, "alice", NULL, &sets), SFMFA_ERR_TOO_LARGE);
	cr_expect_eq(config_list_sets(config, "bob", NULL, &sets), SFMFA_OK);
	config_release(config);
}

static double
seconds_since(const struct timespec *begin)
{
	struct timespec now;
	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
	return (double)(now.tv_sec - begin->tv_sec) + (double)(now.tv_nsec - begin->tv_nsec) / 1e9;
}

Test(large, a_thousand_profiles_and_sets_load_and_are_tried_in_order)
{
	char name[64], text[256];
	/* Written in an order that is neither that of names nor that of priorities. */
	for (int n = 0; n < 1000; n++) {
		int i = n * 7 % 1000;
		snprintf(name, sizeof(name), "profiles.d/p%d.conf", i);
		snprintf(text, sizeof(text),
			 "priority = %d; permissions = [ \"api-enabled\" ]; members = { users = [ \"u%d\", "
			 "\"all\" ]; "
			 "groups = [ \"g%d\" ]; };",
			 1000 - i, i, i % 500);
		folder_write(&folder, name, text);
		snprintf(name, sizeof(name), "permission-sets.d/s%d.conf", i);
		snprintf(text, sizeof(text), "members = { users = [ \"u%d\" ]; groups = [ \"g%d\" ]; };", i,
			 i % 500);
		folder_write(&folder, name, text);
	}
	struct timespec begin;
	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &begin);
	struct config *config = folder_load(&folder);
	double spent = seconds_since(&begin);
	fprintf(stderr, "# loaded in %.0f ms of processor time\n", spent * 1e3);
	cr_expect_eq(config->profile_count, 1001);
	bool unresolved = true;
	cr_expect_str_eq(config_choose_profile(config, "all", NULL, &unresolved)->name, "p999");
	cr_expect_str_eq(config_choose_profile(config, "u17", NULL, &unresolved)->name, "p17");
	struct memberships memberships = { 0 };
	memberships_note(&memberships, config, "g17", true, false);
	cr_expect_str_eq(config_choose_profile(config, "u17", &memberships, &unresolved)->name, "p517");
	struct member_sets sets;
	cr_assert_eq(config_list_sets(config, "u3", &memberships, &sets), SFMFA_OK);
	cr_assert_eq(sets.count, 3);
	for (int i = 0; i < 1000; i++) {
		snprintf(name, sizeof(name), "p%d", i);
		cr_assert_str_eq(config_find_profile(config, name)->name, name);
		snprintf(name, sizeof(name), "s%d", i);
		cr_assert_str_eq(config_find_set(config, name)->name, name);
	}
	cr_expect(spent < 5, "far from linear: %.1f s", spent);
	config_release(config);
}

Test(large, ten_thousand_members_in_any_order_are_found)
{
	enum { COUNT = 10000 };
	char *text = malloc(COUNT * 16 + 64);
	cr_assert_not_null(text);
	size_t size = (size_t)sprintf(text, "priority = 1;\nmembers = { users = [");
	for (int i = 0; i < COUNT; i++)
		size += (size_t)sprintf(text + size, "%s\n\"user%d\"", i ? "," : "", i * 7919 % COUNT);
	sprintf(text + size, " ]; };");
	folder_write(&folder, "profiles.d/large.conf", text);
	struct config *config = folder_load(&folder);
	const struct profile *large = config_find_profile(config, "large");
	cr_expect_eq(large->members.users.count, COUNT);
	char user[32];
	bool unresolved = true;
	for (int i = 0; i < COUNT; i++) {
		snprintf(user, sizeof(user), "user%d", i);
		cr_assert_eq(config_match_members(config, &large->members, user, NULL), MATCH_YES);
		cr_assert_eq(config_choose_profile(config, user, NULL, &unresolved), large);
	}
	cr_expect_eq(config_match_members(config, &large->members, "user10000", NULL), MATCH_NO);
	config_release(config);

	/* The duplicate is found among all of them, at its own line. */
	sprintf(text + size, ",\n\"user5000\" ]; };");
	folder_write(&folder, "profiles.d/large.conf", text);
	struct diag diag = folder_refuse(&folder, SFMFA_ERR_CONFIG);
	cr_expect_eq(diag.line, COUNT + 3);
	free(text);
}

/* A draft is read in place of its file, and beside the others where it has none. */
Test(profiles, a_draft_stands_in_place_of_its_file)
{
	static const char text[] = "permissions = [ \"mfa-ui-logins\" ];\n";
	struct config_draft draft = { .profile = "standard", .bytes = text, .size = sizeof(text) - 1 };
	struct config *config;

	folder.options.draft = &draft;
	config = folder_load(&folder);
	cr_assert(permission_in(config_find_profile(config, "standard")->permissions, PERMISSION_MFA_UI_LOGINS));
	cr_assert_eq(config->profile_count, 1);
	config_release(config);
	draft.profile = "brand-new";
	config = folder_load(&folder);
	cr_assert_not_null(config_find_profile(config, "brand-new"));
	cr_assert_not(permission_in(config_find_profile(config, "standard")->permissions, PERMISSION_MFA_UI_LOGINS));
	cr_assert_eq(config->profile_count, 2);
	config_release(config);
}

Test(profiles, a_broken_draft_is_refused_under_the_name_of_its_file)
{
	static const char text[] = "\n\nlabbel = \"x\";\n";
	struct config_draft draft = { .profile = "brand-new", .bytes = text, .size = sizeof(text) - 1 };
	struct diag diag;

	folder.options.draft = &draft;
	diag = folder_refuse(&folder, SFMFA_ERR_CONFIG);
	cr_assert_eq(diag.line, 3);
	cr_assert_not_null(strstr(diag.file, "profiles.d/brand-new.conf"), "%s", diag.file);
}
