/*
 * AES-256-GCM and the start of OpenSSL; for this room only.
 *
 * The nonce is random: with 96 bits and one message a registration, two equal ones under one key are out
 * of reach (NIST SP 800-38D 8.3 allows 2^32 messages).
 */
#ifndef SFMFA_CRYPTO_GCM_H
#define SFMFA_CRYPTO_GCM_H

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"
#include "crypto/keyring.h"

#define GCM_NONCE_SIZE 12
#define GCM_TAG_SIZE   16

/*
 * Starts OpenSSL without openssl.cnf: neither a file nor OPENSSL_CONF may choose the implementation
 * behind a login, and reading it costs a fresh process 0.7 ms. Cheap when called again.
 */
bool
crypto_start(void);

/* Writes size + SEAL_OVERHEAD bytes: nonce, cipher text, tag. After a failure they are zeros. */
enum sfmfa_err
gcm_seal(const unsigned char key[KEY_SIZE], const char *context, const unsigned char *plain, size_t size,
         unsigned char *sealed) SFMFA_MUST_USE;

/* Writes size - SEAL_OVERHEAD bytes; zeros if the tag is wrong (SFMFA_ERR_CRYPTO). */
enum sfmfa_err
gcm_open(const unsigned char key[KEY_SIZE], const char *context, const unsigned char *sealed, size_t size,
         unsigned char *plain) SFMFA_MUST_USE;

#endif
