/* From the fields of a request to what the use cases take. Nothing is believed that a class may not say. */
#ifndef SFMFA_DAEMON_REQUEST_H
#define SFMFA_DAEMON_REQUEST_H

#include <stdbool.h>

#include "auth/command.h"
#include "auth/login.h"
#include "base/fields.h"
#include "model/verb.h"

/* verb=login and verb=account. */
enum sfmfa_err
request_login(const struct fields *request, enum verb verb, const struct person *person,
              struct login_request *ret_login) SFMFA_MUST_USE;

/* Every other verb: what is left once verb and person are taken out are its arguments. */
enum sfmfa_err
request_command(const struct fields *request, enum verb verb, bool has_subject, const struct person *person,
                struct command_request *ret_command) SFMFA_MUST_USE;

/*
 * A later request on the same connection, which must live as long as *ret_input. SFMFA_ERR_INVALID: not one that goes on with a
 * conversation.
 */
enum sfmfa_err
request_input(const struct fields *request, struct input *ret_input) SFMFA_MUST_USE;

/*
 * Where a root caller says it is: the answer to need=session, the terminal from the first request. person: the
 * user of the request, to whom an audit session has to belong.
 */
enum sfmfa_err
request_place(const struct fields *answer, const struct fields *first, const struct person *person,
              struct session_place *ret_place) SFMFA_MUST_USE;

#endif
