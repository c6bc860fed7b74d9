/*
 * Registration inside a login (rules 7e, 8): a new app is shown and confirmed; nothing is written
 * before the whole of authentication succeeded, so a stranger can see a QR code and never plant an app.
 */
#include <stdlib.h>
#include <string.h>

#include "auth/contexts.h"
#include "auth/login_private.h"
#include "base/text.h"
#include "factor/code.h"
#include "factor/totp.h"
#include "qr/qr.h"

#define REGISTER_TRIES 3
#define CODE_PROMPT    "Code from your app: "
#define SEEN_PROMPT    "Press Enter when you have written them down: "

struct new_app {
	struct totp_params params;
	struct secret shared; /* lives here only, until the commit */
	unsigned wrong;
	struct store_register write; /* ready once the code was right */
};

void
register_destroy(struct new_app *new_app)
{
	if (new_app == NULL)
		return;
	wipe(new_app, sizeof(*new_app));
	free(new_app);
}

static bool
append(char *text, size_t size, const char *more)
{
	size_t used = strlen(text);
	size_t length = strlen(more);

	if (length >= size - used)
		return false;
	memcpy(text + used, more, length + 1);
	return true;
}

/* "ABCD EFGH IJ": what a person copies by hand. */
static void
in_groups(const char *key, char *to, size_t size)
{
	size_t used = 0;

	for (size_t i = 0; key[i] != '\0' && used + 2 < size; i++) {
		if (i > 0 && i % 4 == 0)
			to[used++] = ' ';
		to[used++] = key[i];
	}
	to[used] = '\0';
}

static enum sfmfa_err
show_app(struct login *login, const struct new_app *new)
{
	const struct settings *settings = &login->config->settings;
	const char *issuer = settings->issuer[0] != '\0' ? settings->issuer : login->env->host;
	struct ask *ask = &login->ask;
	char uri[TOTP_URI_SIZE] = "";
	char key[TOTP_BASE32_SIZE] = "";
	char grouped[TOTP_BASE32_SIZE + TOTP_BASE32_SIZE / 4];
	char line[TOTP_URI_SIZE + 256];
	char *qr = calloc(1, QR_TEXT_SIZE);
	size_t columns;
	enum sfmfa_err err = totp_uri(&new->params, &new->shared, issuer, login->standing.record.name, uri);

	memset(ask, 0, sizeof(*ask));
	if (err == SFMFA_OK)
		err = totp_to_base32(&new->shared, key);
	if (err == SFMFA_OK) {
		in_groups(key, grouped, sizeof(grouped));
		/* Words first: ssh puts the login's name in front of the first line. */
		(void)append(ask->info, sizeof(ask->info),
			     "Register an authenticator app to go on. Scan this with it:\n");
		/* Below 41 columns it is no use, and the daemon cannot know: the key is always there too. */
		if (qr != NULL && qr_text(uri, qr, QR_TEXT_SIZE, &columns) == SFMFA_OK)
			(void)append(ask->info, sizeof(ask->info) - sizeof(line), qr);
		err = text_format(line, sizeof(line),
				  "or type this key: %s\n(time-based, %s, %u digits, %u seconds)\n%s",
				  grouped, totp_algorithm_key(new->params.algorithm), new->params.digits,
				  new->params.period, uri);
	}
	if (err == SFMFA_OK && !append(ask->info, sizeof(ask->info), line))
		err = SFMFA_ERR_TOO_LARGE;
	if (err == SFMFA_OK)
		err = text_copy(ask->prompt, sizeof(ask->prompt), CODE_PROMPT);
	wipe(uri, sizeof(uri));
	wipe(key, sizeof(key));
	wipe(grouped, sizeof(grouped));
	wipe(line, sizeof(line));
	if (qr != NULL)
		wipe(qr, QR_TEXT_SIZE);
	free(qr);
	return err;
}

enum turn
register_begin(struct login *login)
{
	const struct totp_settings *totp = &login->config->settings.totp;
	struct new_app *new;
	enum sfmfa_err err;

	if (!login->env->keyring.ready)
		return login_fail(login, SFMFA_ERR_CRYPTO,
				  "there is no sealing key: nothing can be registered");
	new = calloc(1, sizeof(*new));
	if (new == NULL)
		return login_fail(login, SFMFA_ERR_NO_MEMORY, "no memory for a registration");
	login->new_app = new;
	new->params.algorithm = totp->algorithm;
	new->params.digits = (unsigned)totp->digits;
	new->params.period = (unsigned)totp->period;
	new->shared.size = totp_secret_size(totp->algorithm);
	err = random_bytes(new->shared.bytes, new->shared.size);
	if (err == SFMFA_OK)
		err = show_app(login, new);
	if (err != SFMFA_OK)
		return login_fail(login, err, "an authenticator app cannot be made");
	login->state = LOGIN_REGISTERING;
	return TURN_ASK;
}

/* Ten codes, shown once; their hashes wait for the commit. */
static enum sfmfa_err
make_recovery_codes(struct login *login, struct new_app *new)
{
	struct ask *ask = &login->ask;

	memset(ask, 0, sizeof(*ask));
	(void)append(ask->info, sizeof(ask->info),
		     "The code was right. These recovery codes let you in once each if you lose the "
		     "app; they are shown only now:");
	for (size_t i = 0; i < RECOVERY_CODE_COUNT; i++) {
		SECRET_AUTO code = { 0 };
		SECRET_AUTO canonical = { 0 };
		char line[RECOVERY_CODE_TEXT_SIZE + 4];
		enum sfmfa_err err = code_generate(CODE_RECOVERY, random_below, &code);

		if (err == SFMFA_OK && code_recognize(&code, &canonical) != CODE_RECOVERY)
			err = SFMFA_ERR_INTERNAL;
		if (err == SFMFA_OK)
			err = code_hash(&login->env->keyring, CODE_RECOVERY, login->standing.record.name,
					&canonical, new->write.recovery_hashes[i]);
		if (err == SFMFA_OK)
			err = text_format(line, sizeof(line), "\n  %.*s", (int)code.size,
					  (const char *)code.bytes);
		if (err == SFMFA_OK && !append(ask->info, sizeof(ask->info), line))
			err = SFMFA_ERR_TOO_LARGE;
		wipe(line, sizeof(line));
		if (err != SFMFA_OK)
			return err;
	}
	new->write.recovery_count = RECOVERY_CODE_COUNT;
	/* A prompt after the text: sshd holds texts back until the next one. */
	return text_copy(ask->prompt, sizeof(ask->prompt), SEEN_PROMPT);
}

static enum sfmfa_err
prepare_write(struct login *login, struct new_app *new, int64_t step)
{
	const struct user_record *record = &login->standing.record;
	struct store_register *write = &new->write;
	char context[CONTEXT_SIZE];
	enum sfmfa_err err = text_format(context, sizeof(context), CONTEXT_APP, record->name);

	*write = (struct store_register){
		.user = record->name,
		.is_virtual = record->is_virtual,
		.generation = record->generation,
		/* Inside an interactive login, with a confirmed code: completed (rules 4, "Completed"). */
		.app = { .state = APP_COMPLETED, .params = new->params },
		.last_step = step,
		.by_user = true,
	};
	if (err != SFMFA_OK)
		return err;
	return seal(&login->env->keyring, context, &new->shared, write->app.sealed, sizeof(write->app.sealed),
		    &write->app.sealed_size);
}

static enum turn
confirmed(struct login *login, int64_t step)
{
	struct new_app *new = login->new_app;
	enum sfmfa_err err = prepare_write(login, new, step);

	secret_clear(&new->shared);
	if (err == SFMFA_OK)
		err = make_recovery_codes(login, new);
	if (err != SFMFA_OK)
		return login_fail(login, err, "the registration cannot be prepared");
	login->state = LOGIN_CODES_SHOWN;
	return TURN_ASK;
}

static enum turn
wrong(struct login *login, int64_t near_step, int64_t now_step)
{
	struct new_app *new = login->new_app;
	int64_t offset = near_step != 0 ? near_step - now_step : 0;

	new->wrong++;
	if (new->wrong >= REGISTER_TRIES)
		return login_refuse(login, REASON_FACTOR_WRONG, "no code of the new app was right", NULL);
	login_tell_wrong(login, REGISTER_TRIES - new->wrong, offset * (int64_t)new->params.period);
	if (text_copy(login->ask.prompt, sizeof(login->ask.prompt), CODE_PROMPT) != SFMFA_OK)
		return login_fail(login, SFMFA_ERR_INTERNAL, "the prompt does not fit");
	return TURN_ASK;
}

/* An empty answer: put off where the policy lets it (after a temporary code), else denied. */
static enum turn
put_off(struct login *login)
{
	if (!login->decision.may_postpone)
		return login_refuse(login, REASON_REGISTRATION_REQUIRED, "the registration was put off",
				    NULL);
	login->facts.postponed = true;
	return login_settle(login, login->facts.attempt, login->facts.offered);
}

/* Not an answer, where a factor may have been answered before: this decision is not that factor's. */
static enum turn
no_answer(struct login *login, enum input_kind kind)
{
	if (kind == INPUT_ANSWER_IS_PASSWORD)
		return login_refuse(login, REASON_CLIENT_CANNOT_PROMPT,
				    "the client answered with the password", NULL);
	if (kind == INPUT_PLACEHOLDER)
		return login_no_answer(login, kind);
	return login_refuse(login, REASON_CONVERSATION, "the registration was not finished", NULL);
}

enum turn
register_answer(struct login *login, struct input *input)
{
	struct new_app *new = login->new_app;
	struct totp_match match = { 0 };
	int64_t now_step = totp_step(&new->params, login->now.wall);
	enum sfmfa_err err;

	if (input->kind != INPUT_ANSWER)
		return no_answer(login, input->kind);
	totp_normalize(&input->answer);
	if (input->answer.size == 0)
		return put_off(login);
	err = totp_match(&new->params, &new->shared, &input->answer, now_step,
			 (unsigned)login->config->settings.totp.window, 0, &match);
	secret_clear(&input->answer);
	if (err != SFMFA_OK)
		return login_fail(login, err, "the code cannot be compared");
	return match.step != 0 ? confirmed(login, match.step) : wrong(login, match.near_step, now_step);
}

enum turn
register_seen(struct login *login, struct input *input)
{
	struct login_result *result = &login->result;

	if (input->kind != INPUT_ANSWER && input->kind != INPUT_ANSWER_IS_PASSWORD)
		return no_answer(login, input->kind);
	memset(&login->ask, 0, sizeof(login->ask));
	login->facts.registered = true;
	policy_login(&login->facts, &login->decision);
	/* An API-only user registers and is denied then: in the account phase, after the commit. */
	if (login->decision.verdict != VERDICT_ALLOW && login->decision.reason != REASON_API_ONLY_REGISTERED)
		return login_end(login);
	result->auth = OUTCOME_ALLOW;
	result->account = OUTCOME_REFUSED;
	result->decision = login->decision;
	result->split = false;
	login->state = LOGIN_UNCOMMITTED;
	return TURN_KEEP;
}

enum turn
register_commit(struct login *login, struct input *input)
{
	struct new_app *new = login->new_app;

	if (input->kind != INPUT_COMMIT)
		return no_answer(login, INPUT_NONE);
	new->write.now = login->now;
	new->write.app.registered_at = login->now.wall;
	new->write.app.completed_at = login->now.wall;
	/* The proof of the session that follows dates from this commit. */
	if (login->decision.verdict == VERDICT_ALLOW &&
	    login_name(login, login->decision.method, &new->write.handover) != SFMFA_OK)
		return login_fail(login, SFMFA_ERR_INTERNAL, "no random numbers");
	login->op = (struct store_op){ .kind = STORE_REGISTER,
				       .err = SFMFA_ERR_INTERNAL,
				       .registration = new->write };
	login->state = LOGIN_COMMITTING;
	return TURN_WRITE;
}

/* The account phase of the same login: its verdict is what the caller waits for. */
enum turn
register_committed(struct login *login, struct input *input)
{
	login->request.phase = PHASE_ACCOUNT;
	if (input->kind != INPUT_NONE)
		return no_answer(login, input->kind);
	if (login->op.err == SFMFA_OK)
		return login_end(login);
	if (login->op.err == SFMFA_ERR_CHANGED || login->op.err == SFMFA_ERR_EXISTS)
		return login_refuse(login, REASON_REGISTRATION_REFUSED,
				    "an app was registered, or the factors were changed, meanwhile", NULL);
	return login_fail(login, SFMFA_ERR_STORE, "the registration cannot be written");
}
