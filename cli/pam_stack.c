#include "pam_stack.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <strings.h>

#include "base/text.h"
#include "cli.h"

#define PATH_SIZE   512
#define INCLUDE_MAX 32 /* as deep as libpam goes */

static const char *const types[PAM_TYPE_COUNT] = {
	[PAM_TYPE_AUTH] = "auth",
	[PAM_TYPE_ACCOUNT] = "account",
	[PAM_TYPE_PASSWORD] = "password",
	[PAM_TYPE_SESSION] = "session",
};

const char *
pam_type_key(enum pam_type type)
{
	return (unsigned)type < PAM_TYPE_COUNT ? types[type] : "";
}

/* Text that lives as long as the stack. */
struct text {
	struct text *next;
	char bytes[];
};

static char *
keep(struct pam_stack *stack, const char *bytes)
{
	size_t size = strlen(bytes) + 1;
	struct text *text = cli_allocate(sizeof *text + size);

	memcpy(text->bytes, bytes, size);
	text->next = stack->texts;
	stack->texts = text;
	return text->bytes;
}

/* Where lines come from, and which of them count. */
struct reading {
	const char *dir;
	struct pam_stack *stack;
	struct diag *diag;
	unsigned includes, depth;
	bool every_type; /* false: only lines of this type */
	enum pam_type type;
};

static enum sfmfa_err
read_stack_file(const struct reading *reading, const char *name);

static bool
is_space(char c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\f' || c == '\v';
}

/* The next word; one that begins with '[' ends with the ']' that no backslash stands before. NULL: none. */
static char *
next_word(char **at)
{
	char *begin = *at;
	char *end;

	while (is_space(*begin))
		begin++;
	if (*begin == '\0')
		return NULL;
	end = begin;
	if (*begin == '[') {
		while (*end != '\0' && !(*end == ']' && end[-1] != '\\'))
			end++;
		if (*end == ']')
			end++;
	} else {
		while (*end != '\0' && !is_space(*end))
			end++;
	}
	if (*end != '\0')
		*end++ = '\0';
	*at = end;
	return begin;
}

static bool
find_type(const char *word, enum pam_type *ret_type)
{
	for (unsigned i = 0; i < PAM_TYPE_COUNT; i++) {
		if (strcasecmp(word, types[i]) == 0) {
			*ret_type = (enum pam_type)i;
			return true;
		}
	}
	return false;
}

/* A line that names another file. */
static enum sfmfa_err
include(const struct reading *reading, enum pam_type type, bool substack, const char *name)
{
	struct reading inner = *reading;

	inner.includes++;
	inner.depth += substack;
	inner.every_type = false;
	inner.type = type;
	return read_stack_file(&inner, name);
}

static void
add_line(const struct reading *reading, const struct pam_line *line)
{
	struct pam_stack *stack = reading->stack;

	stack->lines = cli_grow(stack->lines, (stack->count + 1) * sizeof *stack->lines);
	stack->lines[stack->count++] = *line;
}

static enum sfmfa_err
take_line(const struct reading *reading, const char *file, unsigned number, char *at)
{
	struct pam_line line = { .depth = reading->depth, .line = number, .file = file };
	char *word = next_word(&at);

	if (!word)
		return SFMFA_OK;
	if (strcasecmp(word, "@include") == 0) {
		struct reading inner = *reading;

		inner.includes++;
		word = next_word(&at);
		return word ? read_stack_file(&inner, word)
			    : diag_set(reading->diag, SFMFA_ERR_CONFIG, file, number, "@include names no file");
	}
	line.may_be_missing = word[0] == '-';
	if (!find_type(word + line.may_be_missing, &line.type))
		return diag_set(reading->diag, SFMFA_ERR_CONFIG, file, number, "'%.32s' is not a type", word);
	if (!reading->every_type && line.type != reading->type)
		return SFMFA_OK;
	line.control = next_word(&at);
	line.module = line.control ? next_word(&at) : NULL;
	if (!line.module)
		return diag_set(reading->diag, SFMFA_ERR_CONFIG, file, number, "the line names no module");
	line.is_substack = strcasecmp(line.control, "substack") == 0;
	if (line.is_substack)
		add_line(reading, &line);
	if (line.is_substack || strcasecmp(line.control, "include") == 0)
		return include(reading, line.type, line.is_substack, line.module);
	while (line.arg_count < PAM_WORDS_MAX && (word = next_word(&at)) != NULL)
		line.args[line.arg_count++] = word;
	add_line(reading, &line);
	return SFMFA_OK;
}

/* Without its comment; true: the line goes on in the next one. */
static bool
strip(char *line)
{
	size_t size = strcspn(line, "#\n");
	bool comment = line[size] == '#';

	line[size] = '\0';
	while (size > 0 && is_space(line[size - 1]))
		line[--size] = '\0';
	if (comment || size == 0 || line[size - 1] != '\\')
		return false;
	line[size - 1] = ' ';
	return true;
}

static enum sfmfa_err
read_lines(const struct reading *reading, FILE *in, const char *file)
{
	char *raw = NULL, *whole = NULL;
	size_t raw_size = 0, size = 0;
	unsigned number = 0, first = 0;
	enum sfmfa_err err = SFMFA_OK;

	while (err == SFMFA_OK && getline(&raw, &raw_size, in) >= 0) {
		bool more = strip(raw);
		size_t add = strlen(raw);

		number++;
		if (size == 0)
			first = number;
		whole = cli_grow(whole, size + add + 1);
		memcpy(whole + size, raw, add + 1);
		size += add;
		if (more)
			continue;
		err = take_line(reading, file, first, keep(reading->stack, whole));
		size = 0;
	}
	if (err == SFMFA_OK && ferror(in))
		err = diag_set(reading->diag, SFMFA_ERR_CONFIG, file, 0, "cannot be read: %s", strerror(errno));
	if (err == SFMFA_OK && size > 0)
		err = take_line(reading, file, first, keep(reading->stack, whole));
	free(raw);
	free(whole);
	return err;
}

/* Links are followed, as libpam does; what is no regular file could hold us up for ever. errno says why not. */
static FILE *
open_regular(const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	struct stat st;
	FILE *in = NULL;

	if (fd < 0)
		return NULL;
	if (fstat(fd, &st) == 0) {
		if (S_ISREG(st.st_mode))
			in = fdopen(fd, "r");
		else
			errno = S_ISDIR(st.st_mode) ? EISDIR : EINVAL;
	}
	if (!in) {
		int saved = errno;

		close(fd);
		errno = saved;
	}
	return in;
}

static enum sfmfa_err
read_stack_file(const struct reading *reading, const char *name)
{
	char path[PATH_SIZE];
	enum sfmfa_err err;
	FILE *in;

	if (reading->includes > INCLUDE_MAX)
		return diag_set(reading->diag, SFMFA_ERR_CONFIG, name, 0, "files include one another without an end");
	if (text_format(path, sizeof path, "%s%s%s", name[0] == '/' ? "" : reading->dir, name[0] == '/' ? "" : "/",
			name) != SFMFA_OK)
		return diag_set(reading->diag, SFMFA_ERR_CONFIG, name, 0, "the path is too long");
	in = open_regular(path);
	if (!in)
		return diag_set(reading->diag, errno == ENOENT ? SFMFA_ERR_NOT_FOUND : SFMFA_ERR_CONFIG, path, 0,
				"cannot be opened: %s",
				errno == EINVAL ? "not a regular file" : strerror(errno));
	err = read_lines(reading, in, keep(reading->stack, path));
	fclose(in);
	/* A service whose file is there but includes one that is not is refused by libpam. */
	return err == SFMFA_ERR_NOT_FOUND ? SFMFA_ERR_CONFIG : err;
}

enum sfmfa_err
pam_stack_read(const char *dir, const char *service, struct pam_stack *ret_stack, struct diag *diag)
{
	struct pam_stack stack = { 0 };
	const struct reading reading = { .dir = dir, .stack = &stack, .diag = diag, .every_type = true };
	enum sfmfa_err err = read_stack_file(&reading, service);

	if (err == SFMFA_ERR_NOT_FOUND)
		err = read_stack_file(&reading, "other");
	if (err != SFMFA_OK) {
		pam_stack_finish(&stack);
		return err;
	}
	*ret_stack = stack;
	return SFMFA_OK;
}

const char *
pam_line_module(const struct pam_line *line)
{
	const char *slash = strrchr(line->module, '/');

	return slash ? slash + 1 : line->module;
}

bool
pam_line_is(const struct pam_line *line, const char *module)
{
	return !line->is_substack && text_equals(pam_line_module(line), module);
}

void
pam_stack_finish(struct pam_stack *stack)
{
	struct text *text = stack->texts;

	while (text) {
		struct text *next = text->next;

		free(text);
		text = next;
	}
	free(stack->lines);
	*stack = (struct pam_stack){ 0 };
}
