#include "config/values.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"

unsigned
values_line(const config_setting_t *setting)
{
	return config_setting_source_line(setting);
}

struct origin
values_origin(const struct reader *reader, const config_setting_t *setting)
{
	return (struct origin){
		.kind = ORIGIN_FILE,
		.file = reader->file,
		.line = values_line(setting),
		.via = reader->via,
	};
}

const char *
values_quote(const char *text, char quote[QUOTE_SIZE])
{
	text_printable(quote, QUOTE_SIZE, text);
	return quote;
}

enum sfmfa_err
values_fail(const struct reader *reader, const config_setting_t *setting, const char *fmt, ...)
{
	char text[DIAG_TEXT_SIZE];
	va_list args;
	va_start(args, fmt);
	vsnprintf(text, sizeof(text), fmt, args);
	va_end(args);
	return diag_set(reader->diag, SFMFA_ERR_CONFIG, reader->file, values_line(setting), "%s", text);
}

enum sfmfa_err
values_no_memory(const struct reader *reader)
{
	return diag_set(reader->diag, SFMFA_ERR_NO_MEMORY, reader->file, 0, "no memory");
}

/* The name of a setting as a diagnosis calls it; an element of a list is called after the list. */
static const char *
name_of(const config_setting_t *setting)
{
	while (setting && !config_setting_name(setting))
		setting = config_setting_parent(setting);
	return setting ? config_setting_name(setting) : "";
}

static enum sfmfa_err
check_string(const struct reader *reader, const config_setting_t *setting)
{
	if (config_setting_type(setting) != CONFIG_TYPE_STRING)
		return values_fail(reader, setting, "%s must be text in quotes", name_of(setting));
	return SFMFA_OK;
}

enum sfmfa_err
values_check_keys(const struct reader *reader, const config_setting_t *group, const char *const keys[])
{
	for (int i = 0; i < config_setting_length(group); i++) {
		const config_setting_t *member = config_setting_get_elem(group, (unsigned)i);
		size_t k = 0;
		while (keys[k] && strcmp(keys[k], config_setting_name(member)) != 0)
			k++;
		if (keys[k])
			continue;
		char quote[QUOTE_SIZE];
		return values_fail(reader, member, "unknown key %s",
				   values_quote(config_setting_name(member), quote));
	}
	return SFMFA_OK;
}

enum sfmfa_err
values_check_group(const struct reader *reader, const config_setting_t *setting)
{
	if (!config_setting_is_group(setting))
		return values_fail(reader, setting, "%s must be a group: { key = value; }", name_of(setting));
	return SFMFA_OK;
}

enum sfmfa_err
values_check_groups(const struct reader *reader, const config_setting_t *setting)
{
	/* An empty [ ] means the same as an empty ( ). */
	bool is_list = config_setting_is_list(setting) ||
		       (config_setting_is_array(setting) && config_setting_length(setting) == 0);
	if (!is_list)
		return values_fail(reader, setting, "%s must be a list of groups: ( { key = value; } )",
				   name_of(setting));
	enum sfmfa_err err = SFMFA_OK;
	for (int i = 0; !err && i < config_setting_length(setting); i++)
		err = values_check_group(reader, config_setting_get_elem(setting, (unsigned)i));
	return err;
}

static bool
has_control(const char *text)
{
	for (; *text; text++) {
		unsigned char c = (unsigned char)*text;
		if (c < ' ' || c == 0x7f)
			return true;
	}
	return false;
}

enum sfmfa_err
values_text(const struct reader *reader, const config_setting_t *setting, size_t size, const char **ret_text)
{
	enum sfmfa_err err = check_string(reader, setting);
	if (err)
		return err;
	const char *text = config_setting_get_string(setting);
	size_t length = strlen(text);
	if (length >= size)
		return values_fail(reader, setting, "%s is longer than %zu bytes", name_of(setting),
				   size - 1);
	if (!text_is_utf8(text, length) || has_control(text))
		return values_fail(reader, setting, "%s has control characters or is not UTF-8",
				   name_of(setting));
	*ret_text = text;
	return SFMFA_OK;
}

enum sfmfa_err
values_copy(const struct reader *reader, const config_setting_t *setting, char *ret_text, size_t size)
{
	const char *text = NULL;
	enum sfmfa_err err = values_text(reader, setting, size, &text);
	return err ? err : text_copy(ret_text, size, text);
}

enum sfmfa_err
values_bool(const struct reader *reader, const config_setting_t *setting, bool *ret_bool)
{
	if (config_setting_type(setting) != CONFIG_TYPE_BOOL)
		return values_fail(reader, setting, "%s must be true or false", name_of(setting));
	*ret_bool = config_setting_get_bool(setting) != 0;
	return SFMFA_OK;
}

enum sfmfa_err
values_number(const struct reader *reader, const config_setting_t *setting, int64_t min, int64_t max,
	      int64_t *ret_number)
{
	int type = config_setting_type(setting);
	if (type != CONFIG_TYPE_INT && type != CONFIG_TYPE_INT64)
		return values_fail(reader, setting, "%s must be a whole number", name_of(setting));
	int64_t number =
		type == CONFIG_TYPE_INT ? config_setting_get_int(setting) : config_setting_get_int64(setting);
	if (number < min || number > max)
		return values_fail(reader, setting, "%s must be from %lld to %lld", name_of(setting),
				   (long long)min, (long long)max);
	*ret_number = number;
	return SFMFA_OK;
}

enum sfmfa_err
values_choice(const struct reader *reader, const config_setting_t *setting, const char *choices,
	      unsigned *ret_place)
{
	enum sfmfa_err err = check_string(reader, setting);
	if (err)
		return err;
	const char *text = config_setting_get_string(setting);
	size_t length = strlen(text);
	unsigned place = 0;
	for (const char *choice = choices; *choice; place++) {
		size_t size = strcspn(choice, ",");
		if (size == length && memcmp(choice, text, size) == 0) {
			*ret_place = place;
			return SFMFA_OK;
		}
		choice += size + (choice[size] == ',');
	}
	return values_fail(reader, setting, "%s must be one of %s", name_of(setting), choices);
}

static enum sfmfa_err
check_word(const struct reader *reader, const config_setting_t *setting, enum word_kind kind,
	   const char *word)
{
	char quote[QUOTE_SIZE];
	values_quote(word, quote);
	if (*word == 0)
		return values_fail(reader, setting, "%s has an empty name", name_of(setting));
	switch (kind) {
	case WORD_SERVICE:
		for (const char *c = word; *c; c++)
			if (*c >= 'A' && *c <= 'Z')
				return values_fail(reader, setting,
						   "%s: names of PAM services are lower case: %s",
						   name_of(setting), quote);
		__attribute__((fallthrough));
	case WORD_NAME:
		if (!text_is_name(word))
			return values_fail(reader, setting, "%s: not a name: %s", name_of(setting), quote);
		break;
	case WORD_USER:
	case WORD_UNIX_GROUP:
		if (strchr(word, ':'))
			return values_fail(reader, setting, "%s: a name cannot hold ':': %s",
					   name_of(setting), quote);
		break;
	}
	return SFMFA_OK;
}

static size_t
word_size(enum word_kind kind)
{
	return kind == WORD_USER || kind == WORD_UNIX_GROUP ? USER_NAME_SIZE : NAME_SIZE;
}

enum sfmfa_err
values_word(const struct reader *reader, const config_setting_t *setting, enum word_kind kind, char *ret_word,
	    size_t size)
{
	const char *word = "";
	enum sfmfa_err err =
		values_text(reader, setting, size < word_size(kind) ? size : word_size(kind), &word);
	if (!err)
		err = check_word(reader, setting, kind, word);
	return err ? err : text_copy(ret_word, size, word);
}
