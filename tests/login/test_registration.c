#include <stdio.h>
#include <string.h>

#include "factor/totp.h"
#include "fixture.h"

static struct fixture f;

static void
start(void)
{
	fixture_start(&f, "\"mfa-ui-logins\"", "");
}

static void
finish(void)
{
	fixture_finish(&f);
}

TestSuite(registration, .init = start, .fini = finish);

/* As a phone would: the shared secret from the URI that is shown. */
static void
scan(const struct login *login, struct secret *ret_shared)
{
	const char *info = login_ask(login)->info;
	const char *at = strstr(info, "otpauth://totp/");
	char key[TOTP_BASE32_SIZE];
	size_t length;

	cr_assert_not_null(at, "%s", info);
	at = strstr(at, "secret=");
	cr_assert_not_null(at);
	at += strlen("secret=");
	length = strcspn(at, "&\n");
	cr_assert_lt(length, sizeof(key));
	snprintf(key, sizeof(key), "%.*s", (int)length, at);
	cr_assert_eq(totp_from_base32(key, ret_shared), SFMFA_OK);
}

static struct login *
begin(struct login_request *request, struct secret *ret_shared)
{
	struct login *login = fixture_login(&f, &f.root, request);

	cr_assert_eq(fixture_step(&f, login, INPUT_NONE, NULL), TURN_ASK);
	scan(login, ret_shared);
	return login;
}

/* Up to the point where only the account phase is missing. */
static struct login *
confirm(struct login_request *request, struct secret *ret_shared, char ret_code[16])
{
	struct login *login = begin(request, ret_shared);

	fixture_code(&f, ret_shared, 0, ret_code);
	cr_assert_eq(fixture_step(&f, login, INPUT_ANSWER, ret_code), TURN_ASK);
	cr_assert_eq(fixture_step(&f, login, INPUT_ANSWER, ""), TURN_KEEP);
	return login;
}

Test(registration, what_is_shown_begins_with_words_and_has_qr_key_and_uri)
{
	struct login_request request = fixture_request("alice", "sshd");
	struct secret shared;
	char base32[TOTP_BASE32_SIZE], first_group[8];
	struct login *login = begin(&request, &shared);
	const char *info = login_ask(login)->info;

	cr_assert_eq(strncmp(info, "Register an authenticator app", 29), 0);
	cr_assert_not_null(strstr(info, "\xe2\x96"), "half blocks");
	cr_assert_eq(totp_to_base32(&shared, base32), SFMFA_OK);
	snprintf(first_group, sizeof(first_group), "%.4s ", base32);
	cr_assert_not_null(strstr(info, first_group));
	cr_assert_str_eq(login_ask(login)->prompt, "Code from your app: ");
	login_destroy(login);
}

Test(registration, a_confirmed_app_is_completed_by_the_account_phase)
{
	struct login_request request = fixture_request("alice", "sshd");
	struct secret shared;
	char code[16];
	struct login *login = confirm(&request, &shared, code);

	cr_assert_eq(login_result(login)->auth, OUTCOME_ALLOW);
	cr_assert_neq(login_result(login)->account, OUTCOME_ALLOW);
	cr_assert_not(login_result(login)->split);
	cr_assert_eq(fixture_record(&f, "alice").app.state, APP_NONE, "nothing is written before");
	cr_assert_eq(f.event_count, 0);
	cr_assert_eq(fixture_step(&f, login, INPUT_COMMIT, NULL), TURN_DONE);
	cr_assert_eq(login_result(login)->account, OUTCOME_ALLOW);
	login_destroy(login);

	cr_assert_eq(f.event_count, 1);
	cr_assert_eq(fixture_event(&f)->reason, REASON_OK_REGISTERED);
	cr_assert_eq(fixture_event(&f)->level, LEVEL_HIGH_ASSURANCE);
	cr_assert_eq(fixture_record(&f, "alice").app.state, APP_COMPLETED);
	cr_assert_eq(fixture_record(&f, "alice").recovery_codes_left, 10);

	struct login_result result = fixture_ui(&f, "alice", code);
	assert_denied(&f, &result, OUTCOME_REFUSED, REASON_FACTOR_REPLAYED);
	f.now += 30;
	fixture_code(&f, &shared, 0, code);
	result = fixture_ui(&f, "alice", code);
	cr_assert_eq(result.auth, OUTCOME_ALLOW);
}

Test(registration, the_recovery_codes_that_were_shown_work)
{
	struct login_request request = fixture_request("alice", "sshd");
	struct secret shared;
	char code[16], recovery[32];
	struct login *login = begin(&request, &shared);
	const char *at;

	fixture_code(&f, &shared, 0, code);
	cr_assert_eq(fixture_step(&f, login, INPUT_ANSWER, code), TURN_ASK);
	at = strstr(login_ask(login)->info, "\n  ");
	cr_assert_not_null(at);
	snprintf(recovery, sizeof(recovery), "%.19s", at + 3);
	cr_assert_eq(strncmp(login_ask(login)->prompt, "Press Enter", 11), 0);
	cr_assert_not(login_ask(login)->echo);
	cr_assert_eq(fixture_step(&f, login, INPUT_ANSWER, ""), TURN_KEEP);
	cr_assert_eq(fixture_step(&f, login, INPUT_COMMIT, NULL), TURN_DONE);
	login_destroy(login);
	struct login_result result = fixture_ui(&f, "alice", recovery);
	assert_allowed(&f, &result, FACTOR_RECOVERY_CODE, LEVEL_HIGH_ASSURANCE, REASON_OK);
}

Test(registration, a_registration_that_is_not_committed_is_gone)
{
	struct login_request request = fixture_request("alice", "sshd");
	struct secret shared;
	char code[16];
	struct login *login = confirm(&request, &shared, code);

	login_destroy(login);
	cr_assert_eq(fixture_record(&f, "alice").app.state, APP_NONE);
	cr_assert_eq(f.event_count, 1);
	cr_assert_eq(fixture_event(&f)->reason, REASON_CONVERSATION);
	cr_assert_eq(fixture_event(&f)->verdict, VERDICT_DENY);
}

Test(registration, two_at_once_and_the_second_is_refused)
{
	struct login_request requests[2] = { fixture_request("alice", "sshd"),
					     fixture_request("alice", "sshd") };
	struct secret shared[2];
	char code[16];
	struct login *first = confirm(&requests[0], &shared[0], code);
	struct login *second = confirm(&requests[1], &shared[1], code);

	cr_assert_eq(fixture_step(&f, first, INPUT_COMMIT, NULL), TURN_DONE);
	cr_assert_eq(login_result(first)->account, OUTCOME_ALLOW);
	cr_assert_eq(fixture_step(&f, second, INPUT_COMMIT, NULL), TURN_DONE);
	cr_assert_eq(login_result(second)->account, OUTCOME_FORBIDDEN);
	cr_assert_eq(fixture_event(&f)->reason, REASON_REGISTRATION_REFUSED);
	login_destroy(first);
	login_destroy(second);
	cr_assert_eq(f.event_count, 2);
	f.now += 60;
	fixture_code(&f, &shared[0], 0, code);
	struct login_result result = fixture_ui(&f, "alice", code);
	cr_assert_eq(result.auth, OUTCOME_ALLOW, "the first app stays");
}

Test(registration, three_wrong_codes_end_it)
{
	struct login_request request = fixture_request("alice", "sshd");
	struct secret shared;
	struct login *login = begin(&request, &shared);

	for (int i = 0; i < 2; i++) {
		cr_assert_eq(fixture_step(&f, login, INPUT_ANSWER, "12345"), TURN_ASK);
		cr_assert_str_eq(login_ask(login)->info, "", "the code is not shown again");
		cr_assert_not_null(strstr(login_ask(login)->error, "not right"));
	}
	cr_assert_eq(fixture_step(&f, login, INPUT_ANSWER, "12345"), TURN_DONE);
	assert_denied(&f, login_result(login), OUTCOME_REFUSED, REASON_FACTOR_WRONG);
	login_destroy(login);
	cr_assert_eq(f.event_count, 1);
	cr_assert_eq(fixture_record(&f, "alice").id, 0, "compared in memory only");
}

Test(registration, a_right_code_after_a_wrong_one_goes_on)
{
	struct login_request request = fixture_request("alice", "sshd");
	struct secret shared;
	char code[16];
	struct login *login = begin(&request, &shared);

	cr_assert_eq(fixture_step(&f, login, INPUT_ANSWER, "12345"), TURN_ASK);
	fixture_code(&f, &shared, 0, code);
	cr_assert_eq(fixture_step(&f, login, INPUT_ANSWER, code), TURN_ASK);
	cr_assert_eq(strncmp(login_ask(login)->prompt, "Press Enter", 11), 0);
	login_destroy(login);
}

Test(registration, an_empty_answer_is_denied)
{
	struct login_request request = fixture_request("alice", "sshd");
	struct secret shared;
	struct login *login = begin(&request, &shared);

	cr_assert_eq(fixture_step(&f, login, INPUT_ANSWER, ""), TURN_DONE);
	assert_denied(&f, login_result(login), OUTCOME_FORBIDDEN, REASON_REGISTRATION_REQUIRED);
	login_destroy(login);
	cr_assert_eq(f.event_count, 1);
}

Test(registration, a_conversation_that_fails_ends_it_at_every_question)
{
	for (int question = 0; question < 2; question++) {
		struct login_request request = fixture_request("alice", "sshd");
		struct secret shared;
		char code[16];
		struct login *login = begin(&request, &shared);

		fixture_code(&f, &shared, 0, code);
		if (question == 1)
			cr_assert_eq(fixture_step(&f, login, INPUT_ANSWER, code), TURN_ASK);
		cr_assert_eq(fixture_step(&f, login, INPUT_CONVERSATION_FAILED, NULL), TURN_DONE);
		assert_denied(&f, login_result(login), OUTCOME_CONVERSATION, REASON_CONVERSATION);
		login_destroy(login);
	}
	cr_assert_eq(fixture_record(&f, "alice").app.state, APP_NONE);
}

Test(registration, a_client_that_cannot_prompt_registers_nothing)
{
	struct login_request request = fixture_request("alice", "sshd");
	struct secret shared;
	struct login *login = begin(&request, &shared);

	cr_assert_eq(fixture_step(&f, login, INPUT_ANSWER_IS_PASSWORD, NULL), TURN_DONE);
	assert_denied(&f, login_result(login), OUTCOME_REFUSED, REASON_CLIENT_CANNOT_PROMPT);
	login_destroy(login);
}

Test(registration, a_commit_out_of_turn_plants_nothing)
{
	struct login_request request = fixture_request("alice", "sshd");
	struct secret shared;
	struct login *login = begin(&request, &shared);

	cr_assert_eq(fixture_step(&f, login, INPUT_COMMIT, NULL), TURN_DONE);
	cr_assert_eq(login_result(login)->auth, OUTCOME_CONVERSATION);
	login_destroy(login);
	cr_assert_eq(fixture_record(&f, "alice").app.state, APP_NONE);
}

Test(registration, another_word_than_commit_drops_it)
{
	struct login_request request = fixture_request("alice", "sshd");
	struct secret shared;
	char code[16];
	struct login *login = confirm(&request, &shared, code);

	cr_assert_eq(fixture_step(&f, login, INPUT_ANSWER, code), TURN_DONE);
	cr_assert_neq(login_result(login)->account, OUTCOME_ALLOW);
	cr_assert_eq(fixture_step(&f, login, INPUT_COMMIT, NULL), TURN_DONE);
	cr_assert_neq(login_result(login)->account, OUTCOME_ALLOW);
	login_destroy(login);
	cr_assert_eq(fixture_record(&f, "alice").app.state, APP_NONE);
	cr_assert_eq(f.event_count, 1);
}

Test(registration, a_service_without_an_account_phase_offers_none)
{
	struct login_request request = fixture_request("alice", "sshd");
	request.can_commit = false;
	struct login *login = fixture_login(&f, &f.root, &request);
	cr_assert_eq(fixture_step(&f, login, INPUT_NONE, NULL), TURN_DONE);
	assert_denied(&f, login_result(login), OUTCOME_FORBIDDEN, REASON_REGISTRATION_REQUIRED);
	login_destroy(login);
}

Test(registration, a_closed_one_is_denied)
{
	fixture_finish(&f);
	fixture_start(&f, "\"mfa-ui-logins\"", "registration = \"closed\";\n");
	struct login_result result = fixture_ui(&f, "alice", NULL);
	assert_denied(&f, &result, OUTCOME_FORBIDDEN, REASON_REGISTRATION_REQUIRED);
}

Test(registration, an_api_only_user_registers_once_and_is_denied)
{
	fixture_finish(&f);
	fixture_start(&f, "\"mfa-ui-logins\", \"api-only-user\"", "");
	struct login_request request = fixture_request("robot", "sshd");
	struct secret shared;
	char code[16];
	struct login *login = confirm(&request, &shared, code);

	cr_assert_eq(login_result(login)->auth, OUTCOME_ALLOW);
	cr_assert_eq(fixture_step(&f, login, INPUT_COMMIT, NULL), TURN_DONE);
	cr_assert_eq(login_result(login)->account, OUTCOME_FORBIDDEN);
	login_destroy(login);
	cr_assert_eq(fixture_event(&f)->reason, REASON_API_ONLY_REGISTERED);
	cr_assert_eq(fixture_record(&f, "robot").app.state, APP_COMPLETED);
	f.now += 60;
	fixture_code(&f, &shared, 0, code);
	struct login_result result = fixture_ui(&f, "robot", code);
	assert_denied(&f, &result, OUTCOME_FORBIDDEN, REASON_API_ONLY);
}

Test(registration, an_api_only_user_completes_a_pending_app_and_is_denied)
{
	fixture_finish(&f);
	fixture_start(&f, "\"mfa-ui-logins\", \"api-only-user\"", "");
	struct secret shared;
	char code[16];
	fixture_enrol(&f, "robot", APP_PENDING, &shared);
	fixture_code(&f, &shared, 0, code);
	struct login_result result = fixture_ui(&f, "robot", code);
	assert_denied(&f, &result, OUTCOME_FORBIDDEN, REASON_API_ONLY_REGISTERED);
	cr_assert_eq(fixture_record(&f, "robot").app.state, APP_COMPLETED);
}

Test(registration, after_a_temporary_code_it_is_offered_and_may_be_put_off)
{
	char code[32];
	struct login_request request = fixture_request("alice", "sshd");
	fixture_temporary_code(&f, "alice", code);
	struct login *login = fixture_login(&f, &f.root, &request);
	cr_assert_eq(fixture_step(&f, login, INPUT_NONE, NULL), TURN_ASK);
	cr_assert_str_eq(login_ask(login)->prompt, "Temporary code: ");
	cr_assert_eq(fixture_step(&f, login, INPUT_ANSWER, code), TURN_ASK);
	cr_assert_str_eq(login_ask(login)->prompt, "Code from your app: ");
	cr_assert_eq(fixture_step(&f, login, INPUT_ANSWER, ""), TURN_DONE);
	assert_allowed(&f, login_result(login), FACTOR_TEMPORARY_CODE, LEVEL_HIGH_ASSURANCE, REASON_OK);
	login_destroy(login);
	cr_assert_eq(f.event_count, 1);
}

Test(registration, after_a_temporary_code_it_can_be_finished)
{
	char temporary[32], code[16];
	struct secret shared;
	struct login_request request = fixture_request("alice", "sshd");
	fixture_temporary_code(&f, "alice", temporary);
	struct login *login = fixture_login(&f, &f.root, &request);
	cr_assert_eq(fixture_step(&f, login, INPUT_NONE, NULL), TURN_ASK);
	cr_assert_eq(fixture_step(&f, login, INPUT_ANSWER, temporary), TURN_ASK);
	scan(login, &shared);
	fixture_code(&f, &shared, 0, code);
	cr_assert_eq(fixture_step(&f, login, INPUT_ANSWER, code), TURN_ASK);
	cr_assert_eq(fixture_step(&f, login, INPUT_ANSWER, ""), TURN_KEEP);
	cr_assert_eq(fixture_step(&f, login, INPUT_COMMIT, NULL), TURN_DONE);
	cr_assert_eq(login_result(login)->account, OUTCOME_ALLOW);
	login_destroy(login);
	cr_assert_eq(fixture_event(&f)->reason, REASON_OK_REGISTERED);
	cr_assert_eq(fixture_record(&f, "alice").app.state, APP_COMPLETED);
}

Test(registration, a_wrong_temporary_code_leads_to_none)
{
	char code[32];
	fixture_temporary_code(&f, "alice", code);
	struct login_result result = fixture_ui(&f, "alice", "ABCD-EFGH");
	assert_denied(&f, &result, OUTCOME_REFUSED, REASON_FACTOR_WRONG);
}
