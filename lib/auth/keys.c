#include <string.h>

#include "auth/env.h"
#include "base/text.h"

static void
take(struct env *env, const struct keyring *keyring, const struct secret *sealing_key)
{
	env->keyring = *keyring;
	env->sealing_key = *sealing_key;
}

/* The first start: no keys in the store, so nothing was ever sealed or hashed. */
static enum sfmfa_err
make_keys(struct env *env, const struct secret *sealing_key, const char *id, struct diag *diag)
{
	struct keyring keyring = { 0 };
	struct store_op op = { .kind = STORE_SET_KEY, .err = SFMFA_ERR_INTERNAL };
	struct store_op *ops[] = { &op };
	enum sfmfa_err err = keyring_generate(&keyring);

	if (err == SFMFA_OK)
		err = keyring_wrap(&keyring, sealing_key, op.change.wrap);
	if (err != SFMFA_OK) {
		keyring_clear(&keyring);
		return diag_set(diag, err, "", 0, "data keys cannot be made");
	}
	op.change.name = id;
	op.change.wrap_size = WRAP_SIZE;
	err = store_commit(env->store, ops, 1, diag);
	if (err == SFMFA_OK && op.err != SFMFA_OK)
		err = diag_set(diag, op.err, "", 0, "data keys cannot be stored");
	/* A database that lost its log must not look like one that never had keys: others would be made. */
	if (err == SFMFA_OK)
		err = store_settle(env->store, diag);
	if (err == SFMFA_OK)
		take(env, &keyring, sealing_key);
	keyring_clear(&keyring);
	return err;
}

enum sfmfa_err
env_open_keys(struct env *env, const struct secret *sealing_key, struct diag *diag)
{
	unsigned char wrap[WRAP_SIZE];
	char id[KEY_ID_SIZE];
	struct keyring keyring = { 0 };
	size_t size = 0;
	bool any = true;
	enum sfmfa_err err;

	if (env->store == NULL)
		return diag_set(diag, SFMFA_ERR_STORE, "", 0, "there is no store to read the data keys from");
	if (sealing_key == NULL || sealing_key->size != KEY_SIZE)
		return diag_set(diag, SFMFA_ERR_CRYPTO, "", 0, "there is no sealing key");
	err = sealing_key_id(sealing_key, id);
	if (err != SFMFA_OK)
		return diag_set(diag, err, "", 0, "the sealing key has no id");
	err = store_read_key(env->store, id, wrap, sizeof(wrap), &size, diag);
	if (err == SFMFA_ERR_NOT_FOUND) {
		err = store_has_keys(env->store, &any, diag);
		if (err != SFMFA_OK)
			return err;
		if (!any)
			return make_keys(env, sealing_key, id, diag);
		return diag_set(diag, SFMFA_ERR_CRYPTO, "", 0,
				"the data keys in the store are wrapped with another key than this one (%s)",
				id);
	}
	if (err != SFMFA_OK)
		return err;
	if (size != WRAP_SIZE || keyring_unwrap(&keyring, sealing_key, wrap) != SFMFA_OK)
		return diag_set(diag, SFMFA_ERR_CRYPTO, "", 0, "the data keys under key %s are damaged", id);
	take(env, &keyring, sealing_key);
	keyring_clear(&keyring);
	return SFMFA_OK;
}
