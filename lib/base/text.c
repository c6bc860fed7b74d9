#include "base/text.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#define NAME_LENGTH_MAX 63

enum sfmfa_err
text_copy(char *to, size_t to_size, const char *from)
{
	size_t size = strlen(from);

	if (to_size == 0) {
		return SFMFA_ERR_TOO_LARGE;
	}
	if (size >= to_size) {
		to[0] = '\0';
		return SFMFA_ERR_TOO_LARGE;
	}
	memmove(to, from, size + 1);
	return SFMFA_OK;
}

enum sfmfa_err
text_format(char *to, size_t to_size, const char *fmt, ...)
{
	va_list args;
	int size;

	if (to_size == 0) {
		return SFMFA_ERR_TOO_LARGE;
	}
	va_start(args, fmt);
	size = vsnprintf(to, to_size, fmt, args);
	va_end(args);
	if (size < 0) {
		to[0] = '\0';
		return SFMFA_ERR_INTERNAL;
	}
	if ((size_t)size >= to_size) {
		to[0] = '\0';
		return SFMFA_ERR_TOO_LARGE;
	}
	return SFMFA_OK;
}

bool
text_equals(const char *a, const char *b)
{
	return strcmp(a, b) == 0;
}

/* Downwards from zero, because only the negative side holds INT64_MIN. */
static bool
parse_negated(const char *digits, int64_t *ret_negated)
{
	int64_t negated = 0;

	if (*digits == '\0') {
		return false;
	}
	for (; *digits; digits++) {
		if (*digits < '0' || *digits > '9') {
			return false;
		}
		if (__builtin_mul_overflow(negated, 10, &negated) ||
		    __builtin_sub_overflow(negated, *digits - '0', &negated)) {
			return false;
		}
	}
	*ret_negated = negated;
	return true;
}

enum sfmfa_err
text_parse_number(const char *text, int64_t min, int64_t max, int64_t *ret_number)
{
	bool negative = text[0] == '-' && min < 0;
	int64_t number;

	if (!parse_negated(negative ? text + 1 : text, &number)) {
		return SFMFA_ERR_INVALID;
	}
	if (!negative && __builtin_sub_overflow((int64_t)0, number, &number)) {
		return SFMFA_ERR_INVALID;
	}
	if (number < min || number > max) {
		return SFMFA_ERR_INVALID;
	}
	*ret_number = number;
	return SFMFA_OK;
}

static bool
is_word_character(unsigned char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
}

bool
text_is_name(const char *text)
{
	size_t size = 0;

	for (; text[size]; size++) {
		bool inner = size > 0 && (text[size] == '.' || text[size] == '-');

		if (size == NAME_LENGTH_MAX || !(inner || is_word_character((unsigned char)text[size]))) {
			return false;
		}
	}
	return size > 0;
}

void
text_escape(char *to, size_t to_size, const void *from, size_t from_size)
{
	static const char hex[] = "0123456789abcdef";
	const unsigned char *bytes = from;
	size_t at = 0;

	if (to_size == 0) {
		return;
	}
	for (size_t i = 0; i < from_size; i++) {
		unsigned char c = bytes[i];
		bool stays = c >= 0x20 && c < 0x7f && c != '\\' && c != '"' && c != '=';

		if (to_size - at <= (stays ? 1U : 4U)) {
			break;
		}
		if (stays) {
			to[at++] = (char)c;
			continue;
		}
		to[at++] = '\\';
		to[at++] = 'x';
		to[at++] = hex[c >> 4];
		to[at++] = hex[c & 15];
	}
	to[at] = '\0';
}

/* One UTF-8 character (RFC 3629, 3 and 4). Returns its bytes, 0 where they are malformed. */
static size_t
utf8_next(const unsigned char *bytes, size_t size, uint32_t *ret_point)
{
	static const uint32_t least[] = { 0, 0, 0x80, 0x800, 0x10000 };
	size_t length;
	uint32_t point;

	if (size == 0) {
		return 0;
	}
	if (bytes[0] < 0x80) {
		*ret_point = bytes[0];
		return 1;
	}
	length = bytes[0] >= 0xf0 ? 4 : bytes[0] >= 0xe0 ? 3 : 2;
	if (bytes[0] < 0xc2 || bytes[0] > 0xf4 || size < length) {
		return 0;
	}
	point = bytes[0] & (0xffU >> (length + 1));
	for (size_t i = 1; i < length; i++) {
		if ((bytes[i] & 0xc0) != 0x80) {
			return 0;
		}
		point = point << 6 | (bytes[i] & 0x3fU);
	}
	if (point < least[length] || point > 0x10ffff || (point >= 0xd800 && point <= 0xdfff)) {
		return 0;
	}
	*ret_point = point;
	return length;
}

/* Controls, and the characters that reorder or break a line: what a terminal shows must be what is there. */
static bool
is_deceptive(uint32_t point)
{
	return point < 0x20 || (point >= 0x7f && point < 0xa0) || point == 0x2028 || point == 0x2029 ||
	       (point >= 0x202a && point <= 0x202e) || (point >= 0x2066 && point <= 0x2069);
}

void
text_printable(char *to, size_t to_size, const char *from)
{
	const unsigned char *bytes = (const unsigned char *)from;
	size_t left = strlen(from);
	size_t at = 0;

	if (to_size == 0) {
		return;
	}
	while (left > 0) {
		uint32_t point = 0;
		size_t length = utf8_next(bytes, left, &point);
		bool shown = length > 0 && !is_deceptive(point);

		if (to_size - at <= (shown ? length : 1)) {
			break;
		}
		if (shown) {
			memcpy(to + at, bytes, length);
			at += length;
		} else {
			to[at++] = '?';
		}
		length = length > 0 ? length : 1;
		bytes += length;
		left -= length;
	}
	to[at] = '\0';
}

bool
text_is_utf8(const void *bytes, size_t size)
{
	const unsigned char *at = bytes;

	while (size > 0) {
		uint32_t point = 0;
		size_t length = utf8_next(at, size, &point);

		if (length == 0 || point == 0) {
			return false;
		}
		at += length;
		size -= length;
	}
	return true;
}

enum sfmfa_err
text_from_bytes(char *to, size_t to_size, const void *bytes, size_t size)
{
	static const char hex[] = "0123456789abcdef";
	const unsigned char *from = bytes;

	if (to_size == 0 || size > (to_size - 1) / 2) {
		return SFMFA_ERR_TOO_LARGE;
	}
	for (size_t i = 0; i < size; i++) {
		to[2 * i] = hex[from[i] >> 4];
		to[2 * i + 1] = hex[from[i] & 15];
	}
	to[2 * size] = '\0';
	return SFMFA_OK;
}

static int
hex_value(char c)
{
	if (c >= '0' && c <= '9') {
		return c - '0';
	}
	if (c >= 'a' && c <= 'f') {
		return c - 'a' + 10;
	}
	if (c >= 'A' && c <= 'F') {
		return c - 'A' + 10;
	}
	return -1;
}

enum sfmfa_err
text_to_bytes(const char *hex, void *bytes, size_t size)
{
	unsigned char *to = bytes;
	size_t digits = 0;

	while (hex[digits]) {
		if (hex_value(hex[digits]) < 0) {
			return SFMFA_ERR_INVALID;
		}
		digits++;
	}
	if (digits % 2 != 0 || digits / 2 != size) {
		return SFMFA_ERR_INVALID;
	}
	for (size_t i = 0; i < size; i++) {
		to[i] = (unsigned char)(hex_value(hex[2 * i]) << 4 | hex_value(hex[2 * i + 1]));
	}
	return SFMFA_OK;
}

/* The date of a day counted from 1970-01-01, proleptic Gregorian; years begin in March. */
static void
civil_from_days(int64_t days, int *ret_year, int *ret_month, int *ret_day)
{
	int64_t shifted = days + 719468; /* from 0000-03-01 */
	int64_t era = (shifted >= 0 ? shifted : shifted - 146096) / 146097;
	int64_t day_of_era = shifted - era * 146097;
	int64_t year_of_era =
		(day_of_era - day_of_era / 1460 + day_of_era / 36524 - day_of_era / 146096) / 365;
	int64_t day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
	int64_t month_from_march = (5 * day_of_year + 2) / 153;

	*ret_day = (int)(day_of_year - (153 * month_from_march + 2) / 5 + 1);
	*ret_month = (int)(month_from_march < 10 ? month_from_march + 3 : month_from_march - 9);
	*ret_year = (int)(year_of_era + era * 400 + (*ret_month <= 2));
}

void
text_time_utc(int64_t unix_seconds, char text[TEXT_TIME_SIZE])
{
	const int64_t least = -62167219200; /* 0000-01-01T00:00:00Z */
	const int64_t most = 253402300799;  /* 9999-12-31T23:59:59Z: RFC 3339 has four digits */
	int64_t seconds = unix_seconds < least ? least : unix_seconds > most ? most : unix_seconds;
	int64_t days = seconds / 86400 - (seconds % 86400 < 0);
	int second = (int)(seconds - days * 86400);
	int year;
	int month;
	int day;

	civil_from_days(days, &year, &month, &day);
	if (text_format(text, TEXT_TIME_SIZE, "%04d-%02d-%02dT%02d:%02d:%02dZ", year, month, day,
			second / 3600, second / 60 % 60, second % 60)) {
		text[0] = '\0';
	}
}
