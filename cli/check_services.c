#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "check.h"
#include "pam_stack.h"

#define MODULE "pam_sfmfa.so"

/* The first line of a service that runs our module; NULL: none does. */
static const struct pam_line *
find_ours(const struct pam_stack *stack)
{
	for (size_t i = 0; i < stack->count; i++) {
		if (pam_line_is(&stack->lines[i], MODULE))
			return &stack->lines[i];
	}
	return NULL;
}

static bool
has_argument(const struct pam_line *line, const char *prefix)
{
	for (size_t i = 0; i < line->arg_count; i++) {
		if (strncmp(line->args[i], prefix, strlen(prefix)) == 0)
			return true;
	}
	return false;
}

static void
check_service(struct findings *findings, const struct config *config, const char *pam_dir, const char *service)
{
	PAM_STACK_AUTO stack = { 0 };
	const struct pam_line *ours;
	struct diag diag = { 0 };
	bool mapped = false;

	if (pam_stack_read(pam_dir, service, &stack, &diag) != SFMFA_OK) {
		findings_add(findings, LINT_WARNING, diag.file, diag.line, "service %s: %s", service, diag.text);
		return;
	}
	ours = find_ours(&stack);
	if (!ours || has_argument(ours, "login_type="))
		return;
	(void)config_login_type(config, service, &mapped);
	if (!mapped)
		findings_add(findings, LINT_WARNING, ours->file, ours->line,
			     "service %s is in no list of services and counts as ui: name it in services", service);
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

static int
only_services(const struct dirent *entry)
{
	return is_service(entry->d_name);
}

void
check_services(struct findings *findings, const struct config *config, const char *pam_dir)
{
	const char *folder = pam_dir ? pam_dir : CHECK_PAM_DIR;
	struct dirent **entries = NULL;
	int count = scandir(folder, &entries, only_services, alphasort);

	/* A name that was mistyped would pass for a folder in which all is well. */
	if (count < 0 && (pam_dir || errno != ENOENT))
		findings_add(findings, LINT_ERROR, folder, 0, "cannot be listed: %s", strerror(errno));
	for (int i = 0; i < count; i++) {
		check_service(findings, config, folder, entries[i]->d_name);
		free(entries[i]);
	}
	free(entries);
}
