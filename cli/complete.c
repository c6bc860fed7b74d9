#include "complete.h"

#include <dirent.h>
#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "cli.h"
#include "model/decision.h"
#include "model/permission.h"
#include "options.h"
#include "paths.h"

/* The command line up to the cursor. */
struct position {
	char words[64];                /* of a command, as far as it goes */
	const struct command *command; /* NULL: not complete */
	size_t arguments;              /* that stand behind it */
	const struct option_spec *awaits; /* its value is what is typed; NULL: none */
	bool only_words;               /* after "--" */
	const char *typed;
};

static void
offer(const struct position *at, const char *word, const char *what)
{
	if (strncmp(word, at->typed, strlen(at->typed)) == 0)
		printf("%s\t%s\n", word, what);
}

/* Words with blanks between them. */
static void
offer_words(const struct position *at, const char *words)
{
	while (*words != '\0') {
		char word[64];
		size_t size = strcspn(words, " ");

		snprintf(word, sizeof word, "%.*s", (int)size, words);
		offer(at, word, "");
		words += size;
		words += strspn(words, " ");
	}
}

/* Names of files without their suffix. */
static void
offer_names(const struct position *at, const char *folder, const char *suffix)
{
	DIR *dir = opendir(folder);
	const struct dirent *entry;

	if (!dir)
		return;
	while ((entry = readdir(dir)) != NULL) {
		size_t size = strlen(entry->d_name), end = strlen(suffix);
		char name[256];

		if (entry->d_name[0] == '.' || size <= end || !text_equals(entry->d_name + size - end, suffix))
			continue;
		snprintf(name, sizeof name, "%.*s", (int)(size - end), entry->d_name);
		offer(at, name, "");
	}
	closedir(dir);
}

static void
offer_permissions(const struct position *at)
{
	for (int i = 0; i < PERMISSION_COUNT; i++)
		offer(at, permission_info((enum permission)i)->key, permission_info((enum permission)i)->help);
}

static void
offer_assignments(const struct position *at)
{
	offer_permissions(at);
	offer_names(at, SFMFA_CONFIG_DIR "/permission-sets.d", ".conf");
	offer_names(at, SFMFA_CONFIG_DIR "/permission-set-groups.d", ".conf");
}

static void
offer_profiles(const struct position *at)
{
	offer_names(at, SFMFA_CONFIG_DIR "/profiles.d", ".conf");
}

static void
offer_services(const struct position *at)
{
	offer_names(at, "/etc/pam.d", "");
}

static void
offer_reasons(const struct position *at)
{
	for (int i = 0; i < REASON_COUNT; i++)
		offer(at, reason_key((enum reason)i), "");
}

/* What the placeholders of usages and options stand for. */
static const struct placeholder {
	const char *name;
	const char *words; /* candidates, or a line for the shell; NULL: offer them */
	void (*offer)(const struct position *at);
} placeholders[] = {
	{ "USER", ":users", NULL },
	{ "FILE", ":files", NULL },
	{ "PATH", ":folders", NULL },
	{ "DIR", ":folders", NULL },
	{ "SERVICE", NULL, offer_services },
	{ "ui|api", "ui api", NULL },
	{ "TYPE", "ui api exempt", NULL },
	{ "STATE", "pending completed none locked frozen", NULL },
	{ "ANSWER", "none totp totp-wrong token token-wrong recovery-code temporary-code register", NULL },
	{ "QR", "utf8 none svg:", NULL },
	{ "ALGORITHM", "sha1 sha256 sha512", NULL },
	{ "PERMISSION", NULL, offer_permissions },
	{ "NAME...", NULL, offer_assignments },
	{ "NAME", NULL, offer_profiles },
	{ "REASON", NULL, offer_reasons },
};

static void
offer_placeholder(const struct position *at, const char *name, size_t size)
{
	for (size_t i = 0; i < sizeof placeholders / sizeof placeholders[0]; i++) {
		const struct placeholder *placeholder = &placeholders[i];

		if (strlen(placeholder->name) != size || strncmp(placeholder->name, name, size) != 0)
			continue;
		if (placeholder->offer)
			placeholder->offer(at);
		else if (placeholder->words[0] == ':')
			puts(placeholder->words);
		else
			offer_words(at, placeholder->words);
		return;
	}
}

static const struct option_spec *
find_option(const struct option_spec *options, const char *word)
{
	for (; options->name; options++) {
		if (text_equals(options->name, word + 2))
			return options;
	}
	return NULL;
}

static void
take_option(struct position *at, const char *word)
{
	const struct option_spec *option;

	at->only_words = word[2] == '\0';
	option = find_option(options_global, word);
	if (!option && at->command)
		option = find_option(at->command->options, word);
	at->awaits = option && option->value ? option : NULL;
}

static void
take_word(struct position *at, const char *word)
{
	const struct command *command = NULL;
	char words[sizeof at->words];

	/* "temp-code" is a command, and "temp-code expire" too. */
	snprintf(words, sizeof words, "%s%s%s", at->words, at->words[0] != '\0' ? " " : "", word);
	for (size_t i = 0; i < cli_command_count && at->arguments == 0; i++) {
		if (text_equals(cli_commands[i].words, words))
			command = &cli_commands[i];
	}
	if (at->command && !command) {
		at->arguments++;
		return;
	}
	at->command = command;
	memcpy(at->words, words, sizeof words);
}

static void
offer_options(const struct position *at, const struct option_spec *options)
{
	char word[64];

	for (; options->name; options++) {
		snprintf(word, sizeof word, "--%s", options->name);
		offer(at, word, options->help);
	}
}

/* The next words of commands that begin with what is there. */
static void
offer_commands(const struct position *at)
{
	size_t size = strlen(at->words);
	char last[64] = "";

	for (size_t i = 0; i < cli_command_count; i++) {
		const char *words = cli_commands[i].words;
		char word[64];

		if (strncmp(words, at->words, size) != 0 || (size > 0 && words[size] != ' '))
			continue;
		words += size > 0 ? size + 1 : 0;
		snprintf(word, sizeof word, "%.*s", (int)strcspn(words, " "), words);
		if (!text_equals(word, last))
			offer(at, word, words[strlen(word)] == '\0' ? cli_commands[i].help : "");
		memcpy(last, word, sizeof last);
	}
}

/* The word of the usage that stands where the cursor is; the last one may be repeated ("FILE..."). */
static void
offer_argument(const struct position *at)
{
	const char *word = at->command->usage, *last = word;
	size_t size = 0;

	for (size_t n = 0; n <= at->arguments; n++) {
		word += strspn(word, " []");
		if (*word == '\0')
			break;
		last = word;
		size = strcspn(word, " ]");
		word += size;
		if (n == at->arguments)
			break;
		if (word[strspn(word, " []")] == '\0' && !(size > 3 && strncmp(last + size - 3, "...", 3) == 0))
			return;
	}
	if (size > 3 && strncmp(last, "FILE...", size) == 0)
		size -= 3;
	offer_placeholder(at, last, size);
}

/* Options that share a placeholder mean different things by it. */
static void
offer_value(const struct position *at)
{
	const char *name = at->awaits->value;

	if (text_equals(at->awaits->name, "answer"))
		name = "ANSWER";
	if (text_equals(at->awaits->name, "qr"))
		name = "QR";
	if (text_equals(at->awaits->name, "algorithm"))
		name = "ALGORITHM";
	offer_placeholder(at, name, strlen(name));
}

void
complete_print(char *const words[], int count)
{
	struct position at = { .typed = count > 0 ? words[count - 1] : "" };

	for (int i = 0; i + 1 < count; i++) {
		if (at.awaits)
			at.awaits = NULL;
		else if (!at.only_words && strncmp(words[i], "--", 2) == 0)
			take_option(&at, words[i]);
		else
			take_word(&at, words[i]);
	}
	if (at.awaits) {
		offer_value(&at);
	} else if (!at.only_words && at.typed[0] == '-') {
		if (at.command)
			offer_options(&at, at.command->options);
		offer_options(&at, options_global);
	} else {
		if (at.arguments == 0)
			offer_commands(&at);
		if (at.command)
			offer_argument(&at);
	}
}
