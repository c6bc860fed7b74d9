/* Who may act on whom (rules 2), and the code an operator is asked for. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "auth/administer.h"
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

TestSuite(delegation, .init = open_stage, .fini = close_stage);

static void
expect_refused(struct outcome_of *outcome, const char *sentence)
{
	cr_expect_eq(outcome->status, COMMAND_REFUSED, "%s", outcome->sentence);
	cr_expect_eq(outcome->writes, 0U, "%s", outcome->sentence);
	if (sentence != NULL)
		cr_expect_not_null(strstr(outcome->sentence, sentence), "%s", outcome->sentence);
	cr_expect_eq(stage.event.verdict, VERDICT_DENY);
	cr_expect_eq(stage.event.kind, EVENT_ADMIN);
	outcome_clear(outcome);
}

/* helen may manage-mfa, manage-users, reset-and-unlock; petra may assign permissions. */
static void
refuse_helen(enum verb verb, const char *subject, const char *const args[], const char *sentence)
{
	const struct caller helen = stage_caller("helen");
	struct outcome_of outcome = stage_run(&stage, &helen, verb, subject, args, NO_ANSWERS);

	expect_refused(&outcome, sentence);
	cr_expect_str_eq(stage.event.actor, "helen");
}

Test(delegation, a_user_without_permission_acts_on_nobody_else)
{
	static const enum verb verbs[] = { VERB_ENROLL,          VERB_DISCONNECT,    VERB_TOKEN_NEW,
					   VERB_TOKEN_LIST,      VERB_TOKEN_REVOKE,  VERB_RECOVERY_RENEW,
					   VERB_TEMP_CODE,       VERB_PERM_LIST,     VERB_USER_SHOW,
					   VERB_USER_FREEZE,     VERB_USER_UNFREEZE, VERB_USER_UNLOCK,
					   VERB_EXPLAIN,         VERB_LOG,           VERB_PROFILE_UNASSIGN,
					   VERB_TEMP_CODE_EXPIRE };
	const struct caller alice = stage_caller("alice");

	for (size_t i = 0; i < sizeof(verbs) / sizeof(verbs[0]); i++) {
		struct outcome_of outcome = stage_run(&stage, &alice, verbs[i], "bob", NO_ARGS, NO_ANSWERS);

		cr_expect_str_eq(outcome.sentence, COMMAND_NOT_ALLOWED, "%s", verb_info(verbs[i])->key);
		expect_refused(&outcome, NULL);
		cr_expect_eq(stage.events, (unsigned)i + 1);
	}
}

Test(delegation, no_such_user_and_not_allowed_are_one_sentence)
{
	stage_enroll(&stage, "helen", true);
	refuse_helen(VERB_USER_FREEZE, "nobody-knows-me", NO_ARGS, COMMAND_NOT_ALLOWED);
	cr_expect_null(strstr(stage.event.user, "nobody"), "%s", stage.event.user);
	cr_expect_eq(strncmp(stage.event.user, "unknown:", 8), 0);
	refuse_helen(VERB_USER_FREEZE, "root", NO_ARGS, COMMAND_NOT_ALLOWED);
	refuse_helen(VERB_USER_FREEZE, "walt", NO_ARGS, COMMAND_NOT_ALLOWED);
	refuse_helen(VERB_PERM_ASSIGN, "alice", ARGS("assignment", "mfa-ui-logins"), COMMAND_NOT_ALLOWED);
}

Test(delegation, nobody_acts_on_a_holder_of_an_administrative_permission_they_lack)
{
	refuse_helen(VERB_USER_FREEZE, "petra", NO_ARGS, COMMAND_NOT_ALLOWED);
	stage_assign(&stage, "alice", "manage-connected-apps");
	refuse_helen(VERB_USER_FREEZE, "alice", NO_ARGS, COMMAND_NOT_ALLOWED);
	/* One that the actor holds too is no obstacle. */
	stage_assign(&stage, "bob", "manage-users");
	{
		const struct caller helen = stage_caller("helen");
		struct outcome_of outcome =
			stage_run(&stage, &helen, VERB_USER_FREEZE, "bob", NO_ARGS, NO_ANSWERS);

		cr_expect_eq(outcome.status, COMMAND_DONE, "%s", outcome.sentence);
		outcome_clear(&outcome);
	}
}

Test(delegation, an_operator_acts_on_nobody_whose_groups_are_not_known)
{
	const struct caller helen = stage_caller("helen");
	struct command_request request = { .verb = VERB_USER_FREEZE,
					   .has_subject = true,
					   .subject = stage_person("bob") };
	struct command *command;
	const struct fields *reply;
	const char *sentence;

	request.subject.groups_known = false;
	cr_assert_eq(command_create(&stage.env, &helen, &request, &command), SFMFA_OK);
	cr_expect_eq(command_step(command, NULL), TURN_DONE);
	cr_expect_eq(command_result(command, &sentence, &reply), COMMAND_REFUSED);
	command_destroy(command);
}

Test(delegation, root_acts_on_everybody_and_is_asked_nothing)
{
	static const char *const names[] = { "root", "walt", "petra", "alice" };
	const struct caller root = stage_root();

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		struct outcome_of outcome =
			stage_run(&stage, &root, VERB_ENROLL, names[i], NO_ARGS, NO_ANSWERS);

		cr_expect_eq(outcome.status, COMMAND_DONE, "%s", outcome.sentence);
		cr_expect_eq(outcome.asks, 0U);
		cr_expect_eq(stage.event.verdict, VERDICT_ALLOW);
		cr_expect_str_eq(stage.event.user, names[i]);
		cr_expect_str_eq(stage.event.verb, "enroll");
		outcome_clear(&outcome);
	}
}

Test(delegation, nobody_grants_what_they_lack)
{
	const struct caller petra = stage_caller("petra");
	static const char *const names[] = { "manage-mfa", "DelegatedTwoFactor", "desk" };
	struct outcome_of outcome;

	stage_enroll(&stage, "petra", true);
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		outcome = stage_run(&stage, &petra, VERB_PERM_ASSIGN, "alice", ARGS("assignment", names[i]),
				    NO_ANSWERS);
		expect_refused(&outcome, "you may not grant manage-mfa");
	}
	/* Muted inside the group, it is not granted. */
	outcome =
		stage_run(&stage, &petra, VERB_PERM_ASSIGN, "alice", ARGS("assignment", "team"), NO_ANSWERS);
	cr_expect_eq(outcome.status, COMMAND_DONE, "%s", outcome.sentence);
	outcome_clear(&outcome);
}

Test(delegation, nobody_assigns_a_profile_that_carries_what_they_lack)
{
	stage_enroll(&stage, "helen", true);
	refuse_helen(VERB_PROFILE_ASSIGN, "alice", ARGS("profile", "permissions"), "you may not grant");
}

Test(delegation, nobody_returns_a_user_to_a_profile_that_carries_what_they_lack)
{
	stage_enroll(&stage, "helen", true);
	stage_profile(&stage, "petra", "standard");
	refuse_helen(VERB_PROFILE_UNASSIGN, "petra", NO_ARGS, "you may not grant");
}

Test(delegation, nobody_grants_themselves_anything)
{
	const struct caller petra = stage_caller("petra");
	struct outcome_of outcome;

	stage_enroll(&stage, "petra", true);
	stage_enroll(&stage, "helen", true);
	outcome = stage_run(&stage, &petra, VERB_PERM_ASSIGN, "petra", ARGS("assignment", "mfa-ui-logins"),
			    NO_ANSWERS);
	expect_refused(&outcome, "themselves");
	outcome = stage_run(&stage, &petra, VERB_PERM_ASSIGN, NULL, ARGS("assignment", "waive-mfa"),
			    NO_ANSWERS);
	expect_refused(&outcome, "themselves");
	refuse_helen(VERB_PROFILE_ASSIGN, "helen", ARGS("profile", "standard"), "themselves");
	refuse_helen(VERB_TEMP_CODE, "helen", NO_ARGS, "themselves");
	refuse_helen(VERB_USER_UNLOCK, "helen", NO_ARGS, "themselves");
}

Test(delegation, a_uid_with_several_names_is_refused)
{
	struct caller helen = stage_caller("helen");
	struct outcome_of outcome;

	helen.several_names = true;
	outcome = stage_run(&stage, &helen, VERB_USER_FREEZE, "bob", NO_ARGS, NO_ANSWERS);
	expect_refused(&outcome, "several names");
	outcome = stage_run(&stage, &helen, VERB_USER_SHOW, NULL, NO_ARGS, NO_ANSWERS);
	expect_refused(&outcome, "several names");
}

Test(delegation, who_is_frozen_does_nothing)
{
	const struct caller root = stage_root();
	struct outcome_of outcome = stage_run(&stage, &root, VERB_USER_FREEZE, "helen", NO_ARGS, NO_ANSWERS);

	cr_assert_eq(outcome.status, COMMAND_DONE);
	outcome_clear(&outcome);
	refuse_helen(VERB_USER_FREEZE, "bob", NO_ARGS, "frozen");
	refuse_helen(VERB_USER_UNFREEZE, NULL, NO_ARGS, "frozen");
	refuse_helen(VERB_TOKEN_NEW, NULL, NO_ARGS, "frozen");
}

Test(delegation, operators_without_a_completed_app_do_not_touch_factors)
{
	refuse_helen(VERB_TEMP_CODE, "alice", NO_ARGS, "authenticator app of their own");
	stage_enroll(&stage, "helen", false);
	refuse_helen(VERB_TEMP_CODE, "alice", NO_ARGS, "authenticator app of their own");
}

Test(delegation, without_operator_needs_mfa_an_operator_without_an_app_is_asked_nothing)
{
	const struct caller helen = stage_caller("helen");
	struct outcome_of outcome;

	stage_close(&stage);
	stage_open(&stage, "operator_needs_mfa = false;");
	outcome = stage_run(&stage, &helen, VERB_TEMP_CODE, "alice", NO_ARGS, NO_ANSWERS);
	cr_expect_eq(outcome.status, COMMAND_DONE, "%s", outcome.sentence);
	cr_expect_eq(outcome.asks, 0U);
	outcome_clear(&outcome);
}

Test(delegation, an_operator_proves_themselves_with_a_code_once)
{
	const struct caller helen = stage_caller("helen");
	const char *secret = stage_enroll(&stage, "helen", true);
	char own[128];
	struct outcome_of outcome;

	(void)snprintf(own, sizeof(own), "@own %s", secret);
	outcome = stage_run(&stage, &helen, VERB_TEMP_CODE, "alice", ARGS("hours", "2"), ANSWERS(own));
	cr_expect_eq(outcome.status, COMMAND_DONE, "%s", outcome.sentence);
	cr_expect_eq(outcome.asks, 1U);
	cr_expect_not(outcome.first_ask.echo);
	cr_expect_str_neq(outcome.first_ask.prompt, "");
	cr_expect_str_eq(stage.event.actor, "helen");
	cr_expect_str_eq(stage.event.user, "alice");
	outcome_clear(&outcome);
	/* The same code again. */
	outcome = stage_run(&stage, &helen, VERB_TEMP_CODE, "alice", NO_ARGS, ANSWERS(own));
	cr_expect_eq(outcome.status, COMMAND_REFUSED);
	cr_expect_eq(stage.event.reason, REASON_FACTOR_REPLAYED);
	outcome_clear(&outcome);
}

Test(delegation, a_code_that_was_used_in_a_login_proves_no_operator)
{
	const struct caller helen = stage_caller("helen");
	const char *secret = stage_enroll(&stage, "helen", true);
	char own[128];
	struct outcome_of outcome;

	/* Back to the moment of the login in which the app was used. */
	stage_pass(&stage, -60);
	(void)snprintf(own, sizeof(own), "@own %s", secret);
	outcome = stage_run(&stage, &helen, VERB_TEMP_CODE, "alice", NO_ARGS, ANSWERS(own));
	cr_expect_eq(outcome.status, COMMAND_REFUSED);
	cr_expect_eq(stage.event.reason, REASON_FACTOR_REPLAYED);
	outcome_clear(&outcome);
}

Test(delegation, a_wrong_code_is_refused_and_counted)
{
	const struct caller helen = stage_caller("helen");
	const char *secret = stage_enroll(&stage, "helen", true);
	char wrong[128], own[128];
	struct outcome_of outcome;

	(void)snprintf(wrong, sizeof(wrong), "@wrong %s", secret);
	(void)snprintf(own, sizeof(own), "@own %s", secret);
	for (unsigned i = 0; i < 10; i++) {
		outcome = stage_run(&stage, &helen, VERB_DISCONNECT, "helen", NO_ARGS, ANSWERS(wrong));
		cr_expect_eq(outcome.status, COMMAND_REFUSED, "%s", outcome.sentence);
		cr_expect_eq(stage.event.reason, REASON_FACTOR_WRONG);
		outcome_clear(&outcome);
	}
	/* Locked out: even the right one is not compared, and nothing tells them apart. */
	outcome = stage_run(&stage, &helen, VERB_DISCONNECT, "helen", NO_ARGS, ANSWERS(own));
	cr_expect_eq(outcome.status, COMMAND_REFUSED);
	cr_expect_eq(stage.event.reason, REASON_LOCKED_OUT);
	outcome_clear(&outcome);
	cr_expect_eq(stage_record(&stage, "helen")->app.state, APP_COMPLETED);
}

Test(delegation, no_answer_is_no_proof)
{
	const struct caller helen = stage_caller("helen");
	struct outcome_of outcome;

	stage_enroll(&stage, "helen", true);
	outcome = stage_run(&stage, &helen, VERB_TEMP_CODE, "alice", NO_ARGS, NO_ANSWERS);
	cr_expect_eq(outcome.asks, 1U);
	expect_refused(&outcome, "no code");
	outcome = stage_run(&stage, &helen, VERB_TEMP_CODE, "alice", NO_ARGS, ANSWERS(""));
	expect_refused(&outcome, "no code");
}

Test(delegation, granting_waive_mfa_and_revoking_mfa_ask_for_a_code_and_other_grants_do_not)
{
	const struct caller petra = stage_caller("petra");
	struct outcome_of outcome;

	stage_enroll(&stage, "petra", true);
	stage_assign(&stage, "alice", "mfa-ui-logins");
	outcome = stage_run(&stage, &petra, VERB_PERM_ASSIGN, "alice", ARGS("assignment", "api-enabled"),
			    NO_ANSWERS);
	cr_expect_eq(outcome.status, COMMAND_DONE, "%s", outcome.sentence);
	cr_expect_eq(outcome.asks, 0U);
	outcome_clear(&outcome);
	outcome = stage_run(&stage, &petra, VERB_PERM_ASSIGN, "alice", ARGS("assignment", "waived"),
			    NO_ANSWERS);
	cr_expect_eq(outcome.asks, 1U);
	expect_refused(&outcome, "no code");
	outcome = stage_run(&stage, &petra, VERB_PERM_REVOKE, "alice", ARGS("assignment", "mfa-ui-logins"),
			    NO_ANSWERS);
	cr_expect_eq(outcome.asks, 1U);
	expect_refused(&outcome, "no code");
	cr_expect_eq(stage_record(&stage, "alice")->assignment_count, 2U);
}

Test(delegation, a_profile_that_drops_mfa_asks_for_a_code)
{
	const struct caller helen = stage_caller("helen");
	struct outcome_of outcome;

	stage_enroll(&stage, "helen", true);
	outcome = stage_run(&stage, &helen, VERB_PROFILE_ASSIGN, "alice", ARGS("profile", "mfa"), NO_ANSWERS);
	cr_expect_eq(outcome.status, COMMAND_DONE, "%s", outcome.sentence);
	outcome_clear(&outcome);
	outcome = stage_run(&stage, &helen, VERB_PROFILE_ASSIGN, "alice", ARGS("profile", "standard"),
			    NO_ANSWERS);
	cr_expect_eq(outcome.asks, 1U);
	expect_refused(&outcome, "no code");
}

Test(delegation, what_changes_while_the_code_is_typed_counts)
{
	const struct caller helen = stage_caller("helen");
	const char *secret = stage_enroll(&stage, "helen", true);
	struct command_request request = { .verb = VERB_TEMP_CODE,
					   .has_subject = true,
					   .subject = stage_person("bob") };
	struct command *command;
	struct input input = { .kind = INPUT_ANSWER };
	struct store_op *ops[1];
	const struct fields *reply;
	const char *sentence;

	cr_assert_eq(command_create(&stage.env, &helen, &request, &command), SFMFA_OK);
	cr_assert_eq(command_step(command, NULL), TURN_ASK);
	stage_profile(&stage, "helen", "standard");
	cr_assert_eq(secret_set(&input.answer, stage_code(&stage, secret), 6), SFMFA_OK);
	cr_assert_eq(command_step(command, &input), TURN_WRITE);
	ops[0] = command_op(command);
	cr_assert_eq(store_commit(stage.env.store, ops, 1, NULL), SFMFA_OK);
	cr_expect_eq(command_step(command, NULL), TURN_DONE);
	cr_expect_eq(command_result(command, &sentence, &reply), COMMAND_REFUSED);
	cr_expect_str_eq(sentence, COMMAND_NOT_ALLOWED);
	command_destroy(command);
}

/* helen enrols bob and is asked for a code of the new app; what is done meanwhile; the right code. */
static void
confirm_after(enum verb verb, const char *subject, const char *const args[], const char *sentence)
{
	const struct caller helen = stage_caller("helen"), root = stage_root();
	struct command_request request = { .verb = VERB_ENROLL, .has_subject = true, .subject = stage_person("bob") };
	const char *secret = stage_enroll(&stage, "helen", true);
	char base32[64] = "";
	struct command *command;
	struct input input = { .kind = INPUT_ANSWER };
	struct store_op *ops[1];
	const struct fields *reply;
	struct outcome_of outcome;
	const char *said;

	cr_assert_eq(fields_add_text(&request.args, "confirm", "1"), SFMFA_OK);
	cr_assert_eq(command_create(&stage.env, &helen, &request, &command), SFMFA_OK);
	cr_assert_eq(command_step(command, NULL), TURN_ASK);
	cr_assert_eq(secret_set(&input.answer, stage_code(&stage, secret), 6), SFMFA_OK);
	cr_assert_eq(command_step(command, &input), TURN_WRITE);
	ops[0] = command_op(command);
	cr_assert_eq(store_commit(stage.env.store, ops, 1, NULL), SFMFA_OK);
	cr_assert_eq(command_step(command, NULL), TURN_ASK);
	cr_assert_eq(sscanf(strstr(command_ask(command)->info, "secret="), "secret=%63[A-Z2-7]", base32), 1);
	outcome = stage_run(&stage, &root, verb, subject, args, NO_ANSWERS);
	cr_assert_eq(outcome.status, COMMAND_DONE, "%s", outcome.sentence);
	outcome_clear(&outcome);
	cr_assert_eq(secret_set(&input.answer, stage_code(&stage, base32), 6), SFMFA_OK);
	cr_expect_eq(command_step(command, &input), TURN_DONE);
	cr_expect_eq(command_result(command, &said, &reply), COMMAND_REFUSED);
	cr_expect_not_null(strstr(said, sentence), "%s", said);
	cr_expect_eq(reply->size, 0U);
	command_destroy(command);
	cr_expect_eq(stage_record(&stage, "bob")->app.state, APP_NONE);
	cr_expect_eq(stage.event.verdict, VERDICT_DENY);
}

Test(delegation, who_is_frozen_while_a_question_stands_goes_no_further)
{
	confirm_after(VERB_USER_FREEZE, "helen", NO_ARGS, "frozen");
}

Test(delegation, who_loses_the_permission_while_a_question_stands_goes_no_further)
{
	confirm_after(VERB_PROFILE_ASSIGN, "helen", ARGS("profile", "standard"), COMMAND_NOT_ALLOWED);
}

Test(delegation, who_is_frozen_while_they_confirm_their_own_app_has_none)
{
	const struct caller alice = stage_caller("alice"), root = stage_root();
	struct command_request request = { .verb = VERB_ENROLL };
	char base32[64] = "";
	struct command *command;
	struct input input = { .kind = INPUT_ANSWER };
	struct outcome_of outcome;

	cr_assert_eq(fields_add_text(&request.args, "confirm", "1"), SFMFA_OK);
	cr_assert_eq(command_create(&stage.env, &alice, &request, &command), SFMFA_OK);
	cr_assert_eq(command_step(command, NULL), TURN_ASK);
	cr_assert_eq(sscanf(strstr(command_ask(command)->info, "secret="), "secret=%63[A-Z2-7]", base32), 1);
	outcome = stage_run(&stage, &root, VERB_USER_FREEZE, "alice", NO_ARGS, NO_ANSWERS);
	cr_assert_eq(outcome.status, COMMAND_DONE, "%s", outcome.sentence);
	outcome_clear(&outcome);
	cr_assert_eq(secret_set(&input.answer, stage_code(&stage, base32), 6), SFMFA_OK);
	cr_expect_eq(command_step(command, &input), TURN_DONE);
	command_destroy(command);
	cr_expect_eq(stage_record(&stage, "alice")->app.state, APP_NONE);
}
