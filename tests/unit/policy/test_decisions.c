/* The acceptance rows of tests/data/decisions.tsv as pure decisions. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "policy/effective.h"
#include "policy/login.h"
#include "scene.h"

enum column {
	COLUMN_ID = 0,
	COLUMN_PERMISSIONS,
	COLUMN_POLICY,
	COLUMN_APP,
	COLUMN_TOKEN,
	COLUMN_LOGIN_TYPE,
	COLUMN_FLOW,
	COLUMN_PEER,
	COLUMN_SESSION,
	COLUMN_ANSWER,
	COLUMN_VERDICT,
	COLUMN_LEVEL,
	COLUMN_REASON,
	COLUMN_COUNT
};

struct row {
	char line[1024];
	char *columns[COLUMN_COUNT];
};

static bool
row_is(const struct row *row, enum column column, const char *text)
{
	return strcmp(row->columns[column], text) == 0;
}

static bool
row_read(FILE *file, struct row *row)
{
	char *at;

	if (fgets(row->line, sizeof(row->line), file) == NULL)
		return false;
	row->line[strcspn(row->line, "\n")] = '\0';
	at = row->line;
	for (unsigned i = 0; i < COLUMN_COUNT; i++) {
		row->columns[i] = strsep(&at, "\t");
		cr_assert_not_null(row->columns[i], "a row has %u columns", i);
	}
	cr_assert_null(at, "%s has too many columns", row->columns[COLUMN_ID]);
	return true;
}

/* The app of the rows, with every flow. */
static struct connected_app app;

static void
set_policy(struct scene *scene, struct license *license, const char *policy)
{
	static const char high_app[] = "app-requires-high-assurance:";
	struct api_settings *api = &scene->profile.api;

	app = (struct connected_app){ .name = "row", .flows = FLOW_BIT(FLOW_COUNT) - 1 };
	if (strncmp(policy, high_app, strlen(high_app)) == 0) {
		app.level = LEVEL_HIGH_ASSURANCE;
		app.action = strcmp(policy + strlen(high_app), "raise") == 0 ? LEVEL_RAISE : LEVEL_BLOCK;
		return;
	}

	if (strcmp(policy, "-") == 0)
		return;
	if (strcmp(policy, "profile-requires-high-assurance") == 0)
		scene->profile.required_level = LEVEL_HIGH_ASSURANCE;
	else if (strcmp(policy, "require_mfa_for_ui") == 0)
		scene->facts.require_mfa_for_ui = true;
	else if (strcmp(policy, "totp-maps-to-standard") == 0)
		scene->facts.high_assurance &= ~FACTOR_BIT(FACTOR_TOTP);
	else if (strcmp(policy, "license-forbids-mfa-ui-logins") == 0)
		license->forbids = PERMISSION_BIT(PERMISSION_MFA_UI_LOGINS);
	else if (strcmp(policy, "api.second_factors=totp") == 0)
		api->second_factors = FACTOR_BIT(FACTOR_TOTP);
	else if (strcmp(policy, "api.pending=deny") == 0)
		api->pending = API_PENDING_DENY;
	else if (strcmp(policy, "api.trusted_networks_skip_mfa") == 0)
		api->trusted_networks_skip_mfa = true;
	else if (strcmp(policy, "api.token_required=always") == 0)
		api->token_required = TOKEN_REQUIRED_ALWAYS;
	else if (strcmp(policy, "api.token_required=never") == 0)
		api->token_required = TOKEN_REQUIRED_NEVER;
	else
		cr_assert_fail("unknown policy %s", policy);
}

static void
set_permissions(struct scene *scene, char *list)
{
	char *name;

	if (strcmp(list, "-") == 0)
		return;
	while ((name = strsep(&list, ",")) != NULL) {
		enum permission permission;

		cr_assert_eq(permission_from_name(name, &permission), SFMFA_OK, "%s", name);
		scene->profile.permissions |= PERMISSION_BIT(permission);
	}
}

static void
set_peer(struct scene *scene, const char *peer)
{
	struct facts *facts = &scene->facts;

	facts->trusted_peer = strcmp(peer, "trusted") == 0;
	facts->in_profile_ranges = strcmp(peer, "in-profile-range") == 0;
	facts->ip_allowed = strcmp(peer, "outside-profile-range") != 0;
	scene->profile.has_ranges = facts->in_profile_ranges || !facts->ip_allowed;
}

static void
set_session(struct scene *scene, const struct row *row)
{
	struct facts *facts = &scene->facts;

	facts->operation = strncmp(row->columns[COLUMN_FLOW], "operation-", 10) == 0;
	if (facts->operation)
		scene_require(scene, row_is(row, COLUMN_FLOW, "operation-block") ? LEVEL_BLOCK : LEVEL_RAISE);
	if (row_is(row, COLUMN_SESSION, "-"))
		return;
	facts->session = (struct session_fact){.open = true, .same_user = true, .ui = true, .proof_age = 60};
	cr_assert_eq(level_from_key(row->columns[COLUMN_SESSION], &facts->session.level), SFMFA_OK);
}

/* What a person types at the prompt, as the machine finds it. */
static void
answer_ui(struct facts *facts, const char *answer)
{
	facts->registered = strcmp(answer, "register") == 0;
	if (facts->registered || strcmp(answer, "none") == 0 || strcmp(answer, "access-token") == 0)
		return;
	facts->offered = FACTOR_TOTP;
	facts->attempt = ATTEMPT_WRONG;
	if (strcmp(answer, "totp-wrong") == 0)
		return;
	cr_assert_eq(factor_from_key(answer, &facts->offered), SFMFA_OK, "%s", answer);
	if (facts->offered != FACTOR_TOTP || facts->app != APP_NONE)
		facts->attempt = ATTEMPT_RIGHT;
}

/* What stands behind a password, as the splitter finds it (rules 6): the form decides, then what is due. */
static void
answer_api(struct facts *facts, const char *answer)
{
	/* For username-password the flow's own credential is the password and a token. */
	bool token = strcmp(answer, "token") == 0 ||
	             (strcmp(answer, "flow") == 0 && facts->connected.flow == FLOW_USERNAME_PASSWORD);
	uint32_t due = policy_api_due(facts);

	if (token || strcmp(answer, "token-wrong") == 0) {
		bool own = token && facts->has_token;

		if (due == 0) {
			facts->token_stripped = own;
			return;
		}
		facts->offered = FACTOR_SECURITY_TOKEN;
		facts->attempt = own ? ATTEMPT_RIGHT : ATTEMPT_WRONG;
	} else if (strncmp(answer, "totp", 4) == 0 && due != 0 && facts->app != APP_NONE) {
		facts->offered = FACTOR_TOTP;
		facts->attempt = strcmp(answer, "totp") == 0 ? ATTEMPT_RIGHT : ATTEMPT_WRONG;
	}
	/* Recovery and temporary codes have no form that is taken off: nothing was offered. */
}

/* A flow, and its own credential where it has one. */
static void
set_flow(struct facts *facts, const struct row *row)
{
	struct app_fact *connected = &facts->connected;

	if (row_is(row, COLUMN_FLOW, "-") || facts->operation)
		return;
	*connected = (struct app_fact){
		.named = true,
		.bridge = row_is(row, COLUMN_FLOW, "bridge"),
		.flow_known = true,
		.app = &app,
		.in_services = true,
		.in_networks = true,
		.permitted = true,
	};
	if (!connected->bridge)
		cr_assert_eq(flow_from_key(row->columns[COLUMN_FLOW], &connected->flow), SFMFA_OK, "%s",
		             row->columns[COLUMN_FLOW]);
	if (!row_is(row, COLUMN_ANSWER, "ui-session") && connected->flow != FLOW_USERNAME_PASSWORD)
		connected->credential = CREDENTIAL_RIGHT;
}

static void
build(const struct row *row, struct scene *scene)
{
	static struct effective effective;
	struct license license = {.name = "limited"};
	struct holding input = {.profile = &scene->profile, .license = &license};
	struct facts *facts = &scene->facts;

	scene_init(scene, row_is(row, COLUMN_LOGIN_TYPE, "api") ? LOGIN_API : LOGIN_UI);
	set_permissions(scene, row->columns[COLUMN_PERMISSIONS]);
	set_policy(scene, &license, row->columns[COLUMN_POLICY]);
	effective_compute(&input, &effective);
	facts->permissions = effective.permissions;
	facts->permission_origins = effective.first;
	facts->configuration_fault = effective.forbidden != 0;
	facts->app = row_is(row, COLUMN_APP, "none")      ? APP_NONE
	             : row_is(row, COLUMN_APP, "pending") ? APP_PENDING
	                                                  : APP_COMPLETED;
	facts->has_token = row_is(row, COLUMN_TOKEN, "yes");
	facts->temporary_code = row_is(row, COLUMN_ANSWER, "temporary-code");
	facts->recovery_codes = row_is(row, COLUMN_ANSWER, "recovery-code");
	set_peer(scene, row->columns[COLUMN_PEER]);
	set_session(scene, row);
	set_flow(facts, row);
}

/* Where a UI login offers an answer, it must have been asked for. */
static void
check_asked(const struct row *row, const struct scene *scene)
{
	struct decision before = scene_decide(scene);

	if (!row_is(row, COLUMN_LOGIN_TYPE, "ui") || row_is(row, COLUMN_ANSWER, "none") ||
	    row_is(row, COLUMN_ANSWER, "access-token"))
		return;
	cr_expect(before.verdict == VERDICT_REGISTER || before.acceptable != 0, "%s asks for nothing",
	          row->columns[COLUMN_ID]);
	cr_expect_neq(before.verdict, VERDICT_ALLOW, "%s", row->columns[COLUMN_ID]);
}

static void
check_row(const struct row *row)
{
	struct scene scene;
	struct decision decision;

	build(row, &scene);
	check_asked(row, &scene);
	if (row_is(row, COLUMN_LOGIN_TYPE, "api"))
		answer_api(&scene.facts, row->columns[COLUMN_ANSWER]);
	else
		answer_ui(&scene.facts, row->columns[COLUMN_ANSWER]);
	decision = scene_decide(&scene);
	cr_expect_str_eq(verdict_key(decision.verdict), row->columns[COLUMN_VERDICT], "%s: %s (%s)",
	                 row->columns[COLUMN_ID], verdict_key(decision.verdict), reason_key(decision.reason));
	cr_expect_str_eq(reason_key(decision.reason), row->columns[COLUMN_REASON], "%s: %s",
	                 row->columns[COLUMN_ID], reason_key(decision.reason));
	cr_expect(decision.because_count > 0, "%s is decided without a word", row->columns[COLUMN_ID]);
	if (decision.verdict == VERDICT_ALLOW)
		cr_expect_str_eq(level_key(decision.level), row->columns[COLUMN_LEVEL], "%s: %s",
		                 row->columns[COLUMN_ID], level_key(decision.level));
}

static FILE *
open_rows(void)
{
	FILE *file = fopen(TEST_DATA "/decisions.tsv", "re");
	struct row row;

	cr_assert_not_null(file);
	cr_assert(row_read(file, &row) && row_is(&row, COLUMN_ID, "id"));
	return file;
}

Test(decisions, every_row_is_decided_as_written)
{
	FILE *file = open_rows();
	unsigned checked = 0;
	struct row row;

	while (row_read(file, &row)) {
		check_row(&row);
		checked++;
	}
	(void)fclose(file);
	cr_expect_geq(checked, 75U, "only %u rows were checked", checked);
}
