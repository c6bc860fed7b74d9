#include <stdlib.h>
#include <string.h>

#include "auth/env.h"
#include "auth/person.h"
#include "base/text.h"
#include "policy/effective.h"

/* The first fault is the one that is told; one is enough to deny. */
static void
note_fault(struct standing *standing, const char *what, const char *name, const char *how)
{
	if (standing->fault)
		return;
	standing->fault = true;
	/* Longer than any name of the model together with these words; empty would be a fault all the same.
	 */
	if (text_format(standing->fault_text, sizeof(standing->fault_text), "%s %s %s", what, name, how) !=
	    SFMFA_OK)
		standing->fault_text[0] = '\0';
}

/*
 * Whose groups decide: NULL where they are never asked (uid 0, virtual users); nothing resolved where
 * they were not asked although they should have been: an error is never "not a member".
 */
static const struct memberships *
memberships_of(const struct person *person, const struct config *config, struct memberships *unresolved)
{
	if (person->nss != NSS_KNOWN || person->uid == 0)
		return NULL;
	if (person->groups_known)
		return &person->memberships;
	memset(unresolved, 0, sizeof(*unresolved));
	for (size_t i = 0; i < config->unix_groups.count; i++)
		memberships_note(unresolved, config, config->unix_groups.items[i], false, true);
	return unresolved;
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

static enum sfmfa_err
choose_profile(struct standing *standing, const struct config *config, const struct memberships *memberships)
{
	const struct user_record *record = &standing->record;
	bool unresolved = false;

	if (standing->known && record->profile[0] != '\0') {
		standing->profile = config_find_profile(config, record->profile);
		if (standing->profile != NULL)
			return SFMFA_OK;
		note_fault(standing, "the assigned profile", record->profile, "does not exist");
	}
	if (!standing->known || standing->fault) {
		standing->profile = config_find_profile(config, config->settings.default_profile);
	} else {
		standing->profile = config_choose_profile(config, record->name, memberships, &unresolved);
		if (unresolved)
			note_fault(standing, "a Unix group that could choose another profile than",
				   standing->profile != NULL ? standing->profile->name : "the default",
				   "cannot be resolved");
	}
	return standing->profile != NULL ? SFMFA_OK : SFMFA_ERR_CONFIG;
}

/* What could not be resolved while the input was made; judged once the effective permissions are known. */
struct doubts {
	const struct permission_set *sets[ASSIGNMENTS_MAX];
	size_t set_count;
	const struct permission_set_group *groups[ASSIGNMENTS_MAX];
	size_t group_count;
	bool too_many;
};

static void
add_set(const struct permission_set *set, const struct assignment *direct, struct effective_input *input,
	struct doubts *doubts)
{
	if (input->set_count == ASSIGNMENTS_MAX)
		doubts->too_many = true;
	else
		input->sets[input->set_count++] = (struct granted_set){ set, direct };
}

/* Those whose members list does not settle it: asked one by one, which costs the number of sets. */
static void
doubt_sets(const struct standing *standing, const struct config *config,
	   const struct memberships *memberships, struct doubts *doubts)
{
	for (size_t i = 0; i < config->set_count; i++) {
		const struct permission_set *set = &config->sets[i];

		if (find_assignment(&standing->record, ASSIGNMENT_SET, set->name) != NULL ||
		    config_match_members(config, &set->members, standing->record.name, memberships) !=
			    MATCH_UNRESOLVED)
			continue;
		if (doubts->set_count == ASSIGNMENTS_MAX)
			doubts->too_many = true;
		else
			doubts->sets[doubts->set_count++] = set;
	}
}

/* By membership first, then what only an assignment brings. */
static void
collect_sets(const struct standing *standing, const struct config *config,
	     const struct memberships *memberships, struct effective_input *input, struct doubts *doubts)
{
	const struct user_record *record = &standing->record;
	struct member_sets members = { 0 };

	if (config_list_sets(config, record->name, memberships, &members) != SFMFA_OK)
		doubts->too_many = true;
	for (size_t i = 0; i < members.count; i++)
		add_set(members.items[i], find_assignment(record, ASSIGNMENT_SET, members.items[i]->name), input,
			doubts);
	for (size_t i = 0; i < record->assignment_count; i++) {
		const struct assignment *direct = &record->assignments[i];
		const struct permission_set *set =
			direct->kind == ASSIGNMENT_SET ? config_find_set(config, direct->name) : NULL;

		if (set != NULL &&
		    config_match_members(config, &set->members, record->name, memberships) != MATCH_YES)
			add_set(set, direct, input, doubts);
	}
	if (members.unresolved)
		doubt_sets(standing, config, memberships, doubts);
}

static void
add_group(const struct permission_set_group *group, const struct assignment *direct, struct effective_input *input,
	struct doubts *doubts)
{
	if (input->group_count == ASSIGNMENTS_MAX)
		doubts->too_many = true;
	else
		input->groups[input->group_count++] = (struct granted_group){ group, direct };
}

static void
doubt_groups(const struct standing *standing, const struct config *config,
	   const struct memberships *memberships, struct doubts *doubts)
{
	for (size_t i = 0; i < config->group_count; i++) {
		const struct permission_set_group *group = &config->groups[i];

		if (find_assignment(&standing->record, ASSIGNMENT_GROUP, group->name) != NULL ||
		    config_match_members(config, &group->members, standing->record.name, memberships) !=
			    MATCH_UNRESOLVED)
			continue;
		if (doubts->group_count == ASSIGNMENTS_MAX)
			doubts->too_many = true;
		else
			doubts->groups[doubts->group_count++] = group;
	}
}

static void
collect_groups(const struct standing *standing, const struct config *config,
	     const struct memberships *memberships, struct effective_input *input, struct doubts *doubts)
{
	const struct user_record *record = &standing->record;
	struct member_groups members = { 0 };

	if (config_list_groups(config, record->name, memberships, &members) != SFMFA_OK)
		doubts->too_many = true;
	for (size_t i = 0; i < members.count; i++)
		add_group(members.items[i], find_assignment(record, ASSIGNMENT_GROUP, members.items[i]->name), input,
			doubts);
	for (size_t i = 0; i < record->assignment_count; i++) {
		const struct assignment *direct = &record->assignments[i];
		const struct permission_set_group *group =
			direct->kind == ASSIGNMENT_GROUP ? config_find_group(config, direct->name) : NULL;

		if (group != NULL &&
		    config_match_members(config, &group->members, record->name, memberships) != MATCH_YES)
			add_group(group, direct, input, doubts);
	}
	if (members.unresolved)
		doubt_groups(standing, config, memberships, doubts);
}

/* Direct permissions, and everything assigned that is not there (rules 3.4). */
static void
collect_direct(struct standing *standing, const struct config *config, struct effective_input *input)
{
	for (size_t i = 0; i < standing->record.assignment_count; i++) {
		const struct assignment *assignment = &standing->record.assignments[i];
		enum permission permission;

		switch (assignment->kind) {
		case ASSIGNMENT_PERMISSION:
			if (permission_from_name(assignment->name, &permission) != SFMFA_OK)
				note_fault(standing, "the assigned permission", assignment->name,
					   "does not exist");
			else
				input->direct_permissions[input->direct_count++] = assignment;
			break;
		case ASSIGNMENT_SET:
			if (config_find_set(config, assignment->name) == NULL)
				note_fault(standing, "the assigned permission set", assignment->name,
					   "does not exist");
			break;
		case ASSIGNMENT_GROUP:
			if (config_find_group(config, assignment->name) == NULL)
				note_fault(standing, "the assigned permission set group", assignment->name,
					   "does not exist");
			break;
		case ASSIGNMENT_KIND_COUNT: break;
		}
	}
}

/* A set bound to another license does not apply, whoever its members are. */
static bool
set_applies(const struct permission_set *set, const struct profile *profile)
{
	return set->license[0] == '\0' || text_equals(set->license, profile->license);
}

/* A group that cannot be resolved denies only if membership could change what the user may do. */
static void
judge_doubts(struct standing *standing, const struct doubts *doubts)
{
	uint32_t effective = standing->effective->permissions;

	if (doubts->too_many)
		note_fault(standing, "more permission sets and groups than", standing->record.name,
			   "can have");
	for (size_t i = 0; i < doubts->set_count; i++) {
		const struct permission_set *set = doubts->sets[i];
		if (set_applies(set, standing->profile) && (set->permissions & ~effective) != 0)
			note_fault(standing, "a Unix group of the permission set", set->name,
				   "cannot be resolved");
	}
	for (size_t i = 0; i < doubts->group_count; i++) {
		const struct permission_set_group *group = doubts->groups[i];
		uint32_t granted = 0;
		for (size_t s = 0; s < group->set_count; s++) {
			if (set_applies(group->sets[s], standing->profile))
				granted |= group->sets[s]->permissions;
		}
		if ((granted & ~group->muting & ~effective) != 0)
			note_fault(standing, "a Unix group of the permission set group", group->name,
				   "cannot be resolved");
	}
}

static void
note_forbidden(struct standing *standing)
{
	for (unsigned p = 0; p < PERMISSION_COUNT; p++) {
		if (permission_in(standing->effective->forbidden, (enum permission)p)) {
			note_fault(standing, permission_info((enum permission)p)->key,
				   "is held although it is forbidden by the license",
				   standing->profile->license);
			return;
		}
	}
}

static enum sfmfa_err
work_out_permissions(struct standing *standing, const struct config *config,
		     const struct memberships *memberships)
{
	struct effective_input *input = calloc(1, sizeof(*input));
	struct doubts *doubts = calloc(1, sizeof(*doubts));
	enum sfmfa_err err = SFMFA_ERR_NO_MEMORY;

	standing->effective = calloc(1, sizeof(*standing->effective));
	if (input != NULL && doubts != NULL && standing->effective != NULL) {
		input->profile = standing->profile;
		if (standing->profile->license[0] != '\0')
			input->license = config_find_license(config, standing->profile->license);
		if (standing->known) {
			collect_direct(standing, config, input);
			collect_sets(standing, config, memberships, input, doubts);
			collect_groups(standing, config, memberships, input, doubts);
		}
		effective_compute(input, standing->effective);
		judge_doubts(standing, doubts);
		note_forbidden(standing);
		err = SFMFA_OK;
	}
	free(doubts);
	free(input);
	return err;
}

/* Whether sfmfa knows the user: by the name service, or by the store as a virtual one (rules 1, "user"). */
static void
judge_name(struct standing *standing, const struct person *person)
{
	const struct user_record *record = &standing->record;
	bool is_virtual = record->id != 0 && record->is_virtual;

	standing->known = person->nss == NSS_KNOWN || is_virtual;
	if (person->nss == NSS_KNOWN && is_virtual)
		note_fault(standing, "the virtual user", record->name, "is now a user of the system too");
}

enum sfmfa_err
standing_read(const struct env *env, const struct config *config, const struct person *person,
	      int64_t guard_caller, struct standing *ret_standing, struct diag *diag)
{
	struct memberships unresolved;
	const struct memberships *memberships;
	enum sfmfa_err err;

	/* In place, not by assignment: the effective permissions point into the record. */
	memset(ret_standing, 0, sizeof(*ret_standing));
	if (config == NULL)
		return diag_set(diag, SFMFA_ERR_CONFIG, "", 0, "there is no configuration in force");
	if (person->nss == NSS_ERROR)
		return diag_set(diag, SFMFA_ERR_STORE, "", 0, "the name service did not answer");
	if (env->store == NULL)
		return diag_set(diag, SFMFA_ERR_STORE, "", 0, "the store is not open");
	err = store_read_user(env->store, person->name, guard_caller, &ret_standing->record, diag);
	if (err == SFMFA_ERR_NOT_FOUND) {
		memset(&ret_standing->record, 0, sizeof(ret_standing->record));
		err = text_copy(ret_standing->record.name, sizeof(ret_standing->record.name), person->name);
	}
	if (err != SFMFA_OK) {
		memset(ret_standing, 0, sizeof(*ret_standing));
		return err;
	}
	judge_name(ret_standing, person);
	memberships = memberships_of(person, config, &unresolved);
	err = choose_profile(ret_standing, config, memberships);
	if (err == SFMFA_OK)
		err = work_out_permissions(ret_standing, config, memberships);
	if (err != SFMFA_OK) {
		standing_finish(ret_standing);
		return diag_set(diag, err, "", 0, "what user %s may do cannot be worked out", person->name);
	}
	return SFMFA_OK;
}

void
standing_finish(struct standing *standing)
{
	if (standing == NULL)
		return;
	free(standing->effective);
	memset(standing, 0, sizeof(*standing));
}
