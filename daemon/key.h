/* The sealing key's file: read before privileges are given up, made at most once. */
#ifndef SFMFA_DAEMON_KEY_H
#define SFMFA_DAEMON_KEY_H

#include <sys/types.h>

#include "base/error.h"
#include "base/secret.h"

/* Owner: uid 0 or owner. SFMFA_ERR_NOT_FOUND: there is none; SFMFA_ERR_UNTRUSTED, SFMFA_ERR_INVALID. */
enum sfmfa_err
key_read(const char *path, uid_t owner, struct secret *ret_key, struct diag *diag) SFMFA_MUST_USE;

/*
 * Makes a random key, 0640, if and only if nothing has that name; of two who try, one makes it. The
 * file is on the disk before it has its name. SFMFA_ERR_EXISTS.
 */
enum sfmfa_err
key_make(const char *path, struct diag *diag) SFMFA_MUST_USE;

#endif
