/* The acceptance rows as real logins, from configuration files to answers; rows of flows are lib/policy's. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <criterion/parameterized.h>

#include "factor/token.h"
#include "factor/totp.h"
#include "fixture.h"

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

/* The rows without a flow; the how many-th, or how many there are. */
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
		if (row->columns[REASON] == NULL || strcmp(row->columns[ID], "id") == 0 ||
		    strcmp(row->columns[FLOW], "-") != 0)
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

static void
start(const struct row *row)
{
	char permissions[256] = "", extra[256] = "", list[256];
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
		cr_assert(is(row, POLICY, "-"), "%s", row->columns[POLICY]);
	fixture_begin(&f, permissions, extra);
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
		cr_assert(is(row, ANSWER, "none") || is(row, ANSWER, "register"), "%s", row->columns[ANSWER]);
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
	struct login *login = begin(&row, &request, answer);
	drive(&row, login, answer);
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
