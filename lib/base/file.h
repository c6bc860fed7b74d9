/*
 * The only opener of configuration and keys. A file is read only if nobody but a trusted
 * owner could have written it: absolute path, no symbolic link in the last component, regular,
 * exactly one link, owner trusted, not writable by group or others, not larger than the limit.
 */
#ifndef SFMFA_BASE_FILE_H
#define SFMFA_BASE_FILE_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "base/error.h"

/* Who may own a file: uid 0, and this uid. */
struct file_trust {
	uid_t owner;
	size_t size_max;      /* bytes */
	bool private_to_owner; /* true: no access for others at all (keys); the group may read */
};

struct file_content {
	char *bytes; /* size bytes and a terminating NUL; heap, owned by this struct */
	size_t size;
};

#define FILE_CONTENT_AUTO __attribute__((cleanup(file_content_finish))) struct file_content

/*
 * SFMFA_ERR_NOT_FOUND (no such file), SFMFA_ERR_UNTRUSTED (who could have written it),
 * SFMFA_ERR_TOO_LARGE, SFMFA_ERR_INVALID (a NUL byte inside, a relative path), SFMFA_ERR_CHANGED
 * (written to while it was read), SFMFA_ERR_NO_MEMORY, SFMFA_ERR_SYSTEM.
 */
enum sfmfa_err
file_read_trusted(const char *path, const struct file_trust *trust, struct file_content *ret_content,
                  struct diag *diag) SFMFA_MUST_USE;

/* Wipes and frees; NULL and zeroed are allowed. */
void
file_content_finish(struct file_content *content);

/*
 * Writes path anew: temporary file (its name begins with '.') beside it, sync, rename, sync of the
 * folder. mode is exact, whatever the umask. SFMFA_ERR_INVALID (no file name), SFMFA_ERR_TOO_LARGE
 * (a long one), SFMFA_ERR_SYSTEM.
 */
enum sfmfa_err
file_write_atomic(const char *path, const void *bytes, size_t size, mode_t mode, struct diag *diag)
	SFMFA_MUST_USE;

/* The same, if nothing has that name; of many who try, one does it. SFMFA_ERR_EXISTS. */
enum sfmfa_err
file_write_new(const char *path, const void *bytes, size_t size, mode_t mode, struct diag *diag) SFMFA_MUST_USE;

/* After it the name of a file or folder that was just made outlasts a power cut. SFMFA_ERR_SYSTEM. */
enum sfmfa_err
file_sync_name(const char *path, struct diag *diag) SFMFA_MUST_USE;

/* Whether nobody but a trusted owner can make, rename or remove a file in it. SFMFA_ERR_NOT_FOUND, _UNTRUSTED. */
enum sfmfa_err
file_check_folder(const char *folder, const struct file_trust *trust, struct diag *diag) SFMFA_MUST_USE;

/*
 * The names in a folder that end in suffix and do not begin with '.', sorted bytewise, each checked
 * with text_is_name() less its suffix (SFMFA_ERR_INVALID). A folder that does not exist is empty.
 * The folder itself must be trusted: SFMFA_ERR_UNTRUSTED. More than FILE_NAMES_MAX:
 * SFMFA_ERR_TOO_LARGE.
 */
#define FILE_NAMES_MAX 4096

struct file_names {
	char **names; /* heap */
	size_t count, capacity;
};

enum sfmfa_err
file_list_trusted(const char *folder, const char *suffix, const struct file_trust *trust,
                  struct file_names *ret_names, struct diag *diag) SFMFA_MUST_USE;

/* Adds a copy of a name at the end. SFMFA_ERR_TOO_LARGE, SFMFA_ERR_NO_MEMORY. */
enum sfmfa_err
file_names_add(struct file_names *names, const char *name) SFMFA_MUST_USE;

void
file_names_finish(struct file_names *names);

#endif
