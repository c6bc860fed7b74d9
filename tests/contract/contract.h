/*
 * The contract of a store: the same cases on every backend. A backend is one file that defines
 * contract_backend; it is linked with contract.c and the contract_*.c files of cases.
 */
#ifndef SFMFA_TESTS_CONTRACT_H
#define SFMFA_TESTS_CONTRACT_H

#include <criterion/criterion.h>
#include <limits.h>

#include "store/store.h"

struct contract_backend {
	/* Opens or makes the store that belongs to this folder; twice: two connections. */
	enum sfmfa_err (*open)(const char *folder, struct store **ret_store, struct diag *diag);
};

extern const struct contract_backend contract_backend;

/* The fixture: a fresh folder and a store in it. */
extern char contract_folder[PATH_MAX];
extern struct store *contract_store;
void
contract_begin(void);
void
contract_end(void);
/* A second connection, or the first one again after store_close(). */
struct store *
contract_open(void);

#define NOW  INT64_C(1700000000)
#define STEP (NOW / 30)

/* Commits one operation and says how it ended. */
enum sfmfa_err
commit_one(struct store *store, struct store_op *op);

/* Operations, filled in with what most cases want. */
struct store_op
change_op(enum store_op_kind kind, const char *user);
struct store_op
register_op(const char *user, enum app_state state);
/* A TOTP attempt of this user, with a code right for step (0: wrong), ten wrong answers, 15 minutes. */
struct store_op
attempt_op(const struct user_record *user, int64_t step);
struct store_op
token_op(const char *user, const char *label, unsigned char fill);
/* A token attempt. */
struct store_op
token_attempt_op(const struct user_record *user, int64_t token_id);

/* The user as the store knows them now; the test fails without one. */
struct user_record
read_user(struct store *store, const char *name);
/* Registers an app in this state and reads the user. */
struct user_record
registered_user(const char *name, enum app_state state);

#endif
