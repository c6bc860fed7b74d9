#include "pam_environment.h"

#include <stdlib.h>
#include <string.h>

#include <security/pam_ext.h>

#include "base/secret.h"
#include "base/text.h"
#include "wire/names.h"

#define PREFIX        "SFMFA_"
#define NAME_VARIABLE PREFIX "LOGIN"

static void
remove_variable(pam_handle_t *pamh, const char *assignment)
{
	char name[128];
	size_t size = strcspn(assignment, "=");

	if (size < sizeof(name)) {
		memcpy(name, assignment, size);
		name[size] = '\0';
		(void)pam_putenv(pamh, name);
	}
}

void
environment_clear(pam_handle_t *pamh)
{
	char **list = pam_getenvlist(pamh);

	for (size_t i = 0; list != NULL && list[i] != NULL; i++) {
		if (strncmp(list[i], PREFIX, sizeof(PREFIX) - 1) == 0)
			remove_variable(pamh, list[i]);
		wipe(list[i], strlen(list[i]));
		free(list[i]);
	}
	free(list);
}

/* Without a value: removed. */
static void
export(pam_handle_t *pamh, const char *variable, const struct fields *reply, const char *key)
{
	char value[64], assignment[128];

	if (fields_get_text(reply, key, value, sizeof(value)) != SFMFA_OK) {
		/* libpam logs an error for each name that is not there. */
		if (pam_getenv(pamh, variable) != NULL)
			(void)pam_putenv(pamh, variable);
	} else if (text_format(assignment, sizeof(assignment), "%s=%s", variable, value) == SFMFA_OK) {
		(void)pam_putenv(pamh, assignment);
	}
}

void
environment_export_name(pam_handle_t *pamh, const struct fields *reply)
{
	export(pamh, NAME_VARIABLE, reply, WIRE_LOGIN_ID);
}

void
environment_export(pam_handle_t *pamh, const struct fields *reply)
{
	export(pamh, PREFIX "SESSION_LEVEL", reply, WIRE_LEVEL);
	export(pamh, PREFIX "LOGIN_TYPE", reply, WIRE_LOGIN_TYPE);
	export(pamh, PREFIX "METHOD", reply, WIRE_METHOD);
	environment_export_name(pamh, reply);
}

void
environment_take_name(pam_handle_t *pamh, struct pam_state *state)
{
	const char *name = pam_getenv(pamh, NAME_VARIABLE);

	if (name == NULL)
		return;
	if (text_copy(state->login_id, sizeof(state->login_id), name) != SFMFA_OK)
		state->login_id[0] = '\0';
	(void)pam_putenv(pamh, NAME_VARIABLE);
}
