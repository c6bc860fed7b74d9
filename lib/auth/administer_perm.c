/* perm-list, perm-assign, perm-revoke (rules 1, 3.1, 3.2). */
#include <string.h>

#include "auth/administer.h"
#include "base/text.h"

/* What was named, and how far its writing has come. */
struct permission_work {
	struct administer_change change;
	bool revoke;
	size_t count;
	struct assignment named[ASSIGNMENTS_MAX];
	bool settled[ASSIGNMENTS_MAX]; /* nothing to write: it is so already */
};

static uint32_t
group_permissions(const struct permission_set_group *group)
{
	uint32_t permissions = 0;

	for (size_t i = 0; i < group->set_count; i++)
		permissions |= group->sets[i]->permissions;
	return permissions & ~group->muting;
}

static uint32_t
carried_by(const struct config *config, const struct assignment *assignment)
{
	const struct permission_set_group *group;
	const struct permission_set *set;
	enum permission permission;

	switch (assignment->kind) {
	case ASSIGNMENT_PERMISSION:
		return permission_from_name(assignment->name, &permission) == SFMFA_OK
			       ? PERMISSION_BIT(permission)
			       : 0;
	case ASSIGNMENT_SET:
		set = config_find_set(config, assignment->name);
		return set != NULL ? set->permissions : 0;
	case ASSIGNMENT_GROUP:
		group = config_find_group(config, assignment->name);
		return group != NULL ? group_permissions(group) : 0;
	case ASSIGNMENT_KIND_COUNT: break;
	}
	return 0;
}

static size_t
find_assignment(const struct user_record *record, enum assignment_kind kind, const char *name)
{
	for (size_t i = 0; i < record->assignment_count; i++) {
		if (record->assignments[i].kind == kind && text_equals(record->assignments[i].name, name))
			return i;
	}
	return record->assignment_count;
}

/* Whether a name means something of this kind: in the configuration, or for revoking among what is assigned.
 */
static bool
means(const struct command *command, bool revoke, enum assignment_kind kind, const char *name)
{
	const struct user_record *record = &command->subject.record;
	enum permission permission;

	if (revoke)
		return find_assignment(record, kind, name) < record->assignment_count;
	switch (kind) {
	case ASSIGNMENT_PERMISSION: return permission_from_name(name, &permission) == SFMFA_OK;
	case ASSIGNMENT_SET: return config_find_set(command->config, name) != NULL;
	case ASSIGNMENT_GROUP: return config_find_group(command->config, name) != NULL;
	case ASSIGNMENT_KIND_COUNT: break;
	}
	return false;
}

/*
 * A name means one thing: lib/config refuses a set or a group that is named as another one or as a
 * permission. What was assigned under an older configuration is found in the order of the kinds.
 */
static bool
resolve(struct command *command, bool revoke, const char *typed, struct assignment *ret_assignment)
{
	struct assignment found = { .kind = ASSIGNMENT_KIND_COUNT, .at = command->now.wall };
	const char *name = typed;
	enum permission permission;

	if (permission_from_name(typed, &permission) == SFMFA_OK)
		name = permission_info(permission)->key; /* an alias is never stored */
	for (unsigned i = ASSIGNMENT_KIND_COUNT; i-- > 0;) {
		if (means(command, revoke, (enum assignment_kind)i, name))
			found.kind = (enum assignment_kind)i;
	}
	if (found.kind == ASSIGNMENT_KIND_COUNT && revoke)
		return command_refuse(command, REASON_CONFIGURATION,
				      "%s is not assigned to %s: see perm list for where it comes from",
				      typed, command_user(command));
	if (found.kind == ASSIGNMENT_KIND_COUNT)
		return command_refuse(command, REASON_CONFIGURATION,
				      "there is no permission, permission set or permission set group %s",
				      typed);
	if (text_copy(found.name, sizeof(found.name), name) != SFMFA_OK ||
	    text_copy(found.by, sizeof(found.by), command->caller->person.name) != SFMFA_OK)
		return command_fail(command, SFMFA_ERR_TOO_LARGE, NULL);
	*ret_assignment = found;
	return true;
}

/* A set for another license would be assigned and never apply (rules 1). */
static bool
fits_license(struct command *command, const struct assignment *assignment)
{
	const struct permission_set *set = NULL;

	if (assignment->kind == ASSIGNMENT_SET)
		set = config_find_set(command->config, assignment->name);
	if (set == NULL || set->license[0] == '\0' ||
	    text_equals(set->license, command->subject.profile->license))
		return true;
	return command_refuse(command, REASON_CONFIGURATION, "the permission set %s is for the license %s",
			      set->name, set->license);
}

static bool
apply(struct command *command, struct permission_work *work, const struct assignment *assignment)
{
	struct user_record *record = &work->change.record;
	size_t at = find_assignment(record, assignment->kind, assignment->name);
	bool there = at < record->assignment_count;

	if (work->count == ASSIGNMENTS_MAX)
		return command_usage(command, "that is too much at once");
	work->named[work->count] = *assignment;
	work->settled[work->count] = work->revoke ? !there : there;
	work->count++;
	if (work->revoke) {
		work->change.revoked |= carried_by(command->config, assignment);
		if (there)
			record->assignments[at] = record->assignments[--record->assignment_count];
		return true;
	}
	if (!fits_license(command, assignment))
		return false;
	work->change.granted |= carried_by(command->config, assignment);
	if (there)
		return true;
	if (record->assignment_count == ASSIGNMENTS_MAX)
		return command_refuse(command, REASON_CONFIGURATION,
				      "%s has %d assignments: use a permission set", command_user(command),
				      ASSIGNMENTS_MAX);
	record->assignments[record->assignment_count++] = *assignment;
	return true;
}

static bool
prepare(struct command *command, bool revoke)
{
	struct permission_work *work = command_work(command, sizeof(*work));
	const struct profile *profile;
	char typed[NAME_SIZE];
	char names[EVENT_CHANGE_SIZE / 2] = "";
	struct assignment assignment = { 0 };
	struct field field;
	bool force = false;
	size_t at = 0;

	if (work == NULL || !command_arg_flag(command, "force", &force))
		return false;
	work->revoke = revoke;
	work->change.record = command->subject.record;
	while (fields_next(&command->args, &at, &field)) {
		if (!field_is(&field, "assignment"))
			continue;
		if (field_text(&field, typed, sizeof(typed)) != SFMFA_OK || !administer_is_plausible(typed))
			return command_usage(command, "that is not the name of a permission, set or group");
		(void)administer_join(names, sizeof(names), typed);
		command_note(command, "%s %s", revoke ? "revoke" : "assign", names);
		if (!resolve(command, revoke, typed, &assignment) || !apply(command, work, &assignment))
			return false;
	}
	if (work->count == 0)
		return command_usage(command, "%s needs a permission, set or group", command->info->key);
	return administer_check_change(command, &work->change, force, &profile);
}

bool
administer_perm_assign_prepare(struct command *command)
{
	return prepare(command, false);
}

bool
administer_perm_revoke_prepare(struct command *command)
{
	return prepare(command, true);
}

/* One write an assignment, all of them checked before the first. command->at counts those behind us. */
enum turn
administer_perm_change(struct command *command, struct input *input)
{
	const struct permission_work *work = command->work;
	enum sfmfa_err no_change = work->revoke ? SFMFA_ERR_NOT_FOUND : SFMFA_ERR_EXISTS;

	(void)input;
	if (command->op_pending) {
		command->op_pending = false;
		/* Somebody else was first and did the same. */
		if (command->op.err != SFMFA_OK && command->op.err != no_change)
			return command_write_failed(command);
		command->at++;
	}
	while (command->at < work->count && work->settled[command->at])
		command->at++;
	if (command->at < work->count) {
		command_begin_write(command, work->revoke ? STORE_REVOKE : STORE_ASSIGN);
		command->op.change.assignment = work->named[command->at];
		command->op_pending = true;
		return TURN_WRITE;
	}
	command_reply_user(command);
	for (size_t i = 0; i < work->count; i++)
		command_reply_text(command, work->revoke ? "revoked" : "assigned", work->named[i].name);
	return command_done(command);
}

static const char *
grant_kind(const struct grant *grant, bool of_profile)
{
	if (of_profile)
		return "profile";
	if (grant->origin.kind == ORIGIN_DIRECT)
		return "direct";
	return grant->set != NULL ? "group" : "set";
}

static void
reply_grant(struct command *command, const struct grant *grant, bool of_profile)
{
	const struct origin *origin = &grant->origin;
	const char *kind = grant_kind(grant, of_profile);
	char via[2 * NAME_SIZE + 64];
	enum sfmfa_err err;

	if (text_equals(kind, "direct"))
		err = text_copy(via, sizeof(via), "assigned directly");
	else if (grant->set != NULL)
		err = text_format(via, sizeof(via), "permission set group %s (set %s)", origin->via,
				  grant->set);
	else
		err = text_format(via, sizeof(via), "%s %s", of_profile ? "profile" : "permission set",
				  origin->via != NULL ? origin->via : "");
	if (err != SFMFA_OK)
		via[0] = '\0';
	command_reply_text(command, "permission", permission_info(grant->permission)->key);
	command_reply_text(command, "via", via);
	command_reply_text(command, "kind", kind);
	command_reply_text(command, "file", origin->file != NULL ? origin->file : "");
	command_reply_number(command, "line", origin->line);
	command_reply_text(command, "by", origin->by != NULL ? origin->by : "");
	command_reply_number(command, "at", origin->at);
	command_reply_number(command, "muted", grant->muted ? 1 : 0);
}

/* Pages go on after a number of grants: of one configuration and one record they come in the same order. */
enum turn
administer_perm_list(struct command *command, struct input *input)
{
	const struct standing *standing = &command->subject;
	const struct effective *effective = standing->effective;
	size_t of_profile = (size_t)__builtin_popcount(standing->profile->permissions);
	int64_t after = 0;
	size_t i;

	(void)input;
	if (!command_arg_number(command, "after", 1, GRANTS_MAX, &after))
		return TURN_DONE;
	command_reply_user(command);
	command_reply_text(command, "profile", standing->profile->name);
	command_reply_text(command, "license", standing->profile->license);
	for (i = (size_t)after; i < effective->grant_count && command->reply.size < COMMAND_PAGE_BYTES; i++)
		reply_grant(command, &effective->grants[i], i < of_profile);
	if (i < effective->grant_count)
		command_reply_number(command, "next", (int64_t)i);
	else if (effective->grants_cut)
		command_reply_text(command, "info", "There are more grants than can be listed; all of them count.");
	return command_done(command);
}
