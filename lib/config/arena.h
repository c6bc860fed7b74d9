/*
 * The memory of one configuration snapshot: handed out piece by piece, given back as a whole. So a
 * load that fails half-way has one thing to undo.
 */
#ifndef SFMFA_CONFIG_ARENA_H
#define SFMFA_CONFIG_ARENA_H

#include <stddef.h>

struct arena_block;

struct arena {
	struct arena_block *blocks; /* the first one is being filled */
};

/* count things of a size, zeroed and aligned for any type. NULL: no memory. */
void *
arena_take(struct arena *arena, size_t count, size_t size);

/* A copy of size bytes with a NUL behind them. NULL: no memory. */
char *
arena_copy(struct arena *arena, const void *bytes, size_t size);
char *
arena_text(struct arena *arena, const char *text);

/* Frees everything that was taken. NULL and zeroed are allowed. */
void
arena_finish(struct arena *arena);

#endif
