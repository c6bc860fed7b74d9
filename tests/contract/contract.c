/* The fixture and the helpers of the contract. */
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/text.h"
#include "contract.h"

char contract_folder[PATH_MAX];
struct store *contract_store;

struct store *
contract_open(void)
{
	struct store *store = NULL;
	struct diag diag = { 0 };

	cr_assert_eq(contract_backend.open(contract_folder, &store, &diag), SFMFA_OK, "%s", diag.text);
	return store;
}

void
contract_begin(void)
{
	const char *base = getenv("TMPDIR");

	cr_assert_eq(text_format(contract_folder, sizeof contract_folder, "%s/sfmfa-contract-XXXXXX",
				 base != NULL ? base : "/tmp"),
		     SFMFA_OK);
	cr_assert_not_null(mkdtemp(contract_folder));
	contract_store = contract_open();
}

static int
remove_entry(const char *path, const struct stat *status, int type, struct FTW *ftw)
{
	(void)status;
	(void)type;
	(void)ftw;
	return remove(path);
}

void
contract_end(void)
{
	store_close(contract_store);
	contract_store = NULL;
	(void)nftw(contract_folder, remove_entry, 8, FTW_DEPTH | FTW_PHYS);
}

enum sfmfa_err
commit_one(struct store *store, struct store_op *op)
{
	struct store_op *ops[] = { op };
	struct diag diag = { 0 };

	if (store_commit(store, ops, 1, &diag) != SFMFA_OK)
		cr_expect_eq(op->err, SFMFA_ERR_STORE);
	return op->err;
}

struct store_op
change_op(enum store_op_kind kind, const char *user)
{
	struct store_op op;

	memset(&op, 0, sizeof op);
	op.kind = kind;
	op.change.user = user;
	op.change.now = NOW;
	return op;
}

struct store_op
register_op(const char *user, enum app_state state)
{
	struct store_op op;

	memset(&op, 0, sizeof op);
	op.kind = STORE_REGISTER;
	op.registration.user = user;
	op.registration.app.state = state;
	op.registration.app.params = (struct totp_params){ TOTP_SHA256, 8, 60 };
	op.registration.app.sealed_size = 48;
	memset(op.registration.app.sealed, 0xA5, 48);
	op.registration.app.registered_at = NOW;
	op.registration.app.completed_at = state == APP_COMPLETED ? NOW : 0;
	op.registration.recovery_count = 10;
	for (unsigned char at = 0; at < 10; at++)
		memset(op.registration.recovery_hashes[at], at + 1, HASH_SIZE);
	op.registration.now = (struct moment){ NOW, 5000, "boot-a" };
	return op;
}

static struct store_op
blank_attempt(const struct user_record *user, enum attempt_kind kind)
{
	struct store_op op;

	memset(&op, 0, sizeof op);
	op.kind = STORE_ATTEMPT;
	op.attempt.user_id = user->id;
	op.attempt.generation = user->generation;
	op.attempt.caller = -1;
	op.attempt.policy = (struct attempt_policy){ 10, 900 };
	op.attempt.now = (struct moment){ NOW, 5000, "boot-a" };
	op.attempt.now_step = STEP;
	op.attempt.window = 1;
	op.attempt.kind = kind;
	return op;
}

struct store_op
attempt_op(const struct user_record *user, int64_t step)
{
	struct store_op op = blank_attempt(user, ATTEMPT_KIND_TOTP);

	op.attempt.step = step;
	return op;
}

struct store_op
token_op(const char *user, const char *label, unsigned char fill)
{
	struct store_op op = change_op(STORE_TOKEN_NEW, user);

	cr_assert_eq(text_copy(op.change.token.label, sizeof op.change.token.label, label), SFMFA_OK);
	memset(op.change.token.hash, fill, HASH_SIZE);
	op.change.token.created_at = NOW;
	return op;
}

struct store_op
token_attempt_op(const struct user_record *user, int64_t token_id)
{
	struct store_op op = blank_attempt(user, ATTEMPT_KIND_TOKEN);

	op.attempt.token_id = token_id;
	op.attempt.token_result = ATTEMPT_RESULT_RIGHT;
	return op;
}

struct user_record
read_user(struct store *store, const char *name)
{
	struct user_record user;
	struct diag diag = { 0 };

	cr_assert_eq(store_read_user(store, name, -1, &user, &diag), SFMFA_OK, "%s: %s", name, diag.text);
	return user;
}

struct user_record
registered_user(const char *name, enum app_state state)
{
	struct store_op op = register_op(name, state);

	cr_assert_eq(commit_one(contract_store, &op), SFMFA_OK);
	return read_user(contract_store, name);
}
