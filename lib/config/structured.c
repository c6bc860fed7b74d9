/* The keys of sfmfa.conf that are lists of groups, and what holds between keys. */
#include "config/settings.h"

#include <string.h>

#include "base/nss.h"

#define MAX_AGE_MAX     86400 /* seconds */
#define NAME_SERVICE_MS 1000  /* for a trusted caller whom the host does not know itself */

enum sfmfa_err
structured_set_defaults(struct arena *arena, struct settings *settings)
{
	settings->licenses = arena_take(arena, 1, sizeof(*settings->licenses));
	if (!settings->licenses)
		return SFMFA_ERR_NO_MEMORY;
	settings->licenses[0] = (struct license){
		.name = "limited-access-free",
		.forbids = PERMISSION_BIT(PERMISSION_MFA_UI_LOGINS),
	};
	settings->license_count = 1;
	/* As long as sudo's own time stamp. */
	settings->step_ups = arena_take(arena, 1, sizeof(*settings->step_ups));
	if (!settings->step_ups)
		return SFMFA_ERR_NO_MEMORY;
	settings->step_ups[0] = (struct step_up){ .service = "sudo", .max_age = 900 };
	settings->step_up_count = 1;
	return SFMFA_OK;
}

static const config_setting_t *
required_member(const struct reader *reader, const config_setting_t *group, const char *list,
		const char *name, enum sfmfa_err *err)
{
	const config_setting_t *member = config_setting_get_member(group, name);
	if (!member)
		*err = values_fail(reader, group, "an entry of %s without %s", list, name);
	return member;
}

/* The word under a key that every entry of the list must have. */
static enum sfmfa_err
read_word(const struct reader *reader, const config_setting_t *group, const char *list, const char *name,
	  enum word_kind kind, char *ret_word, size_t size)
{
	enum sfmfa_err err = SFMFA_OK;
	const config_setting_t *member = required_member(reader, group, list, name, &err);
	return err ? err : values_word(reader, member, kind, ret_word, size);
}

static enum sfmfa_err
fail_twice(const struct reader *reader, const config_setting_t *group, const char *list, const char *word)
{
	char quote[QUOTE_SIZE];
	return values_fail(reader, group, "%s names %s twice", list, values_quote(word, quote));
}

static enum sfmfa_err
read_licenses(const struct reader *reader, const config_setting_t *list, struct settings *settings)
{
	static const char *const keys[] = { "name", "forbids", NULL };
	size_t count = (size_t)config_setting_length(list);
	struct license *licenses = arena_take(reader->arena, count, sizeof(*licenses));
	if (!licenses)
		return values_no_memory(reader);
	for (size_t i = 0; i < count; i++) {
		const config_setting_t *group = config_setting_get_elem(list, (unsigned)i);
		struct license *license = &licenses[i];
		enum sfmfa_err err = values_check_keys(reader, group, keys);
		if (!err)
			err = read_word(reader, group, "licenses", "name", WORD_NAME, license->name,
					sizeof(license->name));
		const config_setting_t *forbids =
			err ? NULL : required_member(reader, group, "licenses", "forbids", &err);
		if (!err)
			err = values_permissions(reader, forbids, &license->forbids, NULL);
		if (err)
			return err;
		for (size_t k = 0; k < i; k++)
			if (strcmp(licenses[k].name, license->name) == 0)
				return fail_twice(reader, group, "licenses", license->name);
		license->origin = values_origin(reader, group);
	}
	settings->licenses = licenses;
	settings->license_count = count;
	return SFMFA_OK;
}

static enum sfmfa_err
read_step_ups(const struct reader *reader, const config_setting_t *list, struct settings *settings)
{
	static const char *const keys[] = { "service", "max_age", NULL };
	size_t count = (size_t)config_setting_length(list);
	struct step_up *step_ups = arena_take(reader->arena, count, sizeof(*step_ups));
	if (!step_ups)
		return values_no_memory(reader);
	for (size_t i = 0; i < count; i++) {
		const config_setting_t *group = config_setting_get_elem(list, (unsigned)i);
		struct step_up *step_up = &step_ups[i];
		enum sfmfa_err err = values_check_keys(reader, group, keys);
		if (!err)
			err = read_word(reader, group, "step_up", "service", WORD_SERVICE, step_up->service,
					sizeof(step_up->service));
		const config_setting_t *age =
			err ? NULL : required_member(reader, group, "step_up", "max_age", &err);
		if (!err)
			err = values_number(reader, age, 1, MAX_AGE_MAX, &step_up->max_age);
		if (err)
			return err;
		for (size_t k = 0; k < i; k++)
			if (strcmp(step_ups[k].service, step_up->service) == 0)
				return fail_twice(reader, group, "step_up", step_up->service);
		step_up->origin = values_origin(reader, group);
	}
	settings->step_ups = step_ups;
	settings->step_up_count = count;
	return SFMFA_OK;
}

static enum sfmfa_err
read_required_level(const struct reader *reader, const config_setting_t *group,
		    struct required_level *ret_required)
{
	static const char *const keys[] = { "service", "level", "action", NULL };
	const char *const list = "required_session_level";
	struct required_level required = { .action = LEVEL_RAISE };
	unsigned place = 0;
	enum sfmfa_err err = values_check_keys(reader, group, keys);
	if (!err)
		err = read_word(reader, group, list, "service", WORD_SERVICE, required.service,
				sizeof(required.service));
	const config_setting_t *level = err ? NULL : required_member(reader, group, list, "level", &err);
	if (!err)
		err = values_choice(reader, level, "standard,high-assurance", &place);
	if (err)
		return err;
	required.level = place == 0 ? LEVEL_STANDARD : LEVEL_HIGH_ASSURANCE;
	const config_setting_t *action = config_setting_get_member(group, "action");
	if (action) {
		err = values_choice(reader, action, "raise,block", &place);
		if (err)
			return err;
		required.action = place == 0 ? LEVEL_RAISE : LEVEL_BLOCK;
	}
	required.origin = values_origin(reader, group);
	*ret_required = required;
	return SFMFA_OK;
}

static enum sfmfa_err
read_required_levels(const struct reader *reader, const config_setting_t *list, struct settings *settings)
{
	size_t count = (size_t)config_setting_length(list);
	struct required_level *levels = arena_take(reader->arena, count, sizeof(*levels));
	if (!levels)
		return values_no_memory(reader);
	for (size_t i = 0; i < count; i++) {
		const config_setting_t *group = config_setting_get_elem(list, (unsigned)i);
		enum sfmfa_err err = read_required_level(reader, group, &levels[i]);
		if (err)
			return err;
		for (size_t k = 0; k < i; k++)
			if (strcmp(levels[k].service, levels[i].service) == 0)
				return fail_twice(reader, group, "required_session_level", levels[i].service);
	}
	settings->required_levels = levels;
	settings->required_level_count = count;
	return SFMFA_OK;
}

/*
 * A caller whose package is not installed (yet) is kept: it matches nobody, and `sfmfa check` says so. So is one
 * that the name service does not answer for in the time left: everybody's logins wait for a configuration.
 */
static void
resolve_caller(struct trusted_caller *caller, int64_t *left_ms)
{
	struct nss_user user;
	enum nss_status status = nss_find_user_within(caller->user, *left_ms, &user);
	caller->resolved = status == NSS_KNOWN;
	caller->uid = caller->resolved ? user.uid : (uid_t)-1;
	/* Whoever fails once is not waited for again. */
	if (status == NSS_ERROR)
		*left_ms = 0;
}

static enum sfmfa_err
read_trusted_caller(const struct reader *reader, const config_setting_t *group, int64_t *left_ms,
		    struct trusted_caller *caller)
{
	static const char *const keys[] = { "user", "services", NULL };
	const char *const list = "trusted_callers";
	enum sfmfa_err err = values_check_keys(reader, group, keys);
	if (!err)
		err = read_word(reader, group, list, "user", WORD_USER, caller->user, sizeof(caller->user));
	const config_setting_t *services =
		err ? NULL : required_member(reader, group, list, "services", &err);
	if (!err)
		err = values_words(reader, services, WORD_SERVICE, SERVICES_MAX, &caller->services);
	if (err)
		return err;
	resolve_caller(caller, left_ms);
	if (caller->resolved && caller->uid == 0)
		return values_fail(reader, config_setting_get_member(group, "user"),
				   "uid 0 is trusted with everything and cannot be a trusted caller");
	caller->origin = values_origin(reader, group);
	return SFMFA_OK;
}

static enum sfmfa_err
read_trusted_callers(const struct reader *reader, const config_setting_t *list, struct settings *settings)
{
	size_t count = (size_t)config_setting_length(list);
	struct trusted_caller *callers = arena_take(reader->arena, count, sizeof(*callers));
	int64_t left_ms = NAME_SERVICE_MS;
	if (!callers)
		return values_no_memory(reader);
	for (size_t i = 0; i < count; i++) {
		const config_setting_t *group = config_setting_get_elem(list, (unsigned)i);
		enum sfmfa_err err = read_trusted_caller(reader, group, &left_ms, &callers[i]);
		if (err)
			return err;
		for (size_t k = 0; k < i; k++) {
			bool same_uid = callers[k].resolved && callers[i].resolved &&
					callers[k].uid == callers[i].uid;
			if (same_uid || strcmp(callers[k].user, callers[i].user) == 0)
				return fail_twice(reader, group, "trusted_callers", callers[i].user);
		}
	}
	settings->trusted_callers = callers;
	settings->trusted_caller_count = count;
	return SFMFA_OK;
}

enum sfmfa_err
structured_read(const struct reader *reader, const config_setting_t *setting, struct settings *settings,
		bool *ret_known)
{
	static const struct {
		const char *key;
		enum sfmfa_err (*read)(const struct reader *, const config_setting_t *, struct settings *);
	} keys[] = {
		{ "licenses", read_licenses },
		{ "step_up", read_step_ups },
		{ "required_session_level", read_required_levels },
		{ "trusted_callers", read_trusted_callers },
	};
	for (size_t i = 0; i < sizeof(keys) / sizeof(*keys); i++) {
		if (strcmp(keys[i].key, config_setting_name(setting)) != 0)
			continue;
		*ret_known = true;
		enum sfmfa_err err = values_check_groups(reader, setting);
		return err ? err : keys[i].read(reader, setting, settings);
	}
	*ret_known = false;
	return SFMFA_OK;
}

static void
remove_words(struct words *words, const struct words *unwanted)
{
	size_t kept = 0;
	for (size_t i = 0; i < words->count; i++)
		if (!values_has_word(unwanted, words->items[i]))
			words->items[kept++] = words->items[i];
	words->count = kept;
}

static enum sfmfa_err
fail_in_both(const struct reader *reader, const config_setting_t *list, const struct words *other,
	     const char *other_name)
{
	for (int i = 0; i < config_setting_length(list); i++) {
		const config_setting_t *element = config_setting_get_elem(list, (unsigned)i);
		const char *word = config_setting_get_string(element);
		if (values_has_word(other, word))
			return values_fail(reader, element, "service %s is in services.%s and in services.%s",
					   word, other_name, config_setting_name(list));
	}
	return SFMFA_OK;
}

/* A service has one login type. What the file maps is taken off the shipped lists; the file itself must
 * agree. */
static enum sfmfa_err
check_services(const struct reader *reader, const config_setting_t *group, struct settings *settings)
{
	static const char *const names[] = { "ui", "api", "exempt" };
	struct words *lists[] = { &settings->ui_services, &settings->api_services,
				  &settings->exempt_services };
	for (size_t i = 0; i < 3; i++) {
		const config_setting_t *list = config_setting_get_member(group, names[i]);
		if (!list)
			continue;
		for (size_t k = 0; k < 3; k++) {
			if (k == i)
				continue;
			const config_setting_t *other = config_setting_get_member(group, names[k]);
			if (!other) {
				remove_words(lists[k], lists[i]);
				continue;
			}
			/* Said at the later of the two. */
			enum sfmfa_err err = SFMFA_OK;
			if (config_setting_index(other) < config_setting_index(list))
				err = fail_in_both(reader, list, lists[k], names[k]);
			if (err)
				return err;
		}
	}
	return SFMFA_OK;
}

enum sfmfa_err
structured_check(const struct reader *reader, const config_setting_t *root, struct settings *settings)
{
	const config_setting_t *services = config_setting_get_member(root, "services");
	enum sfmfa_err err = services ? check_services(reader, services, settings) : SFMFA_OK;
	const config_setting_t *callers = config_setting_get_member(root, "trusted_callers");
	for (size_t i = 0; !err && callers && i < settings->trusted_caller_count; i++) {
		const config_setting_t *group = config_setting_get_elem(callers, (unsigned)i);
		const config_setting_t *list = config_setting_get_member(group, "services");
		for (int k = 0; !err && k < config_setting_length(list); k++) {
			const config_setting_t *element = config_setting_get_elem(list, (unsigned)k);
			const char *service = config_setting_get_string(element);
			if (!values_has_word(&settings->api_services, service))
				err = values_fail(reader, element,
						  "service %s of a trusted caller is not in services.api",
						  service);
		}
	}
	return err;
}
