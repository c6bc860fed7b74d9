/*
 * What one PAM handle remembers between its phases. Everything in it carries the user it was
 * proved for: sudo and login change PAM_USER within one handle, sshd and xrdp fork in between.
 */
#ifndef SFMFA_PAM_STATE_H
#define SFMFA_PAM_STATE_H

#include <stdbool.h>

#include <security/pam_modules.h>

#include "base/nss.h"
#include "wire/client.h"

/* Zero: nothing was proved. */
enum pam_evidence {
	EVIDENCE_NONE = 0,
	EVIDENCE_SPLIT,   /* a tail was taken off and is not verified yet; the connection is kept */
	EVIDENCE_BRIDGE,  /* a token took the place of the first factor, the rest is to come; the connection is kept */
	EVIDENCE_DENIED,
	EVIDENCE_ALLOWED, /* account_code is the verdict of the account phase */
	EVIDENCE_COMMIT,  /* allowed, with a registration that waits for the account phase; the connection is kept */
};

/* A session that this handle opened and recorded. */
struct pam_session {
	int64_t id;               /* 0: none */
	char user[NSS_NAME_SIZE]; /* subject_key() of whom it was opened for */
};

#define LOGIN_ID_SIZE 40

struct pam_state {
	enum pam_evidence evidence;
	char user[NSS_NAME_SIZE]; /* subject_key() of whom it was proved for */
	int account_code;         /* PAM code for the account phase, with EVIDENCE_ALLOWED */
	bool by_credential;       /* allowed by a credential of a connected app, and no later line has said so yet */
	bool refused_credential;  /* there was one of a connected app, and it was not right */
	bool saw_denial;          /* of whomever, since authentication last began: no credentials */
	struct client client;     /* kept connection; closed when the handle ends or forgets */
	char login_id[LOGIN_ID_SIZE]; /* single-use name of the login, taken out of the environment; "" = none */
	bool audit_was_unset;     /* at setcred: an audit session that is there later is new */
	struct pam_session session; /* outlives what was proved */
};

/* The state of the handle, made if there is none. NULL: no memory. */
struct pam_state *
state_get(pam_handle_t *pamh);

/* Drops everything but the session, a kept connection with its pending registration too. */
void
state_forget(struct pam_state *state);

/* Notes a denial, and drops whatever was proved or pending. */
void
state_deny(struct pam_state *state);

/* Whether there is evidence and it is about this user. */
bool
state_is_about(const struct pam_state *state, const char *user);

#endif
