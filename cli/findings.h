/* What is wrong with a configuration, gathered and then shown: a table for people, JSON for programs. */
#ifndef SFMFA_CLI_FINDINGS_H
#define SFMFA_CLI_FINDINGS_H

#include <stdio.h>

#include "cli.h"
#include "config/config.h"
#include "policy/lint.h"

#define FINDING_TEXT_SIZE (2 * LINT_TEXT_SIZE)

struct finding {
	enum lint_severity severity;
	char *file; /* heap; NULL: no file */
	unsigned line; /* 0: no line */
	char *text; /* heap */
};

struct findings {
	struct finding *items; /* heap */
	size_t count;
	unsigned errors, warnings;
};

#define FINDINGS_AUTO __attribute__((cleanup(findings_finish))) struct findings

/* file NULL and line 0 are allowed. */
void
findings_add(struct findings *findings, enum lint_severity severity, const char *file, unsigned line,
             const char *fmt, ...) SFMFA_PRINTF(5, 6);

/* What lint_check() finds; only_file: in this file; NULL: everywhere. */
void
findings_add_meaning(struct findings *findings, const struct config *config, const char *only_file);

void
findings_print(const struct findings *findings, FILE *out);

/* {"ok": …, "findings": [{"severity", "file", "line", "text"}]} */
void
findings_print_json(const struct findings *findings);

void
findings_finish(struct findings *findings);

#endif
