/* Arguments of a PAM line, a line of the input each: taken as they stand, or refused as a whole. */
#include "fuzz.h"

#include <stdarg.h>

#include <security/pam_ext.h>

#include "pam_module/pam_args.h"

#define ARGS_MAX 16

/* In place of libpam's, which would write to the log of the system. */
void
pam_syslog(const pam_handle_t *pamh, int priority, const char *format, ...)
{
	char line[1024];
	va_list values;

	va_start(values, format);
	vsnprintf(line, sizeof(line), format, values);
	va_end(values);
}

static void
check_taken(const struct pam_args *args)
{
	const char *paths[] = { args->client.runtime_dir, args->client.config, args->client.daemon };
	const char *values[] = { args->prompt, args->app, args->flow };

	HOLDS(args->split + args->ask + args->credential <= 1);
	HOLDS(args->login_type == NULL || strcmp(args->login_type, "ui") == 0 || strcmp(args->login_type, "api") == 0);
	for (size_t i = 0; i < sizeof(paths) / sizeof(paths[0]); i++)
		HOLDS(paths[i] == NULL || paths[i][0] == '/');
	for (size_t i = 0; i < sizeof(values) / sizeof(values[0]); i++)
		HOLDS(values[i] == NULL || values[i][0] != '\0');
}

int
LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	static char lines[ARGS_MAX][600];
	const char *argv[ARGS_MAX];
	struct input_bytes input = { bytes, size };
	struct pam_args args;
	int argc = 0;

	memset(&args, 0x5a, sizeof(args));
	while (input.left > 0 && argc < ARGS_MAX) {
		take_line(&input, lines[argc], sizeof(lines[argc]));
		argv[argc] = lines[argc];
		argc++;
	}
	if (pam_args_parse(NULL, argc, argv, &args)) {
		check_taken(&args);
		return 0;
	}
	for (size_t i = 0; i < sizeof(args); i++)
		HOLDS(((const unsigned char *)&args)[i] == 0x5a);
	return 0;
}
