/* A decision as sentences. */
#ifndef SFMFA_POLICY_REASON_H
#define SFMFA_POLICY_REASON_H

#include <stddef.h>

#include "model/decision.h"

#define SENTENCE_SIZE 512

/* The because-line as one sentence, without its origin. Always terminates; cuts what does not fit. */
void
reason_sentence(const struct because *because, char sentence[SENTENCE_SIZE]);

/* A sentence or two for an administrator: what was decided, and what to do next where there is something. */
void
reason_summary(const struct decision *decision, char sentence[SENTENCE_SIZE]);

/* What the person at the prompt may read; NULL: nothing. */
const char *
reason_for_user(enum reason reason);

#endif
