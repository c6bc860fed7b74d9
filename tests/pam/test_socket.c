/* Peers that do not speak as they should: each loses its own connection, and nobody else notices. */
#include <criterion/criterion.h>
#include <dirent.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "raw.h"
#include "wire/message.h"
#include "wire/names.h"

#define IDLERS 300

static struct stage stage;
static struct talk talk;

static void
open_stage(void)
{
	stage_open(&stage, "");
	cr_assert_eq(stage_sfmfa(&stage, "profile assign alice mfa"), 0);
	cr_assert_eq(stage_sfmfa(&stage, "profile assign bob standard"), 0);
	cr_assert_eq(stage_sfmfa(&stage, "profile assign witness standard"), 0);
}

static void
close_stage(void)
{
	stage_close(&stage);
}

TestSuite(socket, .init = open_stage, .fini = close_stage, .timeout = 90);

#define LOGIN(service, user, ...)                                                                            \
	stage_login(&stage, &talk, service, user, "203.0.113.7", (const char *const[]){ __VA_ARGS__, NULL })
/* What a root peer says of a user that only sfmfa knows. */
#define ABOUT(name) "user", name, "nss", "unknown"

static int64_t
milliseconds(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static int
open_root(void)
{
	int fd = raw_connect(&stage, "root.sock");

	cr_assert_geq(fd, 0);
	return fd;
}

/* Logins of the witness that the daemon has decided. */
static unsigned
count_witness(void)
{
	char path[STAGE_PATH_SIZE + 8], line[4096];
	unsigned count = 0;
	FILE *file;

	cr_assert_eq(stage_sfmfa(&stage, "status"), 0);
	snprintf(path, sizeof(path), "%s/log", stage.folder);
	file = fopen(path, "re");
	cr_assert_not_null(file);
	while (fgets(line, sizeof(line), file) != NULL)
		count += strncmp(line, "sfmfad: user=witness ", 21) == 0;
	fclose(file);
	return count;
}

/* The daemon, and no other that the module might have started in its place, still serves at once. */
static void
assert_serves(const char *after)
{
	unsigned before = count_witness();
	int64_t start;

	cr_assert_eq(waitpid(stage.daemon, NULL, WNOHANG), 0, "after %s: sfmfad has died", after);
	start = milliseconds();
	cr_assert_eq(LOGIN("nopassword", "witness", "@fail").auth, PAM_SUCCESS, "after %s", after);
	cr_assert_lt(milliseconds() - start, 3000, "after %s: too slow", after);
	cr_assert_eq(count_witness(), before + 1, "after %s", after);
}

static void
assert_nothing_is_registered(const char *after)
{
	cr_assert_eq(stage_sfmfa(&stage, "--json user show alice"), 0);
	cr_assert_not_null(strstr(stage.output, "none"), "after %s: %s", after, stage.output);
}

/* The last reply allows nothing, and the connection ends. */
static void
assert_refused(int fd, const char *what)
{
	FIELDS_AUTO reply = { 0 };
	enum raw_end end = raw_receive(fd, SOON_MS, &reply);

	cr_assert_neq(end, RAW_SILENCE, "%s: no answer", what);
	if (end == RAW_REPLY) {
		cr_assert_not(raw_allows(&reply), "%s was allowed", what);
		cr_assert(raw_says(&reply, WIRE_STATUS, WIRE_STATUS_DONE), "%s goes on", what);
		cr_assert_eq(raw_receive(fd, SOON_MS, &reply), RAW_CLOSED, "%s: the connection stays", what);
	}
	close(fd);
}

static void
expect(int fd, const char *key, const char *value)
{
	FIELDS_AUTO reply = { 0 };

	cr_assert_eq(raw_receive(fd, SOON_MS, &reply), RAW_REPLY);
	cr_assert(raw_says(&reply, key, value), "%s=%s was expected", key, value);
}

static int
begin_login(const char *user)
{
	int fd = open_root();

	cr_assert(raw_send(fd, "verb", "login", ABOUT(user), "service", "nopassword", "rhost", "203.0.113.7",
			   "can_commit", "1", NULL));
	return fd;
}

Test(socket, datagrams_that_are_no_message)
{
	static unsigned char junk[100000];
	static const struct {
		const char *name, *bytes;
		size_t size;
	} rows[] = {
		{ "text", "GET / HTTP/1.0\r\n\r\n", 18 },
		{ "an empty datagram", "", 0 },
		{ "one byte", "s", 1 },
		{ "half a header", "sf\1", 3 },
		{ "another magic", "SF\1\0", 4 },
		{ "version 0", "sf\0\0\4\0\0\5verblogin", 17 },
		{ "version 255", "sf\377\0\4\0\0\5verblogin", 17 },
		{ "a reserved byte", "sf\1\1\4\0\0\5verblogin", 17 },
		{ "a field cut short", "sf\1\0\4\0\0\5verblog", 15 },
		{ "a field without a key", "sf\1\0\0\0\0\5login", 13 },
		{ "a length beyond the end", "sf\1\0\4\377\377\377verblogin", 17 },
		{ "a key that is none", "sf\1\0\4\0\0\5VERBlogin", 17 },
		{ "64 KiB of junk", (const char *)junk, MESSAGE_SIZE_MAX },
		{ "more than a message may have", (const char *)junk, sizeof(junk) },
	};
	static const char *const names[] = { "root.sock", "sfmfa.sock" };

	memset(junk, 0xa5, sizeof(junk));
	memcpy(junk, "sf\1\0", 4);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		for (size_t which = 0; which < 2; which++) {
			FIELDS_AUTO reply = { 0 };
			int fd = raw_connect(&stage, names[which]);

			cr_assert_geq(fd, 0);
			cr_assert(raw_send_bytes(fd, rows[i].bytes, rows[i].size));
			cr_assert_eq(raw_receive(fd, SOON_MS, &reply), RAW_CLOSED, "%s", rows[i].name);
			close(fd);
		}
		assert_serves(rows[i].name);
	}
}

Test(socket, first_requests_that_nobody_may_begin_with)
{
	static const char *const verbs[] = { "answer",       "groups", "first-factor-ok", "commit", "",
					     "no-such-verb", "LOGIN" };
	int fd;

	for (size_t i = 0; i < sizeof(verbs) / sizeof(verbs[0]); i++) {
		fd = open_root();
		cr_assert(raw_send(fd, "verb", verbs[i], ABOUT("alice"), "service", "login", "answer",
				   "000000", NULL));
		assert_refused(fd, verbs[i]);
	}
	fd = open_root();
	cr_assert(raw_send(fd, NULL));
	assert_refused(fd, "no field at all");
	fd = open_root();
	cr_assert(raw_send(fd, "verb", "login", "verb", "account", ABOUT("bob"), "service", "login", NULL));
	assert_refused(fd, "two verbs");
	fd = open_root();
	cr_assert(raw_send(fd, "verb", "login", ABOUT("bob"), "user", "alice", "service", "login", NULL));
	assert_refused(fd, "two users");
	fd = open_root();
	cr_assert(raw_send(fd, "verb", "login", "service", "login", NULL));
	assert_refused(fd, "no user");
	fd = open_root();
	cr_assert(raw_send(fd, "verb", "login", ABOUT("bob"), NULL));
	assert_refused(fd, "no service");
	fd = open_root();
	cr_assert(raw_send(fd, "verb", "login", "user", "bob", "nss", "known", "name", "bob", "uid", "-1",
			   "service", "login", NULL));
	assert_refused(fd, "a uid that is none");
	fd = open_root();
	cr_assert(raw_send(fd, "verb", "login", ABOUT("bob"), "service", "login", "login_type", "exempt?",
			   NULL));
	assert_refused(fd, "a login type that is none");
	assert_serves("all of them");
}

Test(socket, requests_out_of_turn_in_a_challenge)
{
	static const char *const verbs[] = { "commit",  "first-factor-ok", "groups", "login",
					     "account", "no-such-verb",    "" };

	stage_register(&stage, &talk, "alice");
	for (size_t i = 0; i < sizeof(verbs) / sizeof(verbs[0]); i++) {
		int fd = begin_login("alice");

		expect(fd, WIRE_NEED, WIRE_NEED_ANSWER);
		cr_assert(raw_send(fd, "verb", verbs[i], ABOUT("bob"), "service", "login", NULL));
		assert_refused(fd, verbs[i]);
		cr_assert(stage_decided(&stage, "alice", "reason=conversation"), "%s", verbs[i]);
	}
	cr_assert_eq(LOGIN("nopassword", "alice", "{code}").auth, PAM_SUCCESS,
		     "none of it spent or counted anything");
}

/* A registration by hand as far as its state: 0 shown, 1 confirmed, 2 waiting for its commit. */
static int
register_up_to(int state)
{
	FIELDS_AUTO reply = { 0 };
	char info[16384], code[16];
	const char *key;
	size_t used = 0;
	int fd = begin_login("alice");

	cr_assert_eq(raw_receive(fd, SOON_MS, &reply), RAW_REPLY);
	cr_assert_eq(fields_get_text(&reply, WIRE_INFO, info, sizeof(info)), SFMFA_OK);
	key = strstr(info, "type this key: ");
	cr_assert_not_null(key);
	for (key += strlen("type this key: "); *key != '\n'; key++) {
		if (*key != ' ')
			talk.key[used++] = *key;
	}
	talk.key[used] = '\0';
	talk.now = *stage.clock;
	if (state > 0) {
		cr_assert(talk_code(&talk, 0, code));
		cr_assert(raw_send(fd, "verb", "answer", "answer", code, NULL));
		expect(fd, WIRE_NEED, WIRE_NEED_ANSWER);
	}
	if (state > 1) {
		cr_assert(raw_send(fd, "verb", "answer", "answer", "", NULL));
		expect(fd, WIRE_MORE, WIRE_MORE_COMMIT);
	}
	return fd;
}

Test(socket, requests_out_of_turn_in_a_registration)
{
	static const char *const verbs[3][5] = {
		{ "commit", "first-factor-ok", "groups", "login", "account" },
		{ "commit", "first-factor-ok", "groups", "login", "account" },
		{ "answer", "first-factor-ok", "groups", "login", "account" },
	};

	for (int state = 0; state < 3; state++) {
		for (size_t i = 0; i < 5; i++) {
			int fd = register_up_to(state);

			cr_assert(raw_send(fd, "verb", verbs[state][i], ABOUT("alice"), "service",
					   "nopassword", NULL));
			assert_refused(fd, verbs[state][i]);
			assert_nothing_is_registered(verbs[state][i]);
		}
		/* Nor is one that ends there. */
		close(register_up_to(state));
		assert_serves("the end of a registration");
		assert_nothing_is_registered("the end");
	}
}

Test(socket, requests_out_of_turn_after_a_split)
{
	static const char *const verbs[] = { "answer", "commit", "groups", "login" };

	for (size_t i = 0; i < sizeof(verbs) / sizeof(verbs[0]); i++) {
		int fd = open_root();

		cr_assert(raw_send(fd, "verb", "login", ABOUT("bob"), "service", "mail", "split", "1",
				   "password", "secret", NULL));
		expect(fd, WIRE_MORE, WIRE_MORE_SPLIT);
		cr_assert(raw_send(fd, "verb", verbs[i], ABOUT("bob"), "service", "mail", NULL));
		assert_refused(fd, verbs[i]);
	}
	assert_serves("a split");
}

Test(socket, requests_that_do_not_wait_for_their_turn)
{
	char code[16];
	int fd;

	stage_register(&stage, &talk, "alice");
	fd = begin_login("alice");
	cr_assert(raw_send(fd, "verb", "login", ABOUT("bob"), "service", "login", NULL));
	expect(fd, WIRE_NEED, WIRE_NEED_ANSWER);
	assert_refused(fd, "a second login on the heels of the first");

	talk.now = *stage.clock;
	cr_assert(talk_code(&talk, 0, code));
	fd = begin_login("alice");
	/* Both answers are there before the question: the first is taken, the other finds nobody. */
	cr_assert(raw_send(fd, "verb", "answer", "answer", "000000", NULL));
	cr_assert(raw_send(fd, "verb", "answer", "answer", code, NULL));
	expect(fd, WIRE_NEED, WIRE_NEED_ANSWER);
	assert_refused(fd, "a wrong answer with a right one behind it");
	cr_assert_eq(LOGIN("nopassword", "alice", "{code}").auth, PAM_SUCCESS,
		     "the second answer was never read");
}

Test(socket, peers_that_leave_at_every_point)
{
	char code[16];

	for (int i = 0; i < 20; i++) {
		FIELDS_AUTO reply = { 0 };
		int fd;

		close(open_root());
		close(begin_login("alice"));
		fd = begin_login("bob");
		shutdown(fd, SHUT_RD);
		close(fd);
		fd = open_root();
		cr_assert(raw_send(fd, "verb", "user-list", NULL));
		close(fd);
		fd = open_root();
		cr_assert(raw_send(fd, "verb", "login", ABOUT("bob"), "service", "mail", "split", "1",
				   "password", "x", NULL));
		if (i % 2 == 0)
			cr_assert_eq(raw_receive(fd, SOON_MS, &reply), RAW_REPLY);
		close(fd);
	}
	assert_serves("leaving early");
	stage_register(&stage, &talk, "alice");
	for (int i = 0; i < 20; i++) {
		int fd = begin_login("alice");

		/* Gone while its attempt is being written: the code is spent all the same. */
		talk.now = *stage.clock;
		cr_assert(talk_code(&talk, 0, code));
		expect(fd, WIRE_NEED, WIRE_NEED_ANSWER);
		cr_assert(raw_send(fd, "verb", "answer", "answer", code, NULL));
		close(fd);
		assert_serves("leaving before the verdict");
		cr_assert_eq(LOGIN("nopassword", "alice", "{code}").auth, PAM_AUTH_ERR);
		stage_wait(&stage, 30);
	}
}

static int
count_descriptors(void)
{
	char path[64];
	int count = 0;
	DIR *folder;

	snprintf(path, sizeof(path), "/proc/%ld/fd", (long)stage.daemon);
	folder = opendir(path);
	if (folder == NULL)
		return -1;
	while (readdir(folder) != NULL)
		count++;
	closedir(folder);
	return count;
}

/* A connection is closed a moment after its last reply. */
static int
count_settled_descriptors(void)
{
	int count = count_descriptors(), again;

	for (int i = 0; i < 100; i++) {
		poll(NULL, 0, 20);
		again = count_descriptors();
		if (again == count)
			break;
		count = again;
	}
	return count;
}

Test(socket, descriptors_sent_along_are_not_taken)
{
	static const char bytes[] = "sf\1\0\4\0\0\6verbstatus";
	union {
		struct cmsghdr header;
		char room[CMSG_SPACE(sizeof(int))];
	} control = { .header = { .cmsg_len = CMSG_LEN(sizeof(int)),
				  .cmsg_level = SOL_SOCKET,
				  .cmsg_type = SCM_RIGHTS } };
	char text[sizeof(bytes)];
	struct iovec part = { text, sizeof(bytes) - 1 };
	struct msghdr message = {
		.msg_iov = &part,
		.msg_iovlen = 1,
		.msg_control = &control,
		.msg_controllen = sizeof(control.room),
	};
	int before, null = open("/dev/null", O_RDONLY | O_CLOEXEC);

	memcpy(text, bytes, sizeof(bytes));
	memcpy(CMSG_DATA(&control.header), &null, sizeof(null));
	assert_serves("nothing yet");
	before = count_settled_descriptors();
	for (int i = 0; i < 50; i++) {
		FIELDS_AUTO reply = { 0 };
		int fd = open_root();

		cr_assert_eq(sendmsg(fd, &message, MSG_NOSIGNAL), (ssize_t)part.iov_len);
		cr_assert_eq(raw_receive(fd, SOON_MS, &reply), RAW_CLOSED);
		close(fd);
	}
	close(null);
	assert_serves("descriptors");
	cr_assert_eq(count_settled_descriptors(), before);
}

Test(socket, idle_connections_keep_nobody_waiting)
{
	int idle[IDLERS];
	int64_t start;

	for (int i = 0; i < IDLERS; i++)
		idle[i] = open_root();
	start = milliseconds();
	assert_serves("idle connections");
	note("%d idle connections: a login and two commands in %lld ms", IDLERS,
	     (long long)(milliseconds() - start));
	for (int i = 0; i < IDLERS; i++)
		close(idle[i]);
	assert_serves("their end");
}

Test(socket, groups_asked_for_under_another_configuration_are_not_believed)
{
	int fd = open_root();

	stage_write(&stage, "etc/profiles.d/staff.conf",
		    "permissions = [ ];\nmembers = { groups = [ \"games\" ]; };\n");
	cr_assert_eq(stage_sfmfa(&stage, "status"), 0);
	cr_assert(raw_send(fd, "verb", "login", "user", "carol", "nss", "known", "name", "carol", "uid",
			   "4242", "service", "nopassword", NULL));
	expect(fd, WIRE_NEED, WIRE_NEED_GROUPS);
	/* Meanwhile a factor is owed by members of another group, and nobody was asked about that one. */
	stage_write(&stage, "etc/profiles.d/staff.conf",
		    "permissions = [ \"mfa-ui-logins\" ];\nmembers = { groups = [ \"daemon\" ]; };\n");
	cr_assert_eq(stage_sfmfa(&stage, "status"), 0);
	cr_assert(raw_send(fd, "verb", "groups", NULL));
	assert_refused(fd, "an answer about groups of before");
	cr_assert(stage_decided(&stage, "carol", "reason=configuration"));
}
