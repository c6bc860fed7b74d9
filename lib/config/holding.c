#include "config/holding.h"

#include <string.h>

#include "base/text.h"

/* The first fault is the one that is told; one is enough to deny. */
static void
note_fault(struct holding *holding, const char *what, const char *name, const char *how)
{
	if (holding->fault)
		return;
	holding->fault = true;
	/* Longer than any name of the model together with these words; empty would be a fault all the same. */
	if (text_format(holding->fault_text, sizeof(holding->fault_text), "%s %s %s", what, name, how) != SFMFA_OK)
		holding->fault_text[0] = '\0';
}

static const struct assignment *
find_assignment(const struct user_record *record, enum assignment_kind kind, const char *name)
{
	for (size_t i = 0; i < record->assignment_count; i++) {
		if (record->assignments[i].kind == kind && text_equals(record->assignments[i].name, name))
			return &record->assignments[i];
	}
	return NULL;
}

/* Assigned, else by membership, else the default; never a silent fall-back from an assigned one. */
static void
choose_profile(const struct config *config, const struct holder *holder, struct holding *holding)
{
	const struct user_record *record = holder->record;
	bool unresolved = false;

	if (holder->known && record->profile[0] != '\0') {
		holding->profile = config_find_profile(config, record->profile);
		if (holding->profile != NULL)
			return;
		note_fault(holding, "the assigned profile", record->profile, "does not exist");
	}
	if (!holder->known || holding->fault) {
		holding->profile = config_find_profile(config, config->settings.default_profile);
		return;
	}
	holding->profile = config_choose_profile(config, record->name, holder->memberships, &unresolved);
	if (unresolved)
		note_fault(holding, "a Unix group that could choose another profile than",
		           holding->profile != NULL ? holding->profile->name : "the default",
		           "cannot be resolved");
}

static void
add_set(const struct permission_set *set, const struct assignment *direct, struct holding *holding)
{
	if (holding->set_count == ASSIGNMENTS_MAX)
		holding->too_many = true;
	else
		holding->sets[holding->set_count++] = (struct granted_set){ set, direct };
}

/* Those whose members list does not settle it: asked one by one, which costs the number of sets. */
static void
doubt_sets(const struct config *config, const struct holder *holder, struct holding *holding)
{
	for (size_t i = 0; i < config->set_count; i++) {
		const struct permission_set *set = &config->sets[i];

		if (find_assignment(holder->record, ASSIGNMENT_SET, set->name) != NULL ||
		    config_match_members(config, &set->members, holder->record->name, holder->memberships) !=
		            MATCH_UNRESOLVED)
			continue;
		if (holding->doubtful_set_count == ASSIGNMENTS_MAX)
			holding->too_many = true;
		else
			holding->doubtful_sets[holding->doubtful_set_count++] = set;
	}
}

/* By membership first, then what only an assignment brings. */
static void
collect_sets(const struct config *config, const struct holder *holder, struct holding *holding)
{
	const struct user_record *record = holder->record;
	struct member_sets members = { 0 };

	if (config_list_sets(config, record->name, holder->memberships, &members) != SFMFA_OK)
		holding->too_many = true;
	for (size_t i = 0; i < members.count; i++)
		add_set(members.items[i], find_assignment(record, ASSIGNMENT_SET, members.items[i]->name), holding);
	for (size_t i = 0; i < record->assignment_count; i++) {
		const struct assignment *direct = &record->assignments[i];
		const struct permission_set *set =
		        direct->kind == ASSIGNMENT_SET ? config_find_set(config, direct->name) : NULL;

		if (set != NULL &&
		    config_match_members(config, &set->members, record->name, holder->memberships) != MATCH_YES)
			add_set(set, direct, holding);
	}
	if (members.unresolved)
		doubt_sets(config, holder, holding);
}

static void
add_group(const struct permission_set_group *group, const struct assignment *direct, struct holding *holding)
{
	if (holding->group_count == ASSIGNMENTS_MAX)
		holding->too_many = true;
	else
		holding->groups[holding->group_count++] = (struct granted_group){ group, direct };
}

static void
doubt_groups(const struct config *config, const struct holder *holder, struct holding *holding)
{
	for (size_t i = 0; i < config->group_count; i++) {
		const struct permission_set_group *group = &config->groups[i];

		if (find_assignment(holder->record, ASSIGNMENT_GROUP, group->name) != NULL ||
		    config_match_members(config, &group->members, holder->record->name, holder->memberships) !=
		            MATCH_UNRESOLVED)
			continue;
		if (holding->doubtful_group_count == ASSIGNMENTS_MAX)
			holding->too_many = true;
		else
			holding->doubtful_groups[holding->doubtful_group_count++] = group;
	}
}

static void
collect_groups(const struct config *config, const struct holder *holder, struct holding *holding)
{
	const struct user_record *record = holder->record;
	struct member_groups members = { 0 };

	if (config_list_groups(config, record->name, holder->memberships, &members) != SFMFA_OK)
		holding->too_many = true;
	for (size_t i = 0; i < members.count; i++)
		add_group(members.items[i], find_assignment(record, ASSIGNMENT_GROUP, members.items[i]->name), holding);
	for (size_t i = 0; i < record->assignment_count; i++) {
		const struct assignment *direct = &record->assignments[i];
		const struct permission_set_group *group =
		        direct->kind == ASSIGNMENT_GROUP ? config_find_group(config, direct->name) : NULL;

		if (group != NULL &&
		    config_match_members(config, &group->members, record->name, holder->memberships) != MATCH_YES)
			add_group(group, direct, holding);
	}
	if (members.unresolved)
		doubt_groups(config, holder, holding);
}

/* Direct permissions, and everything assigned that is not there (rules 3.4). */
static void
collect_direct(const struct config *config, const struct user_record *record, struct holding *holding)
{
	for (size_t i = 0; i < record->assignment_count; i++) {
		const struct assignment *assignment = &record->assignments[i];
		enum permission permission;

		switch (assignment->kind) {
		case ASSIGNMENT_PERMISSION:
			if (permission_from_name(assignment->name, &permission) != SFMFA_OK)
				note_fault(holding, "the assigned permission", assignment->name, "does not exist");
			else
				holding->direct_permissions[holding->direct_count++] = assignment;
			break;
		case ASSIGNMENT_SET:
			if (config_find_set(config, assignment->name) == NULL)
				note_fault(holding, "the assigned permission set", assignment->name,
				           "does not exist");
			break;
		case ASSIGNMENT_GROUP:
			if (config_find_group(config, assignment->name) == NULL)
				note_fault(holding, "the assigned permission set group", assignment->name,
				           "does not exist");
			break;
		case ASSIGNMENT_KIND_COUNT: break;
		}
	}
}

enum sfmfa_err
config_find_holding(const struct config *config, const struct holder *holder, struct holding *ret_holding)
{
	memset(ret_holding, 0, sizeof(*ret_holding));
	choose_profile(config, holder, ret_holding);
	if (ret_holding->profile == NULL)
		return SFMFA_ERR_CONFIG;
	if (ret_holding->profile->license[0] != '\0')
		ret_holding->license = config_find_license(config, ret_holding->profile->license);
	if (!holder->known)
		return SFMFA_OK;
	collect_direct(config, holder->record, ret_holding);
	collect_sets(config, holder, ret_holding);
	collect_groups(config, holder, ret_holding);
	return SFMFA_OK;
}

void
config_doubt_memberships(const struct config *config, struct memberships *ret_memberships)
{
	memset(ret_memberships, 0, sizeof(*ret_memberships));
	for (size_t i = 0; i < config->unix_groups.count; i++)
		memberships_note(ret_memberships, config, config->unix_groups.items[i], false, true);
}
