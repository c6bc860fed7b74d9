/*
 * Facts that contradict one another, and values that no enumeration has: nothing makes them, and whatever
 * made them, the rules deny, or ask for more.
 */
#include <criterion/criterion.h>
#include <string.h>

#include "policy/argument.h"
#include "policy/demand.h"
#include "policy/lint.h"
#include "policy/reason.h"
#include "scene.h"

#define NONE_SUCH 99

static struct scene scene;

static void
start(enum login_type type)
{
	scene_init(&scene, type);
}

Test(strange, a_registration_setting_that_is_none_registers_nobody)
{
	start(LOGIN_UI);
	scene_grant(&scene, PERMISSION_MFA_UI_LOGINS);
	scene.facts.registration = (enum registration)NONE_SUCH;
	cr_expect_not(facts_may_register(&scene.facts));
	EXPECT(&scene, VERDICT_DENY, REASON_REGISTRATION_REQUIRED);
}

Test(strange, an_app_state_that_is_none_is_no_factor_and_no_way_in)
{
	start(LOGIN_UI);
	scene_grant(&scene, PERMISSION_MFA_UI_LOGINS);
	scene_grant(&scene, PERMISSION_API_ONLY_USER);
	scene.facts.app = (enum app_state)NONE_SUCH;
	cr_expect_not(facts_api_only_may_finish(&scene.facts));
	cr_expect_neq(scene_decide(&scene).verdict, VERDICT_ALLOW);
	/* An operator of that state without the other permission meets 7d and 7e: none of them lets in. */
	start(LOGIN_UI);
	scene_grant(&scene, PERMISSION_MFA_UI_LOGINS);
	scene.facts.app = (enum app_state)NONE_SUCH;
	cr_expect_neq(scene_decide(&scene).verdict, VERDICT_ALLOW);
}

Test(strange, a_token_setting_that_is_none_makes_a_token_due)
{
	start(LOGIN_API);
	scene_grant(&scene, PERMISSION_API_ENABLED);
	scene.facts.trusted_peer = true;
	scene.profile.api.token_required = (enum token_required)NONE_SUCH;
	cr_expect_eq(demand_api(&scene.facts), API_TOKEN_DUE);
	EXPECT(&scene, VERDICT_DENY, REASON_FACTOR_MISSING);
}

Test(strange, a_login_type_or_phase_that_is_none_is_let_in_nowhere)
{
	start((enum login_type)NONE_SUCH);
	cr_expect_neq(scene_decide(&scene).verdict, VERDICT_ALLOW);
	start(LOGIN_UI);
	scene_grant(&scene, PERMISSION_MFA_UI_LOGINS);
	scene.facts.phase = (enum phase)NONE_SUCH;
	scene_answer(&scene, ATTEMPT_NONE, FACTOR_TOTP);
	cr_expect_neq(scene_decide(&scene).verdict, VERDICT_ALLOW);
}

Test(strange, without_a_profile_nothing_is_due_and_nobody_is_let_in)
{
	start(LOGIN_API);
	scene.facts.profile = NULL;
	cr_expect_eq(policy_api_due(&scene.facts), 0U);
}

Test(strange, an_operation_without_a_level_is_open_to_the_other_rules)
{
	start(LOGIN_UI);
	scene.facts.operation = true;
	scene.facts.required = NULL;
	cr_expect_eq(facts_operation(&scene.facts), OPERATION_OPEN);
}

/* The level the session has is enough, but a factor is owed for another reason, and a standard session is no proof. */
Test(strange, a_standard_session_answers_for_no_factor_that_is_owed)
{
	start(LOGIN_UI);
	scene_require(&scene, LEVEL_RAISE);
	scene.required.level = LEVEL_STANDARD;
	scene.facts.operation = true;
	scene.facts.session.open = true;
	scene.facts.session.same_user = true;
	scene.facts.session.ui = true;
	scene.facts.session.level = LEVEL_STANDARD;
	cr_expect_neq(facts_operation(&scene.facts), OPERATION_BLOCKED);
	scene_grant(&scene, PERMISSION_MFA_UI_LOGINS);
	cr_expect_eq(facts_operation(&scene.facts), OPERATION_OPEN);
}

Test(strange, more_steps_than_fit_are_left_out_and_change_no_verdict)
{
	struct decision decision = { .verdict = VERDICT_DENY };

	for (int i = 0; i < BECAUSE_MAX + 3; i++)
		argument_note(&decision, "one more step");
	cr_expect_eq(decision.because_count, (size_t)BECAUSE_MAX);
	cr_expect_eq(decision.verdict, VERDICT_DENY);
}

/* What a step says of a permission whose origin is not, or only half, known. */
Test(strange, a_permission_without_an_origin_is_named_all_the_same)
{
	struct decision decision = { .verdict = VERDICT_DENY };
	struct origin *origin = &scene.origins[PERMISSION_MFA_UI_LOGINS];

	start(LOGIN_UI);
	scene.facts.permission_origins = NULL;
	argument_add_permission(&decision, &scene.facts, PERMISSION_MFA_UI_LOGINS);
	scene.facts.permission_origins = scene.origins;
	*origin = (struct origin){ .kind = ORIGIN_DIRECT };
	argument_add_permission(&decision, &scene.facts, PERMISSION_MFA_UI_LOGINS);
	*origin = (struct origin){ .kind = ORIGIN_FILE };
	argument_add_permission(&decision, &scene.facts, PERMISSION_MFA_UI_LOGINS);
	cr_assert_eq(decision.because_count, 3U);
	for (size_t i = 0; i < 3; i++) {
		cr_expect_not_null(strstr(decision.because[i].text, "mfa-ui-logins"), "%s", decision.because[i].text);
		cr_expect_null(decision.because[i].detail);
	}
}

Test(strange, words_for_values_that_are_none_are_the_strict_ones)
{
	struct decision decision = { .verdict = (enum verdict)NONE_SUCH, .reason = (enum reason)NONE_SUCH };
	char sentence[SENTENCE_SIZE];

	cr_expect_str_eq(lint_severity_key((enum lint_severity)NONE_SUCH), "error");
	reason_summary(&decision, sentence);
	cr_expect_null(strstr(sentence, "Allowed"), "%s", sentence);
}

/* Somebody without a factor is asked for one all the same where a quiet denial waits: then a lock is told. */
Test(strange, a_lock_is_told_where_a_quiet_denial_would_ask)
{
	for (int i = 0; i < 4; i++) {
		start(LOGIN_UI);
		scene_grant(&scene, PERMISSION_MFA_UI_LOGINS);
		scene.facts.registration = REGISTRATION_CLOSED;
		scene.facts.locked = true;
		scene.facts.hours_open = i != 0;
		scene.facts.ip_allowed = i != 1;
		scene.facts.configuration_fault = i == 2;
		EXPECT(&scene, VERDICT_DENY, i < 3 ? REASON_LOCKED_OUT : REASON_REGISTRATION_REQUIRED);
	}
}

Test(strange, a_registration_is_not_to_be_had_with_another_answer)
{
	start(LOGIN_UI);
	scene_grant(&scene, PERMISSION_MFA_UI_LOGINS);
	scene.facts.registration = REGISTRATION_OPEN;
	scene_answer(&scene, ATTEMPT_RIGHT, FACTOR_TOTP);
	cr_expect_eq(scene_decide(&scene).verdict, VERDICT_DENY, "right, but there is no app");
	scene.facts.registered = true;
	scene_answer(&scene, ATTEMPT_WRONG, FACTOR_TOTP);
	cr_expect_eq(scene_decide(&scene).verdict, VERDICT_DENY);
}

Test(strange, the_ui_asks_nothing_of_an_api_login)
{
	start(LOGIN_API);
	scene_grant(&scene, PERMISSION_MFA_UI_LOGINS);
	cr_expect_not(demand_ui_asked(&scene.facts));
	start(LOGIN_UI);
	scene_grant(&scene, PERMISSION_MFA_UI_LOGINS);
	scene.facts.phase = PHASE_ACCOUNT;
	cr_expect_not(demand_ui_asked(&scene.facts));
}
