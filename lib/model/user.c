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

bool
user_temporary_code_stands(const struct user_record *record, int64_t wall)
{
	int64_t left;

	return !__builtin_sub_overflow(record->temporary_code_until, wall, &left) && left > 0 &&
	       left <= TEMPORARY_CODE_SECONDS_MAX;
}
