/* usage: populate FOLDER USERS EVENTS [NEWEST]: fills the store in the folder (population.h). sfmfad must not run. */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "population.h"

int
main(int argc, char **argv)
{
	struct population population;

	if (argc < 4 || argc > 5) {
		fputs("usage: populate FOLDER USERS EVENTS [NEWEST]\n", stderr);
		return 2;
	}
	population = (struct population){
		.users = strtoll(argv[2], NULL, 10),
		.events = strtoll(argv[3], NULL, 10),
		.newest = argc == 5 ? strtoll(argv[4], NULL, 10) : (int64_t)time(NULL),
	};
	return population_fill(argv[1], &population) ? 0 : 1;
}
