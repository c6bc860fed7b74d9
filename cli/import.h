/*
 * Authenticator apps on their way from another system to the daemon. A format is one file that reads its
 * sources and gives one entry after the other; import.c uploads them page by page and reports.
 */
#ifndef SFMFA_CLI_IMPORT_H
#define SFMFA_CLI_IMPORT_H

#include <stdbool.h>
#include <stdint.h>

#include "base/nss.h"
#include "base/secret.h"

#define IMPORT_CODES_MAX 10

/* One app as it stands in the source. Texts are taken as they are: the daemon judges them. */
struct import_entry {
	char user[NSS_NAME_SIZE];
	struct secret key;         /* base32, or the whole otpauth URI if is_uri */
	bool is_uri;
	unsigned digits, period;   /* not of a URI, which has its own */
	int64_t last_step;         /* highest time step that was used; 0: unknown */
	struct secret codes[IMPORT_CODES_MAX]; /* scratch codes */
	size_t code_count;
};

enum import_kind {
	IMPORT_NOTHING = 0, /* an empty line, a comment */
	IMPORT_ENTRY,
	IMPORT_LEFT_OUT,    /* well-formed, but nothing that can be taken over; why says it */
	IMPORT_BAD,         /* why says it */
};

/* What was found. why is a sentence without a value of the line in it; with IMPORT_ENTRY a remark, or NULL. */
struct import_found {
	enum import_kind kind;
	const char *why;
};

/* Formats whose entries are lines: NUL-terminated, without the line feed, cut up while they are read. */
struct import_found
import_oath_line(char *line, struct import_entry *entry);
struct import_found
import_otpauth_line(char *line, struct import_entry *entry);

/*
 * A format with one entry a file: reads it with the rights of its owner, who becomes the user.
 * IMPORT_BAD: line says where, 0: the file as a whole.
 */
struct import_found
import_google_file(const char *path, struct import_entry *entry, size_t *ret_line);

/* A decimal number within bounds. */
bool
import_number(const char *text, unsigned min, unsigned max, unsigned *ret_number);

#endif
