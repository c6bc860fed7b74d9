#include "auth/app.h"

#include <stdlib.h>
#include <string.h>

#include "auth/contexts.h"
#include "base/text.h"
#include "config/holding.h"
#include "crypto/jwt.h"
#include "factor/credential.h"

#define ASSERTION_SECONDS 180 /* an assertion ends at most so far ahead (rules 5, "Assertions") */
#define CLOCK_SECONDS     10  /* by which the clock of the app may be ahead */

/* Whether one of the sets, held directly, by membership or in a group, is among those of the app. */
static enum sfmfa_err
holds_set(const struct config *config, const struct person *person, const struct standing *standing,
	  const struct words *sets, bool *ret_holds)
{
	struct memberships unresolved;
	const struct holder holder = {
		.record = &standing->record,
		.known = standing->known,
		.memberships = standing_memberships(person, config, &unresolved),
	};
	struct holding *holding = calloc(1, sizeof(*holding));
	enum sfmfa_err err = SFMFA_ERR_NO_MEMORY;
	bool holds = false;

	if (holding != NULL)
		err = config_find_holding(config, &holder, holding);
	for (size_t i = 0; err == SFMFA_OK && i < holding->set_count; i++)
		holds = holds || words_contain(sets, holding->sets[i].set->name);
	for (size_t i = 0; err == SFMFA_OK && i < holding->group_count; i++) {
		const struct permission_set_group *group = holding->groups[i].group;

		for (size_t k = 0; k < group->set_count; k++)
			holds = holds || words_contain(sets, group->sets[k]->name);
	}
	free(holding);
	if (err == SFMFA_OK)
		*ret_holds = holds;
	return err;
}

enum sfmfa_err
app_has_member(const struct config *config, const struct person *person, const struct standing *standing,
	       const struct connected_app *app, bool *ret_member)
{
	struct memberships unresolved;
	const struct memberships *memberships;

	*ret_member = false;
	if (!standing->known)
		return SFMFA_OK;
	if (app->self_authorize && app->members.users.count == 0 && app->members.groups.count == 0 &&
	    app->member_sets.count == 0) {
		*ret_member = true;
		return SFMFA_OK;
	}
	memberships = standing_memberships(person, config, &unresolved);
	if (config_match_members(config, &app->members, standing->record.name, memberships) == MATCH_YES) {
		*ret_member = true;
		return SFMFA_OK;
	}
	if (app->member_sets.count == 0)
		return SFMFA_OK;
	return holds_set(config, person, standing, &app->member_sets, ret_member);
}

enum sfmfa_err
app_add_facts(const struct env *env, const struct config *config, const struct person *person,
	      const struct standing *standing, const char *service, const struct peer *peer,
	      struct app_fact *connected)
{
	const struct connected_app *app = connected->app;
	enum sfmfa_err err;

	if (app == NULL)
		return SFMFA_OK;
	connected->in_services = service[0] == '\0' || words_contain(&app->services, service);
	connected->in_networks = peer == NULL || !app->has_networks || networks_contain(&app->networks, peer);
	err = app_has_member(config, person, standing, app, &connected->permitted);
	/* A token is what came of the approval, and there as long as that is. */
	if (err != SFMFA_OK || !connected->permitted || !app->self_authorize ||
	    (unsigned)connected->flow >= FLOW_COUNT || (FLOWS_OF_A_TOKEN & FLOW_BIT(connected->flow)) != 0)
		return err;
	err = store_find_approval(env->store, standing->record.id, app->name, connected->flow, NULL);
	if (err == SFMFA_ERR_NOT_FOUND)
		connected->permitted = false;
	return err == SFMFA_ERR_NOT_FOUND ? SFMFA_OK : err;
}

static bool
is_for_us(const struct jwt *jwt, const struct connected_app *app)
{
	for (size_t i = 0; i < jwt->audience_count; i++) {
		for (size_t k = 0; k < app->audience_count; k++) {
			if (text_equals(jwt->audiences[i], app->audiences[k]))
				return true;
		}
	}
	return false;
}

static bool
is_in_time(const struct jwt *jwt, int64_t now)
{
	return now < jwt->expires_at && jwt->expires_at - now <= ASSERTION_SECONDS &&
	       (!jwt->has_not_before || jwt->not_before <= now + CLOCK_SECONDS) &&
	       (!jwt->has_issued_at || jwt->issued_at <= now + CLOCK_SECONDS);
}

/* The key of the app that signed it, in the time of its certificate. */
static const struct app_key *
find_key(const struct secret *text, const struct jwt *jwt, const struct connected_app *app, int64_t now)
{
	for (size_t i = 0; i < app->key_count; i++) {
		const struct app_key *key = &app->keys[i];
		bool dated = key->not_before != 0 || key->not_after != 0;

		if (dated && (now < key->not_before || now > key->not_after))
			continue;
		if (jwt_is_signed(text, jwt, key->elliptic ? JWT_ES256 : JWT_RS256, key->bytes, key->size))
			return key;
	}
	return NULL;
}

/* A signature first: before it nothing else that the text says is true. */
static enum credential
judge(const struct secret *text, const struct jwt *jwt, const struct app_fact *connected, const char *user, int64_t now,
      struct app_reading *reading)
{
	const struct connected_app *app = connected->app;
	const struct app_key *key = find_key(text, jwt, app, now);
	const char *subject = connected->flow == FLOW_JWT_BEARER ? user : app->client_id;

	if (key == NULL)
		return CREDENTIAL_SIGNATURE;
	memcpy(reading->key, key->id, sizeof(key->id));
	if (!jwt->has_expiry || jwt->subject[0] == '\0' || jwt->audience_count == 0 ||
	    (app->require_jti && jwt->id[0] == '\0'))
		return CREDENTIAL_SIGNATURE;
	if (!is_for_us(jwt, app))
		return CREDENTIAL_AUDIENCE;
	if (!is_in_time(jwt, now))
		return CREDENTIAL_EXPIRED;
	return text_equals(jwt->subject, subject) ? CREDENTIAL_RIGHT : CREDENTIAL_REVOKED;
}

/* Two apps may use the same jti. */
static enum sfmfa_err
hash_id(const struct keyring *keyring, const struct connected_app *app, const char *id, unsigned char ret_hash[HASH_SIZE])
{
	char text[CLIENT_ID_SIZE + JWT_CLAIM_SIZE];
	size_t size = strlen(app->client_id) + 1;
	size_t id_size = strlen(id);

	memcpy(text, app->client_id, size);
	memcpy(text + size, id, id_size);
	return keyed_hash(keyring, CONTEXT_ASSERTION, text, size + id_size, ret_hash);
}

enum sfmfa_err
app_read_assertion(const struct env *env, const struct config *config, const struct secret *text, enum flow flow,
		   const char *user, int64_t now, struct app_fact *connected, struct app_reading *ret_reading)
{
	struct app_reading reading = { 0 };
	struct jwt jwt;
	enum sfmfa_err err = SFMFA_OK;

	connected->named = true;
	connected->credential = CREDENTIAL_SIGNATURE;
	*ret_reading = reading;
	if (jwt_read(text, &jwt) != SFMFA_OK || jwt.issuer[0] == '\0')
		return SFMFA_OK;
	connected->flow_known = true;
	connected->flow = flow == FLOW_COUNT ? FLOW_JWT_BEARER : flow;
	connected->app = config_find_client(config, jwt.issuer);
	if (connected->app == NULL)
		return SFMFA_OK;
	connected->credential = judge(text, &jwt, connected, user, now, &reading);
	reading.expires_at = jwt.expires_at;
	reading.single_use = jwt.id[0] != '\0';
	if (connected->credential == CREDENTIAL_RIGHT && reading.single_use)
		err = hash_id(&env->keyring, connected->app, jwt.id, reading.hash);
	*ret_reading = reading;
	return err;
}

enum sfmfa_err
app_hash_access(const struct keyring *keyring, const struct secret *token, unsigned char ret_hash[HASH_SIZE])
{
	return keyed_hash(keyring, CONTEXT_ACCESS, token->bytes, token->size, ret_hash);
}

enum sfmfa_err
app_hash_refresh(const struct keyring *keyring, const struct secret *token, unsigned char ret_family[HASH_SIZE],
		 unsigned char ret_newest[HASH_SIZE])
{
	enum sfmfa_err err;

	if (!credential_is_refresh(token->bytes, token->size))
		return SFMFA_ERR_INVALID;
	err = keyed_hash(keyring, CONTEXT_FAMILY, REFRESH_FAMILY(token), TOKEN_SIZE, ret_family);
	return err == SFMFA_OK ? keyed_hash(keyring, CONTEXT_REFRESH, REFRESH_NEWEST(token), TOKEN_SIZE, ret_newest)
			       : err;
}
