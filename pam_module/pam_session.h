/* The session phase: recording a session and its end (rules 8). Nothing here refuses a login. */
#ifndef SFMFA_PAM_SESSION_H
#define SFMFA_PAM_SESSION_H

#include "pam_args.h"
#include "pam_request.h"
#include "pam_state.h"

/* At setcred: takes the login's name out of the environment, notes whether an audit session is there yet. */
void
session_note_credentials(pam_handle_t *pamh, struct pam_state *state);

/* Records a session for the subject; what was recorded is kept in the state. */
void
session_open(pam_handle_t *pamh, const struct pam_args *args, const struct pam_subject *subject,
             struct pam_state *state);

/* Ends the session that this handle opened, and no other. */
void
session_close(pam_handle_t *pamh, const struct pam_args *args, struct pam_state *state);

#endif
