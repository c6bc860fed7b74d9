/* A service manager holds the sockets and hands them over: sd_listen_fds(3). */
#include <criterion/criterion.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "raw.h"
#include "stage.h"

static struct stage stage;
static struct talk talk;

/* No program is started where the module finds nobody: what answers is the daemon that was handed the sockets. */
static void
open_stage(void)
{
	stage_open(&stage, "");
	stage_forbid_once(&stage);
	cr_assert_eq(stage_sfmfa(&stage, "profile assign bob standard"), 0);
	stage_daemon_stop(&stage, SIGTERM);
}

static void
close_stage(void)
{
	stage_close(&stage);
}

TestSuite(activation, .init = open_stage, .fini = close_stage, .timeout = 90);

static ino_t
inode_of(const char *name)
{
	char path[STAGE_PATH_SIZE + 32];
	struct stat st;

	snprintf(path, sizeof(path), "%s/run/%s", stage.folder, name);
	cr_assert_eq(stat(path, &st), 0, "%s", path);
	return st.st_ino;
}

/* Whether a request on the connection is answered. */
static bool
is_answered(int fd)
{
	FIELDS_AUTO reply = { 0 };

	return raw_receive(fd, SOON_MS, &reply) == RAW_REPLY;
}

static struct attempt_codes
login(void)
{
	return stage_login(&stage, &talk, "nopassword", "bob", NULL, (const char *const[]){ NULL });
}

Test(activation, both_sockets_are_served_and_stay_what_they_are)
{
	ino_t root, any;
	int fd;

	stage_listen(&stage, "sfmfa.sock", SOCK_SEQPACKET);
	stage_listen(&stage, "root.sock", SOCK_SEQPACKET);
	root = inode_of("root.sock");
	any = inode_of("sfmfa.sock");
	stage_daemon_start(&stage);
	cr_expect_eq(login().auth, PAM_SUCCESS);
	cr_expect_eq(stage_sfmfa(&stage, "status"), 0);
	fd = raw_connect(&stage, "sfmfa.sock");
	cr_expect_geq(fd, 0);
	cr_expect(raw_send(fd, "verb", "status", NULL));
	cr_expect(is_answered(fd), "sfmfa.sock is not served");
	close(fd);
	stage_daemon_stop(&stage, SIGTERM);
	cr_expect_eq(inode_of("root.sock"), root);
	cr_expect_eq(inode_of("sfmfa.sock"), any);
}

Test(activation, who_comes_while_no_daemon_runs_is_answered_by_the_next)
{
	int fd;

	stage_listen(&stage, "root.sock", SOCK_SEQPACKET);
	stage_listen(&stage, "sfmfa.sock", SOCK_SEQPACKET);
	stage_daemon_start(&stage);
	cr_expect_eq(login().auth, PAM_SUCCESS);
	stage_daemon_stop(&stage, SIGTERM);
	fd = raw_connect(&stage, "root.sock");
	cr_assert_geq(fd, 0);
	cr_assert(raw_send(fd, "verb", "status", NULL));
	stage_daemon_start(&stage);
	cr_expect(is_answered(fd), "the connection was lost");
	close(fd);
}

Test(activation, one_socket_alone_is_served)
{
	stage_listen(&stage, "root.sock", SOCK_SEQPACKET);
	stage_daemon_start(&stage);
	cr_expect_eq(stage_sfmfa(&stage, "status"), 0);
}

Test(activation, a_socket_of_another_name_is_refused)
{
	stage_listen(&stage, "root.sock", SOCK_SEQPACKET);
	stage_listen(&stage, "other.sock", SOCK_SEQPACKET);
	cr_expect_eq(stage_daemon_ends(&stage), 3);
}

Test(activation, a_socket_of_another_type_is_refused)
{
	stage_listen(&stage, "root.sock", SOCK_SEQPACKET);
	stage_listen(&stage, "sfmfa.sock", SOCK_STREAM);
	cr_expect_eq(stage_daemon_ends(&stage), 3);
}

/* A variable that was inherited names nothing: the daemon makes sockets of its own. */
Test(activation, sockets_for_another_process_are_left_alone)
{
	stage.listeners[stage.listener_count++] = open("/dev/null", O_RDONLY | O_CLOEXEC);
	stage.for_another = true;
	stage_daemon_start(&stage);
	cr_expect_eq(login().auth, PAM_SUCCESS);
}
