/* Gathers what PAM knows about a login into a request, and resolves the user in this process. */
#ifndef SFMFA_PAM_REQUEST_H
#define SFMFA_PAM_REQUEST_H

#include <security/pam_modules.h>

#include "base/fields.h"
#include "base/nss.h"
#include "pam_args.h"

/* PAM_USER and what the name service says of it. */
struct pam_subject {
	char typed[NSS_NAME_SIZE];
	enum nss_status status;
	struct nss_user user; /* where status is NSS_KNOWN */
};

/* A PAM code: PAM_SUCCESS, or why there is no user (PAM_USER_UNKNOWN, PAM_CONV_ERR, …). */
int
subject_find(pam_handle_t *pamh, struct pam_subject *ret_subject);

/* The name that is the key of everything: as NSS spells it, else as typed. */
const char *
subject_key(const struct pam_subject *subject);

/* verb and user alone. */
enum sfmfa_err
request_about(const char *verb, const struct pam_subject *subject, struct fields *ret_request) SFMFA_MUST_USE;

/* verb, user, items of the handle and arguments of the line. */
enum sfmfa_err
request_make(pam_handle_t *pamh, const char *verb, const struct pam_args *args, const struct pam_subject *subject,
             struct fields *ret_request) SFMFA_MUST_USE;

#endif
