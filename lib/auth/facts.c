#include "auth/facts.h"

#include <string.h>

#include "base/text.h"

static const struct required_level *
find_required_level(const struct settings *settings, const char *service)
{
	for (size_t i = 0; i < settings->required_level_count; i++) {
		if (text_equals(settings->required_levels[i].service, service))
			return &settings->required_levels[i];
	}
	return NULL;
}

static const struct step_up *
find_step_up(const struct settings *settings, const char *service)
{
	for (size_t i = 0; i < settings->step_up_count; i++) {
		if (text_equals(settings->step_ups[i].service, service))
			return &settings->step_ups[i];
	}
	return NULL;
}

enum login_type
facts_login_type(const struct config *config, const struct caller *caller,
		 const struct login_request *request)
{
	bool mapped;

	if (request->has_login_type && caller->class == CALLER_ROOT)
		return request->login_type;
	return config_login_type(config, request->service, &mapped);
}

void
facts_peer(const struct config *config, const struct login_request *request, struct peer *ret_peer)
{
	peer_from_rhost(ret_peer, request->rhost,
			words_contain(&config->settings.local_services, request->service));
}

static void
gather_user(const struct standing *standing, const struct moment *now, struct facts *facts)
{
	const struct user_record *record = &standing->record;

	facts->user_known = standing->known;
	facts->configuration_fault = standing->fault;
	facts->fault = standing->fault ? standing->fault_text : NULL;
	facts->profile = standing->profile;
	facts->permissions = standing->effective->permissions;
	facts->permission_origins = standing->effective->first;
	if (!standing->known) {
		/* policy treats them as a registered member of the default profile (rules 4.1). */
		return;
	}
	facts->frozen = record->frozen;
	facts->locked = guard_is_locked(&record->guard, now);
	facts->app = record->app.state;
	facts->has_token = record->token_count > 0;
	facts->temporary_code = user_temporary_code_stands(record, now->wall);
	facts->recovery_codes = record->recovery_codes_left > 0;
	facts->disconnected_by_other = record->disconnected_by_other;
}

static void
gather_service(const struct settings *settings, const char *service, struct facts *facts)
{
	facts->require_mfa_for_ui = settings->require_mfa_for_ui;
	facts->require_mfa_for_ui_origin = settings->require_mfa_for_ui_origin;
	facts->registration = settings->registration;
	facts->high_assurance = settings->high_assurance;
	facts->required = find_required_level(settings, service);
	facts->step_up = find_step_up(settings, service);
	facts->root_switch = words_contain(&settings->root_switches, service);
	facts->caller_authenticates = words_contain(&settings->caller_authenticates, service);
}

static enum sfmfa_err
gather_place_and_time(const struct config *config, const struct login_request *request,
		      const struct moment *now, struct facts *facts)
{
	const struct profile *profile = facts->profile;
	struct local_time local;
	struct peer peer;
	enum sfmfa_err err;

	facts_peer(config, request, &peer);
	facts->ip_allowed = restriction_ip_allowed(profile, &peer);
	facts->in_profile_ranges = profile->has_ranges && networks_contain(&profile->ranges, &peer);
	facts->trusted_peer = networks_contain(&config->settings.trusted_networks, &peer);
	facts->hours_open = true;
	if (!profile->hours.set)
		return SFMFA_OK;
	err = clock_local_time(profile->hours.zone, now->wall, &local);
	if (err != SFMFA_OK)
		return err;
	facts->hours_open = restriction_hours_open(&profile->hours, &local);
	return SFMFA_OK;
}

enum sfmfa_err
facts_gather(const struct config *config, const struct caller *caller, const struct login_request *request,
	     const struct standing *standing, const struct moment *now, struct facts *ret_facts)
{
	struct facts facts = { 0 };
	enum sfmfa_err err;

	facts.login_type = facts_login_type(config, caller, request);
	facts.phase = request->phase;
	facts.caller = caller->class;
	facts.never_commits = !request->can_commit;
	facts.caller_is_root_user = caller->class == CALLER_ROOT && request->real_uid_is_root;
	gather_user(standing, now, &facts);
	gather_service(&config->settings, request->service, &facts);
	err = gather_place_and_time(config, request, now, &facts);
	if (err != SFMFA_OK)
		return err;
	*ret_facts = facts;
	return SFMFA_OK;
}
