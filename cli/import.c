/* import: reads the sources, uploads page by page, reports. Nothing is written unless everything can be. */
#include "import.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/text.h"
#include "json.h"
#include "request.h"
#include "resolve.h"
#include "terminal.h"

#define ENTRIES_PER_PAGE 256
#define PAGE_BYTES       (FIELDS_BYTES_MAX - 2048) /* one more entry fits */
#define COMPLAINTS_MAX   20
#define BAR_WIDTH        30

const struct option_spec options_import[] = {
	{ "dry-run", NULL, false, "read and check everything, change nothing" },
	{ "replace", NULL, false, "in place of apps that are registered already" },
	{ "yes", NULL, false, "do not ask before making virtual users" },
	{ NULL, NULL, false, NULL },
};

/* Where an entry came from. line 0: the file as a whole. */
struct origin {
	size_t file;
	size_t line;
};

struct import {
	const struct cli *cli;
	const struct arguments *arguments;
	struct import_found (*read_line)(char *line, struct import_entry *entry); /* NULL: an entry is a file */
	size_t file;      /* the next one, or the one that is open */
	FILE *stream;     /* NULL: between files */
	struct stat before;
	char *line;       /* getline() */
	size_t line_size;
	size_t line_number;
	struct origin page[ENTRIES_PER_PAGE];
	size_t bad, left_out, virtual_users;
	int64_t read, total; /* bytes, or files; total 0: not known */
	int percent;         /* shown; -1: nothing yet */
	bool ended;
};

bool
import_number(const char *text, unsigned min, unsigned max, unsigned *ret_number)
{
	int64_t number;

	if (text_parse_number(text, min, max, &number) != SFMFA_OK)
		return false;
	*ret_number = (unsigned)number;
	return true;
}

static void
hide_progress(struct import *import)
{
	if (import->percent >= 0)
		fputs("\r\033[K", stderr);
	import->percent = -1;
}

static void
show_progress(struct import *import)
{
	int percent = import->total > 0 ? (int)(import->read * 100 / import->total) : 0;
	int filled;

	if (percent > 100)
		percent = 100;
	if (import->total == 0 || import->cli->quiet || percent == import->percent || !isatty(STDERR_FILENO))
		return;
	import->percent = percent;
	filled = percent * BAR_WIDTH / 100;
	fprintf(stderr, "\r%3d %% [%.*s%*s]", percent, filled, "##############################", BAR_WIDTH - filled,
		"");
	fflush(stderr);
}

/* Which line, and what about it; never what stands in it. */
static void
complain(struct import *import, const struct origin *origin, const char *what, const char *why)
{
	char file[512];

	hide_progress(import);
	text_printable(file, sizeof file, import->arguments->rest[origin->file]);
	if (origin->line > 0)
		cli_error("%s:%zu: %s%s", file, origin->line, what, why);
	else
		cli_error("%s: %s%s", file, what, why);
}

static void
complain_bad(struct import *import, const struct origin *origin, const char *why)
{
	if (import->bad++ < COMPLAINTS_MAX)
		complain(import, origin, "", why);
}

static enum exit_status
open_source(struct import *import)
{
	const char *path = import->arguments->rest[import->file];
	char file[512];
	int fd = text_equals(path, "-") ? STDIN_FILENO : open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);

	text_printable(file, sizeof file, path);
	import->stream = fd >= 0 ? fdopen(fd, "r") : NULL;
	if (!import->stream || fstat(fd, &import->before) != 0) {
		cli_error("cannot read %s: %s", file, strerror(errno));
		return STATUS_FAILED;
	}
	if (S_ISDIR(import->before.st_mode)) {
		cli_error("%s is a folder", file);
		return STATUS_FAILED;
	}
	import->line_number = 0;
	return STATUS_DONE;
}

/* What was written to while it was read may have been half a line, or a line more than was seen. */
static enum exit_status
close_source(struct import *import)
{
	char file[512];
	struct stat after;
	bool failed = ferror(import->stream) != 0;
	bool changed = fstat(fileno(import->stream), &after) != 0 ||
		       (S_ISREG(after.st_mode) && (after.st_size != import->before.st_size ||
						   after.st_mtim.tv_sec != import->before.st_mtim.tv_sec ||
						   after.st_mtim.tv_nsec != import->before.st_mtim.tv_nsec));

	fclose(import->stream);
	import->stream = NULL;
	text_printable(file, sizeof file, import->arguments->rest[import->file++]);
	if (!failed && !changed)
		return STATUS_DONE;
	hide_progress(import);
	cli_error(failed ? "cannot read %s: nothing was imported" : "%s was written to meanwhile: nothing was imported",
		  file);
	return STATUS_FAILED;
}

static struct import_found
next_line(struct import *import, struct import_entry *entry)
{
	ssize_t size = getline(&import->line, &import->line_size, import->stream);

	if (size < 0)
		return (struct import_found){ IMPORT_NOTHING, "" };
	import->line_number++;
	import->read += size;
	if (size > 0 && import->line[size - 1] == '\n')
		import->line[--size] = '\0';
	if (strlen(import->line) != (size_t)size)
		return (struct import_found){ IMPORT_BAD, "a NUL byte" };
	return import->read_line(import->line, entry);
}

/* The next thing in the sources. At their end: ended. */
static enum exit_status
next_found(struct import *import, struct import_entry *entry, struct origin *ret_origin, struct import_found *ret_found)
{
	enum exit_status status = STATUS_DONE;

	*ret_found = (struct import_found){ IMPORT_NOTHING, NULL };
	if (!import->stream && import->file == import->arguments->rest_count) {
		import->ended = true;
		return STATUS_DONE;
	}
	if (!import->read_line) {
		ret_origin->file = import->file++;
		import->read++;
		*ret_found = import_google_file(import->arguments->rest[ret_origin->file], entry, &ret_origin->line);
		return STATUS_DONE;
	}
	if (!import->stream)
		status = open_source(import);
	if (status != STATUS_DONE)
		return status;
	*ret_found = next_line(import, entry);
	*ret_origin = (struct origin){ import->file, import->line_number };
	if (ret_found->kind == IMPORT_NOTHING && ret_found->why)
		return close_source(import);
	return STATUS_DONE;
}

static enum sfmfa_err
add_entry(const struct import_entry *entry, const struct resolved *user, struct fields *page)
{
	bool known = user->status == NSS_KNOWN;
	enum sfmfa_err err = fields_add_text(page, "user", known ? user->user.name : entry->user);

	if (err == SFMFA_OK && !known)
		err = fields_add_text(page, "virtual", "1");
	if (err == SFMFA_OK)
		err = fields_add(page, entry->is_uri ? "uri" : "secret", entry->key.bytes, entry->key.size);
	if (err == SFMFA_OK && !entry->is_uri)
		err = fields_add_number(page, "digits", entry->digits);
	if (err == SFMFA_OK && !entry->is_uri)
		err = fields_add_number(page, "period", entry->period);
	if (err == SFMFA_OK && entry->last_step > 0)
		err = fields_add_number(page, "last_step", entry->last_step);
	for (size_t i = 0; i < entry->code_count && err == SFMFA_OK; i++)
		err = fields_add(page, "recovery_code", entry->codes[i].bytes, entry->codes[i].size);
	return err;
}

/* What was found, reported where it is no entry; *ret_entry: it is one. */
static void
judge(struct import *import, const struct import_found *found, const struct origin *origin, bool *ret_entry)
{
	*ret_entry = found->kind == IMPORT_ENTRY;
	if (found->kind == IMPORT_BAD)
		complain_bad(import, origin, found->why);
	if (found->kind == IMPORT_LEFT_OUT) {
		import->left_out++;
		complain(import, origin, "left out: ", found->why);
	}
	if (found->kind == IMPORT_ENTRY && found->why)
		complain(import, origin, "", found->why);
}

/* Bytes of a page, however the name service spells the name. */
static size_t
room_for(const struct import_entry *entry)
{
	return NSS_NAME_SIZE + entry->key.size + 64 + entry->code_count * 32;
}

/* Reads entries until a page is full or the sources are at their end. */
static enum exit_status
read_entries(struct import *import, struct import_entry entries[], struct origin origins[], size_t *ret_count)
{
	enum exit_status status = STATUS_DONE;
	size_t count = 0, bytes = 0;

	while (status == STATUS_DONE && !import->ended && count < ENTRIES_PER_PAGE && bytes < PAGE_BYTES) {
		struct import_entry *entry = &entries[count];
		struct import_found found;
		bool is_entry = false;

		memset(entry, 0, sizeof *entry);
		entry->digits = 6;
		status = next_found(import, entry, &origins[count], &found);
		if (status == STATUS_DONE)
			judge(import, &found, &origins[count], &is_entry);
		bytes += is_entry ? room_for(entry) : 0;
		count += is_entry;
	}
	*ret_count = count;
	return status;
}

/* Entries whose user was found or is not known at all; import->page says where each came from. */
static enum sfmfa_err
add_entries(struct import *import, const struct import_entry entries[], const struct origin origins[], size_t count,
	    struct fields *page)
{
	struct resolved *users = cli_allocate(count * sizeof *users);
	enum sfmfa_err err = SFMFA_OK;
	size_t added = 0;

	for (size_t i = 0; i < count; i++)
		users[i] = (struct resolved){ .typed = entries[i].user };
	resolve_users(users, count);
	for (size_t i = 0; i < count && err == SFMFA_OK; i++) {
		if (users[i].status == NSS_ERROR) {
			complain_bad(import, &origins[i], "the name service does not answer for this user");
			continue;
		}
		import->virtual_users += users[i].status == NSS_UNKNOWN;
		import->page[added++] = origins[i];
		err = add_entry(&entries[i], &users[i], page);
	}
	free(users);
	return err;
}

static enum exit_status
fill_page(struct import *import, struct fields *page)
{
	size_t size = ENTRIES_PER_PAGE * sizeof(struct import_entry);
	struct import_entry *entries = cli_allocate(size);
	struct origin origins[ENTRIES_PER_PAGE];
	size_t count = 0;
	enum exit_status status = read_entries(import, entries, origins, &count);

	if (status == STATUS_DONE && count > 0 &&
	    add_entries(import, entries, origins, count, page) != SFMFA_OK) {
		cli_error("a page of the import could not be made");
		status = STATUS_FAILED;
	}
	wipe(entries, size);
	free(entries);
	show_progress(import);
	return status;
}

static bool
confirm_virtual_users(const struct import *import)
{
	char question[128];

	if (import->virtual_users == 0 || options_given(import->arguments, "yes") ||
	    options_given(import->arguments, "dry-run") || !terminal_is_interactive())
		return true;
	snprintf(question, sizeof question, "%zu of them %s no system user. Make virtual users of them? [y/N] ",
		 import->virtual_users, import->virtual_users == 1 ? "is" : "are");
	return terminal_confirm(question);
}

/* What the daemon found wrong in the page before. */
static void
read_complaints(struct import *import, const struct record *question)
{
	struct record bad;
	size_t at = 0;

	while (record_next(question, "bad", &at, &bad)) {
		const char *why = record_text(&bad, "why");
		int64_t nth;

		if (record_number(&bad, "bad", &nth) && nth >= 0 && nth < ENTRIES_PER_PAGE)
			complain_bad(import, &import->page[nth], why ? why : "not accepted");
	}
}

static bool
has_entries(const struct fields *page)
{
	return fields_has(page, "user");
}

static enum exit_status
turn(void *data, const struct record *question, struct fields *next)
{
	struct import *import = data;
	enum exit_status status;

	read_complaints(import, question);
	status = import->ended ? STATUS_DONE : fill_page(import, next);
	if (status != STATUS_DONE || !import->ended || has_entries(next))
		return status;
	hide_progress(import);
	if (import->bad > 0) {
		if (import->bad > COMPLAINTS_MAX)
			cli_error("and %zu more", import->bad - COMPLAINTS_MAX);
		cli_error("nothing was imported");
		return STATUS_REFUSED;
	}
	if (!confirm_virtual_users(import)) {
		cli_error("nothing was imported");
		return STATUS_REFUSED;
	}
	return fields_add_text(next, "end", "1") == SFMFA_OK ? STATUS_DONE : STATUS_FAILED;
}

/* How much there is to read, where that can be known. */
static void
measure(struct import *import)
{
	for (size_t i = 0; i < import->arguments->rest_count; i++) {
		struct stat stat_of;

		if (!import->read_line)
			import->total++;
		else if (stat(import->arguments->rest[i], &stat_of) == 0 && S_ISREG(stat_of.st_mode))
			import->total += stat_of.st_size;
	}
}

static void
report(const struct import *import, const struct reply *reply)
{
	static const struct column columns[] = {
		{ .key = "imported", .kind = VALUE_NUMBER },
		{ .key = "replaced", .kind = VALUE_NUMBER },
		{ .key = "kept", .kind = VALUE_NUMBER },
	};
	bool dry_run = options_given(import->arguments, "dry-run");
	int64_t imported = 0, replaced = 0, kept = 0;

	if (import->cli->json) {
		json_t *object;

		json_begin();
		object = json_from_record(&reply->all, columns, sizeof columns / sizeof columns[0]);
		json_member(object, "left_out", json_integer((json_int_t)import->left_out));
		json_member(object, "dry_run", json_boolean(dry_run));
		json_print(object);
		return;
	}
	if (!record_number(&reply->all, "imported", &imported) || !record_number(&reply->all, "replaced", &replaced) ||
	    !record_number(&reply->all, "kept", &kept))
		cli_error("sfmfad did not say what it did");
	cli_say(import->cli, "%s%lld authenticator app%s imported, %lld replaced.", dry_run ? "Dry run, nothing written: " : "",
		(long long)imported, imported == 1 ? "" : "s", (long long)replaced);
	if (kept > 0)
		cli_say(import->cli, "%lld user%s had an app already and kept it (--replace puts the new one in its place).",
			(long long)kept, kept == 1 ? "" : "s");
	if (import->left_out > 0)
		cli_say(import->cli, "%zu left out, named above.", import->left_out);
	if (imported + replaced > 0 && !dry_run)
		cli_say(import->cli, "They are pending until their owners use a code in an interactive login.");
}

static enum exit_status
run(const struct cli *cli, const struct arguments *arguments,
    struct import_found (*read_line)(char *line, struct import_entry *entry))
{
	struct import import = { .cli = cli, .arguments = arguments, .read_line = read_line, .percent = -1 };
	REQUEST_AUTO request = { 0 };
	REPLY_AUTO reply = { 0 };
	enum exit_status status;

	measure(&import);
	request_begin(&request, cli, arguments);
	request.pages = (struct pages){ turn, &import };
	request_add(&request, "replace", options_given(arguments, "replace") ? "1" : NULL);
	request_add(&request, "dry_run", options_given(arguments, "dry-run") ? "1" : NULL);
	status = request_send(&request, &reply);
	hide_progress(&import);
	if (status == STATUS_DONE)
		report(&import, &reply);
	if (import.stream)
		fclose(import.stream);
	if (import.line)
		wipe(import.line, import.line_size);
	free(import.line);
	return status;
}

enum exit_status
command_import_oath(const struct cli *cli, const struct arguments *arguments)
{
	return run(cli, arguments, import_oath_line);
}

enum exit_status
command_import_otpauth(const struct cli *cli, const struct arguments *arguments)
{
	return run(cli, arguments, import_otpauth_line);
}

enum exit_status
command_import_google_authenticator(const struct cli *cli, const struct arguments *arguments)
{
	return run(cli, arguments, NULL);
}
