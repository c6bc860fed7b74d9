/*
 * Security tokens: 24 base62 characters, 22 random and 2 that check them, appended to the password
 * with nothing between (rules 1). The check characters let a tail be recognised without a look-up.
 *
 * The check is that of ISO 7064's pure systems: with the digits 0–9, A–Z, a–z, in this order, the 24
 * characters are a number in base 62 that leaves 1 when divided by 3833, the largest prime below 62². So
 * every wrong character and every exchange of two characters, neighbours or not, is noticed (3833 divides
 * neither 62^n, nor a difference of two digits, nor 62^n - 1 for n < 479); of other tails one in 3844
 * passes. The last two characters are below 3833, so that 22 characters have one check only.
 */
#ifndef SFMFA_FACTOR_TOKEN_H
#define SFMFA_FACTOR_TOKEN_H

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"
#include "base/secret.h"
#include "model/factor.h"
#include "model/network.h"
#include "model/token.h"

#define TOKEN_SIZE 24

/* A new token; randomness through the function given (lib/crypto random_below in the daemon). */
enum sfmfa_err
token_generate(enum sfmfa_err (*random_below)(unsigned limit, unsigned *ret_number), struct secret *ret_token)
	SFMFA_MUST_USE;

/* 24 base62 characters with right check characters. */
bool
token_is_well_formed(const void *bytes, size_t size);

/* Whether the token may be used now, for this service, from this peer. A revoked one counts as expired. */
enum token_use { TOKEN_USE_EXPIRED = 0, TOKEN_USE_OUT_OF_SCOPE, TOKEN_USE_OK };
enum token_use
token_usable(const struct token_record *token, int64_t now, const char *service, const struct peer *peer);

/*
 * The tail of an API password field (rules 6): first match of a token, then a code of the user's app.
 * digits 0: the user has no app. What remains is never empty: then there is no tail.
 */
struct tail {
	enum factor kind; /* FACTOR_SECURITY_TOKEN, FACTOR_TOTP, or FACTOR_PASSWORD: no tail */
	size_t size;      /* bytes to take off the end */
	bool another;     /* what remains ends in a token again: factor-wrong, nothing is spent */
};

/* Bytes only: the password before the tail may be in any encoding, and may itself end in digits. */
struct tail
tail_find(const struct secret *field, unsigned digits);

#endif
