/* What a person reads at the end of a login (rules 7). Programs are told nothing. */
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "auth/login_private.h"
#include "base/text.h"
#include "policy/reason.h"

#define FEW_RECOVERY_CODES 3

/* Adds a line. One that does not fit is left out: a text never decides. */
SFMFA_PRINTF(3, 4)
static void
add_line(char *text, size_t size, const char *fmt, ...)
{
	size_t used = strlen(text);
	va_list args;
	int n;

	if (used > 0 && used + 2 < size)
		text[used++] = '\n';
	text[used] = '\0';
	va_start(args, fmt);
	n = vsnprintf(text + used, size - used, fmt, args);
	va_end(args);
	if (n < 0 || (size_t)n >= size - used)
		text[used > 0 ? used - 1 : 0] = '\0';
}

/* "Your phone's clock is about 90 seconds ahead." Only ever after the attempt was admitted. */
static void
tell_clock(struct login *login)
{
	const struct user_app *app = &login->standing.record.app;
	int64_t seconds = login->step_offset * (int64_t)app->params.period;

	add_line(login->ask.error, sizeof(login->ask.error),
		 "That code was not right: your phone's clock is about %" PRId64 " seconds %s.",
		 seconds < 0 ? -seconds : seconds, seconds < 0 ? "behind" : "ahead");
}

static void
tell_denial(struct login *login)
{
	const char *sentence = reason_for_user(login->decision.told);

	if (login->step_offset != 0 && login->decision.told == REASON_FACTOR_WRONG)
		tell_clock(login);
	else if (login->decision.told == REASON_FACTOR_WRONG)
		add_line(login->ask.error, sizeof(login->ask.error), "That code was not right.");
	else if (login->decision.told == REASON_FACTOR_REPLAYED)
		add_line(login->ask.error, sizeof(login->ask.error),
			 "That code was already used; wait for the next one.");
	else if (sentence != NULL)
		add_line(login->ask.error, sizeof(login->ask.error), "%s", sentence);
}

static void
tell_failures(struct login *login)
{
	int64_t failed = login->op.attempt.failed_before;

	if (failed > 0)
		add_line(login->ask.info, sizeof(login->ask.info),
			 "%" PRId64 " failed attempt%s since your last login.", failed,
			 failed == 1 ? "" : "s");
}

static void
tell_recovery_codes(struct login *login)
{
	size_t left = login->standing.record.recovery_codes_left;

	if (login->decision.method == FACTOR_RECOVERY_CODE)
		left = left > 0 ? left - 1 : 0;
	else if (left == 0)
		return; /* there never were any, or that was told when the last one was used */
	if (left <= FEW_RECOVERY_CODES || login->decision.method == FACTOR_RECOVERY_CODE)
		add_line(login->ask.info, sizeof(login->ask.info),
			 "You have %zu recovery code%s left; \"sfmfa recovery-codes renew\" makes new ones.",
			 left, left == 1 ? "" : "s");
}

void
login_tell_end(struct login *login)
{
	memset(&login->ask, 0, sizeof(login->ask));
	if (login->result.login_type == LOGIN_API)
		return;
	if (login->decision.verdict != VERDICT_ALLOW) {
		tell_denial(login);
		return;
	}
	if (login->decision.reason == REASON_OK_REGISTERED) {
		add_line(login->ask.info, sizeof(login->ask.info), "Your authenticator app is registered.");
		return;
	}
	if (login->facts.attempt != ATTEMPT_RIGHT || login->op.kind != STORE_ATTEMPT)
		return;
	tell_failures(login);
	tell_recovery_codes(login);
}

void
login_tell_wrong(struct login *login, unsigned tries_left, int64_t seconds_off)
{
	memset(&login->ask, 0, sizeof(login->ask));
	if (seconds_off != 0)
		add_line(login->ask.error, sizeof(login->ask.error),
			 "That code was not right: your phone's clock is about %" PRId64 " seconds %s.",
			 seconds_off < 0 ? -seconds_off : seconds_off, seconds_off < 0 ? "behind" : "ahead");
	else
		add_line(login->ask.error, sizeof(login->ask.error), "That code was not right; %u more %s.",
			 tries_left, tries_left == 1 ? "try" : "tries");
}
