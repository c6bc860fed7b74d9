/* The watcher of hostile.c: what "sfmfad --once" is like while somebody types, read from /proc. */
#include <dirent.h>
#include <limits.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "hostile.h"

/* The child of a process; 0: none. */
static pid_t
child_of(pid_t parent)
{
	DIR *proc = opendir("/proc");
	const struct dirent *entry;
	pid_t found = 0;

	MUST(proc != NULL);
	while (found == 0 && (entry = readdir(proc)) != NULL) {
		char path[PATH_MAX], line[512] = "";
		const char *end;
		FILE *file;

		snprintf(path, sizeof(path), "/proc/%s/stat", entry->d_name);
		file = entry->d_name[0] >= '0' && entry->d_name[0] <= '9' ? fopen(path, "re") : NULL;
		if (file == NULL)
			continue;
		if (fgets(line, sizeof(line), file) != NULL && (end = strrchr(line, ')')) != NULL &&
		    atoi(end + 4) == parent)
			found = atoi(entry->d_name);
		fclose(file);
	}
	closedir(proc);
	return found;
}

/* The rest of the line of /proc/PID/status that begins with a key. */
static void
status_of(pid_t pid, const char *key, char ret_value[128])
{
	char path[64], line[256];
	FILE *file;

	snprintf(path, sizeof(path), "/proc/%d/status", (int)pid);
	file = fopen(path, "re");
	MUST(file != NULL);
	ret_value[0] = '\0';
	while (fgets(line, sizeof(line), file) != NULL) {
		if (strncmp(line, key, strlen(key)) == 0)
			snprintf(ret_value, 128, "%.*s", (int)strcspn(line + strlen(key) + 1, " \n"),
				 line + strlen(key) + 1);
	}
	fclose(file);
}

static size_t
size_of(pid_t pid, const char *name)
{
	char path[64], bytes[4096];
	size_t size;
	FILE *file;

	snprintf(path, sizeof(path), "/proc/%d/%s", (int)pid, name);
	file = fopen(path, "re");
	MUST(file != NULL);
	size = fread(bytes, 1, sizeof(bytes), file);
	fclose(file);
	return size;
}

/* Descriptors that are the application's or the watcher's. */
static unsigned
inherited_by(pid_t pid, int pipe_fd)
{
	char path[PATH_MAX], target[PATH_MAX];
	unsigned count = 0;

	for (int fd = 0; fd < DESCRIPTORS_END; fd++) {
		struct stat theirs, ours;
		ssize_t size;

		snprintf(path, sizeof(path), "/proc/%d/fd/%d", (int)pid, fd);
		size = readlink(path, target, sizeof(target) - 1);
		if (size < 0)
			continue;
		target[size] = '\0';
		if (strncmp(target, plan.folder, strlen(plan.folder)) == 0)
			count++;
		else if (stat(path, &theirs) == 0 && fstat(pipe_fd, &ours) == 0 &&
			 theirs.st_ino == ours.st_ino)
			count++;
	}
	return count;
}

static void
look_at(pid_t pid, int pipe_fd)
{
	char uid[128], gid[128], groups[128], no_new_privs[128], path[64], folder[PATH_MAX] = "";

	/* Real, effective, saved: the first three, with tabs between them. */
	status_of(pid, "Uid:", uid);
	uid[strcspn(uid, "\t")] = '\0';
	status_of(pid, "Gid:", gid);
	gid[strcspn(gid, "\t")] = '\0';
	status_of(pid, "Groups:", groups);
	status_of(pid, "NoNewPrivs:", no_new_privs);
	snprintf(path, sizeof(path), "/proc/%d/cwd", (int)pid);
	MUST(readlink(path, folder, sizeof(folder) - 1) > 0);
	printf("once: uid=%s gid=%s groups=%s environ=%zu cwd=%s no_new_privs=%s inherited=%u\n", uid, gid,
	       groups, size_of(pid, "environ"), folder, no_new_privs, inherited_by(pid, pipe_fd));
	fflush(stdout);
}

void
watch(pid_t application, int pipe_fd)
{
	pid_t keeper = child_of(application);
	pid_t daemon = keeper > 0 ? child_of(keeper) : 0;

	if (daemon > 0)
		look_at(daemon, pipe_fd);
	if (has_vice("kill-daemon") && daemon > 0)
		kill(daemon, SIGKILL);
	if (has_vice("kill-keeper") && keeper > 0)
		kill(keeper, SIGKILL);
	if (has_vice("stop")) {
		int status;

		kill(application, SIGSTOP);
		MUST(waitpid(application, &status, WUNTRACED) == application && WIFSTOPPED(status));
		kill(application, SIGCONT);
	}
}
