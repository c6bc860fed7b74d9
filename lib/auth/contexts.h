/*
 * What binds a sealed secret or a keyed hash to its record (lib/crypto/crypto.h), in one place: what
 * a login writes a command must be able to read, and the other way round. A %s is the user's name, the
 * store's key: a row that is made by a registration has no id yet when its secret is sealed.
 */
#ifndef SFMFA_AUTH_CONTEXTS_H
#define SFMFA_AUTH_CONTEXTS_H

#include "model/limits.h"

#define CONTEXT_SIZE (USER_NAME_SIZE + 16)

#define CONTEXT_APP       "app:%s"       /* seal(): the shared secret of the authenticator app */
#define CONTEXT_RECOVERY  "recovery:%s"  /* keyed_hash() of the canonical form (code_recognize()) */
#define CONTEXT_TEMPORARY "temporary:%s" /* keyed_hash() of the canonical form */
#define CONTEXT_TOKEN     "token"        /* keyed_hash() of the 24 characters */
#define CONTEXT_ACCESS    "access"       /* keyed_hash() of an access token */
#define CONTEXT_FAMILY    "family"       /* keyed_hash() of the half of a refresh token that stays … */
#define CONTEXT_REFRESH   "refresh"      /* … and of the one that each use replaces */
#define CONTEXT_ASSERTION "assertion"    /* keyed_hash() of client_id, NUL, jti */
#define CONTEXT_NAME      "name"         /* keyed_hash() of an unknown user's name, for events */
#define CONTEXT_BACKUP      "backup"      /* keyed_hash() of a whole backup */
#define CONTEXT_BACKUP_HEAD "backup-head" /* keyed_hash() of its head */
#define CONTEXT_LOGIN     "login"        /* keyed_hash() of the single-use name of a login, for open_session */

#endif
