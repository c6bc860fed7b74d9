#include "daemon/person.h"

#include "base/text.h"
#include "wire/names.h"

#define KEY_SIZE_MAX (FIELD_KEY_MAX + 1)

static enum sfmfa_err
prefixed(char key[KEY_SIZE_MAX], const char *prefix, const char *name)
{
	return text_format(key, KEY_SIZE_MAX, "%s%s", prefix, name);
}

/* An absent field is "": the buffer must be zeroed. */
static enum sfmfa_err
read_optional(const struct fields *fields, const char *prefix, const char *name, char *text, size_t size)
{
	char key[KEY_SIZE_MAX];
	enum sfmfa_err err = prefixed(key, prefix, name);

	if (err == SFMFA_OK)
		err = fields_get_text(fields, key, text, size);
	return err == SFMFA_ERR_NOT_FOUND ? SFMFA_OK : err;
}

/* What only a known user has. */
static enum sfmfa_err
read_known(const struct fields *fields, const char *prefix, struct person *person)
{
	char key[KEY_SIZE_MAX];
	int64_t uid;
	enum sfmfa_err err = prefixed(key, prefix, WIRE_NAME);

	if (err == SFMFA_OK)
		err = fields_get_text(fields, key, person->name, sizeof(person->name));
	if (err == SFMFA_OK)
		err = prefixed(key, prefix, WIRE_UID);
	if (err == SFMFA_OK)
		err = fields_get_number(fields, key, 0, UINT32_MAX, &uid);
	if (err == SFMFA_OK)
		person->uid = (uid_t)uid;
	return err;
}

enum sfmfa_err
person_read(const struct fields *fields, const char *prefix, bool *ret_resolved, struct person *ret_person)
{
	struct person person = { .nss = NSS_ERROR };
	char nss[16] = "";
	enum sfmfa_err err;

	err = read_optional(fields, prefix, WIRE_USER, person.typed, sizeof(person.typed));
	if (err == SFMFA_OK)
		err = text_copy(person.name, sizeof(person.name), person.typed);
	if (err == SFMFA_OK)
		err = read_optional(fields, prefix, WIRE_NSS, nss, sizeof(nss));
	if (err == SFMFA_OK)
		person.nss = nss_status_from_key(nss);
	if (err == SFMFA_OK && person.nss == NSS_KNOWN)
		err = read_known(fields, prefix, &person);
	if (err != SFMFA_OK)
		return err;
	*ret_resolved = nss[0] != '\0';
	*ret_person = person;
	return SFMFA_OK;
}

enum sfmfa_err
person_read_memberships(const struct fields *fields, const char *prefix, const struct config *config,
                        struct person *person)
{
	char in_key[KEY_SIZE_MAX], unresolved_key[KEY_SIZE_MAX], no_group_key[KEY_SIZE_MAX];
	struct field field;
	size_t at = 0;
	enum sfmfa_err err = prefixed(in_key, prefix, WIRE_IN);

	if (err == SFMFA_OK)
		err = prefixed(unresolved_key, prefix, WIRE_UNRESOLVED);
	if (err == SFMFA_OK)
		err = prefixed(no_group_key, prefix, WIRE_NO_GROUP);
	while (err == SFMFA_OK && fields_next(fields, &at, &field)) {
		char group[NSS_NAME_SIZE];
		bool in = field_is(&field, in_key), unresolved = field_is(&field, unresolved_key);
		bool no_group = field_is(&field, no_group_key);

		if ((!in && !unresolved && !no_group) || field_text(&field, group, sizeof(group)) != SFMFA_OK)
			continue;
		memberships_note(&person->memberships, config, group, in, unresolved || no_group);
		/* Nobody is in a protected group that does not exist, as "wheel" on most hosts; of one that could not
		   be asked for everybody may be a member. */
		if ((in || unresolved) && words_contain(&config->settings.protected_groups, group))
			person->is_protected = true;
	}
	if (err == SFMFA_OK)
		person->groups_known = true;
	return err;
}
