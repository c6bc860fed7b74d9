/*
 * Typed values out of libconfig's tree. Everything that is not exactly what was asked for is
 * SFMFA_ERR_CONFIG with the file and line of the setting.
 */
#ifndef SFMFA_CONFIG_VALUES_H
#define SFMFA_CONFIG_VALUES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <libconfig.h>

#include "config/private.h"

/* One file on its way into a snapshot. */
struct reader {
	struct arena *arena;
	const char *file; /* both belong to the snapshot */
	const char *via;  /* the profile, set or group; NULL: settings */
	struct diag *diag;
};

#define VALUES_TREE_AUTO __attribute__((cleanup(config_destroy))) config_t

/* Scans and parses a text into a tree on which config_init() was called. */
enum sfmfa_err
values_parse(const struct reader *reader, const struct config_text *text, config_t *tree) SFMFA_MUST_USE;

unsigned
values_line(const config_setting_t *setting);
struct origin
values_origin(const struct reader *reader, const config_setting_t *setting);

/* Foreign text in a diagnosis: short and printable. */
#define QUOTE_SIZE 80
const char *
values_quote(const char *text, char quote[QUOTE_SIZE]);

enum sfmfa_err
values_fail(const struct reader *reader, const config_setting_t *setting, const char *fmt,
	    ...) SFMFA_PRINTF(3, 4);
enum sfmfa_err
values_no_memory(const struct reader *reader);

/* Refuses a member of the group that is not among the keys (NULL ends them). */
enum sfmfa_err
values_check_keys(const struct reader *reader, const config_setting_t *group,
		  const char *const keys[]) SFMFA_MUST_USE;

/* Refuses what is not a group { … }, or not a list ( … ) of groups. */
enum sfmfa_err
values_check_group(const struct reader *reader, const config_setting_t *setting) SFMFA_MUST_USE;
enum sfmfa_err
values_check_groups(const struct reader *reader, const config_setting_t *setting) SFMFA_MUST_USE;

/* Valid UTF-8 without control characters, size bytes at most with the NUL; belongs to the tree. */
enum sfmfa_err
values_text(const struct reader *reader, const config_setting_t *setting, size_t size,
	    const char **ret_text) SFMFA_MUST_USE;
/* The same, copied. */
enum sfmfa_err
values_copy(const struct reader *reader, const config_setting_t *setting, char *ret_text,
	    size_t size) SFMFA_MUST_USE;
enum sfmfa_err
values_bool(const struct reader *reader, const config_setting_t *setting, bool *ret_bool) SFMFA_MUST_USE;
enum sfmfa_err
values_number(const struct reader *reader, const config_setting_t *setting, int64_t min, int64_t max,
              int64_t *ret_number) SFMFA_MUST_USE;
/* One of "a,b,c": its place among them. */
enum sfmfa_err
values_choice(const struct reader *reader, const config_setting_t *setting, const char *choices,
	      unsigned *ret_place) SFMFA_MUST_USE;

/* What a word must look like. */
enum word_kind {
	WORD_NAME,       /* of a profile, permission set, license */
	WORD_SERVICE,    /* of a PAM service: as WORD_NAME, and lower case, because libpam makes it so */
	WORD_USER,       /* as NSS or a mail server writes them: no ':' */
	WORD_UNIX_GROUP,
};

/* One word, copied. */
enum sfmfa_err
values_word(const struct reader *reader, const config_setting_t *setting, enum word_kind kind,
	    char *ret_word, size_t size) SFMFA_MUST_USE;

/* A list of words, none twice, sorted bytewise; strings belong to the snapshot. max 0: any number. */
enum sfmfa_err
values_words(const struct reader *reader, const config_setting_t *setting, enum word_kind kind, size_t max,
             struct words *ret_words) SFMFA_MUST_USE;
/* In a sorted list. */
bool
values_has_word(const struct words *words, const char *word);

enum sfmfa_err
values_networks(const struct reader *reader, const config_setting_t *setting, struct networks *ret_networks)
	SFMFA_MUST_USE;
/* Keys of factors among the allowed bits. */
enum sfmfa_err
values_factors(const struct reader *reader, const config_setting_t *setting, uint32_t allowed,
	       uint32_t *ret_factors) SFMFA_MUST_USE;
/* Keys or aliases of permissions. origins (PERMISSION_COUNT of them) may be NULL. */
enum sfmfa_err
values_permissions(const struct reader *reader, const config_setting_t *setting, uint32_t *ret_permissions,
                   struct origin *ret_origins) SFMFA_MUST_USE;

#endif
