/*
 * A look at the text of a configuration file before libconfig sees it. libconfig takes silently what
 * no administrator meant: numbers that wrap around (4294967296 is 0), two settings or two words without
 * a separator ("login" "su" is "loginsu"), a comment that swallows the rest of the file,
		`@include` of files * whose owner nobody checked. All of that is refused here,
		with its line.
 */
#ifndef SFMFA_CONFIG_SCAN_H
#define SFMFA_CONFIG_SCAN_H

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"

#define SCAN_DEPTH_MAX 8

/*
 * Where each setting and each element of a list begins, in the order of the text (which is the order
 * of a walk through libconfig's tree; its own lines are those of the token after). Heap.
 */
struct scan_lines {
	unsigned *lines;
	size_t count, capacity;
	bool ends_in_comment; /* the last line is a # or // comment, and has no newline */
};

/* The bytes need no NUL behind them. SFMFA_ERR_CONFIG with file:line. */
enum sfmfa_err
scan_text(const char *file, const char *bytes, size_t size, struct scan_lines *ret_lines, struct diag *diag)
	SFMFA_MUST_USE;

/* NULL and zeroed are allowed. */
void
scan_lines_finish(struct scan_lines *lines);

#endif
