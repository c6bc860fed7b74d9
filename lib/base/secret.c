#include "base/secret.h"

#include <string.h>

void
wipe(void *bytes, size_t size)
{
	if (bytes && size > 0) {
		explicit_bzero(bytes, size);
	}
}

enum sfmfa_err
secret_set(struct secret *secret, const void *bytes, size_t size)
{
	if (size > SECRET_MAX) {
		secret_clear(secret);
		return SFMFA_ERR_TOO_LARGE;
	}
	if (size > 0) {
		memmove(secret->bytes, bytes, size);
	}
	wipe(secret->bytes + size, SECRET_MAX - size);
	secret->size = size;
	return SFMFA_OK;
}

void
secret_move(struct secret *to, struct secret *from)
{
	if (to == from) {
		return;
	}
	*to = *from;
	secret_clear(from);
}

bool
bytes_equal(const void *a, const void *b, size_t size)
{
	const volatile unsigned char *left = a;
	const volatile unsigned char *right = b;
	volatile unsigned char difference = 0;

	for (size_t i = 0; i < size; i++) {
		difference = (unsigned char)(difference | (left[i] ^ right[i]));
	}
	return size > 0 && difference == 0;
}

bool
secret_equals(const struct secret *a, const struct secret *b)
{
	return a->size == b->size && a->size <= SECRET_MAX && bytes_equal(a->bytes, b->bytes, a->size);
}

void
secret_clear(struct secret *secret)
{
	wipe(secret, sizeof *secret);
}
