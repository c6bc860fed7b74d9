#include "config/config.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/text.h"
#include "config/apps.h"
#include "config/last_good.h"
#include "config/members.h"
#include "config/private.h"
#include "config/profiles.h"
#include "config/settings.h"

#define PATH_SIZE 512

static const char suffix[] = ".conf";

struct config *
config_create(void)
{
	struct config *config = calloc(1, sizeof(*config));
	if (!config)
		return NULL;
	config->private = calloc(1, sizeof(*config->private));
	if (!config->private) {
		free(config);
		return NULL;
	}
	config->private->holders = 1;
	return config;
}

struct config *
config_hold(struct config *config)
{
	config->private->holders++;
	return config;
}

void
config_release(struct config *config)
{
	if (!config || --config->private->holders > 0)
		return;
	arena_finish(&config->private->arena);
	free(config->private->texts.items);
	free(config->private);
	free(config);
}

static void
release_config(struct config **config)
{
	config_release(*config);
}

#define CONFIG_AUTO __attribute__((cleanup(release_config))) struct config *

enum sfmfa_err
config_add_text(struct config *config, enum text_kind kind, const char *path, const char *name,
		const void *bytes, size_t size, struct diag *diag)
{
	struct texts *texts = &config->private->texts;
	struct arena *arena = &config->private->arena;
	if (texts->count == texts->capacity) {
		size_t capacity = texts->capacity ? 2 * texts->capacity : 16;
		struct config_text *grown = reallocarray(texts->items, capacity, sizeof(*grown));
		if (!grown)
			return diag_set(diag, SFMFA_ERR_NO_MEMORY, path, 0, "no memory");
		texts->items = grown;
		texts->capacity = capacity;
	}
	struct config_text text = {
		.kind = kind,
		.path = arena_text(arena, path),
		.name = arena_text(arena, name),
		.bytes = arena_copy(arena, bytes, size),
		.size = size,
	};
	if (!text.path || !text.name || !text.bytes)
		return diag_set(diag, SFMFA_ERR_NO_MEMORY, path, 0, "no memory");
	texts->items[texts->count++] = text;
	return SFMFA_OK;
}

/* To a reader of the configuration a file that cannot be read is a broken one. */
static enum sfmfa_err
map_read_error(enum sfmfa_err err)
{
	return err == SFMFA_OK || err == SFMFA_ERR_UNTRUSTED || err == SFMFA_ERR_NO_MEMORY ? err
											   : SFMFA_ERR_CONFIG;
}

static enum sfmfa_err
read_file(struct config *config, const struct config_options *options, enum text_kind kind, const char *path,
	  const char *name, struct diag *diag)
{
	const struct file_trust trust = { .owner = options->owner, .size_max = CONFIG_FILE_SIZE_MAX };
	FILE_CONTENT_AUTO content = { 0 };
	enum sfmfa_err err = file_read_trusted(path, &trust, &content, diag);
	if (err)
		return map_read_error(err);
	return config_add_text(config, kind, path, name, content.bytes, content.size, diag);
}

static enum sfmfa_err
add_draft(struct config *config, const struct config_draft *draft, const char *path, struct diag *diag)
{
	if (draft->size > CONFIG_FILE_SIZE_MAX)
		return diag_set(diag, SFMFA_ERR_CONFIG, path, 0, "larger than %d bytes", CONFIG_FILE_SIZE_MAX);
	return config_add_text(config, TEXT_PROFILE, path, draft->profile, draft->bytes, draft->size, diag);
}

/* By the name without its suffix, which is not the order with it: "a-b.conf" comes before "a.conf". */
static int
compare_stems(const void *a, const void *b)
{
	const char *const *left = a, *const *right = b;
	return strcmp(*left, *right);
}

/* One file of a folder; name is without the suffix. */
static enum sfmfa_err
read_member(struct config *config, const struct config_options *options, enum text_kind kind, const char *folder,
	    const char *name, struct diag *diag)
{
	const struct config_draft *draft = kind == TEXT_PROFILE ? options->draft : NULL;
	char path[PATH_SIZE];
	if (text_format(path, sizeof(path), "%s/%s%s", folder, name, suffix))
		return diag_set(diag, SFMFA_ERR_CONFIG, folder, 0, "the path is too long");
	if (draft && text_equals(draft->profile, name))
		return add_draft(config, draft, path, diag);
	return read_file(config, options, kind, path, name, diag);
}

/* The names of a folder's files without their suffix, and that of a draft that has no file yet. */
static enum sfmfa_err
list_members(const struct config_options *options, enum text_kind kind, const char *folder,
	     struct file_names *ret_names, struct diag *diag)
{
	const struct config_draft *draft = kind == TEXT_PROFILE ? options->draft : NULL;
	const struct file_trust trust = { .owner = options->owner, .size_max = CONFIG_FILE_SIZE_MAX };
	enum sfmfa_err err = file_list_trusted(folder, suffix, &trust, ret_names, diag);
	if (err)
		return map_read_error(err);
	for (size_t i = 0; i < ret_names->count; i++) {
		ret_names->names[i][strlen(ret_names->names[i]) - strlen(suffix)] = 0;
		if (draft && text_equals(ret_names->names[i], draft->profile))
			draft = NULL;
	}
	if (draft && file_names_add(ret_names, draft->profile))
		return diag_set(diag, SFMFA_ERR_CONFIG, folder, 0, "too many files in it");
	if (ret_names->count > 0)
		qsort(ret_names->names, ret_names->count, sizeof(*ret_names->names), compare_stems);
	return SFMFA_OK;
}

static enum sfmfa_err
read_folder(struct config *config, const struct config_options *options, enum text_kind kind,
	    const char *folder_name, struct diag *diag)
{
	__attribute__((cleanup(file_names_finish))) struct file_names names = { 0 };
	char folder[PATH_SIZE];
	const char *config_dir = config->settings.config_dir;
	if (text_format(folder, sizeof(folder), "%s/%s", config_dir, folder_name))
		return diag_set(diag, SFMFA_ERR_CONFIG, config_dir, 0, "the path is too long");
	enum sfmfa_err err = list_members(options, kind, folder, &names, diag);
	for (size_t i = 0; !err && i < names.count; i++)
		err = read_member(config, options, kind, folder, names.names[i], diag);
	return err;
}

/* A key file is part of the snapshot, so that restarts know it while the files are broken. */
static enum sfmfa_err
read_key(struct config *config, const struct config_options *options, const char *path, unsigned number,
	 struct diag *diag)
{
	const struct file_trust trust = { .owner = options->owner };
	char name[16], folder[PATH_SIZE];
	enum sfmfa_err err = text_copy(folder, sizeof(folder), path);
	if (!err)
		err = text_format(name, sizeof(name), "%08u", number);
	if (err)
		return diag_set(diag, SFMFA_ERR_CONFIG, path, 0, "the path is too long");
	char *slash = strrchr(folder, '/');
	slash[slash == folder ? 1 : 0] = 0;
	err = file_check_folder(folder, &trust, diag);
	if (err == SFMFA_ERR_NOT_FOUND)
		return diag_set(diag, SFMFA_ERR_CONFIG, path, 0, "no such file");
	return err ? map_read_error(err) : read_file(config, options, TEXT_KEY, path, name, diag);
}

/* Those that the apps name, each once. */
static enum sfmfa_err
read_keys(struct config *config, const struct config_options *options, struct diag *diag)
{
	const struct texts *texts = &config->private->texts;
	size_t count = texts->count;
	unsigned number = 0;
	for (size_t i = 0; i < count; i++) {
		if (texts->items[i].kind != TEXT_APP)
			continue;
		struct app_key_file files[APP_KEYS_MAX];
		size_t found = 0;
		const struct config_text text = texts->items[i];
		enum sfmfa_err err = apps_list_keys(config, &text, files, &found, diag);
		for (size_t k = 0; !err && k < found; k++) {
			if (!apps_find_key(config, files[k].path))
				err = read_key(config, options, files[k].path, ++number, diag);
		}
		if (err)
			return err;
	}
	return SFMFA_OK;
}

/* Who can write here can put an old file of root's in the place of another, or take a whole folder away. */
static enum sfmfa_err
check_config_dir(const struct config *config, const struct config_options *options, struct diag *diag)
{
	const struct file_trust trust = { .owner = options->owner };
	enum sfmfa_err err = file_check_folder(config->settings.config_dir, &trust, diag);
	/* Then it is empty, and what is wanted of it will be missed by name. */
	return err == SFMFA_ERR_NOT_FOUND ? SFMFA_OK : map_read_error(err);
}

enum sfmfa_err
config_load(const struct config_options *options, struct config **ret_config, struct diag *diag)
{
	CONFIG_AUTO config = config_create();
	if (!config)
		return diag_set(diag, SFMFA_ERR_NO_MEMORY, options->file, 0, "no memory");
	enum sfmfa_err err = read_file(config, options, TEXT_SETTINGS, options->file, "", diag);
	if (!err)
		err = config_read_settings(config, options, diag);
	if (!err)
		err = check_config_dir(config, options, diag);
	if (!err)
		err = read_folder(config, options, TEXT_PROFILE, "profiles.d", diag);
	if (!err)
		err = read_folder(config, options, TEXT_SET, "permission-sets.d", diag);
	if (!err)
		err = read_folder(config, options, TEXT_GROUP, "permission-set-groups.d", diag);
	if (!err)
		err = read_folder(config, options, TEXT_APP, "apps.d", diag);
	if (!err)
		err = read_keys(config, options, diag);
	if (!err)
		err = config_read_members(config, diag);
	if (err)
		return err;
	*ret_config = config;
	config = NULL;
	return SFMFA_OK;
}

bool
config_equals(const struct config *a, const struct config *b)
{
	const struct texts *left = &a->private->texts, *right = &b->private->texts;
	if (left->count != right->count)
		return false;
	for (size_t i = 0; i < left->count; i++) {
		const struct config_text *l = &left->items[i], *r = &right->items[i];
		if (l->kind != r->kind || l->size != r->size || strcmp(l->path, r->path) != 0 ||
		    memcmp(l->bytes, r->bytes, l->size) != 0)
			return false;
	}
	return true;
}

const struct profile *
config_find_profile(const struct config *config, const char *name)
{
	size_t low = 0, high = config->profile_count;
	const uint32_t *by_name = config->private->profiles_by_name;
	while (low < high) {
		size_t middle = low + (high - low) / 2;
		const struct profile *profile = &config->profiles[by_name[middle]];
		int order = strcmp(name, profile->name);
		if (order == 0)
			return profile;
		if (order < 0)
			high = middle;
		else
			low = middle + 1;
	}
	return NULL;
}

/* Sets, groups and apps begin with their name, so that one comparison finds them all. */
_Static_assert(offsetof(struct permission_set, name) == 0, "a set begins with its name");
_Static_assert(offsetof(struct permission_set_group, name) == 0, "a group begins with its name");
_Static_assert(offsetof(struct connected_app, name) == 0, "an app begins with its name");

static int
compare_name(const void *key, const void *item)
{
	return strcmp(key, item);
}

const struct permission_set *
config_find_set(const struct config *config, const char *name)
{
	return config->set_count == 0
		       ? NULL
		       : bsearch(name, config->sets, config->set_count, sizeof(*config->sets), compare_name);
}

const struct permission_set_group *
config_find_group(const struct config *config, const char *name)
{
	return config->group_count == 0 ? NULL
					: bsearch(name, config->groups, config->group_count,
						  sizeof(*config->groups), compare_name);
}

const struct connected_app *
config_find_app(const struct config *config, const char *name)
{
	return config->app_count == 0
		       ? NULL
		       : bsearch(name, config->apps, config->app_count, sizeof(*config->apps), compare_name);
}

const struct connected_app *
config_find_client(const struct config *config, const char *client_id)
{
	for (size_t i = 0; i < config->app_count; i++)
		if (strcmp(config->apps[i].client_id, client_id) == 0)
			return &config->apps[i];
	return NULL;
}

const struct license *
config_find_license(const struct config *config, const char *name)
{
	for (size_t i = 0; i < config->settings.license_count; i++)
		if (strcmp(config->settings.licenses[i].name, name) == 0)
			return &config->settings.licenses[i];
	return NULL;
}

enum login_type
config_login_type(const struct config *config, const char *service, bool *ret_mapped)
{
	const struct settings *settings = &config->settings;
	*ret_mapped = true;
	if (values_has_word(&settings->api_services, service))
		return LOGIN_API;
	if (values_has_word(&settings->exempt_services, service))
		return LOGIN_EXEMPT;
	*ret_mapped = values_has_word(&settings->ui_services, service);
	return LOGIN_UI;
}

const struct trusted_caller *
config_find_trusted_caller(const struct config *config, uid_t uid)
{
	for (size_t i = 0; i < config->settings.trusted_caller_count; i++) {
		const struct trusted_caller *caller = &config->settings.trusted_callers[i];
		if (caller->resolved && caller->uid == uid)
			return caller;
	}
	return NULL;
}
