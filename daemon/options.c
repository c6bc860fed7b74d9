#include "daemon/options.h"

#include <fcntl.h>
#include <getopt.h>
#include <stdio.h>

#include "base/text.h"
#include "paths.h"

static const char usage[] =
	"usage: sfmfad [--config FILE] [--runtime-dir PATH] [--foreground] [--once FD] [--make-key]\n"
	"\n"
	"Decides logins for pam_sfmfa and keeps the secrets. See sfmfad(8).\n"
	"\n"
	"  --config FILE        read FILE instead of " SFMFA_CONFIG_FILE "\n"
	"  --runtime-dir PATH   put root.sock and sfmfa.sock into PATH\n"
	"  --foreground         do not detach, log to standard error\n"
	"  --once FD            serve the one connection FD, then end\n"
	"  --make-key           make the sealing key if there is none, then end\n"
	"  --help, --version\n"
	"\n"
	"example: sfmfad --foreground --config /etc/sfmfa/sfmfa.conf\n";

static enum options_result
misused(const char *sentence)
{
	fprintf(stderr, "sfmfad: %s\nTry 'sfmfad --help'.\n", sentence);
	return OPTIONS_USAGE;
}

static bool
parse_descriptor(const char *text, int *ret_fd)
{
	int64_t fd;

	if (text_parse_number(text, 0, 65535, &fd) != SFMFA_OK || fcntl((int)fd, F_GETFD) < 0)
		return false;
	*ret_fd = (int)fd;
	return true;
}

enum options_result
options_parse(int argc, char **argv, struct options *ret_options)
{
	static const struct option known[] = {
		{ "config", required_argument, NULL, 'c' },      { "runtime-dir", required_argument, NULL, 'r' },
		{ "once", required_argument, NULL, 'o' },        { "foreground", no_argument, NULL, 'f' },
		{ "make-key", no_argument, NULL, 'k' },          { "help", no_argument, NULL, 'h' },
		{ "version", no_argument, NULL, 'v' },           { NULL, 0, NULL, 0 },
	};
	struct options options = { .config = SFMFA_CONFIG_FILE, .once_fd = -1 };
	int option;

	while ((option = getopt_long(argc, argv, "", known, NULL)) != -1) {
		switch (option) {
		case 'c': options.config = optarg; break;
		case 'r': options.runtime_dir = optarg; break;
		case 'f': options.foreground = true; break;
		case 'k': options.make_key = true; break;
		case 'o':
			if (!parse_descriptor(optarg, &options.once_fd))
				return misused("--once wants an open descriptor");
			break;
		case 'h': fputs(usage, stdout); return OPTIONS_SHOWN;
		case 'v': puts("sfmfad " SFMFA_VERSION); return OPTIONS_SHOWN;
		default: return misused("the command line was not understood");
		}
	}
	if (optind < argc)
		return misused("no operand is taken");
	if (options.config[0] != '/' || (options.runtime_dir != NULL && options.runtime_dir[0] != '/'))
		return misused("paths must be absolute");
	*ret_options = options;
	return OPTIONS_RUN;
}
