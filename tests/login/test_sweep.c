/*
 * The n-th call of store, clock or randomness fails, for every n until nothing fails: nobody is let in by a failure,
 * and nothing is said to be done that is not.
 */
#include <stdio.h>
#include <string.h>

#include "auth/command.h"
#include "failing.h"
#include "factor/totp.h"

static struct fixture f;
static struct secret shared;

static void
begin(const char *permissions)
{
	fixture_start(&f, permissions, "services = { api = [ \"dovecot\" ]; };\n");
}

static void
finish(void)
{
	failing_end();
	fixture_finish(&f);
}

TestSuite(sweep, .fini = finish);

/* ---- logins -------------------------------------------------------------------------------------------- */

struct step {
	enum input_kind kind;
	const char *answer; /* "@app": the code of the app whose key is on the screen */
};

static const char *
read_app(const struct login *login)
{
	static char code[16];
	const char *at = strstr(login_ask(login)->info, "secret=");
	char key[TOTP_BASE32_SIZE];

	/* Asked for something else: a failure has changed the course, and this answers nothing. */
	if (at == NULL)
		return "000000";
	snprintf(key, sizeof(key), "%.*s", (int)strcspn(at + 7, "&\n"), at + 7);
	cr_assert_eq(totp_from_base32(key, &shared), SFMFA_OK);
	fixture_code(&f, &shared, 0, code);
	return code;
}

/* Steps through the answers for as long as the login asks; true if it was let in, through the account phase. */
static bool
run(struct login_request *request, const struct step steps[], size_t count)
{
	struct login *login = fixture_login(&f, &f.root, request);
	enum turn turn = fixture_step(&f, login, INPUT_NONE, NULL);
	bool allowed;

	for (size_t i = 0; i < count && turn != TURN_DONE; i++) {
		const char *answer = steps[i].answer;

		if (answer != NULL && strcmp(answer, "@app") == 0)
			answer = read_app(login);
		turn = fixture_step(&f, login, steps[i].kind, answer);
	}
	cr_assert_eq(turn, TURN_DONE, "call %d", failing.failed_at);
	allowed = login_result(login)->account == OUTCOME_ALLOW;
	login_destroy(login);
	return allowed;
}

/*
 * One login with the n-th call failing. The clock of the event alone may fail, and the name that the login hands over
 * to its session: the verdict stands by then. Returns false after the one in which nothing failed.
 */
static bool
try_login(int n, struct login_request *request, const struct step steps[], size_t count)
{
	bool allowed;

	f.event_count = 0;
	failing_begin(&f, n);
	allowed = run(request, steps, count);
	failing_end();
	cr_assert_eq(f.event_count, 1, "call %d", n);
	cr_assert_eq(fixture_event(&f)->verdict == VERDICT_ALLOW, allowed, "call %d", n);
	if (failing.failed_at < 0) {
		cr_assert(allowed, "nothing failed");
		return false;
	}
	return true;
}

Test(sweep, no_failure_lets_a_ui_login_in)
{
	int n = 0;

	begin("\"mfa-ui-logins\"");
	fixture_enrol(&f, "alice", APP_COMPLETED, &shared);
	for (bool more = true; more; n++) {
		struct login_request request = fixture_request("alice", "login");
		char code[16];
		f.now += 60;
		fixture_code(&f, &shared, 0, code);
		more = try_login(n, &request, (const struct step[]){ { INPUT_ANSWER, code } }, 1);
		/* Right or not at all: what was let in has spent its code. */
		if (fixture_event(&f)->verdict == VERDICT_ALLOW)
			cr_assert_eq(fixture_record(&f, "alice").guard.last_step, f.now / 30, "call %d", n);
	}
	cr_assert_gt(n, 5, "clock, user, clock, commit, clock");
}

Test(sweep, no_failure_makes_a_wrong_answer_right)
{
	begin("\"mfa-ui-logins\"");
	fixture_enrol(&f, "alice", APP_COMPLETED, &shared);
	for (int n = 0; failing.failed_at >= 0 || n == 0; n++) {
		struct login_request request = fixture_request("alice", "login");
		char code[16];
		f.now += 24 * 60 * 60;
		fixture_code(&f, &shared, 100, code);
		failing_begin(&f, n);
		bool allowed = run(&request, (const struct step[]){ { INPUT_ANSWER, code } }, 1);
		failing_end();
		cr_assert_not(allowed, "call %d", n);
	}
}

Test(sweep, no_failure_lets_an_api_login_in)
{
	char token[32], field[64];
	int n = 0;

	begin("\"api-enabled\"");
	fixture_token(&f, "alice", "mail", 0, NULL, token);
	snprintf(field, sizeof(field), "hunter2%s", token);
	for (bool more = true; more; n++) {
		struct login_request request = fixture_request("alice", "dovecot");
		request.split = true;
		cr_assert_eq(secret_set(&request.password, field, strlen(field)), SFMFA_OK);
		more = try_login(n, &request, (const struct step[]){ { INPUT_FIRST_FACTOR_OK, NULL } }, 1);
		/* What the split could not find out, the commit of the attempt did. */
		if (fixture_event(&f)->verdict == VERDICT_ALLOW)
			cr_assert_eq(failing.commits, 1, "call %d", n);
	}
	cr_assert_gt(n, 6, "clock, user, clock, token, commit, clock");
}

Test(sweep, no_failure_lets_in_whoever_sends_no_token)
{
	begin("\"api-enabled\"");
	for (int n = 0; failing.failed_at >= 0 || n == 0; n++) {
		struct login_request request = fixture_request("alice", "dovecot");
		request.split = true;
		cr_assert_eq(secret_set(&request.password, "hunter2", 7), SFMFA_OK);
		failing_begin(&f, n);
		bool allowed = run(&request, (const struct step[]){ { INPUT_FIRST_FACTOR_OK, NULL } }, 1);
		failing_end();
		cr_assert_not(allowed, "call %d", n);
	}
}

Test(sweep, no_failure_lets_in_without_a_registration)
{
	static const struct step steps[] = { { INPUT_ANSWER, "@app" }, { INPUT_ANSWER, "" }, { INPUT_COMMIT, NULL } };
	int n = 0;

	begin("\"mfa-ui-logins\"");
	for (bool more = true; more; n++) {
		char user[32];
		struct login_request request;
		snprintf(user, sizeof(user), "user%d", n);
		request = fixture_request(user, "login");
		f.now += 60;
		f.event_count = 0;
		failing_begin(&f, n);
		bool allowed = run(&request, steps, 3);
		failing_end();
		more = failing.failed_at >= 0;
		cr_assert(more || allowed, "nothing failed");
		if (allowed)
			cr_assert_eq(fixture_record(&f, user).app.state, APP_COMPLETED, "call %d", n);
		else
			cr_assert(failing.committed_at < 0 || failing.committed_at < failing.failed_at, "call %d", n);
	}
	cr_assert_gt(n, 100, "the shared secret and ten codes");
}

/* A public key, of which sfmfa has seen nothing (rules 8, "No evidence"). */
Test(sweep, no_failure_takes_the_place_of_evidence)
{
	begin("\"mfa-ui-logins\"");
	fixture_enrol(&f, "alice", APP_COMPLETED, &shared);
	for (int n = 0; failing.failed_at >= 0 || n == 0; n++) {
		struct login_request request = fixture_request("alice", "login");
		struct login *login;
		request.phase = PHASE_ACCOUNT;
		failing_begin(&f, n);
		login = fixture_login(&f, &f.root, &request);
		cr_assert_eq(fixture_step(&f, login, INPUT_NONE, NULL), TURN_DONE);
		cr_assert_neq(login_result(login)->account, OUTCOME_ALLOW, "call %d", n);
		login_destroy(login);
		failing_end();
	}
}

/* ---- commands ------------------------------------------------------------------------------------------- */

struct act {
	enum verb verb;
	const char *key, *value; /* one argument, or NULL */
};

static const struct act acts[] = {
	{ VERB_USER_FREEZE, NULL, NULL },         { VERB_USER_UNFREEZE, NULL, NULL },
	{ VERB_USER_UNLOCK, "clock", "1" },       { VERB_PROFILE_ASSIGN, "profile", "standard" },
	{ VERB_PROFILE_UNASSIGN, NULL, NULL },    { VERB_PERM_ASSIGN, "assignment", "api-enabled" },
	{ VERB_PERM_REVOKE, "assignment", "api-enabled" }, { VERB_TOKEN_NEW, "label", "mail" },
	{ VERB_TOKEN_REVOKE, "label", "mail" },   { VERB_TEMP_CODE, "hours", "1" },
	{ VERB_TEMP_CODE_EXPIRE, NULL, NULL },    { VERB_RECOVERY_RENEW, NULL, NULL },
	{ VERB_ENROLL, "replace", "1" },          { VERB_DISCONNECT, NULL, NULL },
	{ VERB_PASSWORD_CHANGED, NULL, NULL },    { VERB_USER_SHOW, NULL, NULL },
	{ VERB_TOKEN_LIST, NULL, NULL },          { VERB_PERM_LIST, NULL, NULL },
};

static enum command_status
command(const struct act *act)
{
	struct command_request request = { .verb = act->verb, .has_subject = true };
	struct command *machine = NULL;
	const struct fields *reply;
	const char *sentence;
	enum command_status status;
	enum turn turn;

	request.subject = fixture_request("alice", "login").person;
	if (act->key != NULL)
		cr_assert_eq(fields_add_text(&request.args, act->key, act->value), SFMFA_OK);
	cr_assert_eq(command_create(&f.env, &f.root, &request, &machine), SFMFA_OK);
	for (turn = command_step(machine, NULL); turn == TURN_WRITE; turn = command_step(machine, NULL)) {
		struct store_op *ops[] = { command_op(machine) };
		enum sfmfa_err err = store_commit(f.env.store, ops, 1, NULL);

		if (err != SFMFA_OK)
			ops[0]->err = err;
	}
	cr_assert_eq(turn, TURN_DONE);
	status = command_result(machine, &sentence, &reply);
	command_destroy(machine);
	return status;
}

/* The state in which the act can be done. */
static void
prepare(const struct act *act)
{
	static const struct act before[] = {
		[VERB_USER_UNFREEZE] = { VERB_USER_FREEZE, NULL, NULL },
		[VERB_PROFILE_UNASSIGN] = { VERB_PROFILE_ASSIGN, "profile", "standard" },
		[VERB_PERM_REVOKE] = { VERB_PERM_ASSIGN, "assignment", "api-enabled" },
		[VERB_TOKEN_REVOKE] = { VERB_TOKEN_NEW, "label", "mail" },
		[VERB_TEMP_CODE_EXPIRE] = { VERB_TEMP_CODE, "hours", "1" },
	};
	struct store_op delete = { .kind = STORE_DELETE_USER, .change = { .user = "alice", .now = f.now } };

	f.now += 60 * 60;
	delete.change.now = f.now;
	fixture_commit(&f, &delete);
	fixture_enrol(&f, "alice", APP_COMPLETED, &shared);
	if ((size_t)act->verb < sizeof(before) / sizeof(before[0]) && before[act->verb].verb != VERB_NONE)
		cr_assert_eq(command(&before[act->verb]), COMMAND_DONE, "%d", act->verb);
}

/* Done, it has written what it writes when nothing fails; else it says that it could not. */
static void
sweep_command(const struct act *act)
{
	int commits;

	prepare(act);
	failing_begin(&f, -1);
	cr_assert_eq(command(act), COMMAND_DONE, "verb %d", act->verb);
	failing_end();
	commits = failing.commits;
	for (int n = 0;; n++) {
		enum command_status status;

		prepare(act);
		f.event_count = 0;
		failing_begin(&f, n);
		status = command(act);
		failing_end();
		if (failing.failed_at < 0)
			break;
		if (status == COMMAND_DONE)
			cr_assert_eq(failing.commits, commits, "verb %d, call %d", act->verb, n);
		else
			cr_assert_eq(status, COMMAND_FAILED, "verb %d, call %d", act->verb, n);
	}
}

Test(sweep, no_failure_makes_a_command_say_what_it_did_not_do, .timeout = 300)
{
	begin("\"api-enabled\", \"mfa-ui-logins\"");
	fixture_enrol(&f, "alice", APP_COMPLETED, &shared);
	for (size_t i = 0; i < sizeof(acts) / sizeof(acts[0]); i++)
		sweep_command(&acts[i]);
}
