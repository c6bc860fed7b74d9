#include "simple.h"

enum exit_status
command_disconnect(const struct cli *cli, const struct arguments *arguments)
{
	return simple_run(cli, arguments,
			  ": the authenticator app, security tokens and recovery codes are removed.");
}
