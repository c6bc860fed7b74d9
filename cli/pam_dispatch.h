/*
 * What a stack comes to, module by module as libpam runs it (_pam_dispatch_aux(), pam.conf(5)), if its modules
 * answer what is supposed.
 */
#ifndef SFMFA_CLI_PAM_DISPATCH_H
#define SFMFA_CLI_PAM_DISPATCH_H

#include "pam_stack.h"

#define PAM_DISPATCH_MAX 256 /* lines of a stack, of all types */

struct pam_course {
	bool success;
	bool ran[PAM_DISPATCH_MAX]; /* by line: was called */
	const struct pam_line *skipped_by[PAM_DISPATCH_MAX]; /* by line: which one ended or jumped before it; NULL: none */
	bool jumped[PAM_DISPATCH_MAX];    /* by line: it jumped, rather than ended the stack */
};

/*
 * answers: by line of the stack, what its module returns, as pam.conf(5) spells it ("success", "auth_err",
 * "ignore", …). Lines of other types are passed over. The stack has at most PAM_DISPATCH_MAX lines.
 */
void
pam_dispatch(const struct pam_stack *stack, enum pam_type type, const char *const answers[], struct pam_course *ret_course);

#endif
