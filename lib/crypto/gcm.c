#include "crypto/gcm.h"

#include <limits.h>
#include <string.h>

#include <openssl/crypto.h>
#include <openssl/evp.h>

#include "base/secret.h"
#include "crypto/random.h"

/* What OpenSSL takes as int; everything sealed here is far below. */
#define PIECE_MAX (INT_MAX / 2)

static void
free_cipher_ctx(EVP_CIPHER_CTX **ctx)
{
	EVP_CIPHER_CTX_free(*ctx);
}

#define CIPHER_CTX_AUTO __attribute__((cleanup(free_cipher_ctx))) EVP_CIPHER_CTX

bool
crypto_start(void)
{
	/* If its tables could not be made for want of memory, OpenSSL 3.0 follows a null pointer later on. */
	return OPENSSL_init_crypto(OPENSSL_INIT_NO_LOAD_CONFIG | OPENSSL_INIT_NO_ATEXIT, NULL) == 1 &&
	       OSSL_LIB_CTX_get0_global_default() != NULL;
}

enum sfmfa_err
gcm_seal(const unsigned char key[KEY_SIZE], const char *context, const unsigned char *plain, size_t size,
         unsigned char *sealed)
{
	CIPHER_CTX_AUTO *ctx = NULL;
	unsigned char *cipher_text = sealed + GCM_NONCE_SIZE;
	size_t context_size = strlen(context);
	int made = 0;
	int rest = 0;
	enum sfmfa_err err;

	if (size > PIECE_MAX || context_size > PIECE_MAX)
		return SFMFA_ERR_TOO_LARGE;
	err = random_bytes(sealed, GCM_NONCE_SIZE);
	if (err != SFMFA_OK)
		return err;
	if (crypto_start())
		ctx = EVP_CIPHER_CTX_new();
	if (ctx != NULL && EVP_EncryptInit_ex(ctx, EVP_aes_256_gcm(), NULL, key, sealed) == 1 &&
	    EVP_EncryptUpdate(ctx, NULL, &rest, (const unsigned char *)context, (int)context_size) == 1 &&
	    EVP_EncryptUpdate(ctx, cipher_text, &made, plain, (int)size) == 1 && (size_t)made == size &&
	    EVP_EncryptFinal_ex(ctx, cipher_text + size, &rest) == 1 && rest == 0 &&
	    EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_AEAD_GET_TAG, GCM_TAG_SIZE, cipher_text + size) == 1)
		return SFMFA_OK;
	wipe(sealed, size + SEAL_OVERHEAD);
	return SFMFA_ERR_CRYPTO;
}

enum sfmfa_err
gcm_open(const unsigned char key[KEY_SIZE], const char *context, const unsigned char *sealed, size_t size,
         unsigned char *plain)
{
	CIPHER_CTX_AUTO *ctx = NULL;
	const unsigned char *cipher_text = sealed + GCM_NONCE_SIZE;
	size_t context_size = strlen(context);
	unsigned char tag[GCM_TAG_SIZE];
	size_t plain_size;
	int made = 0;
	int rest = 0;

	if (size < SEAL_OVERHEAD || size > PIECE_MAX || context_size > PIECE_MAX)
		return SFMFA_ERR_CRYPTO;
	plain_size = size - SEAL_OVERHEAD;
	memcpy(tag, cipher_text + plain_size, GCM_TAG_SIZE); /* OpenSSL wants it writable */
	if (crypto_start())
		ctx = EVP_CIPHER_CTX_new();
	if (ctx != NULL && EVP_DecryptInit_ex(ctx, EVP_aes_256_gcm(), NULL, key, sealed) == 1 &&
	    EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_AEAD_SET_TAG, GCM_TAG_SIZE, tag) == 1 &&
	    EVP_DecryptUpdate(ctx, NULL, &rest, (const unsigned char *)context, (int)context_size) == 1 &&
	    EVP_DecryptUpdate(ctx, plain, &made, cipher_text, (int)plain_size) == 1 &&
	    (size_t)made == plain_size && EVP_DecryptFinal_ex(ctx, tag, &rest) == 1 && rest == 0)
		return SFMFA_OK;
	wipe(plain, plain_size);
	return SFMFA_ERR_CRYPTO;
}
