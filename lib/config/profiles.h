/* One file each of profiles.d, permission-sets.d and permission-set-groups.d. */
#ifndef SFMFA_CONFIG_PROFILES_H
#define SFMFA_CONFIG_PROFILES_H

#include "config/values.h"

/* ret_profile is zeroed before; its name is the reader's via. api: host-wide. */
enum sfmfa_err
profiles_read(const struct reader *reader, const config_setting_t *root, const struct api_settings *api,
              struct profile *ret_profile) SFMFA_MUST_USE;
enum sfmfa_err
profiles_read_set(const struct reader *reader, const config_setting_t *root, struct permission_set *ret_set)
	SFMFA_MUST_USE;
/* The sets of the snapshot are read already. */
enum sfmfa_err
profiles_read_group(const struct reader *reader, const config_setting_t *root, const struct config *config,
                    struct permission_set_group *ret_group) SFMFA_MUST_USE;

/* The group members, which the file of an app has too; ret_sets NULL: permission_sets is not among its keys. */
enum sfmfa_err
profiles_read_members(const struct reader *reader, const config_setting_t *root, struct members *ret_members,
                      struct words *ret_sets) SFMFA_MUST_USE;

#endif
