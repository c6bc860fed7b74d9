#include "preview.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "people.h"
#include "record.h"

#define NAMES_SHOWN 5
#define CROWD_TEXT  (NAMES_SHOWN * USER_NAME_SIZE + 64)
#define LINE_TEXT   (FAULT_TEXT_SIZE + 256)

/* How many, and who the first of them are. */
struct crowd {
	size_t count;
	char names[NAMES_SHOWN][USER_NAME_SIZE];
};

struct move {
	const char *from, *to; /* names of profiles, owned by the configurations */
	struct crowd crowd;
};

struct tally {
	const struct config *before, *after;
	const char *profile;
	struct crowd gain[PERMISSION_COUNT], lose[PERMISSION_COUNT];
	struct crowd unenrolled[PERMISSION_COUNT]; /* of those who gain it */
	struct crowd denied, cured;
	char fault[FAULT_TEXT_SIZE]; /* of the first who is denied */
	struct crowd stay;           /* in the edited profile before and after */
	struct move *moves;
	size_t move_count;
};

static void
crowd_add(struct crowd *crowd, const char *name)
{
	if (crowd->count < NAMES_SHOWN)
		text_printable(crowd->names[crowd->count], sizeof crowd->names[0], name);
	crowd->count++;
}

/* "bob, carol and 7 more" */
static void
crowd_names(const struct crowd *crowd, char text[CROWD_TEXT])
{
	size_t size = 0;

	text[0] = '\0';
	for (size_t i = 0; i < crowd->count && i < NAMES_SHOWN; i++)
		size += (size_t)snprintf(text + size, CROWD_TEXT - size, "%s%s", i > 0 ? ", " : "", crowd->names[i]);
	if (crowd->count > NAMES_SHOWN)
		snprintf(text + size, CROWD_TEXT - size, " and %zu more", crowd->count - NAMES_SHOWN);
}

static void
note_move(struct tally *tally, const struct outlook *before, const struct outlook *after, const char *name)
{
	const char *from = before->profile ? before->profile->name : "none";
	const char *to = after->profile ? after->profile->name : "none";
	struct move *move = NULL;

	if (text_equals(from, to)) {
		if (text_equals(to, tally->profile))
			crowd_add(&tally->stay, name);
		return;
	}
	for (size_t i = 0; i < tally->move_count; i++) {
		if (text_equals(tally->moves[i].from, from) && text_equals(tally->moves[i].to, to))
			move = &tally->moves[i];
	}
	if (!move) {
		tally->moves = cli_grow(tally->moves, (tally->move_count + 1) * sizeof *tally->moves);
		move = &tally->moves[tally->move_count++];
		*move = (struct move){ .from = from, .to = to };
	}
	crowd_add(&move->crowd, name);
}

static void
compare(const struct someone *someone, void *data)
{
	struct tally *tally = data;
	const char *name = someone->record.name;
	struct outlook before, after;

	outlook_find(tally->before, someone, &before);
	outlook_find(tally->after, someone, &after);
	note_move(tally, &before, &after, name);
	if (after.denied && !before.denied) {
		if (tally->denied.count == 0)
			memcpy(tally->fault, after.fault, sizeof tally->fault);
		crowd_add(&tally->denied, name);
	}
	if (before.denied && !after.denied)
		crowd_add(&tally->cured, name);
	for (unsigned i = 0; i < PERMISSION_COUNT; i++) {
		bool had = permission_in(before.permissions, (enum permission)i);
		bool has = permission_in(after.permissions, (enum permission)i);

		if (has && !had)
			crowd_add(&tally->gain[i], name);
		if (has && !had && someone->record.app.state == APP_NONE)
			crowd_add(&tally->unenrolled[i], name);
		if (had && !has)
			crowd_add(&tally->lose[i], name);
	}
}

/* A line is what was said, ": ", and the names; nobody: no line. */
static void
add_line(struct preview *preview, const struct crowd *named, const char *fmt, ...) SFMFA_PRINTF(3, 4);

static void
add_line(struct preview *preview, const struct crowd *named, const char *fmt, ...)
{
	char names[CROWD_TEXT], said[LINE_TEXT];
	va_list args;
	char *text;

	if (named->count == 0)
		return;
	va_start(args, fmt);
	vsnprintf(said, sizeof said, fmt, args);
	va_end(args);
	crowd_names(named, names);
	text = cli_allocate(sizeof said + sizeof names + 2);
	snprintf(text, sizeof said + sizeof names + 2, "%s: %s", said, names);
	preview->lines = cli_grow(preview->lines, (preview->count + 1) * sizeof *preview->lines);
	preview->lines[preview->count++] = text;
}

#define USERS(crowd)                (crowd)->count, (crowd)->count == 1 ? "user" : "users"
#define DO(crowd, one, many) ((crowd)->count == 1 ? (one) : (many))

/* Whom a new requirement finds without an authenticator app is what an administrator has to know. */
static void
add_gain(struct preview *preview, const struct tally *tally, enum permission permission)
{
	const struct crowd *gain = &tally->gain[permission], *unenrolled = &tally->unenrolled[permission];
	const char *key = permission_info(permission)->key;
	bool asks = permission == PERMISSION_MFA_UI_LOGINS || permission == PERMISSION_MFA_API_LOGINS;

	if (asks && unenrolled->count > 0)
		add_line(preview, unenrolled, "%zu %s %s %s, %zu of them %s not enrolled", USERS(gain),
			 DO(gain, "gains", "gain"), key, unenrolled->count, DO(unenrolled, "is", "are"));
	else
		add_line(preview, gain, "%zu %s %s %s", USERS(gain), DO(gain, "gains", "gain"), key);
}

static bool
same_networks(const struct profile *a, const struct profile *b)
{
	return a->has_ranges == b->has_ranges && a->ranges.count == b->ranges.count &&
	       memcmp(a->ranges.items, b->ranges.items, a->ranges.count * sizeof a->ranges.items[0]) == 0;
}

static bool
same_hours(const struct login_hours *a, const struct login_hours *b)
{
	if (a->set != b->set || !text_equals(a->zone, b->zone))
		return false;
	for (size_t i = 0; i < WEEKDAYS; i++) {
		const struct day_hours *l = &a->days[i], *r = &b->days[i];

		if (l->named != r->named || l->closed != r->closed || l->from != r->from || l->to != r->to)
			return false;
	}
	return true;
}

static bool
same_api(const struct api_settings *a, const struct api_settings *b)
{
	return a->second_factors == b->second_factors && a->token_required == b->token_required &&
	       a->pending == b->pending && a->trusted_networks_skip_mfa == b->trusted_networks_skip_mfa;
}

/* What the profile asks of those who keep it. */
static void
add_restrictions(struct preview *preview, const struct tally *tally)
{
	const struct profile *before = config_find_profile(tally->before, tally->profile);
	const struct profile *after = config_find_profile(tally->after, tally->profile);
	const struct crowd *stay = &tally->stay;

	if (!before || !after)
		return;
	if (!same_hours(&before->hours, &after->hours))
		add_line(preview, stay, "%zu %s %s other login hours", USERS(stay), DO(stay, "gets", "get"));
	if (!same_networks(before, after))
		add_line(preview, stay, "%zu %s %s other login IP ranges", USERS(stay), DO(stay, "gets", "get"));
	if (before->required_level != after->required_level)
		add_line(preview, stay, "%zu %s %s required_session_level %s", USERS(stay), DO(stay, "gets", "get"),
			 level_key(after->required_level));
	if (!same_api(&before->api, &after->api))
		add_line(preview, stay, "%zu %s %s other rules for API logins", USERS(stay),
			 DO(stay, "gets", "get"));
}

/* The gravest first. */
static void
add_lines(struct preview *preview, const struct tally *tally)
{
	add_line(preview, &tally->denied, "%zu %s can no longer log in (%s)", USERS(&tally->denied), tally->fault);
	add_line(preview, &tally->cured, "%zu %s can log in again", USERS(&tally->cured));
	for (size_t i = 0; i < tally->move_count; i++) {
		const struct move *move = &tally->moves[i];

		add_line(preview, &move->crowd, "%zu %s %s from profile %s to %s", USERS(&move->crowd),
			 DO(&move->crowd, "moves", "move"), move->from, move->to);
	}
	for (unsigned i = 0; i < PERMISSION_COUNT; i++) {
		add_gain(preview, tally, (enum permission)i);
		add_line(preview, &tally->lose[i], "%zu %s %s %s", USERS(&tally->lose[i]),
			 DO(&tally->lose[i], "loses", "lose"), permission_info((enum permission)i)->key);
	}
	add_restrictions(preview, tally);
}

enum exit_status
preview_make(const struct cli *cli, const struct config *before, const struct config *after, const char *profile,
	     struct preview *ret_preview)
{
	struct tally *tally = cli_allocate(sizeof *tally);
	const struct config *configs[] = { before, after };
	const struct people people = { compare, tally };
	enum exit_status status;

	memset(ret_preview, 0, sizeof *ret_preview);
	*tally = (struct tally){ .before = before, .after = after, .profile = profile };
	status = people_walk(cli, configs, 2, &people);
	add_lines(ret_preview, tally);
	free(tally->moves);
	free(tally);
	return status;
}

void
preview_finish(struct preview *preview)
{
	for (size_t i = 0; i < preview->count; i++)
		free(preview->lines[i]);
	free(preview->lines);
	*preview = (struct preview){ 0 };
}
