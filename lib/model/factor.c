#include "model/factor.h"

#include <stddef.h>
#include <string.h>

struct factor_info {
	const char *key;
	const char *label;
};

static const struct factor_info infos[FACTOR_COUNT] = {
#define FACTOR(name, key, label, help) [FACTOR_##name] = {key, label},
#include "model/factors.def"
#undef FACTOR
};

_Static_assert(FACTOR_COUNT <= 32, "a set of factors is 32 bits wide");

static const char *const level_keys[] = {
	[LEVEL_STANDARD] = "standard",
	[LEVEL_HIGH_ASSURANCE] = "high-assurance",
};

static const char *const app_state_keys[] = {
	[APP_NONE] = "none",
	[APP_PENDING] = "pending",
	[APP_COMPLETED] = "completed",
};

static const char *const algorithm_keys[] = {
	[TOTP_SHA1] = "sha1",
	[TOTP_SHA256] = "sha256",
	[TOTP_SHA512] = "sha512",
};

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static const char *
key_at(const char *const keys[], size_t count, unsigned index)
{
	return index < count ? keys[index] : "unknown";
}

static enum sfmfa_err
find_key(const char *const keys[], size_t count, const char *key, unsigned *ret_index)
{
	if (key == NULL)
		return SFMFA_ERR_NOT_FOUND;
	for (unsigned i = 0; i < count; i++) {
		if (strcmp(keys[i], key) == 0) {
			*ret_index = i;
			return SFMFA_OK;
		}
	}
	return SFMFA_ERR_NOT_FOUND;
}

const char *
factor_key(enum factor factor)
{
	return (unsigned)factor < FACTOR_COUNT ? infos[factor].key : "unknown";
}

const char *
factor_label(enum factor factor)
{
	return (unsigned)factor < FACTOR_COUNT ? infos[factor].label : "unknown factor";
}

enum sfmfa_err
factor_from_key(const char *key, enum factor *ret_factor)
{
	if (key == NULL)
		return SFMFA_ERR_NOT_FOUND;
	for (unsigned i = 0; i < FACTOR_COUNT; i++) {
		if (strcmp(infos[i].key, key) == 0) {
			*ret_factor = (enum factor)i;
			return SFMFA_OK;
		}
	}
	return SFMFA_ERR_NOT_FOUND;
}

const char *
level_key(enum level level)
{
	return key_at(level_keys, COUNT(level_keys), (unsigned)level);
}

enum sfmfa_err
level_from_key(const char *key, enum level *ret_level)
{
	unsigned index;
	enum sfmfa_err err = find_key(level_keys, COUNT(level_keys), key, &index);

	if (err == SFMFA_OK)
		*ret_level = (enum level)index;
	return err;
}

const char *
app_state_key(enum app_state state)
{
	return key_at(app_state_keys, COUNT(app_state_keys), (unsigned)state);
}

const char *
totp_algorithm_key(enum totp_algorithm algorithm)
{
	return key_at(algorithm_keys, COUNT(algorithm_keys), (unsigned)algorithm);
}

enum sfmfa_err
totp_algorithm_from_key(const char *key, enum totp_algorithm *ret_algorithm)
{
	unsigned index;
	enum sfmfa_err err = find_key(algorithm_keys, COUNT(algorithm_keys), key, &index);

	if (err == SFMFA_OK)
		*ret_algorithm = (enum totp_algorithm)index;
	return err;
}
