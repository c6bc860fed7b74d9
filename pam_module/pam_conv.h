/* Between a reply of the daemon and the application's conversation function. */
#ifndef SFMFA_PAM_CONV_H
#define SFMFA_PAM_CONV_H

#include <security/pam_modules.h>

#include "base/fields.h"

/*
 * Shows the texts of a reply. Whether the application could show them decides nothing: some
 * refuse every text, some have no conversation at all.
 */
void
conv_show(pam_handle_t *pamh, const struct fields *reply);

/*
 * Shows the texts, asks the question of a status=ask reply and makes the
 * request that answers it. A conversation that fails is an answer too: the daemon decides and logs.
 */
enum sfmfa_err
conv_answer(pam_handle_t *pamh, const struct fields *reply, struct fields *ret_request)
	SFMFA_MUST_USE;

#endif
