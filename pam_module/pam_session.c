#include "pam_session.h"

#include <string.h>
#include <syslog.h>
#include <unistd.h>

#include <security/pam_ext.h>

#include "base/process.h"
#include "base/secret.h"
#include "base/text.h"
#include "pam_environment.h"
#include "wire/names.h"

void
session_note_credentials(pam_handle_t *pamh, struct pam_state *state)
{
	struct process_audit audit;

	environment_take_name(pamh, state);
	/* Once a session is open, nothing new is told by it. */
	if (state->session.id != 0)
		return;
	process_read_audit(getpid(), &audit);
	if (audit.session < 0)
		state->audit_was_unset = true;
}

/*
 * An audit session counts only if this login made it: it is not the one that sshd itself was started in (rules 8,
 * "Which session").
 */
static bool
is_own_audit_session(const struct pam_state *state)
{
	struct process_audit own, parents;
	struct process self;

	if (state->audit_was_unset)
		return true;
	process_read_audit(getpid(), &own);
	if (own.session < 0 || process_read(getpid(), &self) != SFMFA_OK)
		return false;
	process_read_audit(self.parent, &parents);
	return own.session != parents.session;
}

static enum sfmfa_err
add_place(pam_handle_t *pamh, const struct pam_state *state, struct fields *request)
{
	const void *tty = NULL;
	enum sfmfa_err err;

	err = client_describe_place(request, is_own_audit_session(state));
	if (err == SFMFA_OK && pam_get_item(pamh, PAM_TTY, &tty) == PAM_SUCCESS && tty != NULL &&
	    *(const char *)tty != '\0')
		err = fields_add_text(request, WIRE_TTY, tty);
	return err;
}

/* Whose login it is: a session for another user than the one proved has no proof of its own. */
static enum sfmfa_err
add_proof(const struct pam_state *state, const char *user, struct fields *request)
{
	bool proved = state->evidence == EVIDENCE_ALLOWED;

	if (proved && !state_is_about(state, user))
		return fields_add_text(request, WIRE_PROVED_BY, state->user);
	return state->login_id[0] != '\0' ? fields_add_text(request, WIRE_LOGIN_ID, state->login_id) : SFMFA_OK;
}

static enum sfmfa_err
make_request(pam_handle_t *pamh, const struct pam_args *args, const struct pam_subject *subject,
             const struct pam_state *state, struct fields *ret_request)
{
	const void *service = NULL;
	enum sfmfa_err err;

	err = request_about(WIRE_VERB_SESSION_OPEN, subject, ret_request);
	if (err == SFMFA_OK && pam_get_item(pamh, PAM_SERVICE, &service) == PAM_SUCCESS && service != NULL)
		err = fields_add_text(ret_request, WIRE_SERVICE, service);
	if (err == SFMFA_OK && args->login_type != NULL)
		err = fields_add_text(ret_request, WIRE_LOGIN_TYPE, args->login_type);
	if (err == SFMFA_OK)
		err = add_place(pamh, state, ret_request);
	if (err == SFMFA_OK)
		err = add_proof(state, subject_key(subject), ret_request);
	return err;
}

/* One request and its answer, on a connection of its own. */
static enum sfmfa_err
tell(pam_handle_t *pamh, const struct pam_args *args, const struct fields *request, struct fields *ret_reply)
{
	struct client client = CLIENT_CLOSED;
	struct diag diag = { 0 };
	char line[DIAG_LINE_SIZE];
	enum sfmfa_err err = client_begin(&client, &args->client, NULL, request, ret_reply, &diag);

	client_finish(&client);
	if (err != SFMFA_OK) {
		diag_format(&diag, line);
		pam_syslog(pamh, LOG_WARNING, "the session is not recorded (%s): %s", sfmfa_err_word(err), line);
	}
	return err;
}

void
session_open(pam_handle_t *pamh, const struct pam_args *args, const struct pam_subject *subject,
             struct pam_state *state)
{
	FIELDS_AUTO request = { 0 };
	FIELDS_AUTO reply = { 0 };
	struct pam_session session = { .id = 0 };

	environment_take_name(pamh, state);
	/* The daemon takes it from uid 0 only; for others there is no session. */
	if (make_request(pamh, args, subject, state, &request) == SFMFA_OK &&
	    tell(pamh, args, &request, &reply) == SFMFA_OK &&
	    fields_get_number(&reply, WIRE_SESSION, 1, INT64_MAX, &session.id) == SFMFA_OK &&
	    text_copy(session.user, sizeof(session.user), subject_key(subject)) == SFMFA_OK)
		state->session = session;
	wipe(state->login_id, sizeof(state->login_id));
}

void
session_close(pam_handle_t *pamh, const struct pam_args *args, struct pam_state *state)
{
	FIELDS_AUTO request = { 0 };
	FIELDS_AUTO reply = { 0 };
	struct pam_subject subject = { .status = NSS_ERROR };
	enum sfmfa_err err;

	if (state->session.id == 0)
		return;
	/* Whom it was opened for, whatever PAM_USER says now. */
	err = text_copy(subject.typed, sizeof(subject.typed), state->session.user);
	if (err == SFMFA_OK) {
		subject.status = nss_find_user(subject.typed, &subject.user);
		err = request_about(WIRE_VERB_SESSION_CLOSE, &subject, &request);
	}
	if (err == SFMFA_OK)
		err = fields_add_number(&request, WIRE_SESSION, state->session.id);
	if (err == SFMFA_OK)
		(void)tell(pamh, args, &request, &reply);
	state->session = (struct pam_session){ .id = 0 };
}
