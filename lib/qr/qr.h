/* A QR code as text or SVG, over libqrencode. */
#ifndef SFMFA_QR_QR_H
#define SFMFA_QR_QR_H

#include <stddef.h>

#include "base/error.h"

#define QR_TEXT_SIZE 16384 /* bytes; what needs more is refused */

/*
 * UTF-8 half blocks, level L, with the quiet zone of four modules (ISO 18004 6.3.8): two modules a
 * character high, light modules drawn, so that a dark terminal shows dark on light. Lines end in '\n'; the
 * last one is half a line high, because symbols have an odd number of rows.
 * No escape sequence: ssh clients show those as text. *ret_columns: characters a line.
 * SFMFA_ERR_TOO_LARGE: no symbol holds the content, or size may not hold the text (that is checked for the
 * largest text a symbol of this version can make); SFMFA_ERR_INVALID: empty content; SFMFA_ERR_NO_MEMORY.
 */
enum sfmfa_err
qr_text(const char *content, char *ret_text, size_t size, size_t *ret_columns) SFMFA_MUST_USE;

/*
 * A whole SVG document with a quiet zone of four modules (ISO 18004 6.3.8); heap, freed by the caller. It
 * shows the content: wipe it first if that is a secret. Errors as qr_text().
 */
enum sfmfa_err
qr_svg(const char *content, char **ret_svg) SFMFA_MUST_USE;

#endif
