/*
 * Tables for people. A table that is wider than the terminal wraps its last column; where that is not
 * enough each row becomes a few lines of "label  value". Nothing is ever cut off.
 */
#ifndef SFMFA_CLI_TABLE_H
#define SFMFA_CLI_TABLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#define TABLE_COLUMNS_MAX 16

struct table {
	const char *labels[TABLE_COLUMNS_MAX]; /* of the caller */
	size_t columns;
	char **cells; /* heap, each heap: rows × columns */
	size_t rows;
	/* Of what was printed so far. */
	size_t widths[TABLE_COLUMNS_MAX];
	bool begun;
	bool as_blocks;
};

#define TABLE_AUTO __attribute__((cleanup(table_finish))) struct table

/* Appends a row; takes over the cells (heap strings). */
void
table_add(struct table *table, char *const cells[]);

/*
 * Prints the rows and forgets them, so that a long table is never whole in memory: more may be added and printed, in
 * columns that get no narrower, the labels once. width 0: no limit. bold: the labels in bold type.
 */
void
table_print(struct table *table, FILE *out, size_t width, bool bold);

/* Rows without labels; the last column is wrapped. */
void
table_print_plain(const struct table *table, FILE *out, size_t width);

void
table_finish(struct table *table);

/* Columns that a printable UTF-8 text takes. */
size_t
table_text_width(const char *text);

#endif
