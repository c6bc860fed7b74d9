#include "base/file.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/secret.h"
#include "base/text.h"

static void
close_quietly(int *fd)
{
	if (*fd >= 0) {
		int saved = errno;

		close(*fd);
		errno = saved;
	}
}

#define FD_AUTO __attribute__((cleanup(close_quietly))) int

static enum sfmfa_err
open_trusted(const char *path, int flags, int *ret_fd, struct diag *diag)
{
	int fd;

	if (path[0] != '/') {
		return diag_set(diag, SFMFA_ERR_INVALID, path, 0, "not an absolute path");
	}
	/* O_NONBLOCK: a FIFO must not hang the login before its type is known. */
	fd = open(path, O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK | O_NOCTTY | flags);
	if (fd >= 0) {
		*ret_fd = fd;
		return SFMFA_OK;
	}
	/* O_DIRECTORY looks at a symbolic link before O_NOFOLLOW does: not a folder either. */
	if (errno == ENOTDIR && (flags & O_DIRECTORY)) {
		return diag_set(diag, SFMFA_ERR_UNTRUSTED, path, 0, "is not a folder");
	}
	switch (errno) {
	case ENOENT: return diag_set(diag, SFMFA_ERR_NOT_FOUND, path, 0, "does not exist");
	case ELOOP: return diag_set(diag, SFMFA_ERR_UNTRUSTED, path, 0, "is a symbolic link");
	case ENXIO: return diag_set(diag, SFMFA_ERR_UNTRUSTED, path, 0, "is not a regular file");
	case EMFILE:
	case ENFILE:
	case ENOMEM: return diag_set(diag, SFMFA_ERR_NO_MEMORY, path, 0, "cannot be opened: %s", strerror(errno));
	default: return diag_set(diag, SFMFA_ERR_SYSTEM, path, 0, "cannot be opened: %s", strerror(errno));
	}
}

/* Whether nobody but a trusted owner can write it. */
static enum sfmfa_err
check_owner(const char *path, const struct stat *st, const struct file_trust *trust, struct diag *diag)
{
	if (st->st_uid != 0 && st->st_uid != trust->owner) {
		return diag_set(diag, SFMFA_ERR_UNTRUSTED, path, 0, "is owned by uid %lu, not by root%s",
				(unsigned long)st->st_uid, trust->owner ? " or the service's user" : "");
	}
	if (st->st_mode & (S_IWGRP | S_IWOTH)) {
		return diag_set(diag, SFMFA_ERR_UNTRUSTED, path, 0,
				"is writable by group or others (mode %04o)", (unsigned)st->st_mode & 07777U);
	}
	return SFMFA_OK;
}

static enum sfmfa_err
check_file(const char *path, const struct stat *st, const struct file_trust *trust, struct diag *diag)
{
	enum sfmfa_err err;

	if (!S_ISREG(st->st_mode)) {
		return diag_set(diag, SFMFA_ERR_UNTRUSTED, path, 0, "is not a regular file");
	}
	err = check_owner(path, st, trust, diag);
	if (err) {
		return err;
	}
	if (st->st_nlink != 1) {
		return diag_set(diag, SFMFA_ERR_UNTRUSTED, path, 0, "has %lu hard links instead of one",
				(unsigned long)st->st_nlink);
	}
	if (trust->private_to_owner && (st->st_mode & S_IRWXO)) {
		return diag_set(diag, SFMFA_ERR_UNTRUSTED, path, 0,
				"is a secret, but accessible to others (mode %04o)",
				(unsigned)st->st_mode & 07777U);
	}
	if (st->st_size < 0 || (uintmax_t)st->st_size > trust->size_max) {
		return diag_set(diag, SFMFA_ERR_TOO_LARGE, path, 0, "is larger than %zu bytes",
				trust->size_max);
	}
	return SFMFA_OK;
}

/* Fills the content until the end of the file or of the buffer. */
static bool
read_all(int fd, struct file_content *content, size_t capacity)
{
	while (content->size < capacity) {
		ssize_t got = read(fd, content->bytes + content->size, capacity - content->size);

		if (got < 0 && errno == EINTR) {
			continue;
		}
		if (got < 0) {
			return false;
		}
		if (got == 0) {
			return true;
		}
		content->size += (size_t)got;
	}
	return true;
}

static bool
is_same_state(const struct stat *a, const struct stat *b)
{
	return a->st_size == b->st_size && a->st_mtim.tv_sec == b->st_mtim.tv_sec &&
	       a->st_mtim.tv_nsec == b->st_mtim.tv_nsec;
}

enum sfmfa_err
file_read_trusted(const char *path, const struct file_trust *trust, struct file_content *ret_content,
		  struct diag *diag)
{
	FILE_CONTENT_AUTO content = { 0 };
	FD_AUTO fd = -1;
	struct stat before;
	struct stat after;
	size_t size;
	enum sfmfa_err err = open_trusted(path, 0, &fd, diag);

	if (err) {
		return err;
	}
	if (fstat(fd, &before) < 0) {
		return diag_set(diag, SFMFA_ERR_SYSTEM, path, 0, "cannot be looked at: %s", strerror(errno));
	}
	err = check_file(path, &before, trust, diag);
	if (err) {
		return err;
	}
	size = (size_t)before.st_size;
	content.bytes = malloc(size + 1);
	if (!content.bytes) {
		return diag_set(diag, SFMFA_ERR_NO_MEMORY, path, 0, "no memory to read it");
	}
	if (!read_all(fd, &content, size + 1) || fstat(fd, &after) < 0) {
		return diag_set(diag, SFMFA_ERR_SYSTEM, path, 0, "cannot be read: %s", strerror(errno));
	}
	if (content.size != size || !is_same_state(&before, &after)) {
		return diag_set(diag, SFMFA_ERR_CHANGED, path, 0, "changed while it was read");
	}
	content.bytes[size] = '\0';
	if (memchr(content.bytes, '\0', size)) {
		return diag_set(diag, SFMFA_ERR_INVALID, path, 0, "contains a NUL byte");
	}
	*ret_content = content;
	content = (struct file_content){ 0 };
	return SFMFA_OK;
}

void
file_content_finish(struct file_content *content)
{
	if (!content) {
		return;
	}
	wipe(content->bytes, content->size);
	free(content->bytes);
	*content = (struct file_content){ 0 };
}

static bool
write_all(int fd, const void *bytes, size_t size)
{
	const char *at = bytes;

	while (size > 0) {
		ssize_t put = write(fd, at, size);

		if (put < 0 && errno == EINTR) {
			continue;
		}
		if (put <= 0) {
			return false;
		}
		at += put;
		size -= (size_t)put;
	}
	return true;
}

/* The folder of a path, and beside the path a hidden name for mkostemp(). */
static enum sfmfa_err
name_neighbours(const char *path, char folder[PATH_MAX], char temporary[PATH_MAX])
{
	const char *slash = strrchr(path, '/');
	const char *name = slash ? slash + 1 : path;
	int size = slash ? (int)(slash - path) + (slash == path) : 1;
	enum sfmfa_err err;

	if (name[0] == '\0' || strlen(path) >= PATH_MAX) {
		return SFMFA_ERR_INVALID;
	}
	err = text_format(folder, PATH_MAX, "%.*s", size, slash ? path : ".");
	return err ? err : text_format(temporary, PATH_MAX, "%s/.%s.XXXXXX", folder, name);
}

/* A rename lasts only once its folder is on the disk. */
enum sfmfa_err
file_sync_name(const char *path, struct diag *diag)
{
	char folder[PATH_MAX];
	char temporary[PATH_MAX];
	enum sfmfa_err err = name_neighbours(path, folder, temporary);
	FD_AUTO fd = err ? -1 : open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (err) {
		return diag_set(diag, err, path, 0, "is not a usable file name");
	}
	if (fd < 0 || fsync(fd) < 0) {
		return diag_set(diag, SFMFA_ERR_SYSTEM, path, 0, "is written, but may not last: %s",
				strerror(errno));
	}
	return SFMFA_OK;
}

/* As rename(), if nothing has the new name; EEXIST. A file never has two names, but on file systems too old for that. */
static int
rename_new(const char *from, const char *to)
{
	if (renameat2(AT_FDCWD, from, AT_FDCWD, to, RENAME_NOREPLACE) == 0) {
		return 0;
	}
	if (errno != EINVAL && errno != ENOSYS) {
		return -1;
	}
	return link(from, to) < 0 ? -1 : unlink(from);
}

static enum sfmfa_err
write_file(const char *path, const void *bytes, size_t size, mode_t mode, int (*put)(const char *from, const char *to),
	   struct diag *diag)
{
	char folder[PATH_MAX];
	char temporary[PATH_MAX];
	FD_AUTO fd = -1;
	enum sfmfa_err err = name_neighbours(path, folder, temporary);

	if (err) {
		return diag_set(diag, err, path, 0, "is not a usable file name");
	}
	fd = mkostemp(temporary, O_CLOEXEC);
	if (fd < 0) {
		return diag_set(diag, SFMFA_ERR_SYSTEM, path, 0, "cannot be written: %s", strerror(errno));
	}
	if (!write_all(fd, bytes, size) || fchmod(fd, mode) < 0 || fsync(fd) < 0 || put(temporary, path) < 0) {
		err = diag_set(diag, errno == EEXIST ? SFMFA_ERR_EXISTS : SFMFA_ERR_SYSTEM, path, 0,
			       "cannot be written: %s", strerror(errno));
		unlink(temporary);
		return err;
	}
	return file_sync_name(path, diag);
}

enum sfmfa_err
file_write_atomic(const char *path, const void *bytes, size_t size, mode_t mode, struct diag *diag)
{
	return write_file(path, bytes, size, mode, rename, diag);
}

enum sfmfa_err
file_write_new(const char *path, const void *bytes, size_t size, mode_t mode, struct diag *diag)
{
	return write_file(path, bytes, size, mode, rename_new, diag);
}

static void
close_folder(DIR **folder)
{
	if (*folder) {
		closedir(*folder);
	}
}

static enum sfmfa_err
open_folder(const char *path, const struct file_trust *trust, DIR **ret_folder, struct diag *diag)
{
	FD_AUTO fd = -1;
	struct stat st;
	DIR *folder;
	enum sfmfa_err err = open_trusted(path, O_DIRECTORY, &fd, diag);

	if (err) {
		return err;
	}
	if (fstat(fd, &st) < 0) {
		return diag_set(diag, SFMFA_ERR_SYSTEM, path, 0, "cannot be looked at: %s", strerror(errno));
	}
	err = check_owner(path, &st, trust, diag);
	if (err) {
		return err;
	}
	folder = fdopendir(fd);
	if (!folder) {
		return diag_set(diag, errno == ENOMEM ? SFMFA_ERR_NO_MEMORY : SFMFA_ERR_SYSTEM, path, 0,
				"cannot be listed: %s", strerror(errno));
	}
	fd = -1;
	*ret_folder = folder;
	return SFMFA_OK;
}

enum sfmfa_err
file_check_folder(const char *folder, const struct file_trust *trust, struct diag *diag)
{
	__attribute__((cleanup(close_folder))) DIR *opened = NULL;

	return open_folder(folder, trust, &opened, diag);
}

/* Whether the file is one of ours; backups and hidden files of editors are not. */
static bool
is_listed(const char *name, const char *suffix)
{
	size_t size = strlen(name);
	size_t suffix_size = strlen(suffix);

	return name[0] != '.' && size >= suffix_size && text_equals(name + size - suffix_size, suffix);
}

static bool
is_stem_a_name(const char *name, const char *suffix)
{
	char stem[NAME_MAX + 1];

	return !text_format(stem, sizeof stem, "%.*s", (int)(strlen(name) - strlen(suffix)), name) &&
	       text_is_name(stem);
}

enum sfmfa_err
file_names_add(struct file_names *names, const char *name)
{
	char *copy;

	if (names->count == FILE_NAMES_MAX) {
		return SFMFA_ERR_TOO_LARGE;
	}
	if (names->count == names->capacity) {
		size_t larger = names->capacity ? names->capacity * 2 : 16;
		char **grown = reallocarray(names->names, larger, sizeof *grown);

		if (!grown) {
			return SFMFA_ERR_NO_MEMORY;
		}
		names->names = grown;
		names->capacity = larger;
	}
	copy = strdup(name);
	if (!copy) {
		return SFMFA_ERR_NO_MEMORY;
	}
	names->names[names->count++] = copy;
	return SFMFA_OK; /* gcc-analyzer: it does not see that the list holds the copy */
}

static enum sfmfa_err
collect_names(DIR *folder, const char *path, const char *suffix, struct file_names *names, struct diag *diag)
{
	for (;;) {
		const struct dirent *entry;
		enum sfmfa_err err;

		errno = 0;
		entry = readdir(folder);
		if (!entry) {
			return errno == 0 ? SFMFA_OK
					  : diag_set(diag, SFMFA_ERR_SYSTEM, path, 0, "cannot be listed: %s",
						     strerror(errno));
		}
		if (!is_listed(entry->d_name, suffix)) {
			continue;
		}
		if (!is_stem_a_name(entry->d_name, suffix)) {
			char shown[DIAG_TEXT_SIZE / 2];

			text_printable(shown, sizeof shown, entry->d_name);
			return diag_set(diag, SFMFA_ERR_INVALID, path, 0, "\"%s\" is not a usable file name",
					shown);
		}
		err = file_names_add(names, entry->d_name);
		if (err) {
			return diag_set(diag, err, path, 0, "too many files in it");
		}
	}
}

static int
compare_names(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

enum sfmfa_err
file_list_trusted(const char *folder, const char *suffix, const struct file_trust *trust,
		  struct file_names *ret_names, struct diag *diag)
{
	__attribute__((cleanup(file_names_finish))) struct file_names names = { 0 };
	__attribute__((cleanup(close_folder))) DIR *opened = NULL;
	enum sfmfa_err err = open_folder(folder, trust, &opened, diag);

	if (err == SFMFA_ERR_NOT_FOUND) {
		*ret_names = (struct file_names){ 0 };
		return SFMFA_OK;
	}
	if (err) {
		return err;
	}
	err = collect_names(opened, folder, suffix, &names, diag);
	if (err) {
		return err;
	}
	if (names.count > 0) {
		qsort(names.names, names.count, sizeof *names.names, compare_names);
	}
	*ret_names = names;
	names = (struct file_names){ 0 };
	return SFMFA_OK;
}

void
file_names_finish(struct file_names *names)
{
	if (!names) {
		return;
	}
	for (size_t i = 0; i < names->count; i++) {
		free(names->names[i]);
	}
	free(names->names);
	*names = (struct file_names){ 0 };
}
