/*
 * A login with answers in any order, of any kind, in or out of turn, and none of them right: nobody is let in where
 * a factor is owed. The host is that of tests/login.
 *
 * Six bytes choose user, caller and request, four a moment; then a line each: rhost, typed name, and one for every step,
 * whose first byte is the kind of input and the rest the answer.
 */
#include "fuzz.h"

#include "../login/fixture.h"
#include "answers.h"
#include "base/text.h"

#define USERS_A_STORE 2000 /* a fresh user an input, and a fresh store after so many */

static struct fixture host;
static unsigned users;
static const char *const profiles[] = { "standard", "robot", "strict", "ranged" };
static const char *const services[] = { "login", "sudo", "dovecot", "i3lock", "nobody-maps-this" };
static char restrict_token[32], code_text[32];

static void
forget_host(void)
{
	if (users > 0)
		fixture_finish(&host);
	users = 0;
}

/* Every profile owes a factor to whatever logs in. */
static void
make_host(void)
{
	static bool registered;

	fixture_begin(&host, "\"api-enabled\", \"mfa-ui-logins\", \"mfa-api-logins\"", "");
	fixture_file(&host, "profiles.d/robot.conf",
	             "permissions = [ \"api-enabled\", \"api-only-user\", \"mfa-ui-logins\", \"mfa-api-logins\" ];\n");
	fixture_file(&host, "profiles.d/strict.conf",
	             "permissions = [ \"api-enabled\", \"mfa-ui-logins\", \"mfa-api-logins\" ];\n"
	             "api = { second_factors = [ \"totp\" ]; };\n");
	fixture_file(&host, "profiles.d/ranged.conf",
	             "permissions = [ \"api-enabled\", \"mfa-ui-logins\" ];\n"
	             "login_ip_ranges = [ \"10.0.0.0/8\", \"local\" ];\n");
	fixture_conf(&host, "services = { api = [ \"dovecot\" ]; };\napi = { token_required = \"always\"; };\n"
	                    "require_mfa_for_ui = true;\n");
	fixture_load(&host);
	if (!registered)
		atexit(forget_host);
	registered = true;
}

static void
set_profile(const char *user, const char *profile)
{
	struct store_op ensure = { .kind = STORE_ENSURE_USER, .change = { .user = user, .now = host.now } };
	struct store_op op = { .kind = STORE_SET_PROFILE, .change = { .user = user, .name = profile, .now = host.now } };

	fixture_commit(&host, &ensure);
	fixture_commit(&host, &op);
}

/* As an administrator would have made them. True: an app is registered. */
static bool
make_user(const char *user, unsigned state, unsigned profile, struct secret *ret_shared)
{
	set_profile(user, profiles[profile % (sizeof(profiles) / sizeof(profiles[0]))]);
	if (state & 1)
		fixture_enrol_with_codes(&host, user, ret_shared, code_text);
	else if (state & 2)
		fixture_enrol(&host, user, APP_PENDING, ret_shared);
	if (state & 4)
		fixture_temporary_code(&host, user, code_text);
	if (state & 8)
		fixture_token(&host, user, "mail", 0, NULL, restrict_token);
	if (state & 16)
		fixture_freeze(&host, user, true);
	return (state & 3) != 0;
}

static struct caller
make_caller(unsigned which, const char *user)
{
	static const struct trusted_caller web = { .uid = 33, .resolved = true };
	struct caller caller = host.root;

	if (which % 4 == 1)
		caller = (struct caller){ .class = CALLER_OWN, .uid = 1001 };
	else if (which % 4 == 2)
		caller = (struct caller){ .class = CALLER_TRUSTED, .uid = 33, .trusted = &web };
	if (caller.class == CALLER_OWN) {
		caller.person = fixture_request(user, "").person;
		caller.several_names = (which & 8) != 0;
	}
	return caller;
}

static struct login_request
make_request(struct input_bytes *input, const char *user, const struct secret *shared)
{
	unsigned service = take_byte(input), how = take_byte(input), who = take_byte(input);
	struct login_request request = fixture_request(user, services[service % (sizeof(services) / sizeof(services[0]))]);
	char line[700];

	request.phase = how & 1 ? PHASE_ACCOUNT : PHASE_AUTHENTICATE;
	request.can_commit = how & 2;
	request.split = how & 4;
	request.ask = how & 8;
	request.real_uid_is_root = how & 16;
	request.has_login_type = how & 32;
	request.login_type = how & 64 ? LOGIN_API : LOGIN_UI;
	request.has_place = how & 128;
	request.place = (struct session_place){ .audit = 7, .leader = 5, .leader_start = 50 };
	if (who & 1)
		request.person = (struct person){ .nss = who & 2 ? NSS_UNKNOWN : NSS_ERROR };
	request.person.uid = who & 4 ? 0 : 1001;
	request.person.groups_known = (who & 8) == 0;
	take_line(input, request.rhost, sizeof(request.rhost));
	take_line(input, request.person.typed, sizeof(request.person.typed));
	take_line(input, request.prompt, sizeof(request.prompt));
	if (request.person.nss != NSS_KNOWN)
		memcpy(request.person.name, who & 16 ? user : request.person.typed, who & 16 ? strlen(user) + 1 : USER_NAME_SIZE);
	if (request.split) {
		size_t size = take_line(input, line, sizeof(line));

		if (secret_set(&request.password, line, size) == SFMFA_OK)
			answers_spoil(shared, 1, host.now, &request.password);
	}
	return request;
}

static enum turn
step(struct login *login, struct input *input)
{
	enum turn turn = login_step(login, input);

	for (unsigned writes = 0; turn == TURN_WRITE; writes++) {
		struct store_op *ops[] = { login_op(login) };

		HOLDS(writes < 8 && store_commit(host.env.store, ops, 1, NULL) == SFMFA_OK);
		/* Wrong answers write nothing but that they were given. */
		HOLDS(ops[0]->kind == STORE_ATTEMPT && ops[0]->attempt.result != ATTEMPT_RESULT_RIGHT);
		turn = login_step(login, NULL);
	}
	return turn;
}

static void
take_input(struct input_bytes *bytes, const struct secret shared[2], struct input *ret_input)
{
	static const enum input_kind kinds[] = { INPUT_ANSWER, INPUT_ANSWER_IS_PASSWORD, INPUT_PLACEHOLDER,
		INPUT_CONVERSATION_FAILED, INPUT_FIRST_FACTOR_OK, INPUT_COMMIT, INPUT_PAGE, INPUT_NONE };
	static const struct fields page;
	char line[700];
	size_t size;

	memset(ret_input, 0, sizeof(*ret_input));
	ret_input->kind = kinds[take_byte(bytes) % (sizeof(kinds) / sizeof(kinds[0]))];
	ret_input->page = &page;
	size = take_line(bytes, line, sizeof(line));
	if (secret_set(&ret_input->answer, line, size) == SFMFA_OK)
		answers_spoil(shared, 2, host.now, &ret_input->answer);
}

/* The service asks for authentication when it thinks fit, and is believed (rules 8, "No evidence"). */
static bool
is_account_of_sudo(const struct login_request *request)
{
	return request->phase == PHASE_ACCOUNT && strcmp(request->service, "sudo") == 0;
}

static void
check_event(const struct event *event, const struct login_result *result)
{
	char line[AUDIT_LINE_SIZE];

	HOLDS((event->verdict == VERDICT_ALLOW) == (result->account == OUTCOME_ALLOW));
	audit_format(event, line);
	for (const char *at = line; *at != '\0'; at++)
		HOLDS(*at >= ' ' && *at < 0x7f);
}

/* Who has no app may put its registration off; nothing else is a way in. */
static void
check_result(const struct login *login, const struct login_request *request, const struct caller *caller, bool has_app)
{
	const struct login_result *result = login_result(login);

	HOLDS(host.event_count <= 1);
	if (host.event_count == 1)
		check_event(&host.events[0], result);
	if (result->auth != OUTCOME_ALLOW) {
		HOLDS(result->login_id[0] == '\0');
		HOLDS(result->account != OUTCOME_ALLOW || is_account_of_sudo(request));
		return;
	}
	HOLDS(!has_app && caller->class == CALLER_ROOT && request->can_commit && result->login_type == LOGIN_UI);
	HOLDS(result->decision.level == LEVEL_STANDARD && result->decision.method == FACTOR_PASSWORD);
}

int
LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	struct input_bytes input = { bytes, size };
	struct secret shared[2] = { 0 };
	struct login *login = NULL;
	struct login_request request;
	struct caller caller;
	unsigned state, profile;
	enum turn turn;
	bool has_app;
	char user[32];

	if (users == 0)
		make_host();
	snprintf(user, sizeof(user), "u%05u", users++);
	host.event_count = 0;
	state = take_byte(&input);
	profile = take_byte(&input);
	has_app = make_user(user, state, profile, &shared[0]);
	caller = make_caller(take_byte(&input), user);
	request = make_request(&input, user, &shared[0]);
	HOLDS(login_create(&host.env, &caller, &request, &login) == SFMFA_OK);
	turn = step(login, NULL);
	for (unsigned turns = 0; turn != TURN_DONE && turns < 32; turns++) {
		struct input answer;

		HOLDS(login_result(login)->auth != OUTCOME_ALLOW);
		if (turn == TURN_ASK)
			(void)answers_find_shown(login_ask(login)->info, &shared[1]);
		if (turn == TURN_KEEP && login_result(login)->split)
			HOLDS(login_result(login)->strip < 512);
		take_input(&input, shared, &answer);
		turn = step(login, &answer);
		secret_clear(&answer.answer);
	}
	if (turn == TURN_DONE)
		check_result(login, &request, &caller, has_app);
	login_destroy(login);
	secret_clear(&request.password);
	if (users >= USERS_A_STORE)
		forget_host();
	return 0;
}
