#include "auth/session.h"

#include <string.h>

#include "auth/login.h"
#include "base/process.h"
#include "base/text.h"

/* Services that run inside a login and change nothing about it. */
static bool
runs_inside(const struct settings *settings, const char *service)
{
	return words_contain(&settings->root_switches, service) ||
	       words_contain(&settings->caller_authenticates, service) ||
	       words_contain(&settings->lockers, service);
}

static bool
some_profile_has_ranges(const struct config *config)
{
	for (size_t i = 0; i < config->profile_count; i++) {
		if (config->profiles[i].has_ranges)
			return true;
	}
	return false;
}

bool
session_matters(const struct config *config, const char *service)
{
	const struct settings *settings = &config->settings;

	for (size_t i = 0; i < settings->step_up_count; i++) {
		if (text_equals(settings->step_ups[i].service, service))
			return true;
	}
	for (size_t i = 0; i < settings->required_level_count; i++) {
		if (text_equals(settings->required_levels[i].service, service))
			return true;
	}
	/* Its peer was asked when it was opened (rules 8, "No evidence"). */
	return runs_inside(settings, service) && some_profile_has_ranges(config);
}

bool
session_matters_to_anybody(const struct config *config)
{
	return config->settings.required_level_count > 0 || config->app_count > 0 || some_profile_has_ranges(config);
}

bool
session_begins(const struct config *config, const char *service, enum login_type type)
{
	return type != LOGIN_EXEMPT && !runs_inside(&config->settings, service);
}

/* Absent: *ret_number stays. */
static enum sfmfa_err
read_number(const struct fields *fields, const char *key, int64_t max, int64_t *ret_number)
{
	enum sfmfa_err err = fields_get_number(fields, key, 0, max, ret_number);

	return err == SFMFA_ERR_NOT_FOUND ? SFMFA_OK : err;
}

enum sfmfa_err
session_place_read(const struct fields *fields, const char *tty, const struct person *person,
		   struct session_place *ret_place)
{
	struct session_place place = { .audit = -1 };
	int64_t login_uid = -1;
	enum sfmfa_err err = read_number(fields, "audit", UINT32_MAX, &place.audit);

	if (err == SFMFA_OK)
		err = read_number(fields, "login_uid", UINT32_MAX, &login_uid);
	if (err == SFMFA_OK)
		err = read_number(fields, "leader", INT32_MAX, &place.leader);
	if (err == SFMFA_OK)
		err = read_number(fields, "leader_start", INT64_MAX, &place.leader_start);
	if (err == SFMFA_OK)
		err = text_copy(place.tty, sizeof(place.tty), tty);
	if (err != SFMFA_OK)
		return err;
	session_place_settle(&place, person, login_uid);
	*ret_place = place;
	return SFMFA_OK;
}

void
session_place_settle(struct session_place *place, const struct person *person, int64_t login_uid)
{
	static const char prefix[] = "/dev/";

	if (person->nss != NSS_KNOWN || login_uid != (int64_t)person->uid)
		place->audit = -1;
	if (strncmp(place->tty, prefix, sizeof(prefix) - 1) == 0)
		memmove(place->tty, place->tty + sizeof(prefix) - 1, strlen(place->tty) - sizeof(prefix) + 2);
}

/* A record outlives its session where nobody could tell its end: sshd was killed. */
static bool
leader_lives(const struct env *env, const struct session_place *place)
{
	int64_t start;

	return place->leader > 0 &&
	       env->processes.start(env->processes.data, (pid_t)place->leader, &start) == SFMFA_OK &&
	       start == place->leader_start;
}

enum sfmfa_err
session_find(const struct env *env, const struct session_place *place, const struct moment *now,
	     struct session_record *ret_session)
{
	struct session_place here = *place;
	enum sfmfa_err err;

	if (env->store == NULL)
		return SFMFA_ERR_STORE;
	err = text_copy(here.boot_id, sizeof(here.boot_id), now->boot_id);
	if (err == SFMFA_OK)
		err = store_find_session(env->store, &here, ret_session, NULL);
	if (err == SFMFA_OK && !leader_lives(env, &ret_session->place))
		return SFMFA_ERR_NOT_FOUND;
	return err;
}

/* Seconds by whichever clock says more; -1: a clock was set back. */
static int64_t
age_of(const struct moment *then, const struct moment *now)
{
	int64_t wall = now->wall - then->wall, boot = now->boot - then->boot;

	if (wall < 0 || boot < 0 || !text_equals(then->boot_id, now->boot_id))
		return -1;
	return wall > boot ? wall : boot;
}

void
session_judge(const struct session_record *session, const char *user, uint32_t high_assurance,
	      const struct moment *now, struct session_fact *ret_fact)
{
	int64_t proved_at = session->proved_at.wall;
	bool proved = proved_at > 0 && session->proved_by[0] == '\0';
	uint32_t own = FACTOR_BIT(session->method) & FACTORS_OF_A_PERSON;

	*ret_fact = (struct session_fact){
		.open = true,
		.same_user = text_equals(session->user, user),
		.ui = session->login_type == LOGIN_UI && proved && own != 0,
		.by_ui = session->login_type == LOGIN_UI && session->proved_by[0] == '\0',
		.proof_age = -1,
		/* In the same second counts as after it. */
		.proof_voided = session->generation != session->user_generation ||
				session->frozen_at >= proved_at || session->locked_at >= proved_at,
	};
	if (!ret_fact->ui)
		return;
	ret_fact->proof_age = age_of(&session->proved_at, now);
	if ((own & high_assurance) != 0)
		ret_fact->level = LEVEL_HIGH_ASSURANCE;
}

void
session_add_facts(const struct env *env, const struct config *config, const struct login_request *request,
		  const char *user, const struct moment *now, struct facts *facts)
{
	struct session_record session;
	struct session_fact *fact = &facts->session;

	if (!request->has_place || session_find(env, &request->place, now, &session) != SFMFA_OK)
		return;
	session_judge(&session, user, facts->high_assurance, now, fact);
	facts->operation = facts->required != NULL;
	facts->skip_ranges = fact->same_user && runs_inside(&config->settings, request->service);
}

static enum sfmfa_err
system_start(void *data, pid_t pid, int64_t *ret_start)
{
	struct process process;
	enum sfmfa_err err = process_read(pid, &process);

	(void)data;
	if (err == SFMFA_OK)
		*ret_start = process.start;
	return err;
}

struct processes
processes_system(void)
{
	return (struct processes){ .start = system_start };
}
