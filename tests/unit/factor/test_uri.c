#include <stdio.h>
#include <string.h>

#include <criterion/criterion.h>

#include "factor/totp.h"

#define BASE32 "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"

static struct secret
shared(void)
{
	struct secret secret = { 0 };

	cr_assert_eq(totp_from_base32(BASE32, &secret), SFMFA_OK);
	return secret;
}

static void
assert_uri(struct totp_params params, const char *issuer, const char *user, const char *expected)
{
	struct secret secret = shared();
	char uri[TOTP_URI_SIZE];

	cr_assert_eq(totp_uri(&params, &secret, issuer, user, uri), SFMFA_OK);
	cr_assert_str_eq(uri, expected);
}

static void
assert_no_uri(const char *uri, enum sfmfa_err expected)
{
	struct totp_params params = { .digits = 99 };
	struct secret secret = { .size = 1, .bytes = "x" };
	char user[USER_NAME_SIZE] = "nobody";

	cr_assert_eq(totp_parse_uri(uri, &params, &secret, user), expected, "%s", uri);
	cr_assert_eq(params.digits, 99);
	cr_assert_eq(secret.size, 1);
	cr_assert_str_eq(user, "nobody");
}

static void
assert_parsed(const char *uri, struct totp_params params, const char *user)
{
	struct totp_params got = { 0 };
	struct secret right = shared();
	struct secret secret = { 0 };
	char name[USER_NAME_SIZE];

	cr_assert_eq(totp_parse_uri(uri, &got, &secret, name), SFMFA_OK, "%s", uri);
	cr_assert(secret_equals(&secret, &right), "%s", uri);
	cr_assert_eq(got.algorithm, params.algorithm, "%s", uri);
	cr_assert_eq(got.digits, params.digits, "%s", uri);
	cr_assert_eq(got.period, params.period, "%s", uri);
	cr_assert_str_eq(name, user);
}

static const struct totp_params shipped = { .digits = 6, .period = 30 };

Test(uri, parameters_at_their_default_are_left_out)
{
	assert_uri(shipped, "web1", "alice", "otpauth://totp/web1:alice?secret=" BASE32 "&issuer=web1");
}

Test(uri, other_parameters_are_written)
{
	assert_uri((struct totp_params){ TOTP_SHA256, 8, 60 }, "web1", "alice",
	           "otpauth://totp/web1:alice?secret=" BASE32
	           "&issuer=web1&algorithm=SHA256&digits=8&period=60");
	assert_uri((struct totp_params){ TOTP_SHA512, 7, 30 }, "web1", "alice",
	           "otpauth://totp/web1:alice?secret=" BASE32 "&issuer=web1&algorithm=SHA512&digits=7");
}

Test(uri, without_an_issuer_the_label_is_the_user)
{
	assert_uri(shipped, "", "alice", "otpauth://totp/alice?secret=" BASE32);
}

Test(uri, everything_but_unreserved_characters_is_encoded)
{
	assert_uri(shipped, "A&B: 100% \xc3\xa9", "bob@x.org/?#+~_-",
	           "otpauth://totp/A%26B%3A%20100%25%20%C3%A9:bob%40x.org%2F%3F%23%2B~_-?secret=" BASE32
	           "&issuer=A%26B%3A%20100%25%20%C3%A9");
}

Test(uri, what_does_not_fit_is_refused)
{
	struct secret secret = shared();
	struct secret short_secret = { .size = 3 };
	char uri[TOTP_URI_SIZE] = "x";
	char name[USER_NAME_SIZE];

	memset(name, '@', sizeof(name) - 1);
	name[sizeof(name) - 1] = 0;
	cr_assert_eq(totp_uri(&shipped, &secret, "web1", name, uri), SFMFA_ERR_TOO_LARGE);
	cr_assert_eq(totp_uri(&shipped, &short_secret, "web1", "alice", uri), SFMFA_ERR_INVALID);
	cr_assert_str_eq(uri, "x");
}

Test(uri, the_longest_that_fits_is_whole)
{
	struct secret secret = shared();
	char uri[TOTP_URI_SIZE];
	char name[TOTP_URI_SIZE + 1];
	size_t fixed = strlen("otpauth://totp/?secret=" BASE32);

	memset(name, 'a', sizeof(name));
	name[TOTP_URI_SIZE - 1 - fixed] = 0;
	cr_assert_eq(totp_uri(&shipped, &secret, "", name, uri), SFMFA_OK);
	cr_assert_eq(strlen(uri), TOTP_URI_SIZE - 1);
	name[TOTP_URI_SIZE - 1 - fixed] = 'a';
	name[TOTP_URI_SIZE - fixed] = 0;
	cr_assert_eq(totp_uri(&shipped, &secret, "", name, uri), SFMFA_ERR_TOO_LARGE);
}

Test(uri, what_is_written_is_read_back)
{
	static const char *const users[] = {
		"alice", "bob@example.org", "m\xc3\xa9lanie", "a%b&c=d ?", "x:y",
	};

	for (size_t i = 0; i < sizeof(users) / sizeof(users[0]); i++) {
		struct totp_params params = { i % 3, 6 + (unsigned)i % 3, 30 + (unsigned)i };
		struct secret secret = shared();
		char uri[TOTP_URI_SIZE];

		cr_assert_eq(totp_uri(&params, &secret, "host.example.org", users[i], uri), SFMFA_OK);
		assert_parsed(uri, params, users[i]);
	}
}

Test(uri, those_of_other_makers_are_read)
{
	static const struct totp_params other = { .algorithm = TOTP_SHA256, .digits = 8, .period = 60 };

	assert_parsed("otpauth://totp/Example:alice@google.com?secret=" BASE32 "&issuer=Example", shipped,
	              "alice@google.com");
	assert_parsed("otpauth://totp/Example%3A%20alice?issuer=Example&secret=" BASE32, shipped, "alice");
	assert_parsed("OTPAUTH://TOTP/alice?digits=8&PERIOD=60&algorithm=sha256&image=x%3Fy"
	              "&secret=gezd%20gnbv-gy3tqojqgezdgnbvgy3tqojq%3D%3D",
	              other, "alice");
	assert_parsed("otpauth://totp/?secret=" BASE32 "&algorithm=SHA1&&flag&", shipped, "");
	assert_parsed("otpauth://totp/alice?secret=" BASE32 "&secretive=1&digit=9", shipped, "alice");
}

Test(uri, what_is_no_uri_of_an_app_is_refused)
{
	static const char *const texts[] = {
		"", "otpauth://totp/", "otpauth://totp/alice", "otpauth://totp/alice?",
		"otpauth://totp/alice?issuer=x", "otpauth://hotp/alice?secret=" BASE32 "&counter=0",
		"https://totp/alice?secret=" BASE32, BASE32,
		"otpauth://totp/alice?secret=", "otpauth://totp/alice?secret=" BASE32 "&secret=" BASE32,
		"otpauth://totp/alice?secret=0189", "otpauth://totp/alice?secret=GEZDGNBVGY3TQOJQ%00",
		"otpauth://totp/alice?secret=" BASE32 "&digits=5",
		"otpauth://totp/alice?secret=" BASE32 "&digits=9",
		"otpauth://totp/alice?secret=" BASE32 "&digits=",
		"otpauth://totp/alice?secret=" BASE32 "&digits=+6",
		"otpauth://totp/alice?secret=" BASE32 "&period=0",
		"otpauth://totp/alice?secret=" BASE32 "&period=4294967326",
		"otpauth://totp/alice?secret=" BASE32 "&algorithm=md5",
		"otpauth://totp/alice?secret=" BASE32 "&algorithm=",
		"otpauth://totp/a%lice?secret=" BASE32, "otpauth://totp/alice%4?secret=" BASE32,
		"otpauth://totp/alice%00?secret=" BASE32, "otpauth://totp/alice?secret=" BASE32 "%",
	};

	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
		assert_no_uri(texts[i], SFMFA_ERR_INVALID);
}

Test(uri, a_part_that_does_not_fit_is_refused)
{
	char text[4096];
	char long_part[1024];

	memset(long_part, 'A', sizeof(long_part) - 1);
	long_part[sizeof(long_part) - 1] = 0;
	snprintf(text, sizeof(text), "otpauth://totp/%s?secret=" BASE32, long_part);
	assert_no_uri(text, SFMFA_ERR_TOO_LARGE);
	snprintf(text, sizeof(text), "otpauth://totp/%.256s?secret=" BASE32, long_part);
	assert_no_uri(text, SFMFA_ERR_TOO_LARGE);
	snprintf(text, sizeof(text), "otpauth://totp/alice?secret=%s", long_part);
	assert_no_uri(text, SFMFA_ERR_TOO_LARGE);
}

Test(uri, escapes_are_hexadecimal_and_nothing_beside)
{
	static const char good[] = "09AFaf", bad[] = "/:@G`g";
	char uri[256];

	for (const char *c = good; *c != 0; c++) {
		snprintf(uri, sizeof(uri), "otpauth://totp/x%%2%c?secret=" BASE32, *c);
		struct totp_params params;
		struct secret secret = { 0 };
		char user[USER_NAME_SIZE];

		cr_expect_eq(totp_parse_uri(uri, &params, &secret, user), SFMFA_OK, "%s", uri);
	}
	for (const char *c = bad; *c != 0; c++) {
		snprintf(uri, sizeof(uri), "otpauth://totp/x%%2%c?secret=" BASE32, *c);
		assert_no_uri(uri, SFMFA_ERR_INVALID);
		snprintf(uri, sizeof(uri), "otpauth://totp/x%%%c0?secret=" BASE32, *c);
		assert_no_uri(uri, SFMFA_ERR_INVALID);
	}
	assert_no_uri("otpauth://totp/x%00?secret=" BASE32, SFMFA_ERR_INVALID);
	assert_no_uri("otpauth://totp/x%2?secret=" BASE32, SFMFA_ERR_INVALID);
	assert_parsed("otpauth://totp/x%09?secret=" BASE32, shipped, "x\t");
}

Test(uri, of_an_algorithm_that_is_none_names_none)
{
	struct totp_params params = { .algorithm = (enum totp_algorithm)99, .digits = 6, .period = 30 };
	struct secret secret = shared();
	char uri[TOTP_URI_SIZE];

	cr_expect_eq(totp_uri(&params, &secret, "", "alice", uri), SFMFA_OK);
	cr_expect_null(strstr(uri, "algorithm"), "%s", uri);
}
