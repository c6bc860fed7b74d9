/* What a change of assignments would make of a user, and whether that may be (rules 2, 3.1, 3.2, 3.4). */
#include "auth/administer.h"
#include "base/text.h"

/* What an operator proves themselves for before it is granted, and before it is taken away (rules 2). */
static uint32_t
weakening_grants(void)
{
	return permission_administrative() | PERMISSION_BIT(PERMISSION_WAIVE_MFA);
}

#define WEAKENING_LOSSES                                                                                     \
	(PERMISSION_BIT(PERMISSION_MFA_UI_LOGINS) | PERMISSION_BIT(PERMISSION_MFA_API_LOGINS))

static const char *
first_key(uint32_t permissions)
{
	for (unsigned i = 0; i < PERMISSION_COUNT; i++) {
		if (permission_in(permissions, (enum permission)i))
			return permission_info((enum permission)i)->key;
	}
	return "";
}

static bool
lacks_prerequisite(uint32_t permissions)
{
	return permission_in(permissions, PERMISSION_MFA_API_LOGINS) &&
	       !permission_in(permissions, PERMISSION_MFA_UI_LOGINS);
}

static bool
judge(struct command *command, const struct administer_change *change, bool force,
      const struct standing *after)
{
	uint32_t before = command->subject.effective->permissions;
	uint32_t held = after->effective->permissions;
	uint32_t granted =
		change->granted | (held & ~before) | (change->profile ? after->profile->permissions : 0);
	uint32_t lost = change->revoked | (before & ~held);
	uint32_t lacking = granted & permission_administrative() & ~command_actor_permissions(command);
	uint32_t forbidden = after->effective->forbidden & (granted | ~command->subject.effective->forbidden);

	if (lacking != 0) {
		command->unauthorized = true;
		return command_refuse(command, REASON_CONFIGURATION,
				      "you may not grant %s: you do not hold it", first_key(lacking));
	}
	if (forbidden != 0)
		return command_refuse(command, REASON_CONFIGURATION,
				      "the license %s does not allow %s to hold %s", after->profile->license,
				      command_user(command), first_key(forbidden));
	if (!force && lacks_prerequisite(held) &&
	    (!lacks_prerequisite(before) || permission_in(change->granted, PERMISSION_MFA_API_LOGINS)))
		return command_refuse(command, REASON_CONFIGURATION,
				      "mfa-api-logins requires mfa-ui-logins, which %s would not have",
				      command_user(command));
	if (after->fault && !command->subject.fault && (after->effective->forbidden == 0))
		return command_refuse(command, REASON_CONFIGURATION, "%s", after->fault_text);
	if ((granted & weakening_grants()) != 0 || (lost & WEAKENING_LOSSES) != 0)
		command->code_due = true;
	return true;
}

bool
administer_check_change(struct command *command, struct administer_change *change, bool force,
			const struct profile **ret_profile)
{
	struct standing after;
	struct diag diag = { 0 };
	enum sfmfa_err err;
	bool good;

	/* A user who has no row yet is worked out as if they had one. */
	if (change->record.id == 0) {
		change->record.id = INT64_MAX;
		change->record.is_virtual = command->person.nss != NSS_KNOWN;
	}
	err = standing_work_out(command->config, &command->person, &change->record, &after, &diag);
	if (err != SFMFA_OK)
		return command_fail(command, err, &diag);
	good = judge(command, change, force, &after);
	*ret_profile = after.profile;
	standing_finish(&after);
	return good;
}
