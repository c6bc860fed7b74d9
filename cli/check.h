/* Inside of check: what is looked over beside the configuration files themselves. */
#ifndef SFMFA_CLI_CHECK_H
#define SFMFA_CLI_CHECK_H

#include "findings.h"

#define CHECK_PAM_DIR "/etc/pam.d"

/*
 * Whether root or a member of protected_groups is left who can log in through the UI at all, as far as the
 * files say: what is assigned to them is in the store.
 */
void
check_administrators(struct findings *findings, const struct config *config);

/*
 * Services whose PAM file uses pam_sfmfa: the lists of services, the lines of the stack, and sshd's own file.
 * pam_dir NULL: the host's, if it has one; sshd_file NULL: the host's with the host's services, else none.
 */
void
check_services(struct findings *findings, const struct config *config, const char *pam_dir, const char *sshd_file);

#endif
