/* One file each of apps.d, and the key files that it names. */
#ifndef SFMFA_CONFIG_APPS_H
#define SFMFA_CONFIG_APPS_H

#include "config/values.h"

/* A file that an app names under certificate or public_key. */
struct app_key_file {
	char path[512]; /* absolute */
	bool certificate;
	struct origin origin;
};

/* What the text of an app names, before the files are read: APP_KEYS_MAX at most. */
enum sfmfa_err
apps_list_keys(struct config *config, const struct config_text *text, struct app_key_file files[APP_KEYS_MAX],
               size_t *ret_count, struct diag *diag) SFMFA_MUST_USE;

/* The text of a key file that the snapshot has; NULL: none. */
const struct config_text *
apps_find_key(const struct config *config, const char *path);

/* ret_app is zeroed before; its name is the reader's via. Sets, and the apps before it, are read already. */
enum sfmfa_err
apps_read(const struct reader *reader, const config_setting_t *root, const struct config *config,
          struct connected_app *ret_app) SFMFA_MUST_USE;

#endif
