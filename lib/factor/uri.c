/* The key URI that authenticator apps scan: otpauth://totp/LABEL?secret=… */
#include <string.h>
#include <strings.h>

#include "base/text.h"
#include "factor/totp.h"

#define URI_PREFIX     "otpauth://totp/"
#define DEFAULT_DIGITS 6
#define DEFAULT_PERIOD 30

/* A URI being written: full says that something did not fit. It holds the shared secret: wiped. */
struct uri {
	char text[TOTP_URI_SIZE];
	size_t size;
	bool full;
};

static void
clear_uri(struct uri *uri)
{
	wipe(uri, sizeof(*uri));
}

static void
append_char(struct uri *uri, char c)
{
	if (uri->size + 1 < sizeof(uri->text))
		uri->text[uri->size++] = c;
	else
		uri->full = true;
}

static void
append(struct uri *uri, const char *text)
{
	for (; *text != 0; text++)
		append_char(uri, *text);
}

static bool
is_unreserved(char c)
{
	return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' ||
	       c == '.' || c == '_' || c == '~';
}

static void
append_encoded(struct uri *uri, const char *text)
{
	static const char digits[] = "0123456789ABCDEF";

	for (; *text != 0; text++) {
		unsigned char byte = (unsigned char)*text;

		if (is_unreserved(*text)) {
			append_char(uri, *text);
			continue;
		}
		append_char(uri, '%');
		append_char(uri, digits[byte >> 4]);
		append_char(uri, digits[byte & 15]);
	}
}

static const char *
algorithm_parameter(enum totp_algorithm algorithm)
{
	switch (algorithm) {
	case TOTP_SHA256:
		return "&algorithm=SHA256";
	case TOTP_SHA512:
		return "&algorithm=SHA512";
	case TOTP_SHA1:
		break;
	}
	return "";
}

static enum sfmfa_err
append_number(struct uri *uri, const char *name, unsigned value, unsigned default_value)
{
	char number[16];
	enum sfmfa_err err;

	if (value == default_value)
		return SFMFA_OK;
	err = text_format(number, sizeof(number), "%u", value);
	append(uri, name);
	append(uri, number);
	return err;
}

enum sfmfa_err
totp_uri(const struct totp_params *params, const struct secret *shared_secret, const char *issuer,
         const char *user, char ret_uri[TOTP_URI_SIZE])
{
	__attribute__((cleanup(clear_uri))) struct uri uri = { 0 };
	SECRET_AUTO base32 = { 0 };
	enum sfmfa_err err = totp_to_base32(shared_secret, (char *)base32.bytes);

	if (err != SFMFA_OK)
		return err;
	append(&uri, URI_PREFIX);
	if (issuer[0] != 0) {
		append_encoded(&uri, issuer);
		append(&uri, ":");
	}
	append_encoded(&uri, user);
	append(&uri, "?secret=");
	append(&uri, (const char *)base32.bytes);
	if (issuer[0] != 0) {
		append(&uri, "&issuer=");
		append_encoded(&uri, issuer);
	}
	append(&uri, algorithm_parameter(params->algorithm));
	err = append_number(&uri, "&digits=", params->digits, DEFAULT_DIGITS);
	if (err == SFMFA_OK) /* GCOVR_EXCL_BR_LINE: a number always fits */
		err = append_number(&uri, "&period=", params->period, DEFAULT_PERIOD);
	if (err == SFMFA_OK && uri.full) /* GCOVR_EXCL_BR_LINE: a number always fits */
		err = SFMFA_ERR_TOO_LARGE;
	if (err == SFMFA_OK)
		memcpy(ret_uri, uri.text, uri.size + 1);
	return err;
}

static int
hex_value(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	return -1;
}

/* Undoes percent-encoding, whole or not at all. SFMFA_ERR_INVALID: a bad escape, or an encoded NUL. */
static enum sfmfa_err
decode(const char *from, size_t from_size, char *to, size_t to_size)
{
	size_t size = 0;

	for (size_t i = 0; i < from_size; i++) {
		int byte = (unsigned char)from[i];

		if (from[i] == '%') {
			int high = i + 2 < from_size ? hex_value(from[i + 1]) : -1;
			int low = i + 2 < from_size ? hex_value(from[i + 2]) : -1;

			if (high < 0 || low < 0 || (high == 0 && low == 0))
				return SFMFA_ERR_INVALID;
			byte = high * 16 + low;
			i += 2;
		}
		if (size + 1 >= to_size)
			return SFMFA_ERR_TOO_LARGE;
		to[size++] = (char)byte;
	}
	to[size] = 0;
	return SFMFA_OK;
}

/* "ISSUER:USER", "ISSUER: USER" or "USER". */
static enum sfmfa_err
parse_label(const char *label, size_t size, char user[USER_NAME_SIZE])
{
	char text[TOTP_URI_SIZE];
	const char *name = text;
	const char *colon;
	enum sfmfa_err err = decode(label, size, text, sizeof(text));

	if (err != SFMFA_OK)
		return err;
	colon = strchr(text, ':');
	if (colon != NULL)
		name = colon + 1;
	while (*name == ' ')
		name++;
	return text_copy(user, USER_NAME_SIZE, name);
}

static bool
is_named(const char *text, size_t size, const char *name)
{
	return size == strlen(name) && strncasecmp(text, name, size) == 0;
}

static enum sfmfa_err
parse_algorithm(char *word, enum totp_algorithm *ret_algorithm)
{
	for (char *c = word; *c != 0; c++) {
		if (*c >= 'A' && *c <= 'Z')
			*c = (char)(*c - 'A' + 'a');
	}
	return totp_algorithm_from_key(word, ret_algorithm) == SFMFA_OK ? SFMFA_OK : SFMFA_ERR_INVALID;
}

static enum sfmfa_err
parse_unsigned(const char *word, unsigned min, unsigned max, unsigned *ret_value)
{
	int64_t number;
	enum sfmfa_err err = text_parse_number(word, min, max, &number);

	if (err == SFMFA_OK)
		*ret_value = (unsigned)number;
	return err;
}

/* One name=value; what is not known here (issuer, image …) says nothing about codes. */
static enum sfmfa_err
parse_parameter(const char *text, size_t size, struct totp_params *params, struct secret *shared_secret)
{
	SECRET_AUTO value = { 0 };
	char *word = (char *)value.bytes;
	const char *equals = memchr(text, '=', size);
	size_t name_size;
	enum sfmfa_err err;

	if (equals == NULL)
		return SFMFA_OK;
	name_size = (size_t)(equals - text);
	if (!is_named(text, name_size, "secret") && !is_named(text, name_size, "algorithm") &&
	    !is_named(text, name_size, "digits") && !is_named(text, name_size, "period"))
		return SFMFA_OK;
	err = decode(equals + 1, size - name_size - 1, word, sizeof(value.bytes));
	if (err != SFMFA_OK)
		return err;
	if (is_named(text, name_size, "secret"))
		return shared_secret->size != 0 ? SFMFA_ERR_INVALID : totp_from_base32(word, shared_secret);
	if (is_named(text, name_size, "algorithm"))
		return parse_algorithm(word, &params->algorithm);
	if (is_named(text, name_size, "digits"))
		return parse_unsigned(word, TOTP_DIGITS_MIN, TOTP_DIGITS_MAX, &params->digits);
	return parse_unsigned(word, TOTP_PERIOD_MIN, TOTP_PERIOD_MAX, &params->period);
}

enum sfmfa_err
totp_parse_uri(const char *uri, struct totp_params *ret_params, struct secret *ret_shared_secret,
               char ret_user[USER_NAME_SIZE])
{
	struct totp_params params = { TOTP_SHA1, DEFAULT_DIGITS, DEFAULT_PERIOD };
	SECRET_AUTO shared_secret = { 0 };
	char user[USER_NAME_SIZE] = "";
	size_t prefix = sizeof(URI_PREFIX) - 1;
	const char *at;
	enum sfmfa_err err;

	if (strncasecmp(uri, URI_PREFIX, prefix) != 0)
		return SFMFA_ERR_INVALID;
	uri += prefix;
	at = strchr(uri, '?');
	if (at == NULL)
		return SFMFA_ERR_INVALID;
	err = parse_label(uri, (size_t)(at - uri), user);
	while (err == SFMFA_OK && *at != 0) {
		size_t size = strcspn(++at, "&");

		err = parse_parameter(at, size, &params, &shared_secret);
		at += size;
	}
	if (err == SFMFA_OK && shared_secret.size == 0)
		err = SFMFA_ERR_INVALID;
	if (err != SFMFA_OK)
		return err;
	*ret_params = params;
	secret_move(ret_shared_secret, &shared_secret);
	memcpy(ret_user, user, sizeof(user));
	return SFMFA_OK;
}
