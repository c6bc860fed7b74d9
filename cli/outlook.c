#include "outlook.h"

#include <stdlib.h>
#include <string.h>

#include "cli.h"
#include "config/holding.h"
#include "policy/effective.h"

static void
find_memberships(const struct config *config, const struct nss_user *user, struct memberships *ret_memberships)
{
	const struct words *groups = &config->unix_groups;
	enum nss_membership *answers = cli_allocate((groups->count + 1) * sizeof *answers);

	memset(ret_memberships, 0, sizeof *ret_memberships);
	nss_memberships(user, (const char *const *)groups->items, groups->count, answers);
	for (size_t i = 0; i < groups->count; i++)
		memberships_note(ret_memberships, config, groups->items[i], answers[i] == NSS_MEMBER_YES,
				 answers[i] == NSS_MEMBER_UNRESOLVED || answers[i] == NSS_MEMBER_NO_GROUP);
	free(answers);
}

void
outlook_find(const struct config *config, const struct someone *someone, struct outlook *ret_outlook)
{
	struct holding *holding = cli_allocate(sizeof *holding);
	struct effective *effective = cli_allocate(sizeof *effective);
	struct memberships memberships;
	struct holder holder = {
		.record = &someone->record,
		.known = someone->known || someone->record.is_virtual,
	};

	*ret_outlook = (struct outlook){ .denied = true };
	if (someone->known && someone->user.uid != 0) {
		find_memberships(config, &someone->user, &memberships);
		holder.memberships = &memberships;
	}
	if (config_find_holding(config, &holder, holding) == SFMFA_OK) {
		effective_compute(holding, effective);
		ret_outlook->profile = holding->profile;
		ret_outlook->permissions = effective->permissions;
		ret_outlook->denied = effective_find_fault(holding, effective, ret_outlook->fault);
	}
	free(effective);
	free(holding);
}
