/*
 * The acceptance rows as real logins: profiles and settings in files, factors by the command or in a
 * login, the answer through libpam; then what PAM, the log and explain say of it.
 */
#include <criterion/criterion.h>
#include <criterion/parameterized.h>
#include <stdio.h>
#include <string.h>

#include "stage.h"

#define ROWS_MAX 200
#define USER     "nobody" /* every system has one, who has no groups that matter */

/* Networks of the peer column. */
#define UNTRUSTED "203.0.113.7"
#define TRUSTED   "192.0.2.9"
#define IN_RANGE  "198.51.100.20"
#define RANGES    "login_ip_ranges = [ \"198.51.100.0/24\" ];\n"

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

/* What the policy column stands for: lines of the profile, or of sfmfa.conf. */
static const struct {
	const char *policy, *profile, *settings;
} policies[] = {
	{ "-", "", "" },
	{ "profile-requires-high-assurance", "required_session_level = \"high-assurance\";\n", "" },
	{ "license-forbids-mfa-ui-logins", "license = \"limited-access-free\";\n", "" },
	{ "require_mfa_for_ui", "", "require_mfa_for_ui = true;\n" },
	{ "totp-maps-to-standard", "",
	  "session_levels = { high_assurance = [ \"recovery-code\", \"temporary-code\" ]; };\n" },
	{ "api.second_factors=totp", "", "api = { second_factors = [ \"totp\" ]; };\n" },
	{ "api.pending=deny", "", "api = { pending = \"deny\"; };\n" },
	{ "api.trusted_networks_skip_mfa", "", "api = { trusted_networks_skip_mfa = true; };\n" },
	{ "api.token_required=always", "", "api = { token_required = \"always\"; };\n" },
};

static struct stage stage;
static struct talk talk;

static bool
is(const struct row *row, enum column column, const char *value)
{
	return strcmp(row->columns[column], value) == 0;
}

/* The how many-th row without a flow; returns how many there are up to it. Others are counted apart. */
static size_t
read_row(size_t wanted, struct row *row, size_t *ret_others)
{
	FILE *file = fopen(SFMFA_TEST_DATA "/decisions.tsv", "re");
	size_t found = 0;

	cr_assert_not_null(file);
	*ret_others = 0;
	while (fgets(row->text, sizeof(row->text), file) != NULL) {
		char *rest = row->text;

		row->text[strcspn(row->text, "\n")] = '\0';
		for (int i = 0; i < COLUMN_COUNT; i++)
			row->columns[i] = strsep(&rest, "\t");
		cr_assert_not_null(row->columns[REASON], "a row is too short: %s", row->text);
		if (is(row, ID, "id"))
			continue;
		if (!is(row, FLOW, "-"))
			(*ret_others)++;
		else if (found++ == wanted)
			break;
	}
	fclose(file);
	return found;
}

static const char *
peer_of(const struct row *row)
{
	if (is(row, PEER, "trusted"))
		return TRUSTED;
	if (is(row, PEER, "in-profile-range"))
		return IN_RANGE;
	cr_assert(is(row, PEER, "untrusted") || is(row, PEER, "outside-profile-range"), "%s",
		  row->columns[PEER]);
	return UNTRUSTED;
}

static const char *
service_of(const struct row *row)
{
	return is(row, LOGIN_TYPE, "api") ? "mail" : "login";
}

static void
sfmfa(const char *words)
{
	cr_assert_eq(stage_sfmfa(&stage, words), 0, "sfmfa %s: %s", words, stage.output);
}

static size_t
policy_of(const struct row *row)
{
	size_t policy = 0;

	while (!is(row, POLICY, policies[policy].policy)) {
		policy++;
		cr_assert_lt(policy, sizeof(policies) / sizeof(policies[0]), "policy %s",
			     row->columns[POLICY]);
	}
	return policy;
}

static void
open_for(const struct row *row)
{
	char settings[512];

	snprintf(settings, sizeof(settings), "trusted_networks = [ \"192.0.2.0/24\" ];\n%s",
		 policies[policy_of(row)].settings);
	stage_open(&stage, settings);
}

/*
 * The profile names its member itself, in the file: so can an editor, where the command refuses to assign
 * what a license forbids or what lacks its prerequisite.
 */
static void
give_permissions(const char *permissions, const char *more)
{
	char text[1024], list[256], quoted[512] = "";
	char *rest = list;

	snprintf(list, sizeof(list), "%s", permissions);
	for (char *name; (name = strsep(&rest, ",")) != NULL;) {
		size_t used = strlen(quoted);

		snprintf(quoted + used, sizeof(quoted) - used, "%s\"%s\"", used > 0 ? ", " : "", name);
	}
	snprintf(text, sizeof(text),
		 "label = \"row\";\npermissions = [ %s ];\nmembers = { users = [ \"" USER "\" ]; };\n%s",
		 strcmp(permissions, "-") == 0 ? "" : quoted, more);
	stage_replace(&stage, "etc/profiles.d/row.conf", text);
}

static void
take_profile(const struct row *row)
{
	char more[256];

	snprintf(more, sizeof(more), "%s%s",
		 strstr(row->columns[PEER], "-profile-range") != NULL ? RANGES : "",
		 policies[policy_of(row)].profile);
	give_permissions(row->columns[PERMISSIONS], more);
}

/* The first recovery code on the screen of a registration. */
static void
read_recovery_code(char ret_code[32])
{
	const char *at = strstr(talk.transcript, "once each");

	cr_assert_not_null(at, "%s", talk.transcript);
	cr_assert_eq(sscanf(strchr(at, '\n'), " %31s", ret_code), 1);
}

/* An app is completed by a login that owes a code, whatever the user of the row owes later. */
static void
give_app(const struct row *row, char ret_recovery[32])
{
	if (is(row, APP, "pending")) {
		sfmfa("--json enroll " USER);
		stage_json(&stage, "secret", talk.key, sizeof(talk.key));
	} else if (is(row, APP, "completed")) {
		give_permissions("mfa-ui-logins", "");
		stage_register(&stage, &talk, USER);
		read_recovery_code(ret_recovery);
	} else {
		cr_assert(is(row, APP, "none"), "%s", row->columns[APP]);
	}
}

static void
new_token(const char *words, char ret_token[64])
{
	sfmfa(words);
	stage_json(&stage, "token", ret_token, 64);
}

/* Brings the user where the row wants them; the answer is what they type, @empty nothing, @register a
 * dialogue. */
static void
equip(const struct row *row, char ret_answer[64])
{
	char token[64] = "", others[64], recovery[32] = "";

	give_app(row, recovery);
	take_profile(row);
	if (is(row, TOKEN, "yes"))
		new_token("--json token new " USER, token);
	snprintf(ret_answer, 64, "@empty");
	if (is(row, ANSWER, "totp")) {
		snprintf(ret_answer, 64, "{code}");
	} else if (is(row, ANSWER, "totp-wrong")) {
		snprintf(ret_answer, 64, "{code+15}");
	} else if (is(row, ANSWER, "recovery-code")) {
		snprintf(ret_answer, 64, "%s", recovery);
	} else if (is(row, ANSWER, "temporary-code")) {
		sfmfa("--json temp-code " USER);
		stage_json(&stage, "code", ret_answer, 64);
	} else if (is(row, ANSWER, "token-wrong") || (is(row, ANSWER, "token") && token[0] == '\0')) {
		/* Who has no token can offer somebody else's only. */
		new_token("--json token new somebody", others);
		snprintf(ret_answer, 64, "%s", others);
	} else if (is(row, ANSWER, "token")) {
		snprintf(ret_answer, 64, "%s", token);
	} else if (is(row, ANSWER, "register")) {
		snprintf(ret_answer, 64, "@register");
	} else {
		cr_assert(is(row, ANSWER, "none"), "%s", row->columns[ANSWER]);
	}
	cr_assert_neq(ret_answer[0], '\0');
}

/* A member of the only object in the output; value NULL: null, or not there. */
static void
expect_json(const struct row *row, const char *key, const char *value)
{
	char name[64], wanted[128];
	const char *at;

	snprintf(name, sizeof(name), "\"%s\":", key);
	at = strstr(stage.output, name);
	if (value == NULL) {
		cr_expect(at == NULL ||
				  strncmp(at + strlen(name) + strspn(at + strlen(name), " "), "null", 4) == 0,
			  "%s: %s is not null: %s", row->columns[ID], key, stage.output);
		return;
	}
	cr_assert_not_null(at, "%s: no %s: %s", row->columns[ID], key, stage.output);
	at += strlen(name) + strspn(at + strlen(name), " ");
	snprintf(wanted, sizeof(wanted), "\"%s\"", value);
	cr_expect_eq(strncmp(at, wanted, strlen(wanted)), 0, "%s: %s is not %s: %s", row->columns[ID], key,
		     value, stage.output);
}

/* What would come of it, asked before anything is used up. */
static void
check_explained(const struct row *row)
{
	bool allowed = is(row, VERDICT, "allow");
	char words[256];

	snprintf(words, sizeof(words), "--json explain " USER " --service %s --from %s --answer %s",
		 service_of(row), peer_of(row), row->columns[ANSWER]);
	cr_expect_eq(stage_sfmfa(&stage, words), allowed ? 0 : 1, "%s: %s", row->columns[ID], stage.output);
	expect_json(row, "verdict", row->columns[VERDICT]);
	expect_json(row, "level", allowed ? row->columns[LEVEL] : NULL);
	expect_json(row, "reason", row->columns[REASON]);
}

/* A challenge that nobody answers, and a registration, are denials in the end. */
static void
check_logged(const struct row *row)
{
	bool allowed = is(row, VERDICT, "allow");

	cr_expect_gt(stage_decisions(&stage), 0, "%s", row->columns[ID]); /* they are written down by now */
	sfmfa("--json log " USER " --limit 1");
	expect_json(row, "service", service_of(row));
	expect_json(row, "login_type", row->columns[LOGIN_TYPE]);
	expect_json(row, "remote", peer_of(row));
	expect_json(row, "verdict", allowed ? "allow" : "deny");
	expect_json(row, "level", allowed ? row->columns[LEVEL] : NULL);
	expect_json(row, "reason", row->columns[REASON]);
}

static void
check_codes(const struct row *row, struct attempt_codes codes)
{
	struct attempt_codes expected = { .auth = PAM_AUTH_ERR, .account = PAM_ABORT };

	if (is(row, VERDICT, "allow")) {
		expected = (struct attempt_codes){ .auth = PAM_SUCCESS, .account = PAM_SUCCESS };
	} else if (is(row, REASON, "api-only-registered")) {
		/* Written in the account phase, and denied there. */
		expected = (struct attempt_codes){ .auth = PAM_SUCCESS, .account = PAM_PERM_DENIED };
	} else if (is(row, REASON, "api-only") || is(row, REASON, "registration-required")) {
		expected.auth = PAM_PERM_DENIED;
	} else if (is(row, REASON, "configuration") && is(row, LOGIN_TYPE, "api")) {
		expected.auth = PAM_SERVICE_ERR;
	}
	cr_expect_eq(codes.auth, expected.auth, "%s: authentication %d: %s", row->columns[ID], codes.auth,
		     talk.transcript);
	cr_expect_eq(codes.account, expected.account, "%s: account %d: %s", row->columns[ID], codes.account,
		     talk.transcript);
}

static struct attempt_codes
log_in_ui(const struct row *row, const char *answer)
{
	const char *const registers[] = { STAGE_PASSWORD, "{code}", "@empty", NULL };
	const char *const answers[] = { STAGE_PASSWORD, answer, NULL };
	struct attempt_codes codes;

	codes = stage_login(&stage, &talk, "login", USER, peer_of(row),
			    is(row, ANSWER, "register") ? registers : answers);
	if (is(row, VERDICT, "register"))
		cr_expect_not_null(strstr(talk.transcript, "Register an authenticator app"), "%s: %s",
				   row->columns[ID], talk.transcript);
	return codes;
}

/* A first factor that is happy with anything: what is no tail of sfmfa's belongs to the password. */
static void
accept_any_password(void)
{
	char text[2048];

	snprintf(text, sizeof(text),
		 "auth requisite %s split runtime_dir=%s/run\nauth requisite pam_permit.so\n"
		 "auth required %s runtime_dir=%s/run\naccount required %s runtime_dir=%s/run\n",
		 SFMFA_TEST_MODULE, stage.folder, SFMFA_TEST_MODULE, stage.folder, SFMFA_TEST_MODULE,
		 stage.folder);
	stage_write(&stage, "pam.d/mail", text);
}

static struct attempt_codes
log_in_api(const struct row *row, const char *answer)
{
	char field[128];
	unsigned before;

	snprintf(field, sizeof(field), STAGE_PASSWORD "%s", is(row, ANSWER, "none") ? "" : answer);
	if (is(row, ANSWER, "recovery-code") || is(row, ANSWER, "temporary-code")) {
		before = stage_decisions(&stage);
		cr_expect_neq(stage_login(&stage, &talk, "mail", USER, peer_of(row),
					  (const char *const[]){ field, NULL })
				      .auth,
			      PAM_SUCCESS, "%s", row->columns[ID]);
		cr_expect_eq(stage_decisions(&stage), before, "%s: the first factor sees the whole field",
			     row->columns[ID]);
		accept_any_password();
	}
	return stage_login(&stage, &talk, "mail", USER, peer_of(row), (const char *const[]){ field, NULL });
}

ParameterizedTestParameters(decisions, every_row_of_a_direct_login_is_lived_through)
{
	static size_t indexes[ROWS_MAX];
	struct row row;
	size_t others;
	size_t count = read_row(SIZE_MAX, &row, &others);

	cr_assert_leq(count, ROWS_MAX);
	for (size_t i = 0; i < ROWS_MAX; i++)
		indexes[i] = i;
	return cr_make_param_array(size_t, indexes, count);
}

ParameterizedTest(size_t *index, decisions, every_row_of_a_direct_login_is_lived_through)
{
	struct row row;
	size_t others;
	char answer[64];

	read_row(*index, &row, &others);
	open_for(&row);
	equip(&row, answer);
	check_explained(&row);
	check_codes(&row, is(&row, LOGIN_TYPE, "api") ? log_in_api(&row, answer) : log_in_ui(&row, answer));
	check_logged(&row);
	stage_close(&stage);
}

Test(decisions, the_rows_are_there)
{
	struct row row;
	size_t others;
	size_t count = read_row(SIZE_MAX, &row, &others);

	cr_expect_geq(count, 53U, "only %zu rows of direct logins", count);
	cr_expect_geq(others, 22U, "the others, with a flow, are in test_apps.c");
}
