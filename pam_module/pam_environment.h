/*
 * Variables of the PAM environment: three for display in the session, and the name of the login, which sshd brings from
 * the process that authenticated to the one that opens the session (rules 8, "Sessions after sshd").
 */
#ifndef SFMFA_PAM_ENVIRONMENT_H
#define SFMFA_PAM_ENVIRONMENT_H

#include <security/pam_modules.h>

#include "base/fields.h"
#include "pam_state.h"

/* Removes every SFMFA_* that the caller brought along. */
void
environment_clear(pam_handle_t *pamh);

/* What the last word of the daemon says of the login. */
void
environment_export(pam_handle_t *pamh, const struct fields *reply);
/* The name alone: of a registration, which has one once it is committed. */
void
environment_export_name(pam_handle_t *pamh, const struct fields *reply);

/* Takes the name out of the environment into the state, so that no process of the user's ever has it. */
void
environment_take_name(pam_handle_t *pamh, struct pam_state *state);

#endif
