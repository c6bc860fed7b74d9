#include "scene.h"

#include <string.h>

#include "policy/reason.h"

void
scene_init(struct scene *scene, enum login_type type)
{
	*scene = (struct scene){
		.profile = {
			.name = "standard",
			.api.second_factors = FACTOR_BIT(FACTOR_TOTP) | FACTOR_BIT(FACTOR_SECURITY_TOKEN),
			.hours = {.origin = {.kind = ORIGIN_FILE, .file = "standard.conf", .line = 7}},
			.ranges_origin = {.kind = ORIGIN_FILE, .file = "standard.conf", .line = 9},
		},
	};
	scene->facts = (struct facts){
		.login_type = type,
		.phase = PHASE_AUTHENTICATE,
		.caller = CALLER_ROOT,
		.user_known = true,
		.profile = &scene->profile,
		.permission_origins = scene->origins,
		.high_assurance = FACTOR_BIT(FACTOR_TOTP) | FACTOR_BIT(FACTOR_RECOVERY_CODE) |
		                  FACTOR_BIT(FACTOR_TEMPORARY_CODE),
		.hours_open = true,
		.ip_allowed = true,
	};
}

void
scene_grant(struct scene *scene, enum permission permission)
{
	scene->facts.permissions |= PERMISSION_BIT(permission);
	scene->origins[permission] = (struct origin){
		.kind = ORIGIN_FILE,
		.file = "standard.conf",
		.line = 3,
		.via = scene->profile.name,
	};
}

void
scene_require(struct scene *scene, enum level_action action)
{
	scene->required = (struct required_level){
		.service = "cockpit",
		.level = LEVEL_HIGH_ASSURANCE,
		.action = action,
		.origin = {.kind = ORIGIN_FILE, .file = "sfmfa.conf", .line = 40},
	};
	scene->facts.required = &scene->required;
}

void
scene_step_up(struct scene *scene, int64_t proof_age)
{
	scene->step_up = (struct step_up){
		.service = "sudo",
		.max_age = 900,
		.origin = {.kind = ORIGIN_FILE, .file = "sfmfa.conf", .line = 30},
	};
	scene->facts.step_up = &scene->step_up;
	scene->facts.session = (struct session_fact){
		.open = true,
		.same_user = true,
		.ui = true,
		.level = LEVEL_HIGH_ASSURANCE,
		.proof_age = proof_age,
	};
}

void
scene_answer(struct scene *scene, enum attempt attempt, enum factor offered)
{
	scene->facts.attempt = attempt;
	scene->facts.offered = offered;
}

struct decision
scene_decide(const struct scene *scene)
{
	struct decision decision;

	policy_login(&scene->facts, &decision);
	return decision;
}

bool
decision_says(const struct decision *decision, const char *text)
{
	char sentence[SENTENCE_SIZE];

	for (size_t i = 0; i < decision->because_count; i++) {
		reason_sentence(&decision->because[i], sentence);
		if (strstr(sentence, text) != NULL)
			return true;
	}
	return false;
}
