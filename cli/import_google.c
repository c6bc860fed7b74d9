/*
 * ~/.google_authenticator: the shared secret in base32, options in lines that begin with '" ', then scratch
 * codes of 8 digits. The file lies where its owner may put what they like: a child reads it with their rights.
 */
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <limits.h>
#include <pwd.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/text.h"
#include "cli.h"
#include "import.h"

#define FILE_SIZE_MAX  65536
#define STEP_SECONDS   30
#define CODE_DIGITS    6
#define SCRATCH_DIGITS 8
#define WINDOW_LIKE_OURS 3 /* the code before, this one, the one after */

/* Why a file was not read, as the exit status of the child. */
enum reading {
	READING_DONE = 0,
	READING_UNREADABLE,
	READING_SUSPICIOUS,
	READING_TOO_LARGE,
};

static enum reading
copy_file(const char *path, uid_t owner, int to)
{
	char bytes[4096];
	size_t total = 0;
	struct stat stat;
	ssize_t size;
	int fd = open(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC | O_NOCTTY);

	if (fd < 0)
		return errno == ELOOP ? READING_SUSPICIOUS : READING_UNREADABLE;
	if (fstat(fd, &stat) != 0 || !S_ISREG(stat.st_mode) || stat.st_nlink != 1 || stat.st_uid != owner)
		return READING_SUSPICIOUS;
	while ((size = read(fd, bytes, sizeof bytes)) > 0) {
		total += (size_t)size;
		if (total > FILE_SIZE_MAX)
			return READING_TOO_LARGE;
		if (write(to, bytes, (size_t)size) != size)
			return READING_UNREADABLE;
	}
	wipe(bytes, sizeof bytes);
	return size == 0 ? READING_DONE : READING_UNREADABLE;
}

static bool
become(const struct passwd *owner)
{
	if (geteuid() != 0)
		return geteuid() == owner->pw_uid;
	return initgroups(owner->pw_name, owner->pw_gid) == 0 && setgid(owner->pw_gid) == 0 &&
	       setuid(owner->pw_uid) == 0;
}

/* The text of the file, NUL-terminated; heap. */
static enum reading
read_as(const char *path, const struct passwd *owner, char **ret_text)
{
	char *text = cli_allocate(FILE_SIZE_MAX + 1);
	size_t size = 0;
	ssize_t got = 1;
	int pipe_fds[2], status = 0;
	pid_t child;

	if (pipe2(pipe_fds, O_CLOEXEC) != 0 || (child = fork()) < 0) {
		free(text);
		return READING_UNREADABLE;
	}
	if (child == 0)
		_exit(become(owner) ? (int)copy_file(path, owner->pw_uid, pipe_fds[1]) : READING_UNREADABLE);
	close(pipe_fds[1]);
	while (size < FILE_SIZE_MAX && got > 0) {
		got = read(pipe_fds[0], text + size, FILE_SIZE_MAX - size);
		size += got > 0 ? (size_t)got : 0;
	}
	close(pipe_fds[0]);
	while (waitpid(child, &status, 0) < 0 && errno == EINTR)
		;
	text[size] = '\0';
	if (got < 0 || !WIFEXITED(status) || WEXITSTATUS(status) != READING_DONE) {
		wipe(text, size);
		free(text);
		return WIFEXITED(status) && WEXITSTATUS(status) != READING_DONE ? (enum reading)WEXITSTATUS(status)
										 : READING_UNREADABLE;
	}
	*ret_text = text;
	return READING_DONE;
}

/* What the options of a file come to. */
struct options {
	bool time_based, counter_based;
	unsigned window;
	bool skewed;
};

/* '" NAME VALUES': what does not touch the codes (RATE_LIMIT …) says nothing here. */
static bool
read_option(char *line, struct import_entry *entry, struct options *options)
{
	char *rest = NULL;
	const char *name = strtok_r(line + 1, " ", &rest);
	const char *value = strtok_r(NULL, " ", &rest);
	unsigned number = 0;

	if (!name)
		return false;
	if (text_equals(name, "TOTP_AUTH"))
		options->time_based = true;
	if (text_equals(name, "HOTP_COUNTER"))
		options->counter_based = true;
	if (text_equals(name, "WINDOW_SIZE"))
		return value && import_number(value, 1, 100, &options->window);
	if (text_equals(name, "STEP_SIZE"))
		return value && import_number(value, 1, 99999, &entry->period);
	if (text_equals(name, "TIME_SKEW"))
		options->skewed = value && !text_equals(value, "0");
	for (; text_equals(name, "DISALLOW_REUSE") && value; value = strtok_r(NULL, " ", &rest)) {
		if (!import_number(value, 0, UINT_MAX, &number))
			return false;
		if (number > entry->last_step)
			entry->last_step = number;
	}
	return true;
}

static bool
is_scratch_code(const char *line)
{
	return strlen(line) == SCRATCH_DIGITS && strspn(line, "0123456789") == SCRATCH_DIGITS;
}

/* NULL: fine. */
static const char *
read_line(char *line, size_t number, struct import_entry *entry, struct options *options)
{
	if (number == 1)
		return line[0] != '\0' && secret_set(&entry->key, line, strlen(line)) == SFMFA_OK
			       ? NULL
			       : "the first line is not a shared secret";
	if (line[0] == '\0')
		return NULL;
	if (line[0] == '"')
		return read_option(line, entry, options) ? NULL : "an option that cannot be read";
	if (!is_scratch_code(line))
		return "neither an option nor a scratch code of 8 digits";
	if (entry->code_count == IMPORT_CODES_MAX)
		return "more than ten scratch codes";
	return secret_set(&entry->codes[entry->code_count++], line, strlen(line)) == SFMFA_OK ? NULL : "too long";
}

static struct import_found
read_text(char *text, struct import_entry *entry, size_t *ret_line)
{
	struct options options = { .window = WINDOW_LIKE_OURS };
	char *rest = text;

	for (char *line; (line = strsep(&rest, "\n")) != NULL;) {
		const char *why;

		++*ret_line;
		line[strcspn(line, "\r")] = '\0';
		why = read_line(line, *ret_line, entry, &options);
		if (why)
			return (struct import_found){ IMPORT_BAD, why };
	}
	*ret_line = 0;
	if (options.counter_based && !options.time_based)
		return (struct import_found){ IMPORT_LEFT_OUT, "an event-based (HOTP) app" };
	if (options.skewed)
		return (struct import_found){ IMPORT_ENTRY,
					      "the clock of this phone is wrong by a constant, which sfmfa does not know" };
	if (options.window > WINDOW_LIKE_OURS)
		return (struct import_found){
			IMPORT_ENTRY, "has a wider window than one code before and after, which is for all users in "
				      "sfmfa (totp.window)" };
	return (struct import_found){ IMPORT_ENTRY, NULL };
}

struct import_found
import_google_file(const char *path, struct import_entry *entry, size_t *ret_line)
{
	static const char *const why[] = {
		[READING_UNREADABLE] = "its owner cannot read it",
		[READING_SUSPICIOUS] = "not a regular file with one name, or its owner has just changed",
		[READING_TOO_LARGE] = "larger than 64 KiB",
	};
	struct import_found found;
	const struct passwd *owner;
	struct stat stat;
	enum reading reading;
	char *text = NULL;

	*ret_line = 0;
	if (lstat(path, &stat) != 0)
		return (struct import_found){ IMPORT_BAD, "no such file" };
	if (!S_ISREG(stat.st_mode))
		return (struct import_found){ IMPORT_BAD, why[READING_SUSPICIOUS] };
	owner = getpwuid(stat.st_uid);
	if (!owner || text_copy(entry->user, sizeof entry->user, owner->pw_name) != SFMFA_OK)
		return (struct import_found){ IMPORT_BAD, "its owner is no user of this system" };
	reading = read_as(path, owner, &text);
	if (reading != READING_DONE)
		return (struct import_found){ IMPORT_BAD, why[reading] };
	entry->period = STEP_SECONDS;
	entry->digits = CODE_DIGITS;
	found = read_text(text, entry, ret_line);
	wipe(text, FILE_SIZE_MAX);
	free(text);
	return found;
}
