/* The n-th call of the store or the clock fails, for every n: nobody is ever let in by a failure. */
#include <stdio.h>
#include <string.h>

#include "fixture.h"

static struct fixture f;

/* The real store, one call of which fails. */
struct failing_store {
	struct store store;
	struct store *real;
	int left; /* calls until the one that fails; negative: none does */
	int calls;
};

static struct failing_store failing;

static bool
fails(void)
{
	failing.calls++;
	return failing.left-- == 0;
}

static enum sfmfa_err
read_user(struct store *store, const char *name, int64_t caller, struct user_record *ret_user,
	  struct diag *diag)
{
	return fails() ? SFMFA_ERR_STORE
		       : failing.real->ops->read_user(failing.real, name, caller, ret_user, diag);
}

static enum sfmfa_err
find_token(struct store *store, int64_t user_id, const unsigned char hash[HASH_SIZE],
	   struct token_record *ret_token, struct diag *diag)
{
	return fails() ? SFMFA_ERR_STORE
		       : failing.real->ops->find_token(failing.real, user_id, hash, ret_token, diag);
}

static enum sfmfa_err
commit(struct store *store, struct store_op *const ops[], size_t count, struct diag *diag)
{
	return fails() ? SFMFA_ERR_STORE : failing.real->ops->commit(failing.real, ops, count, diag);
}

static enum sfmfa_err
now(void *data, struct moment *ret_now)
{
	if (fails())
		return SFMFA_ERR_CLOCK;
	*ret_now = (struct moment){ .wall = f.now, .boot = 1000, .boot_id = "boot-one" };
	return SFMFA_OK;
}

static const struct store_ops ops = { .read_user = read_user, .find_token = find_token, .commit = commit };

static void
begin(const char *permissions)
{
	fixture_start(&f, permissions, "services = { api = [ \"dovecot\" ]; };\n");
	failing = (struct failing_store){ .store = { .ops = &ops }, .real = f.env.store, .left = -1 };
}

static void
arm(int left)
{
	failing.left = left;
	failing.calls = 0;
	f.env.store = &failing.store;
	f.env.clock.now = now;
}

static void
disarm(void)
{
	f.env.store = failing.real;
}

static void
finish(void)
{
	disarm();
	fixture_finish(&f);
}

TestSuite(sweep, .fini = finish);

/* Steps through the answers for as long as the login asks; true if it was let in. */
static bool
run(struct login_request *request, const enum input_kind kinds[], const char *const answers[], size_t count)
{
	struct login *login = fixture_login(&f, &f.root, request);
	enum turn turn = fixture_step(&f, login, INPUT_NONE, NULL);

	for (size_t i = 0; i < count && turn != TURN_DONE; i++)
		turn = fixture_step(&f, login, kinds[i], answers[i]);
	cr_assert_eq(turn, TURN_DONE);
	bool allowed = login_result(login)->auth == OUTCOME_ALLOW;
	if (allowed)
		cr_assert_eq(fixture_event(&f)->verdict, VERDICT_ALLOW);
	login_destroy(login);
	return allowed;
}

Test(sweep, no_failure_lets_a_ui_login_in)
{
	static const enum input_kind kinds[] = { INPUT_ANSWER };
	struct secret shared;
	int reached = 0;

	begin("\"mfa-ui-logins\"");
	fixture_enrol(&f, "alice", APP_COMPLETED, &shared);
	for (int n = 0;; n++) {
		struct login_request request = fixture_request("alice", "login");
		char code[16];
		const char *answers[] = { code };
		f.now += 60;
		f.event_count = 0;
		fixture_code(&f, &shared, 0, code);
		arm(n);
		bool allowed = run(&request, kinds, answers, 1);
		disarm();
		cr_assert_eq(f.event_count, 1, "call %d", n);
		if (failing.left >= 0) {
			cr_assert(allowed, "nothing failed");
			break;
		}
		/* The clock of the event alone may fail: the verdict stands by then. */
		if (allowed)
			cr_assert_eq(n, failing.calls - 1, "call %d", n);
		else
			reached++;
	}
	cr_assert_geq(reached, 5, "clock, user, clock, commit, clock");
}

Test(sweep, no_failure_lets_an_api_login_in)
{
	static const enum input_kind kinds[] = { INPUT_FIRST_FACTOR_OK };
	static const char *const answers[] = { NULL };
	char token[32], field[64];
	int reached = 0;

	begin("\"api-enabled\"");
	fixture_token(&f, "alice", "mail", 0, NULL, token);
	snprintf(field, sizeof(field), "hunter2%s", token);
	for (int n = 0;; n++) {
		struct login_request request = fixture_request("alice", "dovecot");
		request.split = true;
		cr_assert_eq(secret_set(&request.password, field, strlen(field)), SFMFA_OK);
		f.event_count = 0;
		arm(n);
		bool allowed = run(&request, kinds, answers, 1);
		disarm();
		cr_assert_eq(f.event_count, 1, "call %d", n);
		if (failing.left >= 0) {
			cr_assert(allowed, "nothing failed");
			break;
		}
		if (allowed)
			cr_assert_eq(n, failing.calls - 1, "call %d", n);
		else
			reached++;
	}
	cr_assert_geq(reached, 6, "clock, user, clock, token, commit, clock");
}
