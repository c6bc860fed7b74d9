#include "signer.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>

static void
need(bool good, const char *what)
{
	if (good)
		return;
	fprintf(stderr, "signer: %s failed\n", what);
	abort();
}

static void
take_text(BIO *bio, char pem[SIGNER_PEM_SIZE])
{
	int size = BIO_read(bio, pem, SIGNER_PEM_SIZE - 1);

	need(size > 0 && size < SIGNER_PEM_SIZE - 1, "PEM");
	pem[size] = '\0';
	BIO_free(bio);
}

void
signer_make(struct signer *signer, bool elliptic)
{
	BIO *bio = BIO_new(BIO_s_mem());

	signer->elliptic = elliptic;
	signer->private = elliptic ? EVP_EC_gen("P-256") : EVP_RSA_gen(2048);
	need(signer->private != NULL && PEM_write_bio_PUBKEY(bio, signer->private) == 1, "a key");
	take_text(bio, signer->pem);
}

void
signer_free(struct signer *signer)
{
	EVP_PKEY_free(signer->private);
	memset(signer, 0, sizeof(*signer));
}

void
signer_certificate(const struct signer *signer, int64_t not_before, int64_t not_after, char ret_pem[SIGNER_PEM_SIZE])
{
	X509 *certificate = X509_new();
	BIO *bio = BIO_new(BIO_s_mem());

	ASN1_TIME_set(X509_getm_notBefore(certificate), (time_t)not_before);
	ASN1_TIME_set(X509_getm_notAfter(certificate), (time_t)not_after);
	need(X509_set_pubkey(certificate, signer->private) == 1 &&
	             X509_sign(certificate, signer->private, EVP_sha256()) > 0 &&
	             PEM_write_bio_X509(bio, certificate) == 1,
	     "a certificate");
	take_text(bio, ret_pem);
	X509_free(certificate);
}

void
signer_private_pem(const struct signer *signer, char ret_pem[SIGNER_PEM_SIZE])
{
	BIO *bio = BIO_new(BIO_s_mem());

	need(PEM_write_bio_PrivateKey(bio, signer->private, NULL, NULL, 0, NULL, NULL) == 1, "a private key");
	take_text(bio, ret_pem);
}

void
signer_append(char *text, const void *bytes, size_t size)
{
	static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
	const unsigned char *from = bytes;
	size_t used = strlen(text);

	for (size_t at = 0; at < size; at += 3) {
		unsigned three = (unsigned)from[at] << 16;

		if (at + 1 < size)
			three |= (unsigned)from[at + 1] << 8;
		if (at + 2 < size)
			three |= from[at + 2];
		text[used++] = digits[three >> 18];
		text[used++] = digits[three >> 12 & 63];
		if (at + 1 < size)
			text[used++] = digits[three >> 6 & 63];
		if (at + 2 < size)
			text[used++] = digits[three & 63];
	}
	text[used] = '\0';
}

static size_t
sign(const struct signer *signer, const char *text, unsigned char signature[512])
{
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	unsigned char der[512];
	size_t size = sizeof(der);

	need(EVP_DigestSignInit(ctx, NULL, EVP_sha256(), NULL, signer->private) == 1 &&
	             EVP_DigestSign(ctx, der, &size, (const unsigned char *)text, strlen(text)) == 1,
	     "a signature");
	EVP_MD_CTX_free(ctx);
	if (signer->elliptic) {
		const unsigned char *at = der;
		ECDSA_SIG *pieces = d2i_ECDSA_SIG(NULL, &at, (long)size);

		BN_bn2binpad(ECDSA_SIG_get0_r(pieces), signature, 32);
		BN_bn2binpad(ECDSA_SIG_get0_s(pieces), signature + 32, 32);
		ECDSA_SIG_free(pieces);
		return 64;
	}
	memcpy(signature, der, size);
	return size;
}

void
signer_sign(const struct signer *signer, const char *header, const char *claims, char ret_text[SIGNER_TEXT_SIZE])
{
	unsigned char signature[512];
	size_t size;

	need((strlen(header) + strlen(claims)) * 4 / 3 + 512 * 4 / 3 + 8 < SIGNER_TEXT_SIZE, "room for the text");
	ret_text[0] = '\0';
	signer_append(ret_text, header, strlen(header));
	strcat(ret_text, ".");
	signer_append(ret_text, claims, strlen(claims));
	size = sign(signer, ret_text, signature);
	strcat(ret_text, ".");
	signer_append(ret_text, signature, size);
}
