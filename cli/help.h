/* --help, made from the table of commands and their options. */
#ifndef SFMFA_CLI_HELP_H
#define SFMFA_CLI_HELP_H

#include "cli.h"

/* All commands; with a group ("token") only those of the group. */
void
help_overview(const char *group);

void
help_command(const struct command *command);

#endif
