#include "proc.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

long
proc_status(pid_t pid, const char *key)
{
	char path[64], line[256];
	size_t size = strlen(key);
	long number = 0;
	FILE *file;

	snprintf(path, sizeof(path), "/proc/%ld/status", (long)pid);
	file = fopen(path, "re");
	while (file != NULL && fgets(line, sizeof(line), file) != NULL) {
		if (strncmp(line, key, size) == 0 && line[size] == ':')
			number = strtol(line + size + 1, NULL, 10);
	}
	if (file != NULL)
		fclose(file);
	return number;
}
