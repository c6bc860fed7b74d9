#include "help.h"

#include <stdio.h>
#include <string.h>

#include "options.h"
#include "terminal.h"

#define HELP_COLUMN 22

static bool
in_group(const struct command *command, const char *group)
{
	size_t size = strlen(group);

	return strncmp(command->words, group, size) == 0 &&
	       (command->words[size] == ' ' || command->words[size] == '\0');
}

/* Two columns; on a narrow terminal the second goes below the first. */
static void
entry(const char *left, const char *right)
{
	size_t columns = terminal_columns(stdout);

	if (strlen(left) + 2 > HELP_COLUMN || (columns != 0 && columns < 72))
		printf("  %s\n      %s\n", left, right);
	else
		printf("  %-*s%s\n", HELP_COLUMN, left, right);
}

static void
option_entry(const struct option_spec *option)
{
	char left[96];

	snprintf(left, sizeof left, "--%s%s%s", option->name, option->value ? " " : "",
		 option->value ? option->value : "");
	entry(left, option->help);
}

static void
global_options(void)
{
	puts("\nOptions of every command:");
	for (const struct option_spec *option = options_global; option->name; option++)
		option_entry(option);
}

void
help_overview(const char *group)
{
	printf("Usage: sfmfa %s%s[OPTION]...\n\n", group ? group : "COMMAND", group ? " COMMAND " : " ");
	puts(group ? "Commands:" : "Administers multi-factor authentication of this host.\n\nCommands:");
	for (size_t i = 0; i < cli_command_count; i++) {
		if (!group || in_group(&cli_commands[i], group))
			entry(cli_commands[i].words, cli_commands[i].help);
	}
	global_options();
	puts("\n'sfmfa COMMAND --help' tells more of one command.");
}

/* Whether the usage of the arguments names the option itself ("LABEL|--all"). */
static bool
is_named(const struct command *command, const struct option_spec *option)
{
	const char *at = strstr(command->usage, "--");

	return at && strncmp(at + 2, option->name, strlen(option->name)) == 0;
}

void
help_command(const struct command *command)
{
	printf("Usage: sfmfa %s", command->words);
	if (command->usage[0] != '\0')
		printf(" %s", command->usage);
	for (const struct option_spec *option = command->options; option->name; option++) {
		if (is_named(command, option))
			continue;
		printf("\n           [--%s%s%s]%s", option->name, option->value ? " " : "",
		       option->value ? option->value : "", option->many ? "..." : "");
	}
	printf("\n\nPurpose: %s.\n", command->help);
	if (command->options->name) {
		puts("\nOptions:");
		for (const struct option_spec *option = command->options; option->name; option++)
			option_entry(option);
	}
	global_options();
	printf("\nExample:\n  sfmfa %s\n", command->example);
}
