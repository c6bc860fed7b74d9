#include "model/decision.h"

#include <string.h>

struct reason_info {
	const char *key;
	const char *help;
};

static const struct reason_info reasons[REASON_COUNT] = {
#define REASON(name, key, help) [REASON_##name] = {key, help},
#include "model/reasons.def"
#undef REASON
};

const char *
verdict_key(enum verdict verdict)
{
	switch (verdict) {
	case VERDICT_ALLOW:
		return "allow";
	case VERDICT_CHALLENGE:
		return "challenge";
	case VERDICT_REGISTER:
		return "register";
	case VERDICT_DENY:
		break;
	}
	return "deny";
}

/* What is not a reason reads as "internal": that is what it would be. */
static const struct reason_info *
reason_info(enum reason reason)
{
	return &reasons[(unsigned)reason < REASON_COUNT ? reason : REASON_INTERNAL];
}

const char *
reason_key(enum reason reason)
{
	return reason_info(reason)->key;
}

const char *
reason_help(enum reason reason)
{
	return reason_info(reason)->help;
}

enum sfmfa_err
reason_from_key(const char *key, enum reason *ret_reason)
{
	if (key == NULL)
		return SFMFA_ERR_NOT_FOUND;
	for (unsigned i = 0; i < REASON_COUNT; i++) {
		if (strcmp(reasons[i].key, key) == 0) {
			*ret_reason = (enum reason)i;
			return SFMFA_OK;
		}
	}
	return SFMFA_ERR_NOT_FOUND;
}
