/*
 * System calls that fail, for LD_PRELOAD (faults.h). Descriptors are asked for their file each time: slow, and
 * never out of date.
 */
#undef _FILE_OFFSET_BITS /* both families of names are defined here */
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "faults.h"

#define EXPORT __attribute__((visibility("default")))

/* The function of that name behind this library. */
#define NEXT(name)                                                                                           \
	static __typeof__(name) *next;                                                                       \
	if (next == NULL) {                                                                                  \
		union {                                                                                      \
			void *pointer;                                                                       \
			__typeof__(name) *function;                                                          \
		} found = { .pointer = dlsym(RTLD_NEXT, #name) };                                            \
		next = found.function;                                                                       \
	}

static bool
is_below(const char *path)
{
	const char *folder = faults_here()->folder;
	size_t size = strlen(folder);

	return size > 0 && strncmp(path, folder, size) == 0 && (path[size] == '/' || path[size] == '\0');
}

static bool
is_file_below(int fd)
{
	char link[32], path[512];
	ssize_t size;

	if ((faults_here()->kinds & (FAULT_FILE | FAULT_READ)) == 0)
		return false;
	snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
	size = readlink(link, path, sizeof(path) - 1);
	if (size < 0)
		return false;
	path[size] = '\0';
	return is_below(path);
}

static bool
opening_fails(const char *path, int flags)
{
	if (is_below(path)) {
		bool writes = (flags & (O_CREAT | O_TRUNC)) != 0 || (flags & O_ACCMODE) != O_RDONLY;

		if (writes ? faults_fails(FAULT_FILE, ENOSPC) : faults_fails(FAULT_READ, EIO))
			return true;
	}
	return faults_fails(FAULT_OPEN, EMFILE);
}

#define OPEN(name)                                                                                           \
	EXPORT int name(const char *path, int flags, ...)                                                    \
	{                                                                                                    \
		mode_t mode;                                                                                 \
		va_list args;                                                                                \
		NEXT(name)                                                                                   \
                                                                                                             \
		va_start(args, flags);                                                                       \
		mode = (flags & (O_CREAT | O_TMPFILE)) != 0 ? va_arg(args, mode_t) : 0;                      \
		va_end(args);                                                                                \
		return opening_fails(path, flags) ? -1 : next(path, flags, mode);                            \
	}

OPEN(open)
OPEN(open64)

int
__open64_2(const char *path, int flags);
EXPORT int
__open64_2(const char *path, int flags)
{
	NEXT(__open64_2)

	return opening_fails(path, flags) ? -1 : next(path, flags);
}

/* A function about a descriptor that fails if this is one of the folder's. */
#define ON_FILE(kind, error, result, name, parameters, arguments)                                            \
	EXPORT result name parameters                                                                        \
	{                                                                                                    \
		NEXT(name)                                                                                   \
                                                                                                             \
		return is_file_below(fd) && faults_fails(kind, error) ? -1 : next arguments;                 \
	}

ON_FILE(FAULT_FILE, ENOSPC, ssize_t, write, (int fd, const void *bytes, size_t size), (fd, bytes, size))
ON_FILE(FAULT_FILE, ENOSPC, ssize_t, pwrite, (int fd, const void *bytes, size_t size, off_t at), (fd, bytes, size, at))
ON_FILE(FAULT_FILE, ENOSPC, ssize_t, pwrite64, (int fd, const void *bytes, size_t size, off64_t at),
	(fd, bytes, size, at))
ON_FILE(FAULT_FILE, EIO, int, fsync, (int fd), (fd))
ON_FILE(FAULT_FILE, EIO, int, fdatasync, (int fd), (fd))
ON_FILE(FAULT_FILE, EIO, int, ftruncate, (int fd, off_t size), (fd, size))
ON_FILE(FAULT_FILE, EIO, int, ftruncate64, (int fd, off64_t size), (fd, size))
ON_FILE(FAULT_FILE, EPERM, int, fchmod, (int fd, mode_t mode), (fd, mode))
ON_FILE(FAULT_READ, EIO, ssize_t, read, (int fd, void *bytes, size_t size), (fd, bytes, size))
ON_FILE(FAULT_READ, EIO, ssize_t, pread64, (int fd, void *bytes, size_t size, off64_t at), (fd, bytes, size, at))

EXPORT int
rename(const char *from, const char *to)
{
	NEXT(rename)

	return is_below(to) && faults_fails(FAULT_FILE, ENOSPC) ? -1 : next(from, to);
}

EXPORT int
unlink(const char *path)
{
	NEXT(unlink)

	return is_below(path) && faults_fails(FAULT_FILE, EIO) ? -1 : next(path);
}

EXPORT int
mkdir(const char *path, mode_t mode)
{
	NEXT(mkdir)

	return is_below(path) && faults_fails(FAULT_FILE, ENOSPC) ? -1 : next(path, mode);
}

EXPORT int
mkostemp64(char *template, int flags)
{
	NEXT(mkostemp64)

	return opening_fails(template, O_CREAT) ? -1 : next(template, flags);
}

EXPORT int
socket(int domain, int type, int protocol)
{
	NEXT(socket)

	return faults_fails(FAULT_OPEN | FAULT_SOCKET, EMFILE) ? -1 : next(domain, type, protocol);
}

/* Descriptors that are given out in pairs or by accept(). */
EXPORT int
socketpair(int domain, int type, int protocol, int pair[2])
{
	NEXT(socketpair)

	return faults_fails(FAULT_OPEN | FAULT_SOCKET, EMFILE) ? -1 : next(domain, type, protocol, pair);
}

EXPORT int
accept4(int fd, __SOCKADDR_ARG address, socklen_t *size, int flags)
{
	NEXT(accept4)

	return faults_fails(FAULT_OPEN | FAULT_SOCKET, EMFILE) ? -1 : next(fd, address, size, flags);
}

EXPORT int
connect(int fd, __CONST_SOCKADDR_ARG address, socklen_t size)
{
	NEXT(connect)

	return faults_fails(FAULT_SOCKET, ECONNREFUSED) ? -1 : next(fd, address, size);
}

EXPORT int
getsockopt(int fd, int level, int name, void *value, socklen_t *size)
{
	NEXT(getsockopt)

	return faults_fails(FAULT_SOCKET, ENOBUFS) ? -1 : next(fd, level, name, value, size);
}

EXPORT ssize_t
sendmsg(int fd, const struct msghdr *message, int flags)
{
	NEXT(sendmsg)

	return faults_fails(FAULT_SOCKET, ENOBUFS) ? -1 : next(fd, message, flags);
}

EXPORT ssize_t
recvmsg(int fd, struct msghdr *message, int flags)
{
	NEXT(recvmsg)

	return faults_fails(FAULT_SOCKET, ECONNRESET) ? -1 : next(fd, message, flags);
}

EXPORT int
poll(struct pollfd *fds, nfds_t count, int milliseconds)
{
	NEXT(poll)

	return faults_fails(FAULT_SOCKET, ENOMEM) ? -1 : next(fds, count, milliseconds);
}

EXPORT int
epoll_ctl(int fd, int what, int other, struct epoll_event *event)
{
	NEXT(epoll_ctl)

	return what == EPOLL_CTL_ADD && faults_fails(FAULT_SOCKET, ENOMEM) ? -1 : next(fd, what, other, event);
}

EXPORT ssize_t
getrandom(void *bytes, size_t size, unsigned flags)
{
	NEXT(getrandom)

	return faults_fails(FAULT_RANDOM, ENOSYS) ? -1 : next(bytes, size, flags);
}
