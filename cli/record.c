#include "record.h"

#include <stdlib.h>
#include <string.h>

#include "base/secret.h"
#include "base/text.h"
#include "cli.h"
#include "when.h"

enum sfmfa_err
reply_from_fields(struct reply *ret_reply, const struct fields *fields)
{
	REPLY_AUTO reply = { 0 };
	struct field field;
	size_t count = 0;
	size_t at = 0;
	char *to;

	while (fields_next(fields, &at, &field)) {
		if (memchr(field.value, '\0', field.value_size))
			return SFMFA_ERR_INVALID;
		reply.text_size += field.key_size + field.value_size + 2;
		count++;
	}
	reply.text = to = cli_allocate(reply.text_size + 1);
	reply.pairs = cli_allocate((count + 1) * sizeof *reply.pairs);
	at = 0;
	while (fields_next(fields, &at, &field)) {
		struct pair *pair = &reply.pairs[reply.all.count++];

		pair->key = to;
		memcpy(to, field.key, field.key_size);
		to += field.key_size;
		*to++ = '\0';
		pair->value = to;
		memcpy(to, field.value, field.value_size);
		to += field.value_size;
		*to++ = '\0';
	}
	reply.all.pairs = reply.pairs;
	reply_finish(ret_reply);
	*ret_reply = reply;
	memset(&reply, 0, sizeof reply);
	return SFMFA_OK;
}

void
reply_finish(struct reply *reply)
{
	if (!reply)
		return;
	wipe(reply->text, reply->text_size);
	free(reply->text);
	free(reply->pairs);
	memset(reply, 0, sizeof *reply);
}

bool
record_next(const struct record *all, const char *begins, size_t *at, struct record *ret_record)
{
	size_t from = *at;
	size_t to;

	while (from < all->count && !text_equals(all->pairs[from].key, begins))
		from++;
	if (from >= all->count)
		return false;
	to = from + 1;
	while (to < all->count && !text_equals(all->pairs[to].key, begins))
		to++;
	ret_record->pairs = all->pairs + from;
	ret_record->count = to - from;
	*at = to;
	return true;
}

const char *
record_nth(const struct record *record, const char *key, size_t n)
{
	for (size_t i = 0; i < record->count; i++) {
		if (text_equals(record->pairs[i].key, key) && n-- == 0)
			return record->pairs[i].value;
	}
	return NULL;
}

const char *
record_text(const struct record *record, const char *key)
{
	return record_nth(record, key, 0);
}

bool
record_number(const struct record *record, const char *key, int64_t *ret_number)
{
	const char *value = record_text(record, key);

	return value && text_parse_number(value, INT64_MIN, INT64_MAX, ret_number) == SFMFA_OK;
}

bool
record_flag(const struct record *record, const char *key)
{
	const char *value = record_text(record, key);

	return value && (text_equals(value, "1") || text_equals(value, "yes"));
}

char *
record_printable(const char *text)
{
	size_t size = strlen(text) + 1;
	char *copy = cli_allocate(size);

	text_printable(copy, size, text);
	return copy;
}

bool
record_next_item(const struct record *record, const char *key, struct item *item)
{
	if (!item->rest || item->rest[0] == '\0') {
		item->rest = record_nth(record, key, item->nth++);
		if (!item->rest)
			return false;
	}
	item->text = item->rest;
	item->size = strcspn(item->text, ",");
	item->rest += item->size;
	if (item->rest[0] == ',')
		item->rest++;
	return true;
}

/* Joined with ", "; NULL: nothing to join. */
static char *
join(const struct record *record, const char *key)
{
	struct item item = { .nth = 0 };
	char *joined = NULL;
	char *clean;
	size_t size = 0;

	while (record_next_item(record, key, &item)) {
		if (item.size == 0)
			continue;
		joined = cli_grow(joined, size + item.size + 3);
		if (size > 0) {
			memcpy(joined + size, ", ", 2);
			size += 2;
		}
		memcpy(joined + size, item.text, item.size);
		size += item.size;
		joined[size] = '\0';
	}
	if (!joined)
		return NULL;
	clean = record_printable(joined);
	free(joined);
	return clean;
}

char *
record_display(const struct record *record, const struct column *column)
{
	const char *none = column->none ? column->none : "-";
	const char *value = column->key ? record_text(record, column->key) : NULL;
	char when[WHEN_SIZE];
	int64_t number = 0;
	char *joined;

	if (column->display)
		return column->display(record);
	switch (column->kind) {
	case VALUE_FLAG: return record_printable(record_flag(record, column->key) ? "yes" : "no");
	case VALUE_TIME:
		if (!record_number(record, column->key, &number) || number == 0)
			return record_printable(none);
		when_local(number, when);
		return record_printable(when);
	case VALUE_LIST: joined = join(record, column->key); return joined ? joined : record_printable(none);
	case VALUE_POSITIVE: value = value && text_equals(value, "0") ? NULL : value; break;
	case VALUE_TEXT:
	case VALUE_NUMBER: break;
	}
	return record_printable(value && value[0] != '\0' ? value : none);
}
