/* Connected-app flows and the bridge (rules 5), beyond the acceptance rows. */
#include "scene.h"

static struct connected_app app;

/* A permitted app with every flow, at an API service, whose credential is right. */
static void
begin(struct scene *scene, enum flow flow)
{
	app = (struct connected_app){ .name = "robot", .flows = FLOW_BIT(FLOW_COUNT) - 1, .action = LEVEL_BLOCK };
	scene_init(scene, LOGIN_API);
	scene_grant(scene, PERMISSION_API_ENABLED);
	scene->facts.connected = (struct app_fact){
		.named = true,
		.flow_known = true,
		.flow = flow,
		.app = &app,
		.in_services = true,
		.in_networks = true,
		.permitted = true,
		.credential = CREDENTIAL_RIGHT,
	};
}

static void
put_in_effect(struct scene *scene)
{
	scene_grant(scene, PERMISSION_MFA_UI_LOGINS);
	scene_grant(scene, PERMISSION_MFA_API_LOGINS);
	scene->facts.app = APP_COMPLETED;
}

/* A session of the user, as sfmfa recorded it. */
static void
open_session(struct scene *scene, enum level level)
{
	scene->facts.session = (struct session_fact){
		.open = true, .same_user = true, .ui = true, .by_ui = true, .level = level, .proof_age = 60
	};
}

static bool
is_of_signature_alone(enum flow flow)
{
	return (FLOWS_OF_A_SIGNATURE & FLOW_BIT(flow)) != 0;
}

Test(app, every_flow_that_lets_in_does_so_at_standard)
{
	for (unsigned flow = 0; flow < FLOW_COUNT; flow++) {
		struct scene scene;
		struct decision decision;

		begin(&scene, (enum flow)flow);
		open_session(&scene, LEVEL_HIGH_ASSURANCE);
		scene.facts.high_assurance = UINT32_MAX;
		scene.facts.trusted_peer = true; /* username-password owes no token then */
		decision = scene_decide(&scene);
		cr_expect_eq(decision.verdict, VERDICT_ALLOW, "%s: %s", flow_key((enum flow)flow),
		             reason_key(decision.reason));
		cr_expect_eq(decision.level, LEVEL_STANDARD, "%s", flow_key((enum flow)flow));
	}
}

Test(app, a_code_with_username_password_yields_standard_too)
{
	struct scene scene;
	struct decision decision;

	begin(&scene, FLOW_USERNAME_PASSWORD);
	scene.facts.app = APP_COMPLETED;
	scene_answer(&scene, ATTEMPT_RIGHT, FACTOR_TOTP);
	decision = scene_decide(&scene);
	cr_expect_eq(decision.verdict, VERDICT_ALLOW);
	cr_expect_eq(decision.level, LEVEL_STANDARD);
}

Test(app, high_assurance_closes_all_flows_but_four)
{
	for (unsigned who = 0; who < 3; who++) {
		for (unsigned flow = 0; flow < FLOW_COUNT; flow++) {
			struct scene scene;

			begin(&scene, (enum flow)flow);
			open_session(&scene, LEVEL_HIGH_ASSURANCE);
			if (who == 0)
				put_in_effect(&scene);
			else if (who == 1)
				scene.profile.required_level = LEVEL_HIGH_ASSURANCE;
			else
				app.level = LEVEL_HIGH_ASSURANCE;
			if (flow_stays_open((enum flow)flow))
				EXPECT(&scene, VERDICT_ALLOW, REASON_OK);
			else
				EXPECT(&scene, VERDICT_DENY, REASON_FLOW);
		}
	}
}

/* Each alone, and worse ones hide better ones. */
Test(app, what_is_wrong_is_said_in_the_order_of_the_rules)
{
	struct scene scene;

	begin(&scene, FLOW_JWT_BEARER);
	scene.facts.connected.credential = CREDENTIAL_SIGNATURE;
	EXPECT(&scene, VERDICT_DENY, REASON_SIGNATURE);
	scene.facts.connected.permitted = false;
	EXPECT(&scene, VERDICT_DENY, REASON_NOT_APPROVED);
	scene.facts.connected.in_networks = false;
	EXPECT(&scene, VERDICT_DENY, REASON_APP_NETWORK);
	scene.facts.connected.in_services = false;
	EXPECT(&scene, VERDICT_DENY, REASON_NOT_APPROVED);
	app.flows = FLOW_BIT(FLOW_WEB_SERVER);
	EXPECT(&scene, VERDICT_DENY, REASON_FLOW);
	scene.facts.connected.app = NULL;
	EXPECT(&scene, VERDICT_DENY, REASON_UNKNOWN_APP);
	scene.facts.permissions = 0;
	EXPECT(&scene, VERDICT_DENY, REASON_API_DISABLED);
	scene.facts.frozen = true;
	EXPECT(&scene, VERDICT_DENY, REASON_FROZEN);
}

Test(app, every_fault_of_a_credential_has_its_reason)
{
	static const struct {
		enum credential credential;
		enum reason reason;
	} faults[] = {
		{ CREDENTIAL_NONE, REASON_FACTOR_MISSING },   { CREDENTIAL_SIGNATURE, REASON_SIGNATURE },
		{ CREDENTIAL_AUDIENCE, REASON_AUDIENCE },     { CREDENTIAL_EXPIRED, REASON_EXPIRED },
		{ CREDENTIAL_REPLAYED, REASON_REPLAYED },     { CREDENTIAL_REVOKED, REASON_NOT_APPROVED },
		{ CREDENTIAL_STORE, REASON_STORE },
	};

	for (unsigned flow = 0; flow < FLOW_COUNT; flow++) {
		if (!is_of_signature_alone((enum flow)flow) && flow != FLOW_REFRESH_TOKEN)
			continue;
		for (size_t i = 0; i < sizeof(faults) / sizeof(faults[0]); i++) {
			struct scene scene;

			begin(&scene, (enum flow)flow);
			scene.facts.connected.credential = faults[i].credential;
			EXPECT(&scene, VERDICT_DENY, faults[i].reason);
		}
	}
}

Test(app, what_names_nothing_is_denied_for_itself)
{
	struct scene scene;

	begin(&scene, FLOW_JWT_BEARER);
	scene.facts.connected = (struct app_fact){ .named = true, .credential = CREDENTIAL_SIGNATURE };
	EXPECT(&scene, VERDICT_DENY, REASON_SIGNATURE);
	scene.facts.connected = (struct app_fact){ .named = true };
	EXPECT(&scene, VERDICT_DENY, REASON_FLOW);
}

Test(app, a_lock_stops_guessers_and_no_credential_of_an_app)
{
	struct scene scene;

	begin(&scene, FLOW_JWT_BEARER);
	scene.facts.locked = true;
	EXPECT(&scene, VERDICT_ALLOW, REASON_OK);
	begin(&scene, FLOW_USERNAME_PASSWORD);
	scene.facts.locked = true;
	EXPECT(&scene, VERDICT_DENY, REASON_LOCKED_OUT);
}

Test(app, an_approval_needs_a_session_that_sfmfa_knows)
{
	struct scene scene;

	begin(&scene, FLOW_WEB_SERVER);
	EXPECT(&scene, VERDICT_DENY, REASON_SESSION_LEVEL);
	open_session(&scene, LEVEL_STANDARD);
	EXPECT(&scene, VERDICT_ALLOW, REASON_OK);
	scene.facts.session.same_user = false;
	EXPECT(&scene, VERDICT_DENY, REASON_SESSION_LEVEL);
	open_session(&scene, LEVEL_STANDARD);
	scene.facts.session.ui = scene.facts.session.by_ui = false;
	EXPECT(&scene, VERDICT_DENY, REASON_SESSION_LEVEL);
	/* Logged in with a password alone is enough where no more is owed. */
	scene.facts.session.by_ui = true;
	EXPECT(&scene, VERDICT_ALLOW, REASON_OK);
	scene_grant(&scene, PERMISSION_MFA_UI_LOGINS);
	scene.facts.app = APP_COMPLETED;
	EXPECT(&scene, VERDICT_DENY, REASON_SESSION_LEVEL);
	open_session(&scene, LEVEL_HIGH_ASSURANCE);
	EXPECT(&scene, VERDICT_ALLOW, REASON_OK);
	scene.facts.session.proof_voided = true;
	EXPECT(&scene, VERDICT_DENY, REASON_SESSION_LEVEL);
}

Test(app, raise_asks_for_a_code_that_yields_high_assurance)
{
	struct scene scene;

	begin(&scene, FLOW_WEB_SERVER);
	app.level = LEVEL_HIGH_ASSURANCE;
	open_session(&scene, LEVEL_STANDARD);
	EXPECT(&scene, VERDICT_DENY, REASON_SESSION_LEVEL);
	app.action = LEVEL_RAISE;
	EXPECT(&scene, VERDICT_CHALLENGE, REASON_FACTOR_MISSING);
	scene_answer(&scene, ATTEMPT_WRONG, FACTOR_TOTP);
	EXPECT(&scene, VERDICT_DENY, REASON_FACTOR_WRONG);
	scene_answer(&scene, ATTEMPT_RIGHT, FACTOR_TOTP);
	EXPECT(&scene, VERDICT_ALLOW, REASON_OK);
	scene.facts.high_assurance = 0;
	EXPECT(&scene, VERDICT_DENY, REASON_SESSION_LEVEL);
	/* A voided proof is none, however high it was. */
	scene_answer(&scene, ATTEMPT_NONE, FACTOR_PASSWORD);
	open_session(&scene, LEVEL_HIGH_ASSURANCE);
	scene.facts.session.proof_voided = true;
	EXPECT(&scene, VERDICT_CHALLENGE, REASON_FACTOR_MISSING);
}

Test(app, a_token_carries_the_level_of_its_approval)
{
	struct scene scene;

	begin(&scene, FLOW_WEB_SERVER);
	scene.facts.connected.token = true;
	EXPECT(&scene, VERDICT_ALLOW, REASON_OK);
	app.level = LEVEL_HIGH_ASSURANCE;
	app.action = LEVEL_RAISE;
	EXPECT(&scene, VERDICT_DENY, REASON_SESSION_LEVEL);
	scene.facts.connected.approved_level = LEVEL_HIGH_ASSURANCE;
	EXPECT(&scene, VERDICT_ALLOW, REASON_OK);
	scene_grant(&scene, PERMISSION_API_ONLY_USER);
	EXPECT(&scene, VERDICT_DENY, REASON_API_ONLY);
}

Test(app, what_the_service_requires_is_not_met_by_an_app)
{
	struct scene scene;

	begin(&scene, FLOW_JWT_BEARER);
	scene_require(&scene, LEVEL_RAISE);
	EXPECT(&scene, VERDICT_DENY, REASON_SESSION_LEVEL);
	begin(&scene, FLOW_JWT_BEARER);
	scene.profile.required_level = LEVEL_HIGH_ASSURANCE;
	EXPECT(&scene, VERDICT_ALLOW, REASON_OK);
}

Test(app, flows_are_for_api_services_and_for_authentication)
{
	for (unsigned flow = 0; flow < FLOW_COUNT; flow++) {
		struct scene scene;

		begin(&scene, (enum flow)flow);
		open_session(&scene, LEVEL_HIGH_ASSURANCE);
		scene.facts.login_type = LOGIN_UI;
		EXPECT(&scene, VERDICT_DENY, REASON_FLOW);
		scene.facts.login_type = LOGIN_API;
		scene.facts.phase = PHASE_ACCOUNT;
		EXPECT(&scene, VERDICT_DENY, REASON_NO_EVIDENCE);
	}
}

static void
begin_bridge(struct scene *scene)
{
	begin(scene, FLOW_WEB_SERVER);
	scene->facts.login_type = LOGIN_UI;
	scene->facts.connected.bridge = true;
	scene->facts.connected.token = true;
}

Test(app, a_bridged_token_is_the_first_factor_only)
{
	struct scene scene;
	struct decision decision;

	begin_bridge(&scene);
	decision = scene_decide(&scene);
	cr_expect(decision.verdict == VERDICT_ALLOW && decision.reason == REASON_OK);
	cr_expect_eq(decision.method, FACTOR_ACCESS_TOKEN);
	scene_grant(&scene, PERMISSION_MFA_UI_LOGINS);
	scene.facts.app = APP_COMPLETED;
	EXPECT(&scene, VERDICT_CHALLENGE, REASON_FACTOR_MISSING);
	scene_answer(&scene, ATTEMPT_RIGHT, FACTOR_TOTP);
	decision = scene_decide(&scene);
	cr_expect(decision.verdict == VERDICT_ALLOW && decision.level == LEVEL_HIGH_ASSURANCE);
	scene_grant(&scene, PERMISSION_API_ONLY_USER);
	EXPECT(&scene, VERDICT_DENY, REASON_API_ONLY);
}

/* As after a wrong password: nobody is asked for a code, whatever rule would hide its denial behind one. */
Test(app, a_bridged_token_that_is_not_right_ends_the_login)
{
	struct scene scene;
	struct decision decision;

	begin_bridge(&scene);
	scene_grant(&scene, PERMISSION_MFA_UI_LOGINS);
	scene.facts.app = APP_COMPLETED;
	scene.facts.frozen = true;
	scene.facts.connected.credential = CREDENTIAL_REVOKED;
	decision = scene_decide(&scene);
	cr_expect_eq(decision.reason, REASON_NOT_APPROVED);
	cr_expect(!decision.concealed && decision.acceptable == 0);
	scene.facts.connected.credential = CREDENTIAL_RIGHT;
	scene.facts.connected.app = NULL;
	EXPECT(&scene, VERDICT_DENY, REASON_UNKNOWN_APP);
	scene.facts.connected.app = &app;
	decision = scene_decide(&scene);
	cr_expect(decision.concealed && decision.reason == REASON_FROZEN);
}
