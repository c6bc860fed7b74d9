/* The daemon's log: syslog (LOG_AUTHPRIV), or standard error in the foreground. */
#ifndef SFMFA_DAEMON_LOG_H
#define SFMFA_DAEMON_LOG_H

#include <stdbool.h>

#include "base/error.h"

/* Call once, before anything is logged. */
void
log_open(bool to_stderr);

/* priority as of syslog(3): LOG_ERR, LOG_WARNING, LOG_NOTICE, LOG_INFO. */
void
log_line(int priority, const char *fmt, ...) SFMFA_PRINTF(2, 3);

/* A diagnosis with the error's word in front. */
void
log_diag(int priority, enum sfmfa_err err, const struct diag *diag);

#endif
