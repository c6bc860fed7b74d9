/*
 * key rotate: a new sealing key in place of the old one. At every moment the file that is there opens the store:
 *
 *   1  NAME.new is made: complete and on the disk, or recognized as incomplete
 *   2  the daemon wraps the data keys with it too
 *   3  NAME.new becomes NAME, on the disk
 *   4  processes that have read the old NAME get their store open
 *   5  the daemon drops the old wrap
 *
 * Interrupted before 3, the next rotation goes on with NAME.new; after it, a new one drops the wraps of both.
 * NAME.new is locked all the while: two rotations do not meet.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/file.h"
#include "base/secret.h"
#include "base/text.h"
#include "config/config.h"
#include "json.h"
#include "paths.h"
#include "request.h"

#define KEY_BYTES     32
#define KEY_TEXT_SIZE (2 * KEY_BYTES + 1) /* hexadecimal digits and a line feed */
#define FILE_SIZE_MAX 4096
#define WAIT_TRIES    500 /* of WAIT_PAUSE_NS: ten seconds */
#define WAIT_PAUSE_NS 20000000

struct rotation {
	const struct cli *cli;
	const struct arguments *arguments;
	char path[PATH_MAX], beside[PATH_MAX], folder[PATH_MAX];
	int old_fd; /* the key file as it was: whoever has read it holds a lock on it until its store is open */
	int new_fd; /* locked */
	struct stat old;
	bool made;  /* the new key is of this run */
	struct secret key; /* the new one, as the file has it */
	struct reply reply; /* the last word of the daemon */
};

static enum exit_status
fail(const char *path, const char *what)
{
	cli_error("%s %s: %s", path, what, strerror(errno));
	return STATUS_FAILED;
}

static enum exit_status
fail_with(const struct diag *diag)
{
	char line[DIAG_LINE_SIZE];

	diag_format(diag, line);
	cli_error("%s", line);
	return STATUS_FAILED;
}

/* Where the daemon finds the key, by the same rule: the files, else what a line scan finds in them. */
static enum exit_status
find_paths(struct rotation *rotation)
{
	const struct config_options options = {
		.file = rotation->cli->client.config ? rotation->cli->client.config : SFMFA_CONFIG_FILE,
		.owner = geteuid(),
	};
	struct config *config = NULL;
	struct diag diag = { 0 };
	char *slash;
	enum sfmfa_err err = config_load(&options, &config, &diag);

	if (err != SFMFA_OK)
		err = config_scan_paths(&options, &config);
	if (err == SFMFA_OK)
		err = text_copy(rotation->path, sizeof rotation->path, config->settings.key_file);
	if (err == SFMFA_OK)
		err = text_format(rotation->beside, sizeof rotation->beside, "%s" KEY_FILE_BESIDE, rotation->path);
	if (err == SFMFA_OK)
		err = text_copy(rotation->folder, sizeof rotation->folder, rotation->path);
	config_release(config);
	slash = strrchr(rotation->folder, '/');
	if (err != SFMFA_OK || !slash) {
		cli_error("the key file cannot be found: %s", sfmfa_err_word(err));
		return STATUS_FAILED;
	}
	slash[slash == rotation->folder ? 1 : 0] = '\0';
	return STATUS_DONE;
}

static bool
is_key(const struct file_content *content)
{
	return content->size == KEY_TEXT_SIZE && content->bytes[KEY_TEXT_SIZE - 1] == '\n' &&
	       strspn(content->bytes, "0123456789abcdefABCDEF") == KEY_TEXT_SIZE - 1;
}

static enum sfmfa_err
read_trusted(const char *path, struct file_content *ret_content, struct diag *diag)
{
	const struct file_trust trust = {
		.owner = geteuid(), .size_max = FILE_SIZE_MAX, .private_to_owner = true,
	};

	return file_read_trusted(path, &trust, ret_content, diag);
}

/* The key in force: what is to be replaced is one, and is the caller's to replace. */
static enum exit_status
open_old(struct rotation *rotation)
{
	const struct file_trust trust = { .owner = geteuid() };
	FILE_CONTENT_AUTO content = { 0 };
	struct diag diag = { 0 };

	rotation->old_fd = open(rotation->path, O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	if (rotation->old_fd < 0 && errno == EACCES) {
		cli_error("only who owns %s rotates it", rotation->path);
		return STATUS_REFUSED;
	}
	if (rotation->old_fd < 0 || fstat(rotation->old_fd, &rotation->old) != 0)
		return fail(rotation->path, "cannot be opened");
	if (file_check_folder(rotation->folder, &trust, &diag) != SFMFA_OK ||
	    read_trusted(rotation->path, &content, &diag) != SFMFA_OK)
		return fail_with(&diag);
	if (!is_key(&content)) {
		cli_error("%s is no sealing key", rotation->path);
		return STATUS_FAILED;
	}
	return STATUS_DONE;
}

static enum exit_status
refuse_second(void)
{
	cli_error("another rotation is at work: nothing was changed");
	return STATUS_REFUSED;
}

static bool
is_named(const struct stat *file, const char *path)
{
	struct stat named;

	return lstat(path, &named) == 0 && named.st_dev == file->st_dev && named.st_ino == file->st_ino;
}

/* Opens and locks NAME.new. What was locked may be in its place by now: then another rotation has just ended. */
static enum exit_status
open_new(struct rotation *rotation)
{
	struct stat open_one;

	rotation->new_fd =
		open(rotation->beside, O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK | O_NOCTTY, 0600);
	if (rotation->new_fd < 0)
		return fail(rotation->beside, "cannot be made");
	if (flock(rotation->new_fd, LOCK_EX | LOCK_NB) != 0)
		return errno == EWOULDBLOCK ? refuse_second() : fail(rotation->beside, "cannot be locked");
	if (fstat(rotation->new_fd, &open_one) != 0 || !is_named(&open_one, rotation->beside))
		return refuse_second();
	if (is_named(&rotation->old, rotation->path))
		return STATUS_DONE;
	if (open_one.st_size == 0)
		unlink(rotation->beside);
	return refuse_second();
}

static bool
sync_folder(const struct rotation *rotation)
{
	int fd = open(rotation->folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	bool done = fd >= 0 && fsync(fd) == 0;

	if (fd >= 0)
		close(fd);
	return done;
}

static bool
make_key(struct secret *ret_key)
{
	unsigned char bytes[KEY_BYTES];
	char text[KEY_TEXT_SIZE];
	bool done = getrandom(bytes, sizeof bytes, 0) == (ssize_t)sizeof bytes &&
		    text_from_bytes(text, sizeof text, bytes, sizeof bytes) == SFMFA_OK;

	if (done) {
		text[KEY_TEXT_SIZE - 1] = '\n';
		done = secret_set(ret_key, text, sizeof text) == SFMFA_OK;
	}
	wipe(bytes, sizeof bytes);
	wipe(text, sizeof text);
	return done;
}

/*
 * The key in NAME.new: that of an interrupted rotation, which the store may know already, or, where that came to
 * nothing, a new one. Owner and mode are those of the old file, before there is anything to read.
 */
static enum exit_status
fill_new(struct rotation *rotation)
{
	FILE_CONTENT_AUTO content = { 0 };
	struct diag diag = { 0 };
	enum sfmfa_err err = read_trusted(rotation->beside, &content, &diag);
	int fd = rotation->new_fd;

	if (err != SFMFA_OK && err != SFMFA_ERR_INVALID)
		return fail_with(&diag);
	if (err == SFMFA_OK && is_key(&content)) {
		if (secret_set(&rotation->key, content.bytes, content.size) != SFMFA_OK || fsync(fd) != 0 ||
		    !sync_folder(rotation))
			return fail(rotation->beside, "cannot be synced");
		return STATUS_DONE;
	}
	rotation->made = true;
	if (!make_key(&rotation->key) || ftruncate(fd, 0) != 0 ||
	    fchown(fd, rotation->old.st_uid, rotation->old.st_gid) != 0 ||
	    fchmod(fd, rotation->old.st_mode & 07777) != 0 ||
	    pwrite(fd, rotation->key.bytes, rotation->key.size, 0) != (ssize_t)rotation->key.size ||
	    fsync(fd) != 0 || !sync_folder(rotation)) {
		enum exit_status status = fail(rotation->beside, "cannot be written");

		unlink(rotation->beside);
		return status;
	}
	return STATUS_DONE;
}

static enum exit_status
ask_daemon(struct rotation *rotation, const char *step)
{
	REQUEST_AUTO request;

	request_begin(&request, rotation->cli, rotation->arguments);
	request_add(&request, "step", step);
	request_add(&request, "key_file", rotation->path);
	if (request.err == SFMFA_OK)
		request.err = fields_add(&request.fields, "key", rotation->key.bytes, rotation->key.size);
	reply_finish(&rotation->reply);
	rotation->reply = (struct reply){ 0 };
	return request_send(&request, &rotation->reply);
}

/* A daemon that said no has written nothing; one that did not answer may have. */
static enum exit_status
wrap(struct rotation *rotation)
{
	enum exit_status status = ask_daemon(rotation, "wrap");

	if ((status == STATUS_REFUSED || status == STATUS_USAGE) && rotation->made)
		unlink(rotation->beside);
	return status;
}

static enum exit_status
put_in_place(const struct rotation *rotation)
{
	if (rename(rotation->beside, rotation->path) != 0)
		return fail(rotation->path, "cannot be replaced");
	/* Not on the disk, a power cut would bring the old file back, for a store that knows it no more. */
	if (!sync_folder(rotation))
		return fail(rotation->folder, "cannot be synced");
	return STATUS_DONE;
}

/* Waits for those who have read the old key and have not opened their store yet. */
static enum exit_status
wait_for_readers(const struct rotation *rotation)
{
	const struct timespec pause = { .tv_nsec = WAIT_PAUSE_NS };

	for (int i = 0; i < WAIT_TRIES; i++) {
		if (flock(rotation->old_fd, LOCK_EX | LOCK_NB) == 0)
			return STATUS_DONE;
		nanosleep(&pause, NULL);
	}
	cli_error("a process that is starting still holds the old key, which is good until you run this again");
	return STATUS_FAILED;
}

static void
tell(const struct rotation *rotation)
{
	static const struct column columns[] = {
		{ .key = "key_id" },
		{ .key = "dropped", .kind = VALUE_NUMBER },
	};
	const char *id = record_text(&rotation->reply.all, "key_id");
	json_t *object;

	if (!record_flag(&rotation->reply.all, "scrubbed"))
		cli_error("a process reads the store all the time, whose log keeps the old wrap until you run this again");
	if (!rotation->cli->json) {
		cli_say(rotation->cli, "%s holds a new sealing key (%s). Keep a copy of it, apart from the backups.",
			rotation->path, id ? id : "");
		return;
	}
	object = json_from_record(&rotation->reply.all, columns, sizeof columns / sizeof columns[0]);
	json_member(object, "key_file", json_from_text(rotation->path));
	json_print(object);
}

static enum exit_status
rotate(struct rotation *rotation)
{
	enum exit_status status = find_paths(rotation);

	if (status == STATUS_DONE)
		status = open_old(rotation);
	if (status == STATUS_DONE)
		status = open_new(rotation);
	if (status == STATUS_DONE)
		status = fill_new(rotation);
	if (status == STATUS_DONE)
		status = wrap(rotation);
	if (status == STATUS_DONE)
		status = put_in_place(rotation);
	if (status == STATUS_DONE)
		status = wait_for_readers(rotation);
	if (status == STATUS_DONE)
		status = ask_daemon(rotation, "finish");
	return status;
}

enum exit_status
command_key_rotate(const struct cli *cli, const struct arguments *arguments)
{
	struct rotation rotation = { .cli = cli, .arguments = arguments, .old_fd = -1, .new_fd = -1 };
	enum exit_status status;

	json_begin();
	status = rotate(&rotation);
	if (status == STATUS_DONE)
		tell(&rotation);
	secret_clear(&rotation.key);
	reply_finish(&rotation.reply);
	if (rotation.old_fd >= 0)
		close(rotation.old_fd);
	if (rotation.new_fd >= 0)
		close(rotation.new_fd);
	return status;
}
