/*
 * What is legal in a configuration but means trouble (rules 3). Over values of the model only: what
 * needs a service list, NSS or PAM files is looked over elsewhere.
 */
#ifndef SFMFA_POLICY_LINT_H
#define SFMFA_POLICY_LINT_H

#include <stdbool.h>
#include <stddef.h>

#include "model/app.h"
#include "model/profile.h"
#include "model/settings.h"

/* Zero is the gravest, so that a finding nobody graded is not overlooked. */
enum lint_severity {
	LINT_ERROR = 0, /* logins are denied, or a requirement has no effect */
	LINT_WARNING,   /* surely not what was meant */
	LINT_INFO,      /* right if it was meant */
};

const char *
lint_severity_key(enum lint_severity severity); /* "error", "warning", "info" */

#define LINT_TEXT_SIZE    256
#define LINT_FINDINGS_MAX 256

struct lint_finding {
	enum lint_severity severity;
	struct origin origin; /* the pointers belong to the configuration */
	char text[LINT_TEXT_SIZE];
};

/* In the order of the input; more than LINT_FINDINGS_MAX are counted, not kept. */
struct lint {
	size_t count; /* of items */
	size_t more;  /* findings that did not fit */
	struct lint_finding items[LINT_FINDINGS_MAX];
};

struct lint_input {
	const struct settings *settings;
	const struct profile *profiles;
	size_t profile_count;
	const struct permission_set *sets;
	size_t set_count;
	const struct permission_set_group *groups;
	size_t group_count;
	const struct connected_app *apps;
	size_t app_count;
	int64_t now; /* Unix seconds, for the dates of certificates; 0: they are not looked at */
};

/* What keeps a user out of the UI at every hour and from everywhere. */
struct lint_barrier {
	struct origin origin;
	char text[LINT_TEXT_SIZE];
};

/* Pure. False: nothing of the profile does. */
bool
lint_find_barrier(const struct profile *profile, uint32_t permissions, struct lint_barrier *ret_barrier);

/* Pure. ret_lint is large (some 80 KiB): the caller's heap. */
void
lint_check(const struct lint_input *input, struct lint *ret_lint);

#endif
