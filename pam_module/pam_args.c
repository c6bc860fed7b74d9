#include "pam_args.h"

#include <string.h>
#include <syslog.h>

#include <security/pam_ext.h>

/* The text after "key=", or NULL if the argument is another one. */
static const char *
value_of(const char *argument, const char *key)
{
	size_t size = strlen(key);

	if (strncmp(argument, key, size) != 0 || argument[size] != '=')
		return NULL;
	return argument + size + 1;
}

static bool
take_switch(struct pam_args *args, const char *argument)
{
	if (strcmp(argument, "split") == 0)
		args->split = true;
	else if (strcmp(argument, "ask") == 0)
		args->ask = true;
	else if (strcmp(argument, "credential") == 0)
		args->credential = true;
	else if (strcmp(argument, "debug") == 0)
		args->debug = true;
	else
		return false;
	return true;
}

static bool
take_value(struct pam_args *args, const char *argument)
{
	const struct {
		const char *key;
		const char **to;
	} values[] = {
		{ "login_type", &args->login_type },
		{ "prompt", &args->prompt },
		{ "app", &args->app },
		{ "flow", &args->flow },
		{ "runtime_dir", &args->client.runtime_dir },
		{ "config", &args->client.config },
		{ "daemon", &args->client.daemon },
	};

	for (size_t i = 0; i < sizeof(values) / sizeof(values[0]); i++) {
		const char *value = value_of(argument, values[i].key);

		if (value == NULL)
			continue;
		*values[i].to = value;
		return value[0] != '\0';
	}
	return false;
}

static bool
paths_are_absolute(const struct client_options *client)
{
	const char *const paths[] = { client->runtime_dir, client->config, client->daemon };

	for (size_t i = 0; i < sizeof(paths) / sizeof(paths[0]); i++) {
		if (paths[i] != NULL && paths[i][0] != '/')
			return false;
	}
	return true;
}

bool
pam_args_parse(pam_handle_t *pamh, int argc, const char **argv, struct pam_args *ret_args)
{
	struct pam_args args = { 0 };

	for (int i = 0; i < argc; i++) {
		if (take_switch(&args, argv[i]) || take_value(&args, argv[i]))
			continue;
		pam_syslog(pamh, LOG_ERR, "unknown or malformed argument: %s", argv[i]);
		return false;
	}
	if (args.split + args.ask + args.credential > 1) {
		pam_syslog(pamh, LOG_ERR, "the arguments split, ask and credential exclude each other");
		return false;
	}
	if (args.login_type != NULL && strcmp(args.login_type, "ui") != 0 && strcmp(args.login_type, "api") != 0) {
		pam_syslog(pamh, LOG_ERR, "login_type=%s: ui or api expected", args.login_type);
		return false;
	}
	if (!paths_are_absolute(&args.client)) {
		pam_syslog(pamh, LOG_ERR, "runtime_dir, config and daemon want absolute paths");
		return false;
	}
	*ret_args = args;
	return true;
}
