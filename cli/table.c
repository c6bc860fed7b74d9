#include "table.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <wchar.h>

#include "cli.h"

#define GAP      2  /* spaces between columns */
#define LAST_MIN 16 /* the last column is not wrapped to less */

void
table_add(struct table *table, char *const cells[])
{
	size_t used = table->rows * table->columns;

	table->cells = cli_grow(table->cells, (used + table->columns) * sizeof *table->cells);
	for (size_t i = 0; i < table->columns; i++)
		table->cells[used + i] = cells[i];
	table->rows++;
}

static void
forget_rows(struct table *table)
{
	for (size_t i = 0; i < table->rows * table->columns; i++)
		free(table->cells[i]);
	table->rows = 0;
}

void
table_finish(struct table *table)
{
	if (!table)
		return;
	forget_rows(table);
	free(table->cells);
	memset(table, 0, sizeof *table);
}

/* One character of well-formed UTF-8: its bytes and its columns. */
static size_t
character(const char *text, size_t *ret_columns)
{
	unsigned char first = (unsigned char)text[0];
	size_t size = first < 0x80 ? 1 : first < 0xE0 ? 2 : first < 0xF0 ? 3 : 4;
	wchar_t code = first < 0x80 ? first : (wchar_t)(first & (0x7Fu >> size));
	int columns;

	for (size_t i = 1; i < size; i++) {
		if (text[i] == '\0') {
			*ret_columns = 1;
			return i;
		}
		code = (wchar_t)(((uint32_t)code << 6) | ((unsigned char)text[i] & 0x3Fu));
	}
	columns = wcwidth(code);
	*ret_columns = columns < 0 ? 1 : (size_t)columns;
	return size;
}

size_t
table_text_width(const char *text)
{
	size_t width = 0;

	while (text[0] != '\0') {
		size_t columns;

		text += character(text, &columns);
		width += columns;
	}
	return width;
}

/* Bytes of the first line of at most width columns: up to the last space that fits, else as much as fits. */
static size_t
first_line(const char *text, size_t width)
{
	size_t size = 0, used = 0, space = 0;

	while (text[size] != '\0') {
		size_t columns;
		size_t bytes = character(text + size, &columns);

		if (text[size] == ' ')
			space = size;
		if (used + columns > width && size > 0)
			return space > 0 ? space : size;
		size += bytes;
		used += columns;
	}
	return size;
}

static void
print_spaces(FILE *out, size_t count)
{
	while (count-- > 0)
		fputc(' ', out);
}

/* Text in lines of at most width columns (0: no limit), each but the first indented. */
static void
print_wrapped(FILE *out, const char *text, size_t indent, size_t width)
{
	for (;;) {
		size_t size = width == 0 ? strlen(text) : first_line(text, width);

		fwrite(text, 1, size, out);
		fputc('\n', out);
		text += size;
		while (text[0] == ' ')
			text++;
		if (text[0] == '\0')
			return;
		print_spaces(out, indent);
	}
}

static const char *
cell(const struct table *table, size_t row, size_t column)
{
	return table->cells[row * table->columns + column];
}

static void
print_head(const struct table *table, FILE *out, const size_t widths[], bool bold)
{
	size_t last = table->columns - 1;

	if (bold)
		fputs("\033[1m", out);
	for (size_t i = 0; i < last; i++) {
		fputs(table->labels[i], out);
		print_spaces(out, widths[i] + GAP - table_text_width(table->labels[i]));
	}
	fputs(table->labels[last], out);
	fputs(bold ? "\033[0m\n" : "\n", out);
}

/* last_width 0: the last column is not wrapped. */
static void
print_rows(const struct table *table, FILE *out, const size_t widths[], size_t last_width)
{
	size_t last = table->columns - 1;
	size_t indent = 0;

	for (size_t i = 0; i < last; i++)
		indent += widths[i] + GAP;
	for (size_t row = 0; row < table->rows; row++) {
		for (size_t i = 0; i < last; i++) {
			const char *text = cell(table, row, i);

			fputs(text, out);
			print_spaces(out, widths[i] + GAP - table_text_width(text));
		}
		print_wrapped(out, cell(table, row, last), indent, last_width);
	}
}

/* Each row as a block of lines. */
static void
print_blocks(const struct table *table, FILE *out, size_t width)
{
	size_t indent = 0;

	for (size_t i = 0; i < table->columns; i++) {
		size_t label = table_text_width(table->labels[i]) + GAP;

		if (label > indent)
			indent = label;
	}
	for (size_t row = 0; row < table->rows; row++) {
		if (row > 0 || table->begun)
			fputc('\n', out);
		for (size_t i = 0; i < table->columns; i++) {
			fputs(table->labels[i], out);
			print_spaces(out, indent - table_text_width(table->labels[i]));
			print_wrapped(out, cell(table, row, i), indent,
				      width > indent + 1 ? width - indent : 1);
		}
	}
}

/* Widens each column to its widest text; the sum of all but the last, with their gaps. */
static size_t
measure(const struct table *table, bool with_labels, size_t widths[])
{
	size_t before = 0;

	for (size_t i = 0; i < table->columns; i++) {
		size_t label = with_labels ? table_text_width(table->labels[i]) : 0;

		if (label > widths[i])
			widths[i] = label;
		for (size_t row = 0; row < table->rows; row++) {
			size_t text = table_text_width(cell(table, row, i));

			if (text > widths[i])
				widths[i] = text;
		}
		if (i + 1 < table->columns)
			before += widths[i] + GAP;
	}
	return before;
}

void
table_print(struct table *table, FILE *out, size_t width, bool bold)
{
	size_t last = table->columns - 1;
	size_t before = measure(table, true, table->widths);
	size_t label = table_text_width(table->labels[last]);
	size_t least = label > LAST_MIN ? label : LAST_MIN;
	bool fits = width == 0 || before + table->widths[last] <= width;

	/* What has become too wide stays so. */
	table->as_blocks = table->as_blocks || (!fits && before + least > width);
	if (table->as_blocks) {
		print_blocks(table, out, width);
	} else {
		if (!table->begun)
			print_head(table, out, table->widths, bold);
		print_rows(table, out, table->widths, fits ? 0 : width - before);
	}
	table->begun = true;
	forget_rows(table);
}

void
table_print_plain(const struct table *table, FILE *out, size_t width)
{
	size_t widths[TABLE_COLUMNS_MAX] = { 0 };
	size_t before = measure(table, false, widths);

	print_rows(table, out, widths, width == 0 ? 0 : width > before + 1 ? width - before : 1);
}
