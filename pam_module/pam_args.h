/* The arguments of a PAM line: [split] [ask] [credential] [login_type=ui|api] [prompt=TEXT] … (pam_sfmfa(8)). */
#ifndef SFMFA_PAM_ARGS_H
#define SFMFA_PAM_ARGS_H

#include <stdbool.h>

#include <security/pam_modules.h>

#include "wire/client.h"

/* The pointers belong to the argv of libpam. */
struct pam_args {
	bool split;
	bool ask;
	bool credential; /* the whole field is to be a credential of a connected app */
	bool debug;
	const char *login_type; /* NULL: as the service is mapped */
	const char *prompt;     /* for the factor; NULL: the daemon's */
	const char *app;
	const char *flow;
	struct client_options client;
};

/* False, after a log line, at an argument that is unknown, malformed or contradicts another. */
bool
pam_args_parse(pam_handle_t *pamh, int argc, const char **argv, struct pam_args *ret_args);

#endif
