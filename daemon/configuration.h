/*
 * Which configuration is in force: the files, else the last good one, else none (rules 3.3). A broken
 * edit is reported and changes nothing; a mended one is in force at the next login.
 */
#ifndef SFMFA_DAEMON_CONFIGURATION_H
#define SFMFA_DAEMON_CONFIGURATION_H

#include "auth/env.h"
#include "config/config.h"

/*
 * Watches, then loads, at the start: an edit in between is seen. env->config is the files', or NULL with
 * env->fallback set. *ret_paths is where state_dir, key_file, runtime_dir and run_as stand, whichever it is;
 * held for the caller. watch_fd NULL: nothing is watched (--once). SFMFA_ERR_NO_MEMORY.
 */
enum sfmfa_err
configuration_start(struct env *env, const struct config_options *options, struct config **ret_paths,
                    int *watch_fd, struct diag *diag) SFMFA_MUST_USE;

/*
 * Puts the last good one in force where the files were broken at the start. As the user the daemon runs as: the
 * state folder is theirs, and what they wrote is nothing that root should parse or trust.
 */
void
configuration_fall_back(struct env *env, const struct config_options *options);

/*
 * Reads the files again and notes how that went in env; a failure is logged and leaves the old one in force.
 * SFMFA_ERR_NO_MEMORY says nothing about the files: they are to be read again.
 */
enum sfmfa_err
configuration_reload(struct env *env, const struct config_options *options) SFMFA_MUST_USE;

/* Keeps the configuration in force as the last good one. False: it could not be written, which is logged unless quiet. */
bool
configuration_keep(const struct env *env, const char *state_dir, bool quiet) SFMFA_MUST_USE;

/*
 * Watches the folders the configuration is read from, or watches them anew: some may have come. *inout_fd (-1:
 * none yet) is readable when something changed; it stays -1, with a log line, where nothing can be watched.
 */
void
configuration_watch(const struct config *paths, const char *file, int *inout_fd);

/* Reads what the watch has noted; true if there was anything. */
bool
configuration_changed(int fd);

#endif
