#include <stdio.h>
#include <string.h>

#include "auth/attempt.h"
#include "factor/code.h"
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

TestSuite(ui, .init = start, .fini = finish);

/* A code that is not right, now and for some time around. */
static void
wrong_code(const struct secret *shared, char ret_code[16])
{
	char codes[41][16];
	bool taken;
	unsigned candidate = 0;

	for (int i = 0; i < 41; i++)
		fixture_code(&f, shared, i - 20, codes[i]);
	do {
		snprintf(ret_code, 16, "%06u", candidate++);
		taken = false;
		for (int i = 0; i < 41; i++)
			taken = taken || strcmp(codes[i], ret_code) == 0;
	} while (taken);
}

/* The text of the last word of a login with one answer. */
static void
error_of(const char *user, const char *answer, char ret_text[ASK_TEXT_SIZE])
{
	struct login_request request = fixture_request(user, "login");
	struct login *login = fixture_login(&f, &f.root, &request);

	cr_assert_eq(fixture_step(&f, login, INPUT_NONE, NULL), TURN_ASK);
	cr_assert_eq(fixture_step(&f, login, INPUT_ANSWER, answer), TURN_DONE);
	snprintf(ret_text, ASK_TEXT_SIZE, "%s", login_ask(login)->error);
	login_destroy(login);
}

Test(ui, a_user_who_owes_nothing_is_let_in_unasked)
{
	fixture_finish(&f);
	fixture_start(&f, "\"api-enabled\"", "");
	struct login_result result = fixture_ui(&f, "alice", NULL);
	assert_allowed(&f, &result, FACTOR_PASSWORD, LEVEL_STANDARD, REASON_OK_SINGLE_FACTOR);
	cr_assert_eq(f.event_count, 1);
	cr_assert_eq(fixture_record(&f, "alice").id, 0, "a login that owes nothing writes nothing");
}

Test(ui, a_right_code_is_let_in_at_high_assurance_and_names_the_login)
{
	struct secret shared;
	char code[16];
	fixture_enrol(&f, "alice", APP_COMPLETED, &shared);
	fixture_code(&f, &shared, 0, code);
	struct login_result result = fixture_ui(&f, "alice", code);
	assert_allowed(&f, &result, FACTOR_TOTP, LEVEL_HIGH_ASSURANCE, REASON_OK);
	cr_assert_eq(strlen(result.login_id), 32);
	cr_assert_eq(f.event_count, 1);
}

Test(ui, the_prompt_is_not_echoed)
{
	struct secret shared;
	struct login_request request = fixture_request("alice", "login");
	fixture_enrol(&f, "alice", APP_COMPLETED, &shared);
	struct login *login = fixture_login(&f, &f.root, &request);
	cr_assert_eq(fixture_step(&f, login, INPUT_NONE, NULL), TURN_ASK);
	cr_assert_str_eq(login_ask(login)->prompt, "Authenticator code: ");
	cr_assert_not(login_ask(login)->echo);
	login_destroy(login);
}

Test(ui, spaces_in_a_code_do_not_matter)
{
	struct secret shared;
	char code[16], spaced[32];
	fixture_enrol(&f, "alice", APP_COMPLETED, &shared);
	fixture_code(&f, &shared, 1, code);
	snprintf(spaced, sizeof(spaced), " %.3s %s ", code, code + 3);
	struct login_result result = fixture_ui(&f, "alice", spaced);
	assert_allowed(&f, &result, FACTOR_TOTP, LEVEL_HIGH_ASSURANCE, REASON_OK);
}

Test(ui, a_wrong_code_is_refused_and_counted)
{
	struct secret shared;
	char code[16], text[ASK_TEXT_SIZE];
	fixture_enrol(&f, "alice", APP_COMPLETED, &shared);
	wrong_code(&shared, code);
	struct login_result result = fixture_ui(&f, "alice", code);
	assert_denied(&f, &result, OUTCOME_REFUSED, REASON_FACTOR_WRONG);
	cr_assert(result.delay);
	cr_assert_eq(fixture_event(&f)->method, FACTOR_TOTP);
	cr_assert_eq(fixture_record(&f, "alice").guard.failures, 1);
	error_of("alice", code, text);
	cr_assert_str_eq(text, "That code was not right.");
}

Test(ui, an_answer_of_no_known_form_is_counted_as_wrong)
{
	struct secret shared;
	fixture_enrol(&f, "alice", APP_COMPLETED, &shared);
	struct login_result result = fixture_ui(&f, "alice", "open sesame");
	assert_denied(&f, &result, OUTCOME_REFUSED, REASON_FACTOR_WRONG);
	cr_assert_eq(fixture_record(&f, "alice").guard.failures, 1);
}

Test(ui, a_security_token_answers_no_ui_login)
{
	struct secret shared;
	char token[32];
	fixture_enrol(&f, "alice", APP_COMPLETED, &shared);
	fixture_token(&f, "alice", "mail", 0, NULL, token);
	struct login_result result = fixture_ui(&f, "alice", token);
	assert_denied(&f, &result, OUTCOME_REFUSED, REASON_FACTOR_WRONG);
	cr_assert_eq(fixture_event(&f)->method, FACTOR_SECURITY_TOKEN);
}

Test(ui, an_empty_answer_is_missing_and_writes_nothing)
{
	struct secret shared;
	fixture_enrol(&f, "alice", APP_COMPLETED, &shared);
	struct login_result result = fixture_ui(&f, "alice", "");
	assert_denied(&f, &result, OUTCOME_REFUSED, REASON_FACTOR_MISSING);
	cr_assert_eq(fixture_record(&f, "alice").guard.failures, 0);
}

Test(ui, a_code_is_used_once)
{
	struct secret shared;
	char code[16], text[ASK_TEXT_SIZE];
	fixture_enrol(&f, "alice", APP_COMPLETED, &shared);
	fixture_code(&f, &shared, 0, code);
	struct login_result result = fixture_ui(&f, "alice", code);
	cr_assert_eq(result.auth, OUTCOME_ALLOW);
	result = fixture_ui(&f, "alice", code);
	assert_denied(&f, &result, OUTCOME_REFUSED, REASON_FACTOR_REPLAYED);
	cr_assert_eq(fixture_record(&f, "alice").guard.failures, 0);
	error_of("alice", code, text);
	cr_assert_str_eq(text, "That code was already used; wait for the next one.");
}

Test(ui, two_logins_with_one_code_in_one_commit_let_one_in)
{
	struct secret shared;
	char code[16];
	struct login_request requests[2] = { fixture_request("alice", "login"),
					     fixture_request("alice", "sshd") };
	struct login *logins[2];
	struct store_op *ops[2];
	struct diag diag;
	int allowed = 0;

	fixture_enrol(&f, "alice", APP_COMPLETED, &shared);
	fixture_code(&f, &shared, 0, code);
	for (int i = 0; i < 2; i++) {
		struct input input = { .kind = INPUT_ANSWER };
		cr_assert_eq(secret_set(&input.answer, code, strlen(code)), SFMFA_OK);
		logins[i] = fixture_login(&f, &f.root, &requests[i]);
		cr_assert_eq(login_step(logins[i], NULL), TURN_ASK);
		cr_assert_eq(login_step(logins[i], &input), TURN_WRITE);
		ops[i] = login_op(logins[i]);
	}
	cr_assert_eq(store_commit(f.env.store, ops, 2, &diag), SFMFA_OK);
	for (int i = 0; i < 2; i++) {
		cr_assert_eq(login_step(logins[i], NULL), TURN_DONE);
		allowed += login_result(logins[i])->auth == OUTCOME_ALLOW;
		login_destroy(logins[i]);
	}
	cr_assert_eq(allowed, 1);
	cr_assert_eq(f.event_count, 2);
}

Test(ui, too_many_wrong_codes_lock_even_the_right_one_out)
{
	struct secret shared;
	char wrong[16], code[16];
	struct login_result result;
	fixture_enrol(&f, "alice", APP_COMPLETED, &shared);
	wrong_code(&shared, wrong);
	for (int i = 0; i < 10; i++)
		result = fixture_ui(&f, "alice", wrong);
	cr_assert_eq(result.auth, OUTCOME_REFUSED);
	/* Locked: nobody is asked, nothing is compared. */
	result = fixture_ui(&f, "alice", NULL);
	assert_denied(&f, &result, OUTCOME_REFUSED, REASON_LOCKED_OUT);
	f.now += 15 * 60 + 1;
	fixture_code(&f, &shared, 0, code);
	result = fixture_ui(&f, "alice", code);
	cr_assert_eq(result.auth, OUTCOME_ALLOW, "a lock lasts its length");
}

Test(ui, a_lock_between_question_and_answer_refuses_a_right_code)
{
	struct secret shared;
	char wrong[16], code[16];
	struct login_request request = fixture_request("alice", "login");
	fixture_enrol(&f, "alice", APP_COMPLETED, &shared);
	wrong_code(&shared, wrong);
	fixture_code(&f, &shared, 0, code);
	struct login *login = fixture_login(&f, &f.root, &request);
	cr_assert_eq(fixture_step(&f, login, INPUT_NONE, NULL), TURN_ASK);
	for (int i = 0; i < 10; i++)
		fixture_ui(&f, "alice", wrong);
	cr_assert_eq(fixture_step(&f, login, INPUT_ANSWER, code), TURN_DONE);
	assert_denied(&f, login_result(login), OUTCOME_REFUSED, REASON_LOCKED_OUT);
	login_destroy(login);
}

Test(ui, failed_attempts_are_told_at_the_next_success)
{
	struct secret shared;
	char wrong[16], code[16];
	struct login_request request = fixture_request("alice", "login");
	fixture_enrol(&f, "alice", APP_COMPLETED, &shared);
	wrong_code(&shared, wrong);
	for (int i = 0; i < 3; i++)
		fixture_ui(&f, "alice", wrong);
	fixture_code(&f, &shared, 0, code);
	struct login *login = fixture_login(&f, &f.root, &request);
	cr_assert_eq(fixture_step(&f, login, INPUT_NONE, NULL), TURN_ASK);
	cr_assert_eq(fixture_step(&f, login, INPUT_ANSWER, code), TURN_DONE);
	cr_assert_not_null(strstr(login_ask(login)->info, "3 failed attempts since your last login."), "%s",
			   login_ask(login)->info);
	login_destroy(login);
}

Test(ui, a_code_of_a_phone_whose_clock_is_off_is_told)
{
	struct secret shared;
	char code[16], text[ASK_TEXT_SIZE];
	fixture_enrol(&f, "alice", APP_COMPLETED, &shared);
	fixture_code(&f, &shared, 4, code);
	error_of("alice", code, text);
	cr_assert_not_null(strstr(text, "120 seconds ahead"), "%s", text);
	cr_assert_eq(fixture_event(&f)->step_offset, 4);
	cr_assert_eq(fixture_record(&f, "alice").guard.failures, 0);
	fixture_code(&f, &shared, -3, code);
	error_of("alice", code, text);
	cr_assert_not_null(strstr(text, "90 seconds behind"), "%s", text);
}

Test(ui, a_recovery_code_lets_in_once)
{
	struct secret shared;
	char code[32];
	fixture_enrol_with_codes(&f, "alice", &shared, code);
	struct login_result result = fixture_ui(&f, "alice", code);
	assert_allowed(&f, &result, FACTOR_RECOVERY_CODE, LEVEL_HIGH_ASSURANCE, REASON_OK);
	cr_assert_eq(fixture_record(&f, "alice").recovery_codes_left, 9);
	result = fixture_ui(&f, "alice", code);
	assert_denied(&f, &result, OUTCOME_REFUSED, REASON_FACTOR_WRONG);
}

/* A code of 8 digits that came with an import from google-authenticator is a recovery code. */
static void
give_scratch_code(const char *user, const char *digits)
{
	struct store_op op = { .kind = STORE_RECOVERY_RENEW };
	struct secret code = { 0 }, canonical = { 0 };

	cr_assert_eq(secret_set(&code, digits, strlen(digits)), SFMFA_OK);
	cr_assert(code_is_scratch(&code, &canonical));
	op.change.user = user;
	op.change.hash_count = 1;
	cr_assert_eq(code_hash(&f.env.keyring, CODE_RECOVERY, user, &canonical, op.change.hashes[0]), SFMFA_OK);
	fixture_commit(&f, &op);
}

Test(ui, a_scratch_code_lets_in_once)
{
	struct secret shared;
	struct login_result result;
	fixture_enrol(&f, "alice", APP_COMPLETED, &shared);
	give_scratch_code("alice", "12345678");
	result = fixture_ui(&f, "alice", "12345679");
	assert_denied(&f, &result, OUTCOME_REFUSED, REASON_FACTOR_WRONG);
	cr_assert_eq(fixture_record(&f, "alice").guard.failures, 1);
	result = fixture_ui(&f, "alice", "1234 5678");
	assert_allowed(&f, &result, FACTOR_RECOVERY_CODE, LEVEL_HIGH_ASSURANCE, REASON_OK);
	result = fixture_ui(&f, "alice", "12345678");
	assert_denied(&f, &result, OUTCOME_REFUSED, REASON_FACTOR_WRONG);
}

Test(ui, a_recovery_code_of_somebody_else_is_wrong)
{
	struct secret shared;
	char code[32], other[32];
	fixture_enrol_with_codes(&f, "alice", &shared, code);
	fixture_enrol_with_codes(&f, "bob", &shared, other);
	struct login_result result = fixture_ui(&f, "alice", other);
	assert_denied(&f, &result, OUTCOME_REFUSED, REASON_FACTOR_WRONG);
}

Test(ui, a_temporary_code_lets_in_until_it_ends)
{
	struct secret shared;
	char code[32];
	fixture_enrol(&f, "alice", APP_COMPLETED, &shared);
	fixture_temporary_code(&f, "alice", code);
	for (int i = 0; i < 2; i++) {
		struct login_result result = fixture_ui(&f, "alice", code);
		assert_allowed(&f, &result, FACTOR_TEMPORARY_CODE, LEVEL_HIGH_ASSURANCE, REASON_OK);
	}
	f.now += 3601;
	struct login_result result = fixture_ui(&f, "alice", code);
	assert_denied(&f, &result, OUTCOME_REFUSED, REASON_FACTOR_WRONG);
}

Test(ui, a_code_of_the_pending_app_completes_it)
{
	struct secret shared;
	char code[16];
	fixture_enrol(&f, "alice", APP_PENDING, &shared);
	fixture_code(&f, &shared, 0, code);
	struct login_result result = fixture_ui(&f, "alice", code);
	assert_allowed(&f, &result, FACTOR_TOTP, LEVEL_HIGH_ASSURANCE, REASON_OK);
	cr_assert_eq(fixture_record(&f, "alice").app.state, APP_COMPLETED);
}

Test(ui, an_app_sealed_for_somebody_else_does_not_open)
{
	struct secret shared;
	struct store_op op = { .kind = STORE_REGISTER };
	fixture_enrol(&f, "bob", APP_COMPLETED, &shared);
	struct user_record bob = fixture_record(&f, "bob");
	op.registration = (struct store_register){ .user = "alice", .app = bob.app, .now = fixture_moment(&f) };
	fixture_commit(&f, &op);
	char code[16];
	fixture_code(&f, &shared, 0, code);
	struct login_result result = fixture_ui(&f, "alice", code);
	assert_denied(&f, &result, OUTCOME_UNAVAILABLE, REASON_STORE);
}

Test(ui, a_client_that_cannot_prompt_is_recognised_and_nothing_is_written)
{
	struct secret shared;
	struct login_request request = fixture_request("alice", "sshd");
	fixture_enrol(&f, "alice", APP_COMPLETED, &shared);
	struct login *login = fixture_login(&f, &f.root, &request);
	cr_assert_eq(fixture_step(&f, login, INPUT_NONE, NULL), TURN_ASK);
	cr_assert_eq(fixture_step(&f, login, INPUT_ANSWER_IS_PASSWORD, NULL), TURN_DONE);
	assert_denied(&f, login_result(login), OUTCOME_REFUSED, REASON_CLIENT_CANNOT_PROMPT);
	cr_assert_eq(fixture_record(&f, "alice").guard.failures, 0);
	login_destroy(login);
}

Test(ui, the_placeholder_of_sshd_is_refused_without_a_trace)
{
	struct secret shared;
	struct login_request request = fixture_request("alice", "sshd");
	fixture_enrol(&f, "alice", APP_COMPLETED, &shared);
	struct login *login = fixture_login(&f, &f.root, &request);
	cr_assert_eq(fixture_step(&f, login, INPUT_NONE, NULL), TURN_ASK);
	cr_assert_eq(fixture_step(&f, login, INPUT_PLACEHOLDER, NULL), TURN_DONE);
	cr_assert_eq(login_result(login)->auth, OUTCOME_REFUSED);
	login_destroy(login);
	cr_assert_eq(f.event_count, 0);
	cr_assert_eq(fixture_record(&f, "alice").guard.failures, 0);
}

Test(ui, a_failed_conversation_is_denied_with_one_event)
{
	struct secret shared;
	struct login_request request = fixture_request("alice", "sshd");
	fixture_enrol(&f, "alice", APP_COMPLETED, &shared);
	struct login *login = fixture_login(&f, &f.root, &request);
	cr_assert_eq(fixture_step(&f, login, INPUT_NONE, NULL), TURN_ASK);
	cr_assert_eq(fixture_step(&f, login, INPUT_CONVERSATION_FAILED, NULL), TURN_DONE);
	assert_denied(&f, login_result(login), OUTCOME_CONVERSATION, REASON_CONVERSATION);
	login_destroy(login);
	cr_assert_eq(f.event_count, 1);
}

Test(ui, a_client_that_goes_away_leaves_one_event)
{
	struct secret shared;
	struct login_request request = fixture_request("alice", "sshd");
	fixture_enrol(&f, "alice", APP_COMPLETED, &shared);
	struct login *login = fixture_login(&f, &f.root, &request);
	cr_assert_eq(fixture_step(&f, login, INPUT_NONE, NULL), TURN_ASK);
	login_destroy(login);
	cr_assert_eq(f.event_count, 1);
	cr_assert_eq(fixture_event(&f)->reason, REASON_CONVERSATION);
}

Test(ui, inputs_out_of_turn_end_the_login_denied)
{
	static const enum input_kind kinds[] = { INPUT_NONE, INPUT_FIRST_FACTOR_OK, INPUT_COMMIT };
	struct secret shared;
	fixture_enrol(&f, "alice", APP_COMPLETED, &shared);
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		struct login_request request = fixture_request("alice", "sshd");
		struct login *login = fixture_login(&f, &f.root, &request);
		cr_assert_eq(fixture_step(&f, login, INPUT_NONE, NULL), TURN_ASK);
		cr_assert_eq(fixture_step(&f, login, kinds[i], NULL), TURN_DONE);
		assert_denied(&f, login_result(login), OUTCOME_CONVERSATION, REASON_CONVERSATION);
		cr_assert_eq(fixture_step(&f, login, INPUT_ANSWER, "123456"), TURN_DONE);
		cr_assert_eq(login_result(login)->auth, OUTCOME_CONVERSATION);
		login_destroy(login);
		cr_assert_eq(f.event_count, i + 1);
	}
}

Test(ui, a_step_without_its_commit_is_denied)
{
	struct secret shared;
	char code[16];
	struct login_request request = fixture_request("alice", "sshd");
	struct input input = { .kind = INPUT_ANSWER };
	fixture_enrol(&f, "alice", APP_COMPLETED, &shared);
	fixture_code(&f, &shared, 0, code);
	cr_assert_eq(secret_set(&input.answer, code, strlen(code)), SFMFA_OK);
	struct login *login = fixture_login(&f, &f.root, &request);
	cr_assert_eq(login_step(login, NULL), TURN_ASK);
	cr_assert_eq(login_step(login, &input), TURN_WRITE);
	cr_assert_eq(login_step(login, NULL), TURN_DONE);
	assert_denied(&f, login_result(login), OUTCOME_UNAVAILABLE, REASON_STORE);
	login_destroy(login);
}

Test(ui, frozen_is_told_after_a_right_code_only)
{
	struct secret shared;
	char code[16], wrong[16], text[ASK_TEXT_SIZE];
	struct login_request request = fixture_request("alice", "login");
	fixture_enrol(&f, "alice", APP_COMPLETED, &shared);
	fixture_freeze(&f, "alice", true);
	wrong_code(&shared, wrong);
	fixture_code(&f, &shared, 0, code);

	struct login_result result = fixture_ui(&f, "alice", wrong);
	assert_denied(&f, &result, OUTCOME_REFUSED, REASON_FROZEN);
	cr_assert_eq(fixture_record(&f, "alice").guard.failures, 1);
	error_of("alice", wrong, text);
	cr_assert_str_eq(text, "That code was not right.");

	struct login *login = fixture_login(&f, &f.root, &request);
	cr_assert_eq(fixture_step(&f, login, INPUT_NONE, NULL), TURN_ASK);
	cr_assert_eq(fixture_step(&f, login, INPUT_ANSWER, code), TURN_DONE);
	assert_denied(&f, login_result(login), OUTCOME_FORBIDDEN, REASON_FROZEN);
	login_destroy(login);

	result = fixture_ui(&f, "alice", code);
	assert_denied(&f, &result, OUTCOME_REFUSED, REASON_FROZEN);
}

Test(ui, the_event_of_a_concealed_denial_has_its_reason_however_it_ends)
{
	static const enum input_kind kinds[] = { INPUT_CONVERSATION_FAILED, INPUT_ANSWER_IS_PASSWORD };
	struct secret shared;
	fixture_enrol(&f, "alice", APP_COMPLETED, &shared);
	fixture_freeze(&f, "alice", true);
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		struct login_request request = fixture_request("alice", "login");
		struct login *login = fixture_login(&f, &f.root, &request);
		cr_assert_eq(fixture_step(&f, login, INPUT_NONE, NULL), TURN_ASK);
		cr_assert_eq(fixture_step(&f, login, kinds[i], NULL), TURN_DONE);
		cr_assert_eq(fixture_event(&f)->reason, REASON_FROZEN);
		cr_assert_eq(login_result(login)->auth,
			     kinds[i] == INPUT_CONVERSATION_FAILED ? OUTCOME_CONVERSATION : OUTCOME_REFUSED);
		login_destroy(login);
	}
	struct login_request request = fixture_request("alice", "login");
	struct login *login = fixture_login(&f, &f.root, &request);
	cr_assert_eq(fixture_step(&f, login, INPUT_NONE, NULL), TURN_ASK);
	login_destroy(login);
	cr_assert_eq(fixture_event(&f)->reason, REASON_FROZEN);
}

Test(ui, a_frozen_user_without_a_factor_gets_a_prompt_and_no_registration)
{
	fixture_freeze(&f, "carol", true);
	struct login_result result = fixture_ui(&f, "carol", "123456");
	assert_denied(&f, &result, OUTCOME_REFUSED, REASON_FROZEN);
}

Test(ui, an_unknown_user_is_asked_like_a_known_one)
{
	struct secret shared;
	struct login_request requests[2] = { fixture_request("alice", "login"),
					     fixture_request("mallory", "login") };
	char prompts[2][ASK_TEXT_SIZE], errors[2][ASK_TEXT_SIZE], wrong[16];
	struct login_result results[2];

	requests[1].person.nss = NSS_UNKNOWN;
	fixture_enrol(&f, "alice", APP_COMPLETED, &shared);
	wrong_code(&shared, wrong);
	for (int i = 0; i < 2; i++) {
		struct input input = { .kind = INPUT_ANSWER };
		struct diag diag;
		struct store_op *ops[1];
		struct login *login = fixture_login(&f, &f.root, &requests[i]);
		cr_assert_eq(secret_set(&input.answer, wrong, strlen(wrong)), SFMFA_OK);
		cr_assert_eq(login_step(login, NULL), TURN_ASK);
		snprintf(prompts[i], ASK_TEXT_SIZE, "%s", login_ask(login)->prompt);
		cr_assert_eq(login_step(login, &input), TURN_WRITE, "a write where a known user's would be");
		ops[0] = login_op(login);
		cr_assert_eq(store_commit(f.env.store, ops, 1, &diag), SFMFA_OK);
		cr_assert_eq(login_step(login, NULL), TURN_DONE);
		snprintf(errors[i], ASK_TEXT_SIZE, "%s", login_ask(login)->error);
		results[i] = *login_result(login);
		login_destroy(login);
	}
	cr_assert_str_eq(prompts[0], prompts[1]);
	cr_assert_str_eq(errors[0], errors[1]);
	cr_assert_eq(results[0].auth, results[1].auth);
	cr_assert_eq(results[0].delay, results[1].delay);
	cr_assert_eq(fixture_event(&f)->reason, REASON_UNKNOWN_USER);
	cr_assert_eq(fixture_record(&f, "mallory").id, 0);
}

Test(ui, an_unknown_name_is_never_kept)
{
	struct login_request request = fixture_request("my-Passw0rd", "login");
	request.person.nss = NSS_UNKNOWN;
	struct login *login = fixture_login(&f, &f.root, &request);
	cr_assert_eq(fixture_step(&f, login, INPUT_NONE, NULL), TURN_ASK);
	cr_assert_eq(fixture_step(&f, login, INPUT_ANSWER, "123456"), TURN_DONE);
	login_destroy(login);
	cr_assert_eq(strncmp(fixture_event(&f)->user, "unknown:", 8), 0);
	cr_assert_eq(strlen(fixture_event(&f)->user), 24);
	cr_assert_null(strstr(fixture_event(&f)->user, "Passw0rd"));
}

Test(ui, split_on_a_ui_service_is_a_fault_of_the_configuration)
{
	struct login_request request = fixture_request("alice", "login");
	request.split = true;
	cr_assert_eq(secret_set(&request.password, "hunter2", 7), SFMFA_OK);
	struct login *login = fixture_login(&f, &f.root, &request);
	cr_assert_eq(fixture_step(&f, login, INPUT_NONE, NULL), TURN_DONE);
	assert_denied(&f, login_result(login), OUTCOME_CONFIGURATION, REASON_CONFIGURATION);
	login_destroy(login);
}

Test(ui, the_account_phase_without_evidence_is_denied_where_a_factor_is_owed)
{
	struct login_request request = fixture_request("alice", "sshd");
	request.phase = PHASE_ACCOUNT;
	struct login *login = fixture_login(&f, &f.root, &request);
	cr_assert_eq(fixture_step(&f, login, INPUT_NONE, NULL), TURN_DONE);
	cr_assert_eq(login_result(login)->account, OUTCOME_FORBIDDEN);
	cr_assert_eq(fixture_event(&f)->reason, REASON_NO_EVIDENCE);
	cr_assert_eq(f.event_count, 1);
	login_destroy(login);
}

Test(ui, root_switches_to_a_frozen_user_no_more)
{
	for (int frozen = 0; frozen < 2; frozen++) {
		struct login_request request = fixture_request("alice", "su");
		request.phase = PHASE_ACCOUNT;
		request.real_uid_is_root = true;
		fixture_freeze(&f, "alice", frozen == 1);
		struct login *login = fixture_login(&f, &f.root, &request);
		cr_assert_eq(fixture_step(&f, login, INPUT_NONE, NULL), TURN_DONE);
		cr_assert_eq(login_result(login)->account, frozen ? OUTCOME_EXPIRED : OUTCOME_ALLOW);
		login_destroy(login);
	}
}
