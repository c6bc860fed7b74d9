/*
 * The configuration: one immutable snapshot of sfmfa.conf, profiles.d, permission-sets.d,
 * permission-set-groups.d and apps.d, with the key files that apps name. Strict: an unknown key, a wrong type, a duplicate, a number out of
 * range, an unknown name, an untrusted file refuses the whole, with file:line (rules 3).
 *
 * A snapshot is counted, so that a login that began under one ends under the same.
 */
#ifndef SFMFA_CONFIG_CONFIG_H
#define SFMFA_CONFIG_CONFIG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/error.h"
#include "model/app.h"
#include "model/limits.h"
#include "model/login_type.h"
#include "model/profile.h"
#include "model/settings.h"

struct config {
	struct settings settings;
	struct profile *profiles; /* in the order they are tried: priority, name */
	size_t profile_count;
	struct permission_set *sets; /* by name */
	size_t set_count;
	struct permission_set_group *groups; /* by name */
	size_t group_count;
	struct connected_app *apps; /* by name */
	size_t app_count;
	struct words unix_groups; /* every Unix group a members list names, sorted, once each */
	struct config_private *private; /* indexes, the text it was made from, count of holders */
};

/* The text of one profile as it would be: taken in place of its file, or beside the others if it has none. */
struct config_draft {
	const char *profile;
	const char *bytes;
	size_t size;
};

struct config_options {
	const char *file;        /* sfmfa.conf */
	const char *runtime_dir; /* overrides the setting; NULL: not */
	uid_t owner;             /* trusted owner besides uid 0 */
	const struct config_draft *draft; /* NULL: the files as they are */
};

/*
 * Reads the whole configuration. SFMFA_ERR_CONFIG (also for a file that does not exist or cannot be read),
 * SFMFA_ERR_UNTRUSTED, SFMFA_ERR_NO_MEMORY; diag names the file, and the line where there is one. Asks the
 * user database for the trusted callers.
 */
enum sfmfa_err
config_load(const struct config_options *options, struct config **ret_config,
	    struct diag *diag) SFMFA_MUST_USE;

struct config *
config_hold(struct config *config);
void
config_release(struct config *config); /* NULL is allowed */

/* Whether both were made from the same files with the same text. */
bool
config_equals(const struct config *a, const struct config *b);

const struct profile *
config_find_profile(const struct config *config, const char *name); /* NULL: none */
const struct permission_set *
config_find_set(const struct config *config, const char *name);
const struct permission_set_group *
config_find_group(const struct config *config, const char *name);
const struct connected_app *
config_find_app(const struct config *config, const char *name);
const struct connected_app *
config_find_client(const struct config *config, const char *client_id);
const struct license *
config_find_license(const struct config *config, const char *name);

/* A user's membership in the Unix groups the configuration names: one answer an entry of unix_groups. */
struct memberships {
	uint64_t in[GROUP_NAMES_MAX / 64];
	uint64_t unresolved[GROUP_NAMES_MAX / 64];
};

/* Notes an answer by name; a name the snapshot does not know is ignored. */
void
memberships_note(struct memberships *memberships, const struct config *config, const char *group,
		 bool in, bool unresolved);

enum match {
	MATCH_NO = 0,
	MATCH_YES,
	MATCH_UNRESOLVED, /* not by name, and one of its groups could not be resolved */
};

/* Whether the user is one of the members. memberships NULL: groups are never asked (uid 0, virtual users). */
enum match
config_match_members(const struct config *config, const struct members *members, const char *user,
                     const struct memberships *memberships);

/* The permission sets a user has by the members lists of their files, by name. */
struct member_sets {
	const struct permission_set *items[ASSIGNMENTS_MAX];
	size_t count;
	bool unresolved; /* a group that could not be resolved might have added one */
};
struct member_groups {
	const struct permission_set_group *items[ASSIGNMENTS_MAX];
	size_t count;
	bool unresolved;
};

/* What config_match_members() says of every set or group, without asking each. SFMFA_ERR_TOO_LARGE. */
enum sfmfa_err
config_list_sets(const struct config *config, const char *user, const struct memberships *memberships,
                 struct member_sets *ret_sets) SFMFA_MUST_USE;
enum sfmfa_err
config_list_groups(const struct config *config, const char *user, const struct memberships *memberships,
                   struct member_groups *ret_groups) SFMFA_MUST_USE;

/*
 * The profile the membership rules choose: the first by priority and name whose users, then groups
 * name the user; else default_profile. *ret_unresolved: a group that could not be resolved could have
 * made it another profile. NULL: there is none, as in a snapshot of config_scan_paths().
 */
const struct profile *
config_choose_profile(const struct config *config, const char *user, const struct memberships *memberships,
                      bool *ret_unresolved);

/* The type a service is mapped to; *ret_mapped false: it is in no list, and so ui. */
enum login_type
config_login_type(const struct config *config, const char *service, bool *ret_mapped);

const struct trusted_caller *
config_find_trusted_caller(const struct config *config, uid_t uid); /* NULL: none */

/*
 * Where nothing parses: state_dir, key_file, runtime_dir, run_as found by a line scan of the file, else the
 * compiled-in defaults; all lists as shipped, no profile. Never fails but for memory.
 */
enum sfmfa_err
config_scan_paths(const struct config_options *options, struct config **ret_config) SFMFA_MUST_USE;

#endif
