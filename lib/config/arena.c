#include "config/arena.h"

#include <stdalign.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define BLOCK_SIZE (64 * 1024)

struct arena_block {
	struct arena_block *next;
	size_t used, capacity;
	alignas(max_align_t) unsigned char bytes[];
};

static struct arena_block *
add_block(struct arena *arena, size_t capacity)
{
	if (capacity > SIZE_MAX - sizeof(struct arena_block))
		return NULL;
	struct arena_block *block = calloc(1, sizeof(*block) + capacity);
	if (!block)
		return NULL;
	block->capacity = capacity;
	/* A piece as large as a block gets one of its own behind the one that is being filled. */
	if (arena->blocks && capacity > BLOCK_SIZE) {
		block->next = arena->blocks->next;
		arena->blocks->next = block;
	} else {
		block->next = arena->blocks;
		arena->blocks = block;
	}
	return block;
}

void *
arena_take(struct arena *arena, size_t count, size_t size)
{
	const size_t align = alignof(max_align_t);
	size_t wanted = 0;
	if (__builtin_mul_overflow(count, size, &wanted) || wanted > SIZE_MAX - align)
		return NULL;
	wanted = wanted == 0 ? align : (wanted + align - 1) / align * align;
	struct arena_block *block = arena->blocks;
	if (!block || block->capacity - block->used < wanted) {
		block = add_block(arena, wanted > BLOCK_SIZE ? wanted : BLOCK_SIZE);
		if (!block)
			return NULL;
	}
	void *taken = block->bytes + block->used;
	block->used += wanted;
	return taken;
}

char *
arena_copy(struct arena *arena, const void *bytes, size_t size)
{
	if (size == SIZE_MAX)
		return NULL;
	char *copy = arena_take(arena, size + 1, 1);
	if (copy && size > 0)
		memcpy(copy, bytes, size);
	return copy;
}

char *
arena_text(struct arena *arena, const char *text)
{
	return arena_copy(arena, text, strlen(text));
}

void
arena_finish(struct arena *arena)
{
	if (!arena)
		return;
	while (arena->blocks) {
		struct arena_block *block = arena->blocks;
		arena->blocks = block->next;
		free(block);
	}
}
