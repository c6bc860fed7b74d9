/* What is missing around a login, and who may ask for one. */
#include <stdio.h>
#include <string.h>

#include "fixture.h"

static struct fixture f;

static void
start(void)
{
	fixture_start(
		&f, "\"mfa-ui-logins\", \"api-enabled\"",
		"services = { api = [ \"nginx\" ]; exempt = [ \"cron\" ]; };\nlockers = [ \"i3lock\" ];\n");
}

static void
finish(void)
{
	fixture_finish(&f);
}

TestSuite(environment, .init = start, .fini = finish);

static struct login_result
one_step(const struct caller *caller, struct login_request *request)
{
	struct login *login = fixture_login(&f, caller, request);

	cr_assert_eq(fixture_step(&f, login, INPUT_NONE, NULL), TURN_DONE);
	struct login_result result = *login_result(login);
	login_destroy(login);
	cr_assert_eq(f.event_count, 1);
	return result;
}

static void
drop_store(void)
{
	store_close(f.env.store);
	f.env.store = NULL;
}

static void
drop_config(void)
{
	config_release(f.env.config);
	f.env.config = NULL;
	struct config_options options = { .file = "/nonexistent/sfmfa.conf" };
	cr_assert_eq(config_scan_paths(&options, &f.env.fallback), SFMFA_OK);
}

Test(environment, without_a_store_everybody_is_denied)
{
	struct login_request request = fixture_request("alice", "login");
	drop_store();
	struct login_result result = one_step(&f.root, &request);
	assert_denied(&f, &result, OUTCOME_UNAVAILABLE, REASON_STORE);
}

Test(environment, a_name_service_that_fails_denies)
{
	struct login_request request = fixture_request("alice", "login");
	request.person.nss = NSS_ERROR;
	struct login_result result = one_step(&f.root, &request);
	assert_denied(&f, &result, OUTCOME_UNAVAILABLE, REASON_STORE);
	cr_assert_eq(strncmp(fixture_event(&f)->user, "unknown:", 8), 0);
}

Test(environment, without_keys_a_factor_is_refused_at_once)
{
	struct secret shared;
	struct login_request request = fixture_request("alice", "login");
	fixture_enrol(&f, "alice", APP_COMPLETED, &shared);
	keyring_clear(&f.env.keyring);
	struct login_result result = one_step(&f.root, &request);
	assert_denied(&f, &result, OUTCOME_UNAVAILABLE, REASON_STORE);
}

Test(environment, without_keys_nothing_is_registered)
{
	struct login_request request = fixture_request("alice", "login");
	keyring_clear(&f.env.keyring);
	struct login_result result = one_step(&f.root, &request);
	assert_denied(&f, &result, OUTCOME_UNAVAILABLE, REASON_STORE);
}

Test(environment, without_keys_a_login_that_owes_nothing_goes_on)
{
	fixture_finish(&f);
	fixture_start(&f, "\"api-enabled\"", "");
	struct login_request request = fixture_request("alice", "login");
	keyring_clear(&f.env.keyring);
	struct login_result result = one_step(&f.root, &request);
	cr_assert_eq(result.auth, OUTCOME_ALLOW);
}

Test(environment, a_clock_that_cannot_be_read_denies)
{
	struct login_request request = fixture_request("alice", "login");
	f.clock_broken = true;
	struct login_result result = one_step(&f.root, &request);
	assert_denied(&f, &result, OUTCOME_UNAVAILABLE, REASON_CLOCK);
}

Test(environment, a_clock_that_fails_between_question_and_answer_denies)
{
	struct secret shared;
	char code[16];
	struct login_request request = fixture_request("alice", "login");
	fixture_enrol(&f, "alice", APP_COMPLETED, &shared);
	fixture_code(&f, &shared, 0, code);
	struct login *login = fixture_login(&f, &f.root, &request);
	cr_assert_eq(fixture_step(&f, login, INPUT_NONE, NULL), TURN_ASK);
	f.clock_broken = true;
	cr_assert_eq(fixture_step(&f, login, INPUT_ANSWER, code), TURN_DONE);
	cr_assert_eq(login_result(login)->auth, OUTCOME_UNAVAILABLE);
	login_destroy(login);
}

Test(environment, a_stale_configuration_is_noted)
{
	fixture_finish(&f);
	fixture_start(&f, "\"api-enabled\"", "");
	f.env.config_stale = true;
	fixture_ui(&f, "alice", NULL);
	cr_assert(fixture_event(&f)->config_stale);
}

Test(environment, a_login_ends_under_the_configuration_it_began_with)
{
	struct secret shared;
	char code[16];
	struct login_request request = fixture_request("alice", "login");
	fixture_enrol(&f, "alice", APP_COMPLETED, &shared);
	fixture_code(&f, &shared, 0, code);
	struct login *login = fixture_login(&f, &f.root, &request);
	cr_assert_eq(fixture_step(&f, login, INPUT_NONE, NULL), TURN_ASK);
	config_release(f.env.config);
	f.env.config = NULL;
	cr_assert_eq(fixture_step(&f, login, INPUT_ANSWER, code), TURN_DONE);
	cr_assert_eq(login_result(login)->auth, OUTCOME_ALLOW);
	login_destroy(login);
}

Test(environment, without_any_configuration_logins_are_denied)
{
	struct login_request request = fixture_request("alice", "login");
	drop_config();
	struct login_result result = one_step(&f.root, &request);
	assert_denied(&f, &result, OUTCOME_CONFIGURATION, REASON_CONFIGURATION);
}

Test(environment, without_any_configuration_cron_and_switches_by_root_go_on)
{
	static const struct {
		const char *service;
		bool root, frozen;
		enum phase phase;
		enum outcome outcome;
	} rows[] = {
		{ "cron", false, false, PHASE_ACCOUNT, OUTCOME_ALLOW },
		{ "cron", false, true, PHASE_ACCOUNT, OUTCOME_FORBIDDEN },
		{ "cron", false, false, PHASE_AUTHENTICATE, OUTCOME_REFUSED },
		{ "su", true, false, PHASE_ACCOUNT, OUTCOME_ALLOW },
		{ "su", true, true, PHASE_ACCOUNT, OUTCOME_EXPIRED },
		{ "su", false, false, PHASE_ACCOUNT, OUTCOME_CONFIGURATION },
		{ "sshd", true, false, PHASE_ACCOUNT, OUTCOME_CONFIGURATION },
	};
	drop_config();
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct login_request request = fixture_request("alice", rows[i].service);
		request.phase = rows[i].phase;
		request.real_uid_is_root = rows[i].root;
		fixture_freeze(&f, "alice", rows[i].frozen);
		f.event_count = 0;
		struct login_result result = one_step(&f.root, &request);
		cr_assert_eq(result.account, rows[i].outcome, "row %zu: %d", i, result.account);
	}
}

Test(environment, without_configuration_and_store_cron_goes_on)
{
	struct login_request request = fixture_request("alice", "cron");
	request.phase = PHASE_ACCOUNT;
	drop_config();
	drop_store();
	struct login_result result = one_step(&f.root, &request);
	cr_assert_eq(result.account, OUTCOME_ALLOW);
}

Test(environment, an_exempt_service_is_allowed_in_the_account_phase_only)
{
	for (int phase = 0; phase < 2; phase++) {
		struct login_request request = fixture_request("alice", "cron");
		request.phase = phase == 0 ? PHASE_ACCOUNT : PHASE_AUTHENTICATE;
		f.event_count = 0;
		struct login_result result = one_step(&f.root, &request);
		cr_assert_eq(phase == 0 ? result.account : result.auth,
			     phase == 0 ? OUTCOME_ALLOW : OUTCOME_CONFIGURATION);
		cr_assert_eq(fixture_event(&f)->login_type, LOGIN_EXEMPT);
	}
}

Test(environment, an_assigned_profile_that_is_gone_denies_its_user_only)
{
	struct secret shared;
	char code[16];
	struct store_op op = { .kind = STORE_SET_PROFILE, .change = { .user = "alice", .name = "gone" } };
	fixture_enrol(&f, "alice", APP_COMPLETED, &shared);
	fixture_commit(&f, &op);
	fixture_code(&f, &shared, 0, code);
	struct login_result result = fixture_ui(&f, "alice", code);
	assert_denied(&f, &result, OUTCOME_CONFIGURATION, REASON_CONFIGURATION);
	fixture_enrol(&f, "bob", APP_COMPLETED, &shared);
	fixture_code(&f, &shared, 0, code);
	result = fixture_ui(&f, "bob", code);
	cr_assert_eq(result.auth, OUTCOME_ALLOW);
}

Test(environment, an_assigned_set_that_is_gone_denies)
{
	struct store_op op = { .kind = STORE_ASSIGN,
			       .change = { .user = "alice",
					   .assignment = {
						   .kind = ASSIGNMENT_SET, .name = "gone", .by = "root" } } };
	fixture_freeze(&f, "alice", false);
	fixture_commit(&f, &op);
	struct login_result result = fixture_ui(&f, "alice", "123456");
	assert_denied(&f, &result, OUTCOME_REFUSED, REASON_CONFIGURATION);
}

Test(environment, a_virtual_user_is_known_until_the_system_knows_the_name_too)
{
	struct secret shared;
	char code[16];
	struct store_op op = { .kind = STORE_ENSURE_USER,
			       .change = { .user = "box@example.org", .flag = true } };
	struct login_request request = fixture_request("box@example.org", "login");
	fixture_commit(&f, &op);
	fixture_enrol(&f, "box@example.org", APP_COMPLETED, &shared);
	for (int known = 0; known < 2; known++) {
		f.now += 30;
		fixture_code(&f, &shared, 0, code);
		request.person.nss = known ? NSS_KNOWN : NSS_UNKNOWN;
		struct login *login = fixture_login(&f, &f.root, &request);
		cr_assert_eq(fixture_step(&f, login, INPUT_NONE, NULL), TURN_ASK);
		cr_assert_eq(fixture_step(&f, login, INPUT_ANSWER, code), TURN_DONE);
		cr_assert_eq(login_result(login)->auth, known ? OUTCOME_CONFIGURATION : OUTCOME_ALLOW);
		login_destroy(login);
	}
}

Test(environment, a_group_that_cannot_be_resolved_denies_where_it_could_matter)
{
	fixture_finish(&f);
	fixture_begin(&f, "\"api-enabled\"", "");
	fixture_file(&f, "profiles.d/staff.conf",
		     "priority = 10;\npermissions = [ \"mfa-ui-logins\" ];\n"
		     "members = { groups = [ \"staff\" ]; };\n");
	fixture_load(&f);
	for (int how = 0; how < 3; how++) {
		struct login_request request = fixture_request("alice", "login");
		request.person.groups_known = how != 2;
		if (how == 1)
			memberships_note(&request.person.memberships, f.env.config, "staff", false, true);
		f.event_count = 0;
		struct login_result result = one_step(&f.root, &request);
		cr_assert_eq(result.auth, how == 0 ? OUTCOME_ALLOW : OUTCOME_CONFIGURATION, "%d", how);
	}
	struct login_request request = fixture_request("root", "login");
	request.person.uid = 0;
	request.person.groups_known = false;
	f.event_count = 0;
	cr_assert_eq(one_step(&f.root, &request).auth, OUTCOME_ALLOW, "the groups of uid 0 are never asked");
}

static struct caller
own(const char *user, uid_t uid)
{
	struct caller caller = { .class = CALLER_OWN, .uid = uid };

	snprintf(caller.person.name, sizeof(caller.person.name), "%s", user);
	caller.person.nss = NSS_KNOWN;
	caller.person.uid = uid;
	return caller;
}

Test(environment, an_own_caller_is_verified_for_its_own_user_on_ui_services_only)
{
	struct secret shared;
	char code[16];
	struct caller alice = own("alice", 1001), bob = own("bob", 1002), twice = own("alice", 1001);
	struct login_request request = fixture_request("alice", "vlock");
	struct login_result result;

	fixture_enrol(&f, "alice", APP_COMPLETED, &shared);
	fixture_code(&f, &shared, 0, code);
	result = one_step(&bob, &request);
	assert_denied(&f, &result, OUTCOME_CONFIGURATION, REASON_CONFIGURATION);

	twice.several_names = true;
	f.event_count = 0;
	request = fixture_request("alice", "vlock");
	result = one_step(&twice, &request);
	assert_denied(&f, &result, OUTCOME_CONFIGURATION, REASON_CONFIGURATION);

	f.event_count = 0;
	request = fixture_request("alice", "nginx");
	result = one_step(&alice, &request);
	assert_denied(&f, &result, OUTCOME_CONFIGURATION, REASON_CONFIGURATION);

	request = fixture_request("alice", "vlock");
	struct login *login = fixture_login(&f, &alice, &request);
	cr_assert_eq(fixture_step(&f, login, INPUT_NONE, NULL), TURN_ASK);
	cr_assert_eq(fixture_step(&f, login, INPUT_ANSWER, code), TURN_DONE);
	cr_assert_eq(login_result(login)->auth, OUTCOME_ALLOW);
	cr_assert_str_eq(login_result(login)->login_id, "", "names of logins are for uid 0");
	cr_assert(fixture_event(&f)->claimed);
	login_destroy(login);
}

Test(environment, a_login_type_claimed_by_another_than_root_is_ignored)
{
	struct secret shared;
	struct caller alice = own("alice", 1001);
	struct login_request request = fixture_request("alice", "vlock");

	fixture_enrol(&f, "alice", APP_COMPLETED, &shared);
	request.has_login_type = true;
	request.login_type = LOGIN_API;
	struct login *login = fixture_login(&f, &alice, &request);
	cr_assert_eq(fixture_step(&f, login, INPUT_NONE, NULL), TURN_ASK);
	cr_assert_eq(login_result(login)->login_type, LOGIN_UI);
	login_destroy(login);
}

Test(environment, an_own_caller_completes_and_registers_nothing)
{
	struct secret shared;
	char code[16];
	struct caller alice = own("alice", 1001);
	struct login_request request = fixture_request("alice", "vlock");
	struct login *login = fixture_login(&f, &alice, &request);

	cr_assert_eq(fixture_step(&f, login, INPUT_NONE, NULL), TURN_DONE);
	assert_denied(&f, login_result(login), OUTCOME_FORBIDDEN, REASON_REGISTRATION_REQUIRED);
	login_destroy(login);

	fixture_enrol(&f, "alice", APP_PENDING, &shared);
	fixture_code(&f, &shared, 0, code);
	login = fixture_login(&f, &alice, &request);
	cr_assert_eq(fixture_step(&f, login, INPUT_NONE, NULL), TURN_ASK);
	cr_assert_eq(fixture_step(&f, login, INPUT_ANSWER, code), TURN_DONE);
	cr_assert_eq(login_result(login)->auth, OUTCOME_ALLOW);
	login_destroy(login);
	cr_assert_eq(fixture_record(&f, "alice").app.state, APP_PENDING);
}

Test(environment, wrong_answers_of_an_own_caller_lock_that_caller_only)
{
	struct secret shared;
	char code[16];
	struct caller alice = own("alice", 1001);
	fixture_enrol(&f, "alice", APP_COMPLETED, &shared);
	for (int i = 0; i < 10; i++) {
		struct login_request request = fixture_request("alice", "vlock");
		struct login *login = fixture_login(&f, &alice, &request);
		cr_assert_eq(fixture_step(&f, login, INPUT_NONE, NULL), TURN_ASK);
		cr_assert_eq(fixture_step(&f, login, INPUT_ANSWER, "open sesame"), TURN_DONE);
		login_destroy(login);
	}
	struct login_request request = fixture_request("alice", "vlock");
	f.event_count = 0;
	one_step(&alice, &request);
	cr_assert_eq(fixture_event(&f)->reason, REASON_LOCKED_OUT);
	fixture_code(&f, &shared, 0, code);
	struct login_result result = fixture_ui(&f, "alice", code);
	cr_assert_eq(result.auth, OUTCOME_ALLOW);
}

Test(environment, a_locker_takes_a_code_off_the_one_typed_text)
{
	struct secret shared;
	char code[16], field[64];
	struct caller alice = own("alice", 1001);
	fixture_enrol(&f, "alice", APP_COMPLETED, &shared);
	fixture_code(&f, &shared, 0, code);
	for (int with_code = 0; with_code < 2; with_code++) {
		struct login_request request = fixture_request("alice", "i3lock");
		request.split = true;
		snprintf(field, sizeof(field), "hunter2%s", with_code ? code : "");
		cr_assert_eq(secret_set(&request.password, field, strlen(field)), SFMFA_OK);
		struct login *login = fixture_login(&f, &alice, &request);
		cr_assert_eq(fixture_step(&f, login, INPUT_NONE, NULL), TURN_KEEP);
		cr_assert_eq(login_result(login)->strip, with_code ? 6 : 0);
		cr_assert_eq(fixture_step(&f, login, INPUT_FIRST_FACTOR_OK, NULL), TURN_DONE);
		cr_assert_eq(login_result(login)->auth, with_code ? OUTCOME_ALLOW : OUTCOME_REFUSED);
		login_destroy(login);
	}
}

static struct caller
trusted(struct trusted_caller *entry, char *services[], size_t count)
{
	memset(entry, 0, sizeof(*entry));
	entry->services = (struct words){ .items = services, .count = count };
	return (struct caller){ .class = CALLER_TRUSTED, .uid = 33, .trusted = entry };
}

Test(environment, a_trusted_caller_is_verified_for_anybody_on_its_services)
{
	char nginx[] = "nginx", login_name[] = "login";
	char *services[] = { nginx, login_name };
	char token[32], field[64];
	struct trusted_caller entry;
	struct caller www = trusted(&entry, services, 2);

	fixture_token(&f, "alice", "web", 0, NULL, token);
	snprintf(field, sizeof(field), "hunter2%s", token);
	struct login_request request = fixture_request("alice", "nginx");
	request.split = true;
	cr_assert_eq(secret_set(&request.password, field, strlen(field)), SFMFA_OK);
	struct login *login = fixture_login(&f, &www, &request);
	cr_assert_eq(fixture_step(&f, login, INPUT_NONE, NULL), TURN_KEEP);
	cr_assert_eq(fixture_step(&f, login, INPUT_FIRST_FACTOR_OK, NULL), TURN_DONE);
	cr_assert_eq(login_result(login)->auth, OUTCOME_ALLOW);
	cr_assert_str_eq(login_result(login)->login_id, "");
	login_destroy(login);
	cr_assert(fixture_event(&f)->claimed);
	cr_assert_eq(fixture_event(&f)->caller, 33);

	/* Listed, but not mapped to api; and not listed. A claimed login type changes neither. */
	for (int i = 0; i < 2; i++) {
		request = fixture_request("alice", i == 0 ? "login" : "sshd");
		request.has_login_type = true;
		request.login_type = LOGIN_API;
		f.event_count = 0;
		struct login_result result = one_step(&www, &request);
		assert_denied(&f, &result, OUTCOME_CONFIGURATION, REASON_CONFIGURATION);
	}
}
