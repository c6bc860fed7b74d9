/*
 * An application as bad as they come, which logs somebody in through libpam while no daemon runs, and a
 * watcher, its parent, which looks at "sfmfad --once" while the application is asked for its answer.
 *
 *   hostile SERVICE USER ANSWER FOLDER [VICE...]
 *
 * FOLDER belongs to a user and holds what would leave a mark (FOLDER/mark.so). Prints what came out:
 *
 *   authenticate: Success             account: Success             session: Success
 *   environment: NAME...              what PAM hands to the session, by its names
 *   once: uid=998 gid=998 groups= environ=0 cwd=/ no_new_privs=1 inherited=0
 *   untouched                         or what of the application is not as it was
 */
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <limits.h>
#include <linux/capability.h>
#include <pwd.h>
#include <sched.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <syslog.h>
#include <unistd.h>

#include <security/pam_appl.h>

#include "hostile.h"

#define DESCRIPTORS   200
#define SNAPSHOT_SIZE 65536
#define MEBIBYTE      (1024UL * 1024)

struct plan plan;
int report_fd = STDOUT_FILENO;

static int to_watcher, from_watcher;
static int client = -1; /* the other end of the socket that is standard input, output and error */
static const char client_says[] = "USER alice\r\n";
static volatile sig_atomic_t signals_heard, children_found;

bool
has_vice(const char *name)
{
	for (int i = 0; i < plan.vice_count; i++) {
		if (strcmp(plan.vices[i], name) == 0)
			return true;
	}
	return false;
}

/* ---- what the application does to itself ----------------------------------------------------------- */

/* As services do that have children of their own: whatever is to be had is taken. */
static void
on_child(int signal_number)
{
	(void)signal_number;
	signals_heard++;
	while (waitpid(-1, NULL, WNOHANG) > 0)
		children_found++;
}

static void
on_nothing(int signal_number)
{
	(void)signal_number;
}

static void
set_environment(void)
{
	static const char *const named[][2] = {
		{ "LD_PRELOAD", "/mark.so" },
		{ "LD_LIBRARY_PATH", "" },
		{ "LD_AUDIT", "/mark.so" },
		{ "PATH", "" },
		{ "OPENSSL_CONF", "/openssl.cnf" },
		{ "OPENSSL_MODULES", "" },
		{ "SFMFA_FAKECLOCK", "/clock" },
		{ "SFMFA_CONFIG", "/sfmfa.conf" },
		{ "SFMFA_METHOD", "/totp" },
		{ "SQLITE_TMPDIR", "" },
		{ "TMPDIR", "" },
		{ "HOME", "" },
		{ "TZ", "/no-zone" },
		{ "TZDIR", "" },
		{ "LIBEV_FLAGS", "" },
		{ "MALLOC_TRACE", "/mark" },
		{ "GCONV_PATH", "" },
		{ "LOCPATH", "" },
		{ "HOSTALIASES", "/hosts" },
		{ "RESOLV_HOST_CONF", "/hosts" },
	};

	for (size_t i = 0; i < sizeof(named) / sizeof(named[0]); i++) {
		char value[PATH_MAX];

		snprintf(value, sizeof(value), "%s%s", plan.folder, named[i][1]);
		MUST(setenv(named[i][0], value, 1) == 0);
	}
	MUST(setenv("IFS", "/ ", 1) == 0 && setenv("MALLOC_PERTURB_", "165", 1) == 0);
	MUST(setenv("MALLOC_CHECK_", "3", 1) == 0 &&
	     setenv("GLIBC_TUNABLES", "glibc.malloc.check=3", 1) == 0);
	MUST(setenv("LANG", "../../tmp", 1) == 0 && setenv("BASH_ENV", "/nonexistent", 1) == 0);
}

static void
open_and_close(void)
{
	char path[PATH_MAX];
	int fd;

	snprintf(path, sizeof(path), "%s/open", plan.folder);
	if (has_vice("descriptors")) {
		fd = open(path, O_RDWR | O_CREAT, 0666); /* not close-on-exec, as careless programs do */
		MUST(fd >= 0);
		for (int i = 1; i < DESCRIPTORS; i++)
			MUST(dup(fd) >= 0);
	}
	if (has_vice("closed")) {
		for (fd = 0; fd <= STDERR_FILENO; fd++)
			close(fd);
	}
}

/* As inetd starts a service, and as vsftpd is: the client waits at all three of them. */
static void
attend_client(void)
{
	int ends[2];

	MUST(socketpair(AF_UNIX, SOCK_STREAM, 0, ends) == 0);
	client = fcntl(ends[0], F_DUPFD_CLOEXEC, ABOVE_ALL);
	MUST(client >= 0 && write(client, client_says, sizeof(client_says)) == sizeof(client_says));
	close(ends[0]);
	for (int fd = 0; fd <= STDERR_FILENO; fd++)
		MUST(dup2(ends[1], fd) == fd);
	if (ends[1] > STDERR_FILENO)
		close(ends[1]);
}

/* Nothing was read of what the client says, and nothing said to it. */
static bool
client_is_untouched(void)
{
	char byte;
	int unread;

	if (client < 0)
		return true;
	return ioctl(STDIN_FILENO, FIONREAD, &unread) == 0 && unread == sizeof(client_says) &&
	       recv(client, &byte, 1, MSG_DONTWAIT) < 0 && errno == EAGAIN;
}

static void
set_limit(const char *vice, __rlimit_resource_t resource, rlim_t value)
{
	/* Where not even root may raise a hard limit again, the application gets the soft one only. */
	bool hard = prctl(PR_CAPBSET_READ, CAP_SYS_RESOURCE, 0, 0, 0) == 1;
	struct rlimit limit;

	if (!has_vice(vice))
		return;
	MUST(getrlimit(resource, &limit) == 0);
	limit.rlim_cur = value;
	limit.rlim_max = hard ? value : limit.rlim_max;
	MUST(setrlimit(resource, &limit) == 0);
}

static void
set_signals(void)
{
	struct sigaction action = { .sa_handler = on_child };
	const struct itimerval often = { { 0, 500 }, { 0, 500 } };
	sigset_t all;

	if (has_vice("child-handler"))
		MUST(sigaction(SIGCHLD, &action, NULL) == 0);
	action.sa_handler = SIG_IGN;
	if (has_vice("ignored")) {
		MUST(sigaction(SIGCHLD, &action, NULL) == 0 && sigaction(SIGPIPE, &action, NULL) == 0);
		MUST(sigaction(SIGTERM, &action, NULL) == 0 && sigaction(SIGHUP, &action, NULL) == 0);
	}
	action.sa_handler = on_nothing; /* without SA_RESTART: every call that waits is interrupted */
	if (has_vice("pipe-handler"))
		MUST(sigaction(SIGPIPE, &action, NULL) == 0);
	if (has_vice("timer"))
		MUST(sigaction(SIGALRM, &action, NULL) == 0 && setitimer(ITIMER_REAL, &often, NULL) == 0);
	sigfillset(&all);
	if (has_vice("blocked"))
		MUST(sigprocmask(SIG_SETMASK, &all, NULL) == 0);
}

static void
set_ids(void)
{
	static const gid_t groups[] = { 4, 27, 54321 };
	const struct passwd *user = getpwnam(plan.user);

	MUST(user != NULL);
	if (has_vice("groups"))
		MUST(setgroups(sizeof(groups) / sizeof(groups[0]), groups) == 0);
	if (has_vice("real-user"))
		MUST(setresgid(user->pw_gid, 0, 0) == 0 && setresuid(user->pw_uid, 0, 0) == 0);
	if (has_vice("not-root")) {
		MUST(setgroups(0, NULL) == 0 && setresgid(user->pw_gid, user->pw_gid, user->pw_gid) == 0);
		MUST(setresuid(user->pw_uid, user->pw_uid, user->pw_uid) == 0);
	}
}

static void
become_hostile(void)
{
	if (has_vice("environment"))
		set_environment();
	if (has_vice("no-environment"))
		MUST(clearenv() == 0);
	if (has_vice("folder"))
		MUST(chdir(plan.folder) == 0);
	if (has_vice("umask-0") || has_vice("umask-777"))
		umask(has_vice("umask-0") ? 0 : 0777);
	if (has_vice("nice"))
		MUST(setpriority(PRIO_PROCESS, 0, 19) == 0);
	open_and_close();
	if (has_vice("client"))
		attend_client();
	openlog("hostile", LOG_NDELAY, LOG_AUTHPRIV); /* else libc opens it when it pleases */
	set_signals();
	set_ids();
	set_limit("memory", RLIMIT_AS, 200 * MEBIBYTE);
	set_limit("few-descriptors", RLIMIT_NOFILE, 16);
	set_limit("no-files", RLIMIT_FSIZE, 0);
	set_limit("no-time", RLIMIT_CPU, 1);
	set_limit("no-processes", RLIMIT_NPROC, 0);
}

/* After pam_start(), which reads files and loads the module. */
static void
change_place(void)
{
	if (has_vice("chroot"))
		MUST(chroot(plan.folder) == 0 && chdir("/") == 0);
	if (has_vice("user-namespace")) {
		int fd;

		MUST(unshare(CLONE_NEWUSER) == 0);
		fd = open("/proc/self/uid_map", O_WRONLY | O_CLOEXEC);
		MUST(fd >= 0 && write(fd, "0 0 1", 5) == 5 && geteuid() == 0);
		close(fd);
	}
}

/* ---- what of the application could be touched ------------------------------------------------------ */

struct snapshot {
	char text[SNAPSHOT_SIZE];
	size_t size;
};

__attribute__((format(printf, 2, 3))) static void
add(struct snapshot *snapshot, const char *format, ...)
{
	va_list args;
	int size;

	va_start(args, format);
	size = vsnprintf(snapshot->text + snapshot->size, sizeof(snapshot->text) - snapshot->size, format,
			 args);
	va_end(args);
	MUST(size >= 0 && (size_t)size < sizeof(snapshot->text) - snapshot->size);
	snapshot->size += (size_t)size;
}

static void
add_signals(struct snapshot *snapshot)
{
	sigset_t mask;

	MUST(sigprocmask(SIG_BLOCK, NULL, &mask) == 0);
	for (int i = 1; i < NSIG; i++) {
		struct sigaction action;

		if (sigaction(i, NULL, &action) == 0)
			add(snapshot, "signal %d: %d %p %d\n", i, sigismember(&mask, i),
			    (void *)(uintptr_t)action.sa_handler, action.sa_flags);
	}
	add(snapshot, "heard %d, found %d\n", (int)signals_heard, (int)children_found);
}

static void
add_descriptors(struct snapshot *snapshot)
{
	for (int fd = 0; fd < DESCRIPTORS_END; fd++) {
		int flags = fcntl(fd, F_GETFD);
		struct stat st;

		if (flags >= 0 && fstat(fd, &st) == 0)
			add(snapshot, "descriptor %d: %d %d %lu %lu\n", fd, flags, fcntl(fd, F_GETFL),
			    (unsigned long)st.st_dev, (unsigned long)st.st_ino);
	}
}

static void
take_snapshot(struct snapshot *snapshot)
{
	gid_t groups[64];
	uid_t uids[3];
	gid_t gids[3];
	mode_t mask = umask(0);
	char folder[PATH_MAX] = "";
	int count = getgroups(64, groups);

	umask(mask);
	MUST(getresuid(&uids[0], &uids[1], &uids[2]) == 0 && getresgid(&gids[0], &gids[1], &gids[2]) == 0);
	*snapshot = (struct snapshot){ .size = 0 };
	add(snapshot, "ids %u %u %u, %u %u %u\n", uids[0], uids[1], uids[2], gids[0], gids[1], gids[2]);
	for (int i = 0; i < count; i++)
		add(snapshot, "group %u\n", groups[i]);
	add(snapshot, "umask %o, nice %d, session %d, process group %d\n", mask, getpriority(PRIO_PROCESS, 0),
	    (int)getsid(0), (int)getpgrp());
	if (!has_vice("chroot"))
		add(snapshot, "folder %s\n", getcwd(folder, sizeof(folder)));
	for (int i = 0; i < RLIM_NLIMITS; i++) {
		struct rlimit limit;

		if (getrlimit((__rlimit_resource_t)i, &limit) == 0)
			add(snapshot, "limit %d: %lu %lu\n", i, (unsigned long)limit.rlim_cur,
			    (unsigned long)limit.rlim_max);
	}
	for (size_t i = 0; environ != NULL && environ[i] != NULL; i++)
		add(snapshot, "environment %s\n", environ[i]);
	add_signals(snapshot);
	add_descriptors(snapshot);
}

static void
report_change(const struct snapshot *before, const struct snapshot *after)
{
	const char *a = before->text, *b = after->text;
	bool timer = has_vice("timer");
	struct itimerval left = { 0 };

	if (strcmp(a, b) != 0) {
		while (strcspn(a, "\n") == strcspn(b, "\n") && strncmp(a, b, strcspn(a, "\n")) == 0) {
			a += strcspn(a, "\n") + 1;
			b += strcspn(b, "\n") + 1;
		}
		dprintf(report_fd, "touched: %.*s -> %.*s\n", (int)strcspn(a, "\n"), a, (int)strcspn(b, "\n"),
			b);
	} else if (timer && (getitimer(ITIMER_REAL, &left) < 0 || left.it_interval.tv_usec != 500)) {
		dprintf(report_fd, "touched: the timer\n");
	} else if (!client_is_untouched()) {
		dprintf(report_fd, "touched: the client's socket\n");
	} else if (waitpid(-1, NULL, __WALL | WNOHANG) != -1 || errno != ECHILD) {
		dprintf(report_fd, "touched: a child is left\n");
	} else {
		dprintf(report_fd, "untouched\n");
	}
}

/* ---- the login ------------------------------------------------------------------------------------- */

static int
converse(int count, const struct pam_message **messages, struct pam_response **ret_responses, void *data)
{
	struct pam_response *responses = calloc((size_t)count, sizeof(*responses));
	char byte = 'p';

	(void)data;
	MUST(responses != NULL);
	for (int i = 0; i < count; i++) {
		if (messages[i]->msg_style != PAM_PROMPT_ECHO_OFF)
			continue;
		MUST(write(to_watcher, &byte, 1) == 1);
		while (read(from_watcher, &byte, 1) < 0)
			MUST(errno == EINTR);
		responses[i].resp = strdup(plan.answer);
		MUST(responses[i].resp != NULL);
	}
	*ret_responses = responses;
	return PAM_SUCCESS;
}

/* In place of the two seconds that a denial takes. */
static void
do_not_wait(int status, unsigned microseconds, void *data)
{
	(void)status;
	(void)microseconds;
	(void)data;
}

static int
compare_names(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

/* The names of the variables, in their order. */
static void
report_environment(pam_handle_t *pamh)
{
	char **variables = pam_getenvlist(pamh);
	size_t count = 0;

	MUST(variables != NULL);
	while (variables[count] != NULL)
		count++;
	qsort(variables, count, sizeof(variables[0]), compare_names);
	dprintf(report_fd, "environment:");
	for (size_t i = 0; i < count; i++) {
		dprintf(report_fd, " %.*s", (int)strcspn(variables[i], "="), variables[i]);
		free(variables[i]);
	}
	dprintf(report_fd, "\n");
	free(variables);
}

/* What su and sudo do when the user has been let in. */
static void
have_session(pam_handle_t *pamh)
{
	int code = pam_setcred(pamh, PAM_ESTABLISH_CRED);

	if (code == PAM_SUCCESS)
		code = pam_open_session(pamh, 0);
	dprintf(report_fd, "session: %s\n", pam_strerror(pamh, code));
	report_environment(pamh);
	MUST(pam_close_session(pamh, 0) == PAM_SUCCESS && pam_setcred(pamh, PAM_DELETE_CRED) == PAM_SUCCESS);
}

static void
log_in(void)
{
	static struct snapshot before, after;
	const struct pam_conv conversation = { .conv = converse };
	void (*delay)(int, unsigned, void *) = do_not_wait;
	const void *item;
	pam_handle_t *pamh = NULL;
	int code;

	become_hostile();
	MUST(pam_start(plan.service, plan.user, &conversation, &pamh) == PAM_SUCCESS);
	memcpy(&item, &delay,
	       sizeof(item)); /* what libpam wants is a function, passed as a pointer to data */
	MUST(pam_set_item(pamh, PAM_FAIL_DELAY, item) == PAM_SUCCESS);
	change_place();
	take_snapshot(&before);
	code = pam_authenticate(pamh, 0);
	dprintf(report_fd, "authenticate: %s\n", pam_strerror(pamh, code));
	if (code == PAM_SUCCESS) {
		code = pam_acct_mgmt(pamh, 0);
		dprintf(report_fd, "account: %s\n", pam_strerror(pamh, code));
		if (code == PAM_SUCCESS)
			have_session(pamh);
	}
	take_snapshot(&after);
	report_change(&before, &after);
	(void)pam_end(pamh, code);
}

/* ---- both ------------------------------------------------------------------------------------------- */

static int
move_up(int fd)
{
	int above = fcntl(fd, F_DUPFD_CLOEXEC, ABOVE_ALL);

	MUST(above >= 0);
	close(fd);
	return above;
}

/* What the application said: through a pipe, because it may not write to files. Less than a pipe holds. */
static void
show_report(int fd)
{
	char bytes[4096];
	ssize_t size;

	while ((size = read(fd, bytes, sizeof(bytes))) > 0)
		printf("%.*s", (int)size, bytes);
}

int
main(int argc, char **argv)
{
	const struct rlimit many = { 1024, 1024 };
	int up[2], down[2], report[2], status;
	pid_t application;
	char byte;

	if (argc < 5)
		return 2;
	plan = (struct plan){ argv[1], argv[2], argv[3], argv[4], argv + 5, argc - 5 };
	MUST(setrlimit(RLIMIT_NOFILE, &many) == 0 || errno == EPERM);
	MUST(pipe2(up, O_CLOEXEC) == 0 && pipe2(down, O_CLOEXEC) == 0 && pipe2(report, O_CLOEXEC) == 0);
	application = fork();
	MUST(application >= 0);
	if (application == 0) {
		close(up[0]);
		close(down[1]);
		to_watcher = move_up(up[1]);
		from_watcher = move_up(down[0]);
		close(report[0]);
		report_fd = move_up(report[1]);
		log_in();
		_exit(0);
	}
	close(up[1]);
	close(report[1]);
	while (read(up[0], &byte, 1) == 1) {
		watch(application, up[0]);
		MUST(write(down[1], &byte, 1) == 1);
	}
	MUST(waitpid(application, &status, 0) == application);
	show_report(report[0]);
	if (WIFSIGNALED(status))
		printf("killed by signal %d\n", WTERMSIG(status));
	return WIFEXITED(status) ? WEXITSTATUS(status) : 1;
}
