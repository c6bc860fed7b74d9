/* What sshd's configuration (sshd_config(5)) says about the ways in, as far as they matter to pam_sfmfa. */
#ifndef SFMFA_CLI_SSHD_CONFIG_H
#define SFMFA_CLI_SSHD_CONFIG_H

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"

#define SSHD_CONFIG_FILE "/etc/ssh/sshd_config"

/* A line of a keyword that is looked at. */
struct sshd_line {
	const char *keyword; /* as sshd_config(5) spells it */
	char value[512];
	char file[512];
	unsigned line;
	bool in_match;       /* for some logins only */
};

struct sshd_config {
	struct sshd_line *lines; /* heap, in their order: the first outside of a Match counts */
	size_t count;
};

#define SSHD_CONFIG_AUTO __attribute__((cleanup(sshd_config_finish))) struct sshd_config

/* Follows Include. SFMFA_ERR_NOT_FOUND; SFMFA_ERR_CONFIG: cannot be read, or files include one another. */
enum sfmfa_err
sshd_config_read(const char *path, struct sshd_config *ret_config, struct diag *diag) SFMFA_MUST_USE;

/* What holds for every login; NULL: the default. */
const struct sshd_line *
sshd_config_find(const struct sshd_config *config, const char *keyword);

void
sshd_config_finish(struct sshd_config *config);

#endif
