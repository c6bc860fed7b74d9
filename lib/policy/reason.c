#include "policy/reason.h"

#include <string.h>

/* Adds what fits; the sentence is terminated at all times. */
static void
append(char sentence[SENTENCE_SIZE], size_t *used, const char *text, size_t size)
{
	size_t room = SENTENCE_SIZE - 1 - *used;

	if (size > room)
		size = room;
	memcpy(sentence + *used, text, size);
	*used += size;
	sentence[*used] = '\0';
}

static void
append_text(char sentence[SENTENCE_SIZE], size_t *used, const char *text)
{
	append(sentence, used, text, strlen(text));
}

/* The one %s is filled by hand, so that no text of a configuration is ever a format. */
void
reason_sentence(const struct because *because, char sentence[SENTENCE_SIZE])
{
	const char *text = because->text != NULL ? because->text : "";
	const char *gap = strstr(text, "%s");
	size_t used = 0;

	sentence[0] = '\0';
	if (gap == NULL) {
		append_text(sentence, &used, text);
		return;
	}
	append(sentence, &used, text, (size_t)(gap - text));
	append_text(sentence, &used, because->detail != NULL ? because->detail : "?");
	append_text(sentence, &used, gap + 2);
}

/* What an administrator can do about it; NULL: nothing, or nothing is wrong. */
static const char *
advice(const struct decision *decision)
{
	switch (decision->reason) {
	case REASON_FACTOR_MISSING:
		if (decision->verdict == VERDICT_CHALLENGE)
			return NULL;
		return "A token (sfmfa token new) or a code is appended to the password.";
	case REASON_FACTOR_WRONG:
		return "See sfmfa log; a phone whose clock is wrong shows codes that are never right.";
	case REASON_FACTOR_REPLAYED:
		return "A code works once. A program that stores its password needs a token.";
	case REASON_TOKEN_EXPIRED:
		return "Make a new one with sfmfa token new.";
	case REASON_TOKEN_OUT_OF_SCOPE:
		return "sfmfa token list shows what each token is for.";
	case REASON_REGISTRATION_REQUIRED:
		if (decision->verdict == VERDICT_REGISTER)
			return NULL;
		return "Issue a temporary code (sfmfa temp-code) or enrol the user (sfmfa enroll).";
	case REASON_CLIENT_CANNOT_PROMPT:
		return "Use a client that asks (keyboard-interactive), or map the service to api.";
	case REASON_API_DISABLED:
		return "Grant api-enabled if this user's programs may log in.";
	case REASON_API_ONLY:
		return "Remove api-only-user if a person is to log in.";
	case REASON_API_ONLY_REGISTERED:
		return "API logins are open from now on.";
	case REASON_PENDING:
		return "The user completes MFA by one login through the UI.";
	case REASON_UNKNOWN_APP:
		return "sfmfa app list shows the apps that are configured.";
	case REASON_NOT_APPROVED:
		return "See permitted_users, members and services of the app; sfmfa app tokens shows approvals.";
	case REASON_APP_NETWORK:
		return "See networks of the app.";
	case REASON_SIGNATURE:
		return "See certificate and public_key of the app, and the validity of a certificate.";
	case REASON_AUDIENCE:
		return "See audience of the app.";
	case REASON_EXPIRED:
		return "An assertion ends within three minutes; compare the clocks of both hosts.";
	case REASON_REPLAYED:
		return "Every login needs an assertion with a jti of its own.";
	case REASON_SESSION_LEVEL:
		return "See required_session_level and session_levels.";
	case REASON_LOCKED_OUT:
		return "sfmfa user unlock ends the lock at once.";
	case REASON_FROZEN:
		return "sfmfa user unfreeze ends it.";
	case REASON_NO_EVIDENCE:
		return "For sshd: AuthenticationMethods publickey,keyboard-interactive.";
	case REASON_CONFIGURATION:
		return "sfmfa check shows what is wrong.";
	case REASON_CLOCK:
		return "Set the clock right; then sfmfa user unlock, as root.";
	case REASON_STORE:
	case REASON_INTERNAL:
		return "sfmfa status and the system log say more.";
	case REASON_OK:
	case REASON_OK_SINGLE_FACTOR:
	case REASON_OK_REGISTERED:
	case REASON_REGISTRATION_REFUSED:
	case REASON_FLOW:
	case REASON_LOGIN_HOURS:
	case REASON_LOGIN_IP:
	case REASON_UNKNOWN_USER:
	case REASON_CONVERSATION:
	case REASON_COUNT:
		break;
	}
	return NULL;
}

static const char *
opening(const struct decision *decision)
{
	switch (decision->verdict) {
	case VERDICT_ALLOW:
		return "Allowed";
	case VERDICT_CHALLENGE:
		return "A factor is asked for";
	case VERDICT_REGISTER:
		return "The registration of an authenticator app is offered";
	case VERDICT_DENY:
		break;
	}
	return "Denied";
}

void
reason_summary(const struct decision *decision, char sentence[SENTENCE_SIZE])
{
	const char *help = reason_help(decision->reason);
	const char *next = advice(decision);
	size_t used = 0;

	append_text(sentence, &used, opening(decision));
	if (decision->verdict == VERDICT_ALLOW) {
		/* "allowed; …" and "allowed with …": the verdict is said already. */
		append_text(sentence, &used, strncmp(help, "allowed", 7) == 0 ? help + 7 : "");
		append_text(sentence, &used, " (");
		append_text(sentence, &used, level_key(decision->level));
		append_text(sentence, &used, " session)");
	} else if (decision->verdict == VERDICT_DENY) {
		append_text(sentence, &used, ": ");
		append_text(sentence, &used, help);
	}
	append_text(sentence, &used, ".");
	if (next != NULL) {
		append_text(sentence, &used, " ");
		append_text(sentence, &used, next);
	}
	if (decision->concealed)
		append_text(sentence, &used, " The person is told only after a right code.");
}

/*
 * Only what is said anyway where it is said: the machine passes decision.told, which stands for the
 * rule itself only where the person has proved who they are, or owes nothing (rules 4).
 */
const char *
reason_for_user(enum reason reason)
{
	switch (reason) {
	case REASON_FACTOR_WRONG:
		return "That code is not right.";
	case REASON_FACTOR_REPLAYED:
		return "That code was used before. Wait for the next one and try again.";
	case REASON_REGISTRATION_REQUIRED:
		return "You need an authenticator app to log in here. Ask your administrator for help.";
	case REASON_REGISTRATION_REFUSED:
		return "Your authenticator app was not registered, because another one was there first.";
	case REASON_CLIENT_CANNOT_PROMPT:
		return "Your client sent the password in place of a code. Use one that asks you.";
	case REASON_API_ONLY:
		return "This account is for programs only.";
	case REASON_API_ONLY_REGISTERED:
		return "Your authenticator app is registered. This account is for programs only.";
	case REASON_SESSION_LEVEL:
		return "This service needs a stronger login than this one.";
	case REASON_LOGIN_HOURS:
		return "You may not log in at this time. Ask your administrator.";
	case REASON_LOGIN_IP:
		return "You may not log in from this network. Ask your administrator.";
	case REASON_LOCKED_OUT:
		return "Too many wrong codes. Try again later, or ask your administrator.";
	case REASON_FROZEN:
		return "Your account is frozen. Ask your administrator.";
	case REASON_NO_EVIDENCE:
		return "This login needs a second factor, and this way in has none.";
	case REASON_CONFIGURATION:
	case REASON_CLOCK:
	case REASON_STORE:
	case REASON_INTERNAL:
		return "Your login cannot be checked at the moment. Ask your administrator.";
	case REASON_OK:
	case REASON_OK_SINGLE_FACTOR:
	case REASON_OK_REGISTERED:
	case REASON_FACTOR_MISSING:
	case REASON_TOKEN_EXPIRED:
	case REASON_TOKEN_OUT_OF_SCOPE:
	case REASON_API_DISABLED:
	case REASON_PENDING:
	case REASON_FLOW:
	case REASON_UNKNOWN_APP:
	case REASON_NOT_APPROVED:
	case REASON_APP_NETWORK:
	case REASON_SIGNATURE:
	case REASON_AUDIENCE:
	case REASON_EXPIRED:
	case REASON_REPLAYED:
	case REASON_UNKNOWN_USER:
	case REASON_CONVERSATION:
	case REASON_COUNT:
		break;
	}
	return NULL;
}
