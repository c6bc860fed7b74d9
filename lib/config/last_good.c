/*
 * One file: a head line, then every configuration file as a line "KIND SIZE NAME PATH" (NAME is "-" for
 * sfmfa.conf), its bytes and a newline, then "end COUNT". It is made and read only here, and read as
 * strictly as the files themselves.
 */
#include "config/last_good.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "base/text.h"
#include "config/private.h"

#define FILE_NAME     "last-good.conf"
#define HEAD          "sfmfa last good configuration 1\n"
#define PATH_SIZE     512
#define SIZE_MAX_KEPT ((size_t)64 * 1024 * 1024) /* bytes of the whole file */

static const char *const kind_words[TEXT_KIND_COUNT] = { "settings", "profile", "set", "group", "app", "key" };

static enum sfmfa_err
path_of(const char *state_dir, char path[PATH_SIZE], struct diag *diag)
{
	if (text_format(path, PATH_SIZE, "%s/%s", state_dir, FILE_NAME))
		return diag_set(diag, SFMFA_ERR_TOO_LARGE, state_dir, 0, "the path is too long");
	return SFMFA_OK;
}

/* The state directory is the daemon's own: it trusts what it wrote itself. */
static struct file_trust
trust_of(uid_t owner)
{
	return (struct file_trust){ .owner = owner ? owner : geteuid(), .size_max = SIZE_MAX_KEPT };
}

static void
free_text(char **text)
{
	free(*text);
}

static void
write_texts(FILE *stream, const struct texts *texts)
{
	fputs(HEAD, stream);
	for (size_t i = 0; i < texts->count; i++) {
		const struct config_text *text = &texts->items[i];
		fprintf(stream, "%s %zu %s %s\n", kind_words[text->kind], text->size,
			*text->name ? text->name : "-", text->path);
		fwrite(text->bytes, 1, text->size, stream);
		fputc('\n', stream);
	}
	fprintf(stream, "end %zu\n", texts->count);
}

enum sfmfa_err
last_good_keep(const struct config *config, const char *state_dir, struct diag *diag)
{
	const struct texts *texts = &config->private->texts;
	char path[PATH_SIZE];
	enum sfmfa_err err = path_of(state_dir, path, diag);
	if (err)
		return err;
	/* A snapshot of config_scan_paths() was never good. */
	if (texts->count == 0)
		return diag_set(diag, SFMFA_ERR_INTERNAL, path, 0, "nothing to keep");
	for (size_t i = 0; i < texts->count; i++)
		if (strchr(texts->items[i].path, '\n') || strlen(texts->items[i].path) >= PATH_SIZE)
			return diag_set(diag, SFMFA_ERR_INVALID, path, 0,
					"the path of a file is too long or has a newline");

	__attribute__((cleanup(free_text))) char *bytes = NULL;
	size_t size = 0;
	FILE *stream = open_memstream(&bytes, &size);
	if (!stream)
		return diag_set(diag, SFMFA_ERR_NO_MEMORY, path, 0, "no memory");
	write_texts(stream, texts);
	bool failed = ferror(stream) != 0;
	if (fclose(stream) != 0 || failed)
		return diag_set(diag, SFMFA_ERR_NO_MEMORY, path, 0, "no memory");
	if (size > SIZE_MAX_KEPT)
		return diag_set(diag, SFMFA_ERR_TOO_LARGE, path, 0,
				"the configuration is larger than %zu bytes", SIZE_MAX_KEPT);

	const struct file_trust trust = trust_of(0);
	FILE_CONTENT_AUTO kept = { 0 };
	if (file_read_trusted(path, &trust, &kept, NULL) == SFMFA_OK && kept.size == size &&
	    memcmp(kept.bytes, bytes, size) == 0)
		return SFMFA_OK;
	return file_write_atomic(path, bytes, size, 0600, diag);
}

/* What is left of the file. */
struct rest {
	const char *path;
	const char *at, *end;
	struct diag *diag;
};

static enum sfmfa_err
fail_broken(const struct rest *rest, const char *what)
{
	return diag_set(rest->diag, SFMFA_ERR_CONFIG, rest->path, 0, "%s", what);
}

/* One line without its newline. */
static bool
take_line(struct rest *rest, char *line, size_t size)
{
	const char *newline = memchr(rest->at, '\n', (size_t)(rest->end - rest->at));
	if (!newline || (size_t)(newline - rest->at) >= size)
		return false;
	memcpy(line, rest->at, (size_t)(newline - rest->at));
	line[newline - rest->at] = 0;
	rest->at = newline + 1;
	return true;
}

/* Cuts the next word off a line; what is left begins behind one space. */
static const char *
cut_word(char **line)
{
	char *word = *line, *space = strchr(word, ' ');
	if (!space)
		return NULL;
	*space = 0;
	*line = space + 1;
	return word;
}

static bool
is_behind(const struct texts *texts, enum text_kind kind, const char *name)
{
	if (texts->count == 0)
		return kind == TEXT_SETTINGS;
	const struct config_text *last = &texts->items[texts->count - 1];
	return kind > last->kind ||
	       (kind == last->kind && kind != TEXT_SETTINGS && strcmp(name, last->name) > 0);
}

static enum sfmfa_err
take_text(struct rest *rest, char *line, struct config *config)
{
	const char *word = cut_word(&line), *size_word = word ? cut_word(&line) : NULL,
		   *name = size_word ? cut_word(&line) : NULL, *path = line;
	int64_t size = 0;
	unsigned kind = 0;
	while (word && kind < TEXT_KIND_COUNT && strcmp(word, kind_words[kind]) != 0)
		kind++;
	if (!name || kind == TEXT_KIND_COUNT || *path != '/' ||
	    text_parse_number(size_word, 0, CONFIG_FILE_SIZE_MAX, &size))
		return fail_broken(rest, "a damaged line between the files");
	if (kind == TEXT_SETTINGS ? strcmp(name, "-") != 0 : !text_is_name(name))
		return fail_broken(rest, "a file without a name");
	if (!is_behind(&config->private->texts, (enum text_kind)kind, name))
		return fail_broken(rest, "files out of order");
	if (rest->end - rest->at <= size || rest->at[size] != '\n')
		return fail_broken(rest, "a file is cut off");
	const char *bytes = rest->at;
	rest->at += size + 1;
	return config_add_text(config, (enum text_kind)kind, path, kind == TEXT_SETTINGS ? "" : name, bytes,
			       (size_t)size, rest->diag);
}

static enum sfmfa_err
take_texts(struct rest *rest, struct config *config)
{
	char line[PATH_SIZE + 2 * NAME_SIZE], end[64];
	size_t head = strlen(HEAD);
	if ((size_t)(rest->end - rest->at) < head || memcmp(rest->at, HEAD, head) != 0)
		return fail_broken(rest, "not a last good configuration");
	rest->at += head;
	for (;;) {
		if (!take_line(rest, line, sizeof(line)))
			return fail_broken(rest, "the end is missing");
		if (strncmp(line, "end ", 4) == 0)
			break;
		enum sfmfa_err err = take_text(rest, line, config);
		if (err)
			return err;
	}
	snprintf(end, sizeof(end), "end %zu", config->private->texts.count);
	if (strcmp(line, end) != 0 || rest->at != rest->end || config->private->texts.count == 0)
		return fail_broken(rest, "the end is damaged");
	return SFMFA_OK;
}

enum sfmfa_err
last_good_load(const struct config_options *options, const char *state_dir, struct config **ret_config,
	       struct diag *diag)
{
	char path[PATH_SIZE];
	enum sfmfa_err err = path_of(state_dir, path, diag);
	if (err)
		return err;
	const struct file_trust trust = trust_of(options->owner);
	FILE_CONTENT_AUTO content = { 0 };
	err = file_read_trusted(path, &trust, &content, diag);
	if (err)
		return err;
	struct config *config = config_create();
	if (!config)
		return diag_set(diag, SFMFA_ERR_NO_MEMORY, path, 0, "no memory");
	struct rest rest = { path, content.bytes, content.bytes + content.size, diag };
	err = take_texts(&rest, config);
	if (!err)
		err = config_read_settings(config, options, diag);
	if (!err)
		err = config_read_members(config, diag);
	if (err) {
		config_release(config);
		return err;
	}
	*ret_config = config;
	return SFMFA_OK;
}
