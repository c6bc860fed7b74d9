/* A look-up that may not take long, for those who serve others: made in a process that can be given up. */
#include "base/nss.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <pwd.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/text.h"

#define LINE_SIZE_MAX 65536

struct answer {
	enum nss_status status;
	struct nss_user user;
};

_Static_assert(sizeof(struct answer) <= PIPE_BUF, "an answer is written in one piece");

/* The database of this host alone: it is read, nobody is asked. */
static bool
find_local(const char *name, struct nss_user *ret_user)
{
	FILE *file = fopen("/etc/passwd", "re");
	char *line = malloc(LINE_SIZE_MAX);
	struct passwd entry, *found = NULL;
	bool known = false;

	while (file && line && !known && fgetpwent_r(file, &entry, line, LINE_SIZE_MAX, &found) == 0) {
		known = text_equals(entry.pw_name, name) &&
			text_copy(ret_user->name, sizeof ret_user->name, entry.pw_name) == SFMFA_OK;
		if (known) {
			ret_user->uid = entry.pw_uid;
			ret_user->gid = entry.pw_gid;
		}
	}
	if (file) {
		fclose(file);
	}
	free(line);
	return known;
}

/* Handlers of the process it was forked from would act on what is that one's. */
static void __attribute__((noreturn))
answer_and_end(const char *name, int fd)
{
	struct answer answer = { .status = NSS_ERROR };
	sigset_t none;

	for (int number = 1; number < NSIG; number++) {
		(void)signal(number, SIG_DFL);
	}
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	answer.status = nss_find_user(name, &answer.user);
	_exit(write(fd, &answer, sizeof answer) == (ssize_t)sizeof answer ? 0 : 1);
}

/* No signal cuts the waiting short or makes it longer. */
static bool
read_answer(int fd, int64_t ms, struct answer *ret_answer)
{
	const struct timespec limit = { .tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000 };
	struct pollfd readable = { .fd = fd, .events = POLLIN };
	sigset_t all;

	sigfillset(&all);
	return ppoll(&readable, 1, &limit, &all) == 1 &&
	       read(fd, ret_answer, sizeof *ret_answer) == (ssize_t)sizeof *ret_answer;
}

enum nss_status
nss_find_user_within(const char *name, int64_t ms, struct nss_user *ret_user)
{
	struct answer answer = { .status = NSS_ERROR };
	int ends[2];
	pid_t pid;

	if (find_local(name, ret_user)) {
		return NSS_KNOWN;
	}
	if (ms <= 0 || pipe2(ends, O_CLOEXEC) < 0) {
		return NSS_ERROR;
	}
	pid = fork();
	if (pid == 0) {
		answer_and_end(name, ends[1]);
	}
	close(ends[1]);
	if (pid > 0) {
		if (!read_answer(ends[0], ms, &answer)) {
			answer.status = NSS_ERROR;
		}
		kill(pid, SIGKILL);
		while (waitpid(pid, NULL, 0) < 0 && errno == EINTR)
			;
	}
	close(ends[0]);
	if (answer.status == NSS_KNOWN) {
		*ret_user = answer.user;
	}
	return answer.status;
}
