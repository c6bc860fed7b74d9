/* Approvals of connected apps, their tokens, assertions that were used (rules 5). */
#include <stdio.h>
#include <string.h>

#include "contract.h"
#include "contract_app.h"

TestSuite(app, .init = contract_begin, .fini = contract_end, .timeout = 60);

struct store_op
approve_op(const char *user, const char *app, unsigned char fill)
{
	struct store_op op;

	memset(&op, 0, sizeof op);
	op.kind = STORE_APP_APPROVE;
	op.approve.user = user;
	op.approve.now = NOW;
	op.approve.access = op.approve.refresh = true;
	op.approve.grant.flow = FLOW_WEB_SERVER;
	op.approve.grant.level = LEVEL_HIGH_ASSURANCE;
	op.approve.grant.approved_at = NOW;
	op.approve.grant.access_expires_at = NOW + 3600;
	op.approve.grant.refresh_expires_at = NOW + 86400;
	snprintf(op.approve.grant.app, sizeof op.approve.grant.app, "%s", app);
	snprintf(op.approve.grant.approved_by, sizeof op.approve.grant.approved_by, "%s", user);
	memset(op.approve.access_hash, fill, HASH_SIZE);
	memset(op.approve.family_hash, fill, HASH_SIZE);
	memset(op.approve.refresh_hash, 1, HASH_SIZE);
	return op;
}

struct store_op
refresh_op(int64_t user_id, unsigned char family, unsigned char shown)
{
	struct store_op op;

	memset(&op, 0, sizeof op);
	op.kind = STORE_APP_REFRESH;
	op.refresh.user_id = user_id;
	op.refresh.now = NOW;
	op.refresh.refresh_expires_at = NOW + 2 * 86400;
	op.refresh.access_expires_at = NOW + 3600;
	op.refresh.from = "pts/1";
	memset(op.refresh.family_hash, family, HASH_SIZE);
	memset(op.refresh.refresh_hash, shown, HASH_SIZE);
	memset(op.refresh.new_refresh_hash, shown + 1, HASH_SIZE);
	memset(op.refresh.access_hash, 100 + shown, HASH_SIZE);
	return op;
}

struct store_op
assertion_op(unsigned char fill)
{
	struct store_op op;

	memset(&op, 0, sizeof op);
	op.kind = STORE_CREDENTIAL;
	op.credential.single_use = true;
	op.credential.expires_at = NOW + 60;
	op.credential.now = NOW;
	memset(op.credential.hash, fill, HASH_SIZE);
	return op;
}

static struct store_op
use_op(int64_t user_id, unsigned char fill)
{
	struct store_op op = assertion_op(fill);

	op.credential.token = true;
	op.credential.single_use = false;
	op.credential.user_id = user_id;
	op.credential.from = "10.0.0.7";
	return op;
}

static enum credential_result
use(struct store_op op)
{
	cr_assert_eq(commit_one(contract_store, &op), SFMFA_OK);
	return op.kind == STORE_APP_REFRESH ? op.refresh.result : op.credential.result;
}

static void
approve(const char *user, const char *app, unsigned char fill)
{
	struct store_op op = approve_op(user, app, fill);

	cr_assert_eq(commit_one(contract_store, &op), SFMFA_OK);
	cr_assert_gt(op.approve.id, 0);
}

static enum sfmfa_err
find_access(unsigned char fill, struct app_token *ret_token)
{
	unsigned char hash[HASH_SIZE];

	memset(hash, fill, HASH_SIZE);
	return store_find_access(contract_store, hash, ret_token, NULL);
}

static bool
access_is_there(unsigned char fill)
{
	struct app_token token;

	return find_access(fill, &token) == SFMFA_OK;
}

static size_t
grants_of(int64_t user_id, struct app_grant *ret_grants)
{
	size_t count = 0;

	cr_assert_eq(store_list_grants(contract_store, user_id, 0, ret_grants, STORE_GRANTS_MAX, &count, NULL), SFMFA_OK);
	return count;
}

Test(app, an_approval_is_found_by_its_tokens)
{
	struct user_record alice = registered_user("alice", APP_COMPLETED);
	unsigned char hash[HASH_SIZE];
	struct app_token token;
	struct app_grant grant;

	approve("alice", "mail", 7);
	cr_assert_eq(find_access(7, &token), SFMFA_OK);
	cr_expect_eq(token.grant.user_id, alice.id);
	cr_expect_str_eq(token.grant.app, "mail");
	cr_expect(token.flow == FLOW_WEB_SERVER && token.grant.flow == FLOW_WEB_SERVER);
	cr_expect(token.grant.level == LEVEL_HIGH_ASSURANCE && token.expires_at == NOW + 3600);
	cr_expect_str_eq(token.grant.approved_by, "alice");
	memset(hash, 7, sizeof hash);
	cr_assert_eq(store_find_family(contract_store, hash, &grant, NULL), SFMFA_OK);
	cr_expect_eq(grant.id, token.grant.id);
	cr_expect_eq(find_access(8, &token), SFMFA_ERR_NOT_FOUND);
	hash[0]++;
	cr_expect_eq(store_find_family(contract_store, hash, &grant, NULL), SFMFA_ERR_NOT_FOUND);
}

Test(app, an_access_token_is_its_users_until_its_end)
{
	struct user_record alice = registered_user("alice", APP_COMPLETED);
	struct user_record bob = registered_user("bob", APP_COMPLETED);
	struct app_grant grants[STORE_GRANTS_MAX];
	struct store_op late = use_op(alice.id, 7);

	approve("alice", "mail", 7);
	cr_expect_eq(use(use_op(alice.id, 7)), CREDENTIAL_RESULT_GOOD);
	cr_expect_eq(use(use_op(alice.id, 7)), CREDENTIAL_RESULT_GOOD);
	cr_expect_eq(use(use_op(bob.id, 7)), CREDENTIAL_RESULT_REVOKED);
	cr_expect_eq(use(use_op(0, 7)), CREDENTIAL_RESULT_REVOKED);
	cr_expect_eq(use(use_op(alice.id, 8)), CREDENTIAL_RESULT_REVOKED);
	late.credential.now = NOW + 3600;
	cr_expect_eq(use(late), CREDENTIAL_RESULT_EXPIRED);
	cr_assert_eq(grants_of(alice.id, grants), 1);
	cr_expect_eq(grants[0].last_used_at, NOW);
	cr_expect_str_eq(grants[0].last_used_from, "10.0.0.7");
	cr_expect_eq(grants[0].access_expires_at, NOW + 3600);
}

Test(app, a_refresh_token_is_replaced_at_each_use)
{
	struct user_record alice = registered_user("alice", APP_COMPLETED);
	struct app_token token;

	approve("alice", "mail", 7);
	cr_expect_eq(use(refresh_op(alice.id, 7, 1)), CREDENTIAL_RESULT_GOOD);
	cr_expect_eq(use(refresh_op(alice.id, 7, 2)), CREDENTIAL_RESULT_GOOD);
	cr_assert_eq(find_access(102, &token), SFMFA_OK);
	cr_expect_eq(token.flow, FLOW_REFRESH_TOKEN);
	cr_expect(access_is_there(7) && access_is_there(101), "those of before live to their end");
	cr_expect_eq(token.grant.refresh_expires_at, NOW + 2 * 86400);
}

/* However long ago: nothing is remembered of it but that it is not the newest. */
Test(app, a_refresh_token_that_was_replaced_revokes_its_family)
{
	struct user_record alice = registered_user("alice", APP_COMPLETED);
	struct app_grant grants[STORE_GRANTS_MAX];

	approve("alice", "mail", 7);
	approve("alice", "mail", 8);
	for (unsigned char shown = 1; shown < 100; shown++)
		cr_assert_eq(use(refresh_op(alice.id, 7, shown)), CREDENTIAL_RESULT_GOOD);
	cr_expect_eq(use(refresh_op(alice.id, 7, 1)), CREDENTIAL_RESULT_REPLAYED);
	cr_expect_eq(use(refresh_op(alice.id, 7, 100)), CREDENTIAL_RESULT_REVOKED);
	cr_expect_not(access_is_there(199));
	cr_expect(access_is_there(8), "another family of the same app lives");
	cr_expect_eq(grants_of(alice.id, grants), 1);
}

Test(app, a_refresh_token_of_somebody_else_changes_nothing)
{
	struct user_record alice = registered_user("alice", APP_COMPLETED);
	struct user_record bob = registered_user("bob", APP_COMPLETED);
	struct store_op late = refresh_op(alice.id, 7, 1);

	approve("alice", "mail", 7);
	cr_expect_eq(use(refresh_op(bob.id, 7, 1)), CREDENTIAL_RESULT_REVOKED);
	cr_expect_eq(use(refresh_op(bob.id, 7, 9)), CREDENTIAL_RESULT_REVOKED);
	cr_expect_eq(use(refresh_op(alice.id, 9, 1)), CREDENTIAL_RESULT_REVOKED);
	late.refresh.now = NOW + 86400;
	cr_expect_eq(use(late), CREDENTIAL_RESULT_EXPIRED);
	cr_expect_eq(use(refresh_op(alice.id, 7, 1)), CREDENTIAL_RESULT_GOOD);
}

Test(app, access_tokens_of_one_approval_are_bounded)
{
	struct user_record alice = registered_user("alice", APP_COMPLETED);
	unsigned there = 0;

	approve("alice", "mail", 7);
	for (unsigned char shown = 1; shown <= 40; shown++) {
		struct store_op op = refresh_op(alice.id, 7, shown);

		op.refresh.access_expires_at = NOW + 3600 + shown;
		cr_assert_eq(use(op), CREDENTIAL_RESULT_GOOD);
	}
	for (unsigned char shown = 1; shown <= 40; shown++)
		there += access_is_there((unsigned char)(100 + shown));
	cr_expect_eq(there, STORE_ACCESS_MAX);
	cr_expect(access_is_there(140));
}

Test(app, approvals_of_one_user_are_bounded_and_those_that_ended_make_room)
{
	struct user_record alice = registered_user("alice", APP_COMPLETED);
	struct app_grant grants[STORE_GRANTS_MAX];
	struct store_op op;

	for (unsigned char at = 0; at < STORE_GRANTS_MAX; at++)
		approve("alice", "mail", (unsigned char)(at + 1));
	op = approve_op("alice", "mail", 200);
	cr_expect_eq(commit_one(contract_store, &op), SFMFA_ERR_TOO_LARGE);
	op.approve.now = NOW + 86400;
	cr_expect_eq(commit_one(contract_store, &op), SFMFA_OK);
	cr_expect_eq(grants_of(alice.id, grants), 1);
}

Test(app, an_approval_without_tokens_is_given_once)
{
	struct user_record alice = registered_user("alice", APP_COMPLETED);
	struct store_op op = approve_op("alice", "mail", 0);

	op.approve.access = op.approve.refresh = false;
	op.approve.grant.flow = FLOW_JWT_BEARER;
	op.approve.grant.refresh_expires_at = op.approve.grant.access_expires_at = 0;
	cr_expect_eq(store_find_approval(contract_store, alice.id, "mail", FLOW_JWT_BEARER, NULL), SFMFA_ERR_NOT_FOUND);
	cr_assert_eq(commit_one(contract_store, &op), SFMFA_OK);
	cr_expect_eq(commit_one(contract_store, &op), SFMFA_ERR_EXISTS);
	cr_expect_eq(store_find_approval(contract_store, alice.id, "mail", FLOW_JWT_BEARER, NULL), SFMFA_OK);
	cr_expect_eq(store_find_approval(contract_store, alice.id, "mail", FLOW_DEVICE, NULL), SFMFA_ERR_NOT_FOUND);
	cr_expect_eq(store_find_approval(contract_store, alice.id, "ftp", FLOW_JWT_BEARER, NULL), SFMFA_ERR_NOT_FOUND);
}

Test(app, an_assertion_is_good_once)
{
	struct store_op again = assertion_op(5);

	cr_expect_eq(use(assertion_op(5)), CREDENTIAL_RESULT_GOOD);
	cr_expect_eq(use(assertion_op(5)), CREDENTIAL_RESULT_REPLAYED);
	cr_expect_eq(use(assertion_op(6)), CREDENTIAL_RESULT_GOOD);
	/* Past its end it is still known, should a clock go back. */
	again.credential.now = NOW + 60 + STORE_ASSERTION_SECONDS;
	cr_expect_eq(use(again), CREDENTIAL_RESULT_REPLAYED);
	for (unsigned char at = 10; at < 20; at++) {
		struct store_op other = assertion_op(at);

		other.credential.now = NOW + 61 + STORE_ASSERTION_SECONDS;
		other.credential.expires_at = other.credential.now + 60;
		cr_assert_eq(use(other), CREDENTIAL_RESULT_GOOD);
	}
	cr_expect_eq(use(assertion_op(5)), CREDENTIAL_RESULT_GOOD, "forgotten");
}

Test(app, an_assertion_without_an_id_leaves_nothing)
{
	struct store_op op = assertion_op(5);

	op.credential.single_use = false;
	cr_expect_eq(use(op), CREDENTIAL_RESULT_GOOD);
	cr_expect_eq(use(op), CREDENTIAL_RESULT_GOOD);
}

Test(app, an_assertion_can_depend_on_an_approval)
{
	struct user_record alice = registered_user("alice", APP_COMPLETED);
	struct store_op op = assertion_op(5), approval = approve_op("alice", "mail", 0);

	op.credential.user_id = alice.id;
	op.credential.app = "mail";
	op.credential.flow = FLOW_JWT_BEARER;
	cr_expect_eq(use(op), CREDENTIAL_RESULT_REVOKED);
	approval.approve.access = approval.approve.refresh = false;
	approval.approve.grant.flow = FLOW_JWT_BEARER;
	cr_assert_eq(commit_one(contract_store, &approval), SFMFA_OK);
	cr_expect_eq(use(op), CREDENTIAL_RESULT_GOOD, "and it was not used up before");
}

Test(app, what_is_revoked_is_gone)
{
	struct user_record alice = registered_user("alice", APP_COMPLETED);
	struct app_grant grants[STORE_GRANTS_MAX];
	struct store_op op = change_op(STORE_APP_REVOKE, "alice");

	approve("alice", "mail", 1);
	approve("alice", "mail", 2);
	approve("alice", "ftp", 3);
	cr_assert_eq(grants_of(alice.id, grants), 3);
	op.change.number = grants[0].id;
	cr_assert_eq(commit_one(contract_store, &op), SFMFA_OK);
	cr_expect(op.change.until == 1 && !access_is_there(1) && access_is_there(2));
	op.change.number = 0;
	op.change.name = "mail";
	cr_assert_eq(commit_one(contract_store, &op), SFMFA_OK);
	cr_expect(op.change.until == 1 && !access_is_there(2) && access_is_there(3));
	cr_expect_eq(commit_one(contract_store, &op), SFMFA_ERR_NOT_FOUND);
	op = change_op(STORE_APP_REVOKE, "bob");
	op.change.name = "ftp";
	cr_expect_eq(commit_one(contract_store, &op), SFMFA_ERR_NOT_FOUND);
	op = change_op(STORE_DISCONNECT, "alice");
	cr_assert_eq(commit_one(contract_store, &op), SFMFA_OK);
	cr_expect_not(access_is_there(3), "its proof was the authenticator app's");
}

Test(app, a_user_who_is_forgotten_leaves_no_token)
{
	struct store_op op = change_op(STORE_DELETE_USER, "alice");

	(void)registered_user("alice", APP_COMPLETED);
	approve("alice", "mail", 1);
	cr_assert_eq(commit_one(contract_store, &op), SFMFA_OK);
	cr_expect_not(access_is_there(1));
}
