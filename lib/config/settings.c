#include "config/settings.h"

#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "paths.h"

#define PATH_LENGTH_MAX 200
#define ISSUER_SIZE     64

enum row_kind {
	ROW_PATH = 0,
	ROW_NAME,
	ROW_TEXT,
	ROW_BOOL,
	ROW_NUMBER,
	ROW_ONE_OF,
	ROW_CHOICE,
	ROW_SERVICES,
	ROW_GROUPS,
	ROW_NETWORKS,
	ROW_FACTORS,
};

/* One line of settings.def. */
struct row {
	enum row_kind kind;
	const char *key;   /* "api.pending" */
	size_t offset;     /* of the member in struct settings */
	const char *text;  /* default of texts and lists */
	const char *words; /* ROW_CHOICE, ROW_ONE_OF */
	int64_t number;    /* default of bools, numbers, choices, factors */
	int64_t min, max;  /* ROW_NUMBER; max: what factors may be named */
};

/* clang-format off */
#define AT(member) offsetof(struct settings, member)
/* Choices are stored through unsigned: a type of another size does not compile. */
#define CHOICE_AT(member, type) (AT(member) + 0 * sizeof(char[sizeof(type) == sizeof(unsigned) ? 1 : -1]))

static const struct row rows[] = {
#define SETTING_PATH(member, key, def, help)           { ROW_PATH, key, AT(member), def, NULL, 0, 0, 0 },
#define SETTING_NAME(member, key, def, help)           { ROW_NAME, key, AT(member), def, NULL, 0, 0, 0 },
#define SETTING_TEXT(member, key, def, help)           { ROW_TEXT, key, AT(member), def, NULL, 0, 0, 0 },
#define SETTING_BOOL(member, key, def, help)           { ROW_BOOL, key, AT(member), NULL, NULL, def, 0, 0 },
#define SETTING_NUMBER(member, key, def, min, max, help) \
	{ ROW_NUMBER, key, AT(member), NULL, NULL, def, min, max },
#define SETTING_ONE_OF(member, key, def, words, help) { ROW_ONE_OF, key, AT(member), NULL, words, def, 0, 0 },
#define SETTING_CHOICE(member, key, type, def, words, help) \
	{ ROW_CHOICE, key, CHOICE_AT(member, type), NULL, words, def, 0, 0 },
#define SETTING_SERVICES(member, key, def, help)       { ROW_SERVICES, key, AT(member), def, NULL, 0, 0, 0 },
#define SETTING_GROUPS(member, key, def, help)         { ROW_GROUPS, key, AT(member), def, NULL, 0, 0, 0 },
#define SETTING_NETWORKS(member, key, help)            { ROW_NETWORKS, key, AT(member), NULL, NULL, 0, 0, 0 },
#define SETTING_FACTORS(member, key, def, allowed, help) \
	{ ROW_FACTORS, key, AT(member), NULL, NULL, def, 0, allowed },
#include "model/settings.def"
};
/* clang-format on */

#define ROW_COUNT (sizeof(rows) / sizeof(*rows))

static void *
member_of(struct settings *settings, const struct row *row)
{
	return (unsigned char *)settings + row->offset;
}

static int
compare_items(const void *a, const void *b)
{
	const char *const *left = a, *const *right = b;
	return strcmp(*left, *right);
}

/* "login su sudo" as a sorted list. */
static enum sfmfa_err
split_words(struct arena *arena, const char *text, struct words *ret_words)
{
	struct words words = { arena_take(arena, strlen(text) / 2 + 1, sizeof(*words.items)), 0 };
	if (!words.items)
		return SFMFA_ERR_NO_MEMORY;
	for (text += strspn(text, " "); *text; text += strspn(text, " ")) {
		size_t size = strcspn(text, " ");
		words.items[words.count] = arena_copy(arena, text, size);
		if (!words.items[words.count++])
			return SFMFA_ERR_NO_MEMORY;
		text += size;
	}
	qsort(words.items, words.count, sizeof(*words.items), compare_items);
	*ret_words = words;
	return SFMFA_OK;
}

static enum sfmfa_err
set_default(struct arena *arena, struct settings *settings, const struct row *row)
{
	void *member = member_of(settings, row);
	switch (row->kind) {
	case ROW_PATH:
	case ROW_NAME:
	case ROW_TEXT:
		*(char **)member = arena_text(arena, row->text);
		return *(char **)member ? SFMFA_OK : SFMFA_ERR_NO_MEMORY;
	case ROW_BOOL: *(bool *)member = row->number != 0; break;
	case ROW_NUMBER:
	case ROW_ONE_OF: *(int64_t *)member = row->number; break;
	case ROW_CHOICE: *(unsigned *)member = (unsigned)row->number; break;
	case ROW_FACTORS: *(uint32_t *)member = (uint32_t)row->number; break;
	case ROW_SERVICES:
	case ROW_GROUPS: return split_words(arena, row->text, member);
	case ROW_NETWORKS: *(struct networks *)member = (struct networks){ 0 }; break;
	}
	return SFMFA_OK;
}

enum sfmfa_err
settings_set_defaults(struct arena *arena, struct settings *settings)
{
	enum sfmfa_err err = SFMFA_OK;
	for (size_t i = 0; !err && i < ROW_COUNT; i++)
		err = set_default(arena, settings, &rows[i]);
	return err ? err : structured_set_defaults(arena, settings);
}

bool
settings_is_path(const char *path)
{
	if (*path != '/' || strlen(path) > PATH_LENGTH_MAX || !text_is_utf8(path, strlen(path)))
		return false;
	for (const char *part = path; *part;) {
		part += strspn(part, "/");
		size_t size = strcspn(part, "/");
		if ((size == 1 && part[0] == '.') || (size == 2 && part[0] == '.' && part[1] == '.'))
			return false;
		part += size;
	}
	return true;
}

static enum sfmfa_err
read_text(const struct reader *reader, const config_setting_t *setting, const struct row *row, char **member)
{
	const char *text = NULL;
	enum sfmfa_err err = values_text(reader, setting, PATH_LENGTH_MAX + 1, &text);
	if (err)
		return err;
	if (row->kind == ROW_PATH && !settings_is_path(text))
		return values_fail(reader, setting, "%s must be an absolute path without . and ..", row->key);
	if (row->kind == ROW_NAME && !text_is_name(text))
		return values_fail(reader, setting, "%s must be the name of a profile", row->key);
	/* The two texts that end up where their form matters: a passwd entry and an otpauth URI's label. */
	if (strcmp(row->key, "run_as") == 0 && *text && !text_is_name(text))
		return values_fail(reader, setting, "run_as must be the name of a user");
	if (strcmp(row->key, "issuer") == 0 && (strlen(text) >= ISSUER_SIZE || strchr(text, ':')))
		return values_fail(reader, setting, "issuer must be shorter than %d bytes and without ':'",
				   ISSUER_SIZE);
	if (strcmp(row->key, "runtime_dir") == 0 && strlen(text) > RUNTIME_DIR_MAX)
		return values_fail(reader, setting, "runtime_dir is too long for a socket: %d bytes at most",
				   RUNTIME_DIR_MAX);
	*member = arena_text(reader->arena, text);
	return *member ? SFMFA_OK : values_no_memory(reader);
}

static bool
is_one_of(const char *numbers, int64_t number)
{
	while (*numbers) {
		char *end = NULL;
		if (strtoll(numbers, &end, 10) == number)
			return true;
		numbers = *end == ',' ? end + 1 : end;
	}
	return false;
}

static enum sfmfa_err
read_one_of(const struct reader *reader, const config_setting_t *setting, const struct row *row,
	    int64_t *member)
{
	int64_t number = 0;
	enum sfmfa_err err = values_number(reader, setting, INT32_MIN, INT32_MAX, &number);
	if (err)
		return err;
	if (!is_one_of(row->words, number))
		return values_fail(reader, setting, "%s must be one of %s", row->key, row->words);
	*member = number;
	return SFMFA_OK;
}

static enum sfmfa_err
read_row(const struct reader *reader, const config_setting_t *setting, const struct row *row,
	 struct settings *settings)
{
	void *member = member_of(settings, row);
	switch (row->kind) {
	case ROW_PATH:
	case ROW_NAME:
	case ROW_TEXT: return read_text(reader, setting, row, member);
	case ROW_BOOL: return values_bool(reader, setting, member);
	case ROW_NUMBER: return values_number(reader, setting, row->min, row->max, member);
	case ROW_ONE_OF: return read_one_of(reader, setting, row, member);
	case ROW_CHOICE: return values_choice(reader, setting, row->words, member);
	case ROW_SERVICES: return values_words(reader, setting, WORD_SERVICE, SERVICES_MAX, member);
	case ROW_GROUPS: return values_words(reader, setting, WORD_UNIX_GROUP, GROUP_NAMES_MAX, member);
	case ROW_NETWORKS: return values_networks(reader, setting, member);
	case ROW_FACTORS: return values_factors(reader, setting, (uint32_t)row->max, member);
	}
	return SFMFA_ERR_INTERNAL;
}

/* The row of a key inside a group ("" for the top), NULL: none. */
static const struct row *
find_row(const char *group, const char *name)
{
	size_t size = strlen(group);
	for (size_t i = 0; i < ROW_COUNT; i++) {
		const char *key = rows[i].key;
		if (size > 0) {
			if (strncmp(key, group, size) != 0 || key[size] != '.')
				continue;
			key += size + 1;
		}
		if (strcmp(key, name) == 0)
			return &rows[i];
	}
	return NULL;
}

static bool
is_row_group(const char *name)
{
	size_t size = strlen(name);
	for (size_t i = 0; i < ROW_COUNT; i++)
		if (strncmp(rows[i].key, name, size) == 0 && rows[i].key[size] == '.')
			return true;
	return false;
}

static enum sfmfa_err
read_group(const struct reader *reader, const config_setting_t *group, struct settings *settings)
{
	enum sfmfa_err err = values_check_group(reader, group);
	for (int i = 0; !err && i < config_setting_length(group); i++) {
		const config_setting_t *member = config_setting_get_elem(group, (unsigned)i);
		const struct row *row = find_row(config_setting_name(group), config_setting_name(member));
		char quote[QUOTE_SIZE];
		if (!row)
			return values_fail(reader, member, "unknown key %s in %s",
					   values_quote(config_setting_name(member), quote),
					   config_setting_name(group));
		err = read_row(reader, member, row, settings);
	}
	return err;
}

static enum sfmfa_err
read_key(const struct reader *reader, const config_setting_t *setting, struct settings *settings)
{
	const char *name = config_setting_name(setting);
	const struct row *row = find_row("", name);
	if (row)
		return read_row(reader, setting, row, settings);
	if (is_row_group(name))
		return read_group(reader, setting, settings);
	bool known = false;
	enum sfmfa_err err = structured_read(reader, setting, settings, &known);
	char quote[QUOTE_SIZE];
	if (!err && !known)
		return values_fail(reader, setting, "unknown key %s", values_quote(name, quote));
	return err;
}

/* Once in effect an API login could never be answered: surely not what was meant. */
static enum sfmfa_err
check_second_factors(const struct reader *reader, const config_setting_t *group,
		     const struct api_settings *api)
{
	if (!group || api->second_factors != 0)
		return SFMFA_OK;
	return values_fail(reader, config_setting_get_member(group, "second_factors"),
			   "second_factors must name one factor at least");
}

enum sfmfa_err
settings_read(const struct reader *reader, const config_setting_t *root, struct settings *settings,
	      unsigned *ret_profile_line)
{
	enum sfmfa_err err = SFMFA_OK;
	for (int i = 0; !err && i < config_setting_length(root); i++)
		err = read_key(reader, config_setting_get_elem(root, (unsigned)i), settings);
	if (!err)
		err = check_second_factors(reader, config_setting_get_member(root, "api"), &settings->api);
	if (!err)
		err = structured_check(reader, root, settings);
	if (err)
		return err;
	const config_setting_t *required = config_setting_get_member(root, "require_mfa_for_ui");
	if (required)
		settings->require_mfa_for_ui_origin = values_origin(reader, required);
	const config_setting_t *profile = config_setting_get_member(root, "default_profile");
	*ret_profile_line = profile ? values_line(profile) : 0;
	return SFMFA_OK;
}

enum sfmfa_err
settings_read_api(const struct reader *reader, const config_setting_t *group, struct api_settings *api)
{
	/* The rows write into a struct settings. */
	struct settings settings = { .api = *api };
	enum sfmfa_err err = read_group(reader, group, &settings);
	if (!err)
		err = check_second_factors(reader, group, &settings.api);
	if (!err)
		*api = settings.api;
	return err;
}
