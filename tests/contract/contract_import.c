/* The contract of imports: staged by pages, written all at once or not at all. */
#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "contract.h"

TestSuite(import, .init = contract_begin, .fini = contract_end);

#define OURS 7

static struct store_import_row
row_of(const char *user)
{
	struct store_import_row row = { .params = { TOTP_SHA1, 6, 30 }, .sealed_size = 48, .last_step = STEP - 9 };

	cr_assert_eq(text_copy(row.user, sizeof row.user, user), SFMFA_OK);
	memset(row.sealed, 0x5A, row.sealed_size);
	row.recovery_count = 2;
	memset(row.recovery_hashes[0], 1, HASH_SIZE);
	memset(row.recovery_hashes[1], 2, HASH_SIZE);
	return row;
}

static enum sfmfa_err
stage(int64_t id, bool begins, struct store_import_row rows[], size_t count)
{
	struct store_op op = { .kind = STORE_IMPORT_STAGE };

	op.import = (struct store_import){ .id = id, .begins = begins, .rows = rows, .count = count };
	return commit_one(contract_store, &op);
}

static enum sfmfa_err
stage_one(const char *user)
{
	struct store_import_row row = row_of(user);

	return stage(OURS, true, &row, 1);
}

static struct store_op
apply_op(int64_t expected)
{
	struct store_op op = { .kind = STORE_IMPORT_APPLY };

	op.import = (struct store_import){ .id = OURS, .expected = expected, .now = { NOW, 5000, "boot-a" } };
	return op;
}

static void
expect_unknown(const char *user)
{
	struct user_record record;

	cr_expect_eq(store_read_user(contract_store, user, -1, &record, NULL), SFMFA_ERR_NOT_FOUND, "%s", user);
}

Test(import, what_is_staged_is_not_there_before_it_is_applied)
{
	struct store_import_row rows[] = { row_of("bob"), row_of("alice") };
	struct store_op op = apply_op(3);
	struct user_record alice;

	cr_assert_eq(stage(OURS, true, rows, 2), SFMFA_OK);
	rows[0] = row_of("carol");
	rows[0].is_virtual = true;
	cr_assert_eq(stage(OURS, false, rows, 1), SFMFA_OK);
	expect_unknown("alice");
	cr_assert_eq(commit_one(contract_store, &op), SFMFA_OK);
	cr_expect_eq(op.import.made, 3);
	cr_expect_eq(op.import.replaced, 0);
	cr_expect_eq(op.import.kept, 0);
	alice = read_user(contract_store, "alice");
	cr_expect_eq(alice.app.state, APP_PENDING);
	cr_expect_eq(alice.app.sealed_size, 48);
	cr_expect_eq(alice.app.registered_at, NOW);
	cr_expect_eq(alice.guard.last_step, STEP - 9, "what the other system accepted is used up");
	cr_expect_eq(alice.recovery_codes_left, 2);
	cr_expect_not(alice.is_virtual);
	cr_expect(read_user(contract_store, "carol").is_virtual);
}

Test(import, a_used_step_of_the_other_system_is_a_replay_here)
{
	struct store_op apply = apply_op(1), attempt;
	struct user_record alice;

	cr_assert_eq(stage_one("alice"), SFMFA_OK);
	cr_assert_eq(commit_one(contract_store, &apply), SFMFA_OK);
	alice = read_user(contract_store, "alice");
	attempt = attempt_op(&alice, STEP - 9);
	cr_assert_eq(commit_one(contract_store, &attempt), SFMFA_OK);
	cr_expect_eq(attempt.attempt.result, ATTEMPT_RESULT_REPLAYED);
	attempt = attempt_op(&alice, STEP);
	cr_assert_eq(commit_one(contract_store, &attempt), SFMFA_OK);
	cr_expect_eq(attempt.attempt.result, ATTEMPT_RESULT_RIGHT);
}

Test(import, a_user_who_is_named_twice_is_told)
{
	struct store_import_row rows[] = { row_of("alice"), row_of("bob"), row_of("alice") };

	cr_assert_eq(stage(OURS, true, rows, 3), SFMFA_OK);
	cr_expect_not(rows[0].twice);
	cr_expect_not(rows[1].twice);
	cr_expect(rows[2].twice);
	rows[0] = row_of("bob");
	cr_assert_eq(stage(OURS, false, rows, 1), SFMFA_OK);
	cr_expect(rows[0].twice, "on an earlier page");
}

Test(import, an_app_that_is_there_stays_unless_it_is_to_be_replaced)
{
	struct user_record before = registered_user("alice", APP_COMPLETED), after;
	struct store_op op = apply_op(1);

	cr_assert_eq(stage_one("alice"), SFMFA_OK);
	cr_assert_eq(commit_one(contract_store, &op), SFMFA_OK);
	cr_expect_eq(op.import.kept, 1);
	cr_expect_eq(op.import.made, 0);
	after = read_user(contract_store, "alice");
	cr_expect_eq(after.generation, before.generation);
	cr_expect_eq(after.app.state, APP_COMPLETED);

	op = apply_op(1);
	op.import.replace = true;
	cr_assert_eq(stage_one("alice"), SFMFA_OK);
	cr_assert_eq(commit_one(contract_store, &op), SFMFA_OK);
	cr_expect_eq(op.import.replaced, 1);
	after = read_user(contract_store, "alice");
	cr_expect_eq(after.generation, before.generation + 1, "proofs of the old app are void");
	cr_expect_eq(after.app.state, APP_PENDING);
	cr_expect_eq(after.recovery_codes_left, 2, "those of the old app are gone");
}

Test(import, a_dry_run_counts_and_writes_nothing)
{
	struct store_import_row rows[] = { row_of("alice"), row_of("bob") };
	struct store_op op = apply_op(2);

	(void)registered_user("alice", APP_PENDING);
	op.import.dry_run = true;
	cr_assert_eq(stage(OURS, true, rows, 2), SFMFA_OK);
	cr_assert_eq(commit_one(contract_store, &op), SFMFA_OK);
	cr_expect_eq(op.import.made, 1);
	cr_expect_eq(op.import.kept, 1);
	expect_unknown("bob");
}

Test(import, another_import_that_begins_throws_the_first_one_away)
{
	struct store_import_row rows[] = { row_of("alice"), row_of("bob") };
	struct store_op op = apply_op(1);

	cr_assert_eq(stage(OURS, true, rows, 1), SFMFA_OK);
	cr_assert_eq(stage(OURS + 1, true, rows + 1, 1), SFMFA_OK);
	cr_expect_eq(commit_one(contract_store, &op), SFMFA_ERR_CHANGED);
	expect_unknown("alice");
	expect_unknown("bob");
}

/* A copy of the store as it is takes its place. */
static void
restore(void)
{
	static const unsigned char wrap[] = { 1 };
	const struct store_restore how = { .now = NOW, .window = 1, .key_id = "0123456789abcdef", .wrap = wrap, .wrap_size = sizeof wrap };
	static unsigned char bytes[1 << 20];
	struct store_copy *copy = NULL;
	struct diag diag = { 0 };
	int64_t left = 1, size = 0, users;
	size_t got;

	cr_assert_eq(store_copy_begin(contract_store, &copy, &diag), SFMFA_OK, "%s", diag.text);
	while (left > 0)
		cr_assert_eq(store_copy_step(copy, &left, &size, &diag), SFMFA_OK, "%s", diag.text);
	cr_assert_leq(size, (int64_t)sizeof bytes);
	cr_assert_eq(store_copy_read(copy, 0, bytes, sizeof bytes, &got, &diag), SFMFA_OK, "%s", diag.text);
	store_copy_destroy(copy);
	cr_assert_eq(store_copy_receive(contract_store, &copy, &diag), SFMFA_OK, "%s", diag.text);
	cr_assert_eq(store_copy_write(copy, bytes, got, &diag), SFMFA_OK, "%s", diag.text);
	cr_assert_eq(store_copy_check(copy, &users, &diag), SFMFA_OK, "%s", diag.text);
	cr_assert_eq(store_copy_install(copy, &how, &diag), SFMFA_OK, "%s", diag.text);
	store_copy_destroy(copy);
}

/* Sealed with the data keys of the store that is gone. */
Test(import, a_restore_throws_away_what_is_staged)
{
	struct store_import_row more = row_of("bob");
	struct store_op op = apply_op(2);

	cr_assert_eq(stage_one("alice"), SFMFA_OK);
	restore();
	cr_assert_eq(stage(OURS, false, &more, 1), SFMFA_OK, "it may go on for a while");
	cr_expect_eq(commit_one(contract_store, &op), SFMFA_ERR_CHANGED);
	op = apply_op(1);
	cr_assert_eq(stage_one("alice"), SFMFA_OK);
	restore();
	cr_expect_eq(commit_one(contract_store, &op), SFMFA_ERR_CHANGED);
	expect_unknown("alice");
	cr_assert_eq(stage_one("alice"), SFMFA_OK, "and the next one begins");
	cr_expect_eq(commit_one(contract_store, &op), SFMFA_OK);
}

Test(import, what_was_never_staged_is_not_applied)
{
	struct store_op op = apply_op(1);

	cr_expect_eq(commit_one(contract_store, &op), SFMFA_ERR_CHANGED);
	op = apply_op(1);
	cr_assert_eq(stage_one("alice"), SFMFA_OK);
	cr_assert_eq(commit_one(contract_store, &op), SFMFA_OK);
	op = apply_op(1);
	cr_expect_eq(commit_one(contract_store, &op), SFMFA_ERR_CHANGED, "nor twice");
}

Test(import, one_row_that_cannot_be_written_undoes_all)
{
	struct store_import_row rows[] = { row_of("alice"), row_of("mail") };
	struct store_op op = change_op(STORE_ENSURE_USER, "mail");

	op.change.flag = true;
	cr_assert_eq(commit_one(contract_store, &op), SFMFA_OK);
	cr_assert_eq(stage(OURS, true, rows, 2), SFMFA_OK);
	op = apply_op(2);
	cr_expect_eq(commit_one(contract_store, &op), SFMFA_ERR_EXISTS, "a virtual user and one of the system");
	cr_expect_str_eq(op.import.mixed_up, "mail");
	expect_unknown("alice");
}

Test(import, a_page_with_a_row_that_cannot_be_kept_is_not_staged)
{
	struct store_import_row rows[] = { row_of("carol"), row_of("") };
	struct store_op op;

	cr_expect_eq(stage(OURS, true, rows, 2), SFMFA_ERR_INVALID);
	op = apply_op(1);
	cr_expect_eq(commit_one(contract_store, &op), SFMFA_ERR_CHANGED, "not even the row before it");
}
