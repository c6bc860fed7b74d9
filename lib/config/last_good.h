/*
 * The last good configuration, kept in the state directory: restarts and --once go on under it
 * while the files are broken (rules 3.3).
 */
#ifndef SFMFA_CONFIG_LAST_GOOD_H
#define SFMFA_CONFIG_LAST_GOOD_H

#include "config/config.h"

/* Keeps the text of a snapshot (atomic; nothing is written if it is the same already). */
enum sfmfa_err
last_good_keep(const struct config *config, const char *state_dir, struct diag *diag) SFMFA_MUST_USE;

/* SFMFA_ERR_NOT_FOUND: there is none. */
enum sfmfa_err
last_good_load(const struct config_options *options, const char *state_dir,
	       struct config **ret_config, struct diag *diag) SFMFA_MUST_USE;

#endif
