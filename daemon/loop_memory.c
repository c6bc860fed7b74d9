#include "daemon/loop_memory.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <ev.h>

/*
 * Never paged in unless it is used. libev doubles its arrays, and what has outgrown its place in here is not
 * used again: for 65536 descriptors that comes to less than 4 MiB. Connections, which need far more, cannot be made
 * meanwhile.
 */
#define RESERVE_SIZE ((size_t)4 << 20)

/* In front of every block. */
union head {
	size_t size; /* of what follows */
	max_align_t alignment;
};

static _Alignas(max_align_t) unsigned char reserve[RESERVE_SIZE];
static size_t reserve_used;

static union head *
take_reserve(size_t size)
{
	union head *head = (union head *)(void *)(reserve + reserve_used);
	size_t whole = (sizeof(*head) + size + sizeof(*head) - 1) / sizeof(*head) * sizeof(*head);

	if (whole < size || whole > RESERVE_SIZE - reserve_used)
		return NULL;
	reserve_used += whole;
	return head;
}

static void
give_back(union head *head)
{
	const unsigned char *at = (const unsigned char *)head;

	if (head != NULL && !(at >= reserve && at < reserve + RESERVE_SIZE))
		free(head);
}

/* realloc(), and free() for size 0. */
static void *
loop_memory(void *block, long size)
{
	union head *old = block != NULL ? (union head *)block - 1 : NULL, *head;
	size_t wanted = (size_t)size;

	if (size <= 0) {
		give_back(old);
		return NULL;
	}
	head = malloc(sizeof(*head) + wanted);
	if (head == NULL)
		head = take_reserve(wanted);
	if (head == NULL)
		return NULL;
	head->size = wanted;
	if (old != NULL) {
		memcpy(head + 1, block, old->size < wanted ? old->size : wanted);
		give_back(old);
	}
	return head + 1;
}

void
loop_memory_init(void)
{
	ev_set_allocator(loop_memory);
}
