/* Random moments that can be had again: the seed is printed, and SFMFA_SEED in the environment gives it back. */
#ifndef SFMFA_TESTS_PAM_CHANCE_H
#define SFMFA_TESTS_PAM_CHANCE_H

#include <stdint.h>

struct chance {
	uint64_t state; /* of an xorshift64; never 0. A copy goes the same way */
};

/* Notes the seed. */
struct chance chance_begin(void);

/* Below limit; 0 for 0. */
unsigned chance_below(struct chance *chance, unsigned limit);

#endif
