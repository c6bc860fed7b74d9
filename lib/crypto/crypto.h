/*
 * Randomness, keyed hashing, sealing. The only room that includes OpenSSL.
 *
 * The sealing key (a file) only wraps two random data keys, one for sealing shared secrets and one
 * for hashing codes and tokens; the wraps lie in the store. Rotation therefore touches no row.
 */
#ifndef SFMFA_CRYPTO_CRYPTO_H
#define SFMFA_CRYPTO_CRYPTO_H

#include "crypto/hash.h"
#include "crypto/keyring.h"
#include "crypto/random.h"
#include "crypto/seal.h"

#endif
