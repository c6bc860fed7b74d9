#include "crypto/hash.h"

#include <stdlib.h>
#include <string.h>

#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/params.h>

#include "base/secret.h"
#include "crypto/gcm.h"

static void
destroy_hasher(struct hasher **hasher)
{
	hasher_destroy(*hasher);
}

#define HASHER_AUTO __attribute__((cleanup(destroy_hasher))) struct hasher *

enum sfmfa_err
digest_sha256(const void *bytes, size_t size, unsigned char ret_digest[DIGEST_SIZE])
{
	unsigned char digest[DIGEST_SIZE];
	unsigned made = 0;

	if (!crypto_start() || EVP_Digest(bytes, size, digest, &made, EVP_sha256(), NULL) != 1 ||
	    made != DIGEST_SIZE)
		return SFMFA_ERR_CRYPTO;
	memcpy(ret_digest, digest, DIGEST_SIZE);
	return SFMFA_OK;
}

struct hasher {
	EVP_MAC *mac;
	EVP_MAC_CTX *ctx;
};

void
hasher_destroy(struct hasher *hasher)
{
	if (hasher == NULL)
		return;
	EVP_MAC_CTX_free(hasher->ctx);
	EVP_MAC_free(hasher->mac);
	free(hasher);
}

enum sfmfa_err
hasher_create(const struct keyring *keyring, const char *domain, struct hasher **ret_hasher)
{
	HASHER_AUTO hasher = NULL;
	char digest[] = "SHA256";
	const OSSL_PARAM params[] = {
		OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, digest, 0),
		OSSL_PARAM_construct_end(),
	};

	if (domain == NULL || domain[0] == 0)
		return SFMFA_ERR_INVALID;
	if (!keyring->ready || !crypto_start())
		return SFMFA_ERR_CRYPTO;
	hasher = calloc(1, sizeof(*hasher));
	if (hasher == NULL)
		return SFMFA_ERR_NO_MEMORY;
	hasher->mac = EVP_MAC_fetch(NULL, OSSL_MAC_NAME_HMAC, NULL);
	hasher->ctx = hasher->mac == NULL ? NULL : EVP_MAC_CTX_new(hasher->mac);
	if (hasher->ctx == NULL || EVP_MAC_init(hasher->ctx, keyring->hash_key, KEY_SIZE, params) != 1 ||
	    EVP_MAC_update(hasher->ctx, (const unsigned char *)domain, strlen(domain) + 1) != 1)
		/* cppcheck-suppress memleak ; HASHER_AUTO destroys it */
		return SFMFA_ERR_CRYPTO;
	*ret_hasher = hasher;
	hasher = NULL;
	return SFMFA_OK;
}

enum sfmfa_err
hasher_add(struct hasher *hasher, const void *bytes, size_t size)
{
	return size == 0 || EVP_MAC_update(hasher->ctx, bytes, size) == 1 ? SFMFA_OK : SFMFA_ERR_CRYPTO;
}

enum sfmfa_err
hasher_end(struct hasher *hasher, unsigned char ret_hash[HMAC_SIZE])
{
	unsigned char hash[HMAC_SIZE];
	size_t made = 0;
	bool done = EVP_MAC_final(hasher->ctx, hash, &made, sizeof(hash)) == 1 && made == HMAC_SIZE;

	if (done)
		memcpy(ret_hash, hash, HMAC_SIZE);
	wipe(hash, sizeof(hash));
	return done ? SFMFA_OK : SFMFA_ERR_CRYPTO;
}

/* In pieces, so that what is hashed is never copied into a buffer of its own. */
enum sfmfa_err
keyed_hash(const struct keyring *keyring, const char *domain, const void *bytes, size_t size,
           unsigned char ret_hash[HMAC_SIZE])
{
	HASHER_AUTO hasher = NULL;
	enum sfmfa_err err = hasher_create(keyring, domain, &hasher);

	if (err == SFMFA_OK)
		err = hasher_add(hasher, bytes, size);
	return err == SFMFA_OK ? hasher_end(hasher, ret_hash) : err;
}
