/*
 * The only type a secret lives in: bounded, moved rather than copied, compared in
 * constant time, wiped when its scope ends (SECRET_AUTO).
 */
#ifndef SFMFA_BASE_SECRET_H
#define SFMFA_BASE_SECRET_H

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"

/* A password field of a PAM service is at most 512 bytes (PAM_MAX_RESP_SIZE). */
#define SECRET_MAX 512

struct secret {
	size_t size; /* bytes in use; 0 = empty */
	unsigned char bytes[SECRET_MAX];
};

#define SECRET_AUTO __attribute__((cleanup(secret_clear))) struct secret

/* Overwrites size bytes; the compiler may not leave it out. NULL is allowed. */
void
wipe(void *bytes, size_t size);

/* Replaces the contents. SFMFA_ERR_TOO_LARGE leaves the secret empty. */
enum sfmfa_err
secret_set(struct secret *secret, const void *bytes, size_t size) SFMFA_MUST_USE;

/* Moves *from into *to and wipes *from. */
void
secret_move(struct secret *to, struct secret *from);

/* Constant time in the contents (not in the sizes). Empty never equals anything. */
bool
secret_equals(const struct secret *a, const struct secret *b);

/* As secret_equals() for raw bytes of one size. size 0: false. */
bool
bytes_equal(const void *a, const void *b, size_t size);

void
secret_clear(struct secret *secret);

#endif
