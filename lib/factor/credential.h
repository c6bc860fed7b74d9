/*
 * The tokens of connected apps (rules 5): opaque texts that begin with what they are. "sfa_" and 24 characters are an
 * access token; "sfr_" and twice 24 a refresh token, whose first half stays with its family and whose second is
 * replaced at each use. Each 24 are made and checked as a security token is (factor/token.h).
 */
#ifndef SFMFA_FACTOR_CREDENTIAL_H
#define SFMFA_FACTOR_CREDENTIAL_H

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"
#include "base/secret.h"
#include "factor/token.h"

#define CREDENTIAL_PREFIX_SIZE 4
#define ACCESS_TOKEN_SIZE      (CREDENTIAL_PREFIX_SIZE + TOKEN_SIZE)
#define REFRESH_TOKEN_SIZE     (CREDENTIAL_PREFIX_SIZE + 2 * TOKEN_SIZE)

bool
credential_is_access(const void *bytes, size_t size);
bool
credential_is_refresh(const void *bytes, size_t size);

/* The halves of a refresh token. */
#define REFRESH_FAMILY(token) ((token)->bytes + CREDENTIAL_PREFIX_SIZE)
#define REFRESH_NEWEST(token) ((token)->bytes + CREDENTIAL_PREFIX_SIZE + TOKEN_SIZE)

enum sfmfa_err
credential_make_access(enum sfmfa_err (*random_below)(unsigned limit, unsigned *ret_number), struct secret *ret_token)
	SFMFA_MUST_USE;
/* family NULL: a new one; else the refresh token that is replaced. */
enum sfmfa_err
credential_make_refresh(enum sfmfa_err (*random_below)(unsigned limit, unsigned *ret_number),
                        const struct secret *family, struct secret *ret_token) SFMFA_MUST_USE;

#endif
