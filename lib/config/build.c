/* From the texts of a snapshot to its values: the one way for files and for the last good configuration. */
#include <stdlib.h>
#include <string.h>

#include "config/apps.h"
#include "config/members.h"
#include "config/private.h"
#include "config/profiles.h"
#include "config/settings.h"

static struct reader
reader_of(struct config *config, const struct config_text *text, struct diag *diag)
{
	return (struct reader){
		.arena = &config->private->arena,
		.file = text->path,
		.via = text->kind == TEXT_SETTINGS ? NULL : text->name,
		.diag = diag,
	};
}

enum sfmfa_err
config_read_settings(struct config *config, const struct config_options *options, struct diag *diag)
{
	const struct config_text *text = &config->private->texts.items[0];
	const struct reader reader = reader_of(config, text, diag);
	struct settings *settings = &config->settings;

	if (settings_set_defaults(&config->private->arena, settings))
		return values_no_memory(&reader);
	VALUES_TREE_AUTO tree;
	config_init(&tree);
	enum sfmfa_err err = values_parse(&reader, text, &tree);
	if (!err)
		err = settings_read(&reader, config_root_setting(&tree), settings,
				    &config->private->default_profile_line);
	if (err || !options->runtime_dir)
		return err;
	settings->runtime_dir = arena_text(&config->private->arena, options->runtime_dir);
	return settings->runtime_dir ? SFMFA_OK : values_no_memory(&reader);
}

/* Room for everything, so that nothing moves once origins and groups point to it. */
static enum sfmfa_err
make_room(struct config *config, struct diag *diag)
{
	const struct texts *texts = &config->private->texts;
	struct arena *arena = &config->private->arena;
	size_t counts[TEXT_KIND_COUNT] = { 0 };
	for (size_t i = 0; i < texts->count; i++)
		counts[texts->items[i].kind]++;
	config->profiles = arena_take(arena, counts[TEXT_PROFILE], sizeof(*config->profiles));
	config->sets = arena_take(arena, counts[TEXT_SET], sizeof(*config->sets));
	config->groups = arena_take(arena, counts[TEXT_GROUP], sizeof(*config->groups));
	config->apps = arena_take(arena, counts[TEXT_APP], sizeof(*config->apps));
	config->private->profiles_by_name = arena_take(arena, counts[TEXT_PROFILE], sizeof(uint32_t));
	if (!config->profiles || !config->sets || !config->groups || !config->apps ||
	    !config->private->profiles_by_name)
		return diag_set(diag, SFMFA_ERR_NO_MEMORY, "", 0, "no memory");
	return SFMFA_OK;
}

static enum sfmfa_err
read_text(struct config *config, const struct config_text *text, struct diag *diag)
{
	const struct reader reader = reader_of(config, text, diag);
	/* Keys are read with the apps that name them. */
	if (text->kind == TEXT_KEY)
		return SFMFA_OK;
	VALUES_TREE_AUTO tree;
	config_init(&tree);
	enum sfmfa_err err = values_parse(&reader, text, &tree);
	if (err)
		return err;
	const config_setting_t *root = config_root_setting(&tree);
	switch (text->kind) {
	case TEXT_PROFILE:
		err = profiles_read(&reader, root, &config->settings.api,
				    &config->profiles[config->profile_count]);
		config->profile_count += err ? 0 : 1;
		break;
	case TEXT_SET:
		err = profiles_read_set(&reader, root, &config->sets[config->set_count]);
		config->set_count += err ? 0 : 1;
		break;
	case TEXT_GROUP:
		err = profiles_read_group(&reader, root, config, &config->groups[config->group_count]);
		config->group_count += err ? 0 : 1;
		break;
	case TEXT_APP:
		err = apps_read(&reader, root, config, &config->apps[config->app_count]);
		config->app_count += err ? 0 : 1;
		break;
	case TEXT_SETTINGS:
	case TEXT_KEY:
	case TEXT_KIND_COUNT:
		err = diag_set(diag, SFMFA_ERR_INTERNAL, text->path, 0, "settings twice");
		break;
	}
	return err;
}

static int
compare_profiles(const void *a, const void *b)
{
	const struct profile *left = a, *right = b;
	if (left->priority != right->priority)
		return left->priority < right->priority ? -1 : 1;
	return strcmp(left->name, right->name);
}

static int
compare_places(const void *a, const void *b, void *profiles)
{
	const struct profile *all = profiles;
	return strcmp(all[*(const uint32_t *)a].name, all[*(const uint32_t *)b].name);
}

static void
order_profiles(struct config *config)
{
	if (config->profile_count == 0)
		return;
	uint32_t *by_name = config->private->profiles_by_name;
	qsort(config->profiles, config->profile_count, sizeof(*config->profiles), compare_profiles);
	for (size_t i = 0; i < config->profile_count; i++)
		by_name[i] = (uint32_t)i;
	qsort_r(by_name, config->profile_count, sizeof(*by_name), compare_places, config->profiles);
}

enum sfmfa_err
config_read_members(struct config *config, struct diag *diag)
{
	const struct texts *texts = &config->private->texts;
	enum sfmfa_err err = make_room(config, diag);
	for (size_t i = 1; !err && i < texts->count; i++)
		err = read_text(config, &texts->items[i], diag);
	if (err)
		return err;
	order_profiles(config);
	if (!config_find_profile(config, config->settings.default_profile))
		return diag_set(diag, SFMFA_ERR_CONFIG, texts->items[0].path,
				config->private->default_profile_line,
				"default_profile: there is no profile %s in %s/profiles.d",
				config->settings.default_profile, config->settings.config_dir);
	return members_index(config, diag);
}
