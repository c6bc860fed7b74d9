#include "daemon/log.h"

#include <stdarg.h>
#include <stdio.h>
#include <syslog.h>

static bool foreground; /* the one switch of the process, set before anything else runs */

void
log_open(bool to_stderr)
{
	foreground = to_stderr;
	/* Without LOG_CONS: a missing /dev/log must not send decisions to the console, milliseconds each. */
	if (!to_stderr)
		openlog("sfmfad", LOG_PID | LOG_NDELAY, LOG_AUTHPRIV);
}

void
log_line(int priority, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	if (foreground) {
		char line[8192];
		int size = vsnprintf(line, sizeof(line), fmt, args);

		if (size >= 0)
			fprintf(stderr, "sfmfad: %s\n", line);
	} else {
		vsyslog(priority, fmt, args);
	}
	va_end(args);
}

void
log_diag(int priority, enum sfmfa_err err, const struct diag *diag)
{
	char line[DIAG_LINE_SIZE];

	diag_format(diag, line);
	log_line(priority, "%s: %s", sfmfa_err_word(err), line);
}
