/* enroll, disconnect, recovery codes, temporary codes. */
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

TestSuite(enrolment, .init = open_stage, .fini = close_stage);

static const char *
own(const char *secret)
{
	static char text[128];

	(void)snprintf(text, sizeof(text), "@own %s", secret);
	return text;
}

Test(enrolment, root_enrols_pending_with_ten_recovery_codes)
{
	const struct caller root = stage_root();
	struct outcome_of outcome = stage_run(&stage, &root, VERB_ENROLL, "alice", NO_ARGS, NO_ANSWERS);

	cr_assert_eq(outcome.status, COMMAND_DONE, "%s", outcome.sentence);
	cr_expect_str_eq(reply_text(&outcome, "user"), "alice");
	cr_expect_str_eq(reply_text(&outcome, "state"), "pending");
	cr_expect_eq(strlen(reply_text(&outcome, "secret")), 32U);
	cr_expect_eq(strncmp(reply_text(&outcome, "uri"), "otpauth://totp/Example", 22), 0);
	cr_expect_eq(reply_count(&outcome, "recovery_code"), 10U);
	cr_expect_eq(strlen(reply_nth(&outcome, "recovery_code", 9)), 19U);
	cr_expect_eq(stage_record(&stage, "alice")->app.state, APP_PENDING);
	cr_expect_eq(stage_record(&stage, "alice")->recovery_codes_left, 10U);
	cr_expect_null(strstr(stage.event.change, reply_text(&outcome, "secret")));
	outcome_clear(&outcome);
}

Test(enrolment, parameters_are_taken_and_checked)
{
	const struct caller root = stage_root();
	struct outcome_of outcome =
		stage_run(&stage, &root, VERB_ENROLL, "alice",
			  ARGS("algorithm", "sha256", "digits", "8", "period", "60"), NO_ANSWERS);

	cr_assert_eq(outcome.status, COMMAND_DONE, "%s", outcome.sentence);
	cr_expect_eq(strlen(reply_text(&outcome, "secret")), 52U);
	cr_expect_not_null(strstr(reply_text(&outcome, "uri"), "digits=8"));
	outcome_clear(&outcome);
	outcome = stage_run(&stage, &root, VERB_ENROLL, "bob", ARGS("digits", "9"), NO_ANSWERS);
	cr_expect_eq(outcome.status, COMMAND_USAGE);
	outcome_clear(&outcome);
	outcome = stage_run(&stage, &root, VERB_ENROLL, "bob", ARGS("algorithm", "md5"), NO_ANSWERS);
	cr_expect_eq(outcome.status, COMMAND_USAGE);
	outcome_clear(&outcome);
}

Test(enrolment, an_app_that_is_there_is_replaced_on_demand_only)
{
	const struct caller root = stage_root();
	struct outcome_of outcome;
	int64_t generation;

	stage_enroll(&stage, "alice", true);
	generation = stage_record(&stage, "alice")->generation;
	outcome = stage_run(&stage, &root, VERB_ENROLL, "alice", NO_ARGS, NO_ANSWERS);
	cr_expect_eq(outcome.status, COMMAND_REFUSED);
	cr_expect_not_null(strstr(outcome.sentence, "--replace"));
	outcome_clear(&outcome);
	outcome = stage_run(&stage, &root, VERB_ENROLL, "alice", ARGS("replace", "1"), NO_ANSWERS);
	cr_expect_eq(outcome.status, COMMAND_DONE, "%s", outcome.sentence);
	cr_expect_neq(stage_record(&stage, "alice")->generation, generation);
	cr_expect_eq(stage_record(&stage, "alice")->app.state, APP_PENDING);
	outcome_clear(&outcome);
}

Test(enrolment, a_user_confirms_their_own_app_and_spends_the_code)
{
	const struct caller alice = stage_caller("alice");
	struct outcome_of outcome =
		stage_run(&stage, &alice, VERB_ENROLL, NULL, ARGS("confirm", "1"), ANSWERS("000", "@app"));

	cr_assert_eq(outcome.status, COMMAND_DONE, "%s", outcome.sentence);
	cr_expect_eq(outcome.asks, 2U);
	cr_expect_eq(strncmp(outcome.first_ask.info, "otpauth://", 10), 0);
	cr_expect_null(strchr(outcome.first_ask.info, '\n'));
	cr_expect_str_eq(outcome.first_ask.prompt, "Code from your app: ");
	cr_expect_str_eq(outcome.last_ask.info, "");
	cr_expect_str_neq(outcome.last_ask.error, "");
	cr_expect_str_eq(reply_text(&outcome, "uri"), outcome.first_ask.info);
	cr_expect_gt(stage_record(&stage, "alice")->guard.last_step, 0);
	outcome_clear(&outcome);
}

Test(enrolment, an_app_that_is_not_confirmed_is_not_written)
{
	const struct caller alice = stage_caller("alice");
	struct outcome_of outcome = stage_run(&stage, &alice, VERB_ENROLL, NULL, ARGS("confirm", "1"),
					      ANSWERS("1", "2", "3", "@app"));

	cr_expect_eq(outcome.status, COMMAND_REFUSED);
	cr_expect_eq(outcome.asks, 3U);
	cr_expect_eq(outcome.writes, 0U);
	outcome_clear(&outcome);
	outcome = stage_run(&stage, &alice, VERB_ENROLL, NULL, ARGS("confirm", "1"), NO_ANSWERS);
	cr_expect_eq(outcome.status, COMMAND_REFUSED);
	cr_expect_eq(stage_record(&stage, "alice")->app.state, APP_NONE);
	outcome_clear(&outcome);
}

Test(enrolment, a_user_replaces_their_app_after_proving_the_old_one)
{
	const struct caller alice = stage_caller("alice");
	const char *secret = stage_enroll(&stage, "alice", true);
	struct outcome_of outcome;

	outcome = stage_run(&stage, &alice, VERB_ENROLL, NULL, ARGS("replace", "1"), ANSWERS("123123"));
	cr_expect_eq(outcome.status, COMMAND_REFUSED);
	outcome_clear(&outcome);
	outcome = stage_run(&stage, &alice, VERB_ENROLL, NULL, ARGS("replace", "1"), ANSWERS(own(secret)));
	cr_expect_eq(outcome.status, COMMAND_DONE, "%s", outcome.sentence);
	cr_expect_str_neq(reply_text(&outcome, "secret"), secret);
	cr_expect_str_eq(reply_text(&outcome, "state"), "pending");
	outcome_clear(&outcome);
}

Test(enrolment, a_recovery_code_proves_too_and_once)
{
	const struct caller root = stage_root();
	const struct caller alice = stage_caller("alice");
	struct outcome_of outcome = stage_run(&stage, &root, VERB_ENROLL, "alice", NO_ARGS, NO_ANSWERS);
	char code[64];

	(void)snprintf(code, sizeof(code), "%s", reply_nth(&outcome, "recovery_code", 3));
	outcome_clear(&outcome);
	outcome = stage_run(&stage, &alice, VERB_TOKEN_NEW, NULL, NO_ARGS, ANSWERS(code));
	cr_expect_eq(outcome.status, COMMAND_DONE, "%s", outcome.sentence);
	outcome_clear(&outcome);
	outcome = stage_run(&stage, &alice, VERB_TOKEN_NEW, NULL, ARGS("label", "b"), ANSWERS(code));
	cr_expect_eq(outcome.status, COMMAND_REFUSED);
	cr_expect_eq(stage_record(&stage, "alice")->recovery_codes_left, 9U);
	outcome_clear(&outcome);
}

Test(enrolment, a_first_enrolment_of_ones_own_obeys_the_setting)
{
	const struct caller root = stage_root();
	const struct caller alice = stage_caller("alice");
	struct outcome_of outcome;
	char code[64];

	stage_close(&stage);
	stage_open(&stage, "registration = \"closed\";");
	outcome = stage_run(&stage, &alice, VERB_ENROLL, NULL, NO_ARGS, NO_ANSWERS);
	cr_expect_eq(outcome.status, COMMAND_REFUSED);
	cr_expect_not_null(strstr(outcome.sentence, "closed"));
	outcome_clear(&outcome);
	stage_close(&stage);
	stage_open(&stage, "registration = \"temporary-code\";");
	outcome = stage_run(&stage, &alice, VERB_ENROLL, NULL, NO_ARGS, NO_ANSWERS);
	cr_expect_eq(outcome.status, COMMAND_REFUSED);
	cr_expect_eq(outcome.asks, 0U);
	outcome_clear(&outcome);
	outcome = stage_run(&stage, &root, VERB_TEMP_CODE, "alice", NO_ARGS, NO_ANSWERS);
	(void)snprintf(code, sizeof(code), "%s", reply_text(&outcome, "code"));
	outcome_clear(&outcome);
	outcome = stage_run(&stage, &alice, VERB_ENROLL, NULL, NO_ARGS, ANSWERS("ABCD-EFGH"));
	cr_expect_eq(outcome.status, COMMAND_REFUSED);
	outcome_clear(&outcome);
	outcome = stage_run(&stage, &alice, VERB_ENROLL, NULL, NO_ARGS, ANSWERS(code));
	cr_expect_eq(outcome.status, COMMAND_DONE, "%s", outcome.sentence);
	outcome_clear(&outcome);
}

Test(enrolment, after_a_disconnect_by_somebody_else_a_temporary_code_is_due)
{
	const struct caller root = stage_root();
	const struct caller alice = stage_caller("alice");
	struct outcome_of outcome;

	stage_enroll(&stage, "alice", true);
	outcome = stage_run(&stage, &root, VERB_TOKEN_NEW, "alice", NO_ARGS, NO_ANSWERS);
	outcome_clear(&outcome);
	outcome = stage_run(&stage, &root, VERB_DISCONNECT, "alice", NO_ARGS, NO_ANSWERS);
	cr_expect_eq(outcome.status, COMMAND_DONE, "%s", outcome.sentence);
	outcome_clear(&outcome);
	cr_expect_eq(stage_record(&stage, "alice")->app.state, APP_NONE);
	cr_expect_eq(stage_record(&stage, "alice")->token_count, 0U);
	cr_expect_eq(stage_record(&stage, "alice")->recovery_codes_left, 0U);
	outcome = stage_run(&stage, &alice, VERB_ENROLL, NULL, NO_ARGS, NO_ANSWERS);
	cr_expect_eq(outcome.status, COMMAND_REFUSED);
	cr_expect_not_null(strstr(outcome.sentence, "temporary code"));
	outcome_clear(&outcome);
	outcome = stage_run(&stage, &root, VERB_DISCONNECT, "alice", NO_ARGS, NO_ANSWERS);
	cr_expect_eq(outcome.status, COMMAND_REFUSED);
	outcome_clear(&outcome);
}

Test(enrolment, recovery_codes_are_renewed_after_a_proof)
{
	const struct caller alice = stage_caller("alice");
	const char *secret;
	struct outcome_of outcome = stage_run(&stage, &alice, VERB_RECOVERY_RENEW, NULL, NO_ARGS, NO_ANSWERS);

	cr_expect_eq(outcome.status, COMMAND_REFUSED);
	outcome_clear(&outcome);
	secret = stage_enroll(&stage, "alice", true);
	outcome = stage_run(&stage, &alice, VERB_RECOVERY_RENEW, NULL, NO_ARGS, ANSWERS(own(secret)));
	cr_expect_eq(outcome.status, COMMAND_DONE, "%s", outcome.sentence);
	cr_expect_eq(outcome.asks, 1U);
	cr_expect_eq(reply_count(&outcome, "recovery_code"), 10U);
	outcome_clear(&outcome);
}

Test(enrolment, temporary_codes_are_bounded_in_time_and_number)
{
	const struct caller root = stage_root();
	char expected[32];
	struct outcome_of outcome =
		stage_run(&stage, &root, VERB_TEMP_CODE, "alice", ARGS("hours", "25"), NO_ANSWERS);

	cr_expect_eq(outcome.status, COMMAND_USAGE);
	outcome_clear(&outcome);
	outcome = stage_run(&stage, &root, VERB_TEMP_CODE, "alice", ARGS("hours", "24"), NO_ANSWERS);
	cr_expect_eq(outcome.status, COMMAND_DONE, "%s", outcome.sentence);
	(void)snprintf(expected, sizeof(expected), "%lld", (long long)(stage.now.wall + 24 * 3600));
	cr_expect_str_eq(reply_text(&outcome, "expires"), expected);
	cr_expect_eq(strlen(reply_text(&outcome, "code")), 9U);
	cr_expect_null(strstr(stage.event.change, reply_text(&outcome, "code")));
	outcome_clear(&outcome);
	for (unsigned i = 0; i < 5; i++) {
		outcome = stage_run(&stage, &root, VERB_TEMP_CODE, "alice", NO_ARGS, NO_ANSWERS);
		cr_expect_eq(outcome.status, COMMAND_DONE, "%s", outcome.sentence);
		outcome_clear(&outcome);
	}
	outcome = stage_run(&stage, &root, VERB_TEMP_CODE, "alice", NO_ARGS, NO_ANSWERS);
	cr_expect_eq(outcome.status, COMMAND_REFUSED);
	outcome_clear(&outcome);
	outcome = stage_run(&stage, &root, VERB_TEMP_CODE_EXPIRE, "alice", NO_ARGS, NO_ANSWERS);
	cr_expect_eq(outcome.status, COMMAND_DONE, "%s", outcome.sentence);
	cr_expect_eq(stage_record(&stage, "alice")->temporary_code_until, 0);
	outcome_clear(&outcome);
}

Test(enrolment, without_keys_nothing_is_printed)
{
	static const enum verb verbs[] = { VERB_ENROLL, VERB_TOKEN_NEW, VERB_TEMP_CODE };
	const struct caller root = stage_root();

	keyring_clear(&stage.env.keyring);
	for (size_t i = 0; i < sizeof(verbs) / sizeof(verbs[0]); i++) {
		struct outcome_of outcome = stage_run(&stage, &root, verbs[i], "alice", NO_ARGS, NO_ANSWERS);

		cr_expect_eq(outcome.status, COMMAND_FAILED);
		cr_expect_eq(outcome.writes, 0U);
		cr_expect_eq(outcome.reply.size, 0U);
		outcome_clear(&outcome);
	}
}

Test(enrolment, an_unknown_name_becomes_a_virtual_user_on_purpose_only)
{
	static const enum verb verbs[] = { VERB_ENROLL, VERB_TOKEN_NEW, VERB_PROFILE_ASSIGN,
					   VERB_PERM_ASSIGN };
	static const char *const args[][5] = {
		{ "virtual", "1", NULL },
		{ "virtual", "1", NULL },
		{ "virtual", "1", "profile", "mfa", NULL },
		{ "virtual", "1", "assignment", "mfa-ui-logins", NULL },
	};
	static const char *const names[] = { "m1@example.org", "m2@example.org", "m3@example.org",
					     "m4@example.org" };
	const struct caller root = stage_root();

	for (size_t i = 0; i < 4; i++) {
		struct outcome_of outcome =
			stage_run(&stage, &root, verbs[i], names[i], args[i] + 2, NO_ANSWERS);

		cr_expect_eq(outcome.status, COMMAND_REFUSED, "%zu", i);
		cr_expect_str_eq(reply_text(&outcome, "virtual_needed"), "1");
		cr_expect_eq(stage_record(&stage, names[i])->id, 0);
		outcome_clear(&outcome);
		outcome = stage_run(&stage, &root, verbs[i], names[i], args[i], NO_ANSWERS);
		cr_expect_eq(outcome.status, COMMAND_DONE, "%s", outcome.sentence);
		cr_expect_neq(stage_record(&stage, names[i])->id, 0);
		cr_expect(stage_record(&stage, names[i])->is_virtual);
		cr_expect_str_eq(stage.event.user, names[i]);
		outcome_clear(&outcome);
		/* From then on the name is a user's. */
		outcome = stage_run(&stage, &root, VERB_USER_SHOW, names[i], NO_ARGS, NO_ANSWERS);
		cr_expect_eq(outcome.status, COMMAND_DONE, "%s", outcome.sentence);
		cr_expect_str_eq(reply_text(&outcome, "virtual"), "1");
		outcome_clear(&outcome);
	}
}

Test(enrolment, other_verbs_make_no_virtual_user_and_no_odd_name_is_one)
{
	const struct caller root = stage_root();
	struct outcome_of outcome = stage_run(&stage, &root, VERB_USER_FREEZE, "nobody", NO_ARGS, NO_ANSWERS);

	cr_expect_eq(outcome.status, COMMAND_REFUSED);
	cr_expect_eq(stage_record(&stage, "nobody")->id, 0);
	outcome_clear(&outcome);
	outcome = stage_run(&stage, &root, VERB_ENROLL, "a\nb", ARGS("virtual", "1"), NO_ANSWERS);
	cr_expect_eq(outcome.status, COMMAND_USAGE);
	outcome_clear(&outcome);
	outcome = stage_run(&stage, &root, VERB_ENROLL, "", ARGS("virtual", "1"), NO_ANSWERS);
	cr_expect_eq(outcome.status, COMMAND_USAGE);
	outcome_clear(&outcome);
	outcome = stage_run(&stage, &root, VERB_ENROLL, "\xff\xfe", ARGS("virtual", "1"), NO_ANSWERS);
	cr_expect_eq(outcome.status, COMMAND_USAGE);
	outcome_clear(&outcome);
}
