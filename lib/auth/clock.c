#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "auth/env.h"
#include "auth/tz.h"
#include "base/text.h"
#include "policy/restriction.h"

#define BOOT_ID_FILE  "/proc/sys/kernel/random/boot_id"
#define ZONE_FOLDER   "/usr/share/zoneinfo"
#define ZONE_SIZE_MAX 65536 /* bytes; the largest of tzdata has a few thousand */
#define SECONDS_A_DAY 86400
#define SECONDS_LAST  INT64_C(253402300799) /* of the year 9999; no rule of summer time is meant for later */

/* Up to size bytes of a regular file. Links are followed: tzdata and /proc are the system's own. */
static enum sfmfa_err
read_small_file(const char *path, void *bytes, size_t size, size_t *ret_size)
{
	struct stat status;
	size_t got = 0;
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);

	if (fd < 0)
		return errno == ENOENT || errno == ENOTDIR ? SFMFA_ERR_NOT_FOUND : SFMFA_ERR_SYSTEM;
	if (fstat(fd, &status) != 0 || !S_ISREG(status.st_mode)) {
		close(fd);
		return SFMFA_ERR_UNTRUSTED;
	}
	while (got < size) {
		ssize_t n = read(fd, (char *)bytes + got, size - got);
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0) {
			if (n < 0)
				got = size;
			break;
		}
		got += (size_t)n;
	}
	close(fd);
	if (got == size)
		return SFMFA_ERR_TOO_LARGE;
	*ret_size = got;
	return SFMFA_OK;
}

/* No process outlives its boot: read once, as soon as it can be. */
static enum sfmfa_err
read_boot_id(char known[BOOT_ID_SIZE])
{
	char now[BOOT_ID_SIZE] = "";
	size_t size;

	if (known[0] != '\0')
		return SFMFA_OK;
	if (read_small_file(BOOT_ID_FILE, now, sizeof(now) - 1, &size) != SFMFA_OK || size == 0)
		return SFMFA_ERR_CLOCK;
	now[strcspn(now, "\n")] = '\0';
	memcpy(known, now, sizeof(now));
	return SFMFA_OK;
}

static enum sfmfa_err
system_now(void *data, struct moment *ret_now)
{
	struct moment now = { 0 };
	struct timespec wall, boot;

	if (clock_gettime(CLOCK_REALTIME, &wall) != 0 || clock_gettime(CLOCK_BOOTTIME, &boot) != 0)
		return SFMFA_ERR_CLOCK;
	if (read_boot_id(data) != SFMFA_OK)
		return SFMFA_ERR_CLOCK;
	memcpy(now.boot_id, data, sizeof(now.boot_id));
	now.wall = wall.tv_sec;
	now.boot = boot.tv_sec;
	*ret_now = now;
	return SFMFA_OK;
}

struct clock
clock_system(char boot_id[BOOT_ID_SIZE])
{
	return (struct clock){ .now = system_now, .data = boot_id };
}

/* "Europe/Paris": nothing that leaves the folder. */
static bool
is_zone_name(const char *zone)
{
	if (zone[0] == '\0' || zone[0] == '/' || strstr(zone, "..") != NULL || strlen(zone) >= NAME_SIZE)
		return false;
	for (const char *c = zone; *c != '\0'; c++) {
		bool word = (*c >= 'A' && *c <= 'Z') || (*c >= 'a' && *c <= 'z') || (*c >= '0' && *c <= '9');
		if (!word && strchr("/_+-", *c) == NULL)
			return false;
	}
	return true;
}

enum sfmfa_err
clock_local_time(const char *zone, int64_t unix_seconds, struct local_time *ret_local)
{
	char path[sizeof(ZONE_FOLDER) + NAME_SIZE + 1];
	unsigned char *bytes;
	size_t size;
	int64_t offset, local;
	enum sfmfa_err err;

	if (unix_seconds < 2 * SECONDS_A_DAY || unix_seconds > SECONDS_LAST)
		return SFMFA_ERR_CLOCK;
	if (!is_zone_name(zone) || text_format(path, sizeof(path), "%s/%s", ZONE_FOLDER, zone) != SFMFA_OK)
		return SFMFA_ERR_CONFIG;
	bytes = malloc(ZONE_SIZE_MAX);
	if (bytes == NULL)
		return SFMFA_ERR_NO_MEMORY;
	err = read_small_file(path, bytes, ZONE_SIZE_MAX, &size);
	if (err == SFMFA_OK)
		err = tz_offset(bytes, size, unix_seconds, &offset);
	free(bytes);
	if (err != SFMFA_OK)
		return SFMFA_ERR_CONFIG;
	local = unix_seconds + offset;
	ret_local->weekday = (unsigned)((local / SECONDS_A_DAY + 3) % 7); /* 1970-01-01 was a Thursday */
	ret_local->minute = (unsigned)(local % SECONDS_A_DAY / 60);
	return SFMFA_OK;
}
