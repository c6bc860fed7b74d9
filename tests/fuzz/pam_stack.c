/*
 * A folder of PAM services: files, each behind a line "@@NAME"; what stands before the first is the service
 * "login". The reader of `sfmfa check` ends, soon, whatever includes what.
 */
#include "fuzz.h"

#include <sys/stat.h>
#include <unistd.h>

#include "base/text.h"
#include "cli/pam_stack.h"

static char folder[64];

static void
remove_folder(void)
{
	char path[320];
	static const char *const names[] = { "login", "other", "a", "b", "c" };

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		snprintf(path, sizeof(path), "%s/%s", folder, names[i]);
		(void)unlink(path);
	}
	(void)rmdir(folder);
}

static void
make_folder(void)
{
	if (folder[0] != '\0')
		return;
	/* In memory where that is to be had: a file system on a disk would set the pace. */
	snprintf(folder, sizeof(folder), "%s/sfmfa-fuzz-XXXXXX",
		 access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp");
	HOLDS(mkdtemp(folder) != NULL);
	atexit(remove_folder);
}

/* Which of the files a line opens; NULL: none. */
static const char *
file_of(const char *line)
{
	static const char *const names[] = { "other", "a", "b", "c" };

	if (strncmp(line, "@@", 2) != 0)
		return NULL;
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		if (strcmp(line + 2, names[i]) == 0)
			return names[i];
	}
	return NULL;
}

static FILE *
open_file(const char *name)
{
	char path[320];
	FILE *out;

	snprintf(path, sizeof(path), "%s/%s", folder, name);
	out = fopen(path, "we");
	HOLDS(out != NULL);
	return out;
}

static void
write_files(const uint8_t *bytes, size_t size)
{
	struct input_bytes input = { bytes, size };
	FILE *out = open_file("login");

	while (input.left > 0) {
		const uint8_t *begin = input.at;
		const char *name;
		char line[16];

		take_line(&input, line, sizeof(line));
		name = file_of(line);
		if (name == NULL) {
			HOLDS(fwrite(begin, (size_t)(input.at - begin), 1, out) == 1);
			continue;
		}
		HOLDS(fclose(out) == 0);
		out = open_file(name);
	}
	HOLDS(fclose(out) == 0);
}

static void
check_lines(const struct pam_stack *stack)
{
	for (size_t i = 0; i < stack->count; i++) {
		const struct pam_line *line = &stack->lines[i];

		HOLDS(line->type < PAM_TYPE_COUNT && line->control[0] != '\0' && line->module[0] != '\0');
		HOLDS(line->arg_count <= PAM_WORDS_MAX && line->line > 0 && line->file[0] == '/');
		for (size_t word = 0; word < line->arg_count; word++)
			HOLDS(line->args[word][0] != '\0' && strchr(line->args[word], '#') == NULL);
		(void)pam_line_is(line, "pam_sfmfa.so");
	}
}

/* Where no line goes on in another one and none names a file, each that says something is there: none is
 * swallowed. */
static void
check_count(const uint8_t *bytes, size_t size, const struct pam_stack *stack)
{
	struct input_bytes input = { bytes, size };
	size_t count = 0;

	if (size > 0 && (memchr(bytes, 0, size) != NULL || memchr(bytes, '\\', size) != NULL ||
			 memchr(bytes, '@', size) != NULL))
		return;
	while (input.left > 0) {
		char line[6001];

		if (take_line(&input, line, sizeof(line)) == sizeof(line) - 1 ||
		    strcasestr(line, "include") != NULL || strcasestr(line, "substack") != NULL)
			return;
		line[strcspn(line, "#")] = '\0';
		count += line[strspn(line, " \t\r\f\v")] != '\0';
	}
	HOLDS(stack->count == count);
}

int
LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	PAM_STACK_AUTO stack = { 0 };
	struct diag diag = { 0 };
	enum sfmfa_err err;

	/* A line may include any file of the host: not from here. */
	for (size_t i = 0; i < size; i++) {
		if (bytes[i] == '/')
			return 0;
	}
	make_folder();
	remove_folder();
	HOLDS(mkdir(folder, 0700) == 0);
	write_files(bytes, size);
	err = pam_stack_read(folder, "login", &stack, &diag);
	HOLDS(err == SFMFA_OK || (err == SFMFA_ERR_CONFIG && diag.text[0] != '\0' && stack.lines == NULL));
	check_lines(&stack);
	if (err == SFMFA_OK)
		check_count(bytes, size, &stack);
	return 0;
}
