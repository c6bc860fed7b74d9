#include "crypto/keyring.h"

#include <string.h>

#include "base/text.h"
#include "crypto/gcm.h"
#include "crypto/hash.h"
#include "crypto/random.h"

#define KEY_ID_BYTES ((KEY_ID_SIZE - 1) / 2)
#define KEY_DIGITS   (2 * KEY_SIZE)

/* The data keys as they are wrapped, wiped at scope exit. */
struct key_pair {
	unsigned char bytes[2 * KEY_SIZE];
};

static void
clear_key_pair(struct key_pair *pair)
{
	wipe(pair, sizeof(*pair));
}

#define KEY_PAIR_AUTO __attribute__((cleanup(clear_key_pair))) struct key_pair

static void
take_key_pair(struct keyring *keyring, const struct key_pair *pair)
{
	memcpy(keyring->seal_key, pair->bytes, KEY_SIZE);
	memcpy(keyring->hash_key, pair->bytes + KEY_SIZE, KEY_SIZE);
	keyring->ready = true;
}

void
keyring_clear(struct keyring *keyring)
{
	wipe(keyring, sizeof(*keyring));
}

enum sfmfa_err
keyring_generate(struct keyring *ret_keyring)
{
	KEY_PAIR_AUTO pair = { 0 };
	enum sfmfa_err err = random_bytes(pair.bytes, sizeof(pair.bytes));

	if (err == SFMFA_OK)
		take_key_pair(ret_keyring, &pair);
	return err;
}

enum sfmfa_err
sealing_key_id(const struct secret *sealing_key, char ret_id[KEY_ID_SIZE])
{
	unsigned char digest[DIGEST_SIZE];
	enum sfmfa_err err;

	if (sealing_key->size != KEY_SIZE)
		return SFMFA_ERR_CRYPTO;
	err = digest_sha256(sealing_key->bytes, KEY_SIZE, digest);
	if (err != SFMFA_OK)
		return err;
	return text_from_bytes(ret_id, KEY_ID_SIZE, digest, KEY_ID_BYTES);
}

enum sfmfa_err
keyring_wrap(const struct keyring *keyring, const struct secret *sealing_key,
             unsigned char ret_wrap[WRAP_SIZE])
{
	KEY_PAIR_AUTO pair = { 0 };
	unsigned char sealed[WRAP_SIZE];
	char id[KEY_ID_SIZE];
	enum sfmfa_err err;

	if (!keyring->ready)
		return SFMFA_ERR_CRYPTO;
	err = sealing_key_id(sealing_key, id);
	if (err != SFMFA_OK)
		return err;
	memcpy(pair.bytes, keyring->seal_key, KEY_SIZE);
	memcpy(pair.bytes + KEY_SIZE, keyring->hash_key, KEY_SIZE);
	err = gcm_seal(sealing_key->bytes, id, pair.bytes, sizeof(pair.bytes), sealed);
	if (err == SFMFA_OK)
		memcpy(ret_wrap, sealed, WRAP_SIZE);
	return err;
}

enum sfmfa_err
keyring_unwrap(struct keyring *ret_keyring, const struct secret *sealing_key,
               const unsigned char wrap[WRAP_SIZE])
{
	KEY_PAIR_AUTO pair = { 0 };
	char id[KEY_ID_SIZE];
	enum sfmfa_err err = sealing_key_id(sealing_key, id);

	if (err != SFMFA_OK)
		return err;
	err = gcm_open(sealing_key->bytes, id, wrap, WRAP_SIZE, pair.bytes);
	if (err == SFMFA_OK)
		take_key_pair(ret_keyring, &pair);
	return err;
}

enum sfmfa_err
sealing_key_parse(const char *text, size_t size, struct secret *ret_key)
{
	SECRET_AUTO digits = { 0 };
	SECRET_AUTO key = { 0 };
	enum sfmfa_err err;

	if (size == KEY_DIGITS + 1 && text[KEY_DIGITS] == '\n')
		size--;
	if (size != KEY_DIGITS)
		return SFMFA_ERR_INVALID;
	memcpy(digits.bytes, text, KEY_DIGITS);
	digits.bytes[KEY_DIGITS] = 0;
	err = text_to_bytes((const char *)digits.bytes, key.bytes, KEY_SIZE);
	if (err != SFMFA_OK)
		return err;
	key.size = KEY_SIZE;
	secret_move(ret_key, &key);
	return SFMFA_OK;
}

enum sfmfa_err
sealing_key_format(const struct secret *key, char ret_text[SEALING_KEY_TEXT_SIZE])
{
	enum sfmfa_err err;

	if (key->size != KEY_SIZE)
		return SFMFA_ERR_CRYPTO;
	err = text_from_bytes(ret_text, KEY_DIGITS + 1, key->bytes, KEY_SIZE);
	if (err != SFMFA_OK)
		return err;
	ret_text[KEY_DIGITS] = '\n';
	ret_text[KEY_DIGITS + 1] = 0;
	return SFMFA_OK;
}
