#include "qr/qr.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include <qrencode.h>

#include "base/secret.h"
#include "base/text.h"

#define QUIET_ZONE  4 /* modules */
#define GLYPH_BYTES 3 /* of a half block in UTF-8 */

/* A symbol shows its content: its modules are wiped like any secret. */
static void
destroy_symbol(QRcode **symbol)
{
	if (*symbol != NULL)
		wipe((*symbol)->data, (size_t)(*symbol)->width * (size_t)(*symbol)->width);
	QRcode_free(*symbol);
}

#define SYMBOL_AUTO __attribute__((cleanup(destroy_symbol))) QRcode

/*
 * Level L: a screen has no stains. The library may write runs of capitals and digits (the base32 of a
 * shared secret) in the alphanumeric mode, which saves a fifth and often a whole version.
 */
static enum sfmfa_err
make_symbol(const char *content, QRcode **ret_symbol)
{
	QRcode *symbol;

	if (content[0] == 0)
		return SFMFA_ERR_INVALID;
	symbol = QRcode_encodeString(content, 0, QR_ECLEVEL_L, QR_MODE_8, 1);
	if (symbol == NULL)
		return errno == ENOMEM ? SFMFA_ERR_NO_MEMORY : SFMFA_ERR_TOO_LARGE;
	*ret_symbol = symbol;
	return SFMFA_OK;
}

/* Modules a side, quiet zone included. */
static size_t
side_of(const QRcode *symbol)
{
	return (size_t)symbol->width + 2 * QUIET_ZONE;
}

/* row and column count from the edge of the quiet zone, which is light. */
static bool
is_dark(const QRcode *symbol, size_t row, size_t column)
{
	size_t width = (size_t)symbol->width;

	if (row < QUIET_ZONE || row >= QUIET_ZONE + width || column < QUIET_ZONE ||
	    column >= QUIET_ZONE + width)
		return false;
	return (symbol->data[(row - QUIET_ZONE) * width + column - QUIET_ZONE] & 1) != 0;
}

/* Below the last row there is nothing: it is not drawn, so that all four edges are as wide. */
static const char *
glyph(const QRcode *symbol, size_t row, size_t column)
{
	bool upper = !is_dark(symbol, row, column);
	bool lower = row + 1 < side_of(symbol) && !is_dark(symbol, row + 1, column);

	if (upper && lower)
		return "\u2588";
	if (upper)
		return "\u2580";
	return lower ? "\u2584" : " ";
}

enum sfmfa_err
qr_text(const char *content, char *ret_text, size_t size, size_t *ret_columns)
{
	SYMBOL_AUTO *symbol = NULL;
	size_t used = 0;
	size_t side;
	enum sfmfa_err err = make_symbol(content, &symbol);

	if (err != SFMFA_OK)
		return err;
	side = side_of(symbol);
	if ((side + 1) / 2 * (side * GLYPH_BYTES + 1) >= size)
		return SFMFA_ERR_TOO_LARGE;
	for (size_t row = 0; row < side; row += 2) {
		for (size_t column = 0; column < side; column++) {
			const char *text = glyph(symbol, row, column);
			size_t text_size = strlen(text);

			memcpy(ret_text + used, text, text_size);
			used += text_size;
		}
		ret_text[used++] = '\n';
	}
	ret_text[used] = 0;
	*ret_columns = side;
	return SFMFA_OK;
}

#define SVG_HEAD_SIZE 320
#define SVG_RUN_SIZE  32 /* "M123 123h123v1h-123z" */
#define SVG_TAIL      "\"/>\n</svg>\n"

/* The dark modules from here to the right. */
static size_t
run_length(const QRcode *symbol, size_t row, size_t column)
{
	size_t length = 0;

	while (is_dark(symbol, row, column + length))
		length++;
	return length;
}

static enum sfmfa_err
write_svg(const QRcode *symbol, char *svg, size_t size)
{
	size_t side = side_of(symbol);
	size_t used;
	enum sfmfa_err err;

	err = text_format(svg, size,
	                  "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
	                  "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 %zu %zu\""
	                  " width=\"%zu\" height=\"%zu\" shape-rendering=\"crispEdges\">\n"
	                  "<rect width=\"%zu\" height=\"%zu\" fill=\"#fff\"/>\n<path fill=\"#000\" d=\"",
	                  side, side, side * 8, side * 8, side, side);
	if (err != SFMFA_OK)
		return err;
	used = strlen(svg);
	for (size_t row = 0; row < side; row++) {
		for (size_t column = 0; column < side; column++) {
			size_t length = run_length(symbol, row, column);

			if (length == 0)
				continue;
			err = text_format(svg + used, size - used, "M%zu %zuh%zuv1h-%zuz", column, row,
			                  length, length);
			if (err != SFMFA_OK)
				return err;
			used += strlen(svg + used);
			column += length;
		}
	}
	return text_copy(svg + used, size - used, SVG_TAIL);
}

enum sfmfa_err
qr_svg(const char *content, char **ret_svg)
{
	SYMBOL_AUTO *symbol = NULL;
	size_t runs;
	size_t size;
	char *svg;
	enum sfmfa_err err = make_symbol(content, &symbol);

	if (err != SFMFA_OK)
		return err;
	/* A run and the light module behind it take two modules at least. */
	runs = side_of(symbol) * ((size_t)symbol->width + 1) / 2;
	size = SVG_HEAD_SIZE + runs * SVG_RUN_SIZE + sizeof(SVG_TAIL);
	svg = malloc(size);
	if (svg == NULL)
		return SFMFA_ERR_NO_MEMORY;
	err = write_svg(symbol, svg, size);
	if (err != SFMFA_OK) {
		wipe(svg, size);
		free(svg);
		return err;
	}
	*ret_svg = svg;
	return SFMFA_OK;
}
