/*
 * An ordered list of (key, value) pairs: what a message carries, what a command takes and
 * answers. A key may repeat (a list); a getter of one value refuses a repeated key.
 *
 * The list owns one heap buffer, which is wiped when the list is finished: values may be secrets.
 */
#ifndef SFMFA_BASE_FIELDS_H
#define SFMFA_BASE_FIELDS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "base/secret.h"

#define FIELDS_BYTES_MAX 65536 /* encoded size of a whole list */
#define FIELD_KEY_MAX    32    /* [a-z0-9_]+ */

/* Encoded form, one after the other: key size (1 byte), value size (3 bytes, big endian), key, value. */
struct fields {
	unsigned char *bytes; /* encoded; heap */
	size_t size;
	size_t capacity;
};

#define FIELDS_AUTO __attribute__((cleanup(fields_finish))) struct fields

/* A view into a list; valid until the list changes. The value is not NUL-terminated. */
struct field {
	const char *key;
	size_t key_size;
	const void *value;
	size_t value_size;
};

/*
 * SFMFA_ERR_INVALID: not a key; SFMFA_ERR_TOO_LARGE; SFMFA_ERR_NO_MEMORY. A failure leaves the list
 * as it was.
 */
enum sfmfa_err
fields_add(struct fields *fields, const char *key, const void *value, size_t size) SFMFA_MUST_USE;
enum sfmfa_err
fields_add_text(struct fields *fields, const char *key, const char *value) SFMFA_MUST_USE;
enum sfmfa_err
fields_add_number(struct fields *fields, const char *key, int64_t value) SFMFA_MUST_USE;

/* Walks: *at starts at 0; false at the end. */
bool
fields_next(const struct fields *fields, size_t *at, struct field *ret_field);

/* True if the field has this key. */
bool
field_is(const struct field *field, const char *key);

/* Whether the key is there at all. */
bool
fields_has(const struct fields *fields, const char *key);

/*
 * One value. SFMFA_ERR_NOT_FOUND: absent; SFMFA_ERR_INVALID: repeated, a NUL inside, not a number;
 * SFMFA_ERR_TOO_LARGE: longer than the buffer.
 */
enum sfmfa_err
fields_get_text(const struct fields *fields, const char *key, char *ret_text, size_t size) SFMFA_MUST_USE;
enum sfmfa_err
fields_get_number(const struct fields *fields, const char *key, int64_t min, int64_t max, int64_t *ret_number)
	SFMFA_MUST_USE;
enum sfmfa_err
fields_get_secret(const struct fields *fields, const char *key, struct secret *ret_secret) SFMFA_MUST_USE;

/* The value of a field as text: SFMFA_ERR_INVALID with a NUL inside. */
enum sfmfa_err
field_text(const struct field *field, char *ret_text, size_t size) SFMFA_MUST_USE;

/*
 * Encoded bytes after checking each of them (strict decoder): SFMFA_ERR_INVALID. Copies.
 * *ret_fields must be zeroed or in use: on success what it held is wiped and replaced.
 */
enum sfmfa_err
fields_decode(struct fields *ret_fields, const void *bytes, size_t size) SFMFA_MUST_USE;

/*
 * The same without a copy: bytes is a heap block of capacity bytes, of which size are in use. It is
 * taken over on success, and wiped and freed on failure.
 */
enum sfmfa_err
fields_take(struct fields *ret_fields, void *bytes, size_t size, size_t capacity) SFMFA_MUST_USE;

/* Empties and wipes, keeps the buffer. */
void
fields_clear(struct fields *fields);
/* Wipes and frees; NULL and zeroed are allowed. */
void
fields_finish(struct fields *fields);

#endif
