/*
 * Moments and spans on the command line, and moments as people and programs read them. The present
 * is passed in.
 */
#ifndef SFMFA_CLI_WHEN_H
#define SFMFA_CLI_WHEN_H

#include <stdint.h>

#include "base/error.h"

/*
 * A span: "90d", "2h", "1d12h"; units w, d, h, m, s, each once, the larger first.
 * SFMFA_ERR_INVALID; SFMFA_ERR_TOO_LARGE: more than a hundred years.
 */
enum sfmfa_err
when_parse_span(const char *text, int64_t *ret_seconds) SFMFA_MUST_USE;

/*
 * A moment: RFC 3339 ("2026-11-24T03:34:36Z", "…+01:00"), local time ("2026-11-24",
 * "2026-11-24 03:34", "2026-11-24 03:34:36"), "@UNIX", "now". SFMFA_ERR_INVALID, also for a day or an
 * hour that does not exist.
 */
enum sfmfa_err
when_parse_moment(const char *text, int64_t now, int64_t *ret_unix) SFMFA_MUST_USE;

/* A moment, or a span before now: "2h" and "2h ago". */
enum sfmfa_err
when_parse_past(const char *text, int64_t now, int64_t *ret_unix) SFMFA_MUST_USE;

/* A span from now, or a moment after now, as seconds from now; at least 1. */
enum sfmfa_err
when_parse_future(const char *text, int64_t now, int64_t *ret_seconds) SFMFA_MUST_USE;

#define WHEN_SIZE 40

/* "2026-11-24 03:34:36" in the zone of the process. */
void
when_local(int64_t unix_seconds, char text[WHEN_SIZE]);

/* CLOCK_REALTIME. */
int64_t
when_now(void);

#endif
