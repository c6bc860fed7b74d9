#include <string.h>

#include <criterion/criterion.h>

#include "crypto/random.h"
#include "factor/token.h"

static const char base62[] = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

/* Random-looking digits that are the same in each run. */
static unsigned drawn;

static enum sfmfa_err
repeatable_below(unsigned limit, unsigned *ret_number)
{
	drawn = drawn * 1103515245U + 12345U;
	*ret_number = (drawn >> 16) % limit;
	return SFMFA_OK;
}

static enum sfmfa_err
zero_below(unsigned limit, unsigned *ret_number)
{
	*ret_number = 0;
	return SFMFA_OK;
}

static enum sfmfa_err
broken_below(unsigned limit, unsigned *ret_number)
{
	if (++drawn == 20)
		return SFMFA_ERR_CRYPTO;
	*ret_number = 1;
	return SFMFA_OK;
}

static enum sfmfa_err
too_large_below(unsigned limit, unsigned *ret_number)
{
	*ret_number = limit;
	return SFMFA_OK;
}

static struct secret
new_token(void)
{
	struct secret token = { 0 };

	cr_assert_eq(token_generate(repeatable_below, &token), SFMFA_OK);
	return token;
}

static void
add(struct secret *field, const void *bytes, size_t size)
{
	cr_assert_leq(field->size + size, SECRET_MAX);
	memcpy(field->bytes + field->size, bytes, size);
	field->size += size;
}

static void
add_text(struct secret *field, const char *text)
{
	add(field, text, strlen(text));
}

static void
add_token(struct secret *field)
{
	struct secret token = new_token();

	add(field, token.bytes, token.size);
}

static void
assert_tail(const struct secret *field, unsigned digits, enum factor kind, size_t size, bool another)
{
	struct tail tail = tail_find(field, digits);

	cr_assert_eq(tail.kind, kind, "%.*s", (int)field->size, (const char *)field->bytes);
	cr_assert_eq(tail.size, size, "%.*s", (int)field->size, (const char *)field->bytes);
	cr_assert_eq(tail.another, another, "%.*s", (int)field->size, (const char *)field->bytes);
}

Test(token, a_new_one_is_well_formed_and_differs_from_the_next)
{
	struct secret a = { 0 };
	struct secret b = { 0 };

	cr_assert_eq(token_generate(random_below, &a), SFMFA_OK);
	cr_assert_eq(token_generate(random_below, &b), SFMFA_OK);
	cr_assert_eq(a.size, TOKEN_SIZE);
	cr_assert(token_is_well_formed(a.bytes, a.size));
	cr_assert(token_is_well_formed(b.bytes, b.size));
	cr_assert_not(secret_equals(&a, &b));
	for (size_t i = 0; i < a.size; i++)
		cr_assert_not_null(memchr(base62, a.bytes[i], 62));
}

/* All digits 0 leave the check alone to make the number 1. What was issued depends on this form. */
Test(token, the_check_of_zeros_is_one)
{
	struct secret token = { 0 };

	cr_assert_eq(token_generate(zero_below, &token), SFMFA_OK);
	cr_assert_arr_eq(token.bytes, "000000000000000000000001", TOKEN_SIZE);
}

Test(token, every_check_is_right)
{
	for (int i = 0; i < 5000; i++) {
		struct secret token = new_token();

		cr_assert(token_is_well_formed(token.bytes, token.size));
	}
}

Test(token, every_wrong_character_is_noticed)
{
	for (int round = 0; round < 10; round++) {
		struct secret token = new_token();

		for (size_t i = 0; i < TOKEN_SIZE; i++) {
			unsigned char kept = token.bytes[i];

			for (unsigned byte = 0; byte < 256; byte++) {
				token.bytes[i] = (unsigned char)byte;
				cr_assert_eq(token_is_well_formed(token.bytes, TOKEN_SIZE), byte == kept);
			}
			token.bytes[i] = kept;
		}
	}
}

Test(token, every_exchange_of_two_characters_is_noticed)
{
	for (int round = 0; round < 20; round++) {
		struct secret token = new_token();

		for (size_t i = 0; i < TOKEN_SIZE; i++) {
			for (size_t j = i + 1; j < TOKEN_SIZE; j++) {
				struct secret wrong = token;

				wrong.bytes[i] = token.bytes[j];
				wrong.bytes[j] = token.bytes[i];
				cr_assert_eq(token_is_well_formed(wrong.bytes, TOKEN_SIZE),
				             wrong.bytes[i] == wrong.bytes[j]);
			}
		}
	}
}

Test(token, few_of_other_texts_are_well_formed)
{
	unsigned hits = 0;

	for (int i = 0; i < 100000; i++) {
		char text[TOKEN_SIZE];

		for (size_t j = 0; j < TOKEN_SIZE; j++) {
			unsigned digit = 0;

			(void)!repeatable_below(62, &digit);
			text[j] = base62[digit];
		}
		hits += token_is_well_formed(text, sizeof(text));
	}
	/* One in 3844 is expected: 26. */
	cr_assert_gt(hits, 5);
	cr_assert_lt(hits, 60);
}

Test(token, the_first_characters_have_one_check_only)
{
	struct secret token = new_token();
	unsigned checks = 0;

	for (size_t i = 0; i < 62; i++) {
		for (size_t j = 0; j < 62; j++) {
			token.bytes[22] = (unsigned char)base62[i];
			token.bytes[23] = (unsigned char)base62[j];
			checks += token_is_well_formed(token.bytes, TOKEN_SIZE);
		}
	}
	cr_assert_eq(checks, 1);
	/* Of zeros both 1 and 3833 + 1 leave 1. */
	cr_assert(token_is_well_formed("000000000000000000000001", TOKEN_SIZE));
	cr_assert_not(token_is_well_formed("0000000000000000000000zq", TOKEN_SIZE));
}

Test(token, another_length_is_not_well_formed)
{
	struct secret field = { 0 };

	add_token(&field);
	add_text(&field, "0");
	for (size_t size = 0; size <= field.size; size++)
		cr_assert_eq(token_is_well_formed(field.bytes, size), size == TOKEN_SIZE);
}

Test(token, without_randomness_there_is_none)
{
	struct secret token = { .size = 1, .bytes = "x" };

	cr_assert_eq(token_generate(broken_below, &token), SFMFA_ERR_CRYPTO);
	cr_assert_eq(token_generate(too_large_below, &token), SFMFA_ERR_INTERNAL);
	cr_assert_eq(token.size, 1);
	cr_assert_eq(token.bytes[0], 'x');
}

Test(token, it_expires_at_its_second_and_when_revoked)
{
	struct token_record token = { .expires_at = 1000 };
	struct peer peer = { 0 };

	cr_assert_eq(token_usable(&token, 999, "imap", &peer), TOKEN_USE_OK);
	cr_assert_eq(token_usable(&token, 1000, "imap", &peer), TOKEN_USE_EXPIRED);
	token.expires_at = 0;
	cr_assert_eq(token_usable(&token, INT64_MAX, "imap", &peer), TOKEN_USE_OK);
	token.revoked_at = 5;
	cr_assert_eq(token_usable(&token, 1, "imap", &peer), TOKEN_USE_EXPIRED);
}

Test(token, it_works_in_its_services_only)
{
	struct token_record token = { .service_count = 2, .services = { "imap", "smtp" } };
	struct peer peer = { 0 };

	cr_assert_eq(token_usable(&token, 1, "imap", &peer), TOKEN_USE_OK);
	cr_assert_eq(token_usable(&token, 1, "smtp", &peer), TOKEN_USE_OK);
	cr_assert_eq(token_usable(&token, 1, "vsftpd", &peer), TOKEN_USE_OUT_OF_SCOPE);
	cr_assert_eq(token_usable(&token, 1, "IMAP", &peer), TOKEN_USE_OUT_OF_SCOPE);
	cr_assert_eq(token_usable(&token, 1, "imaps", &peer), TOKEN_USE_OUT_OF_SCOPE);
	cr_assert_eq(token_usable(&token, 1, "", &peer), TOKEN_USE_OUT_OF_SCOPE);
}

Test(token, it_works_from_its_networks_only)
{
	struct token_record token = { .from.count = 1 };
	struct peer peer;

	cr_assert_eq(network_parse("10.0.0.0/8", &token.from.items[0]), SFMFA_OK);
	peer_from_rhost(&peer, "10.1.2.3", false);
	cr_assert_eq(token_usable(&token, 1, "imap", &peer), TOKEN_USE_OK);
	peer_from_rhost(&peer, "192.0.2.1", false);
	cr_assert_eq(token_usable(&token, 1, "imap", &peer), TOKEN_USE_OUT_OF_SCOPE);
	peer_from_rhost(&peer, "host.example.org", false);
	cr_assert_eq(token_usable(&token, 1, "imap", &peer), TOKEN_USE_OUT_OF_SCOPE);
	peer_from_rhost(&peer, NULL, true);
	cr_assert_eq(token_usable(&token, 1, "imap", &peer), TOKEN_USE_OUT_OF_SCOPE);
}

Test(tail, a_token_is_found_behind_any_password)
{
	static const char *const passwords[] = {
		"x", "hunter2", "p\xc3\xa4ss", "\xff\xfe", "123456", "a b ", "abcdefghijklmnopqrstuvwxyz",
	};

	for (size_t i = 0; i < sizeof(passwords) / sizeof(passwords[0]); i++) {
		struct secret field = { 0 };

		add_text(&field, passwords[i]);
		add_token(&field);
		assert_tail(&field, 6, FACTOR_SECURITY_TOKEN, TOKEN_SIZE, false);
		assert_tail(&field, 0, FACTOR_SECURITY_TOKEN, TOKEN_SIZE, false);
	}
}

Test(tail, a_code_is_the_last_digits_also_behind_digits)
{
	struct secret field = { 0 };

	add_text(&field, "p\xc3\xa4ss99123456");
	assert_tail(&field, 6, FACTOR_TOTP, 6, false);
	assert_tail(&field, 7, FACTOR_TOTP, 7, false);
	assert_tail(&field, 8, FACTOR_TOTP, 8, false);
	field.size = 0;
	add_text(&field, "pass123456");
	assert_tail(&field, 7, FACTOR_PASSWORD, 0, false);
}

Test(tail, who_has_no_app_has_no_code)
{
	struct secret field = { 0 };

	add_text(&field, "password123456");
	assert_tail(&field, 0, FACTOR_PASSWORD, 0, false);
	assert_tail(&field, 5, FACTOR_PASSWORD, 0, false);
	assert_tail(&field, 9, FACTOR_PASSWORD, 0, false);
}

Test(tail, a_password_alone_has_no_tail)
{
	static const char *const fields[] = {
		"", "p", "12345", "password", "pass12345", "123456x", "pass 12345\n",
		"correct horse battery staple", "abcdefghijklmnopqrstuvwxyz",
	};

	for (size_t i = 0; i < sizeof(fields) / sizeof(fields[0]); i++) {
		struct secret field = { 0 };

		add_text(&field, fields[i]);
		assert_tail(&field, 6, FACTOR_PASSWORD, 0, false);
	}
}

Test(tail, what_remains_is_never_empty)
{
	struct secret field = { 0 };

	add_text(&field, "123456");
	assert_tail(&field, 6, FACTOR_PASSWORD, 0, false);
	field.size = 0;
	add_token(&field);
	assert_tail(&field, 6, FACTOR_PASSWORD, 0, false);
}

Test(tail, a_lone_token_that_ends_in_digits_has_no_tail_either)
{
	struct secret field = { 0 };

	add_text(&field, "000000000000000000000001");
	assert_tail(&field, 6, FACTOR_PASSWORD, 0, false);
}

Test(tail, a_token_in_front_of_the_tail_is_told)
{
	struct secret field = { 0 };

	add_text(&field, "pass");
	add_token(&field);
	add_text(&field, "123456");
	assert_tail(&field, 6, FACTOR_TOTP, 6, true);
	field.size = 0;
	add_token(&field);
	add_text(&field, "123456");
	assert_tail(&field, 6, FACTOR_TOTP, 6, true);
	field.size = 0;
	add_text(&field, "pass");
	add_token(&field);
	add_token(&field);
	assert_tail(&field, 6, FACTOR_SECURITY_TOKEN, TOKEN_SIZE, true);
	field.size = 0;
	add_token(&field);
	add_token(&field);
	assert_tail(&field, 0, FACTOR_SECURITY_TOKEN, TOKEN_SIZE, true);
}

Test(tail, a_code_in_front_of_a_token_belongs_to_the_password)
{
	struct secret field = { 0 };

	add_text(&field, "pass123456");
	add_token(&field);
	assert_tail(&field, 6, FACTOR_SECURITY_TOKEN, TOKEN_SIZE, false);
}

Test(tail, a_token_with_a_wrong_character_is_part_of_the_password)
{
	struct secret field = { 0 };

	add_text(&field, "pass");
	add_token(&field);
	field.bytes[field.size - 1] = field.bytes[field.size - 1] == 'a' ? 'b' : 'a';
	assert_tail(&field, 6, FACTOR_PASSWORD, 0, false);
}

Test(tail, a_field_of_every_length_is_read_within_its_bounds)
{
	for (size_t size = 0; size <= SECRET_MAX; size++) {
		struct secret field = { .size = size };
		bool more = size > 6;

		memset(field.bytes, '7', sizeof(field.bytes));
		assert_tail(&field, 6, more ? FACTOR_TOTP : FACTOR_PASSWORD, more ? 6 : 0, false);
	}
}

Test(token, a_scope_that_says_to_be_longer_than_it_can_be_is_read_to_its_end)
{
	struct token_record token = { .service_count = TOKEN_SERVICES_MAX + 1 };
	struct peer peer = { 0 };

	cr_expect_eq(token_usable(&token, 1, "imap", &peer), TOKEN_USE_OUT_OF_SCOPE);
}

Test(token, a_field_that_says_to_be_longer_than_it_can_be_has_no_tail)
{
	struct secret field = { .size = SECRET_MAX + 1 };

	memset(field.bytes, '1', sizeof(field.bytes));
	cr_expect_eq(tail_find(&field, 6).size, 0U);
}
