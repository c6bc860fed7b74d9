#include "crypto/random.h"

#include <errno.h>
#include <stdint.h>
#include <sys/random.h>
#include <sys/types.h>

#include "base/secret.h"

/* More draws than a sound generator ever needs (each fails with less than one half). */
#define DRAWS_MAX 256

enum sfmfa_err
random_bytes(void *bytes, size_t size)
{
	size_t done = 0;

	while (done < size) {
		ssize_t got = getrandom((unsigned char *)bytes + done, size - done, 0);

		/* More than 256 bytes may come in parts, when a signal arrives (getrandom(2)). */
		if (got < 0 && errno == EINTR)
			continue;
		if (got <= 0) {
			wipe(bytes, size);
			return SFMFA_ERR_CRYPTO;
		}
		done += (size_t)got;
	}
	return SFMFA_OK;
}

enum sfmfa_err
random_below(unsigned limit, unsigned *ret_number)
{
	const uint64_t all = UINT64_C(1) << 32;
	uint64_t usable;

	if (limit == 0 || limit > RANDOM_LIMIT_MAX)
		return SFMFA_ERR_INVALID;
	usable = all - all % limit;
	for (int draw = 0; draw < DRAWS_MAX; draw++) {
		uint32_t number;
		enum sfmfa_err err = random_bytes(&number, sizeof(number));

		if (err != SFMFA_OK)
			return err;
		if (number < usable) {
			*ret_number = number % limit;
			wipe(&number, sizeof(number));
			return SFMFA_OK;
		}
	}
	return SFMFA_ERR_CRYPTO;
}
