/* status: whether the service is well. Works while nothing else does. */
#include "auth/administer.h"
#include "paths.h"

static const char *
config_word(const struct env *env)
{
	if (env->config == NULL)
		return "broken";
	return env->config_stale ? "stale" : "ok";
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
	command_reply_text(command, "version", SFMFA_VERSION);
	return command_done(command);
}
