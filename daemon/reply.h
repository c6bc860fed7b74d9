/* From what the use cases answer to the fields of a reply. */
#ifndef SFMFA_DAEMON_REPLY_H
#define SFMFA_DAEMON_REPLY_H

#include "auth/command.h"
#include "auth/login.h"
#include "base/fields.h"

/* status=ask need=answer, with texts and question. */
enum sfmfa_err
reply_ask(const struct ask *ask, struct fields *ret_reply) SFMFA_MUST_USE;

/* status=ask need=page, with what the command says so far. */
enum sfmfa_err
reply_page(const struct command *command, struct fields *ret_reply) SFMFA_MUST_USE;

/* Something of a root caller that no person has to be asked for: WIRE_NEED_SESSION. */
enum sfmfa_err
reply_need(const char *what, struct fields *ret_reply) SFMFA_MUST_USE;

/* status=ask need=groups. */
enum sfmfa_err
reply_groups(const struct words *groups, struct fields *ret_reply) SFMFA_MUST_USE;

/* status=done of a login; kept: with more=. */
enum sfmfa_err
reply_login(const struct login *login, bool kept, struct fields *ret_reply) SFMFA_MUST_USE;

/* status=done of a command. */
enum sfmfa_err
reply_command(const struct command *command, struct fields *ret_reply) SFMFA_MUST_USE;

/* status=done for a request that got no further. sentence "": nothing is shown (logins). */
enum sfmfa_err
reply_refused(const char *result, const char *outcome, const char *sentence, struct fields *ret_reply) SFMFA_MUST_USE;

#endif
