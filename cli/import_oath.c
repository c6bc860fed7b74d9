/*
 * Users files of pam_oath: TYPE USER PIN KEY [COUNTER [LAST_OTP [LAST_TIME]]] between blanks, '#' begins a
 * comment. TYPE is HOTP, HOTP/E[/DIGITS] (event-based) or HOTP/T30[/DIGITS] (time-based); KEY is hexadecimal.
 */
#include <string.h>
#include <strings.h>
#include <time.h>

#include "base/text.h"
#include "import.h"

#define KEY_BYTES_MAX 64
#define BLANKS        " \t\r"

struct words {
	char *type, *user, *pin, *key, *counter, *last_otp, *last_time;
};

static struct import_found
bad(const char *why)
{
	return (struct import_found){ IMPORT_BAD, why };
}

/* "T30/6" or "T60": false if neither. */
static bool
read_type(const char *type, unsigned *ret_period, unsigned *ret_digits)
{
	char period[8];
	size_t size = strcspn(type, "/");

	if (size == 0 || size >= sizeof period)
		return false;
	memcpy(period, type, size);
	period[size] = '\0';
	if (!import_number(period, 1, 99999, ret_period))
		return false;
	return type[size] == '\0' || import_number(type + size + 1, 1, 99, ret_digits);
}

/* RFC 4648 6, without padding. */
static void
to_base32(const unsigned char *bytes, size_t size, struct secret *ret_text)
{
	static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
	unsigned buffer = 0, bits = 0;

	ret_text->size = 0;
	for (size_t i = 0; i < size; i++) {
		buffer = (buffer << 8 | bytes[i]) & 0xffff;
		for (bits += 8; bits >= 5; bits -= 5)
			ret_text->bytes[ret_text->size++] = (unsigned char)alphabet[buffer >> (bits - 5) & 31];
	}
	if (bits > 0)
		ret_text->bytes[ret_text->size++] = (unsigned char)alphabet[buffer << (5 - bits) & 31];
}

static bool
read_key(const char *hex, struct secret *ret_text)
{
	unsigned char bytes[KEY_BYTES_MAX];
	size_t size = strlen(hex) / 2;
	bool good = strlen(hex) % 2 == 0 && size > 0 && size <= sizeof bytes &&
		    text_to_bytes(hex, bytes, size) == SFMFA_OK;

	if (good)
		to_base32(bytes, size, ret_text);
	wipe(bytes, sizeof bytes);
	return good;
}

/*
 * The file says when the last code was used, not which: it may have been of the time step that followed. A
 * time that cannot be read, or has not come yet, says nothing.
 */
static int64_t
last_step(const char *when, unsigned period)
{
	struct tm tm = { .tm_isdst = -1 };
	const char *end = when ? strptime(when, "%Y-%m-%dT%H:%M:%S", &tm) : NULL;
	time_t at;

	if (!end || (strcmp(end, "L") != 0 && end[0] != '\0'))
		return 0;
	at = mktime(&tm);
	return at > 0 && at <= time(NULL) ? (int64_t)at / period + 1 : 0;
}

struct import_found
import_oath_line(char *line, struct import_entry *entry)
{
	char *rest = NULL;
	struct words words = { .type = strtok_r(line, BLANKS, &rest) };

	if (!words.type || words.type[0] == '#')
		return (struct import_found){ IMPORT_NOTHING, NULL };
	words.user = strtok_r(NULL, BLANKS, &rest);
	words.pin = strtok_r(NULL, BLANKS, &rest);
	words.key = strtok_r(NULL, BLANKS, &rest);
	words.counter = strtok_r(NULL, BLANKS, &rest);
	words.last_otp = strtok_r(NULL, BLANKS, &rest);
	words.last_time = strtok_r(NULL, BLANKS, &rest);
	if (!words.key)
		return bad("fewer than four words");
	if (strcasecmp(words.type, "HOTP") == 0 || strncasecmp(words.type, "HOTP/E", 6) == 0)
		return (struct import_found){ IMPORT_LEFT_OUT, "an event-based (HOTP) app" };
	if (strncasecmp(words.type, "HOTP/T", 6) != 0 || !read_type(words.type + 6, &entry->period, &entry->digits))
		return bad("a type that is neither HOTP, HOTP/E nor HOTP/T");
	if (text_copy(entry->user, sizeof entry->user, words.user) != SFMFA_OK)
		return bad("not a user name");
	if (!read_key(words.key, &entry->key))
		return bad("a key that is not hexadecimal, or longer than 64 bytes");
	entry->last_step = last_step(words.last_time, entry->period);
	if (strcmp(words.pin, "-") != 0 && strcmp(words.pin, "+") != 0)
		return (struct import_found){ IMPORT_ENTRY, "has a PIN, which sfmfa does not know: taken over without it" };
	return (struct import_found){ IMPORT_ENTRY, NULL };
}
