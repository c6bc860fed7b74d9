/*
 * --once is refused where /proc/1/root cannot be compared, so each case runs as uid 0 in a process namespace
 * of its own with its own /proc, in a child: what it does to itself (uid, root folder, limits) ends with it.
 */
#include <criterion/criterion.h>

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/text.h"
#include "wire/client.h"
#include "wire/message.h"
#include "wire/names.h"
#include "wire/once.h"
#include "wire/wait.h"

#include <poll.h>

#define STRANGER     54321
#define EXIT_FAILED  1
#define EXIT_SKIPPED 77

/* The address sanitizer reserves terabytes: no limit on the address space with it. */
#if defined(__has_feature)
#if __has_feature(address_sanitizer)
#define HAS_SHADOW_MEMORY 1
#endif
#endif
#ifdef __SANITIZE_ADDRESS__
#define HAS_SHADOW_MEMORY 1
#endif
#ifndef HAS_SHADOW_MEMORY
#define HAS_SHADOW_MEMORY 0
#endif

/* In a child the assertions of Criterion are not heard. */
#define CHECK(condition)                                                                                     \
	do {                                                                                                 \
		if (!(condition)) {                                                                          \
			fprintf(stderr, "%s:%d: not true: %s (%s: %s)\n", __FILE__, __LINE__, #condition,    \
				diag.file, diag.text);                                                       \
			_exit(EXIT_FAILED);                                                                  \
		}                                                                                            \
	} while (0)

static struct diag diag;
static volatile sig_atomic_t child_signals;

static void
count_signal(int signal_number)
{
	child_signals++;
}

static int
status_of(pid_t pid)
{
	int status = 0;

	while (waitpid(pid, &status, 0) < 0 && errno == EINTR) {
	}
	return WIFEXITED(status) ? WEXITSTATUS(status) : EXIT_FAILED;
}

/* The first process of the namespace: the host, as far as the case can see. */
static void
become_host(void (*run)(void))
{
	pid_t pid;

	if (mount(NULL, "/", "none", MS_REC | MS_PRIVATE, NULL) < 0 ||
	    mount("proc", "/proc", "proc", 0, NULL) < 0) {
		_exit(EXIT_SKIPPED);
	}
	pid = fork();
	if (pid == 0) {
		run();
		_exit(0);
	}
	_exit(status_of(pid));
}

static void
run_on_a_host(void (*run)(void))
{
	struct stat st;
	pid_t pid;
	int status;

	if (geteuid() != 0) {
		cr_skip_test("not root");
	}
	if (stat(ONCE_PROBE, &st) < 0 || st.st_uid != 0 || (st.st_mode & (S_IWGRP | S_IWOTH))) {
		cr_skip_test("the build folder is not root's");
	}
	pid = fork();
	if (pid == 0) {
		if (unshare(CLONE_NEWPID | CLONE_NEWNS) < 0) {
			_exit(EXIT_SKIPPED);
		}
		pid = fork();
		if (pid == 0) {
			become_host(run);
		}
		_exit(status_of(pid));
	}
	status = status_of(pid);
	if (status == EXIT_SKIPPED) {
		cr_skip_test("namespaces are needed");
	}
	cr_assert_eq(status, 0);
}

static void
ask(int fd, const char *verb, struct fields *reply)
{
	FIELDS_AUTO request = { 0 };

	CHECK(fields_add_text(&request, WIRE_VERB, verb) == SFMFA_OK);
	CHECK(message_send(fd, &request) == SFMFA_OK);
	CHECK(wait_ready(fd, POLLIN, wait_deadline(10000)) == SFMFA_OK);
	CHECK(message_receive(fd, reply) == SFMFA_OK);
}

static int64_t
number(const struct fields *reply, const char *key)
{
	int64_t value = 0;

	CHECK(fields_get_number(reply, key, INT64_MIN, INT64_MAX, &value) == SFMFA_OK);
	return value;
}

static bool
is_text(const struct fields *reply, const char *key, const char *expected)
{
	char text[256];

	return !fields_get_text(reply, key, text, sizeof text) && text_equals(text, expected);
}

/* The values of a key, with blanks between them. */
static const char *
list(const struct fields *reply, const char *key)
{
	static char text[1024];
	struct field field;
	size_t at = 0;

	text[0] = '\0';
	while (fields_next(reply, &at, &field)) {
		if (field_is(&field, key)) {
			sprintf(text + strlen(text), "%.*s ", (int)field.value_size,
				(const char *)field.value);
		}
	}
	return text;
}

/* An application as untidy as they come: sudo's ids, limits of Dovecot, signals of vsftpd. */
static void
make_a_mess(void)
{
	static const gid_t groups[] = { STRANGER, STRANGER + 1 };
	struct rlimit memory = { 256UL << 20, RLIM_INFINITY };
	struct rlimit file_size = { 1 << 20, RLIM_INFINITY };
	struct rlimit cpu = { 60, RLIM_INFINITY };
	struct rlimit core = { RLIM_INFINITY, RLIM_INFINITY };
	sigset_t some;

	if (!HAS_SHADOW_MEMORY) {
		setrlimit(RLIMIT_AS, &memory);
	}
	setrlimit(RLIMIT_FSIZE, &file_size);
	setrlimit(RLIMIT_CPU, &cpu);
	setrlimit(RLIMIT_CORE, &core);
	signal(SIGCHLD, count_signal);
	signal(SIGHUP, SIG_IGN);
	signal(SIGPIPE, SIG_IGN);
	signal(SIGUSR1, count_signal);
	sigemptyset(&some);
	sigaddset(&some, SIGTERM);
	sigaddset(&some, SIGALRM);
	sigprocmask(SIG_BLOCK, &some, NULL);
	umask(0);
	CHECK(setenv("LD_PRELOAD", "/nonexistent.so", 1) == 0);
	CHECK(chdir("/tmp") == 0);
	CHECK(dup2(0, 50) == 50 && dup2(0, 51) == 51);
	close(0);
	close(1);
	CHECK(setgroups(2, groups) == 0 && setresgid(STRANGER, 0, 0) == 0 && setresuid(STRANGER, 0, 0) == 0);
}

static void
start_in_a_mess(void)
{
	FIELDS_AUTO reply = { 0 };
	sigset_t mask;
	pid_t pid;
	int fd;

	make_a_mess();
	CHECK(once_start(ONCE_PROBE, "/etc/sfmfa/x.conf", &fd, &pid, &diag) == SFMFA_OK);
	CHECK(fcntl(fd, F_GETFD) == FD_CLOEXEC);
	ask(fd, "report", &reply);
	CHECK(text_equals(list(&reply, "argv"), ONCE_PROBE " --once 3 --config /etc/sfmfa/x.conf "));
	CHECK(!fields_has(&reply, "environment"));
	CHECK(text_equals(list(&reply, "fd"), "0 1 2 3 "));
	CHECK(is_text(&reply, "stdin", "/dev/null"));
	CHECK(is_text(&reply, "cwd", "/"));
	CHECK(number(&reply, "umask") == 077);
	CHECK(number(&reply, "ids") == 0);
	CHECK(number(&reply, "groups") == 0);
	CHECK(number(&reply, "ignored") == 0);
	CHECK(number(&reply, "blocked") == 0);
	CHECK(number(&reply, "session") == pid);
	CHECK(number(&reply, "parent") == pid);
	CHECK(number(&reply, "limit_fsize") == -1);
	CHECK(number(&reply, "limit_cpu") == -1);
	CHECK(number(&reply, "limit_core") == 0);
	CHECK(number(&reply, "limit_nofile") > 0);
	CHECK(number(&reply, "limit_as") == -1);
	close(fd);
	once_reap(pid);
	CHECK(waitpid(-1, NULL, __WALL | WNOHANG) < 0 && errno == ECHILD);
	CHECK(kill(-pid, 0) < 0 && errno == ESRCH);
	CHECK(child_signals == 0);
	CHECK(sigprocmask(SIG_BLOCK, NULL, &mask) == 0 && sigismember(&mask, SIGTERM) == 1 &&
	      sigismember(&mask, SIGUSR1) == 0);
}

Test(once, starts_clean_from_an_untidy_application_without_a_signal_to_it)
{
	run_on_a_host(start_in_a_mess);
}

static void *
wait_forever(void *data)
{
	for (;;) {
		pause();
	}
	return data;
}

static void
start_with_threads(void)
{
	for (int i = 0; i < 8; i++) {
		pthread_t thread;

		CHECK(pthread_create(&thread, NULL, wait_forever, NULL) == 0);
	}
	signal(SIGCHLD, SIG_IGN);
	for (int i = 0; i < 5; i++) {
		FIELDS_AUTO reply = { 0 };
		pid_t pid;
		int fd;

		CHECK(once_start(ONCE_PROBE, NULL, &fd, &pid, &diag) == SFMFA_OK);
		ask(fd, "report", &reply);
		CHECK(text_equals(list(&reply, "argv"), ONCE_PROBE " --once 3 "));
		close(fd);
		once_reap(pid);
	}
}

Test(once, starts_from_an_application_with_threads_that_ignores_its_children)
{
	run_on_a_host(start_with_threads);
}

static void
start_refused(const char *program, const char *config, enum sfmfa_err expected)
{
	pid_t pid = -7;
	int fd = -7;

	CHECK(once_start(program, config, &fd, &pid, &diag) == expected);
	CHECK(fd == -7 && pid == -7);
}

static void
start_what_is_not_trusted(void)
{
	char copy[] = "/tmp/sfmfa-once-XXXXXX";
	char link_name[sizeof copy + 5];
	int fd = mkstemp(copy);

	CHECK(fd >= 0 && text_format(link_name, sizeof link_name, "%s-link", copy) == SFMFA_OK);
	close(fd);
	CHECK(chmod(copy, 0755) == 0 && symlink(copy, link_name) == 0);
	start_refused("sfmfad", NULL, SFMFA_ERR_INVALID);
	start_refused("", NULL, SFMFA_ERR_INVALID);
	start_refused(ONCE_PROBE, "relative.conf", SFMFA_ERR_INVALID);
	start_refused("/nonexistent/sfmfad", NULL, SFMFA_ERR_SYSTEM);
	start_refused("/tmp", NULL, SFMFA_ERR_UNTRUSTED);
	start_refused(link_name, NULL, SFMFA_ERR_UNTRUSTED);
	CHECK(chmod(copy, 0775) == 0);
	start_refused(copy, NULL, SFMFA_ERR_UNTRUSTED);
	CHECK(chmod(copy, 0755) == 0 && chown(copy, STRANGER, 0) == 0);
	start_refused(copy, NULL, SFMFA_ERR_UNTRUSTED);
	unlink(copy);
	unlink(link_name);
	CHECK(seteuid(STRANGER) == 0);
	start_refused(ONCE_PROBE, NULL, SFMFA_ERR_UNTRUSTED);
}

Test(once, starts_nothing_that_is_not_root_s_alone_and_nothing_for_others)
{
	run_on_a_host(start_what_is_not_trusted);
}

static bool
is_refused_in(const char *folder, const char *because)
{
	pid_t pid = fork();

	if (pid == 0) {
		CHECK(chroot(folder) == 0 && chdir("/") == 0);
		start_refused(ONCE_PROBE, NULL, SFMFA_ERR_UNTRUSTED);
		CHECK(strstr(diag.text, because));
		_exit(0);
	}
	return status_of(pid) == 0;
}

static void
start_in_a_chroot(void)
{
	char folder[] = "/tmp/sfmfa-root-XXXXXX";
	char proc[sizeof folder + 5];

	CHECK(mkdtemp(folder) && text_format(proc, sizeof proc, "%s/proc", folder) == SFMFA_OK);
	CHECK(mkdir(proc, 0755) == 0);
	CHECK(is_refused_in(folder, "")); /* without /proc */
	CHECK(mount("proc", proc, "proc", 0, NULL) == 0);
	CHECK(is_refused_in(folder, "chroot"));
	umount(proc);
	rmdir(proc);
	rmdir(folder);
}

Test(once, starts_nothing_in_a_chroot)
{
	run_on_a_host(start_in_a_chroot);
}

static void
start_in_a_user_namespace(void)
{
	int fd;

	if (unshare(CLONE_NEWUSER) < 0) {
		_exit(EXIT_SKIPPED);
	}
	fd = open("/proc/self/uid_map", O_WRONLY | O_CLOEXEC);
	if (fd < 0 || write(fd, "0 0 1", 5) != 5 || geteuid() != 0) {
		_exit(EXIT_SKIPPED);
	}
	start_refused(ONCE_PROBE, NULL, SFMFA_ERR_UNTRUSTED);
}

Test(once, starts_nothing_in_a_user_namespace)
{
	run_on_a_host(start_in_a_user_namespace);
}

static void
begin_without_a_daemon(void)
{
	struct client_options options = { .runtime_dir = "/nonexistent",
					  .config = "/x.conf",
					  .daemon = ONCE_PROBE };
	struct client client = CLIENT_CLOSED;
	FIELDS_AUTO request = { 0 };
	FIELDS_AUTO reply = { 0 };
	pid_t pid;

	signal(SIGCHLD, count_signal);
	CHECK(fields_add_text(&request, WIRE_VERB, "report") == SFMFA_OK);
	CHECK(client_begin(&client, &options, NULL, &request, &reply, &diag) == SFMFA_OK);
	CHECK(text_equals(list(&reply, "argv"), ONCE_PROBE " --once 3 --config /x.conf "));
	pid = client.once;
	CHECK(pid > 0);
	CHECK(client_exchange(&client, &request, &reply, &diag) == SFMFA_OK);
	client_finish(&client);
	CHECK(client.once == 0 && client.fd == -1);
	CHECK(kill(-pid, 0) < 0 && errno == ESRCH);
	CHECK(waitpid(-1, NULL, __WALL | WNOHANG) < 0 && errno == ECHILD);
	options.daemon = "";
	CHECK(client_begin(&client, &options, NULL, &request, &reply, &diag) == SFMFA_ERR_CLOSED);
	options.daemon = "/nonexistent/sfmfad";
	CHECK(client_begin(&client, &options, NULL, &request, &reply, &diag) == SFMFA_ERR_CLOSED);
	CHECK(strstr(diag.text, "/nonexistent/sfmfad"));
	CHECK(child_signals == 0);
}

Test(once, serves_a_client_of_uid_0_that_finds_no_daemon)
{
	run_on_a_host(begin_without_a_daemon);
}

static void
begin_with_one_that_ends(void)
{
	struct client_options options = { .runtime_dir = "/nonexistent", .daemon = ONCE_PROBE };
	struct client client = CLIENT_CLOSED;
	FIELDS_AUTO request = { 0 };
	FIELDS_AUTO reply = { 0 };

	CHECK(fields_add_text(&request, WIRE_VERB, "end") == SFMFA_OK);
	CHECK(client_begin(&client, &options, NULL, &request, &reply, &diag) == SFMFA_ERR_CLOSED);
	CHECK(client.fd == -1 && client.once == 0);
	CHECK(waitpid(-1, NULL, __WALL | WNOHANG) < 0 && errno == ECHILD);
}

Test(once, that_ends_without_an_answer_is_closed_and_reaped)
{
	run_on_a_host(begin_with_one_that_ends);
}
