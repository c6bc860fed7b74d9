/* The one place where words of the daemon become PAM codes. */
#ifndef SFMFA_PAM_OUTCOME_H
#define SFMFA_PAM_OUTCOME_H

#include "base/error.h"
#include "base/fields.h"

/* The verdict of the authentication (key WIRE_AUTH). A missing or unknown word is PAM_SYSTEM_ERR. */
int
outcome_auth(const struct fields *reply);

/* The verdict of the account phase (key WIRE_ACCOUNT). */
int
outcome_account(const struct fields *reply);

/* A conversation with the daemon that failed. */
int
outcome_of_error(enum sfmfa_err err);

#endif
