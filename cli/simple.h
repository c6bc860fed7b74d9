/* Commands that change one thing about a user and answer with a sentence. */
#ifndef SFMFA_CLI_SIMPLE_H
#define SFMFA_CLI_SIMPLE_H

#include "request.h"

/* The user the reply is about, or as given; never NULL. */
const char *
simple_user(const struct arguments *arguments, const struct reply *reply);

/* Sends; says the sentence, which follows the user's name; JSON is {"user":…}. */
enum exit_status
simple_run(const struct cli *cli, const struct arguments *arguments, const char *sentence);

#endif
