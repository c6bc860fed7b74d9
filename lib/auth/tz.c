#include "auth/tz.h"

#include <stdbool.h>
#include <string.h>

#define HEADER_SIZE    44
#define SECONDS_A_DAY  86400
#define POSIX_TEXT_MAX 128

struct reader {
	const char *at;
};

/* A day of the year on which summer time begins or ends. */
struct rule {
	char kind; /* 'M': month, week, day; 'J': 1–365 without 29 February; 'n': 0–365 */
	int month, week, day;
	int64_t time; /* seconds after local midnight */
};

static bool
read_number(struct reader *reader, int max, int *ret_number)
{
	int number = 0;

	if (*reader->at < '0' || *reader->at > '9')
		return false;
	while (*reader->at >= '0' && *reader->at <= '9') {
		number = number * 10 + (*reader->at++ - '0');
		if (number > max)
			return false;
	}
	*ret_number = number;
	return true;
}

/* [+-]hh[:mm[:ss]] in seconds. */
static bool
read_time(struct reader *reader, int64_t *ret_seconds)
{
	int hours, minutes = 0, seconds = 0;
	int64_t sign = 1;

	if (*reader->at == '+' || *reader->at == '-')
		sign = *reader->at++ == '-' ? -1 : 1;
	if (!read_number(reader, 167, &hours))
		return false;
	if (*reader->at == ':') {
		reader->at++;
		if (!read_number(reader, 59, &minutes))
			return false;
		if (*reader->at == ':') {
			reader->at++;
			if (!read_number(reader, 59, &seconds))
				return false;
		}
	}
	*ret_seconds = sign * (hours * 3600 + minutes * 60 + seconds);
	return true;
}

/* "CET" or "<+0330>". */
static bool
skip_name(struct reader *reader)
{
	const char *start = reader->at;

	if (*reader->at == '<') {
		while (*reader->at != '\0' && *reader->at != '>')
			reader->at++;
		if (*reader->at != '>')
			return false;
		reader->at++;
		return reader->at - start > 2;
	}
	while ((*reader->at >= 'A' && *reader->at <= 'Z') || (*reader->at >= 'a' && *reader->at <= 'z'))
		reader->at++;
	return reader->at - start >= 3;
}

static bool
read_rule(struct reader *reader, struct rule *ret_rule)
{
	struct rule rule = { .kind = 'n', .time = 2 * 3600 };

	if (*reader->at == 'M') {
		rule.kind = *reader->at++;
		if (!read_number(reader, 12, &rule.month) || rule.month == 0 || *reader->at++ != '.' ||
		    !read_number(reader, 5, &rule.week) || rule.week == 0 || *reader->at++ != '.' ||
		    !read_number(reader, 6, &rule.day))
			return false;
	} else {
		if (*reader->at == 'J')
			rule.kind = *reader->at++;
		if (!read_number(reader, 365, &rule.day) || (rule.kind == 'J' && rule.day == 0))
			return false;
	}
	if (*reader->at == '/') {
		reader->at++;
		if (!read_time(reader, &rule.time))
			return false;
	}
	*ret_rule = rule;
	return true;
}

static bool
is_leap(int64_t year)
{
	return (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
}

/* Days from 1 January 1970 to 1 January of a year. */
static int64_t
days_before_year(int64_t year)
{
	int64_t y = year - 1;

	return 365 * y + y / 4 - y / 100 + y / 400 - 719162;
}

static int
days_in_month(int64_t year, int month)
{
	static const int days[] = { 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 };

	return days[month - 1] + (month == 2 && is_leap(year) ? 1 : 0);
}

static int64_t
year_of(int64_t seconds)
{
	int64_t days = seconds / SECONDS_A_DAY;
	int64_t year = 1970 + days / 366;

	while (days_before_year(year + 1) <= days)
		year++;
	return year;
}

/* Seconds of local time, since local 1970, at which a rule applies in a year. */
static int64_t
rule_seconds(const struct rule *rule, int64_t year)
{
	int64_t day = days_before_year(year);

	if (rule->kind == 'M') {
		for (int month = 1; month < rule->month; month++)
			day += days_in_month(year, month);
		int64_t weekday = (day + 4) % 7; /* 1970-01-01 was a Thursday; 0 = Sunday */
		int64_t of_month = (rule->day - weekday + 7) % 7 + (rule->week - 1) * 7;
		while (of_month >= days_in_month(year, rule->month))
			of_month -= 7;
		day += of_month;
	} else if (rule->kind == 'J') {
		day += rule->day - 1 + (is_leap(year) && rule->day > 59 ? 1 : 0);
	} else {
		day += rule->day;
	}
	return day * SECONDS_A_DAY + rule->time;
}

enum sfmfa_err
tz_posix_offset(const char *text, int64_t unix_seconds, int64_t *ret_offset)
{
	struct reader reader = { text };
	struct rule start, end;
	int64_t standard, summer;

	if (unix_seconds < 2 * SECONDS_A_DAY || unix_seconds > INT64_C(253402300800))
		return SFMFA_ERR_INVALID;
	if (!skip_name(&reader) || !read_time(&reader, &standard))
		return SFMFA_ERR_INVALID;
	standard = -standard; /* POSIX counts west */
	if (*reader.at == '\0') {
		*ret_offset = standard;
		return SFMFA_OK;
	}
	if (!skip_name(&reader))
		return SFMFA_ERR_INVALID;
	summer = standard + 3600;
	if (*reader.at != ',') {
		if (!read_time(&reader, &summer))
			return SFMFA_ERR_INVALID;
		summer = -summer;
	}
	if (*reader.at++ != ',' || !read_rule(&reader, &start) || *reader.at++ != ',' ||
	    !read_rule(&reader, &end) || *reader.at != '\0')
		return SFMFA_ERR_INVALID;
	int64_t year = year_of(unix_seconds + standard);
	int64_t from = rule_seconds(&start, year) - standard;
	int64_t to = rule_seconds(&end, year) - summer;
	bool in_summer = from < to ? unix_seconds >= from && unix_seconds < to
				   : !(unix_seconds >= to && unix_seconds < from);
	*ret_offset = in_summer ? summer : standard;
	return SFMFA_OK;
}

static uint32_t
big_endian_32(const unsigned char *bytes)
{
	return (uint32_t)bytes[0] << 24 | (uint32_t)bytes[1] << 16 | (uint32_t)bytes[2] << 8 | bytes[3];
}

static int64_t
big_endian_64(const unsigned char *bytes)
{
	return (int64_t)((uint64_t)big_endian_32(bytes) << 32 | big_endian_32(bytes + 4));
}

/* One of the two data blocks of a file (RFC 8536 3.1). */
struct block {
	size_t isutcnt, isstdcnt, leapcnt, timecnt, typecnt, charcnt;
	size_t size; /* of the data after the header */
};

static enum sfmfa_err
read_header(const unsigned char *bytes, size_t size, size_t time_size, struct block *ret_block)
{
	struct block block;

	if (size < HEADER_SIZE || memcmp(bytes, "TZif", 4) != 0 || bytes[4] < '2')
		return SFMFA_ERR_INVALID;
	block.isutcnt = big_endian_32(bytes + 20);
	block.isstdcnt = big_endian_32(bytes + 24);
	block.leapcnt = big_endian_32(bytes + 28);
	block.timecnt = big_endian_32(bytes + 32);
	block.typecnt = big_endian_32(bytes + 36);
	block.charcnt = big_endian_32(bytes + 40);
	if (block.isutcnt > 256 || block.isstdcnt > 256 || block.leapcnt > 1024 || block.timecnt > 65536 ||
	    block.typecnt > 256 || block.typecnt == 0 || block.charcnt > 1024)
		return SFMFA_ERR_INVALID;
	block.size = block.timecnt * (time_size + 1) + block.typecnt * 6 + block.charcnt +
		     block.leapcnt * (time_size + 4) + block.isstdcnt + block.isutcnt;
	if (size - HEADER_SIZE < block.size)
		return SFMFA_ERR_INVALID;
	*ret_block = block;
	return SFMFA_OK;
}

/* The footer: "\n" TZ "\n". */
static enum sfmfa_err
offset_of_footer(const unsigned char *bytes, size_t size, int64_t unix_seconds, int64_t *ret_offset)
{
	char text[POSIX_TEXT_MAX];
	const unsigned char *end;
	size_t length;

	if (size < 2 || bytes[0] != '\n')
		return SFMFA_ERR_INVALID;
	end = memchr(bytes + 1, '\n', size - 1);
	if (end == NULL)
		return SFMFA_ERR_INVALID;
	length = (size_t)(end - bytes) - 1;
	if (length == 0 || length >= sizeof(text) || memchr(bytes + 1, '\0', length) != NULL)
		return SFMFA_ERR_INVALID;
	memcpy(text, bytes + 1, length);
	text[length] = '\0';
	return tz_posix_offset(text, unix_seconds, ret_offset);
}

enum sfmfa_err
tz_offset(const unsigned char *bytes, size_t size, int64_t unix_seconds, int64_t *ret_offset)
{
	struct block block;
	enum sfmfa_err err = read_header(bytes, size, 4, &block);

	if (err != SFMFA_OK)
		return err;
	bytes += HEADER_SIZE + block.size;
	size -= HEADER_SIZE + block.size;
	err = read_header(bytes, size, 8, &block);
	if (err != SFMFA_OK)
		return err;
	const unsigned char *times = bytes + HEADER_SIZE;
	const unsigned char *kinds = times + block.timecnt * 8;
	const unsigned char *types = kinds + block.timecnt;
	size_t before = 0; /* transitions at or before the moment */
	while (before < block.timecnt && big_endian_64(times + before * 8) <= unix_seconds)
		before++;
	if (before == block.timecnt &&
	    offset_of_footer(bytes + HEADER_SIZE + block.size, size - HEADER_SIZE - block.size, unix_seconds,
			     ret_offset) == SFMFA_OK)
		return SFMFA_OK;
	size_t type = before == 0 ? 0 : kinds[before - 1];
	if (type >= block.typecnt)
		return SFMFA_ERR_INVALID;
	*ret_offset = (int32_t)big_endian_32(types + type * 6);
	return SFMFA_OK;
}
