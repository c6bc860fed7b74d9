#include "check_sshd.h"

#include <string.h>
#include <strings.h>

/* The n-th list of AuthenticationMethods; false: there is none. */
static bool
next_list(const char **at, char *list, size_t size)
{
	size_t length;

	*at += strspn(*at, " \t");
	length = strcspn(*at, " \t");
	if (length == 0)
		return false;
	snprintf(list, size, "%.*s", (int)length, *at);
	*at += length;
	return true;
}

static bool
list_has(const char *list, const char *method)
{
	size_t size = strlen(method);

	for (const char *at = list; *at != '\0'; at += strcspn(at, ",")) {
		at += *at == ',';
		if (strncasecmp(at, method, size) == 0 && (at[size] == ',' || at[size] == ':' || at[size] == '\0'))
			return true;
	}
	return false;
}

static bool
says(const struct sshd_line *line, const char *value)
{
	return line && strcasecmp(line->value, value) == 0;
}

bool
check_sshd_key_comes_first(const struct sshd_config *config)
{
	const struct sshd_line *methods = sshd_config_find(config, "AuthenticationMethods");
	const char *at = methods ? methods->value : "any";
	char list[256];

	while (next_list(&at, list, sizeof list)) {
		if (list_has(list, "any"))
			return false;
		if (list_has(list, "keyboard-interactive") && !list_has(list, "publickey") && !list_has(list, "hostbased") &&
		    !list_has(list, "gssapi-with-mic"))
			return false;
	}
	return true;
}

static void
report(struct findings *findings, enum lint_severity severity, const struct sshd_line *line, const char *file,
       const char *text)
{
	findings_add(findings, severity, line ? line->file : file, line ? line->line : 0, "service sshd: %s", text);
}

/* A key alone never comes to auth; the account phase refuses it where a factor is owed (rules 8). */
static void
check_methods(struct findings *findings, const struct sshd_config *config)
{
	const struct sshd_line *methods = sshd_config_find(config, "AuthenticationMethods");
	const char *at = methods ? methods->value : "";
	char list[256];

	while (next_list(&at, list, sizeof list)) {
		if (list_has(list, "password"))
			report(findings, LINT_WARNING, methods, "", "the method password cannot ask for a code: write "
								     "keyboard-interactive in its place");
		else if (!list_has(list, "keyboard-interactive") && !list_has(list, "any"))
			report(findings, LINT_INFO, methods, "",
			       "who owes a factor and comes by a list without keyboard-interactive is refused (no-evidence)");
	}
}

void
check_sshd(struct findings *findings, const struct sshd_config *config, const char *file)
{
	const struct sshd_line *pam = sshd_config_find(config, "UsePAM");
	const struct sshd_line *keyboard = sshd_config_find(config, "KbdInteractiveAuthentication");
	const struct sshd_line *password = sshd_config_find(config, "PasswordAuthentication");

	if (!says(pam, "yes"))
		report(findings, LINT_ERROR, pam, file, "PAM is not used: nobody is asked for a code. Write 'UsePAM yes'");
	if (says(keyboard, "no"))
		report(findings, LINT_ERROR, keyboard, file,
		       "nobody can be asked for a code. Write 'KbdInteractiveAuthentication yes'");
	if (!says(password, "no"))
		report(findings, LINT_WARNING, password, file,
		       "clients that use the method password give the password as the code and are refused. Write "
		       "'PasswordAuthentication no'");
	for (size_t i = 0; i < config->count; i++) {
		const struct sshd_line *line = &config->lines[i];

		if (line->in_match && strcmp(line->keyword, "UsePAM") != 0 &&
		    ((strcmp(line->keyword, "PasswordAuthentication") == 0 && says(line, "yes")) ||
		     (strcmp(line->keyword, "KbdInteractiveAuthentication") == 0 && says(line, "no"))))
			report(findings, LINT_WARNING, line, file,
			       "for the logins of this Match a code cannot be asked for: they are refused where one is owed");
	}
	if (says(sshd_config_find(config, "PermitEmptyPasswords"), "yes"))
		report(findings, LINT_WARNING, sshd_config_find(config, "PermitEmptyPasswords"), file,
		       "an account without a password has the code as its only factor. Write 'PermitEmptyPasswords no'");
	check_methods(findings, config);
}
