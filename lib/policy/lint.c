#include "policy/lint.h"

#include <string.h>

#include "base/text.h"

#define CERTIFICATE_SOON (30 * 86400) /* seconds */

const char *
lint_severity_key(enum lint_severity severity)
{
	switch (severity) {
	case LINT_WARNING:
		return "warning";
	case LINT_INFO:
		return "info";
	case LINT_ERROR:
		break;
	}
	return "error";
}

/* One sentence: before, name, after. */
static void
find(struct lint *lint, enum lint_severity severity, const struct origin *origin, const char *before,
     const char *name, const char *after)
{
	struct lint_finding *finding;

	if (lint->count >= LINT_FINDINGS_MAX) {
		lint->more++;
		return;
	}
	finding = &lint->items[lint->count++];
	finding->severity = severity;
	finding->origin = *origin;
	/* Names are bounded well below the size; beside one that is not the rest is still said. */
	if (text_format(finding->text, sizeof(finding->text), "%s%s%s", before, name, after) != SFMFA_OK) /* GCOVR_EXCL_BR_LINE */
		text_printable(finding->text, sizeof(finding->text), after); /* GCOVR_EXCL_LINE */
}

/* One finding for each of the permissions, at its own line; origins has PERMISSION_COUNT of them. */
static void
find_each(struct lint *lint, enum lint_severity severity, uint32_t permissions, const struct origin origins[],
          const char *before, const char *after)
{
	for (unsigned i = 0; i < PERMISSION_COUNT; i++) {
		const char *key = permission_info((enum permission)i)->key;

		if (permission_in(permissions, (enum permission)i))
			find(lint, severity, &origins[i], before, key, after);
	}
}

static bool
has(uint32_t permissions, enum permission permission)
{
	return permission_in(permissions, permission);
}

/* Rules 3.1: mfa-api-logins alone does nothing. */
static bool
lacks_prerequisite(uint32_t permissions)
{
	return has(permissions, PERMISSION_MFA_API_LOGINS) && !has(permissions, PERMISSION_MFA_UI_LOGINS);
}

static const struct license *
find_license(const struct settings *settings, const char *name)
{
	for (size_t i = 0; i < settings->license_count; i++) {
		if (strcmp(settings->licenses[i].name, name) == 0)
			return &settings->licenses[i];
	}
	return NULL;
}

/* Rules 3.2: whoever has this profile is denied. */
static void
check_license(const struct lint_input *input, const struct profile *profile, struct lint *lint)
{
	const struct license *license = find_license(input->settings, profile->license);

	if (license == NULL)
		return;
	find_each(lint, LINT_ERROR, profile->permissions & license->forbids, profile->permission_origins,
	          "the license of this profile forbids ", ": the logins of its users are denied");
}

/* An api-only-user completes the app in a UI login that owes a factor; without one there is no way to. */
static void
check_api_only(const struct lint_input *input, const struct profile *profile, struct lint *lint)
{
	const struct origin *origin = &profile->permission_origins[PERMISSION_API_ONLY_USER];
	bool mfa = has(profile->permissions, PERMISSION_MFA_UI_LOGINS) || input->settings->require_mfa_for_ui;
	bool owed = mfa && !has(profile->permissions, PERMISSION_WAIVE_MFA);

	if (!has(profile->permissions, PERMISSION_API_ONLY_USER))
		return;
	if (!has(profile->permissions, PERMISSION_API_ENABLED))
		find(lint, LINT_WARNING, origin, "profile ", profile->name,
		     " has api-only-user without api-enabled: its users cannot log in at all");
	if (has(profile->permissions, PERMISSION_MFA_API_LOGINS) && !owed &&
	    profile->required_level == LEVEL_STANDARD)
		find(lint, LINT_WARNING, origin, "profile ", profile->name,
		     " owes no factor in the UI: its api-only users can never register an app");
}

static void
check_profile(const struct lint_input *input, const struct profile *profile, struct lint *lint)
{
	const struct origin *api = &profile->permission_origins[PERMISSION_MFA_API_LOGINS];
	const struct origin *waive = &profile->permission_origins[PERMISSION_WAIVE_MFA];

	if (lacks_prerequisite(profile->permissions))
		find(lint, LINT_ERROR, api, "profile ", profile->name,
		     " has mfa-api-logins, which requires mfa-ui-logins and has no effect without it");
	if (has(profile->permissions, PERMISSION_WAIVE_MFA) &&
	    has(profile->permissions, PERMISSION_MFA_UI_LOGINS))
		find(lint, LINT_INFO, waive, "profile ", profile->name,
		     " has both mfa-ui-logins and waive-mfa: UI logins owe no factor");
	check_license(input, profile, lint);
	check_api_only(input, profile, lint);
}

static bool
no_members(const struct members *members)
{
	return members->users.count == 0 && members->groups.count == 0;
}

static bool
some_profile_has_license(const struct lint_input *input, const char *license)
{
	for (size_t i = 0; i < input->profile_count; i++) {
		if (strcmp(input->profiles[i].license, license) == 0)
			return true;
	}
	return false;
}

static bool
some_group_has_set(const struct lint_input *input, const struct permission_set *set)
{
	for (size_t i = 0; i < input->group_count; i++) {
		const struct permission_set_group *group = &input->groups[i];

		for (size_t k = 0; k < group->set_count && k < SETS_PER_GROUP_MAX; k++) {
			if (group->sets[k] == set)
				return true;
		}
	}
	return false;
}

static void
check_set(const struct lint_input *input, const struct permission_set *set, struct lint *lint)
{
	const struct origin *api = &set->permission_origins[PERMISSION_MFA_API_LOGINS];
	const struct license *license = find_license(input->settings, set->license);

	/* The prerequisite may well come from the profile. */
	if (lacks_prerequisite(set->permissions))
		find(lint, LINT_INFO, api, "permission set ", set->name,
		     " has mfa-api-logins alone: its users need mfa-ui-logins from elsewhere");
	if (set->license[0] != '\0' && !some_profile_has_license(input, set->license))
		find(lint, LINT_WARNING, &set->origin, "no profile has the license ", set->license,
		     " of this permission set: it applies to nobody");
	if (license != NULL)
		find_each(lint, LINT_ERROR, set->permissions & license->forbids, set->permission_origins,
		          "the license of this permission set forbids ",
		          ": the logins of its users are denied");
	if (no_members(&set->members) && !some_group_has_set(input, set))
		find(lint, LINT_INFO, &set->origin, "permission set ", set->name,
		     " names no members and is in no group: it is for direct assignment only");
}

static uint32_t
granted_by_sets(const struct permission_set_group *group)
{
	uint32_t granted = 0;

	for (size_t i = 0; i < group->set_count && i < SETS_PER_GROUP_MAX; i++)
		granted |= group->sets[i]->permissions;
	return granted;
}

static void
check_group(const struct permission_set_group *group, struct lint *lint)
{
	uint32_t granted = granted_by_sets(group);
	uint32_t left = granted & ~group->muting;

	if (lacks_prerequisite(left) && !lacks_prerequisite(granted))
		find(lint, LINT_WARNING, &group->origin, "group ", group->name,
		     " mutes mfa-ui-logins but not mfa-api-logins, which has no effect without it");
	for (unsigned i = 0; i < PERMISSION_COUNT; i++) {
		const char *key = permission_info((enum permission)i)->key;

		if (has(group->muting & ~granted, (enum permission)i))
			find(lint, LINT_WARNING, &group->origin, "the muting list names ", key,
			     ", which none of the sets of this group grants");
	}
	if (group->set_count == 0)
		find(lint, LINT_WARNING, &group->origin, "group ", group->name,
		     " has no sets and grants nothing");
	if (no_members(&group->members))
		find(lint, LINT_INFO, &group->origin, "group ", group->name,
		     " names no members: it is for direct assignment only");
}

/* A robot that stops one night: its owner wants to know before. */
static void
check_certificates(const struct lint_input *input, const struct connected_app *app, struct lint *lint)
{
	for (size_t i = 0; i < app->key_count && input->now != 0; i++) {
		const struct app_key *key = &app->keys[i];

		if (key->not_after == 0)
			continue;
		if (key->not_before > input->now || key->not_after < input->now)
			find(lint, LINT_WARNING, &key->origin, "the certificate of key ", key->id,
			     " is past its dates, or before them: it verifies nothing");
		else if (key->not_after - input->now < CERTIFICATE_SOON)
			find(lint, LINT_WARNING, &key->origin, "the certificate of key ", key->id,
			     " ends within thirty days");
	}
}

static void
check_app(const struct lint_input *input, const struct connected_app *app, struct lint *lint)
{
	if (!app->self_authorize && no_members(&app->members) && app->member_sets.count == 0)
		find(lint, LINT_WARNING, &app->origin, "app ", app->name,
		     " is for users who are approved beforehand, and names no members: it lets nobody in");
	if (app->level == LEVEL_HIGH_ASSURANCE)
		for (unsigned i = 0; i < FLOW_COUNT; i++)
			if ((app->flows & FLOW_BIT(i)) != 0 && !flow_stays_open((enum flow)i))
				find(lint, LINT_WARNING, &app->level_origin, "the flow ", flow_key((enum flow)i),
				     " is closed to an app that demands high assurance");
	if ((app->flows & FLOW_BIT(FLOW_REFRESH_TOKEN)) != 0 && (app->flows & FLOW_BIT(FLOW_WEB_SERVER)) == 0)
		find(lint, LINT_WARNING, &app->origin, "app ", app->name,
		     " has the flow refresh-token without web-server, which alone gives refresh tokens");
	check_certificates(input, app, lint);
}

static bool
is_never_open(const struct login_hours *hours)
{
	if (!hours->set)
		return false;
	for (unsigned i = 0; i < WEEKDAYS; i++) {
		if (!hours->days[i].named || !hours->days[i].closed)
			return false;
	}
	return true;
}

bool
lint_find_barrier(const struct profile *profile, uint32_t permissions, struct lint_barrier *ret_barrier)
{
	const char *text = NULL;

	memset(ret_barrier, 0, sizeof(*ret_barrier));
	if (has(permissions, PERMISSION_API_ONLY_USER)) {
		text = "api-only-user closes interactive logins";
		ret_barrier->origin = profile->permission_origins[PERMISSION_API_ONLY_USER];
	} else if (is_never_open(&profile->hours)) {
		text = "login_hours are closed on every day";
		ret_barrier->origin = profile->hours.origin;
	}
	if (text == NULL)
		return false;
	if (ret_barrier->origin.file == NULL)
		ret_barrier->origin = profile->origin;
	text_printable(ret_barrier->text, sizeof(ret_barrier->text), text);
	return true;
}

void
lint_check(const struct lint_input *input, struct lint *ret_lint)
{
	memset(ret_lint, 0, sizeof(*ret_lint));
	for (size_t i = 0; i < input->profile_count; i++)
		check_profile(input, &input->profiles[i], ret_lint);
	for (size_t i = 0; i < input->set_count; i++)
		check_set(input, &input->sets[i], ret_lint);
	for (size_t i = 0; i < input->group_count; i++)
		check_group(&input->groups[i], ret_lint);
	for (size_t i = 0; i < input->app_count; i++)
		check_app(input, &input->apps[i], ret_lint);
}
