#include "auth/attempt.h"

#include <string.h>

#include "auth/contexts.h"
#include "base/text.h"
#include "factor/code.h"
#include "factor/token.h"
#include "factor/totp.h"

#define STEP_SECONDS 30 /* of the guard's counters where there is no app */

enum sfmfa_err
code_hash(const struct keyring *keyring, enum code_kind kind, const char *user,
	  const struct secret *canonical, unsigned char ret_hash[HASH_SIZE])
{
	char context[CONTEXT_SIZE];
	enum sfmfa_err err = SFMFA_ERR_INTERNAL;

	if (kind == CODE_RECOVERY)
		err = text_format(context, sizeof(context), CONTEXT_RECOVERY, user);
	else if (kind == CODE_TEMPORARY)
		err = text_format(context, sizeof(context), CONTEXT_TEMPORARY, user);
	if (err != SFMFA_OK)
		return err;
	return keyed_hash(keyring, context, canonical->bytes, canonical->size, ret_hash);
}

/* Of the app, or of apps that would be made now: an answer to nobody costs what another costs. */
static struct totp_params
params_of(const struct attempt_input *input)
{
	const struct totp_settings *totp = &input->config->settings.totp;
	struct totp_params params = {
		.algorithm = totp->algorithm,
		.digits = (unsigned)totp->digits,
		.period = (unsigned)totp->period,
	};

	return input->record->app.state != APP_NONE ? input->record->app.params : params;
}

static bool
is_all_digits(const struct secret *answer)
{
	for (size_t i = 0; i < answer->size; i++) {
		if (answer->bytes[i] < '0' || answer->bytes[i] > '9')
			return false;
	}
	return answer->size > 0;
}

enum factor
attempt_recognize(const struct attempt_input *input, struct secret *answer, struct secret *ret_canonical)
{
	if (token_is_well_formed(answer->bytes, answer->size))
		return FACTOR_SECURITY_TOKEN;
	switch (code_recognize(answer, ret_canonical)) {
	case CODE_RECOVERY: return FACTOR_RECOVERY_CODE;
	case CODE_TEMPORARY: return FACTOR_TEMPORARY_CODE;
	case CODE_NONE: break;
	}
	/* Where codes of the app have other lengths, 8 digits can only be a code that came with an import. */
	if (params_of(input).digits != SCRATCH_DIGITS && code_is_scratch(answer, ret_canonical))
		return FACTOR_RECOVERY_CODE;
	totp_normalize(answer);
	return is_all_digits(answer) ? FACTOR_TOTP : FACTOR_PASSWORD;
}

/* A user without an app: as much work, and nothing that matches. */
static enum sfmfa_err
compare_with_nothing(const struct totp_params *params, const struct secret *answer, int64_t now_step,
		     unsigned window)
{
	SECRET_AUTO nobody = { .size = totp_secret_size(params->algorithm) };
	struct totp_match match;
	enum sfmfa_err err = random_bytes(nobody.bytes, nobody.size);

	if (err != SFMFA_OK)
		return err;
	return totp_match(params, &nobody, answer, now_step, window, 0, &match);
}

static enum sfmfa_err
compare_totp(const struct attempt_input *input, const struct secret *answer, struct store_attempt *attempt)
{
	const struct user_record *record = input->record;
	struct totp_params params = params_of(input);
	SECRET_AUTO shared = { 0 };
	char context[CONTEXT_SIZE];
	struct totp_match match;
	enum sfmfa_err err;

	attempt->kind = ATTEMPT_KIND_TOTP;
	if (record->app.state == APP_NONE)
		return compare_with_nothing(&params, answer, attempt->now_step, attempt->window);
	err = text_format(context, sizeof(context), CONTEXT_APP, record->name);
	if (err != SFMFA_OK)
		return err;
	err = unseal(&input->env->keyring, context, record->app.sealed, record->app.sealed_size, &shared);
	if (err != SFMFA_OK)
		return err;
	err = totp_match(&params, &shared, answer, attempt->now_step, attempt->window,
			 record->guard.last_step, &match);
	if (err != SFMFA_OK)
		return err;
	attempt->step = match.step;
	attempt->near_step = match.near_step;
	attempt->equals_step = match.is_last ? record->guard.last_step : 0;
	return SFMFA_OK;
}

static enum sfmfa_err
compare_token(const struct attempt_input *input, const struct secret *answer, struct store_attempt *attempt,
	      struct diag *diag)
{
	unsigned char hash[HASH_SIZE];
	struct token_record token;
	enum sfmfa_err err =
		keyed_hash(&input->env->keyring, CONTEXT_TOKEN, answer->bytes, answer->size, hash);

	attempt->kind = ATTEMPT_KIND_TOKEN;
	attempt->token_result = ATTEMPT_RESULT_WRONG;
	if (err != SFMFA_OK)
		return err;
	err = store_find_token(input->env->store, input->record->id, hash, &token, diag);
	if (err == SFMFA_ERR_NOT_FOUND)
		return SFMFA_OK;
	if (err != SFMFA_OK)
		return err;
	attempt->token_id = token.id;
	if (input->service == NULL || input->peer == NULL) {
		attempt->token_result = ATTEMPT_RESULT_OUT_OF_SCOPE;
		return SFMFA_OK;
	}
	switch (token_usable(&token, input->now->wall, input->service, input->peer)) {
	case TOKEN_USE_OK: attempt->token_result = ATTEMPT_RESULT_RIGHT; break;
	case TOKEN_USE_OUT_OF_SCOPE: attempt->token_result = ATTEMPT_RESULT_OUT_OF_SCOPE; break;
	case TOKEN_USE_EXPIRED: attempt->token_result = ATTEMPT_RESULT_EXPIRED; break;
	}
	return SFMFA_OK;
}

static enum sfmfa_err
compare(const struct attempt_input *input, enum factor offered, const struct secret *answer,
	const struct secret *canonical, struct store_attempt *attempt, struct diag *diag)
{
	const struct keyring *keyring = &input->env->keyring;

	attempt->kind = ATTEMPT_KIND_UNACCEPTABLE;
	if ((input->acceptable & FACTOR_BIT(offered)) == 0 || offered == FACTOR_PASSWORD)
		return SFMFA_OK;
	if (offered == FACTOR_TOTP)
		return compare_totp(input, answer, attempt);
	if (offered == FACTOR_SECURITY_TOKEN)
		return compare_token(input, answer, attempt, diag);
	if (offered == FACTOR_RECOVERY_CODE) {
		attempt->kind = ATTEMPT_KIND_RECOVERY;
		return code_hash(keyring, CODE_RECOVERY, input->record->name, canonical, attempt->hash);
	}
	if (offered == FACTOR_TEMPORARY_CODE) {
		attempt->kind = ATTEMPT_KIND_TEMPORARY;
		return code_hash(keyring, CODE_TEMPORARY, input->record->name, canonical, attempt->hash);
	}
	return SFMFA_ERR_INTERNAL;
}

enum sfmfa_err
attempt_prepare(const struct attempt_input *input, struct secret *answer, struct store_op *ret_op,
		enum factor *ret_offered, struct diag *diag)
{
	const struct settings *settings = &input->config->settings;
	struct totp_params params = params_of(input);
	SECRET_AUTO canonical = { 0 };
	enum factor offered = attempt_recognize(input, answer, &canonical);
	struct store_op op = { .kind = STORE_ATTEMPT, .err = SFMFA_ERR_INTERNAL };
	enum sfmfa_err err;

	op.attempt = (struct store_attempt){
		.user_id = input->record->id,
		.generation = input->record->generation,
		.caller = input->caller,
		.policy = { .max_invalid_attempts = settings->lockout.max_invalid_attempts,
			    .lock_seconds = settings->lockout.minutes * 60 },
		.now = *input->now,
		.window = (unsigned)settings->totp.window,
		.complete_app = input->complete_app,
		.from = input->from,
	};
	if (input->record->app.state == APP_NONE)
		params.period = STEP_SECONDS;
	op.attempt.now_step = totp_step(&params, input->now->wall);
	if (!input->env->keyring.ready)
		return diag_set(diag, SFMFA_ERR_CRYPTO, "", 0,
				"there is no sealing key: nothing can be compared");
	err = compare(input, offered, answer, &canonical, &op.attempt, diag);
	if (err == SFMFA_ERR_STORE)
		return err;
	if (err != SFMFA_OK)
		return diag_set(diag, err, "", 0, "the record of user %s does not open", input->record->name);
	*ret_op = op;
	*ret_offered = offered;
	return SFMFA_OK;
}

enum attempt
attempt_found(const struct store_op *op)
{
	/* Nobody's guard, or a user who was removed meanwhile: there is nothing to match. */
	if (op->err == SFMFA_ERR_NOT_FOUND)
		return ATTEMPT_WRONG;
	if (op->err != SFMFA_OK)
		return ATTEMPT_STORE;
	switch (op->attempt.result) {
	case ATTEMPT_RESULT_RIGHT: return ATTEMPT_RIGHT;
	case ATTEMPT_RESULT_WRONG: return ATTEMPT_WRONG;
	case ATTEMPT_RESULT_REPLAYED: return ATTEMPT_REPLAYED;
	case ATTEMPT_RESULT_CLOCK: return ATTEMPT_CLOCK;
	case ATTEMPT_RESULT_EXPIRED: return ATTEMPT_EXPIRED;
	case ATTEMPT_RESULT_OUT_OF_SCOPE: return ATTEMPT_OUT_OF_SCOPE;
	case ATTEMPT_RESULT_LOCKED_OUT: return ATTEMPT_LOCKED_OUT;
	}
	return ATTEMPT_LOCKED_OUT;
}

int64_t
attempt_step_offset(const struct store_op *op)
{
	const struct store_attempt *attempt = &op->attempt;

	if (op->err != SFMFA_OK || attempt->result != ATTEMPT_RESULT_WRONG ||
	    attempt->kind != ATTEMPT_KIND_TOTP || attempt->near_step == 0)
		return 0;
	return attempt->near_step - attempt->now_step;
}
