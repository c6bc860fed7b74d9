/* From the uid the daemon starts with to the one it runs as. */
#ifndef SFMFA_DAEMON_PRIVILEGE_H
#define SFMFA_DAEMON_PRIVILEGE_H

#include <sys/types.h>

#include "base/error.h"

struct run_as {
	uid_t uid;
	gid_t gid;
};

/* run_as "": whoever we are. SFMFA_ERR_NOT_FOUND: no such user; SFMFA_ERR_UNTRUSTED: not root and another user. */
enum sfmfa_err
privilege_find(const char *run_as, struct run_as *ret_run_as, struct diag *diag) SFMFA_MUST_USE;

/* Makes a folder with this mode for this user if it is not there (the last component only). */
enum sfmfa_err
privilege_make_folder(const char *path, mode_t mode, const struct run_as *owner, struct diag *diag) SFMFA_MUST_USE;

/* Gives up groups, gid and uid for good and checks that they are gone; no dump, no core, no new privileges. */
enum sfmfa_err
privilege_drop(const struct run_as *run_as, struct diag *diag) SFMFA_MUST_USE;

#endif
