/* A schema version that does not exist yet: what the next one may do, for a power cut in the middle of it. */
#ifndef SFMFA_TESTS_PAM_MIGRATION_H
#define SFMFA_TESTS_PAM_MIGRATION_H

#include "store/sqlite_private.h"

/* sfmfa.db as it would be: a table filled from the users, a column and an index more. */
struct database_kind migration_kind(void);

/* A migration program's exit status. */
int migration_run(const char *folder);

#endif
