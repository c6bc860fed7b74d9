/* schema.sql as C strings (embed_schema.py): step n, from 0, leads to schema version n + 1. */
#ifndef SFMFA_STORE_SCHEMA_H
#define SFMFA_STORE_SCHEMA_H

extern const char *const schema_main[];
extern const unsigned schema_main_version;
extern const char *const schema_events[];
extern const unsigned schema_events_version;

#endif
