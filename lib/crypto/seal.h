/* Sealing of shared secrets for the store. */
#ifndef SFMFA_CRYPTO_SEAL_H
#define SFMFA_CRYPTO_SEAL_H

#include <stddef.h>

#include "base/error.h"
#include "base/secret.h"
#include "crypto/keyring.h"

/*
 * AES-256-GCM with a random nonce: nonce, cipher text, tag; SEAL_OVERHEAD bytes more than plain. context
 * binds the result to its record ("app", the user's id): moved to another row it does not open.
 * SFMFA_ERR_INVALID: no context, or nothing to seal (an empty shared secret would make codes that
 * anybody can compute); SFMFA_ERR_TOO_LARGE: more than sealed_max; SFMFA_ERR_CRYPTO: the keyring is
 * not ready.
 */
enum sfmfa_err
seal(const struct keyring *keyring, const char *context, const struct secret *plain,
     unsigned char *ret_sealed, size_t sealed_max, size_t *ret_size) SFMFA_MUST_USE;

/* SFMFA_ERR_CRYPTO: another key, another record, or damaged. */
enum sfmfa_err
unseal(const struct keyring *keyring, const char *context, const unsigned char *sealed, size_t size,
       struct secret *ret_plain) SFMFA_MUST_USE;

#endif
