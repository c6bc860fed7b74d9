/* Random bytes and numbers, from the kernel's generator only. */
#ifndef SFMFA_CRYPTO_RANDOM_H
#define SFMFA_CRYPTO_RANDOM_H

#include <stddef.h>

#include "base/error.h"

/* Fills all of bytes. SFMFA_ERR_CRYPTO leaves zeros: never a half-random key. */
enum sfmfa_err
random_bytes(void *bytes, size_t size) SFMFA_MUST_USE;

#define RANDOM_LIMIT_MAX (1U << 31)

/* A number in [0, limit), without bias. limit 1 … RANDOM_LIMIT_MAX, else SFMFA_ERR_INVALID. */
enum sfmfa_err
random_below(unsigned limit, unsigned *ret_number) SFMFA_MUST_USE;

#endif
