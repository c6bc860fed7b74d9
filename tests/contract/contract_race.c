/* The contract between processes: each with a connection of its own, some of them killed. */
#include <signal.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "contract.h"
#include "contract_app.h"

TestSuite(race, .init = contract_begin, .fini = contract_end, .timeout = 120);

enum { PROCESSES = 4, ROUNDS = 25 };

static void
read_all(int fd, void *bytes, size_t size)
{
	for (size_t done = 0; done < size;) {
		ssize_t got = read(fd, (char *)bytes + done, size - done);

		cr_assert_gt(got, 0);
		done += (size_t)got;
	}
}

/*
 * A connection must not be carried over a fork: the parent closes its own first and opens it again
 * afterwards.
 */
static void
suspend(void)
{
	store_close(contract_store);
	contract_store = NULL;
}

/* Runs one function in every process, all let go at once; the bytes it returns are added up by value. */
static void
race(int (*run)(struct store *store, int round), int round, int ret_tally[256])
{
	int start[2], report[2];
	pid_t children[PROCESSES];

	cr_assert_eq(pipe(start), 0);
	cr_assert_eq(pipe(report), 0);
	for (int at = 0; at < PROCESSES; at++) {
		children[at] = fork();
		cr_assert_geq(children[at], 0);
		if (children[at] == 0) {
			struct store *store = NULL;
			unsigned char result = 255;
			char go;

			close(start[1]);
			if (contract_backend.open(contract_folder, &store, NULL) == SFMFA_OK &&
			    read(start[0], &go, 1) == 0)
				result = (unsigned char)run(store, round);
			store_close(store);
			_exit(write(report[1], &result, 1) == 1 ? 0 : 1);
		}
	}
	close(start[0]);
	close(start[1]); /* end of file: go */
	for (int at = 0; at < PROCESSES; at++) {
		unsigned char result;

		read_all(report[0], &result, 1);
		ret_tally[result]++;
		cr_assert_eq(waitpid(children[at], NULL, 0), children[at]);
	}
	close(report[0]);
	close(report[1]);
}

static int
use_one_code(struct store *store, int round)
{
	struct user_record user = read_user(store, "alice");
	struct store_op op = attempt_op(&user, STEP + round);

	op.attempt.now_step = STEP + round;
	return commit_one(store, &op) == SFMFA_OK ? (int)op.attempt.result : 254;
}

Test(race, one_code_in_many_processes_is_right_exactly_once)
{
	(void)registered_user("alice", APP_COMPLETED);
	suspend();
	for (int round = 0; round < ROUNDS; round++) {
		int tally[256] = { 0 };

		race(use_one_code, round, tally);
		cr_expect_eq(tally[ATTEMPT_RESULT_RIGHT], 1, "round %d", round);
		cr_expect_eq(tally[ATTEMPT_RESULT_REPLAYED], PROCESSES - 1, "round %d", round);
	}
}

static int
use_recovery_code(struct store *store, int round)
{
	struct user_record user = read_user(store, "alice");
	struct store_op op = attempt_op(&user, 0);

	(void)round;
	op.attempt.kind = ATTEMPT_KIND_RECOVERY;
	memset(op.attempt.hash, 3, HASH_SIZE);
	return commit_one(store, &op) == SFMFA_OK ? (int)op.attempt.result : 254;
}

Test(race, one_recovery_code_in_many_processes_is_right_exactly_once)
{
	int tally[256] = { 0 };

	(void)registered_user("alice", APP_COMPLETED);
	suspend();
	race(use_recovery_code, 0, tally);
	cr_expect_eq(tally[ATTEMPT_RESULT_RIGHT], 1);
	cr_expect_eq(tally[ATTEMPT_RESULT_WRONG], PROCESSES - 1);
}

static int
guess(struct store *store, int round)
{
	struct user_record user = read_user(store, "alice");
	int counted = 0;

	(void)round;
	for (int at = 0; at < 50; at++) {
		struct store_op op = attempt_op(&user, 0);

		if (commit_one(store, &op) != SFMFA_OK)
			return 254;
		counted += op.attempt.result == ATTEMPT_RESULT_WRONG;
	}
	return counted;
}

Test(race, two_hundred_wrong_answers_in_many_processes_are_ten_counted)
{
	int tally[256] = { 0 }, counted = 0;

	(void)registered_user("alice", APP_COMPLETED);
	suspend();
	race(guess, 0, tally);
	cr_expect_eq(tally[254] + tally[255], 0);
	for (int at = 0; at < 254; at++)
		counted += at * tally[at];
	cr_expect_eq(counted, 10);
	contract_store = contract_open();
	cr_expect_eq(read_user(contract_store, "alice").guard.failed_since_success, 10);
}

static int
register_alice(struct store *store, int round)
{
	struct store_op op = register_op("alice", APP_PENDING);

	(void)round;
	return commit_one(store, &op) == SFMFA_OK ? 1 : op.err == SFMFA_ERR_CHANGED ? 2 : 254;
}

Test(race, one_of_many_first_registrations_wins)
{
	int tally[256] = { 0 };

	suspend();
	race(register_alice, 0, tally);
	cr_expect_eq(tally[1], 1);
	cr_expect_eq(tally[2], PROCESSES - 1);
}

static int
make_store(struct store *store, int round)
{
	struct store_op op = change_op(STORE_ENSURE_USER, "alice");

	(void)round;
	return commit_one(store, &op) == SFMFA_OK ? 1 : 254;
}

Test(race, many_processes_make_one_store)
{
	int tally[256] = { 0 };

	contract_end();
	contract_begin();
	race(make_store, 0, tally);
	cr_expect_eq(tally[1], PROCESSES);
}

/* Uses one code after the other and says so only after the commit. */
static void
use_codes(int report)
{
	struct store *store = contract_open();
	struct user_record user = read_user(store, "alice");

	for (int64_t step = user.guard.last_step + 1;; step++) {
		struct store_op op = attempt_op(&user, step);

		op.attempt.now_step = step;
		if (commit_one(store, &op) != SFMFA_OK || op.attempt.result != ATTEMPT_RESULT_RIGHT ||
		    write(report, &step, sizeof step) != (ssize_t)sizeof step)
			_exit(1);
	}
}

Test(race, what_a_killed_process_acknowledged_stays)
{
	(void)registered_user("alice", APP_COMPLETED);
	for (int round = 0; round < ROUNDS; round++) {
		int64_t acknowledged = 0, step;
		int report[2];
		pid_t child;

		suspend();
		cr_assert_eq(pipe(report), 0);
		child = fork();
		cr_assert_geq(child, 0);
		if (child == 0) {
			close(report[0]);
			use_codes(report[1]);
		}
		close(report[1]);
		for (int at = 0; at <= round * 7; at++)
			read_all(report[0], &step, sizeof step);
		cr_assert_eq(kill(child, SIGKILL), 0);
		cr_assert_eq(waitpid(child, NULL, 0), child);
		acknowledged = step;
		while (read(report[0], &step, sizeof step) == (ssize_t)sizeof step)
			acknowledged = step;
		close(report[0]);
		contract_store = contract_open();
		int64_t stored = read_user(contract_store, "alice").guard.last_step;
		cr_expect(stored == acknowledged || stored == acknowledged + 1,
			  "round %d: %ld acknowledged, %ld stored", round, (long)acknowledged, (long)stored);
	}
}

static int
use_one_assertion(struct store *store, int round)
{
	struct store_op op = assertion_op((unsigned char)round);

	return commit_one(store, &op) == SFMFA_OK ? (int)op.credential.result : 254;
}

Test(race, one_assertion_in_many_processes_is_good_exactly_once)
{
	suspend();
	for (int round = 0; round < ROUNDS; round++) {
		int tally[256] = { 0 };

		race(use_one_assertion, round, tally);
		cr_expect_eq(tally[CREDENTIAL_RESULT_GOOD], 1, "round %d", round);
		cr_expect_eq(tally[CREDENTIAL_RESULT_REPLAYED], PROCESSES - 1, "round %d", round);
	}
}

static int
use_one_refresh_token(struct store *store, int round)
{
	struct user_record user = read_user(store, "alice");
	struct store_op op = refresh_op(user.id, (unsigned char)(round + 1), 1);

	return commit_one(store, &op) == SFMFA_OK ? (int)op.refresh.result : 254;
}

Test(race, one_refresh_token_in_many_processes_is_good_once_and_its_family_dies)
{
	unsigned char hash[HASH_SIZE];
	struct app_grant grant;

	(void)registered_user("alice", APP_COMPLETED);
	for (int round = 0; round < ROUNDS; round++) {
		struct store_op op = approve_op("alice", "mail", (unsigned char)(round + 1));

		cr_assert_eq(commit_one(contract_store, &op), SFMFA_OK);
	}
	suspend();
	for (int round = 0; round < ROUNDS; round++) {
		int tally[256] = { 0 };

		race(use_one_refresh_token, round, tally);
		cr_expect_eq(tally[CREDENTIAL_RESULT_GOOD], 1, "round %d", round);
		cr_expect_eq(tally[CREDENTIAL_RESULT_REPLAYED], 1, "round %d", round);
		cr_expect_eq(tally[CREDENTIAL_RESULT_REVOKED], PROCESSES - 2, "round %d", round);
	}
	contract_store = contract_open();
	for (int round = 0; round < ROUNDS; round++) {
		memset(hash, round + 1, sizeof hash);
		cr_expect_eq(store_find_family(contract_store, hash, &grant, NULL), SFMFA_ERR_NOT_FOUND);
	}
}
