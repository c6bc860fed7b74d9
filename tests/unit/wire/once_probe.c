/*
 * Stands where sfmfad stands: started as "PROGRAM --once 3 …", answers the first request with what it finds
 * around itself, and ends with the connection. verb=end: without an answer. verb=stay: outlives the
 * connection.
 */
#include <dirent.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/text.h"
#include "wire/message.h"

#define MUST(call)                                                                                           \
	do {                                                                                                 \
		if (call)                                                                                    \
			_exit(1);                                                                            \
	} while (0)

static void
report_limit(struct fields *reply, const char *key, int resource)
{
	struct rlimit limit;

	MUST(getrlimit((__rlimit_resource_t)resource, &limit) < 0);
	MUST(fields_add_number(reply, key, limit.rlim_cur == RLIM_INFINITY ? -1 : (int64_t)limit.rlim_cur));
}

static void
report_descriptors(struct fields *reply)
{
	DIR *dir = opendir("/proc/self/fd");
	const struct dirent *entry;

	MUST(!dir);
	while ((entry = readdir(dir))) {
		if (entry->d_name[0] != '.' && atoi(entry->d_name) != dirfd(dir)) {
			MUST(fields_add_text(reply, "fd", entry->d_name));
		}
	}
	closedir(dir);
}

static void
report_signals(struct fields *reply)
{
	int64_t ignored = 0;
	int64_t blocked = 0;
	sigset_t mask;

	sigprocmask(SIG_SETMASK, NULL, &mask);
	for (int i = 1; i < NSIG; i++) {
		struct sigaction action;

		if (sigaction(i, NULL, &action) == 0) {
			ignored += action.sa_handler == SIG_IGN;
		}
		blocked += sigismember(&mask, i) == 1;
	}
	MUST(fields_add_number(reply, "ignored", ignored));
	MUST(fields_add_number(reply, "blocked", blocked));
}

static void
report(struct fields *reply, int argc, char *argv[], char *environment[])
{
	char folder[256] = "";
	char target[256] = "";
	uid_t uids[3];
	gid_t gids[3];
	mode_t mask = umask(0);

	for (int i = 0; i < argc; i++) {
		MUST(fields_add_text(reply, "argv", argv[i]));
	}
	for (int i = 0; environment[i]; i++) {
		MUST(fields_add_text(reply, "environment", environment[i]));
	}
	MUST(!getcwd(folder, sizeof folder) || readlink("/proc/self/fd/0", target, sizeof target - 1) < 0);
	MUST(getresuid(&uids[0], &uids[1], &uids[2]) < 0 || getresgid(&gids[0], &gids[1], &gids[2]) < 0);
	MUST(fields_add_text(reply, "cwd", folder));
	MUST(fields_add_text(reply, "stdin", target));
	MUST(fields_add_number(reply, "umask", (int64_t)mask));
	MUST(fields_add_number(reply, "ids",
			       (int64_t)uids[0] + uids[1] + uids[2] + gids[0] + gids[1] + gids[2]));
	MUST(fields_add_number(reply, "groups", getgroups(0, NULL)));
	MUST(fields_add_number(reply, "parent", getppid()));
	MUST(fields_add_number(reply, "session", getsid(0)));
	report_limit(reply, "limit_as", RLIMIT_AS);
	report_limit(reply, "limit_fsize", RLIMIT_FSIZE);
	report_limit(reply, "limit_cpu", RLIMIT_CPU);
	report_limit(reply, "limit_nofile", RLIMIT_NOFILE);
	report_limit(reply, "limit_core", RLIMIT_CORE);
	report_descriptors(reply);
	report_signals(reply);
}

int
main(int argc, char *argv[], char *environment[])
{
	struct pollfd waited = { .fd = 3, .events = POLLIN };

	for (;;) {
		FIELDS_AUTO request = { 0 };
		FIELDS_AUTO reply = { 0 };
		char verb[16];

		poll(&waited, 1, -1);
		if (message_receive(3, &request) || fields_get_text(&request, "verb", verb, sizeof verb) ||
		    text_equals(verb, "end")) {
			return 0;
		}
		report(&reply, argc, argv, environment);
		MUST(message_send(3, &reply));
		if (text_equals(verb, "stay")) {
			pause();
		}
	}
}
