/* A connected app that signs assertions, with a key pair of its own. */
#ifndef SFMFA_TESTS_SIGNER_H
#define SFMFA_TESTS_SIGNER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct evp_pkey_st; /* EVP_PKEY of OpenSSL, whose headers take common names */

#define SIGNER_PEM_SIZE  4096
#define SIGNER_TEXT_SIZE 2048

struct signer {
	struct evp_pkey_st *private;
	bool elliptic;             /* ES256; else RS256, 2048 bits */
	char pem[SIGNER_PEM_SIZE]; /* the public key */
};

/* Failures end the process: a test has nothing to go on with. */
void
signer_make(struct signer *signer, bool elliptic);
void
signer_free(struct signer *signer);

/* A certificate of its key, valid between these moments, Unix seconds. */
void
signer_certificate(const struct signer *signer, int64_t not_before, int64_t not_after,
                   char ret_pem[SIGNER_PEM_SIZE]);

/* The private key, which belongs nowhere but here. */
void
signer_private_pem(const struct signer *signer, char ret_pem[SIGNER_PEM_SIZE]);

/* An assertion of this header and these claims, whatever they say, rightly signed. */
void
signer_sign(const struct signer *signer, const char *header, const char *claims, char ret_text[SIGNER_TEXT_SIZE]);

/* base64url without padding, at the end of a text. */
void
signer_append(char *text, const void *bytes, size_t size);

#endif
