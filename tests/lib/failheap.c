/*
 * Allocations that fail, for LD_PRELOAD or for a test to be linked with (faults.h). A block that is freed is
 * searched for secrets and then filled, so that whoever uses it afterwards does not get away with it.
 * Not under a sanitizer, which has an allocator of its own. Randomness may be made to repeat (faults.h), to know
 * beforehand which secrets a process will make.
 */
#include <errno.h>
#include <malloc.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "faults.h"

#define EXPORT __attribute__((visibility("default")))
#define FREED  0xdd

/* glibc's own, under the names that are never replaced. */
void *
__libc_malloc(size_t size);
void *
__libc_calloc(size_t count, size_t size);
void *
__libc_realloc(void *block, size_t size);
void *
__libc_memalign(size_t alignment, size_t size);
void
__libc_free(void *block);

/* gcc takes whoever has malloc() for its user: what is handed out here counts as lost, what is kept back as freed. */
#ifndef __clang__
#pragma GCC diagnostic ignored "-Wanalyzer-malloc-leak"
#pragma GCC diagnostic ignored "-Wanalyzer-double-free"
#endif

EXPORT void *
malloc(size_t size)
{
	return faults_fails(FAULT_HEAP, ENOMEM) ? NULL : __libc_malloc(size);
}

EXPORT void *
calloc(size_t count, size_t size)
{
	return faults_fails(FAULT_HEAP, ENOMEM) ? NULL : __libc_calloc(count, size);
}

EXPORT void
free(void *block)
{
	int before = errno;

	if (block == NULL)
		return;
	faults_freed(block, malloc_usable_size(block));
	memset(block, FREED, malloc_usable_size(block));
	__libc_free(block);
	errno = before;
}

/* Moves whenever a block grows: what was in the old place is seen. Smaller ones stay where they are, as with glibc. */
EXPORT void *
realloc(void *block, size_t size)
{
	size_t old;
	void *moved;

	if (block == NULL)
		return malloc(size);
	if (size == 0) {
		free(block);
		return NULL;
	}
	if (faults_fails(FAULT_HEAP, ENOMEM))
		return NULL;
	old = malloc_usable_size(block);
	if (size <= old)
		return __libc_realloc(block, size);
	moved = __libc_malloc(size);
	if (moved == NULL)
		return NULL;
	memcpy(moved, block, old);
	free(block);
	return moved;
}

EXPORT void *
reallocarray(void *block, size_t count, size_t size)
{
	size_t bytes;

	if (__builtin_mul_overflow(count, size, &bytes)) {
		errno = ENOMEM;
		return NULL;
	}
	return realloc(block, bytes);
}

EXPORT void *
aligned_alloc(size_t alignment, size_t size)
{
	return faults_fails(FAULT_HEAP, ENOMEM) ? NULL : __libc_memalign(alignment, size);
}

EXPORT int
posix_memalign(void **ret_block, size_t alignment, size_t size)
{
	void *block = aligned_alloc(alignment, size);

	if (block == NULL)
		return ENOMEM;
	*ret_block = block;
	return 0;
}

/* splitmix64 */
static unsigned char
draw(uint64_t *state)
{
	uint64_t z = (*state += UINT64_C(0x9e3779b97f4a7c15));

	z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
	z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
	return (unsigned char)(z >> 32);
}

EXPORT ssize_t
getrandom(void *bytes, size_t size, unsigned flags)
{
	static uint64_t state;

	if (faults_here()->seed == 0)
		return syscall(SYS_getrandom, bytes, size, flags);
	if (state == 0)
		state = faults_here()->seed;
	for (size_t i = 0; i < size; i++)
		((unsigned char *)bytes)[i] = draw(&state);
	return (ssize_t)size;
}
