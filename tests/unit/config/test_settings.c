/* sfmfa.conf that is good. */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "config/settings.h"
#include "folder.h"

static struct folder folder;

static void
make(void)
{
	folder_make(&folder);
}

static void
clean(void)
{
	folder_remove(&folder);
}

TestSuite(settings, .init = make, .fini = clean);

static bool
same_words(const struct words *a, const struct words *b)
{
	if (a->count != b->count)
		return false;
	for (size_t i = 0; i < a->count; i++)
		if (strcmp(a->items[i], b->items[i]) != 0)
			return false;
	return true;
}

static void
expect_same(const struct settings *a, const struct settings *b)
{
	cr_expect_str_eq(a->state_dir, b->state_dir);
	cr_expect_str_eq(a->key_file, b->key_file);
	cr_expect_str_eq(a->runtime_dir, b->runtime_dir);
	cr_expect_str_eq(a->config_dir, b->config_dir);
	cr_expect_str_eq(a->run_as, b->run_as);
	cr_expect_str_eq(a->issuer, b->issuer);
	cr_expect_str_eq(a->default_profile, b->default_profile);
	cr_expect_eq(a->require_mfa_for_ui, b->require_mfa_for_ui);
	cr_expect_eq(a->registration, b->registration);
	cr_expect(same_words(&a->ui_services, &b->ui_services), "services.ui");
	cr_expect(same_words(&a->api_services, &b->api_services), "services.api");
	cr_expect(same_words(&a->exempt_services, &b->exempt_services), "services.exempt");
	cr_expect(same_words(&a->local_services, &b->local_services), "local_services");
	cr_expect(same_words(&a->caller_authenticates, &b->caller_authenticates), "caller_authenticates");
	cr_expect(same_words(&a->root_switches, &b->root_switches), "root_switches");
	cr_expect(same_words(&a->lockers, &b->lockers), "lockers");
	cr_expect(same_words(&a->protected_groups, &b->protected_groups), "protected_groups");
	cr_expect_eq(a->trusted_networks.count, b->trusted_networks.count);
	cr_expect_eq(a->api.second_factors, b->api.second_factors);
	cr_expect_eq(a->api.token_required, b->api.token_required);
	cr_expect_eq(a->api.pending, b->api.pending);
	cr_expect_eq(a->api.trusted_networks_skip_mfa, b->api.trusted_networks_skip_mfa);
	cr_expect_eq(a->totp.algorithm, b->totp.algorithm);
	cr_expect_eq(a->totp.digits, b->totp.digits);
	cr_expect_eq(a->totp.period, b->totp.period);
	cr_expect_eq(a->totp.window, b->totp.window);
	cr_expect_eq(a->lockout.max_invalid_attempts, b->lockout.max_invalid_attempts);
	cr_expect_eq(a->lockout.minutes, b->lockout.minutes);
	cr_expect_eq(a->high_assurance, b->high_assurance);
	cr_assert_eq(a->license_count, b->license_count);
	for (size_t i = 0; i < a->license_count; i++) {
		cr_expect_str_eq(a->licenses[i].name, b->licenses[i].name);
		cr_expect_eq(a->licenses[i].forbids, b->licenses[i].forbids);
	}
	cr_assert_eq(a->step_up_count, b->step_up_count);
	for (size_t i = 0; i < a->step_up_count; i++) {
		cr_expect_str_eq(a->step_ups[i].service, b->step_ups[i].service);
		cr_expect_eq(a->step_ups[i].max_age, b->step_ups[i].max_age);
	}
	cr_expect_eq(a->required_level_count, b->required_level_count);
	cr_expect_eq(a->trusted_caller_count, b->trusted_caller_count);
	cr_expect_eq(a->operator_needs_mfa, b->operator_needs_mfa);
	cr_expect_eq(a->tokens_survive_password_change, b->tokens_survive_password_change);
	cr_expect_eq(a->event_retention_days, b->event_retention_days);
}

/* Reads a whole file of the build or source tree. */
static char *
read_whole(const char *path)
{
	FILE *stream = fopen(path, "r");
	cr_assert_not_null(stream, "%s", path);
	char *text = calloc(1, 65536);
	cr_assert_not_null(text);
	size_t size = fread(text, 1, 65535, stream);
	cr_assert(size > 0 && size < 65535);
	fclose(stream);
	return text;
}

/*
 * Uncomments every option: from a line "#key = " to the line with the ';' at the end of it. Prose begins with
 * "# ". Returns how many keys were found.
 */
static size_t
uncomment(char *text)
{
	size_t keys = 0;
	char *line = text, *to = text;
	bool in_option = false;
	while (*line) {
		size_t size = strcspn(line, "\n");
		bool begins = line[0] == '#' && line[1] >= 'a' && line[1] <= 'z';
		cr_assert(size <= 80, "longer than 80 columns: %.*s", (int)size, line);
		keys += begins ? 1 : 0;
		in_option = begins || (in_option && line[0] == '#');
		size_t skip = in_option ? 1 : 0;
		memmove(to, line + skip, size - skip + 1);
		to += size - skip + 1;
		line += size + (line[size] == '\n');
	}
	*to = 0;
	return keys;
}

static struct config *
load_text(const char *text)
{
	struct config *config = config_create();
	cr_assert_not_null(config);
	struct diag diag = { 0 };
	cr_assert_eq(config_add_text(config, TEXT_SETTINGS, "/shipped", "", text, strlen(text), &diag),
		     SFMFA_OK);
	cr_assert_eq(config_read_settings(config, &folder.options, &diag), SFMFA_OK, "line %u: %s", diag.line,
		     diag.text);
	return config;
}

Test(settings, the_shipped_file_shows_every_option_at_its_default)
{
	char *text = read_whole(SHIPPED_CONF);
	/* As shipped nothing is set. */
	struct config *shipped = load_text(text), *empty = load_text("");
	expect_same(&shipped->settings, &empty->settings);
	cr_expect_eq(uncomment(text), 27, "options at the top of the file");
	struct config *whole = load_text(text);
	expect_same(&whole->settings, &empty->settings);

	/* Every key of the table is written in it. */
#define SHOWN(key)                                                                                           \
	do {                                                                                                 \
		const char *last = strrchr(key, '.') ? strrchr(key, '.') + 1 : (key);                        \
		char pattern[64];                                                                            \
		snprintf(pattern, sizeof(pattern), "%s = ", last);                                           \
		cr_expect(strstr(text, pattern), "%s is not shown", key);                                    \
	} while (0);
#define SETTING_PATH(member, key, ...)     SHOWN(key)
#define SETTING_NAME(member, key, ...)     SHOWN(key)
#define SETTING_TEXT(member, key, ...)     SHOWN(key)
#define SETTING_BOOL(member, key, ...)     SHOWN(key)
#define SETTING_NUMBER(member, key, ...)   SHOWN(key)
#define SETTING_ONE_OF(member, key, ...)   SHOWN(key)
#define SETTING_CHOICE(member, key, ...)   SHOWN(key)
#define SETTING_SERVICES(member, key, ...) SHOWN(key)
#define SETTING_GROUPS(member, key, ...)   SHOWN(key)
#define SETTING_NETWORKS(member, key, ...) SHOWN(key)
#define SETTING_FACTORS(member, key, ...)  SHOWN(key)
#include "model/settings.def"
	config_release(shipped);
	config_release(empty);
	config_release(whole);
	free(text);
}

Test(settings, the_shipped_profiles_are_the_promised_ones)
{
	static const struct {
		const char *name;
		uint32_t permissions;
	} promised[] = {
		{ "standard", PERMISSION_BIT(PERMISSION_API_ENABLED) },
		{ "mfa", PERMISSION_BIT(PERMISSION_API_ENABLED) | PERMISSION_BIT(PERMISSION_MFA_UI_LOGINS) },
		{ "mfa-api", PERMISSION_BIT(PERMISSION_API_ENABLED) |
				     PERMISSION_BIT(PERMISSION_MFA_UI_LOGINS) |
				     PERMISSION_BIT(PERMISSION_MFA_API_LOGINS) },
		{ "integration", PERMISSION_BIT(PERMISSION_API_ENABLED) |
					 PERMISSION_BIT(PERMISSION_MFA_UI_LOGINS) |
					 PERMISSION_BIT(PERMISSION_MFA_API_LOGINS) |
					 PERMISSION_BIT(PERMISSION_API_ONLY_USER) },
	};
	char path[256], name[64];
	for (size_t i = 0; i < 4; i++) {
		snprintf(path, sizeof(path), "%s/%s.conf", SHIPPED_PROFILES, promised[i].name);
		snprintf(name, sizeof(name), "profiles.d/%s.conf", promised[i].name);
		char *text = read_whole(path);
		folder_write(&folder, name, text);
		free(text);
	}
	struct config *config = folder_load(&folder);
	cr_expect_eq(config->profile_count, 4);
	for (size_t i = 0; i < 4; i++) {
		const struct profile *profile = config_find_profile(config, promised[i].name);
		cr_assert_not_null(profile);
		cr_expect_eq(profile->permissions, promised[i].permissions, "%s", profile->name);
		cr_expect_eq(profile->members.users.count + profile->members.groups.count, 0);
	}
	bool unresolved = true;
	cr_expect_str_eq(config_choose_profile(config, "alice", NULL, &unresolved)->name, "standard");
	config_release(config);
}

Test(settings, every_kind_of_value_is_read)
{
	folder_write_settings(
		&folder,
		"issuer = \"Bücher \\\"GmbH\\\"\"\n" /* no ';' at the end of a line is fine */
		"run_as : \"\";\n"
		"require_mfa_for_ui = TRUE;\n"
		"registration = \"closed\";\n"
		"services = { ui = [ \"z\", \"a\" ]; api = ( \"m\" ); exempt = [ ]; };\n"
		"trusted_networks = [ \"192.0.2.0/24\", \"local\" ];\n"
		"api = { second_factors = [ \"totp\" ]; pending = \"deny\"; };\n"
		"totp = { digits = 0x8; window = 0L; };\n"
		"lockout = { max_invalid_attempts = 0; minutes = 60; };\n"
		"session_levels = { high_assurance = [ ]; };\n"
		"/* @include \"x\" */ # @include \"y\"\n"
		"licenses = ( );\n"
		"step_up = [ ];\n"
		"required_session_level = ( { service = \"cockpit\"; level = \"high-assurance\"; },\n"
		"  { service = \"a\"; level = \"standard\"; action = \"block\"; } );\n"
		"event_retention_days = 0;\n");
	struct config *config = folder_load(&folder);
	const struct settings *settings = &config->settings;
	cr_expect_str_eq(settings->issuer, "Bücher \"GmbH\"");
	cr_expect_str_eq(settings->run_as, "");
	cr_expect(settings->require_mfa_for_ui);
	cr_expect_eq(settings->require_mfa_for_ui_origin.line, 4);
	cr_expect_str_eq(settings->require_mfa_for_ui_origin.file, folder.file);
	cr_expect_eq(settings->registration, REGISTRATION_CLOSED);
	cr_expect_eq(settings->ui_services.count, 2);
	cr_expect_eq(settings->exempt_services.count, 0);
	cr_expect_eq(settings->trusted_networks.count, 2);
	cr_expect(settings->trusted_networks.items[1].local);
	cr_expect_eq(settings->api.second_factors, FACTOR_BIT(FACTOR_TOTP));
	cr_expect_eq(settings->api.pending, API_PENDING_DENY);
	cr_expect_eq(settings->api.token_required, TOKEN_REQUIRED_UNTRUSTED);
	cr_expect_eq(settings->totp.digits, 8);
	cr_expect_eq(settings->totp.window, 0);
	cr_expect_eq(settings->totp.period, 30);
	cr_expect_eq(settings->lockout.max_invalid_attempts, 0);
	cr_expect_eq(settings->lockout.minutes, 60);
	cr_expect_eq(settings->high_assurance, 0);
	cr_expect_eq(settings->license_count, 0);
	cr_expect_eq(settings->step_up_count, 0);
	cr_assert_eq(settings->required_level_count, 2);
	cr_expect_eq(settings->required_levels[0].action, LEVEL_RAISE);
	cr_expect_eq(settings->required_levels[0].level, LEVEL_HIGH_ASSURANCE);
	cr_expect_eq(settings->required_levels[1].action, LEVEL_BLOCK);
	cr_expect_eq(settings->required_levels[1].origin.line, 16);
	cr_expect_eq(settings->event_retention_days, 0);
	config_release(config);
}

Test(settings, a_service_has_the_type_of_its_list_and_ui_without_one)
{
	folder_write_settings(&folder,
			      "services = { api = [ \"dovecot\", \"sshd\" ]; exempt = [ \"batch\" ]; };\n");
	struct config *config = folder_load(&folder);
	bool mapped = false;
	cr_expect_eq(config_login_type(config, "dovecot", &mapped), LOGIN_API);
	cr_expect(mapped);
	cr_expect_eq(config_login_type(config, "sshd", &mapped), LOGIN_API,
		     "what the file says beats the shipped list");
	cr_expect_not(words_contain(&config->settings.ui_services, "sshd"));
	cr_expect_eq(config_login_type(config, "batch", &mapped), LOGIN_EXEMPT);
	cr_expect_eq(config_login_type(config, "cron", &mapped), LOGIN_UI,
		     "a list that is set replaces the shipped one");
	cr_expect_not(mapped);
	cr_expect_eq(config_login_type(config, "sudo", &mapped), LOGIN_UI);
	cr_expect(mapped);
	cr_expect_eq(config_login_type(config, "", &mapped), LOGIN_UI);
	cr_expect_not(mapped);
	config_release(config);
}

Test(settings, a_trusted_caller_is_found_by_uid_and_an_unknown_one_matches_nobody)
{
	folder_write_settings(&folder,
			      "services = { api = [ \"nginx\" ]; };\n"
			      "trusted_callers = ( { user = \"daemon\"; services = [ \"nginx\" ]; },\n"
			      "  { user = \"no-such-user-here\"; services = [ \"nginx\" ]; } );\n");
	struct config *config = folder_load(&folder);
	cr_assert_eq(config->settings.trusted_caller_count, 2);
	cr_expect_not(config->settings.trusted_callers[1].resolved);
	const struct trusted_caller *caller = config_find_trusted_caller(config, 1);
	cr_assert_not_null(caller);
	cr_expect_str_eq(caller->user, "daemon");
	cr_expect_null(config_find_trusted_caller(config, (uid_t)-1));
	cr_expect_null(config_find_trusted_caller(config, 0));
	config_release(config);
}

Test(settings, a_runtime_dir_given_by_the_caller_overrides_the_file)
{
	folder_write_settings(&folder, "runtime_dir = \"/run/elsewhere\";");
	folder.options.runtime_dir = "/run/given";
	struct config *config = folder_load(&folder);
	cr_expect_str_eq(config->settings.runtime_dir, "/run/given");
	config_release(config);
}

Test(settings, a_snapshot_lives_until_its_last_holder_lets_go)
{
	struct config *config = folder_load(&folder);
	cr_expect_eq(config_hold(config), config);
	config_release(config);
	cr_expect_str_eq(config->settings.default_profile, "standard");
	config_release(config);
	config_release(NULL);
}
