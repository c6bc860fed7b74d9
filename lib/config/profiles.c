#include "config/profiles.h"

#include "base/text.h"
#include "config/hours.h"
#include "config/settings.h"

#define PRIORITY_MAX     1000000
#define PRIORITY_DEFAULT 100

static struct origin
file_origin(const struct reader *reader)
{
	return (struct origin){ .kind = ORIGIN_FILE, .file = reader->file, .via = reader->via };
}

enum sfmfa_err
profiles_read_members(const struct reader *reader, const config_setting_t *root, struct members *ret_members,
		      struct words *ret_sets)
{
	static const char *const keys_of_apps[] = { "users", "groups", "permission_sets", NULL };
	static const char *const keys[] = { "users", "groups", NULL };
	const config_setting_t *group = config_setting_get_member(root, "members");
	if (!group)
		return SFMFA_OK;
	enum sfmfa_err err = values_check_group(reader, group);
	if (!err)
		err = values_check_keys(reader, group, ret_sets ? keys_of_apps : keys);
	const config_setting_t *users = err ? NULL : config_setting_get_member(group, "users");
	if (users)
		err = values_words(reader, users, WORD_USER, 0, &ret_members->users);
	const config_setting_t *groups = err ? NULL : config_setting_get_member(group, "groups");
	if (groups)
		err = values_words(reader, groups, WORD_UNIX_GROUP, GROUP_NAMES_MAX, &ret_members->groups);
	const config_setting_t *sets =
		err || !ret_sets ? NULL : config_setting_get_member(group, "permission_sets");
	if (sets)
		err = values_words(reader, sets, WORD_NAME, ASSIGNMENTS_MAX, ret_sets);
	return err;
}

/* What all three kinds of files have: name, label, members. */
static enum sfmfa_err
read_head(const struct reader *reader, const config_setting_t *root, char *name, char *label,
	  struct members *members)
{
	enum sfmfa_err err = text_copy(name, NAME_SIZE, reader->via);
	if (err)
		return diag_set(reader->diag, SFMFA_ERR_CONFIG, reader->file, 0,
				"the name of the file is too long");
	const config_setting_t *setting = config_setting_get_member(root, "label");
	err = setting ? values_copy(reader, setting, label, LABEL_SIZE)
		      : text_copy(label, LABEL_SIZE, reader->via);
	return err ? err : profiles_read_members(reader, root, members, NULL);
}

/* "" is no license. */
static enum sfmfa_err
read_license(const struct reader *reader, const config_setting_t *root, char *ret_license)
{
	const config_setting_t *setting = config_setting_get_member(root, "license");
	if (!setting)
		return SFMFA_OK;
	const char *text = NULL;
	enum sfmfa_err err = values_text(reader, setting, NAME_SIZE, &text);
	if (err || *text == 0)
		return err;
	return values_word(reader, setting, WORD_NAME, ret_license, NAME_SIZE);
}

static enum sfmfa_err
read_permissions(const struct reader *reader, const config_setting_t *root, uint32_t *permissions,
		 struct origin *origins)
{
	const config_setting_t *setting = config_setting_get_member(root, "permissions");
	return setting ? values_permissions(reader, setting, permissions, origins) : SFMFA_OK;
}

static enum sfmfa_err
read_ranges(const struct reader *reader, const config_setting_t *setting, struct profile *profile)
{
	enum sfmfa_err err = values_networks(reader, setting, &profile->ranges);
	if (err)
		return err;
	/* An empty list is no list, as everywhere. */
	profile->has_ranges = profile->ranges.count > 0;
	profile->ranges_origin = values_origin(reader, setting);
	return SFMFA_OK;
}

static enum sfmfa_err
read_required_level(const struct reader *reader, const config_setting_t *setting, struct profile *profile)
{
	unsigned place = 0;
	enum sfmfa_err err = values_choice(reader, setting, "standard,high-assurance", &place);
	if (err)
		return err;
	profile->required_level = place == 0 ? LEVEL_STANDARD : LEVEL_HIGH_ASSURANCE;
	profile->required_level_origin = values_origin(reader, setting);
	return SFMFA_OK;
}

static enum sfmfa_err
read_restrictions(const struct reader *reader, const config_setting_t *root, struct profile *profile)
{
	enum sfmfa_err err = SFMFA_OK;
	const config_setting_t *hours = config_setting_get_member(root, "login_hours");
	if (hours)
		err = hours_read(reader, hours, &profile->hours);
	const config_setting_t *ranges = err ? NULL : config_setting_get_member(root, "login_ip_ranges");
	if (ranges)
		err = read_ranges(reader, ranges, profile);
	const config_setting_t *level =
		err ? NULL : config_setting_get_member(root, "required_session_level");
	if (level)
		err = read_required_level(reader, level, profile);
	const config_setting_t *api = err ? NULL : config_setting_get_member(root, "api");
	if (api)
		err = settings_read_api(reader, api, &profile->api);
	return err;
}

enum sfmfa_err
profiles_read(const struct reader *reader, const config_setting_t *root, const struct api_settings *api,
	      struct profile *ret_profile)
{
	static const char *const keys[] = { "label",       "license",         "priority",
					    "permissions", "members",         "login_hours",
					    "api",         "login_ip_ranges", "required_session_level",
					    NULL };
	ret_profile->origin = file_origin(reader);
	ret_profile->priority = PRIORITY_DEFAULT;
	ret_profile->api = *api;
	enum sfmfa_err err = values_check_keys(reader, root, keys);
	if (!err)
		err = read_head(reader, root, ret_profile->name, ret_profile->label, &ret_profile->members);
	if (!err)
		err = read_license(reader, root, ret_profile->license);
	const config_setting_t *priority = err ? NULL : config_setting_get_member(root, "priority");
	if (priority)
		err = values_number(reader, priority, -PRIORITY_MAX, PRIORITY_MAX, &ret_profile->priority);
	if (!err)
		err = read_permissions(reader, root, &ret_profile->permissions,
				       ret_profile->permission_origins);
	return err ? err : read_restrictions(reader, root, ret_profile);
}

/* `perm assign` takes permissions, sets and groups in one place: a name may mean one thing only. */
static enum sfmfa_err
check_name(const struct reader *reader)
{
	enum permission permission = PERMISSION_COUNT;
	if (permission_from_name(reader->via, &permission) == SFMFA_OK)
		return diag_set(reader->diag, SFMFA_ERR_CONFIG, reader->file, 0,
				"%s is the name of a permission already", reader->via);
	return SFMFA_OK;
}

enum sfmfa_err
profiles_read_set(const struct reader *reader, const config_setting_t *root, struct permission_set *ret_set)
{
	static const char *const keys[] = { "label", "license", "permissions", "members", NULL };
	ret_set->origin = file_origin(reader);
	enum sfmfa_err err = check_name(reader);
	if (!err)
		err = values_check_keys(reader, root, keys);
	if (!err)
		err = read_head(reader, root, ret_set->name, ret_set->label, &ret_set->members);
	if (!err)
		err = read_license(reader, root, ret_set->license);
	return err ? err : read_permissions(reader, root, &ret_set->permissions, ret_set->permission_origins);
}

static enum sfmfa_err
read_sets(const struct reader *reader, const config_setting_t *setting, const struct config *config,
	  struct permission_set_group *group)
{
	struct words names = { 0 };
	enum sfmfa_err err = values_words(reader, setting, WORD_NAME, SETS_PER_GROUP_MAX, &names);
	if (err)
		return err;
	for (int i = 0; i < config_setting_length(setting); i++) {
		const config_setting_t *element = config_setting_get_elem(setting, (unsigned)i);
		const char *name = config_setting_get_string(element);
		const struct permission_set *set = config_find_set(config, name);
		if (!set)
			return values_fail(reader, element, "unknown permission set %s", name);
		group->sets[group->set_count++] = set;
	}
	return SFMFA_OK;
}

enum sfmfa_err
profiles_read_group(const struct reader *reader, const config_setting_t *root, const struct config *config,
		    struct permission_set_group *ret_group)
{
	static const char *const keys[] = { "label", "sets", "muting", "members", NULL };
	ret_group->origin = file_origin(reader);
	enum sfmfa_err err = check_name(reader);
	if (!err && config_find_set(config, reader->via))
		err = diag_set(reader->diag, SFMFA_ERR_CONFIG, reader->file, 0,
			       "%s is the name of a permission set already", reader->via);
	if (!err)
		err = values_check_keys(reader, root, keys);
	if (!err)
		err = read_head(reader, root, ret_group->name, ret_group->label, &ret_group->members);
	const config_setting_t *sets = err ? NULL : config_setting_get_member(root, "sets");
	if (sets)
		err = read_sets(reader, sets, config, ret_group);
	const config_setting_t *muting = err ? NULL : config_setting_get_member(root, "muting");
	if (muting)
		err = values_permissions(reader, muting, &ret_group->muting, NULL);
	return err;
}
