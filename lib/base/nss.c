#include "base/nss.h"

#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/secret.h"
#include "base/text.h"

#define BUFFER_FIRST 1024
#define BUFFER_MAX   (1024 * 1024)
#define GROUPS_FIRST 64
#define GROUPS_MAX   65536 /* NGROUPS_MAX of Linux */

/* The scratch memory of the *_r functions: it grows until they are content. */
struct scratch {
	char *bytes;
	size_t size;
};

static const char *const status_keys[] = {
	[NSS_ERROR] = "error",
	[NSS_UNKNOWN] = "unknown",
	[NSS_KNOWN] = "known",
};

const char *
nss_status_key(enum nss_status status)
{
	return (unsigned)status <= NSS_KNOWN ? status_keys[status] : status_keys[NSS_ERROR];
}

enum nss_status
nss_status_from_key(const char *key)
{
	if (strcmp(key, status_keys[NSS_KNOWN]) == 0)
		return NSS_KNOWN;
	return strcmp(key, status_keys[NSS_UNKNOWN]) == 0 ? NSS_UNKNOWN : NSS_ERROR;
}

static void
scratch_finish(struct scratch *scratch)
{
	wipe(scratch->bytes, scratch->size);
	free(scratch->bytes);
	*scratch = (struct scratch){ 0 };
}

#define SCRATCH_AUTO __attribute__((cleanup(scratch_finish))) struct scratch

static bool
scratch_grow(struct scratch *scratch)
{
	size_t size = scratch->size ? scratch->size * 2 : BUFFER_FIRST;

	scratch_finish(scratch);
	if (size > BUFFER_MAX) {
		return false;
	}
	scratch->bytes = malloc(size);
	scratch->size = scratch->bytes ? size : 0;
	return scratch->bytes;
}

/*
 * What a *_r function answered. getpwnam_r(3) lists numbers with which other systems say "not found"; glibc
 * says it by 0 without an entry and by nothing else. ENOENT and ESRCH are what a backend left behind that
 * could not be asked: winbindd or sssd that does not run, a database that cannot be opened.
 */
static enum nss_status
status_of(int err, bool found)
{
	if (err != 0) {
		return NSS_ERROR;
	}
	return found ? NSS_KNOWN : NSS_UNKNOWN;
}

static enum nss_status
take_user(const struct passwd *entry, struct nss_user *ret_user)
{
	struct nss_user user = { .uid = entry->pw_uid, .gid = entry->pw_gid };

	if (entry->pw_name[0] == '\0' || text_copy(user.name, sizeof user.name, entry->pw_name)) {
		return NSS_ERROR;
	}
	*ret_user = user;
	return NSS_KNOWN;
}

enum nss_status
nss_find_user(const char *typed, struct nss_user *ret_user)
{
	SCRATCH_AUTO scratch = { 0 };
	struct passwd entry;
	struct passwd *found = NULL;
	int err = ERANGE;
	enum nss_status status;

	if (strnlen(typed, NSS_NAME_SIZE) == NSS_NAME_SIZE) {
		return NSS_ERROR;
	}
	while (err == ERANGE || err == EINTR) {
		if (err == ERANGE && !scratch_grow(&scratch)) {
			return NSS_ERROR;
		}
		err = getpwnam_r(typed, &entry, scratch.bytes, scratch.size, &found);
	}
	status = status_of(err, found);
	return status == NSS_KNOWN ? take_user(found, ret_user) : status;
}

/* Whether the local database has the uid under another name. False: it cannot be read to its end. */
static bool
scan_local_names(const struct nss_user *user, bool *ret_several)
{
	SCRATCH_AUTO scratch = { 0 };
	FILE *file = fopen("/etc/passwd", "re");
	struct passwd entry;
	struct passwd *found = NULL;
	bool several = false;
	int err;

	if (!file) {
		*ret_several = false;
		return errno == ENOENT;
	}
	scratch.bytes = malloc(BUFFER_MAX);
	scratch.size = scratch.bytes ? BUFFER_MAX : 0;
	err = scratch.bytes ? 0 : ENOMEM;
	while (err == 0) {
		err = fgetpwent_r(file, &entry, scratch.bytes, scratch.size, &found);
		if (err == 0 && entry.pw_uid == user->uid && !text_equals(entry.pw_name, user->name)) {
			several = true;
		}
	}
	/* A megabyte was lent, but only a line of it written: nothing of it is a secret. */
	scratch.size = 0;
	fclose(file);
	*ret_several = several;
	return err == ENOENT;
}

enum nss_status
nss_find_uid(uid_t uid, struct nss_user *ret_user, bool *ret_several)
{
	SCRATCH_AUTO scratch = { 0 };
	struct nss_user user;
	struct passwd entry;
	struct passwd *found = NULL;
	int err = ERANGE;
	enum nss_status status;
	bool several;

	while (err == ERANGE || err == EINTR) {
		if (err == ERANGE && !scratch_grow(&scratch)) {
			return NSS_ERROR;
		}
		err = getpwuid_r(uid, &entry, scratch.bytes, scratch.size, &found);
	}
	status = status_of(err, found);
	if (status == NSS_KNOWN) {
		status = take_user(found, &user);
	}
	if (status != NSS_KNOWN) {
		return status;
	}
	if (!scan_local_names(&user, &several)) {
		return NSS_ERROR;
	}
	*ret_user = user;
	*ret_several = several;
	return NSS_KNOWN;
}

/* The groups of a user; the caller frees. NULL: the database did not answer. */
static gid_t *
list_groups(const struct nss_user *user, size_t *ret_count)
{
	int capacity = GROUPS_FIRST;

	while (capacity <= GROUPS_MAX) {
		gid_t *groups = calloc((size_t)capacity, sizeof *groups);
		int count = capacity;

		if (!groups) {
			return NULL;
		}
		if (getgrouplist(user->name, user->gid, groups, &count) >= 0 && count > 0) {
			*ret_count = (size_t)count;
			return groups;
		}
		free(groups);
		if (count <= 0) {
			return NULL;
		}
		capacity = count > capacity ? count : capacity * 2;
	}
	return NULL;
}

static bool
is_listed(const struct nss_user *user, const struct group *group, const gid_t groups[], size_t count)
{
	for (size_t i = 0; i < count; i++) {
		if (groups[i] == group->gr_gid) {
			return true;
		}
	}
	for (char *const *member = group->gr_mem; member && *member; member++) {
		if (text_equals(*member, user->name)) {
			return true;
		}
	}
	return false;
}

/* By name, or by gid where name is NULL; *ret_group points into the scratch memory. */
static enum nss_status
find_group(const char *name, gid_t gid, struct scratch *scratch, struct group *ret_group)
{
	struct group *found = NULL;
	int err = ERANGE;

	while (err == ERANGE || err == EINTR) {
		if (err == ERANGE && !scratch_grow(scratch)) {
			return NSS_ERROR;
		}
		err = name ? getgrnam_r(name, ret_group, scratch->bytes, scratch->size, &found)
			   : getgrgid_r(gid, ret_group, scratch->bytes, scratch->size, &found);
	}
	return status_of(err, found);
}

enum nss_status
nss_find_group(const char *name)
{
	SCRATCH_AUTO scratch = { 0 };
	struct group group;

	return find_group(name, 0, &scratch, &group);
}

/* A name that nobody knows: a backend that can be asked by gid only may have it for a group of the user's. */
static enum nss_membership
find_among_own(const char *name, const gid_t groups[], size_t count)
{
	for (size_t i = 0; i < count; i++) {
		SCRATCH_AUTO scratch = { 0 };
		struct group group;
		enum nss_status status = find_group(NULL, groups[i], &scratch, &group);

		if (status == NSS_ERROR) {
			return NSS_MEMBER_UNRESOLVED;
		}
		if (status == NSS_KNOWN && text_equals(group.gr_name, name)) {
			return NSS_MEMBER_YES;
		}
	}
	return NSS_MEMBER_NO_GROUP;
}

static enum nss_membership
find_membership(const struct nss_user *user, const char *name, const gid_t groups[], size_t count)
{
	SCRATCH_AUTO scratch = { 0 };
	struct group group;

	switch (find_group(name, 0, &scratch, &group)) {
	case NSS_KNOWN: return is_listed(user, &group, groups, count) ? NSS_MEMBER_YES : NSS_MEMBER_NO;
	case NSS_UNKNOWN: return find_among_own(name, groups, count);
	case NSS_ERROR: break;
	}
	return NSS_MEMBER_UNRESOLVED;
}

void
nss_memberships(const struct nss_user *user, const char *const groups[], size_t count,
		enum nss_membership ret[])
{
	size_t listed = 0;
	gid_t *list = count > 0 ? list_groups(user, &listed) : NULL;

	for (size_t i = 0; i < count; i++) {
		ret[i] = list ? find_membership(user, groups[i], list, listed) : NSS_MEMBER_UNRESOLVED;
	}
	free(list);
}
