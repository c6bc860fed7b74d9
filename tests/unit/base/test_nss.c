#include <criterion/criterion.h>

#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/nss.h"
#include "base/text.h"

/* Gives this process a database of its own in the place of one of /etc; false without the right to. */
static bool
replace(const char *target, const char *contents)
{
	char path[] = "/tmp/sfmfa-nss-XXXXXX";
	int fd = mkstemp(path);
	bool done = fd >= 0 && write(fd, contents, strlen(contents)) == (ssize_t)strlen(contents) &&
		    fchmod(fd, 0644) == 0 && mount(path, target, "none", MS_BIND, NULL) == 0;

	if (fd >= 0) {
		close(fd);
		unlink(path);
	}
	return done;
}

static void
use_private_database(const char *passwd, const char *group)
{
	if (geteuid() != 0 || unshare(CLONE_NEWNS) < 0 ||
	    mount(NULL, "/", "none", MS_REC | MS_PRIVATE, NULL) < 0 ||
	    !replace("/etc/nsswitch.conf", "passwd: files\ngroup: files\n") ||
	    !replace("/etc/passwd", passwd) || !replace("/etc/group", group)) {
		cr_skip_test("a mount namespace is needed");
	}
}

#define PASSWD                                                                                               \
	"root:x:0:0::/root:/bin/sh\n"                                                                        \
	"alice:x:1001:1001:A:/home/alice:/bin/sh\n"                                                          \
	"twin:x:1002:1002::/:/bin/sh\n"                                                                      \
	"other:x:1002:1002::/:/bin/sh\n"

Test(nss, a_user_is_found_by_name_and_by_uid)
{
	struct nss_user user = { 0 };
	bool several = true;

	use_private_database(PASSWD, "");
	cr_assert_eq(nss_find_user("alice", &user), NSS_KNOWN);
	cr_assert_str_eq(user.name, "alice");
	cr_assert_eq(user.uid, 1001U);
	cr_assert_eq(user.gid, 1001U);
	cr_assert_eq(nss_find_uid(1001, &user, &several), NSS_KNOWN);
	cr_assert_str_eq(user.name, "alice");
	cr_assert_not(several);
}

Test(nss, root_is_known_everywhere)
{
	struct nss_user user = { 0 };
	bool several;

	cr_assert_eq(nss_find_user("root", &user), NSS_KNOWN);
	cr_assert_eq(user.uid, 0U);
	cr_assert_eq(nss_find_uid(0, &user, &several), NSS_KNOWN);
}

Test(nss, a_uid_with_two_names_is_told)
{
	struct nss_user user = { 0 };
	bool several = false;

	use_private_database(PASSWD, "");
	cr_assert_eq(nss_find_uid(1002, &user, &several), NSS_KNOWN);
	cr_assert(several);
}

Test(nss, nobody_is_unknown_and_nothing_is_written)
{
	struct nss_user user = { .uid = 77 };
	bool several = true;

	cr_assert_eq(nss_find_user("no-such-user-here", &user), NSS_UNKNOWN);
	cr_assert_eq(nss_find_user("", &user), NSS_UNKNOWN);
	cr_assert_eq(nss_find_uid(3999999999U, &user, &several), NSS_UNKNOWN);
	cr_assert_eq(user.uid, 77U);
	cr_assert(several);
}

Test(nss, whoever_serves_others_asks_the_host_first_and_anybody_else_in_a_process)
{
	struct nss_user user = { .uid = 77 };

	cr_assert_eq(nss_find_user_within("no-such-user-here", 10000, &user), NSS_UNKNOWN);
	cr_assert_eq(nss_find_user_within("no-such-user-here", 0, &user), NSS_ERROR, "nobody is asked");
	cr_assert_eq(user.uid, 77U);
	cr_assert_eq(nss_find_user_within("root", 0, &user), NSS_KNOWN);
	cr_assert_eq(user.uid, 0U);
	cr_assert_str_eq(user.name, "root");
	cr_assert_eq(waitpid(-1, NULL, 0), -1, "and no process is left behind");
	use_private_database(PASSWD, "");
	cr_assert_eq(nss_find_user_within("twin", 0, &user), NSS_KNOWN);
	cr_assert_eq(user.uid, 1002U);
	cr_assert_eq(user.gid, 1002U);
}

Test(nss, a_name_longer_than_the_buffer_is_an_error)
{
	static char passwd[1000];
	char name[NSS_NAME_SIZE + 1];
	struct nss_user user = { .uid = 77 };
	bool several;

	memset(name, 'n', sizeof name);
	name[NSS_NAME_SIZE] = '\0';
	cr_assert_eq(nss_find_user(name, &user), NSS_ERROR);
	cr_assert_eq(text_format(passwd, sizeof passwd, "%s:x:1003:1003::/:/bin/sh\n", name), SFMFA_OK);
	use_private_database(passwd, "");
	cr_assert_eq(nss_find_uid(1003, &user, &several), NSS_ERROR);
	cr_assert_eq(user.uid, 77U);
}

Test(nss, an_entry_larger_than_the_first_buffer_is_read)
{
	static char passwd[60000];
	struct nss_user user = { 0 };
	bool several = true;

	memset(passwd, 'g', sizeof passwd);
	memcpy(passwd, "big:x:1004:1004:", 16);
	strcpy(passwd + 50000, ":/:/bin/sh\n");
	use_private_database(passwd, "");
	cr_assert_eq(nss_find_user("big", &user), NSS_KNOWN);
	cr_assert_eq(nss_find_uid(1004, &user, &several), NSS_KNOWN);
	cr_assert_not(several);
}

Test(nss, memberships_are_yes_no_or_unresolved)
{
	static const char *const groups[] = { "alice", "staff", "wheel", "vanished", "" };
	struct nss_user user = { .name = "alice", .uid = 1001, .gid = 1001 };
	enum nss_membership got[5];

	use_private_database(PASSWD, "alice:x:1001:\nstaff:x:50:root,alice\nwheel:x:51:root,alice2\n");
	nss_memberships(&user, groups, 5, got);
	cr_assert_eq(got[0], NSS_MEMBER_YES, "the primary group");
	cr_assert_eq(got[1], NSS_MEMBER_YES);
	cr_assert_eq(got[2], NSS_MEMBER_NO);
	cr_assert_eq(got[3], NSS_MEMBER_NO_GROUP);
	cr_assert_eq(got[4], NSS_MEMBER_NO_GROUP);
	nss_memberships(&user, NULL, 0, NULL);
}

Test(nss, a_member_of_very_many_groups_of_very_many_members_is_found)
{
	static const char *const groups[] = { "g0", "g299", "big" };
	static char group[200000];
	struct nss_user user = { .name = "alice", .uid = 1001, .gid = 1001 };
	enum nss_membership got[3];
	size_t at = 0;

	for (int i = 0; i < 300; i++) {
		at += (size_t)sprintf(group + at, "g%d:x:%d:alice\n", i, 5000 + i);
	}
	at += (size_t)sprintf(group + at, "big:x:9000:");
	for (int i = 0; i < 9000; i++) {
		at += (size_t)sprintf(group + at, "user%d,", i);
	}
	strcpy(group + at, "alice\n");
	use_private_database(PASSWD, group);
	nss_memberships(&user, groups, 3, got);
	cr_assert_eq(got[0], NSS_MEMBER_YES);
	cr_assert_eq(got[1], NSS_MEMBER_YES);
	cr_assert_eq(got[2], NSS_MEMBER_YES);
}

Test(nss, a_status_is_written_and_read_as_one_word)
{
	cr_assert_eq(nss_status_from_key(nss_status_key(NSS_KNOWN)), NSS_KNOWN);
	cr_assert_eq(nss_status_from_key(nss_status_key(NSS_UNKNOWN)), NSS_UNKNOWN);
	cr_assert_eq(nss_status_from_key(nss_status_key(NSS_ERROR)), NSS_ERROR);
	cr_assert_eq(nss_status_from_key("Known"), NSS_ERROR, "any other word is an error, never \"unknown\"");
	cr_assert_eq(nss_status_from_key(""), NSS_ERROR);
}
