#include "people.h"

#include <pwd.h>
#include <search.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "list.h"

struct gathering {
	const struct people *people;
	void *names; /* tsearch(): who was visited */
};

static int
compare(const void *a, const void *b)
{
	return strcmp(a, b);
}

/* Whether this is the first time. */
static bool
meet(struct gathering *gathering, const char *name)
{
	char *copy;
	char **found;

	if (tfind(name, &gathering->names, compare))
		return false;
	copy = cli_allocate(strlen(name) + 1);
	memcpy(copy, name, strlen(name) + 1);
	found = tsearch(copy, &gathering->names, compare);
	if (!found || *found != copy)
		free(copy);
	return true;
}

static void
add_assignments(const struct record *entry, enum assignment_kind kind, struct user_record *record)
{
	const char *name;

	for (size_t n = 0; (name = record_nth(entry, assignment_kind_key(kind), n)) != NULL; n++) {
		struct assignment *assignment;

		if (record->assignment_count == ASSIGNMENTS_MAX)
			return;
		assignment = &record->assignments[record->assignment_count];
		assignment->kind = kind;
		if (text_copy(assignment->name, sizeof assignment->name, name) == SFMFA_OK)
			record->assignment_count++;
	}
}

static enum app_state
state_from(const struct record *entry)
{
	const char *state = record_text(entry, "state");

	if (state && text_equals(state, app_state_key(APP_COMPLETED)))
		return APP_COMPLETED;
	return state && text_equals(state, app_state_key(APP_PENDING)) ? APP_PENDING : APP_NONE;
}

static void
visit_name(struct gathering *gathering, struct someone *someone)
{
	struct nss_user user;

	someone->known = nss_find_user(someone->record.name, &user) == NSS_KNOWN;
	if (someone->known)
		someone->user = user;
	gathering->people->visit(someone, gathering->people->data);
}

static bool
visit_entry(const struct record *entry, void *data)
{
	struct gathering *gathering = data;
	struct someone someone = { .record.id = 1 };
	const char *name = record_text(entry, "user");
	const char *profile = record_text(entry, "profile");

	if (!name || text_copy(someone.record.name, sizeof someone.record.name, name) != SFMFA_OK ||
	    text_copy(someone.record.profile, sizeof someone.record.profile, profile ? profile : "") != SFMFA_OK)
		return true;
	someone.record.is_virtual = record_flag(entry, "virtual");
	someone.record.app.state = state_from(entry);
	for (unsigned i = 0; i < ASSIGNMENT_KIND_COUNT; i++)
		add_assignments(entry, (enum assignment_kind)i, &someone.record);
	if (meet(gathering, name))
		visit_name(gathering, &someone);
	return true;
}

/* Somebody the store knows nothing of; one whom nobody knows is nobody. */
static void
visit_stranger(struct gathering *gathering, const char *name)
{
	struct someone someone = { .known = true };

	if (tfind(name, &gathering->names, compare) ||
	    text_copy(someone.record.name, sizeof someone.record.name, name) != SFMFA_OK ||
	    nss_find_user(name, &someone.user) != NSS_KNOWN || !meet(gathering, someone.user.name))
		return;
	if (text_copy(someone.record.name, sizeof someone.record.name, someone.user.name) == SFMFA_OK)
		gathering->people->visit(&someone, gathering->people->data);
}

/* All names first: what a visit asks the name service for would disturb the walk. */
static void
visit_system(struct gathering *gathering)
{
	char **names = NULL;
	size_t count = 0, capacity = 0;
	const struct passwd *entry;

	setpwent();
	while ((entry = getpwent()) != NULL) {
		if (count == capacity) {
			capacity = capacity ? 2 * capacity : 64;
			names = cli_grow(names, capacity * sizeof *names);
		}
		names[count++] = record_printable(entry->pw_name);
	}
	endpwent();
	for (size_t i = 0; i < count; i++) {
		visit_stranger(gathering, names[i]);
		free(names[i]);
	}
	free(names);
}

static void
visit_members(struct gathering *gathering, const struct config *config)
{
	for (size_t i = 0; i < config->profile_count; i++) {
		const struct words *users = &config->profiles[i].members.users;

		for (size_t k = 0; k < users->count; k++)
			visit_stranger(gathering, users->items[k]);
	}
}

enum exit_status
people_walk(const struct cli *cli, const struct config *const configs[], size_t count, const struct people *people)
{
	static const struct command listing = { .verb = VERB_USER_LIST };
	static const struct arguments arguments = { .command = &listing };
	struct gathering gathering = { .people = people };
	const struct walk walk = { "user", "after", visit_entry, &gathering };
	REQUEST_AUTO request = { 0 };
	enum exit_status status;

	request_begin(&request, cli, &arguments);
	status = list_walk(&request, &walk);
	visit_system(&gathering);
	for (size_t i = 0; i < count; i++)
		visit_members(&gathering, configs[i]);
	tdestroy(gathering.names, free);
	return status;
}
