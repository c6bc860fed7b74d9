/*
 * profile edit: a copy of the profile's file in an editor; looked over; for whom what would change; then
 * installed in one step. The file in force is never half of anything, and its comments are nobody's but the
 * administrator's (rules 3).
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "base/text.h"
#include "config/last_good.h"
#include "check.h"
#include "editor.h"
#include "json.h"
#include "options.h"
#include "paths.h"
#include "preview.h"
#include "terminal.h"

const struct option_spec options_profile_edit[] = {
	{ "yes", NULL, false, "install without asking, if nothing is wrong" },
	{ NULL, NULL, false, NULL },
};

#define PATH_SIZE 512
#define FILE_MODE 0644
#define SIZE_MAX_BYTES (1024 * 1024)
#define FRESH_PROFILE                                                                                        \
	"# Every key is described in sfmfa-profiles(5).\n"                                                   \
	"label       = \"\";\n"                                                                                \
	"permissions = [ \"api-enabled\" ];\n"

/* One profile being edited. */
struct edit {
	const struct cli *cli;
	const char *profile;
	bool unasked; /* --yes */
	struct config_options options;
	struct config *before; /* in force now; NULL: nothing is */
	struct config *after;  /* of the copy that was looked over last */
	char folder[PATH_SIZE];
	char path[PATH_SIZE];
	char copy_folder[sizeof "/tmp/sfmfa-edit-XXXXXX"];
	char copy_path[PATH_SIZE];
	int lock;
	bool fresh;                   /* there is no such file yet */
	struct file_content original;
	struct file_content draft;
};

static enum sfmfa_err
read_file(const struct edit *edit, const char *path, struct file_content *ret_content, struct diag *diag)
{
	const struct file_trust trust = { .owner = edit->options.owner, .size_max = SIZE_MAX_BYTES };

	return file_read_trusted(path, &trust, ret_content, diag);
}

static enum exit_status
failed(const struct diag *diag)
{
	char line[DIAG_LINE_SIZE];

	diag_format(diag, line);
	cli_error("%s", line);
	return STATUS_FAILED;
}

/* The files in force; while they are broken the paths that a line scan finds, and the last good ones. */
static enum sfmfa_err
load_before(struct edit *edit, struct config **ret_paths)
{
	struct diag diag = { 0 };
	enum sfmfa_err err;

	if (config_load(&edit->options, &edit->before, &diag) == SFMFA_OK) {
		*ret_paths = config_hold(edit->before);
		return SFMFA_OK;
	}
	err = config_scan_paths(&edit->options, ret_paths);
	if (err == SFMFA_OK && last_good_load(&edit->options, (*ret_paths)->settings.state_dir, &edit->before,
					      &diag) != SFMFA_OK)
		edit->before = NULL;
	return err;
}

static enum exit_status
find_paths(struct edit *edit)
{
	struct config *paths = NULL;
	enum sfmfa_err err = load_before(edit, &paths);

	if (err == SFMFA_OK)
		err = text_format(edit->folder, sizeof edit->folder, "%s/profiles.d", paths->settings.config_dir);
	if (err == SFMFA_OK)
		err = text_format(edit->path, sizeof edit->path, "%s/%s.conf", edit->folder, edit->profile);
	config_release(paths);
	if (err == SFMFA_OK)
		return STATUS_DONE;
	cli_error("the folder of profiles cannot be found: %s", sfmfa_err_word(err));
	return STATUS_FAILED;
}

/* One editor at a time for all profiles: what changes for whom depends on every one of them. */
static enum exit_status
take_lock(struct edit *edit)
{
	edit->lock = open(edit->folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
	if (edit->lock < 0) {
		cli_error("%s: %s", edit->folder, strerror(errno));
		return STATUS_FAILED;
	}
	if (access(edit->folder, W_OK) != 0) {
		cli_error("only who can write %s edits profiles", edit->folder);
		return STATUS_REFUSED;
	}
	if (flock(edit->lock, LOCK_EX | LOCK_NB) == 0)
		return STATUS_DONE;
	if (errno == EWOULDBLOCK) {
		cli_error("somebody else is editing a profile in %s now: nothing was changed", edit->folder);
		return STATUS_REFUSED;
	}
	cli_error("%s cannot be locked: %s", edit->folder, strerror(errno));
	return STATUS_FAILED;
}

static enum exit_status
read_original(struct edit *edit)
{
	char question[PATH_SIZE + 64];
	struct diag diag = { 0 };
	enum sfmfa_err err = read_file(edit, edit->path, &edit->original, &diag);

	if (err == SFMFA_OK)
		return STATUS_DONE;
	if (err != SFMFA_ERR_NOT_FOUND)
		return failed(&diag);
	snprintf(question, sizeof question, "There is no profile %s. Make it? [y/N] ", edit->profile);
	if (!edit->unasked && !(terminal_is_interactive() && terminal_confirm(question))) {
		cli_error("there is no profile %s", edit->profile);
		return STATUS_REFUSED;
	}
	edit->fresh = true;
	edit->original.bytes = strdup(FRESH_PROFILE);
	edit->original.size = edit->original.bytes ? strlen(FRESH_PROFILE) : 0;
	return edit->original.bytes ? STATUS_DONE : STATUS_FAILED;
}

/* In a folder that nobody else can enter; the file keeps its name, so that editors know its kind. */
static enum exit_status
make_copy(struct edit *edit)
{
	struct diag diag = { 0 };

	strcpy(edit->copy_folder, "/tmp/sfmfa-edit-XXXXXX");
	if (!mkdtemp(edit->copy_folder)) {
		edit->copy_folder[0] = '\0';
		cli_error("no folder for the copy in /tmp: %s", strerror(errno));
		return STATUS_FAILED;
	}
	snprintf(edit->copy_path, sizeof edit->copy_path, "%s/%s.conf", edit->copy_folder, edit->profile);
	if (file_write_atomic(edit->copy_path, edit->original.bytes, edit->original.size, 0600, &diag) != SFMFA_OK)
		return failed(&diag);
	return STATUS_DONE;
}

enum answer {
	ANSWER_NO = 0,
	ANSWER_YES,
	ANSWER_EDIT,
};

/* Nobody is there, or no word that is understood: no. */
static enum answer
ask(const char *question)
{
	SECRET_AUTO typed = { 0 };

	if (!terminal_is_interactive() || terminal_ask(question, true, &typed) != SFMFA_OK || typed.size == 0)
		return ANSWER_NO;
	switch (typed.bytes[0]) {
	case 'y':
	case 'Y': return ANSWER_YES;
	case 'e':
	case 'E': return ANSWER_EDIT;
	default: return ANSWER_NO;
	}
}

/* The copy as it is now and what the configuration would be with it. False: reported. */
static bool
look_over(struct edit *edit)
{
	struct config_options options = edit->options;
	struct config_draft draft = { .profile = edit->profile };
	struct diag diag = { 0 };
	char line[DIAG_LINE_SIZE];

	config_release(edit->after);
	edit->after = NULL;
	file_content_finish(&edit->draft);
	if (read_file(edit, edit->copy_path, &edit->draft, &diag) == SFMFA_OK) {
		draft.bytes = edit->draft.bytes;
		draft.size = edit->draft.size;
		options.draft = &draft;
		if (config_load(&options, &edit->after, &diag) == SFMFA_OK)
			return true;
	}
	diag_format(&diag, line);
	cli_error("%s", line);
	return false;
}

static bool
is_unchanged(const struct edit *edit)
{
	return !edit->fresh && edit->draft.size == edit->original.size &&
	       memcmp(edit->draft.bytes, edit->original.bytes, edit->draft.size) == 0;
}

/* What is wrong with the meaning. True: nothing that keeps anybody out. */
static bool
show_findings(const struct edit *edit)
{
	FINDINGS_AUTO findings = { 0 };

	findings_add_meaning(&findings, edit->after, edit->path);
	check_administrators(&findings, edit->after);
	findings_print(&findings, stderr);
	return findings.errors == 0;
}

/* For whom what changes; told: the daemon said whom it knows. */
static void
show_preview(const struct edit *edit, const struct preview *preview, bool told)
{
	if (edit->cli->json)
		return;
	if (!edit->before)
		cli_say(edit->cli, "No configuration is in force now: there is nothing to compare with.");
	else if (preview->count == 0)
		cli_say(edit->cli, "%s", told ? "Nothing changes for anybody." :
		                                 "What changes for users whom sfmfad knows cannot be told.");
	for (size_t i = 0; i < preview->count; i++)
		cli_say(edit->cli, "%s", preview->lines[i]);
}

static bool
is_as_it_was(const struct edit *edit)
{
	FILE_CONTENT_AUTO now = { 0 };
	struct diag diag = { 0 };
	enum sfmfa_err err = read_file(edit, edit->path, &now, &diag);

	if (edit->fresh)
		return err == SFMFA_ERR_NOT_FOUND;
	return err == SFMFA_OK && now.size == edit->original.size &&
	       memcmp(now.bytes, edit->original.bytes, now.size) == 0;
}

static enum exit_status
install(struct edit *edit, const struct preview *preview)
{
	struct stat st;
	struct diag diag = { 0 };
	mode_t mode = lstat(edit->path, &st) == 0 ? st.st_mode & 0755 : FILE_MODE;

	if (!is_as_it_was(edit)) {
		cli_error("%s was changed meanwhile; nothing was installed, your copy is %s", edit->path,
			  edit->copy_path);
		edit->copy_folder[0] = '\0'; /* kept */
		return STATUS_REFUSED;
	}
	if (file_write_atomic(edit->path, edit->draft.bytes, edit->draft.size, mode, &diag) != SFMFA_OK)
		return failed(&diag);
	if (edit->cli->json) {
		json_t *value = json_object(), *changes = json_array();

		for (size_t i = 0; i < preview->count; i++)
			json_append(changes, json_from_text(preview->lines[i]));
		json_member(value, "profile", json_from_text(edit->profile));
		json_member(value, "changes", changes);
		json_print(value);
	}
	cli_say(edit->cli, "%s is installed, in force from the next login on.", edit->path);
	return STATUS_DONE;
}

/* Shown, and asked: without anybody to ask, what is wrong is not installed. */
static enum answer
decide(const struct edit *edit, struct preview *ret_preview)
{
	bool sound = show_findings(edit);
	bool told = true;

	if (edit->before)
		told = preview_make(edit->cli, edit->before, edit->after, edit->profile, ret_preview) ==
		       STATUS_DONE;
	show_preview(edit, ret_preview, told);
	if (edit->unasked)
		return sound ? ANSWER_YES : ANSWER_NO;
	return ask("Install it? [y]es, [e]dit again, [n]o: ");
}

/* Until the copy is good and wanted, or given up. */
static enum exit_status
edit_until_wanted(struct edit *edit)
{
	for (;;) {
		PREVIEW_AUTO preview = { 0 };
		enum answer answer;

		if (!editor_run(edit->copy_path))
			return STATUS_FAILED;
		if (!look_over(edit)) {
			answer = ask("[e]dit again, or [q]uit without a change? ");
		} else if (is_unchanged(edit)) {
			cli_say(edit->cli, "%s is as it was.", edit->path);
			return STATUS_DONE;
		} else {
			answer = decide(edit, &preview);
			if (answer == ANSWER_YES)
				return install(edit, &preview);
		}
		if (answer != ANSWER_EDIT) {
			cli_error("nothing was changed");
			return STATUS_REFUSED;
		}
	}
}

/* Editors leave backups beside the copy; a folder that is not empty stays, and is told. */
static void
finish(struct edit *edit)
{
	if (edit->copy_folder[0] != '\0') {
		unlink(edit->copy_path);
		if (rmdir(edit->copy_folder) != 0)
			cli_error("%s was left behind by the editor", edit->copy_folder);
	}
	if (edit->lock >= 0)
		close(edit->lock);
	file_content_finish(&edit->original);
	file_content_finish(&edit->draft);
	config_release(edit->before);
	config_release(edit->after);
}

enum exit_status
command_profile_edit(const struct cli *cli, const struct arguments *arguments)
{
	struct edit edit = {
		.cli = cli,
		.profile = arguments->rest[0],
		.unasked = options_given(arguments, "yes"),
		.options = { .file = cli->client.config ? cli->client.config : SFMFA_CONFIG_FILE, .owner = geteuid() },
		.lock = -1,
	};
	enum exit_status status;

	json_begin();
	if (!text_is_name(edit.profile))
		return cli_usage("'%s' cannot be the name of a profile", edit.profile);
	status = find_paths(&edit);
	if (status == STATUS_DONE)
		status = take_lock(&edit);
	if (status == STATUS_DONE)
		status = read_original(&edit);
	if (status == STATUS_DONE)
		status = make_copy(&edit);
	if (status == STATUS_DONE)
		status = edit_until_wanted(&edit);
	finish(&edit);
	return status;
}
