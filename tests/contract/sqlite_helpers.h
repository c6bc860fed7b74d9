/* Looking at the SQLite store from outside: its files, its rows. */
#ifndef SFMFA_TESTS_SQLITE_HELPERS_H
#define SFMFA_TESTS_SQLITE_HELPERS_H

#include <sys/stat.h>

#include "contract.h"

/* The path of a file in the folder; valid until the next call. */
const char *
in_folder(const char *name);
struct stat
stat_of(const char *name);

/* Closes the fixture's store and opens it again. */
void
reopen(void);

/* SQL on a connection of its own; ask: the first number. */
void
run_sql(const char *file, const char *sql);
int64_t
ask_sql(const char *file, const char *sql);

enum sfmfa_err
add_one_event(struct store *store);

#endif
