/*
 * The few paths a daemon needs even if its configuration does not parse: found line by line, so that
 * whatever is broken elsewhere in the file does not matter (rules 3.3).
 */
#include <string.h>

#include "base/file.h"
#include "base/text.h"
#include "config/private.h"
#include "config/settings.h"

#define VALUE_SIZE 256

struct wanted {
	const char *key;
	char **member;
	bool is_path;
};

static const char *
skip_spaces(const char *at, const char *end)
{
	while (at < end && (*at == ' ' || *at == '\t'))
		at++;
	return at;
}

/* The text of `key = "text"` at the begin of a line. Escapes are not understood: such a line is not taken. */
static bool
match_line(const char *line, const char *end, const char *key, char value[VALUE_SIZE])
{
	size_t size = strlen(key);
	const char *at = skip_spaces(line, end);
	if ((size_t)(end - at) < size || memcmp(at, key, size) != 0)
		return false;
	at = skip_spaces(at + size, end);
	if (at == end || (*at != '=' && *at != ':'))
		return false;
	at = skip_spaces(at + 1, end);
	if (at == end || *at++ != '"')
		return false;
	const char *close = memchr(at, '"', (size_t)(end - at));
	if (!close || (size_t)(close - at) >= VALUE_SIZE || memchr(at, '\\', (size_t)(close - at)))
		return false;
	memcpy(value, at, (size_t)(close - at));
	value[close - at] = 0;
	return true;
}

/* Whether the line ends inside a comment. Quotes are looked at: inside a text no comment begins. */
static bool
ends_in_comment(const char *at, const char *end, bool in_comment)
{
	bool in_text = false;
	for (; at < end; at++) {
		bool pair = end - at >= 2;
		if (in_comment) {
			if (pair && memcmp(at, "*/", 2) == 0) {
				in_comment = false;
				at++;
			}
		} else if (*at == '"') {
			in_text = !in_text;
		} else if (!in_text && (*at == '#' || (pair && memcmp(at, "//", 2) == 0))) {
			return false;
		} else if (!in_text && pair && memcmp(at, "/*", 2) == 0) {
			in_comment = true;
			at++;
		}
	}
	return in_comment;
}

static bool
is_usable(const struct wanted *wanted, const char *value)
{
	if (strcmp(wanted->key, "runtime_dir") == 0 && strlen(value) > RUNTIME_DIR_MAX)
		return false;
	return wanted->is_path ? settings_is_path(value) : *value == 0 || text_is_name(value);
}

static enum sfmfa_err
scan_lines(struct arena *arena, const char *bytes, size_t size, const struct wanted *wanted, size_t count)
{
	const char *end = bytes + size;
	bool in_comment = false;
	for (const char *line = bytes; line < end;) {
		const char *newline = memchr(line, '\n', (size_t)(end - line));
		const char *line_end = newline ? newline : end;
		char value[VALUE_SIZE];
		for (size_t i = 0; !in_comment && i < count; i++) {
			if (!match_line(line, line_end, wanted[i].key, value) ||
			    !is_usable(&wanted[i], value))
				continue;
			*wanted[i].member = arena_text(arena, value);
			if (!*wanted[i].member)
				return SFMFA_ERR_NO_MEMORY;
		}
		in_comment = ends_in_comment(line, line_end, in_comment);
		line = newline ? newline + 1 : end;
	}
	return SFMFA_OK;
}

static enum sfmfa_err
find_paths(struct config *config, const struct config_options *options)
{
	struct settings *settings = &config->settings;
	struct arena *arena = &config->private->arena;
	const struct wanted wanted[] = {
		{ "state_dir", &settings->state_dir, true },
		{ "key_file", &settings->key_file, true },
		{ "runtime_dir", &settings->runtime_dir, true },
		{ "config_dir", &settings->config_dir, true },
		{ "run_as", &settings->run_as, false },
	};
	const struct file_trust trust = { .owner = options->owner, .size_max = CONFIG_FILE_SIZE_MAX };
	FILE_CONTENT_AUTO content = { 0 };
	enum sfmfa_err err = settings_set_defaults(arena, settings);
	if (err)
		return err;
	/* A file that cannot be read or trusted leaves what is compiled in. */
	err = file_read_trusted(options->file, &trust, &content, NULL);
	if (!err)
		err = scan_lines(arena, content.bytes, content.size, wanted,
				 sizeof(wanted) / sizeof(*wanted));
	else if (err != SFMFA_ERR_NO_MEMORY)
		err = SFMFA_OK;
	if (!err && options->runtime_dir) {
		settings->runtime_dir = arena_text(arena, options->runtime_dir);
		err = settings->runtime_dir ? SFMFA_OK : SFMFA_ERR_NO_MEMORY;
	}
	return err;
}

enum sfmfa_err
config_scan_paths(const struct config_options *options, struct config **ret_config)
{
	struct config *config = config_create();
	if (!config)
		return SFMFA_ERR_NO_MEMORY;
	enum sfmfa_err err = find_paths(config, options);
	if (err) {
		config_release(config);
		return err;
	}
	*ret_config = config;
	return SFMFA_OK;
}
