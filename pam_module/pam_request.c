#include "pam_request.h"

#include <stdbool.h>
#include <syslog.h>
#include <unistd.h>

#include <security/pam_ext.h>

#include "base/text.h"
#include "wire/names.h"

/* Whether the application can be asked anything at all: pam_get_user() does not look, and calls a NULL pointer. */
static bool
has_conversation(pam_handle_t *pamh)
{
	const void *item = NULL;
	const struct pam_conv *conversation;

	if (pam_get_item(pamh, PAM_CONV, &item) != PAM_SUCCESS || item == NULL)
		return false;
	conversation = item;
	return conversation->conv != NULL;
}

static bool
has_user(pam_handle_t *pamh)
{
	const void *user = NULL;

	return pam_get_item(pamh, PAM_USER, &user) == PAM_SUCCESS && user != NULL;
}

int
subject_find(pam_handle_t *pamh, struct pam_subject *ret_subject)
{
	const char *typed = NULL;

	/* Always asked for: login has no PAM_USER before this call, and crashes if it has none after it. */
	if ((!has_user(pamh) && !has_conversation(pamh)) || pam_get_user(pamh, &typed, NULL) != PAM_SUCCESS)
		return PAM_CONV_ERR;
	if (typed == NULL || typed[0] == '\0' ||
	    text_copy(ret_subject->typed, sizeof(ret_subject->typed), typed) != SFMFA_OK) {
		/* Never the name itself: people type passwords there. */
		pam_syslog(pamh, LOG_NOTICE, "denied: the user's name is empty or longer than %d bytes",
		           NSS_NAME_SIZE - 1);
		return PAM_USER_UNKNOWN;
	}
	ret_subject->status = nss_find_user(typed, &ret_subject->user);
	return PAM_SUCCESS;
}

const char *
subject_key(const struct pam_subject *subject)
{
	return subject->status == NSS_KNOWN ? subject->user.name : subject->typed;
}

static enum sfmfa_err
add_subject(struct fields *request, const struct pam_subject *subject)
{
	enum sfmfa_err err;

	err = fields_add_text(request, WIRE_USER, subject->typed);
	if (err == SFMFA_OK)
		err = fields_add_text(request, WIRE_NSS, nss_status_key(subject->status));
	if (err != SFMFA_OK || subject->status != NSS_KNOWN)
		return err;
	err = fields_add_text(request, WIRE_NAME, subject->user.name);
	if (err == SFMFA_OK)
		err = fields_add_number(request, WIRE_UID, (int64_t)subject->user.uid);
	return err;
}

/* An item that is not set, or is empty, is left out. */
static enum sfmfa_err
add_item(struct fields *request, const char *key, pam_handle_t *pamh, int item)
{
	const void *text = NULL;

	if (pam_get_item(pamh, item, &text) != PAM_SUCCESS || text == NULL || *(const char *)text == '\0')
		return SFMFA_OK;
	return fields_add_text(request, key, text);
}

static enum sfmfa_err
add_argument(struct fields *request, const char *key, const char *value)
{
	return value == NULL ? SFMFA_OK : fields_add_text(request, key, value);
}

enum sfmfa_err
request_about(const char *verb, const struct pam_subject *subject, struct fields *ret_request)
{
	FIELDS_AUTO request = { 0 };
	enum sfmfa_err err;

	err = fields_add_text(&request, WIRE_VERB, verb);
	if (err == SFMFA_OK)
		err = add_subject(&request, subject);
	if (err != SFMFA_OK)
		return err;
	*ret_request = request;
	request = (struct fields){ 0 };
	return SFMFA_OK;
}

enum sfmfa_err
request_make(pam_handle_t *pamh, const char *verb, const struct pam_args *args, const struct pam_subject *subject,
             struct fields *ret_request)
{
	FIELDS_AUTO request = { 0 };
	enum sfmfa_err err;

	err = request_about(verb, subject, &request);
	if (err == SFMFA_OK)
		err = add_item(&request, WIRE_SERVICE, pamh, PAM_SERVICE);
	if (err == SFMFA_OK)
		err = add_item(&request, WIRE_RHOST, pamh, PAM_RHOST);
	if (err == SFMFA_OK)
		err = add_item(&request, WIRE_TTY, pamh, PAM_TTY);
	if (err == SFMFA_OK)
		err = add_item(&request, WIRE_RUSER, pamh, PAM_RUSER);
	if (err == SFMFA_OK)
		err = fields_add_number(&request, WIRE_CALLER_UID, (int64_t)getuid());
	if (err == SFMFA_OK)
		err = add_argument(&request, WIRE_LOGIN_TYPE, args->login_type);
	if (err == SFMFA_OK)
		err = add_argument(&request, WIRE_PROMPT, args->prompt);
	if (err == SFMFA_OK)
		err = add_argument(&request, WIRE_APP, args->app);
	if (err == SFMFA_OK)
		err = add_argument(&request, WIRE_FLOW, args->flow);
	if (err != SFMFA_OK)
		return err;
	*ret_request = request;
	request = (struct fields){ 0 };
	return SFMFA_OK;
}
