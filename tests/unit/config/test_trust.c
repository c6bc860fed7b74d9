/* Every kind of file, and every folder of them, that somebody else could have written (rules 3.3). */
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "folder.h"

#define STRANGER 54321

static const char *const files[] = { CONF, PROF, PSET, PGRP };
static const char *const folders[] = { "profiles.d", "permission-sets.d", "permission-set-groups.d" };

#define FILES   (sizeof(files) / sizeof(*files))
#define FOLDERS (sizeof(folders) / sizeof(*folders))

static struct folder folder;

static void
make(void)
{
	folder_make(&folder);
	folder_write(&folder, PROF, "priority = 1;\n");
	folder_write(&folder, PSET, "");
	folder_write(&folder, PGRP, "sets = [ \"a\" ];\n");
}

static void
clean(void)
{
	folder_remove(&folder);
}

TestSuite(trust, .init = make, .fini = clean);

static void
need_root(void)
{
	if (geteuid() == 0)
		return;
	/* Nothing is taken down after a test that is skipped. */
	clean();
	cr_skip_test("needs root");
}

static const char *
path_of(const char *name)
{
	static char paths[4][256];
	static unsigned next;
	char *path = paths[next++ % 4];
	snprintf(path, 256, "%s/%s", folder.path, name);
	return path;
}

/* Refused as a whole, and the diagnosis names it. */
static void
expect_untrusted(const char *name, const char *says)
{
	struct diag diag = folder_refuse(&folder, SFMFA_ERR_UNTRUSTED);
	cr_expect_str_eq(diag.file, path_of(name));
	cr_expect_eq(diag.line, 0);
	cr_expect(strstr(diag.text, says), "%s: %s, not %s", name, diag.text, says);
}

static void
expect_good(void)
{
	config_release(folder_load(&folder));
}

Test(trust, a_file_or_folder_that_others_can_write_is_refused)
{
	static const mode_t modes[] = { 0664, 0646, 0666, 0622, 0777 };
	for (size_t i = 0; i < FILES + FOLDERS; i++) {
		const char *name = i < FILES ? files[i] : folders[i - FILES];
		for (size_t m = 0; m < sizeof(modes) / sizeof(*modes); m++) {
			mode_t search = i < FILES ? 0 : 0111;
			cr_assert_eq(chmod(path_of(name), modes[m] | search), 0);
			expect_untrusted(name, "writable by group or others");
			cr_assert_eq(chmod(path_of(name), 0600 | search), 0);
			expect_good();
		}
	}
}

Test(trust, a_folder_of_the_whole_configuration_that_others_can_write_is_refused)
{
	static const mode_t modes[] = { 0775, 0757, 0777, 01777 };
	char parent[64];
	strcpy(parent, folder.path);
	for (size_t m = 0; m < sizeof(modes) / sizeof(*modes); m++) {
		cr_assert_eq(chmod(parent, modes[m]), 0);
		struct diag diag = folder_refuse(&folder, SFMFA_ERR_UNTRUSTED);
		cr_expect_str_eq(diag.file, parent);
		cr_assert_eq(chmod(parent, 0755), 0);
		expect_good();
	}
}

Test(trust, a_file_or_folder_of_a_stranger_is_refused)
{
	need_root();
	for (size_t i = 0; i < FILES + FOLDERS; i++) {
		const char *name = i < FILES ? files[i] : folders[i - FILES];
		cr_assert_eq(chown(path_of(name), STRANGER, 0), 0);
		expect_untrusted(name, "uid 54321");
		/* The group does not matter where it cannot write. */
		cr_assert_eq(chown(path_of(name), 0, STRANGER), 0);
		expect_good();
	}
	cr_assert_eq(chown(folder.path, STRANGER, 0), 0);
	struct diag diag = folder_refuse(&folder, SFMFA_ERR_UNTRUSTED);
	cr_expect_str_eq(diag.file, folder.path);
}

/* The uid that runs a private daemon is an owner as good as root, and no third one. */
Test(trust, the_owner_that_was_named_and_root_are_both_trusted)
{
	need_root();
	folder.options.owner = STRANGER;
	expect_good();
	for (size_t i = 0; i < FILES; i++)
		cr_assert_eq(chown(path_of(files[i]), STRANGER, 0), 0);
	expect_good();
	cr_assert_eq(chown(path_of(PSET), STRANGER + 1, 0), 0);
	expect_untrusted(PSET, "uid 54322");
}

Test(trust, a_symbolic_link_in_place_of_a_file_is_refused)
{
	for (size_t i = 0; i < FILES; i++) {
		const char *name = files[i];
		cr_assert_eq(rename(path_of(name), path_of("kept")), 0);
		cr_assert_eq(symlink(path_of("kept"), path_of(name)), 0);
		expect_untrusted(name, "symbolic link");
		cr_assert_eq(unlink(path_of(name)), 0);
		cr_assert_eq(symlink("/nonexistent", path_of(name)), 0);
		expect_untrusted(name, "symbolic link");
		cr_assert_eq(unlink(path_of(name)), 0);
		cr_assert_eq(rename(path_of("kept"), path_of(name)), 0);
	}
	expect_good();
}

Test(trust, a_second_hard_link_is_refused)
{
	for (size_t i = 0; i < FILES; i++) {
		cr_assert_eq(link(path_of(files[i]), path_of("second")), 0);
		expect_untrusted(files[i], "2 hard links");
		cr_assert_eq(unlink(path_of("second")), 0);
		expect_good();
	}
}

static void
make_socket(const char *path)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	cr_assert_lt(strlen(path), sizeof(address.sun_path));
	strcpy(address.sun_path, path);
	cr_assert(fd >= 0 && bind(fd, (const struct sockaddr *)&address, sizeof(address)) == 0);
	close(fd);
}

/* Nobody writes to the FIFO: a look at it that waits would never end. */
Test(trust, what_is_no_regular_file_is_refused_without_waiting, .timeout = 30)
{
	for (size_t i = 0; i < FILES; i++) {
		const char *name = files[i];
		cr_assert_eq(rename(path_of(name), path_of("kept")), 0);
		cr_assert_eq(mkfifo(path_of(name), 0600), 0);
		expect_untrusted(name, "not a regular file");
		cr_assert_eq(unlink(path_of(name)), 0);
		cr_assert_eq(mkdir(path_of(name), 0755), 0);
		expect_untrusted(name, "not a regular file");
		cr_assert_eq(rmdir(path_of(name)), 0);
		make_socket(path_of(name));
		expect_untrusted(name, "not a regular file");
		cr_assert_eq(unlink(path_of(name)), 0);
		cr_assert_eq(rename(path_of("kept"), path_of(name)), 0);
	}
	expect_good();
}

Test(trust, what_is_no_folder_in_place_of_one_is_refused, .timeout = 30)
{
	for (size_t i = 0; i < FOLDERS; i++) {
		const char *name = folders[i];
		cr_assert_eq(rename(path_of(name), path_of("kept")), 0);
		cr_assert_eq(symlink("kept", path_of(name)), 0);
		expect_untrusted(name, "not a folder");
		cr_assert_eq(unlink(path_of(name)), 0);
		folder_write(&folder, name, "");
		expect_untrusted(name, "not a folder");
		cr_assert_eq(unlink(path_of(name)), 0);
		cr_assert_eq(mkfifo(path_of(name), 0600), 0);
		expect_untrusted(name, "not a folder");
		cr_assert_eq(unlink(path_of(name)), 0);
		cr_assert_eq(rename(path_of("kept"), path_of(name)), 0);
	}
	expect_good();
}

/* Nobody writes a permission set by hand and puts it where only its name keeps it from being read. */
Test(trust, a_name_that_cannot_be_one_refuses_the_folder)
{
	static const char *const names[] = { "a b", "a\nb", "-a", "\xc3\xa4", "a:b", "a;b", "a\\b", "a*" };
	for (size_t i = 0; i < FOLDERS; i++) {
		for (size_t n = 0; n < sizeof(names) / sizeof(*names); n++) {
			char name[64];
			snprintf(name, sizeof(name), "%s/%s.conf", folders[i], names[n]);
			folder_write(&folder, name, "");
			struct diag diag = folder_refuse(&folder, SFMFA_ERR_CONFIG);
			cr_expect_str_eq(diag.file, path_of(folders[i]));
			cr_expect(strstr(diag.text, "not a usable file name"), "%s", diag.text);
			for (const char *c = diag.text; *c; c++)
				cr_expect((unsigned char)*c >= ' ' && *c != 0x7f, "%s", names[n]);
			cr_assert_eq(unlink(path_of(name)), 0);
		}
	}
	expect_good();
}
