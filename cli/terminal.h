/* The person at the terminal: questions, hidden answers, and how wide the screen is. */
#ifndef SFMFA_CLI_TERMINAL_H
#define SFMFA_CLI_TERMINAL_H

#include <stdbool.h>
#include <stdio.h>

#include "base/secret.h"

/*
 * Asks on the terminal of the process, or, where it has none, on stderr, reading stdin. The terminal
 * is put back as it was also when a signal ends the process. SFMFA_ERR_CLOSED: no answer will come;
 * SFMFA_ERR_TOO_LARGE: the line does not fit.
 */
enum sfmfa_err
terminal_ask(const char *prompt, bool echo, struct secret *ret_answer) SFMFA_MUST_USE;

/* A question whose answer is no unless it is yes. */
bool
terminal_confirm(const char *question);

/* Whether a person is there to be asked: stdin and stderr are terminals. */
bool
terminal_is_interactive(void);

/* Characters a line; 0: no terminal and no COLUMNS, no limit. */
size_t
terminal_columns(FILE *out);

/* Whether bold type may be used on it (a terminal, NO_COLOR not set). */
bool
terminal_may_colour(FILE *out);

/* Whether the locale shows characters beyond ASCII. */
bool
terminal_is_utf8(void);

#endif
