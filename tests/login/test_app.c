/* Credentials of connected apps in the password field, and what attackers make of them (rules 5). */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "auth/app.h"
#include "factor/credential.h"
#include "fixture.h"
#include "signer.h"

#define AUDIENCE "host.example"

static struct fixture f;
static struct signer robot, other;

/* apps.d/NAME.conf, whose keys are those of a signer; members and more are lines. */
static void
write_app(const char *name, const struct signer *signer, const char *more)
{
	char text[1024], path[64];

	snprintf(path, sizeof(path), "apps.d/%s.pem", name);
	fixture_file(&f, path, signer->pem);
	snprintf(text, sizeof(text),
		 "client_id = \"%s-id\"; public_key = \"%s.pem\"; audience = [ \"" AUDIENCE "\", \"alias\" ];\n%s", name,
		 name, more);
	snprintf(path, sizeof(path), "apps.d/%s.conf", name);
	fixture_file(&f, path, text);
}

#define DOVECOT  "services = [ \"dovecot\", \"sshd\" ];\n"
#define MEMBERS  "members = { users = [ \"alice\" ]; };\n"
#define ALL_FLOWS \
	"flows = [ \"jwt-bearer\", \"web-server\", \"user-agent\", \"refresh-token\", \"client-credentials\", " \
	"\"username-password\" ];\n"

static void
begin(const char *permissions)
{
	fixture_begin(&f, permissions, "");
	fixture_conf(&f, "services = { api = [ \"dovecot\", \"ftp\" ]; };\ntrusted_networks = [ \"10.0.0.0/8\" ];\n");
	signer_make(&robot, true);
	signer_make(&other, true);
	write_app("robot", &robot, ALL_FLOWS DOVECOT MEMBERS);
	write_app("other", &other, ALL_FLOWS DOVECOT MEMBERS "networks = [ \"192.0.2.0/24\" ];\n");
	write_app("self", &other, "permitted_users = \"self-authorize\";\n" ALL_FLOWS DOVECOT);
	fixture_load(&f);
}

static void
start(void)
{
	begin("\"api-enabled\"");
}

static void
finish(void)
{
	fixture_finish(&f);
	signer_free(&robot);
	signer_free(&other);
}

TestSuite(app, .init = start, .fini = finish, .timeout = 60);

/* One claim in place of the right one: "name":value, as JSON. */
struct claim {
	const char *name, *value;
};

static void
make_claims(const char *client, const char *user, const char *jti, struct claim odd, char ret_claims[512])
{
	char exp[32], iss[64], sub[64], id[64];
	const struct claim right[] = { { "iss", iss }, { "sub", sub }, { "aud", "\"" AUDIENCE "\"" }, { "exp", exp },
				       { "jti", id } };
	size_t used = 0;
	bool said = odd.name == NULL;

	snprintf(exp, sizeof(exp), "%lld", (long long)f.now + 60);
	snprintf(iss, sizeof(iss), "\"%s\"", client);
	snprintf(sub, sizeof(sub), "\"%s\"", user);
	snprintf(id, sizeof(id), "\"%s\"", jti);
	for (size_t i = 0; i < 5; i++) {
		bool is_odd = odd.name != NULL && strcmp(right[i].name, odd.name) == 0;
		const char *value = is_odd ? odd.value : right[i].value;

		said = said || is_odd;
		if (value[0] != '\0')
			used += (size_t)snprintf(ret_claims + used, 512 - used, "%s\"%s\":%s", used == 0 ? "{" : ",",
						 right[i].name, value);
	}
	if (!said)
		used += (size_t)snprintf(ret_claims + used, 512 - used, ",\"%s\":%s", odd.name, odd.value);
	snprintf(ret_claims + used, 512 - used, "}");
}

static const struct claim none = { NULL, NULL };

static void
assertion_by(const struct signer *signer, const char *client, const char *jti, struct claim odd,
	     char ret_text[SIGNER_TEXT_SIZE])
{
	char claims[512];

	make_claims(client, "alice", jti, odd, claims);
	signer_sign(signer, signer->elliptic ? "{\"alg\":\"ES256\"}" : "{\"alg\":\"RS256\"}", claims, ret_text);
}

static struct login_result
offer_as(const struct caller *caller, const char *user, const char *service, const char *rhost, const char *field)
{
	struct login_request request = fixture_request(user, service);
	struct login_result result;
	struct login *login;

	request.credential = true;
	snprintf(request.rhost, sizeof(request.rhost), "%s", rhost);
	cr_assert_eq(secret_set(&request.password, field, strlen(field)), SFMFA_OK, "%zu bytes", strlen(field));
	login = fixture_login(&f, caller, &request);
	(void)fixture_step(&f, login, INPUT_NONE, NULL);
	result = *login_result(login);
	login_destroy(login);
	return result;
}

static struct login_result
offer(const char *field)
{
	return offer_as(&f.root, "alice", "dovecot", "203.0.113.9", field);
}

static void
expect_denied(const char *field, enum reason reason)
{
	struct login_result result = offer(field);

	assert_denied(&f, &result, OUTCOME_REFUSED, reason);
}

static void
expect_allowed(const char *field, enum factor method)
{
	struct login_result result = offer(field);

	assert_allowed(&f, &result, method, LEVEL_STANDARD, REASON_OK);
}

Test(app, a_signed_assertion_lets_its_user_in_without_a_password)
{
	char text[SIGNER_TEXT_SIZE];

	assertion_by(&robot, "robot-id", "1", none, text);
	expect_allowed(text, FACTOR_ASSERTION);
	cr_expect_str_eq(fixture_event(&f)->app, "robot");
	cr_expect_str_eq(fixture_event(&f)->flow, "jwt-bearer");
	cr_expect_str_eq(fixture_event(&f)->app_key, config_find_app(f.env.config, "robot")->keys[0].id);
}

Test(app, replay_an_assertion_is_good_once)
{
	char text[SIGNER_TEXT_SIZE], later[SIGNER_TEXT_SIZE];

	assertion_by(&robot, "robot-id", "1", none, text);
	expect_allowed(text, FACTOR_ASSERTION);
	expect_denied(text, REASON_REPLAYED);
	f.now += 5;
	/* The same jti in another assertion is the same one. */
	assertion_by(&robot, "robot-id", "1", none, later);
	expect_denied(later, REASON_REPLAYED);
	assertion_by(&robot, "robot-id", "2", none, later);
	expect_allowed(later, FACTOR_ASSERTION);
}

/* A denied login has used nothing up. */
Test(app, what_is_denied_is_not_spent)
{
	char text[SIGNER_TEXT_SIZE];

	assertion_by(&robot, "robot-id", "1", none, text);
	fixture_freeze(&f, "alice", true);
	expect_denied(text, REASON_FROZEN);
	fixture_freeze(&f, "alice", false);
	expect_allowed(text, FACTOR_ASSERTION);
}

Test(app, the_same_jti_of_two_apps_are_two)
{
	char text[SIGNER_TEXT_SIZE];
	struct login_result result;

	assertion_by(&robot, "robot-id", "1", none, text);
	expect_allowed(text, FACTOR_ASSERTION);
	assertion_by(&other, "other-id", "1", none, text);
	result = offer_as(&f.root, "alice", "dovecot", "192.0.2.7", text);
	assert_allowed(&f, &result, FACTOR_ASSERTION, LEVEL_STANDARD, REASON_OK);
}

Test(app, key_confusion_the_key_of_another_app_says_no)
{
	char text[SIGNER_TEXT_SIZE];

	assertion_by(&other, "robot-id", "1", none, text);
	expect_denied(text, REASON_SIGNATURE);
	cr_expect_str_eq(fixture_event(&f)->app, "robot");
	cr_expect_str_eq(fixture_event(&f)->app_key, "");
}

Test(app, unknown_apps_and_no_issuer)
{
	char text[SIGNER_TEXT_SIZE];

	assertion_by(&robot, "stranger", "1", none, text);
	expect_denied(text, REASON_UNKNOWN_APP);
	assertion_by(&robot, "robot", "1", none, text);
	expect_denied(text, REASON_UNKNOWN_APP);
	assertion_by(&robot, "robot-id", "1", (struct claim){ "iss", "" }, text);
	expect_denied(text, REASON_SIGNATURE);
}

Test(app, claims_that_are_missing_or_wrong)
{
	static const struct {
		struct claim claim;
		enum reason reason;
	} odd[] = {
		{ { "sub", "\"root\"" }, REASON_NOT_APPROVED },
		{ { "sub", "\"robot-id\"" }, REASON_NOT_APPROVED },
		{ { "sub", "\"Alice\"" }, REASON_NOT_APPROVED },
		{ { "sub", "" }, REASON_SIGNATURE },
		{ { "exp", "" }, REASON_SIGNATURE },
		{ { "aud", "" }, REASON_SIGNATURE },
		{ { "jti", "" }, REASON_SIGNATURE },
		{ { "aud", "\"host.example.org\"" }, REASON_AUDIENCE },
		{ { "aud", "[\"a\",\"b\"]" }, REASON_AUDIENCE },
		{ { "sub", "\"alice\",\"sub\":\"root\"" }, REASON_SIGNATURE },
	};
	char text[SIGNER_TEXT_SIZE];

	for (size_t i = 0; i < sizeof(odd) / sizeof(odd[0]); i++) {
		assertion_by(&robot, "robot-id", "1", odd[i].claim, text);
		expect_denied(text, odd[i].reason);
	}
	assertion_by(&robot, "robot-id", "1", (struct claim){ "aud", "[\"x\",\"alias\"]" }, text);
	expect_allowed(text, FACTOR_ASSERTION);
}

Test(app, skew_and_times_to_the_second)
{
	static const struct {
		const char *name;
		int64_t offset;
		bool good;
	} times[] = {
		{ "exp", 0, false },  { "exp", 1, true },   { "exp", 180, true }, { "exp", 181, false }, { "exp", -1, false },
		{ "nbf", 10, true },  { "nbf", 11, false }, { "nbf", -99999, true }, { "iat", 10, true }, { "iat", 11, false },
	};
	char text[SIGNER_TEXT_SIZE], value[32], jti[8];

	for (size_t i = 0; i < sizeof(times) / sizeof(times[0]); i++) {
		snprintf(value, sizeof(value), "%lld", (long long)(f.now + times[i].offset));
		snprintf(jti, sizeof(jti), "%zu", i);
		assertion_by(&robot, "robot-id", jti, (struct claim){ times[i].name, value }, text);
		if (times[i].good)
			expect_allowed(text, FACTOR_ASSERTION);
		else
			expect_denied(text, REASON_EXPIRED);
	}
}

Test(app, oversized_assertions_are_no_credential)
{
	char text[SIGNER_TEXT_SIZE], long_claims[420];
	struct secret field;

	memset(long_claims, 'x', sizeof(long_claims) - 1);
	long_claims[sizeof(long_claims) - 1] = '\0';
	signer_sign(&robot, "{\"alg\":\"ES256\"}", long_claims, text);
	cr_expect_eq(secret_set(&field, text, strlen(text)), SFMFA_ERR_TOO_LARGE);
}

Test(app, where_from_and_for_whom)
{
	char text[SIGNER_TEXT_SIZE];
	struct login_result result;

	assertion_by(&other, "other-id", "1", none, text);
	expect_denied(text, REASON_APP_NETWORK);
	assertion_by(&robot, "robot-id", "1", none, text);
	result = offer_as(&f.root, "alice", "ftp", "203.0.113.9", text);
	assert_denied(&f, &result, OUTCOME_REFUSED, REASON_NOT_APPROVED);
	/* bob is no member, and the assertion is for alice. */
	result = offer_as(&f.root, "bob", "dovecot", "203.0.113.9", text);
	assert_denied(&f, &result, OUTCOME_REFUSED, REASON_NOT_APPROVED);
	result = offer_as(&f.root, "alice", "login", "203.0.113.9", text);
	assert_denied(&f, &result, OUTCOME_FORBIDDEN, REASON_FLOW);
	expect_allowed(text, FACTOR_ASSERTION);
}

Test(app, a_user_approves_an_app_for_themselves_first)
{
	struct store_op op = { .kind = STORE_ENSURE_USER, .change = { .user = "alice", .now = f.now } };
	char text[SIGNER_TEXT_SIZE];

	assertion_by(&other, "self-id", "1", none, text);
	expect_denied(text, REASON_NOT_APPROVED);
	fixture_commit(&f, &op);
	op = (struct store_op){ .kind = STORE_APP_APPROVE };
	op.approve.user = "alice";
	op.approve.now = f.now;
	op.approve.grant.flow = FLOW_JWT_BEARER;
	snprintf(op.approve.grant.app, sizeof(op.approve.grant.app), "self");
	fixture_commit(&f, &op);
	expect_allowed(text, FACTOR_ASSERTION);
	op = (struct store_op){ .kind = STORE_APP_REVOKE, .change = { .user = "alice", .name = "self", .now = f.now } };
	fixture_commit(&f, &op);
	assertion_by(&other, "self-id", "2", none, text);
	expect_denied(text, REASON_NOT_APPROVED);
}

/* Whoever has no password cannot lock anybody out, and a lock stops guessers, not robots. */
Test(app, nothing_is_counted)
{
	char text[SIGNER_TEXT_SIZE];

	fixture_freeze(&f, "alice", false);
	for (int i = 0; i < 30; i++) {
		assertion_by(&other, "robot-id", "1", none, text);
		expect_denied(text, REASON_SIGNATURE);
	}
	cr_expect_eq(fixture_record(&f, "alice").guard.failures, 0);
	assertion_by(&robot, "robot-id", "1", none, text);
	expect_allowed(text, FACTOR_ASSERTION);
}

static void
expect_no_credential(const char *field)
{
	size_t before = f.event_count;
	struct login_result result = offer(field);

	cr_expect(result.no_credential && result.auth == OUTCOME_REFUSED, "%s", field);
	cr_expect_eq(f.event_count, before, "nothing was decided");
}

Test(app, passwords_and_security_tokens_are_no_credential)
{
	char token[32], field[64];

	fixture_token(&f, "alice", "mail", 0, NULL, token);
	snprintf(field, sizeof(field), "hunter2%s", token);
	expect_no_credential(field);
	expect_no_credential(token);
	expect_no_credential("correct horse");
	expect_no_credential("sfa_0000000000000000000000");
	expect_no_credential("sfa_");
}

Test(app, callers_who_are_neither_root_nor_trusted_offer_none)
{
	struct caller own = { .class = CALLER_OWN, .uid = 1001 };
	char text[SIGNER_TEXT_SIZE];
	struct login_result result;

	own.person = fixture_request("alice", "login").person;
	assertion_by(&robot, "robot-id", "1", none, text);
	result = offer_as(&own, "alice", "login", "", text);
	assert_denied(&f, &result, OUTCOME_CONFIGURATION, REASON_CONFIGURATION);
}

/* A password's flow on the line of a credential would let in without the password. */
Test(app, username_password_is_not_for_a_credential_line)
{
	struct login_request request = fixture_request("alice", "dovecot");
	char text[SIGNER_TEXT_SIZE];
	struct login *login;

	assertion_by(&robot, "robot-id", "1", none, text);
	request.credential = true;
	snprintf(request.rhost, sizeof(request.rhost), "10.0.0.7");
	snprintf(request.app, sizeof(request.app), "robot");
	snprintf(request.flow, sizeof(request.flow), "username-password");
	cr_assert_eq(secret_set(&request.password, text, strlen(text)), SFMFA_OK);
	login = fixture_login(&f, &f.root, &request);
	cr_assert_eq(fixture_step(&f, login, INPUT_NONE, NULL), TURN_DONE);
	assert_denied(&f, login_result(login), OUTCOME_CONFIGURATION, REASON_CONFIGURATION);
	login_destroy(login);
}

Test(app, what_the_service_names_is_held_against_the_credential)
{
	static const struct {
		const char *app, *flow, *sub;
		enum reason reason;
	} named[] = {
		{ "robot", "jwt-bearer", "alice", REASON_OK },
		{ "", "jwt-bearer", "alice", REASON_OK },
		{ "robot", "", "alice", REASON_OK },
		{ "other", "jwt-bearer", "alice", REASON_NOT_APPROVED },
		{ "robot", "web-server", "alice", REASON_FACTOR_MISSING },
		{ "robot", "refresh-token", "alice", REASON_FACTOR_MISSING },
		{ "robot", "device", "robot-id", REASON_FLOW },
		{ "robot", "smoke-signals", "alice", REASON_FLOW },
		{ "robot", "client-credentials", "robot-id", REASON_OK },
		{ "robot", "client-credentials", "alice", REASON_NOT_APPROVED },
	};
	char text[SIGNER_TEXT_SIZE], sub[64], jti[8];

	for (size_t i = 0; i < sizeof(named) / sizeof(named[0]); i++) {
		struct login_request request = fixture_request("alice", "dovecot");
		struct login *login;

		snprintf(sub, sizeof(sub), "\"%s\"", named[i].sub);
		snprintf(jti, sizeof(jti), "%zu", i);
		assertion_by(&robot, "robot-id", jti, (struct claim){ "sub", sub }, text);
		request.credential = true;
		snprintf(request.app, sizeof(request.app), "%s", named[i].app);
		snprintf(request.flow, sizeof(request.flow), "%s", named[i].flow);
		cr_assert_eq(secret_set(&request.password, text, strlen(text)), SFMFA_OK);
		login = fixture_login(&f, &f.root, &request);
		cr_assert_eq(fixture_step(&f, login, INPUT_NONE, NULL), TURN_DONE);
		cr_expect_str_eq(reason_key(fixture_event(&f)->reason), reason_key(named[i].reason), "%zu", i);
		login_destroy(login);
	}
}

/* A family of this user at this app, approved in a session of this level. */
static void
approve(const char *app, enum flow flow, enum level level, struct secret *ret_access)
{
	struct store_op op = { .kind = STORE_ENSURE_USER, .change = { .user = "alice", .now = f.now } };

	fixture_commit(&f, &op);
	op = (struct store_op){ .kind = STORE_APP_APPROVE };
	op.approve.user = "alice";
	op.approve.now = f.now;
	op.approve.access = true;
	op.approve.grant.flow = flow;
	op.approve.grant.level = level;
	op.approve.grant.access_expires_at = f.now + 600;
	snprintf(op.approve.grant.app, sizeof(op.approve.grant.app), "%s", app);
	cr_assert_eq(credential_make_access(random_below, ret_access), SFMFA_OK);
	cr_assert_eq(app_hash_access(&f.env.keyring, ret_access, op.approve.access_hash), SFMFA_OK);
	fixture_commit(&f, &op);
}

static const char *
text_of(const struct secret *secret)
{
	static char text[SECRET_MAX + 1];

	snprintf(text, sizeof(text), "%.*s", (int)secret->size, (const char *)secret->bytes);
	return text;
}

Test(app, an_access_token_lets_in_at_standard_until_its_end)
{
	struct secret token;
	struct login_result result;

	approve("robot", FLOW_WEB_SERVER, LEVEL_HIGH_ASSURANCE, &token);
	expect_allowed(text_of(&token), FACTOR_ACCESS_TOKEN);
	expect_allowed(text_of(&token), FACTOR_ACCESS_TOKEN);
	cr_expect_str_eq(fixture_event(&f)->app, "robot");
	cr_expect_str_eq(fixture_event(&f)->flow, "web-server");
	cr_expect_eq(strncmp(fixture_event(&f)->app_key, "grant-", 6), 0);
	result = offer_as(&f.root, "alice", "ftp", "203.0.113.9", text_of(&token));
	assert_denied(&f, &result, OUTCOME_REFUSED, REASON_NOT_APPROVED);
	result = offer_as(&f.root, "bob", "dovecot", "203.0.113.9", text_of(&token));
	assert_denied(&f, &result, OUTCOME_REFUSED, REASON_NOT_APPROVED);
	cr_expect_str_eq(fixture_event(&f)->app, "", "whose it is is not said");
	f.now += 600;
	expect_denied(text_of(&token), REASON_EXPIRED);
}

Test(app, a_token_that_was_revoked_or_never_made)
{
	struct store_op op = { .kind = STORE_APP_REVOKE, .change = { .user = "alice", .name = "robot", .now = f.now } };
	struct secret token;

	approve("robot", FLOW_USER_AGENT, LEVEL_STANDARD, &token);
	expect_allowed(text_of(&token), FACTOR_ACCESS_TOKEN);
	fixture_commit(&f, &op);
	expect_denied(text_of(&token), REASON_NOT_APPROVED);
	cr_assert_eq(credential_make_access(random_below, &token), SFMFA_OK);
	expect_denied(text_of(&token), REASON_NOT_APPROVED);
	approve("gone", FLOW_USER_AGENT, LEVEL_STANDARD, &token);
	expect_denied(text_of(&token), REASON_UNKNOWN_APP);
}

/* What a token is worth hangs on what is there now: the user, the app, its flows (rules 5). */
Test(app, an_access_token_is_no_better_than_its_user)
{
	struct store_op forget = { .kind = STORE_DELETE_USER, .change = { .user = "alice", .now = f.now } };
	struct store_op know_bob = { .kind = STORE_ENSURE_USER, .change = { .user = "bob", .now = f.now } };
	struct login_result result;
	struct secret token, another;

	approve("robot", FLOW_WEB_SERVER, LEVEL_STANDARD, &token);
	fixture_commit(&f, &know_bob);
	approve("self", FLOW_WEB_SERVER, LEVEL_STANDARD, &another);
	result = offer_as(&f.root, "bob", "dovecot", "203.0.113.9", text_of(&another));
	assert_denied(&f, &result, OUTCOME_REFUSED, REASON_NOT_APPROVED);
	cr_expect_str_eq(fixture_event(&f)->app, "", "somebody else's is nobody's");
	fixture_freeze(&f, "alice", true);
	expect_denied(text_of(&token), REASON_FROZEN);
	fixture_freeze(&f, "alice", false);
	expect_allowed(text_of(&token), FACTOR_ACCESS_TOKEN);
	fixture_commit(&f, &forget);
	expect_denied(text_of(&token), REASON_NOT_APPROVED);
	approve("robot", FLOW_WEB_SERVER, LEVEL_STANDARD, &another);
	expect_denied(text_of(&token), REASON_NOT_APPROVED);
	expect_allowed(text_of(&another), FACTOR_ACCESS_TOKEN);
}

/* The files as they are now, as after SIGHUP. */
static void
reload(void)
{
	char path[128];
	struct diag diag = { 0 };
	struct config_options options = { .file = path, .owner = getuid() };

	snprintf(path, sizeof(path), "%s/sfmfa.conf", f.dir);
	config_release(f.env.config);
	f.env.config = NULL;
	cr_assert_eq(config_load(&options, &f.env.config, &diag), SFMFA_OK, "%s:%u: %s", diag.file, diag.line, diag.text);
}

Test(app, an_access_token_is_no_better_than_its_app)
{
	struct secret token;
	char path[256];

	approve("robot", FLOW_WEB_SERVER, LEVEL_STANDARD, &token);
	expect_allowed(text_of(&token), FACTOR_ACCESS_TOKEN);
	write_app("robot", &robot, "flows = [ \"jwt-bearer\", \"user-agent\" ];\n" DOVECOT MEMBERS);
	reload();
	expect_denied(text_of(&token), REASON_FLOW);
	snprintf(path, sizeof(path), "%s/apps.d/robot.conf", f.dir);
	cr_assert_eq(unlink(path), 0);
	reload();
	expect_denied(text_of(&token), REASON_UNKNOWN_APP);
	write_app("robot", &robot, ALL_FLOWS DOVECOT MEMBERS);
	reload();
	expect_allowed(text_of(&token), FACTOR_ACCESS_TOKEN);
}

Test(app, the_event_says_when_the_store_cannot_be_written)
{
	char text[SIGNER_TEXT_SIZE];
	struct login_request request = fixture_request("alice", "dovecot");
	struct login *login;

	assertion_by(&robot, "robot-id", "1", none, text);
	request.credential = true;
	cr_assert_eq(secret_set(&request.password, text, strlen(text)), SFMFA_OK);
	login = fixture_login(&f, &f.root, &request);
	cr_assert_eq(login_step(login, NULL), TURN_WRITE);
	login_op(login)->err = SFMFA_ERR_STORE;
	cr_assert_eq(login_step(login, NULL), TURN_DONE);
	assert_denied(&f, login_result(login), OUTCOME_UNAVAILABLE, REASON_STORE);
	login_destroy(login);
}

/* ---- the bridge ---- */

static struct login *
bridge(struct login_request *request, const struct secret *token)
{
	*request = fixture_request("alice", "sshd");
	request->credential = true;
	secret_clear(&request->password);
	cr_assert_eq(secret_set(&request->password, token->bytes, token->size), SFMFA_OK);
	return fixture_login(&f, &f.root, request);
}

Test(app, the_bridge_asks_for_what_is_owed)
{
	struct login_request request;
	struct secret token, shared;
	struct login *login;
	char code[16];

	finish();
	begin("\"api-enabled\", \"mfa-ui-logins\"");
	fixture_enrol(&f, "alice", APP_COMPLETED, &shared);
	approve("robot", FLOW_WEB_SERVER, LEVEL_HIGH_ASSURANCE, &token);
	login = bridge(&request, &token);
	cr_assert_eq(fixture_step(&f, login, INPUT_NONE, NULL), TURN_KEEP);
	cr_expect(login_result(login)->bridge && login_result(login)->auth == OUTCOME_REFUSED);
	cr_assert_eq(fixture_step(&f, login, INPUT_FIRST_FACTOR_OK, NULL), TURN_ASK);
	fixture_code(&f, &shared, 0, code);
	cr_assert_eq(fixture_step(&f, login, INPUT_ANSWER, code), TURN_DONE);
	assert_allowed(&f, login_result(login), FACTOR_TOTP, LEVEL_HIGH_ASSURANCE, REASON_OK);
	cr_expect_str_eq(fixture_event(&f)->app, "robot");
	login_destroy(login);
	/* Left in the middle: an event. */
	login = bridge(&request, &token);
	cr_assert_eq(fixture_step(&f, login, INPUT_NONE, NULL), TURN_KEEP);
	login_destroy(login);
	cr_expect_str_eq(reason_key(fixture_event(&f)->reason), "conversation");
}

Test(app, the_bridge_owes_nothing_where_nothing_is_owed)
{
	struct login_request request;
	struct secret token;
	struct login *login;

	approve("robot", FLOW_WEB_SERVER, LEVEL_STANDARD, &token);
	login = bridge(&request, &token);
	cr_assert_eq(fixture_step(&f, login, INPUT_NONE, NULL), TURN_KEEP);
	cr_assert_eq(fixture_step(&f, login, INPUT_FIRST_FACTOR_OK, NULL), TURN_DONE);
	assert_allowed(&f, login_result(login), FACTOR_ACCESS_TOKEN, LEVEL_STANDARD, REASON_OK);
	login_destroy(login);
	f.now += 601;
	login = bridge(&request, &token);
	cr_assert_eq(fixture_step(&f, login, INPUT_NONE, NULL), TURN_DONE);
	assert_denied(&f, login_result(login), OUTCOME_REFUSED, REASON_EXPIRED);
	login_destroy(login);
}
