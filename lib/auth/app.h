/* Connected apps as facts: who may use one, where, and what an assertion or a token is worth (rules 5). */
#ifndef SFMFA_AUTH_APP_H
#define SFMFA_AUTH_APP_H

#include "auth/env.h"
#include "auth/person.h"
#include "model/app.h"
#include "model/network.h"
#include "policy/login.h"

/* Whether the user is one of those the app is for, before any approval. A group that cannot be asked has no members. */
enum sfmfa_err
app_has_member(const struct config *config, const struct person *person, const struct standing *standing,
               const struct connected_app *app, bool *ret_member) SFMFA_MUST_USE;

/*
 * Scope and approval of connected->app and ->flow, which are set. service "", peer NULL: not asked about.
 * SFMFA_ERR_STORE, SFMFA_ERR_NO_MEMORY.
 */
enum sfmfa_err
app_add_facts(const struct env *env, const struct config *config, const struct person *person,
              const struct standing *standing, const char *service, const struct peer *peer,
              struct app_fact *connected) SFMFA_MUST_USE;

/* What is in the text, as far as it can be judged without the store; connected is filled in with it. */
struct app_reading {
	char key[NAME_SIZE];          /* the key that verified; "" none */
	int64_t expires_at;
	bool single_use;              /* there is a jti */
	unsigned char hash[HASH_SIZE]; /* of client_id and jti */
};

/*
 * An assertion in the password field. flow: the one that the service names; FLOW_COUNT: jwt-bearer. user: who logs in.
 * SFMFA_ERR_CRYPTO: there are no keys to hash with.
 */
enum sfmfa_err
app_read_assertion(const struct env *env, const struct config *config, const struct secret *text, enum flow flow,
                   const char *user, int64_t now, struct app_fact *connected, struct app_reading *ret_reading)
	SFMFA_MUST_USE;

/* Hashes of tokens, as the store has them. */
enum sfmfa_err
app_hash_access(const struct keyring *keyring, const struct secret *token, unsigned char ret_hash[HASH_SIZE])
	SFMFA_MUST_USE;
enum sfmfa_err
app_hash_refresh(const struct keyring *keyring, const struct secret *token, unsigned char ret_family[HASH_SIZE],
                 unsigned char ret_newest[HASH_SIZE]) SFMFA_MUST_USE;

#endif
