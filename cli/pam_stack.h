/*
 * The stack of a PAM service as Linux-PAM puts it together (pam.d(5)): files of /etc/pam.d with their
 * @include, include and substack lines followed, so that every line stands where it will run.
 */
#ifndef SFMFA_CLI_PAM_STACK_H
#define SFMFA_CLI_PAM_STACK_H

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"

enum pam_type {
	PAM_TYPE_AUTH = 0,
	PAM_TYPE_ACCOUNT,
	PAM_TYPE_PASSWORD,
	PAM_TYPE_SESSION,
	PAM_TYPE_COUNT
};

const char *
pam_type_key(enum pam_type type); /* "auth", … */

#define PAM_WORDS_MAX 64

struct pam_line {
	enum pam_type type;
	bool is_substack;    /* the lines of this file follow, one deeper; no module is called for the line itself */
	bool may_be_missing; /* '-' before the type: a module that is not there is passed over */
	unsigned depth;      /* of substacks: 0 is the service's own */
	unsigned line;
	const char *file;
	const char *control; /* "required", or "[success=1 default=ignore]" with its brackets */
	const char *module;  /* as written */
	const char *args[PAM_WORDS_MAX];
	size_t arg_count;
};

struct pam_stack {
	struct pam_line *lines; /* heap; all types, in the order of the files */
	size_t count;
	void *texts; /* heap: what the lines point into */
};

#define PAM_STACK_AUTO __attribute__((cleanup(pam_stack_finish))) struct pam_stack

/*
 * dir: the folder; service: a file in it, or where there is none "other" as libpam would take. An included
 * file that is not there, a line that is none: SFMFA_ERR_CONFIG, with file:line in diag (libpam refuses the
 * service then). SFMFA_ERR_NOT_FOUND: neither service nor "other".
 */
enum sfmfa_err
pam_stack_read(const char *dir, const char *service, struct pam_stack *ret_stack,
               struct diag *diag) SFMFA_MUST_USE;

/* The module of a line without its folder. */
const char *
pam_line_module(const struct pam_line *line);

/* Whether the module of a line is this one, by the last component of its path. */
bool
pam_line_is(const struct pam_line *line, const char *module);

void
pam_stack_finish(struct pam_stack *stack);

#endif
