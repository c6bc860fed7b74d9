/* What stays in force while the files are broken (rules 3.3). */
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "config/last_good.h"
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

TestSuite(last_good, .init = make, .fini = clean);
TestSuite(scan_paths, .init = make, .fini = clean);

static void
kept_path(char path[256])
{
	snprintf(path, 256, "%s/last-good.conf", folder.state_dir);
}

static void
keep(const struct config *config)
{
	struct diag diag = { 0 };
	cr_assert_eq(last_good_keep(config, folder.state_dir, &diag), SFMFA_OK, "%s: %s", diag.file,
		     diag.text);
}

static struct config *
load_kept(void)
{
	struct diag diag = { 0 };
	struct config *config = NULL;
	cr_assert_eq(last_good_load(&folder.options, folder.state_dir, &config, &diag), SFMFA_OK, "%s:%u: %s",
		     diag.file, diag.line, diag.text);
	return config;
}

static void
write_good(void)
{
	folder_write_settings(&folder, "issuer = \"Example\";\nrequire_mfa_for_ui = true;\n");
	folder_write(&folder, "profiles.d/staff.conf",
		     "priority = 1;\npermissions = [ \"mfa-ui-logins\" ];\n"
		     "members = { users = [ \"alice\" ]; groups = [ \"g\" ]; };");
	folder_write(&folder, "permission-sets.d/desk-2.conf", "");
	folder_write(&folder, "permission-sets.d/desk.conf", "permissions = [ \"manage-mfa\" ];");
	folder_write(&folder, "permission-set-groups.d/all.conf", "sets = [ \"desk\" ];");
}

Test(last_good, what_was_kept_is_what_was_loaded)
{
	write_good();
	struct config *config = folder_load(&folder);
	keep(config);
	/* The files are broken now, and one is gone. */
	folder_write_settings(&folder, "broken");
	folder_write(&folder, "profiles.d/standard.conf", "broken");
	struct config *kept = load_kept();
	cr_expect(config_equals(config, kept));
	cr_expect_str_eq(kept->settings.issuer, "Example");
	cr_expect_eq(kept->settings.require_mfa_for_ui_origin.line, 3);
	cr_expect_str_eq(kept->settings.require_mfa_for_ui_origin.file, folder.file);
	cr_expect_eq(kept->profile_count, 2);
	cr_expect_eq(kept->set_count, 2);
	cr_expect_eq(kept->group_count, 1);
	const struct profile *staff = config_find_profile(kept, "staff");
	cr_assert_not_null(staff);
	cr_expect(strstr(staff->permission_origins[PERMISSION_MFA_UI_LOGINS].file, "/profiles.d/staff.conf"));
	cr_expect_eq(staff->permission_origins[PERMISSION_MFA_UI_LOGINS].line, 2);
	bool unresolved = true;
	cr_expect_str_eq(config_choose_profile(kept, "alice", NULL, &unresolved)->name, "staff");
	/* And it can be kept again. */
	keep(kept);
	config_release(config);
	config_release(kept);
}

Test(last_good, it_is_private_and_written_only_when_it_differs)
{
	char path[256];
	struct stat first, second, third;
	struct config *config = folder_load(&folder);
	kept_path(path);
	keep(config);
	cr_assert_eq(stat(path, &first), 0);
	cr_expect_eq(first.st_mode & 07777, 0600);
	keep(config);
	cr_assert_eq(stat(path, &second), 0);
	cr_expect_eq(first.st_ino, second.st_ino, "the same text is not written again");
	folder_write_settings(&folder, "issuer = \"Other\";");
	struct config *changed = folder_load(&folder);
	cr_expect_not(config_equals(config, changed));
	/* Held open, so that the inode number cannot be given away again. */
	int held = open(path, O_RDONLY);
	keep(changed);
	cr_assert_eq(stat(path, &third), 0);
	cr_expect_neq(first.st_ino, third.st_ino);
	close(held);
	config_release(config);
	config_release(changed);
}

Test(last_good, without_one_it_is_not_found)
{
	struct config *config = NULL;
	struct diag diag = { 0 };
	cr_expect_eq(last_good_load(&folder.options, folder.state_dir, &config, &diag), SFMFA_ERR_NOT_FOUND);
	cr_expect_null(config);
}

Test(last_good, a_state_directory_that_does_not_exist_is_an_error)
{
	struct config *config = folder_load(&folder);
	struct diag diag = { 0 };
	cr_expect_eq(last_good_keep(config, "/nonexistent/sfmfa", &diag), SFMFA_ERR_SYSTEM);
	config_release(config);
}

Test(last_good, one_that_others_can_write_is_not_trusted)
{
	char path[256];
	struct config *config = folder_load(&folder), *kept = NULL;
	struct diag diag = { 0 };
	keep(config);
	kept_path(path);
	cr_assert_eq(chmod(path, 0620), 0);
	cr_expect_eq(last_good_load(&folder.options, folder.state_dir, &kept, &diag), SFMFA_ERR_UNTRUSTED);
	cr_expect_null(kept);
	config_release(config);
}

static char *
read_kept(size_t *ret_size)
{
	char path[256];
	kept_path(path);
	FILE *stream = fopen(path, "r");
	cr_assert_not_null(stream);
	char *bytes = calloc(1, 65536);
	cr_assert_not_null(bytes);
	*ret_size = fread(bytes, 1, 65535, stream);
	fclose(stream);
	return bytes;
}

static enum sfmfa_err
load_bytes(const char *bytes, size_t size)
{
	char path[256];
	struct config *kept = NULL;
	struct diag diag = { 0 };
	kept_path(path);
	FILE *stream = fopen(path, "w");
	cr_assert_not_null(stream);
	cr_assert_eq(fwrite(bytes, 1, size, stream), size);
	fclose(stream);
	enum sfmfa_err err = last_good_load(&folder.options, folder.state_dir, &kept, &diag);
	cr_assert_eq(err == SFMFA_OK, kept != NULL);
	config_release(kept);
	return err;
}

Test(last_good, cut_off_anywhere_it_is_refused)
{
	write_good();
	struct config *config = folder_load(&folder);
	size_t size = 0;
	keep(config);
	char *bytes = read_kept(&size);
	for (size_t cut = 0; cut < size; cut++)
		cr_assert_eq(load_bytes(bytes, cut), SFMFA_ERR_CONFIG, "cut at %zu of %zu", cut, size);
	cr_expect_eq(load_bytes(bytes, size), SFMFA_OK);
	strcat(bytes, "x");
	cr_expect_eq(load_bytes(bytes, size + 1), SFMFA_ERR_CONFIG);
	free(bytes);
	config_release(config);
}

Test(last_good, damaged_frames_are_refused)
{
	static const char *const damaged[] = {
		"sfmfa last good configuration 1\nend 0\n",
		"sfmfa last good configuration 2\nsettings 0 - /x\n\nend 1\n",
		"sfmfa last good configuration 1\nsettings 0 - x\n\nend 1\n",
		"sfmfa last good configuration 1\nsettings 0 name /x\n\nend 1\n",
		"sfmfa last good configuration 1\nsettings -1 - /x\n\nend 1\n",
		"sfmfa last good configuration 1\nsettings 99999999999999999999 - /x\n\nend 1\n",
		"sfmfa last good configuration 1\nsettings 9 - /x\n\nend 1\n",
		"sfmfa last good configuration 1\nsettings 0\n\nend 1\n",
		"sfmfa last good configuration 1\nsettings 0 - /x\n\nsettings 0 - /x\n\nend 2\n",
		"sfmfa last good configuration 1\nprofile 0 standard /x\n\nend 1\n",
		"sfmfa last good configuration 1\nsettings 0 - /x\n\nprofile 0 ../a /x\n\nend 2\n",
		"sfmfa last good configuration 1\nsettings 0 - /x\n\nprofile 0 standard /x\n\nprofile 0 "
		"standard /x\n\nend 3\n",
		"sfmfa last good configuration 1\nsettings 0 - /x\n\nset 0 s /x\n\nprofile 0 standard "
		"/x\n\nend 3\n",
		"sfmfa last good configuration 1\nsettings 0 - /x\n\nprofile 0 standard /x\n\nend 3\n",
		"sfmfa last good configuration 1\nsettings 0 - /x\n\nother 0 standard /x\n\nend 2\n",
		/* Framed well, but not a good configuration: no default profile, and a wrong number. */
		"sfmfa last good configuration 1\nsettings 0 - /x\n\nend 1\n",
		"sfmfa last good configuration 1\nsettings 0 - /x\n\nprofile 8 standard /x\nfoo = 1;\nend "
		"2\n",
	};
	static const char good[] =
		"sfmfa last good configuration 1\nsettings 0 - /x\n\nprofile 0 standard /x y\n\nend 2\n";
	cr_expect_eq(load_bytes(good, strlen(good)), SFMFA_OK);
	for (size_t i = 0; i < sizeof(damaged) / sizeof(*damaged); i++)
		cr_expect_eq(load_bytes(damaged[i], strlen(damaged[i])), SFMFA_ERR_CONFIG, "%s", damaged[i]);
}

static struct config *
scan(void)
{
	struct config *config = NULL;
	cr_assert_eq(config_scan_paths(&folder.options, &config), SFMFA_OK);
	cr_assert_not_null(config);
	return config;
}

Test(scan_paths, they_are_found_in_a_file_that_does_not_parse)
{
	folder_write(&folder, "sfmfa.conf",
		     "# state_dir = \"/comment\";\n"
		     "/* state_dir = \"/in\";\n"
		     "state_dir = \"/comment/too\";\n"
		     "*/\n"
		     "issuer = \"/* no comment\";\n"
		     "  state_dir = \"/srv/state\";\n"
		     "key_file=\"/srv/key\" oops\n"
		     "runtime_dir : \"/srv/run\";\n"
		     "config_dir\t=\t\"/srv/conf\"\n"
		     "run_as = \"\";\n"
		     "services = { exempt = [ \"everything\" ]; };\n"
		     "require_mfa_for_ui = maybe;\n");
	folder_refuse(&folder, SFMFA_ERR_CONFIG);
	struct config *config = scan();
	cr_expect_str_eq(config->settings.state_dir, "/srv/state");
	cr_expect_str_eq(config->settings.key_file, "/srv/key");
	cr_expect_str_eq(config->settings.runtime_dir, "/srv/run");
	cr_expect_str_eq(config->settings.config_dir, "/srv/conf");
	cr_expect_str_eq(config->settings.run_as, "");
	bool mapped = false, unresolved = false;
	cr_expect_eq(config_login_type(config, "cron", &mapped), LOGIN_EXEMPT,
		     "the lists are the shipped ones");
	cr_expect_eq(config_login_type(config, "everything", &mapped), LOGIN_UI);
	cr_expect(words_contain(&config->settings.root_switches, "runuser"));
	cr_expect_null(config_choose_profile(config, "alice", NULL, &unresolved));
	cr_expect_null(config_find_profile(config, "standard"));
	struct member_sets sets;
	cr_expect_eq(config_list_sets(config, "alice", NULL, &sets), SFMFA_OK);
	config_release(config);
}

Test(scan_paths, what_cannot_be_used_is_left_at_its_default)
{
	folder_write(&folder, "sfmfa.conf",
		     "state_dir = \"relative\";\nkey_file = \"/a/../b\";\nruntime_dir = \"/unclosed\nrun_as "
		     "= \"a b\";\n"
		     "config_dir = \"/with\\x41escape\";\nstate_dirs = \"/x\";\n");
	struct config *config = scan();
	cr_expect_str_eq(config->settings.state_dir, "/var/lib/sfmfa");
	cr_expect(strstr(config->settings.key_file, "/sealing.key"));
	cr_expect_str_eq(config->settings.runtime_dir, "/run/sfmfa");
	cr_expect_str_eq(config->settings.run_as, "sfmfa");
	cr_expect(strstr(config->settings.config_dir, "/sfmfa"));
	config_release(config);
}

Test(scan_paths, a_file_that_cannot_be_trusted_or_read_leaves_the_defaults)
{
	folder_write(&folder, "sfmfa.conf", "state_dir = \"/evil\";\n");
	cr_assert_eq(chmod(folder.file, 0666), 0);
	struct config *config = scan();
	cr_expect_str_eq(config->settings.state_dir, "/var/lib/sfmfa");
	config_release(config);
	cr_assert_eq(unlink(folder.file), 0);
	folder.options.runtime_dir = "/run/given";
	config = scan();
	cr_expect_str_eq(config->settings.state_dir, "/var/lib/sfmfa");
	cr_expect_str_eq(config->settings.runtime_dir, "/run/given");
	config_release(config);
}

Test(scan_paths, what_was_never_good_is_not_kept)
{
	struct config *config = scan();
	struct diag diag = { 0 };
	cr_expect_eq(last_good_keep(config, folder.state_dir, &diag), SFMFA_ERR_INTERNAL);
	config_release(config);
}
