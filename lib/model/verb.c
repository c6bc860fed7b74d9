#include "model/verb.h"

#include <stddef.h>
#include <string.h>

/* The words of the columns of verbs.def. */
enum {
	R = 1 << CALLER_ROOT,
	T = 1 << CALLER_TRUSTED,
	O = 1 << CALLER_OWN,
};

enum {
	SELF = 1 << 0,
	CODE = 1 << 1,
	CHANGES = 1 << 2,
	ROOT = 1 << 3,
	PLAIN = 1 << 4,
};

#define PERMISSION_NONE PERMISSION_COUNT

static const struct verb_info infos[VERB_COUNT] = {
	[VERB_NONE] = {.key = "", .permission = PERMISSION_COUNT, .root_only = true, .help = "not a verb"},
#define VERB(name, verb_key, who, needs, flags, text) \
	[VERB_##name] = { \
		.key = (verb_key), \
		.classes = (who), \
		.permission = PERMISSION_##needs, \
		.self = ((flags) & SELF) != 0, \
		.code = ((flags) & CODE) != 0, \
		.changes = ((flags) & CHANGES) != 0, \
		.root_only = ((flags) & ROOT) != 0, \
		.plain = ((flags) & PLAIN) != 0, \
		.help = (text), \
	},
#include "model/verbs.def"
#undef VERB
};

const struct verb_info *
verb_info(enum verb verb)
{
	return &infos[(unsigned)verb < VERB_COUNT ? verb : VERB_NONE];
}

enum verb
verb_from_key(const char *key)
{
	if (key == NULL)
		return VERB_NONE;
	for (unsigned i = VERB_NONE + 1; i < VERB_COUNT; i++) {
		if (strcmp(infos[i].key, key) == 0)
			return (enum verb)i;
	}
	return VERB_NONE;
}

bool
verb_open_to(enum verb verb, enum caller_class caller)
{
	const struct verb_info *info = verb_info(verb);

	if ((unsigned)caller >= CALLER_CLASS_COUNT || (info->root_only && caller != CALLER_ROOT))
		return false;
	return (info->classes & (1U << caller)) != 0;
}
