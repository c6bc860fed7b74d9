/* Connected apps: approved in a session of one's own, refreshed, listed, revoked; by whom (rules 2 and 5). */
#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "auth/administer.h"
#include "stage.h"

static struct stage stage;

/* Processes began at ten times their number (stage.c). */
#define LEADER       100
#define LEADER_START 1000
#define TTY          "pts/7"
#define WEB                                                                                     \
	"client_id = \"web\"; flows = [ \"web-server\", \"refresh-token\", \"user-agent\" ]; " \
	"services = [ \"dovecot\" ];\npermitted_users = \"self-authorize\";\naccess_token_minutes = 10;\n"

static void
open_stage(void)
{
	stage_open(&stage, "");
	stage_write(&stage, "profiles.d/apps.conf",
		    "license = \"full\"; permissions = [ \"api-enabled\", \"manage-connected-apps\" ];\n"
		    "members = { users = [ \"petra\" ]; };\npriority = 1;\n");
	stage_write(&stage, "apps.d/web.conf", WEB);
	stage_write(&stage, "apps.d/high.conf",
		    "client_id = \"high\"; flows = [ \"web-server\" ]; services = [ \"dovecot\" ];\n"
		    "permitted_users = \"self-authorize\"; session_level = \"high-assurance\"; action = \"raise\";\n");
	stage_write(&stage, "apps.d/block.conf",
		    "client_id = \"block\"; flows = [ \"web-server\" ]; services = [ \"dovecot\" ];\n"
		    "permitted_users = \"self-authorize\"; session_level = \"high-assurance\";\n");
	stage_write(&stage, "apps.d/members.conf",
		    "client_id = \"members\"; flows = [ \"web-server\" ]; services = [ \"dovecot\" ];\n"
		    "members = { users = [ \"bob\" ]; };\n");
	stage_write(&stage, "apps.d/old.conf",
		    "client_id = \"old\"; flows = [ \"username-password\" ]; services = [ \"dovecot\" ];\n"
		    "permitted_users = \"self-authorize\";\n");
	stage_reload(&stage);
}

static void
close_stage(void)
{
	stage_close(&stage);
}

TestSuite(apps, .init = open_stage, .fini = close_stage, .timeout = 60);

static void
commit(struct store_op *op)
{
	struct store_op *ops[] = { op };

	cr_assert_eq(store_commit(stage.env.store, ops, 1, NULL), SFMFA_OK);
	cr_assert_eq(op->err, SFMFA_OK, "%s", sfmfa_err_word(op->err));
}

/* A session of this user at the terminal, opened through the UI; proved: with a code just now. */
static struct caller
in_session(const char *user, bool proved)
{
	struct caller caller = stage_caller(user);
	struct store_op op = { .kind = STORE_ENSURE_USER, .change = { .user = user, .now = stage.now.wall } };

	commit(&op);
	if (proved) {
		const struct user_record *record = stage_record(&stage, user);
		struct store_op attempt = { .kind = STORE_ATTEMPT };

		attempt.attempt = (struct store_attempt){
			.user_id = record->id, .generation = record->generation, .caller = -1,
			.policy = { 10, 900 }, .now = stage.now, .now_step = stage.now.wall / 30, .window = 1,
			.kind = ATTEMPT_KIND_TOTP, .step = stage.now.wall / 30,
			.handover = { .hash = { 1 }, .service = "login", .method = FACTOR_TOTP },
		};
		commit(&attempt);
		cr_assert_eq(attempt.attempt.result, ATTEMPT_RESULT_RIGHT);
	}
	op = (struct store_op){ .kind = STORE_SESSION_OPEN };
	op.session.user = user;
	op.session.service = "login";
	op.session.login_type = LOGIN_UI;
	op.session.proved_by = "";
	op.session.now = stage.now;
	op.session.place = (struct session_place){ .audit = -1, .leader = LEADER, .leader_start = LEADER_START, .tty = TTY };
	memcpy(op.session.place.boot_id, stage.now.boot_id, sizeof(stage.now.boot_id));
	if (proved)
		op.session.handover_hash[0] = 1;
	commit(&op);
	cr_assert_eq(op.session.proved, proved);
	stage_pass(&stage, 30);
	caller.place = op.session.place;
	return caller;
}

static struct outcome_of
approve(const struct caller *caller, const char *subject, const char *app)
{
	return stage_run(&stage, caller, VERB_APP_APPROVE, subject, ARGS("app", app), NO_ANSWERS);
}

static void
expect(struct outcome_of outcome, enum command_status status, enum reason reason)
{
	cr_expect_eq(outcome.status, status, "%s", outcome.sentence);
	if (status != COMMAND_USAGE)
		cr_expect_str_eq(reason_key(stage.event.reason), reason_key(reason), "%s", outcome.sentence);
	outcome_clear(&outcome);
}

static void
copy_reply(const struct outcome_of *outcome, const char *key, char text[128])
{
	snprintf(text, 128, "%s", reply_text(outcome, key));
}

static struct outcome_of
refresh(const struct caller *caller, const char *token)
{
	return stage_run(&stage, caller, VERB_APP_REFRESH, NULL, ARGS("refresh_token", token), NO_ANSWERS);
}

Test(apps, an_approval_prints_an_access_and_a_refresh_token)
{
	struct caller alice = in_session("alice", false);
	struct outcome_of outcome = approve(&alice, NULL, "web");
	char text[32];

	cr_assert_eq(outcome.status, COMMAND_DONE, "%s", outcome.sentence);
	cr_expect_eq(strncmp(reply_text(&outcome, "access_token"), "sfa_", 4), 0);
	cr_expect_eq(strncmp(reply_text(&outcome, "refresh_token"), "sfr_", 4), 0);
	snprintf(text, sizeof(text), "%lld", (long long)stage.now.wall + 600);
	cr_expect_str_eq(reply_text(&outcome, "expires"), text);
	cr_expect_str_eq(reply_text(&outcome, "flow"), "web-server");
	cr_expect_null(strstr(stage.event.change, "sf"), "%s", stage.event.change);
	cr_expect_not_null(strstr(stage.event.change, "app web, flow web-server"), "%s", stage.event.change);
	outcome_clear(&outcome);
	outcome = stage_run(&stage, &alice, VERB_APP_APPROVE, NULL, ARGS("app", "web", "flow", "user-agent"), NO_ANSWERS);
	cr_expect_eq(strncmp(reply_text(&outcome, "access_token"), "sfa_", 4), 0);
	cr_expect_str_eq(reply_text(&outcome, "refresh_token"), "");
	outcome_clear(&outcome);
}

Test(apps, without_a_session_nobody_approves)
{
	struct caller alice = stage_caller("alice"), bob;

	expect(approve(&alice, NULL, "web"), COMMAND_REFUSED, REASON_SESSION_LEVEL);
	/* Somebody else's session. */
	bob = in_session("bob", false);
	alice.place = bob.place;
	expect(approve(&alice, NULL, "web"), COMMAND_REFUSED, REASON_SESSION_LEVEL);
}

Test(apps, who_owes_a_factor_approves_in_a_session_that_has_one)
{
	struct caller alice;

	stage_enroll(&stage, "alice", true);
	stage_profile(&stage, "alice", "mfa");
	alice = in_session("alice", false);
	expect(approve(&alice, NULL, "web"), COMMAND_REFUSED, REASON_SESSION_LEVEL);
	alice = in_session("alice", true);
	expect(approve(&alice, NULL, "web"), COMMAND_DONE, REASON_OK);
}

Test(apps, an_app_that_demands_more_blocks_or_asks)
{
	const char *secret = stage_enroll(&stage, "alice", true);
	struct caller alice = in_session("alice", false);
	char right[128], wrong[128];
	struct outcome_of outcome;

	snprintf(right, sizeof(right), "@own %s", secret);
	snprintf(wrong, sizeof(wrong), "@wrong %s", secret);
	expect(approve(&alice, NULL, "block"), COMMAND_REFUSED, REASON_SESSION_LEVEL);
	outcome = stage_run(&stage, &alice, VERB_APP_APPROVE, NULL, ARGS("app", "high"), ANSWERS(wrong));
	cr_expect_eq(outcome.asks, 1U);
	expect(outcome, COMMAND_REFUSED, REASON_FACTOR_WRONG);
	outcome = stage_run(&stage, &alice, VERB_APP_APPROVE, NULL, ARGS("app", "high"), ANSWERS(right));
	cr_expect_eq(outcome.asks, 1U);
	expect(outcome, COMMAND_DONE, REASON_OK);
	outcome = stage_run(&stage, &alice, VERB_APP_TOKENS, NULL, NO_ARGS, NO_ANSWERS);
	cr_expect_str_eq(reply_text(&outcome, "level"), "high-assurance");
	outcome_clear(&outcome);
	stage_pass(&stage, 60);
	alice = in_session("alice", true);
	outcome = approve(&alice, NULL, "block");
	cr_expect_eq(outcome.asks, 0U);
	expect(outcome, COMMAND_DONE, REASON_OK);
}

Test(apps, nothing_to_be_asked_for_is_not_raised)
{
	struct caller alice = in_session("alice", false);

	expect(approve(&alice, NULL, "high"), COMMAND_REFUSED, REASON_SESSION_LEVEL);
}

Test(apps, for_whom_an_app_is)
{
	struct caller alice = in_session("alice", false), bob, robot;

	expect(approve(&alice, NULL, "members"), COMMAND_REFUSED, REASON_NOT_APPROVED);
	expect(approve(&alice, NULL, "nonsense"), COMMAND_REFUSED, REASON_UNKNOWN_APP);
	bob = in_session("bob", false);
	expect(approve(&bob, NULL, "members"), COMMAND_DONE, REASON_OK);
	robot = in_session("robot", false);
	expect(approve(&robot, NULL, "web"), COMMAND_REFUSED, REASON_API_ONLY);
}

Test(apps, for_others_it_takes_the_permission_and_gives_no_token)
{
	const struct caller root = stage_root(), alice = stage_caller("alice"), petra = stage_caller("petra");
	const char *secret = stage_enroll(&stage, "petra", true);
	char right[128];
	struct outcome_of outcome;

	snprintf(right, sizeof(right), "@own %s", secret);
	expect(approve(&alice, "bob", "old"), COMMAND_REFUSED, REASON_CONFIGURATION);
	expect(approve(&root, "bob", "web"), COMMAND_REFUSED, REASON_FLOW);
	outcome = stage_run(&stage, &root, VERB_APP_APPROVE, "bob", ARGS("app", "web", "flow", "web-server"), NO_ANSWERS);
	expect(outcome, COMMAND_REFUSED, REASON_SESSION_LEVEL);
	outcome = stage_run(&stage, &petra, VERB_APP_APPROVE, "bob", ARGS("app", "old"), ANSWERS(right));
	cr_expect_eq(outcome.asks, 1U);
	cr_expect_str_eq(reply_text(&outcome, "access_token"), "");
	expect(outcome, COMMAND_DONE, REASON_OK);
	expect(approve(&root, "bob", "old"), COMMAND_REFUSED, REASON_NOT_APPROVED);
	outcome = stage_run(&stage, &petra, VERB_APP_TOKENS, "bob", NO_ARGS, NO_ANSWERS);
	cr_expect_str_eq(reply_text(&outcome, "approved_by"), "petra");
	outcome_clear(&outcome);
	outcome = stage_run(&stage, &alice, VERB_APP_TOKENS, "bob", NO_ARGS, NO_ANSWERS);
	cr_expect_eq(outcome.status, COMMAND_REFUSED);
	outcome_clear(&outcome);
}

Test(apps, a_refresh_token_is_good_once)
{
	struct caller alice = in_session("alice", false);
	struct outcome_of outcome = approve(&alice, NULL, "web");
	char first[128], second[128], access[128];

	copy_reply(&outcome, "refresh_token", first);
	copy_reply(&outcome, "access_token", access);
	outcome_clear(&outcome);
	outcome = refresh(&alice, first);
	cr_assert_eq(outcome.status, COMMAND_DONE, "%s", outcome.sentence);
	copy_reply(&outcome, "refresh_token", second);
	cr_expect_str_neq(first, second);
	cr_expect_str_neq(reply_text(&outcome, "access_token"), access);
	cr_expect_str_eq(reply_text(&outcome, "flow"), "refresh-token");
	outcome_clear(&outcome);
	expect(refresh(&alice, first), COMMAND_REFUSED, REASON_REPLAYED);
	cr_expect_not_null(strstr(stage.event.change, "app web"), "%s", stage.event.change);
	expect(refresh(&alice, second), COMMAND_REFUSED, REASON_NOT_APPROVED);
}

Test(apps, a_refresh_token_is_its_users)
{
	struct caller alice = in_session("alice", false), bob = stage_caller("bob");
	struct outcome_of outcome = approve(&alice, NULL, "web");
	char token[128];

	copy_reply(&outcome, "refresh_token", token);
	outcome_clear(&outcome);
	expect(refresh(&bob, token), COMMAND_REFUSED, REASON_NOT_APPROVED);
	expect(refresh(&alice, "sfr_nonsense"), COMMAND_REFUSED, REASON_NOT_APPROVED);
	expect(refresh(&alice, ""), COMMAND_REFUSED, REASON_NOT_APPROVED);
	stage_pass(&stage, 30 * 86400);
	expect(refresh(&alice, token), COMMAND_REFUSED, REASON_EXPIRED);
}

/* What changed since: the app demands more, or is gone, or the user may not use the API any more. */
Test(apps, a_refresh_is_judged_anew)
{
	struct caller alice = in_session("alice", false);
	struct outcome_of outcome = approve(&alice, NULL, "web");
	char token[128];

	copy_reply(&outcome, "refresh_token", token);
	outcome_clear(&outcome);
	stage_write(&stage, "apps.d/web.conf",
		    "client_id = \"web\"; flows = [ \"web-server\", \"refresh-token\" ]; services = [ \"dovecot\" ];\n"
		    "permitted_users = \"self-authorize\"; session_level = \"high-assurance\";\n");
	stage_reload(&stage);
	expect(refresh(&alice, token), COMMAND_REFUSED, REASON_SESSION_LEVEL);
	stage_write(&stage, "apps.d/web.conf",
		    "client_id = \"web\"; flows = [ \"web-server\" ]; services = [ \"dovecot\" ];\n"
		    "permitted_users = \"self-authorize\";\n");
	stage_reload(&stage);
	expect(refresh(&alice, token), COMMAND_REFUSED, REASON_FLOW);
	stage_write(&stage, "apps.d/web.conf",
		    "client_id = \"web\"; flows = [ \"web-server\", \"refresh-token\" ]; services = [ \"dovecot\" ];\n"
		    "members = { users = [ \"bob\" ]; };\n");
	stage_reload(&stage);
	expect(refresh(&alice, token), COMMAND_REFUSED, REASON_NOT_APPROVED);
}

/* Who is frozen refreshes nothing; who was deleted has nothing left; an app that is gone gives nothing. */
Test(apps, a_refresh_token_is_no_better_than_its_user_and_app)
{
	const struct caller root = stage_root();
	struct caller alice = in_session("alice", false);
	struct outcome_of outcome = approve(&alice, NULL, "web");
	char token[128], path[128];

	copy_reply(&outcome, "refresh_token", token);
	outcome_clear(&outcome);
	expect(stage_run(&stage, &root, VERB_USER_FREEZE, "alice", NO_ARGS, NO_ANSWERS), COMMAND_DONE, REASON_OK);
	outcome = refresh(&alice, token);
	cr_expect(outcome.status == COMMAND_REFUSED && strstr(outcome.sentence, "frozen") != NULL, "%s", outcome.sentence);
	outcome_clear(&outcome);
	expect(stage_run(&stage, &root, VERB_USER_UNFREEZE, "alice", NO_ARGS, NO_ANSWERS), COMMAND_DONE, REASON_OK);
	snprintf(path, sizeof(path), "%s/apps.d/web.conf", stage.folder);
	cr_assert_eq(unlink(path), 0);
	stage_reload(&stage);
	expect(refresh(&alice, token), COMMAND_REFUSED, REASON_UNKNOWN_APP);
	stage_write(&stage, "apps.d/web.conf", WEB);
	stage_reload(&stage);
	outcome = refresh(&alice, token);
	cr_assert_eq(outcome.status, COMMAND_DONE, "what is refused is not used up: %s", outcome.sentence);
	copy_reply(&outcome, "refresh_token", token);
	outcome_clear(&outcome);
	expect(stage_run(&stage, &root, VERB_USER_DELETE, "alice", NO_ARGS, NO_ANSWERS), COMMAND_DONE, REASON_OK);
	expect(refresh(&alice, token), COMMAND_REFUSED, REASON_NOT_APPROVED);
}

/* Documented in sfmfa-apps(5): the program was approved, not the password. */
Test(apps, tokens_survive_a_password_change)
{
	const struct caller root = stage_root();
	struct caller alice = in_session("alice", false);
	struct outcome_of outcome = approve(&alice, NULL, "web");
	char token[128];

	copy_reply(&outcome, "refresh_token", token);
	outcome_clear(&outcome);
	expect(stage_run(&stage, &root, VERB_PASSWORD_CHANGED, "alice", NO_ARGS, NO_ANSWERS), COMMAND_DONE, REASON_OK);
	outcome = refresh(&alice, token);
	cr_expect_eq(outcome.status, COMMAND_DONE, "%s", outcome.sentence);
	outcome_clear(&outcome);
}

Test(apps, approvals_are_listed_and_revoked)
{
	struct caller alice = in_session("alice", false);
	struct outcome_of outcome;
	char id[128];

	expect(approve(&alice, NULL, "web"), COMMAND_DONE, REASON_OK);
	expect(approve(&alice, NULL, "web"), COMMAND_DONE, REASON_OK);
	expect(approve(&alice, NULL, "old"), COMMAND_DONE, REASON_OK);
	outcome = stage_run(&stage, &alice, VERB_APP_TOKENS, NULL, NO_ARGS, NO_ANSWERS);
	cr_assert_eq(reply_count(&outcome, "id"), 3U);
	cr_expect_str_eq(reply_nth(&outcome, "app", 2), "old");
	cr_expect_str_eq(reply_nth(&outcome, "access_until", 2), "0");
	cr_expect_str_neq(reply_nth(&outcome, "refresh_until", 0), "0");
	cr_expect_str_eq(reply_nth(&outcome, "last_used", 0), "0");
	copy_reply(&outcome, "id", id);
	outcome_clear(&outcome);
	expect(stage_run(&stage, &alice, VERB_APP_REVOKE, NULL, ARGS("grant", id), NO_ANSWERS), COMMAND_DONE, REASON_OK);
	expect(stage_run(&stage, &alice, VERB_APP_REVOKE, NULL, ARGS("grant", id), NO_ANSWERS), COMMAND_REFUSED,
	       REASON_NOT_APPROVED);
	expect(stage_run(&stage, &alice, VERB_APP_REVOKE, NULL, ARGS("app", "web"), NO_ANSWERS), COMMAND_DONE, REASON_OK);
	expect(stage_run(&stage, &alice, VERB_APP_REVOKE, NULL, NO_ARGS, NO_ANSWERS), COMMAND_USAGE, REASON_OK);
	outcome = stage_run(&stage, &alice, VERB_APP_TOKENS, NULL, NO_ARGS, NO_ANSWERS);
	cr_expect_eq(reply_count(&outcome, "id"), 1U);
	outcome_clear(&outcome);
}

Test(apps, apps_are_listed_for_everybody_and_shown_to_administrators)
{
	const struct caller alice = stage_caller("alice"), petra = stage_caller("petra");
	struct outcome_of outcome = stage_run(&stage, &alice, VERB_APP_LIST, NULL, NO_ARGS, NO_ANSWERS);

	cr_expect_eq(reply_count(&outcome, "name"), 5U);
	cr_expect_str_eq(reply_nth(&outcome, "flows", 4), "web-server,user-agent,refresh-token");
	outcome_clear(&outcome);
	outcome = stage_run(&stage, &alice, VERB_APP_SHOW, NULL, ARGS("app", "web"), NO_ANSWERS);
	cr_expect_eq(outcome.status, COMMAND_REFUSED);
	outcome_clear(&outcome);
	outcome = stage_run(&stage, &petra, VERB_APP_SHOW, NULL, ARGS("app", "members"), NO_ANSWERS);
	cr_expect_eq(outcome.status, COMMAND_DONE, "%s", outcome.sentence);
	cr_expect_str_eq(reply_text(&outcome, "users"), "bob");
	outcome_clear(&outcome);
}

static const char *
explained(const char *const args[])
{
	static char reason[128];
	const struct caller root = stage_root();
	struct outcome_of outcome = stage_run(&stage, &root, VERB_EXPLAIN, "alice", args, NO_ANSWERS);

	cr_assert_eq(outcome.status, COMMAND_DONE, "%s", outcome.sentence);
	copy_reply(&outcome, "reason", reason);
	outcome_clear(&outcome);
	return reason;
}

Test(apps, explain_supposes_app_flow_and_session)
{
	cr_expect_str_eq(explained(ARGS("app", "web", "flow", "web-server", "answer", "ui-session", "session", "standard")), "ok");
	cr_expect_str_eq(explained(ARGS("app", "web", "flow", "web-server", "answer", "ui-session")), "session-level");
	cr_expect_str_eq(explained(ARGS("app", "block", "flow", "web-server", "answer", "ui-session", "session", "standard")),
			 "session-level");
	cr_expect_str_eq(explained(ARGS("app", "high", "flow", "web-server", "answer", "ui-session", "session", "standard")),
			 "factor-missing");
	cr_expect_str_eq(explained(ARGS("app", "web", "flow", "jwt-bearer", "answer", "jwt")), "flow");
	cr_expect_str_eq(explained(ARGS("app", "web", "flow", "nonsense")), "flow");
	cr_expect_str_eq(explained(ARGS("app", "nonsense", "flow", "web-server")), "unknown-app");
	cr_expect_str_eq(explained(ARGS("app", "members", "flow", "web-server", "answer", "ui-session", "session", "standard")),
			 "not-approved");
	cr_expect_str_eq(explained(ARGS("app", "web", "service", "sshd", "answer", "access-token")), "not-approved");
}
