#include "model/permission.h"

#include <string.h>

static const struct permission_info infos[PERMISSION_COUNT] = {
#define PERMISSION(name, key, alias, administrative, help) \
	[PERMISSION_##name] = {key, alias, administrative, help},
#include "model/permissions.def"
#undef PERMISSION
};

_Static_assert(PERMISSION_COUNT <= 32, "a set of permissions is 32 bits wide");

const struct permission_info *
permission_info(enum permission permission)
{
	static const struct permission_info unknown = {"unknown", "", true, "not a permission"};

	return (unsigned)permission < PERMISSION_COUNT ? &infos[permission] : &unknown;
}

enum sfmfa_err
permission_from_name(const char *name, enum permission *ret_permission)
{
	if (name == NULL)
		return SFMFA_ERR_NOT_FOUND;
	for (unsigned i = 0; i < PERMISSION_COUNT; i++) {
		if (strcmp(name, infos[i].key) == 0 || strcmp(name, infos[i].alias) == 0) {
			*ret_permission = (enum permission)i;
			return SFMFA_OK;
		}
	}
	return SFMFA_ERR_NOT_FOUND;
}

uint32_t
permission_administrative(void)
{
	uint32_t bits = 0;

	for (unsigned i = 0; i < PERMISSION_COUNT; i++) {
		if (infos[i].administrative)
			bits |= PERMISSION_BIT(i);
	}
	return bits;
}
