/* The data keys, and how the sealing key wraps them. */
#ifndef SFMFA_CRYPTO_KEYRING_H
#define SFMFA_CRYPTO_KEYRING_H

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"
#include "base/secret.h"

#define KEY_SIZE      32 /* bytes, AES-256 and HMAC-SHA-256 */
#define KEY_ID_SIZE   17 /* 16 hexadecimal digits and NUL: the first 8 bytes of SHA-256(key) */
#define SEAL_OVERHEAD 28 /* nonce 12, tag 16 */
#define WRAP_SIZE     (2 * KEY_SIZE + SEAL_OVERHEAD)

/* The data keys, unwrapped. Zeroed: none; every use then fails. */
struct keyring {
	bool ready;
	unsigned char seal_key[KEY_SIZE];
	unsigned char hash_key[KEY_SIZE];
};

#define KEYRING_AUTO __attribute__((cleanup(keyring_clear))) struct keyring

/* Wipes. NULL is allowed. */
void
keyring_clear(struct keyring *keyring);

enum sfmfa_err
keyring_generate(struct keyring *ret_keyring) SFMFA_MUST_USE;

/* The id of a sealing key: KEY_ID_SIZE - 1 hexadecimal digits. SFMFA_ERR_CRYPTO: not KEY_SIZE bytes. */
enum sfmfa_err
sealing_key_id(const struct secret *sealing_key, char ret_id[KEY_ID_SIZE]) SFMFA_MUST_USE;

/* Wraps the data keys under a sealing key (size KEY_SIZE); the key's id is the associated data. */
enum sfmfa_err
keyring_wrap(const struct keyring *keyring, const struct secret *sealing_key,
             unsigned char ret_wrap[WRAP_SIZE]) SFMFA_MUST_USE;

/* SFMFA_ERR_CRYPTO: not wrapped under this key, or damaged. */
enum sfmfa_err
keyring_unwrap(struct keyring *ret_keyring, const struct secret *sealing_key,
               const unsigned char wrap[WRAP_SIZE]) SFMFA_MUST_USE;

/* The text of a key file: 64 hexadecimal digits, then nothing or one newline. SFMFA_ERR_INVALID. */
enum sfmfa_err
sealing_key_parse(const char *text, size_t size, struct secret *ret_key) SFMFA_MUST_USE;

#define SEALING_KEY_TEXT_SIZE (2 * KEY_SIZE + 2) /* digits, newline, NUL */

enum sfmfa_err
sealing_key_format(const struct secret *key, char ret_text[SEALING_KEY_TEXT_SIZE]) SFMFA_MUST_USE;

#endif
