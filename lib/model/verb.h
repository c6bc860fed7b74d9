/* Verbs and who may use them: one table, verb by class (rules 2). */
#ifndef SFMFA_MODEL_VERB_H
#define SFMFA_MODEL_VERB_H

#include <stdbool.h>

#include "base/error.h"
#include "model/login_type.h"
#include "model/permission.h"

enum verb {
	VERB_NONE = 0, /* not a verb: refused */
#define VERB(name, key, classes, permission, flags, help) VERB_##name,
#include "model/verbs.def"
#undef VERB
	VERB_COUNT
};

struct verb_info {
	const char *key;
	unsigned classes;           /* bit 1 << CALLER_x */
	enum permission permission; /* PERMISSION_COUNT: none will do */
	bool self;                  /* allowed on oneself without the permission */
	bool code;                  /* the operator proves themselves with a code first */
	bool changes;               /* makes an event */
	bool root_only;
	bool plain;                 /* neither groups nor the caller's session matter: neither is asked for */
	const char *help;
};

const struct verb_info *
verb_info(enum verb verb);

/* VERB_NONE if there is no such verb. */
enum verb
verb_from_key(const char *key);

/* Whether a peer of this class may use the verb at all. */
bool
verb_open_to(enum verb verb, enum caller_class caller);

#endif
