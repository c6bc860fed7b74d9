/* Step-up and levels required of a service, by the session the caller is in (rules 5, 7c and 8). */
#include <stdio.h>
#include <string.h>

#include "auth/contexts.h"
#include "auth/session.h"
#include "fixture.h"

#define CONF                                                                                                 \
	"step_up = ( { service = \"sudo\"; max_age = 900; } );\n"                                            \
	"required_session_level = ( { service = \"cockpit\"; level = \"high-assurance\"; action = \"block\"; } );\n"

static struct fixture f;
static struct secret shared;

static void
start(void)
{
	fixture_start(&f, "\"mfa-ui-logins\", \"api-enabled\"", CONF);
	fixture_enrol(&f, "alice", APP_COMPLETED, &shared);
}

static void
finish(void)
{
	fixture_finish(&f);
}

TestSuite(session, .init = start, .fini = finish);

static struct session_place
place(void)
{
	return (struct session_place){ .audit = 7, .leader = 100, .leader_start = 1000, .tty = "pts/3" };
}

/* The session of this user that a login by this name begins; name "": without a proof. */
static struct store_op
open_session(const char *user, const char *service, enum login_type type, const char *name)
{
	struct store_op op = { .kind = STORE_SESSION_OPEN };
	struct moment now = fixture_moment(&f);

	op.session.user = user;
	op.session.service = service;
	op.session.login_type = type;
	op.session.proved_by = "";
	op.session.place = place();
	op.session.now = now;
	memcpy(op.session.place.boot_id, now.boot_id, sizeof(now.boot_id));
	if (name[0] != '\0')
		cr_assert_eq(keyed_hash(&f.env.keyring, CONTEXT_LOGIN, name, strlen(name),
					op.session.handover_hash),
			     SFMFA_OK);
	fixture_commit(&f, &op);
	return op;
}

/* A login with a code at sshd, and the session it begins. */
static void
log_in(void)
{
	struct login_request request = fixture_request("alice", "sshd");
	struct login *login = fixture_login(&f, &f.root, &request);
	char code[16];

	fixture_code(&f, &shared, 0, code);
	cr_assert_eq(fixture_step(&f, login, INPUT_NONE, NULL), TURN_ASK);
	cr_assert_eq(fixture_step(&f, login, INPUT_ANSWER, code), TURN_DONE);
	cr_assert(open_session("alice", "sshd", LOGIN_UI, login_result(login)->login_id).session.proved);
	login_destroy(login);
	f.now += 60;
}

/* What a service says to this user in a place: TURN_ASK, or TURN_DONE with the result. */
static enum turn
use(const char *service, const char *user, struct session_place where, struct login_result *ret_result)
{
	struct login_request request = fixture_request(user, service);
	struct login *login;
	enum turn turn;

	request.has_place = true;
	request.place = where;
	login = fixture_login(&f, &f.root, &request);
	turn = fixture_step(&f, login, INPUT_NONE, NULL);
	*ret_result = *login_result(login);
	login_destroy(login);
	return turn;
}

static bool
sudo_asks(const char *user)
{
	struct login_result result;

	return use("sudo", user, place(), &result) == TURN_ASK;
}

Test(session, a_recent_proof_answers_for_sudo)
{
	struct login_result result;

	log_in();
	cr_assert_eq(use("sudo", "alice", place(), &result), TURN_DONE);
	assert_allowed(&f, &result, FACTOR_STEP_UP, LEVEL_HIGH_ASSURANCE, REASON_OK);
	cr_expect_str_eq(result.login_id, "", "a step-up is no proof that could be handed on");
}

Test(session, until_it_is_max_age_old)
{
	log_in();
	f.now += 900 - 60 - 1;
	cr_expect_not(sudo_asks("alice"));
	f.now += 1;
	cr_expect(sudo_asks("alice"));
}

Test(session, a_step_up_renews_nothing)
{
	log_in();
	for (int i = 0; i < 13; i++) {
		cr_expect_not(sudo_asks("alice"));
		f.now += 60;
	}
	f.now += 60;
	cr_expect(sudo_asks("alice"));
}

Test(session, a_clock_that_was_set_back_makes_no_proof_last)
{
	log_in();
	f.now -= 120;
	cr_expect(sudo_asks("alice"));
}

Test(session, somebody_elses_session_answers_for_nobody)
{
	struct secret other;

	fixture_enrol(&f, "bob", APP_COMPLETED, &other);
	log_in();
	cr_expect(sudo_asks("bob"));
}

Test(session, another_place_is_another_session)
{
	struct login_result result;
	struct session_place where = place();

	log_in();
	where.audit = 8;
	cr_expect_eq(use("sudo", "alice", where, &result), TURN_ASK);
	where = place();
	where.audit = -1;
	cr_expect_eq(use("sudo", "alice", where, &result), TURN_ASK, "recorded by its audit session");
	cr_expect_eq(use("su", "alice", place(), &result), TURN_ASK, "not in step_up");
}

Test(session, a_leader_that_ended_ends_it)
{
	struct store_op op;
	struct login_request request = fixture_request("alice", "sshd");
	struct login *login = fixture_login(&f, &f.root, &request);
	char code[16];

	fixture_code(&f, &shared, 0, code);
	cr_assert_eq(fixture_step(&f, login, INPUT_NONE, NULL), TURN_ASK);
	cr_assert_eq(fixture_step(&f, login, INPUT_ANSWER, code), TURN_DONE);
	op = open_session("alice", "sshd", LOGIN_UI, login_result(login)->login_id);
	login_destroy(login);
	cr_expect_not(sudo_asks("alice"));
	op.session.place.leader = FIXTURE_PROCESSES + 1;
	memset(op.session.handover_hash, 0, HASH_SIZE);
	fixture_commit(&f, &op);
	cr_expect(sudo_asks("alice"));
}

Test(session, a_session_without_a_factor_proves_nothing)
{
	open_session("alice", "sshd", LOGIN_UI, "");
	cr_expect(sudo_asks("alice"));
}

Test(session, nor_does_one_of_a_program)
{
	struct login_result result;
	struct login_request request = fixture_request("alice", "mail");
	struct store_op op;
	struct login *login;
	char code[16], field[64];

	request.has_login_type = true;
	request.login_type = LOGIN_API;
	request.split = true;
	fixture_code(&f, &shared, 0, code);
	snprintf(field, sizeof(field), "password%s", code);
	cr_assert_eq(secret_set(&request.password, field, strlen(field)), SFMFA_OK);
	login = fixture_login(&f, &f.root, &request);
	cr_assert_eq(fixture_step(&f, login, INPUT_NONE, NULL), TURN_KEEP);
	cr_assert_eq(fixture_step(&f, login, INPUT_FIRST_FACTOR_OK, NULL), TURN_DONE);
	result = *login_result(login);
	cr_assert_eq(result.auth, OUTCOME_ALLOW);
	op = open_session("alice", "mail", LOGIN_API, result.login_id);
	cr_expect(op.session.proved);
	login_destroy(login);
	f.now += 60;
	cr_expect(sudo_asks("alice"));
}

Test(session, enrolment_disconnect_freeze_and_lock_void_it)
{
	struct store_op op;
	struct secret again;
	char code[16] = "000000";

	log_in();
	fixture_freeze(&f, "alice", true);
	fixture_freeze(&f, "alice", false);
	cr_expect(sudo_asks("alice"), "a freeze");
	f.now += 30; /* in the same second as the freeze counts as before it */
	log_in();
	cr_expect_not(sudo_asks("alice"));
	fixture_enrol(&f, "alice", APP_COMPLETED, &again);
	cr_expect(sudo_asks("alice"), "another app");
	shared = again;
	log_in();
	cr_expect_not(sudo_asks("alice"));
	for (int i = 0; i < 10; i++) {
		struct login_result result = fixture_ui(&f, "alice", code);
		cr_expect_neq(result.auth, OUTCOME_ALLOW);
	}
	op = (struct store_op){ .kind = STORE_UNLOCK, .change = { .user = "alice", .now = f.now } };
	fixture_commit(&f, &op);
	cr_expect(sudo_asks("alice"), "a lock, though it was ended");
	op = (struct store_op){ .kind = STORE_DISCONNECT, .change = { .user = "alice", .now = f.now } };
	fixture_commit(&f, &op);
	cr_expect_neq(use("sudo", "alice", place(), &(struct login_result){ 0 }), TURN_DONE);
}

Test(session, a_recovery_code_that_maps_to_standard_does_not_step_up)
{
	struct login_result result;
	char code[16];

	fixture_finish(&f);
	fixture_start(&f, "\"mfa-ui-logins\"",
		      CONF "session_levels = { high_assurance = [ \"recovery-code\" ]; };\n");
	fixture_enrol(&f, "alice", APP_COMPLETED, &shared);
	fixture_code(&f, &shared, 0, code);
	log_in();
	cr_assert_eq(use("sudo", "alice", place(), &result), TURN_DONE);
	cr_expect_eq(result.decision.level, LEVEL_STANDARD, "as the proof was");
	cr_assert_eq(use("cockpit", "alice", place(), &result), TURN_DONE);
	cr_expect_eq(result.decision.reason, REASON_SESSION_LEVEL);
}

Test(session, a_service_that_requires_a_level_goes_by_that_of_the_session)
{
	struct login_result result;

	open_session("alice", "sshd", LOGIN_UI, "");
	cr_assert_eq(use("cockpit", "alice", place(), &result), TURN_DONE);
	cr_expect_eq(result.auth, OUTCOME_FORBIDDEN);
	cr_expect_eq(result.decision.reason, REASON_SESSION_LEVEL, "blocked");
	log_in();
	cr_assert_eq(use("cockpit", "alice", place(), &result), TURN_DONE);
	assert_allowed(&f, &result, FACTOR_UI_SESSION, LEVEL_HIGH_ASSURANCE, REASON_OK);
}

Test(session, ranges_are_not_asked_again_inside_it)
{
	struct login_request request;
	struct login *login;

	fixture_finish(&f);
	fixture_begin(&f, "\"api-enabled\"", "login_ip_ranges = [ \"10.0.0.0/8\" ];");
	fixture_conf(&f, CONF);
	fixture_load(&f);
	cr_assert(session_matters(f.env.config, "su"));
	request = fixture_request("alice", "su");
	login = fixture_login(&f, &f.root, &request);
	cr_assert_eq(fixture_step(&f, login, INPUT_NONE, NULL), TURN_DONE);
	cr_expect_eq(login_result(login)->decision.reason, REASON_LOGIN_IP);
	login_destroy(login);
	fixture_enrol(&f, "alice", APP_COMPLETED, &shared);
	open_session("alice", "sshd", LOGIN_UI, "");
	request = fixture_request("alice", "su");
	request.has_place = true;
	request.place = place();
	login = fixture_login(&f, &f.root, &request);
	cr_assert_eq(fixture_step(&f, login, INPUT_NONE, NULL), TURN_DONE);
	cr_expect_eq(login_result(login)->auth, OUTCOME_ALLOW);
	login_destroy(login);
}

Test(session, what_matters_and_what_begins_one)
{
	cr_expect(session_matters(f.env.config, "sudo"));
	cr_expect(session_matters(f.env.config, "cockpit"));
	cr_expect_not(session_matters(f.env.config, "sshd"));
	cr_expect_not(session_matters(f.env.config, "su"), "no profile has ranges");
	cr_expect(session_begins(f.env.config, "sshd", LOGIN_UI));
	cr_expect(session_begins(f.env.config, "sshd-api", LOGIN_API));
	cr_expect_not(session_begins(f.env.config, "sudo", LOGIN_UI));
	cr_expect_not(session_begins(f.env.config, "su-l", LOGIN_UI));
	cr_expect_not(session_begins(f.env.config, "i3lock", LOGIN_UI));
	cr_expect_not(session_begins(f.env.config, "cron", LOGIN_EXEMPT));
}

Test(session, an_audit_session_counts_for_its_login_uid_only)
{
	struct person alice = { .nss = NSS_KNOWN, .uid = 1001 }, nobody = { .nss = NSS_UNKNOWN };
	struct session_place where = place();

	strcpy(where.tty, "/dev/pts/9");
	session_place_settle(&where, &alice, 1001);
	cr_expect_eq(where.audit, 7);
	cr_expect_str_eq(where.tty, "pts/9");
	session_place_settle(&where, &alice, 1002);
	cr_expect_eq(where.audit, -1);
	where.audit = 7;
	session_place_settle(&where, &alice, -1);
	cr_expect_eq(where.audit, -1);
	where.audit = 7;
	session_place_settle(&where, &nobody, 0);
	cr_expect_eq(where.audit, -1);
}
