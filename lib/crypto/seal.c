#include "crypto/seal.h"

#include <string.h>

#include "crypto/gcm.h"

enum sfmfa_err
seal(const struct keyring *keyring, const char *context, const struct secret *plain,
     unsigned char *ret_sealed, size_t sealed_max, size_t *ret_size)
{
	unsigned char sealed[SECRET_MAX + SEAL_OVERHEAD];
	enum sfmfa_err err;

	if (!keyring->ready)
		return SFMFA_ERR_CRYPTO;
	if (context == NULL || context[0] == 0 || plain->size == 0)
		return SFMFA_ERR_INVALID;
	if (plain->size > SECRET_MAX || sealed_max < SEAL_OVERHEAD ||
	    plain->size > sealed_max - SEAL_OVERHEAD)
		return SFMFA_ERR_TOO_LARGE;
	err = gcm_seal(keyring->seal_key, context, plain->bytes, plain->size, sealed);
	if (err != SFMFA_OK)
		return err;
	memcpy(ret_sealed, sealed, plain->size + SEAL_OVERHEAD);
	*ret_size = plain->size + SEAL_OVERHEAD;
	return SFMFA_OK;
}

enum sfmfa_err
unseal(const struct keyring *keyring, const char *context, const unsigned char *sealed, size_t size,
       struct secret *ret_plain)
{
	SECRET_AUTO plain = { 0 };
	enum sfmfa_err err;

	if (!keyring->ready)
		return SFMFA_ERR_CRYPTO;
	if (context == NULL || context[0] == 0)
		return SFMFA_ERR_INVALID;
	/* An empty one was never sealed here. */
	if (size <= SEAL_OVERHEAD || size - SEAL_OVERHEAD > SECRET_MAX)
		return SFMFA_ERR_CRYPTO;
	err = gcm_open(keyring->seal_key, context, sealed, size, plain.bytes);
	if (err != SFMFA_OK)
		return err;
	plain.size = size - SEAL_OVERHEAD;
	secret_move(ret_plain, &plain);
	return SFMFA_OK;
}
