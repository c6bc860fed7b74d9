/*
 * Ends a program by SIGKILL right after one of its system calls that leave something behind, for LD_PRELOAD. The
 * environment names a file in SFMFA_KILLAT that holds two 64-bit numbers in the byte order of the machine:
 *
 *   [0]  how many such calls were made; goes up
 *   [1]  after which one the program dies; 0: none
 *
 * The file is mapped and shared, so a test looks on and sets the end at any time. Without it nothing happens.
 */
#include <dlfcn.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#define EXPORT __attribute__((visibility("default")))

static int64_t *numbers; /* NULL: no file */

static __attribute__((constructor)) void
map_file(void)
{
	const char *path = getenv("SFMFA_KILLAT");
	struct stat status;
	void *page;
	int fd = path != NULL ? open(path, O_RDWR | O_CLOEXEC) : -1;

	if (fd < 0)
		return;
	if (fstat(fd, &status) == 0 && status.st_size >= (off_t)(2 * sizeof(*numbers))) {
		page = mmap(NULL, 2 * sizeof(*numbers), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
		if (page != MAP_FAILED)
			numbers = page;
	}
	close(fd);
}

static void
count(void)
{
	int64_t made;

	if (numbers == NULL)
		return;
	made = __atomic_add_fetch(&numbers[0], 1, __ATOMIC_SEQ_CST);
	if (made == __atomic_load_n(&numbers[1], __ATOMIC_SEQ_CST))
		kill(getpid(), SIGKILL);
}

/* Defines a function that calls the one of the C library and counts. */
#define COUNTED(type, name, parameters, arguments)                                             \
	EXPORT type name parameters;                                                            \
	EXPORT type name parameters                                                             \
	{                                                                                       \
		static type(*real) parameters;                                                  \
		type made;                                                                      \
                                                                                                \
		if (real == NULL)                                                               \
			*(void **)&real = dlsym(RTLD_NEXT, #name);                              \
		made = real arguments;                                                          \
		count();                                                                        \
		return made;                                                                    \
	}

COUNTED(ssize_t, write, (int fd, const void *bytes, size_t size), (fd, bytes, size))
COUNTED(ssize_t, pwrite, (int fd, const void *bytes, size_t size, off_t at), (fd, bytes, size, at))
COUNTED(ssize_t, pwrite64, (int fd, const void *bytes, size_t size, off64_t at), (fd, bytes, size, at))
COUNTED(int, ftruncate, (int fd, off_t size), (fd, size))
COUNTED(int, ftruncate64, (int fd, off64_t size), (fd, size))
COUNTED(int, fsync, (int fd), (fd))
COUNTED(int, fdatasync, (int fd), (fd))
COUNTED(int, rename, (const char *from, const char *to), (from, to))
COUNTED(int, unlink, (const char *path), (path))
COUNTED(int, fchmod, (int fd, mode_t mode), (fd, mode))
COUNTED(int, fchown, (int fd, uid_t uid, gid_t gid), (fd, uid, gid))
COUNTED(int, flock, (int fd, int how), (fd, how))
COUNTED(int, mkostemp, (char *path, int flags), (path, flags))
COUNTED(ssize_t, send, (int fd, const void *bytes, size_t size, int flags), (fd, bytes, size, flags))
COUNTED(ssize_t, sendmsg, (int fd, const struct msghdr *message, int flags), (fd, message, flags))

/* Of those that open files only the ones that may make one. */
#define COUNTED_OPEN(name)                                                                      \
	EXPORT int name(const char *path, int flags, ...);                                      \
	EXPORT int name(const char *path, int flags, ...)                                       \
	{                                                                                       \
		static int (*real)(const char *path, int flags, ...);                           \
		va_list list;                                                                   \
		mode_t mode;                                                                    \
		int fd;                                                                         \
                                                                                                \
		va_start(list, flags);                                                          \
		mode = (flags & (O_CREAT | O_TMPFILE)) != 0 ? va_arg(list, mode_t) : 0;         \
		va_end(list);                                                                   \
		if (real == NULL)                                                               \
			*(void **)&real = dlsym(RTLD_NEXT, #name);                              \
		fd = real(path, flags, mode);                                                   \
		if ((flags & O_CREAT) != 0)                                                     \
			count();                                                                \
		return fd;                                                                      \
	}

COUNTED_OPEN(open)
COUNTED_OPEN(open64)
