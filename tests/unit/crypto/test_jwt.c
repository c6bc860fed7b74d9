/* Signed assertions: what is read, what a key says yes to, and what attackers have tried elsewhere. */
#include <criterion/criterion.h>
#include <openssl/evp.h>
#include <openssl/ec.h>
#include <openssl/hmac.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <stdio.h>
#include <string.h>

#include "crypto/jwt.h"
#include "signer.h"

#define CLAIMS "{\"iss\":\"app\",\"sub\":\"alice\",\"aud\":\"host\",\"exp\":1800000060,\"jti\":\"1\"}"

/* An app, and its public key as sfmfa has read it. */
struct pair {
	struct signer signer;
	struct jwt_key public;
};

static struct pair rsa, elliptic;

static void
make_pair(struct pair *pair, bool is_elliptic)
{
	char fault[JWT_FAULT_SIZE] = "";

	signer_make(&pair->signer, is_elliptic);
	cr_assert_eq(jwt_key_read(pair->signer.pem, strlen(pair->signer.pem), false, &pair->public, fault), SFMFA_OK,
	             "%s", fault);
}

static void
make_pairs(void)
{
	make_pair(&rsa, false);
	make_pair(&elliptic, true);
}

static void
free_pairs(void)
{
	signer_free(&rsa.signer);
	signer_free(&elliptic.signer);
}

TestSuite(jwt, .init = make_pairs, .fini = free_pairs);

static struct secret
text_of(const char *text)
{
	struct secret secret;

	cr_assert_eq(secret_set(&secret, text, strlen(text)), SFMFA_OK);
	return secret;
}

/* An assertion with this header and these claims, rightly signed. */
static struct secret
assertion(const struct pair *pair, const char *header, const char *claims)
{
	char text[SIGNER_TEXT_SIZE];

	signer_sign(&pair->signer, header, claims, text);
	return text_of(text);
}

static bool
is_read(const struct secret *text)
{
	struct jwt jwt;

	return jwt_read(text, &jwt) == SFMFA_OK;
}

static bool
is_signed_by(const struct secret *text, const struct pair *pair)
{
	struct jwt jwt;

	return jwt_read(text, &jwt) == SFMFA_OK &&
	       jwt_is_signed(text, &jwt, pair->public.algorithm, pair->public.bytes, pair->public.size);
}

static bool
header_is_read(const char *header)
{
	struct secret text = assertion(&elliptic, header, CLAIMS);

	return is_read(&text);
}

static bool
claims_are_read(const char *claims)
{
	struct secret text = assertion(&elliptic, "{\"alg\":\"ES256\"}", claims);

	return is_read(&text);
}

Test(jwt, both_algorithms_are_verified_and_read)
{
	struct secret by_rsa = assertion(&rsa, "{\"alg\":\"RS256\",\"typ\":\"JWT\"}", CLAIMS);
	struct secret by_curve = assertion(&elliptic, "{\"alg\":\"ES256\",\"kid\":\"whatever\"}", CLAIMS);
	struct jwt jwt;

	cr_assert(is_signed_by(&by_rsa, &rsa));
	cr_assert(is_signed_by(&by_curve, &elliptic));
	cr_assert(jwt_has_form(by_rsa.bytes, by_rsa.size));
	cr_assert_eq(jwt_read(&by_curve, &jwt), SFMFA_OK);
	cr_expect_str_eq(jwt.issuer, "app");
	cr_expect_str_eq(jwt.subject, "alice");
	cr_expect_str_eq(jwt.id, "1");
	cr_expect_eq(jwt.audience_count, 1);
	cr_expect_str_eq(jwt.audiences[0], "host");
	cr_expect(jwt.has_expiry && jwt.expires_at == 1800000060);
	cr_expect(!jwt.has_not_before && !jwt.has_issued_at);
}

Test(jwt, no_byte_of_it_may_change)
{
	struct secret text = assertion(&elliptic, "{\"alg\":\"ES256\"}", CLAIMS);

	for (size_t i = 0; i < text.size; i++) {
		unsigned char before = text.bytes[i];

		text.bytes[i] = before == 'A' ? 'B' : 'A';
		cr_expect_not(is_signed_by(&text, &elliptic), "byte %zu", i);
		text.bytes[i] = before;
	}
	cr_expect(is_signed_by(&text, &elliptic));
}

Test(jwt, every_length_but_its_own_is_refused)
{
	struct secret text = assertion(&elliptic, "{\"alg\":\"ES256\"}", CLAIMS);
	size_t whole = text.size;

	for (text.size = 0; text.size < whole; text.size++)
		cr_expect_not(is_signed_by(&text, &elliptic), "%zu bytes", text.size);
}

Test(jwt, key_confusion_another_key_of_the_same_kind_says_no)
{
	struct pair other;
	struct secret text = assertion(&elliptic, "{\"alg\":\"ES256\"}", CLAIMS);

	make_pair(&other, true);
	cr_expect_not(is_signed_by(&text, &other));
	cr_expect_not(is_signed_by(&text, &rsa));
	signer_free(&other.signer);
}

/* What libraries have fallen for: HMAC with the public key's own text as the shared secret. */
Test(jwt, algorithm_confusion_hmac_with_the_public_key_is_refused)
{
	char text[2048] = "";
	unsigned char mac[32];
	unsigned size = 0;
	struct secret secret;

	signer_append(text, "{\"alg\":\"HS256\"}", 15);
	strcat(text, ".");
	signer_append(text, CLAIMS, strlen(CLAIMS));
	HMAC(EVP_sha256(), rsa.signer.pem, (int)strlen(rsa.signer.pem), (const unsigned char *)text, strlen(text), mac, &size);
	strcat(text, ".");
	signer_append(text, mac, size);
	secret = text_of(text);
	cr_expect_not(is_read(&secret));
}

Test(jwt, algorithm_confusion_the_header_chooses_nothing)
{
	struct secret lies = assertion(&elliptic, "{\"alg\":\"RS256\"}", CLAIMS);
	struct secret also = assertion(&rsa, "{\"alg\":\"ES256\"}", CLAIMS);

	cr_assert(is_read(&lies) && is_read(&also));
	cr_expect_not(is_signed_by(&lies, &elliptic));
	cr_expect_not(is_signed_by(&lies, &rsa));
	cr_expect_not(is_signed_by(&also, &rsa));
	cr_expect_not(is_signed_by(&also, &elliptic));
}

Test(jwt, other_algorithms_are_refused)
{
	static const char *const names[] = { "none", "None", "NONE", "", "HS256", "HS512", "PS256", "RS384", "RS512",
					     "ES384", "ES256K", "EdDSA", "rs256", "es256", "ES256 ", "RSA-OAEP" };
	char header[64];

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		snprintf(header, sizeof(header), "{\"alg\":\"%s\"}", names[i]);
		cr_expect_not(header_is_read(header), "%s", names[i]);
	}
	cr_expect_not(header_is_read("{\"alg\":null}"));
	cr_expect_not(header_is_read("{\"alg\":[\"ES256\"]}"));
	cr_expect_not(header_is_read("{\"typ\":\"JWT\"}"));
	cr_expect_not(header_is_read("{}"));
}

Test(jwt, keys_in_the_header_are_refused)
{
	static const char *const members[] = {
		"\"jwk\":{\"kty\":\"EC\"}", "\"jku\":\"http://x\"", "\"x5u\":\"http://x\"", "\"x5c\":[\"MII\"]",
		"\"x5t\":\"AA\"", "\"crit\":[\"exp\"]", "\"crit\":[]", "\"b64\":false", "\"zip\":\"DEF\"",
		"\"cty\":\"JWT\"", "\"enc\":\"A256GCM\"", "\"typ\":\"JWS\"", "\"typ\":7", "\"ALG\":\"ES256\"",
	};
	char header[128];

	for (size_t i = 0; i < sizeof(members) / sizeof(members[0]); i++) {
		snprintf(header, sizeof(header), "{\"alg\":\"ES256\",%s}", members[i]);
		cr_expect_not(header_is_read(header), "%s", members[i]);
	}
}

Test(jwt, kid_tricks_choose_nothing)
{
	static const char *const kids[] = { "../../../../dev/null", "' OR 1=1 --", "/etc/passwd", "", "\\u00e9" };
	struct pair other;
	char header[128];

	make_pair(&other, true);
	for (size_t i = 0; i < sizeof(kids) / sizeof(kids[0]); i++) {
		struct secret text;

		snprintf(header, sizeof(header), "{\"alg\":\"ES256\",\"kid\":\"%s\"}", kids[i]);
		text = assertion(&elliptic, header, CLAIMS);
		cr_expect(is_signed_by(&text, &elliptic), "%s", kids[i]);
		cr_expect_not(is_signed_by(&text, &other), "%s", kids[i]);
	}
	cr_expect_not(header_is_read("{\"alg\":\"ES256\",\"kid\":{\"a\":1}}"));
	signer_free(&other.signer);
}

Test(jwt, duplicated_members_are_refused)
{
	cr_expect_not(header_is_read("{\"alg\":\"ES256\",\"alg\":\"ES256\"}"));
	cr_expect_not(claims_are_read("{\"iss\":\"app\",\"sub\":\"alice\",\"sub\":\"root\"}"));
	cr_expect_not(claims_are_read("{\"sub\":\"alice\",\"\\u0073ub\":\"root\"}"));
	cr_expect_not(claims_are_read("{\"x\":{\"y\":1,\"y\":2}}"));
}

Test(jwt, nested_and_strange_json_is_refused)
{
	static const char *const claims[] = {
		"", "[]", "\"text\"", "null", "{", "{}x", "{}{}", "{\"sub\":\"a\\u0000b\"}", "{\"sub\":[\"alice\"]}",
		"{\"sub\":\"\"}", "{\"sub\":null}", "{\"exp\":\"1800000060\"}", "{\"exp\":1800000060.0}",
		"{\"exp\":1e10}", "{\"exp\":-1}", "{\"exp\":true}", "{\"exp\":99999999999999999999}",
		"{\"aud\":[]}", "{\"aud\":[\"host\",7]}", "{\"aud\":{\"host\":1}}", "{\"jti\":7}", "{\"iat\":null}",
		"{\"nbf\":\"now\"}", "{\"sub\":\"\xff\"}", "{'sub':'alice'}", "{\"sub\":\"alice\",}",
	};

	for (size_t i = 0; i < sizeof(claims) / sizeof(claims[0]); i++)
		cr_expect_not(claims_are_read(claims[i]), "%s", claims[i]);
	/* A token as the claims of a token (RFC 7519 5.2). */
	cr_expect_not(claims_are_read("eyJhbGciOiJFUzI1NiJ9.eyJzdWIiOiJhbGljZSJ9.AAAA"));
	cr_expect(claims_are_read("{\"sub\":\"alice\",\"aud\":[\"a\",\"b\"],\"scope\":{\"deep\":[1,2.5,null]}}"));
}

Test(jwt, claims_that_do_not_fit_are_refused)
{
	char claims[400] = "{\"sub\":\"";

	memset(claims + 8, 'a', JWT_CLAIM_SIZE);
	strcpy(claims + 8 + JWT_CLAIM_SIZE, "\"}");
	cr_expect_not(claims_are_read(claims));
	strcpy(claims + 8 + JWT_CLAIM_SIZE - 1, "\"}");
	cr_expect(claims_are_read(claims));
}

Test(jwt, only_canonical_base64url_is_read)
{
	struct secret text = assertion(&elliptic, "{\"alg\":\"ES256\"}", CLAIMS);
	char plain[SECRET_MAX + 1], other[SECRET_MAX + 16], *dot;
	struct secret changed;

	memcpy(plain, text.bytes, text.size);
	plain[text.size] = '\0';
	dot = strrchr(plain, '.');
	/* 64 bytes are 86 digits, of which the last has four bits that mean nothing. */
	plain[text.size - 1]++;
	changed = text_of(plain);
	cr_expect_not(is_read(&changed), "bits left over");
	plain[text.size - 1]--;
	snprintf(other, sizeof(other), "%s==", plain);
	changed = text_of(other);
	cr_expect_not(is_read(&changed), "padding");
	snprintf(other, sizeof(other), " %s", plain);
	changed = text_of(other);
	cr_expect_not(is_read(&changed), "white space");
	snprintf(other, sizeof(other), "%s\n", plain);
	changed = text_of(other);
	cr_expect_not(is_read(&changed), "a newline");
	*dot = '\0';
	snprintf(other, sizeof(other), "%s.", plain);
	changed = text_of(other);
	cr_expect_not(is_read(&changed), "no signature");
	changed = text_of(plain);
	cr_expect_not(is_read(&changed), "two parts");
	snprintf(other, sizeof(other), "%s.AAAA.AAAA", plain);
	changed = text_of(other);
	cr_expect_not(is_read(&changed), "four parts");
	cr_expect_not(jwt_has_form(changed.bytes, changed.size));
}

Test(jwt, passwords_have_not_its_form)
{
	static const char *const passwords[] = { "", ".", "..", "a.b.c", "correct horse", "eyJ", "eyJhIjoxfQ..x",
						 "192.168.0", "e30", "....", "YWJj.YWJj.YWJj" };

	for (size_t i = 0; i < sizeof(passwords) / sizeof(passwords[0]); i++)
		cr_expect_not(jwt_has_form(passwords[i], strlen(passwords[i])), "%s", passwords[i]);
}

Test(jwt, zero_signatures_are_refused)
{
	struct secret text = assertion(&elliptic, "{\"alg\":\"ES256\"}", CLAIMS);
	char *dot = memrchr(text.bytes, '.', text.size);

	/* CVE-2022-21449: r and s of zero verified everything. */
	memset(dot + 1, 'A', text.size - (size_t)(dot + 1 - (char *)text.bytes));
	cr_assert(is_read(&text));
	cr_expect_not(is_signed_by(&text, &elliptic));
}

static const char *
fault_of(const char *pem, bool certificate)
{
	static char fault[JWT_FAULT_SIZE];
	struct jwt_key key;

	fault[0] = '\0';
	return jwt_key_read(pem, strlen(pem), certificate, &key, fault) == SFMFA_OK ? "" : fault;
}

static void
expect_weak(EVP_PKEY *private, const char *says)
{
	char pem[SIGNER_PEM_SIZE] = "";
	BIO *bio = BIO_new(BIO_s_mem());

	cr_assert_eq(PEM_write_bio_PUBKEY(bio, private), 1);
	cr_assert_gt(BIO_read(bio, pem, sizeof(pem) - 1), 0);
	cr_expect_not_null(strstr(fault_of(pem, false), says), "%s", fault_of(pem, false));
	BIO_free(bio);
	EVP_PKEY_free(private);
}

Test(jwt, weak_keys_are_refused)
{
	expect_weak(EVP_RSA_gen(1024), "2048");
	expect_weak(EVP_EC_gen("P-384"), "P-256");
	expect_weak(EVP_EC_gen("secp256k1"), "P-256");
	expect_weak(EVP_PKEY_Q_keygen(NULL, NULL, "ED25519"), "RSA or elliptic");
}

Test(jwt, key_files_hold_one_public_key)
{
	char two[2 * SIGNER_PEM_SIZE], private[SIGNER_PEM_SIZE];

	snprintf(two, sizeof(two), "%s%s", rsa.signer.pem, elliptic.signer.pem);
	cr_expect_not_null(strstr(fault_of(two, false), "exactly one"));
	cr_expect_not_null(strstr(fault_of("", false), "exactly one"));
	cr_expect_not_null(strstr(fault_of("-----BEGIN PUBLIC KEY-----\nnonsense\n", false), "not a public key"));
	cr_expect_not_null(strstr(fault_of(rsa.signer.pem, true), "not a certificate"));
	signer_private_pem(&rsa.signer, private);
	cr_expect_not_null(strstr(fault_of(private, false), "private key"));
}

Test(jwt, a_certificate_has_its_dates)
{
	char pem[SIGNER_PEM_SIZE], fault[JWT_FAULT_SIZE];
	struct jwt_key key;

	signer_certificate(&elliptic.signer, 1700000000, 4000000000, pem);
	cr_assert_eq(jwt_key_read(pem, strlen(pem), true, &key, fault), SFMFA_OK, "%s", fault);
	cr_expect_eq(key.not_before, 1700000000);
	cr_expect_eq(key.not_after, 4000000000);
	cr_expect_str_eq(key.id, elliptic.public.id);
	cr_expect_eq(key.algorithm, JWT_ES256);
	cr_expect_not_null(strstr(fault_of(pem, false), "not a public key"));
}
