/* Permissions as bits: what a profile or a permission set grants. */
#ifndef SFMFA_MODEL_PERMISSION_H
#define SFMFA_MODEL_PERMISSION_H

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"

enum permission {
#define PERMISSION(name, key, alias, administrative, help) PERMISSION_##name,
#include "model/permissions.def"
#undef PERMISSION
	PERMISSION_COUNT
};

/* A set of permissions: bit 1 << PERMISSION_x. At most 32 of them. */
#define PERMISSION_BIT(permission) (UINT32_C(1) << (permission))

struct permission_info {
	const char *key;
	const char *alias;
	bool administrative;
	const char *help;
};

/* Never NULL for a permission below PERMISSION_COUNT. */
const struct permission_info *
permission_info(enum permission permission);

/* By key or alias. SFMFA_ERR_NOT_FOUND. */
enum sfmfa_err
permission_from_name(const char *name, enum permission *ret_permission) SFMFA_MUST_USE;

/* The bits of all administrative permissions. */
uint32_t
permission_administrative(void);

static inline bool
permission_in(uint32_t permissions, enum permission permission)
{
	return (permissions & PERMISSION_BIT(permission)) != 0;
}

#endif
