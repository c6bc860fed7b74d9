/* The command line of sfmfad. */
#ifndef SFMFA_DAEMON_OPTIONS_H
#define SFMFA_DAEMON_OPTIONS_H

#include <stdbool.h>

/* The pointers belong to argv or are compiled in. */
struct options {
	const char *config;      /* never NULL */
	const char *runtime_dir; /* NULL: as configured */
	int once_fd;             /* --once FD: serve this one connection; -1: not given */
	bool foreground;         /* do not detach; log to standard error */
	bool make_key;
};

enum options_result {
	OPTIONS_RUN = 0,
	OPTIONS_SHOWN, /* --help, --version: exit 0 */
	OPTIONS_USAGE, /* exit 2; a sentence was printed */
};

enum options_result
options_parse(int argc, char **argv, struct options *ret_options);

#endif
