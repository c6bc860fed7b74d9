/* Events: one a decision, one an act of administration; every foreign text escaped at entry (rules 7). */
#ifndef SFMFA_AUTH_AUDIT_H
#define SFMFA_AUTH_AUDIT_H

#include "auth/env.h"
#include "auth/login.h"

/* user_known false: the name is kept as "unknown:" and the first 16 digits of its keyed hash. */
void
audit_login(struct env *env, const struct caller *caller, const struct login_request *request, bool user_known,
            enum login_type login_type, const struct decision *decision, int64_t step_offset,
            const char *app_key);

void
audit_command(struct env *env, const struct caller *caller, const char *verb, const char *subject, const char *change,
              enum verdict verdict, enum reason reason);

#define AUDIT_LINE_SIZE 4096
/* The log line of an event: key=value pairs, rules 7 (interface: user= service= login_type= remote= method= verdict= level= reason= …). */
void
audit_format(const struct event *event, char line[AUDIT_LINE_SIZE]);

#endif
