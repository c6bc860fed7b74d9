/*
 * Every combination of a small world: what must hold for each of them, said without the words of
 * lib/policy, so that a slip there is not repeated here.
 */
#include <criterion/criterion.h>

#include "scene.h"

#define PERSON_BITS \
	(FACTOR_BIT(FACTOR_TOTP) | FACTOR_BIT(FACTOR_RECOVERY_CODE) | FACTOR_BIT(FACTOR_TEMPORARY_CODE))
#define PROGRAM_BITS (FACTOR_BIT(FACTOR_TOTP) | FACTOR_BIT(FACTOR_SECURITY_TOKEN))

/* Takes the next digit off a number that counts through all combinations. */
static unsigned
digit(unsigned *number, unsigned base)
{
	unsigned value = *number % base;

	*number /= base;
	return value;
}

struct answer {
	enum attempt attempt;
	enum factor offered;
};

static const struct answer answers[] = {
	{ATTEMPT_NONE, FACTOR_PASSWORD},          {ATTEMPT_RIGHT, FACTOR_TOTP},
	{ATTEMPT_RIGHT, FACTOR_SECURITY_TOKEN},   {ATTEMPT_RIGHT, FACTOR_RECOVERY_CODE},
	{ATTEMPT_RIGHT, FACTOR_TEMPORARY_CODE},   {ATTEMPT_RIGHT, FACTOR_PASSWORD},
	{ATTEMPT_WRONG, FACTOR_TOTP},             {ATTEMPT_REPLAYED, FACTOR_TOTP},
	{ATTEMPT_EXPIRED, FACTOR_SECURITY_TOKEN}, {ATTEMPT_OUT_OF_SCOPE, FACTOR_SECURITY_TOKEN},
	{ATTEMPT_LOCKED_OUT, FACTOR_TOTP},        {ATTEMPT_CLOCK, FACTOR_TOTP},
	{ATTEMPT_CANNOT_PROMPT, FACTOR_TOTP},     {ATTEMPT_CONVERSATION, FACTOR_TOTP},
	{ATTEMPT_STORE, FACTOR_TOTP},             {(enum attempt)50, (enum factor)50},
};
#define ANSWERS (sizeof(answers) / sizeof(answers[0]))

/* One thing wrong with the user or the moment, or two that meet. */
#define GATES 9
static void
set_gate(struct facts *facts, unsigned gate)
{
	facts->frozen = gate == 1 || gate == 7;
	facts->locked = gate == 2 || gate == 7 || gate == 8;
	facts->hours_open = gate != 3 && gate != 8;
	facts->ip_allowed = gate != 4;
	facts->configuration_fault = gate == 5;
	facts->user_known = gate != 6;
}

static bool
gate_denies(unsigned gate)
{
	return gate != 0 && gate != 2;
}

#define SESSIONS 6
static void
set_session(struct scene *scene, unsigned kind)
{
	scene_step_up(scene, kind == 1 ? 5000 : 60);
	scene->facts.session.level = kind == 2 ? LEVEL_STANDARD : LEVEL_HIGH_ASSURANCE;
	scene->facts.session.proof_voided = kind == 3;
	scene->facts.session.same_user = kind != 4;
	if (kind == 0) {
		scene->facts.session = (struct session_fact){.open = false};
		scene->facts.step_up = NULL;
	}
	scene->facts.operation = kind != 0 && scene->facts.required != NULL;
	if (kind == 5)
		scene->facts.step_up = NULL;
}

/* Owed by the words of rule 7. */
static bool
owes_ui(const struct facts *facts)
{
	bool high = facts->profile->required_level == LEVEL_HIGH_ASSURANCE ||
	            (facts->required != NULL && facts->required->level == LEVEL_HIGH_ASSURANCE);
	bool mfa = facts->require_mfa_for_ui ||
	           (facts->permissions & PERMISSION_BIT(PERMISSION_MFA_UI_LOGINS)) != 0;

	return high || (mfa && (facts->permissions & PERMISSION_BIT(PERMISSION_WAIVE_MFA)) == 0);
}

static bool
proved_ui(const struct facts *facts)
{
	const struct session_fact *session = &facts->session;
	bool answered = facts->attempt == ATTEMPT_RIGHT && (PERSON_BITS & (1ULL << facts->offered)) != 0;
	bool registered = facts->registered && facts->app == APP_NONE && facts->caller == CALLER_ROOT &&
	                  !facts->never_commits && !facts->disconnected_by_other &&
	                  facts->registration == REGISTRATION_OPEN;
	bool in_session = session->open && session->same_user && session->ui && !session->proof_voided;
	bool stepped = in_session && facts->step_up != NULL && session->proof_age < facts->step_up->max_age;
	bool operated = in_session && facts->operation && session->level == LEVEL_HIGH_ASSURANCE;

	return answered || registered || stepped || operated;
}

/* The whole world of UI logins but the answer. */
#define UI_WORLD (3 * 2 * 2 * 4 * 3 * 2 * 4 * 3 * GATES * SESSIONS)

static unsigned
set_ui(struct scene *scene, unsigned number)
{
	struct facts *facts = &scene->facts;
	unsigned owed_by, level, gate, registration, caller;

	scene_init(scene, LOGIN_UI);
	owed_by = digit(&number, 3);
	if (owed_by == 1)
		scene_grant(scene, PERMISSION_MFA_UI_LOGINS);
	facts->require_mfa_for_ui = owed_by == 2;
	if (digit(&number, 2) == 1)
		scene_grant(scene, PERMISSION_WAIVE_MFA);
	if (digit(&number, 2) == 1)
		scene_grant(scene, PERMISSION_API_ONLY_USER);
	level = digit(&number, 4);
	if (level == 1)
		scene->profile.required_level = LEVEL_HIGH_ASSURANCE;
	if (level > 1)
		scene_require(scene, level == 2 ? LEVEL_RAISE : LEVEL_BLOCK);
	facts->app = (enum app_state)digit(&number, 3);
	facts->temporary_code = digit(&number, 2) == 1;
	registration = digit(&number, 4);
	facts->disconnected_by_other = registration == 3;
	facts->registration = registration == 3 ? REGISTRATION_OPEN : (enum registration)registration;
	caller = digit(&number, 3);
	facts->caller = caller == 0 ? CALLER_OWN : CALLER_ROOT;
	facts->never_commits = caller == 1;
	gate = digit(&number, GATES);
	set_gate(facts, gate);
	set_session(scene, digit(&number, SESSIONS));
	return gate;
}

static void
check_ui(const struct scene *scene, unsigned gate, unsigned number)
{
	const struct facts *facts = &scene->facts;
	struct decision decision = scene_decide(scene);
	bool api_only = (facts->permissions & PERMISSION_BIT(PERMISSION_API_ONLY_USER)) != 0;

	if (decision.verdict == VERDICT_ALLOW) {
		if (owes_ui(facts))
			cr_assert(proved_ui(facts), "%u: owed, unproved, allowed", number);
		cr_assert_not(gate_denies(gate), "%u: allowed past gate %u", number, gate);
		cr_assert_not(api_only, "%u: an api-only-user got in", number);
		cr_assert_neq(decision.method, FACTOR_SECURITY_TOKEN, "%u: a token opened the UI", number);
		cr_assert_not(owes_ui(facts) && facts->locked && decision.method != FACTOR_STEP_UP &&
		              decision.method != FACTOR_UI_SESSION && decision.reason != REASON_OK_REGISTERED,
		              "%u: locked and allowed", number);
		if (facts->profile->required_level == LEVEL_HIGH_ASSURANCE || facts->required != NULL)
			cr_assert_eq(decision.level, LEVEL_HIGH_ASSURANCE, "%u: below the level", number);
	}
	cr_assert(decision.reason != REASON_INTERNAL || facts->attempt > ATTEMPT_STORE, "%u", number);
	cr_assert(decision.because_count > 0 && decision.because_count < BECAUSE_MAX, "%u", number);
	if (facts->attempt != ATTEMPT_NONE)
		cr_assert_neq(decision.verdict, VERDICT_CHALLENGE, "%u: asked again after an answer", number);
	if (facts->locked)
		cr_assert_neq(decision.verdict, VERDICT_CHALLENGE, "%u: asked while locked", number);
	if (facts->locked && facts->attempt == ATTEMPT_NONE)
		cr_assert_eq(decision.acceptable, 0U, "%u: something is acceptable while locked", number);
	cr_assert((decision.acceptable & ~PERSON_BITS) == 0, "%u", number);
	if (decision.concealed)
		cr_assert(decision.verdict == VERDICT_DENY && decision.told != decision.reason, "%u", number);
}

Test(enumerate, no_ui_login_is_allowed_that_must_not_be, .timeout = 100)
{
	for (unsigned number = 0; number < UI_WORLD; number++) {
		struct scene scene;
		unsigned gate = set_ui(&scene, number);

		for (size_t i = 0; i < ANSWERS; i++) {
			scene.facts.attempt = answers[i].attempt;
			scene.facts.offered = answers[i].offered;
			/* The dialogue can only have run where no answer failed. */
			scene.facts.registered = i < 6 && number % 2 == 1;
			scene.facts.postponed = i < 6 && number % 3 == 1;
			check_ui(&scene, gate, number);
		}
	}
}

/* How much a verdict gives. A registration is nearer to the door than a question. */
static int
worth(const struct decision *decision)
{
	switch (decision->verdict) {
	case VERDICT_ALLOW:
		return 3;
	case VERDICT_REGISTER:
		return 2;
	case VERDICT_CHALLENGE:
		return 1;
	case VERDICT_DENY:
		break;
	}
	return 0;
}

/* A right answer of an acceptable kind never takes away, but for rule 7a, which closes the UI after it. */
Test(enumerate, a_right_factor_never_takes_away, .timeout = 100)
{
	for (unsigned number = 0; number < UI_WORLD; number++) {
		struct scene scene;
		struct decision before, after;

		(void)set_ui(&scene, number);
		before = scene_decide(&scene);
		for (unsigned factor = 0; factor < FACTOR_COUNT; factor++) {
			if ((before.acceptable & FACTOR_BIT(factor)) == 0)
				continue;
			scene_answer(&scene, ATTEMPT_RIGHT, (enum factor)factor);
			after = scene_decide(&scene);
			if (after.reason == REASON_API_ONLY || after.reason == REASON_API_ONLY_REGISTERED)
				continue;
			cr_assert_geq(worth(&after), worth(&before), "%u, factor %u", number, factor);
			cr_assert_not(after.concealed, "%u: a right factor is told nothing", number);
		}
	}
}

/* What a stranger sees before an answer must not tell a gate from another one that is concealed. */
Test(enumerate, concealed_denials_look_alike, .timeout = 100)
{
	static const unsigned concealed_gates[] = {1, 3, 4, 5, 6};

	for (unsigned number = 0; number < UI_WORLD / GATES; number++) {
		struct decision first = {.verdict = VERDICT_DENY};

		for (size_t i = 0; i < 5; i++) {
			struct scene scene;
			struct decision decision;

			/* The gate is the last digit but one. */
			(void)set_ui(&scene, number);
			if (scene.facts.session.proof_voided || scene.facts.session.open)
				break;
			set_gate(&scene.facts, concealed_gates[i]);
			decision = scene_decide(&scene);
			if (!decision.concealed)
				continue;
			if (!first.concealed)
				first = decision;
			cr_assert_eq(decision.acceptable, first.acceptable, "%u", number);
			cr_assert_eq(decision.told, first.told, "%u", number);
		}
	}
}

#define API_WORLD (2 * 2 * 2 * 2 * 2 * 3 * 3 * 2 * 2 * 3 * 4 * GATES * 2)

static unsigned
set_api(struct scene *scene, unsigned number)
{
	static const uint32_t second_factors[] = {PROGRAM_BITS, FACTOR_BIT(FACTOR_TOTP), PERSON_BITS};
	struct facts *facts = &scene->facts;
	struct api_settings *api = &scene->profile.api;
	unsigned gate, peer;

	scene_init(scene, LOGIN_API);
	if (digit(&number, 2) == 1)
		scene_grant(scene, PERMISSION_API_ENABLED);
	if (digit(&number, 2) == 1)
		scene_grant(scene, PERMISSION_MFA_API_LOGINS);
	if (digit(&number, 2) == 1)
		scene_grant(scene, PERMISSION_MFA_UI_LOGINS);
	if (digit(&number, 2) == 1)
		scene->profile.required_level = LEVEL_HIGH_ASSURANCE;
	if (digit(&number, 2) == 1)
		scene_grant(scene, PERMISSION_WAIVE_MFA);
	facts->app = (enum app_state)digit(&number, 3);
	api->token_required = (enum token_required)digit(&number, 3);
	api->pending = (enum api_pending)digit(&number, 2);
	api->trusted_networks_skip_mfa = digit(&number, 2) == 1;
	api->second_factors = second_factors[digit(&number, 3)];
	peer = digit(&number, 4);
	facts->trusted_peer = (peer & 1) != 0;
	facts->in_profile_ranges = (peer & 2) != 0;
	gate = digit(&number, GATES);
	set_gate(facts, gate);
	facts->token_stripped = digit(&number, 2) == 1;
	return gate;
}

/* Due by the words of rules 8b, 8d, 8e. */
static bool
owes_api(const struct facts *facts)
{
	const struct api_settings *api = &facts->profile->api;
	uint32_t both = PERMISSION_BIT(PERMISSION_MFA_API_LOGINS) | PERMISSION_BIT(PERMISSION_MFA_UI_LOGINS);
	bool trusted = facts->trusted_peer || facts->in_profile_ranges;

	if ((facts->permissions & both) == both && facts->app == APP_COMPLETED &&
	    !(api->trusted_networks_skip_mfa && facts->trusted_peer))
		return true;
	return api->token_required == TOKEN_REQUIRED_ALWAYS ||
	       (api->token_required == TOKEN_REQUIRED_UNTRUSTED && !trusted);
}

static void
check_api(const struct scene *scene, unsigned gate, unsigned number)
{
	const struct facts *facts = &scene->facts;
	struct decision decision = scene_decide(scene);
	bool right = facts->attempt == ATTEMPT_RIGHT && (PROGRAM_BITS & (1ULL << facts->offered)) != 0;

	cr_assert(decision.verdict == VERDICT_ALLOW || decision.verdict == VERDICT_DENY, "%u: asked", number);
	cr_assert(decision.reason != REASON_INTERNAL || facts->attempt > ATTEMPT_STORE, "%u", number);
	cr_assert_not(decision.concealed, "%u", number);
	cr_assert((policy_api_due(facts) & ~PROGRAM_BITS) == 0, "%u", number);
	if (decision.verdict != VERDICT_ALLOW)
		return;
	cr_assert_not(gate_denies(gate), "%u: allowed past gate %u", number, gate);
	cr_assert(permission_in(facts->permissions, PERMISSION_API_ENABLED), "%u: api-disabled", number);
	if (owes_api(facts)) {
		cr_assert(right, "%u: due, unproved, allowed", number);
		cr_assert_not(facts->locked, "%u: locked and allowed", number);
		cr_assert(facts->offered != FACTOR_TOTP || facts->app == APP_COMPLETED, "%u", number);
	}
	cr_assert_neq(decision.method, FACTOR_RECOVERY_CODE, "%u", number);
	cr_assert_neq(decision.method, FACTOR_TEMPORARY_CODE, "%u", number);
	cr_assert_geq(decision.level, facts->profile->required_level, "%u: below the level", number);
}

Test(enumerate, no_api_login_is_allowed_that_must_not_be, .timeout = 100)
{
	for (unsigned number = 0; number < API_WORLD; number++) {
		struct scene scene;
		unsigned gate = set_api(&scene, number);

		for (size_t i = 0; i < ANSWERS; i++) {
			scene.facts.attempt = answers[i].attempt;
			scene.facts.offered = answers[i].offered;
			check_api(&scene, gate, number);
		}
	}
}

Test(enumerate, a_right_factor_never_takes_away_from_a_program, .timeout = 100)
{
	for (unsigned number = 0; number < API_WORLD; number++) {
		struct scene scene;
		struct decision before, after;

		(void)set_api(&scene, number);
		before = scene_decide(&scene);
		for (unsigned factor = 0; factor < FACTOR_COUNT; factor++) {
			if ((before.acceptable & FACTOR_BIT(factor)) == 0)
				continue;
			scene_answer(&scene, ATTEMPT_RIGHT, (enum factor)factor);
			after = scene_decide(&scene);
			cr_assert_geq(worth(&after), worth(&before), "%u, factor %u", number, factor);
		}
	}
}

/* The account phase asks nothing, and lets nobody through who owes, but where the service answers for it. */
Test(enumerate, the_account_phase_lets_nobody_through_who_owes, .timeout = 100)
{
	for (unsigned number = 0; number < UI_WORLD; number++) {
		for (unsigned exception = 0; exception < 3; exception++) {
			struct scene scene;
			unsigned gate = set_ui(&scene, number);
			bool root = exception == 2 && scene.facts.caller == CALLER_ROOT;
			struct decision decision;

			scene.facts.phase = PHASE_ACCOUNT;
			scene.facts.caller_authenticates = exception == 1;
			scene.facts.root_switch = exception == 2;
			scene.facts.caller_is_root_user = exception == 2;
			scene.facts.attempt = ATTEMPT_RIGHT;
			scene.facts.offered = FACTOR_TOTP;
			scene.facts.registered = true;
			decision = scene_decide(&scene);
			cr_assert(decision.verdict == VERDICT_ALLOW || decision.verdict == VERDICT_DENY);
			cr_assert_not(decision.concealed);
			if (decision.verdict != VERDICT_ALLOW)
				continue;
			cr_assert_not(scene.facts.frozen, "%u", number);
			if (root)
				continue;
			cr_assert(exception == 1 || !owes_ui(&scene.facts), "%u: no evidence", number);
			cr_assert_not(gate_denies(gate), "%u: allowed past gate %u", number, gate);
			cr_assert_not(permission_in(scene.facts.permissions, PERMISSION_API_ONLY_USER));
		}
	}
}
