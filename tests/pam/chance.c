#include "chance.h"

#include <stdlib.h>
#include <time.h>

#include "notes.h"

struct chance
chance_begin(void)
{
	const char *seed = getenv("SFMFA_SEED");
	struct chance chance = { .state = seed != NULL ? strtoull(seed, NULL, 10) : (uint64_t)time(NULL) };

	chance.state += chance.state == 0;
	note("SFMFA_SEED=%llu", (unsigned long long)chance.state);
	return chance;
}

unsigned
chance_below(struct chance *chance, unsigned limit)
{
	chance->state ^= chance->state << 13;
	chance->state ^= chance->state >> 7;
	chance->state ^= chance->state << 17;
	return limit == 0 ? 0 : (unsigned)(chance->state % limit);
}
