#include "model/settings.h"

#include <string.h>

bool
words_contain(const struct words *words, const char *word)
{
	if (word == NULL)
		return false;
	for (size_t i = 0; i < words->count; i++) {
		if (strcmp(words->items[i], word) == 0)
			return true;
	}
	return false;
}
