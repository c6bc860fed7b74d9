/*
 * A wall clock that a test sets, for LD_PRELOAD. The environment names a file in SFMFA_FAKECLOCK; its first
 * eight bytes are a number of Unix seconds in the byte order of the machine:
 *
 *   0         real time, also while there is no such file when a program starts
 *   another   the wall clock stands at the beginning of this second
 *
 * Every program with the same file sees a change at once. Write the number in place, in one go (pwrite of
 * eight bytes): a file that is cut or replaced is not looked at again. Timers, CLOCK_MONOTONIC and
 * CLOCK_BOOTTIME stay real, so do time stamps of files. A program started with an empty environment
 * (sfmfad --once) has the real clock.
 */
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

#define EXPORT __attribute__((visibility("default")))

static const int64_t *shared_seconds; /* NULL: no file */

static __attribute__((constructor)) void
map_file(void)
{
	const char *path = getenv("SFMFA_FAKECLOCK");
	struct stat status;
	void *page;
	int fd;

	if (path == NULL)
		return;
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return;
	/* Beyond the end of a file a mapping is deadly. */
	if (fstat(fd, &status) == 0 && status.st_size >= (off_t)sizeof(*shared_seconds)) {
		page = mmap(NULL, sizeof(*shared_seconds), PROT_READ, MAP_SHARED, fd, 0);
		if (page != MAP_FAILED)
			shared_seconds = page;
	}
	close(fd);
}

static int64_t
set_seconds(void)
{
	return shared_seconds == NULL ? 0 : __atomic_load_n(shared_seconds, __ATOMIC_RELAXED);
}

EXPORT int
clock_gettime(clockid_t clock, struct timespec *now)
{
	int64_t seconds = set_seconds();

	if (seconds == 0 || (clock != CLOCK_REALTIME && clock != CLOCK_REALTIME_COARSE))
		return (int)syscall(SYS_clock_gettime, clock, now);
	*now = (struct timespec){ .tv_sec = (time_t)seconds };
	return 0;
}

EXPORT time_t
time(time_t *ret_seconds)
{
	struct timespec now = { 0 };

	/* As the kernel does: time() follows the coarse clock. */
	(void)clock_gettime(CLOCK_REALTIME_COARSE, &now);
	if (ret_seconds != NULL)
		*ret_seconds = now.tv_sec;
	return now.tv_sec;
}

EXPORT int
gettimeofday(struct timeval *restrict now, void *restrict zone)
{
	struct timespec precise;

	if (zone != NULL)
		*(struct timezone *)zone = (struct timezone){ 0 };
	if (clock_gettime(CLOCK_REALTIME, &precise) != 0)
		return -1;
	*now = (struct timeval){ .tv_sec = precise.tv_sec, .tv_usec = precise.tv_nsec / 1000 };
	return 0;
}

EXPORT int
timespec_get(struct timespec *now, int base)
{
	if (base != TIME_UTC || clock_gettime(CLOCK_REALTIME, now) != 0)
		return 0;
	return base;
}
