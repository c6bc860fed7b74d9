#include <stdio.h>
#include <string.h>

#include <criterion/criterion.h>

#include "crypto/random.h"
#include "factor/code.h"

static unsigned draw_limits[16];
static unsigned draws;

static enum sfmfa_err
last_below(unsigned limit, unsigned *ret_number)
{
	draw_limits[draws++] = limit;
	*ret_number = limit - 1;
	return SFMFA_OK;
}

static enum sfmfa_err
broken_below(unsigned limit, unsigned *ret_number)
{
	return SFMFA_ERR_CRYPTO;
}

static enum sfmfa_err
too_large_below(unsigned limit, unsigned *ret_number)
{
	*ret_number = limit;
	return SFMFA_OK;
}

static struct secret
answer_of(const char *text)
{
	struct secret secret = { 0 };

	cr_assert_eq(secret_set(&secret, text, strlen(text)), SFMFA_OK);
	return secret;
}

static void
assert_code(const char *text, enum code_kind kind, const char *canonical)
{
	struct secret answer = answer_of(text);
	struct secret got = { 0 };

	cr_assert_eq(code_recognize(&answer, &got), kind, "%s", text);
	cr_assert_eq(got.size, strlen(canonical), "%s", text);
	cr_assert_arr_eq(got.bytes, canonical, got.size, "%s", text);
}

static void
assert_no_code(const char *text)
{
	struct secret answer = answer_of(text);
	struct secret got = { .size = 1, .bytes = "x" };

	cr_assert_eq(code_recognize(&answer, &got), CODE_NONE, "%s", text);
	cr_assert_eq(got.size, 1);
	cr_assert_eq(got.bytes[0], 'x');
}

Test(code, new_ones_are_recognised_as_what_they_are)
{
	for (int i = 0; i < 500; i++) {
		struct secret recovery = { 0 };
		struct secret temporary = { 0 };
		struct secret canonical = { 0 };

		cr_assert_eq(code_generate(CODE_RECOVERY, random_below, &recovery), SFMFA_OK);
		cr_assert_eq(code_generate(CODE_TEMPORARY, random_below, &temporary), SFMFA_OK);
		cr_assert_eq(recovery.size, RECOVERY_CODE_TEXT_SIZE - 1);
		cr_assert_eq(temporary.size, TEMPORARY_CODE_TEXT_SIZE - 1);
		cr_assert_eq(code_recognize(&recovery, &canonical), CODE_RECOVERY);
		cr_assert_eq(canonical.size, 16);
		cr_assert_eq(code_recognize(&temporary, &canonical), CODE_TEMPORARY);
		cr_assert_eq(canonical.size, 8);
	}
}

Test(code, the_printed_form_is_groups_of_four_whose_last_character_is_a_letter)
{
	struct secret code = { 0 };

	cr_assert_eq(code_generate(CODE_RECOVERY, last_below, &code), SFMFA_OK);
	cr_assert_arr_eq(code.bytes, "7777-7777-7777-777Z", 19);
	cr_assert_eq(draws, 16);
	for (unsigned i = 0; i < 15; i++)
		cr_assert_eq(draw_limits[i], 32);
	cr_assert_eq(draw_limits[15], 26);
	draws = 0;
	cr_assert_eq(code_generate(CODE_TEMPORARY, last_below, &code), SFMFA_OK);
	cr_assert_eq(code.size, 9);
	cr_assert_arr_eq(code.bytes, "7777-777Z", 9);
	cr_assert_eq(draws, 8);
}

Test(code, no_kind_and_no_randomness_make_no_code)
{
	struct secret code = { .size = 1, .bytes = "x" };

	cr_assert_eq(code_generate(CODE_NONE, random_below, &code), SFMFA_ERR_INVALID);
	cr_assert_eq(code_generate((enum code_kind)99, random_below, &code), SFMFA_ERR_INVALID);
	cr_assert_eq(code_generate(CODE_RECOVERY, broken_below, &code), SFMFA_ERR_CRYPTO);
	cr_assert_eq(code_generate(CODE_TEMPORARY, too_large_below, &code), SFMFA_ERR_INTERNAL);
	cr_assert_eq(code.size, 1);
	cr_assert_eq(code.bytes[0], 'x');
}

Test(code, case_and_separators_do_not_matter)
{
	assert_code("ABCD-EFGH-IJKL-MN2P", CODE_RECOVERY, "ABCDEFGHIJKLMN2P");
	assert_code("abcdefghijklmn2p", CODE_RECOVERY, "ABCDEFGHIJKLMN2P");
	assert_code(" aBcD eFgH  iJkL mN2p ", CODE_RECOVERY, "ABCDEFGHIJKLMN2P");
	assert_code("a-b-c-d-e-f-g-h-i-j-k-l-m-n-2-p--", CODE_RECOVERY, "ABCDEFGHIJKLMN2P");
	assert_code("2345-672a", CODE_TEMPORARY, "2345672A");
	assert_code("2345672A", CODE_TEMPORARY, "2345672A");
	assert_code("--23 45 67 2A--", CODE_TEMPORARY, "2345672A");
}

Test(code, a_code_of_digits_only_is_never_taken_for_one)
{
	char text[9];

	for (unsigned i = 0; i < 100000000; i += 99991) {
		snprintf(text, sizeof(text), "%08u", i);
		assert_no_code(text);
	}
	assert_no_code("22222222");
	assert_no_code("23456723");
	assert_no_code("2222-2222-2222-2222");
	assert_no_code("123456");
}

Test(code, other_lengths_and_characters_are_none)
{
	char text[64];

	for (int size = 0; size <= 40; size++) {
		memset(text, 'A', sizeof(text));
		text[size] = 0;
		if (size != 8 && size != 16)
			assert_no_code(text);
	}
	assert_no_code("----");
	assert_no_code("ABCD-EFG0");
	assert_no_code("ABC1-EFGH");
	assert_no_code("ABC8-EFGH");
	assert_no_code("ABC9-EFGH");
	assert_no_code("ABCD_EFGH");
	assert_no_code("ABCD-EFGH\n");
	assert_no_code("ABCD-EFG\xc3\x89");
	assert_no_code("ABCD-EFG2");
	assert_no_code("ABCD-EFGH-IJKL-MNO7");
}

Test(code, a_nul_inside_makes_it_none)
{
	struct secret answer = answer_of("ABCD-EFGH");
	struct secret got = { 0 };

	answer.bytes[answer.size++] = 0;
	cr_assert_eq(code_recognize(&answer, &got), CODE_NONE);
	answer.size--;
	answer.bytes[4] = 0;
	cr_assert_eq(code_recognize(&answer, &got), CODE_NONE);
}

Test(code, the_longest_answer_is_read_within_its_bounds)
{
	struct secret answer = { .size = SECRET_MAX };
	struct secret got = { 0 };

	memset(answer.bytes, '-', SECRET_MAX);
	cr_assert_eq(code_recognize(&answer, &got), CODE_NONE);
	memcpy(answer.bytes + SECRET_MAX - 8, "ABCDEFGH", 8);
	cr_assert_eq(code_recognize(&answer, &got), CODE_TEMPORARY);
	memset(answer.bytes, 'A', SECRET_MAX);
	cr_assert_eq(code_recognize(&answer, &got), CODE_NONE);
}

Test(code, a_scratch_code_is_eight_digits_and_nothing_else)
{
	static const char *const good[] = { "12345678", "1234-5678", " 1234 5678 ", "00000000" };
	static const char *const bad[] = { "", "1234567", "123456789", "1234567a", "ABCDEFGH", "12345678\n", "+1234567" };

	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		struct secret answer = answer_of(good[i]);
		struct secret got = { 0 };

		cr_expect(code_is_scratch(&answer, &got), "%s", good[i]);
		cr_expect_eq(got.size, 8, "%s", good[i]);
	}
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct secret answer = answer_of(bad[i]);
		struct secret got = { .size = 1, .bytes = "x" };

		cr_expect_not(code_is_scratch(&answer, &got), "%s", bad[i]);
		cr_expect_eq(got.size, 1, "%s", bad[i]);
	}
}

Test(code, an_answer_that_says_to_be_longer_than_it_can_be_is_read_to_its_end)
{
	struct secret answer = { .size = SECRET_MAX + 1 };
	struct secret canonical = { 0 };

	memset(answer.bytes, ' ', sizeof(answer.bytes));
	cr_expect_eq(code_recognize(&answer, &canonical), CODE_NONE);
}
