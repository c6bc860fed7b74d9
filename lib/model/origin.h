/* Where a fact comes from: a line of a file, a permission set, a group, an administrator. */
#ifndef SFMFA_MODEL_ORIGIN_H
#define SFMFA_MODEL_ORIGIN_H

#include <stdint.h>

enum origin_kind {
	ORIGIN_NONE = 0, /* built in */
	ORIGIN_FILE,     /* file:line */
	ORIGIN_DIRECT,   /* assigned with the CLI */
};

/* The pointers belong to the configuration or the user record the facts were made from. */
struct origin {
	enum origin_kind kind;
	const char *file; /* ORIGIN_FILE */
	unsigned line;
	const char *via;  /* the profile, permission set or group that carries it; NULL: none */
	const char *by;   /* ORIGIN_DIRECT: who assigned it */
	int64_t at;       /* ORIGIN_DIRECT: when, Unix seconds */
};

#endif
