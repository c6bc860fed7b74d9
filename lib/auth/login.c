#include "auth/login.h"

#include <stdlib.h>
#include <string.h>

#include "auth/audit.h"
#include "auth/contexts.h"
#include "auth/login_private.h"
#include "auth/outcome.h"
#include "auth/session.h"
#include "base/text.h"

#define LOGIN_ID_BYTES 16

enum sfmfa_err
login_create(struct env *env, const struct caller *caller, struct login_request *request,
	     struct login **ret_login)
{
	struct login *login = calloc(1, sizeof(*login));

	if (login == NULL) {
		secret_clear(&request->password);
		return SFMFA_ERR_NO_MEMORY;
	}
	login->env = env;
	login->caller = caller;
	login->config = env->config != NULL ? config_hold(env->config) : NULL;
	login->request = *request;
	secret_clear(&request->password);
	*ret_login = login;
	return SFMFA_OK;
}

void
login_audit(struct login *login)
{
	bool known = login->has_standing ? login->standing.known : login->request.person.nss == NSS_KNOWN;

	if (login->audited || login->silent)
		return;
	login->audited = true;
	audit_login(login->env, login->caller, &login->request, known, login->result.login_type,
		    &login->decision, login->step_offset, login->app_key);
}

/* Whether somebody was in the middle of something: then the end of the connection is the end of a login. */
static bool
is_under_way(enum login_state state)
{
	return state != LOGIN_BEGINS && state != LOGIN_SPLIT && state != LOGIN_ENDED;
}

/* The client went away: the rule's own reason where the denial was concealed, else the conversation's. */
static void
abandon(struct login *login)
{
	enum reason reason = login->decision.concealed ? login->decision.reason : REASON_CONVERSATION;
	enum factor method = login->facts.attempt != ATTEMPT_NONE ? login->facts.offered : FACTOR_PASSWORD;

	login->decision = (struct decision){ .reason = reason, .method = method };
	login_audit(login);
}

void
login_destroy(struct login *login)
{
	if (login == NULL)
		return;
	if (is_under_way(login->state))
		abandon(login);
	register_destroy(login->new_app);
	standing_finish(&login->standing);
	config_release(login->config);
	wipe(login, sizeof(*login));
	free(login);
}

/* Whether the write that gave the login its name went through. */
static bool
is_named(const struct login *login)
{
	if (login->request.phase == PHASE_ACCOUNT)
		return login->facts.registered;
	return login->facts.attempt == ATTEMPT_RIGHT;
}

enum turn
login_end(struct login *login)
{
	struct login_result *result = &login->result;
	enum phase phase = login->request.phase;
	enum outcome outcome;

	if (login->decision.verdict != VERDICT_ALLOW)
		login->decision.verdict = VERDICT_DENY;
	if (login->decision.verdict == VERDICT_DENY && login->facts.attempt != ATTEMPT_NONE)
		login->decision.method = login->facts.offered;
	outcome = outcome_of(login->decision.verdict, login->decision.told, result->login_type, phase);
	result->split = false;
	result->strip = 0;
	result->decision = login->decision;
	result->auth = OUTCOME_REFUSED;
	if (phase == PHASE_AUTHENTICATE) {
		result->auth = outcome;
		result->account = outcome == OUTCOME_ALLOW ? OUTCOME_ALLOW : OUTCOME_REFUSED;
	} else {
		result->account = outcome;
	}
	result->delay = phase == PHASE_AUTHENTICATE && result->login_type == LOGIN_UI &&
			outcome != OUTCOME_ALLOW && outcome != OUTCOME_CONVERSATION;
	if (outcome == OUTCOME_ALLOW && is_named(login))
		memcpy(result->login_id, login->login_id, sizeof(result->login_id));
	login_tell_end(login);
	login_audit(login);
	secret_clear(&login->tail);
	secret_clear(&login->request.password);
	login->state = LOGIN_ENDED;
	return TURN_DONE;
}

enum turn
login_refuse(struct login *login, enum reason reason, const char *text, const char *detail)
{
	login->decision = (struct decision){
		.reason = reason,
		.told = reason,
		.because_count = 1,
		.because = { { .text = text, .detail = detail } },
	};
	return login_end(login);
}

enum turn
login_fail(struct login *login, enum sfmfa_err err, const char *text)
{
	enum reason reason = REASON_INTERNAL;

	if (err == SFMFA_ERR_STORE || err == SFMFA_ERR_CRYPTO)
		reason = REASON_STORE;
	else if (err == SFMFA_ERR_CONFIG)
		reason = REASON_CONFIGURATION;
	else if (err == SFMFA_ERR_CLOCK)
		reason = REASON_CLOCK;
	return login_refuse(login, reason, text, NULL);
}

enum turn
login_settle(struct login *login, enum attempt attempt, enum factor offered)
{
	login->facts.attempt = attempt;
	login->facts.offered = offered;
	policy_login(&login->facts, &login->decision);
	if (login->decision.verdict == VERDICT_REGISTER && attempt == ATTEMPT_RIGHT)
		return register_begin(login);
	return login_end(login);
}

/* What a right answer of this kind would end in: policy alone knows. */
static struct decision
foresee(const struct login *login, enum factor offered)
{
	struct facts facts = login->facts;
	struct decision decision;

	facts.attempt = ATTEMPT_RIGHT;
	facts.offered = offered;
	policy_login(&facts, &decision);
	return decision;
}

enum sfmfa_err
login_name(struct login *login, enum factor method, struct store_handover *handover)
{
	unsigned char id[LOGIN_ID_BYTES];
	enum sfmfa_err err = random_bytes(id, sizeof(id));

	if (err == SFMFA_OK)
		err = text_from_bytes(login->login_id, sizeof(login->login_id), id, sizeof(id));
	if (err == SFMFA_OK)
		err = keyed_hash(&login->env->keyring, CONTEXT_LOGIN, login->login_id,
				 strlen(login->login_id), handover->hash);
	handover->service = login->request.service;
	handover->method = method;
	wipe(id, sizeof(id));
	return err;
}

enum turn
login_attempt(struct login *login, struct secret *answer)
{
	struct attempt_input input = {
		.env = login->env,
		.config = login->config,
		.record = &login->standing.record,
		.acceptable = login->decision.acceptable,
		.caller = login->caller->class == CALLER_ROOT ? -1 : (int64_t)login->caller->uid,
		.now = &login->now,
		.service = login->request.service,
		.peer = &login->peer,
		.from = login->request.rhost,
	};
	enum factor offered = FACTOR_PASSWORD;
	enum sfmfa_err err = attempt_prepare(&input, answer, &login->op, &offered, NULL);

	secret_clear(answer);
	if (err != SFMFA_OK)
		return login_settle(login, ATTEMPT_STORE, FACTOR_PASSWORD);
	if (login->caller->class == CALLER_ROOT) {
		struct decision right = foresee(login, offered);
		/* Completed by a UI login that is let in, or by the one that an API-only user has. */
		login->op.attempt.complete_app =
			login->facts.login_type == LOGIN_UI && offered == FACTOR_TOTP &&
			(right.verdict == VERDICT_ALLOW || right.reason == REASON_API_ONLY_REGISTERED);
		if (right.verdict == VERDICT_ALLOW && login_name(login, offered, &login->op.attempt.handover) != SFMFA_OK)
			return login_settle(login, ATTEMPT_STORE, offered);
	}
	login->facts.offered = offered;
	login->state = LOGIN_ATTEMPTING;
	return TURN_WRITE;
}

static enum turn
attempted(struct login *login, struct input *input)
{
	if (input->kind != INPUT_NONE)
		return login_no_answer(login, input->kind);
	login->step_offset = attempt_step_offset(&login->op);
	return login_settle(login, attempt_found(&login->op), login->facts.offered);
}

/* Who may ask this at all (rules 2). NULL: may; else what is wrong. */
static const char *
caller_fault(const struct login *login)
{
	const struct caller *caller = login->caller;
	const struct person *person = &login->request.person;
	const struct settings *settings = &login->config->settings;
	const char *service = login->request.service;
	bool mapped;
	enum login_type type = config_login_type(login->config, service, &mapped);

	if (caller->class == CALLER_ROOT)
		return NULL;
	if (caller->class == CALLER_TRUSTED) {
		if (caller->trusted == NULL || !words_contain(&caller->trusted->services, service))
			return "the service is not among those of this trusted caller";
		return type == LOGIN_API ? NULL : "a service of a trusted caller must be mapped to api";
	}
	if (caller->several_names)
		return "the caller's uid has several names";
	if (person->nss != NSS_KNOWN || person->uid != caller->uid ||
	    !text_equals(person->name, caller->person.name))
		return "a caller that is neither root nor trusted may ask about its own user only";
	if (type != LOGIN_UI && !words_contain(&settings->lockers, service))
		return "a caller that is neither root nor trusted may use services mapped to ui only";
	return NULL;
}

/* Nothing was ever good (rules 3.3): what keeps a host running goes on, all else is denied. */
static enum turn
begin_without_config(struct login *login)
{
	const struct login_request *request = &login->request;
	const struct settings *lists = login->env->fallback != NULL ? &login->env->fallback->settings : NULL;
	bool exempt = lists != NULL && words_contain(&lists->exempt_services, request->service);
	bool root_switch = lists != NULL && words_contain(&lists->root_switches, request->service) &&
			   request->real_uid_is_root;

	if (exempt)
		login->result.login_type = LOGIN_EXEMPT;
	if (login->caller->class != CALLER_ROOT || request->phase != PHASE_ACCOUNT ||
	    (!exempt && !root_switch))
		return login_refuse(login, REASON_CONFIGURATION,
				    "there is no configuration that was ever good", NULL);
	if (login->env->store != NULL) {
		struct user_record *record = &login->standing.record;
		enum sfmfa_err err =
			store_read_user(login->env->store, request->person.name, -1, record, NULL);
		if (err != SFMFA_OK && err != SFMFA_ERR_NOT_FOUND)
			return login_fail(login, SFMFA_ERR_STORE, "the store cannot be read");
		if (err == SFMFA_OK && record->frozen)
			return login_refuse(login, REASON_FROZEN, "the user is frozen", NULL);
	}
	login->decision = (struct decision){
		.verdict = VERDICT_ALLOW,
		.reason = REASON_OK_SINGLE_FACTOR,
		.told = REASON_OK_SINGLE_FACTOR,
		.because_count = 1,
		.because = { { .text = "there is no configuration; this service keeps the host running" } },
	};
	return login_end(login);
}

static enum turn
begin(struct login *login, struct input *input)
{
	struct login_request *request = &login->request;
	int64_t guard = login->caller->class == CALLER_ROOT ? -1 : (int64_t)login->caller->uid;
	const char *fault;
	enum sfmfa_err err;

	if (input->kind != INPUT_NONE)
		return login_no_answer(login, input->kind);
	if (login->config == NULL)
		return begin_without_config(login);
	login->result.login_type = facts_login_type(login->config, login->caller, request);
	/* Whose program it is could not be found out: that is nobody's mistake. */
	if (login->caller->class == CALLER_OWN && login->caller->person.nss == NSS_ERROR)
		return login_fail(login, SFMFA_ERR_STORE, "the name service did not answer for the caller");
	fault = caller_fault(login);
	if (fault != NULL)
		return login_refuse(login, REASON_CONFIGURATION, fault, NULL);
	err = standing_read(login->env, login->config, &request->person, guard, &login->standing, NULL);
	if (err != SFMFA_OK)
		return login_fail(login, err, "the user's record, or their groups, cannot be read");
	login->has_standing = true;
	err = facts_gather(login->config, login->caller, request, &login->standing, &login->now,
			   &login->facts);
	if (err != SFMFA_OK)
		return login_fail(login, err, "the time in the zone of the login hours cannot be told");
	facts_peer(login->config, request, &login->peer);
	session_add_facts(login->env, login->config, request, login->standing.record.name, &login->now, &login->facts);
	if (request->credential)
		return login_begin_credential(login);
	err = login_name_flow(login);
	if (err != SFMFA_OK)
		return login_fail(login, err, "what was approved cannot be read");
	policy_login(&login->facts, &login->decision);
	if (request->phase == PHASE_ACCOUNT || login->result.login_type == LOGIN_EXEMPT)
		return login_end(login);
	return login->result.login_type == LOGIN_API ? login_begin_api(login) : login_begin_ui(login);
}

static enum turn
ended(struct login *login, struct input *input)
{
	return TURN_DONE;
}

static enum turn (*const by_state[LOGIN_STATE_COUNT])(struct login *login, struct input *input) = {
	[LOGIN_BEGINS] = begin,
	[LOGIN_ASKED] = login_answer,
	[LOGIN_ATTEMPTING] = attempted,
	[LOGIN_USING] = login_used,
	[LOGIN_BRIDGED] = login_bridged,
	[LOGIN_SPLIT] = login_first_factor,
	[LOGIN_REGISTERING] = register_answer,
	[LOGIN_CODES_SHOWN] = register_seen,
	[LOGIN_UNCOMMITTED] = register_commit,
	[LOGIN_COMMITTING] = register_committed,
	[LOGIN_ENDED] = ended,
};

enum turn
login_step(struct login *login, struct input *input)
{
	struct input none = { .kind = INPUT_NONE };

	if (login->state != LOGIN_ENDED &&
	    login->env->clock.now(login->env->clock.data, &login->now) != SFMFA_OK)
		return login_refuse(login, REASON_CLOCK, "the clock cannot be read", NULL);
	return by_state[login->state](login, input != NULL ? input : &none);
}

const struct ask *
login_ask(const struct login *login)
{
	return &login->ask;
}

struct store_op *
login_op(struct login *login)
{
	return &login->op;
}

const struct login_result *
login_result(const struct login *login)
{
	return &login->result;
}
