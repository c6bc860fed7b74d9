/*
 * The form of a backup:
 *
 *   "sfmfa backup 1\n"   and, in four bytes, big endian, the size of the header
 *   header               encoded fields (base/fields.h): version host time(Unix seconds) users size key_id wrap
 *   32 bytes             keyed hash of everything above
 *   size bytes           the store as store_copy_read() gives it
 *   32 bytes             keyed hash of everything above
 *
 * The hash key is the store's. So a backup that somebody has changed or cut is refused, and one can be told to be of this
 * store, or, by the wrap, of one whose sealing key is at hand. The sealing key itself is not in it.
 */
#ifndef SFMFA_AUTH_BACKUP_H
#define SFMFA_AUTH_BACKUP_H

#include "auth/env.h"
#include "base/fields.h"

#define BACKUP_MAGIC    "sfmfa backup 1\n"
#define BACKUP_HEAD_MAX 4096 /* magic, size, header, hash */

struct backup_head {
	char version[64], host[HOST_SIZE], key_id[KEY_ID_SIZE];
	int64_t time, users, size;
	unsigned char wrap[WRAP_SIZE];
};

/* Head of a backup of env's store, made now. */
enum sfmfa_err
backup_write_head(const struct env *env, const struct backup_head *head, unsigned char ret_bytes[BACKUP_HEAD_MAX],
                  size_t *ret_size) SFMFA_MUST_USE;

/*
 * Reads what may be the beginning of a head. SFMFA_ERR_NOT_FOUND: more bytes are needed; SFMFA_ERR_INVALID: it is none, or was
 * changed; SFMFA_ERR_CRYPTO: neither of this store nor wrapped with env's sealing key (head is filled in as far as it can be
 * believed: key_id). *ret_keyring: of the store it was made of.
 */
enum sfmfa_err
backup_read_head(const struct env *env, const unsigned char *bytes, size_t size, struct backup_head *ret_head,
                 struct keyring *ret_keyring, size_t *ret_size) SFMFA_MUST_USE;

/* The hash over all of it. */
enum sfmfa_err
backup_hasher(const struct keyring *keyring, struct hasher **ret_hasher) SFMFA_MUST_USE;

#endif
