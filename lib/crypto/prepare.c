#include "crypto/crypto.h"

#include "base/secret.h"
#include "crypto/gcm.h"

enum sfmfa_err
crypto_prepare(void)
{
	KEYRING_AUTO keyring = { .ready = true };
	unsigned char digest[DIGEST_SIZE], hash[HMAC_SIZE], plain[1] = { 0 };
	unsigned char sealed[sizeof(plain) + SEAL_OVERHEAD];
	enum sfmfa_err err;

	err = digest_sha256(plain, sizeof(plain), digest);
	if (err == SFMFA_OK)
		err = keyed_hash(&keyring, "prepare", plain, sizeof(plain), hash);
	if (err == SFMFA_OK)
		err = gcm_seal(keyring.seal_key, "prepare", plain, sizeof(plain), sealed);
	if (err == SFMFA_OK)
		err = gcm_open(keyring.seal_key, "prepare", sealed, sizeof(sealed), plain);
	return err;
}
