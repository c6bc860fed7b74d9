#include <stdio.h>
#include <string.h>

#include "fixture.h"

#define HOST    "203.0.113.9"
#define TRUSTED "10.0.0.7"

#define API_CONF "services = { api = [ \"dovecot\" ]; };\ntrusted_networks = [ \"10.0.0.0/8\" ];\n"
#define MFA_API  "\"api-enabled\", \"mfa-ui-logins\", \"mfa-api-logins\""

static struct fixture f;

static void
start(void)
{
	fixture_start(&f, MFA_API, API_CONF);
}

static void
start_with(const char *permissions, const char *conf)
{
	char text[1024];

	fixture_finish(&f);
	snprintf(text, sizeof(text), "%s%s", API_CONF, conf);
	fixture_start(&f, permissions, text);
}

static void
finish(void)
{
	fixture_finish(&f);
}

TestSuite(api, .init = start, .fini = finish);

static struct login_result
with_tail(const char *rhost, const char *tail, size_t *ret_strip)
{
	char field[128];

	snprintf(field, sizeof(field), "hunter2%s", tail);
	return fixture_api(&f, "alice", rhost, field, ret_strip);
}

Test(api, a_token_at_the_end_of_the_password_is_taken_off_and_lets_in)
{
	char token[32];
	size_t strip = 0;
	fixture_token(&f, "alice", "mail", 0, NULL, token);
	struct login_result result = with_tail(HOST, token, &strip);
	cr_assert_eq(strip, 24);
	assert_allowed(&f, &result, FACTOR_SECURITY_TOKEN, LEVEL_STANDARD, REASON_OK);
	result = with_tail(HOST, token, &strip);
	assert_allowed(&f, &result, FACTOR_SECURITY_TOKEN, LEVEL_STANDARD, REASON_OK);
}

Test(api, a_code_at_the_end_of_the_password_lets_in_once)
{
	struct secret shared;
	char code[16];
	size_t strip = 0;
	fixture_enrol(&f, "alice", APP_COMPLETED, &shared);
	fixture_code(&f, &shared, 0, code);
	struct login_result result = with_tail(HOST, code, &strip);
	cr_assert_eq(strip, 6);
	assert_allowed(&f, &result, FACTOR_TOTP, LEVEL_HIGH_ASSURANCE, REASON_OK);
	result = with_tail(HOST, code, &strip);
	assert_denied(&f, &result, OUTCOME_REFUSED, REASON_FACTOR_REPLAYED);
}

Test(api, no_tail_is_missing)
{
	struct secret shared;
	size_t strip = 99;
	fixture_enrol(&f, "alice", APP_COMPLETED, &shared);
	struct login_result result = with_tail(HOST, "", &strip);
	cr_assert_eq(strip, 0);
	assert_denied(&f, &result, OUTCOME_REFUSED, REASON_FACTOR_MISSING);
	cr_assert_not(result.delay);
}

Test(api, nothing_is_told)
{
	struct secret shared;
	struct login_request request = fixture_request("alice", "dovecot");
	fixture_enrol(&f, "alice", APP_COMPLETED, &shared);
	request.split = true;
	cr_assert_eq(secret_set(&request.password, "hunter2000000", 13), SFMFA_OK);
	struct login *login = fixture_login(&f, &f.root, &request);
	cr_assert_eq(fixture_step(&f, login, INPUT_NONE, NULL), TURN_KEEP);
	cr_assert_eq(fixture_step(&f, login, INPUT_FIRST_FACTOR_OK, NULL), TURN_DONE);
	cr_assert_str_eq(login_ask(login)->error, "");
	cr_assert_str_eq(login_ask(login)->info, "");
	login_destroy(login);
}

Test(api, a_token_of_somebody_else_is_wrong_and_counted)
{
	struct secret shared;
	char token[32];
	fixture_enrol(&f, "alice", APP_COMPLETED, &shared);
	fixture_token(&f, "bob", "mail", 0, NULL, token);
	struct login_result result = with_tail(HOST, token, NULL);
	assert_denied(&f, &result, OUTCOME_REFUSED, REASON_FACTOR_WRONG);
	cr_assert_eq(fixture_record(&f, "alice").guard.failures, 1);
}

Test(api, an_expired_token_is_refused_and_not_counted)
{
	char token[32];
	fixture_token(&f, "alice", "mail", FIXTURE_NOW + 60, NULL, token);
	f.now += 61;
	struct login_result result = with_tail(HOST, token, NULL);
	assert_denied(&f, &result, OUTCOME_REFUSED, REASON_TOKEN_EXPIRED);
	cr_assert_eq(fixture_record(&f, "alice").guard.failures, 0);
}

Test(api, a_token_for_another_service_is_out_of_scope)
{
	char token[32];
	fixture_token(&f, "alice", "ftp", 0, "vsftpd", token);
	struct login_result result = with_tail(HOST, token, NULL);
	assert_denied(&f, &result, OUTCOME_REFUSED, REASON_TOKEN_OUT_OF_SCOPE);
}

Test(api, a_second_token_before_the_first_is_wrong_and_spends_nothing)
{
	char tokens[2][32], tail[64];
	fixture_token(&f, "alice", "one", 0, NULL, tokens[0]);
	fixture_token(&f, "alice", "two", 0, NULL, tokens[1]);
	snprintf(tail, sizeof(tail), "%s%s", tokens[0], tokens[1]);
	struct login_result result = with_tail(HOST, tail, NULL);
	assert_denied(&f, &result, OUTCOME_REFUSED, REASON_FACTOR_WRONG);
	result = with_tail(TRUSTED, tail, NULL);
	assert_denied(&f, &result, OUTCOME_REFUSED, REASON_FACTOR_WRONG);
	cr_assert_eq(fixture_record(&f, "alice").guard.failures, 0);
}

Test(api, a_token_is_wrong_where_only_codes_answer)
{
	start_with(MFA_API, "api = { second_factors = [ \"totp\" ]; };\n");
	struct secret shared;
	char token[32];
	size_t strip = 0;
	fixture_enrol(&f, "alice", APP_COMPLETED, &shared);
	fixture_token(&f, "alice", "mail", 0, NULL, token);
	struct login_result result = with_tail(TRUSTED, token, &strip);
	cr_assert_eq(strip, 24);
	assert_denied(&f, &result, OUTCOME_REFUSED, REASON_FACTOR_WRONG);
	cr_assert_eq(fixture_record(&f, "alice").guard.failures, 1);
}

Test(api, a_code_of_a_pending_app_is_taken_off_and_wrong)
{
	struct secret shared;
	char code[16];
	size_t strip = 0;
	fixture_enrol(&f, "alice", APP_PENDING, &shared);
	fixture_code(&f, &shared, 0, code);
	struct login_result result = with_tail(HOST, code, &strip);
	cr_assert_eq(strip, 6);
	assert_denied(&f, &result, OUTCOME_REFUSED, REASON_FACTOR_WRONG);
	cr_assert_eq(fixture_record(&f, "alice").app.state, APP_PENDING);
}

Test(api, from_a_trusted_network_without_mfa_in_effect_nothing_is_due)
{
	size_t strip = 99;
	struct login_result result = with_tail(TRUSTED, "", &strip);
	cr_assert_eq(strip, 0);
	assert_allowed(&f, &result, FACTOR_PASSWORD, LEVEL_STANDARD, REASON_OK_SINGLE_FACTOR);
}

Test(api, where_nothing_is_due_only_an_own_token_is_taken_off)
{
	char own[32], foreign[32];
	size_t strip = 99;
	fixture_token(&f, "alice", "mail", 0, NULL, own);
	fixture_token(&f, "bob", "mail", 0, NULL, foreign);
	struct login_result result = with_tail(TRUSTED, own, &strip);
	cr_assert_eq(strip, 24);
	assert_allowed(&f, &result, FACTOR_SECURITY_TOKEN, LEVEL_STANDARD, REASON_OK);
	result = with_tail(TRUSTED, foreign, &strip);
	cr_assert_eq(strip, 0, "it may be part of the password");
	assert_allowed(&f, &result, FACTOR_PASSWORD, LEVEL_STANDARD, REASON_OK_SINGLE_FACTOR);
	result = with_tail(TRUSTED, "123456", &strip);
	cr_assert_eq(strip, 0);
	cr_assert_eq(result.auth, OUTCOME_ALLOW);
}

Test(api, an_expired_own_token_is_taken_off_and_is_no_credential)
{
	char token[32];
	size_t strip = 0;
	fixture_token(&f, "alice", "mail", FIXTURE_NOW + 60, NULL, token);
	f.now += 61;
	struct login_result result = with_tail(TRUSTED, token, &strip);
	cr_assert_eq(strip, 24);
	assert_allowed(&f, &result, FACTOR_PASSWORD, LEVEL_STANDARD, REASON_OK_SINGLE_FACTOR);
}

Test(api, a_split_that_is_never_verified_spends_nothing_and_makes_no_event)
{
	struct secret shared;
	char code[16], field[64];
	struct login_request request = fixture_request("alice", "dovecot");
	fixture_enrol(&f, "alice", APP_COMPLETED, &shared);
	fixture_code(&f, &shared, 0, code);
	snprintf(field, sizeof(field), "wrong%s", code);
	request.split = true;
	cr_assert_eq(secret_set(&request.password, field, strlen(field)), SFMFA_OK);
	struct login *login = fixture_login(&f, &f.root, &request);
	cr_assert_eq(fixture_step(&f, login, INPUT_NONE, NULL), TURN_KEEP);
	login_destroy(login);
	cr_assert_eq(f.event_count, 0);
	struct login_result result = with_tail(HOST, code, NULL);
	cr_assert_eq(result.auth, OUTCOME_ALLOW);
}

Test(api, a_user_who_may_not_use_it_learns_so_after_the_password_only)
{
	start_with("", "");
	char token[32];
	size_t strip = 0;
	fixture_token(&f, "alice", "mail", 0, NULL, token);
	struct login_result result = with_tail(HOST, token, &strip);
	cr_assert_eq(strip, 24);
	assert_denied(&f, &result, OUTCOME_REFUSED, REASON_API_DISABLED);
}

Test(api, an_unknown_user_is_split_and_refused_like_a_known_one)
{
	struct login_request request = fixture_request("mallory", "dovecot");
	request.person.nss = NSS_UNKNOWN;
	request.split = true;
	cr_assert_eq(secret_set(&request.password, "hunter2", 7), SFMFA_OK);
	struct login *login = fixture_login(&f, &f.root, &request);
	cr_assert_eq(fixture_step(&f, login, INPUT_NONE, NULL), TURN_KEEP);
	cr_assert_eq(fixture_step(&f, login, INPUT_FIRST_FACTOR_OK, NULL), TURN_DONE);
	assert_denied(&f, login_result(login), OUTCOME_REFUSED, REASON_UNKNOWN_USER);
	login_destroy(login);
}

Test(api, another_word_than_first_factor_ok_is_denied)
{
	static const enum input_kind kinds[] = { INPUT_NONE, INPUT_ANSWER, INPUT_COMMIT, INPUT_PLACEHOLDER };
	char token[32], field[64];
	fixture_token(&f, "alice", "mail", 0, NULL, token);
	snprintf(field, sizeof(field), "hunter2%s", token);
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		struct login_request request = fixture_request("alice", "dovecot");
		request.split = true;
		cr_assert_eq(secret_set(&request.password, field, strlen(field)), SFMFA_OK);
		struct login *login = fixture_login(&f, &f.root, &request);
		cr_assert_eq(fixture_step(&f, login, INPUT_NONE, NULL), TURN_KEEP);
		cr_assert_eq(fixture_step(&f, login, kinds[i], token), TURN_DONE);
		cr_assert_neq(login_result(login)->auth, OUTCOME_ALLOW);
		cr_assert_eq(fixture_step(&f, login, INPUT_FIRST_FACTOR_OK, NULL), TURN_DONE);
		cr_assert_neq(login_result(login)->auth, OUTCOME_ALLOW);
		login_destroy(login);
	}
}

Test(api, a_field_that_is_empty_or_no_text_is_denied)
{
	static const struct {
		const char *bytes;
		size_t size;
	} fields[] = { { "", 0 }, { "a\0b", 3 } };
	for (size_t i = 0; i < 2; i++) {
		struct login_request request = fixture_request("alice", "dovecot");
		request.split = true;
		cr_assert_eq(secret_set(&request.password, fields[i].bytes, fields[i].size), SFMFA_OK);
		struct login *login = fixture_login(&f, &f.root, &request);
		cr_assert_eq(fixture_step(&f, login, INPUT_NONE, NULL), TURN_DONE);
		cr_assert_eq(login_result(login)->auth, OUTCOME_REFUSED);
		login_destroy(login);
	}
}

Test(api, a_field_that_is_all_tail_keeps_its_password)
{
	char token[32];
	size_t strip = 99;
	fixture_token(&f, "alice", "mail", 0, NULL, token);
	struct login_result result = fixture_api(&f, "alice", HOST, token, &strip);
	cr_assert_eq(strip, 0);
	assert_denied(&f, &result, OUTCOME_REFUSED, REASON_FACTOR_MISSING);
}

Test(api, a_line_without_split_or_ask_is_a_fault_of_the_configuration)
{
	struct login_request request = fixture_request("alice", "dovecot");
	struct login *login = fixture_login(&f, &f.root, &request);
	cr_assert_eq(fixture_step(&f, login, INPUT_NONE, NULL), TURN_DONE);
	assert_denied(&f, login_result(login), OUTCOME_CONFIGURATION, REASON_CONFIGURATION);
	login_destroy(login);
}

Test(api, a_line_with_ask_prompts_for_the_factor)
{
	struct secret shared;
	char code[16];
	struct login_request request = fixture_request("alice", "dovecot");
	fixture_enrol(&f, "alice", APP_COMPLETED, &shared);
	fixture_code(&f, &shared, 0, code);
	request.ask = true;
	struct login *login = fixture_login(&f, &f.root, &request);
	cr_assert_eq(fixture_step(&f, login, INPUT_NONE, NULL), TURN_ASK);
	cr_assert_eq(fixture_step(&f, login, INPUT_ANSWER, code), TURN_DONE);
	assert_allowed(&f, login_result(login), FACTOR_TOTP, LEVEL_HIGH_ASSURANCE, REASON_OK);
	login_destroy(login);
}

Test(api, a_line_with_ask_asks_nothing_where_nothing_is_due)
{
	struct login_request request = fixture_request("alice", "dovecot");
	request.ask = true;
	snprintf(request.rhost, sizeof(request.rhost), TRUSTED);
	struct login *login = fixture_login(&f, &f.root, &request);
	cr_assert_eq(fixture_step(&f, login, INPUT_NONE, NULL), TURN_DONE);
	cr_assert_eq(login_result(login)->auth, OUTCOME_ALLOW);
	login_destroy(login);
}

Test(api, a_flow_that_names_an_app_nobody_knows_is_denied)
{
	struct login_request request = fixture_request("alice", "dovecot");
	snprintf(request.app, sizeof(request.app), "webmail");
	snprintf(request.flow, sizeof(request.flow), "jwt-bearer");
	struct login *login = fixture_login(&f, &f.root, &request);
	cr_assert_eq(fixture_step(&f, login, INPUT_NONE, NULL), TURN_DONE);
	assert_denied(&f, login_result(login), OUTCOME_REFUSED, REASON_UNKNOWN_APP);
	cr_assert_str_eq(fixture_event(&f)->app, "webmail");
	login_destroy(login);
}

Test(api, uid_0_may_say_that_a_login_is_one)
{
	struct login_request request = fixture_request("alice", "sshd");
	char token[32], field[64];
	fixture_token(&f, "alice", "sftp", 0, NULL, token);
	snprintf(field, sizeof(field), "hunter2%s", token);
	request.has_login_type = true;
	request.login_type = LOGIN_API;
	request.split = true;
	cr_assert_eq(secret_set(&request.password, field, strlen(field)), SFMFA_OK);
	struct login *login = fixture_login(&f, &f.root, &request);
	cr_assert_eq(fixture_step(&f, login, INPUT_NONE, NULL), TURN_KEEP);
	cr_assert_eq(fixture_step(&f, login, INPUT_FIRST_FACTOR_OK, NULL), TURN_DONE);
	assert_allowed(&f, login_result(login), FACTOR_SECURITY_TOKEN, LEVEL_STANDARD, REASON_OK);
	cr_assert_eq(fixture_event(&f)->login_type, LOGIN_API);
	login_destroy(login);
}
