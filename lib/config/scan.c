#include "config/scan.h"

#include <errno.h>
#include <limits.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum token_kind {
	TOKEN_NONE = 0, /* before the first one */
	TOKEN_END,
	TOKEN_WORD,
	TOKEN_STRING,
	TOKEN_NUMBER,
	TOKEN_OPEN,
	TOKEN_CLOSE,
	TOKEN_ASSIGN,
	TOKEN_SEPARATOR,
};

struct token {
	enum token_kind kind;
	unsigned line;
	const char *at;
	size_t size;
};

struct container {
	char opener; /* '{', '(' or '[' */
	unsigned line;
};

struct scanner {
	const char *file;
	const char *at, *end;
	unsigned line;
	struct diag *diag;
	struct container containers[SCAN_DEPTH_MAX];
	size_t depth;
	struct token previous;
	bool is_value; /* previous ended a value */
	bool assigned; /* previous was the = of a setting */
	struct scan_lines lines;
};

#define fail(scanner, on_line, ...)                                                                          \
	diag_set((scanner)->diag, SFMFA_ERR_CONFIG, (scanner)->file, (on_line), __VA_ARGS__)

void
scan_lines_finish(struct scan_lines *lines)
{
	if (!lines)
		return;
	free(lines->lines);
	*lines = (struct scan_lines){ 0 };
}

static bool
is_word_char(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
	       c == '-' || c == '*';
}

static bool
looking_at(const struct scanner *scanner, const char *text)
{
	size_t size = strlen(text);
	return (size_t)(scanner->end - scanner->at) >= size && memcmp(scanner->at, text, size) == 0;
}

static void
skip_line(struct scanner *scanner)
{
	while (scanner->at < scanner->end && *scanner->at != '\n')
		scanner->at++;
	scanner->lines.ends_in_comment = scanner->at == scanner->end;
}

static enum sfmfa_err
skip_comment(struct scanner *scanner)
{
	unsigned begin = scanner->line;
	for (scanner->at += 2; scanner->at < scanner->end; scanner->at++) {
		if (looking_at(scanner, "*/")) {
			scanner->at += 2;
			return SFMFA_OK;
		}
		if (*scanner->at == '\n')
			scanner->line++;
	}
	return fail(scanner, begin, "a comment begins here and is never closed");
}

static enum sfmfa_err
skip_blanks(struct scanner *scanner)
{
	while (scanner->at < scanner->end) {
		char c = *scanner->at;
		if (c == '\n') {
			scanner->line++;
			scanner->at++;
		} else if (c == ' ' || c == '\t' || c == '\r' || c == '\f') {
			scanner->at++;
		} else if (c == '#' || looking_at(scanner, "//")) {
			skip_line(scanner);
		} else if (looking_at(scanner, "/*")) {
			enum sfmfa_err err = skip_comment(scanner);
			if (err)
				return err;
		} else {
			break;
		}
	}
	return SFMFA_OK;
}

/* scanner->at is behind a backslash. A NUL would end the string early. */
static enum sfmfa_err
skip_escape(struct scanner *scanner)
{
	size_t left = (size_t)(scanner->end - scanner->at);
	if (left >= 3 && *scanner->at == 'x') {
		char digits[3] = { scanner->at[1], scanner->at[2], 0 };
		if (strspn(digits, "0123456789abcdefABCDEF") != 2)
			return fail(scanner, scanner->line, "\\x needs two hexadecimal digits");
		if (strcmp(digits, "00") == 0)
			return fail(scanner, scanner->line, "a string cannot hold \\x00");
		scanner->at += 3;
		return SFMFA_OK;
	}
	if (left >= 1 && *scanner->at && strchr("abfnrtv\\\"", *scanner->at)) {
		scanner->at++;
		return SFMFA_OK;
	}
	return fail(scanner, scanner->line, "unknown escape after \\ in a string");
}

static enum sfmfa_err
take_string(struct scanner *scanner)
{
	scanner->at++;
	while (scanner->at < scanner->end && *scanner->at != '\n') {
		char c = *scanner->at++;
		if (c == '"')
			return SFMFA_OK;
		if (c == '\\') {
			enum sfmfa_err err = skip_escape(scanner);
			if (err)
				return err;
		}
	}
	return fail(scanner, scanner->line, "a string is not closed on its line");
}

/* Whole numbers up to 2^31-1 either way, the range of libconfig's plain integers; no setting is larger. */
static enum sfmfa_err
check_number(struct scanner *scanner, const struct token *token)
{
	char text[32];
	int shown = token->size > 40 ? 40 : (int)token->size;
	if (token->size >= sizeof(text)) {
		return fail(scanner, token->line, "number out of range: %.*s", shown, token->at);
	}
	memcpy(text, token->at, token->size);
	text[token->size] = 0;

	char *end = NULL;
	bool is_hex = text[0] == '0' && (text[1] == 'x' || text[1] == 'X');
	errno = 0;
	long long value = strtoll(text, &end, is_hex ? 16 : 10);
	bool in_range = errno == 0 && value >= INT_MIN && value <= INT_MAX;
	if (strcmp(end, "L") == 0 || strcmp(end, "LL") == 0)
		*end = 0;
	/* No setting takes a fraction or an exponent; and "18e" is two things to libconfig, a number and a name. */
	if (end == text || *end || (is_hex && text[2] == 0))
		return fail(scanner, token->line, "not a whole number: %.*s", shown, token->at);
	if (!in_range)
		return fail(scanner, token->line, "number out of range: %.*s", shown, token->at);
	return SFMFA_OK;
}

static enum sfmfa_err
refuse_char(struct scanner *scanner)
{
	unsigned char c = (unsigned char)*scanner->at;
	if (c == '@')
		return fail(scanner, scanner->line, "@include is not supported");
	if (c > ' ' && c < 0x7f)
		return fail(scanner, scanner->line, "unexpected character '%c'", c);
	return fail(scanner, scanner->line, "unexpected byte 0x%02x outside a string", c);
}

static enum sfmfa_err
take_token(struct scanner *scanner, struct token *ret_token)
{
	enum sfmfa_err err = skip_blanks(scanner);
	if (err)
		return err;
	struct token token = { TOKEN_END, scanner->line, scanner->at, 0 };
	if (scanner->at == scanner->end) {
		*ret_token = token;
		return SFMFA_OK;
	}
	char c = *scanner->at;
	if (c == '"') {
		token.kind = TOKEN_STRING;
		err = take_string(scanner);
	} else if (c && strchr("0123456789+-.", c)) {
		token.kind = TOKEN_NUMBER;
		while (scanner->at < scanner->end &&
		       (is_word_char(*scanner->at) || *scanner->at == '.' || *scanner->at == '+'))
			scanner->at++;
		token.size = (size_t)(scanner->at - token.at);
		err = check_number(scanner, &token);
	} else if (is_word_char(c) && c != '_') {
		token.kind = TOKEN_WORD;
		while (scanner->at < scanner->end && is_word_char(*scanner->at))
			scanner->at++;
	} else if (c && strchr("{}()[]=:;,", c)) {
		token.kind = strchr("{([", c)   ? TOKEN_OPEN
			     : strchr("})]", c) ? TOKEN_CLOSE
			     : strchr("=:", c)  ? TOKEN_ASSIGN
						: TOKEN_SEPARATOR;
		scanner->at++;
	} else {
		err = refuse_char(scanner);
	}
	if (err)
		return err;
	token.size = (size_t)(scanner->at - token.at);
	*ret_token = token;
	return SFMFA_OK;
}

static enum sfmfa_err
note_line(struct scanner *scanner, unsigned line)
{
	struct scan_lines *lines = &scanner->lines;
	if (lines->count == lines->capacity) {
		size_t capacity = lines->capacity ? 2 * lines->capacity : 64;
		unsigned *grown = reallocarray(lines->lines, capacity, sizeof(*grown));
		if (!grown)
			return diag_set(scanner->diag, SFMFA_ERR_NO_MEMORY, scanner->file, line, "no memory");
		lines->lines = grown;
		lines->capacity = capacity;
	}
	lines->lines[lines->count++] = line;
	return SFMFA_OK;
}

static bool
in_group(const struct scanner *scanner)
{
	return scanner->depth == 0 || scanner->containers[scanner->depth - 1].opener == '{';
}

static bool
is_truth(const struct token *token)
{
	return (token->size == 4 && strncasecmp(token->at, "true", 4) == 0) ||
	       (token->size == 5 && strncasecmp(token->at, "false", 5) == 0);
}

/* A word, string, number or opening bracket: the name of a setting, or the begin of a value. */
static enum sfmfa_err
begin_item(struct scanner *scanner, const struct token *token)
{
	if (scanner->assigned) {
		if (token->kind == TOKEN_WORD && !is_truth(token))
			return fail(scanner, token->line, "text needs quotes: \"%.*s\"",
				    token->size > 40 ? 40 : (int)token->size, token->at);
		return SFMFA_OK;
	}
	if (in_group(scanner) && scanner->previous.kind == TOKEN_WORD && !scanner->is_value)
		return fail(scanner, token->line, "'=' is missing behind the name of a setting");
	if (token->kind == TOKEN_STRING && scanner->previous.kind == TOKEN_STRING)
		return fail(scanner, token->line, "two strings without a comma between them");
	if (!in_group(scanner)) {
		if (scanner->is_value)
			return fail(scanner, token->line, "two values without a comma between them");
		return note_line(scanner, token->line);
	}
	if (token->kind != TOKEN_WORD)
		return fail(scanner, token->line, "a value without the name of a setting before it");
	if (scanner->is_value && token->line == scanner->previous.line)
		return fail(scanner, token->line, "two settings on one line without ';' between them");
	return note_line(scanner, token->line);
}

static enum sfmfa_err
open_container(struct scanner *scanner, const struct token *token)
{
	if (scanner->depth == SCAN_DEPTH_MAX)
		return fail(scanner, token->line, "nested deeper than %d", SCAN_DEPTH_MAX);
	scanner->containers[scanner->depth++] = (struct container){ *token->at, token->line };
	return SFMFA_OK;
}

static enum sfmfa_err
close_container(struct scanner *scanner, const struct token *token)
{
	int opener = *token->at == '}' ? '{' : *token->at == ')' ? '(' : '[';
	if (scanner->depth == 0)
		return fail(scanner, token->line, "'%c' closes nothing", *token->at);
	const struct container *container = &scanner->containers[scanner->depth - 1];
	if (container->opener != opener)
		return fail(scanner, token->line, "'%c' cannot close the '%c' of line %u", *token->at,
			    container->opener, container->line);
	scanner->depth--;
	return SFMFA_OK;
}

static enum sfmfa_err
follow_token(struct scanner *scanner, const struct token *token)
{
	enum sfmfa_err err = SFMFA_OK;
	/* A word in a group is a name, not a value, unless it stands behind '=' (true, false). */
	bool ends_value = token->kind == TOKEN_STRING || token->kind == TOKEN_NUMBER ||
			  token->kind == TOKEN_CLOSE ||
			  (token->kind == TOKEN_WORD && (scanner->assigned || !in_group(scanner)));
	if (token->kind == TOKEN_WORD || token->kind == TOKEN_STRING || token->kind == TOKEN_NUMBER ||
	    token->kind == TOKEN_OPEN)
		err = begin_item(scanner, token);
	if (!err && token->kind == TOKEN_OPEN)
		err = open_container(scanner, token);
	if (!err && token->kind == TOKEN_CLOSE)
		err = close_container(scanner, token);
	if (err)
		return err;
	scanner->is_value = ends_value;
	scanner->assigned = token->kind == TOKEN_ASSIGN;
	scanner->previous = *token;
	return SFMFA_OK;
}

enum sfmfa_err
scan_text(const char *file, const char *bytes, size_t size, struct scan_lines *ret_lines, struct diag *diag)
{
	struct scanner scanner = { .file = file, .at = bytes, .end = bytes + size, .line = 1, .diag = diag };
	struct token token = { TOKEN_NONE, 1, bytes, 0 };
	enum sfmfa_err err = SFMFA_OK;
	/* libconfig would stop there and take the rest as not written. */
	if (memchr(bytes, 0, size))
		err = fail(&scanner, 0, "the file holds a NUL byte");
	while (!err && token.kind != TOKEN_END) {
		err = take_token(&scanner, &token);
		if (!err && token.kind != TOKEN_END)
			err = follow_token(&scanner, &token);
	}
	if (!err && scanner.depth > 0) {
		const struct container *open = &scanner.containers[scanner.depth - 1];
		err = fail(&scanner, open->line, "'%c' is never closed", open->opener);
	}
	if (err) {
		scan_lines_finish(&scanner.lines);
		return err;
	}
	*ret_lines = scanner.lines;
	return SFMFA_OK;
}
