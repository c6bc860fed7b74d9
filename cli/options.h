/*
 * The command line, read strictly: "--name VALUE" or "--name=VALUE", words and options in any
 * order, "--" before words that begin with a dash. Abbreviations are refused, so that a later option
 * never changes what a script means.
 */
#ifndef SFMFA_CLI_OPTIONS_H
#define SFMFA_CLI_OPTIONS_H

#include "cli.h"

#define GIVEN_MAX 128

struct given {
	const struct option_spec *option;
	const char *value; /* NULL where it takes none */
};

struct arguments {
	const struct command *command;
	const char *user;  /* NULL: nobody named */
	const char **rest; /* the other arguments: an array of the command line's length */
	size_t rest_count;
	struct given given[GIVEN_MAX];
	size_t given_count;
};

/* A command line being read. */
struct reader {
	char *const *words;
	int count;
	int at;
	bool only_words; /* after "--" */
};

enum read_kind {
	READ_END = 0,
	READ_WORD,
	READ_OPTION,
	READ_BAD, /* already reported */
};

/* The next word or option; own: the command's options, besides the global ones; NULL: none yet. */
enum read_kind
options_next(struct reader *reader, const struct option_spec *own, struct given *ret_given,
             const char **ret_word);

/* The options of every command. */
extern const struct option_spec options_global[];
extern const struct option_spec options_none[];

bool
options_given(const struct arguments *arguments, const char *name);
/* NULL: not given. */
const char *
options_value(const struct arguments *arguments, const char *name);

/* The nearest of the candidates if it can be a slip of the fingers; NULL: none. */
struct nearest {
	const char *typed;
	const char *found;
	size_t distance;
};
void
nearest_try(struct nearest *nearest, const char *candidate);

#endif
