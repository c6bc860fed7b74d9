/* Factors and the levels they yield. */
#ifndef SFMFA_MODEL_FACTOR_H
#define SFMFA_MODEL_FACTOR_H

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"

enum factor {
#define FACTOR(name, key, label, help) FACTOR_##name,
#include "model/factors.def"
#undef FACTOR
	FACTOR_COUNT
};

/* A set of factors: bit 1 << FACTOR_x. */
#define FACTOR_BIT(factor) (UINT32_C(1) << (factor))

/* What a person at a prompt may answer with. */
#define FACTORS_OF_A_PERSON \
	(FACTOR_BIT(FACTOR_TOTP) | FACTOR_BIT(FACTOR_RECOVERY_CODE) | FACTOR_BIT(FACTOR_TEMPORARY_CODE))
/* What fits behind a password. */
#define FACTORS_OF_A_PROGRAM (FACTOR_BIT(FACTOR_TOTP) | FACTOR_BIT(FACTOR_SECURITY_TOKEN))
/* All that is verified here: a password is not. */
#define FACTORS_VERIFIED (FACTORS_OF_A_PERSON | FACTOR_BIT(FACTOR_SECURITY_TOKEN))

const char *
factor_key(enum factor factor);
const char *
factor_label(enum factor factor);
enum sfmfa_err
factor_from_key(const char *key, enum factor *ret_factor) SFMFA_MUST_USE;

/* Session security level. Zero is the lower one. */
enum level {
	LEVEL_STANDARD = 0,
	LEVEL_HIGH_ASSURANCE,
};

const char *
level_key(enum level level);
enum sfmfa_err
level_from_key(const char *key, enum level *ret_level) SFMFA_MUST_USE;

/* The authenticator app of a user: at most one (rules 1). */
enum app_state {
	APP_NONE = 0,
	APP_PENDING,   /* registered; MFA never completed through the UI */
	APP_COMPLETED,
};

const char *
app_state_key(enum app_state state);

/* Parameters of an authenticator app (RFC 6238). */
enum totp_algorithm {
	TOTP_SHA1 = 0,
	TOTP_SHA256,
	TOTP_SHA512,
};

const char *
totp_algorithm_key(enum totp_algorithm algorithm); /* "sha1" … */
enum sfmfa_err
totp_algorithm_from_key(const char *key, enum totp_algorithm *ret_algorithm) SFMFA_MUST_USE;

#define TOTP_DIGITS_MIN 6
#define TOTP_DIGITS_MAX 8
#define TOTP_PERIOD_MIN 10  /* seconds */
#define TOTP_PERIOD_MAX 300
#define TOTP_WINDOW_MAX 10  /* steps each way */

struct totp_params {
	enum totp_algorithm algorithm;
	unsigned digits; /* TOTP_DIGITS_MIN … TOTP_DIGITS_MAX */
	unsigned period; /* seconds */
};

#endif
