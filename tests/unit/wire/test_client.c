#include <criterion/criterion.h>

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/text.h"
#include "wire/client.h"
#include "wire/message.h"
#include "wire/names.h"

#define STRANGER 54321

/* What a server of a test does with one connection. */
enum manner {
	SERVER_ANSWERS,  /* echoes every request */
	SERVER_HANGS_UP, /* reads and closes */
	SERVER_RESETS,   /* closes without reading */
	SERVER_TALKS_NONSENSE,
	SERVER_ASKS_GROUPS,
	SERVER_ASKS_GROUPS_TWICE,
	SERVER_ANSWERS_ONCE, /* then closes */
};

static char folder[64];
static pid_t server;
static struct client_options options;
static struct diag diag;

static void
set_up(void)
{
	strcpy(folder, "/tmp/sfmfa-client-XXXXXX");
	cr_assert_not_null(mkdtemp(folder));
	options = (struct client_options){ .runtime_dir = folder, .daemon = "" };
}

static void
tear_down(void)
{
	char path[100];

	if (server > 0) {
		kill(server, SIGKILL);
		waitpid(server, NULL, 0);
	}
	sprintf(path, "%s/root.sock", folder);
	unlink(path);
	sprintf(path, "%s/sfmfa.sock", folder);
	unlink(path);
	rmdir(folder);
}

TestSuite(client, .init = set_up, .fini = tear_down, .timeout = 20);

static int
listen_at(const char *name, int backlog)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);

	cr_assert_eq(text_format(address.sun_path, sizeof address.sun_path, "%s/%s", folder, name), SFMFA_OK);
	unlink(address.sun_path);
	cr_assert_eq(bind(fd, (struct sockaddr *)&address, sizeof address), 0);
	cr_assert_eq(chmod(address.sun_path, 0666), 0);
	cr_assert_eq(listen(fd, backlog), 0);
	return fd;
}

static enum sfmfa_err
receive_waiting(int fd, struct fields *request)
{
	struct pollfd waited = { .fd = fd, .events = POLLIN };

	poll(&waited, 1, -1);
	return message_receive(fd, request);
}

static void
answer(int fd, enum manner manner)
{
	FIELDS_AUTO request = { 0 };
	FIELDS_AUTO question = { 0 };

	if (fields_add_text(&question, WIRE_NEED, WIRE_NEED_GROUPS) ||
	    fields_add_text(&question, WIRE_GROUP, "root") ||
	    fields_add_text(&question, WIRE_GROUP, "no-such-group-here") ||
	    fields_add_text(&question, WIRE_GROUP, "nogroup")) {
		_exit(1);
	}
	for (int turn = 0; receive_waiting(fd, &request) == SFMFA_OK; turn++) {
		bool asks = (manner == SERVER_ASKS_GROUPS && turn == 0) || manner == SERVER_ASKS_GROUPS_TWICE;

		if (manner == SERVER_HANGS_UP || (manner == SERVER_ANSWERS_ONCE && turn == 1)) {
			return;
		}
		if (manner == SERVER_TALKS_NONSENSE) {
			send(fd, "hello", 5, MSG_NOSIGNAL);
			continue;
		}
		if (message_send(fd, asks ? &question : &request)) {
			return;
		}
	}
}

/* A server in a process of its own, as that uid. */
static void
serve_as(uid_t uid, const char *name, enum manner manner)
{
	int listener;

	if (uid != geteuid()) {
		cr_assert_eq(seteuid(uid), 0);
		listener = listen_at(name, 8);
		cr_assert_eq(seteuid(0), 0);
	} else {
		listener = listen_at(name, 8);
	}
	server = fork();
	if (server == 0) {
		for (;;) {
			int fd = accept(listener, NULL, NULL);

			if (manner != SERVER_RESETS) {
				answer(fd, manner);
			} else {
				struct pollfd waited = { .fd = fd, .events = POLLIN };

				poll(&waited, 1, -1);
			}
			close(fd);
		}
	}
	close(listener);
}

static const char *
own_socket(void)
{
	return "root.sock"; /* the folder and the socket are this process's */
}

static void
make_request(struct fields *request)
{
	cr_assert_eq(fields_add_text(request, WIRE_VERB, WIRE_VERB_LOGIN), SFMFA_OK);
	cr_assert_eq(fields_add_text(request, WIRE_USER, "alice"), SFMFA_OK);
}

static enum sfmfa_err
begin_and_finish(struct fields *reply)
{
	struct client client = CLIENT_CLOSED;
	FIELDS_AUTO request = { 0 };
	enum sfmfa_err err;

	make_request(&request);
	err = client_begin(&client, &options, NULL, &request, reply, &diag);
	if (err) {
		cr_assert_eq(client.fd, -1, "a failure closes");
	}
	client_finish(&client);
	return err;
}

static size_t
count_descriptors(void)
{
	DIR *dir = opendir("/proc/self/fd");
	size_t count = 0;

	if (!dir) {
		return 0;
	}
	while (readdir(dir)) {
		count++;
	}
	closedir(dir);
	return count;
}

Test(client, has_a_conversation_of_several_exchanges)
{
	struct client client = CLIENT_CLOSED;
	FIELDS_AUTO request = { 0 };
	FIELDS_AUTO reply = { 0 };
	size_t before;

	make_request(&request);
	serve_as(geteuid(), own_socket(), SERVER_ANSWERS);
	before = count_descriptors();
	cr_assert_eq(client_begin(&client, &options, NULL, &request, &reply, &diag), SFMFA_OK, "%s",
		     diag.text);
	cr_assert_eq(reply.size, request.size);
	cr_assert_eq(fcntl(client.fd, F_GETFD), FD_CLOEXEC);
	cr_assert(client_is_fresh(&client));
	for (int i = 0; i < 3; i++) {
		cr_assert_eq(fields_add_number(&request, "turn", i), SFMFA_OK);
		cr_assert_eq(client_exchange(&client, &request, &reply, &diag), SFMFA_OK);
		cr_assert_eq(reply.size, request.size);
	}
	cr_assert_eq(client_begin(&client, &options, NULL, &request, &reply, &diag), SFMFA_OK,
		     "begins again");
	client_finish(&client);
	client_finish(&client);
	client_finish(NULL);
	cr_assert_not(client_is_fresh(&client));
	cr_assert_eq(count_descriptors(), before, "no descriptor is left");
	cr_assert_eq(client_exchange(&client, &request, &reply, &diag), SFMFA_ERR_CLOSED);
}

Test(client, that_finds_nobody_says_closed)
{
	FIELDS_AUTO reply = { 0 };
	size_t before = count_descriptors();

	cr_assert_eq(begin_and_finish(&reply), SFMFA_ERR_CLOSED, "no socket");
	cr_assert_not_null(strstr(diag.file, ".sock"));
	close(listen_at(own_socket(), 8));
	cr_assert_eq(begin_and_finish(&reply), SFMFA_ERR_CLOSED, "a socket nobody listens at");
	cr_assert_eq(count_descriptors(), before);
	cr_assert_eq(reply.size, 0U);
}

Test(client, whose_server_hangs_up_says_closed)
{
	FIELDS_AUTO reply = { 0 };

	serve_as(geteuid(), own_socket(), SERVER_HANGS_UP);
	cr_assert_eq(begin_and_finish(&reply), SFMFA_ERR_CLOSED);
}

Test(client, whose_server_resets_says_closed)
{
	FIELDS_AUTO reply = { 0 };

	serve_as(geteuid(), own_socket(), SERVER_RESETS);
	cr_assert_eq(begin_and_finish(&reply), SFMFA_ERR_CLOSED);
}

Test(client, whose_server_talks_nonsense_says_invalid)
{
	FIELDS_AUTO reply = { 0 };

	serve_as(geteuid(), own_socket(), SERVER_TALKS_NONSENSE);
	cr_assert_eq(begin_and_finish(&reply), SFMFA_ERR_INVALID);
}

Test(client, that_loses_its_server_in_between_is_closed_and_not_fresh)
{
	struct client client = CLIENT_CLOSED;
	FIELDS_AUTO request = { 0 };
	FIELDS_AUTO reply = { 0 };

	make_request(&request);
	serve_as(geteuid(), own_socket(), SERVER_ANSWERS_ONCE);
	cr_assert_eq(client_begin(&client, &options, NULL, &request, &reply, &diag), SFMFA_OK);
	cr_assert_eq(client_exchange(&client, &request, &reply, &diag), SFMFA_ERR_CLOSED);
	cr_assert_eq(client.fd, -1);
	cr_assert_not(client_is_fresh(&client));
}

Test(client, is_not_fresh_after_a_minute)
{
	struct client client = CLIENT_CLOSED;
	FIELDS_AUTO request = { 0 };
	FIELDS_AUTO reply = { 0 };

	make_request(&request);
	serve_as(geteuid(), own_socket(), SERVER_ANSWERS);
	cr_assert_eq(client_begin(&client, &options, NULL, &request, &reply, &diag), SFMFA_OK);
	client.used_at_ms -= CLIENT_FRESH_MS - 5000;
	cr_assert(client_is_fresh(&client));
	client.used_at_ms -= 5000;
	cr_assert_not(client_is_fresh(&client));
	client.used_at_ms = -1;
	cr_assert_not(client_is_fresh(&client));
	client_finish(&client);
}

Test(client, refuses_paths_it_cannot_use)
{
	static char path[200];
	FIELDS_AUTO reply = { 0 };

	options.runtime_dir = "relative";
	cr_assert_eq(begin_and_finish(&reply), SFMFA_ERR_INVALID);
	memset(path, 'x', sizeof path - 1);
	path[0] = '/';
	options.runtime_dir = path;
	cr_assert_eq(begin_and_finish(&reply), SFMFA_ERR_INVALID);
}

Test(client, answers_which_groups_the_user_is_in)
{
	struct client client = CLIENT_CLOSED;
	struct nss_user root = { .name = "root" };
	FIELDS_AUTO request = { 0 };
	FIELDS_AUTO reply = { 0 };
	char text[64];

	make_request(&request);
	serve_as(geteuid(), own_socket(), SERVER_ASKS_GROUPS);
	cr_assert_eq(client_begin(&client, &options, &root, &request, &reply, &diag), SFMFA_OK, "%s",
		     diag.text);
	client_finish(&client);
	cr_assert_eq(fields_get_text(&reply, WIRE_VERB, text, sizeof text), SFMFA_OK);
	cr_assert_str_eq(text, WIRE_VERB_GROUPS);
	cr_assert_eq(fields_get_text(&reply, WIRE_IN, text, sizeof text), SFMFA_OK);
	cr_assert_str_eq(text, "root");
	cr_assert_eq(fields_get_text(&reply, WIRE_UNRESOLVED, text, sizeof text), SFMFA_OK);
	cr_assert_str_eq(text, "no-such-group-here");
}

Test(client, without_a_user_leaves_all_groups_unresolved)
{
	FIELDS_AUTO reply = { 0 };
	struct field field;
	size_t at = 0;
	size_t unresolved = 0;

	serve_as(geteuid(), own_socket(), SERVER_ASKS_GROUPS);
	cr_assert_eq(begin_and_finish(&reply), SFMFA_OK);
	while (fields_next(&reply, &at, &field)) {
		unresolved += field_is(&field, WIRE_UNRESOLVED);
	}
	cr_assert_eq(unresolved, 3U);
	cr_assert_not(fields_has(&reply, WIRE_IN));
}

Test(client, asked_for_groups_again_gives_up)
{
	FIELDS_AUTO reply = { 0 };

	serve_as(geteuid(), own_socket(), SERVER_ASKS_GROUPS_TWICE);
	cr_assert_eq(begin_and_finish(&reply), SFMFA_ERR_INVALID);
	cr_assert_eq(reply.size, 0U);
}

static void
need_root(void)
{
	if (geteuid() != 0) {
		tear_down(); /* is not called for a skipped test */
		cr_skip_test("other uids are needed: not root");
	}
}

/* The folder belongs to the service's user, as with RuntimeDirectory= of systemd. */
Test(client, trusts_the_owner_of_the_folder)
{
	FIELDS_AUTO reply = { 0 };

	need_root();
	cr_assert_eq(chown(folder, STRANGER, 0), 0);
	serve_as(STRANGER, "root.sock", SERVER_ANSWERS);
	cr_assert_eq(begin_and_finish(&reply), SFMFA_OK, "%s", diag.text);
}

Test(client, distrusts_a_server_that_is_not_the_owner_of_the_folder)
{
	FIELDS_AUTO reply = { 0 };

	need_root();
	cr_assert_eq(chmod(folder, 01777), 0);
	serve_as(STRANGER, "root.sock", SERVER_ANSWERS);
	cr_assert_eq(chmod(folder, 0755), 0);
	cr_assert_eq(begin_and_finish(&reply), SFMFA_ERR_UNTRUSTED);
	cr_assert_eq(reply.size, 0U);
}

Test(client, distrusts_the_owner_of_a_folder_that_others_write)
{
	static const mode_t modes[] = { 0770, 01777 };
	FIELDS_AUTO reply = { 0 };

	need_root();
	cr_assert_eq(chown(folder, STRANGER, 0), 0);
	serve_as(STRANGER, "root.sock", SERVER_ANSWERS);
	for (size_t i = 0; i < sizeof modes / sizeof modes[0]; i++) {
		cr_assert_eq(chmod(folder, modes[i]), 0);
		cr_assert_eq(begin_and_finish(&reply), SFMFA_ERR_UNTRUSTED);
	}
}

Test(client, without_privileges_uses_the_socket_for_everybody)
{
	FIELDS_AUTO reply = { 0 };

	need_root();
	cr_assert_eq(chmod(folder, 0755), 0);
	close(listen_at("root.sock", 8)); /* would refuse the connection */
	serve_as(0, "sfmfa.sock", SERVER_ANSWERS);
	cr_assert_eq(seteuid(STRANGER), 0);
	cr_assert_eq(begin_and_finish(&reply), SFMFA_OK, "%s", diag.text);
	cr_assert_eq(seteuid(0), 0);
	cr_assert_eq(begin_and_finish(&reply), SFMFA_ERR_CLOSED);
}

Test(client, with_a_private_daemon_of_its_own_uid_uses_root_sock)
{
	FIELDS_AUTO reply = { 0 };

	need_root();
	cr_assert_eq(chown(folder, STRANGER, STRANGER), 0);
	serve_as(STRANGER, "root.sock", SERVER_ANSWERS);
	cr_assert_eq(seteuid(STRANGER), 0);
	cr_assert_eq(begin_and_finish(&reply), SFMFA_OK, "%s", diag.text);
	cr_assert_eq(seteuid(0), 0);
}

/* Two connections fill a backlog of one. */
static void
fill_queue(const char *name, int ret_fds[2])
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int last = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	sprintf(address.sun_path, "%s/%s", folder, name);
	for (int i = 0; i < 2; i++) {
		ret_fds[i] = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
		cr_assert_eq(connect(ret_fds[i], (struct sockaddr *)&address, sizeof address), 0);
	}
	cr_assert_eq(connect(last, (struct sockaddr *)&address, sizeof address), -1);
	cr_assert_eq(errno, EAGAIN);
	close(last);
}

Test(client, of_uid_0_does_not_wait_in_a_full_queue)
{
	FIELDS_AUTO reply = { 0 };
	int fds[2];
	int listener;

	need_root();
	listener = listen_at("root.sock", 1);
	fill_queue("root.sock", fds);
	cr_assert_eq(begin_and_finish(&reply), SFMFA_ERR_CLOSED);
	close(listener);
}

/* Empties the queue once the client sleeps in it. */
static void
serve_late(int listener, pid_t waiting)
{
	char path[64];
	char line[512] = "";
	int fd = -1;

	sprintf(path, "/proc/%d/stat", (int)waiting);
	while (!strstr(line, ") S ")) {
		FILE *file = fopen(path, "re");

		if (!file || !fgets(line, sizeof line, file)) {
			_exit(1);
		}
		fclose(file);
	}
	for (int i = 0; i < 3; i++) {
		fd = accept(listener, NULL, NULL);
	}
	answer(fd, SERVER_ANSWERS);
	_exit(0);
}

Test(client, without_privileges_waits_in_a_full_queue)
{
	FIELDS_AUTO reply = { 0 };
	pid_t waiting = getpid();
	int fds[2];
	int listener;

	need_root();
	cr_assert_eq(chmod(folder, 0755), 0);
	listener = listen_at("sfmfa.sock", 1);
	fill_queue("sfmfa.sock", fds);
	server = fork();
	if (server == 0) {
		serve_late(listener, waiting);
	}
	close(listener);
	cr_assert_eq(seteuid(STRANGER), 0);
	cr_assert_eq(begin_and_finish(&reply), SFMFA_OK, "%s", diag.text);
	cr_assert_eq(seteuid(0), 0);
}

static void
interrupt(int signal_number)
{
}

/* A handler without SA_RESTART and a steady stream of signals, as in applications with timers. */
Test(client, goes_on_through_signals)
{
	struct sigaction action = { .sa_handler = interrupt };
	FIELDS_AUTO reply = { 0 };
	pid_t noise;

	cr_assert_eq(sigaction(SIGUSR1, &action, NULL), 0);
	serve_as(geteuid(), own_socket(), SERVER_ANSWERS);
	noise = fork();
	if (noise == 0) {
		for (;;) {
			kill(getppid(), SIGUSR1);
		}
	}
	for (int i = 0; i < 50; i++) {
		cr_expect_eq(begin_and_finish(&reply), SFMFA_OK, "%s", diag.text);
	}
	kill(noise, SIGKILL);
	waitpid(noise, NULL, 0);
}
