/*
 * check: reads the configuration as the daemon would, in this process, and looks for what is legal but
 * means trouble. It needs no daemon, so that a configuration repository can run it.
 */
#include <grp.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/text.h"
#include "config/config.h"
#include "json.h"
#include "options.h"
#include "paths.h"
#include "policy/lint.h"
#include "record.h"
#include "table.h"
#include "terminal.h"

/* Where the findings of one run are gathered: shown at once, or kept for one JSON value. */
struct report {
	const struct cli *cli;
	struct table table;
	json_t *findings; /* NULL: a table */
	unsigned errors, warnings;
};

static void
report_add(struct report *report, enum lint_severity severity, const char *file, unsigned line, const char *text)
{
	char where[DIAG_FILE_SIZE + 16] = "";

	report->errors += severity == LINT_ERROR;
	report->warnings += severity == LINT_WARNING;
	if (report->findings) {
		json_t *finding = json_object();

		json_member(finding, "severity", json_from_text(lint_severity_key(severity)));
		json_member(finding, "file", json_from_text(file));
		json_member(finding, "line", line ? json_integer(line) : json_null());
		json_member(finding, "text", json_from_text(text));
		json_append(report->findings, finding);
		return;
	}
	if (file && line)
		snprintf(where, sizeof where, "%s:%u", file, line);
	else if (file)
		snprintf(where, sizeof where, "%s", file);
	table_add(&report->table, (char *[]){
		record_printable(lint_severity_key(severity)), record_printable(where), record_printable(text) });
}

static void
check_meaning(struct report *report, const struct config *config)
{
	struct lint *lint = cli_allocate(sizeof *lint);
	const struct lint_input input = {
		.settings = &config->settings,
		.profiles = config->profiles,
		.profile_count = config->profile_count,
		.sets = config->sets,
		.set_count = config->set_count,
		.groups = config->groups,
		.group_count = config->group_count,
	};

	lint_check(&input, lint);
	for (size_t i = 0; i < lint->count; i++)
		report_add(report, lint->items[i].severity, lint->items[i].origin.file, lint->items[i].origin.line,
			   lint->items[i].text);
	if (lint->more > 0) {
		char text[64];

		snprintf(text, sizeof text, "and %zu more", lint->more);
		report_add(report, LINT_WARNING, NULL, 0, text);
	}
	free(lint);
}

/* A group that does not exist may be one that could not be asked for: its members' logins are denied (rules 3.4). */
static void
check_groups(struct report *report, const struct words *groups)
{
	for (size_t i = 0; i < groups->count; i++) {
		char text[2 * LINT_TEXT_SIZE];

		if (getgrnam(groups->items[i]))
			continue;
		snprintf(text, sizeof text,
			 "the Unix group %s cannot be resolved: users it could give a profile are denied",
			 groups->items[i]);
		report_add(report, LINT_ERROR, NULL, 0, text);
	}
}

static void
check_callers(struct report *report, const struct settings *settings)
{
	for (size_t i = 0; i < settings->trusted_caller_count; i++) {
		const struct trusted_caller *caller = &settings->trusted_callers[i];
		char text[2 * LINT_TEXT_SIZE];

		if (caller->resolved)
			continue;
		snprintf(text, sizeof text, "trusted_callers: there is no user %s, the entry matches nobody",
			 caller->user);
		report_add(report, LINT_WARNING, caller->origin.file, caller->origin.line, text);
	}
}

static enum exit_status
show(struct report *report)
{
	const struct cli *cli = report->cli;
	bool well = report->errors == 0;

	if (report->findings) {
		json_t *value = json_object();

		json_member(value, "ok", json_boolean(well));
		json_member(value, "findings", report->findings);
		json_print(value);
	} else if (!cli->quiet || !well) {
		table_print_plain(&report->table, stdout, terminal_columns(stdout));
	}
	if (well && report->warnings == 0)
		cli_say(cli, "The configuration is in order.");
	else
		cli_say(cli, "%u errors, %u warnings.", report->errors, report->warnings);
	return well ? STATUS_DONE : STATUS_REFUSED;
}

enum exit_status
command_check(const struct cli *cli, const struct arguments *arguments)
{
	const struct config_options options = {
		.file = cli->client.config ? cli->client.config : SFMFA_CONFIG_FILE,
		.owner = geteuid(),
	};
	struct report report = { .cli = cli, .table.columns = 3, .findings = cli->json ? json_array() : NULL };
	struct config *config = NULL;
	struct diag diag = { 0 };
	enum exit_status status;

	(void)arguments;
	if (config_load(&options, &config, &diag) != SFMFA_OK) {
		report_add(&report, LINT_ERROR, diag.file, diag.line, diag.text);
	} else {
		check_meaning(&report, config);
		check_groups(&report, &config->unix_groups);
		check_callers(&report, &config->settings);
	}
	status = show(&report);
	table_finish(&report.table);
	config_release(config);
	return status;
}
