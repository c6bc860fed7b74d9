#include "pam_outcome.h"

#include <stddef.h>
#include <string.h>

#include <security/pam_modules.h>

#include "wire/names.h"

#define WORD_SIZE 32

static const struct {
	const char *word;
	int auth;
	int account;
} outcomes[] = {
	{ WIRE_OUTCOME_ALLOW, PAM_SUCCESS, PAM_SUCCESS },
	{ WIRE_OUTCOME_REFUSED, PAM_AUTH_ERR, PAM_PERM_DENIED },
	{ WIRE_OUTCOME_FORBIDDEN, PAM_PERM_DENIED, PAM_PERM_DENIED },
	{ WIRE_OUTCOME_EXPIRED, PAM_PERM_DENIED, PAM_ACCT_EXPIRED },
	{ WIRE_OUTCOME_CONFIGURATION, PAM_SERVICE_ERR, PAM_SERVICE_ERR },
	{ WIRE_OUTCOME_UNAVAILABLE, PAM_AUTHINFO_UNAVAIL, PAM_AUTHINFO_UNAVAIL },
	{ WIRE_OUTCOME_CONVERSATION, PAM_CONV_ERR, PAM_CONV_ERR },
};

static size_t
find(const struct fields *reply, const char *key)
{
	const size_t none = sizeof(outcomes) / sizeof(outcomes[0]);
	char word[WORD_SIZE];

	if (fields_get_text(reply, key, word, sizeof(word)) != SFMFA_OK)
		return none;
	for (size_t i = 0; i < none; i++) {
		if (strcmp(outcomes[i].word, word) == 0)
			return i;
	}
	return none;
}

int
outcome_auth(const struct fields *reply)
{
	size_t i = find(reply, WIRE_AUTH);

	return i < sizeof(outcomes) / sizeof(outcomes[0]) ? outcomes[i].auth : PAM_SYSTEM_ERR;
}

int
outcome_account(const struct fields *reply)
{
	size_t i = find(reply, WIRE_ACCOUNT);

	return i < sizeof(outcomes) / sizeof(outcomes[0]) ? outcomes[i].account : PAM_SYSTEM_ERR;
}

int
outcome_of_error(enum sfmfa_err err)
{
	switch (err) {
	case SFMFA_ERR_NO_MEMORY:
		return PAM_BUF_ERR;
	case SFMFA_ERR_TOO_LARGE:
	case SFMFA_ERR_INVALID:
		return PAM_AUTH_ERR;
	case SFMFA_ERR_CONFIG:
		return PAM_SERVICE_ERR;
	case SFMFA_OK:
	case SFMFA_ERR_INTERNAL:
	case SFMFA_ERR_NOT_FOUND:
	case SFMFA_ERR_EXISTS:
	case SFMFA_ERR_CHANGED:
	case SFMFA_ERR_SYSTEM:
	case SFMFA_ERR_UNTRUSTED:
	case SFMFA_ERR_STORE:
	case SFMFA_ERR_CRYPTO:
	case SFMFA_ERR_CLOCK:
	case SFMFA_ERR_TIMEOUT:
	case SFMFA_ERR_CLOSED:
		return PAM_AUTHINFO_UNAVAIL;
	}
	return PAM_AUTHINFO_UNAVAIL;
}
