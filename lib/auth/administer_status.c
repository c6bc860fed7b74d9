/* status: whether the service is well. Works while nothing else does. */
#include "auth/administer.h"
#include "auth/session.h"
#include "base/text.h"
#include "paths.h"

static const char *
config_word(const struct env *env)
{
	if (env->config == NULL)
		return "broken";
	return env->config_stale ? "stale" : "ok";
}

/* The session in which the caller asks: level, and what it rests on. */
static void
reply_session(struct command *command)
{
	struct session_record session;
	struct session_fact fact;

	if (command->config == NULL ||
	    session_find(command->env, &command->caller->place, &command->now, &session) != SFMFA_OK)
		return;
	session_judge(&session, session.user, command->config->settings.high_assurance, &command->now, &fact);
	/* One's own; root is whoever asks from inside it. */
	if (!command_is_root(command) && !text_equals(session.user, command->caller->person.name))
		return;
	command_reply_text(command, "session_user", session.user);
	command_reply_text(command, "session_service", session.service);
	command_reply_text(command, "session_login_type", login_type_key(session.login_type));
	command_reply_text(command, "session_level", level_key(fact.proof_voided ? LEVEL_STANDARD : fact.level));
	command_reply_text(command, "session_method", factor_key(session.method));
	command_reply_number(command, "session_opened", session.opened_at);
	command_reply_number(command, "session_proved", session.proved_at.wall);
}

enum turn
administer_status(struct command *command, struct input *input)
{
	const struct env *env = command->env;
	bool root = command_is_root(command);
	struct diag diag = { 0 };
	int64_t users = 0;
	bool store = env->store != NULL && store_count_users(env->store, &users, &diag) == SFMFA_OK;
	bool config = env->config != NULL && !env->config_stale;

	(void)input;
	command_reply_number(command, "ok", store && config && env->keyring.ready ? 1 : 0);
	command_reply_text(command, "config", config_word(env));
	/* What stands in the files is root's to read. */
	if (root && !config) {
		command_reply_text(command, "config_file", env->config_diag.file);
		command_reply_number(command, "config_line", env->config_diag.line);
		command_reply_text(command, "config_text", env->config_diag.text);
	}
	command_reply_text(command, "store", store ? "ok" : "failed");
	command_reply_text(command, "keys", env->keyring.ready ? "ok" : "missing");
	if (root)
		command_reply_number(command, "users", users);
	reply_session(command);
	command_reply_text(command, "version", SFMFA_VERSION);
	return command_done(command);
}
