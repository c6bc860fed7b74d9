#include "wire/wait.h"

#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <time.h>

#define NS_PER_MS 1000000

static int64_t
now_ns(void)
{
	struct timespec now = { 0 };

	/* Cannot fail for this clock; if it did, every deadline would have passed: a failure, no hang. */
	if (clock_gettime(CLOCK_MONOTONIC, &now) < 0) {
		return INT64_MAX;
	}
	return (int64_t)now.tv_sec * 1000 * NS_PER_MS + now.tv_nsec;
}

int64_t
wait_deadline(int64_t ms)
{
	int64_t now = now_ns();

	return now == INT64_MAX ? 0 : now / NS_PER_MS + ms;
}

int
wait_left(int64_t deadline)
{
	int64_t now = now_ns() / NS_PER_MS;

	if (deadline <= now) {
		return 0;
	}
	return deadline - now > INT_MAX ? INT_MAX : (int)(deadline - now);
}

enum sfmfa_err
wait_ready(int fd, short events, int64_t deadline)
{
	struct pollfd waited = { .fd = fd, .events = events };
	int ready;

	do {
		ready = poll(&waited, 1, wait_left(deadline));
	} while (ready < 0 && errno == EINTR);
	if (ready < 0) {
		return SFMFA_ERR_SYSTEM;
	}
	return ready > 0 ? SFMFA_OK : SFMFA_ERR_TIMEOUT;
}
