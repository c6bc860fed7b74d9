/*
 * session-open, session-close: spoken by the module (rules 8). A session that cannot be recorded is none, and a
 * step-up asks again; so nothing here is ever a reason to refuse a login.
 */
#include <string.h>

#include "auth/administer.h"
#include "auth/contexts.h"
#include "auth/login.h"
#include "auth/session.h"
#include "base/text.h"

enum { AT_START = 0, AT_WRITTEN };

/* What the write points to. */
struct session_work {
	char service[SERVICE_NAME_SIZE];
	char proved_by[USER_NAME_SIZE];
};

static enum turn
done(struct command *command, int64_t session)
{
	command->quiet = true;
	command_reply_number(command, "session", session);
	return command_done(command);
}

static bool
read_place(struct command *command, struct session_place *place)
{
	char tty[HOST_SIZE] = "";

	if (!command_arg_text(command, "tty", tty, sizeof(tty)))
		return false;
	if (session_place_read(&command->args, tty, &command->person, place) != SFMFA_OK)
		return command_usage(command, "where the session is cannot be understood");
	return text_copy(place->boot_id, sizeof(place->boot_id), command->now.boot_id) == SFMFA_OK;
}

static bool
read_type(struct command *command, const char *service, enum login_type *ret_type)
{
	char key[NAME_SIZE] = "";
	bool mapped;

	if (!command_arg_text(command, "login_type", key, sizeof(key)))
		return false;
	if (key[0] == '\0')
		*ret_type = config_login_type(command->config, service, &mapped);
	else if (login_type_from_key(key, ret_type) != SFMFA_OK)
		return command_usage(command, "login_type must be ui or api");
	return true;
}

/* A name that cannot be told anything about proves nothing. */
static void
read_name(struct command *command, struct store_session_open *session)
{
	char name[sizeof(((struct login_result *)NULL)->login_id)] = "";

	if (fields_get_text(&command->args, "login_id", name, sizeof(name)) != SFMFA_OK || name[0] == '\0' ||
	    keyed_hash(&command->env->keyring, CONTEXT_LOGIN, name, strlen(name), session->handover_hash) !=
		    SFMFA_OK)
		memset(session->handover_hash, 0, sizeof(session->handover_hash));
	wipe(name, sizeof(name));
}

/* False: the command has ended, or nothing is to be recorded. */
static bool
fill_in(struct command *command, struct session_work *work)
{
	struct store_session_open *session = &command->op.session;

	if (!command_arg_text(command, "service", work->service, sizeof(work->service)) ||
	    !command_arg_text(command, "proved_by", work->proved_by, sizeof(work->proved_by)) ||
	    !read_type(command, work->service, &session->login_type) || !read_place(command, &session->place))
		return false;
	if (!session_begins(command->config, work->service, session->login_type))
		return false;
	session->user = command->person.name;
	session->make_user = command->person.nss == NSS_KNOWN && session_matters_to_anybody(command->config);
	session->service = work->service;
	session->proved_by = work->proved_by;
	session->now = command->now;
	read_name(command, session);
	return true;
}

enum turn
administer_session_open(struct command *command, struct input *input)
{
	struct session_work *work;

	(void)input;
	if (command->at == AT_WRITTEN)
		return done(command, command->op.err == SFMFA_OK ? command->op.session.id : 0);
	if (command->config == NULL || command->env->store == NULL)
		return done(command, 0);
	work = command_work(command, sizeof(*work));
	if (work == NULL)
		return TURN_DONE;
	memset(&command->op, 0, sizeof(command->op));
	command->op.kind = STORE_SESSION_OPEN;
	command->op.err = SFMFA_ERR_INTERNAL;
	if (!fill_in(command, work))
		return command->status == COMMAND_REFUSED ? done(command, 0) : TURN_DONE;
	command->at = AT_WRITTEN;
	return TURN_WRITE;
}

enum turn
administer_session_close(struct command *command, struct input *input)
{
	int64_t session = 0;

	(void)input;
	if (command->at == AT_WRITTEN)
		return done(command, 0);
	if (!command_arg_number(command, "session", 1, INT64_MAX, &session))
		return TURN_DONE;
	if (command->env->store == NULL)
		return done(command, 0);
	command_begin_write(command, STORE_SESSION_CLOSE);
	command->op.change.number = session;
	command->at = AT_WRITTEN;
	return TURN_WRITE;
}
