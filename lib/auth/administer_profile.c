/* profile-list, profile-show, profile-assign, profile-unassign (rules 1). */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "auth/administer.h"
#include "base/text.h"

#define PERMISSIONS_TEXT 512
#define MEMBERS_TEXT     8192

enum { AT_START = 0, AT_WRITTEN };

struct profile_work {
	struct administer_change change;
	char result[NAME_SIZE]; /* the profile that will be in force */
};

static void
reply_profile(struct command *command, const struct profile *profile)
{
	char permissions[PERMISSIONS_TEXT];

	administer_permissions_text(profile->permissions, permissions, sizeof(permissions));
	command_reply_text(command, "name", profile->name);
	command_reply_text(command, "label", profile->label);
	command_reply_text(command, "license", profile->license);
	command_reply_number(command, "priority", profile->priority);
	command_reply_text(command, "permissions", permissions);
	command_reply_text(command, "file", profile->origin.file != NULL ? profile->origin.file : "");
}

enum turn
administer_profile_list(struct command *command, struct input *input)
{
	const struct config *config = command->config;
	char after[NAME_SIZE] = "";
	size_t i = 0;

	(void)input;
	if (!command_arg_text(command, "after", after, sizeof(after)))
		return TURN_DONE;
	/* In the order the profiles are tried, so a page goes on behind the name it is given. */
	while (after[0] != '\0' && i < config->profile_count && !text_equals(config->profiles[i].name, after))
		i++;
	if (after[0] != '\0')
		i++;
	for (; i < config->profile_count; i++) {
		reply_profile(command, &config->profiles[i]);
		if (command->reply.size >= COMMAND_PAGE_BYTES && i + 1 < config->profile_count) {
			command_reply_text(command, "next", config->profiles[i].name);
			break;
		}
	}
	return command_done(command);
}

static void
join_words(const struct words *words, const char *prefix, char *text, size_t size)
{
	char item[USER_NAME_SIZE + 8];

	for (size_t i = 0; i < words->count; i++) {
		if (text_format(item, sizeof(item), "%s%s", prefix, words->items[i]) == SFMFA_OK &&
		    administer_join(text, size - 4, item))
			continue;
		(void)administer_join(text, size, "...");
		return;
	}
}

/* Users by name, Unix groups with an '@' before them. */
static void
reply_members(struct command *command, const struct members *members)
{
	char *text = calloc(1, MEMBERS_TEXT);

	if (text == NULL) {
		command->reply_err = SFMFA_ERR_NO_MEMORY;
		return;
	}
	join_words(&members->users, "", text, MEMBERS_TEXT);
	join_words(&members->groups, "@", text, MEMBERS_TEXT);
	command_reply_text(command, "members", text);
	free(text);
}

enum turn
administer_profile_show(struct command *command, struct input *input)
{
	const struct profile *profile;
	char name[NAME_SIZE] = "";
	char text[MEMBERS_TEXT / 2] = "";

	(void)input;
	if (!command_arg_text(command, "profile", name, sizeof(name)))
		return TURN_DONE;
	profile = config_find_profile(command->config, name);
	if (profile == NULL) {
		command_refuse(command, REASON_CONFIGURATION, "there is no profile %s", name);
		return TURN_DONE;
	}
	reply_profile(command, profile);
	administer_hours_text(&profile->hours, text, sizeof(text));
	command_reply_text(command, "hours", text);
	administer_networks_text(&profile->ranges, text, sizeof(text));
	command_reply_text(command, "ranges", text);
	reply_members(command, &profile->members);
	command_reply_text(command, "required_level", level_key(profile->required_level));
	text[0] = '\0';
	for (unsigned i = 0; i < FACTOR_COUNT; i++) {
		if ((profile->api.second_factors & FACTOR_BIT(i)) != 0)
			(void)administer_join(text, sizeof(text), factor_key((enum factor)i));
	}
	command_reply_text(command, "second_factors", text);
	return command_done(command);
}

static bool
prepare_change(struct command *command, const char *name)
{
	struct profile_work *work = command_work(command, sizeof(*work));
	const struct profile *profile = NULL;

	if (work == NULL)
		return false;
	work->change.record = command->subject.record;
	work->change.profile = true;
	if (text_copy(work->change.record.profile, sizeof(work->change.record.profile), name) != SFMFA_OK)
		return command_fail(command, SFMFA_ERR_TOO_LARGE, NULL);
	if (!administer_check_change(command, &work->change, false, &profile))
		return false;
	if (text_copy(work->result, sizeof(work->result), profile->name) != SFMFA_OK)
		return command_fail(command, SFMFA_ERR_TOO_LARGE, NULL);
	command_note(command, "profile %s%s", name[0] != '\0' ? "" : "unassigned, now ", work->result);
	return true;
}

bool
administer_profile_assign_prepare(struct command *command)
{
	char name[NAME_SIZE] = "";

	if (!command_arg_text(command, "profile", name, sizeof(name)))
		return false;
	if (name[0] == '\0')
		return command_usage(command, "profile-assign needs a profile");
	command_note(command, "profile %s", name);
	if (config_find_profile(command->config, name) == NULL)
		return command_refuse(command, REASON_CONFIGURATION, "there is no profile %s", name);
	return prepare_change(command, name);
}

bool
administer_profile_unassign_prepare(struct command *command)
{
	if (command->subject.record.profile[0] == '\0')
		return command_refuse(command, REASON_CONFIGURATION, "no profile is assigned to %s",
				      command_user(command));
	command_note(command, "profile unassigned");
	return prepare_change(command, "");
}

enum turn
administer_profile_change(struct command *command, struct input *input)
{
	const struct profile_work *work = command->work;

	(void)input;
	if (command->at == AT_START) {
		command_begin_write(command, STORE_SET_PROFILE);
		command->op.change.name = work->change.record.profile;
		command->at = AT_WRITTEN;
		return TURN_WRITE;
	}
	if (command->op.err != SFMFA_OK)
		return command_write_failed(command);
	command_reply_user(command);
	command_reply_text(command, "profile", work->result);
	return command_done(command);
}
