#include "factor/code.h"

#include <stddef.h>

#define GROUP_SIZE     4
#define RECOVERY_SIZE  16
#define TEMPORARY_SIZE 8
#define LETTERS        26 /* the first of the alphabet */
#define BASE           32

/* RFC 4648 6: no 0, 1, 8, 9, which look like letters. */
static const char alphabet[BASE + 1] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";

static size_t
code_size(enum code_kind kind)
{
	switch (kind) {
	case CODE_RECOVERY:
		return RECOVERY_SIZE;
	case CODE_TEMPORARY:
		return TEMPORARY_SIZE;
	case CODE_NONE:
		break;
	}
	return 0;
}

static bool
is_letter(unsigned char byte)
{
	return byte >= 'A' && byte <= 'Z';
}

enum sfmfa_err
code_generate(enum code_kind kind, enum sfmfa_err (*random_below)(unsigned limit, unsigned *ret_number),
              struct secret *ret_code)
{
	SECRET_AUTO code = { 0 };
	size_t size = code_size(kind);

	if (size == 0)
		return SFMFA_ERR_INVALID;
	for (size_t i = 0; i < size; i++) {
		unsigned limit = i + 1 == size ? LETTERS : BASE;
		unsigned digit;
		enum sfmfa_err err = random_below(limit, &digit);

		if (err != SFMFA_OK)
			return err;
		if (digit >= limit)
			return SFMFA_ERR_INTERNAL;
		if (i != 0 && i % GROUP_SIZE == 0)
			code.bytes[code.size++] = '-';
		code.bytes[code.size++] = (unsigned char)alphabet[digit];
	}
	secret_move(ret_code, &code);
	return SFMFA_OK;
}

bool
code_is_scratch(const struct secret *answer, struct secret *ret_canonical)
{
	SECRET_AUTO canonical = { 0 };

	for (size_t i = 0; i < answer->size && i < SECRET_MAX; i++) {
		unsigned char byte = answer->bytes[i];

		if (byte == '-' || byte == ' ')
			continue;
		if (byte < '0' || byte > '9' || canonical.size == SCRATCH_DIGITS)
			return false;
		canonical.bytes[canonical.size++] = byte;
	}
	if (canonical.size != SCRATCH_DIGITS)
		return false;
	secret_move(ret_canonical, &canonical);
	return true;
}

enum code_kind
code_recognize(const struct secret *answer, struct secret *ret_canonical)
{
	SECRET_AUTO canonical = { 0 };

	for (size_t i = 0; i < answer->size && i < SECRET_MAX; i++) {
		unsigned char byte = answer->bytes[i];

		if (byte == '-' || byte == ' ')
			continue;
		if (byte >= 'a' && byte <= 'z')
			byte = (unsigned char)(byte - 'a' + 'A');
		if ((!is_letter(byte) && (byte < '2' || byte > '7')) || canonical.size == RECOVERY_SIZE)
			return CODE_NONE;
		canonical.bytes[canonical.size++] = byte;
	}
	if (canonical.size != RECOVERY_SIZE && canonical.size != TEMPORARY_SIZE)
		return CODE_NONE;
	if (!is_letter(canonical.bytes[canonical.size - 1]))
		return CODE_NONE;
	secret_move(ret_canonical, &canonical);
	return ret_canonical->size == RECOVERY_SIZE ? CODE_RECOVERY : CODE_TEMPORARY;
}
