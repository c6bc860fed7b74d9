/*
 * A reply of the daemon as text that can be pointed into, and the columns it is shown in. One
 * list of columns serves people (a table, or lines of "label: value") and programs (JSON).
 */
#ifndef SFMFA_CLI_RECORD_H
#define SFMFA_CLI_RECORD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/fields.h"

struct pair {
	const char *key;
	const char *value;
};

/* A reply, or one group of pairs inside it. Values belong to the reply. */
struct record {
	const struct pair *pairs;
	size_t count;
};

struct reply {
	struct record all;
	struct pair *pairs; /* heap */
	char *text;         /* heap: all keys and values; wiped when the reply is finished */
	size_t text_size;
};

#define REPLY_AUTO __attribute__((cleanup(reply_finish))) struct reply

/* SFMFA_ERR_INVALID: a NUL inside a value. */
enum sfmfa_err
reply_from_fields(struct reply *ret_reply, const struct fields *fields) SFMFA_MUST_USE;

/* Wipes and frees; zeroed is allowed. */
void
reply_finish(struct reply *reply);

/* Each group begins with a pair of this key; *at starts at 0. */
bool
record_next(const struct record *all, const char *begins, size_t *at, struct record *ret_record);

/* The first value of a key; NULL: none. */
const char *
record_text(const struct record *record, const char *key);

/* False: absent, or not a number. */
bool
record_number(const struct record *record, const char *key, int64_t *ret_number);

/* The n-th value of a key; NULL: there are not that many. */
const char *
record_nth(const struct record *record, const char *key, size_t n);

/* One entry of a list: repeated values, each with entries between commas. Not terminated. */
struct item {
	const char *text;
	size_t size;
	size_t nth;       /* begin with 0 */
	const char *rest; /* begin with NULL */
};
bool
record_next_item(const struct record *record, const char *key, struct item *item);

/* "1" and "yes" are true, all else is not. */
bool
record_flag(const struct record *record, const char *key);

enum value_kind {
	VALUE_TEXT = 0,
	VALUE_FLAG,     /* true only where the record says so */
	VALUE_NUMBER,
	VALUE_POSITIVE, /* a number; 0 and absent: none */
	VALUE_TIME,     /* Unix seconds; 0 and absent: none */
	VALUE_LIST,     /* every entry of every value of the key */
};

struct column {
	const char *key;   /* NULL: only for people */
	const char *label; /* for people; NULL: only in JSON */
	enum value_kind kind;
	const char *none;  /* what people see where there is no value; NULL: "-" */
	/* For people only, in place of the value: heap. NULL: the value. */
	char *(*display)(const struct record *record);
};

/* A printable copy; heap. */
char *
record_printable(const char *text);

/* The value as people read it; heap. */
char *
record_display(const struct record *record, const struct column *column);

#endif
