/* backup and restore: the file is this command's, what is in it is the daemon's. */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/text.h"
#include "json.h"
#include "request.h"
#include "terminal.h"

#define CHUNK_SIZE 49152 /* bytes a page of restore; the daemon's pages of backup hold less */

const struct option_spec options_restore[] = {
	{ "keep-recovery-codes", NULL, false, "also those that may have been used since" },
	{ "yes", NULL, false, "do not ask" },
	{ NULL, NULL, false, NULL },
};

struct transfer {
	const char *path;
	int fd;
	bool unasked;
	bool sent; /* restore: all of the file */
};

static enum exit_status
fail(const char *path, const char *what)
{
	cli_error("%s %s: %s", path, what, strerror(errno));
	return STATUS_FAILED;
}

static enum exit_status
write_data(const struct transfer *transfer, const char *digits)
{
	unsigned char bytes[CHUNK_SIZE];
	size_t size = strlen(digits) / 2;

	if (size > sizeof bytes || text_to_bytes(digits, bytes, size) != SFMFA_OK) {
		cli_error("sfmfad has sent what is no backup");
		return STATUS_FAILED;
	}
	for (size_t done = 0; done < size;) {
		ssize_t put = write(transfer->fd, bytes + done, size - done);

		if (put < 0 && errno == EINTR)
			continue;
		if (put <= 0)
			return fail(transfer->path, "cannot be written");
		done += (size_t)put;
	}
	return STATUS_DONE;
}

static enum exit_status
take_page(void *data, const struct record *question, struct fields *next)
{
	const char *digits = record_text(question, "data");

	(void)next;
	return digits ? write_data(data, digits) : STATUS_DONE;
}

static bool
sync_with_folder(const struct transfer *transfer)
{
	char folder[PATH_MAX];
	char *slash;
	bool done = false;
	int fd;

	if (fsync(transfer->fd) != 0 || text_copy(folder, sizeof folder, transfer->path) != SFMFA_OK)
		return false;
	slash = strrchr(folder, '/');
	if (slash)
		slash[slash == folder ? 1 : 0] = '\0';
	fd = open(slash ? folder : ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd >= 0) {
		done = fsync(fd) == 0;
		close(fd);
	}
	return done;
}

static void
tell_backup(const struct cli *cli, const struct record *reply, const char *path)
{
	static const struct column columns[] = {
		{ .key = "users", .kind = VALUE_NUMBER },
		{ .key = "key_id" },
	};
	const char *users = record_text(reply, "users"), *id = record_text(reply, "key_id");
	json_t *object;

	if (!cli->json) {
		cli_say(cli, "%s holds %s users. It opens with sealing key %s only: keep a copy of that elsewhere.", path,
			users ? users : "", id ? id : "");
		return;
	}
	object = json_from_record(reply, columns, sizeof columns / sizeof columns[0]);
	json_member(object, "file", json_from_text(path));
	json_print(object);
}

enum exit_status
command_backup(const struct cli *cli, const struct arguments *arguments)
{
	struct transfer transfer = { .path = arguments->rest[0] };
	REPLY_AUTO reply = { 0 };
	REQUEST_AUTO request = { 0 };
	enum exit_status status;
	const char *digits;

	json_begin();
	request_begin(&request, cli, arguments);
	request.pages.turn = take_page;
	request.pages.data = &transfer;
	transfer.fd = open(transfer.path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC | O_NOCTTY, 0600);
	if (transfer.fd < 0)
		return fail(transfer.path, "cannot be made");
	status = fchmod(transfer.fd, 0600) == 0 ? request_send(&request, &reply)
						: fail(transfer.path, "cannot be made private");
	digits = record_text(&reply.all, "data");
	if (status == STATUS_DONE)
		status = write_data(&transfer, digits ? digits : "");
	if (status == STATUS_DONE && !sync_with_folder(&transfer))
		status = fail(transfer.path, "cannot be synced");
	close(transfer.fd);
	if (status == STATUS_DONE)
		tell_backup(cli, &reply.all, transfer.path);
	else
		unlink(transfer.path);
	return status;
}

/* ---- restore ---- */

/* What was found in the file, and whether it shall be done. */
static enum exit_status
confirm(const struct transfer *transfer, const struct record *found)
{
	static const struct column time = { .key = "time", .kind = VALUE_TIME };
	const char *host = record_text(found, "host"), *users = record_text(found, "users"),
		   *here = record_text(found, "users_here");
	char question[512], name[256];
	char *made;

	if (transfer->unasked)
		return STATUS_DONE;
	made = record_display(found, &time);
	text_printable(name, sizeof name, host ? host : "");
	snprintf(question, sizeof question,
		 "Backup of %s from %s with %s users. Replace the store here, of %s users? [y/N] ", name, made,
		 users ? users : "?", here ? here : "?");
	free(made);
	if (terminal_confirm(question))
		return STATUS_DONE;
	cli_error("nothing was changed");
	return STATUS_REFUSED;
}

static enum exit_status
give_page(void *data, const struct record *question, struct fields *next)
{
	struct transfer *transfer = data;
	unsigned char bytes[CHUNK_SIZE];
	enum exit_status status;
	enum sfmfa_err err;
	ssize_t got;

	if (transfer->sent) {
		status = confirm(transfer, question);
		if (status == STATUS_DONE && fields_add_text(next, "install", "1") != SFMFA_OK)
			status = STATUS_FAILED;
		return status;
	}
	do {
		got = read(transfer->fd, bytes, sizeof bytes);
	} while (got < 0 && errno == EINTR);
	if (got < 0)
		return fail(transfer->path, "cannot be read");
	transfer->sent = got == 0;
	err = got == 0 ? fields_add_text(next, "end", "1") : fields_add(next, "data", bytes, (size_t)got);
	if (err == SFMFA_OK)
		return STATUS_DONE;
	cli_error("%s cannot be sent: %s", transfer->path, sfmfa_err_word(err));
	return STATUS_FAILED;
}

static void
tell_restore(const struct cli *cli, const struct record *reply)
{
	static const struct column columns[] = {
		{ .key = "host" },
		{ .key = "time", .kind = VALUE_TIME },
		{ .key = "users", .kind = VALUE_NUMBER },
	};
	char *made;

	if (!record_flag(reply, "scrubbed"))
		cli_error("a process reads the store all the time: traces of the old one stay in its log for now");
	if (cli->json) {
		json_print(json_from_record(reply, columns, sizeof columns / sizeof columns[0]));
		return;
	}
	made = record_display(reply, &columns[1]);
	cli_say(cli, "The store is as it was at %s. What was frozen, revoked or assigned since then is undone: see 'sfmfa log'.",
		made);
	free(made);
}

enum exit_status
command_restore(const struct cli *cli, const struct arguments *arguments)
{
	struct transfer transfer = { .path = arguments->rest[0], .unasked = options_given(arguments, "yes") };
	REPLY_AUTO reply = { 0 };
	REQUEST_AUTO request = { 0 };
	enum exit_status status;
	struct stat file;

	json_begin();
	if (!transfer.unasked && !terminal_is_interactive())
		return cli_usage("say --yes to replace the store without being asked");
	request_begin(&request, cli, arguments);
	request_add_options(&request, arguments, "keep-recovery-codes", "keep_recovery_codes");
	request.pages.turn = give_page;
	request.pages.data = &transfer;
	transfer.fd = open(transfer.path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	if (transfer.fd < 0)
		return fail(transfer.path, "cannot be opened");
	if (fstat(transfer.fd, &file) != 0 || !S_ISREG(file.st_mode)) {
		cli_error("%s is not a regular file", transfer.path);
		status = STATUS_FAILED;
	} else {
		status = request_send(&request, &reply);
	}
	close(transfer.fd);
	if (status == STATUS_DONE)
		tell_restore(cli, &reply.all);
	return status;
}
