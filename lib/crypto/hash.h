/* Digests of what is no secret, and keyed hashes of what is one. */
#ifndef SFMFA_CRYPTO_HASH_H
#define SFMFA_CRYPTO_HASH_H

#include <stddef.h>

#include "base/error.h"
#include "crypto/keyring.h"

#define DIGEST_SIZE 32 /* SHA-256 */
#define HMAC_SIZE   32

/* SHA-256 of bytes that are no secret (digests of files, ids). */
enum sfmfa_err
digest_sha256(const void *bytes, size_t size, unsigned char ret_digest[DIGEST_SIZE]) SFMFA_MUST_USE;

/*
 * HMAC-SHA-256 under the hash key, over domain, a NUL, and the bytes. domain separates uses
 * ("token", "recovery:<user id>", "name") and is never empty. Fast on purpose: tokens have 128 bits
 * of entropy. SFMFA_ERR_CRYPTO: the keyring is not ready; SFMFA_ERR_INVALID: no domain.
 */
enum sfmfa_err
keyed_hash(const struct keyring *keyring, const char *domain, const void *bytes, size_t size,
           unsigned char ret_hash[HMAC_SIZE]) SFMFA_MUST_USE;

/* The same over bytes that come one after the other. A hasher that has ended, or failed, is only destroyed. */
struct hasher;

/* Errors as of keyed_hash(). */
enum sfmfa_err
hasher_create(const struct keyring *keyring, const char *domain, struct hasher **ret_hasher) SFMFA_MUST_USE;
enum sfmfa_err
hasher_add(struct hasher *hasher, const void *bytes, size_t size) SFMFA_MUST_USE;
enum sfmfa_err
hasher_end(struct hasher *hasher, unsigned char ret_hash[HMAC_SIZE]) SFMFA_MUST_USE;
void
hasher_destroy(struct hasher *hasher); /* NULL is allowed */

#endif
