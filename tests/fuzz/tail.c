/* A password field and what may be taken off its end (rules 6). First byte: digits of the user's app. */
#include "fuzz.h"

#include "factor/code.h"
#include "factor/token.h"
#include "factor/totp.h"

static bool
all_digits(const unsigned char *bytes, size_t size)
{
	for (size_t i = 0; i < size; i++) {
		if (bytes[i] < '0' || bytes[i] > '9')
			return false;
	}
	return true;
}

static void
check_tail(const struct secret *field, unsigned digits, const struct tail *tail)
{
	const unsigned char *end = field->bytes + field->size;

	HOLDS(tail->kind == FACTOR_SECURITY_TOKEN || tail->kind == FACTOR_TOTP || tail->kind == FACTOR_PASSWORD);
	/* A token comes first. */
	if (tail->kind == FACTOR_SECURITY_TOKEN)
		HOLDS(tail->size == TOKEN_SIZE && token_is_well_formed(end - TOKEN_SIZE, TOKEN_SIZE));
	else
		HOLDS(field->size <= TOKEN_SIZE || !token_is_well_formed(end - TOKEN_SIZE, TOKEN_SIZE));
	if (tail->kind == FACTOR_TOTP)
		HOLDS(digits != 0 && tail->size == digits && all_digits(end - digits, digits));
	if (tail->kind == FACTOR_PASSWORD) {
		HOLDS(tail->size == 0 && !tail->another);
		return;
	}
	/* What is left is a password; and it is known whether that ends in a token. */
	HOLDS(tail->size < field->size);
	HOLDS(tail->another == (field->size - tail->size >= TOKEN_SIZE &&
	                        token_is_well_formed(end - tail->size - TOKEN_SIZE, TOKEN_SIZE)));
}

/* No form of answer can be taken for another (rules 4). */
static void
check_forms(const struct secret *field)
{
	const struct totp_params params = { .digits = 6, .period = 30 }, longer = { .digits = 8, .period = 30 };
	SECRET_AUTO canonical = { 0 };
	struct secret typed = *field;
	enum code_kind kind = code_recognize(field, &canonical);

	totp_normalize(&typed);
	HOLDS(typed.size <= field->size);
	if (kind == CODE_NONE)
		return;
	HOLDS(!totp_is_code(&params, &typed) && !totp_is_code(&longer, &typed));
	HOLDS(canonical.size == (kind == CODE_RECOVERY ? 16 : 8));
	HOLDS(!token_is_well_formed(canonical.bytes, canonical.size));
}

int
LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	SECRET_AUTO field = { 0 };
	struct input_bytes input = { bytes, size };
	unsigned digits = take_byte(&input) % 10;
	struct tail tail;

	if (secret_set(&field, input.at, input.left) != SFMFA_OK) {
		HOLDS(input.left > SECRET_MAX && field.size == 0);
		return 0;
	}
	tail = tail_find(&field, digits);
	check_tail(&field, digits, &tail);
	check_forms(&field);
	return 0;
}
