/* Permissions, sets, groups and profiles: assigned, revoked, listed (rules 1, 3). */
#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "stage.h"

static struct stage stage;

static void
open_stage(void)
{
	stage_open(&stage, "");
}

static void
close_stage(void)
{
	stage_close(&stage);
}

TestSuite(permissions, .init = open_stage, .fini = close_stage);

static struct outcome_of
by_root(enum verb verb, const char *subject, const char *const args[])
{
	const struct caller root = stage_root();

	return stage_run(&stage, &root, verb, subject, args, NO_ANSWERS);
}

static void
expect(enum verb verb, const char *subject, const char *const args[], enum command_status status,
       const char *sentence)
{
	struct outcome_of outcome = by_root(verb, subject, args);

	cr_expect_eq(outcome.status, status, "%s", outcome.sentence);
	if (sentence != NULL)
		cr_expect_not_null(strstr(outcome.sentence, sentence), "%s", outcome.sentence);
	if (status != COMMAND_DONE)
		cr_expect_eq(outcome.writes, 0U);
	outcome_clear(&outcome);
}

Test(permissions, aliases_are_stored_as_keys_and_several_names_go_together)
{
	struct outcome_of outcome = by_root(
		VERB_PERM_ASSIGN, "alice",
		ARGS("assignment", "ForceTwoFactor", "assignment", "TwoFactorApi", "assignment", "desk"));
	const struct user_record *record;

	cr_assert_eq(outcome.status, COMMAND_DONE, "%s", outcome.sentence);
	cr_expect_eq(reply_count(&outcome, "assigned"), 3U);
	cr_expect_str_eq(reply_text(&outcome, "assigned"), "mfa-ui-logins");
	outcome_clear(&outcome);
	record = stage_record(&stage, "alice");
	cr_expect_eq(record->assignment_count, 3U);
	cr_expect_str_eq(record->assignments[0].by, "root");
	cr_expect_eq(record->assignments[0].at, stage.now.wall);
	/* Once more: nothing to write. */
	outcome = by_root(VERB_PERM_ASSIGN, "alice", ARGS("assignment", "mfa-ui-logins"));
	cr_expect_eq(outcome.status, COMMAND_DONE);
	cr_expect_eq(outcome.writes, 0U);
	outcome_clear(&outcome);
}

Test(permissions, a_name_that_means_nothing_leaves_all_as_it_was)
{
	expect(VERB_PERM_ASSIGN, "alice", ARGS("assignment", "mfa-ui-logins", "assignment", "nonsense"),
	       COMMAND_REFUSED, "nonsense");
	expect(VERB_PERM_ASSIGN, "alice", NO_ARGS, COMMAND_USAGE, NULL);
	cr_expect_eq(stage_record(&stage, "alice")->assignment_count, 0U);
}

Test(permissions, mfa_api_logins_requires_mfa_ui_logins)
{
	expect(VERB_PERM_ASSIGN, "alice", ARGS("assignment", "mfa-api-logins"), COMMAND_REFUSED,
	       "requires mfa-ui-logins");
	expect(VERB_PERM_ASSIGN, "alice", ARGS("assignment", "half"), COMMAND_REFUSED,
	       "requires mfa-ui-logins");
	expect(VERB_PERM_ASSIGN, "alice", ARGS("assignment", "mfa-api-logins", "assignment", "mfa-ui-logins"),
	       COMMAND_DONE, NULL);
	expect(VERB_PERM_REVOKE, "alice", ARGS("assignment", "mfa-ui-logins"), COMMAND_REFUSED,
	       "requires mfa-ui-logins");
	expect(VERB_PERM_REVOKE, "alice", ARGS("assignment", "mfa-ui-logins", "force", "1"), COMMAND_DONE,
	       NULL);
	cr_expect_eq(stage_record(&stage, "alice")->assignment_count, 1U);
	/* From a profile that carries it, too. */
	expect(VERB_PROFILE_ASSIGN, "bob", ARGS("profile", "mfa"), COMMAND_DONE, NULL);
	expect(VERB_PERM_ASSIGN, "bob", ARGS("assignment", "mfa-api-logins"), COMMAND_DONE, NULL);
	expect(VERB_PROFILE_UNASSIGN, "bob", NO_ARGS, COMMAND_REFUSED, "requires mfa-ui-logins");
}

Test(permissions, what_the_license_forbids_is_not_assigned)
{
	expect(VERB_PERM_ASSIGN, "limited", ARGS("assignment", "mfa-ui-logins"), COMMAND_REFUSED,
	       "limited-access-free");
	expect(VERB_PERM_ASSIGN, "limited", ARGS("assignment", "team"), COMMAND_REFUSED,
	       "limited-access-free");
	stage_assign(&stage, "alice", "mfa-ui-logins");
	expect(VERB_PROFILE_ASSIGN, "alice", ARGS("profile", "limited"), COMMAND_REFUSED,
	       "limited-access-free");
	expect(VERB_PERM_ASSIGN, "limited", ARGS("assignment", "waive-mfa"), COMMAND_DONE, NULL);
}

Test(permissions, a_set_for_another_license_is_not_assigned)
{
	expect(VERB_PERM_ASSIGN, "alice", ARGS("assignment", "plus"), COMMAND_REFUSED, "license plus");
}

Test(permissions, only_what_is_assigned_directly_is_revoked)
{
	expect(VERB_PERM_REVOKE, "alice", ARGS("assignment", "api-enabled"), COMMAND_REFUSED, "perm list");
	expect(VERB_PERM_REVOKE, "nobody", ARGS("assignment", "api-enabled"), COMMAND_REFUSED,
	       "no such user");
}

Test(permissions, a_set_that_is_gone_can_still_be_revoked)
{
	char file[256];

	stage_assign(&stage, "alice", "desk");
	stage_write(&stage, "permission-set-groups.d/team.conf", "sets = [ \"strong\" ];\n");
	(void)snprintf(file, sizeof(file), "%s/permission-sets.d/desk.conf", stage.folder);
	cr_assert_eq(remove(file), 0);
	stage_reload(&stage);
	expect(VERB_PERM_REVOKE, "alice", ARGS("assignment", "desk"), COMMAND_DONE, NULL);
	cr_expect_eq(stage_record(&stage, "alice")->assignment_count, 0U);
}

Test(permissions, the_list_says_who_granted_what_and_what_is_muted)
{
	struct outcome_of outcome;
	bool muted = false, direct = false, profile = false, group = false;
	unsigned count;

	stage_assign(&stage, "alice", "team");
	stage_assign(&stage, "alice", "waive-mfa");
	outcome = by_root(VERB_PERM_LIST, "alice", NO_ARGS);
	cr_assert_eq(outcome.status, COMMAND_DONE, "%s", outcome.sentence);
	cr_expect_str_eq(reply_text(&outcome, "profile"), "standard");
	cr_expect_str_eq(reply_text(&outcome, "license"), "full");
	count = reply_count(&outcome, "permission");
	cr_expect_eq(count, 5U);
	for (unsigned i = 0; i < count; i++) {
		const char *kind = reply_nth(&outcome, "kind", i);
		const char *permission = reply_nth(&outcome, "permission", i);

		muted |= strcmp(permission, "manage-mfa") == 0 &&
			 strcmp(reply_nth(&outcome, "muted", i), "1") == 0;
		direct |= strcmp(kind, "direct") == 0 && strcmp(permission, "waive-mfa") == 0 &&
			  strcmp(reply_nth(&outcome, "by", i), "root") == 0;
		profile |= strcmp(kind, "profile") == 0 &&
			   strstr(reply_nth(&outcome, "file", i), "standard.conf") != NULL;
		group |= strcmp(kind, "group") == 0 && strcmp(permission, "mfa-ui-logins") == 0 &&
			 strstr(reply_nth(&outcome, "via", i), "team") != NULL;
	}
	cr_expect(muted);
	cr_expect(direct);
	cr_expect(profile);
	cr_expect(group);
	outcome_clear(&outcome);
}

Test(permissions, a_user_lists_their_own)
{
	const struct caller alice = stage_caller("alice");
	struct outcome_of outcome = stage_run(&stage, &alice, VERB_PERM_LIST, NULL, NO_ARGS, NO_ANSWERS);

	cr_expect_eq(outcome.status, COMMAND_DONE, "%s", outcome.sentence);
	cr_expect_str_eq(reply_text(&outcome, "permission"), "api-enabled");
	cr_expect_eq(stage.events, 0U);
	outcome_clear(&outcome);
}

Test(permissions, profiles_are_assigned_and_unassigned)
{
	struct outcome_of outcome = by_root(VERB_PROFILE_ASSIGN, "helen", ARGS("profile", "mfa"));

	cr_expect_eq(outcome.status, COMMAND_DONE, "%s", outcome.sentence);
	cr_expect_str_eq(reply_text(&outcome, "profile"), "mfa");
	outcome_clear(&outcome);
	outcome = by_root(VERB_USER_SHOW, "helen", NO_ARGS);
	cr_expect_str_eq(reply_text(&outcome, "profile_how"), "assigned");
	outcome_clear(&outcome);
	outcome = by_root(VERB_PROFILE_UNASSIGN, "helen", NO_ARGS);
	cr_expect_str_eq(reply_text(&outcome, "profile"), "helpdesk");
	outcome_clear(&outcome);
	outcome = by_root(VERB_USER_SHOW, "helen", NO_ARGS);
	cr_expect_str_eq(reply_text(&outcome, "profile_how"), "users");
	outcome_clear(&outcome);
	expect(VERB_PROFILE_UNASSIGN, "helen", NO_ARGS, COMMAND_REFUSED, "no profile is assigned");
	expect(VERB_PROFILE_ASSIGN, "helen", ARGS("profile", "nonsense"), COMMAND_REFUSED,
	       "no profile nonsense");
	expect(VERB_PROFILE_ASSIGN, "helen", NO_ARGS, COMMAND_USAGE, NULL);
}

Test(permissions, profiles_are_listed_in_their_order_and_shown_whole)
{
	struct outcome_of outcome = by_root(VERB_PROFILE_LIST, NULL, NO_ARGS);

	cr_expect_eq(outcome.status, COMMAND_DONE, "%s", outcome.sentence);
	cr_expect_eq(reply_count(&outcome, "name"), 9U);
	cr_expect_eq(reply_count(&outcome, "file"), 9U);
	outcome_clear(&outcome);
	outcome = by_root(VERB_PROFILE_SHOW, NULL, ARGS("profile", "ranged"));
	cr_expect_eq(outcome.status, COMMAND_DONE, "%s", outcome.sentence);
	cr_expect_str_eq(reply_text(&outcome, "ranges"), "10.0.0.0/8,local");
	cr_expect_str_eq(reply_text(&outcome, "hours"), "zone=UTC,mon=08:00-18:00,sun=closed");
	cr_expect_str_eq(reply_text(&outcome, "members"), "ranged");
	cr_expect_str_eq(reply_text(&outcome, "required_level"), "standard");
	outcome_clear(&outcome);
	expect(VERB_PROFILE_SHOW, NULL, ARGS("profile", "nonsense"), COMMAND_REFUSED, "no profile");
}

#define SETS  60 /* of five permissions each: more than are listed, and more than fit into a page */
#define LISTED 256

/* Assigns them all to alice. */
static void
assign_many_sets(void)
{
	char path[128], name[64];

	for (int i = 0; i < SETS; i++) {
		(void)snprintf(name, sizeof(name), "a-set-with-a-name-as-long-as-they-come-in-large-companies-%02d", i);
		(void)snprintf(path, sizeof(path), "permission-sets.d/%s.conf", name);
		stage_write(&stage, path,
			    "permissions = [ \"mfa-ui-logins\", \"mfa-api-logins\", \"api-enabled\", \"manage-mfa\", "
			    "\"manage-users\" ];\n");
	}
	stage_reload(&stage);
	for (int i = 0; i < SETS; i++) {
		(void)snprintf(name, sizeof(name), "a-set-with-a-name-as-long-as-they-come-in-large-companies-%02d", i);
		stage_assign(&stage, "alice", name);
	}
}

Test(permissions, many_grants_come_in_pages_and_none_is_lost)
{
	char after[16] = "";
	unsigned listed = 0, pages = 0;
	bool said = false;

	assign_many_sets();
	do {
		struct outcome_of outcome = by_root(VERB_PERM_LIST, "alice", after[0] != '\0' ? ARGS("after", after) : NO_ARGS);

		cr_assert_eq(outcome.status, COMMAND_DONE, "%s", outcome.sentence);
		listed += reply_count(&outcome, "permission");
		said = reply_text(&outcome, "info")[0] != '\0';
		(void)snprintf(after, sizeof(after), "%s", reply_text(&outcome, "next"));
		outcome_clear(&outcome);
		cr_assert_leq(++pages, 10U);
	} while (after[0] != '\0');
	cr_expect_geq(pages, 2U);
	cr_expect_eq(listed, LISTED, "%u", listed);
	cr_expect(said, "that there are more than that");
	expect(VERB_PERM_LIST, "alice", ARGS("after", "-1"), COMMAND_USAGE, NULL);
	expect(VERB_PERM_LIST, "alice", ARGS("after", "1000000000"), COMMAND_USAGE, NULL);
}
