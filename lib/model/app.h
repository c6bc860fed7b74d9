/*
 * Connected apps: programs that log users in with a credential of their own kind in place of a stored
 * password (rules 5). Owned by the configuration snapshot. Not to be confused with the authenticator app
 * of a user (struct user_app).
 */
#ifndef SFMFA_MODEL_APP_H
#define SFMFA_MODEL_APP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "model/limits.h"
#include "model/profile.h"

enum flow {
#define FLOW(name, key, high_assurance, help) FLOW_##name,
#include "model/flows.def"
#undef FLOW
	FLOW_COUNT
};

/* A set of flows: bit 1 << FLOW_x. */
#define FLOW_BIT(flow) (UINT32_C(1) << (flow))

/* Approved by the user in an open session of theirs; what is offered later is a token (rules 5, c2). */
#define FLOWS_OF_A_SESSION (FLOW_BIT(FLOW_WEB_SERVER) | FLOW_BIT(FLOW_USER_AGENT))
/* A token answers for them, and no signature. */
#define FLOWS_OF_A_TOKEN   (FLOWS_OF_A_SESSION | FLOW_BIT(FLOW_REFRESH_TOKEN))
/* A signed assertion answers for them: of the user for jwt-bearer, else of the app itself (rules 5, c3, c5). */
#define FLOWS_OF_A_SIGNATURE \
	((FLOW_BIT(FLOW_COUNT) - 1) & ~(FLOWS_OF_A_TOKEN | FLOW_BIT(FLOW_USERNAME_PASSWORD)))

const char *
flow_key(enum flow flow);
/* Whether it stays open where high assurance is demanded (rules 5, c1). */
bool
flow_stays_open(enum flow flow);
/* SFMFA_ERR_NOT_FOUND. */
enum sfmfa_err
flow_from_key(const char *key, enum flow *ret_flow) SFMFA_MUST_USE;

#define APP_KEYS_MAX       8
#define APP_KEY_ID_SIZE    17  /* 16 hexadecimal digits and NUL */
#define CLIENT_ID_SIZE     128
#define AUDIENCE_SIZE      256
#define AUDIENCES_MAX      8

/* A public key as lib/crypto read it; the algorithm is the key's, whatever an assertion says. */
struct app_key {
	char id[APP_KEY_ID_SIZE];   /* first 8 bytes of SHA-256 of its SubjectPublicKeyInfo */
	bool elliptic;              /* ES256; else RS256 */
	const unsigned char *bytes; /* SubjectPublicKeyInfo, DER */
	size_t size;
	int64_t not_before, not_after; /* of its certificate, Unix seconds; both 0: a bare key, always valid */
	struct origin origin;          /* where the app names the file */
};

struct connected_app {
	char name[NAME_SIZE]; /* of the file: first member, lists are searched by it */
	char label[LABEL_SIZE];
	char client_id[CLIENT_ID_SIZE];
	struct app_key keys[APP_KEYS_MAX];
	size_t key_count;
	uint32_t flows;
	struct words services;
	bool self_authorize;    /* users approve it themselves; false: the members are approved beforehand */
	struct members members; /* self_authorize without any: everybody */
	struct words member_sets; /* holders of these permission sets are members too */
	enum level level;       /* demanded of the session that approves it */
	enum level_action action;
	struct origin level_origin;
	int64_t access_token_minutes, refresh_token_days;
	bool require_jti;
	bool has_networks;
	struct networks networks;
	struct origin networks_origin;
	char audiences[AUDIENCES_MAX][AUDIENCE_SIZE];
	size_t audience_count;
	struct origin origin;   /* the file */
};

/*
 * What a user approved, and the family of tokens that came of it, as the store knows them: never the texts of the
 * tokens. The refresh token of a family is replaced at each use.
 */
struct app_grant {
	int64_t id;
	int64_t user_id;
	char app[NAME_SIZE];
	enum flow flow;      /* by which it was approved */
	enum level level;    /* of the session that approved it */
	int64_t approved_at; /* Unix seconds */
	char approved_by[USER_NAME_SIZE];
	int64_t refresh_expires_at; /* 0: there is no refresh token */
	int64_t access_expires_at;  /* of the access token that lives longest; 0: none */
	int64_t last_used_at;       /* 0: never */
	char last_used_from[HOST_SIZE];
};

#endif
