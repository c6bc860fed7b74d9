/* API logins, rule by rule (docs/rules.md, section 4, rule 8). */
#include <criterion/criterion.h>

#include "scene.h"

#define PROGRAM_BITS (FACTOR_BIT(FACTOR_TOTP) | FACTOR_BIT(FACTOR_SECURITY_TOKEN))

static void
scene_api(struct scene *scene)
{
	scene_init(scene, LOGIN_API);
	scene_grant(scene, PERMISSION_API_ENABLED);
}

static void
scene_in_effect(struct scene *scene)
{
	scene_api(scene);
	scene_grant(scene, PERMISSION_MFA_UI_LOGINS);
	scene_grant(scene, PERMISSION_MFA_API_LOGINS);
	scene->facts.app = APP_COMPLETED;
}

Test(rule_8a, without_api_enabled_nothing_helps)
{
	struct scene scene;

	scene_init(&scene, LOGIN_API);
	scene.facts.trusted_peer = true;
	scene_answer(&scene, ATTEMPT_RIGHT, FACTOR_SECURITY_TOKEN);
	EXPECT(&scene, VERDICT_DENY, REASON_API_DISABLED);
}

Test(rule_8b, the_permission_without_its_prerequisite_has_no_effect)
{
	struct scene scene;
	struct decision decision;

	scene_api(&scene);
	scene_grant(&scene, PERMISSION_MFA_API_LOGINS);
	scene.facts.app = APP_COMPLETED;
	scene.facts.trusted_peer = true;
	scene.profile.api.pending = API_PENDING_DENY;
	decision = scene_decide(&scene);
	cr_expect_eq(decision.verdict, VERDICT_ALLOW);
	cr_expect(decision_says(&decision, "no effect without mfa-ui-logins"));
}

Test(rule_8d, what_is_missing_is_denied_at_once_and_what_would_do_is_said)
{
	struct scene scene;

	scene_in_effect(&scene);
	scene.facts.trusted_peer = true;
	EXPECT(&scene, VERDICT_DENY, REASON_FACTOR_MISSING);
	cr_expect_eq(scene_decide(&scene).acceptable, PROGRAM_BITS);
	cr_expect_eq(policy_api_due(&scene.facts), PROGRAM_BITS);
}

Test(rule_8d, the_profile_may_leave_out_tokens)
{
	struct scene scene;

	scene_in_effect(&scene);
	scene.profile.api.second_factors = FACTOR_BIT(FACTOR_TOTP);
	scene_answer(&scene, ATTEMPT_RIGHT, FACTOR_SECURITY_TOKEN);
	EXPECT(&scene, VERDICT_DENY, REASON_FACTOR_WRONG);
	scene_answer(&scene, ATTEMPT_RIGHT, FACTOR_TOTP);
	EXPECT(&scene, VERDICT_ALLOW, REASON_OK);
}

Test(rule_8d, no_setting_makes_a_code_of_a_person_answer_or_nothing_due)
{
	struct scene scene;

	scene_in_effect(&scene);
	scene.profile.api.second_factors = FACTOR_BIT(FACTOR_RECOVERY_CODE) | FACTOR_BIT(FACTOR_PASSWORD);
	EXPECT(&scene, VERDICT_DENY, REASON_FACTOR_MISSING);
	scene_answer(&scene, ATTEMPT_RIGHT, FACTOR_RECOVERY_CODE);
	EXPECT(&scene, VERDICT_DENY, REASON_FACTOR_WRONG);
	scene_answer(&scene, ATTEMPT_RIGHT, FACTOR_PASSWORD);
	EXPECT(&scene, VERDICT_DENY, REASON_FACTOR_WRONG);
}

Test(rule_8d, trusted_networks_skip_it_only_if_the_switch_says_so)
{
	struct scene scene;

	scene_in_effect(&scene);
	scene.profile.api.trusted_networks_skip_mfa = true;
	EXPECT(&scene, VERDICT_DENY, REASON_FACTOR_MISSING);
	scene.facts.in_profile_ranges = true;
	EXPECT(&scene, VERDICT_DENY, REASON_FACTOR_MISSING);
	scene.facts.trusted_peer = true;
	EXPECT(&scene, VERDICT_ALLOW, REASON_OK_SINGLE_FACTOR);
	scene.profile.api.token_required = TOKEN_REQUIRED_ALWAYS;
	EXPECT(&scene, VERDICT_DENY, REASON_FACTOR_MISSING);
}

Test(rule_8d, a_token_can_be_past_its_end_or_out_of_its_scope)
{
	struct scene scene;

	scene_in_effect(&scene);
	scene_answer(&scene, ATTEMPT_EXPIRED, FACTOR_SECURITY_TOKEN);
	EXPECT(&scene, VERDICT_DENY, REASON_TOKEN_EXPIRED);
	scene_answer(&scene, ATTEMPT_OUT_OF_SCOPE, FACTOR_SECURITY_TOKEN);
	EXPECT(&scene, VERDICT_DENY, REASON_TOKEN_OUT_OF_SCOPE);
	scene_answer(&scene, ATTEMPT_REPLAYED, FACTOR_TOTP);
	EXPECT(&scene, VERDICT_DENY, REASON_FACTOR_REPLAYED);
}

Test(rule_8e, the_network_says_whether_a_token_is_due)
{
	struct scene scene;

	scene_api(&scene);
	EXPECT(&scene, VERDICT_DENY, REASON_FACTOR_MISSING);
	cr_expect_eq(policy_api_due(&scene.facts), FACTOR_BIT(FACTOR_SECURITY_TOKEN));
	scene.facts.in_profile_ranges = true;
	EXPECT(&scene, VERDICT_ALLOW, REASON_OK_SINGLE_FACTOR);
	cr_expect_eq(policy_api_due(&scene.facts), 0U);
	scene.profile.api.token_required = TOKEN_REQUIRED_ALWAYS;
	EXPECT(&scene, VERDICT_DENY, REASON_FACTOR_MISSING);
	scene.profile.api.token_required = TOKEN_REQUIRED_NEVER;
	scene.facts.in_profile_ranges = false;
	EXPECT(&scene, VERDICT_ALLOW, REASON_OK_SINGLE_FACTOR);
}

Test(rule_8e, the_code_of_a_pending_app_answers_nothing)
{
	struct scene scene;

	scene_api(&scene);
	scene.facts.app = APP_PENDING;
	scene_answer(&scene, ATTEMPT_RIGHT, FACTOR_TOTP);
	EXPECT(&scene, VERDICT_DENY, REASON_FACTOR_WRONG);
	scene.facts.app = APP_COMPLETED;
	EXPECT(&scene, VERDICT_ALLOW, REASON_OK);
}

Test(rule_8e, a_token_offered_needlessly_is_taken_off_and_noted)
{
	struct scene scene;
	struct decision decision;

	scene_api(&scene);
	scene.facts.trusted_peer = true;
	scene.facts.token_stripped = true;
	decision = scene_decide(&scene);
	cr_expect_eq(decision.verdict, VERDICT_ALLOW);
	cr_expect_eq(decision.reason, REASON_OK);
	cr_expect_eq(decision.level, LEVEL_STANDARD);
	scene_answer(&scene, ATTEMPT_WRONG, FACTOR_SECURITY_TOKEN);
	EXPECT(&scene, VERDICT_DENY, REASON_FACTOR_WRONG);
}

Test(rule_8f, a_level_that_is_required_holds_for_programs_too)
{
	struct scene scene;
	struct decision decision;

	scene_api(&scene);
	scene.profile.required_level = LEVEL_HIGH_ASSURANCE;
	scene.facts.trusted_peer = true;
	decision = scene_decide(&scene);
	cr_expect_eq(decision.reason, REASON_SESSION_LEVEL);
	cr_expect(decision_says(&decision, "profile standard requires a high-assurance session"));
}

Test(rule_3_api, a_lock_holds_where_a_factor_is_due)
{
	struct scene scene;

	scene_api(&scene);
	scene.facts.locked = true;
	scene_answer(&scene, ATTEMPT_RIGHT, FACTOR_SECURITY_TOKEN);
	EXPECT(&scene, VERDICT_DENY, REASON_LOCKED_OUT);
	scene_answer(&scene, ATTEMPT_NONE, FACTOR_PASSWORD);
	scene.facts.trusted_peer = true;
	EXPECT(&scene, VERDICT_ALLOW, REASON_OK_SINGLE_FACTOR);
}

Test(rules_1_to_6_api, a_program_is_denied_without_a_prompt)
{
	struct scene scene;

	scene_in_effect(&scene);
	scene.facts.frozen = true;
	EXPECT(&scene, VERDICT_DENY, REASON_FROZEN);
	cr_expect_not(scene_decide(&scene).concealed);
}

Test(rules_1_to_6_api, the_field_of_an_unknown_user_is_split_as_that_of_a_registered_one)
{
	struct scene scene;

	scene_in_effect(&scene);
	scene.facts.user_known = false;
	scene.facts.app = APP_NONE;
	cr_expect_eq(policy_api_due(&scene.facts), PROGRAM_BITS);
	EXPECT(&scene, VERDICT_DENY, REASON_UNKNOWN_USER);
}

Test(lockers, the_tail_of_a_typed_text_is_a_code_of_a_completed_app_where_one_is_owed)
{
	struct scene scene;

	scene_init(&scene, LOGIN_UI);
	scene.facts.app = APP_COMPLETED;
	cr_expect_eq(policy_api_due(&scene.facts), 0U);
	scene_grant(&scene, PERMISSION_MFA_UI_LOGINS);
	cr_expect_eq(policy_api_due(&scene.facts), FACTOR_BIT(FACTOR_TOTP));
	scene.facts.app = APP_PENDING;
	cr_expect_eq(policy_api_due(&scene.facts), 0U);
}
