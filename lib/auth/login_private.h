/* The login machine's inside: for login.c, login_ui.c, login_api.c, login_app.c, login_text.c and register.c only. */
#ifndef SFMFA_AUTH_LOGIN_PRIVATE_H
#define SFMFA_AUTH_LOGIN_PRIVATE_H

#include "auth/attempt.h"
#include "auth/facts.h"
#include "auth/login.h"
#include "factor/token.h"
#include "policy/login.h"

/* What the machine waits for. */
enum login_state {
	LOGIN_BEGINS = 0,
	LOGIN_ASKED,       /* an answer */
	LOGIN_ATTEMPTING,  /* the commit of an attempt */
	LOGIN_USING,       /* the commit of the use of an app's credential */
	LOGIN_BRIDGED,     /* the line behind the first factor: a token took its place */
	LOGIN_SPLIT,       /* the first factor's success; nothing happened yet */
	LOGIN_REGISTERING, /* a code of the new app */
	LOGIN_CODES_SHOWN, /* a sign that the recovery codes were read */
	LOGIN_UNCOMMITTED, /* the account phase, which commits the registration */
	LOGIN_COMMITTING,  /* the commit of the registration */
	LOGIN_ENDED,
	LOGIN_STATE_COUNT
};

struct new_app;

struct login {
	struct env *env;
	const struct caller *caller;
	struct config *config; /* held; NULL: there is none */
	struct login_request request;
	enum login_state state;

	struct moment now;     /* of the last input */
	bool has_standing;
	struct standing standing;
	struct peer peer;
	struct facts facts;
	struct decision decision;

	struct secret tail;    /* of a split */
	enum factor tail_kind; /* FACTOR_PASSWORD: none */
	bool tail_another;     /* what is left of the field ends in a token again */
	bool tail_own_token;   /* nothing is due, and the tail is a token known to be this user's */

	char app_key[NAME_SIZE]; /* of a connected app: which key or approval answered; "" = none */

	struct new_app *new_app;
	char login_id[sizeof(((struct login_result *)NULL)->login_id)]; /* valid if the attempt is right */
	int64_t step_offset;   /* of a code that is right at another time; 0: none */
	bool silent;           /* sshd's placeholder: no event */
	bool audited;

	struct ask ask;
	struct store_op op;
	struct login_result result;
};

/* login.c */

/* Ends with login->decision as it is; anything but an ALLOW is a denial. */
enum turn
login_end(struct login *login);
/*
 * Ends denied for a reason of the machine's own. text: a literal with at most one %s; detail must live as
 * long as the login.
 */
enum turn
login_refuse(struct login *login, enum reason reason, const char *text, const char *detail);
/* Decides again, now that an answer was found, and goes on with what the decision says. */
enum turn
login_settle(struct login *login, enum attempt attempt, enum factor offered);
/* Compares an answer and asks for the write that admits, counts and consumes it. Takes the answer. */
enum turn
login_attempt(struct login *login, struct secret *answer);
/*
 * The single-use name by which open_session will find this login and what proved it (rules 8, "Sessions after
 * sshd"): its hash goes into the write of the proof.
 */
enum sfmfa_err
login_name(struct login *login, enum factor method, struct store_handover *handover) SFMFA_MUST_USE;
/* The same for an error: the login cannot go on. */
enum turn
login_fail(struct login *login, enum sfmfa_err err, const char *text);
/* The one event of this login. */
void
login_audit(struct login *login);

/* login_ui.c */
enum turn
login_begin_ui(struct login *login);
enum turn
login_ask_factor(struct login *login);
enum turn
login_answer(struct login *login, struct input *input);
bool
login_is_concealed(const struct login *login);
/* An input that is no answer, the same wherever a person is asked. */
enum turn
login_no_answer(struct login *login, enum input_kind kind);

/* login_api.c */
enum turn
login_begin_api(struct login *login);
enum turn
login_begin_locker(struct login *login);
enum turn
login_first_factor(struct login *login, struct input *input);

/* login_app.c */

/* App and flow as the service names them, for a login without a credential of the app. */
enum sfmfa_err
login_name_flow(struct login *login) SFMFA_MUST_USE;
enum turn
login_begin_credential(struct login *login);
enum turn
login_used(struct login *login, struct input *input);
enum turn
login_bridged(struct login *login, struct input *input);

/* register.c */
enum turn
register_begin(struct login *login);
enum turn
register_answer(struct login *login, struct input *input);
enum turn
register_seen(struct login *login, struct input *input);
enum turn
register_commit(struct login *login, struct input *input);
enum turn
register_committed(struct login *login, struct input *input);
void
register_destroy(struct new_app *new_app); /* NULL is allowed */

/* login_text.c */

/* The texts that go with the last word. A person reads them; a program gets none. */
void
login_tell_end(struct login *login);
/* A code of the new app that was not right. seconds_off: by how much the phone's clock is, 0: unknown. */
void
login_tell_wrong(struct login *login, unsigned tries_left, int64_t seconds_off);

#endif
