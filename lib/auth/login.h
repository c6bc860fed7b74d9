/*
 * A login through PAM as a resumable machine (conversation.h): authenticate, the account phase
 * without evidence, the splitting of an API password, and registration.
 *
 * It gathers facts, calls policy_login() before an answer and after it, and carries out what the
 * decision says. It decides nothing itself.
 */
#ifndef SFMFA_AUTH_LOGIN_H
#define SFMFA_AUTH_LOGIN_H

#include "auth/conversation.h"
#include "auth/env.h"
#include "auth/person.h"
#include "model/decision.h"
#include "model/session.h"

struct login_request {
	enum phase phase;
	struct person person;
	char service[SERVICE_NAME_SIZE];
	char rhost[HOST_SIZE]; /* "" = unset or empty */
	char tty[HOST_SIZE];
	bool has_login_type;   /* believed from CALLER_ROOT only */
	enum login_type login_type;
	bool can_commit;       /* the caller runs the account phase: a registration may be offered */
	bool real_uid_is_root; /* of the calling process, for root_switches */
	bool split;            /* API: take the tail off */
	bool ask;              /* API: prompt for the factor, the service has a second field */
	char prompt[ASK_TEXT_SIZE]; /* for the factor, in place of sfmfa's own; "" = none */
	bool credential;       /* the whole field is to be a credential of a connected app */
	struct secret password; /* with split or credential: the whole field */
	char app[NAME_SIZE];   /* "" = none */
	char flow[NAME_SIZE];
	bool has_place;        /* it was asked where the caller is (session_matters()) */
	struct session_place place; /* without its boot */
};

/* What a finished (or kept) login says. */
struct login_result {
	enum outcome auth;
	enum outcome account;
	struct decision decision; /* the one that ended it; its texts live as long as the login */
	enum login_type login_type;
	size_t strip;             /* TURN_KEEP of a split: bytes to take off the password field */
	bool split;               /* TURN_KEEP: for first-factor-ok, … */
	bool bridge;              /* … the same behind the first factor, which a token is; else for commit */
	bool no_credential;       /* TURN_DONE: there was none of a connected app; nothing was decided */
	bool delay;               /* a UI denial: the caller may slow down (pam_fail_delay) */
	char login_id[40];        /* single-use name of this login, "" = none */
};

struct login;

/* Takes over request->password. The caller and env must outlive the login; the snapshot in force is held. */
enum sfmfa_err
login_create(struct env *env, const struct caller *caller, struct login_request *request,
             struct login **ret_login) SFMFA_MUST_USE;

/* NULL is allowed. A registration that was not committed is gone, with its event. */
void
login_destroy(struct login *login);

/* input NULL: INPUT_NONE. An input out of turn ends the login denied (TURN_DONE, reason conversation). */
enum turn
login_step(struct login *login, struct input *input);

const struct ask *
login_ask(const struct login *login); /* TURN_ASK; in the others the texts that go with the last word */
struct store_op *
login_op(struct login *login);        /* TURN_WRITE */
const struct login_result *
login_result(const struct login *login); /* TURN_DONE, TURN_KEEP */

#endif
