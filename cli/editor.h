/* The editor of the person at the terminal. */
#ifndef SFMFA_CLI_EDITOR_H
#define SFMFA_CLI_EDITOR_H

#include <stdbool.h>

/*
 * Runs $VISUAL, $EDITOR or editor(1) on a file until it ends; words of the variable are its arguments, no
 * shell reads them. False: it could not be started or says it failed, which has been reported on stderr.
 */
bool
editor_run(const char *path);

#endif
