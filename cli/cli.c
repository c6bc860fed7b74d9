#include "cli.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/text.h"
#include "options.h"

extern const struct option_spec options_app_approve[], options_app_refresh[], options_app_revoke[],
	options_check[], options_enroll[], options_explain[], options_log[], options_perm_revoke[],
	options_import[], options_temp_code[], options_token_new[], options_token_revoke[], options_user_delete[],
	options_user_list[], options_profile_edit[], options_restore[];

const struct command cli_commands[] = {
#define COMMAND(symbol, words, verb, subject, min, max, usage, options, help, example)                       \
	{ words, VERB_##verb, subject, min, max, usage, options, command_##symbol, help, example },
#include "commands.def"
#undef COMMAND
};
const size_t cli_command_count = sizeof cli_commands / sizeof cli_commands[0];

#define SENTENCE_MAX 2048

static void print_sentence(FILE *out, const char *head, const char *fmt, va_list args) SFMFA_PRINTF(3, 0);

static void
print_sentence(FILE *out, const char *head, const char *fmt, va_list args)
{
	char raw[SENTENCE_MAX];
	char clean[SENTENCE_MAX];

	vsnprintf(raw, sizeof raw, fmt, args);
	text_printable(clean, sizeof clean, raw);
	fprintf(out, "%s%s\n", head, clean);
}

void
cli_error(const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	print_sentence(stderr, "sfmfa: ", fmt, args);
	va_end(args);
}

enum exit_status
cli_usage(const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	print_sentence(stderr, "sfmfa: ", fmt, args);
	va_end(args);
	return STATUS_USAGE;
}

void
cli_say(const struct cli *cli, const char *fmt, ...)
{
	va_list args;

	if (cli->quiet)
		return;
	va_start(args, fmt);
	print_sentence(cli->json ? stderr : stdout, "", fmt, args);
	va_end(args);
}

void *
cli_allocate(size_t size)
{
	return cli_grow(NULL, size);
}

void *
cli_grow(void *old, size_t size)
{
	void *bytes = realloc(old, size);

	if (!bytes) {
		cli_error("out of memory");
		exit(STATUS_FAILED);
	}
	return bytes;
}
