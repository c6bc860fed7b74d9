#include "base/fields.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"

#define ENTRY_HEADER_SIZE 4
#define FIRST_CAPACITY    512
#define NUMBER_TEXT_SIZE  24

static bool
is_key(const unsigned char *key, size_t size)
{
	if (size == 0 || size > FIELD_KEY_MAX) {
		return false;
	}
	for (size_t i = 0; i < size; i++) {
		unsigned char c = key[i];

		if (!((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_')) {
			return false;
		}
	}
	return true;
}

static void
discard(unsigned char *bytes, size_t size)
{
	wipe(bytes, size);
	free(bytes);
}

/* Writes one entry at the end of a buffer that is large enough. */
static size_t
put_entry(unsigned char *to, const char *key, size_t key_size, const void *value, size_t size)
{
	to[0] = (unsigned char)key_size;
	to[1] = (unsigned char)(size >> 16);
	to[2] = (unsigned char)(size >> 8);
	to[3] = (unsigned char)size;
	memcpy(to + ENTRY_HEADER_SIZE, key, key_size);
	if (size > 0) {
		memcpy(to + ENTRY_HEADER_SIZE + key_size, value, size);
	}
	return ENTRY_HEADER_SIZE + key_size + size;
}

enum sfmfa_err
fields_add(struct fields *fields, const char *key, const void *value, size_t size)
{
	size_t key_size = strnlen(key, FIELD_KEY_MAX + 1);
	unsigned char *old = NULL;
	size_t needed;

	if (!is_key((const unsigned char *)key, key_size)) {
		return SFMFA_ERR_INVALID;
	}
	if (size > FIELDS_BYTES_MAX ||
	    fields->size + ENTRY_HEADER_SIZE + key_size + size > FIELDS_BYTES_MAX) {
		return SFMFA_ERR_TOO_LARGE;
	}
	needed = fields->size + ENTRY_HEADER_SIZE + key_size + size;
	if (needed > fields->capacity) {
		/* Not realloc(): it would leave an unwiped copy behind. */
		size_t capacity = fields->capacity > FIRST_CAPACITY ? fields->capacity : FIRST_CAPACITY;
		unsigned char *bytes;

		while (capacity < needed) {
			capacity *= 2;
		}
		bytes = malloc(capacity);
		if (!bytes) {
			return SFMFA_ERR_NO_MEMORY;
		}
		if (fields->size > 0) {
			memcpy(bytes, fields->bytes, fields->size);
		}
		old = fields->bytes;
		fields->bytes = bytes;
		fields->capacity = capacity;
	}
	needed = fields->size;
	fields->size += put_entry(fields->bytes + fields->size, key, key_size, value, size);
	/* Last: key and value may be views into the list itself. */
	discard(old, old ? needed : 0);
	return SFMFA_OK;
}

enum sfmfa_err
fields_add_text(struct fields *fields, const char *key, const char *value)
{
	return fields_add(fields, key, value, strlen(value));
}

enum sfmfa_err
fields_add_number(struct fields *fields, const char *key, int64_t value)
{
	char text[NUMBER_TEXT_SIZE];
	enum sfmfa_err err = text_format(text, sizeof text, "%" PRId64, value);

	return err ? err : fields_add_text(fields, key, text);
}

/* Reads the entry at *at and moves *at behind it; false where it is malformed or at the end. */
static bool
read_entry(const unsigned char *bytes, size_t size, size_t *at, struct field *ret_field)
{
	const unsigned char *entry = bytes + *at;
	size_t left = size - *at;
	size_t key_size;
	size_t value_size;

	if (left < ENTRY_HEADER_SIZE) {
		return false;
	}
	key_size = entry[0];
	value_size = (size_t)entry[1] << 16 | (size_t)entry[2] << 8 | entry[3];
	if (left - ENTRY_HEADER_SIZE < key_size || left - ENTRY_HEADER_SIZE - key_size < value_size ||
	    !is_key(entry + ENTRY_HEADER_SIZE, key_size)) {
		return false;
	}
	ret_field->key = (const char *)entry + ENTRY_HEADER_SIZE;
	ret_field->key_size = key_size;
	ret_field->value = entry + ENTRY_HEADER_SIZE + key_size;
	ret_field->value_size = value_size;
	*at += ENTRY_HEADER_SIZE + key_size + value_size;
	return true;
}

bool
fields_next(const struct fields *fields, size_t *at, struct field *ret_field)
{
	return *at < fields->size && read_entry(fields->bytes, fields->size, at, ret_field);
}

bool
field_is(const struct field *field, const char *key)
{
	return strlen(key) == field->key_size && memcmp(field->key, key, field->key_size) == 0;
}

bool
fields_has(const struct fields *fields, const char *key)
{
	struct field field;
	size_t at = 0;

	while (fields_next(fields, &at, &field)) {
		if (field_is(&field, key)) {
			return true;
		}
	}
	return false;
}

static enum sfmfa_err
find_one(const struct fields *fields, const char *key, struct field *ret_field)
{
	struct field field;
	struct field found = { 0 };
	size_t at = 0;

	while (fields_next(fields, &at, &field)) {
		if (!field_is(&field, key)) {
			continue;
		}
		if (found.key) {
			return SFMFA_ERR_INVALID;
		}
		found = field;
	}
	if (!found.key) {
		return SFMFA_ERR_NOT_FOUND;
	}
	*ret_field = found;
	return SFMFA_OK;
}

static bool
has_nul(const struct field *field)
{
	return field->value_size > 0 && memchr(field->value, '\0', field->value_size);
}

enum sfmfa_err
field_text(const struct field *field, char *ret_text, size_t size)
{
	if (has_nul(field)) {
		return SFMFA_ERR_INVALID;
	}
	if (field->value_size >= size) {
		return SFMFA_ERR_TOO_LARGE;
	}
	if (field->value_size > 0) {
		memcpy(ret_text, field->value, field->value_size);
	}
	ret_text[field->value_size] = '\0';
	return SFMFA_OK;
}

enum sfmfa_err
fields_get_text(const struct fields *fields, const char *key, char *ret_text, size_t size)
{
	struct field field;
	enum sfmfa_err err = find_one(fields, key, &field);

	return err ? err : field_text(&field, ret_text, size);
}

enum sfmfa_err
fields_get_number(const struct fields *fields, const char *key, int64_t min, int64_t max, int64_t *ret_number)
{
	char text[NUMBER_TEXT_SIZE];
	enum sfmfa_err err = fields_get_text(fields, key, text, sizeof text);

	if (err == SFMFA_ERR_TOO_LARGE) {
		return SFMFA_ERR_INVALID;
	}
	return err ? err : text_parse_number(text, min, max, ret_number);
}

enum sfmfa_err
fields_get_secret(const struct fields *fields, const char *key, struct secret *ret_secret)
{
	struct field field;
	enum sfmfa_err err = find_one(fields, key, &field);

	if (err) {
		return err;
	}
	if (has_nul(&field)) {
		return SFMFA_ERR_INVALID;
	}
	if (field.value_size > SECRET_MAX) {
		return SFMFA_ERR_TOO_LARGE;
	}
	return secret_set(ret_secret, field.value, field.value_size);
}

static enum sfmfa_err
check_encoded(const unsigned char *bytes, size_t size)
{
	struct field field;
	size_t at = 0;

	if (size > FIELDS_BYTES_MAX) {
		return SFMFA_ERR_INVALID;
	}
	while (at < size) {
		if (!read_entry(bytes, size, &at, &field)) {
			return SFMFA_ERR_INVALID;
		}
	}
	return SFMFA_OK;
}

enum sfmfa_err
fields_take(struct fields *ret_fields, void *bytes, size_t size, size_t capacity)
{
	unsigned char *smaller;
	enum sfmfa_err err = size <= capacity ? check_encoded(bytes, size) : SFMFA_ERR_INTERNAL;

	if (err) {
		discard(bytes, size <= capacity ? size : capacity);
		return err;
	}
	if (size == 0) {
		free(bytes);
		bytes = NULL;
		capacity = 0;
	} else if (size < capacity && (smaller = realloc(bytes, size))) {
		bytes = smaller;
		capacity = size;
	}
	fields_finish(ret_fields);
	*ret_fields = (struct fields){ .bytes = bytes, .size = size, .capacity = capacity };
	return SFMFA_OK;
}

enum sfmfa_err
fields_decode(struct fields *ret_fields, const void *bytes, size_t size)
{
	unsigned char *copy;
	enum sfmfa_err err = check_encoded(bytes, size);

	if (err || size == 0) {
		if (!err) {
			fields_finish(ret_fields);
		}
		return err;
	}
	copy = malloc(size);
	if (!copy) {
		return SFMFA_ERR_NO_MEMORY;
	}
	memcpy(copy, bytes, size);
	fields_finish(ret_fields);
	*ret_fields = (struct fields){ .bytes = copy, .size = size, .capacity = size };
	return SFMFA_OK;
}

void
fields_clear(struct fields *fields)
{
	wipe(fields->bytes, fields->size);
	fields->size = 0;
}

void
fields_finish(struct fields *fields)
{
	if (!fields) {
		return;
	}
	discard(fields->bytes, fields->size);
	*fields = (struct fields){ 0 };
}
