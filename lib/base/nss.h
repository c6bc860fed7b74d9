/*
 * Users and groups as the name service sees them. These calls may block (LDAP): the module and
 * the CLI make them in their own process, the daemon in its look-up processes, never in its loop.
 */
#ifndef SFMFA_BASE_NSS_H
#define SFMFA_BASE_NSS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#define NSS_NAME_SIZE 256 /* a user name with its NUL */

/* Zero is the error, so that a forgotten result is never "no such user". */
enum nss_status {
	NSS_ERROR = 0,
	NSS_UNKNOWN,
	NSS_KNOWN,
};

/* "error", "unknown", "known": how a status is written on the wire. A word that is none of these is an error. */
const char *
nss_status_key(enum nss_status status);
enum nss_status
nss_status_from_key(const char *key);

struct nss_user {
	char name[NSS_NAME_SIZE]; /* pw_name: the canonical spelling */
	uid_t uid;
	gid_t gid;
};

enum nss_status
nss_find_user(const char *typed, struct nss_user *ret_user);

/*
 * The same for somebody who serves others meanwhile: in the local database, which comes first here whatever
 * nsswitch.conf says, or else in a process of its own, so many milliseconds long. NSS_ERROR: not in time.
 */
enum nss_status
nss_find_user_within(const char *name, int64_t ms, struct nss_user *ret_user);

/* By uid. *ret_several: another name in the local database has the same uid (rules 1). */
enum nss_status
nss_find_uid(uid_t uid, struct nss_user *ret_user, bool *ret_several);

/* Whether there is a group of this name. */
enum nss_status
nss_find_group(const char *name);

enum nss_membership {
	NSS_MEMBER_UNRESOLVED = 0, /* the database did not answer */
	NSS_MEMBER_NO_GROUP,       /* it says that there is none, as it also does where a backend is missing */
	NSS_MEMBER_NO,
	NSS_MEMBER_YES,
};

/*
 * For each of the named groups whether the user is in it. A group is resolved by name, because
 * getgrouplist() reports success when a backend is missing; where nobody knows the name, a group of
 * the user's may still have it. ret[i] answers groups[i].
 */
void
nss_memberships(const struct nss_user *user, const char *const groups[], size_t count,
                enum nss_membership ret[]);

#endif
