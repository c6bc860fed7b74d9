/*
 * check: reads the configuration as the daemon would, in this process, and looks for what is legal but
 * means trouble. It needs no daemon, so that a configuration repository can run it.
 */
#include "check.h"

#include <unistd.h>

#include "base/nss.h"
#include "findings.h"
#include "json.h"
#include "options.h"
#include "sshd_config.h"
#include "paths.h"

const struct option_spec options_check[] = {
	{ "pam-dir", "DIR", false, "services; default: " CHECK_PAM_DIR },
	{ "sshd-config", "FILE", false, "of sshd; default: " SSHD_CONFIG_FILE },
	{ NULL, NULL, false, NULL },
};

/* A group that does not exist may be one that could not be asked for: its members' logins are denied (rules 3.4). */
static void
check_groups(struct findings *findings, const struct words *groups)
{
	for (size_t i = 0; i < groups->count; i++) {
		if (nss_find_group(groups->items[i]) != NSS_KNOWN)
			findings_add(findings, LINT_ERROR, NULL, 0,
				     "the Unix group %s cannot be resolved: users it could give a profile are denied",
				     groups->items[i]);
	}
}

/* One that does not exist protects nobody, as "wheel" on most hosts; one that fails protects everybody. */
static void
check_protected_groups(struct findings *findings, const struct words *groups)
{
	for (size_t i = 0; i < groups->count; i++) {
		if (nss_find_group(groups->items[i]) == NSS_ERROR)
			findings_add(findings, LINT_ERROR, NULL, 0,
				     "the name service fails for the protected group %s: nobody but root acts on anybody",
				     groups->items[i]);
	}
}

static void
check_callers(struct findings *findings, const struct settings *settings)
{
	for (size_t i = 0; i < settings->trusted_caller_count; i++) {
		const struct trusted_caller *caller = &settings->trusted_callers[i];

		if (!caller->resolved)
			findings_add(findings, LINT_WARNING, caller->origin.file, caller->origin.line,
				     "trusted_callers: there is no user %s, the entry matches nobody", caller->user);
	}
}

static enum exit_status
show(const struct cli *cli, const struct findings *findings)
{
	bool well = findings->errors == 0;

	if (cli->json)
		findings_print_json(findings);
	else if (!cli->quiet || !well)
		findings_print(findings, stdout);
	if (well && findings->warnings == 0)
		cli_say(cli, "The configuration is in order.");
	else
		cli_say(cli, "%u errors, %u warnings.", findings->errors, findings->warnings);
	return well ? STATUS_DONE : STATUS_REFUSED;
}

enum exit_status
command_check(const struct cli *cli, const struct arguments *arguments)
{
	const struct config_options options = {
		.file = cli->client.config ? cli->client.config : SFMFA_CONFIG_FILE,
		.owner = geteuid(),
	};
	FINDINGS_AUTO findings = { 0 };
	struct config *config = NULL;
	struct diag diag = { 0 };

	if (config_load(&options, &config, &diag) != SFMFA_OK) {
		findings_add(&findings, LINT_ERROR, diag.file, diag.line, "%s", diag.text);
	} else {
		findings_add_meaning(&findings, config, NULL);
		check_groups(&findings, &config->unix_groups);
		check_protected_groups(&findings, &config->settings.protected_groups);
		check_callers(&findings, &config->settings);
		check_administrators(&findings, config);
		check_services(&findings, config, options_value(arguments, "pam-dir"),
			       options_value(arguments, "sshd-config"));
	}
	config_release(config);
	return show(cli, &findings);
}
