#include "daemon/key.h"

#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <sys/file.h>
#include <sys/fsuid.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/file.h"
#include "base/text.h"
#include "crypto/crypto.h"
#include "model/settings.h"

#define KEY_FILE_MODE 0640
#define LOCK_TRIES    300 /* of LOCK_PAUSE_NS: three seconds */
#define LOCK_PAUSE_NS 10000000

/* Who can write in its folder can take the key away, or put an older one of root's in its place. */
static enum sfmfa_err
check_folder(const char *path, const struct file_trust *trust, struct diag *diag)
{
	char folder[PATH_MAX];
	const char *slash = strrchr(path, '/');

	if (slash == NULL ||
	    text_format(folder, sizeof(folder), "%.*s", slash == path ? 1 : (int)(slash - path), path) != SFMFA_OK)
		return diag_set(diag, SFMFA_ERR_INVALID, path, 0, "not an absolute path");
	return file_check_folder(folder, trust, diag);
}

enum sfmfa_err
key_read(const char *path, uid_t owner, struct secret *ret_key, struct diag *diag)
{
	const struct file_trust trust = { .owner = owner, .size_max = 4096, .private_to_owner = true };
	FILE_CONTENT_AUTO content = { 0 };
	enum sfmfa_err err;

	err = check_folder(path, &trust, diag);
	if (err == SFMFA_OK)
		err = file_read_trusted(path, &trust, &content, diag);
	if (err != SFMFA_OK)
		return err;
	err = sealing_key_parse(content.bytes, content.size, ret_key);
	if (err != SFMFA_OK)
		return diag_set(diag, err, path, 1, "this is no sealing key (64 hexadecimal digits)");
	return SFMFA_OK;
}

/*
 * The key file, locked as long as a rotation can have had no use for waiting: a rotation holds the other kind of lock
 * only while the last words about the old key are said. -1: it cannot be opened or is not to be had.
 */
static int
lock_file(const char *path)
{
	const struct timespec pause = { .tv_nsec = LOCK_PAUSE_NS };
	int fd = open(path, O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);

	for (int i = 0; fd >= 0 && i < LOCK_TRIES; i++) {
		if (flock(fd, LOCK_SH | LOCK_NB) == 0)
			return fd;
		(void)nanosleep(&pause, NULL);
	}
	if (fd >= 0)
		close(fd);
	return -1;
}

/* Whether the path still is the file of the descriptor. */
static bool
is_still(const char *path, int fd)
{
	struct stat open_one, named;

	return fstat(fd, &open_one) == 0 && lstat(path, &named) == 0 && open_one.st_dev == named.st_dev &&
	       open_one.st_ino == named.st_ino;
}

void
key_files_unlock(struct key_files *files)
{
	if (files->lock >= 0)
		close(files->lock);
	files->lock = -1;
}

void
key_files_clear(struct key_files *files)
{
	key_files_unlock(files);
	secret_clear(&files->file);
	secret_clear(&files->beside);
}

enum sfmfa_err
key_files_read(const char *path, uid_t owner, struct key_files *ret_files, struct diag *diag, struct diag *ret_told)
{
	struct key_files files = KEY_FILES_NONE;
	struct diag told = { 0 };
	char beside[PATH_MAX];
	enum sfmfa_err err = text_format(beside, sizeof(beside), "%s" KEY_FILE_BESIDE, path);

	if (err != SFMFA_OK)
		return diag_set(diag, err, path, 0, "the path is too long");
	/* Renamed away while it was waited for: the new one counts. A few rotations at most fit into a start. */
	for (int i = 0; i < 8; i++) {
		files.lock = lock_file(path);
		if (files.lock < 0 || is_still(path, files.lock))
			break;
		key_files_unlock(&files);
	}
	/* It may go at any moment: the one beside is read first, so that it is seen here or under its own name. */
	if (key_read(beside, owner, &files.beside, &told) == SFMFA_ERR_NOT_FOUND)
		told = (struct diag){ 0 };
	err = key_read(path, owner, &files.file, files.beside.size != 0 ? &told : diag);
	if (err != SFMFA_OK && files.beside.size == 0) {
		key_files_clear(&files);
		return err;
	}
	*ret_told = told;
	*ret_files = files;
	return SFMFA_OK;
}

static enum sfmfa_err
make_text(char ret_text[SEALING_KEY_TEXT_SIZE])
{
	SECRET_AUTO key = { 0 };
	unsigned char bytes[KEY_SIZE];
	enum sfmfa_err err;

	err = random_bytes(bytes, sizeof(bytes));
	if (err == SFMFA_OK)
		err = secret_set(&key, bytes, sizeof(bytes));
	wipe(bytes, sizeof(bytes));
	return err == SFMFA_OK ? sealing_key_format(&key, ret_text) : err;
}

enum sfmfa_err
key_make(const char *path, gid_t group, struct diag *diag)
{
	char text[SEALING_KEY_TEXT_SIZE];
	enum sfmfa_err err = make_text(text);
	gid_t before;

	if (err != SFMFA_OK)
		return diag_set(diag, err, path, 0, "the key cannot be made");
	/* Of this group from the first moment: nobody finds a key that the daemon may not read. */
	before = (gid_t)setfsgid(group);
	err = file_write_new(path, text, strlen(text), KEY_FILE_MODE, diag);
	(void)setfsgid(before);
	wipe(text, sizeof(text));
	/* Who made it may not have come that far yet, and a store must not outlast its key. */
	if (err == SFMFA_ERR_EXISTS && file_sync_name(path, diag) != SFMFA_OK)
		return SFMFA_ERR_SYSTEM;
	return err;
}
