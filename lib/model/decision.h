/* What was decided, and why. Zero denies. */
#ifndef SFMFA_MODEL_DECISION_H
#define SFMFA_MODEL_DECISION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "model/factor.h"
#include "model/limits.h"
#include "model/origin.h"

enum verdict {
	VERDICT_DENY = 0,
	VERDICT_CHALLENGE, /* one of the acceptable factors is due */
	VERDICT_REGISTER,  /* an authenticator app must be registered now */
	VERDICT_ALLOW,
};

enum reason {
#define REASON(name, key, help) REASON_##name,
#include "model/reasons.def"
#undef REASON
	REASON_COUNT
};

const char *
verdict_key(enum verdict verdict);
const char *
reason_key(enum reason reason);
const char *
reason_help(enum reason reason);
enum sfmfa_err
reason_from_key(const char *key, enum reason *ret_reason) SFMFA_MUST_USE;

/* One step of the argument: a rule that applied, and the line that made it apply. */
struct because {
	const char *text; /* a literal of lib/policy, with at most one %s for detail */
	const char *detail;
	struct origin origin;
};

struct decision {
	enum verdict verdict;
	enum reason reason;
	enum factor method;     /* what the login rests on, where allowed */
	enum level level;       /* where allowed */
	uint32_t acceptable;    /* FACTOR_BIT()s that may answer; also where concealed */
	/*
	 * A denial that a stranger must not learn of before a right factor (rules 4): the machine asks
	 * for a factor as for anybody, compares and counts the answer, then denies with this reason. It
	 * stays set after any answer but a right one. With acceptable 0 nobody would be asked here either:
	 * the denial comes at once.
	 */
	bool concealed;
	/* What the person may be told of it (reason_for_user()): reason itself, unless concealed. */
	enum reason told;
	/* A registration that follows a temporary code may be put off by an empty answer (rules 7e). */
	bool may_postpone;
	size_t because_count;
	struct because because[BECAUSE_MAX];
};

#endif
