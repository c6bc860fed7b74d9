#include "base/error.h"

#include <stdio.h>
#include <string.h>

const char *
sfmfa_err_word(enum sfmfa_err err)
{
	switch (err) {
	case SFMFA_OK: return "ok";
	case SFMFA_ERR_INTERNAL: return "internal";
	case SFMFA_ERR_INVALID: return "invalid";
	case SFMFA_ERR_TOO_LARGE: return "too-large";
	case SFMFA_ERR_NOT_FOUND: return "not-found";
	case SFMFA_ERR_EXISTS: return "exists";
	case SFMFA_ERR_CHANGED: return "changed";
	case SFMFA_ERR_NO_MEMORY: return "no-memory";
	case SFMFA_ERR_SYSTEM: return "system";
	case SFMFA_ERR_UNTRUSTED: return "untrusted";
	case SFMFA_ERR_CONFIG: return "configuration";
	case SFMFA_ERR_STORE: return "store";
	case SFMFA_ERR_CRYPTO: return "crypto";
	case SFMFA_ERR_CLOCK: return "clock";
	case SFMFA_ERR_TIMEOUT: return "timeout";
	case SFMFA_ERR_CLOSED: return "closed";
	}
	return "unknown";
}

/* A text that is too long is cut: it is read by people, and the error itself is the return value. */
void
diag_fill(struct diag *diag, const char *file, unsigned line, const char *fmt, ...)
{
	struct diag filled = { .line = line };
	va_list args;

	if (!diag) {
		return;
	}
	if (file) {
		size_t size = strnlen(file, sizeof filled.file - 1);

		memcpy(filled.file, file, size);
	}
	va_start(args, fmt);
	if (vsnprintf(filled.text, sizeof filled.text, fmt, args) < 0) {
		filled.text[0] = '\0';
	}
	va_end(args);
	/* Through a copy: the arguments may point into *diag itself. */
	*diag = filled;
}

void
diag_format(const struct diag *diag, char line[DIAG_LINE_SIZE])
{
	if (diag->file[0] == '\0') {
		snprintf(line, DIAG_LINE_SIZE, "%s", diag->text);
	} else if (diag->line == 0) {
		snprintf(line, DIAG_LINE_SIZE, "%s: %s", diag->file, diag->text);
	} else {
		snprintf(line, DIAG_LINE_SIZE, "%s:%u: %s", diag->file, diag->line, diag->text);
	}
}
