/* The lines of one service that runs pam_sfmfa: what somebody without the password, or without the factor, gets from them. */
#ifndef SFMFA_CLI_CHECK_STACK_H
#define SFMFA_CLI_CHECK_STACK_H

#include "findings.h"
#include "pam_stack.h"

#define CHECK_MODULE "pam_sfmfa.so"

struct check_service {
	const char *name;
	enum login_type login_type;
	bool is_locker;
	bool key_comes_first; /* sshd asks for a key or another method before this stack runs */
};

void
check_stack(struct findings *findings, const struct pam_stack *stack, const struct check_service *service);

/* The first line of this type that runs our module, NULL: none; type PAM_TYPE_COUNT: of any. */
const struct pam_line *
check_find_ours(const struct pam_stack *stack, enum pam_type type);

bool
check_has_argument(const struct pam_line *line, const char *argument);
/* The text behind "key="; NULL: it is not given. */
const char *
check_argument_value(const struct pam_line *line, const char *key);

#endif
