/*
 * An answer compared with what a user holds, as one conditional operation on the store: used for
 * logins and for operators who prove themselves. Nothing is revealed before the operation is
 * committed (rules 4, "Lockout").
 */
#ifndef SFMFA_AUTH_ATTEMPT_H
#define SFMFA_AUTH_ATTEMPT_H

#include "auth/env.h"
#include "factor/code.h"
#include "model/network.h"
#include "model/user.h"
#include "policy/login.h"

/* The keyed hash of a code in canonical form, bound to its user (contexts.h). SFMFA_ERR_CRYPTO. */
enum sfmfa_err
code_hash(const struct keyring *keyring, enum code_kind kind, const char *user,
          const struct secret *canonical, unsigned char ret_hash[HASH_SIZE]) SFMFA_MUST_USE;

struct attempt_input {
	const struct env *env;
	const struct config *config;
	/* id 0: nobody. Compared with nothing that exists; the operation is committed all the same. */
	const struct user_record *record;
	uint32_t acceptable;     /* FACTOR_BIT()s */
	int64_t caller;          /* -1, or the uid whose guard counts */
	const struct moment *now; /* of the answer, not of the prompt */
	bool complete_app;       /* a right code completes a pending app */
	const char *service;     /* of this login; NULL: none, tokens are then out of scope */
	const struct peer *peer;
	const char *from;        /* noted with a token; NULL: nothing. Must outlive the operation */
};

/* Which kind an answer is. Spaces a person typed are taken out. FACTOR_PASSWORD: no known form. */
enum factor
attempt_recognize(const struct attempt_input *input, struct secret *answer, struct secret *ret_canonical);

/*
 * Compares, and fills in the STORE_ATTEMPT to be committed. An answer of no acceptable kind is counted as a
 * wrong one. SFMFA_ERR_CRYPTO: no keys, or the record does not open; SFMFA_ERR_STORE.
 */
enum sfmfa_err
attempt_prepare(const struct attempt_input *input, struct secret *answer, struct store_op *ret_op,
                enum factor *ret_offered, struct diag *diag) SFMFA_MUST_USE;

/* What a committed operation found, in the words of the policy. */
enum attempt
attempt_found(const struct store_op *op);

/* Steps from now of an answer that is right at another time, if it may be told (it was admitted); 0: none. */
int64_t
attempt_step_offset(const struct store_op *op);

#endif
