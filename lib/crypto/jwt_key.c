/* The keys that verify assertions: one PEM file each, certificate or bare public key (jwt.h). */
#include <stdio.h>
#include <string.h>

#include <openssl/asn1.h>
#include <openssl/core_names.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>

#include "base/text.h"
#include "crypto/gcm.h"
#include "crypto/hash.h"
#include "crypto/jwt.h"

#define RSA_BITS_MIN 2048
#define RSA_BITS_MAX 4096
#define PEM_MARK     "-----BEGIN "

static void
free_bio(BIO **bio)
{
	BIO_free(*bio);
}

static void
free_key(EVP_PKEY **key)
{
	EVP_PKEY_free(*key);
}

static void
free_certificate(X509 **certificate)
{
	X509_free(*certificate);
}

static void
free_context(EVP_PKEY_CTX **ctx)
{
	EVP_PKEY_CTX_free(*ctx);
}

static void
free_time(ASN1_TIME **time)
{
	ASN1_TIME_free(*time);
}

#define BIO_AUTO         __attribute__((cleanup(free_bio))) BIO
#define PKEY_AUTO        __attribute__((cleanup(free_key))) EVP_PKEY
#define CERTIFICATE_AUTO __attribute__((cleanup(free_certificate))) X509

static enum sfmfa_err
refuse(char fault[JWT_FAULT_SIZE], const char *what)
{
	ERR_clear_error();
	if (text_copy(fault, JWT_FAULT_SIZE, what) != SFMFA_OK)
		fault[0] = '\0';
	return SFMFA_ERR_INVALID;
}

static size_t
count_blocks(const char *pem)
{
	size_t count = 0;

	for (const char *at = strstr(pem, PEM_MARK); at != NULL; at = strstr(at + 1, PEM_MARK))
		count++;
	return count;
}

static bool
read_time(const ASN1_TIME *time, int64_t *ret_time)
{
	__attribute__((cleanup(free_time))) ASN1_TIME *epoch = ASN1_TIME_set(NULL, 0);
	int days, seconds;

	if (epoch == NULL || ASN1_TIME_diff(&days, &seconds, epoch, time) != 1)
		return false;
	*ret_time = (int64_t)days * 86400 + seconds;
	return true;
}

static EVP_PKEY *
read_certificate(BIO *bio, struct jwt_key *key)
{
	CERTIFICATE_AUTO *certificate = PEM_read_bio_X509(bio, NULL, NULL, NULL);

	if (certificate == NULL || !read_time(X509_get0_notBefore(certificate), &key->not_before) ||
	    !read_time(X509_get0_notAfter(certificate), &key->not_after))
		return NULL;
	return X509_get_pubkey(certificate);
}

/* NULL: strong enough. */
static const char *
weakness(EVP_PKEY *pkey, enum jwt_algorithm *ret_algorithm)
{
	char group[80] = "";
	int bits = EVP_PKEY_get_bits(pkey);

	switch (EVP_PKEY_get_base_id(pkey)) {
	case EVP_PKEY_RSA:
		*ret_algorithm = JWT_RS256;
		if (bits < RSA_BITS_MIN)
			return "an RSA key of less than 2048 bits is too weak";
		return bits > RSA_BITS_MAX ? "an RSA key of more than 4096 bits is too slow" : NULL;
	case EVP_PKEY_EC:
		*ret_algorithm = JWT_ES256;
		if (EVP_PKEY_get_utf8_string_param(pkey, OSSL_PKEY_PARAM_GROUP_NAME, group, sizeof(group), NULL) != 1 ||
		    strcmp(group, "prime256v1") != 0)
			return "the curve of an elliptic key must be P-256";
		return NULL;
	default: return "the key must be RSA or elliptic on P-256";
	}
}

static enum sfmfa_err
check(EVP_PKEY *pkey, struct jwt_key *key, char fault[JWT_FAULT_SIZE])
{
	__attribute__((cleanup(free_context))) EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new(pkey, NULL);
	const char *weak = weakness(pkey, &key->algorithm);

	if (weak != NULL)
		return refuse(fault, weak);
	if (ctx == NULL)
		return SFMFA_ERR_CRYPTO;
	if (EVP_PKEY_public_check(ctx) != 1)
		return refuse(fault, "the key is not a valid one");
	return SFMFA_OK;
}

static enum sfmfa_err
encode(EVP_PKEY *pkey, struct jwt_key *key, char fault[JWT_FAULT_SIZE])
{
	unsigned char digest[DIGEST_SIZE], *to = key->bytes;
	int size = i2d_PUBKEY(pkey, NULL);
	enum sfmfa_err err;

	if (size <= 0 || (size_t)size > sizeof(key->bytes))
		return refuse(fault, "the key is too large");
	if (i2d_PUBKEY(pkey, &to) != size)
		return SFMFA_ERR_CRYPTO;
	key->size = (size_t)size;
	err = digest_sha256(key->bytes, key->size, digest);
	return err == SFMFA_OK ? text_from_bytes(key->id, sizeof(key->id), digest, (JWT_KEY_ID_SIZE - 1) / 2) : err;
}

enum sfmfa_err
jwt_key_read(const char *pem, size_t size, bool certificate, struct jwt_key *ret_key,
             char ret_fault[JWT_FAULT_SIZE])
{
	BIO_AUTO *bio = NULL;
	PKEY_AUTO *pkey = NULL;
	struct jwt_key key = { 0 };
	enum sfmfa_err err;

	if (!crypto_start() || size > INT32_MAX)
		return SFMFA_ERR_CRYPTO;
	if (strstr(pem, "PRIVATE KEY-----") != NULL)
		return refuse(ret_fault, "there is a private key in it: it belongs to the app alone");
	if (count_blocks(pem) != 1)
		return refuse(ret_fault, "it must hold exactly one key or certificate in PEM form");
	bio = BIO_new_mem_buf(pem, (int)size);
	if (bio == NULL)
		return SFMFA_ERR_NO_MEMORY;
	pkey = certificate ? read_certificate(bio, &key) : PEM_read_bio_PUBKEY(bio, NULL, NULL, NULL);
	if (pkey == NULL)
		return refuse(ret_fault, certificate ? "it is not a certificate in PEM form"
		                                     : "it is not a public key in PEM form");
	err = check(pkey, &key, ret_fault);
	if (err == SFMFA_OK)
		err = encode(pkey, &key, ret_fault);
	if (err == SFMFA_OK)
		*ret_key = key;
	return err;
}
