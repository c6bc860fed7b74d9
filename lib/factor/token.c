#include "factor/token.h"

#include <string.h>

#define BASE        62
#define RANDOM_SIZE (TOKEN_SIZE - 2)
#define MODULUS     3833 /* the largest prime below 62² */

static const char alphabet[BASE + 1] = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

/* The digit that a byte stands for; -1: none. Not isalnum(): that asks the locale. */
static int
digit_of(unsigned char byte)
{
	if (byte >= '0' && byte <= '9')
		return byte - '0';
	if (byte >= 'A' && byte <= 'Z')
		return byte - 'A' + 10;
	if (byte >= 'a' && byte <= 'z')
		return byte - 'a' + 36;
	return -1;
}

enum sfmfa_err
token_generate(enum sfmfa_err (*random_below)(unsigned limit, unsigned *ret_number), struct secret *ret_token)
{
	SECRET_AUTO token = { 0 };
	unsigned rest = 0;
	unsigned check;

	for (size_t i = 0; i < RANDOM_SIZE; i++) {
		unsigned digit;
		enum sfmfa_err err = random_below(BASE, &digit);

		if (err != SFMFA_OK)
			return err;
		if (digit >= BASE)
			return SFMFA_ERR_INTERNAL;
		token.bytes[i] = (unsigned char)alphabet[digit];
		rest = (rest * BASE + digit) % MODULUS;
	}
	/* The number that brings rest * 62² to 1. */
	check = (MODULUS + 1 - rest * BASE % MODULUS * BASE % MODULUS) % MODULUS;
	token.bytes[RANDOM_SIZE] = (unsigned char)alphabet[check / BASE];
	token.bytes[RANDOM_SIZE + 1] = (unsigned char)alphabet[check % BASE];
	token.size = TOKEN_SIZE;
	secret_move(ret_token, &token);
	return SFMFA_OK;
}

bool
token_is_well_formed(const void *bytes, size_t size)
{
	const unsigned char *characters = bytes;
	unsigned rest = 0;
	unsigned check = 0;

	if (size != TOKEN_SIZE)
		return false;
	for (size_t i = 0; i < TOKEN_SIZE; i++) {
		int digit = digit_of(characters[i]);

		if (digit < 0)
			return false;
		rest = (rest * BASE + (unsigned)digit) % MODULUS;
		if (i >= RANDOM_SIZE)
			check = check * BASE + (unsigned)digit;
	}
	return rest == 1 && check < MODULUS;
}

static bool
service_in_scope(const struct token_record *token, const char *service)
{
	if (token->service_count == 0)
		return true;
	for (size_t i = 0; i < token->service_count && i < TOKEN_SERVICES_MAX; i++) {
		if (strcmp(token->services[i], service) == 0)
			return true;
	}
	return false;
}

enum token_use
token_usable(const struct token_record *token, int64_t now, const char *service, const struct peer *peer)
{
	if (token->revoked_at != 0 || (token->expires_at != 0 && now >= token->expires_at))
		return TOKEN_USE_EXPIRED;
	if (!service_in_scope(token, service))
		return TOKEN_USE_OUT_OF_SCOPE;
	if (token->from.count != 0 && !networks_contain(&token->from, peer))
		return TOKEN_USE_OUT_OF_SCOPE;
	return TOKEN_USE_OK;
}

/* Whether the first size bytes of the field end in a token. */
static bool
ends_in_token(const struct secret *field, size_t size)
{
	return size >= TOKEN_SIZE && token_is_well_formed(field->bytes + (size - TOKEN_SIZE), TOKEN_SIZE);
}

static bool
ends_in_digits(const struct secret *field, size_t count)
{
	if (field->size < count)
		return false;
	for (size_t i = field->size - count; i < field->size; i++) {
		if (field->bytes[i] < '0' || field->bytes[i] > '9')
			return false;
	}
	return true;
}

struct tail
tail_find(const struct secret *field, unsigned digits)
{
	struct tail tail = { .kind = FACTOR_PASSWORD };

	if (field->size > SECRET_MAX)
		return tail;
	if (ends_in_token(field, field->size))
		tail = (struct tail){ .kind = FACTOR_SECURITY_TOKEN, .size = TOKEN_SIZE };
	else if (digits >= TOTP_DIGITS_MIN && digits <= TOTP_DIGITS_MAX && ends_in_digits(field, digits))
		tail = (struct tail){ .kind = FACTOR_TOTP, .size = digits };
	if (tail.size >= field->size)
		return (struct tail){ .kind = FACTOR_PASSWORD };
	tail.another = tail.size != 0 && ends_in_token(field, field->size - tail.size);
	return tail;
}
