/*
 * The acceptance rows as real logins, from configuration files to answers. Of the flows that are approved in a session,
 * and of refresh tokens, the approval is the command's, and the login is with the token that came of it.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <criterion/parameterized.h>

#include "auth/app.h"
#include "auth/command.h"
#include "auth/contexts.h"
#include "factor/credential.h"
#include "factor/token.h"
#include "factor/totp.h"
#include "fixture.h"
#include "signer.h"

#define ROWS_MAX 200

enum column {
	ID,
	PERMISSIONS,
	POLICY,
	APP,
	TOKEN,
	LOGIN_TYPE,
	FLOW,
	PEER,
	SESSION,
	ANSWER,
	VERDICT,
	LEVEL,
	REASON,
	COLUMN_COUNT
};

struct row {
	char text[512];
	char *columns[COLUMN_COUNT];
};

static struct fixture f;

/* The how many-th row, or how many there are. */
static size_t
read_row(size_t wanted, struct row *row)
{
	FILE *file = fopen(TEST_DATA "/decisions.tsv", "r");
	size_t found = 0;

	cr_assert_not_null(file);
	while (fgets(row->text, sizeof(row->text), file) != NULL) {
		char *rest = row->text;
		row->text[strcspn(row->text, "\n")] = '\0';
		for (int i = 0; i < COLUMN_COUNT; i++)
			row->columns[i] = strsep(&rest, "\t");
		if (row->columns[REASON] == NULL || strcmp(row->columns[ID], "id") == 0)
			continue;
		if (found++ == wanted)
			break;
	}
	fclose(file);
	return found;
}

static bool
is(const struct row *row, enum column column, const char *value)
{
	return strcmp(row->columns[column], value) == 0;
}

static struct signer robot;

/* The app of the rows: permitted, with every flow, for whichever service. */
static void
write_app(const struct row *row, char *flows)
{
	static const char high[] = "app-requires-high-assurance:";
	char text[1024], level[128] = "";

	if (is(row, FLOW, "-"))
		return;
	for (unsigned i = 0; i < FLOW_COUNT; i++) {
		size_t used = strlen(flows);

		snprintf(flows + used, 512 - used, "%s\"%s\"", used > 0 ? ", " : "", flow_key((enum flow)i));
	}
	if (strncmp(row->columns[POLICY], high, strlen(high)) == 0)
		snprintf(level, sizeof(level), "session_level = \"high-assurance\"; action = \"%s\";\n",
			 row->columns[POLICY] + strlen(high));
	signer_make(&robot, true);
	fixture_file(&f, "apps.d/robot.pem", robot.pem);
	snprintf(text, sizeof(text),
		 "client_id = \"robot\"; public_key = \"robot.pem\"; audience = \"host\"; services = [ \"dovecot\", \"login\" ];\n"
		 "members = { users = [ \"alice\" ]; };\nflows = [ %s ];\n%s",
		 flows, level);
	fixture_file(&f, "apps.d/robot.conf", text);
}

static void
start(const struct row *row)
{
	char permissions[256] = "", extra[256] = "", list[256], flows[512] = "", required[256];
	const char *conf = "";
	char *rest = list;

	snprintf(list, sizeof(list), "%s", row->columns[PERMISSIONS]);
	for (char *name; strcmp(list, "-") != 0 && (name = strsep(&rest, ",")) != NULL;) {
		size_t used = strlen(permissions);
		snprintf(permissions + used, sizeof(permissions) - used, "%s\"%s\"", used > 0 ? ", " : "",
			 name);
	}
	if (strstr(row->columns[PEER], "-profile-range") != NULL)
		snprintf(extra, sizeof(extra), "login_ip_ranges = [ \"192.0.2.0/24\" ];\n");
	if (is(row, POLICY, "profile-requires-high-assurance"))
		strncat(extra, "required_session_level = \"high-assurance\";\n",
			sizeof(extra) - strlen(extra) - 1);
	else if (is(row, POLICY, "license-forbids-mfa-ui-logins"))
		strncat(extra, "license = \"limited-access-free\";\n", sizeof(extra) - strlen(extra) - 1);
	else if (is(row, POLICY, "require_mfa_for_ui"))
		conf = "require_mfa_for_ui = true;\n";
	else if (is(row, POLICY, "totp-maps-to-standard"))
		conf = "session_levels = { high_assurance = [ \"recovery-code\", \"temporary-code\" ]; };\n";
	else if (is(row, POLICY, "api.second_factors=totp"))
		conf = "api = { second_factors = [ \"totp\" ]; };\n";
	else if (is(row, POLICY, "api.pending=deny"))
		conf = "api = { pending = \"deny\"; };\n";
	else if (is(row, POLICY, "api.trusted_networks_skip_mfa"))
		conf = "api = { trusted_networks_skip_mfa = true; };\n";
	else if (is(row, POLICY, "api.token_required=always"))
		conf = "api = { token_required = \"always\"; };\n";
	else
		cr_assert(is(row, POLICY, "-") || strncmp(row->columns[POLICY], "app-", 4) == 0, "%s",
			  row->columns[POLICY]);
	fixture_begin(&f, permissions, extra);
	write_app(row, flows);
	if (strncmp(row->columns[FLOW], "operation-", 10) == 0) {
		snprintf(required, sizeof(required),
			 "required_session_level = ( { service = \"login\"; level = \"high-assurance\"; action = \"%s\"; } );\n",
			 row->columns[FLOW] + 10);
		fixture_conf(&f, required);
	}
	fixture_conf(&f, "services = { api = [ \"dovecot\" ]; };\ntrusted_networks = [ \"10.0.0.0/8\" ];\n");
	fixture_conf(&f, conf);
	fixture_load(&f);
}

/* What the user holds, and what they will answer. */
static void
equip(const struct row *row, struct secret *shared, char answer[32])
{
	char token[32] = "", other[32], recovery[32] = "ABCD-EFGH-IJKL-MNOP", code[16];
	struct secret nobody;

	if (is(row, APP, "completed"))
		fixture_enrol_with_codes(&f, "alice", shared, recovery);
	else if (is(row, APP, "pending"))
		fixture_enrol(&f, "alice", APP_PENDING, shared);
	else
		cr_assert(is(row, APP, "none"));
	fixture_token(&f, "bob", "other", 0, NULL, other);
	if (is(row, TOKEN, "yes"))
		fixture_token(&f, "alice", "mail", 0, NULL, token);
	answer[0] = '\0';
	if (is(row, ANSWER, "totp")) {
		fixture_code(&f, shared, 0, code);
		snprintf(answer, 32, "%s", code);
	} else if (is(row, ANSWER, "totp-wrong")) {
		fixture_code(&f, shared, 15, code);
		snprintf(answer, 32, "%s", code);
	} else if (is(row, ANSWER, "token")) {
		cr_assert_eq(token_generate(random_below, &nobody), SFMFA_OK);
		snprintf(answer, 32, "%.24s", token[0] != '\0' ? token : (const char *)nobody.bytes);
	} else if (is(row, ANSWER, "token-wrong")) {
		snprintf(answer, 32, "%s", other);
	} else if (is(row, ANSWER, "recovery-code")) {
		snprintf(answer, 32, "%s", recovery);
	} else if (is(row, ANSWER, "temporary-code")) {
		fixture_temporary_code(&f, "alice", answer);
	} else {
		cr_assert(is(row, ANSWER, "none") || is(row, ANSWER, "register") || !is(row, FLOW, "-"), "%s",
			  row->columns[ANSWER]);
		/* Of username-password the credential is the password and a token. */
		if (is(row, FLOW, "username-password"))
			snprintf(answer, 32, "%s", token);
	}
}

static struct login *
begin(const struct row *row, struct login_request *request, const char *answer)
{
	bool api = is(row, LOGIN_TYPE, "api");
	char field[64];

	*request = fixture_request("alice", api ? "dovecot" : "login");
	if (is(row, PEER, "trusted"))
		snprintf(request->rhost, sizeof(request->rhost), "10.0.0.7");
	else if (is(row, PEER, "in-profile-range"))
		snprintf(request->rhost, sizeof(request->rhost), "192.0.2.5");
	if (is(row, FLOW, "username-password")) {
		snprintf(request->app, sizeof(request->app), "robot");
		snprintf(request->flow, sizeof(request->flow), "username-password");
	}
	if (api) {
		request->split = true;
		snprintf(field, sizeof(field), "hunter2%s", answer);
		cr_assert_eq(secret_set(&request->password, field, strlen(field)), SFMFA_OK);
	}
	return fixture_login(&f, &f.root, request);
}

static void
register_app(struct login *login)
{
	const char *at = strstr(login_ask(login)->info, "secret=");
	struct secret shared;
	char key[TOTP_BASE32_SIZE], code[16];

	cr_assert_not_null(at);
	snprintf(key, sizeof(key), "%.*s", (int)strcspn(at + 7, "&\n"), at + 7);
	cr_assert_eq(totp_from_base32(key, &shared), SFMFA_OK);
	fixture_code(&f, &shared, 0, code);
	cr_assert_eq(fixture_step(&f, login, INPUT_ANSWER, code), TURN_ASK);
	cr_assert_eq(fixture_step(&f, login, INPUT_ANSWER, ""), TURN_KEEP);
	cr_assert_eq(fixture_step(&f, login, INPUT_COMMIT, NULL), TURN_DONE);
}

/* To the end; what a challenge or a registration demanded is seen by the prompt. */
static void
drive(const struct row *row, struct login *login, const char *answer)
{
	enum turn turn = fixture_step(&f, login, INPUT_NONE, NULL);

	if (is(row, LOGIN_TYPE, "api")) {
		cr_assert_eq(turn, TURN_KEEP);
		cr_assert_eq(fixture_step(&f, login, INPUT_FIRST_FACTOR_OK, NULL), TURN_DONE);
		return;
	}
	if (is(row, VERDICT, "challenge") || is(row, VERDICT, "register"))
		cr_assert_eq(turn, TURN_ASK);
	if (is(row, VERDICT, "register"))
		cr_assert_str_eq(login_ask(login)->prompt, "Code from your app: ");
	if (is(row, ANSWER, "register")) {
		cr_assert_eq(turn, TURN_ASK);
		register_app(login);
	} else if (turn == TURN_ASK) {
		cr_assert_eq(fixture_step(&f, login, INPUT_ANSWER, answer), TURN_DONE);
	}
}

/* ---- connected apps ---- */

/* The session of the row, as a login with a code, or without one, left it. */
static void
open_session(const struct row *row)
{
	struct moment now = fixture_moment(&f);
	struct store_op op = { .kind = STORE_ENSURE_USER, .change = { .user = "alice", .now = f.now } };
	struct store_handover handover = { .hash = { 1 }, .service = "login", .method = FACTOR_TOTP };

	fixture_commit(&f, &op);
	if (is(row, SESSION, "-"))
		return;
	op = (struct store_op){ .kind = STORE_SESSION_OPEN };
	if (is(row, SESSION, "high-assurance")) {
		struct user_record record = fixture_record(&f, "alice");
		struct store_op proof = { .kind = STORE_ATTEMPT };

		/* Where the row has no app it had one at login: a recovery of what is proved, not of the app. */
		proof.attempt = (struct store_attempt){
			.user_id = record.id, .generation = record.generation, .caller = -1, .policy = { 10, 900 },
			.now = now, .now_step = f.now / 30, .window = 1, .kind = ATTEMPT_KIND_TOTP, .step = f.now / 30,
			.handover = handover,
		};
		fixture_commit(&f, &proof);
		cr_assert_eq(proof.attempt.result, ATTEMPT_RESULT_RIGHT);
		op.session.handover_hash[0] = 1;
	}
	op.session.user = "alice";
	op.session.service = "login";
	op.session.login_type = LOGIN_UI;
	op.session.proved_by = "";
	op.session.now = now;
	op.session.place = (struct session_place){ .audit = 7, .leader = 100, .leader_start = 1000, .tty = "pts/3" };
	memcpy(op.session.place.boot_id, now.boot_id, sizeof(now.boot_id));
	fixture_commit(&f, &op);
	f.now += 60;
}

/* A command of alice's in that session; how it ended, and the value of one field. */
static enum command_status
run(enum verb verb, const char *key, const char *value, const char *wanted, char ret_value[128])
{
	struct caller alice = { .class = CALLER_OWN, .uid = 1001 };
	struct command_request request = { .verb = verb };
	struct command *command = NULL;
	const struct fields *reply;
	enum command_status status;
	const char *sentence;
	enum turn turn;

	alice.person = fixture_request("alice", "login").person;
	alice.place = (struct session_place){ .audit = 7, .leader = 100, .leader_start = 1000, .tty = "pts/3" };
	cr_assert_eq(fields_add_text(&request.args, key, value), SFMFA_OK);
	if (verb == VERB_APP_APPROVE && strcmp(wanted, "user") != 0)
		cr_assert_eq(fields_add_text(&request.args, "flow", ret_value), SFMFA_OK);
	cr_assert_eq(command_create(&f.env, &alice, &request, &command), SFMFA_OK);
	turn = command_step(command, NULL);
	while (turn == TURN_WRITE) {
		fixture_commit(&f, command_op(command));
		turn = command_step(command, NULL);
	}
	cr_assert_eq(turn, TURN_DONE);
	status = command_result(command, &sentence, &reply);
	if (status == COMMAND_DONE)
		cr_assert_eq(fields_get_text(reply, wanted, ret_value, 128), SFMFA_OK);
	command_destroy(command);
	return status;
}

static void
offer(struct login_request *request, const char *service, const char *field)
{
	*request = fixture_request("alice", service);
	request->credential = true;
	cr_assert_eq(secret_set(&request->password, field, strlen(field)), SFMFA_OK);
}

/* What the row's credential is, as text; false: the approval itself was refused, which is the end of the row. */
static bool
make_credential(const struct row *row, char field[SIGNER_TEXT_SIZE])
{
	char claims[256], token[128];
	bool assertion = is(row, ANSWER, "jwt") || is(row, ANSWER, "flow");

	if (assertion) {
		snprintf(claims, sizeof(claims), "{\"iss\":\"robot\",\"sub\":\"%s\",\"aud\":\"host\",\"exp\":%lld,\"jti\":\"1\"}",
			 is(row, ANSWER, "jwt") ? "alice" : "robot", (long long)f.now + 60);
		signer_sign(&robot, "{\"alg\":\"ES256\"}", claims, field);
		return true;
	}
	/* Any session would do for the tokens of the other rows; their own conditions are looked at later. */
	snprintf(token, sizeof(token), "%s", is(row, FLOW, "user-agent") ? "user-agent" : "web-server");
	if (is(row, ANSWER, "refresh-token")) {
		if (run(VERB_APP_APPROVE, "app", "robot", "refresh_token", token) != COMMAND_DONE)
			return false;
		cr_assert_eq(run(VERB_APP_REFRESH, "refresh_token", strdupa(token), "access_token", token), COMMAND_DONE);
	} else if (run(VERB_APP_APPROVE, "app", "robot", "access_token", token) != COMMAND_DONE) {
		return false;
	}
	snprintf(field, SIGNER_TEXT_SIZE, "%s", token);
	return true;
}

/* A token of another day, for rows in which the user has no session now. */
static void
plant_token(char field[SIGNER_TEXT_SIZE])
{
	struct store_op op = { .kind = STORE_APP_APPROVE };
	struct secret token;

	op.approve.user = "alice";
	op.approve.now = f.now;
	op.approve.access = true;
	op.approve.grant.flow = FLOW_WEB_SERVER;
	op.approve.grant.access_expires_at = f.now + 600;
	snprintf(op.approve.grant.app, sizeof(op.approve.grant.app), "robot");
	cr_assert_eq(credential_make_access(random_below, &token), SFMFA_OK);
	cr_assert_eq(app_hash_access(&f.env.keyring, &token, op.approve.access_hash), SFMFA_OK);
	fixture_commit(&f, &op);
	snprintf(field, SIGNER_TEXT_SIZE, "%.*s", (int)token.size, (const char *)token.bytes);
}

static struct login *
begin_flow(const struct row *row, struct login_request *request, const char *answer)
{
	char field[SIGNER_TEXT_SIZE];
	bool bridge = is(row, FLOW, "bridge");

	if (is(row, FLOW, "username-password"))
		return NULL;
	open_session(row);
	if (strncmp(row->columns[FLOW], "operation-", 10) == 0) {
		*request = fixture_request("alice", "login");
		request->has_place = true;
		request->place =
			(struct session_place){ .audit = 7, .leader = 100, .leader_start = 1000, .tty = "pts/3" };
		return fixture_login(&f, &f.root, request);
	}
	if (bridge)
		plant_token(field);
	else if (is(row, ANSWER, "refresh-token")) {
		struct row in_session = *row;

		in_session.columns[SESSION] = strdupa("high-assurance");
		open_session(&in_session);
		cr_assert(make_credential(row, field));
	} else if (!make_credential(row, field)) {
		return NULL;
	}
	f.event_count = 0;
	(void)answer;
	offer(request, bridge ? "login" : "dovecot", field);
	if (is(row, ANSWER, "flow")) {
		snprintf(request->app, sizeof(request->app), "robot");
		snprintf(request->flow, sizeof(request->flow), "%s", row->columns[FLOW]);
	}
	return fixture_login(&f, &f.root, request);
}

static void
drive_flow(const struct row *row, struct login *login)
{
	enum turn turn = fixture_step(&f, login, INPUT_NONE, NULL);

	if (turn == TURN_KEEP)
		turn = fixture_step(&f, login, INPUT_FIRST_FACTOR_OK, NULL);
	cr_assert_eq(turn, is(row, VERDICT, "challenge") ? TURN_ASK : TURN_DONE, "%s", row->columns[ID]);
	if (turn == TURN_ASK)
		cr_assert_eq(fixture_step(&f, login, INPUT_ANSWER, ""), TURN_DONE);
}

ParameterizedTestParameters(decisions, rows)
{
	static size_t indexes[ROWS_MAX];
	struct row row;
	size_t count = read_row(SIZE_MAX, &row);

	for (size_t i = 0; i < ROWS_MAX; i++)
		indexes[i] = i;
	return cr_make_param_array(size_t, indexes, count < ROWS_MAX ? count : ROWS_MAX);
}

ParameterizedTest(size_t *index, decisions, rows)
{
	struct row row;
	struct secret shared = { 0 };
	struct login_request request;
	char answer[32];

	read_row(*index, &row);
	start(&row);
	equip(&row, &shared, answer);
	struct login *login = is(&row, FLOW, "-") ? NULL : begin_flow(&row, &request, answer);
	if (login != NULL) {
		drive_flow(&row, login);
	} else if (is(&row, FLOW, "-") || is(&row, FLOW, "username-password")) {
		login = begin(&row, &request, answer);
		drive(&row, login, answer);
	} else {
		/* Refused where it was to be approved. */
		cr_expect_str_eq(reason_key(fixture_event(&f)->reason), row.columns[REASON], "%s: %s",
				 row.columns[ID], reason_key(fixture_event(&f)->reason));
		cr_expect_neq(fixture_event(&f)->verdict, VERDICT_ALLOW, "%s", row.columns[ID]);
		fixture_finish(&f);
		return;
	}
	const struct event *event = fixture_event(&f);
	const struct login_result *result = login_result(login);
	bool allowed = is(&row, VERDICT, "allow");
	cr_expect_str_eq(reason_key(event->reason), row.columns[REASON], "%s: %s", row.columns[ID],
			 reason_key(event->reason));
	cr_expect_eq(event->verdict == VERDICT_ALLOW, allowed, "%s", row.columns[ID]);
	cr_expect_eq(result->account == OUTCOME_ALLOW, allowed, "%s", row.columns[ID]);
	if (allowed)
		cr_expect_str_eq(level_key(event->level), row.columns[LEVEL], "%s", row.columns[ID]);
	cr_expect_eq(f.event_count, 1, "%s: one event", row.columns[ID]);
	login_destroy(login);
	cr_expect_eq(f.event_count, 1, "%s: one event", row.columns[ID]);
	fixture_finish(&f);
}
