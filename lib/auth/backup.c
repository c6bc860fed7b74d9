#include "auth/backup.h"

#include <string.h>

#include "auth/contexts.h"
#include "base/text.h"

#define MAGIC_SIZE (sizeof(BACKUP_MAGIC) - 1)
#define SIZE_SIZE  4

static enum sfmfa_err
put_fields(const struct backup_head *head, struct fields *fields)
{
	enum sfmfa_err err = fields_add_text(fields, "version", head->version);

	if (err == SFMFA_OK)
		err = fields_add_text(fields, "host", head->host);
	if (err == SFMFA_OK)
		err = fields_add_number(fields, "time", head->time);
	if (err == SFMFA_OK)
		err = fields_add_number(fields, "users", head->users);
	if (err == SFMFA_OK)
		err = fields_add_number(fields, "size", head->size);
	if (err == SFMFA_OK)
		err = fields_add_text(fields, "key_id", head->key_id);
	return err == SFMFA_OK ? fields_add(fields, "wrap", head->wrap, sizeof(head->wrap)) : err;
}

enum sfmfa_err
backup_write_head(const struct env *env, const struct backup_head *head, unsigned char ret_bytes[BACKUP_HEAD_MAX],
                  size_t *ret_size)
{
	FIELDS_AUTO fields = { 0 };
	unsigned char bytes[BACKUP_HEAD_MAX];
	size_t size = MAGIC_SIZE + SIZE_SIZE;
	enum sfmfa_err err = put_fields(head, &fields);

	if (err == SFMFA_OK && size + fields.size + HMAC_SIZE > BACKUP_HEAD_MAX)
		err = SFMFA_ERR_TOO_LARGE;
	if (err != SFMFA_OK)
		return err;
	memcpy(bytes, BACKUP_MAGIC, MAGIC_SIZE);
	for (int i = 0; i < SIZE_SIZE; i++)
		bytes[MAGIC_SIZE + i] = (unsigned char)(fields.size >> (8 * (SIZE_SIZE - 1 - i)));
	memcpy(bytes + size, fields.bytes, fields.size);
	size += fields.size;
	err = keyed_hash(&env->keyring, CONTEXT_BACKUP_HEAD, bytes, size, bytes + size);
	if (err != SFMFA_OK)
		return err;
	size += HMAC_SIZE;
	memcpy(ret_bytes, bytes, size);
	*ret_size = size;
	return SFMFA_OK;
}

static enum sfmfa_err
get_wrap(const struct fields *fields, unsigned char wrap[WRAP_SIZE])
{
	struct field field;
	size_t at = 0;

	while (fields_next(fields, &at, &field)) {
		if (!field_is(&field, "wrap"))
			continue;
		if (field.value_size != WRAP_SIZE)
			return SFMFA_ERR_INVALID;
		memcpy(wrap, field.value, WRAP_SIZE);
		return SFMFA_OK;
	}
	return SFMFA_ERR_INVALID;
}

static enum sfmfa_err
get_fields(const unsigned char *bytes, size_t size, struct backup_head *head)
{
	FIELDS_AUTO fields = { 0 };
	enum sfmfa_err err = fields_decode(&fields, bytes, size);

	if (err == SFMFA_OK)
		err = fields_get_text(&fields, "version", head->version, sizeof(head->version));
	if (err == SFMFA_OK)
		err = fields_get_text(&fields, "host", head->host, sizeof(head->host));
	if (err == SFMFA_OK)
		err = fields_get_number(&fields, "time", 0, INT64_MAX, &head->time);
	if (err == SFMFA_OK)
		err = fields_get_number(&fields, "users", 0, INT64_MAX, &head->users);
	if (err == SFMFA_OK)
		err = fields_get_number(&fields, "size", 1, INT64_MAX / 2, &head->size);
	if (err == SFMFA_OK)
		err = fields_get_text(&fields, "key_id", head->key_id, sizeof(head->key_id));
	if (err == SFMFA_OK)
		err = get_wrap(&fields, head->wrap);
	return err == SFMFA_OK ? SFMFA_OK : SFMFA_ERR_INVALID;
}

static bool
is_hashed_with(const struct keyring *keyring, const unsigned char *bytes, size_t size)
{
	unsigned char hash[HMAC_SIZE];

	return keyed_hash(keyring, CONTEXT_BACKUP_HEAD, bytes, size, hash) == SFMFA_OK &&
	       bytes_equal(hash, bytes + size, HMAC_SIZE);
}

/* Of this store, or of one that this sealing key opens. */
static enum sfmfa_err
find_keyring(const struct env *env, const struct backup_head *head, const unsigned char *bytes, size_t size,
             struct keyring *ret_keyring)
{
	struct keyring keyring = { 0 };
	enum sfmfa_err err = SFMFA_ERR_CRYPTO;

	if (env->keyring.ready && is_hashed_with(&env->keyring, bytes, size)) {
		*ret_keyring = env->keyring;
		return SFMFA_OK;
	}
	if (env->sealing_key.size == KEY_SIZE && keyring_unwrap(&keyring, &env->sealing_key, head->wrap) == SFMFA_OK)
		err = is_hashed_with(&keyring, bytes, size) ? SFMFA_OK : SFMFA_ERR_INVALID;
	if (err == SFMFA_OK)
		*ret_keyring = keyring;
	keyring_clear(&keyring);
	return err;
}

enum sfmfa_err
backup_read_head(const struct env *env, const unsigned char *bytes, size_t size, struct backup_head *ret_head,
                 struct keyring *ret_keyring, size_t *ret_size)
{
	size_t need = MAGIC_SIZE + SIZE_SIZE, fields = 0;
	enum sfmfa_err err;

	if (memcmp(bytes, BACKUP_MAGIC, size < MAGIC_SIZE ? size : MAGIC_SIZE) != 0)
		return SFMFA_ERR_INVALID;
	if (size < need)
		return SFMFA_ERR_NOT_FOUND;
	for (int i = 0; i < SIZE_SIZE; i++)
		fields = fields << 8 | bytes[MAGIC_SIZE + i];
	if (fields > BACKUP_HEAD_MAX - need - HMAC_SIZE)
		return SFMFA_ERR_INVALID;
	if (size < need + fields + HMAC_SIZE)
		return SFMFA_ERR_NOT_FOUND;
	memset(ret_head, 0, sizeof(*ret_head));
	err = get_fields(bytes + need, fields, ret_head);
	if (err == SFMFA_OK)
		err = find_keyring(env, ret_head, bytes, need + fields, ret_keyring);
	if (err == SFMFA_OK)
		*ret_size = need + fields + HMAC_SIZE;
	return err;
}

enum sfmfa_err
backup_hasher(const struct keyring *keyring, struct hasher **ret_hasher)
{
	return hasher_create(keyring, CONTEXT_BACKUP, ret_hasher);
}
