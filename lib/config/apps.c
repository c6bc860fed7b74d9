#include "config/apps.h"

#include <string.h>

#include "base/text.h"
#include "config/profiles.h"
#include "crypto/jwt.h"

#define ACCESS_MINUTES_DEFAULT 60
#define ACCESS_MINUTES_MAX     1440
#define REFRESH_DAYS_DEFAULT   30
#define REFRESH_DAYS_MAX       365

_Static_assert(APP_KEY_ID_SIZE == JWT_KEY_ID_SIZE, "the id of a key is the one that lib/crypto gives it");
_Static_assert(CLIENT_ID_SIZE <= JWT_CLAIM_SIZE && AUDIENCE_SIZE <= JWT_CLAIM_SIZE && AUDIENCES_MAX <= JWT_AUDIENCES_MAX,
	       "what an assertion says can be compared whole");

/* A text, or a list of texts: how many, and the i-th. */
static int
count_texts(const config_setting_t *setting)
{
	return config_setting_is_aggregate(setting) ? config_setting_length(setting) : 1;
}

static const config_setting_t *
text_at(const config_setting_t *setting, int i)
{
	return config_setting_is_aggregate(setting) ? config_setting_get_elem(setting, (unsigned)i) : setting;
}

static enum sfmfa_err
check_texts(const struct reader *reader, const config_setting_t *setting)
{
	bool good = config_setting_type(setting) == CONFIG_TYPE_STRING || config_setting_is_array(setting) ||
		    config_setting_is_list(setting);
	return good ? SFMFA_OK
		    : values_fail(reader, setting, "%s must be text in quotes, or a list of texts",
				  config_setting_name(setting));
}

/* A name alone is a file of apps.d. */
static enum sfmfa_err
read_path(const struct reader *reader, const config_setting_t *element, const char *config_dir,
	  struct app_key_file *file)
{
	const char *text = NULL;
	enum sfmfa_err err = values_text(reader, element, sizeof(file->path), &text);
	if (err)
		return err;
	if (*text != '/' && !text_is_name(text))
		return values_fail(reader, element, "a key file is an absolute path or the name of a file in apps.d");
	if (*text == '/')
		err = text_copy(file->path, sizeof(file->path), text);
	else
		err = text_format(file->path, sizeof(file->path), "%s/apps.d/%s", config_dir, text);
	if (err)
		return values_fail(reader, element, "the path is too long");
	file->origin = values_origin(reader, element);
	return SFMFA_OK;
}

static enum sfmfa_err
list_files(const struct reader *reader, const config_setting_t *root, const char *config_dir,
	   struct app_key_file files[APP_KEYS_MAX], size_t *ret_count)
{
	static const char *const keys[] = { "certificate", "public_key" };
	size_t count = 0;
	for (size_t k = 0; k < 2; k++) {
		const config_setting_t *setting = config_setting_get_member(root, keys[k]);
		enum sfmfa_err err = setting ? check_texts(reader, setting) : SFMFA_OK;
		for (int i = 0; !err && setting && i < count_texts(setting); i++) {
			if (count == APP_KEYS_MAX)
				return values_fail(reader, setting, "an app has at most %d keys", APP_KEYS_MAX);
			files[count] = (struct app_key_file){ .certificate = k == 0 };
			err = read_path(reader, text_at(setting, i), config_dir, &files[count]);
			count += err ? 0 : 1;
		}
		if (err)
			return err;
	}
	*ret_count = count;
	return SFMFA_OK;
}

enum sfmfa_err
apps_list_keys(struct config *config, const struct config_text *text, struct app_key_file files[APP_KEYS_MAX],
	       size_t *ret_count, struct diag *diag)
{
	const struct reader reader = {
		.arena = &config->private->arena,
		.file = text->path,
		.via = text->name,
		.diag = diag,
	};
	VALUES_TREE_AUTO tree;
	config_init(&tree);
	enum sfmfa_err err = values_parse(&reader, text, &tree);
	return err ? err
		   : list_files(&reader, config_root_setting(&tree), config->settings.config_dir, files, ret_count);
}

const struct config_text *
apps_find_key(const struct config *config, const char *path)
{
	const struct texts *texts = &config->private->texts;
	for (size_t i = texts->count; i > 0 && texts->items[i - 1].kind == TEXT_KEY; i--)
		if (strcmp(texts->items[i - 1].path, path) == 0)
			return &texts->items[i - 1];
	return NULL;
}

static enum sfmfa_err
read_key(const struct reader *reader, const struct config *config, const struct app_key_file *file,
	 struct connected_app *app)
{
	const struct config_text *text = apps_find_key(config, file->path);
	char fault[JWT_FAULT_SIZE] = "";
	struct jwt_key key;
	if (!text)
		return diag_set(reader->diag, SFMFA_ERR_CONFIG, reader->file, file->origin.line,
				"the key file %s was not kept", file->path);
	enum sfmfa_err err = jwt_key_read(text->bytes, text->size, file->certificate, &key, fault);
	if (err == SFMFA_ERR_INVALID)
		return diag_set(reader->diag, SFMFA_ERR_CONFIG, file->path, 0, "%s", fault);
	if (err)
		return diag_set(reader->diag, err, file->path, 0, "the key cannot be read");
	for (size_t i = 0; i < app->key_count; i++)
		if (strcmp(app->keys[i].id, key.id) == 0)
			return diag_set(reader->diag, SFMFA_ERR_CONFIG, reader->file, file->origin.line,
					"the app has this key twice");
	const char *bytes = arena_copy(reader->arena, key.bytes, key.size);
	if (!bytes)
		return values_no_memory(reader);
	struct app_key *to = &app->keys[app->key_count++];
	*to = (struct app_key){
		.elliptic = key.algorithm == JWT_ES256,
		.bytes = (const unsigned char *)bytes,
		.size = key.size,
		.not_before = key.not_before,
		.not_after = key.not_after,
		.origin = file->origin,
	};
	memcpy(to->id, key.id, sizeof(to->id));
	return SFMFA_OK;
}

static enum sfmfa_err
read_keys(const struct reader *reader, const config_setting_t *root, const struct config *config,
	  struct connected_app *app)
{
	struct app_key_file files[APP_KEYS_MAX];
	size_t count = 0;
	enum sfmfa_err err = list_files(reader, root, config->settings.config_dir, files, &count);
	for (size_t i = 0; !err && i < count; i++)
		err = read_key(reader, config, &files[i], app);
	return err;
}

static enum sfmfa_err
read_flows(const struct reader *reader, const config_setting_t *setting, struct connected_app *app)
{
	if (!config_setting_is_array(setting) && !config_setting_is_list(setting))
		return values_fail(reader, setting, "flows must be a list: [ \"jwt-bearer\" ]");
	for (int i = 0; i < config_setting_length(setting); i++) {
		const config_setting_t *element = config_setting_get_elem(setting, (unsigned)i);
		const char *key = NULL;
		char quote[QUOTE_SIZE];
		enum flow flow = FLOW_COUNT;
		enum sfmfa_err err = values_text(reader, element, NAME_SIZE, &key);
		if (err)
			return err;
		if (flow_from_key(key, &flow))
			return values_fail(reader, element, "unknown flow: %s", values_quote(key, quote));
		if (app->flows & FLOW_BIT(flow))
			return values_fail(reader, element, "flows names %s twice", key);
		app->flows |= FLOW_BIT(flow);
	}
	return app->flows ? SFMFA_OK : values_fail(reader, setting, "an app without a flow lets nobody in");
}

static enum sfmfa_err
read_audience(const struct reader *reader, const config_setting_t *setting, struct connected_app *app)
{
	enum sfmfa_err err = check_texts(reader, setting);
	for (int i = 0; !err && i < count_texts(setting); i++) {
		if (app->audience_count == AUDIENCES_MAX)
			return values_fail(reader, setting, "audience has more than %d entries", AUDIENCES_MAX);
		char *to = app->audiences[app->audience_count];
		err = values_copy(reader, text_at(setting, i), to, AUDIENCE_SIZE);
		if (!err && *to == 0)
			err = values_fail(reader, text_at(setting, i), "audience has an empty entry");
		for (size_t k = 0; !err && k < app->audience_count; k++)
			if (strcmp(app->audiences[k], to) == 0)
				err = values_fail(reader, text_at(setting, i), "audience names one twice");
		app->audience_count += err ? 0 : 1;
	}
	return err;
}

static enum sfmfa_err
read_client_id(const struct reader *reader, const config_setting_t *root, const struct config *config,
	       struct connected_app *app)
{
	const config_setting_t *setting = config_setting_get_member(root, "client_id");
	if (!setting)
		return diag_set(reader->diag, SFMFA_ERR_CONFIG, reader->file, 0, "there is no client_id");
	enum sfmfa_err err = values_copy(reader, setting, app->client_id, sizeof(app->client_id));
	if (err)
		return err;
	if (app->client_id[0] == 0)
		return values_fail(reader, setting, "client_id is empty");
	const struct connected_app *other = config_find_client(config, app->client_id);
	return other ? values_fail(reader, setting, "client_id is that of the app %s already", other->name) : SFMFA_OK;
}

static enum sfmfa_err
read_members(const struct reader *reader, const config_setting_t *root, const struct config *config,
	     struct connected_app *app)
{
	unsigned place = 0;
	const config_setting_t *permitted = config_setting_get_member(root, "permitted_users");
	enum sfmfa_err err =
		permitted ? values_choice(reader, permitted, "preapproved,self-authorize", &place) : SFMFA_OK;
	app->self_authorize = place == 1;
	if (!err)
		err = profiles_read_members(reader, root, &app->members, &app->member_sets);
	for (size_t i = 0; !err && i < app->member_sets.count; i++)
		if (!config_find_set(config, app->member_sets.items[i]))
			err = values_fail(reader, config_setting_get_member(root, "members"),
					  "unknown permission set %s", app->member_sets.items[i]);
	return err;
}

static enum sfmfa_err
read_level(const struct reader *reader, const config_setting_t *root, struct connected_app *app)
{
	unsigned level = 0, action = 0;
	const config_setting_t *setting = config_setting_get_member(root, "session_level");
	enum sfmfa_err err = setting ? values_choice(reader, setting, "standard,high-assurance", &level) : SFMFA_OK;
	if (setting)
		app->level_origin = values_origin(reader, setting);
	app->level = level == 0 ? LEVEL_STANDARD : LEVEL_HIGH_ASSURANCE;
	setting = err ? NULL : config_setting_get_member(root, "action");
	if (setting)
		err = values_choice(reader, setting, "block,raise", &action);
	app->action = action == 0 ? LEVEL_BLOCK : LEVEL_RAISE;
	return err;
}

/* Where and how long. */
static enum sfmfa_err
read_scope(const struct reader *reader, const config_setting_t *root, struct connected_app *app)
{
	enum sfmfa_err err = SFMFA_OK;
	const config_setting_t *services = config_setting_get_member(root, "services");
	if (services)
		err = values_words(reader, services, WORD_SERVICE, SERVICES_MAX, &app->services);
	if (!err && app->services.count == 0)
		err = diag_set(reader->diag, SFMFA_ERR_CONFIG, reader->file, services ? values_line(services) : 0,
			       "services: an app without a service lets nobody in");
	const config_setting_t *networks = err ? NULL : config_setting_get_member(root, "networks");
	if (networks) {
		err = values_networks(reader, networks, &app->networks);
		app->has_networks = app->networks.count > 0;
		app->networks_origin = values_origin(reader, networks);
	}
	app->access_token_minutes = ACCESS_MINUTES_DEFAULT;
	const config_setting_t *access = err ? NULL : config_setting_get_member(root, "access_token_minutes");
	if (access)
		err = values_number(reader, access, 1, ACCESS_MINUTES_MAX, &app->access_token_minutes);
	app->refresh_token_days = REFRESH_DAYS_DEFAULT;
	const config_setting_t *refresh = err ? NULL : config_setting_get_member(root, "refresh_token_days");
	if (refresh)
		err = values_number(reader, refresh, 1, REFRESH_DAYS_MAX, &app->refresh_token_days);
	app->require_jti = true;
	const config_setting_t *jti = err ? NULL : config_setting_get_member(root, "require_jti");
	return jti ? values_bool(reader, jti, &app->require_jti) : err;
}

/* A flow of a signature needs somebody who signs, and a name that it is signed for. */
static enum sfmfa_err
check_signatures(const struct reader *reader, const struct connected_app *app)
{
	const char *fault = NULL;
	if ((app->flows & FLOWS_OF_A_SIGNATURE) == 0)
		return SFMFA_OK;
	if (app->key_count == 0)
		fault = "a flow with assertions needs a certificate or public_key";
	else if (app->audience_count == 0)
		fault = "a flow with assertions needs an audience";
	return fault ? diag_set(reader->diag, SFMFA_ERR_CONFIG, reader->file, 0, "%s", fault) : SFMFA_OK;
}

enum sfmfa_err
apps_read(const struct reader *reader, const config_setting_t *root, const struct config *config,
	  struct connected_app *ret_app)
{
	static const char *const keys[] = { "label", "client_id", "certificate", "public_key", "audience",
					    "flows", "services", "networks", "permitted_users", "members",
					    "session_level", "action", "access_token_minutes",
					    "refresh_token_days", "require_jti", NULL };
	ret_app->origin = (struct origin){ .kind = ORIGIN_FILE, .file = reader->file, .via = reader->via };
	enum sfmfa_err err = values_check_keys(reader, root, keys);
	if (!err && text_copy(ret_app->name, sizeof(ret_app->name), reader->via))
		err = diag_set(reader->diag, SFMFA_ERR_CONFIG, reader->file, 0, "the name of the file is too long");
	const config_setting_t *label = err ? NULL : config_setting_get_member(root, "label");
	if (!err)
		err = label ? values_copy(reader, label, ret_app->label, sizeof(ret_app->label))
			    : text_copy(ret_app->label, sizeof(ret_app->label), reader->via);
	if (!err)
		err = read_client_id(reader, root, config, ret_app);
	const config_setting_t *flows = err ? NULL : config_setting_get_member(root, "flows");
	if (!err)
		err = flows ? read_flows(reader, flows, ret_app)
			    : diag_set(reader->diag, SFMFA_ERR_CONFIG, reader->file, 0, "there are no flows");
	const config_setting_t *audience = err ? NULL : config_setting_get_member(root, "audience");
	if (audience)
		err = read_audience(reader, audience, ret_app);
	if (!err)
		err = read_keys(reader, root, config, ret_app);
	if (!err)
		err = read_members(reader, root, config, ret_app);
	if (!err)
		err = read_level(reader, root, ret_app);
	if (!err)
		err = read_scope(reader, root, ret_app);
	return err ? err : check_signatures(reader, ret_app);
}
