#include "policy/argument.h"

#include <string.h>

enum carrier {
	CARRIER_NONE = 0,
	CARRIER_PROFILE,
	CARRIER_SET,
	CARRIER_DIRECT,
	CARRIER_COUNT
};

static const char *const grant_texts[PERMISSION_COUNT][CARRIER_COUNT] = {
#define PERMISSION(name, key, alias, administrative, help) \
	[PERMISSION_##name] = { \
		[CARRIER_NONE] = key " is held", \
		[CARRIER_PROFILE] = key " is granted by profile %s", \
		[CARRIER_SET] = key " is granted by permission set or group %s", \
		[CARRIER_DIRECT] = key " was assigned directly by %s", \
	},
#include "model/permissions.def"
#undef PERMISSION
};

void
argument_add(struct decision *decision, const char *text, const char *detail, const struct origin *origin)
{
	/* Sixteen lines are more than any path through the rules needs; a lost one changes no verdict. */
	if (decision->because_count >= BECAUSE_MAX)
		return;
	decision->because[decision->because_count++] = (struct because){
		.text = text,
		.detail = detail,
		.origin = origin != NULL ? *origin : (struct origin){.kind = ORIGIN_NONE},
	};
}

void
argument_note(struct decision *decision, const char *text)
{
	argument_add(decision, text, NULL, NULL);
}

static enum carrier
carrier_of(const struct facts *facts, const struct origin *origin)
{
	if (origin == NULL)
		return CARRIER_NONE;
	if (origin->kind == ORIGIN_DIRECT)
		return origin->by != NULL ? CARRIER_DIRECT : CARRIER_NONE;
	if (origin->via == NULL)
		return CARRIER_NONE;
	/* By address: a permission set may bear the name of a profile. */
	return origin->via == facts->profile->name ? CARRIER_PROFILE : CARRIER_SET;
}

void
argument_add_permission(struct decision *decision, const struct facts *facts, enum permission permission)
{
	const struct origin *origin =
		facts->permission_origins != NULL ? &facts->permission_origins[permission] : NULL;
	enum carrier carrier = carrier_of(facts, origin);
	const char *detail = NULL;

	if (carrier == CARRIER_DIRECT)
		detail = origin->by;
	else if (carrier != CARRIER_NONE)
		detail = origin->via;
	argument_add(decision, grant_texts[permission][carrier], detail, origin);
}

void
argument_add_level(struct decision *decision, const struct facts *facts)
{
	const struct profile *profile = facts->profile;

	if (profile->required_level == LEVEL_HIGH_ASSURANCE)
		argument_add(decision, "profile %s requires a high-assurance session", profile->name,
		             &profile->required_level_origin);
	if (facts->required != NULL && facts->required->level == LEVEL_HIGH_ASSURANCE)
		argument_add(decision, "service %s requires a high-assurance session",
		             facts->required->service, &facts->required->origin);
}

void
argument_add_owed(struct decision *decision, const struct facts *facts)
{
	if (permission_in(facts->permissions, PERMISSION_MFA_UI_LOGINS))
		argument_add_permission(decision, facts, PERMISSION_MFA_UI_LOGINS);
	if (facts->require_mfa_for_ui)
		argument_add(decision, "require_mfa_for_ui is set for the whole host", NULL,
		             &facts->require_mfa_for_ui_origin);
	if (permission_in(facts->permissions, PERMISSION_WAIVE_MFA)) {
		argument_add_permission(decision, facts, PERMISSION_WAIVE_MFA);
		argument_note(decision, "waive-mfa waives a second factor for UI logins");
	}
	argument_add_level(decision, facts);
}
