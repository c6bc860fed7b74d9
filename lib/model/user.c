#include "model/user.h"

const char *
assignment_kind_key(enum assignment_kind kind)
{
	static const char *const keys[ASSIGNMENT_KIND_COUNT] = {
		[ASSIGNMENT_PERMISSION] = "permission",
		[ASSIGNMENT_SET] = "set",
		[ASSIGNMENT_GROUP] = "group",
	};

	return (unsigned)kind < ASSIGNMENT_KIND_COUNT ? keys[kind] : "unknown";
}
