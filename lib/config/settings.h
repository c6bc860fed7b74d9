/* sfmfa.conf: the plain keys of model/settings.def and the structured ones. */
#ifndef SFMFA_CONFIG_SETTINGS_H
#define SFMFA_CONFIG_SETTINGS_H

#include "config/values.h"

/* As shipped. */
enum sfmfa_err
settings_set_defaults(struct arena *arena, struct settings *settings) SFMFA_MUST_USE;

/* Every key that is there replaces its default. *ret_profile_line: of default_profile, 0: not there. */
enum sfmfa_err
settings_read(const struct reader *reader, const config_setting_t *root, struct settings *settings,
              unsigned *ret_profile_line) SFMFA_MUST_USE;

/* The overrides of a profile: the keys of the group api. */
enum sfmfa_err
settings_read_api(const struct reader *reader, const config_setting_t *group,
		  struct api_settings *api) SFMFA_MUST_USE;

/* Where the daemon's socket fits into a socket address. */
#define RUNTIME_DIR_MAX 90
/* Absolute, without "." and ".." between its slashes. */
bool
settings_is_path(const char *path);

/* structured.c */
enum sfmfa_err
structured_set_defaults(struct arena *arena, struct settings *settings) SFMFA_MUST_USE;
/* *ret_known false: no such key. */
enum sfmfa_err
structured_read(const struct reader *reader, const config_setting_t *setting, struct settings *settings,
                bool *ret_known) SFMFA_MUST_USE;
/* What can be said only when the whole file is read: services in two lists, services of trusted callers. */
enum sfmfa_err
structured_check(const struct reader *reader, const config_setting_t *root,
		 struct settings *settings) SFMFA_MUST_USE;

#endif
