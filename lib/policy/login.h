/*
 * The decision of a login: facts in, decision out (docs/rules.md, section 4; the functions in
 * login.c have its numbers). Pure: no clock, no heap, no file, no log. The daemon, sfmfa explain
 * and the tests call this one function.
 */
#ifndef SFMFA_POLICY_LOGIN_H
#define SFMFA_POLICY_LOGIN_H

#include <stdbool.h>
#include <stdint.h>

#include "model/app.h"
#include "model/decision.h"
#include "model/factor.h"
#include "model/login_type.h"
#include "model/network.h"
#include "model/profile.h"
#include "model/settings.h"
#include "policy/effective.h"
#include "policy/restriction.h"

/* How the answer of this login was found, once there is one. */
enum attempt {
	ATTEMPT_NONE = 0,     /* nothing was offered */
	ATTEMPT_RIGHT,
	ATTEMPT_WRONG,        /* also: of a kind that is not acceptable */
	ATTEMPT_REPLAYED,
	ATTEMPT_EXPIRED,      /* a token past its end or revoked */
	ATTEMPT_OUT_OF_SCOPE, /* a token for another service or network */
	ATTEMPT_LOCKED_OUT,   /* not admitted: nothing about it is known */
	ATTEMPT_CLOCK,        /* the last accepted step lies in the future */
	ATTEMPT_CANNOT_PROMPT, /* equal to the password: the client has one field */
	ATTEMPT_CONVERSATION, /* the conversation ended */
	ATTEMPT_STORE,        /* the guard could not be written */
};

/* A session of the caller, recorded by sfmfa, for rules 7c and operations. */
struct session_fact {
	bool open;         /* such a session is open */
	bool same_user;    /* it belongs to the user of this authentication */
	bool ui;           /* opened through the UI with its own factor */
	bool by_ui;        /* opened through the UI by a login of that user, whatever it was proved with */
	enum level level;
	int64_t proof_age; /* seconds since its own proof; negative: unknown */
	bool proof_voided; /* an enrolment, disconnect, freeze or lock came after the proof */
};

/* What became of the credential of a connected app. */
enum credential {
	CREDENTIAL_NONE = 0,  /* nothing was offered */
	CREDENTIAL_SIGNATURE, /* not an assertion as it must be, or not signed by the app */
	CREDENTIAL_AUDIENCE,
	CREDENTIAL_EXPIRED,   /* or not yet valid, or valid for too long */
	CREDENTIAL_REPLAYED,
	CREDENTIAL_REVOKED,   /* of no approval of this user, or of none any more */
	CREDENTIAL_STORE,     /* it could not be looked up, or its use not written */
	CREDENTIAL_RIGHT,
};

/* The connected app of this login (rules 5). Zeroed: none. */
struct app_fact {
	bool named;       /* app and flow are named by the service, or by a credential that was offered */
	bool bridge;      /* the credential is an access token that a UI service was offered as the first factor */
	bool flow_known;
	enum flow flow;
	const struct connected_app *app; /* NULL: none of this name */
	bool in_services; /* the service is one of the app's */
	bool in_networks;
	bool permitted;   /* approved beforehand, or by the user */
	bool token;       /* what was offered is a token of an earlier approval … */
	enum level approved_level; /* … in a session of this level */
	enum credential credential;
};

struct facts {
	enum login_type login_type;
	enum phase phase;
	enum caller_class caller;

	/* The user. */
	bool user_known;         /* by NSS or as a virtual user */
	bool frozen;
	bool locked;             /* a lock is in force now */
	/* Of this user: a missing profile, set or group; an unresolved group; a forbidden permission. */
	bool configuration_fault;
	const char *fault;       /* what it is, for the because-line; NULL: none */
	/* Real uid 0 of the calling process, for root_switches; counts with CALLER_ROOT only. */
	bool caller_is_root_user;

	/* What they hold. */
	const struct profile *profile; /* never NULL: an unknown user's is default_profile */
	uint32_t permissions;
	const struct origin *permission_origins; /* PERMISSION_COUNT of them */
	enum app_state app;
	bool has_token;
	bool temporary_code; /* one is in force */
	bool recovery_codes; /* at least one is left */
	bool disconnected_by_other;

	/* Settings of the host. */
	bool require_mfa_for_ui;
	struct origin require_mfa_for_ui_origin;
	enum registration registration;
	uint32_t high_assurance;             /* methods that yield it */
	const struct required_level *required; /* of the service; NULL: none */
	const struct step_up *step_up;         /* of the service; NULL: none */

	/* The service and the peer. */
	bool root_switch;          /* service in root_switches */
	bool caller_authenticates; /* service in caller_authenticates */
	/* sudo, su, lockers inside an open recorded session of this user (rules 8); in both phases. */
	bool skip_ranges;
	/* The service runs no account phase: a registration could not be kept (rules 8). */
	bool never_commits;
	bool hours_open;
	bool ip_allowed;
	bool in_profile_ranges;    /* the profile has ranges and the peer is in one */
	bool trusted_peer;         /* in trusted_networks */

	struct session_fact session;
	bool operation; /* the service has a required level and there is a session: rules 5, "operation" */

	struct app_fact connected;

	/* The answer so far. */
	enum attempt attempt;
	enum factor offered;  /* of which kind it is, where attempt is not ATTEMPT_NONE */
	/*
	 * The registration dialogue of this login was answered rightly. Where a temporary code came first,
	 * attempt and offered stay those of that code.
	 */
	bool registered;
	bool postponed;       /* it was put off by an empty answer; counts only where may_postpone said so */
	bool token_stripped;  /* API, nothing due: a token of this user was offered and taken off */
};

/*
 * Decides. Before an answer: VERDICT_CHALLENGE or VERDICT_REGISTER with what would do, reason
 * REASON_FACTOR_MISSING or REASON_REGISTRATION_REQUIRED; after it the same call with attempt and
 * offered filled in is final. A zeroed struct decision denies.
 *
 * API: an answer is in the field or it is not, so a missing one is VERDICT_DENY at once;
 * acceptable is then what would have done.
 */
void
policy_login(const struct facts *facts, struct decision *ret_decision);

/*
 * Whether a session has a proof of this user that nothing has overtaken and that is younger than max_age seconds
 * (rules 7c).
 */
bool
policy_session_answers(const struct session_fact *session, int64_t max_age);

/*
 * Whether a factor is due on an API login, and which kinds answer: what the splitter of the password
 * field needs before anything is verified (rules 6). 0: none is due. On a UI service (a screen locker)
 * the answer is the code of a completed app, due as in rule 7.
 */
uint32_t
policy_api_due(const struct facts *facts);

#endif
