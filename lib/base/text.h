/* Bounded text, strict numbers, and foreign text made printable. */
#ifndef SFMFA_BASE_TEXT_H
#define SFMFA_BASE_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

/* Copies a string whole or not at all: SFMFA_ERR_TOO_LARGE leaves to[0] = 0. */
enum sfmfa_err
text_copy(char *to, size_t to_size, const char *from) SFMFA_MUST_USE;

/* snprintf that refuses to truncate. */
enum sfmfa_err
text_format(char *to, size_t to_size, const char *fmt, ...) SFMFA_PRINTF(3, 4) SFMFA_MUST_USE;

bool
text_equals(const char *a, const char *b);

/*
 * Decimal digits only (a leading '-' where min < 0), no space, no sign '+', in [min, max].
 * SFMFA_ERR_INVALID otherwise.
 */
enum sfmfa_err
text_parse_number(const char *text, int64_t min, int64_t max, int64_t *ret_number) SFMFA_MUST_USE;

/* True for names safe as a key and as a file name: [A-Za-z0-9_][A-Za-z0-9_.-]*, at most 63. */
bool
text_is_name(const char *text);

/*
 * Foreign text for logs and events (rules 7): printable ASCII without \ " = stays, every other
 * byte becomes \xNN, so that no value can forge a key=value pair. Cuts at the last whole escape
 * that fits and always terminates.
 */
void
text_escape(char *to, size_t to_size, const void *from, size_t from_size);

/*
 * The same for people, one line: valid UTF-8 and spaces stay; control characters (line feed and ESC
 * too), marks that reorder text and bad bytes become '?'. Cuts at the last whole character that fits.
 */
void
text_printable(char *to, size_t to_size, const char *from);

/* Whether the bytes are well-formed UTF-8 without NUL (RFC 3629). */
bool
text_is_utf8(const void *bytes, size_t size);

/* Lower-case hexadecimal; to_size must be 2 * size + 1 at least. */
enum sfmfa_err
text_from_bytes(char *to, size_t to_size, const void *bytes, size_t size) SFMFA_MUST_USE;

/* Exactly size bytes from 2 * size hexadecimal digits of either case; SFMFA_ERR_INVALID writes nothing. */
enum sfmfa_err
text_to_bytes(const char *hex, void *bytes, size_t size) SFMFA_MUST_USE;

/* RFC 3339 in UTC, "2026-11-24T03:34:36Z"; clamped to the years 0000 to 9999. */
#define TEXT_TIME_SIZE 32
void
text_time_utc(int64_t unix_seconds, char text[TEXT_TIME_SIZE]);

#endif
