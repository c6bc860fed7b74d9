/* How much a test does: all of it with SFMFA_LONG=1 in the environment. */
#ifndef SFMFA_TESTS_PAM_EXTENT_H
#define SFMFA_TESTS_PAM_EXTENT_H

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

static inline bool
extent_is_full(void)
{
	const char *word = getenv("SFMFA_LONG");

	return word != NULL && strcmp(word, "1") == 0;
}

static inline unsigned
extent(unsigned few, unsigned many)
{
	return extent_is_full() ? many : few;
}

#endif
