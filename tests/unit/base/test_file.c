#include <criterion/criterion.h>

#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/file.h"
#include "base/text.h"

#define STRANGER 54321

static char folder[64];
static struct file_trust trust;
static struct diag diag;

static const char *
path_of(const char *name)
{
	static char path[256];

	cr_assert_eq(text_format(path, sizeof path, "%s/%s", folder, name), SFMFA_OK);
	return path;
}

static void
make_file(const char *name, const void *bytes, size_t size, mode_t mode)
{
	int fd = open(path_of(name), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

	cr_assert_geq(fd, 0);
	cr_assert_eq(write(fd, bytes, size), (ssize_t)size);
	cr_assert_eq(fchmod(fd, mode), 0);
	close(fd);
}

static void
set_up(void)
{
	strcpy(folder, "/tmp/sfmfa-file-XXXXXX");
	cr_assert_not_null(mkdtemp(folder));
	trust = (struct file_trust){ .owner = geteuid(), .size_max = 100 };
}

static void
tear_down(void)
{
	DIR *dir = opendir(folder);
	const struct dirent *entry;

	if (!dir)
		return;
	while ((entry = readdir(dir))) {
		if (unlinkat(dirfd(dir), entry->d_name, 0) < 0) {
			unlinkat(dirfd(dir), entry->d_name, AT_REMOVEDIR);
		}
	}
	closedir(dir);
	rmdir(folder);
}

static enum sfmfa_err
read_it(const char *name)
{
	FILE_CONTENT_AUTO content = { 0 };

	return file_read_trusted(path_of(name), &trust, &content, &diag);
}

TestSuite(file, .init = set_up, .fini = tear_down);

Test(file, is_read_whole_with_a_terminating_nul)
{
	FILE_CONTENT_AUTO content = { 0 };

	make_file("a", "issuer\n", 7, 0644);
	cr_assert_eq(file_read_trusted(path_of("a"), &trust, &content, &diag), SFMFA_OK);
	cr_assert_eq(content.size, 7U);
	cr_assert_str_eq(content.bytes, "issuer\n");
	file_content_finish(&content);
	file_content_finish(NULL);
	make_file("empty", "", 0, 0644);
	cr_assert_eq(file_read_trusted(path_of("empty"), &trust, &content, &diag), SFMFA_OK);
	cr_assert_eq(content.size, 0U);
	cr_assert_str_eq(content.bytes, "");
}

Test(file, that_is_missing_is_not_found)
{
	cr_assert_eq(read_it("missing"), SFMFA_ERR_NOT_FOUND);
	cr_assert_str_eq(diag.file, path_of("missing"));
	cr_assert_eq(read_it("missing/below"), SFMFA_ERR_NOT_FOUND);
	make_file("a", "x", 1, 0644);
	cr_assert_eq(read_it("a/below"), SFMFA_ERR_SYSTEM);
}

Test(file, of_a_relative_path_is_refused)
{
	FILE_CONTENT_AUTO content = { 0 };

	make_file("a", "x", 1, 0644);
	cr_assert_eq(chdir(folder), 0);
	cr_assert_eq(file_read_trusted("a", &trust, &content, &diag), SFMFA_ERR_INVALID);
	cr_assert_eq(file_read_trusted("", &trust, &content, &diag), SFMFA_ERR_INVALID);
	cr_assert_eq(file_read_trusted("a", &trust, &content, NULL), SFMFA_ERR_INVALID);
}

Test(file, behind_a_symbolic_link_is_refused)
{
	make_file("a", "x", 1, 0644);
	cr_assert_eq(symlink("a", path_of("link")), 0);
	cr_assert_eq(read_it("link"), SFMFA_ERR_UNTRUSTED);
}

Test(file, with_a_second_hard_link_is_refused)
{
	char first[256];

	make_file("a", "x", 1, 0644);
	strcpy(first, path_of("a"));
	cr_assert_eq(link(first, path_of("b")), 0);
	cr_assert_eq(read_it("a"), SFMFA_ERR_UNTRUSTED);
	cr_assert_not_null(strstr(diag.text, "2 hard links"));
}

Test(file, that_is_a_fifo_a_socket_or_a_folder_is_refused_without_waiting)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	cr_assert_eq(mkfifo(path_of("fifo"), 0600), 0);
	cr_assert_eq(read_it("fifo"), SFMFA_ERR_UNTRUSTED);
	cr_assert_eq(mkdir(path_of("dir"), 0700), 0);
	cr_assert_eq(read_it("dir"), SFMFA_ERR_UNTRUSTED);
	cr_assert_eq(text_copy(address.sun_path, sizeof address.sun_path, path_of("sock")), SFMFA_OK);
	cr_assert_eq(bind(fd, (struct sockaddr *)&address, sizeof address), 0);
	cr_assert_eq(read_it("sock"), SFMFA_ERR_UNTRUSTED);
	close(fd);
	{
		FILE_CONTENT_AUTO content = { 0 };

		cr_assert_eq(file_read_trusted("/dev/null", &trust, &content, &diag), SFMFA_ERR_UNTRUSTED);
	}
}

Test(file, is_trusted_by_its_mode)
{
	static const struct {
		mode_t mode;
		bool plain;
		bool secret;
	} rows[] = {
		{ 0400, true, true },   { 0600, true, true },   { 0640, true, true },
		{ 0644, true, false },  { 0604, true, false },  { 0601, true, false },
		{ 0660, false, false }, { 0620, false, false }, { 0602, false, false },
		{ 0666, false, false }, { 0777, false, false },
	};

	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		make_file("a", "x", 1, rows[i].mode);
		trust.private_to_owner = false;
		cr_assert_eq(read_it("a"), rows[i].plain ? SFMFA_OK : SFMFA_ERR_UNTRUSTED, "mode %o",
			     rows[i].mode);
		trust.private_to_owner = true;
		cr_assert_eq(read_it("a"), rows[i].secret ? SFMFA_OK : SFMFA_ERR_UNTRUSTED, "mode %o",
			     rows[i].mode);
		unlink(path_of("a"));
	}
}

Test(file, of_a_stranger_is_refused)
{
	if (geteuid() != 0) {
		tear_down(); /* is not called for a skipped test */
		cr_skip_test("another uid is needed: not root");
	}
	make_file("a", "x", 1, 0644);
	cr_assert_eq(chown(path_of("a"), STRANGER, 0), 0);
	cr_assert_eq(read_it("a"), SFMFA_ERR_UNTRUSTED);
	cr_assert_not_null(strstr(diag.text, "54321"));
	trust.owner = STRANGER;
	cr_assert_eq(read_it("a"), SFMFA_OK);
	make_file("b", "x", 1, 0644);
	cr_assert_eq(read_it("b"), SFMFA_OK, "root's files are trusted beside the owner's");
}

Test(file, that_cannot_be_opened_is_an_error_and_not_missing)
{
	make_file("a", "x", 1, 0);
	if (geteuid() == 0) {
		cr_assert_eq(chmod(folder, 0711), 0);
		cr_assert_eq(setresuid(STRANGER, STRANGER, 0), 0);
	}
	cr_assert_eq(read_it("a"), SFMFA_ERR_SYSTEM);
	if (geteuid() == STRANGER) {
		cr_assert_eq(setresuid(0, 0, 0), 0);
	}
}

Test(file, larger_than_the_limit_is_refused)
{
	char bytes[101];

	memset(bytes, 'x', sizeof bytes);
	make_file("a", bytes, 100, 0644);
	cr_assert_eq(read_it("a"), SFMFA_OK);
	make_file("a", bytes, 101, 0644);
	cr_assert_eq(read_it("a"), SFMFA_ERR_TOO_LARGE);
}

Test(file, with_a_nul_inside_is_refused_wherever_it_is)
{
	for (size_t i = 0; i < 5; i++) {
		char bytes[5] = { 'a', 'a', 'a', 'a', 'a' };

		bytes[i] = '\0';
		make_file("a", bytes, sizeof bytes, 0644);
		cr_assert_eq(read_it("a"), SFMFA_ERR_INVALID);
	}
}

#define SWAPPED_READS_MAX 2000000

/* Of one size and time: that they differ is not seen from those. */
static void
make_twins(const char *name, const char *other, mode_t other_mode)
{
	const struct timespec times[2] = { { .tv_sec = 1000 }, { .tv_sec = 1000 } };

	make_file(name, "ours", 4, 0644);
	make_file(other, "evil", 4, other_mode);
	cr_assert_eq(utimensat(AT_FDCWD, path_of(name), times, 0), 0);
	cr_assert_eq(utimensat(AT_FDCWD, path_of(other), times, 0), 0);
}

/* Swaps two names until it is killed. */
static pid_t
swap_for_ever(const char *name, const char *other)
{
	char a[256], b[256];
	pid_t pid;

	strcpy(a, path_of(name));
	strcpy(b, path_of(other));
	pid = fork();
	cr_assert_geq(pid, 0);
	if (pid == 0)
		prctl(PR_SET_PDEATHSIG, SIGKILL);
	while (pid == 0) {
		if (renameat2(AT_FDCWD, a, AT_FDCWD, b, RENAME_EXCHANGE) < 0)
			_exit(1);
	}
	return pid;
}

/* Reads until both what is trusted and what is not were met often; what is trusted is all that is ever read. */
static void
read_swapped(const char *name, const char *wanted)
{
	unsigned good = 0, bad = 0;

	for (unsigned i = 0; i < SWAPPED_READS_MAX && (good < 5000 || bad < 5000); i++) {
		FILE_CONTENT_AUTO content = { 0 };

		if (file_read_trusted(path_of(name), &trust, &content, &diag) != SFMFA_OK) {
			bad++;
			continue;
		}
		good++;
		cr_assert_str_eq(content.bytes, wanted);
	}
	cr_assert(good >= 5000 && bad >= 5000, "met too seldom: %u, %u", good, bad);
}

Test(file, that_is_swapped_while_it_is_opened_is_never_the_wrong_one, .timeout = 60)
{
	pid_t swapper;

	make_twins("a", "theirs", 0666);
	swapper = swap_for_ever("a", "theirs");
	read_swapped("a", "ours");
	cr_assert_eq(kill(swapper, SIGKILL), 0);
	waitpid(swapper, NULL, 0);
	cr_assert(unlink(path_of("a")) == 0 && unlink(path_of("theirs")) == 0);

	make_twins("a", "evil", 0644);
	cr_assert_eq(symlink("evil", path_of("link")), 0);
	swapper = swap_for_ever("a", "link");
	read_swapped("a", "ours");
	cr_assert_eq(kill(swapper, SIGKILL), 0);
	waitpid(swapper, NULL, 0);
}

Test(file, failure_leaves_the_result_alone)
{
	struct file_content content = { .size = 77 };

	cr_assert_eq(file_read_trusted(path_of("missing"), &trust, &content, &diag), SFMFA_ERR_NOT_FOUND);
	cr_assert_eq(content.size, 77U);
	cr_assert_null(content.bytes);
}

Test(file, is_written_anew_with_the_exact_mode)
{
	FILE_CONTENT_AUTO content = { 0 };
	struct file_names names = { 0 };
	struct stat st;

	umask(077);
	make_file("a.conf", "old and longer", 14, 0600);
	cr_assert_eq(file_write_atomic(path_of("a.conf"), "new", 3, 0644, &diag), SFMFA_OK, "%s", diag.text);
	cr_assert_eq(stat(path_of("a.conf"), &st), 0);
	cr_assert_eq(st.st_mode & 07777, 0644U);
	cr_assert_eq(file_read_trusted(path_of("a.conf"), &trust, &content, &diag), SFMFA_OK);
	cr_assert_str_eq(content.bytes, "new");
	cr_assert_eq(file_list_trusted(folder, "", &trust, &names, &diag), SFMFA_OK);
	cr_assert_eq(names.count, 1U, "nothing is left beside it");
	file_names_finish(&names);
}

Test(file, that_is_to_be_new_replaces_nothing)
{
	FILE_CONTENT_AUTO content = { 0 };
	struct stat st;

	cr_assert_eq(file_write_new(path_of("key"), "one", 3, 0640, &diag), SFMFA_OK, "%s", diag.text);
	cr_assert_eq(file_write_new(path_of("key"), "two", 3, 0640, &diag), SFMFA_ERR_EXISTS);
	cr_assert_eq(stat(path_of("key"), &st), 0);
	cr_assert_eq(st.st_nlink, 1U);
	cr_assert_eq(st.st_mode & 07777, 0640U);
	cr_assert_eq(file_read_trusted(path_of("key"), &trust, &content, &diag), SFMFA_OK);
	cr_assert_str_eq(content.bytes, "one");
	cr_assert_eq(file_sync_name(path_of("key"), &diag), SFMFA_OK);
	cr_assert_eq(file_sync_name(path_of("no/such"), &diag), SFMFA_ERR_SYSTEM);
	cr_assert_eq(unlink(path_of("key")), 0);
	cr_assert_eq(rmdir(folder), 0, "nothing is left beside it");
}

Test(file, that_cannot_be_written_leaves_the_old_one)
{
	char name[300];

	cr_assert_eq(mkdir(path_of("dir"), 0700), 0);
	cr_assert_eq(file_write_atomic(path_of("dir"), "x", 1, 0644, &diag), SFMFA_ERR_SYSTEM);
	cr_assert_eq(file_write_atomic(path_of("no/such"), "x", 1, 0644, &diag), SFMFA_ERR_SYSTEM);
	cr_assert_eq(file_write_atomic(path_of(""), "x", 1, 0644, &diag), SFMFA_ERR_INVALID);
	memset(name, 'n', sizeof name);
	name[sizeof name - 1] = '\0';
	cr_assert_eq(chdir(folder), 0);
	cr_assert_eq(file_write_atomic(name, "x", 1, 0644, &diag), SFMFA_ERR_SYSTEM);
	cr_assert_eq(file_write_atomic("relative", "x", 1, 0644, &diag), SFMFA_OK);
	cr_assert_eq(rmdir("dir"), 0);
	cr_assert_eq(unlink("relative"), 0);
	{
		DIR *dir = opendir(".");
		size_t count = 0;

		while (dir && readdir(dir)) {
			count++;
		}
		if (dir)
			closedir(dir);
		cr_assert_eq(count, 2U, "no temporary file is left");
	}
}

Test(file, list_is_sorted_and_skips_what_editors_leave)
{
	struct file_names names = { 0 };

	make_file("b.conf", "", 0, 0644);
	make_file("a.conf", "", 0, 0644);
	make_file("B.conf", "", 0, 0644);
	make_file(".hidden.conf", "", 0, 0644);
	make_file("a.conf~", "", 0, 0644);
	make_file("a.conf.dpkg-old", "", 0, 0644);
	make_file("conf", "", 0, 0644);
	cr_assert_eq(file_list_trusted(folder, ".conf", &trust, &names, &diag), SFMFA_OK);
	cr_assert_eq(names.count, 3U);
	cr_assert_str_eq(names.names[0], "B.conf");
	cr_assert_str_eq(names.names[1], "a.conf");
	cr_assert_str_eq(names.names[2], "b.conf");
	file_names_finish(&names);
	file_names_finish(&names);
	file_names_finish(NULL);
}

Test(file, list_refuses_a_name_that_is_none)
{
	static const char *const bad[] = { "a b.conf", "-a.conf", "\033[1m.conf", "é.conf" };
	struct file_names names = { .count = 77 };

	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
		make_file(bad[i], "", 0, 0644);
		cr_assert_eq(file_list_trusted(folder, ".conf", &trust, &names, &diag), SFMFA_ERR_INVALID,
			     "%s", bad[i]);
		cr_assert_null(strchr(diag.text, '\033'));
		unlink(path_of(bad[i]));
	}
	cr_assert_eq(names.count, 77U, "written on success only");
}

Test(file, list_of_a_missing_folder_is_empty)
{
	struct file_names names = { .count = 77 };

	cr_assert_eq(file_list_trusted(path_of("missing"), ".conf", &trust, &names, &diag), SFMFA_OK);
	cr_assert_eq(names.count, 0U);
}

Test(file, list_of_an_untrustworthy_folder_is_refused)
{
	struct file_names names = { 0 };

	cr_assert_eq(symlink(".", path_of("link")), 0);
	cr_assert_eq(file_list_trusted(path_of("link"), ".conf", &trust, &names, &diag), SFMFA_ERR_UNTRUSTED);
	make_file("a.conf", "", 0, 0644);
	cr_assert_eq(file_list_trusted(path_of("a.conf"), ".conf", &trust, &names, &diag),
		     SFMFA_ERR_UNTRUSTED);
	cr_assert_eq(file_list_trusted("relative", ".conf", &trust, &names, &diag), SFMFA_ERR_INVALID);
	cr_assert_eq(chmod(folder, 0720), 0);
	cr_assert_eq(file_list_trusted(folder, ".conf", &trust, &names, &diag), SFMFA_ERR_UNTRUSTED);
	cr_assert_eq(chmod(folder, 01702), 0);
	cr_assert_eq(file_list_trusted(folder, ".conf", &trust, &names, &diag), SFMFA_ERR_UNTRUSTED);
	cr_assert_eq(chmod(folder, 0700), 0);
	if (geteuid() == 0) {
		cr_assert_eq(chown(folder, STRANGER, 0), 0);
		cr_assert_eq(file_list_trusted(folder, ".conf", &trust, &names, &diag), SFMFA_ERR_UNTRUSTED);
	}
}
