#include "pam_state.h"

#include <stdlib.h>
#include <string.h>

#include "base/secret.h"

#define STATE_NAME "sfmfa_state"

/*
 * Runs in forked copies of the process too (su, login). Closing a copied descriptor ends nothing: the
 * connection ends when its last holder closes it.
 */
static void
state_cleanup(pam_handle_t *pamh, void *data, int status)
{
	struct pam_state *state = data;

	(void)pamh;
	(void)status;
	state_forget(state);
	free(state);
}

struct pam_state *
state_get(pam_handle_t *pamh)
{
	struct pam_state *state;
	const void *data = NULL;

	if (pam_get_data(pamh, STATE_NAME, &data) == PAM_SUCCESS && data != NULL) {
		/* The pointer is what is copied. NOLINTNEXTLINE(bugprone-sizeof-expression) */
		memcpy(&state, &data, sizeof(state)); /* ours; libpam hands it back const */
		return state;
	}
	state = calloc(1, sizeof(*state));
	if (state == NULL)
		return NULL;
	state->client = (struct client)CLIENT_CLOSED;
	state_forget(state);
	if (pam_set_data(pamh, STATE_NAME, state, state_cleanup) != PAM_SUCCESS) {
		free(state);
		return NULL;
	}
	return state;
}

void
state_forget(struct pam_state *state)
{
	struct pam_session session = state->session;

	client_finish(&state->client);
	wipe(state, sizeof(*state));
	state->session = session;
	state->client = (struct client)CLIENT_CLOSED;
	state->account_code = PAM_PERM_DENIED;
}

void
state_deny(struct pam_state *state)
{
	client_finish(&state->client);
	state->evidence = EVIDENCE_DENIED;
	state->saw_denial = true;
}

bool
state_is_about(const struct pam_state *state, const char *user)
{
	return state->evidence != EVIDENCE_NONE && strcmp(state->user, user) == 0;
}
