/* What only lib/config sees: the text a snapshot was made from, its memory, its indexes. */
#ifndef SFMFA_CONFIG_PRIVATE_H
#define SFMFA_CONFIG_PRIVATE_H

#include <stddef.h>
#include <stdint.h>

#include "config/arena.h"
#include "config/config.h"

#define CONFIG_FILE_SIZE_MAX (1024 * 1024) /* bytes of one file */

enum text_kind {
	TEXT_SETTINGS = 0,
	TEXT_PROFILE,
	TEXT_SET,
	TEXT_GROUP,
	TEXT_APP,
	TEXT_KEY, /* a key or certificate that an app names */
	TEXT_KIND_COUNT
};

/* One file as it was read. Origins point to path and name. */
struct config_text {
	enum text_kind kind;
	const char *path;
	const char *name; /* the file name without .conf: of the profile, set, group or app; of a key its number */
	const char *bytes; /* NUL behind the last */
	size_t size;
};

struct texts {
	struct config_text *items; /* settings first, then kind by kind, each by name; keys in the order of the apps */
	size_t count, capacity;
};

/* Which profiles, sets or groups (by their place in the snapshot) name a user or a Unix group. */
struct user_entry {
	const char *user;
	uint32_t place;
};

struct member_index {
	struct user_entry *users; /* by name, then place */
	size_t user_count;
	uint32_t *group_places; /* those of unix_groups.items[i]: from group_start[i] to group_start[i + 1] */
	uint32_t *group_start;
};

struct config_private {
	struct arena arena; /* everything the snapshot points to */
	struct texts texts;
	unsigned holders;
	struct member_index profiles, sets, groups;
	uint32_t *profiles_by_name; /* places in profiles */
	unsigned default_profile_line; /* 0: not in the file */
};

/* An empty snapshot with one holder. NULL: no memory. */
struct config *
config_create(void);

/* Copies a file's text into the snapshot, behind the others. */
enum sfmfa_err
config_add_text(struct config *config, enum text_kind kind, const char *path, const char *name,
		const void *bytes, size_t size, struct diag *diag) SFMFA_MUST_USE;

/* From texts.items[0], with what options override. */
enum sfmfa_err
config_read_settings(struct config *config, const struct config_options *options,
		     struct diag *diag) SFMFA_MUST_USE;

/* From the other texts: profiles, sets, groups, indexes, and whether all the names fit together. */
enum sfmfa_err
config_read_members(struct config *config, struct diag *diag) SFMFA_MUST_USE;

#endif
