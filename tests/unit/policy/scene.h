/*
 * Facts to start from: a known user of an ordinary profile at an ordinary moment, asked by root,
 * owing nothing.
 */
#ifndef SFMFA_TEST_SCENE_H
#define SFMFA_TEST_SCENE_H

#include <criterion/criterion.h>

#include "policy/login.h"

struct scene {
	struct facts facts;
	struct profile profile;
	struct origin origins[PERMISSION_COUNT];
	struct required_level required;
	struct step_up step_up;
};

void
scene_init(struct scene *scene, enum login_type type);

void
scene_grant(struct scene *scene, enum permission permission);

/* The service requires a high-assurance session. */
void
scene_require(struct scene *scene, enum level_action action);

/* The service is in step_up, and the caller has a session with a proof of this age. */
void
scene_step_up(struct scene *scene, int64_t proof_age);

void
scene_answer(struct scene *scene, enum attempt attempt, enum factor offered);

struct decision
scene_decide(const struct scene *scene);

/* Whether a step of the argument, as a sentence, contains the text. */
bool
decision_says(const struct decision *decision, const char *text);

/* The decision of a scene, in words, so that a failure says what came instead. */
#define EXPECT(scene, want_verdict, want_reason) \
	do { \
		struct decision got_ = scene_decide(scene); \
		cr_expect_str_eq(verdict_key(got_.verdict), verdict_key(want_verdict)); \
		cr_expect_str_eq(reason_key(got_.reason), reason_key(want_reason)); \
	} while (0)

#endif
