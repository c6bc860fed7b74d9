#include "config/members.h"

#include <stdlib.h>
#include <string.h>

#include "config/values.h"

/* The members of one kind of things: the first, and how far it is to the next. */
struct things {
	const unsigned char *first;
	size_t stride, count;
};

static const struct members *
members_at(const struct things *things, size_t place)
{
	return (const void *)(things->first + place * things->stride);
}

static int
compare_item(const void *key, const void *item)
{
	const char *const *word = item;
	return strcmp(key, *word);
}

/* Where a group is in unix_groups; false: nowhere. */
static bool
find_unix_group(const struct words *groups, const char *name, size_t *ret_place)
{
	if (groups->count == 0)
		return false;
	char *const *found =
		bsearch(name, groups->items, groups->count, sizeof(*groups->items), compare_item);
	if (!found)
		return false;
	*ret_place = (size_t)(found - groups->items);
	return true;
}

static bool
bit_is_set(const uint64_t *bits, size_t place)
{
	return (bits[place / 64] >> (place % 64) & 1) != 0;
}

static enum sfmfa_err
add_unix_groups(struct config *config, const struct things *things, struct diag *diag)
{
	struct words *groups = &config->unix_groups;
	for (size_t i = 0; i < things->count; i++) {
		const struct words *named = &members_at(things, i)->groups;
		for (size_t k = 0; k < named->count; k++) {
			size_t place = 0;
			if (find_unix_group(groups, named->items[k], &place))
				continue;
			if (groups->count == GROUP_NAMES_MAX)
				return diag_set(diag, SFMFA_ERR_CONFIG, config->private->texts.items[0].path,
						0, "members lists name more than %d Unix groups",
						GROUP_NAMES_MAX);
			size_t at = groups->count++;
			for (; at > 0 && strcmp(groups->items[at - 1], named->items[k]) > 0; at--)
				groups->items[at] = groups->items[at - 1];
			groups->items[at] = named->items[k];
		}
	}
	return SFMFA_OK;
}

static int
compare_entries(const void *a, const void *b)
{
	const struct user_entry *left = a, *right = b;
	int order = strcmp(left->user, right->user);
	return order != 0 ? order : (left->place > right->place) - (left->place < right->place);
}

static enum sfmfa_err
index_users(struct arena *arena, const struct things *things, struct member_index *index)
{
	size_t total = 0;
	for (size_t i = 0; i < things->count; i++)
		total += members_at(things, i)->users.count;
	index->users = arena_take(arena, total, sizeof(*index->users));
	if (!index->users)
		return SFMFA_ERR_NO_MEMORY;
	for (size_t i = 0; i < things->count; i++) {
		const struct words *users = &members_at(things, i)->users;
		for (size_t k = 0; k < users->count; k++)
			index->users[index->user_count++] =
				(struct user_entry){ users->items[k], (uint32_t)i };
	}
	qsort(index->users, index->user_count, sizeof(*index->users), compare_entries);
	return SFMFA_OK;
}

static enum sfmfa_err
index_groups(struct arena *arena, const struct words *unix_groups, const struct things *things,
	     struct member_index *index)
{
	size_t total = 0, place = 0;
	for (size_t i = 0; i < things->count; i++)
		total += members_at(things, i)->groups.count;
	index->group_places = arena_take(arena, total, sizeof(*index->group_places));
	index->group_start = arena_take(arena, unix_groups->count + 1, sizeof(*index->group_start));
	if (!index->group_places || !index->group_start)
		return SFMFA_ERR_NO_MEMORY;
	for (size_t g = 0; g < unix_groups->count; g++) {
		index->group_start[g] = (uint32_t)place;
		for (size_t i = 0; i < things->count; i++)
			if (values_has_word(&members_at(things, i)->groups, unix_groups->items[g]))
				index->group_places[place++] = (uint32_t)i;
	}
	index->group_start[unix_groups->count] = (uint32_t)place;
	return SFMFA_OK;
}

enum sfmfa_err
members_index(struct config *config, struct diag *diag)
{
	struct config_private *private = config->private;
	const struct things things[] = {
		{ (const unsigned char *)config->profiles + offsetof(struct profile, members),
		  sizeof(struct profile), config->profile_count },
		{ (const unsigned char *)config->sets + offsetof(struct permission_set, members),
		  sizeof(struct permission_set), config->set_count },
		{ (const unsigned char *)config->groups + offsetof(struct permission_set_group, members),
		  sizeof(struct permission_set_group), config->group_count },
		/* Not indexed: a login asks about one app at most. */
		{ (const unsigned char *)config->apps + offsetof(struct connected_app, members),
		  sizeof(struct connected_app), config->app_count },
	};
	struct member_index *indexes[] = { &private->profiles, &private->sets, &private->groups };
	enum sfmfa_err err = SFMFA_OK;

	config->unix_groups.items = arena_take(&private->arena, GROUP_NAMES_MAX, sizeof(char *));
	if (!config->unix_groups.items)
		return diag_set(diag, SFMFA_ERR_NO_MEMORY, "", 0, "no memory");
	for (size_t i = 0; !err && i < sizeof(things) / sizeof(things[0]); i++)
		err = add_unix_groups(config, &things[i], diag);
	if (err)
		return err;
	for (size_t i = 0; !err && i < 3; i++) {
		err = index_users(&private->arena, &things[i], indexes[i]);
		if (!err)
			err = index_groups(&private->arena, &config->unix_groups, &things[i], indexes[i]);
	}
	return err ? diag_set(diag, err, "", 0, "no memory") : SFMFA_OK;
}

void
memberships_note(struct memberships *memberships, const struct config *config, const char *group, bool in,
		 bool unresolved)
{
	size_t place = 0;
	if (!find_unix_group(&config->unix_groups, group, &place))
		return;
	if (in)
		memberships->in[place / 64] |= UINT64_C(1) << (place % 64);
	if (unresolved)
		memberships->unresolved[place / 64] |= UINT64_C(1) << (place % 64);
}

enum match
config_match_members(const struct config *config, const struct members *members, const char *user,
		     const struct memberships *memberships)
{
	if (values_has_word(&members->users, user))
		return MATCH_YES;
	enum match match = MATCH_NO;
	for (size_t i = 0; memberships && i < members->groups.count; i++) {
		size_t place = 0;
		if (!find_unix_group(&config->unix_groups, members->groups.items[i], &place))
			continue;
		if (bit_is_set(memberships->in, place))
			return MATCH_YES;
		if (bit_is_set(memberships->unresolved, place))
			match = MATCH_UNRESOLVED;
	}
	return match;
}

/* The first of the entries of a user; user_count: none. */
static size_t
first_entry(const struct member_index *index, const char *user)
{
	size_t low = 0, high = index->user_count;
	while (low < high) {
		size_t middle = low + (high - low) / 2;
		if (strcmp(index->users[middle].user, user) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low < index->user_count && strcmp(index->users[low].user, user) == 0 ? low : index->user_count;
}

/* The place of the first profile that one of the groups with a set bit is named by; limit: none before it. */
static size_t
first_by_groups(const struct config *config, const uint64_t *bits, size_t limit)
{
	const struct member_index *index = &config->private->profiles;
	for (size_t g = 0; g < config->unix_groups.count; g++) {
		uint32_t start = index->group_start[g];
		if (bit_is_set(bits, g) && start < index->group_start[g + 1] &&
		    index->group_places[start] < limit)
			limit = index->group_places[start];
	}
	return limit;
}

/* The same of the groups that could not be resolved, leaving out one place: what that changes nothing about.
 */
static bool
unresolved_elsewhere(const struct config *config, const struct memberships *memberships, size_t same)
{
	const struct member_index *index = &config->private->profiles;
	for (size_t g = 0; g < config->unix_groups.count; g++) {
		uint32_t start = index->group_start[g];
		if (bit_is_set(memberships->unresolved, g) && start < index->group_start[g + 1] &&
		    index->group_places[start] != same)
			return true;
	}
	return false;
}

const struct profile *
config_choose_profile(const struct config *config, const char *user, const struct memberships *memberships,
		      bool *ret_unresolved)
{
	*ret_unresolved = false;
	if (config->profile_count == 0)
		return NULL;
	const struct member_index *index = &config->private->profiles;
	size_t entry = first_entry(index, user);
	/* Places are in the order of priority and name, so the lowest one wins. */
	size_t place = entry < index->user_count ? index->users[entry].place : config->profile_count;
	if (memberships)
		place = first_by_groups(config, memberships->in, place);
	if (place < config->profile_count) {
		*ret_unresolved =
			memberships && first_by_groups(config, memberships->unresolved, place) < place;
		return &config->profiles[place];
	}
	const struct profile *fallback = config_find_profile(config, config->settings.default_profile);
	if (fallback && memberships)
		*ret_unresolved =
			unresolved_elsewhere(config, memberships, (size_t)(fallback - config->profiles));
	return fallback;
}

/* Keeps the places sorted and each once. */
static enum sfmfa_err
insert_place(uint32_t *places, size_t max, size_t *count, uint32_t place)
{
	size_t at = *count;
	while (at > 0 && places[at - 1] > place)
		at--;
	if (at > 0 && places[at - 1] == place)
		return SFMFA_OK;
	if (*count == max)
		return SFMFA_ERR_TOO_LARGE;
	memmove(&places[at + 1], &places[at], (*count - at) * sizeof(*places));
	places[at] = place;
	(*count)++;
	return SFMFA_OK;
}

static bool
has_place(const uint32_t *places, size_t count, uint32_t place)
{
	for (size_t i = 0; i < count; i++)
		if (places[i] == place)
			return true;
	return false;
}

/* Places of everything of one kind the user is a member of. */
static enum sfmfa_err
collect_places(const struct config *config, const struct member_index *index, const char *user,
	       const struct memberships *memberships, uint32_t places[ASSIGNMENTS_MAX], size_t *count,
	       bool *unresolved)
{
	enum sfmfa_err err = SFMFA_OK;
	for (size_t i = first_entry(index, user); !err && i < index->user_count; i++) {
		if (strcmp(index->users[i].user, user) != 0)
			break;
		err = insert_place(places, ASSIGNMENTS_MAX, count, index->users[i].place);
	}
	for (size_t g = 0; memberships && g < config->unix_groups.count; g++)
		for (size_t i = index->group_start[g]; !err && i < index->group_start[g + 1]; i++)
			if (bit_is_set(memberships->in, g))
				err = insert_place(places, ASSIGNMENTS_MAX, count, index->group_places[i]);
	for (size_t g = 0; memberships && g < config->unix_groups.count; g++)
		for (size_t i = index->group_start[g]; !err && i < index->group_start[g + 1]; i++)
			if (bit_is_set(memberships->unresolved, g) &&
			    !has_place(places, *count, index->group_places[i]))
				*unresolved = true;
	return err;
}

enum sfmfa_err
config_list_sets(const struct config *config, const char *user, const struct memberships *memberships,
		 struct member_sets *ret_sets)
{
	struct member_sets found = { 0 };
	uint32_t places[ASSIGNMENTS_MAX];
	if (config->set_count == 0) {
		*ret_sets = found;
		return SFMFA_OK;
	}
	enum sfmfa_err err = collect_places(config, &config->private->sets, user, memberships, places,
					    &found.count, &found.unresolved);
	if (err)
		return err;
	for (size_t i = 0; i < found.count; i++)
		found.items[i] = &config->sets[places[i]];
	*ret_sets = found;
	return SFMFA_OK;
}

enum sfmfa_err
config_list_groups(const struct config *config, const char *user, const struct memberships *memberships,
		   struct member_groups *ret_groups)
{
	struct member_groups found = { 0 };
	uint32_t places[ASSIGNMENTS_MAX];
	if (config->group_count == 0) {
		*ret_groups = found;
		return SFMFA_OK;
	}
	enum sfmfa_err err = collect_places(config, &config->private->groups, user, memberships, places,
					    &found.count, &found.unresolved);
	if (err)
		return err;
	for (size_t i = 0; i < found.count; i++)
		found.items[i] = &config->groups[places[i]];
	*ret_groups = found;
	return SFMFA_OK;
}
