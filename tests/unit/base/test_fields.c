#include <criterion/criterion.h>

#include <stdlib.h>
#include <string.h>

#include "base/fields.h"

/* Three fields: one empty, one with a NUL, one repeated key. */
static void
fill(struct fields *fields)
{
	cr_assert_eq(fields_add_text(fields, "verb", "login"), SFMFA_OK);
	cr_assert_eq(fields_add(fields, "password", "a\0b", 3), SFMFA_OK);
	cr_assert_eq(fields_add_text(fields, "info", ""), SFMFA_OK);
	cr_assert_eq(fields_add_text(fields, "info", "two"), SFMFA_OK);
	cr_assert_eq(fields_add_number(fields, "uid", INT64_MIN), SFMFA_OK);
}

Test(fields, are_walked_in_their_order)
{
	FIELDS_AUTO fields = { 0 };
	struct field field;
	size_t at = 0;

	cr_assert_not(fields_next(&fields, &at, &field));
	fill(&fields);
	cr_assert(fields_next(&fields, &at, &field));
	cr_assert(field_is(&field, "verb"));
	cr_assert_not(field_is(&field, "ver"));
	cr_assert_not(field_is(&field, "verbs"));
	cr_assert(fields_next(&fields, &at, &field));
	cr_assert(field_is(&field, "password"));
	cr_assert_eq(field.value_size, 3U);
	cr_assert(fields_next(&fields, &at, &field));
	cr_assert_eq(field.value_size, 0U);
	cr_assert(fields_next(&fields, &at, &field));
	cr_assert(fields_next(&fields, &at, &field));
	cr_assert_not(fields_next(&fields, &at, &field));
	cr_assert(fields_has(&fields, "info"));
	cr_assert_not(fields_has(&fields, "inf"));
}

Test(fields, getters_take_one_value_or_say_why_not)
{
	FIELDS_AUTO fields = { 0 };
	struct secret secret = { 0 };
	char text[6] = "#";
	int64_t number = 7;

	fill(&fields);
	cr_assert_eq(fields_get_text(&fields, "verb", text, 5), SFMFA_ERR_TOO_LARGE);
	cr_assert_eq(fields_get_text(&fields, "absent", text, sizeof text), SFMFA_ERR_NOT_FOUND);
	cr_assert_eq(fields_get_text(&fields, "info", text, sizeof text), SFMFA_ERR_INVALID, "repeated");
	cr_assert_eq(fields_get_text(&fields, "password", text, sizeof text), SFMFA_ERR_INVALID, "a NUL");
	cr_assert_str_eq(text, "#", "written on success only");
	cr_assert_eq(fields_get_text(&fields, "verb", text, sizeof text), SFMFA_OK);
	cr_assert_str_eq(text, "login");
	cr_assert_eq(fields_get_number(&fields, "uid", 0, INT64_MAX, &number), SFMFA_ERR_INVALID);
	cr_assert_eq(fields_get_number(&fields, "verb", 0, 9, &number), SFMFA_ERR_INVALID);
	cr_assert_eq(fields_get_number(&fields, "absent", 0, 9, &number), SFMFA_ERR_NOT_FOUND);
	cr_assert_eq(number, 7);
	cr_assert_eq(fields_get_number(&fields, "uid", INT64_MIN, 0, &number), SFMFA_OK);
	cr_assert_eq(number, INT64_MIN);
	cr_assert_eq(fields_get_secret(&fields, "password", &secret), SFMFA_ERR_INVALID);
	cr_assert_eq(fields_get_secret(&fields, "info", &secret), SFMFA_ERR_INVALID);
	cr_assert_eq(fields_get_secret(&fields, "absent", &secret), SFMFA_ERR_NOT_FOUND);
	cr_assert_eq(fields_get_secret(&fields, "verb", &secret), SFMFA_OK);
	cr_assert_eq(secret.size, 5U);
	cr_assert_eq(memcmp(secret.bytes, "login", 5), 0);
}

Test(fields, a_number_or_secret_of_many_bytes_is_refused)
{
	FIELDS_AUTO fields = { 0 };
	struct secret secret = { 0 };
	char digits[SECRET_MAX + 2];
	int64_t number = 7;

	memset(digits, '0', sizeof digits - 1);
	digits[sizeof digits - 1] = '\0';
	cr_assert_eq(fields_add_text(&fields, "n", digits), SFMFA_OK);
	cr_assert_eq(fields_get_number(&fields, "n", 0, 1, &number), SFMFA_ERR_INVALID);
	cr_assert_eq(fields_get_secret(&fields, "n", &secret), SFMFA_ERR_TOO_LARGE);
	cr_assert_eq(secret.size, 0U);
}

Test(fields, keys_are_checked)
{
	static const char *const bad[] = {
		"", "Verb", "a b", "a-b", "é", "a=", "a23456789012345678901234567890123"
	};
	FIELDS_AUTO fields = { 0 };

	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
		cr_assert_eq(fields_add_text(&fields, bad[i], "x"), SFMFA_ERR_INVALID, "%s", bad[i]);
	}
	cr_assert_eq(fields.size, 0U);
	cr_assert_eq(fields_add_text(&fields, "a2345678901234567890123456789012", "x"), SFMFA_OK);
}

Test(fields, hold_64_kib_and_refuse_one_byte_more)
{
	static char value[FIELDS_BYTES_MAX];
	FIELDS_AUTO fields = { 0 };

	memset(value, 'v', sizeof value);
	cr_assert_eq(fields_add(&fields, "k", value, sizeof value - 4), SFMFA_ERR_TOO_LARGE);
	cr_assert_eq(fields_add(&fields, "k", value, (size_t)-1), SFMFA_ERR_TOO_LARGE);
	cr_assert_eq(fields.size, 0U);
	cr_assert_eq(fields_add(&fields, "k", value, sizeof value - 5), SFMFA_OK);
	cr_assert_eq(fields.size, (size_t)FIELDS_BYTES_MAX);
	cr_assert_eq(fields_add(&fields, "k", "", 0), SFMFA_ERR_TOO_LARGE);
}

Test(fields, a_value_may_be_a_view_into_the_list_that_grows)
{
	FIELDS_AUTO fields = { 0 };
	struct field field;
	size_t at = 0;
	char value[400];
	char text[401];

	memset(value, 'x', sizeof value);
	cr_assert_eq(fields_add(&fields, "first", value, sizeof value), SFMFA_OK);
	cr_assert(fields_next(&fields, &at, &field));
	cr_assert_eq(fields_add(&fields, "second", field.value, field.value_size), SFMFA_OK);
	cr_assert_eq(fields_get_text(&fields, "second", text, sizeof text), SFMFA_OK);
	cr_assert_eq(memcmp(text, value, sizeof value), 0);
}

Test(fields, decode_takes_what_was_encoded)
{
	FIELDS_AUTO fields = { 0 };
	FIELDS_AUTO copy = { 0 };

	fill(&fields);
	cr_assert_eq(fields_add_text(&copy, "old", "gone"), SFMFA_OK);
	cr_assert_eq(fields_decode(&copy, fields.bytes, fields.size), SFMFA_OK);
	cr_assert_eq(copy.size, fields.size);
	cr_assert_eq(memcmp(copy.bytes, fields.bytes, fields.size), 0);
	cr_assert_eq(fields_decode(&copy, NULL, 0), SFMFA_OK);
	cr_assert_eq(copy.size, 0U);
	cr_assert_eq(fields_add_text(&copy, "a", "b"), SFMFA_OK, "a decoded list goes on growing");
}

/* Cutting a list between two fields leaves a shorter list: everywhere else it is malformed. */
Test(fields, decode_refuses_every_cut_inside_a_field)
{
	FIELDS_AUTO fields = { 0 };
	size_t accepted = 0;

	fill(&fields);
	for (size_t size = 0; size < fields.size; size++) {
		unsigned char *exact = malloc(size + 1);
		FIELDS_AUTO copy = { 0 };
		struct field field;
		size_t at = 0;
		bool boundary = size == 0;

		while (fields_next(&fields, &at, &field)) {
			boundary = boundary || at == size;
		}
		memcpy(exact, fields.bytes, size);
		cr_assert_eq(fields_decode(&copy, exact, size), boundary ? SFMFA_OK : SFMFA_ERR_INVALID,
			     "%zu", size);
		accepted += boundary;
		free(exact);
	}
	cr_assert_eq(accepted, 5U);
}

Test(fields, decode_refuses_sizes_and_keys_that_lie)
{
	static const struct {
		unsigned char bytes[8];
		size_t size;
	} bad[] = {
		{ { 0, 0, 0, 0 }, 4 },              /* no key */
		{ { 1, 0, 0, 0, 'A' }, 5 },         /* not a key */
		{ { 1, 0, 0, 0, 0 }, 5 },           /* a NUL in it */
		{ { 1, 0, 0, 2, 'a', 'b' }, 6 },    /* value beyond the end */
		{ { 2, 0, 0, 0, 'a' }, 5 },         /* key beyond the end */
		{ { 255, 255, 255, 255, 'a' }, 5 }, /* the largest sizes */
		{ { 1, 0, 0, 0, 'a', 0 }, 6 },      /* one byte too many */
		{ { 1, 0x80, 0, 0, 'a' }, 5 },      /* a sign bit */
	};
	FIELDS_AUTO copy = { 0 };

	cr_assert_eq(fields_add_text(&copy, "kept", "yes"), SFMFA_OK);
	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
		cr_assert_eq(fields_decode(&copy, bad[i].bytes, bad[i].size), SFMFA_ERR_INVALID, "row %zu",
			     i);
	}
	cr_assert(fields_has(&copy, "kept"), "a failure leaves the list alone");
}

Test(fields, decode_refuses_more_than_64_kib)
{
	static unsigned char bytes[FIELDS_BYTES_MAX + 9]; /* a multiple of 5 */
	FIELDS_AUTO copy = { 0 };

	for (size_t at = 0; at < sizeof bytes; at += 5) {
		memcpy(bytes + at, "\x01\0\0\0a", 5);
	}
	cr_assert_eq(fields_decode(&copy, bytes, sizeof bytes), SFMFA_ERR_INVALID);
	cr_assert_eq(fields_decode(&copy, bytes, FIELDS_BYTES_MAX - FIELDS_BYTES_MAX % 5), SFMFA_OK);
}

Test(fields, take_keeps_the_block_on_success_and_frees_it_on_failure)
{
	FIELDS_AUTO fields = { 0 };
	unsigned char *block = malloc(100);

	memcpy(block,
	       "\x01\0\0\x01"
	       "ab",
	       6);
	cr_assert_eq(fields_take(&fields, block, 6, 100), SFMFA_OK);
	cr_assert_eq(fields.size, 6U);
	cr_assert_eq(fields.capacity, 6U);
	block = malloc(100);
	memcpy(block,
	       "\x01\0\0\x02"
	       "ab",
	       6);
	cr_assert_eq(fields_take(&fields, block, 6, 100), SFMFA_ERR_INVALID);
	cr_assert_eq(fields_take(&fields, malloc(10), 11, 10), SFMFA_ERR_INTERNAL);
	cr_assert(fields_has(&fields, "a"));
	cr_assert_eq(fields_take(&fields, malloc(10), 0, 10), SFMFA_OK);
	cr_assert_null(fields.bytes);
}

Test(fields, clear_wipes_and_finish_may_be_repeated)
{
	static const unsigned char zero[5];
	struct fields fields = { 0 };

	fill(&fields);
	fields_clear(&fields);
	cr_assert_eq(fields.size, 0U);
	cr_assert_eq(memcmp(fields.bytes + 8, zero, sizeof zero), 0);
	cr_assert_eq(fields_add_text(&fields, "a", "b"), SFMFA_OK);
	fields_finish(&fields);
	fields_finish(&fields);
	fields_finish(NULL);
	fields_clear(&fields);
	cr_assert_null(fields.bytes);
}
