/* Programs with one password field: the tail taken off, the first factor, the tail verified (rules 6, 8). */
#include <string.h>

#include "auth/contexts.h"
#include "auth/login_private.h"

/* Whether anything would be compared: then an unknown user gets the same treatment as a known one. */
static bool
is_factor_due(const struct login *login)
{
	if (!login->standing.known)
		return policy_api_due(&login->facts) != 0;
	return login->decision.verdict == VERDICT_DENY && login->decision.reason == REASON_FACTOR_MISSING;
}

/*
 * Nothing is due: only a token known to be this user's is a tail, whatever its state. A user without a row
 * has none; that is asked all the same, as the first factor is not known to be right yet: work is not to tell.
 */
static enum sfmfa_err
find_own_token(struct login *login, const struct tail *tail, const unsigned char *bytes, bool *ret_own)
{
	unsigned char hash[HASH_SIZE];
	struct token_record token;
	enum sfmfa_err err;

	*ret_own = false;
	/* Without keys nobody can say whose it is; a login that owes nothing goes on. */
	if (tail->kind != FACTOR_SECURITY_TOKEN || !login->env->keyring.ready)
		return SFMFA_OK;
	err = keyed_hash(&login->env->keyring, CONTEXT_TOKEN, bytes, tail->size, hash);
	if (err != SFMFA_OK)
		return err;
	err = store_find_token(login->env->store, login->standing.record.id, hash, &token, NULL);
	if (err == SFMFA_ERR_NOT_FOUND)
		return SFMFA_OK;
	if (err != SFMFA_OK)
		return err;
	*ret_own = true;
	/* Taken off all the same, but one that is void is no credential. */
	login->facts.token_stripped =
		token_usable(&token, login->now.wall, login->request.service, &login->peer) == TOKEN_USE_OK;
	return SFMFA_OK;
}

/* Takes the tail into the machine; what stays with the caller is said by strip. */
static enum turn
keep_tail(struct login *login, const struct tail *tail)
{
	const struct secret *field = &login->request.password;

	login->tail_kind = tail->kind;
	login->tail_another = tail->another;
	login->result.strip = tail->size;
	if (tail->size > 0 &&
	    secret_set(&login->tail, field->bytes + (field->size - tail->size), tail->size) != SFMFA_OK)
		return login_fail(login, SFMFA_ERR_INTERNAL, "the tail does not fit");
	secret_clear(&login->request.password);
	login->result.split = true;
	login->result.auth = OUTCOME_REFUSED;
	login->result.account = OUTCOME_REFUSED;
	memset(&login->ask, 0, sizeof(login->ask));
	login->state = LOGIN_SPLIT;
	return TURN_KEEP;
}

static bool
is_field_usable(const struct secret *field)
{
	return field->size > 0 && field->size <= sizeof(field->bytes) &&
	       memchr(field->bytes, '\0', field->size) == NULL;
}

/*
 * Nothing is decided before the first factor: a denial here would tell somebody without the password.
 * What is due decides what is taken off.
 */
static enum turn
begin_split(struct login *login)
{
	const struct secret *field = &login->request.password;
	const struct user_app *app = &login->standing.record.app;
	struct tail none = { .kind = FACTOR_PASSWORD };
	struct tail tail;
	bool own = false;
	enum sfmfa_err err;

	if (!is_field_usable(field))
		return login_refuse(login, REASON_FACTOR_MISSING, "the password field is empty or not text",
				    NULL);
	tail = tail_find(field, login->standing.known && app->state != APP_NONE ? app->params.digits : 0);
	err = find_own_token(login, &tail, field->bytes + (field->size - tail.size), &own);
	if (err != SFMFA_OK)
		return login_fail(login, err, "the user's tokens cannot be read");
	if (policy_api_due(&login->facts) != 0) {
		/* Looked for in vain: who owes a factor would show in the time that this takes. */
		login->facts.token_stripped = false;
		return keep_tail(login, &tail);
	}
	login->tail_own_token = own;
	return keep_tail(login, own ? &tail : &none);
}

enum turn
login_begin_locker(struct login *login)
{
	const struct secret *field = &login->request.password;
	const struct user_app *app = &login->standing.record.app;
	struct tail none = { .kind = FACTOR_PASSWORD };
	struct tail tail;

	if (!is_field_usable(field))
		return login_refuse(login, REASON_FACTOR_MISSING, "the password field is empty or not text",
				    NULL);
	/* One typed text: its tail is a code of one's own completed app, and nothing else. */
	if (app->state != APP_COMPLETED || (policy_api_due(&login->facts) & FACTOR_BIT(FACTOR_TOTP)) == 0)
		return keep_tail(login, &none);
	tail = tail_find(field, app->params.digits);
	return keep_tail(login, tail.kind == FACTOR_TOTP ? &tail : &none);
}

enum turn
login_begin_api(struct login *login)
{
	/* Rule 1: prompt and comparison are those of a registered member of the default profile. */
	if (!login->standing.known)
		login->decision.acceptable = policy_api_due(&login->facts);
	if (login->request.split)
		return begin_split(login);
	/* Whatever the stack lacks: this flow would be closed with it, too. */
	if (login->facts.connected.named && login->decision.verdict == VERDICT_DENY &&
	    login->decision.reason != REASON_FACTOR_MISSING)
		return login_end(login);
	if (!login->request.ask)
		return login_refuse(
			login, REASON_CONFIGURATION,
			"service %s is mapped to api, and its stack has no line with split before this one",
			login->request.service);
	return is_factor_due(login) ? login_ask_factor(login) : login_end(login);
}

static enum turn
verify_api(struct login *login)
{
	/* A second token stands before the first: wrong, and nothing is spent (rules 6). */
	if (login->tail_another)
		return login_settle(login, ATTEMPT_WRONG, login->tail_kind);
	if (!is_factor_due(login)) {
		/* The token that was taken off may be what this login rests on. */
		if (login->tail_own_token)
			return login_settle(login, ATTEMPT_NONE, FACTOR_PASSWORD);
		return login_end(login);
	}
	if (login->tail_kind == FACTOR_PASSWORD)
		return login_settle(login, ATTEMPT_NONE, FACTOR_PASSWORD);
	return login_attempt(login, &login->tail);
}

/* A locker has one text for every prompt, so nobody is asked: what is missing is missing. */
static enum turn
verify_locker(struct login *login)
{
	switch (login->decision.verdict) {
	case VERDICT_REGISTER:
	case VERDICT_ALLOW: return login_end(login);
	case VERDICT_DENY:
		if (!login_is_concealed(login))
			return login_end(login);
		break;
	case VERDICT_CHALLENGE: break;
	}
	if (login->tail_kind == FACTOR_PASSWORD)
		return login_settle(login, ATTEMPT_NONE, FACTOR_PASSWORD);
	return login_attempt(login, &login->tail);
}

enum turn
login_first_factor(struct login *login, struct input *input)
{
	if (input->kind != INPUT_FIRST_FACTOR_OK)
		return login_no_answer(login, INPUT_NONE);
	return login->result.login_type == LOGIN_API ? verify_api(login) : verify_locker(login);
}
