#include "sshd_config.h"

#include <errno.h>
#include <glob.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/text.h"
#include "cli.h"

#define INCLUDE_MAX 16 /* as deep as sshd goes */

/* An alias is kept under the name it stands for. */
static const struct {
	const char *typed, *keyword;
} keywords[] = {
	{ "UsePAM", "UsePAM" },
	{ "PasswordAuthentication", "PasswordAuthentication" },
	{ "KbdInteractiveAuthentication", "KbdInteractiveAuthentication" },
	{ "ChallengeResponseAuthentication", "KbdInteractiveAuthentication" },
	{ "AuthenticationMethods", "AuthenticationMethods" },
	{ "PermitEmptyPasswords", "PermitEmptyPasswords" },
};

struct reading {
	struct sshd_config *config;
	struct diag *diag;
	unsigned includes;
	bool in_match;
};

static enum sfmfa_err
read_file(struct reading *reading, const char *path);

static void
keep(const struct reading *reading, const char *keyword, const char *value, const char *file, unsigned number)
{
	struct sshd_config *config = reading->config;
	struct sshd_line *line;

	config->lines = cli_grow(config->lines, (config->count + 1) * sizeof *config->lines);
	line = &config->lines[config->count++];
	*line = (struct sshd_line){ .keyword = keyword, .line = number, .in_match = reading->in_match };
	snprintf(line->value, sizeof line->value, "%s", value);
	snprintf(line->file, sizeof line->file, "%s", file);
}

/* Patterns, relative to /etc/ssh; one that matches nothing is none. */
static enum sfmfa_err
include(struct reading *reading, char *patterns)
{
	enum sfmfa_err err = SFMFA_OK;
	char *rest = NULL;

	for (char *word = strtok_r(patterns, " \t", &rest); word && err == SFMFA_OK; word = strtok_r(NULL, " \t", &rest)) {
		char pattern[512];
		glob_t found;

		if (text_format(pattern, sizeof pattern, "%s%s", word[0] == '/' ? "" : "/etc/ssh/", word) != SFMFA_OK ||
		    glob(pattern, 0, NULL, &found) != 0)
			continue;
		reading->includes++;
		for (size_t i = 0; i < found.gl_pathc && err == SFMFA_OK; i++)
			err = read_file(reading, found.gl_pathv[i]);
		reading->includes--;
		globfree(&found);
	}
	return err;
}

/* "Keyword value", "Keyword=value" */
static enum sfmfa_err
take_line(struct reading *reading, char *at, const char *file, unsigned number)
{
	char *word = at + strspn(at, " \t");
	size_t size = strcspn(word, " \t=");
	char *value = word + size + strspn(word + size, " \t=");

	value[strcspn(value, "\r\n")] = '\0';
	if (word[0] == '#' || size == 0)
		return SFMFA_OK;
	for (size_t end = strlen(value); end > 0 && (value[end - 1] == ' ' || value[end - 1] == '\t'); end--)
		value[end - 1] = '\0';
	word[size] = '\0';
	if (strcasecmp(word, "Match") == 0)
		reading->in_match = strcasecmp(value, "all") != 0;
	if (strcasecmp(word, "Include") == 0)
		return include(reading, value);
	for (size_t i = 0; i < sizeof keywords / sizeof keywords[0]; i++) {
		if (strcasecmp(word, keywords[i].typed) == 0)
			keep(reading, keywords[i].keyword, value, file, number);
	}
	return SFMFA_OK;
}

static enum sfmfa_err
read_file(struct reading *reading, const char *path)
{
	char *line = NULL;
	size_t size = 0;
	unsigned number = 0;
	bool in_match = reading->in_match;
	enum sfmfa_err err = SFMFA_OK;
	FILE *in;

	if (reading->includes > INCLUDE_MAX)
		return diag_set(reading->diag, SFMFA_ERR_CONFIG, path, 0, "files include one another without an end");
	in = fopen(path, "re");
	if (!in)
		return diag_set(reading->diag, errno == ENOENT ? SFMFA_ERR_NOT_FOUND : SFMFA_ERR_CONFIG, path, 0,
				"cannot be opened: %s", strerror(errno));
	while (err == SFMFA_OK && getline(&line, &size, in) >= 0)
		err = take_line(reading, line, path, ++number);
	free(line);
	fclose(in);
	/* A Match ends with the file it stands in. */
	reading->in_match = in_match;
	return err;
}

enum sfmfa_err
sshd_config_read(const char *path, struct sshd_config *ret_config, struct diag *diag)
{
	struct sshd_config config = { 0 };
	struct reading reading = { .config = &config, .diag = diag };
	enum sfmfa_err err = read_file(&reading, path);

	if (err != SFMFA_OK) {
		sshd_config_finish(&config);
		return err;
	}
	*ret_config = config;
	return SFMFA_OK;
}

const struct sshd_line *
sshd_config_find(const struct sshd_config *config, const char *keyword)
{
	for (size_t i = 0; i < config->count; i++) {
		if (!config->lines[i].in_match && text_equals(config->lines[i].keyword, keyword))
			return &config->lines[i];
	}
	return NULL;
}

void
sshd_config_finish(struct sshd_config *config)
{
	free(config->lines);
	*config = (struct sshd_config){ 0 };
}
