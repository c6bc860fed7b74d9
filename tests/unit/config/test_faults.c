/* Whatever is wrong refuses the whole configuration, with the file and the line of it (rules 3). */
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "folder.h"

/* The text, before libconfig sees it. */
static const struct fault text_faults[] = {
	{ CONF, "lockout = { max_invalid_attempts = 4294967296; };", 2, "out of range: 4294967296" },
	{ CONF, "lockout = {\n max_invalid_attempts = 4294967306; };", 3, "out of range" },
	{ CONF, "totp = { digits = 18446744073709551622; };", 2, "out of range" },
	{ CONF, "totp = { digits = 18446744073709551622L; };", 2, "out of range" },
	{ CONF, "totp = { digits = 4294967302L; };", 2, "out of range" },
	{ CONF, "totp = { digits = 0x100000006; };", 2, "out of range" },
	{ CONF, "totp = { digits = -4294967290; };", 2, "out of range" },
	{ CONF, "totp = { digits = 000000000000000000000000000000000000000000000000006; };", 2,
	  "out of range" },
	{ CONF, "totp = { period = 30s; };", 2, "not a whole number: 30s" },
	{ CONF, "totp = { period = 0x; };", 2, "not a whole number" },
	{ CONF, "event_retention_days = 18e=\"\";", 2, "not a whole number: 18e" },
	{ CONF, "totp = { period = 1-2; };", 2, "not a whole number" },
	{ CONF, "\n@include \"other.conf\"\n", 3, "@include" },
	{ CONF, "issuer = \"a\"; @include \"other.conf\"\n", 2, "@include" },
	{ CONF, "issuer = \"a\" run_as = \"b\"", 2, "without ';'" },
	{ CONF, "api = { pending = \"deny\"; } issuer = \"a\";", 2, "without ';'" },
	{ CONF, "require_mfa_for_ui = true issuer = \"a\";", 2, "without ';'" },
	{ CONF, "lockers = [ \"i3lock\",\n \"swaylock\"\n \"xlock\" ];", 4, "comma" },
	{ CONF, "issuer = \"a\"\n\"b\";", 3, "two strings" },
	{ CONF, "lockers = [ \"i3lock\" 3 ];", 2, "comma" },
	{ CONF, "registration = open;", 2, "needs quotes: \"open\"" },
	{ CONF, "issuer \"a\";", 2, "'=' is missing" },
	{ CONF, "issuer = \"a\";\n/* never\nclosed", 3, "never closed" },
	{ CONF, "issuer = \"a;\nrun_as = \"b\";", 2, "not closed on its line" },
	{ CONF, "issuer = \"a", 2, "not closed" },
	{ CONF, "issuer = \"a\\x00b\";", 2, "\\x00" },
	{ CONF, "issuer = \"a\\q\";", 2, "escape" },
	{ CONF, "issuer = \"a\\xg0\";", 2, "hexadecimal" },
	{ CONF, "api = {\n pending = \"deny\";", 2, "never closed" },
	{ CONF, "api = { pending = \"deny\" ];", 2, "cannot close" },
	{ CONF, "};", 2, "closes nothing" },
	{ CONF, "issuer = \"a\";\n}", 3, "closes nothing" },
	{ CONF, "issuer = \"a\"; trailing junk", 2, "'=' is missing" },
	{ CONF, "issuer = \"a\"; 5", 2, "without the name" },
	{ CONF, "issuer = \"a\"; !", 2, "unexpected character '!'" },
	{ CONF, "issuer = \"a\"; \xc3\xa4 = 1;", 2, "unexpected byte 0xc3" },
	{ CONF, "x = (((((((((1)))))))));", 2, "nested deeper" },
};

/* libconfig's own. */
static const struct fault syntax_faults[] = {
	{ CONF, "issuer = \"a\";\n\nissuer = \"b\";", 4, "duplicate" },
	{ CONF, "lockers = [ \"i3lock\", ];", 2, "syntax error" },
	{ CONF, "issuer = ;", 2, "syntax error" },
	{ CONF, "issuer = \"a\";; ", 2, "syntax error" },
	{ CONF, "lockers = [ \"i3lock\", 3 ];", 2, "mismatched" },
	{ CONF, "trailing", 2, "syntax error" },
};

/* Keys and types. */
static const struct fault type_faults[] = {
	{ CONF, "\nno_such_key = 1;", 3, "unknown key no_such_key" },
	{ CONF, "Issuer = \"a\";", 2, "unknown key" },
	{ CONF, "api = {\n  no_such = 1; };", 3, "unknown key no_such in api" },
	{ CONF, "api = [ ];", 2, "must be a group" },
	{ CONF, "services = { sshd = [ ]; };", 2, "unknown key sshd in services" },
	{ CONF, "issuer = 5;", 2, "text in quotes" },
	{ CONF, "issuer = true;", 2, "text in quotes" },
	{ CONF, "issuer = [ \"a\" ];", 2, "text in quotes" },
	{ CONF, "require_mfa_for_ui = 1;", 2, "true or false" },
	{ CONF, "require_mfa_for_ui = \"true\";", 2, "true or false" },
	{ CONF, "event_retention_days = 1.5;", 2, "whole number" },
	{ CONF, "event_retention_days = 1e2;", 2, "whole number" },
	{ CONF, "event_retention_days = \"180\";", 2, "whole number" },
	{ CONF, "event_retention_days = true;", 2, "whole number" },
	{ CONF, "lockers = \"i3lock\";", 2, "must be a list" },
	{ CONF, "lockers = ( 1 );", 2, "text in quotes" },
	{ CONF, "lockers = { };", 2, "must be a list" },
};

/* Values. */
static const struct fault value_faults[] = {
	{ CONF, "event_retention_days = -1;", 2, "from 0 to 36500" },
	{ CONF, "event_retention_days = 36501;", 2, "from 0 to 36500" },
	{ CONF, "totp = { digits = 5; };", 2, "from 6 to 8" },
	{ CONF, "totp = { digits = 9; };", 2, "from 6 to 8" },
	{ CONF, "totp = { window = 11; };", 2, "from 0 to 10" },
	{ CONF, "totp = { algorithm = \"md5\"; };", 2, "one of sha1,sha256,sha512" },
	{ CONF, "registration = \"\";", 2, "one of open,temporary-code,closed" },
	{ CONF, "registration = \"open,temporary-code\";", 2, "one of open" },
	{ CONF, "registration = \"Open\";", 2, "one of open" },
	{ CONF, "lockout = { max_invalid_attempts = 4; };", 2, "one of 0,3,5,10" },
	{ CONF, "lockout = { max_invalid_attempts = -3; };", 2, "one of 0,3,5,10" },
	{ CONF, "lockout = { minutes = 20; };", 2, "one of 0,15,30,60" },
	{ CONF, "api = { token_required = \"sometimes\"; };", 2, "one of untrusted" },
	{ CONF, "api = { pending = \"allow\"; };", 2, "one of token,deny" },
	{ CONF, "api = { second_factors = [ \"totp\",\n \"sms\"\n ]; };", 3, "unknown factor sms" },
	{ CONF, "api = { second_factors = [ \"totp\",\n \"totp\" ]; };", 3, "twice" },
	{ CONF, "api = { second_factors = [ \"recovery-code\" ]; };", 2,
	  "cannot hold the factor recovery-code" },
	{ CONF, "api = { second_factors = [ ]; };", 2, "one factor at least" },
	{ CONF, "session_levels = { high_assurance = [ \"password\" ]; };", 2,
	  "cannot hold the factor password" },
	{ CONF, "state_dir = \"var/lib\";", 2, "absolute" },
	{ CONF, "state_dir = \"/var/../lib\";", 2, "absolute" },
	{ CONF, "state_dir = \"\";", 2, "absolute" },
	{ CONF,
	  "runtime_dir = "
	  "\"/run/01234567890123456789012345678901234567890123456789012345678901234567890123456789012345\";",
	  2, "too long for a socket" },
	{ CONF, "run_as = \"a b\";", 2, "name of a user" },
	{ CONF, "issuer = \"a:b\";", 2, "without ':'" },
	{ CONF, "issuer = \"a\\nb\";", 2, "control characters" },
	{ CONF, "issuer = \"a\\xffb\";", 2, "UTF-8" },
	{ CONF, "default_profile = \"../x\";", 2, "name of a profile" },
	{ CONF, "\n\ndefault_profile = \"nobody\";", 4, "no profile nobody" },
	{ CONF, "trusted_networks = [ \"10.0.0.0/33\" ];", 2, "not a network" },
	{ CONF, "trusted_networks = [ \"10.0.0.1/8\" ];", 2, "not a network" },
	{ CONF, "trusted_networks = [ \"local\",\n\"example.org\" ];", 3, "not a network" },
	{ CONF, "trusted_networks = [ \"10.0.0.0/8\",\n\n\"10.0.0.0/8\" ];", 4, "twice" },
	{ CONF, "trusted_networks = [ \"10.0.0.0/8\", \"::ffff:10.0.0.0/104\" ];", 2, "twice" },
};

/* Services. */
static const struct fault service_faults[] = {
	{ CONF, "lockers = [ \"i3lock\",\n  \"i3lock\" ];", 3, "i3lock twice" },
	{ CONF, "lockers = [ \"I3lock\" ];", 2, "lower case" },
	{ CONF, "lockers = [ \"\" ];", 2, "empty name" },
	{ CONF, "lockers = [ \"a/b\" ];", 2, "not a name" },
	{ CONF, "services = { ui = [ \"sshd\" ];\n api = [ \"dovecot\",\n \"sshd\" ]; };", 4,
	  "services.ui and in services.api" },
	{ CONF, "services = { exempt = [ \"x\" ];\n ui = [ \"x\" ]; };", 3,
	  "services.exempt and in services.ui" },
	{ CONF, "protected_groups = [ \"sudo\", \"sudo\" ];", 2, "twice" },
};

/* Structured keys. */
static const struct fault structured_faults[] = {
	{ CONF, "licenses = [ \"a\" ];", 2, "list of groups" },
	{ CONF, "licenses = (\n \"a\" );", 3, "must be a group" },
	{ CONF, "licenses = ( { name = \"a\"; } );", 2, "without forbids" },
	{ CONF, "licenses = ( { forbids = [ ]; } );", 2, "without name" },
	{ CONF, "licenses = ( { name = \"a\"; forbids = [ \"fly\" ]; } );", 2, "unknown permission fly" },
	{ CONF, "licenses = ( { name = \"a\"; forbids = [ ]; extra = 1; } );", 2, "unknown key extra" },
	{ CONF, "licenses = ( { name = \"a\"; forbids = [ ]; },\n { name = \"a\"; forbids = [ ]; } );", 3,
	  "a twice" },
	{ CONF, "step_up = ( { service = \"sudo\"; } );", 2, "without max_age" },
	{ CONF, "step_up = ( { max_age = 1; } );", 2, "without service" },
	{ CONF, "step_up = ( { service = \"sudo\"; max_age = 0; } );", 2, "from 1 to 86400" },
	{ CONF, "step_up = ( { service = \"sudo\"; max_age = 86401; } );", 2, "from 1 to 86400" },
	{ CONF, "step_up = ( { service = \"sudo\"; max_age = 1; }, \n{ service = \"sudo\"; max_age = 2; } );",
	  3, "twice" },
	{ CONF, "required_session_level = ( { service = \"cockpit\"; } );", 2, "without level" },
	{ CONF, "required_session_level = ( { service = \"cockpit\"; level = \"low\"; } );", 2,
	  "one of standard" },
	{ CONF,
	  "required_session_level = ( { service = \"cockpit\"; level = \"standard\";\n action = \"ask\"; } "
	  ");",
	  3, "one of raise,block" },
	{ CONF,
	  "required_session_level = (\n{ service = \"a\"; level = \"standard\"; },\n{ service = \"a\"; level "
	  "= \"standard\"; "
	  "} );",
	  4, "twice" },
	{ CONF,
	  "services = { api = [ \"x\" ]; };\ntrusted_callers = ( { user = \"root\"; services = [ \"x\" ]; } "
	  ");",
	  3, "uid 0" },
	{ CONF, "trusted_callers = ( { user = \"daemon\";\n services = [ \"nginx\" ]; } );", 3,
	  "not in services.api" },
	{ CONF, "trusted_callers = ( { user = \"daemon\"; } );", 2, "without services" },
	{ CONF, "trusted_callers = ( { services = [ ]; } );", 2, "without user" },
	{ CONF,
	  "trusted_callers = ( { user = \"daemon\"; services = [ ]; },\n{ user = \"daemon\"; services = [ ]; "
	  "} );",
	  3, "twice" },
};

/* Profiles. */
static const struct fault profile_faults[] = {
	{ PROF, "colour = 1;", 1, "unknown key colour" },
	{ PROF, "permissions = [\n\"api-enabled\",\n\"fly\"\n];", 3, "unknown permission fly" },
	{ PROF, "permissions = [ \"api-enabled\",\n\"ApiEnabled\" ];", 2, "twice" },
	{ PROF, "permissions = \"api-enabled\";", 1, "must be a list" },
	{ PROF, "priority = 4294967296;", 1, "out of range" },
	{ PROF, "priority = 1000001;", 1, "from -1000000 to 1000000" },
	{ PROF, "priority = 1;\npriority = 2;", 2, "duplicate" },
	{ PROF, "label = 3;", 1, "text in quotes" },
	{ PROF, "license = \"a b\";", 1, "not a name" },
	{ PROF, "members = [ ];", 1, "must be a group" },
	{ PROF, "members = { user = [ ]; };", 1, "unknown key user" },
	{ PROF, "members = { users = [ \"a\",\n\"b\",\n\"a\" ]; };", 3, "a twice" },
	{ PROF, "members = { groups = [ \"a\",\n\"a\" ]; };", 2, "a twice" },
	{ PROF, "members = { users = [ \"a:b\" ]; };", 1, "':'" },
	{ PROF, "members = { users = [ \"\" ]; };", 1, "empty" },
	{ PROF, "login_hours = { mon = \"closed\"; };", 1, "without a zone" },
	{ PROF, "login_hours = {\nzone = \"Europe/Atlantis\"; };", 2, "unknown time zone Europe/Atlantis" },
	{ PROF, "login_hours = { zone = \"../zoneinfo/UTC\"; };", 1, "unknown time zone" },
	{ PROF, "login_hours = { zone = \"/usr/share/zoneinfo/UTC\"; };", 1, "unknown time zone" },
	{ PROF, "login_hours = { zone = \"\"; };", 1, "unknown time zone" },
	{ PROF, "login_hours = { zone = \"Europe\"; };", 1, "unknown time zone" },
	{ PROF, "login_hours = { zone = \"zone1970.tab\"; };", 1, "unknown time zone" },
	{ PROF, "login_hours = { zone = \"tzdata.zi\"; };", 1, "unknown time zone" },
	{ PROF, "login_hours = { zone = \"UTC\"; monday = \"closed\"; };", 1, "unknown key monday" },
	{ PROF, "login_hours = { zone = \"UTC\";\nmon = \"8:00-18:00\"; };", 2, "HH:MM-HH:MM" },
	{ PROF, "login_hours = { zone = \"UTC\"; mon = \"08:00-18:60\"; };", 1, "HH:MM-HH:MM" },
	{ PROF, "login_hours = { zone = \"UTC\"; mon = \"08:00-24:01\"; };", 1, "HH:MM-HH:MM" },
	{ PROF, "login_hours = { zone = \"UTC\"; mon = \"24:00-08:00\"; };", 1, "HH:MM-HH:MM" },
	{ PROF, "login_hours = { zone = \"UTC\"; mon = \"08:00-18:00 \"; };", 1, "HH:MM-HH:MM" },
	{ PROF, "login_hours = { zone = \"UTC\"; mon = \"08:00\"; };", 1, "HH:MM-HH:MM" },
	{ PROF, "login_hours = { zone = \"UTC\"; mon = \"08:00-08:00\"; };", 1, "same minute" },
	{ PROF, "login_hours = { zone = \"UTC\"; mon = \"Closed\"; };", 1, "HH:MM-HH:MM" },
	{ PROF, "login_ip_ranges = [ \"10.0.0.0/8\",\n\"10.0.0\" ];", 2, "not a network" },
	{ PROF, "required_session_level = \"high\";", 1, "one of standard,high-assurance" },
	{ PROF, "api = { second_factors = [ \"sms\" ]; };", 1, "unknown factor" },
	{ PROF, "api = { second_factors = [ ]; };", 1, "one factor at least" },
	{ PROF, "api = {\nsecond_factor = [ \"totp\" ]; };", 2, "unknown key second_factor in api" },
};

/* Sets and groups. */
static const struct fault set_faults[] = {
	{ PSET, "priority = 1;", 1, "unknown key priority" },
	{ PSET, "permissions = [ \"fly\" ];", 1, "unknown permission" },
	{ PSET, "members = { groups = 1; };", 1, "must be a list" },
	{ PGRP, "sets = [\n\"nowhere\" ];", 2, "unknown permission set nowhere" },
	{ PGRP, "muting = [ \"fly\" ];", 1, "unknown permission" },
	{ PGRP, "permissions = [ ];", 1, "unknown key permissions" },
	{ PGRP, "license = \"full\";", 1, "unknown key license" },
	{ "permission-sets.d/manage-mfa.conf", "", 0, "permission already" },
	{ "permission-sets.d/ApiEnabled.conf", "", 0, "permission already" },
	{ "permission-set-groups.d/waive-mfa.conf", "", 0, "permission already" },
};

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

#define REFUSE_ALL(faults)                                                                                   \
	for (size_t i = 0; i < sizeof(faults) / sizeof(*(faults)); i++)                                      \
	folder_expect_fault(&(faults)[i])

Test(faults, text_that_means_something_else_is_refused_with_its_line)
{
	REFUSE_ALL(text_faults);
}

Test(faults, text_that_does_not_parse_is_refused_with_its_line)
{
	REFUSE_ALL(syntax_faults);
}

Test(faults, unknown_keys_and_wrong_types_are_refused_with_their_line)
{
	REFUSE_ALL(type_faults);
}

Test(faults, values_out_of_range_are_refused_with_their_line)
{
	REFUSE_ALL(value_faults);
}

Test(faults, services_that_contradict_each_other_are_refused_with_their_line)
{
	REFUSE_ALL(service_faults);
}

Test(faults, lists_of_groups_are_refused_with_their_line)
{
	REFUSE_ALL(structured_faults);
}

Test(faults, profiles_are_refused_with_their_line)
{
	REFUSE_ALL(profile_faults);
}

Test(faults, permission_sets_and_their_groups_are_refused_with_their_line)
{
	REFUSE_ALL(set_faults);
}

TestSuite(files, .init = make, .fini = clean);

Test(files, a_configuration_that_does_not_exist_is_refused)
{
	cr_assert_eq(unlink(folder.file), 0);
	struct diag diag = folder_refuse(&folder, SFMFA_ERR_CONFIG);
	cr_expect_str_eq(diag.file, folder.file);
}

Test(files, a_file_others_can_write_is_not_trusted)
{
	cr_assert_eq(chmod(folder.file, 0666), 0);
	folder_refuse(&folder, SFMFA_ERR_UNTRUSTED);
}

Test(files, a_profile_that_is_a_symbolic_link_is_not_trusted)
{
	char link[256];
	snprintf(link, sizeof(link), "%s/profiles.d/linked.conf", folder.path);
	cr_assert_eq(symlink("standard.conf", link), 0);
	struct diag diag = folder_refuse(&folder, SFMFA_ERR_UNTRUSTED);
	cr_expect_str_eq(diag.file, link);
}

Test(files, a_folder_others_can_write_is_not_trusted)
{
	char path[256];
	snprintf(path, sizeof(path), "%s/permission-sets.d", folder.path);
	cr_assert_eq(chmod(path, 0777), 0);
	folder_refuse(&folder, SFMFA_ERR_UNTRUSTED);
}

Test(files, a_file_larger_than_a_mebibyte_is_refused)
{
	static char text[1024 * 1024 + 2];
	memset(text, '\n', sizeof(text) - 1);
	folder_write(&folder, "profiles.d/large.conf", text);
	struct diag diag = folder_refuse(&folder, SFMFA_ERR_CONFIG);
	cr_expect(strstr(diag.file, "large.conf"));
}

Test(files, a_profile_whose_file_name_is_no_name_is_refused)
{
	folder_write(&folder, "profiles.d/a b.conf", "");
	folder_refuse(&folder, SFMFA_ERR_CONFIG);
}

Test(files, what_an_editor_leaves_behind_is_not_read)
{
	folder_write(&folder, "profiles.d/standard.conf~", "broken");
	folder_write(&folder, "profiles.d/.standard.conf", "broken");
	folder_write(&folder, "profiles.d/standard.conf.dpkg-old", "broken");
	struct config *config = folder_load(&folder);
	cr_expect_eq(config->profile_count, 1);
	config_release(config);
}

Test(files, a_group_named_like_a_set_is_refused)
{
	folder_write(&folder, "permission-sets.d/help-desk.conf", "");
	folder_write(&folder, "permission-set-groups.d/help-desk.conf", "");
	struct diag diag = folder_refuse(&folder, SFMFA_ERR_CONFIG);
	cr_expect(strstr(diag.file, "permission-set-groups.d/help-desk.conf"));
	cr_expect(strstr(diag.text, "permission set already"));
}

Test(files, too_many_services_and_networks_are_refused)
{
	char text[8192] = "services = { api = [ \"s\"";
	for (int i = 0; i < SERVICES_MAX; i++)
		snprintf(text + strlen(text), 32, ", \"s%d\"", i);
	strcat(text, " ]; };");
	folder_write_settings(&folder, text);
	struct diag diag = folder_refuse(&folder, SFMFA_ERR_CONFIG);
	cr_expect(strstr(diag.text, "more than 128"));

	strcpy(text, "trusted_networks = [ \"local\"");
	for (int i = 0; i < RANGES_MAX; i++)
		snprintf(text + strlen(text), 32, ", \"10.0.0.%d\"", i);
	strcat(text, " ];");
	folder_write_settings(&folder, text);
	diag = folder_refuse(&folder, SFMFA_ERR_CONFIG);
	cr_expect(strstr(diag.text, "more than 64"));
}

Test(files, more_unix_groups_than_can_be_asked_for_are_refused)
{
	char text[16384] = "", name[64];
	int group = 0;
	for (int profile = 0; profile < 2; profile++) {
		strcpy(text, "members = { groups = [ \"x\"");
		for (int i = 0; i < GROUP_NAMES_MAX / 2; i++)
			snprintf(text + strlen(text), 32, ", \"g%d\"", group++);
		strcat(text, " ]; };");
		snprintf(name, sizeof(name), "profiles.d/p%d.conf", profile);
		folder_write(&folder, name, text);
	}
	struct diag diag = folder_refuse(&folder, SFMFA_ERR_CONFIG);
	cr_expect(strstr(diag.text, "more than 512 Unix groups"));
}
