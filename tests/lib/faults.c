#include "faults.h"

#include <dlfcn.h>
#include <errno.h>
#include <execinfo.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define FRAMES_MAX 24

static struct faults own;
static struct faults *page = &own;
static pid_t counted; /* the process whose calls count */
static __thread bool busy; /* what follows comes from here, not from the program */

static __attribute__((constructor)) void
map_page(void)
{
	const char *path = getenv("SFMFA_FAULTS");
	void *frame, *map;
	int fd;

	busy = true;
	own.left = -1;
	/* The first call loads a library, which is no thing to do inside malloc(). */
	(void)backtrace(&frame, 1);
	fd = path != NULL ? open(path, O_RDWR | O_CLOEXEC) : -1;
	if (fd >= 0) {
		map = mmap(NULL, sizeof(*page), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
		if (map != MAP_FAILED)
			page = map;
		close(fd);
	}
	counted = getpid();
	busy = false;
}

__attribute__((visibility("default"))) struct faults *
faults_here(void)
{
	return page;
}

/* "object+offset" a line: addr2line -e OBJECT OFFSET says the rest. */
static void
describe_caller(char *text, size_t size)
{
	void *frames[FRAMES_MAX];
	int count = backtrace(frames, FRAMES_MAX);
	size_t used = strlen(text);

	for (int i = 0; i < count; i++) {
		Dl_info info = { 0 };
		const char *name;
		int written;

		if (dladdr(frames[i], &info) == 0 || info.dli_fname == NULL)
			continue;
		name = strrchr(info.dli_fname, '/');
		name = name != NULL ? name + 1 : info.dli_fname;
		if (strncmp(name, "failio", 6) == 0 || strncmp(name, "failheap", 8) == 0)
			continue;
		written = snprintf(text + used, size - used, "%s+0x%lx %s\n", name,
				   (unsigned long)((const char *)frames[i] - (const char *)info.dli_fbase),
				   info.dli_sname != NULL ? info.dli_sname : "");
		if (written < 0 || (size_t)written >= size - used)
			break;
		used += (size_t)written;
	}
}

static bool
is_spared(const char *where)
{
	return page->spare[0] != '\0' && strstr(where, page->spare) != NULL;
}

__attribute__((visibility("default"))) bool
faults_fails(int kind, int error)
{
	char where[FAULTS_WHERE_SIZE] = "";
	int64_t left;

	if (busy || (page->kinds & kind) == 0 || (counted != 0 && getpid() != counted))
		return false;
	page->calls++;
	if (page->left < 0)
		return false;
	left = page->left;
	if (left > 0) {
		page->left--;
		return false;
	}
	busy = true;
	describe_caller(where, sizeof(where));
	busy = false;
	if (is_spared(where)) {
		page->spared++;
		if (!page->all)
			page->left = -1;
		return false;
	}
	memcpy(page->where, where, sizeof(where));
	page->failed++;
	if (!page->all)
		page->left = -1;
	errno = page->error != 0 ? page->error : error;
	return true;
}

static void
note_leak(const struct faults_secret *secret, uint64_t size)
{
	char leak[FAULTS_WHERE_SIZE];

	snprintf(leak, sizeof(leak), "%s in a block of %llu bytes\n", secret->name, (unsigned long long)size);
	describe_caller(leak, sizeof(leak));
	if (page->keeper[0] != '\0' && strstr(leak, page->keeper) != NULL)
		page->kept++;
	else if (page->leaks++ == 0)
		memcpy(page->leak, leak, sizeof(leak));
}

__attribute__((visibility("default"))) void
faults_freed(const void *block, uint64_t size)
{
	if (busy)
		return;
	busy = true;
	for (int i = 0; i < FAULTS_SECRETS && page->secrets[i].size != 0; i++) {
		if (memmem(block, size, page->secrets[i].bytes, page->secrets[i].size) != NULL)
			note_leak(&page->secrets[i], size);
	}
	page->freed++;
	busy = false;
}
