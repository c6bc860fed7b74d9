/* sfmfa: the command line. Finds the command in the table, reads its arguments, runs it. */
#include <errno.h>
#include <fcntl.h>
#include <locale.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/text.h"
#include "cli.h"
#include "complete.h"
#include "help.h"
#include "options.h"
#include "paths.h"

/* What the reading of the command line leads to. */
enum course {
	COURSE_RUN,
	COURSE_HELP,
	COURSE_VERSION,
	COURSE_BAD,
};

/* A descriptor 0–2 that is closed would be given to the next thing that is opened. */
static bool
fill_standard_descriptors(void)
{
	int fd;

	do {
		fd = open("/dev/null", O_RDWR);
		if (fd < 0)
			return false;
	} while (fd <= STDERR_FILENO);
	close(fd);
	return true;
}

static bool
word_begins(const struct command *command, const char *word)
{
	size_t size = strlen(word);

	return strncmp(command->words, word, size) == 0 && command->words[size] == ' ';
}

/* The command that is exactly these words; second NULL: one word. */
static const struct command *
find_command(const char *first, const char *second)
{
	for (size_t i = 0; i < cli_command_count; i++) {
		const struct command *command = &cli_commands[i];

		if (!second && text_equals(command->words, first))
			return command;
		if (second && word_begins(command, first) &&
		    text_equals(command->words + strlen(first) + 1, second))
			return command;
	}
	return NULL;
}

static bool
is_group(const char *first)
{
	for (size_t i = 0; i < cli_command_count; i++) {
		if (word_begins(&cli_commands[i], first))
			return true;
	}
	return false;
}

static void
unknown_command(const char *group, const char *typed)
{
	struct nearest nearest = { .typed = typed };
	char words[256][32];
	size_t count = 0;

	for (size_t i = 0; i < cli_command_count && count < 256; i++) {
		const char *word = cli_commands[i].words;
		size_t size;

		if (group && !word_begins(&cli_commands[i], group))
			continue;
		if (group)
			word += strlen(group) + 1;
		size = strcspn(word, " ");
		if (size >= sizeof words[0])
			continue;
		memcpy(words[count], word, size);
		words[count][size] = '\0';
		nearest_try(&nearest, words[count++]);
	}
	if (nearest.found)
		cli_usage("unknown command '%s%s%s', did you mean '%s%s%s'?", group ? group : "",
			  group ? " " : "", typed, group ? group : "", group ? " " : "", nearest.found);
	else
		cli_usage("unknown command '%s%s%s', see 'sfmfa --help'", group ? group : "",
			  group ? " " : "", typed);
}

/* Takes a global option; false: it is the command's own. */
static bool
take_global(struct cli *cli, const struct given *given, enum course *course)
{
	const char *name = given->option->name;

	if (text_equals(name, "help"))
		*course = COURSE_HELP;
	else if (text_equals(name, "version"))
		*course = COURSE_VERSION;
	else if (text_equals(name, "json"))
		cli->json = true;
	else if (text_equals(name, "quiet"))
		cli->quiet = true;
	else if (text_equals(name, "runtime-dir"))
		cli->client.runtime_dir = given->value;
	else if (text_equals(name, "config"))
		cli->client.config = given->value;
	else
		return false;
	return true;
}

/* The next word, taking global options on the way; NULL with COURSE_RUN: there is none. */
static const char *
next_word(struct cli *cli, struct reader *reader, enum course *course)
{
	struct given given = { 0 };
	const char *word = NULL;

	for (;;) {
		switch (options_next(reader, NULL, &given, &word)) {
		case READ_END: return NULL;
		case READ_WORD: return word;
		case READ_OPTION:
			take_global(cli, &given, course);
			if (*course != COURSE_RUN)
				return NULL;
			break;
		case READ_BAD: *course = COURSE_BAD; return NULL;
		}
	}
}

/* Finds the command; *ret_group is the first word where help was asked for after it. */
static enum course
read_command(struct cli *cli, struct reader *reader, const struct command **ret_command,
	     const char **ret_group)
{
	enum course course = COURSE_RUN;
	const char *first = next_word(cli, reader, &course);
	const struct command *command;
	const char *second;

	if (!first) {
		if (course != COURSE_RUN)
			return course;
		cli_usage("which command? See 'sfmfa --help'");
		return COURSE_BAD;
	}
	command = find_command(first, NULL);
	if (command)
		*ret_command = command;
	if (!is_group(first)) {
		if (!command)
			unknown_command(NULL, first);
		return command ? COURSE_RUN : COURSE_BAD;
	}
	*ret_group = first;
	if (command) { /* "temp-code" is a command and the first word of another one */
		if (reader->at < reader->count && find_command(first, reader->words[reader->at]))
			*ret_command = find_command(first, reader->words[reader->at++]);
		return COURSE_RUN;
	}
	second = next_word(cli, reader, &course);
	if (!second) {
		if (course != COURSE_RUN)
			return course;
		cli_usage("'%s' needs a command, see 'sfmfa %s --help'", first, first);
		return COURSE_BAD;
	}
	*ret_command = find_command(first, second);
	if (!*ret_command) {
		unknown_command(first, second);
		return COURSE_BAD;
	}
	return COURSE_RUN;
}

static bool
add_option(struct arguments *arguments, const struct given *given)
{
	if (!given->option->many && options_given(arguments, given->option->name)) {
		cli_usage("option '--%s' is given twice", given->option->name);
		return false;
	}
	if (arguments->given_count == GIVEN_MAX) {
		cli_usage("too many options");
		return false;
	}
	arguments->given[arguments->given_count++] = *given;
	return true;
}

static bool
add_word(struct arguments *arguments, const char *word)
{
	const struct command *command = arguments->command;

	if (command->subject != SUBJECT_NONE && !arguments->user) {
		if (word[0] == '\0') {
			cli_usage("a user has a name");
			return false;
		}
		arguments->user = word;
		return true;
	}
	if (arguments->rest_count >= command->max) {
		cli_usage("'%s' is one argument too many, see 'sfmfa %s --help'", word, command->words);
		return false;
	}
	arguments->rest[arguments->rest_count++] = word;
	return true;
}

static enum course
read_arguments(struct cli *cli, struct reader *reader, struct arguments *arguments)
{
	const struct command *command = arguments->command;
	enum course course = COURSE_RUN;
	struct given given = { 0 };
	const char *word = NULL;
	enum read_kind kind;

	while ((kind = options_next(reader, command->options, &given, &word)) != READ_END) {
		if (kind == READ_BAD)
			return COURSE_BAD;
		if (kind == READ_WORD && !add_word(arguments, word))
			return COURSE_BAD;
		if (kind == READ_OPTION && !take_global(cli, &given, &course) &&
		    !add_option(arguments, &given))
			return COURSE_BAD;
		if (course != COURSE_RUN)
			return course;
	}
	if ((command->subject == SUBJECT_REQUIRED && !arguments->user) ||
	    arguments->rest_count < command->min) {
		cli_usage("an argument is missing: sfmfa %s %s", command->words, command->usage);
		return COURSE_BAD;
	}
	return COURSE_RUN;
}

/* What was printed must have got there. */
static enum exit_status
flush(enum exit_status status)
{
	bool failed = ferror(stdout) != 0;

	if (fflush(stdout) != 0 || failed) {
		if (errno != EPIPE)
			cli_error("cannot write the output: %s", strerror(errno));
		return STATUS_FAILED;
	}
	return status;
}

static enum exit_status
run(int argc, char *const *argv)
{
	struct cli cli = { .json = false };
	struct reader reader = { .words = argv, .count = argc, .at = 1 };
	struct arguments arguments = { .rest = cli_allocate(((size_t)argc + 1) * sizeof *arguments.rest) };
	enum exit_status status = STATUS_USAGE;
	const char *group = NULL;
	enum course course = read_command(&cli, &reader, &arguments.command, &group);

	if (course == COURSE_RUN)
		course = read_arguments(&cli, &reader, &arguments);
	switch (course) {
	case COURSE_RUN: status = arguments.command->run(&cli, &arguments); break;
	case COURSE_HELP:
		if (arguments.command)
			help_command(arguments.command);
		else
			help_overview(group);
		status = STATUS_DONE;
		break;
	case COURSE_VERSION:
		puts("sfmfa " SFMFA_VERSION);
		status = STATUS_DONE;
		break;
	case COURSE_BAD: break;
	}
	free(arguments.rest);
	return status;
}

int
main(int argc, char **argv)
{
	if (!fill_standard_descriptors())
		return STATUS_FAILED;
	setlocale(LC_CTYPE, "");
	if (argc > 1 && text_equals(argv[1], COMPLETE_WORD)) {
		complete_print(argv + 2, argc - 2);
		return (int)flush(STATUS_DONE);
	}
	return (int)flush(run(argc, argv));
}
