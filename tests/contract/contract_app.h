/* Operations of connected apps; hashes are one byte over and over. */
#ifndef SFMFA_TESTS_CONTRACT_APP_H
#define SFMFA_TESTS_CONTRACT_APP_H

#include "store/store.h"

/* An approval with both tokens: access and family are fill, the refresh token is 1. */
struct store_op
approve_op(const char *user, const char *app, unsigned char fill);
/* shown: the refresh token; the next one is shown + 1, the access token 100 + shown. */
struct store_op
refresh_op(int64_t user_id, unsigned char family, unsigned char shown);
struct store_op
assertion_op(unsigned char fill);

#endif
