/* Sessions, and the single-use names of logins that are redeemed for them. */
#include "contract.h"

#include <string.h>

#include "base/text.h"

static struct store_op
open_op(const char *user, const char *service)
{
	struct store_op op;

	memset(&op, 0, sizeof op);
	op.kind = STORE_SESSION_OPEN;
	op.session.user = user;
	op.session.service = service;
	op.session.proved_by = "";
	op.session.place = (struct session_place){
		.boot_id = "boot-a", .audit = 7, .leader = 100, .leader_start = 1000, .tty = "pts/3"
	};
	op.session.now = (struct moment){ NOW + 1, 5001, "boot-a" };
	return op;
}

/* A login of this user with a code, whose name hashes to bytes of fill. */
static struct user_record
proved_user(const char *name, unsigned char fill)
{
	struct user_record user = registered_user(name, APP_COMPLETED);
	struct store_op login = attempt_op(&user, STEP);

	memset(login.attempt.handover.hash, fill, HASH_SIZE);
	login.attempt.handover.service = "sshd";
	login.attempt.handover.method = FACTOR_TOTP;
	cr_assert_eq(commit_one(contract_store, &login), SFMFA_OK);
	cr_assert_eq(login.attempt.result, ATTEMPT_RESULT_RIGHT);
	return user;
}

static struct session_record
found(const struct store_op *op)
{
	struct session_record session;

	cr_assert_eq(store_find_session(contract_store, &op->session.place, &session, NULL), SFMFA_OK);
	return session;
}

TestSuite(session, .init = contract_begin, .fini = contract_end);

Test(session, a_login_hands_its_proof_over_once)
{
	struct user_record alice = proved_user("alice", 9);
	struct store_op op = open_op("alice", "sshd"), again = open_op("alice", "sshd");
	struct session_record session;

	memset(op.session.handover_hash, 9, HASH_SIZE);
	cr_assert_eq(commit_one(contract_store, &op), SFMFA_OK);
	cr_expect(op.session.proved);
	session = found(&op);
	cr_expect_str_eq(session.user, "alice");
	cr_expect_str_eq(session.service, "sshd");
	cr_expect_eq(session.method, FACTOR_TOTP);
	cr_expect_eq(session.proved_at.wall, NOW);
	cr_expect_eq(session.proved_at.boot, 5000);
	cr_expect_eq(session.generation, alice.generation);
	cr_expect_eq(session.generation, session.user_generation);
	cr_expect_eq(session.place.audit, 7);
	again.session.place.audit = 8;
	memset(again.session.handover_hash, 9, HASH_SIZE);
	cr_assert_eq(commit_one(contract_store, &again), SFMFA_OK);
	cr_expect_not(again.session.proved, "a name is good once");
	cr_expect_eq(found(&again).proved_at.wall, 0);
}

Test(session, a_name_is_good_for_its_user_service_and_two_minutes)
{
	static const struct {
		const char *user, *service;
		int64_t wall, boot;
		unsigned char fill;
		bool good;
	} rows[] = {
		{ "alice", "sshd", NOW + 120, 5120, 9, true },   { "alice", "login", NOW, 5000, 9, false },
		{ "bob", "sshd", NOW, 5000, 9, false },          { "alice", "sshd", NOW, 5000, 8, false },
		{ "alice", "sshd", NOW + 121, 5000, 9, false },  { "alice", "sshd", NOW, 5121, 9, false },
		{ "alice", "sshd", NOW - 1, 5000, 9, false },    { "alice", "sshd", NOW, 4999, 9, false },
	};

	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		struct store_op gone = change_op(STORE_DELETE_USER, "alice"), op;

		(void)commit_one(contract_store, &gone);
		proved_user("alice", 9);
		if (i == 0)
			registered_user("bob", APP_COMPLETED);
		op = open_op(rows[i].user, rows[i].service);
		op.session.now = (struct moment){ rows[i].wall, rows[i].boot, "boot-a" };
		memset(op.session.handover_hash, rows[i].fill, HASH_SIZE);
		cr_assert_eq(commit_one(contract_store, &op), SFMFA_OK);
		cr_expect_eq(op.session.proved, rows[i].good, "row %zu", i);
	}
}

Test(session, four_names_are_kept_and_a_wrong_service_uses_one_up)
{
	struct user_record alice = registered_user("alice", APP_COMPLETED);
	struct store_op op;

	for (unsigned char at = 1; at <= 5; at++) {
		op = attempt_op(&alice, STEP + at - 4);
		op.attempt.window = 10;
		memset(op.attempt.handover.hash, at, HASH_SIZE);
		op.attempt.handover.service = "sshd";
		op.attempt.handover.method = FACTOR_TOTP;
		cr_assert_eq(commit_one(contract_store, &op), SFMFA_OK);
		cr_assert_eq(op.attempt.result, ATTEMPT_RESULT_RIGHT);
	}
	for (unsigned char at = 1; at <= 5; at++) {
		op = open_op("alice", at == 3 ? "login" : "sshd");
		op.session.place.audit = at;
		memset(op.session.handover_hash, at, HASH_SIZE);
		cr_assert_eq(commit_one(contract_store, &op), SFMFA_OK);
		cr_expect_eq(op.session.proved, at != 1 && at != 3, "name %u", at);
	}
	op = open_op("alice", "sshd");
	memset(op.session.handover_hash, 3, HASH_SIZE);
	cr_assert_eq(commit_one(contract_store, &op), SFMFA_OK);
	cr_expect_not(op.session.proved, "it was shown before");
}

Test(session, a_registration_hands_over_too)
{
	struct store_op op = register_op("alice", APP_COMPLETED), open = open_op("alice", "sshd");
	struct session_record session;

	memset(op.registration.handover.hash, 5, HASH_SIZE);
	op.registration.handover.service = "sshd";
	op.registration.handover.method = FACTOR_TOTP;
	cr_assert_eq(commit_one(contract_store, &op), SFMFA_OK);
	memset(open.session.handover_hash, 5, HASH_SIZE);
	cr_assert_eq(commit_one(contract_store, &open), SFMFA_OK);
	session = found(&open);
	cr_expect_eq(session.proved_at.wall, NOW, "the time of the commit");
	cr_expect_eq(session.generation, session.user_generation, "of the new app");
}

Test(session, what_voids_a_proof_is_told)
{
	struct store_op op = open_op("alice", "sshd"), freeze = change_op(STORE_FREEZE, "alice");
	struct store_op disconnect = change_op(STORE_DISCONNECT, "alice");
	struct session_record session;

	proved_user("alice", 9);
	memset(op.session.handover_hash, 9, HASH_SIZE);
	cr_assert_eq(commit_one(contract_store, &op), SFMFA_OK);
	freeze.change.flag = true;
	freeze.change.now = NOW + 5;
	cr_assert_eq(commit_one(contract_store, &freeze), SFMFA_OK);
	session = found(&op);
	cr_expect_eq(session.frozen_at, NOW + 5);
	cr_expect_eq(session.locked_at, 0);
	cr_assert_eq(commit_one(contract_store, &disconnect), SFMFA_OK);
	session = found(&op);
	cr_expect_neq(session.generation, session.user_generation);
}

Test(session, a_disconnect_between_login_and_session_voids_the_proof)
{
	struct store_op op = open_op("alice", "sshd"), disconnect = change_op(STORE_DISCONNECT, "alice");
	struct session_record session;

	proved_user("alice", 9);
	cr_assert_eq(commit_one(contract_store, &disconnect), SFMFA_OK);
	memset(op.session.handover_hash, 9, HASH_SIZE);
	cr_assert_eq(commit_one(contract_store, &op), SFMFA_OK);
	session = found(&op);
	cr_expect_neq(session.generation, session.user_generation);
}

Test(session, it_is_found_by_audit_session_else_by_leader_and_terminal)
{
	struct store_op audit = open_op("alice", "sshd"), leader = open_op("alice", "login");
	struct session_place place;
	struct session_record session;

	registered_user("alice", APP_COMPLETED);
	leader.session.place.audit = -1;
	cr_assert_eq(commit_one(contract_store, &audit), SFMFA_OK);
	cr_assert_eq(commit_one(contract_store, &leader), SFMFA_OK);
	cr_expect_str_eq(found(&audit).service, "sshd");
	cr_expect_str_eq(found(&leader).service, "login");
	cr_expect_eq(found(&leader).place.audit, -1);
	place = audit.session.place;
	place.audit = 99;
	cr_assert_eq(store_find_session(contract_store, &place, &session, NULL), SFMFA_OK);
	cr_expect_str_eq(session.service, "login", "no such audit session: by the leader");
	place = leader.session.place;
	place.leader_start++;
	cr_expect_eq(store_find_session(contract_store, &place, &session, NULL), SFMFA_ERR_NOT_FOUND);
	place = leader.session.place;
	strcpy(place.tty, "pts/4");
	cr_expect_eq(store_find_session(contract_store, &place, &session, NULL), SFMFA_ERR_NOT_FOUND);
	place.tty[0] = '\0';
	cr_expect_eq(store_find_session(contract_store, &place, &session, NULL), SFMFA_ERR_NOT_FOUND);
	place = audit.session.place;
	strcpy(place.boot_id, "boot-b");
	cr_expect_eq(store_find_session(contract_store, &place, &session, NULL), SFMFA_ERR_NOT_FOUND);
	place.boot_id[0] = '\0';
	cr_expect_eq(store_find_session(contract_store, &place, &session, NULL), SFMFA_ERR_NOT_FOUND);
}

Test(session, one_that_begins_at_a_place_ends_the_other_whoevers_it_was)
{
	struct store_op alice = open_op("alice", "sshd"), bob = open_op("bob", "sshd");
	struct store_op close = change_op(STORE_SESSION_CLOSE, "alice");

	registered_user("alice", APP_COMPLETED);
	registered_user("bob", APP_COMPLETED);
	cr_assert_eq(commit_one(contract_store, &alice), SFMFA_OK);
	cr_assert_eq(commit_one(contract_store, &bob), SFMFA_OK);
	cr_expect_str_eq(found(&bob).user, "bob");
	close.change.number = alice.session.id;
	cr_assert_eq(commit_one(contract_store, &close), SFMFA_OK);
	close.change.number = bob.session.id;
	cr_assert_eq(commit_one(contract_store, &close), SFMFA_OK);
	cr_expect_str_eq(found(&bob).user, "bob", "not alice's to end");
}

Test(session, it_ends)
{
	struct store_op op = open_op("alice", "sshd"), close = change_op(STORE_SESSION_CLOSE, "alice");
	struct session_record session;

	registered_user("alice", APP_COMPLETED);
	cr_assert_eq(commit_one(contract_store, &op), SFMFA_OK);
	close.change.number = op.session.id;
	cr_assert_eq(commit_one(contract_store, &close), SFMFA_OK);
	cr_expect_eq(store_find_session(contract_store, &op.session.place, &session, NULL), SFMFA_ERR_NOT_FOUND);
}

Test(session, those_nobody_ended_are_forgotten)
{
	struct session_record session;
	struct store_op op, first = { 0 };

	registered_user("alice", APP_COMPLETED);
	for (int64_t at = 0; at <= STORE_SESSIONS_MAX; at++) {
		op = open_op("alice", "sshd");
		op.session.place.audit = 100 + at;
		cr_assert_eq(commit_one(contract_store, &op), SFMFA_OK);
		if (at == 0)
			first = op;
	}
	cr_expect_eq(store_find_session(contract_store, &first.session.place, &session, NULL),
		     SFMFA_ERR_NOT_FOUND, "the oldest");
	op = open_op("alice", "sshd");
	strcpy(op.session.place.boot_id, "boot-b");
	cr_assert_eq(commit_one(contract_store, &op), SFMFA_OK);
	first.session.place.audit = 100 + STORE_SESSIONS_MAX;
	cr_expect_eq(store_find_session(contract_store, &first.session.place, &session, NULL),
		     SFMFA_ERR_NOT_FOUND, "of another boot");
}

Test(session, a_user_nobody_knows_gets_a_row_only_where_it_is_asked_for)
{
	struct store_op op = open_op("carol", "sshd");

	cr_expect_eq(commit_one(contract_store, &op), SFMFA_ERR_NOT_FOUND);
	op.session.make_user = true;
	cr_expect_eq(commit_one(contract_store, &op), SFMFA_OK);
	cr_expect_eq(found(&op).proved_at.wall, 0);
	cr_expect_str_eq(read_user(contract_store, "carol").name, "carol");
}

Test(session, a_place_that_is_none_is_not_recorded)
{
	struct store_op op = open_op("alice", "sshd");

	registered_user("alice", APP_COMPLETED);
	op.session.place.audit = -1;
	op.session.place.tty[0] = '\0';
	cr_expect_eq(commit_one(contract_store, &op), SFMFA_ERR_INVALID);
	op = open_op("alice", "sshd");
	op.session.place.boot_id[0] = '\0';
	cr_expect_eq(commit_one(contract_store, &op), SFMFA_ERR_INVALID);
	op = open_op("alice", "");
	cr_expect_eq(commit_one(contract_store, &op), SFMFA_ERR_INVALID);
}
