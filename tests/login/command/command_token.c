/* Security tokens: made, listed by pages, revoked; and what a password change does to them. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "factor/token.h"
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

TestSuite(tokens, .init = open_stage, .fini = close_stage);

Test(tokens, a_token_is_made_with_label_end_and_scope)
{
	const struct caller root = stage_root();
	char expires[32];
	struct outcome_of outcome =
		stage_run(&stage, &root, VERB_TOKEN_NEW, "alice",
			  ARGS("label", "mail at home", "expires", "3600", "service", "dovecot", "service",
			       "postfix", "from", "10.0.0.0/8", "from", "2001:db8::/32"),
			  NO_ANSWERS);
	const char *token;

	cr_assert_eq(outcome.status, COMMAND_DONE, "%s", outcome.sentence);
	(void)snprintf(expires, sizeof(expires), "%lld", (long long)stage.now.wall + 3600);
	cr_expect_str_eq(reply_text(&outcome, "expires"), expires);
	cr_expect_str_eq(reply_text(&outcome, "label"), "mail at home");
	token = reply_text(&outcome, "token");
	cr_expect(token_is_well_formed(token, strlen(token)));
	cr_expect_null(strstr(stage.event.change, token));
	outcome_clear(&outcome);
	outcome = stage_run(&stage, &root, VERB_TOKEN_LIST, "alice", NO_ARGS, NO_ANSWERS);
	cr_assert_eq(outcome.status, COMMAND_DONE, "%s", outcome.sentence);
	cr_expect_str_eq(reply_text(&outcome, "label"), "mail at home");
	cr_expect_str_eq(reply_text(&outcome, "services"), "dovecot,postfix");
	cr_expect_str_eq(reply_text(&outcome, "networks"), "10.0.0.0/8,2001:db8::/32");
	cr_expect_str_eq(reply_text(&outcome, "expires"), expires);
	cr_expect_str_eq(reply_text(&outcome, "last_used"), "0");
	cr_expect_str_eq(reply_text(&outcome, "next"), "");
	outcome_clear(&outcome);
}

Test(tokens, a_label_is_used_once_and_again_after_revocation)
{
	const struct caller root = stage_root();
	struct outcome_of outcome = stage_run(&stage, &root, VERB_TOKEN_NEW, "alice", NO_ARGS, NO_ANSWERS);

	cr_expect_str_eq(reply_text(&outcome, "label"), "default");
	cr_expect_str_eq(reply_text(&outcome, "expires"), "0");
	outcome_clear(&outcome);
	outcome = stage_run(&stage, &root, VERB_TOKEN_NEW, "alice", NO_ARGS, NO_ANSWERS);
	cr_expect_eq(outcome.status, COMMAND_REFUSED);
	outcome_clear(&outcome);
	outcome = stage_run(&stage, &root, VERB_TOKEN_REVOKE, "alice", ARGS("label", "default"), NO_ANSWERS);
	cr_expect_eq(outcome.status, COMMAND_DONE, "%s", outcome.sentence);
	cr_expect_str_eq(reply_text(&outcome, "count"), "1");
	outcome_clear(&outcome);
	outcome = stage_run(&stage, &root, VERB_TOKEN_REVOKE, "alice", ARGS("label", "default"), NO_ANSWERS);
	cr_expect_eq(outcome.status, COMMAND_REFUSED);
	outcome_clear(&outcome);
	outcome = stage_run(&stage, &root, VERB_TOKEN_NEW, "alice", NO_ARGS, NO_ANSWERS);
	cr_expect_eq(outcome.status, COMMAND_DONE, "%s", outcome.sentence);
	outcome_clear(&outcome);
}

Test(tokens, arguments_are_checked)
{
	static const char *const args[][3] = {
		{ "expires", "0", NULL },        { "expires", "90d", NULL }, { "from", "10.0.0.1/8", NULL },
		{ "from", "example.org", NULL }, { "service", "a b", NULL }, { "label", "", NULL },
		{ "label", "a\tb", NULL },
	};
	const struct caller root = stage_root();

	for (size_t i = 0; i < sizeof(args) / sizeof(args[0]); i++) {
		struct outcome_of outcome =
			stage_run(&stage, &root, VERB_TOKEN_NEW, "alice", args[i], NO_ANSWERS);

		cr_expect_eq(outcome.status, COMMAND_USAGE, "%s=%s", args[i][0], args[i][1]);
		cr_expect_eq(outcome.writes, 0U);
		outcome_clear(&outcome);
	}
	cr_expect_eq(stage.events, 0U);
}

Test(tokens, pages_hold_every_token_once)
{
	const struct caller root = stage_root();
	struct outcome_of outcome;
	char label[32], next[32] = "0";
	unsigned seen = 0, pages = 0;

	for (unsigned i = 0; i < 40; i++) {
		(void)snprintf(label, sizeof(label), "t%u", i);
		outcome = stage_run(&stage, &root, VERB_TOKEN_NEW, "alice", ARGS("label", label), NO_ANSWERS);
		cr_assert_eq(outcome.status, COMMAND_DONE, "%s", outcome.sentence);
		outcome_clear(&outcome);
	}
	do {
		outcome = stage_run(&stage, &root, VERB_TOKEN_LIST, "alice",
				    pages == 0 ? NO_ARGS : ARGS("after", next), NO_ANSWERS);
		cr_assert_eq(outcome.status, COMMAND_DONE, "%s", outcome.sentence);
		seen += reply_count(&outcome, "label");
		(void)snprintf(next, sizeof(next), "%s", reply_text(&outcome, "next"));
		outcome_clear(&outcome);
	} while (next[0] != '\0' && ++pages < 10);
	cr_expect_eq(seen, 40U);
	cr_expect_eq(pages, 2U);
	outcome = stage_run(&stage, &root, VERB_TOKEN_REVOKE, "alice", ARGS("all", "1"), NO_ANSWERS);
	cr_expect_str_eq(reply_text(&outcome, "count"), "40");
	outcome_clear(&outcome);
}

Test(tokens, people_do_not_make_tokens_without_end)
{
	const struct caller alice = stage_caller("alice");
	struct outcome_of outcome;
	char label[32];
	unsigned made = 0;

	for (unsigned i = 0; i < 80; i++) {
		(void)snprintf(label, sizeof(label), "t%u", i);
		outcome = stage_run(&stage, &alice, VERB_TOKEN_NEW, NULL, ARGS("label", label), NO_ANSWERS);
		made += outcome.status == COMMAND_DONE ? 1 : 0;
		outcome_clear(&outcome);
	}
	cr_expect_eq(made, 64U);
}

Test(tokens, self_service_is_closed_where_a_token_would_open_what_is_closed)
{
	static const struct {
		const char *user, *word;
	} rows[] = { { "robot", "API-only" }, { "ranged", "IP ranges" }, { "strict", "authenticator app" } };

	stage_enroll(&stage, "strict", true);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const struct caller caller = stage_caller(rows[i].user);
		const struct caller root = stage_root();
		struct outcome_of outcome =
			stage_run(&stage, &caller, VERB_TOKEN_NEW, NULL, NO_ARGS, NO_ANSWERS);

		cr_expect_eq(outcome.status, COMMAND_REFUSED, "%s", rows[i].user);
		cr_expect_not_null(strstr(outcome.sentence, rows[i].word), "%s", outcome.sentence);
		outcome_clear(&outcome);
		outcome = stage_run(&stage, &root, VERB_TOKEN_NEW, rows[i].user, NO_ARGS, NO_ANSWERS);
		cr_expect_eq(outcome.status, COMMAND_DONE, "%s", outcome.sentence);
		outcome_clear(&outcome);
	}
}

Test(tokens, a_password_change_revokes_them)
{
	const struct caller root = stage_root();
	struct outcome_of outcome = stage_run(&stage, &root, VERB_TOKEN_NEW, "alice", NO_ARGS, NO_ANSWERS);

	outcome_clear(&outcome);
	outcome = stage_run(&stage, &root, VERB_PASSWORD_CHANGED, "alice", NO_ARGS, NO_ANSWERS);
	cr_expect_eq(outcome.status, COMMAND_DONE, "%s", outcome.sentence);
	cr_expect_str_eq(reply_text(&outcome, "count"), "1");
	cr_expect_str_eq(stage.event.verb, "password-changed");
	cr_expect_eq(stage_record(&stage, "alice")->token_count, 0U);
	outcome_clear(&outcome);
	outcome = stage_run(&stage, &root, VERB_PASSWORD_CHANGED, "nobody", NO_ARGS, NO_ANSWERS);
	cr_expect_eq(outcome.status, COMMAND_DONE, "%s", outcome.sentence);
	cr_expect_str_eq(reply_text(&outcome, "count"), "0");
	outcome_clear(&outcome);
}

Test(tokens, the_setting_keeps_them_over_a_password_change)
{
	const struct caller root = stage_root();
	struct outcome_of outcome;

	stage_close(&stage);
	stage_open(&stage, "tokens_survive_password_change = true;");
	outcome = stage_run(&stage, &root, VERB_TOKEN_NEW, "alice", NO_ARGS, NO_ANSWERS);
	outcome_clear(&outcome);
	outcome = stage_run(&stage, &root, VERB_PASSWORD_CHANGED, "alice", NO_ARGS, NO_ANSWERS);
	cr_expect_eq(outcome.status, COMMAND_DONE);
	cr_expect_str_eq(reply_text(&outcome, "count"), "0");
	cr_expect_eq(stage_record(&stage, "alice")->token_count, 1U);
	outcome_clear(&outcome);
}
