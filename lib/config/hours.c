#include "config/hours.h"

#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/text.h"

#define MINUTES_PER_HOUR 60

static const char *const day_keys[WEEKDAYS] = { "mon", "tue", "wed", "thu", "fri", "sat", "sun" };

static bool
is_zone_name(const char *zone)
{
	if (*zone == 0 || *zone == '/' || strlen(zone) >= NAME_SIZE)
		return false;
	for (const char *c = zone; *c; c++)
		if (!strchr("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_+-/", *c))
			return false;
	/* No dot is among the characters, so ".." cannot be either. */
	return true;
}

bool
hours_is_zone(const char *zone)
{
	char path[sizeof(HOURS_ZONE_FOLDER) + NAME_SIZE + 1];
	if (!is_zone_name(zone) || text_format(path, sizeof(path), "%s/%s", HOURS_ZONE_FOLDER, zone))
		return false;
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	if (fd < 0)
		return false;
	char magic[4] = { 0 };
	struct stat status;
	bool is_zone = fstat(fd, &status) == 0 && S_ISREG(status.st_mode) &&
		       read(fd, magic, sizeof(magic)) == (ssize_t)sizeof(magic) &&
		       memcmp(magic, "TZif", 4) == 0;
	close(fd);
	return is_zone;
}

/* "HH:MM" up to 24:00. */
static bool
parse_minute(const char *text, unsigned *ret_minute)
{
	for (unsigned i = 0; i < 5; i++)
		if (i == 2 ? text[i] != ':' : (text[i] < '0' || text[i] > '9'))
			return false;
	unsigned hour = (unsigned)(text[0] - '0') * 10 + (unsigned)(text[1] - '0');
	unsigned minute = (unsigned)(text[3] - '0') * 10 + (unsigned)(text[4] - '0');
	unsigned sum = hour * MINUTES_PER_HOUR + minute;
	if (minute >= MINUTES_PER_HOUR || sum > MINUTES_PER_DAY)
		return false;
	*ret_minute = sum;
	return true;
}

static enum sfmfa_err
read_day(const struct reader *reader, const config_setting_t *setting, struct day_hours *ret_day)
{
	const char *text = NULL;
	struct day_hours day = { .named = true };
	enum sfmfa_err err = values_text(reader, setting, NAME_SIZE, &text);
	if (err)
		return err;
	if (strcmp(text, "closed") == 0) {
		day.closed = true;
		*ret_day = day;
		return SFMFA_OK;
	}
	if (strlen(text) != strlen("08:00-18:00") || text[5] != '-' || !parse_minute(text, &day.from) ||
	    !parse_minute(text + 6, &day.to) || day.from == MINUTES_PER_DAY)
		return values_fail(reader, setting, "%s must be \"HH:MM-HH:MM\" or \"closed\"",
				   config_setting_name(setting));
	/* Nothing, or the whole day? */
	if (day.from == day.to)
		return values_fail(
			reader, setting,
			"%s begins and ends at the same minute: write \"closed\" or \"00:00-24:00\"",
			config_setting_name(setting));
	*ret_day = day;
	return SFMFA_OK;
}

enum sfmfa_err
hours_read(const struct reader *reader, const config_setting_t *group, struct login_hours *ret_hours)
{
	static const char *const keys[] = { "zone", "mon", "tue", "wed", "thu", "fri", "sat", "sun", NULL };
	struct login_hours hours = { .set = true };
	enum sfmfa_err err = values_check_group(reader, group);
	if (!err)
		err = values_check_keys(reader, group, keys);
	if (err)
		return err;
	const config_setting_t *zone = config_setting_get_member(group, "zone");
	const char *name = NULL;
	if (!zone)
		return values_fail(reader, group, "login_hours without a zone");
	err = values_text(reader, zone, NAME_SIZE, &name);
	if (err)
		return err;
	char quote[QUOTE_SIZE];
	if (!hours_is_zone(name))
		return values_fail(reader, zone, "unknown time zone %s (a file below " HOURS_ZONE_FOLDER ")",
				   values_quote(name, quote));
	err = text_copy(hours.zone, sizeof(hours.zone), name);
	for (unsigned day = 0; !err && day < WEEKDAYS; day++) {
		const config_setting_t *setting = config_setting_get_member(group, day_keys[day]);
		if (setting)
			err = read_day(reader, setting, &hours.days[day]);
	}
	if (err)
		return err;
	hours.origin = values_origin(reader, group);
	*ret_hours = hours;
	return SFMFA_OK;
}
