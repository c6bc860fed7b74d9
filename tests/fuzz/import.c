/* Files of other systems that `sfmfa import` reads. First byte: the format. */
#include "fuzz.h"

/* The text of a file without the process that reads it with its owner's rights. */
#include "../../cli/import_google.c"

static void
check_entry(const struct import_found *found, const struct import_entry *entry, bool names_user)
{
	HOLDS(found->kind <= IMPORT_BAD);
	if (found->kind != IMPORT_ENTRY) {
		HOLDS(found->kind == IMPORT_NOTHING || (found->why != NULL && found->why[0] != '\0'));
		return;
	}
	HOLDS(entry->key.size > 0 && entry->key.size <= SECRET_MAX);
	HOLDS(!names_user || (entry->user[0] != '\0' && strlen(entry->user) < sizeof(entry->user)));
	HOLDS(entry->last_step >= 0 && entry->code_count <= IMPORT_CODES_MAX);
	for (size_t i = 0; i < entry->code_count; i++)
		HOLDS(entry->codes[i].size > 0);
}

int
LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	struct input_bytes input = { bytes, size };
	struct import_entry entry = { .digits = 6, .period = 30 };
	struct import_found found;
	unsigned format = take_byte(&input) % 3;
	size_t line = 0;
	char *text = malloc(input.left + 1);

	HOLDS(text != NULL);
	if (input.left > 0)
		memcpy(text, input.at, input.left);
	text[input.left] = '\0';
	if (format == 0)
		found = import_oath_line(text, &entry);
	else if (format == 1)
		found = import_otpauth_line(text, &entry);
	else
		found = read_text(text, &entry, &line);
	check_entry(&found, &entry, format != 2);
	free(text);
	return 0;
}
