/* usage: TARGET FOLDER: runs the target once for each seed of the folder. Speaks TAP; a target that fails ends the process. */
#include <dirent.h>
#include <sys/stat.h>

#include "fuzz.h"

static uint8_t *
read_seed(const char *path, size_t *ret_size)
{
	FILE *in = fopen(path, "re");
	struct stat status;
	uint8_t *bytes;

	HOLDS(in != NULL && fstat(fileno(in), &status) == 0);
	*ret_size = (size_t)status.st_size;
	/* Exactly as large as the seed, so that a sanitizer sees a byte that is read behind it. */
	bytes = malloc(*ret_size > 0 ? *ret_size : 1);
	HOLDS(bytes != NULL && fread(bytes, 1, *ret_size, in) == *ret_size);
	fclose(in);
	return bytes;
}

static int
is_seed(const struct dirent *entry)
{
	return entry->d_name[0] != '.';
}

int
main(int argc, char **argv)
{
	struct dirent **seeds;
	int count = argc == 2 ? scandir(argv[1], &seeds, is_seed, alphasort) : -1;

	if (count <= 0) {
		printf("1..1\nnot ok 1 - there are seeds in %s\n", argc == 2 ? argv[1] : "FOLDER");
		return 1;
	}
	printf("1..1\n");
	(void)LLVMFuzzerTestOneInput((const uint8_t *)"", 0);
	for (int i = 0; i < count; i++) {
		char path[4096];
		uint8_t *bytes;
		size_t size;

		HOLDS(snprintf(path, sizeof(path), "%s/%s", argv[1], seeds[i]->d_name) < (int)sizeof(path));
		bytes = read_seed(path, &size);
		printf("# %s\n", seeds[i]->d_name);
		fflush(stdout);
		(void)LLVMFuzzerTestOneInput(bytes, size);
		free(bytes);
		free(seeds[i]);
	}
	free(seeds);
	printf("ok 1 - %d seeds\n", count);
	return 0;
}
