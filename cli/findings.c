#include "findings.h"

#include <stdarg.h>
#include <stdlib.h>

#include "base/text.h"
#include "json.h"
#include "record.h"
#include "table.h"
#include "terminal.h"
#include "when.h"

void
findings_add(struct findings *findings, enum lint_severity severity, const char *file, unsigned line,
	     const char *fmt, ...)
{
	char text[FINDING_TEXT_SIZE];
	va_list args;

	va_start(args, fmt);
	vsnprintf(text, sizeof text, fmt, args);
	va_end(args);
	findings->items = cli_grow(findings->items, (findings->count + 1) * sizeof *findings->items);
	findings->items[findings->count++] = (struct finding){
		.severity = severity,
		.file = file && file[0] != '\0' ? record_printable(file) : NULL,
		.line = line,
		.text = record_printable(text),
	};
	findings->errors += severity == LINT_ERROR;
	findings->warnings += severity == LINT_WARNING;
}

void
findings_add_meaning(struct findings *findings, const struct config *config, const char *only_file)
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
		.apps = config->apps,
		.app_count = config->app_count,
		.now = when_now(),
	};

	lint_check(&input, lint);
	for (size_t i = 0; i < lint->count; i++) {
		const struct lint_finding *item = &lint->items[i];
		const char *file = item->origin.file;

		if (!only_file || (file && text_equals(file, only_file)))
			findings_add(findings, item->severity, file, item->origin.line, "%s", item->text);
	}
	if (lint->more > 0)
		findings_add(findings, LINT_WARNING, NULL, 0, "and %zu more", lint->more);
	free(lint);
}

void
findings_print(const struct findings *findings, FILE *out)
{
	TABLE_AUTO table = { .columns = 3 };

	for (size_t i = 0; i < findings->count; i++) {
		const struct finding *finding = &findings->items[i];
		char where[DIAG_FILE_SIZE + 16] = "";

		if (finding->file && finding->line)
			snprintf(where, sizeof where, "%s:%u", finding->file, finding->line);
		else if (finding->file)
			snprintf(where, sizeof where, "%s", finding->file);
		table_add(&table, (char *[]){ record_printable(lint_severity_key(finding->severity)),
					      record_printable(where), record_printable(finding->text) });
	}
	table_print_plain(&table, out, terminal_columns(out));
}

void
findings_print_json(const struct findings *findings)
{
	json_t *value = json_object(), *list = json_array();

	for (size_t i = 0; i < findings->count; i++) {
		const struct finding *finding = &findings->items[i];
		json_t *item = json_object();

		json_member(item, "severity", json_from_text(lint_severity_key(finding->severity)));
		json_member(item, "file", json_from_text(finding->file));
		json_member(item, "line", finding->line ? json_integer(finding->line) : json_null());
		json_member(item, "text", json_from_text(finding->text));
		json_append(list, item);
	}
	json_member(value, "ok", json_boolean(findings->errors == 0));
	json_member(value, "findings", list);
	json_print(value);
}

void
findings_finish(struct findings *findings)
{
	for (size_t i = 0; i < findings->count; i++) {
		free(findings->items[i].file);
		free(findings->items[i].text);
	}
	free(findings->items);
	*findings = (struct findings){ 0 };
}
