/* What a program reads: one JSON value a line, made from records. */
#ifndef SFMFA_CLI_JSON_H
#define SFMFA_CLI_JSON_H

#include <jansson.h>

#include "record.h"

/* Memory that held JSON is wiped when it is freed: values may be secrets. Call once, before any other. */
void
json_begin(void);

/* A string; bytes that are not UTF-8 are replaced. NULL: null. */
json_t *
json_from_text(const char *text);

/* RFC 3339 in UTC; 0: null. */
json_t *
json_from_time(int64_t unix_seconds);

/* Every entry of a list as an array. */
json_t *
json_from_list(const struct record *record, const char *key);

/* An object with a member for every column: null where the record has no value. */
json_t *
json_from_record(const struct record *record, const struct column columns[], size_t count);

/* Sets a member, taking over the value. Ends the process with STATUS_FAILED if that is impossible. */
void
json_member(json_t *object, const char *key, json_t *value);

/* Appends to an array, taking over the value; as json_member(). */
void
json_append(json_t *array, json_t *value);

/* One line on stdout; takes over the value. */
void
json_print(json_t *value);

#endif
