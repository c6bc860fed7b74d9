/* UI logins, rule by rule (docs/rules.md, section 4). */
#include <criterion/criterion.h>
#include <string.h>

#include "scene.h"

#define PERSON_BITS \
	(FACTOR_BIT(FACTOR_TOTP) | FACTOR_BIT(FACTOR_RECOVERY_CODE) | FACTOR_BIT(FACTOR_TEMPORARY_CODE))

/* A user who owes a factor and has a completed app. */
static void
scene_owing(struct scene *scene)
{
	scene_init(scene, LOGIN_UI);
	scene_grant(scene, PERMISSION_MFA_UI_LOGINS);
	scene->facts.app = APP_COMPLETED;
}

Test(zero, a_zeroed_decision_denies)
{
	struct decision decision;

	memset(&decision, 0, sizeof(decision));
	cr_expect_eq(decision.verdict, VERDICT_DENY);
	cr_expect_eq(decision.reason, REASON_INTERNAL);
}

Test(zero, zeroed_facts_deny_with_and_without_a_profile)
{
	struct profile profile = {.name = ""};
	struct facts facts;
	struct decision decision;

	memset(&facts, 0, sizeof(facts));
	policy_login(&facts, &decision);
	cr_expect_eq(decision.verdict, VERDICT_DENY);
	cr_expect_eq(decision.reason, REASON_CONFIGURATION);
	facts.profile = &profile;
	policy_login(&facts, &decision);
	cr_expect_eq(decision.verdict, VERDICT_DENY);
	cr_expect_eq(decision.reason, REASON_UNKNOWN_USER);
}

Test(zero, a_login_type_that_is_none_denies)
{
	struct scene scene;

	scene_init(&scene, LOGIN_UI);
	scene.facts.login_type = (enum login_type)9;
	EXPECT(&scene, VERDICT_DENY, REASON_INTERNAL);
}

Test(rule_0, an_exempt_service_is_let_through_in_the_account_phase_only)
{
	struct scene scene;

	scene_owing(&scene);
	scene.facts.login_type = LOGIN_EXEMPT;
	EXPECT(&scene, VERDICT_DENY, REASON_CONFIGURATION);
	scene.facts.phase = PHASE_ACCOUNT;
	EXPECT(&scene, VERDICT_ALLOW, REASON_OK_SINGLE_FACTOR);
	scene.facts.hours_open = false;
	EXPECT(&scene, VERDICT_ALLOW, REASON_OK_SINGLE_FACTOR);
	scene.facts.frozen = true;
	EXPECT(&scene, VERDICT_DENY, REASON_FROZEN);
}

Test(rule_1, an_unknown_user_is_asked_as_a_registered_one_is)
{
	struct scene scene, known;
	struct decision decision, other;

	scene_owing(&scene);
	scene.facts.user_known = false;
	scene.facts.app = APP_NONE;
	scene_owing(&known);
	decision = scene_decide(&scene);
	other = scene_decide(&known);
	cr_expect_eq(decision.verdict, VERDICT_DENY);
	cr_expect_eq(decision.reason, REASON_UNKNOWN_USER);
	cr_expect(decision.concealed);
	cr_expect_eq(decision.acceptable, other.acceptable);
	scene_answer(&scene, ATTEMPT_WRONG, FACTOR_TOTP);
	decision = scene_decide(&scene);
	cr_expect_eq(decision.told, REASON_FACTOR_WRONG);
	cr_expect_eq(decision.reason, REASON_UNKNOWN_USER);
}

Test(rule_1, an_unknown_user_of_a_profile_that_owes_nothing_is_denied_at_once)
{
	struct scene scene;

	scene_init(&scene, LOGIN_UI);
	scene.facts.user_known = false;
	EXPECT(&scene, VERDICT_DENY, REASON_UNKNOWN_USER);
	cr_expect_not(scene_decide(&scene).concealed);
}

Test(rule_2, a_frozen_user_learns_of_it_only_after_a_right_code)
{
	struct scene scene;
	struct decision decision;

	scene_owing(&scene);
	scene.facts.frozen = true;
	decision = scene_decide(&scene);
	cr_expect(decision.concealed);
	cr_expect_eq(decision.acceptable, PERSON_BITS);
	cr_expect_eq(decision.reason, REASON_FROZEN);
	cr_expect_neq(decision.told, REASON_FROZEN);
	scene_answer(&scene, ATTEMPT_WRONG, FACTOR_TOTP);
	decision = scene_decide(&scene);
	cr_expect(decision.concealed);
	cr_expect_eq(decision.reason, REASON_FROZEN);
	cr_expect_eq(decision.told, REASON_FACTOR_WRONG);
	scene_answer(&scene, ATTEMPT_RIGHT, FACTOR_TOTP);
	decision = scene_decide(&scene);
	cr_expect_not(decision.concealed);
	cr_expect_eq(decision.reason, REASON_FROZEN);
	cr_expect_eq(decision.told, REASON_FROZEN);
}

Test(rule_2, a_frozen_user_who_is_locked_too_looks_like_a_locked_one)
{
	struct scene scene;
	struct decision decision;

	scene_owing(&scene);
	scene.facts.frozen = true;
	scene.facts.locked = true;
	decision = scene_decide(&scene);
	cr_expect_eq(decision.reason, REASON_FROZEN);
	cr_expect_eq(decision.told, REASON_LOCKED_OUT);
	cr_expect_eq(decision.acceptable, 0U, "a locked user is asked nothing");
}

Test(rule_2, a_frozen_user_who_owes_nothing_is_told_at_once)
{
	struct scene scene;
	struct decision decision;

	scene_init(&scene, LOGIN_UI);
	scene.facts.frozen = true;
	decision = scene_decide(&scene);
	cr_expect_not(decision.concealed);
	cr_expect_eq(decision.told, REASON_FROZEN);
}

Test(rule_3, a_lock_holds_where_a_factor_would_be_compared)
{
	struct scene scene;

	scene_owing(&scene);
	scene.facts.locked = true;
	EXPECT(&scene, VERDICT_DENY, REASON_LOCKED_OUT);
	scene.facts.hours_open = false;
	EXPECT(&scene, VERDICT_DENY, REASON_LOCKED_OUT);
	scene_init(&scene, LOGIN_UI);
	scene.facts.locked = true;
	EXPECT(&scene, VERDICT_ALLOW, REASON_OK_SINGLE_FACTOR);
}

Test(rule_3, a_lock_does_not_stop_a_first_registration)
{
	struct scene scene;

	scene_owing(&scene);
	scene.facts.app = APP_NONE;
	scene.facts.locked = true;
	EXPECT(&scene, VERDICT_REGISTER, REASON_REGISTRATION_REQUIRED);
	scene.facts.temporary_code = true;
	EXPECT(&scene, VERDICT_DENY, REASON_LOCKED_OUT);
}

Test(rules_4_to_6, hours_ranges_and_faults_deny_in_this_order_with_their_lines)
{
	struct scene scene;
	struct decision decision;

	scene_init(&scene, LOGIN_UI);
	scene.facts.configuration_fault = true;
	scene.facts.fault = "profile gone does not exist";
	decision = scene_decide(&scene);
	cr_expect_eq(decision.reason, REASON_CONFIGURATION);
	cr_expect(decision_says(&decision, "profile gone does not exist"));
	scene.facts.ip_allowed = false;
	decision = scene_decide(&scene);
	cr_expect_eq(decision.reason, REASON_LOGIN_IP);
	cr_expect_eq(decision.because[0].origin.line, 9U);
	scene.facts.hours_open = false;
	decision = scene_decide(&scene);
	cr_expect_eq(decision.reason, REASON_LOGIN_HOURS);
	cr_expect_eq(decision.because[0].origin.line, 7U);
}

Test(rules_4_to_6, who_has_no_factor_gets_a_prompt_and_no_registration)
{
	struct scene scene;
	struct decision decision;

	scene_owing(&scene);
	scene.facts.app = APP_NONE;
	scene.facts.hours_open = false;
	decision = scene_decide(&scene);
	cr_expect_eq(decision.verdict, VERDICT_DENY);
	cr_expect(decision.concealed);
	cr_expect_eq(decision.acceptable, PERSON_BITS);
}

Test(rules_4_to_6, ranges_are_not_asked_inside_a_recorded_session)
{
	struct scene scene;

	scene_init(&scene, LOGIN_UI);
	scene.facts.ip_allowed = false;
	scene.facts.skip_ranges = true;
	EXPECT(&scene, VERDICT_ALLOW, REASON_OK_SINGLE_FACTOR);
}

Test(rule_7, what_makes_a_factor_owed)
{
	struct scene scene;

	scene_owing(&scene);
	EXPECT(&scene, VERDICT_CHALLENGE, REASON_FACTOR_MISSING);
	scene_grant(&scene, PERMISSION_WAIVE_MFA);
	EXPECT(&scene, VERDICT_ALLOW, REASON_OK_SINGLE_FACTOR);
	scene.profile.required_level = LEVEL_HIGH_ASSURANCE;
	EXPECT(&scene, VERDICT_CHALLENGE, REASON_FACTOR_MISSING);
	scene_init(&scene, LOGIN_UI);
	scene.facts.app = APP_COMPLETED;
	scene.facts.require_mfa_for_ui = true;
	EXPECT(&scene, VERDICT_CHALLENGE, REASON_FACTOR_MISSING);
	scene_init(&scene, LOGIN_UI);
	scene.facts.app = APP_COMPLETED;
	scene_require(&scene, LEVEL_RAISE);
	EXPECT(&scene, VERDICT_CHALLENGE, REASON_FACTOR_MISSING);
}

Test(rule_7, the_argument_names_who_granted_the_permission)
{
	struct scene scene;
	struct decision decision;

	scene_owing(&scene);
	decision = scene_decide(&scene);
	cr_expect(decision_says(&decision, "mfa-ui-logins is granted by profile standard"));
	cr_expect_eq(decision.because[0].origin.line, 3U);
	scene.origins[PERMISSION_MFA_UI_LOGINS] = (struct origin){.kind = ORIGIN_DIRECT, .by = "root"};
	decision = scene_decide(&scene);
	cr_expect(decision_says(&decision, "mfa-ui-logins was assigned directly by root"));
	scene.origins[PERMISSION_MFA_UI_LOGINS] = (struct origin){.kind = ORIGIN_FILE, .via = "extra"};
	decision = scene_decide(&scene);
	cr_expect(decision_says(&decision, "by permission set or group extra"));
}

Test(rule_7a, an_api_only_user_who_owes_nothing_is_told_that_the_ui_is_closed)
{
	struct scene scene;

	scene_init(&scene, LOGIN_UI);
	scene_grant(&scene, PERMISSION_API_ONLY_USER);
	EXPECT(&scene, VERDICT_DENY, REASON_API_ONLY);
	cr_expect_not(scene_decide(&scene).concealed);
}

Test(rule_7a, an_api_only_user_registers_once_and_the_ui_closes)
{
	struct scene scene;

	scene_owing(&scene);
	scene_grant(&scene, PERMISSION_API_ONLY_USER);
	scene.facts.app = APP_NONE;
	EXPECT(&scene, VERDICT_REGISTER, REASON_REGISTRATION_REQUIRED);
	cr_expect_not(scene_decide(&scene).may_postpone);
	scene.facts.postponed = true;
	EXPECT(&scene, VERDICT_REGISTER, REASON_REGISTRATION_REQUIRED);
	scene.facts.registered = true;
	EXPECT(&scene, VERDICT_DENY, REASON_API_ONLY_REGISTERED);
}

Test(rule_7a, a_pending_app_is_completed_by_its_code_only_and_the_ui_closes)
{
	struct scene scene;

	scene_owing(&scene);
	scene_grant(&scene, PERMISSION_API_ONLY_USER);
	scene.facts.app = APP_PENDING;
	EXPECT(&scene, VERDICT_CHALLENGE, REASON_FACTOR_MISSING);
	cr_expect_eq(scene_decide(&scene).acceptable, FACTOR_BIT(FACTOR_TOTP));
	scene_answer(&scene, ATTEMPT_RIGHT, FACTOR_RECOVERY_CODE);
	EXPECT(&scene, VERDICT_DENY, REASON_FACTOR_WRONG);
	scene_answer(&scene, ATTEMPT_RIGHT, FACTOR_TOTP);
	EXPECT(&scene, VERDICT_DENY, REASON_API_ONLY_REGISTERED);
}

Test(rule_7a, a_completed_api_only_user_learns_of_the_closed_ui_only_after_a_right_code)
{
	struct scene scene;

	scene_owing(&scene);
	scene_grant(&scene, PERMISSION_API_ONLY_USER);
	EXPECT(&scene, VERDICT_DENY, REASON_API_ONLY);
	cr_expect(scene_decide(&scene).concealed);
	scene_answer(&scene, ATTEMPT_RIGHT, FACTOR_TOTP);
	EXPECT(&scene, VERDICT_DENY, REASON_API_ONLY);
	cr_expect_not(scene_decide(&scene).concealed);
}

Test(rule_7a, a_caller_that_cannot_complete_an_app_never_says_that_one_was)
{
	struct scene scene;

	scene_owing(&scene);
	scene_grant(&scene, PERMISSION_API_ONLY_USER);
	scene.facts.app = APP_PENDING;
	scene.facts.caller = CALLER_OWN;
	scene_answer(&scene, ATTEMPT_RIGHT, FACTOR_TOTP);
	EXPECT(&scene, VERDICT_DENY, REASON_API_ONLY);
}

Test(rule_7c, a_recent_proof_in_the_same_session_answers)
{
	struct scene scene;
	struct decision decision;

	scene_owing(&scene);
	scene_step_up(&scene, 899);
	decision = scene_decide(&scene);
	cr_expect_eq(decision.verdict, VERDICT_ALLOW);
	cr_expect_eq(decision.method, FACTOR_STEP_UP);
	cr_expect_eq(decision.level, LEVEL_HIGH_ASSURANCE);
}

Test(rule_7c, anything_that_is_not_quite_such_a_proof_does_not)
{
	struct scene scene;

	scene_owing(&scene);
	scene_step_up(&scene, 900);
	EXPECT(&scene, VERDICT_CHALLENGE, REASON_FACTOR_MISSING);
	scene_step_up(&scene, -1);
	EXPECT(&scene, VERDICT_CHALLENGE, REASON_FACTOR_MISSING);
	scene_step_up(&scene, 1);
	scene.facts.session.same_user = false;
	EXPECT(&scene, VERDICT_CHALLENGE, REASON_FACTOR_MISSING);
	scene_step_up(&scene, 1);
	scene.facts.session.ui = false;
	EXPECT(&scene, VERDICT_CHALLENGE, REASON_FACTOR_MISSING);
	scene_step_up(&scene, 1);
	scene.facts.session.open = false;
	EXPECT(&scene, VERDICT_CHALLENGE, REASON_FACTOR_MISSING);
	scene_step_up(&scene, 1);
	scene.facts.session.proof_voided = true;
	EXPECT(&scene, VERDICT_CHALLENGE, REASON_FACTOR_MISSING);
	scene_step_up(&scene, 1);
	scene.facts.step_up = NULL;
	EXPECT(&scene, VERDICT_CHALLENGE, REASON_FACTOR_MISSING);
}

Test(rule_7c, a_standard_session_does_not_step_up_to_a_high_one)
{
	struct scene scene;

	scene_owing(&scene);
	scene_step_up(&scene, 1);
	scene.facts.session.level = LEVEL_STANDARD;
	cr_expect_eq(scene_decide(&scene).level, LEVEL_STANDARD);
	EXPECT(&scene, VERDICT_ALLOW, REASON_OK);
	scene_require(&scene, LEVEL_RAISE);
	EXPECT(&scene, VERDICT_CHALLENGE, REASON_FACTOR_MISSING);
}

Test(rule_7d, each_code_of_a_person_answers_and_a_token_does_not)
{
	static const enum factor right[] = {FACTOR_TOTP, FACTOR_RECOVERY_CODE, FACTOR_TEMPORARY_CODE};
	struct scene scene;

	scene_owing(&scene);
	cr_expect_eq(scene_decide(&scene).acceptable, PERSON_BITS);
	for (size_t i = 0; i < 3; i++) {
		scene_answer(&scene, ATTEMPT_RIGHT, right[i]);
		EXPECT(&scene, VERDICT_ALLOW, REASON_OK);
		cr_expect_eq(scene_decide(&scene).method, right[i]);
	}
	scene_answer(&scene, ATTEMPT_RIGHT, FACTOR_SECURITY_TOKEN);
	EXPECT(&scene, VERDICT_DENY, REASON_FACTOR_WRONG);
	scene_answer(&scene, ATTEMPT_EXPIRED, FACTOR_SECURITY_TOKEN);
	EXPECT(&scene, VERDICT_DENY, REASON_FACTOR_WRONG);
}

Test(rule_7d, every_way_an_attempt_can_end_has_its_reason)
{
	static const struct {
		enum attempt attempt;
		enum reason reason;
	} rows[] = {
		{ATTEMPT_WRONG, REASON_FACTOR_WRONG},
		{ATTEMPT_REPLAYED, REASON_FACTOR_REPLAYED},
		{ATTEMPT_LOCKED_OUT, REASON_LOCKED_OUT},
		{ATTEMPT_CLOCK, REASON_CLOCK},
		{ATTEMPT_CANNOT_PROMPT, REASON_CLIENT_CANNOT_PROMPT},
		{ATTEMPT_CONVERSATION, REASON_CONVERSATION},
		{ATTEMPT_STORE, REASON_STORE},
		{(enum attempt)77, REASON_INTERNAL},
	};
	struct scene scene;

	scene_owing(&scene);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		scene_answer(&scene, rows[i].attempt, FACTOR_TOTP);
		EXPECT(&scene, VERDICT_DENY, rows[i].reason);
	}
	scene_answer(&scene, ATTEMPT_RIGHT, (enum factor)40);
	EXPECT(&scene, VERDICT_DENY, REASON_FACTOR_WRONG);
}

Test(rule_7e, registration_settings)
{
	struct scene scene;

	scene_owing(&scene);
	scene.facts.app = APP_NONE;
	EXPECT(&scene, VERDICT_REGISTER, REASON_REGISTRATION_REQUIRED);
	cr_expect_not(scene_decide(&scene).may_postpone);
	scene.facts.registration = REGISTRATION_TEMPORARY_CODE;
	EXPECT(&scene, VERDICT_DENY, REASON_REGISTRATION_REQUIRED);
	scene.facts.registration = REGISTRATION_CLOSED;
	EXPECT(&scene, VERDICT_DENY, REASON_REGISTRATION_REQUIRED);
	scene.facts.registration = REGISTRATION_OPEN;
	scene.facts.disconnected_by_other = true;
	EXPECT(&scene, VERDICT_DENY, REASON_REGISTRATION_REQUIRED);
}

Test(rule_7e, only_root_callers_that_can_commit_are_offered_a_registration)
{
	struct scene scene;

	scene_owing(&scene);
	scene.facts.app = APP_NONE;
	scene.facts.caller = CALLER_OWN;
	EXPECT(&scene, VERDICT_DENY, REASON_REGISTRATION_REQUIRED);
	scene.facts.caller = CALLER_TRUSTED;
	EXPECT(&scene, VERDICT_DENY, REASON_REGISTRATION_REQUIRED);
	scene.facts.caller = CALLER_ROOT;
	scene.facts.never_commits = true;
	EXPECT(&scene, VERDICT_DENY, REASON_REGISTRATION_REQUIRED);
	scene.facts.registered = true;
	EXPECT(&scene, VERDICT_DENY, REASON_REGISTRATION_REQUIRED);
}

Test(rule_7e, a_temporary_code_comes_before_the_registration_which_may_be_put_off)
{
	struct scene scene;
	struct decision decision;

	scene_owing(&scene);
	scene.facts.app = APP_NONE;
	scene.facts.temporary_code = true;
	decision = scene_decide(&scene);
	cr_expect_eq(decision.verdict, VERDICT_CHALLENGE);
	cr_expect_eq(decision.acceptable, FACTOR_BIT(FACTOR_TEMPORARY_CODE));
	scene_answer(&scene, ATTEMPT_RIGHT, FACTOR_TEMPORARY_CODE);
	EXPECT(&scene, VERDICT_REGISTER, REASON_REGISTRATION_REQUIRED);
	cr_expect(scene_decide(&scene).may_postpone);
	scene.facts.postponed = true;
	decision = scene_decide(&scene);
	cr_expect_eq(decision.verdict, VERDICT_ALLOW);
	cr_expect_eq(decision.method, FACTOR_TEMPORARY_CODE);
	scene.facts.postponed = false;
	scene.facts.registered = true;
	decision = scene_decide(&scene);
	cr_expect_eq(decision.reason, REASON_OK_REGISTERED);
	cr_expect_eq(decision.method, FACTOR_TOTP);
}

Test(rule_7e, a_registration_without_its_temporary_code_counts_for_nothing)
{
	struct scene scene;

	scene_owing(&scene);
	scene.facts.app = APP_NONE;
	scene.facts.temporary_code = true;
	scene.facts.registered = true;
	EXPECT(&scene, VERDICT_CHALLENGE, REASON_FACTOR_MISSING);
}

Test(rule_7e, with_registration_closed_a_temporary_code_lets_in)
{
	struct scene scene;

	scene_owing(&scene);
	scene.facts.app = APP_NONE;
	scene.facts.temporary_code = true;
	scene.facts.registration = REGISTRATION_CLOSED;
	scene_answer(&scene, ATTEMPT_RIGHT, FACTOR_TEMPORARY_CODE);
	EXPECT(&scene, VERDICT_ALLOW, REASON_OK);
}

Test(rule_7e, a_registration_dialogue_that_ends_early_denies)
{
	struct scene scene;

	scene_owing(&scene);
	scene.facts.app = APP_NONE;
	scene_answer(&scene, ATTEMPT_CONVERSATION, FACTOR_TOTP);
	EXPECT(&scene, VERDICT_DENY, REASON_CONVERSATION);
	scene_answer(&scene, ATTEMPT_CANNOT_PROMPT, FACTOR_TOTP);
	EXPECT(&scene, VERDICT_DENY, REASON_CLIENT_CANNOT_PROMPT);
	scene_answer(&scene, ATTEMPT_RIGHT, FACTOR_TOTP);
	EXPECT(&scene, VERDICT_DENY, REASON_FACTOR_WRONG);
}

Test(rule_7f, a_method_below_the_required_level_does_not_let_in)
{
	struct scene scene;
	struct decision decision;

	scene_owing(&scene);
	scene.profile.required_level = LEVEL_HIGH_ASSURANCE;
	scene.facts.high_assurance = FACTOR_BIT(FACTOR_RECOVERY_CODE);
	scene_answer(&scene, ATTEMPT_RIGHT, FACTOR_TOTP);
	decision = scene_decide(&scene);
	cr_expect_eq(decision.reason, REASON_SESSION_LEVEL);
	cr_expect(decision_says(&decision, "authenticator code yields a standard session only"));
	scene_answer(&scene, ATTEMPT_RIGHT, FACTOR_RECOVERY_CODE);
	EXPECT(&scene, VERDICT_ALLOW, REASON_OK);
}

Test(section_5, an_operation_goes_by_the_level_of_the_session)
{
	struct scene scene;

	scene_init(&scene, LOGIN_UI);
	scene_step_up(&scene, 5000);
	scene_require(&scene, LEVEL_BLOCK);
	scene.facts.app = APP_COMPLETED;
	scene.facts.operation = true;
	EXPECT(&scene, VERDICT_ALLOW, REASON_OK);
	cr_expect_eq(scene_decide(&scene).level, LEVEL_HIGH_ASSURANCE);
	scene.facts.session.proof_voided = true;
	EXPECT(&scene, VERDICT_CHALLENGE, REASON_FACTOR_MISSING);
	scene.facts.session.level = LEVEL_STANDARD;
	EXPECT(&scene, VERDICT_DENY, REASON_SESSION_LEVEL);
	scene.facts.hours_open = false;
	EXPECT(&scene, VERDICT_DENY, REASON_LOGIN_HOURS);
	cr_expect_eq(scene_decide(&scene).told, REASON_SESSION_LEVEL, "nothing was proved in this login");
	scene.facts.hours_open = true;
	scene_require(&scene, LEVEL_RAISE);
	EXPECT(&scene, VERDICT_CHALLENGE, REASON_FACTOR_MISSING);
}

Test(section_5, a_standard_session_does_not_answer_for_a_factor_that_is_owed)
{
	struct scene scene;

	scene_owing(&scene);
	scene_step_up(&scene, 5000);
	scene_require(&scene, LEVEL_BLOCK);
	scene.required.level = LEVEL_STANDARD;
	scene.facts.operation = true;
	scene.facts.session.level = LEVEL_STANDARD;
	EXPECT(&scene, VERDICT_CHALLENGE, REASON_FACTOR_MISSING);
}
