#include <stdio.h>
#include <string.h>

#include "auth/contexts.h"
#include "auth/outcome.h"
#include "fixture.h"

static struct fixture f;

static void
finish(void)
{
	fixture_finish(&f);
}

TestSuite(audit, .fini = finish);

Test(audit, the_line_of_an_allowed_login_is_as_promised)
{
	struct event event = { .login_type = LOGIN_UI,
			       .method = FACTOR_TOTP,
			       .verdict = VERDICT_ALLOW,
			       .level = LEVEL_HIGH_ASSURANCE,
			       .reason = REASON_OK };
	char line[AUDIT_LINE_SIZE];

	snprintf(event.user, sizeof(event.user), "alice");
	snprintf(event.service, sizeof(event.service), "sshd");
	snprintf(event.remote, sizeof(event.remote), "10.0.0.7");
	audit_format(&event, line);
	cr_assert_str_eq(line,
			 "user=alice service=sshd login_type=ui remote=10.0.0.7 method=totp verdict=allow "
			 "level=high-assurance reason=ok");
	event.verdict = VERDICT_DENY;
	event.reason = REASON_FACTOR_WRONG;
	event.caller = 33;
	event.claimed = true;
	event.config_stale = true;
	event.step_offset = -3;
	event.remote[0] = '\0';
	audit_format(&event, line);
	cr_assert_str_eq(line,
			 "user=alice service=sshd login_type=ui remote=- method=totp verdict=deny level=- "
			 "reason=factor-wrong step_offset=-3 caller=33 claimed=yes config=stale");
}

Test(audit, no_name_can_forge_a_pair)
{
	struct login_request request = fixture_request("x verdict=allow\n", "s=\"1\"");
	struct decision decision = { .reason = REASON_FACTOR_WRONG };
	char line[AUDIT_LINE_SIZE];

	fixture_start(&f, "\"api-enabled\"", "");
	snprintf(request.rhost, sizeof(request.rhost), "a b\\");
	audit_login(&f.env, &f.root, &request, true, LOGIN_UI, &decision, 0, "");
	audit_format(fixture_event(&f), line);
	cr_assert_null(strchr(line, '\n'));
	cr_assert_null(strstr(line, "verdict=allow"));
	cr_assert_not_null(strstr(line, "verdict=deny"));
	cr_assert_null(strchr(line, '"'));
}

Test(audit, the_longest_names_fit_on_a_line)
{
	struct login_request request = fixture_request("x", "y");
	struct decision decision = { .reason = REASON_FACTOR_WRONG };
	char line[AUDIT_LINE_SIZE];

	fixture_start(&f, "\"api-enabled\"", "");
	memset(request.person.name, '\n', sizeof(request.person.name) - 1);
	memset(request.service, '\n', sizeof(request.service) - 1);
	memset(request.rhost, '\n', sizeof(request.rhost) - 1);
	memset(request.app, '\n', sizeof(request.app) - 1);
	audit_login(&f.env, &f.root, &request, true, LOGIN_UI, &decision, 0, "");
	audit_format(fixture_event(&f), line);
	cr_assert_not_null(strstr(line, "reason=factor-wrong"));
}

Test(audit, an_act_of_administration_has_actor_subject_and_change)
{
	char line[AUDIT_LINE_SIZE];
	struct caller helper = { .class = CALLER_OWN, .uid = 1002 };

	fixture_start(&f, "\"api-enabled\"", "");
	audit_command(&f.env, &f.root, "user-freeze", "alice", "frozen", VERDICT_ALLOW, REASON_OK);
	audit_format(fixture_event(&f), line);
	cr_assert_str_eq(line,
			 "actor=root verb=user-freeze user=alice change=\"frozen\" verdict=allow reason=ok");
	cr_assert_eq(fixture_event(&f)->time, FIXTURE_NOW);
	audit_command(&f.env, &helper, "user-freeze", NULL, NULL, VERDICT_DENY, REASON_CONFIGURATION);
	audit_format(fixture_event(&f), line);
	cr_assert_str_eq(line,
			 "actor=uid:1002 verb=user-freeze user=- change=- verdict=deny reason=configuration "
			 "caller=1002");
}

Test(audit, the_same_unknown_name_is_recognised_again_and_needs_the_key)
{
	struct login_request request = fixture_request("nobody-here", "login");
	struct decision decision = { .reason = REASON_UNKNOWN_USER };

	fixture_start(&f, "\"api-enabled\"", "");
	audit_login(&f.env, &f.root, &request, false, LOGIN_UI, &decision, 0, "");
	audit_login(&f.env, &f.root, &request, false, LOGIN_UI, &decision, 0, "");
	cr_assert_str_eq(f.events[0].user, f.events[1].user);
	keyring_clear(&f.env.keyring);
	audit_login(&f.env, &f.root, &request, false, LOGIN_UI, &decision, 0, "");
	cr_assert_str_eq(f.events[2].user, "unknown:-");
}

/* Every reason, both types, both phases: only an ALLOW allows, and a denied API login is a wrong password. */
Test(audit, only_an_allow_ends_in_an_allow)
{
	for (unsigned r = 0; r < REASON_COUNT; r++) {
		for (unsigned phase = 0; phase < 2; phase++) {
			enum reason reason = (enum reason)r;
			enum outcome ui = outcome_of(VERDICT_DENY, reason, LOGIN_UI, (enum phase)phase);
			enum outcome api = outcome_of(VERDICT_DENY, reason, LOGIN_API, (enum phase)phase);
			bool fault = reason == REASON_CONFIGURATION || reason == REASON_STORE ||
				     reason == REASON_INTERNAL || reason == REASON_CONVERSATION;

			cr_assert_neq(ui, OUTCOME_ALLOW);
			cr_assert_eq(api == OUTCOME_REFUSED, !fault, "%s", reason_key(reason));
			cr_assert_neq(outcome_of(VERDICT_CHALLENGE, reason, LOGIN_UI, PHASE_AUTHENTICATE),
				      OUTCOME_ALLOW);
			cr_assert_neq(outcome_of(VERDICT_REGISTER, reason, LOGIN_UI, PHASE_AUTHENTICATE),
				      OUTCOME_ALLOW);
		}
	}
	cr_assert_eq(outcome_of(VERDICT_DENY, REASON_FROZEN, LOGIN_UI, PHASE_ACCOUNT), OUTCOME_EXPIRED);
	cr_assert_eq(outcome_of(VERDICT_DENY, REASON_FROZEN, LOGIN_UI, PHASE_AUTHENTICATE),
		     OUTCOME_FORBIDDEN);
	cr_assert_eq(outcome_of(VERDICT_DENY, REASON_FROZEN, LOGIN_API, PHASE_ACCOUNT), OUTCOME_REFUSED);
}

Test(audit, the_keys_of_a_store_open_with_their_sealing_key_only)
{
	struct secret right = { .size = KEY_SIZE }, wrong = { .size = KEY_SIZE };
	struct diag diag;
	char path[128];
	struct env env = { 0 };

	fixture_begin(&f, "\"api-enabled\"", "");
	snprintf(path, sizeof(path), "%s/state", f.dir);
	cr_assert_eq(random_bytes(right.bytes, right.size), SFMFA_OK);
	cr_assert_eq(random_bytes(wrong.bytes, wrong.size), SFMFA_OK);
	cr_assert_eq(env_open_keys(&env, &right, &diag), SFMFA_ERR_STORE);
	cr_assert_eq(store_open_sqlite(path, &env.store, &diag), SFMFA_OK);
	cr_assert_eq(env_open_keys(&env, NULL, &diag), SFMFA_ERR_CRYPTO);
	cr_assert_not(env.keyring.ready);
	cr_assert_eq(env_open_keys(&env, &right, &diag), SFMFA_OK);
	cr_assert(env.keyring.ready);
	struct keyring made = env.keyring;
	keyring_clear(&env.keyring);
	cr_assert_eq(env_open_keys(&env, &wrong, &diag), SFMFA_ERR_CRYPTO,
		     "no new keys where there were some");
	cr_assert_not(env.keyring.ready);
	cr_assert_eq(env_open_keys(&env, &right, &diag), SFMFA_OK);
	cr_assert_eq(memcmp(&made, &env.keyring, sizeof(made)), 0);
	store_close(env.store);
}
