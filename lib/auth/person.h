/* A user as the name service answered, and a caller as the kernel says: what facts are made from. */
#ifndef SFMFA_AUTH_PERSON_H
#define SFMFA_AUTH_PERSON_H

#include <stdbool.h>
#include <sys/types.h>

#include "base/nss.h"
#include "config/config.h"
#include "model/holding.h"
#include "model/limits.h"
#include "model/login_type.h"
#include "model/session.h"
#include "model/user.h"

struct person {
	char typed[USER_NAME_SIZE]; /* as given: PAM_USER, or the CLI's argument */
	enum nss_status nss;
	char name[USER_NAME_SIZE];  /* pw_name where nss is NSS_KNOWN, else as typed */
	uid_t uid;                  /* where NSS_KNOWN */
	bool groups_known;          /* memberships were asked for and are filled in */
	struct memberships memberships;
	bool is_protected;          /* may be in one of protected_groups; a group that does not exist has no members */
};

/* The peer of a connection. */
struct caller {
	enum caller_class class;
	uid_t uid;
	pid_t pid;
	const struct trusted_caller *trusted; /* CALLER_TRUSTED; owned by the configuration */
	bool several_names; /* the uid has several names: refused (rules 1) */
	struct person person; /* CALLER_OWN: the user of the uid, with memberships; CALLER_ROOT: name "root" */
	struct session_place place; /* where the peer is, as the daemon found it; without its boot */
};

struct env;

/* A person together with the store's record and what the configuration makes of both. */
struct effective;
struct profile;
struct standing {
	struct user_record record; /* id 0: no row */
	bool known;                /* by NSS, or as a virtual user; both at once is a fault */
	const struct profile *profile;
	struct effective *effective; /* heap, owned */
	bool fault;                /* rules 3.2, 3.4: this user's logins are DENY configuration */
	char fault_text[FAULT_TEXT_SIZE];
};

/*
 * Reads the record and works out profile, sets, groups, effective permissions and faults. guard_caller:
 * -1 or the uid whose guard counts. SFMFA_ERR_STORE, SFMFA_ERR_NO_MEMORY, SFMFA_ERR_CONFIG (no configuration).
 * nss NSS_ERROR is SFMFA_ERR_STORE: never "not a member", never "unknown". Groups that were not asked for
 * although the configuration names some are unresolved. Works in place: a standing is never copied, its
 * effective permissions point into its record; on failure it is zeroed.
 */
enum sfmfa_err
standing_read(const struct env *env, const struct config *config, const struct person *person, int64_t guard_caller,
              struct standing *ret_standing, struct diag *diag) SFMFA_MUST_USE;

/* The same of a record at hand: as it would be after a change, say. */
enum sfmfa_err
standing_work_out(const struct config *config, const struct person *person, const struct user_record *record,
                  struct standing *ret_standing, struct diag *diag) SFMFA_MUST_USE;

/*
 * Whose Unix groups decide: NULL where they are never asked (uid 0, virtual users). Not asked although they should have
 * been: none is resolved, and *unresolved, filled in, is returned.
 */
const struct memberships *
standing_memberships(const struct person *person, const struct config *config, struct memberships *unresolved);

void
standing_finish(struct standing *standing);

#endif
