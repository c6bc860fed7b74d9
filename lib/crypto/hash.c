#include "crypto/hash.h"

#include <string.h>

#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/params.h>

#include "base/secret.h"
#include "crypto/gcm.h"

static void
free_mac(EVP_MAC **mac)
{
	EVP_MAC_free(*mac);
}

static void
free_mac_ctx(EVP_MAC_CTX **ctx)
{
	EVP_MAC_CTX_free(*ctx);
}

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

/* In pieces, so that what is hashed is never copied into a buffer of its own. */
enum sfmfa_err
keyed_hash(const struct keyring *keyring, const char *domain, const void *bytes, size_t size,
           unsigned char ret_hash[HMAC_SIZE])
{
	__attribute__((cleanup(free_mac))) EVP_MAC *mac = NULL;
	__attribute__((cleanup(free_mac_ctx))) EVP_MAC_CTX *ctx = NULL;
	char digest[] = "SHA256";
	const OSSL_PARAM params[] = {
		OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, digest, 0),
		OSSL_PARAM_construct_end(),
	};
	unsigned char hash[HMAC_SIZE];
	size_t made = 0;
	bool done;

	if (domain == NULL || domain[0] == 0)
		return SFMFA_ERR_INVALID;
	if (!keyring->ready || !crypto_start())
		return SFMFA_ERR_CRYPTO;
	mac = EVP_MAC_fetch(NULL, OSSL_MAC_NAME_HMAC, NULL);
	ctx = mac == NULL ? NULL : EVP_MAC_CTX_new(mac);
	if (ctx == NULL)
		return SFMFA_ERR_CRYPTO;
	done = EVP_MAC_init(ctx, keyring->hash_key, KEY_SIZE, params) == 1 &&
	       EVP_MAC_update(ctx, (const unsigned char *)domain, strlen(domain) + 1) == 1 &&
	       (size == 0 || EVP_MAC_update(ctx, bytes, size) == 1) &&
	       EVP_MAC_final(ctx, hash, &made, sizeof(hash)) == 1 && made == HMAC_SIZE;
	if (done)
		memcpy(ret_hash, hash, HMAC_SIZE);
	wipe(hash, sizeof(hash));
	return done ? SFMFA_OK : SFMFA_ERR_CRYPTO;
}
