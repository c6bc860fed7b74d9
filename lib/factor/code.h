/*
 * Recovery codes (4 × 4) and temporary codes (2 × 4): base32 characters in groups, the last one
 * always a letter, so that no form of code can be taken for another (rules 4, "disjoint forms").
 */
#ifndef SFMFA_FACTOR_CODE_H
#define SFMFA_FACTOR_CODE_H

#include <stdbool.h>

#include "base/error.h"
#include "base/secret.h"

#define RECOVERY_CODE_COUNT     10
#define RECOVERY_CODE_TEXT_SIZE 20 /* "ABCD-EFGH-IJKL-MNOP" and NUL */
#define TEMPORARY_CODE_TEXT_SIZE 10 /* "ABCD-EFGH" and NUL */
#define SCRATCH_DIGITS           8  /* of google-authenticator, taken over as a recovery code */
#define TEMPORARY_CODE_HOURS_MAX 24
#define TEMPORARY_CODES_PER_HOUR 6

enum code_kind {
	CODE_NONE = 0,
	CODE_RECOVERY,
	CODE_TEMPORARY,
};

/* A new code in its printed form, groups joined with '-'. SFMFA_ERR_INVALID: CODE_NONE. */
enum sfmfa_err
code_generate(enum code_kind kind, enum sfmfa_err (*random_below)(unsigned limit, unsigned *ret_number),
              struct secret *ret_code) SFMFA_MUST_USE;

/*
 * A scratch code of google-authenticator, 8 digits, which an import takes over as a recovery code; dashes and
 * spaces do not matter. It may look like a TOTP code of 8 digits: the caller tells them apart by the user's app.
 */
bool
code_is_scratch(const struct secret *answer, struct secret *ret_canonical);

/*
 * Which kind an answer looks like, and its canonical form (upper case, no separators), which is what is
 * hashed. Case, '-' and spaces do not matter. CODE_NONE: neither.
 */
enum code_kind
code_recognize(const struct secret *answer, struct secret *ret_canonical);

#endif
