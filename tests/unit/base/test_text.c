#include <criterion/criterion.h>

#include <limits.h>
#include <string.h>

#include "base/error.h"
#include "base/secret.h"
#include "base/text.h"

Test(error, every_error_has_its_own_word)
{
	for (int a = SFMFA_OK; a <= SFMFA_ERR_CLOSED; a++) {
		cr_assert_str_neq(sfmfa_err_word((enum sfmfa_err)a), "unknown");
		for (int b = SFMFA_OK; b < a; b++) {
			cr_assert_str_neq(sfmfa_err_word((enum sfmfa_err)a),
					  sfmfa_err_word((enum sfmfa_err)b));
		}
	}
	cr_assert_str_eq(sfmfa_err_word((enum sfmfa_err)99), "unknown");
}

Test(error, diag_set_returns_the_error_with_and_without_a_diag)
{
	struct diag diag;

	cr_assert_eq(diag_set(NULL, SFMFA_ERR_CONFIG, "/f", 1, "%s", "x"), SFMFA_ERR_CONFIG);
	cr_assert_eq(diag_set(&diag, SFMFA_ERR_STORE, "/etc/x", 7, "bad %d", 3), SFMFA_ERR_STORE);
	cr_assert_str_eq(diag.file, "/etc/x");
	cr_assert_eq(diag.line, 7U);
	cr_assert_str_eq(diag.text, "bad 3");
}

Test(error, diag_set_cuts_what_is_too_long)
{
	static char huge[2000];
	struct diag diag;
	char line[DIAG_LINE_SIZE];

	memset(huge, 'a', sizeof huge - 1);
	(void)diag_set(&diag, SFMFA_ERR_INVALID, huge, UINT_MAX, "%s", huge);
	cr_assert_eq(strlen(diag.file), (size_t)DIAG_FILE_SIZE - 1);
	cr_assert_eq(strlen(diag.text), (size_t)DIAG_TEXT_SIZE - 1);
	diag_format(&diag, line);
	cr_assert_eq(strlen(line), (size_t)DIAG_FILE_SIZE + DIAG_TEXT_SIZE - 2 + strlen(":4294967295: "));
}

Test(error, diag_set_may_read_from_the_diag_it_fills)
{
	struct diag diag;

	(void)diag_set(&diag, SFMFA_ERR_INVALID, "/f", 2, "inner");
	(void)diag_set(&diag, SFMFA_ERR_INVALID, diag.file, diag.line, "outer: %s", diag.text);
	cr_assert_str_eq(diag.file, "/f");
	cr_assert_str_eq(diag.text, "outer: inner");
}

Test(error, diag_format_leaves_out_what_is_not_there)
{
	struct diag diag;
	char line[DIAG_LINE_SIZE];

	(void)diag_set(&diag, SFMFA_ERR_INVALID, "/f", 3, "t");
	diag_format(&diag, line);
	cr_assert_str_eq(line, "/f:3: t");
	(void)diag_set(&diag, SFMFA_ERR_INVALID, "/f", 0, "t");
	diag_format(&diag, line);
	cr_assert_str_eq(line, "/f: t");
	(void)diag_set(&diag, SFMFA_ERR_INVALID, NULL, 3, "t");
	diag_format(&diag, line);
	cr_assert_str_eq(line, "t");
}

Test(secret, set_replaces_and_wipes_the_rest)
{
	struct secret secret = { 0 };

	cr_assert_eq(secret_set(&secret, "longer secret", 13), SFMFA_OK);
	cr_assert_eq(secret_set(&secret, "short", 5), SFMFA_OK);
	cr_assert_eq(secret.size, 5U);
	for (size_t i = 5; i < SECRET_MAX; i++) {
		cr_assert_eq(secret.bytes[i], 0);
	}
}

Test(secret, set_takes_all_sizes_up_to_the_limit_and_no_more)
{
	static const unsigned char bytes[SECRET_MAX + 1] = { 1 };
	struct secret secret = { 0 };

	cr_assert_eq(secret_set(&secret, NULL, 0), SFMFA_OK);
	cr_assert_eq(secret_set(&secret, bytes, SECRET_MAX), SFMFA_OK);
	cr_assert_eq(secret.size, (size_t)SECRET_MAX);
	cr_assert_eq(secret_set(&secret, bytes, SECRET_MAX + 1), SFMFA_ERR_TOO_LARGE);
	cr_assert_eq(secret.size, 0U);
	cr_assert_eq(secret.bytes[0], 0);
}

Test(secret, set_may_take_a_part_of_itself)
{
	struct secret secret = { 0 };

	cr_assert_eq(secret_set(&secret, "password123456", 14), SFMFA_OK);
	cr_assert_eq(secret_set(&secret, secret.bytes + 8, 6), SFMFA_OK);
	cr_assert_eq(memcmp(secret.bytes, "123456\0\0", 8), 0);
}

Test(secret, move_leaves_nothing_behind)
{
	static const struct secret empty;
	struct secret from = { 0 };
	struct secret to = { 0 };

	cr_assert_eq(secret_set(&from, "abc", 3), SFMFA_OK);
	cr_assert_eq(secret_set(&to, "earlier", 7), SFMFA_OK);
	secret_move(&to, &from);
	cr_assert_eq(memcmp(&from, &empty, sizeof empty), 0);
	cr_assert_eq(to.size, 3U);
	cr_assert_eq(memcmp(to.bytes, "abc\0", 4), 0);
	secret_move(&to, &to);
	cr_assert_eq(to.size, 3U);
}

Test(secret, equals_only_for_the_same_bytes)
{
	struct secret a = { 0 };
	struct secret b = { 0 };

	cr_assert_not(secret_equals(&a, &b), "empty never equals anything");
	cr_assert_eq(secret_set(&a, "abcd", 4), SFMFA_OK);
	cr_assert_not(secret_equals(&a, &b));
	cr_assert_eq(secret_set(&b, "abcd", 4), SFMFA_OK);
	cr_assert(secret_equals(&a, &b));
	for (size_t i = 0; i < 4; i++) {
		b.bytes[i] ^= 0x80;
		cr_assert_not(secret_equals(&a, &b));
		b.bytes[i] ^= 0x80;
	}
	cr_assert_eq(secret_set(&b, "abc", 3), SFMFA_OK);
	cr_assert_not(secret_equals(&a, &b));
	cr_assert_not(bytes_equal("", "", 0));
	wipe(NULL, 10);
	wipe(&a, 0);
	cr_assert_eq(a.size, 4U);
	secret_clear(&a);
	cr_assert_eq(a.size, 0U);
}

Test(text, copy_is_whole_or_nothing)
{
	char to[4] = "xxx";

	cr_assert_eq(text_copy(to, sizeof to, "abc"), SFMFA_OK);
	cr_assert_str_eq(to, "abc");
	cr_assert_eq(text_copy(to, sizeof to, "abcd"), SFMFA_ERR_TOO_LARGE);
	cr_assert_str_eq(to, "");
	cr_assert_eq(text_copy(to, 0, ""), SFMFA_ERR_TOO_LARGE);
}

Test(text, format_refuses_to_cut)
{
	char to[4];

	cr_assert_eq(text_format(to, sizeof to, "%d", 123), SFMFA_OK);
	cr_assert_str_eq(to, "123");
	cr_assert_eq(text_format(to, sizeof to, "%d", 1234), SFMFA_ERR_TOO_LARGE);
	cr_assert_str_eq(to, "");
	cr_assert_eq(text_format(to, 0, "%d", 1), SFMFA_ERR_TOO_LARGE);
	cr_assert(text_equals("a", "a"));
	cr_assert_not(text_equals("a", "ab"));
}

Test(text, numbers_are_digits_within_bounds)
{
	static const struct {
		const char *text;
		int64_t min;
		int64_t max;
		int64_t number;
	} good[] = {
		{ "0", 0, 0, 0 },
		{ "007", 0, 9, 7 },
		{ "-5", -5, 5, -5 },
		{ "9223372036854775807", INT64_MIN, INT64_MAX, INT64_MAX },
		{ "-9223372036854775808", INT64_MIN, INT64_MAX, INT64_MIN },
	};
	int64_t number = 0;

	for (size_t i = 0; i < sizeof good / sizeof good[0]; i++) {
		cr_assert_eq(text_parse_number(good[i].text, good[i].min, good[i].max, &number), SFMFA_OK,
			     "%s", good[i].text);
		cr_assert_eq(number, good[i].number);
	}
}

Test(text, anything_but_a_number_is_refused_and_nothing_is_written)
{
	static const char *const bad[] = {
		"",
		" 1",
		"1 ",
		"+1",
		"1.0",
		"0x10",
		"1e3",
		"-",
		"--1",
		"- 1",
		"1-",
		"11",
		"-11",
		"٣",
		"\n1",
		"1\n",
		"4294967296",
		"18446744073709551616",
		"9223372036854775808",
		"-9223372036854775809",
		"99999999999999999999999999999999",
	};
	int64_t number = 42;

	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
		cr_assert_eq(text_parse_number(bad[i], -10, 10, &number), SFMFA_ERR_INVALID, "%s", bad[i]);
	}
	cr_assert_eq(text_parse_number("-0", 0, 10, &number), SFMFA_ERR_INVALID,
		     "a sign where min is not below 0");
	cr_assert_eq(text_parse_number("9223372036854775808", INT64_MIN, INT64_MAX, &number),
		     SFMFA_ERR_INVALID);
	cr_assert_eq(number, 42);
}

Test(text, names_are_safe_as_file_names)
{
	static const char *const good[] = { "a", "standard", "a.b-c_d", "0", "_x", "A-" };
	static const char *const bad[] = { "",    ".",   "..", ".a", "-a",  "a/b",
					   "a b", "a\n", "é",  "a=", "a\\", "a~" };
	char longest[65];

	for (size_t i = 0; i < sizeof good / sizeof good[0]; i++) {
		cr_assert(text_is_name(good[i]), "%s", good[i]);
	}
	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
		cr_assert_not(text_is_name(bad[i]), "%s", bad[i]);
	}
	memset(longest, 'a', sizeof longest);
	longest[63] = '\0';
	cr_assert(text_is_name(longest));
	longest[63] = 'a';
	longest[64] = '\0';
	cr_assert_not(text_is_name(longest));
}

Test(text, escape_lets_no_value_forge_a_pair)
{
	char to[64];

	text_escape(to, sizeof to, "a b user=root\n\"\\\x7f\xc3\xa9", 19);
	cr_assert_str_eq(to, "a b user\\x3droot\\x0a\\x22\\x5c\\x7f\\xc3\\xa9");
	text_escape(to, sizeof to, "a\0b", 3);
	cr_assert_str_eq(to, "a\\x00b");
}

Test(text, escape_cuts_at_a_whole_escape_for_every_size)
{
	for (size_t size = 0; size <= 16; size++) {
		char to[17];
		size_t whole;

		memset(to, '#', sizeof to);
		text_escape(to, size, "a\n\nb", 4);
		cr_assert_eq(to[size], '#');
		if (size == 0) {
			continue;
		}
		whole = size >= 11 ? 10 : size >= 10 ? 9 : size >= 6 ? 5 : size >= 2 ? 1 : 0;
		cr_assert_eq(strlen(to), whole, "size %zu: %s", size, to);
		cr_assert_eq(strncmp(to, "a\\x0a\\x0ab", whole), 0);
	}
}

Test(text, printable_keeps_people_s_text_and_defuses_the_rest)
{
	char to[64];

	text_printable(to, sizeof to, "Zoë 漢字 😀");
	cr_assert_str_eq(to, "Zoë 漢字 😀");
	text_printable(to, sizeof to,
		       "a\x1b[2J\n\t\x7f"
		       "b");
	cr_assert_str_eq(to, "a?[2J???b");
	text_printable(to, sizeof to,
		       "\xc2\x9b"
		       "1m \xe2\x80\xae"
		       "x \xff\xc3");
	cr_assert_str_eq(to, "?1m ?x ??");
	text_printable(to, 4, "éé");
	cr_assert_str_eq(to, "é", "cuts at a whole character");
	to[0] = '#';
	text_printable(to, 0, "x");
	cr_assert_eq(to[0], '#');
}

Test(text, utf8_is_well_formed_or_not)
{
	static const struct {
		const char *bytes;
		size_t size;
		bool good;
	} rows[] = {
		{ "", 0, true },
		{ "abc", 3, true },
		{ "\xc2\x80", 2, true },
		{ "\xdf\xbf", 2, true },
		{ "\xe0\xa0\x80", 3, true },
		{ "\xed\x9f\xbf", 3, true },
		{ "\xf0\x90\x80\x80", 4, true },
		{ "\xf4\x8f\xbf\xbf", 4, true },
		{ "a\0b", 3, false },
		{ "\x80", 1, false },
		{ "\xc0\x80", 2, false },
		{ "\xc1\xbf", 2, false },
		{ "\xc2", 1, false },
		{ "\xc2\x41", 2, false },
		{ "\xe0\x80\x80", 3, false },
		{ "\xe0\xa0", 2, false },
		{ "\xed\xa0\x80", 3, false },
		{ "\xf0\x80\x80\x80", 4, false },
		{ "\xf4\x90\x80\x80", 4, false },
		{ "\xf5\x80\x80\x80", 4, false },
		{ "\xff", 1, false },
	};

	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		cr_assert_eq(text_is_utf8(rows[i].bytes, rows[i].size), rows[i].good, "row %zu", i);
	}
}

Test(text, hexadecimal_goes_there_and_back)
{
	static const unsigned char bytes[3] = { 0x00, 0xab, 0xff };
	unsigned char back[3] = { 9, 9, 9 };
	char text[7];

	cr_assert_eq(text_from_bytes(text, sizeof text, bytes, 3), SFMFA_OK);
	cr_assert_str_eq(text, "00abff");
	cr_assert_eq(text_from_bytes(text, 6, bytes, 3), SFMFA_ERR_TOO_LARGE);
	cr_assert_eq(text_from_bytes(text, 0, bytes, 0), SFMFA_ERR_TOO_LARGE);
	cr_assert_eq(text_from_bytes(text, sizeof text, bytes, (size_t)-1), SFMFA_ERR_TOO_LARGE);
	cr_assert_eq(text_to_bytes("00ABff", back, 3), SFMFA_OK);
	cr_assert_eq(memcmp(back, bytes, 3), 0);
	memset(back, 9, sizeof back);
	cr_assert_eq(text_to_bytes("00abf", back, 3), SFMFA_ERR_INVALID);
	cr_assert_eq(text_to_bytes("00abff0", back, 3), SFMFA_ERR_INVALID);
	cr_assert_eq(text_to_bytes("00abfff0", back, 3), SFMFA_ERR_INVALID);
	cr_assert_eq(text_to_bytes("00abfg", back, 3), SFMFA_ERR_INVALID);
	cr_assert_eq(text_to_bytes("0x00ab", back, 3), SFMFA_ERR_INVALID);
	cr_assert_eq(back[0], 9, "a failure writes nothing");
}

Test(text, times_are_rfc_3339_in_utc)
{
	static const struct {
		int64_t seconds;
		const char *text;
	} rows[] = {
		{ 0, "1970-01-01T00:00:00Z" },
		{ -1, "1969-12-31T23:59:59Z" },
		{ 951782399, "2000-02-28T23:59:59Z" },
		{ 951782400, "2000-02-29T00:00:00Z" },
		{ 4107542400, "2100-03-01T00:00:00Z" },
		{ 1795491276, "2026-11-24T03:34:36Z" },
		{ 253402300799, "9999-12-31T23:59:59Z" },
		{ -62167219200, "0000-01-01T00:00:00Z" },
		{ INT64_MAX, "9999-12-31T23:59:59Z" },
		{ INT64_MIN, "0000-01-01T00:00:00Z" },
	};
	char text[TEXT_TIME_SIZE];

	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		text_time_utc(rows[i].seconds, text);
		cr_assert_str_eq(text, rows[i].text);
	}
}
