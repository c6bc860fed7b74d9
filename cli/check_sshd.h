/* sshd_config(5) beside a stack that asks for codes: methods that cannot ask, or never come to PAM. */
#ifndef SFMFA_CLI_CHECK_SSHD_H
#define SFMFA_CLI_CHECK_SSHD_H

#include "findings.h"
#include "sshd_config.h"

void
check_sshd(struct findings *findings, const struct sshd_config *config, const char *file);

/* Whether every way through keyboard-interactive leads through another method too. */
bool
check_sshd_key_comes_first(const struct sshd_config *config);

#endif
