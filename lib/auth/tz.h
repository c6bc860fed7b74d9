/* Offsets of time zones from TZif files (RFC 8536): tzset() is global to the process, this is not. */
#ifndef SFMFA_AUTH_TZ_H
#define SFMFA_AUTH_TZ_H

#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

/* Seconds east of UTC at a moment, from the bytes of a TZif file of version 2 or later. SFMFA_ERR_INVALID. */
enum sfmfa_err
tz_offset(const unsigned char *bytes, size_t size, int64_t unix_seconds, int64_t *ret_offset) SFMFA_MUST_USE;

/* The same from a POSIX TZ string, "CET-1CEST,M3.5.0,M10.5.0/3" (RFC 8536 3.3). */
enum sfmfa_err
tz_posix_offset(const char *text, int64_t unix_seconds, int64_t *ret_offset) SFMFA_MUST_USE;

#endif
