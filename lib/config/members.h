/* Who is a member of what, without walking through the lists at a login. */
#ifndef SFMFA_CONFIG_MEMBERS_H
#define SFMFA_CONFIG_MEMBERS_H

#include "config/private.h"

/* Fills unix_groups and the three indexes. SFMFA_ERR_CONFIG: more than GROUP_NAMES_MAX Unix groups. */
enum sfmfa_err
members_index(struct config *config, struct diag *diag) SFMFA_MUST_USE;

#endif
