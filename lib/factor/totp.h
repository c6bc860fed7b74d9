/* Time-based one-time passwords (RFC 6238), over liboath; the base32 form and the URI of a shared secret. */
#ifndef SFMFA_FACTOR_TOTP_H
#define SFMFA_FACTOR_TOTP_H

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "base/secret.h"
#include "model/factor.h"
#include "model/limits.h"

#define TOTP_SECRET_MIN 10 /* bytes; RFC 4226 4 asks for 16 of new ones, imports may be shorter */
#define TOTP_SECRET_MAX 64
#define TOTP_NEAR_STEPS 10 /* how far a code is looked for that is right at another time */

/* New shared secrets: 20, 32 or 64 bytes, the size of the hash (RFC 6238 5.1). */
unsigned
totp_secret_size(enum totp_algorithm algorithm);

/* The time step that a moment lies in (RFC 6238 4.2, T0 = 0). */
int64_t
totp_step(const struct totp_params *params, int64_t unix_seconds);

/*
 * digits characters and a NUL. SFMFA_ERR_INVALID: parameters, step or size of the shared secret out of
 * bounds; SFMFA_ERR_CRYPTO.
 */
enum sfmfa_err
totp_code(const struct totp_params *params, const struct secret *shared_secret, int64_t step,
          char ret_code[TOTP_DIGITS_MAX + 1]) SFMFA_MUST_USE;

/*
 * Where an answer is right. Every step is generated and compared, in constant time. Steps count from 1:
 * what lies before is never matched, so that 0 can mean none.
 */
struct totp_match {
	int64_t step;      /* the highest matching step inside the window; 0: none */
	int64_t near_step; /* the nearest matching step outside it, within TOTP_NEAR_STEPS of now; 0: none */
	bool is_last;      /* equals the code of last_step, however old; a higher step may match as well */
};

/*
 * Compares an answer with the codes around now_step. The highest step inside the window counts that is
 * above last_step, so that two equal codes in one window are both usable once; if none is above it, the
 * highest one. An answer that is not exactly digits digits matches nothing (still all steps are made).
 * SFMFA_ERR_INVALID: window above TOTP_WINDOW_MAX, last_step below 0, or as totp_code().
 */
enum sfmfa_err
totp_match(const struct totp_params *params, const struct secret *shared_secret, const struct secret *answer,
           int64_t now_step, unsigned window, int64_t last_step, struct totp_match *ret_match) SFMFA_MUST_USE;

/* Exactly digits decimal digits? Spaces inside ("123 456") are taken out first by totp_normalize(). */
bool
totp_is_code(const struct totp_params *params, const struct secret *answer);

/* Takes spaces out of an answer typed by a person. */
void
totp_normalize(struct secret *answer);

#define TOTP_BASE32_SIZE 112 /* 64 bytes without padding, with NUL */
enum sfmfa_err
totp_to_base32(const struct secret *shared_secret, char ret_text[TOTP_BASE32_SIZE]) SFMFA_MUST_USE;
/*
 * Case, spaces, dashes and padding do not matter. SFMFA_ERR_INVALID: another character, a size out of
 * bounds, or a length that no whole number of bytes has (a character was lost).
 */
enum sfmfa_err
totp_from_base32(const char *text, struct secret *ret_secret) SFMFA_MUST_USE;

#define TOTP_URI_SIZE 640 /* what needs more is SFMFA_ERR_TOO_LARGE */
/*
 * otpauth://totp/ISSUER:USER?secret=…&issuer=ISSUER, parameters that have their default left out, so
 * that the QR code is small; with no issuer (""), otpauth://totp/USER?secret=… Everything outside
 * unreserved characters is percent-encoded (RFC 3986 2.3).
 */
enum sfmfa_err
totp_uri(const struct totp_params *params, const struct secret *shared_secret, const char *issuer,
         const char *user, char ret_uri[TOTP_URI_SIZE]) SFMFA_MUST_USE;

/*
 * Reads such a URI, also of other makers: parameters in any order, unknown ones passed over. *ret_user is the
 * label behind its issuer. SFMFA_ERR_INVALID: not otpauth://totp, no secret or two, a parameter out of
 * bounds; SFMFA_ERR_TOO_LARGE: a part that does not fit.
 */
enum sfmfa_err
totp_parse_uri(const char *uri, struct totp_params *ret_params, struct secret *ret_shared_secret,
               char ret_user[USER_NAME_SIZE]) SFMFA_MUST_USE;

#endif
