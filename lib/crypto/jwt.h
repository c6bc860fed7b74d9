/*
 * Signed assertions: JSON Web Tokens in compact form (RFC 7515, 7519) with RS256 or ES256, as far as RFC 7523
 * needs them. The only file that reads their JSON. Strict: what is not exactly of the expected form is refused.
 *
 * The algorithm is that of the registered key, and an assertion that names another is not verified with it. Nothing in
 * the header chooses a key: kid is ignored, and a key, certificate or address in it (jwk, jku, x5c, x5u) is refused with
 * every other member but alg, typ and kid. No `none`, no HMAC, no crit, no nesting, no duplicate member, no
 * base64url but the canonical.
 */
#ifndef SFMFA_CRYPTO_JWT_H
#define SFMFA_CRYPTO_JWT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "base/secret.h"

enum jwt_algorithm {
	JWT_UNKNOWN = 0,
	JWT_RS256, /* RSASSA-PKCS1-v1_5 with SHA-256, 2048 to 4096 bits */
	JWT_ES256, /* ECDSA on P-256 with SHA-256 */
};

#define JWT_KEY_ID_SIZE  17 /* 16 hexadecimal digits and NUL */
#define JWT_KEY_SIZE_MAX 1024
#define JWT_FAULT_SIZE   128

struct jwt_key {
	enum jwt_algorithm algorithm;
	char id[JWT_KEY_ID_SIZE]; /* first 8 bytes of SHA-256 of the bytes below */
	size_t size;
	unsigned char bytes[JWT_KEY_SIZE_MAX]; /* SubjectPublicKeyInfo, DER */
	int64_t not_before, not_after;         /* of the certificate, Unix seconds; a bare key: both 0 */
};

/*
 * The one certificate, or the one public key ("PUBLIC KEY"), of a PEM file. SFMFA_ERR_INVALID: something else is
 * in it, or the key is too weak, with what is wrong in ret_fault; SFMFA_ERR_CRYPTO.
 */
enum sfmfa_err
jwt_key_read(const char *pem, size_t size, bool certificate, struct jwt_key *ret_key,
             char ret_fault[JWT_FAULT_SIZE]) SFMFA_MUST_USE;

#define JWT_CLAIM_SIZE    256
#define JWT_AUDIENCES_MAX 8

/* What an assertion says; true only once jwt_is_signed() said so. */
struct jwt {
	enum jwt_algorithm algorithm;
	char issuer[JWT_CLAIM_SIZE];  /* "": none */
	char subject[JWT_CLAIM_SIZE]; /* "": none */
	char id[JWT_CLAIM_SIZE];      /* jti; "": none */
	char audiences[JWT_AUDIENCES_MAX][JWT_CLAIM_SIZE];
	size_t audience_count;
	bool has_expiry, has_not_before, has_issued_at;
	int64_t expires_at, not_before, issued_at; /* Unix seconds */
};

/* Whether it could be an assertion and nothing else: three parts, of which the first begins a JSON object. */
bool
jwt_has_form(const void *bytes, size_t size);

/* SFMFA_ERR_INVALID: not of the form above. */
enum sfmfa_err
jwt_read(const struct secret *text, struct jwt *ret_jwt) SFMFA_MUST_USE;

/* Whether this key has signed the text. key: DER as in struct jwt_key. */
bool
jwt_is_signed(const struct secret *text, const struct jwt *jwt, enum jwt_algorithm algorithm,
              const unsigned char *key, size_t key_size);

#endif
