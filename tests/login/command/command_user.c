/* Users listed, shown, frozen, unlocked, forgotten; the log; the status. */
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

TestSuite(users, .init = open_stage, .fini = close_stage);

static struct outcome_of
by_root(enum verb verb, const char *subject, const char *const args[])
{
	const struct caller root = stage_root();

	return stage_run(&stage, &root, verb, subject, args, NO_ANSWERS);
}

static void
expect_text(const struct outcome_of *outcome, const char *key, const char *value)
{
	cr_expect_str_eq(reply_text(outcome, key), value, "%s is %s", key, reply_text(outcome, key));
}

Test(users, a_user_is_shown_whole)
{
	struct outcome_of outcome;

	stage_profile(&stage, "alice", "mfa-api");
	stage_enroll(&stage, "alice", true);
	outcome = by_root(VERB_TOKEN_NEW, "alice", NO_ARGS);
	outcome_clear(&outcome);
	outcome = by_root(VERB_USER_SHOW, "alice", NO_ARGS);
	cr_assert_eq(outcome.status, COMMAND_DONE, "%s", outcome.sentence);
	expect_text(&outcome, "user", "alice");
	expect_text(&outcome, "virtual", "0");
	expect_text(&outcome, "known", "1");
	expect_text(&outcome, "profile", "mfa-api");
	expect_text(&outcome, "profile_how", "assigned");
	expect_text(&outcome, "license", "full");
	expect_text(&outcome, "permissions", "mfa-ui-logins,mfa-api-logins,api-enabled");
	expect_text(&outcome, "app", "completed");
	expect_text(&outcome, "algorithm", "sha1");
	expect_text(&outcome, "digits", "6");
	expect_text(&outcome, "period", "30");
	expect_text(&outcome, "tokens", "1");
	expect_text(&outcome, "recovery_codes", "10");
	expect_text(&outcome, "frozen", "0");
	expect_text(&outcome, "locked", "0");
	expect_text(&outcome, "in_effect", "1");
	cr_expect_eq(reply_count(&outcome, "secret"), 0U);
	outcome_clear(&outcome);
}

Test(users, the_default_profile_is_said_to_be_one)
{
	const struct caller bob = stage_caller("bob");
	struct outcome_of outcome = stage_run(&stage, &bob, VERB_USER_SHOW, NULL, NO_ARGS, NO_ANSWERS);

	cr_assert_eq(outcome.status, COMMAND_DONE, "%s", outcome.sentence);
	expect_text(&outcome, "profile_how", "default");
	expect_text(&outcome, "app", "none");
	expect_text(&outcome, "in_effect", "0");
	outcome_clear(&outcome);
}

Test(users, lists_filter_by_state_and_profile)
{
	struct outcome_of outcome;

	stage_enroll(&stage, "alice", true);
	stage_enroll(&stage, "bob", false);
	stage_profile(&stage, "carol", "mfa");
	outcome = by_root(VERB_USER_FREEZE, "carol", NO_ARGS);
	outcome_clear(&outcome);
	outcome = by_root(VERB_USER_LIST, NULL, NO_ARGS);
	cr_expect_eq(reply_count(&outcome, "user"), 3U);
	cr_expect_eq(reply_count(&outcome, "registered"), 3U);
	outcome_clear(&outcome);
	outcome = by_root(VERB_USER_LIST, NULL, ARGS("state", "completed"));
	cr_expect_eq(reply_count(&outcome, "user"), 1U);
	expect_text(&outcome, "user", "alice");
	outcome_clear(&outcome);
	outcome = by_root(VERB_USER_LIST, NULL, ARGS("state", "pending"));
	expect_text(&outcome, "user", "bob");
	outcome_clear(&outcome);
	outcome = by_root(VERB_USER_LIST, NULL, ARGS("state", "frozen"));
	expect_text(&outcome, "user", "carol");
	expect_text(&outcome, "frozen", "1");
	outcome_clear(&outcome);
	outcome = by_root(VERB_USER_LIST, NULL, ARGS("profile", "mfa"));
	expect_text(&outcome, "user", "carol");
	cr_expect_eq(reply_count(&outcome, "user"), 1U);
	outcome_clear(&outcome);
	outcome = by_root(VERB_USER_LIST, NULL, ARGS("state", "sleepy"));
	cr_expect_eq(outcome.status, COMMAND_USAGE);
	outcome_clear(&outcome);
}

Test(users, pages_hold_every_user_once)
{
	struct outcome_of outcome;
	char name[64], next[256] = "";
	unsigned seen = 0, pages = 0;

	for (unsigned i = 0; i < 120; i++) {
		(void)snprintf(name, sizeof(name), "user%03u@example.org", i);
		outcome = by_root(VERB_PROFILE_ASSIGN, name, ARGS("profile", "mfa", "virtual", "1"));
		cr_assert_eq(outcome.status, COMMAND_DONE, "%s", outcome.sentence);
		outcome_clear(&outcome);
	}
	do {
		outcome = by_root(VERB_USER_LIST, NULL, pages == 0 ? NO_ARGS : ARGS("after", next));
		cr_assert_eq(outcome.status, COMMAND_DONE, "%s", outcome.sentence);
		seen += reply_count(&outcome, "user");
		(void)snprintf(next, sizeof(next), "%s", reply_text(&outcome, "next"));
		outcome_clear(&outcome);
	} while (next[0] != '\0' && ++pages < 10);
	cr_expect_eq(seen, 120U);
}

Test(users, a_freeze_is_put_on_and_taken_off)
{
	const struct caller helen = stage_caller("helen");
	struct outcome_of outcome = stage_run(&stage, &helen, VERB_USER_FREEZE, "alice", NO_ARGS, NO_ANSWERS);

	cr_expect_eq(outcome.status, COMMAND_DONE, "%s", outcome.sentence);
	cr_expect(stage_record(&stage, "alice")->frozen);
	cr_expect_str_eq(stage.event.change, "frozen");
	cr_expect_str_eq(stage.event.actor, "helen");
	outcome_clear(&outcome);
	outcome = stage_run(&stage, &helen, VERB_USER_UNFREEZE, "alice", NO_ARGS, NO_ANSWERS);
	cr_expect_eq(outcome.status, COMMAND_DONE, "%s", outcome.sentence);
	cr_expect_not(stage_record(&stage, "alice")->frozen);
	outcome_clear(&outcome);
}

Test(users, a_lock_is_ended_by_the_help_desk_and_the_clock_by_root_only)
{
	const struct caller helen = stage_caller("helen");
	const char *secret = stage_enroll(&stage, "alice", true);
	const struct caller alice = stage_caller("alice");
	struct outcome_of outcome;
	char wrong[128];

	(void)snprintf(wrong, sizeof(wrong), "@wrong %s", secret);
	for (unsigned i = 0; i < 10; i++) {
		outcome = stage_run(&stage, &alice, VERB_TOKEN_NEW, NULL, NO_ARGS, ANSWERS(wrong));
		cr_expect_eq(outcome.status, COMMAND_REFUSED);
		outcome_clear(&outcome);
	}
	outcome = stage_run(&stage, &alice, VERB_TOKEN_NEW, NULL, NO_ARGS, ANSWERS("123456"));
	cr_expect_eq(stage.event.reason, REASON_LOCKED_OUT);
	outcome_clear(&outcome);
	outcome = stage_run(&stage, &helen, VERB_USER_UNLOCK, "alice", ARGS("clock", "1"), NO_ANSWERS);
	cr_expect_eq(outcome.status, COMMAND_REFUSED);
	outcome_clear(&outcome);
	outcome = stage_run(&stage, &helen, VERB_USER_UNLOCK, "alice", NO_ARGS, NO_ANSWERS);
	cr_expect_eq(outcome.status, COMMAND_DONE, "%s", outcome.sentence);
	expect_text(&outcome, "clock", "0");
	outcome_clear(&outcome);
	(void)snprintf(wrong, sizeof(wrong), "@own %s", secret);
	outcome = stage_run(&stage, &alice, VERB_TOKEN_NEW, NULL, NO_ARGS, ANSWERS(wrong));
	cr_expect_eq(outcome.status, COMMAND_DONE, "%s", outcome.sentence);
	outcome_clear(&outcome);
	/* The clock goes back a day: the last step lies ahead, and root's unlock sees it. */
	stage_pass(&stage, -86400);
	outcome = by_root(VERB_USER_UNLOCK, "alice", NO_ARGS);
	expect_text(&outcome, "clock", "1");
	outcome_clear(&outcome);
}

Test(users, root_forgets_a_user)
{
	struct outcome_of outcome;

	stage_enroll(&stage, "alice", true);
	outcome = by_root(VERB_USER_DELETE, "alice", NO_ARGS);
	cr_expect_eq(outcome.status, COMMAND_DONE, "%s", outcome.sentence);
	cr_expect_eq(stage_record(&stage, "alice")->id, 0);
	outcome_clear(&outcome);
	outcome = by_root(VERB_USER_DELETE, "alice", NO_ARGS);
	cr_expect_eq(outcome.status, COMMAND_REFUSED);
	outcome_clear(&outcome);
}

Test(users, a_virtual_user_whose_name_the_system_learns_waits_for_a_decision)
{
	const struct caller root = stage_root();
	struct outcome_of outcome = by_root(VERB_ENROLL, "newcomer", ARGS("virtual", "1"));
	struct command_request request = { .verb = VERB_ENROLL, .has_subject = true };
	struct command *command;
	const struct fields *reply;
	const char *sentence;

	cr_assert_eq(outcome.status, COMMAND_DONE, "%s", outcome.sentence);
	outcome_clear(&outcome);
	request.subject = stage_person("newcomer");
	request.subject.nss = NSS_KNOWN;
	request.subject.uid = 1500;
	request.subject.groups_known = true;
	cr_assert_eq(fields_add_text(&request.args, "replace", "1"), SFMFA_OK);
	cr_assert_eq(command_create(&stage.env, &root, &request, &command), SFMFA_OK);
	cr_expect_eq(command_step(command, NULL), TURN_DONE);
	cr_expect_eq(command_result(command, &sentence, &reply), COMMAND_REFUSED);
	cr_expect_not_null(strstr(sentence, "virtual user"), "%s", sentence);
	command_destroy(command);
}

Test(users, the_log_shows_acts_and_refused_acts_newest_first)
{
	const struct caller alice = stage_caller("alice");
	const struct caller helen = stage_caller("helen");
	struct outcome_of outcome;

	stage_assign(&stage, "bob", "mfa-ui-logins");
	outcome = stage_run(&stage, &alice, VERB_USER_FREEZE, "bob", NO_ARGS, NO_ANSWERS);
	outcome_clear(&outcome);
	outcome = by_root(VERB_LOG, NULL, NO_ARGS);
	cr_assert_eq(outcome.status, COMMAND_DONE, "%s", outcome.sentence);
	cr_expect_eq(reply_count(&outcome, "time"), 2U);
	cr_expect_str_eq(reply_nth(&outcome, "actor", 0), "alice");
	cr_expect_str_eq(reply_nth(&outcome, "verdict", 0), "deny");
	cr_expect_str_eq(reply_nth(&outcome, "actor", 1), "root");
	cr_expect_str_eq(reply_nth(&outcome, "change", 1), "assign mfa-ui-logins");
	cr_expect_str_eq(reply_nth(&outcome, "kind", 1), "admin");
	outcome_clear(&outcome);
	/* A user sees what concerns them; who may see others sees everything. */
	outcome = stage_run(&stage, &alice, VERB_LOG, NULL, NO_ARGS, NO_ANSWERS);
	cr_expect_eq(outcome.status, COMMAND_DONE, "%s", outcome.sentence);
	cr_expect_eq(reply_count(&outcome, "time"), 0U);
	outcome_clear(&outcome);
	outcome = stage_run(&stage, &helen, VERB_LOG, NULL, NO_ARGS, NO_ANSWERS);
	cr_expect_eq(reply_count(&outcome, "time"), 2U);
	outcome_clear(&outcome);
	outcome = stage_run(&stage, &helen, VERB_LOG, "bob", ARGS("limit", "1"), NO_ANSWERS);
	cr_expect_eq(reply_count(&outcome, "time"), 1U);
	cr_expect_str_neq(reply_text(&outcome, "next"), "");
	outcome_clear(&outcome);
	outcome = by_root(VERB_LOG, NULL, ARGS("reason", "nonsense"));
	cr_expect_eq(outcome.status, COMMAND_USAGE);
	outcome_clear(&outcome);
}

Test(users, the_status_says_how_the_service_is)
{
	struct caller www = stage_caller("mallory");
	struct outcome_of outcome = by_root(VERB_STATUS, NULL, NO_ARGS);

	cr_assert_eq(outcome.status, COMMAND_DONE);
	expect_text(&outcome, "ok", "1");
	expect_text(&outcome, "config", "ok");
	expect_text(&outcome, "store", "ok");
	expect_text(&outcome, "keys", "ok");
	expect_text(&outcome, "users", "0");
	outcome_clear(&outcome);
	www.class = CALLER_TRUSTED;
	outcome = stage_run(&stage, &www, VERB_STATUS, NULL, NO_ARGS, NO_ANSWERS);
	cr_expect_eq(outcome.status, COMMAND_DONE);
	cr_expect_eq(reply_count(&outcome, "users"), 0U);
	outcome_clear(&outcome);
}

Test(users, the_status_speaks_while_nothing_else_works)
{
	struct config *config = stage.env.config;
	struct store *store = stage.env.store;
	const struct caller root = stage_root();
	struct outcome_of outcome;

	stage.env.config = NULL;
	stage.env.store = NULL;
	stage.env.config_diag =
		(struct diag){ .file = "/etc/sfmfa/sfmfa.conf", .line = 7, .text = "syntax error" };
	outcome = stage_run(&stage, &root, VERB_STATUS, NULL, NO_ARGS, NO_ANSWERS);
	cr_expect_eq(outcome.status, COMMAND_DONE);
	expect_text(&outcome, "ok", "0");
	expect_text(&outcome, "config", "broken");
	expect_text(&outcome, "config_line", "7");
	expect_text(&outcome, "store", "failed");
	outcome_clear(&outcome);
	stage.env.events.take = NULL;
	outcome = stage_run(&stage, &root, VERB_USER_SHOW, "alice", NO_ARGS, NO_ANSWERS);
	cr_expect_eq(outcome.status, COMMAND_FAILED);
	cr_expect_not_null(strstr(outcome.sentence, "sfmfa.conf:7"), "%s", outcome.sentence);
	outcome_clear(&outcome);
	stage.env.config = config;
	outcome = stage_run(&stage, &root, VERB_USER_SHOW, "alice", NO_ARGS, NO_ANSWERS);
	cr_expect_eq(outcome.status, COMMAND_FAILED);
	outcome_clear(&outcome);
	stage.env.store = store;
}

Test(users, a_name_service_that_does_not_answer_is_no_answer)
{
	const struct caller root = stage_root();
	struct command_request request = { .verb = VERB_USER_FREEZE,
					   .has_subject = true,
					   .subject = stage_person("alice") };
	struct command *command;
	const struct fields *reply;
	const char *sentence;

	request.subject.nss = NSS_ERROR;
	cr_assert_eq(command_create(&stage.env, &root, &request, &command), SFMFA_OK);
	cr_expect_eq(command_step(command, NULL), TURN_DONE);
	cr_expect_eq(command_result(command, &sentence, &reply), COMMAND_FAILED);
	command_destroy(command);
}
