/* The folder and the files of the store: who may have written them, and how they are made. */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "base/text.h"
#include "store/sqlite_private.h"

static void
close_fd(const int *fd)
{
	if (*fd >= 0)
		(void)close(*fd);
}

#define FD_AUTO __attribute__((cleanup(close_fd))) int

static bool
is_ours(const struct stat *status)
{
	return (status->st_uid == geteuid() || status->st_uid == 0) &&
	       (status->st_mode & (S_IWGRP | S_IWOTH)) == 0;
}

enum sfmfa_err
folder_trust(const char *folder, struct diag *diag)
{
	struct stat status;

	if (folder[0] != '/')
		return diag_set(diag, SFMFA_ERR_UNTRUSTED, folder, 0, "is not an absolute path");
	/* mkdir() heeds the umask; a folder that somebody else made meanwhile is looked at like any other. */
	if (lstat(folder, &status) != 0 && errno == ENOENT && mkdir(folder, 0700) == 0) {
		(void)chmod(folder, 0700);
		/* Syncing what is in it says nothing about its own name. */
		if (file_sync_name(folder, diag) != SFMFA_OK)
			return SFMFA_ERR_STORE;
	}
	if (lstat(folder, &status) != 0)
		return diag_set(diag, SFMFA_ERR_STORE, folder, 0, "%s", strerror(errno));
	if (!S_ISDIR(status.st_mode))
		return diag_set(diag, SFMFA_ERR_UNTRUSTED, folder, 0, "is not a folder");
	if (!is_ours(&status))
		return diag_set(diag, SFMFA_ERR_UNTRUSTED, folder, 0,
				"must be owned by uid %ld or root and not be writable by others",
				(long)geteuid());
	return SFMFA_OK;
}

enum sfmfa_err
file_trust(const char *path, struct diag *diag)
{
	struct stat status;

	/*
	 * Looked at, never opened: closing any descriptor of it would drop the locks of an open
	 * connection.
	 */
	if (lstat(path, &status) != 0) {
		if (errno == ENOENT)
			return SFMFA_ERR_NOT_FOUND;
		return diag_set(diag, SFMFA_ERR_STORE, path, 0, "%s", strerror(errno));
	}
	if (!S_ISREG(status.st_mode) || status.st_nlink != 1 || !is_ours(&status))
		return diag_set(diag, SFMFA_ERR_UNTRUSTED, path, 0,
				"must be a regular file with one name, owned by uid %ld or root and not "
				"writable by others",
				(long)geteuid());
	/*
	 * Made readable by accident (a restore): taken back where we can; only a backup of hashes
	 * would leak.
	 */
	if ((status.st_mode & (S_IRWXG | S_IRWXO)) != 0)
		(void)chmod(path, status.st_mode & S_IRWXU);
	return SFMFA_OK;
}

enum sfmfa_err
file_make(const char *path, struct diag *diag)
{
	FD_AUTO fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);

	if (fd < 0 && errno == EEXIST)
		return SFMFA_OK;
	/* SQLite gives the log and the index the mode of the database. */
	if (fd < 0 || fchmod(fd, 0600) != 0)
		return diag_set(diag, SFMFA_ERR_STORE, path, 0, "cannot be made: %s", strerror(errno));
	return SFMFA_OK;
}

static bool
log_path(char path[PATH_MAX], const char *database_path)
{
	return text_format(path, PATH_MAX, "%s-wal", database_path) == SFMFA_OK;
}

bool
log_is_grown(const char *database_path, int64_t size)
{
	char path[PATH_MAX];
	struct stat status;

	return log_path(path, database_path) && lstat(path, &status) == 0 && status.st_size >= size;
}

void
log_grow(const char *database_path, int64_t size)
{
	static const char zeros[65536];
	char path[PATH_MAX];
	struct stat status;
	FD_AUTO fd = -1;

	if (!log_path(path, database_path))
		return;
	/* SQLite locks the database and the index, not the log: opening it beside SQLite drops no lock. */
	fd = open(path, O_WRONLY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK);
	if (fd < 0 || fstat(fd, &status) != 0 || !S_ISREG(status.st_mode))
		return;
	/*
	 * That SQLite has emptied it is on the disk first: old frames whose later ones were overwritten would, after a power
	 * cut, be taken for the newest, and bring back what was used since.
	 */
	if (status.st_size < size && fdatasync(fd) != 0)
		return;
	/* Written, not fallocated: a block that is only reserved may need another one when it is written. */
	for (off_t at = status.st_size; at < size;) {
		size_t part = size - at < (int64_t)sizeof zeros ? (size_t)(size - at) : sizeof zeros;
		ssize_t done = pwrite(fd, zeros, part, at);

		if (done <= 0)
			break;
		at += done;
	}
	(void)fdatasync(fd);
}

bool
log_is_empty(const char *database_path)
{
	static const unsigned char never_written[32];
	unsigned char head[sizeof never_written];
	char path[PATH_MAX];
	FD_AUTO fd = -1;
	ssize_t got;

	if (!log_path(path, database_path))
		return false;
	fd = open(path, O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK);
	if (fd < 0)
		return errno == ENOENT;
	got = pread(fd, head, sizeof head, 0);
	return got == 0 || (got == (ssize_t)sizeof head && memcmp(head, never_written, sizeof head) == 0);
}

int
folder_lock(const char *folder)
{
	int fd = open(folder, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

	if (fd >= 0 && flock(fd, LOCK_EX) != 0) {
		(void)close(fd);
		return -1;
	}
	return fd;
}

bool
database_is_current(const struct database *database, const char *folder)
{
	if (database->handle == NULL || database->outdated)
		return false;
	return !database->read_only || faccessat(AT_FDCWD, folder, W_OK, AT_EACCESS) != 0;
}
