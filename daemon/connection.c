#include "daemon/connection.h"

#include <stdlib.h>
#include <string.h>
#include <syslog.h>
#include <unistd.h>

#include "daemon/acquaint.h"
#include "daemon/connection_private.h"
#include "daemon/log.h"
#include "daemon/person.h"
#include "daemon/reply.h"
#include "daemon/request.h"
#include "daemon/server.h"
#include "wire/message.h"
#include "wire/names.h"

/* How long a peer may take, seconds. */
#define LIMIT_ANSWER 300.0 /* a person at a prompt; sshd gives up after 120 */
#define LIMIT_KEPT   60.0  /* between split and verification, between registration and commit */

static void
set_limit(struct connection *connection, double seconds)
{
	ev_timer_stop(connection->server->loop, &connection->limit);
	ev_timer_set(&connection->limit, seconds, 0.0);
	ev_timer_start(connection->server->loop, &connection->limit);
}

void
connection_await(struct connection *connection, enum connection_state state, double seconds)
{
	connection->state = state;
	set_limit(connection, seconds);
	ev_io_start(connection->server->loop, &connection->readable);
}

void
connection_be_busy(struct connection *connection, enum connection_state state)
{
	connection->state = state;
	ev_timer_stop(connection->server->loop, &connection->limit);
	ev_io_stop(connection->server->loop, &connection->readable);
}

bool
connection_send(struct connection *connection, enum sfmfa_err made, struct fields *reply)
{
	enum sfmfa_err err = made;

	if (err == SFMFA_OK)
		err = message_send(connection->fd, reply);
	fields_finish(reply);
	if (err != SFMFA_OK)
		connection_close(connection);
	return err == SFMFA_OK;
}

/* The last word to a request that no conversation was begun for. */
static void
refuse(struct connection *connection, const char *result, const char *outcome, const char *sentence)
{
	struct fields reply = { 0 };

	if (connection_send(connection, reply_refused(result, outcome, sentence, &reply), &reply))
		connection_close(connection);
}

static void
send_last_word(struct connection *connection)
{
	struct fields reply = { 0 };
	enum sfmfa_err made = connection->login != NULL ? reply_login(connection->login, false, &reply)
	                                                : reply_command(connection->command, &reply);

	if (connection_send(connection, made, &reply))
		connection_close(connection);
}

static void
send_question(struct connection *connection)
{
	struct fields reply = { 0 };
	const struct ask *ask =
		connection->login != NULL ? login_ask(connection->login) : command_ask(connection->command);
	enum sfmfa_err made = ask->page ? reply_page(connection->command, &reply) : reply_ask(ask, &reply);

	if (connection_send(connection, made, &reply))
		connection_await(connection, CONNECTION_ANSWER, LIMIT_ANSWER);
}

static void
send_and_keep(struct connection *connection)
{
	struct fields reply = { 0 };

	if (connection_send(connection, reply_login(connection->login, true, &reply), &reply))
		connection_await(connection, CONNECTION_KEPT, LIMIT_KEPT);
}

/* Steps the conversation and does what it says. */
static void
step(struct connection *connection, struct input *input)
{
	enum turn turn = connection->login != NULL ? login_step(connection->login, input)
	                                           : command_step(connection->command, input);

	switch (turn) {
	case TURN_ASK: send_question(connection); return;
	case TURN_WRITE:
		connection_be_busy(connection, CONNECTION_WRITE);
		batch_add(&connection->server->batch, connection);
		return;
	case TURN_KEEP:
		if (connection->login != NULL) {
			send_and_keep(connection);
			return;
		}
		break;
	case TURN_DONE: break;
	}
	send_last_word(connection);
}

struct store_op *
connection_op(struct connection *connection)
{
	return connection->login != NULL ? login_op(connection->login) : command_op(connection->command);
}

void
connection_written(struct connection *connection)
{
	step(connection, NULL);
}

enum verb
connection_verb(const struct fields *request)
{
	char key[FIELD_KEY_MAX + 1];

	if (fields_get_text(request, WIRE_VERB, key, sizeof(key)) != SFMFA_OK)
		return VERB_NONE;
	return verb_from_key(key);
}


/*
 * What the configuration in force makes of the peer. Asked anew wherever it counts: the configuration may have been
 * replaced since the connection was accepted, and what the caller points into with it.
 */
static void
know_caller(struct connection *connection)
{
	const struct config *config = connection->server->env.config;
	struct caller *caller = &connection->caller;

	caller->class = peer_class(config, caller->uid);
	caller->trusted = caller->class == CALLER_TRUSTED ? config_find_trusted_caller(config, caller->uid) : NULL;
}

static enum sfmfa_err
begin_login(struct connection *connection, enum verb verb)
{
	struct login_request request = { 0 };
	enum sfmfa_err err;

	err = request_login(&connection->request, verb, &connection->person, &request);
	request.has_place = connection->place_known;
	request.place = connection->place;
	if (err == SFMFA_OK)
		err = login_create(&connection->server->env, &connection->caller, &request, &connection->login);
	secret_clear(&request.password);
	return err;
}

static enum sfmfa_err
begin_command(struct connection *connection, enum verb verb)
{
	struct command_request request = { 0 };
	bool has_subject = fields_has(&connection->request, WIRE_USER);
	enum sfmfa_err err;

	err = request_command(&connection->request, verb, has_subject, &connection->person, &request);
	if (err == SFMFA_OK)
		err = command_create(&connection->server->env, &connection->caller, &request, &connection->command);
	fields_finish(&request.args);
	return err;
}

void
connection_begin(struct connection *connection)
{
	enum verb verb = connection_verb(&connection->request);
	enum sfmfa_err err;

	know_caller(connection);
	/* A command sees every event of what was answered before it, though it arrived in the same turn of the loop. */
	if (!acquaint_is_login(verb))
		journal_flush(&connection->server->journal);
	err = acquaint_is_login(verb) ? begin_login(connection, verb) : begin_command(connection, verb);
	fields_finish(&connection->request);
	if (err != SFMFA_OK) {
		if (journal_admits(&connection->server->journal, connection->caller.uid))
			log_line(LOG_ERR, "a request of uid %lu could not be begun: %s",
			         (unsigned long)connection->caller.uid, sfmfa_err_word(err));
		refuse(connection, "failed", WIRE_OUTCOME_REFUSED,
		       acquaint_is_login(verb) ? "" : "the request could not be understood");
		return;
	}
	step(connection, NULL);
}

/* The first request: may this peer ask it at all, and whom is it about? */
static void
take_first(struct connection *connection)
{
	enum verb verb = connection_verb(&connection->request);
	bool has_user = fields_has(&connection->request, WIRE_USER), resolved = false;

	server_open_state(connection->server);
	know_caller(connection);
	if (verb == VERB_NONE) {
		refuse(connection, "usage", WIRE_OUTCOME_REFUSED, "");
		return;
	}
	if (!verb_open_to(verb, connection->caller.class) || verb == VERB_COMMIT) {
		refuse(connection, "refused", WIRE_OUTCOME_REFUSED, acquaint_is_login(verb) ? "" : "not allowed");
		return;
	}
	if (person_read(&connection->request, "", &resolved, &connection->person) != SFMFA_OK ||
	    (acquaint_is_login(verb) && !has_user)) {
		refuse(connection, "usage", WIRE_OUTCOME_REFUSED, acquaint_is_login(verb) ? "" : "malformed request");
		return;
	}
	acquaint_begin(connection, verb, has_user, resolved);
}

static void
take_input(struct connection *connection, const struct fields *request)
{
	struct input input = { 0 };

	/* Out of turn: the conversation hears that nobody answered, denies and makes its event. */
	if (request_input(request, &input) != SFMFA_OK)
		input.kind = INPUT_CONVERSATION_FAILED;
	step(connection, &input);
	secret_clear(&input.answer);
}

static void
on_readable(struct ev_loop *loop, struct ev_io *watcher, int events)
{
	struct connection *connection = watcher->data;
	FIELDS_AUTO request = { 0 };
	enum sfmfa_err err;

	(void)loop;
	/* The kernel had no memory to watch the socket: nobody would ever look at it again. */
	if ((events & EV_ERROR) != 0) {
		connection_close(connection);
		return;
	}
	err = message_receive(connection->fd, &request);
	if (err == SFMFA_ERR_TIMEOUT)
		return;
	if (err != SFMFA_OK) {
		connection_close(connection);
		return;
	}
	switch (connection->state) {
	case CONNECTION_FIRST:
		fields_finish(&connection->request);
		connection->request = request;
		request = (struct fields){ 0 };
		take_first(connection);
		return;
	case CONNECTION_GROUPS: acquaint_take_groups(connection, &request); return;
	case CONNECTION_SESSION: acquaint_take_session(connection, &request); return;
	case CONNECTION_ANSWER:
	case CONNECTION_KEPT: take_input(connection, &request); return;
	case CONNECTION_LOOKUP:
	case CONNECTION_WRITE: break;
	}
	connection_close(connection);
}

static void
on_limit(struct ev_loop *loop, struct ev_timer *watcher, int events)
{
	(void)loop;
	(void)events;
	connection_close(watcher->data);
}

static void
link_into(struct connection **list, struct connection *connection)
{
	connection->previous = NULL;
	connection->next = *list;
	if (*list != NULL)
		(*list)->previous = connection;
	*list = connection;
}

static void
unlink_from(struct connection **list, struct connection *connection)
{
	if (connection->previous != NULL)
		connection->previous->next = connection->next;
	else
		*list = connection->next;
	if (connection->next != NULL)
		connection->next->previous = connection->previous;
}

void
connection_open(struct server *server, int fd, uid_t uid, pid_t pid, enum caller_class class, bool parked)
{
	struct connection *connection = calloc(1, sizeof(*connection));

	if (connection == NULL || (class != CALLER_ROOT && peer_enter(&server->peers, uid) != SFMFA_OK)) {
		free(connection);
		close(fd);
		return;
	}
	connection->server = server;
	connection->fd = fd;
	connection->caller = (struct caller){ .class = class, .uid = uid, .pid = pid };
	if (class == CALLER_ROOT)
		memcpy(connection->caller.person.name, "root", sizeof("root"));
	ev_io_init(&connection->readable, on_readable, fd, EV_READ);
	connection->readable.data = connection;
	ev_timer_init(&connection->limit, on_limit, LIMIT_FIRST, 0.0);
	connection->limit.data = connection;
	connection->parked = parked;
	link_into(parked ? &server->parked : &server->connections, connection);
	if (!parked) {
		connection_await(connection, CONNECTION_FIRST, LIMIT_FIRST);
		/* The request is mostly there already: a turn of the loop is saved. */
		on_readable(server->loop, &connection->readable, EV_READ);
	}
}

void
connection_unpark(struct connection *connection)
{
	struct server *server = connection->server;

	unlink_from(&server->parked, connection);
	connection->parked = false;
	link_into(&server->connections, connection);
	connection_await(connection, CONNECTION_FIRST, LIMIT_FIRST);
}

void
connection_close(struct connection *connection)
{
	struct server *server = connection->server;
	uid_t uid = connection->caller.uid;
	enum caller_class class = connection->caller.class;

	ev_io_stop(server->loop, &connection->readable);
	ev_timer_stop(server->loop, &connection->limit);
	if (connection->lookup != NULL)
		lookup_cancel(&server->lookups, connection->lookup);
	batch_remove(&server->batch, connection);
	unlink_from(connection->parked ? &server->parked : &server->connections, connection);
	login_destroy(connection->login);
	command_destroy(connection->command);
	fields_finish(&connection->request);
	config_release(connection->asked);
	close(connection->fd);
	free(connection);
	server_connection_ended(server, uid, class);
}
