/* See acquaint.h. An answer that is missing leaves its question open, and what is open counts for the strict side. */
#include "daemon/acquaint.h"

#include <string.h>

#include "auth/session.h"
#include "daemon/connection_private.h"
#include "daemon/person.h"
#include "daemon/reply.h"
#include "daemon/request.h"
#include "daemon/server.h"
#include "wire/names.h"

bool
acquaint_is_login(enum verb verb)
{
	return verb == VERB_LOGIN || verb == VERB_ACCOUNT;
}

/* Remembers the configuration that a question about groups is asked for. */
static void
ask_under(struct connection *connection)
{
	struct config *config = connection->server->env.config;

	config_release(connection->asked);
	connection->asked = config != NULL ? config_hold(config) : NULL;
}

/* Another configuration may name other groups, which nobody was asked about: then they are unresolved. */
static void
doubt_memberships(const struct connection *connection, struct person *person)
{
	if (connection->asked == connection->server->env.config)
		return;
	person->groups_known = false;
	person->memberships = (struct memberships){ 0 };
}

/* Whether the session of the caller can matter for what they ask. */
static bool
place_matters(const struct connection *connection, enum verb verb)
{
	const struct config *config = connection->server->env.config;
	char service[SERVICE_NAME_SIZE];

	if (!acquaint_is_login(verb))
		return !verb_info(verb)->plain;
	return config != NULL &&
	       fields_get_text(&connection->request, WIRE_SERVICE, service, sizeof(service)) == SFMFA_OK &&
	       session_matters(config, service);
}

/* A peer that is not believed is looked at. */
static void
look_at_place(struct connection *connection)
{
	struct caller *caller = &connection->caller;
	struct person person = { .nss = NSS_KNOWN, .uid = caller->uid };
	int64_t login_uid = -1;

	peer_place(caller->pid, &caller->place, &login_uid);
	session_place_settle(&caller->place, &person, login_uid);
	connection->place = caller->place;
	connection->place_known = true;
}

static void
ask_for_session(struct connection *connection)
{
	struct fields reply = { 0 };

	if (connection_send(connection, reply_need(WIRE_NEED_SESSION, &reply), &reply))
		connection_await(connection, CONNECTION_SESSION, LIMIT_FIRST);
}

/* The persons are known; where the caller is may be the last that is not. */
static void
go_on(struct connection *connection)
{
	enum verb verb = connection_verb(&connection->request);
	bool matters = place_matters(connection, verb);

	if (matters && acquaint_is_login(verb) && connection->caller.class == CALLER_ROOT) {
		ask_for_session(connection);
		return;
	}
	if (matters)
		look_at_place(connection);
	connection_begin(connection);
}

/* What was found of one person. Anything amiss leaves them unresolved, which is never "unknown". */
static void
take_person(const struct connection *connection, const struct fields *answer, const char *prefix, struct person *person)
{
	const struct config *config = connection->server->env.config;
	struct person found;
	bool resolved;

	person->nss = NSS_ERROR;
	if (answer == NULL || person_read(answer, prefix, &resolved, &found) != SFMFA_OK)
		return;
	if (config != NULL && person_read_memberships(answer, prefix, config, &found) != SFMFA_OK)
		return;
	doubt_memberships(connection, &found);
	*person = found;
}

static void
on_lookup(void *data, const struct fields *answer)
{
	struct connection *connection = data;

	connection->lookup = NULL;
	if (connection->caller.class != CALLER_ROOT) {
		take_person(connection, answer, "caller_", &connection->caller.person);
		connection->caller.several_names = lookup_has_several_names(answer);
	}
	if (fields_has(&connection->request, WIRE_USER)) {
		/* As typed until it is resolved, whatever the peer said. */
		struct person person = { .nss = NSS_ERROR };

		memcpy(person.typed, connection->person.typed, sizeof(person.typed));
		memcpy(person.name, person.typed, sizeof(person.name));
		take_person(connection, answer, "", &person);
		connection->person = person;
	}
	go_on(connection);
}

static void
look_up(struct connection *connection)
{
	const struct config *config = connection->server->env.config;
	const struct words *groups[2];
	size_t lists = 0;
	const char *user = fields_has(&connection->request, WIRE_USER) ? connection->person.typed : NULL;
	enum sfmfa_err err;

	if (config != NULL) {
		groups[lists++] = &config->unix_groups;
		groups[lists++] = &config->settings.protected_groups;
	}
	ask_under(connection);
	connection_be_busy(connection, CONNECTION_LOOKUP);
	/* May answer at once, and end the connection: nothing of it is touched afterwards. */
	err = lookup_start(&connection->server->lookups, connection->caller.uid, user, groups, lists, on_lookup,
	                   connection, &connection->lookup);
	if (err != SFMFA_OK)
		on_lookup(connection, NULL);
}

static bool
groups_matter(const struct connection *connection)
{
	const struct config *config = connection->server->env.config;

	return config != NULL && config->unix_groups.count > 0 && connection->person.nss == NSS_KNOWN &&
	       connection->person.uid != 0;
}

static void
ask_for_groups(struct connection *connection)
{
	struct fields reply = { 0 };
	const struct words *groups = &connection->server->env.config->unix_groups;

	ask_under(connection);
	if (connection_send(connection, reply_groups(groups, &reply), &reply))
		connection_await(connection, CONNECTION_GROUPS, LIMIT_FIRST);
}

void
acquaint_take_groups(struct connection *connection, const struct fields *request)
{
	char verb[FIELD_KEY_MAX + 1] = "";

	if (fields_get_text(request, WIRE_VERB, verb, sizeof(verb)) != SFMFA_OK || strcmp(verb, WIRE_VERB_GROUPS) != 0) {
		connection_close(connection);
		return;
	}
	if (connection->server->env.config != NULL &&
	    person_read_memberships(request, "", connection->server->env.config, &connection->person) != SFMFA_OK) {
		connection_close(connection);
		return;
	}
	doubt_memberships(connection, &connection->person);
	go_on(connection);
}

void
acquaint_take_session(struct connection *connection, const struct fields *request)
{
	if (request_place(request, &connection->request, &connection->person, &connection->place) != SFMFA_OK) {
		connection_close(connection);
		return;
	}
	connection->place_known = true;
	connection_begin(connection);
}

void
acquaint_begin(struct connection *connection, enum verb verb, bool has_user, bool resolved)
{
	if (connection->caller.class != CALLER_ROOT || (has_user && !resolved))
		look_up(connection);
	else if (has_user && !verb_info(verb)->plain && groups_matter(connection))
		ask_for_groups(connection);
	else
		go_on(connection);
}
