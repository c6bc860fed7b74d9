/* Ten recovery codes as people keep them. */
#ifndef SFMFA_CLI_RECOVERY_CODES_H
#define SFMFA_CLI_RECOVERY_CODES_H

#include "record.h"

void
recovery_codes_print(const struct record *reply);

#endif
