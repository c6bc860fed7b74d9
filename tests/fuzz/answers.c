#include "answers.h"

#include "factor/totp.h"
#include "fuzz.h"

static const struct totp_params params = { .algorithm = TOTP_SHA1, .digits = 6, .period = 30 };

bool
answers_are_right(const struct secret *shared_secret, int64_t now, const struct secret *answer)
{
	struct secret typed = *answer;
	bool right = false;

	totp_normalize(&typed);
	for (int64_t step = totp_step(&params, now) - 2; step <= totp_step(&params, now) + 2; step++) {
		char code[TOTP_DIGITS_MAX + 1];

		HOLDS(totp_code(&params, shared_secret, step, code) == SFMFA_OK);
		right |= typed.size >= params.digits &&
		         memcmp(typed.bytes + typed.size - params.digits, code, params.digits) == 0;
	}
	return right;
}

bool
answers_find_shown(const char *info, struct secret *ret_shared_secret)
{
	const char *at = strstr(info, "secret=");
	char base32[TOTP_BASE32_SIZE];
	size_t size;

	if (at == NULL)
		return false;
	at += strlen("secret=");
	size = strspn(at, "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567");
	HOLDS(size < sizeof(base32));
	memcpy(base32, at, size);
	base32[size] = '\0';
	return totp_from_base32(base32, ret_shared_secret) == SFMFA_OK;
}

void
answers_spoil(const struct secret shared[], size_t count, int64_t now, struct secret *answer)
{
	for (size_t i = 0; i < count; i++) {
		if (shared[i].size > 0 && answers_are_right(&shared[i], now, answer))
			answer->bytes[answer->size - 1] = '!';
	}
}
