#include "factor/totp.h"

#include <stdlib.h>
#include <string.h>

#include <liboath/oath.h>

/* The largest step whose time, and that of its neighbours, is a number of seconds in 64 bits. */
#define STEP_MAX (INT64_MAX / TOTP_PERIOD_MAX - TOTP_WINDOW_MAX - TOTP_NEAR_STEPS)

static bool
params_are_valid(const struct totp_params *params)
{
	return params->algorithm >= TOTP_SHA1 && params->algorithm <= TOTP_SHA512 &&
	       params->digits >= TOTP_DIGITS_MIN && params->digits <= TOTP_DIGITS_MAX &&
	       params->period >= TOTP_PERIOD_MIN && params->period <= TOTP_PERIOD_MAX;
}

static bool
secret_size_is_valid(const struct secret *shared_secret)
{
	return shared_secret->size >= TOTP_SECRET_MIN && shared_secret->size <= TOTP_SECRET_MAX;
}

static int
oath_flags(enum totp_algorithm algorithm)
{
	switch (algorithm) { /* GCOVR_EXCL_BR_LINE: others are refused by params_are_valid() */
	case TOTP_SHA256:
		return OATH_TOTP_HMAC_SHA256;
	case TOTP_SHA512:
		return OATH_TOTP_HMAC_SHA512;
	case TOTP_SHA1:
		break;
	}
	return 0;
}

unsigned
totp_secret_size(enum totp_algorithm algorithm)
{
	switch (algorithm) {
	case TOTP_SHA1:
		return 20;
	case TOTP_SHA256:
		return 32;
	case TOTP_SHA512:
		break;
	}
	return 64;
}

int64_t
totp_step(const struct totp_params *params, int64_t unix_seconds)
{
	int64_t period = params->period;

	if (period == 0)
		return 0; /* totp_match() refuses such parameters */
	/* Rounded down, also before 1970. */
	return unix_seconds / period - (unix_seconds % period < 0);
}

enum sfmfa_err
totp_code(const struct totp_params *params, const struct secret *shared_secret, int64_t step,
          char ret_code[TOTP_DIGITS_MAX + 1])
{
	char code[TOTP_DIGITS_MAX + 2] = "";
	enum sfmfa_err err = SFMFA_ERR_CRYPTO;

	if (!params_are_valid(params) || !secret_size_is_valid(shared_secret) || step < 0 || step > STEP_MAX)
		return SFMFA_ERR_INVALID;
	/* GCOVR_EXCL_BR_START: liboath fails for want of memory only, and its codes have the size asked for */
	if (oath_totp_generate2((const char *)shared_secret->bytes, shared_secret->size,
	                        (time_t)(step * params->period), params->period, OATH_TOTP_DEFAULT_START_TIME,
	                        params->digits, oath_flags(params->algorithm), code) == OATH_OK &&
	    strlen(code) == params->digits) {
		/* GCOVR_EXCL_BR_STOP */
		memcpy(ret_code, code, params->digits + 1);
		err = SFMFA_OK;
	}
	wipe(code, sizeof(code));
	return err;
}

bool
totp_is_code(const struct totp_params *params, const struct secret *answer)
{
	bool all_digits = true;

	if (answer->size != params->digits || answer->size > SECRET_MAX)
		return false;
	for (size_t i = 0; i < answer->size; i++)
		all_digits &= answer->bytes[i] >= '0' && answer->bytes[i] <= '9';
	return all_digits;
}

void
totp_normalize(struct secret *answer)
{
	size_t kept = 0;

	for (size_t i = 0; i < answer->size; i++) {
		if (answer->bytes[i] != ' ')
			answer->bytes[kept++] = answer->bytes[i];
	}
	wipe(answer->bytes + kept, answer->size - kept);
	answer->size = kept;
}

/* An answer laid out for comparing: a form that is no code is all zeros and equals none. */
struct typed {
	unsigned char digits[TOTP_DIGITS_MAX];
};

static void
clear_typed(struct typed *typed)
{
	wipe(typed, sizeof(*typed));
}

/* Whether the answer is the code of a step. */
static enum sfmfa_err
compare_step(const struct totp_params *params, const struct secret *shared_secret, const struct typed *typed,
             int64_t step, bool *ret_equal)
{
	char code[TOTP_DIGITS_MAX + 1] = "";
	enum sfmfa_err err = totp_code(params, shared_secret, step, code);

	if (err == SFMFA_OK)
		*ret_equal = bytes_equal(code, typed->digits, params->digits);
	wipe(code, sizeof(code));
	return err;
}

/* Without a branch: which step is right must not show in the time. */
static int64_t
choose(bool condition, int64_t yes, int64_t no)
{
	int64_t mask = -(int64_t)condition;

	return (yes & mask) | (no & ~mask);
}

enum sfmfa_err
totp_match(const struct totp_params *params, const struct secret *shared_secret, const struct secret *answer,
           int64_t now_step, unsigned window, int64_t last_step, struct totp_match *ret_match)
{
	__attribute__((cleanup(clear_typed))) struct typed typed = { 0 };
	struct totp_match match = { 0 };
	int64_t reach = window > TOTP_NEAR_STEPS ? window : TOTP_NEAR_STEPS;
	int64_t nearest = reach + 1;

	if (!params_are_valid(params) || !secret_size_is_valid(shared_secret) || window > TOTP_WINDOW_MAX ||
	    now_step < -STEP_MAX || now_step > STEP_MAX || last_step < 0 || last_step > STEP_MAX)
		return SFMFA_ERR_INVALID;
	if (totp_is_code(params, answer))
		memcpy(typed.digits, answer->bytes, answer->size);

	/* Upwards, so that the highest step stays. */
	for (int64_t offset = -reach; offset <= reach; offset++) {
		int64_t step = now_step + offset;
		int64_t distance = offset < 0 ? -offset : offset;
		bool inside = distance <= window;
		bool equal = false;
		bool closer;
		enum sfmfa_err err;

		if (step < 1)
			continue;
		err = compare_step(params, shared_secret, &typed, step, &equal);
		if (err != SFMFA_OK)
			return err;
		closer = equal & !inside & (distance < nearest);
		match.step = choose(equal & inside, step, match.step);
		match.near_step = choose(closer, step, match.near_step);
		nearest = choose(closer, distance, nearest);
	}
	if (last_step > 0) {
		enum sfmfa_err err = compare_step(params, shared_secret, &typed, last_step, &match.is_last);

		if (err != SFMFA_OK)        /* GCOVR_EXCL_BR_LINE: the step is checked, so only as in totp_code() */
			return err; /* GCOVR_EXCL_LINE */
	}
	*ret_match = match;
	return SFMFA_OK;
}

enum sfmfa_err
totp_to_base32(const struct secret *shared_secret, char ret_text[TOTP_BASE32_SIZE])
{
	char *text = NULL;
	size_t padded = 0;
	size_t size;

	if (!secret_size_is_valid(shared_secret))
		return SFMFA_ERR_INVALID;
	/* GCOVR_EXCL_START: it fails for want of memory only; of a byte or more something stays beside the padding */
	if (oath_base32_encode((const char *)shared_secret->bytes, shared_secret->size, &text, &padded) !=
	    OATH_OK)
		return SFMFA_ERR_NO_MEMORY;
	for (size = padded; size > 0 && text[size - 1] == '='; size--)
		;
	/* GCOVR_EXCL_STOP */
	if (size < TOTP_BASE32_SIZE) { /* GCOVR_EXCL_BR_LINE: the size of the secret is checked */
		memcpy(ret_text, text, size);
		ret_text[size] = 0;
	}
	wipe(text, padded);
	free(text);
	return size < TOTP_BASE32_SIZE ? SFMFA_OK : SFMFA_ERR_INTERNAL; /* GCOVR_EXCL_BR_LINE: as above */
}

/* Upper case, without separators and padding; what is behind padding may only be padding. */
static enum sfmfa_err
squeeze_base32(const char *text, struct secret *ret_squeezed)
{
	bool padding = false;

	ret_squeezed->size = 0;
	for (; *text != 0; text++) {
		char c = *text;

		if (c == ' ' || c == '-')
			continue;
		padding |= c == '=';
		if (padding && c != '=')
			return SFMFA_ERR_INVALID;
		if (padding)
			continue;
		if (c >= 'a' && c <= 'z')
			c = (char)(c - 'a' + 'A');
		if (!((c >= 'A' && c <= 'Z') || (c >= '2' && c <= '7')))
			return SFMFA_ERR_INVALID;
		if (ret_squeezed->size >= TOTP_BASE32_SIZE - 1)
			return SFMFA_ERR_INVALID;
		ret_squeezed->bytes[ret_squeezed->size++] = (unsigned char)c;
	}
	return SFMFA_OK;
}

enum sfmfa_err
totp_from_base32(const char *text, struct secret *ret_secret)
{
	SECRET_AUTO squeezed = { 0 };
	SECRET_AUTO shared_secret = { 0 };
	char *bytes = NULL;
	size_t size = 0;
	enum sfmfa_err err = squeeze_base32(text, &squeezed);

	if (err != SFMFA_OK)
		return err;
	switch (oath_base32_decode((const char *)squeezed.bytes, squeezed.size, &bytes, &size)) { /* GCOVR_EXCL_BR_LINE */
	case OATH_OK:
		break;
	case OATH_MALLOC_ERROR:
		return SFMFA_ERR_NO_MEMORY; /* GCOVR_EXCL_LINE: memory is not made to fail here */
	default:
		return SFMFA_ERR_INVALID; /* a length that no number of bytes has */
	}
	err = secret_set(&shared_secret, bytes, size);
	wipe(bytes, size);
	free(bytes);
	if (err != SFMFA_OK || !secret_size_is_valid(&shared_secret)) /* GCOVR_EXCL_BR_LINE: what was squeezed fits */
		return SFMFA_ERR_INVALID;
	secret_move(ret_secret, &shared_secret);
	return SFMFA_OK;
}
