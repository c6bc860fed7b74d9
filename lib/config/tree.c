/* From text to libconfig's tree, with the right lines (values.h). */
#include "config/values.h"

#include <string.h>

#include "config/scan.h"

/*
 * libconfig notes the line on which the parser stood, which for a string is that of the token behind it.
 * The scan has the right ones in the order of this walk. The tree is ours and not yet read by anybody.
 */
static bool
set_lines(config_setting_t *setting, const struct scan_lines *lines, size_t *at)
{
	if (!config_setting_is_root(setting)) {
		if (*at >= lines->count)
			return false;
		setting->line = lines->lines[(*at)++];
	}
	if (!config_setting_is_aggregate(setting))
		return true;
	bool ok = true;
	for (int i = 0; ok && i < config_setting_length(setting); i++)
		ok = set_lines(config_setting_get_elem(setting, (unsigned)i), lines, at);
	return ok;
}

/* To libconfig a comment that the file ends with is a syntax error; to everybody else it is a comment. */
static const char *
close_comment(const struct reader *reader, const struct config_text *text, const struct scan_lines *lines)
{
	if (!lines->ends_in_comment)
		return text->bytes;
	char *closed = arena_take(reader->arena, text->size + 2, 1);
	if (!closed)
		return NULL;
	memcpy(closed, text->bytes, text->size);
	closed[text->size] = '\n';
	return closed;
}

enum sfmfa_err
values_parse(const struct reader *reader, const struct config_text *text, config_t *tree)
{
	__attribute__((cleanup(scan_lines_finish))) struct scan_lines lines = { 0 };
	enum sfmfa_err err = scan_text(text->path, text->bytes, text->size, &lines, reader->diag);
	if (err)
		return err;
	const char *bytes = close_comment(reader, text, &lines);
	if (!bytes)
		return values_no_memory(reader);
	if (!config_read_string(tree, bytes))
		return diag_set(reader->diag, SFMFA_ERR_CONFIG, text->path, (unsigned)config_error_line(tree),
				"%s", config_error_text(tree));
	size_t at = 0;
	if (!set_lines(config_root_setting(tree), &lines, &at) || at != lines.count)
		return diag_set(reader->diag, SFMFA_ERR_INTERNAL, text->path, 0, "scan and parser disagree");
	return SFMFA_OK;
}
