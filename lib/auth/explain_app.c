/* explain: a connected app, its flow and its credential, and the session, as far as they are supposed (rules 5). */
#include <string.h>

#include "auth/administer.h"
#include "auth/app.h"
#include "auth/facts.h"
#include "base/text.h"

static bool
read_session(struct command *command, struct facts *facts)
{
	char key[NAME_SIZE] = "";
	struct session_fact session = { .open = true, .same_user = true, .ui = true, .by_ui = true };

	if (!command_arg_text(command, "session", key, sizeof(key)))
		return false;
	if (key[0] == '\0') {
		if (command->self)
			facts->session = command->session;
		return true;
	}
	if (level_from_key(key, &session.level) != SFMFA_OK)
		return command_usage(command, "session must be standard or high-assurance");
	facts->session = session;
	facts->operation = facts->required != NULL;
	return true;
}

/* By its name, or as it names itself. */
static bool
add_app(struct command *command, const struct login_request *request, const char *name, struct facts *facts)
{
	struct app_fact *connected = &facts->connected;
	struct peer peer;
	enum sfmfa_err err;

	facts_peer(command->config, request, &peer);
	connected->app = config_find_app(command->config, name);
	if (connected->app == NULL)
		connected->app = config_find_client(command->config, name);
	err = app_add_facts(command->env, command->config, &command->person, &command->subject, request->service,
			    request->rhost[0] != '\0' ? &peer : NULL, connected);
	return err == SFMFA_OK || command_fail(command, err, NULL);
}

static enum credential
credential_of(enum flow flow, enum factor answer)
{
	if (flow == FLOW_JWT_BEARER)
		return answer == FACTOR_ASSERTION ? CREDENTIAL_RIGHT : CREDENTIAL_NONE;
	if (flow == FLOW_REFRESH_TOKEN)
		return answer == FACTOR_REFRESH_TOKEN || answer == FACTOR_ACCESS_TOKEN ? CREDENTIAL_RIGHT
										       : CREDENTIAL_NONE;
	if ((FLOWS_OF_A_SESSION & FLOW_BIT(flow)) != 0)
		return answer == FACTOR_ACCESS_TOKEN ? CREDENTIAL_RIGHT : CREDENTIAL_NONE;
	return answer == FACTOR_CREDENTIAL && flow != FLOW_USERNAME_PASSWORD ? CREDENTIAL_RIGHT : CREDENTIAL_NONE;
}

bool
explain_suppose_app(struct command *command, const struct login_request *request, enum factor answer,
		    struct facts *facts)
{
	struct app_fact *connected = &facts->connected;
	char name[NAME_SIZE] = "", key[NAME_SIZE] = "";
	bool token = answer == FACTOR_ACCESS_TOKEN;

	if (!read_session(command, facts) || !command_arg_text(command, "app", name, sizeof(name)) ||
	    !command_arg_text(command, "flow", key, sizeof(key)))
		return false;
	if (name[0] == '\0' && key[0] == '\0' && !token)
		return true;
	connected->named = true;
	connected->bridge = facts->login_type == LOGIN_UI && token;
	connected->token = token;
	connected->flow_known = flow_from_key(key, &connected->flow) == SFMFA_OK;
	if (token && key[0] == '\0') {
		connected->flow_known = true;
		connected->flow = FLOW_WEB_SERVER;
	}
	connected->approved_level = facts->session.open ? facts->session.level : LEVEL_STANDARD;
	if (connected->bridge)
		connected->credential = CREDENTIAL_RIGHT;
	else if (connected->flow_known)
		connected->credential = credential_of(connected->flow, answer);
	return add_app(command, request, name, facts);
}
