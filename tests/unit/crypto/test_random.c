#include <string.h>

#include <criterion/criterion.h>

#include "crypto/crypto.h"
#include "fault.h"

static const unsigned char zeros[64];

Test(random, two_draws_differ_and_fill_every_byte)
{
	unsigned char a[64] = { 0 };
	unsigned char b[64] = { 0 };
	unsigned char seen[64] = { 0 };

	for (int round = 0; round < 32; round++) {
		cr_assert_eq(random_bytes(a, sizeof(a)), SFMFA_OK);
		for (size_t i = 0; i < sizeof(a); i++)
			seen[i] |= a[i];
	}
	cr_assert_eq(random_bytes(b, sizeof(b)), SFMFA_OK);
	cr_assert(memcmp(a, b, sizeof(a)) != 0);
	cr_assert_null(memchr(seen, 0, sizeof(seen)));
}

Test(random, nothing_is_asked_for_no_bytes)
{
	unsigned char byte = 7;

	fault = FAULT_ERROR;
	cr_assert_eq(random_bytes(&byte, 0), SFMFA_OK);
	cr_assert_eq(byte, 7);
}

Test(random, a_signal_does_not_stop_a_draw)
{
	unsigned char bytes[64] = { 0 };

	fault = FAULT_INTERRUPTED;
	cr_assert_eq(random_bytes(bytes, sizeof(bytes)), SFMFA_OK);
	cr_assert_eq(fault_calls, 2);
	cr_assert(memcmp(bytes, zeros, sizeof(bytes)) != 0);
}

Test(random, a_draw_in_parts_is_completed)
{
	unsigned char bytes[64] = { 0 };

	fault = FAULT_SHORT;
	cr_assert_eq(random_bytes(bytes, sizeof(bytes)), SFMFA_OK);
	cr_assert_eq(fault_calls, 22);
	cr_assert(memcmp(bytes + 48, zeros, 16) != 0);
}

Test(random, a_draw_that_ends_early_fails_and_leaves_zeros)
{
	unsigned char bytes[64];

	memset(bytes, 0x55, sizeof(bytes));
	fault = FAULT_END;
	cr_assert_eq(random_bytes(bytes, sizeof(bytes)), SFMFA_ERR_CRYPTO);
	cr_assert_arr_eq(bytes, zeros, sizeof(bytes));
}

Test(random, a_kernel_without_a_generator_is_an_error_everywhere)
{
	unsigned char bytes[16];
	unsigned char sealed[128];
	size_t size = 99;
	unsigned number = 99;
	struct keyring keyring = { 0 };
	struct keyring usable = { .ready = true };
	struct secret plain = { .size = 20 };

	fault = FAULT_ERROR;
	cr_assert_eq(random_bytes(bytes, sizeof(bytes)), SFMFA_ERR_CRYPTO);
	cr_assert_eq(random_below(10, &number), SFMFA_ERR_CRYPTO);
	cr_assert_eq(number, 99);
	cr_assert_eq(keyring_generate(&keyring), SFMFA_ERR_CRYPTO);
	cr_assert_not(keyring.ready);
	cr_assert_eq(seal(&usable, "app:1", &plain, sealed, sizeof(sealed), &size), SFMFA_ERR_CRYPTO);
	cr_assert_eq(size, 99);
}

Test(random, a_limit_out_of_bounds_is_refused)
{
	unsigned number = 99;

	cr_assert_eq(random_below(0, &number), SFMFA_ERR_INVALID);
	cr_assert_eq(random_below(RANDOM_LIMIT_MAX + 1, &number), SFMFA_ERR_INVALID);
	cr_assert_eq(number, 99);
}

Test(random, the_only_number_below_one_is_zero)
{
	unsigned number = 99;

	cr_assert_eq(random_below(1, &number), SFMFA_OK);
	cr_assert_eq(number, 0);
}

Test(random, numbers_stay_below_the_largest_limit)
{
	for (int i = 0; i < 1000; i++) {
		unsigned number;

		cr_assert_eq(random_below(RANDOM_LIMIT_MAX, &number), SFMFA_OK);
		cr_assert_lt(number, RANDOM_LIMIT_MAX);
	}
}

Test(random, every_number_below_a_limit_comes_about_as_often)
{
	enum { LIMIT = 62, DRAWS = 62000 };
	unsigned counts[LIMIT] = { 0 };
	double chi_square = 0;

	for (int i = 0; i < DRAWS; i++) {
		unsigned number;

		cr_assert_eq(random_below(LIMIT, &number), SFMFA_OK);
		counts[number]++;
	}
	for (int i = 0; i < LIMIT; i++) {
		double off = counts[i] - (double)DRAWS / LIMIT;

		chi_square += off * off / ((double)DRAWS / LIMIT);
	}
	/* 61 degrees of freedom: more than 160 happens once in 10^10 runs. */
	cr_assert_lt(chi_square, 160.0);
}

/* 2^32 is 62 * 69273666 + 4: its last four numbers would come too often and are drawn again. */
Test(random, the_numbers_that_would_cause_a_bias_are_drawn_again)
{
	unsigned number = 99;

	fault = FAULT_COUNTING;
	fault_calls = (unsigned)-4;
	cr_assert_eq(random_below(62, &number), SFMFA_OK);
	cr_assert_eq(fault_calls, 1, "four draws refused, the fifth (0) taken");
	cr_assert_eq(number, 0);

	fault_calls = (unsigned)-5;
	cr_assert_eq(random_below(62, &number), SFMFA_OK);
	cr_assert_eq(number, 61);
	cr_assert_eq(fault_calls, (unsigned)-4, "one draw was enough");
}

Test(random, a_generator_that_is_stuck_is_an_error_and_no_endless_loop)
{
	unsigned number = 99;

	fault = FAULT_ONES;
	cr_assert_eq(random_below(62, &number), SFMFA_ERR_CRYPTO);
	cr_assert_eq(number, 99);
}
