/*
 * What every command is given and what it ends with. A command is one function in a file of its
 * own and one line in commands.def.
 */
#ifndef SFMFA_CLI_CLI_H
#define SFMFA_CLI_CLI_H

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"
#include "model/verb.h"
#include "wire/client.h"

/* Exit statuses are promised to scripts (sfmfa(1)). */
enum exit_status {
	STATUS_DONE = 0,    /* done, or allowed */
	STATUS_REFUSED = 1, /* the rules say no */
	STATUS_USAGE = 2,   /* the command line cannot be understood */
	STATUS_FAILED = 3,  /* sfmfa could not do its work */
};

/* The options that every command knows. */
struct cli {
	struct client_options client;
	bool json;
	bool quiet;
};

/* An option of a command. A list of them ends with a NULL name. */
struct option_spec {
	const char *name;  /* without the dashes */
	const char *value; /* what its argument is called in the help; NULL: it takes none */
	bool many;         /* may be given more than once */
	const char *help;
};

/* Whether a command is about a user, who then is its first argument. */
enum subject {
	SUBJECT_NONE = 0,
	SUBJECT_OPTIONAL, /* nobody named: the caller's own user */
	SUBJECT_REQUIRED,
};

struct arguments;

struct command {
	const char *words; /* "token new" */
	enum verb verb;
	enum subject subject;
	size_t min, max;   /* arguments besides the user */
	const char *usage; /* arguments, without the options */
	const struct option_spec *options;
	enum exit_status (*run)(const struct cli *cli, const struct arguments *arguments);
	const char *help;
	const char *example; /* what follows "sfmfa " */
};

/* Sorted by words. */
extern const struct command cli_commands[];
extern const size_t cli_command_count;

/* "sfmfa: …" on stderr, made printable. */
void
cli_error(const char *fmt, ...) SFMFA_PRINTF(1, 2);

/* The same, and STATUS_USAGE. */
enum exit_status
cli_usage(const char *fmt, ...) SFMFA_PRINTF(1, 2);

/* A sentence for the person: on stdout, on stderr with --json, nowhere with --quiet. */
void
cli_say(const struct cli *cli, const char *fmt, ...) SFMFA_PRINTF(2, 3);

/* Heap that is there or ends the process with STATUS_FAILED. */
void *
cli_allocate(size_t size);
void *
cli_grow(void *old, size_t size);

#define COMMAND(symbol, words, verb, subject, min, max, usage, options, help, example) \
	enum exit_status command_##symbol(const struct cli *cli, const struct arguments *arguments);
#include "commands.def"
#undef COMMAND

#endif
