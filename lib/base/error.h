/*
 * Errors: sfmfa could not do its work.
 *
 * A refusal is not an error. A wrong code, a locked account, a login outside its
 * hours are decisions (lib/model/decision.h). Every function that can fail returns
 * enum sfmfa_err; it writes ret_x on success only and *diag on failure only.
 */
#ifndef SFMFA_BASE_ERROR_H
#define SFMFA_BASE_ERROR_H

#include <stdarg.h>

#define SFMFA_MUST_USE __attribute__((warn_unused_result))
#define SFMFA_PRINTF(fmt, args) __attribute__((format(printf, fmt, args)))

enum sfmfa_err {
	SFMFA_OK = 0,
	SFMFA_ERR_INTERNAL,   /* an invariant does not hold */
	SFMFA_ERR_INVALID,    /* malformed input from outside */
	SFMFA_ERR_TOO_LARGE,  /* more than a *_MAX or a buffer holds */
	SFMFA_ERR_NOT_FOUND,
	SFMFA_ERR_EXISTS,
	SFMFA_ERR_CHANGED,    /* somebody else was first */
	SFMFA_ERR_NO_MEMORY,  /* nor descriptors: nothing is wrong with what was asked for */
	SFMFA_ERR_SYSTEM,     /* a system call failed */
	SFMFA_ERR_UNTRUSTED,  /* owner, mode, link or peer is not to be trusted */
	SFMFA_ERR_CONFIG,     /* the configuration is broken; diag has file:line */
	SFMFA_ERR_STORE,      /* the store cannot be read or written */
	SFMFA_ERR_CRYPTO,     /* a key is missing or data do not open */
	SFMFA_ERR_CLOCK,      /* the clock cannot be read */
	SFMFA_ERR_TIMEOUT,
	SFMFA_ERR_CLOSED,     /* end of file, reset, nobody there */
};

/* A stable word for an error, for logs; never NULL. */
const char *
sfmfa_err_word(enum sfmfa_err err);

#define DIAG_FILE_SIZE 256
#define DIAG_TEXT_SIZE 512

/* What went wrong and where: "file:line: text". line 0: no line; file "": no file. */
struct diag {
	char file[DIAG_FILE_SIZE];
	unsigned line;
	char text[DIAG_TEXT_SIZE];
};

void
diag_fill(struct diag *diag, const char *file, unsigned line, const char *fmt, ...) SFMFA_PRINTF(4, 5);

/*
 * Fills *diag (NULL is allowed) and is err, so that a failure is one statement. A macro, so that an analyser sees that
 * it never makes a success of a failure.
 */
#define diag_set(diag, err, ...) (diag_fill((diag), __VA_ARGS__), diag_err(err))

static inline enum sfmfa_err
diag_err(enum sfmfa_err err)
{
	return err;
}

#define DIAG_LINE_SIZE (DIAG_FILE_SIZE + DIAG_TEXT_SIZE + 16)

/* "file:line: text", "file: text" or "text". */
void
diag_format(const struct diag *diag, char line[DIAG_LINE_SIZE]);

#endif
