#include "factor/credential.h"

#include <string.h>

static const char access_prefix[CREDENTIAL_PREFIX_SIZE + 1] = "sfa_";
static const char refresh_prefix[CREDENTIAL_PREFIX_SIZE + 1] = "sfr_";

bool
credential_is_access(const void *bytes, size_t size)
{
	const unsigned char *characters = bytes;

	return size == ACCESS_TOKEN_SIZE && memcmp(bytes, access_prefix, CREDENTIAL_PREFIX_SIZE) == 0 &&
	       token_is_well_formed(characters + CREDENTIAL_PREFIX_SIZE, TOKEN_SIZE);
}

bool
credential_is_refresh(const void *bytes, size_t size)
{
	const unsigned char *characters = bytes;

	return size == REFRESH_TOKEN_SIZE && memcmp(bytes, refresh_prefix, CREDENTIAL_PREFIX_SIZE) == 0 &&
	       token_is_well_formed(characters + CREDENTIAL_PREFIX_SIZE, TOKEN_SIZE) &&
	       token_is_well_formed(characters + CREDENTIAL_PREFIX_SIZE + TOKEN_SIZE, TOKEN_SIZE);
}

static void
append(struct secret *to, const void *bytes, size_t size)
{
	memcpy(to->bytes + to->size, bytes, size);
	to->size += size;
}

static enum sfmfa_err
append_random(enum sfmfa_err (*random_below)(unsigned limit, unsigned *ret_number), struct secret *to)
{
	SECRET_AUTO part = { 0 };
	enum sfmfa_err err = token_generate(random_below, &part);

	if (err == SFMFA_OK)
		append(to, part.bytes, part.size);
	return err;
}

enum sfmfa_err
credential_make_access(enum sfmfa_err (*random_below)(unsigned limit, unsigned *ret_number), struct secret *ret_token)
{
	SECRET_AUTO token = { 0 };
	enum sfmfa_err err;

	append(&token, access_prefix, CREDENTIAL_PREFIX_SIZE);
	err = append_random(random_below, &token);
	if (err == SFMFA_OK)
		secret_move(ret_token, &token);
	return err;
}

enum sfmfa_err
credential_make_refresh(enum sfmfa_err (*random_below)(unsigned limit, unsigned *ret_number),
                        const struct secret *family, struct secret *ret_token)
{
	SECRET_AUTO token = { 0 };
	enum sfmfa_err err = SFMFA_OK;

	append(&token, refresh_prefix, CREDENTIAL_PREFIX_SIZE);
	if (family == NULL)
		err = append_random(random_below, &token);
	else if (family->size == REFRESH_TOKEN_SIZE)
		append(&token, REFRESH_FAMILY(family), TOKEN_SIZE);
	else
		err = SFMFA_ERR_INVALID;
	if (err == SFMFA_OK)
		err = append_random(random_below, &token);
	if (err == SFMFA_OK)
		secret_move(ret_token, &token);
	return err;
}
