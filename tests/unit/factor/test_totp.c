#include <string.h>

#include <criterion/criterion.h>

#include "factor/totp.h"

#define ASCII_20 "12345678901234567890"
#define ASCII_64 ASCII_20 ASCII_20 ASCII_20 "1234"

static const struct totp_params six = { .algorithm = TOTP_SHA1, .digits = 6, .period = 30 };

static struct secret
secret_of(const char *text, size_t size)
{
	struct secret secret = { 0 };

	cr_assert_eq(secret_set(&secret, text, size), SFMFA_OK);
	return secret;
}

static struct secret
answer_of(const char *text)
{
	return secret_of(text, strlen(text));
}

static struct secret
rfc_secret(void)
{
	return answer_of(ASCII_20);
}

/* The code of a step, typed. */
static struct secret
answer_at(int64_t step)
{
	struct secret shared_secret = rfc_secret();
	char code[TOTP_DIGITS_MAX + 1];

	cr_assert_eq(totp_code(&six, &shared_secret, step, code), SFMFA_OK);
	return answer_of(code);
}

static struct totp_match
match_of(const struct secret *answer, int64_t now_step, unsigned window, int64_t last_step)
{
	struct secret shared_secret = rfc_secret();
	struct totp_match match;

	memset(&match, 0x55, sizeof(match));
	cr_assert_eq(totp_match(&six, &shared_secret, answer, now_step, window, last_step, &match), SFMFA_OK);
	return match;
}

static void
assert_match(struct totp_match match, int64_t step, int64_t near_step, bool is_last)
{
	cr_assert_eq(match.step, step, "step %lld", (long long)match.step);
	cr_assert_eq(match.near_step, near_step, "near %lld", (long long)match.near_step);
	cr_assert_eq(match.is_last, is_last);
}

Test(totp, the_codes_are_those_of_rfc_6238_appendix_b)
{
	static const struct {
		int64_t time;
		const char *codes[3];
	} rows[] = {
		{ 59, { "94287082", "46119246", "90693936" } },
		{ 1111111109, { "07081804", "68084774", "25091201" } },
		{ 1111111111, { "14050471", "67062674", "99943326" } },
		{ 1234567890, { "89005924", "91819424", "93441116" } },
		{ 2000000000, { "69279037", "90698825", "38618901" } },
		{ 20000000000, { "65353130", "77737706", "47863826" } },
	};

	for (unsigned algorithm = TOTP_SHA1; algorithm <= TOTP_SHA512; algorithm++) {
		struct totp_params params = { .algorithm = algorithm, .digits = 8, .period = 30 };
		struct secret shared_secret = secret_of(ASCII_64, totp_secret_size(algorithm));

		for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
			char code[TOTP_DIGITS_MAX + 1] = "";
			int64_t step = totp_step(&params, rows[i].time);

			cr_assert_eq(totp_code(&params, &shared_secret, step, code), SFMFA_OK);
			cr_assert_str_eq(code, rows[i].codes[algorithm]);
		}
	}
}

Test(totp, the_codes_of_the_first_steps_are_those_of_rfc_4226_appendix_d)
{
	static const char *const codes[] = { "755224", "287082", "359152", "969429", "338314",
	                                     "254676", "287922", "162583", "399871", "520489" };
	struct secret shared_secret = rfc_secret();

	for (int64_t step = 0; step < 10; step++) {
		char code[TOTP_DIGITS_MAX + 1] = "";

		cr_assert_eq(totp_code(&six, &shared_secret, step, code), SFMFA_OK);
		cr_assert_str_eq(code, codes[step]);
	}
}

Test(totp, fewer_digits_are_the_end_of_more_digits)
{
	struct secret shared_secret = rfc_secret();
	char eight[TOTP_DIGITS_MAX + 1];
	char shorter[TOTP_DIGITS_MAX + 1];

	for (int64_t step = 1; step < 200; step++) {
		struct totp_params params = { .digits = 8, .period = 30 };

		cr_assert_eq(totp_code(&params, &shared_secret, step, eight), SFMFA_OK);
		for (params.digits = 6; params.digits < 8; params.digits++) {
			cr_assert_eq(totp_code(&params, &shared_secret, step, shorter), SFMFA_OK);
			cr_assert_str_eq(shorter, eight + 8 - params.digits);
		}
	}
}

Test(totp, the_period_decides_the_step_and_not_the_code_of_a_step)
{
	struct totp_params minute = { .digits = 6, .period = 60 };
	struct secret shared_secret = rfc_secret();
	char a[TOTP_DIGITS_MAX + 1];
	char b[TOTP_DIGITS_MAX + 1];

	cr_assert_eq(totp_step(&six, 1111111109), 37037036);
	cr_assert_eq(totp_step(&minute, 1111111109), 18518518);
	cr_assert_eq(totp_code(&six, &shared_secret, 1000, a), SFMFA_OK);
	cr_assert_eq(totp_code(&minute, &shared_secret, 1000, b), SFMFA_OK);
	cr_assert_str_eq(a, b);
}

Test(totp, steps_change_exactly_at_the_period_also_before_1970)
{
	static const struct totp_params broken = { .digits = 6 };

	cr_assert_eq(totp_step(&six, 0), 0);
	cr_assert_eq(totp_step(&six, 29), 0);
	cr_assert_eq(totp_step(&six, 30), 1);
	cr_assert_eq(totp_step(&six, -1), -1);
	cr_assert_eq(totp_step(&six, -30), -1);
	cr_assert_eq(totp_step(&six, -31), -2);
	cr_assert_eq(totp_step(&broken, 30), 0);
}

Test(totp, parameters_and_secrets_out_of_bounds_make_no_code)
{
	static const struct totp_params wrong[] = {
		{ .algorithm = 3, .digits = 6, .period = 30 },
		{ .digits = 5, .period = 30 },
		{ .digits = 9, .period = 30 },
		{ .digits = 6, .period = 9 },
		{ .digits = 6, .period = 301 },
		{ .digits = 6 },
	};
	struct secret right = rfc_secret();
	struct secret sizes = secret_of(ASCII_64 "5", 65);
	struct secret answer = answer_of("755224");
	char code[TOTP_DIGITS_MAX + 1] = "x";
	struct totp_match match = { .step = 99 };

	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		cr_assert_eq(totp_code(&wrong[i], &right, 1, code), SFMFA_ERR_INVALID, "row %zu", i);
		cr_assert_eq(totp_match(&wrong[i], &right, &answer, 1, 1, 0, &match), SFMFA_ERR_INVALID);
	}
	cr_assert_eq(totp_code(&six, &sizes, 1, code), SFMFA_ERR_INVALID);
	cr_assert_eq(totp_match(&six, &sizes, &answer, 1, 1, 0, &match), SFMFA_ERR_INVALID);
	sizes.size = 9;
	cr_assert_eq(totp_code(&six, &sizes, 1, code), SFMFA_ERR_INVALID);
	sizes.size = 0;
	cr_assert_eq(totp_code(&six, &sizes, 1, code), SFMFA_ERR_INVALID);
	cr_assert_eq(totp_code(&six, &right, -1, code), SFMFA_ERR_INVALID);
	cr_assert_eq(totp_code(&six, &right, INT64_MAX, code), SFMFA_ERR_INVALID);
	cr_assert_str_eq(code, "x");
	cr_assert_eq(match.step, 99);
}

Test(totp, a_secret_may_contain_nul_bytes)
{
	struct secret a = secret_of("\0aaaaaaaaaaaaaaaaaaa", 20);
	struct secret b = secret_of("\0bbbbbbbbbbbbbbbbbbb", 20);
	char code_a[TOTP_DIGITS_MAX + 1];
	char code_b[TOTP_DIGITS_MAX + 1];

	cr_assert_eq(totp_code(&six, &a, 1000, code_a), SFMFA_OK);
	cr_assert_eq(totp_code(&six, &b, 1000, code_b), SFMFA_OK);
	cr_assert_str_neq(code_a, code_b);
}

Test(totp_match, a_code_inside_the_window_names_its_step)
{
	for (int64_t step = 999; step <= 1001; step++) {
		struct secret answer = answer_at(step);

		assert_match(match_of(&answer, 1000, 1, 0), step, 0, false);
	}
}

Test(totp_match, window_zero_takes_the_present_step_only)
{
	struct secret present = answer_at(1000);
	struct secret before = answer_at(999);

	assert_match(match_of(&present, 1000, 0, 0), 1000, 0, false);
	assert_match(match_of(&before, 1000, 0, 0), 0, 999, false);
}

Test(totp_match, a_code_outside_the_window_is_near_up_to_ten_steps)
{
	for (int64_t offset = -12; offset <= 12; offset++) {
		struct secret answer = answer_at(1000 + offset);
		bool inside = offset >= -1 && offset <= 1;
		bool near = !inside && offset >= -10 && offset <= 10;
		int64_t step = 1000 + offset;

		assert_match(match_of(&answer, 1000, 1, 0), inside ? step : 0, near ? step : 0, false);
	}
}

Test(totp_match, the_widest_window_leaves_nothing_near)
{
	struct secret answer = answer_at(1010);

	assert_match(match_of(&answer, 1000, TOTP_WINDOW_MAX, 0), 1010, 0, false);
	assert_match(match_of(&answer, 999, TOTP_WINDOW_MAX, 0), 0, 0, false);
}

/* Steps 910737 and 910738 of this secret have one code, so have 153567 and 153569, and 2386 and 2394. */
Test(totp_match, of_two_equal_codes_in_a_window_the_highest_counts)
{
	struct secret answer = answer_at(910737);

	assert_match(match_of(&answer, 910737, 1, 0), 910738, 0, false);
	assert_match(match_of(&answer, 910738, 1, 0), 910738, 0, false);
}

Test(totp_match, two_equal_codes_are_both_usable_once)
{
	struct secret answer = answer_at(153567);

	assert_match(match_of(&answer, 153567, 1, 0), 153567, 153569, false);
	assert_match(match_of(&answer, 153568, 1, 153567), 153569, 0, true);
	assert_match(match_of(&answer, 153568, 1, 153569), 153569, 0, true);
}

Test(totp_match, of_two_near_steps_the_nearest_is_told)
{
	struct secret answer = answer_at(2386);

	assert_match(match_of(&answer, 2388, 1, 0), 0, 2386, false);
	assert_match(match_of(&answer, 2392, 1, 0), 0, 2394, false);
	assert_match(match_of(&answer, 2393, 1, 0), 2394, 2386, false);
}

Test(totp_match, the_code_of_the_last_step_is_recognised_however_old)
{
	struct secret answer = answer_at(1000);

	assert_match(match_of(&answer, 1000, 1, 1000), 1000, 0, true);
	assert_match(match_of(&answer, 1005, 1, 1000), 0, 1000, true);
	assert_match(match_of(&answer, 1000000, 1, 1000), 0, 0, true);
	assert_match(match_of(&answer, 500, 1, 1000), 0, 0, true);
	assert_match(match_of(&answer, 1000, 1, 999), 1000, 0, false);
}

Test(totp_match, steps_before_the_first_are_passed_over)
{
	struct secret zero = answer_at(0);
	struct secret one = answer_at(1);

	assert_match(match_of(&zero, 0, 1, 0), 0, 0, false);
	assert_match(match_of(&one, 0, 1, 0), 1, 0, false);
	assert_match(match_of(&one, -5, 1, 0), 0, 1, false);
	assert_match(match_of(&one, -100, 1, 0), 0, 0, false);
}

Test(totp_match, an_answer_of_another_form_matches_nothing)
{
	struct secret right = answer_at(1000);

	for (size_t size = 0; size <= 12; size++) {
		struct secret answer = { .size = size };

		if (size == right.size)
			continue;
		memset(answer.bytes, '0', sizeof(answer.bytes));
		memcpy(answer.bytes, right.bytes, right.size);
		assert_match(match_of(&answer, 1000, 1, 1000), 0, 0, false);
	}
	for (size_t i = 0; i < right.size; i++) {
		struct secret answer = right;

		answer.bytes[i] ^= 0x40;
		assert_match(match_of(&answer, 1000, 1, 1000), 0, 0, false);
		answer.bytes[i] = 0;
		assert_match(match_of(&answer, 1000, 1, 1000), 0, 0, false);
	}
}

Test(totp_match, a_wrong_digit_at_any_place_is_noticed)
{
	struct secret right = answer_at(1000);

	for (size_t i = 0; i < right.size; i++) {
		struct secret answer = right;

		answer.bytes[i] = answer.bytes[i] == '9' ? '0' : (unsigned char)(answer.bytes[i] + 1);
		assert_match(match_of(&answer, 1000, 1, 1000), 0, 0, false);
	}
}

Test(totp_match, numbers_out_of_bounds_are_an_error_and_match_nothing)
{
	static const struct {
		int64_t now_step;
		unsigned window;
		int64_t last_step;
	} rows[] = {
		{ 1000, TOTP_WINDOW_MAX + 1, 0 }, { INT64_MAX, 1, 0 }, { INT64_MIN, 1, 0 },
		{ 1000, 1, -1 },                  { 1000, 1, INT64_MAX },
	};
	struct secret shared_secret = rfc_secret();
	struct secret answer = answer_at(1000);
	struct totp_match match = { .step = 99 };

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		cr_assert_eq(totp_match(&six, &shared_secret, &answer, rows[i].now_step, rows[i].window,
		                        rows[i].last_step, &match),
		             SFMFA_ERR_INVALID, "row %zu", i);
	cr_assert_eq(match.step, 99);
}

Test(totp_answer, spaces_are_taken_out)
{
	struct secret answer = answer_of(" 123  456 ");

	cr_assert_not(totp_is_code(&six, &answer));
	totp_normalize(&answer);
	cr_assert_eq(answer.size, 6);
	cr_assert_arr_eq(answer.bytes, "123456\0\0\0\0", 10);
	cr_assert(totp_is_code(&six, &answer));
	answer = answer_of("   ");
	totp_normalize(&answer);
	cr_assert_eq(answer.size, 0);
	cr_assert_not(totp_is_code(&six, &answer));
}

Test(totp_answer, a_code_is_exactly_as_many_digits)
{
	static const char *const no_codes[] = {
		"", "12345", "1234567", "12345a", "-12345", "+12345", "12 456", "\xd9\xa1\xd9\xa2\xd9\xa3",
		"12345\n", "1e3456", "0x1234",
	};
	struct secret answer = answer_of("000000");

	cr_assert(totp_is_code(&six, &answer));
	for (size_t i = 0; i < sizeof(no_codes) / sizeof(no_codes[0]); i++) {
		answer = answer_of(no_codes[i]);
		cr_assert_not(totp_is_code(&six, &answer), "%s", no_codes[i]);
	}
}

Test(base32, a_secret_comes_back_from_its_text)
{
	for (size_t size = TOTP_SECRET_MIN; size <= TOTP_SECRET_MAX; size++) {
		struct secret secret = secret_of(ASCII_64, size);
		struct secret back = { 0 };
		char text[TOTP_BASE32_SIZE];

		secret.bytes[0] = 0;
		secret.bytes[size - 1] = 0xff;
		cr_assert_eq(totp_to_base32(&secret, text), SFMFA_OK);
		cr_assert_eq(strlen(text), (size * 8 + 4) / 5);
		cr_assert_null(strchr(text, '='));
		cr_assert_eq(totp_from_base32(text, &back), SFMFA_OK);
		cr_assert(secret_equals(&secret, &back));
	}
}

Test(base32, case_spaces_dashes_and_padding_do_not_matter)
{
	static const char *const texts[] = {
		"GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ",
		"gezdgnbvgy3tqojqgezdgnbvgy3tqojq",
		"gezd gnbv gy3t qojq gezd gnbv gy3t qojq",
		" GEZD-GNBV-GY3T-QOJQ-GEZD-GNBV-GY3T-QOJQ ",
		"GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ======",
		"GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ= = =",
	};
	struct secret right = rfc_secret();

	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		struct secret secret = { 0 };

		cr_assert_eq(totp_from_base32(texts[i], &secret), SFMFA_OK, "%s", texts[i]);
		cr_assert(secret_equals(&secret, &right), "%s", texts[i]);
	}
}

#define SIXTY_BYTES                                                                                          \
	"GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"                                                                   \
	"GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"                                                                   \
	"GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"

Test(base32, another_character_or_size_is_refused)
{
	static const char *const texts[] = {
		"", "=", "    ", "GEZDGNBVGY3TQOJ0", "GEZDGNBVGY3TQOJ1", "GEZDGNBVGY3TQOJ8",
		"GEZDGNBVGY3TQOJ9", "GEZDGNBVGY3TQOJ!", "GEZDGNBVGY3TQOJQ\n", "GEZDGNBVGY3TQOJ\xc3\xa9",
		"GEZD=GNBVGY3TQOJQ",
		/* nine bytes; seventeen, nineteen and twenty-two characters, which no number of bytes has */
		"GEZDGNBVGY3TQOI", "GEZDGNBVGY3TQOJQG", "GEZDGNBVGY3TQOJQGEZ", "GEZDGNBVGY3TQOJQGEZDGN",
		/* sixty-five bytes */
		SIXTY_BYTES "GEZDGNBV",
	};
	char endless[2048];
	struct secret secret = { .size = 1, .bytes = "x" };

	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
		cr_assert_eq(totp_from_base32(texts[i], &secret), SFMFA_ERR_INVALID, "%s", texts[i]);
	memset(endless, 'A', sizeof(endless) - 1);
	endless[sizeof(endless) - 1] = 0;
	cr_assert_eq(totp_from_base32(endless, &secret), SFMFA_ERR_INVALID);
	cr_assert_eq(secret.size, 1);
	cr_assert_eq(secret.bytes[0], 'x');
}

Test(base32, a_secret_out_of_bounds_has_no_text)
{
	struct secret secret = { .size = TOTP_SECRET_MAX + 1 };
	char text[TOTP_BASE32_SIZE] = "x";

	cr_assert_eq(totp_to_base32(&secret, text), SFMFA_ERR_INVALID);
	secret.size = TOTP_SECRET_MIN - 1;
	cr_assert_eq(totp_to_base32(&secret, text), SFMFA_ERR_INVALID);
	cr_assert_str_eq(text, "x");
}

Test(totp, of_a_time_at_the_end_of_all_numbers_is_an_error)
{
	const int64_t end = INT64_MAX / TOTP_PERIOD_MAX - TOTP_WINDOW_MAX - TOTP_NEAR_STEPS;
	struct secret shared_secret = rfc_secret();
	struct secret answer = answer_of("000000");
	struct totp_match match;

	cr_expect_eq(totp_match(&six, &shared_secret, &answer, end, 1, 0, &match), SFMFA_ERR_INVALID);
	cr_expect_eq(totp_match(&six, &shared_secret, &answer, 100, 1, end, &match), SFMFA_OK);
}

Test(totp, whose_answer_cannot_be_held_is_none)
{
	const struct totp_params long_codes = { .algorithm = TOTP_SHA1, .digits = SECRET_MAX + 5, .period = 30 };
	struct secret answer = { .size = SECRET_MAX + 5 };

	cr_expect_not(totp_is_code(&long_codes, &answer));
	answer.size = 7;
	cr_expect_not(totp_is_code(&six, &answer));
}

Test(totp, of_an_algorithm_that_is_none_wants_the_longest_secret)
{
	cr_expect_eq(totp_secret_size((enum totp_algorithm)99), 64U);
}

Test(totp, secrets_have_no_characters_beside_the_alphabet)
{
	static const char beside[] = "@[`{1890!\xff";
	struct secret secret = { 0 };

	for (const char *c = beside; *c != 0; c++) {
		char text[] = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJ?";

		text[sizeof(text) - 2] = *c;
		cr_expect_eq(totp_from_base32(text, &secret), SFMFA_ERR_INVALID, "%s", text);
	}
	cr_expect_eq(totp_from_base32("gezdgnbvgy3tqojqgezdgnbvgy3tqojz", &secret), SFMFA_OK);
	cr_expect_eq(totp_from_base32("MFRGG", &secret), SFMFA_ERR_INVALID, "three bytes are no secret");
}
