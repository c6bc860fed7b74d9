#include "daemon/privilege.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <pwd.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"

enum sfmfa_err
privilege_find(const char *run_as, struct run_as *ret_run_as, struct diag *diag)
{
	const struct passwd *user;

	if (run_as[0] == '\0') {
		*ret_run_as = (struct run_as){ geteuid(), getegid() };
		return SFMFA_OK;
	}
	errno = 0;
	user = getpwnam(run_as);
	if (user == NULL)
		return diag_set(diag, SFMFA_ERR_NOT_FOUND, "", 0, "run_as: there is no user \"%s\"", run_as);
	if (geteuid() != 0 && geteuid() != user->pw_uid)
		return diag_set(diag, SFMFA_ERR_UNTRUSTED, "", 0, "run_as: only root can become \"%s\"", run_as);
	*ret_run_as = (struct run_as){ user->pw_uid, user->pw_gid };
	return SFMFA_OK;
}

enum sfmfa_err
privilege_make_folder(const char *path, mode_t mode, const struct run_as *owner, struct diag *diag)
{
	if (mkdir(path, mode) != 0) {
		if (errno == EEXIST)
			return SFMFA_OK;
		return diag_set(diag, SFMFA_ERR_SYSTEM, path, 0, "cannot be made: %s", strerror(errno));
	}
	if (chmod(path, mode) != 0 || (geteuid() == 0 && lchown(path, owner->uid, owner->gid) != 0))
		return diag_set(diag, SFMFA_ERR_SYSTEM, path, 0, "cannot be given away: %s", strerror(errno));
	/* Syncing what is in it says nothing about its own name. */
	return file_sync_name(path, diag);
}

static enum sfmfa_err
become(const struct run_as *run_as, struct diag *diag)
{
	uid_t real, effective, saved;

	if (setgroups(0, NULL) != 0 || setresgid(run_as->gid, run_as->gid, run_as->gid) != 0 ||
	    setresuid(run_as->uid, run_as->uid, run_as->uid) != 0)
		return diag_set(diag, SFMFA_ERR_SYSTEM, "", 0, "privileges cannot be given up: %s", strerror(errno));
	if (getresuid(&real, &effective, &saved) != 0 || real != run_as->uid || effective != run_as->uid ||
	    saved != run_as->uid)
		return diag_set(diag, SFMFA_ERR_INTERNAL, "", 0, "privileges were not given up");
	if (run_as->uid != 0 && setuid(0) == 0)
		return diag_set(diag, SFMFA_ERR_INTERNAL, "", 0, "privileges can be regained");
	return SFMFA_OK;
}

enum sfmfa_err
privilege_drop(const struct run_as *run_as, struct diag *diag)
{
	const struct rlimit no_core = { 0, 0 };
	enum sfmfa_err err = SFMFA_OK;

	if (geteuid() == 0)
		err = become(run_as, diag);
	if (err != SFMFA_OK)
		return err;
	if (setrlimit(RLIMIT_CORE, &no_core) != 0 || prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) != 0 ||
	    prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0)
		return diag_set(diag, SFMFA_ERR_SYSTEM, "", 0, "memory cannot be shielded: %s", strerror(errno));
	return SFMFA_OK;
}
