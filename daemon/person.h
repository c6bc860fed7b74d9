/*
 * A person as fields say them: a root peer's request or answer, or what a look-up process found. One
 * message may carry two, the second with a prefix to its keys ("caller_").
 */
#ifndef SFMFA_DAEMON_PERSON_H
#define SFMFA_DAEMON_PERSON_H

#include <stdbool.h>

#include "auth/person.h"
#include "base/fields.h"

/* user, nss, name, uid. *ret_resolved: the fields say what the name service knows of the user. */
enum sfmfa_err
person_read(const struct fields *fields, const char *prefix, bool *ret_resolved, struct person *ret_person)
	SFMFA_MUST_USE;

/* The in=, unresolved= and no_group= fields. */
enum sfmfa_err
person_read_memberships(const struct fields *fields, const char *prefix, const struct config *config,
                        struct person *person) SFMFA_MUST_USE;

#endif
