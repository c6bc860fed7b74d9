/*
 * otpauth URIs, one a line, as password managers export them:
 * otpauth://totp/ISSUER:USER?secret=...&issuer=... The daemon reads the parameters; here only whose it is.
 */
#include <string.h>
#include <strings.h>

#include "import.h"

#define SCHEME "otpauth://"
#define TOTP   "totp/"

static int
digit_value(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c = (char)(c | 0x20);
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* Percent-decoding (RFC 3986 2.1). */
static bool
decode(const char *from, size_t size, char *to, size_t to_size)
{
	size_t length = 0;

	for (size_t i = 0; i < size; i++) {
		char c = from[i];

		if (c == '%') {
			int high = i + 2 < size ? digit_value(from[i + 1]) : -1;
			int low = high >= 0 ? digit_value(from[i + 2]) : -1;

			if (low < 0)
				return false;
			c = (char)(high * 16 + low);
			i += 2;
		}
		if (c == '\0' || length + 1 >= to_size)
			return false;
		to[length++] = c;
	}
	to[length] = '\0';
	return true;
}

/* The label's part behind the issuer and spaces. */
static bool
read_user(const char *label, size_t size, char *user, size_t user_size)
{
	char text[1024];
	const char *name;

	if (!decode(label, size, text, sizeof text))
		return false;
	name = strchr(text, ':');
	name = name ? name + 1 : text;
	name += strspn(name, " ");
	if (name[0] == '\0' || strlen(name) >= user_size)
		return false;
	memcpy(user, name, strlen(name) + 1);
	return true;
}

struct import_found
import_otpauth_line(char *line, struct import_entry *entry)
{
	char *uri = line + strspn(line, " \t");
	size_t size = strcspn(uri, " \t");
	const char *query;

	if (uri[0] == '\0' || uri[0] == '#')
		return (struct import_found){ IMPORT_NOTHING, NULL };
	if (uri[size + strspn(uri + size, " \t")] != '\0')
		return (struct import_found){ IMPORT_BAD, "more than one word" };
	uri[size] = '\0';
	if (strncasecmp(uri, SCHEME, strlen(SCHEME)) != 0)
		return (struct import_found){ IMPORT_BAD, "not an otpauth:// URI" };
	if (strncasecmp(uri + strlen(SCHEME), "hotp/", strlen("hotp/")) == 0)
		return (struct import_found){ IMPORT_LEFT_OUT, "an event-based (HOTP) app" };
	if (strncasecmp(uri + strlen(SCHEME), TOTP, strlen(TOTP)) != 0)
		return (struct import_found){ IMPORT_BAD, "not of the type totp" };
	query = strchr(uri, '?');
	if (!query || !read_user(uri + strlen(SCHEME TOTP), (size_t)(query - uri) - strlen(SCHEME TOTP), entry->user,
				 sizeof entry->user))
		return (struct import_found){ IMPORT_BAD, "no user, or no parameters" };
	if (secret_set(&entry->key, uri, strlen(uri)) != SFMFA_OK)
		return (struct import_found){ IMPORT_BAD, "too long" };
	entry->is_uri = true;
	return (struct import_found){ IMPORT_ENTRY, NULL };
}
