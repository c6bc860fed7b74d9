/* Where strictness could have a gap: numbers, duplicates, names, @include, the form of the text (rules 3). */
#include <string.h>

#include "folder.h"

/* ---- numbers --------------------------------------------------------------------------------------- */

/* Where whole numbers are due: from a table of their own, one of a few, in a group, in a list of groups. */
static const struct {
	const char *head, *tail;
} number_places[] = {
	{ "event_retention_days = ", ";" },
	{ "lockout = { max_invalid_attempts = ", "; };" },
	{ "totp = { window = ", "; };" },
	{ "step_up = ( { service = \"sudo\"; max_age = ", "; } );" },
};

/* Everything that libconfig would take and nobody meant, and what it would not. */
static const struct {
	const char *number, *says;
} wrong_numbers[] = {
	/* They wrap to what is allowed, or near it. */
	{ "4294967297", "out of range" },
	{ "-4294967295", "out of range" },
	{ "18446744073709551617", "out of range" },
	{ "-18446744073709551615", "out of range" },
	{ "340282366920938463463374607431768211457", "out of range" },
	{ "4294967297L", "out of range" },
	{ "4294967297LL", "out of range" },
	{ "18446744073709551617L", "out of range" },
	{ "9223372036854775808L", "out of range" },
	{ "-9223372036854775809L", "out of range" },
	{ "2147483648", "out of range" },
	{ "-2147483649", "out of range" },
	{ "0x100000001", "out of range" },
	{ "0xFFFFFFFF", "out of range" },
	{ "0xFFFFFFFFFFFFFFFF", "out of range" },
	{ "0xFFFFFFFFFFFFFFFFL", "out of range" },
	{ "0x10000000000000001", "out of range" },
	{ "0x10000000000000001L", "out of range" },
	/* Floats where whole numbers are due, also those that are whole. */
	{ "1.0", "whole number" },
	{ "1.", "whole number" },
	{ ".1e1", "" },
	{ "1e0", "whole number" },
	{ "1e3", "whole number" },
	{ "1E3", "whole number" },
	{ "1e+3", "whole number" },
	{ "1e400", "whole number" },
	{ "1e-400", "whole number" },
	{ "4294967297.0", "whole number" },
	/* No numbers, or two. */
	{ "1_000", "not a whole number" },
	{ "0b1", "not a whole number" },
	{ "0o1", "not a whole number" },
	{ "-0x1", "not a whole number" },
	{ "0x1.8p0", "not a whole number" },
	{ "1l", "not a whole number" },
	{ "1U", "not a whole number" },
	{ "1LLL", "not a whole number" },
	{ "--1", "not a whole number" },
	{ "+-1", "not a whole number" },
	{ "1e", "not a whole number" },
	{ "1e=\"\"", "not a whole number" },
	{ "1e3e3", "not a whole number" },
	{ "1.2.3", "not a whole number" },
	{ "-", "" },
	{ "+", "" },
	{ ".", "" },
	{ "1 1", "without the name" },
	{ "1 L", "two settings" },
	{ "nan", "needs quotes" },
	{ "inf", "needs quotes" },
	{ "[ 1 ]", "whole number" },
	{ "( 1 )", "whole number" },
	{ "false", "whole number" },
	{ "\"1\"", "whole number" },
};

Test(strict, numbers_that_are_not_quite_numbers_are_refused_with_their_line)
{
	for (size_t p = 0; p < sizeof(number_places) / sizeof(*number_places); p++) {
		for (size_t i = 0; i < sizeof(wrong_numbers) / sizeof(*wrong_numbers); i++) {
			char text[256];
			snprintf(text, sizeof(text), "\n\n%s%s%s", number_places[p].head,
				 wrong_numbers[i].number, number_places[p].tail);
			folder_expect_fault(&(struct fault){ CONF, text, 4, wrong_numbers[i].says });
		}
	}
}

/* So that the table above refuses the numbers, and not the places. Leading zeros are decimal. */
Test(strict, numbers_in_every_form_that_is_one_are_taken)
{
	static const char *const numbers[] = {
		"180", "0180", "+180", "180L", "180LL", "0xb4", "0XB4", "0xB4L"
	};
	struct folder folder;
	folder_make(&folder);
	for (size_t i = 0; i < sizeof(numbers) / sizeof(*numbers); i++) {
		char text[128];
		snprintf(text, sizeof(text), "event_retention_days = %s;", numbers[i]);
		folder_write_settings(&folder, text);
		struct config *config = folder_load(&folder);
		cr_expect_eq(config->settings.event_retention_days, 180, "%s", numbers[i]);
		config_release(config);
	}
	folder_remove(&folder);
}

/* ---- duplicates ------------------------------------------------------------------------------------ */

static const struct fault duplicates[] = {
	{ CONF, "totp = { digits = 6; };\ntotp = { window = 1; };", 3, "duplicate" },
	{ CONF, "totp = { digits = 6;\n\ndigits = 6; };", 4, "duplicate" },
	{ CONF, "services = { ui = [ \"a\" ];\nui = [ \"b\" ]; };", 3, "duplicate" },
	{ CONF, "services = { ui = [ \"a\" ]; };\nservices = { api = [ ]; };", 3, "duplicate" },
	{ CONF, "licenses = ( { name = \"a\"; forbids = [ ];\nname = \"b\"; } );", 3, "duplicate" },
	{ CONF, "licenses = ( );\nlicenses = ( );", 3, "duplicate" },
	{ CONF, "licenses = ( { name = \"a\"; forbids = [ \"waive-mfa\",\n\"BypassMFAForUiLogins\" ]; } );",
	  3, "twice" },
	{ CONF, "step_up = ( { service = \"sudo\"; max_age = 1;\nmax_age = 2; } );", 3, "duplicate" },
	{ CONF,
	  "required_session_level = ( { service = \"a\"; level = \"standard\";\nlevel = \"standard\"; } );",
	  3, "duplicate" },
	{ CONF, "trusted_callers = ( { user = \"daemon\"; services = [ ];\nuser = \"bin\"; } );", 3,
	  "duplicate" },
	{ CONF,
	  "services = { api = [ \"x\" ]; };\n"
	  "trusted_callers = ( { user = \"daemon\"; services = [ \"x\",\n\"x\" ]; } );",
	  4, "twice" },
	{ CONF, "services = { api = [ \"x\",\n\"x\" ]; };", 3, "twice" },
	{ CONF, "services = { exempt = [ \"x\",\n\n\"x\" ]; };", 4, "twice" },
	{ CONF, "session_levels = { high_assurance = [ \"totp\",\n\"totp\" ]; };", 3, "twice" },
	{ CONF, "protected_groups = [ \"a\",\n\"b\",\n\"a\" ];", 4, "twice" },
	{ CONF, "trusted_networks = [ \"local\",\n\"local\" ];", 3, "twice" },
	{ CONF, "trusted_networks = [ \"2001:db8::/32\",\n\"2001:0db8:0::/32\" ];", 3, "twice" },
	{ PROF, "label = \"a\";\nlabel = \"a\";", 2, "duplicate" },
	{ PROF, "members = { };\nmembers = { };", 2, "duplicate" },
	{ PROF, "members = { users = [ ];\nusers = [ ]; };", 2, "duplicate" },
	{ PROF, "login_hours = { zone = \"UTC\"; mon = \"closed\";\nmon = \"closed\"; };", 2, "duplicate" },
	{ PROF, "login_hours = { zone = \"UTC\";\nzone = \"UTC\"; };", 2, "duplicate" },
	{ PROF, "login_ip_ranges = [ \"10.0.0.0/8\",\n\"10.0.0.0/8\" ];", 2, "twice" },
	{ PROF, "api = { second_factors = [ \"totp\",\n\"totp\" ]; };", 2, "twice" },
	{ PROF, "api = { pending = \"deny\";\npending = \"deny\"; };", 2, "duplicate" },
	{ PSET, "permissions = [ ];\npermissions = [ ];", 2, "duplicate" },
	{ PSET, "permissions = [ \"waive-mfa\",\n\"waive-mfa\" ];", 2, "twice" },
	{ PSET, "members = { groups = [ \"a\",\n\"a\" ]; };", 2, "twice" },
	{ PGRP, "sets = [ ];\nsets = [ ];", 2, "duplicate" },
	{ PGRP, "sets = [ \"b\",\n\"b\" ];", 2, "twice" },
	{ PGRP, "muting = [ \"waive-mfa\",\n\"BypassMFAForUiLogins\" ];", 2, "twice" },
	{ PGRP, "members = { users = [ \"a\",\n\"a\" ]; };", 2, "twice" },
};

/* ---- names ----------------------------------------------------------------------------------------- */

static const struct fault unknown_names[] = {
	{ CONF, "\ndefault_profile = \"Standard\";", 3, "no profile Standard" },
	{ CONF, "default_profile = \"standard.conf\";", 2, "no profile" },
	{ CONF, "\napi = { second_factors = [ \"TOTP\" ]; };", 3, "unknown factor TOTP" },
	{ CONF, "session_levels = { high_assurance = [ \"totp\",\n\"push\" ]; };", 3, "unknown factor push" },
	{ CONF, "licenses = ( { name = \"a\"; forbids = [ \"waive-mfa\",\n\"MFA-UI-Logins\" ]; } );", 3,
	  "unknown permission" },
	{ CONF, "totp = { algorithm = \"SHA1\"; };", 2, "one of" },
	{ CONF, "api = { token_required = \"Always\"; };", 2, "one of" },
	{ CONF, "required_session_level = ( { service = \"a\"; level = \"high_assurance\"; } );", 2,
	  "one of" },
	{ CONF, "required_session_level = ( { service = \"a\"; level = \"standard\"; action = \"\"; } );", 2,
	  "one of" },
	{ PROF, "permissions = [ \"api-enabled \" ];", 1, "unknown permission" },
	{ PROF, "permissions = [ \"\" ];", 1, "unknown permission" },
	{ PROF, "permissions = [ \"apienabled\" ];", 1, "unknown permission" },
	{ PROF, "api = { token_required = \"trusted\"; };", 1, "one of" },
	{ PROF, "login_hours = { zone = \"europe/paris\"; };", 1, "unknown time zone" },
	{ PROF, "login_hours = { zone = \"CET-1CEST,M3.5.0,M10.5.0\"; };", 1, "unknown time zone" },
	{ PROF, "login_hours = { zone = \":Europe/Paris\"; };", 1, "unknown time zone" },
	{ PROF, "login_hours = { zone = \"Europe/\"; };", 1, "unknown time zone" },
	{ PROF, "login_hours = { zone = \"UTC\"; mon = \"00:00-00:00\"; };", 1, "same minute" },
	{ PROF, "login_hours = { zone = \"UTC\"; mon = \"24:00-24:00\"; };", 1, "HH:MM-HH:MM" },
	{ PROF, "login_hours = { zone = \"UTC\"; mon = \"\"; };", 1, "HH:MM-HH:MM" },
	{ PROF, "login_hours = { zone = \"UTC\"; Mon = \"closed\"; };", 1, "unknown key Mon" },
	{ PSET, "\npermissions = [ \"fly\" ];", 2, "unknown permission fly" },
	{ PSET, "license = \"a/b\";", 1, "not a name" },
	{ PSET, "sets = [ ];", 1, "unknown key sets" },
	{ PGRP, "sets = [ \"A\" ];", 1, "unknown permission set A" },
	{ PGRP, "sets = [ \"g\" ];", 1, "unknown permission set g" },
	{ PGRP, "sets = [ \"standard\" ];", 1, "unknown permission set standard" },
	{ PGRP, "\n\nmuting = [ \"fly\" ];", 3, "unknown permission fly" },
	{ PGRP, "muting = [ \"help-desk\" ];", 1, "unknown permission" },
};

/* ---- @include, and the form of the text ------------------------------------------------------------ */

static const struct fault includes[] = {
	{ CONF, "@include \"x\"", 2, "@include" },
	{ CONF, "\n \t@include \"x\"", 3, "@include" },
	{ CONF, "issuer = \"a\";\n@include \"x\"\n", 3, "@include" },
	{ CONF, "/* */ @include \"x\"", 2, "@include" },
	{ CONF, "/*\n*/\n@include \"x\"", 4, "@include" },
	{ CONF, "totp = {\n@include \"x\"\n};", 3, "@include" },
	{ CONF, "lockers = [\n@include \"x\"\n];", 3, "@include" },
	{ CONF, "licenses = (\n@include \"x\"\n);", 3, "@include" },
	{ CONF, "licenses = ( {\n@include \"x\"\n} );", 3, "@include" },
	{ CONF, "issuer =\n@include \"x\"\n", 3, "@include" },
	{ CONF, "issuer\n@include \"x\"\n= \"a\";", 3, "@include" },
	{ CONF, "\f@include \"x\"", 2, "@include" },
	{ CONF, "@INCLUDE \"x\"", 2, "@include" },
	{ CONF, "@include", 2, "@include" },
	{ PROF, "@include \"/etc/sfmfa/sfmfa.conf\"\n", 1, "@include" },
	{ PROF, "label = \"a\";\r\n@include \"x\"\r\n", 2, "@include" },
	{ PSET, "\n@include \"x\"\n", 2, "@include" },
	{ PGRP, "label = \"a\";\n@include \"x\"", 2, "@include" },
};

static const struct fault junk[] = {
	{ PROF, "priority = 1; junk", 1, "syntax error" },
	{ PROF, "priority = 1;\n\n}", 3, "closes nothing" },
	{ PROF, "priority = 1;\n)", 2, "closes nothing" },
	{ PROF, "priority = 1;\n,", 2, "syntax error" },
	{ PROF, "priority = 1;;", 1, "syntax error" },
	{ PROF, "priority = 1;\n=", 2, "" },
	{ PROF, "priority = 1;\n\"text\"", 2, "without the name" },
	{ PROF, "priority = 1;\n{ }", 2, "without the name" },
	{ PROF, "priority = 1;\n/* open", 2, "never closed" },
	{ PROF, "priority = 1;\n/", 2, "unexpected character" },
	{ PROF, "priority = 1;\n\x1a", 2, "unexpected byte 0x1a" },
	{ PROF, "priority = 1;\n\v", 2, "unexpected byte 0x0b" },
	{ PROF, "priority = 1;\n$(id)", 2, "unexpected character" },
	{ PSET, "license = \"a\"; \"b\"", 1, "without the name" },
	{ PSET, "license = \"a\" \"b\"", 1, "two strings" },
	{ PGRP, "sets = [ ]; ]", 1, "closes nothing" },
};

static const struct fault encodings[] = {
	/* A byte order mark, of UTF-8 and of UTF-16 (whose NULs are found first). */
	{ PROF, "\xef\xbb\xbfpriority = 1;\n", 1, "unexpected byte 0xef" },
	{ PROF, "priority = 1;\n\xfe\xff", 2, "unexpected byte 0xfe" },
	{ PROF,
	  "\nlabel = \"B\xfc"
	  "cher\";",
	  2, "UTF-8" },
	{ PROF, "label = \"\xc0\xaf\";", 1, "UTF-8" },
	{ PROF, "label = \"\xed\xa0\x80\";", 1, "UTF-8" },
	{ PROF, "label = \"\xf4\x90\x80\x80\";", 1, "UTF-8" },
	{ PROF, "label = \"\xe2\x82\";", 1, "UTF-8" },
	{ PROF, "label = \"a\\x80\";", 1, "UTF-8" },
	{ PROF, "label = \"a\x1b[2J\";", 1, "control" },
	{ PROF, "label = \"a\x7f\";", 1, "control" },
	{ PROF, "label = \"a\\x1b\";", 1, "control" },
	{ PROF, "label = \"a\tb\";", 1, "control" },
	{ PROF, "permissions = [ \"\xff\" ];", 1, "UTF-8" },
	{ PROF, "members = { users = [ \"a\",\n\"\xff\" ]; };", 2, "UTF-8" },
	{ PROF, "members = { groups = [ \"a\\nb\" ]; };", 1, "control" },
	{ PROF, "login_hours = { zone = \"\xff\"; };", 1, "UTF-8" },
	{ PROF, "login_ip_ranges = [ \"\xff\" ];", 1, "UTF-8" },
	{ PROF, "required_session_level = \"\xff\";", 1, "one of" },
	{ PROF, "m\xc3\xa9mbers = { };", 1, "unexpected byte 0xc3" },
	{ PSET, "license = \"\xff\";", 1, "UTF-8" },
	{ PGRP, "sets = [ \"\xff\" ];", 1, "UTF-8" },
	{ CONF, "lockers = [ \"\xff\" ];", 2, "UTF-8" },
	{ CONF, "trusted_callers = ( { user = \"\xff\"; services = [ ]; } );", 2, "UTF-8" },
	{ CONF, "state_dir = \"/\xff\";", 2, "UTF-8" },
};

#define REFUSE_ALL(faults)                                                                                   \
	for (size_t i = 0; i < sizeof(faults) / sizeof(*(faults)); i++)                                      \
	folder_expect_fault(&(faults)[i])

Test(strict, duplicates_are_refused_at_every_level_with_their_line)
{
	REFUSE_ALL(duplicates);
}

Test(strict, unknown_names_are_refused_wherever_one_is_taken)
{
	REFUSE_ALL(unknown_names);
}

Test(strict, include_is_refused_in_every_position)
{
	REFUSE_ALL(includes);
}

Test(strict, junk_after_the_last_setting_is_refused)
{
	REFUSE_ALL(junk);
}

Test(strict, text_that_is_not_utf_8_or_not_printable_is_refused)
{
	REFUSE_ALL(encodings);
}

/* ---- what is no fault ------------------------------------------------------------------------------ */

Test(strict, include_is_text_inside_strings_and_comments)
{
	static const char *const texts[] = {
		"# @include \"x\"\n",
		"// @include \"x\"\n",
		"/* @include \"x\" */\n",
		"/*\n@include \"x\"\n*/\n",
		"label = \"@include \\\"x\\\"\";\n",
		"label = \"a\"; # @include \"x\"\n",
		"label = \"a # b // c /* d\"; /* \" */\n",
		"label = \"a\"; // \"\n",
		"priority = 1; /* // */ label = \"a\"; /* # */\n",
	};
	struct folder folder;
	folder_make(&folder);
	for (size_t i = 0; i < sizeof(texts) / sizeof(*texts); i++) {
		folder_write(&folder, PROF, texts[i]);
		folder_write(&folder, PSET, i == 8 ? "" : texts[i]);
		struct config *config = folder_load(&folder);
		const struct profile *profile = config_find_profile(config, "p");
		cr_assert_not_null(profile);
		cr_expect_str_eq(profile->label, i < 4    ? "p"
						 : i == 4 ? "@include \"x\""
						 : i == 6 ? "a # b // c /* d"
							  : "a");
		config_release(config);
	}
	folder_remove(&folder);
}

Test(strict, lines_may_end_as_on_windows_and_are_counted_all_the_same)
{
	struct folder folder;
	folder_make(&folder);
	folder_write(
		&folder, PROF,
		"label = \"a\"\r\npriority = 5\r\n# comment\r\npermissions = [\r\n\"waive-mfa\"\r\n]\r\n");
	struct config *config = folder_load(&folder);
	const struct profile *profile = config_find_profile(config, "p");
	cr_expect_eq(profile->priority, 5);
	cr_expect_eq(profile->permission_origins[PERMISSION_WAIVE_MFA].line, 5);
	config_release(config);
	folder_remove(&folder);
	folder_expect_fault(&(struct fault){ PROF, "label = \"a\";\r\n\r\ncolour = 1;\r\n", 3, "colour" });
	folder_expect_fault(&(struct fault){ PROF, "label = \"a\r\n\";", 1, "not closed" });
	/* A carriage return alone ends no line. */
	folder_expect_fault(&(struct fault){ PROF, "label = \"a\"\rpriority = 1;", 1, "two settings" });
}

Test(strict, latin_1_is_allowed_in_comments)
{
	struct folder folder;
	folder_make(&folder);
	folder_write(&folder, PROF,
		     "# B\xfc"
		     "cher\n/* \xff */ priority = 5; // \xfe\n");
	struct config *config = folder_load(&folder);
	cr_expect_eq(config_find_profile(config, "p")->priority, 5);
	config_release(config);
	folder_remove(&folder);
}

Test(strict, empty_files_are_taken_for_what_is_not_said)
{
	static const char *const empty[] = { "",          "\n", " \t\r\n\f", "# nothing", "/* nothing */",
					     "# a\n// b", "//", "#" };
	struct folder folder;
	folder_make(&folder);
	for (size_t i = 0; i < sizeof(empty) / sizeof(*empty); i++) {
		folder_write_settings(&folder, empty[i]);
		folder_write(&folder, PROF, empty[i]);
		folder_write(&folder, PSET, empty[i]);
		folder_write(&folder, PGRP, empty[i]);
		struct config *config = folder_load(&folder);
		const struct profile *profile = config_find_profile(config, "p");
		cr_expect_eq(profile->permissions, 0);
		cr_expect_eq(config_find_set(config, "a")->permissions, 0);
		cr_expect_eq(config_find_group(config, "g")->set_count, 0);
		config_release(config);
	}
	folder_remove(&folder);
}

/* A profile is named by its file, byte for byte. */
Test(strict, names_that_differ_by_case_or_by_a_suffix_are_different_names)
{
	struct folder folder;
	folder_make(&folder);
	folder_write(&folder, "profiles.d/staff.conf", "priority = 1; members = { users = [ \"alice\" ]; };");
	folder_write(&folder, "profiles.d/Staff.conf",
		     "priority = 2; members = { users = [ \"alice\", \"bob\" ]; };");
	folder_write(&folder, "profiles.d/staff.conf.conf",
		     "priority = 3; members = { users = [ \"carol\" ]; };");
	struct config *config = folder_load(&folder);
	bool unresolved = true;
	cr_expect_eq(config->profile_count, 4);
	cr_expect_eq(config_find_profile(config, "staff")->priority, 1);
	cr_expect_eq(config_find_profile(config, "Staff")->priority, 2);
	cr_expect_eq(config_find_profile(config, "staff.conf")->priority, 3);
	cr_expect_null(config_find_profile(config, "STAFF"));
	cr_expect_null(config_find_profile(config, "staff.conf.conf"));
	cr_expect_str_eq(config_choose_profile(config, "alice", NULL, &unresolved)->name, "staff");
	cr_expect_str_eq(config_choose_profile(config, "bob", NULL, &unresolved)->name, "Staff");
	cr_expect_str_eq(config_choose_profile(config, "carol", NULL, &unresolved)->name, "staff.conf");
	config_release(config);
	folder_remove(&folder);
}
