#include "model/login_type.h"

#include <stddef.h>
#include <string.h>

static const char *const type_keys[] = {
	[LOGIN_UI] = "ui",
	[LOGIN_API] = "api",
	[LOGIN_EXEMPT] = "exempt",
};

static const char *const caller_keys[CALLER_CLASS_COUNT] = {
	[CALLER_OWN] = "own",
	[CALLER_TRUSTED] = "trusted",
	[CALLER_ROOT] = "root",
};

const char *
login_type_key(enum login_type type)
{
	return (unsigned)type < sizeof(type_keys) / sizeof(type_keys[0]) ? type_keys[type] : "unknown";
}

enum sfmfa_err
login_type_from_key(const char *key, enum login_type *ret_type)
{
	if (key == NULL)
		return SFMFA_ERR_NOT_FOUND;
	for (unsigned i = 0; i < sizeof(type_keys) / sizeof(type_keys[0]); i++) {
		if (strcmp(type_keys[i], key) == 0) {
			*ret_type = (enum login_type)i;
			return SFMFA_OK;
		}
	}
	return SFMFA_ERR_NOT_FOUND;
}

const char *
caller_class_key(enum caller_class caller)
{
	return (unsigned)caller < CALLER_CLASS_COUNT ? caller_keys[caller] : "unknown";
}
