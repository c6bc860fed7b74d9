/* The sealing key's files: read before privileges are given up, made at most once. */
#ifndef SFMFA_DAEMON_KEY_H
#define SFMFA_DAEMON_KEY_H

#include <sys/types.h>

#include "base/error.h"
#include "base/secret.h"

/* Owner: uid 0 or owner. SFMFA_ERR_NOT_FOUND: there is none; SFMFA_ERR_UNTRUSTED, SFMFA_ERR_INVALID. */
enum sfmfa_err
key_read(const char *path, uid_t owner, struct secret *ret_key, struct diag *diag) SFMFA_MUST_USE;

/*
 * What the files say: the key file, and the one that `sfmfa key rotate` has left beside it ("NAME.new") or is about
 * to put in its place. The store knows by which of them it opens.
 */
struct key_files {
	struct secret file;   /* empty: none could be read */
	struct secret beside; /* the same */
	int lock;             /* the key file, locked for as long as it has not opened the store; -1: not */
};
#define KEY_FILES_NONE { .lock = -1 }

/*
 * Reads both; one will do. While this holds the lock a rotation does not make worthless what was read. Owner as for
 * key_read(). Errors are those of the key file. *ret_told: what is wrong with one where the other can be read; "" = nothing.
 */
enum sfmfa_err
key_files_read(const char *path, uid_t owner, struct key_files *ret_files, struct diag *diag,
               struct diag *ret_told) SFMFA_MUST_USE;

/* Ends the lock. */
void
key_files_unlock(struct key_files *files);

/* The same, and wipes. */
void
key_files_clear(struct key_files *files);

/*
 * Makes a random key, 0640, if and only if nothing has that name; of two who try, one makes it. The
 * file is on the disk before it has its name, and never has two. Made by root it is readable to the group: the
 * daemon's, which a service manager may start without root, while root's own --once reads the same file.
 * SFMFA_ERR_EXISTS.
 */
enum sfmfa_err
key_make(const char *path, gid_t group, struct diag *diag) SFMFA_MUST_USE;

#endif
