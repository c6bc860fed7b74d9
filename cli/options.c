#include "options.h"

#include <string.h>

#include "base/text.h"

const struct option_spec options_global[] = {
	{ "runtime-dir", "PATH", false, "where the daemon's sockets are" },
	{ "config", "FILE", false, "configuration of a daemon started for this command" },
	{ "json", NULL, false, "one JSON value on stdout, or one a line for lists" },
	{ "quiet", NULL, false, "results and errors only" },
	{ "help", NULL, false, "show help and leave" },
	{ "version", NULL, false, "show the version and leave" },
	{ NULL, NULL, false, NULL },
};

const struct option_spec options_none[] = {
	{ NULL, NULL, false, NULL },
};

#define WORD_MAX 64

/* Edits between two words, a swap of neighbours being one (optimal string alignment). */
static size_t
distance(const char *a, const char *b)
{
	size_t rows[3][WORD_MAX + 1] = { { 0 } };
	size_t a_size = strlen(a);
	size_t b_size = strlen(b);

	if (a_size > WORD_MAX || b_size > WORD_MAX)
		return WORD_MAX;
	for (size_t j = 0; j <= b_size; j++)
		rows[0][j] = j;
	for (size_t i = 1; i <= a_size; i++) {
		size_t *row = rows[i % 3];
		const size_t *above = rows[(i + 2) % 3];
		const size_t *before = rows[(i + 1) % 3];

		row[0] = i;
		for (size_t j = 1; j <= b_size; j++) {
			size_t best = above[j - 1] + (a[i - 1] != b[j - 1]);

			if (above[j] + 1 < best)
				best = above[j] + 1;
			if (row[j - 1] + 1 < best)
				best = row[j - 1] + 1;
			if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] &&
			    before[j - 2] + 1 < best)
				best = before[j - 2] + 1;
			row[j] = best;
		}
	}
	return rows[a_size % 3][b_size];
}

void
nearest_try(struct nearest *nearest, const char *candidate)
{
	size_t size = strlen(nearest->typed);
	size_t limit = size < 4 ? 1 : size < 8 ? 2 : 3;
	size_t edits = distance(nearest->typed, candidate);

	if (edits > limit || (nearest->found && edits >= nearest->distance))
		return;
	nearest->found = candidate;
	nearest->distance = edits;
}

static const struct option_spec *
find(const struct option_spec *options, const char *name, size_t size)
{
	for (; options && options->name; options++) {
		if (strlen(options->name) == size && strncmp(options->name, name, size) == 0)
			return options;
	}
	return NULL;
}

static enum read_kind
unknown(const struct option_spec *own, const char *word, const char *name, size_t size)
{
	char typed[WORD_MAX + 1] = "";
	struct nearest nearest = { .typed = typed };

	if (size <= WORD_MAX)
		memcpy(typed, name, size);
	for (const struct option_spec *option = own; option && option->name; option++)
		nearest_try(&nearest, option->name);
	for (const struct option_spec *option = options_global; option->name; option++)
		nearest_try(&nearest, option->name);
	if (size > 1 && nearest.found)
		cli_usage("unknown option '%s', did you mean '--%s'?", word, nearest.found);
	else
		cli_usage("unknown option '%s'", word);
	return READ_BAD;
}

enum read_kind
options_next(struct reader *reader, const struct option_spec *own, struct given *ret_given,
	     const char **ret_word)
{
	const struct option_spec *option;
	const char *word, *name, *equals;
	size_t size;

	if (reader->at >= reader->count)
		return READ_END;
	word = reader->words[reader->at++];
	if (!reader->only_words && text_equals(word, "--")) {
		reader->only_words = true;
		if (reader->at >= reader->count)
			return READ_END;
		word = reader->words[reader->at++];
	}
	if (reader->only_words || word[0] != '-' || word[1] == '\0') {
		*ret_word = word;
		return READ_WORD;
	}
	if (text_equals(word, "-h"))
		word = "--help";
	if (word[1] != '-')
		return unknown(own, word, word + 1, strlen(word + 1));
	name = word + 2;
	equals = strchr(name, '=');
	size = equals ? (size_t)(equals - name) : strlen(name);
	option = find(own, name, size);
	if (!option)
		option = find(options_global, name, size);
	if (!option)
		return unknown(own, word, name, size);
	if (!option->value && equals) {
		cli_usage("option '--%s' takes no argument", option->name);
		return READ_BAD;
	}
	if (option->value && !equals && reader->at >= reader->count) {
		cli_usage("option '--%s' needs an argument: %s", option->name, option->value);
		return READ_BAD;
	}
	ret_given->option = option;
	ret_given->value = !option->value ? NULL : equals ? equals + 1 : reader->words[reader->at++];
	return READ_OPTION;
}

bool
options_given(const struct arguments *arguments, const char *name)
{
	for (size_t i = 0; i < arguments->given_count; i++) {
		if (text_equals(arguments->given[i].option->name, name))
			return true;
	}
	return false;
}

const char *
options_value(const struct arguments *arguments, const char *name)
{
	for (size_t i = 0; i < arguments->given_count; i++) {
		if (text_equals(arguments->given[i].option->name, name))
			return arguments->given[i].value;
	}
	return NULL;
}
