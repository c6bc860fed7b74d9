/* Waiting for one descriptor until a point in time, whatever signals come in between. */
#ifndef SFMFA_WIRE_WAIT_H
#define SFMFA_WIRE_WAIT_H

#include <stdint.h>

#include "base/error.h"

/* The point in time ms from now (CLOCK_MONOTONIC, milliseconds). */
int64_t
wait_deadline(int64_t ms);

/* What is left until then in milliseconds, rounded up; 0: it has passed. */
int
wait_left(int64_t deadline);

/*
 * Until poll() reports one of the events (POLLIN, POLLOUT), an error or a hang-up.
 * SFMFA_ERR_TIMEOUT: the deadline came first.
 */
enum sfmfa_err
wait_ready(int fd, short events, int64_t deadline) SFMFA_MUST_USE;

#endif
