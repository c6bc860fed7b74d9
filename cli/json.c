#include "json.h"

#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/secret.h"
#include "base/text.h"
#include "cli.h"

/* What jansson is given: its size in front, so that all of it can be wiped. */
union block {
	size_t size;
	max_align_t align;
};

static void *
allocate_sized(size_t size)
{
	union block *block = size < SIZE_MAX - sizeof *block ? malloc(sizeof *block + size) : NULL;

	if (!block)
		return NULL;
	block->size = size;
	return block + 1;
}

static void
free_wiped(void *bytes)
{
	union block *block = bytes;

	if (!bytes)
		return;
	block--;
	wipe(block, sizeof *block + block->size);
	free(block);
}

void
json_begin(void)
{
	json_set_alloc_funcs(allocate_sized, free_wiped);
}

static void
free_text(char *text)
{
	wipe(text, strlen(text));
	free(text);
}

/* jansson fails for lack of memory only, here. */
static json_t *
there(json_t *value)
{
	if (!value) {
		cli_error("out of memory");
		exit(STATUS_FAILED);
	}
	return value;
}

json_t *
json_from_text(const char *text)
{
	json_t *value;
	size_t size;
	char *clean;

	if (!text)
		return there(json_null());
	if (text_is_utf8(text, strlen(text)))
		return there(json_string(text));
	size = strlen(text) + 1;
	clean = cli_allocate(size);
	text_printable(clean, size, text);
	value = json_string(clean);
	free_text(clean);
	return there(value);
}

json_t *
json_from_time(int64_t unix_seconds)
{
	char text[TEXT_TIME_SIZE];

	if (unix_seconds == 0)
		return there(json_null());
	text_time_utc(unix_seconds, text);
	return there(json_string(text));
}

json_t *
json_from_list(const struct record *record, const char *key)
{
	json_t *list = there(json_array());
	struct item item = { .nth = 0 };

	while (record_next_item(record, key, &item)) {
		char *text;

		if (item.size == 0)
			continue;
		text = cli_allocate(item.size + 1);
		memcpy(text, item.text, item.size);
		text[item.size] = '\0';
		json_append(list, json_from_text(text));
		free_text(text);
	}
	return list;
}

static json_t *
from_column(const struct record *record, const struct column *column)
{
	const char *text = record_text(record, column->key);
	int64_t number = 0;

	switch (column->kind) {
	case VALUE_FLAG: return there(json_boolean(record_flag(record, column->key)));
	case VALUE_NUMBER:
		return there(record_number(record, column->key, &number) ? json_integer(number)
									 : json_null());
	case VALUE_POSITIVE:
		return there(record_number(record, column->key, &number) && number > 0 ? json_integer(number)
										       : json_null());
	case VALUE_TIME: return json_from_time(record_number(record, column->key, &number) ? number : 0);
	case VALUE_LIST: return json_from_list(record, column->key);
	case VALUE_TEXT: break;
	}
	return json_from_text(text && text[0] != '\0' ? text : NULL);
}

json_t *
json_from_record(const struct record *record, const struct column columns[], size_t count)
{
	json_t *object = there(json_object());

	for (size_t i = 0; i < count; i++) {
		if (columns[i].key)
			json_member(object, columns[i].key, from_column(record, &columns[i]));
	}
	return object;
}

void
json_member(json_t *object, const char *key, json_t *value)
{
	if (json_object_set_new(object, key, value) != 0)
		there(NULL);
}

void
json_append(json_t *array, json_t *value)
{
	if (json_array_append_new(array, value) != 0)
		there(NULL);
}

void
json_print(json_t *value)
{
	json_dumpf(value, stdout, JSON_COMPACT);
	fputc('\n', stdout);
	json_decref(value);
}
