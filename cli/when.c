#include "when.h"

#include <string.h>
#include <time.h>

#include "base/text.h"

#define SPAN_MAX (INT64_C(100) * 366 * 86400)
#define DAY      86400

static bool
is_digit(char c)
{
	return c >= '0' && c <= '9';
}

/* Exactly count digits in [min, max]; moves *at behind them. */
static bool
take_digits(const char **at, unsigned count, int min, int max, int *ret_number)
{
	int number = 0;

	for (unsigned i = 0; i < count; i++) {
		if (!is_digit((*at)[i]))
			return false;
		number = number * 10 + ((*at)[i] - '0');
	}
	if (number < min || number > max)
		return false;
	*at += count;
	*ret_number = number;
	return true;
}

static bool
take_char(const char **at, char c)
{
	if (**at != c)
		return false;
	(*at)++;
	return true;
}

enum sfmfa_err
when_parse_span(const char *text, int64_t *ret_seconds)
{
	static const struct {
		char letter;
		int64_t seconds;
	} units[] = { { 'w', 7 * DAY }, { 'd', DAY }, { 'h', 3600 }, { 'm', 60 }, { 's', 1 } };
	int64_t total = 0;
	size_t unit = 0;

	if (text[0] == '\0')
		return SFMFA_ERR_INVALID;
	while (text[0] != '\0') {
		int64_t number = 0;

		if (!is_digit(text[0]))
			return SFMFA_ERR_INVALID;
		for (; is_digit(text[0]); text++) {
			number = number * 10 + (text[0] - '0');
			if (number > SPAN_MAX)
				return SFMFA_ERR_TOO_LARGE;
		}
		while (unit < sizeof units / sizeof units[0] && units[unit].letter != text[0])
			unit++;
		if (unit == sizeof units / sizeof units[0])
			return SFMFA_ERR_INVALID;
		total += number * units[unit].seconds; /* SPAN_MAX weeks fit in 64 bits */
		if (total > SPAN_MAX)
			return SFMFA_ERR_TOO_LARGE;
		unit++;
		text++;
	}
	*ret_seconds = total;
	return SFMFA_OK;
}

/* "YYYY-MM-DD" and, where there, the time of day behind 'T', 't' or a space. */
static bool
take_calendar(const char **at, struct tm *ret_tm, bool *ret_has_time, bool *ret_has_seconds)
{
	static const int days[] = { 31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 };
	int year, month, day;
	bool leap;

	if (!take_digits(at, 4, 1970, 9999, &year) || !take_char(at, '-') ||
	    !take_digits(at, 2, 1, 12, &month) || !take_char(at, '-') ||
	    !take_digits(at, 2, 1, days[month - 1], &day))
		return false;
	leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
	if (month == 2 && day == 29 && !leap)
		return false;
	memset(ret_tm, 0, sizeof *ret_tm);
	ret_tm->tm_year = year - 1900;
	ret_tm->tm_mon = month - 1;
	ret_tm->tm_mday = day;
	ret_tm->tm_isdst = -1;
	*ret_has_time = *ret_has_seconds = false;
	if (**at == '\0')
		return true;
	if (!take_char(at, 'T') && !take_char(at, 't') && !take_char(at, ' '))
		return false;
	*ret_has_time = true;
	if (!take_digits(at, 2, 0, 23, &ret_tm->tm_hour) || !take_char(at, ':') ||
	    !take_digits(at, 2, 0, 59, &ret_tm->tm_min))
		return false;
	if (**at != ':')
		return true;
	(*at)++;
	*ret_has_seconds = true;
	return take_digits(at, 2, 0, 60, &ret_tm->tm_sec);
}

/* "Z" or "+HH:MM"; seconds east of Greenwich. */
static bool
take_offset(const char **at, int64_t *ret_east)
{
	bool west = **at == '-';
	int hours, minutes;

	*ret_east = 0;
	if (take_char(at, 'Z') || take_char(at, 'z'))
		return true;
	if (!take_char(at, '+') && !take_char(at, '-'))
		return false;
	if (!take_digits(at, 2, 0, 23, &hours) || !take_char(at, ':') || !take_digits(at, 2, 0, 59, &minutes))
		return false;
	*ret_east = (hours * 60 + minutes) * (west ? -60 : 60);
	return true;
}

/* Local time; an hour that the change to summer time leaves out does not exist. */
static enum sfmfa_err
from_local(struct tm *tm, int64_t *ret_unix)
{
	struct tm wanted = *tm;
	time_t seconds = mktime(tm);

	if (seconds == (time_t)-1 || tm->tm_hour != wanted.tm_hour || tm->tm_min != wanted.tm_min ||
	    tm->tm_mday != wanted.tm_mday)
		return SFMFA_ERR_INVALID;
	*ret_unix = seconds;
	return SFMFA_OK;
}

enum sfmfa_err
when_parse_moment(const char *text, int64_t now, int64_t *ret_unix)
{
	const char *at = text;
	bool has_time, has_seconds;
	int64_t east;
	struct tm tm;

	if (text_equals(text, "now")) {
		*ret_unix = now;
		return SFMFA_OK;
	}
	if (text[0] == '@')
		return text_parse_number(text + 1, 0, INT64_C(253402300799), ret_unix);
	if (!take_calendar(&at, &tm, &has_time, &has_seconds))
		return SFMFA_ERR_INVALID;
	if (*at == '\0')
		return from_local(&tm, ret_unix);
	if (!has_seconds)
		return SFMFA_ERR_INVALID;
	if (take_char(&at, '.')) { /* fractions of a second are allowed and do not count */
		if (!is_digit(*at))
			return SFMFA_ERR_INVALID;
		while (is_digit(*at))
			at++;
	}
	if (!take_offset(&at, &east) || *at != '\0')
		return SFMFA_ERR_INVALID;
	tm.tm_isdst = 0;
	*ret_unix = (int64_t)timegm(&tm) - east;
	return SFMFA_OK;
}

enum sfmfa_err
when_parse_past(const char *text, int64_t now, int64_t *ret_unix)
{
	size_t size = strlen(text);
	char span[64];
	int64_t seconds = 0;
	enum sfmfa_err err;

	if (size > 4 && text_equals(text + size - 4, " ago"))
		size -= 4;
	if (size < sizeof span) {
		memcpy(span, text, size);
		span[size] = '\0';
		err = when_parse_span(span, &seconds);
		if (err == SFMFA_OK)
			*ret_unix = seconds < now ? now - seconds : 0;
		if (err == SFMFA_OK || text[size] != '\0')
			return err;
	}
	return when_parse_moment(text, now, ret_unix);
}

enum sfmfa_err
when_parse_future(const char *text, int64_t now, int64_t *ret_seconds)
{
	int64_t moment = 0;
	enum sfmfa_err err = when_parse_span(text, &moment);

	if (err == SFMFA_OK)
		moment += now;
	else if (err == SFMFA_ERR_INVALID)
		err = when_parse_moment(text, now, &moment);
	if (err != SFMFA_OK)
		return err;
	if (moment <= now)
		return SFMFA_ERR_INVALID;
	*ret_seconds = moment - now;
	return SFMFA_OK;
}

void
when_local(int64_t unix_seconds, char text[WHEN_SIZE])
{
	time_t seconds = (time_t)unix_seconds;
	struct tm tm;

	if (!localtime_r(&seconds, &tm) || strftime(text, WHEN_SIZE, "%Y-%m-%d %H:%M:%S", &tm) == 0)
		text_time_utc(unix_seconds, text);
}

int64_t
when_now(void)
{
	struct timespec now = { 0 };

	clock_gettime(CLOCK_REALTIME, &now);
	return now.tv_sec;
}
