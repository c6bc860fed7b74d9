/* explain: the decision of a login that nobody makes. */
#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#include "stage.h"

static struct stage stage;

static void
open_stage(void)
{
	stage_open(&stage,
		   "services = { ui = [ \"sshd\" ]; api = [ \"dovecot\" ]; exempt = [ \"cron\" ]; };\n"
		   "trusted_networks = [ \"192.168.0.0/16\" ];");
}

static void
close_stage(void)
{
	stage_close(&stage);
}

TestSuite(explain, .init = open_stage, .fini = close_stage);

static void
expect(const char *user, const char *const args[], const char *verdict, const char *reason, const char *level)
{
	const struct caller root = stage_root();
	struct outcome_of outcome = stage_run(&stage, &root, VERB_EXPLAIN, user, args, NO_ANSWERS);

	cr_assert_eq(outcome.status, COMMAND_DONE, "%s", outcome.sentence);
	cr_expect_str_eq(reply_text(&outcome, "verdict"), verdict, "%s: %s", reply_text(&outcome, "verdict"),
			 reply_text(&outcome, "summary"));
	cr_expect_str_eq(reply_text(&outcome, "reason"), reason, "%s", reply_text(&outcome, "reason"));
	cr_expect_str_eq(reply_text(&outcome, "level"), level, "%s", reply_text(&outcome, "level"));
	cr_expect_geq(reply_count(&outcome, "text"), 1U);
	cr_expect_eq(reply_count(&outcome, "text"), reply_count(&outcome, "line"));
	cr_expect_str_neq(reply_text(&outcome, "summary"), "");
	cr_expect_eq(outcome.writes, 0U);
	outcome_clear(&outcome);
}

Test(explain, a_ui_login_that_owes_nothing_is_allowed)
{
	expect("alice", ARGS("service", "sshd"), "allow", "ok-single-factor", "standard");
	expect("alice", NO_ARGS, "allow", "ok-single-factor", "standard");
}

Test(explain, a_ui_login_that_owes_a_factor_is_challenged_and_answered)
{
	stage_profile(&stage, "alice", "mfa");
	expect("alice", ARGS("service", "sshd"), "register", "registration-required", "");
	expect("alice", ARGS("service", "sshd", "answer", "register"), "allow", "ok-registered",
	       "high-assurance");
	stage_enroll(&stage, "alice", true);
	expect("alice", ARGS("service", "sshd"), "challenge", "factor-missing", "");
	expect("alice", ARGS("service", "sshd", "answer", "totp"), "allow", "ok", "high-assurance");
	expect("alice", ARGS("service", "sshd", "answer", "totp-wrong"), "deny", "factor-wrong", "");
	expect("alice", ARGS("service", "sshd", "answer", "token"), "deny", "factor-wrong", "");
	expect("alice", ARGS("service", "sshd", "answer", "recovery-code"), "allow", "ok", "high-assurance");
	expect("alice", ARGS("service", "sshd", "answer", "temporary-code"), "allow", "ok", "high-assurance");
}

Test(explain, an_api_login_depends_on_where_it_comes_from)
{
	const struct caller root = stage_root();
	struct outcome_of outcome;

	expect("alice", ARGS("service", "dovecot", "from", "192.168.1.1"), "allow", "ok-single-factor",
	       "standard");
	expect("alice", ARGS("service", "dovecot", "from", "203.0.113.9"), "deny", "factor-missing", "");
	expect("alice", ARGS("service", "dovecot", "answer", "token"), "deny", "factor-wrong", "");
	outcome = stage_run(&stage, &root, VERB_TOKEN_NEW, "alice", NO_ARGS, NO_ANSWERS);
	outcome_clear(&outcome);
	expect("alice", ARGS("service", "dovecot", "answer", "token"), "allow", "ok", "standard");
	expect("alice", ARGS("service", "dovecot", "answer", "token-wrong"), "deny", "factor-wrong", "");
	expect("alice", ARGS("login_type", "api", "answer", "recovery-code"), "deny", "factor-missing", "");
}

Test(explain, permissions_are_supposed)
{
	expect("alice", ARGS("service", "sshd", "with", "mfa-ui-logins"), "register", "registration-required",
	       "");
	expect("alice", ARGS("service", "dovecot", "without", "ApiEnabled"), "deny", "api-disabled", "");
	expect("limited", ARGS("service", "sshd", "with", "mfa-ui-logins"), "deny", "configuration", "");
}

Test(explain, hours_are_those_of_the_time_asked_about)
{
	/* 2026-11-22 is a Sunday, 2026-11-23 a Monday. */
	expect("ranged", ARGS("service", "sshd", "from", "10.1.1.1", "at", "1795348800"), "deny",
	       "login-hours", "");
	expect("ranged", ARGS("service", "sshd", "from", "10.1.1.1", "at", "1795435200"), "allow",
	       "ok-single-factor", "standard");
	expect("ranged", ARGS("service", "sshd", "from", "203.0.113.9", "at", "1795435200"), "deny",
	       "login-ip", "");
}

Test(explain, a_frozen_and_an_unknown_user_are_denied)
{
	const struct caller root = stage_root();
	struct outcome_of outcome = stage_run(&stage, &root, VERB_USER_FREEZE, "alice", NO_ARGS, NO_ANSWERS);

	outcome_clear(&outcome);
	expect("alice", ARGS("service", "sshd"), "deny", "frozen", "");
	expect("nobody", ARGS("service", "sshd"), "deny", "unknown-user", "");
}

Test(explain, because_lines_name_the_file_that_made_a_rule_apply)
{
	const struct caller root = stage_root();
	struct outcome_of outcome;
	bool named = false;

	stage_profile(&stage, "alice", "mfa");
	outcome = stage_run(&stage, &root, VERB_EXPLAIN, "alice", ARGS("service", "sshd"), NO_ANSWERS);
	for (unsigned i = 0; i < reply_count(&outcome, "file"); i++)
		named |= strstr(reply_nth(&outcome, "file", i), "profiles.d/mfa.conf") != NULL &&
			 strcmp(reply_nth(&outcome, "line", i), "0") != 0;
	cr_expect(named);
	outcome_clear(&outcome);
}

Test(explain, what_cannot_be_supposed_is_a_usage_error)
{
	static const char *const args[][3] = {
		{ "answer", "magic", NULL },
		{ "with", "magic", NULL },
		{ "login_type", "magic", NULL },
		{ "at", "now", NULL },
	};
	const struct caller root = stage_root();

	for (size_t i = 0; i < sizeof(args) / sizeof(args[0]); i++) {
		struct outcome_of outcome =
			stage_run(&stage, &root, VERB_EXPLAIN, "alice", args[i], NO_ANSWERS);

		cr_expect_eq(outcome.status, COMMAND_USAGE, "%s", args[i][0]);
		outcome_clear(&outcome);
	}
}

Test(explain, a_user_explains_their_own_login)
{
	const struct caller alice = stage_caller("alice");
	struct outcome_of outcome =
		stage_run(&stage, &alice, VERB_EXPLAIN, NULL, ARGS("service", "sshd"), NO_ANSWERS);

	cr_expect_eq(outcome.status, COMMAND_DONE, "%s", outcome.sentence);
	cr_expect_eq(stage.events, 0U);
	outcome_clear(&outcome);
}

static void
remember(enum event_kind kind, int64_t time, int64_t step_offset)
{
	struct event event = { .kind = kind,
			       .time = time,
			       .user = "alice",
			       .service = "sshd",
			       .method = FACTOR_TOTP,
			       .reason = REASON_FACTOR_WRONG,
			       .step_offset = step_offset };
	const struct event *const events[] = { &event };

	cr_assert_eq(store_add_events(stage.env.store, events, 1, NULL), SFMFA_OK);
}

Test(explain, the_last_login_is_told_and_root_learns_by_how_much_a_code_was_off)
{
	const struct caller root = stage_root(), alice = stage_caller("alice");
	int64_t at = 1700000010 / 30 * 30 + 4;
	struct outcome_of outcome;

	stage_enroll(&stage, "alice", true);
	remember(EVENT_LOGIN, at - 3600, 0);
	remember(EVENT_LOGIN, at, -3);
	for (int i = 0; i < 40; i++)
		remember(EVENT_ADMIN, at + 1 + i, 0);
	outcome = stage_run(&stage, &root, VERB_EXPLAIN, "alice", ARGS("last", "1"), NO_ANSWERS);
	cr_assert_eq(outcome.status, COMMAND_DONE, "%s", outcome.sentence);
	cr_expect_str_eq(reply_text(&outcome, "reason"), "factor-wrong");
	cr_expect_str_eq(reply_text(&outcome, "service"), "sshd");
	cr_expect_str_eq(reply_text(&outcome, "verdict"), "deny");
	cr_expect_str_eq(reply_text(&outcome, "off_by"), "-94");
	cr_expect_eq(atoll(reply_text(&outcome, "right_at")), at - 94);
	outcome_clear(&outcome);
	outcome = stage_run(&stage, &alice, VERB_EXPLAIN, "alice", ARGS("last", "1"), NO_ANSWERS);
	cr_assert_eq(outcome.status, COMMAND_DONE, "%s", outcome.sentence);
	cr_expect_str_eq(reply_text(&outcome, "reason"), "factor-wrong");
	cr_expect_eq(reply_count(&outcome, "off_by"), 0U, "nobody else learns it");
	cr_expect_eq(reply_count(&outcome, "right_at"), 0U);
	outcome_clear(&outcome);
}

Test(explain, a_login_that_never_was_is_not_told)
{
	const struct caller root = stage_root(), bob = stage_caller("bob");
	struct outcome_of outcome = stage_run(&stage, &root, VERB_EXPLAIN, "alice", ARGS("last", "1"), NO_ANSWERS);

	cr_expect_eq(outcome.status, COMMAND_REFUSED);
	cr_expect_not_null(strstr(outcome.sentence, "no login"));
	outcome_clear(&outcome);
	remember(EVENT_LOGIN, 1700000000, 0);
	outcome = stage_run(&stage, &bob, VERB_EXPLAIN, "alice", ARGS("last", "1"), NO_ANSWERS);
	cr_expect_eq(outcome.status, COMMAND_REFUSED, "nor to somebody else");
	outcome_clear(&outcome);
}
