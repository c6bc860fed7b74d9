/*
 * See jwt.h. OpenSSL verifies; the little that is JSON is read here, over jansson, because every JWT library
 * would read it once more and more leniently: what was verified and what was read must be one thing.
 */
#include "crypto/jwt.h"

#include <jansson.h>
#include <string.h>

#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/x509.h>

#include "crypto/gcm.h"

#define PART_COUNT 3
enum { HEADER, PAYLOAD, SIGNATURE };

#define ES256_SIGNATURE_SIZE 64
#define ES256_HALF           (ES256_SIGNATURE_SIZE / 2)
#define ES256_DER_MAX        80
#define TIME_MAX             INT64_C(253402300799) /* 9999-12-31 */

/* A part of the compact form, not decoded. */
struct part {
	const unsigned char *bytes;
	size_t size;
};

struct decoded {
	unsigned char bytes[SECRET_MAX];
	size_t size;
};

static int
digit_of(unsigned char byte)
{
	if (byte >= 'A' && byte <= 'Z')
		return byte - 'A';
	if (byte >= 'a' && byte <= 'z')
		return byte - 'a' + 26;
	if (byte >= '0' && byte <= '9')
		return byte - '0' + 52;
	if (byte == '-')
		return 62;
	return byte == '_' ? 63 : -1;
}

/* RFC 7515 2: no padding, no white space; and no bits left over that are not zero. */
static bool
decode(const struct part *part, struct decoded *ret_decoded)
{
	unsigned held = 0, bits = 0;
	size_t used = 0;

	if (part->size == 0 || part->size % 4 == 1 || part->size > SECRET_MAX)
		return false;
	for (size_t i = 0; i < part->size; i++) {
		int digit = digit_of(part->bytes[i]);

		if (digit < 0)
			return false;
		held = (held << 6 | (unsigned)digit) & 0xfff;
		bits += 6;
		if (bits < 8)
			continue;
		bits -= 8;
		ret_decoded->bytes[used++] = (unsigned char)(held >> bits);
		held &= (1U << bits) - 1;
	}
	ret_decoded->size = used;
	return held == 0;
}

static bool
split(const unsigned char *bytes, size_t size, struct part parts[PART_COUNT])
{
	size_t count = 0, start = 0;

	for (size_t i = 0; i <= size; i++) {
		if (i < size && bytes[i] != '.')
			continue;
		if (count == PART_COUNT || i == start)
			return false;
		parts[count++] = (struct part){ bytes + start, i - start };
		start = i + 1;
	}
	return count == PART_COUNT;
}

bool
jwt_has_form(const void *bytes, size_t size)
{
	struct part parts[PART_COUNT];
	struct decoded header;

	if (size > SECRET_MAX || !split(bytes, size, parts))
		return false;
	/* Whether the last bits are canonical is for jwt_read() to say. */
	parts[HEADER].size -= parts[HEADER].size % 4;
	return decode(&parts[HEADER], &header) && header.bytes[0] == '{';
}

static void
free_json(json_t **json)
{
	json_decref(*json);
}

#define JSON_AUTO __attribute__((cleanup(free_json))) json_t

/* One object, no member twice, nothing behind it. NULL: anything else. */
static json_t *
parse(const struct decoded *text)
{
	json_t *json = json_loadb((const char *)text->bytes, text->size, JSON_REJECT_DUPLICATES, NULL);

	if (json != NULL && !json_is_object(json)) {
		json_decref(json);
		return NULL;
	}
	return json;
}

static bool
says(const json_t *json, const char *text)
{
	return json_is_string(json) && strcmp(json_string_value(json), text) == 0;
}

static bool
read_header(json_t *header, struct jwt *jwt)
{
	const char *key;
	json_t *value;

	json_object_foreach(header, key, value) {
		if (strcmp(key, "alg") == 0) {
			if (says(value, "RS256"))
				jwt->algorithm = JWT_RS256;
			else if (says(value, "ES256"))
				jwt->algorithm = JWT_ES256;
		} else if (strcmp(key, "typ") == 0) {
			if (!says(value, "JWT") && !says(value, "jwt"))
				return false;
		} else if (strcmp(key, "kid") != 0 || !json_is_string(value)) {
			return false;
		}
	}
	return jwt->algorithm != JWT_UNKNOWN;
}

/* jansson refuses a NUL inside a string. */
static bool
read_text(const json_t *json, char text[JWT_CLAIM_SIZE])
{
	size_t size;

	if (!json_is_string(json))
		return false;
	size = json_string_length(json);
	if (size == 0 || size >= JWT_CLAIM_SIZE)
		return false;
	memcpy(text, json_string_value(json), size + 1);
	return true;
}

/* RFC 7519 allows fractions; nobody needs them, and a number has one reading only without them. */
static bool
read_time(const json_t *json, bool *ret_has, int64_t *ret_time)
{
	if (!json_is_integer(json) || json_integer_value(json) < 0 || json_integer_value(json) > TIME_MAX)
		return false;
	*ret_time = json_integer_value(json);
	*ret_has = true;
	return true;
}

static bool
read_audience(const json_t *json, struct jwt *jwt)
{
	size_t count = json_array_size(json);

	if (json_is_string(json)) {
		jwt->audience_count = 1;
		return read_text(json, jwt->audiences[0]);
	}
	if (!json_is_array(json) || count == 0 || count > JWT_AUDIENCES_MAX)
		return false;
	for (size_t i = 0; i < count; i++) {
		if (!read_text(json_array_get(json, i), jwt->audiences[i]))
			return false;
	}
	jwt->audience_count = count;
	return true;
}

/* Other claims are the app's own affair (RFC 7523 3). */
static bool
read_claims(json_t *payload, struct jwt *jwt)
{
	const char *key;
	json_t *value;
	bool good = true;

	json_object_foreach(payload, key, value) {
		if (strcmp(key, "iss") == 0)
			good = good && read_text(value, jwt->issuer);
		else if (strcmp(key, "sub") == 0)
			good = good && read_text(value, jwt->subject);
		else if (strcmp(key, "jti") == 0)
			good = good && read_text(value, jwt->id);
		else if (strcmp(key, "aud") == 0)
			good = good && read_audience(value, jwt);
		else if (strcmp(key, "exp") == 0)
			good = good && read_time(value, &jwt->has_expiry, &jwt->expires_at);
		else if (strcmp(key, "nbf") == 0)
			good = good && read_time(value, &jwt->has_not_before, &jwt->not_before);
		else if (strcmp(key, "iat") == 0)
			good = good && read_time(value, &jwt->has_issued_at, &jwt->issued_at);
	}
	return good;
}

enum sfmfa_err
jwt_read(const struct secret *text, struct jwt *ret_jwt)
{
	JSON_AUTO *header = NULL, *payload = NULL;
	struct part parts[PART_COUNT];
	struct decoded decoded;
	struct jwt jwt = { 0 };

	if (text->size > SECRET_MAX || !split(text->bytes, text->size, parts))
		return SFMFA_ERR_INVALID;
	if (decode(&parts[HEADER], &decoded))
		header = parse(&decoded);
	if (header == NULL || !read_header(header, &jwt))
		return SFMFA_ERR_INVALID;
	if (decode(&parts[PAYLOAD], &decoded))
		payload = parse(&decoded);
	if (payload == NULL || !read_claims(payload, &jwt) || !decode(&parts[SIGNATURE], &decoded))
		return SFMFA_ERR_INVALID;
	*ret_jwt = jwt;
	return SFMFA_OK;
}

static void
free_key(EVP_PKEY **key)
{
	EVP_PKEY_free(*key);
}

static void
free_md(EVP_MD_CTX **ctx)
{
	EVP_MD_CTX_free(*ctx);
}

static void
free_signature(ECDSA_SIG **signature)
{
	ECDSA_SIG_free(*signature);
}

#define PKEY_AUTO __attribute__((cleanup(free_key))) EVP_PKEY

/* r and s, 32 bytes each (RFC 7518 3.4), as OpenSSL wants them. 0: not possible. */
static size_t
es256_to_der(const struct decoded *raw, unsigned char der[ES256_DER_MAX])
{
	__attribute__((cleanup(free_signature))) ECDSA_SIG *signature = NULL;
	BIGNUM *r, *s;
	int size;

	if (raw->size != ES256_SIGNATURE_SIZE)
		return 0;
	signature = ECDSA_SIG_new();
	r = BN_bin2bn(raw->bytes, ES256_HALF, NULL);
	s = BN_bin2bn(raw->bytes + ES256_HALF, ES256_HALF, NULL);
	if (signature == NULL || r == NULL || s == NULL || ECDSA_SIG_set0(signature, r, s) != 1) {
		BN_free(r);
		BN_free(s);
		return 0;
	}
	size = i2d_ECDSA_SIG(signature, NULL);
	if (size <= 0 || size > ES256_DER_MAX || i2d_ECDSA_SIG(signature, &der) != size)
		return 0;
	return (size_t)size;
}

bool
jwt_is_signed(const struct secret *text, const struct jwt *jwt, enum jwt_algorithm algorithm,
              const unsigned char *key, size_t key_size)
{
	PKEY_AUTO *pkey = NULL;
	__attribute__((cleanup(free_md))) EVP_MD_CTX *ctx = NULL;
	struct part parts[PART_COUNT];
	struct decoded decoded;
	unsigned char der[ES256_DER_MAX];
	const unsigned char *signature = decoded.bytes;
	size_t signed_size, size;

	/* The key says how it signs; an assertion that says otherwise is for another key. */
	if (algorithm == JWT_UNKNOWN || jwt->algorithm != algorithm || !crypto_start() ||
	    !split(text->bytes, text->size, parts) || !decode(&parts[SIGNATURE], &decoded))
		return false;
	size = decoded.size;
	if (algorithm == JWT_ES256) {
		size = es256_to_der(&decoded, der);
		signature = der;
	}
	signed_size = (size_t)(parts[SIGNATURE].bytes - 1 - text->bytes);
	pkey = d2i_PUBKEY(NULL, &key, (long)key_size);
	ctx = EVP_MD_CTX_new();
	if (size == 0 || pkey == NULL || ctx == NULL)
		return false;
	if (EVP_PKEY_get_base_id(pkey) != (algorithm == JWT_RS256 ? EVP_PKEY_RSA : EVP_PKEY_EC))
		return false;
	/* RSA: PKCS #1 v1.5 is OpenSSL's default, and the only one that RS256 means. */
	return EVP_DigestVerifyInit(ctx, NULL, EVP_sha256(), NULL, pkey) == 1 &&
	       EVP_DigestVerify(ctx, signature, size, text->bytes, signed_size) == 1;
}
