/*
 * Settings of sfmfa.conf as values. Every pointer belongs to the configuration snapshot
 * (lib/config/config.h); the plain keys are listed in settings.def.
 */
#ifndef SFMFA_MODEL_SETTINGS_H
#define SFMFA_MODEL_SETTINGS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "model/factor.h"
#include "model/limits.h"
#include "model/network.h"
#include "model/origin.h"

/* A list of words; heap, owned by the configuration snapshot. */
struct words {
	char **items;
	size_t count;
};

bool
words_contain(const struct words *words, const char *word);

enum registration { REGISTRATION_OPEN = 0, REGISTRATION_TEMPORARY_CODE, REGISTRATION_CLOSED };
enum token_required { TOKEN_REQUIRED_UNTRUSTED = 0, TOKEN_REQUIRED_ALWAYS, TOKEN_REQUIRED_NEVER };
enum api_pending { API_PENDING_TOKEN = 0, API_PENDING_DENY };
enum level_action { LEVEL_RAISE = 0, LEVEL_BLOCK };

struct api_settings {
	uint32_t second_factors; /* FACTOR_BIT()s */
	enum token_required token_required;
	enum api_pending pending;
	bool trusted_networks_skip_mfa;
};

struct totp_settings {
	enum totp_algorithm algorithm;
	int64_t digits, period, window;
};

struct lockout_settings {
	int64_t max_invalid_attempts; /* 0: none */
	int64_t minutes;              /* 0: until unlocked */
};

struct license {
	char name[NAME_SIZE];
	uint32_t forbids; /* permissions */
	struct origin origin;
};

struct step_up {
	char service[SERVICE_NAME_SIZE];
	int64_t max_age; /* seconds */
	struct origin origin;
};

struct required_level {
	char service[SERVICE_NAME_SIZE];
	enum level level;
	enum level_action action;
	struct origin origin;
};

struct trusted_caller {
	char user[USER_NAME_SIZE];
	bool resolved; /* uid is valid; an unresolved one matches nobody, check and log say so */
	uid_t uid;
	struct words services;
	struct origin origin;
};

/* What follows the name of the key file where a rotation has a new one ready or was interrupted. */
#define KEY_FILE_BESIDE ".new"

struct settings {
	char *state_dir, *key_file, *runtime_dir, *config_dir, *run_as, *issuer, *default_profile;
	bool require_mfa_for_ui;
	struct origin require_mfa_for_ui_origin;
	enum registration registration;
	struct words ui_services, api_services, exempt_services;
	struct words local_services, caller_authenticates, root_switches, lockers;
	struct networks trusted_networks;
	struct api_settings api;
	struct totp_settings totp;
	struct lockout_settings lockout;
	uint32_t high_assurance; /* FACTOR_BIT()s */
	struct license *licenses;
	size_t license_count;
	struct step_up *step_ups;
	size_t step_up_count;
	struct required_level *required_levels;
	size_t required_level_count;
	struct trusted_caller *trusted_callers;
	size_t trusted_caller_count;
	struct words protected_groups;
	bool operator_needs_mfa, tokens_survive_password_change;
	int64_t event_retention_days;
};

#endif
