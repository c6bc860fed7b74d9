/*
 * For whom what changes when one configuration takes the place of another: the users whom the store knows,
 * those of the system, and those whom a members list names, worked out under both.
 */
#ifndef SFMFA_CLI_PREVIEW_H
#define SFMFA_CLI_PREVIEW_H

#include "cli.h"
#include "config/config.h"

/* Lines such as "12 users gain mfa-ui-logins, 3 of them are not enrolled: bob, carol, dave". */
struct preview {
	char **lines; /* heap, each heap; none: nothing changes for anybody */
	size_t count;
};

#define PREVIEW_AUTO __attribute__((cleanup(preview_finish))) struct preview

/*
 * profile: the one that was edited, whose hours, ranges and levels are compared too. Asks the daemon for
 * the users it knows and the name service for all others. Anything but STATUS_DONE has been reported.
 */
enum exit_status
preview_make(const struct cli *cli, const struct config *before, const struct config *after, const char *profile,
             struct preview *ret_preview);

void
preview_finish(struct preview *preview);

#endif
