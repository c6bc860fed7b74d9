/* See disklog.h. The calls that sfmfad and SQLite use; system calls directly, so that nothing has to be looked up. */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#include "disklog.h"

#define EXPORT  __attribute__((visibility("default")))
#define LOG_FD  500 /* above those of the program */
#define FDS_MAX 1024

static int log_fd = -1; /* -1: nothing is taken down */
static const char *folder;
/* What was opened below the folder; 0: something else. A closed one is told from its successor by the inode. */
static struct opened {
	ino_t inode;
	char name[PATH_MAX]; /* of folders */
} opened[FDS_MAX];

static __attribute__((constructor)) void
open_log(void)
{
	const char *path = getenv("SFMFA_DISKLOG");
	int fd;

	folder = getenv("SFMFA_DISKLOG_FOLDER");
	if (path == NULL || folder == NULL)
		return;
	fd = (int)syscall(SYS_openat, AT_FDCWD, path, O_WRONLY | O_APPEND | O_CLOEXEC);
	if (fd < 0)
		return;
	log_fd = fcntl(fd, F_DUPFD_CLOEXEC, LOG_FD);
	close(fd);
}

/* A test that misses a record would test nothing. */
static void
take_down(struct disklog_record record, const char *name, const char *other, const void *data, size_t size)
{
	int saved = errno;
	struct iovec parts[] = {
		{ &record, sizeof(record) },
		{ (void *)(uintptr_t)name, name != NULL ? strlen(name) : 0 },
		{ (void *)(uintptr_t)other, other != NULL ? strlen(other) : 0 },
		{ (void *)(uintptr_t)data, size },
	};
	size_t all = 0;

	record.name_size = (uint32_t)parts[1].iov_len;
	record.other_size = (uint32_t)parts[2].iov_len;
	record.data_size = (uint32_t)size;
	for (int i = 0; i < 4; i++)
		all += parts[i].iov_len;
	if (writev(log_fd, parts, 4) != (ssize_t)all)
		abort();
	errno = saved;
}

static bool
is_below(const char *path)
{
	size_t size;

	if (log_fd < 0)
		return false;
	size = strlen(folder);
	return strncmp(path, folder, size) == 0 && (path[size] == '/' || path[size] == '\0');
}

/* The inode behind a descriptor that was opened below the folder, else 0. */
static ino_t
inode_of(int fd)
{
	struct stat status;
	int saved = errno;
	ino_t inode = 0;

	if (log_fd >= 0 && fd >= 0 && fd < FDS_MAX && opened[fd].inode != 0 && fstat(fd, &status) == 0 &&
	    (S_ISREG(status.st_mode) || S_ISDIR(status.st_mode)) && status.st_ino == opened[fd].inode)
		inode = status.st_ino;
	errno = saved;
	return inode;
}

static void
note_opened(int fd, const char *path, bool is_new, int flags)
{
	struct stat status;

	if (fd < 0 || fd >= FDS_MAX)
		return;
	opened[fd].inode = 0;
	if (!is_below(path) || fstat(fd, &status) != 0 || (!S_ISREG(status.st_mode) && !S_ISDIR(status.st_mode)))
		return;
	opened[fd].inode = status.st_ino;
	snprintf(opened[fd].name, sizeof(opened[fd].name), "%s", path);
	if (is_new)
		take_down((struct disklog_record){ .kind = DISKLOG_CREATE, .inode = status.st_ino }, path, NULL, NULL, 0);
	else if ((flags & O_TRUNC) != 0)
		take_down((struct disklog_record){ .kind = DISKLOG_TRUNCATE, .inode = status.st_ino }, NULL, NULL, NULL, 0);
}

static int
open_noted(const char *path, int flags, mode_t mode)
{
	struct stat status;
	int saved = errno;
	bool is_new = (flags & O_CREAT) != 0 && is_below(path) && lstat(path, &status) != 0;
	int fd;

	errno = saved;
	fd = (int)syscall(SYS_openat, AT_FDCWD, path, flags, mode);
	saved = errno;
	note_opened(fd, path, is_new, flags);
	errno = saved;
	return fd;
}

#define OPEN(name)                                                                                           \
	EXPORT int name(const char *path, int flags, ...)                                                    \
	{                                                                                                    \
		mode_t mode = 0;                                                                             \
		va_list args;                                                                                \
                                                                                                             \
		if ((flags & (O_CREAT | O_TMPFILE)) != 0) {                                                  \
			va_start(args, flags);                                                               \
			mode = va_arg(args, mode_t);                                                         \
			va_end(args);                                                                        \
		}                                                                                            \
		return open_noted(path, flags, mode);                                                        \
	}
OPEN(open)
OPEN(open64)

/* As libc makes them: six letters that nobody can guess; here, until one is free. */
static int
make_temporary(char *name, int flags)
{
	static const char letters[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789";
	unsigned char random[6];

	for (int i = 0; i < 100; i++) {
		char *end = name + strlen(name) - sizeof(random);
		int fd;

		if (syscall(SYS_getrandom, random, sizeof(random), 0) != (long)sizeof(random))
			return -1;
		for (size_t at = 0; at < sizeof(random); at++)
			end[at] = letters[random[at] % (sizeof(letters) - 1)];
		fd = open_noted(name, O_RDWR | O_CREAT | O_EXCL | flags, 0600);
		if (fd >= 0 || errno != EEXIST)
			return fd;
	}
	return -1;
}

EXPORT int
mkostemp(char *name, int flags)
{
	return make_temporary(name, flags);
}

EXPORT int
mkostemp64(char *name, int flags)
{
	return make_temporary(name, flags);
}

static ssize_t
write_noted(int fd, const void *bytes, size_t size, int64_t offset)
{
	ssize_t done = offset < 0 ? syscall(SYS_write, fd, bytes, size) : syscall(SYS_pwrite64, fd, bytes, size, offset);
	ino_t inode = done > 0 ? inode_of(fd) : 0;

	if (inode == 0)
		return done;
	if (offset < 0)
		offset = lseek(fd, 0, SEEK_CUR) - done;
	take_down((struct disklog_record){ .kind = DISKLOG_WRITE, .inode = inode, .offset = offset }, NULL, NULL, bytes,
	          (size_t)done);
	return done;
}

EXPORT ssize_t
write(int fd, const void *bytes, size_t size)
{
	return write_noted(fd, bytes, size, -1);
}

EXPORT ssize_t
pwrite(int fd, const void *bytes, size_t size, off_t offset)
{
	return write_noted(fd, bytes, size, offset);
}

EXPORT ssize_t
pwrite64(int fd, const void *bytes, size_t size, off64_t offset)
{
	return write_noted(fd, bytes, size, offset);
}

static int
truncate_noted(int fd, int64_t size)
{
	int result = (int)syscall(SYS_ftruncate, fd, size);
	ino_t inode = result == 0 ? inode_of(fd) : 0;

	if (inode != 0)
		take_down((struct disklog_record){ .kind = DISKLOG_TRUNCATE, .inode = inode, .offset = size }, NULL, NULL,
		          NULL, 0);
	return result;
}

EXPORT int
ftruncate(int fd, off_t size)
{
	return truncate_noted(fd, size);
}

EXPORT int
ftruncate64(int fd, off64_t size)
{
	return truncate_noted(fd, size);
}

static int
sync_noted(int fd, long call)
{
	int result = (int)syscall(call, fd);
	ino_t inode = result == 0 ? inode_of(fd) : 0;
	struct stat status;

	if (inode != 0 && fstat(fd, &status) == 0 && S_ISDIR(status.st_mode))
		take_down((struct disklog_record){ .kind = DISKLOG_SYNC_FOLDER }, opened[fd].name, NULL, NULL, 0);
	else if (inode != 0)
		take_down((struct disklog_record){ .kind = DISKLOG_SYNC, .inode = inode }, NULL, NULL, NULL, 0);
	return result;
}

EXPORT int
fsync(int fd)
{
	return sync_noted(fd, SYS_fsync);
}

EXPORT int
fdatasync(int fd)
{
	return sync_noted(fd, SYS_fdatasync);
}

static int
names_noted(int result, enum disklog_kind kind, const char *name, const char *other)
{
	if (result == 0 && (is_below(name) || (other != NULL && is_below(other))))
		take_down((struct disklog_record){ .kind = kind }, name, other, NULL, 0);
	return result;
}

EXPORT int
rename(const char *from, const char *to)
{
	return names_noted((int)syscall(SYS_renameat2, AT_FDCWD, from, AT_FDCWD, to, 0), DISKLOG_RENAME, from, to);
}

EXPORT int
renameat2(int from_folder, const char *from, int to_folder, const char *to, unsigned flags)
{
	return names_noted((int)syscall(SYS_renameat2, from_folder, from, to_folder, to, flags), DISKLOG_RENAME, from, to);
}

EXPORT int
link(const char *from, const char *to)
{
	return names_noted((int)syscall(SYS_linkat, AT_FDCWD, from, AT_FDCWD, to, 0), DISKLOG_LINK, from, to);
}

EXPORT int
unlink(const char *name)
{
	return names_noted((int)syscall(SYS_unlinkat, AT_FDCWD, name, 0), DISKLOG_UNLINK, name, NULL);
}

EXPORT int
mkdir(const char *name, mode_t mode)
{
	return names_noted((int)syscall(SYS_mkdirat, AT_FDCWD, name, mode), DISKLOG_MKDIR, name, NULL);
}
