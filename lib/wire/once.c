#include "wire/once.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/magic.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/vfs.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/text.h"
#include "wire/wait.h"

#define ONCE_FD         3
#define ONCE_FD_TEXT    "3"
#define ONCE_SPARE_FD   10   /* above all the places that are overwritten */
#define REAP_MS         3000 /* after the last reply the process has only events to write */
#define EXEC_FAILED     127
#define STACK_SIZE      (8UL * 1024 * 1024)
#define DESCRIPTORS_MIN 1024

/* PROC_USER_INIT_INO of the kernel (include/linux/proc_ns.h): the one user namespace that is not made. */
#define INITIAL_USER_NAMESPACE 0xEFFFFFFDU

#ifdef SYS_setresuid32
#define RAW_SETRESUID SYS_setresuid32
#define RAW_SETRESGID SYS_setresgid32
#define RAW_SETGROUPS SYS_setgroups32
#else
#define RAW_SETRESUID SYS_setresuid
#define RAW_SETRESGID SYS_setresgid
#define RAW_SETGROUPS SYS_setgroups
#endif

/* All that the child needs, made before it exists: it may not allocate, the process may have threads. */
struct plan {
	char daemon[PATH_MAX];
	char config[PATH_MAX];
	char once_flag[sizeof "--once"];
	char once_fd[sizeof ONCE_FD_TEXT];
	char config_flag[sizeof "--config"];
	char *argv[6];
	char *environment[1];
	int fd; /* the child's end of the socket */
};

static enum sfmfa_err
make_plan(struct plan *plan, const char *daemon, const char *config, struct diag *diag)
{
	*plan = (struct plan){
		.once_flag = "--once",
		.once_fd = ONCE_FD_TEXT,
		.config_flag = "--config",
		.fd = -1,
	};
	if (daemon[0] != '/' || text_copy(plan->daemon, sizeof plan->daemon, daemon)) {
		return diag_set(diag, SFMFA_ERR_INVALID, daemon, 0, "not an absolute path");
	}
	plan->argv[0] = plan->daemon;
	plan->argv[1] = plan->once_flag;
	plan->argv[2] = plan->once_fd;
	if (config) {
		if (config[0] != '/' || text_copy(plan->config, sizeof plan->config, config)) {
			return diag_set(diag, SFMFA_ERR_INVALID, config, 0, "not an absolute path");
		}
		plan->argv[3] = plan->config_flag;
		plan->argv[4] = plan->config;
	}
	return SFMFA_OK;
}

/*
 * In a chroot or a container of an unprivileged user, uid 0 would find another, perhaps empty state, and an
 * empty state lets people in. Asked of the kernel, so /proc must be the real one.
 */
static enum sfmfa_err
check_place(struct diag *diag)
{
	struct statfs fs;
	struct stat own;
	struct stat host;
	struct stat user_namespace;

	if (statfs("/proc", &fs) < 0 || fs.f_type != PROC_SUPER_MAGIC ||
	    stat("/proc/self/ns/user", &user_namespace) < 0 || stat("/", &own) < 0 ||
	    stat("/proc/1/root/", &host) < 0) {
		return diag_set(diag, SFMFA_ERR_UNTRUSTED, "/proc", 0,
				"cannot tell whether this process sees the host's files");
	}
	if (own.st_dev != host.st_dev || own.st_ino != host.st_ino) {
		return diag_set(diag, SFMFA_ERR_UNTRUSTED, "/", 0,
				"the root folder is not the host's (a chroot)");
	}
	if (user_namespace.st_ino != INITIAL_USER_NAMESPACE) {
		return diag_set(diag, SFMFA_ERR_UNTRUSTED, "/proc/self/ns/user", 0,
				"the user namespace is not the host's");
	}
	return SFMFA_OK;
}

static enum sfmfa_err
check_program(const char *daemon, struct diag *diag)
{
	struct stat st;

	if (lstat(daemon, &st) < 0) {
		return diag_set(diag, SFMFA_ERR_SYSTEM, daemon, 0, "cannot be started: %s", strerror(errno));
	}
	if (!S_ISREG(st.st_mode) || st.st_uid != 0 || (st.st_mode & (S_IWGRP | S_IWOTH))) {
		return diag_set(diag, SFMFA_ERR_UNTRUSTED, daemon, 0,
				"is not a regular file of root that nobody else can write");
	}
	return SFMFA_OK;
}

/* From here to run_child() all runs in the child: async-signal-safe calls only. */

/*
 * Callers such as sudo and su have the invoker's real uid: with it the loader would run in secure mode, and
 * the invoker could send signals. Raw calls, because the wrappers of libc speak to the other threads of the
 * process, which the child does not have.
 */
static bool
become_root(void)
{
	return syscall(RAW_SETGROUPS, 0, NULL) == 0 && syscall(RAW_SETRESGID, 0, 0, 0) == 0 &&
	       syscall(RAW_SETRESUID, 0, 0, 0) == 0;
}

static void
reset_signals(void)
{
	struct sigaction standard;
	sigset_t none;

	memset(&standard, 0, sizeof standard);
	standard.sa_handler = SIG_DFL;
	for (int signal_number = 1; signal_number < NSIG; signal_number++) {
		sigaction(signal_number, &standard, NULL);
	}
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
}

/* Services run PAM under limits of their own (Dovecot: 256 MiB of address space). */
static void
reset_limit(__rlimit_resource_t resource, rlim_t soft, rlim_t hard)
{
	struct rlimit limit = { soft, hard };

	if (setrlimit(resource, &limit) == 0 || getrlimit(resource, &limit) < 0) {
		return;
	}
	/* Not allowed to raise it: then all that there is. */
	limit.rlim_cur = soft < limit.rlim_max ? soft : limit.rlim_max;
	setrlimit(resource, &limit);
}

static void
reset_limits(void)
{
	reset_limit(RLIMIT_AS, RLIM_INFINITY, RLIM_INFINITY);
	reset_limit(RLIMIT_DATA, RLIM_INFINITY, RLIM_INFINITY);
	reset_limit(RLIMIT_FSIZE, RLIM_INFINITY, RLIM_INFINITY);
	reset_limit(RLIMIT_CPU, RLIM_INFINITY, RLIM_INFINITY);
	reset_limit(RLIMIT_NPROC, RLIM_INFINITY, RLIM_INFINITY);
	reset_limit(RLIMIT_STACK, STACK_SIZE, RLIM_INFINITY);
	reset_limit(RLIMIT_NOFILE, DESCRIPTORS_MIN, DESCRIPTORS_MIN);
	reset_limit(RLIMIT_CORE, 0, 0); /* a core would hold secrets */
}

/* Leaves 0-2 on /dev/null and the socket at its place, nothing else. */
static bool
arrange_descriptors(int fd)
{
	int socket_fd = fcntl(fd, F_DUPFD, ONCE_SPARE_FD);
	int null_fd = open("/dev/null", O_RDWR | O_NOCTTY);
	int spare_null = null_fd < 0 ? -1 : fcntl(null_fd, F_DUPFD, ONCE_SPARE_FD);

	if (socket_fd < 0 || spare_null < 0) {
		return false;
	}
	for (int target = 0; target < ONCE_FD; target++) {
		if (dup2(spare_null, target) < 0) {
			return false;
		}
	}
	return dup2(socket_fd, ONCE_FD) == ONCE_FD && syscall(SYS_close_range, ONCE_FD + 1, ~0U, 0) == 0;
}

static pid_t
clone_quietly(void)
{
	return (pid_t)syscall(SYS_clone, 0UL, NULL, NULL, NULL, 0UL);
}

/*
 * execve() gives a process the exit signal SIGCHLD back (execve(2)), so the clone itself must never execute
 * anything: it stays, holding no descriptor, and waits for the daemon, its own child.
 */
static _Noreturn void
run_child(const struct plan *plan)
{
	pid_t daemon;

	reset_signals();
	reset_limits();
	umask(077);
	if (setsid() < 0 || chdir("/") < 0 || !become_root() || !arrange_descriptors(plan->fd)) {
		_exit(EXEC_FAILED);
	}
	daemon = clone_quietly();
	if (daemon == 0) {
		execve(plan->daemon, plan->argv, plan->environment);
		_exit(EXEC_FAILED);
	}
	syscall(SYS_close_range, 0, ~0U, 0);
	while (daemon > 0 && waitpid(daemon, NULL, __WALL) < 0 && errno == EINTR) {
	}
	_exit(0);
}

static enum sfmfa_err
start_child(const struct plan *plan, pid_t *ret_pid, struct diag *diag)
{
	sigset_t all;
	sigset_t before;
	pid_t pid;
	int saved;

	/* Else a handler of the application could run in the child. */
	sigfillset(&all);
	if (pthread_sigmask(SIG_SETMASK, &all, &before) != 0) {
		return diag_set(diag, SFMFA_ERR_SYSTEM, plan->daemon, 0, "cannot block signals");
	}
	pid = clone_quietly();
	if (pid == 0) {
		run_child(plan);
	}
	saved = errno;
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	if (pid < 0) {
		return diag_set(diag, SFMFA_ERR_SYSTEM, plan->daemon, 0, "cannot be started: %s",
				strerror(saved));
	}
	*ret_pid = pid;
	return SFMFA_OK;
}

enum sfmfa_err
once_start(const char *daemon, const char *config, int *ret_fd, pid_t *ret_pid, struct diag *diag)
{
	struct plan plan;
	int ends[2];
	enum sfmfa_err err;

	if (geteuid() != 0) {
		return diag_set(diag, SFMFA_ERR_UNTRUSTED, daemon, 0, "is started by uid 0 only");
	}
	err = make_plan(&plan, daemon, config, diag);
	err = err ? err : check_place(diag);
	err = err ? err : check_program(daemon, diag);
	if (err) {
		return err;
	}
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) < 0) {
		return diag_set(diag, SFMFA_ERR_SYSTEM, daemon, 0, "no socket: %s", strerror(errno));
	}
	plan.fd = ends[1];
	err = start_child(&plan, ret_pid, diag);
	close(ends[1]);
	if (err) {
		close(ends[0]);
		return err;
	}
	*ret_fd = ends[0];
	return SFMFA_OK;
}

/* Whether the process ends within the time. */
static bool
ends_in_time(pid_t pid)
{
	int fd = (int)syscall(SYS_pidfd_open, pid, 0);
	bool ended;

	if (fd < 0) {
		return false;
	}
	ended = wait_ready(fd, POLLIN, wait_deadline(REAP_MS)) == SFMFA_OK;
	close(fd);
	return ended;
}

void
once_reap(pid_t pid)
{
	if (pid <= 0) {
		return;
	}
	if (!ends_in_time(pid)) {
		/* Its own process group: the daemon too. */
		kill(-pid, SIGKILL);
		kill(pid, SIGKILL);
	}
	while (waitpid(pid, NULL, __WALL) < 0 && errno == EINTR) {
	}
}
