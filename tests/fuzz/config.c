/*
 * A configuration: texts, each behind a line "@profile NAME", "@set NAME" or "@group NAME"; what stands before the
 * first is sfmfa.conf. Never a crash; and what is taken keeps the bounds that the rest of sfmfa relies on.
 */
#include "fuzz.h"

#include "base/text.h"
#include "config/private.h"
#include "config/scan.h"

#define TEXTS_MAX 12

struct part {
	enum text_kind kind;
	char name[NAME_SIZE];
	const uint8_t *bytes;
	size_t size;
};

static const struct {
	const char *mark;
	enum text_kind kind;
} marks[] = { { "@profile ", TEXT_PROFILE }, { "@set ", TEXT_SET }, { "@group ", TEXT_GROUP } };

static bool
is_mark(const char *line, struct part *ret_part)
{
	for (size_t i = 0; i < sizeof(marks) / sizeof(marks[0]); i++) {
		size_t size = strlen(marks[i].mark);

		if (strncmp(line, marks[i].mark, size) == 0 && text_is_name(line + size)) {
			*ret_part = (struct part){ .kind = marks[i].kind };
			return text_copy(ret_part->name, sizeof(ret_part->name), line + size) == SFMFA_OK;
		}
	}
	return false;
}

static size_t
split(const uint8_t *bytes, size_t size, struct part parts[TEXTS_MAX])
{
	struct input_bytes input = { bytes, size };
	size_t count = 1;

	parts[0] = (struct part){ .kind = TEXT_SETTINGS, .bytes = bytes };
	while (input.left > 0) {
		const uint8_t *begin = input.at;
		char line[NAME_SIZE + 16];

		take_line(&input, line, sizeof(line));
		if (count < TEXTS_MAX && is_mark(line, &parts[count]))
			parts[count++].bytes = input.at;
		else
			parts[count - 1].size += (size_t)(input.at - begin);
	}
	return count;
}

static int
compare_parts(const void *a, const void *b)
{
	const struct part *left = a, *right = b;

	return left->kind != right->kind ? (left->kind < right->kind ? -1 : 1) : strcmp(left->name, right->name);
}

/* As config_load() makes it of files. behind: appended to sfmfa.conf. */
static enum sfmfa_err
load(const struct part parts[], size_t count, const char *behind, struct config **ret_config)
{
	const struct config_options options = { .file = "/etc/sfmfa.conf" };
	struct config *config = config_create();
	struct diag diag = { 0 };
	enum sfmfa_err err = SFMFA_OK;

	HOLDS(config != NULL);
	for (size_t i = 0; err == SFMFA_OK && i < count; i++) {
		size_t more = i == 0 ? strlen(behind) : 0;
		char *text = malloc(parts[i].size + more + 1);

		HOLDS(text != NULL);
		if (parts[i].size > 0)
			memcpy(text, parts[i].bytes, parts[i].size);
		memcpy(text + parts[i].size, behind, more);
		err = config_add_text(config, parts[i].kind, i == 0 ? options.file : "/etc/x.conf", parts[i].name, text,
		                      parts[i].size + more, &diag);
		free(text);
		if (err == SFMFA_OK && i == 0)
			err = config_read_settings(config, &options, &diag);
	}
	if (err == SFMFA_OK)
		err = config_read_members(config, &diag);
	if (err == SFMFA_OK) {
		*ret_config = config;
		return SFMFA_OK;
	}
	HOLDS(err == SFMFA_ERR_CONFIG && diag.text[0] != '\0');
	config_release(config);
	return err;
}

static void
check_settings(const struct settings *settings)
{
	int64_t tries = settings->lockout.max_invalid_attempts, minutes = settings->lockout.minutes;

	HOLDS(tries == 0 || tries == 3 || tries == 5 || tries == 10);
	HOLDS(minutes == 0 || minutes == 15 || minutes == 30 || minutes == 60);
	HOLDS(settings->state_dir[0] == '/' && settings->key_file[0] == '/' && settings->runtime_dir[0] == '/');
	HOLDS(settings->event_retention_days >= 0);
}

static void
check_profile(const struct config *config, const struct profile *profile)
{
	HOLDS(config_find_profile(config, profile->name) == profile);
	HOLDS(profile->permissions < PERMISSION_BIT(PERMISSION_COUNT));
	HOLDS(profile->ranges.count <= RANGES_MAX);
}

static void
check_taken(const struct config *config)
{
	bool unresolved, mapped;

	check_settings(&config->settings);
	for (size_t i = 0; i < config->profile_count; i++)
		check_profile(config, &config->profiles[i]);
	for (size_t i = 0; i < config->set_count; i++)
		HOLDS(config_find_set(config, config->sets[i].name) == &config->sets[i]);
	for (size_t i = 0; i < config->group_count; i++)
		HOLDS(config_find_group(config, config->groups[i].name) == &config->groups[i]);
	HOLDS(config_choose_profile(config, "alice", NULL, &unresolved) != NULL);
	HOLDS(config_login_type(config, "no-service-has-this-name", &mapped) == LOGIN_UI && !mapped);
}

/* Names of one kind are those of files in one folder: none is there twice. */
static bool
has_duplicates(const struct part parts[], size_t count)
{
	for (size_t i = 2; i < count; i++) {
		if (compare_parts(&parts[i - 1], &parts[i]) == 0)
			return true;
	}
	return false;
}

int
LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	struct part parts[TEXTS_MAX];
	struct config *config, *longer;
	size_t count;

	/* The opener of files refuses a NUL. */
	if (size > 0 && memchr(bytes, 0, size) != NULL)
		return 0;
	count = split(bytes, size, parts);
	qsort(parts + 1, count - 1, sizeof(parts[0]), compare_parts);
	if (has_duplicates(parts, count) || load(parts, count, "", &config) != SFMFA_OK)
		return 0;
	check_taken(config);
	HOLDS(config_equals(config, config));
	/* A comment at the end changes nothing: no text ends inside something that swallows what follows. */
	HOLDS(load(parts, count, "\n# comment\n", &longer) == SFMFA_OK);
	HOLDS(longer->settings.lockout.max_invalid_attempts == config->settings.lockout.max_invalid_attempts &&
	      longer->profile_count == config->profile_count && longer->unix_groups.count == config->unix_groups.count);
	config_release(longer);
	config_release(config);
	return 0;
}
