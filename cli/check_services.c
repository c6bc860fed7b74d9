#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "check.h"
#include "check_sshd.h"
#include "check_stack.h"
#include "pam_stack.h"

#define SUDOERS "/etc/sudoers"

/* What surrounds the services. */
struct surroundings {
	struct findings *findings;
	const struct config *config;
	const char *pam_dir;
	const struct sshd_config *sshd; /* NULL: not looked at */
	const char *sshd_file;
	bool host;                      /* the services of this host, not of a repository */
};

static bool
is_locker(const struct config *config, const char *service)
{
	return words_contain(&config->settings.lockers, service);
}

/* Whether a code at each sudo was thought of: somebody set how long sudo asks nobody again. */
static bool
sudoers_say_timeout(void)
{
	char line[1024];
	bool found = false;
	FILE *in = fopen(SUDOERS, "re");

	while (in && !found && fgets(line, sizeof line, in))
		found = line[strspn(line, " \t")] != '#' && strstr(line, "timestamp_timeout");
	if (in)
		fclose(in);
	return found;
}

static void
check_sudo(const struct surroundings *around, const struct pam_line *ours, const char *service)
{
	if (!around->host || (!text_equals(service, "sudo") && !text_equals(service, "sudo-i")) || sudoers_say_timeout())
		return;
	findings_add(around->findings, LINT_INFO, ours->file, ours->line,
		     "service %s: within its own time stamp (15 minutes) sudo asks PAM for nothing. For a code each time: "
		     "'Defaults timestamp_timeout=0' in %s",
		     service, SUDOERS);
}

static enum login_type
type_of(const struct surroundings *around, const struct pam_line *ours, const char *service)
{
	const char *argument = check_argument_value(ours, "login_type");
	enum login_type type;
	bool mapped = false;

	if (argument && login_type_from_key(argument, &type) == SFMFA_OK)
		return type;
	type = config_login_type(around->config, service, &mapped);
	if (!mapped && !is_locker(around->config, service))
		findings_add(around->findings, LINT_WARNING, ours->file, ours->line,
			     "service %s is in no list of services and counts as ui: name it in services", service);
	return type;
}

static void
check_service(const struct surroundings *around, const char *name)
{
	PAM_STACK_AUTO stack = { 0 };
	struct check_service service = { .name = name };
	bool is_sshd = around->sshd && text_equals(name, "sshd");
	const struct pam_line *ours;
	struct diag diag = { 0 };

	if (pam_stack_read(around->pam_dir, name, &stack, &diag) != SFMFA_OK) {
		findings_add(around->findings, LINT_WARNING, diag.file, diag.line, "service %s: %s", name, diag.text);
		return;
	}
	ours = check_find_ours(&stack, PAM_TYPE_COUNT);
	if (!ours)
		return;
	service.login_type = type_of(around, ours, name);
	service.is_locker = is_locker(around->config, name);
	service.key_comes_first = is_sshd && check_sshd_key_comes_first(around->sshd);
	check_stack(around->findings, &stack, &service);
	check_sudo(around, ours, name);
	if (is_sshd && service.login_type == LOGIN_UI && check_find_ours(&stack, PAM_TYPE_AUTH))
		check_sshd(around->findings, around->sshd, around->sshd_file);
}

/* Files that are included, not services, and what package managers leave behind. */
static bool
is_service(const char *name)
{
	static const char *const left_behind[] = { ".dpkg-", ".rpm", ".ucf-", "~" };

	if (name[0] == '.' || strncmp(name, "common-", 7) == 0 || !text_is_name(name))
		return false;
	for (size_t i = 0; i < sizeof left_behind / sizeof left_behind[0]; i++) {
		if (strstr(name, left_behind[i]))
			return false;
	}
	return true;
}

/* Whether another file takes this one in: then it is a part of services, not one of them. */
static bool
is_part(const char *dir, const struct dirent *const entries[], int count, const char *name)
{
	bool found = false;

	for (int i = 0; i < count && !found; i++) {
		PAM_STACK_AUTO stack = { 0 };
		struct diag diag = { 0 };

		if (text_equals(entries[i]->d_name, name) ||
		    pam_stack_read(dir, entries[i]->d_name, &stack, &diag) != SFMFA_OK)
			continue;
		for (size_t l = 0; l < stack.count && !found; l++) {
			const char *slash = strrchr(stack.lines[l].file, '/');

			found = slash && text_equals(slash + 1, name);
		}
	}
	return found;
}

static int
only_services(const struct dirent *entry)
{
	return is_service(entry->d_name);
}

/* Where services of another host are looked over its sshd_config has to be named. */
static void
read_sshd(struct surroundings *around, const char *file, struct sshd_config *config)
{
	struct diag diag = { 0 };
	enum sfmfa_err err;

	around->sshd_file = file ? file : SSHD_CONFIG_FILE;
	if (!file && !around->host)
		return;
	err = sshd_config_read(around->sshd_file, config, &diag);
	if (err == SFMFA_OK)
		around->sshd = config;
	else if (file || err != SFMFA_ERR_NOT_FOUND)
		findings_add(around->findings, file ? LINT_ERROR : LINT_WARNING, diag.file, 0, "%s", diag.text);
}

void
check_services(struct findings *findings, const struct config *config, const char *pam_dir, const char *sshd_file)
{
	SSHD_CONFIG_AUTO sshd = { 0 };
	const char *folder = pam_dir ? pam_dir : CHECK_PAM_DIR;
	struct surroundings around = {
		.findings = findings, .config = config, .pam_dir = folder, .host = pam_dir == NULL
	};
	struct dirent **entries = NULL;
	int count = scandir(folder, &entries, only_services, alphasort);

	/* A name that was mistyped would pass for a folder in which all is well. */
	if (count < 0 && (pam_dir || errno != ENOENT))
		findings_add(findings, LINT_ERROR, folder, 0, "cannot be listed: %s", strerror(errno));
	read_sshd(&around, sshd_file, &sshd);
	for (int i = 0; i < count; i++) {
		bool mapped = false;

		(void)config_login_type(config, entries[i]->d_name, &mapped);
		if (mapped || !is_part(folder, (const struct dirent *const *)entries, count, entries[i]->d_name))
			check_service(&around, entries[i]->d_name);
	}
	for (int i = 0; i < count; i++)
		free(entries[i]);
	free(entries);
}
