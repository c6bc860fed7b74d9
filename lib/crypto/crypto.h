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

/*
 * Uses each algorithm once. OpenSSL looks an algorithm up at its first use; if memory runs out just then, it takes
 * it for missing for as long as the process lives (3.0). So a process that lives long does this before it begins,
 * and ends on failure.
 */
enum sfmfa_err
crypto_prepare(void) SFMFA_MUST_USE;

#endif
