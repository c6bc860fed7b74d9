/* The account phase of a login that sfmfa has not seen (docs/rules.md, section 8, "No evidence"). */
#include <criterion/criterion.h>

#include "scene.h"

static void
scene_account(struct scene *scene, enum login_type type)
{
	scene_init(scene, type);
	scene->facts.phase = PHASE_ACCOUNT;
	scene->facts.app = APP_COMPLETED;
}

Test(account, a_login_that_owes_a_factor_and_shows_none_is_denied)
{
	struct scene scene;

	scene_account(&scene, LOGIN_UI);
	EXPECT(&scene, VERDICT_ALLOW, REASON_OK_SINGLE_FACTOR);
	scene_grant(&scene, PERMISSION_MFA_UI_LOGINS);
	EXPECT(&scene, VERDICT_DENY, REASON_NO_EVIDENCE);
	scene.facts.app = APP_NONE;
	EXPECT(&scene, VERDICT_DENY, REASON_NO_EVIDENCE);
}

Test(account, no_answer_and_no_registration_counts_there)
{
	struct scene scene;

	scene_account(&scene, LOGIN_UI);
	scene_grant(&scene, PERMISSION_MFA_UI_LOGINS);
	scene_answer(&scene, ATTEMPT_RIGHT, FACTOR_TOTP);
	EXPECT(&scene, VERDICT_DENY, REASON_NO_EVIDENCE);
	scene.facts.app = APP_NONE;
	scene.facts.registered = true;
	EXPECT(&scene, VERDICT_DENY, REASON_NO_EVIDENCE);
}

Test(account, hours_ranges_and_a_freeze_hold_and_nothing_is_asked)
{
	struct scene scene;
	struct decision decision;

	scene_account(&scene, LOGIN_UI);
	scene_grant(&scene, PERMISSION_MFA_UI_LOGINS);
	scene.facts.caller_authenticates = true;
	scene.facts.hours_open = false;
	decision = scene_decide(&scene);
	cr_expect_eq(decision.reason, REASON_LOGIN_HOURS);
	cr_expect_not(decision.concealed);
	cr_expect_neq(decision.told, REASON_LOGIN_HOURS, "no factor was shown");
	scene.facts.hours_open = true;
	scene.facts.ip_allowed = false;
	EXPECT(&scene, VERDICT_DENY, REASON_LOGIN_IP);
	scene.facts.skip_ranges = true;
	EXPECT(&scene, VERDICT_ALLOW, REASON_OK_SINGLE_FACTOR);
	scene.facts.frozen = true;
	EXPECT(&scene, VERDICT_DENY, REASON_FROZEN);
	cr_expect_eq(scene_decide(&scene).told, REASON_FROZEN, "PAM_ACCT_EXPIRED says it anyway");
}

Test(account, a_lock_does_not_matter_where_nothing_is_compared)
{
	struct scene scene;

	scene_account(&scene, LOGIN_UI);
	scene.facts.locked = true;
	EXPECT(&scene, VERDICT_ALLOW, REASON_OK_SINGLE_FACTOR);
}

Test(account, a_service_that_decides_itself_whether_to_ask_is_let_through)
{
	struct scene scene;

	scene_account(&scene, LOGIN_UI);
	scene_grant(&scene, PERMISSION_MFA_UI_LOGINS);
	scene.facts.caller_authenticates = true;
	EXPECT(&scene, VERDICT_ALLOW, REASON_OK_SINGLE_FACTOR);
}

Test(account, a_switch_by_real_root_is_stopped_by_a_freeze_only)
{
	struct scene scene;

	scene_account(&scene, LOGIN_UI);
	scene_grant(&scene, PERMISSION_MFA_UI_LOGINS);
	scene_grant(&scene, PERMISSION_API_ONLY_USER);
	scene.facts.hours_open = false;
	scene.facts.ip_allowed = false;
	scene.facts.configuration_fault = true;
	scene.facts.root_switch = true;
	scene.facts.caller_is_root_user = true;
	EXPECT(&scene, VERDICT_ALLOW, REASON_OK_SINGLE_FACTOR);
	scene.facts.frozen = true;
	EXPECT(&scene, VERDICT_DENY, REASON_FROZEN);
	scene.facts.frozen = false;
	scene.facts.caller = CALLER_OWN;
	EXPECT(&scene, VERDICT_DENY, REASON_LOGIN_HOURS);
	scene.facts.caller = CALLER_ROOT;
	scene.facts.caller_is_root_user = false;
	EXPECT(&scene, VERDICT_DENY, REASON_LOGIN_HOURS);
	scene.facts.caller_is_root_user = true;
	scene.facts.phase = PHASE_AUTHENTICATE;
	EXPECT(&scene, VERDICT_DENY, REASON_LOGIN_HOURS);
}

Test(account, api_only_holds_even_where_the_service_decides_itself)
{
	struct scene scene;

	scene_account(&scene, LOGIN_UI);
	scene_grant(&scene, PERMISSION_API_ONLY_USER);
	scene.facts.caller_authenticates = true;
	EXPECT(&scene, VERDICT_DENY, REASON_API_ONLY);
	scene_grant(&scene, PERMISSION_MFA_UI_LOGINS);
	EXPECT(&scene, VERDICT_DENY, REASON_API_ONLY);
	scene.facts.app = APP_PENDING;
	EXPECT(&scene, VERDICT_DENY, REASON_NO_EVIDENCE);
	scene.facts.app = APP_NONE;
	EXPECT(&scene, VERDICT_DENY, REASON_NO_EVIDENCE);
}

Test(account, an_api_service_is_let_through_where_nothing_is_due)
{
	struct scene scene;

	scene_account(&scene, LOGIN_API);
	EXPECT(&scene, VERDICT_DENY, REASON_API_DISABLED);
	scene_grant(&scene, PERMISSION_API_ENABLED);
	EXPECT(&scene, VERDICT_DENY, REASON_NO_EVIDENCE);
	scene.facts.trusted_peer = true;
	EXPECT(&scene, VERDICT_ALLOW, REASON_OK_SINGLE_FACTOR);
	scene_grant(&scene, PERMISSION_MFA_UI_LOGINS);
	scene_grant(&scene, PERMISSION_MFA_API_LOGINS);
	EXPECT(&scene, VERDICT_DENY, REASON_NO_EVIDENCE);
	scene.facts.app = APP_NONE;
	scene.profile.api.pending = API_PENDING_DENY;
	EXPECT(&scene, VERDICT_DENY, REASON_PENDING);
}
