/*
 * A name service of the tests, "sfmfatest" in nsswitch.conf: it answers from a file, and fails or hangs where
 * the file says so. The file is read at each question; a line is one of
 *
 *   user NAME UID GID [PASSWORD]      a hash, as in shadow(5)
 *   group NAME GID [MEMBER,...]
 *   gid-only NAME GID [MEMBER,...]    a group that is not found by its name
 *   fold                              names are the same in capitals; the answer has the one in the file
 *   fault WHAT NAME STATUS ERRNO      WHAT: user, uid, group, gid, groups (of a user); STATUS: tryagain,
 * unavail hang WHAT NAME                    never answers; leaves a line in the file of those who hang
 */
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <nss.h>
#include <pwd.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#define EXPORT    __attribute__((visibility("default")))
#define WORDS_MAX 6
#define ENTRY_MAX 1024

enum nss_status _nss_sfmfatest_getpwnam_r(const char *name, struct passwd *entry, char *buffer, size_t size,
					  int *ret_errno);
enum nss_status _nss_sfmfatest_getpwuid_r(uid_t uid, struct passwd *entry, char *buffer, size_t size,
					  int *ret_errno);
enum nss_status _nss_sfmfatest_getgrnam_r(const char *name, struct group *entry, char *buffer, size_t size,
					  int *ret_errno);
enum nss_status _nss_sfmfatest_getgrgid_r(gid_t gid, struct group *entry, char *buffer, size_t size,
					  int *ret_errno);
enum nss_status _nss_sfmfatest_initgroups_dyn(const char *user, gid_t skip, long *count, long *room,
					      gid_t **groups, long limit, int *ret_errno);

/* What is asked: a name, or a number in digits. */
struct question {
	const char *what, *name;
	bool fold;
};

static bool
is_same(const struct question *question, const char *name)
{
	return (question->fold ? strcasecmp(question->name, name) : strcmp(question->name, name)) == 0;
}

static size_t
split(char *line, char *words[WORDS_MAX])
{
	char *rest = NULL;
	size_t count = 0;

	for (char *word = strtok_r(line, " \n", &rest); word != NULL && count < WORDS_MAX;
	     word = strtok_r(NULL, " \n", &rest))
		words[count++] = word;
	for (size_t i = count; i < WORDS_MAX; i++)
		words[i] = NULL;
	return count;
}

static void __attribute__((noreturn)) hang(const struct question *question)
{
	int fd = open(HANGING, O_WRONLY | O_APPEND | O_CLOEXEC);

	if (fd >= 0)
		(void)dprintf(fd, "%s %s\n", question->what, question->name);
	for (;;)
		pause();
}

static enum nss_status
fail(char *const words[WORDS_MAX], int *ret_errno)
{
	*ret_errno = atoi(words[4]);
	return strcmp(words[3], "tryagain") == 0 ? NSS_STATUS_TRYAGAIN : NSS_STATUS_UNAVAIL;
}

/* Goes through the file until take() has had enough, or the question is one that goes wrong. */
static enum nss_status
look(struct question *question,
     bool (*take)(const struct question *question, char *const words[], void *data), void *data,
     int *ret_errno)
{
	enum nss_status status = NSS_STATUS_NOTFOUND;
	char line[ENTRY_MAX];
	FILE *file = fopen(DATABASE, "re");

	if (file == NULL) {
		*ret_errno = errno;
		return NSS_STATUS_UNAVAIL;
	}
	while (status == NSS_STATUS_NOTFOUND && fgets(line, sizeof(line), file) != NULL) {
		char *words[WORDS_MAX];
		size_t count = split(line, words);
		bool about =
			count >= 3 && strcmp(words[1], question->what) == 0 && is_same(question, words[2]);

		if (count == 0)
			continue;
		if (strcmp(words[0], "fold") == 0)
			question->fold = true;
		else if (about && strcmp(words[0], "hang") == 0)
			hang(question);
		else if (about && count == 5 && strcmp(words[0], "fault") == 0)
			status = fail(words, ret_errno);
		else if (take(question, words, data))
			status = NSS_STATUS_SUCCESS;
	}
	fclose(file);
	return status;
}

/* Where the strings of an entry go. */
struct room {
	char *at;
	size_t left;
	bool full;
};

static char *
keep(struct room *room, const char *text)
{
	size_t size = strlen(text) + 1;
	char *copy = room->at;

	if (room->full || size > room->left) {
		room->full = true;
		return NULL;
	}
	memcpy(copy, text, size);
	room->at += size;
	room->left -= size;
	return copy;
}

struct taking {
	struct passwd *user;
	struct group *group;
	struct room room;
};

static bool
take_user(const struct question *question, char *const words[], void *data)
{
	struct taking *taking = data;
	bool by_name = strcmp(question->what, "user") == 0;

	if (strcmp(words[0], "user") != 0 || words[3] == NULL)
		return false;
	if (by_name ? !is_same(question, words[1]) : strcmp(words[2], question->name) != 0)
		return false;
	*taking->user = (struct passwd){
		.pw_name = keep(&taking->room, words[1]),
		.pw_passwd = keep(&taking->room, words[4] != NULL ? words[4] : "*"),
		.pw_uid = (uid_t)strtoul(words[2], NULL, 10),
		.pw_gid = (gid_t)strtoul(words[3], NULL, 10),
		.pw_gecos = keep(&taking->room, ""),
		.pw_dir = keep(&taking->room, "/"),
		.pw_shell = keep(&taking->room, "/bin/bash"),
	};
	return true;
}

/* The members of a list with commas, as gr_mem; the pointers stand at the beginning of the room. */
static char **
keep_members(struct room *room, char *list)
{
	size_t skip = (sizeof(char *) - (size_t)room->at % sizeof(char *)) % sizeof(char *);
	size_t count = 1, used = 0;
	char *rest = NULL, **members;

	for (const char *at = list; at != NULL && *at != '\0'; at++)
		count += *at == ',';
	if (room->full || skip + (count + 1) * sizeof(char *) > room->left) {
		room->full = true;
		return NULL;
	}
	members = (char **)(void *)(room->at + skip);
	room->at += skip + (count + 1) * sizeof(char *);
	room->left -= skip + (count + 1) * sizeof(char *);
	for (char *word = list != NULL ? strtok_r(list, ",", &rest) : NULL; word != NULL;
	     word = strtok_r(NULL, ",", &rest))
		members[used++] = keep(room, word);
	members[used] = NULL;
	return members;
}

static bool
is_group(char *const words[])
{
	return (strcmp(words[0], "group") == 0 || strcmp(words[0], "gid-only") == 0) && words[2] != NULL;
}

static bool
take_group(const struct question *question, char *const words[], void *data)
{
	struct taking *taking = data;
	bool by_name = strcmp(question->what, "group") == 0;

	if (!is_group(words) || (by_name && strcmp(words[0], "gid-only") == 0))
		return false;
	if (by_name ? !is_same(question, words[1]) : strcmp(words[2], question->name) != 0)
		return false;
	*taking->group = (struct group){
		.gr_name = keep(&taking->room, words[1]),
		.gr_passwd = keep(&taking->room, "x"),
		.gr_gid = (gid_t)strtoul(words[2], NULL, 10),
		.gr_mem = keep_members(&taking->room, words[3]),
	};
	return true;
}

/* One entry; ERANGE: the caller comes again with more room. */
static enum nss_status
find(const char *what, const char *name, struct taking *taking, int *ret_errno)
{
	struct question question = { .what = what, .name = name };
	enum nss_status status =
		look(&question, taking->user != NULL ? take_user : take_group, taking, ret_errno);

	if (status == NSS_STATUS_SUCCESS && taking->room.full) {
		*ret_errno = ERANGE;
		return NSS_STATUS_TRYAGAIN;
	}
	return status;
}

static enum nss_status
find_number(const char *what, unsigned number, struct taking *taking, int *ret_errno)
{
	char digits[16];

	(void)snprintf(digits, sizeof(digits), "%u", number);
	return find(what, digits, taking, ret_errno);
}

EXPORT enum nss_status
_nss_sfmfatest_getpwnam_r(const char *name, struct passwd *entry, char *buffer, size_t size, int *ret_errno)
{
	struct taking taking = { .user = entry, .room = { .at = buffer, .left = size } };

	return find("user", name, &taking, ret_errno);
}

EXPORT enum nss_status
_nss_sfmfatest_getpwuid_r(uid_t uid, struct passwd *entry, char *buffer, size_t size, int *ret_errno)
{
	struct taking taking = { .user = entry, .room = { .at = buffer, .left = size } };

	return find_number("uid", uid, &taking, ret_errno);
}

EXPORT enum nss_status
_nss_sfmfatest_getgrnam_r(const char *name, struct group *entry, char *buffer, size_t size, int *ret_errno)
{
	struct taking taking = { .group = entry, .room = { .at = buffer, .left = size } };

	return find("group", name, &taking, ret_errno);
}

EXPORT enum nss_status
_nss_sfmfatest_getgrgid_r(gid_t gid, struct group *entry, char *buffer, size_t size, int *ret_errno)
{
	struct taking taking = { .group = entry, .room = { .at = buffer, .left = size } };

	return find_number("gid", gid, &taking, ret_errno);
}

/* The list of initgroups(3), which glibc has begun and frees. */
struct gids {
	long *count, *room;
	gid_t **list;
	gid_t skip;
};

static bool
take_gid(const struct question *question, char *const words[], void *data)
{
	struct gids *gids = data;
	gid_t gid = words[2] != NULL ? (gid_t)strtoul(words[2], NULL, 10) : 0;
	char *rest = NULL, *member = NULL;

	if (!is_group(words) || words[3] == NULL || gid == gids->skip)
		return false;
	for (member = strtok_r(words[3], ",", &rest); member != NULL && !is_same(question, member);)
		member = strtok_r(NULL, ",", &rest);
	if (member == NULL)
		return false;
	if (*gids->count == *gids->room) {
		gid_t *list = reallocarray(*gids->list, (size_t)*gids->room + 16, sizeof(*list));

		if (list == NULL)
			return false;
		*gids->list = list;
		*gids->room += 16;
	}
	(*gids->list)[(*gids->count)++] = gid;
	return false; /* and the next one; gcc-analyzer: it does not see that gids->list is the caller's */
}

EXPORT enum nss_status
_nss_sfmfatest_initgroups_dyn(const char *user, gid_t skip, long *count, long *room, gid_t **groups,
			      long limit, int *ret_errno)
{
	struct question question = { .what = "groups", .name = user };
	struct gids gids = { .count = count, .room = room, .list = groups, .skip = skip };
	enum nss_status status = look(&question, take_gid, &gids, ret_errno);

	(void)limit;
	return status == NSS_STATUS_NOTFOUND ? NSS_STATUS_SUCCESS : status;
}
