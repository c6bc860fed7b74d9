/*
 * Verb -> function: every line of lib/model/verbs.def has an entry here, checked below. Who may use a verb
 * stands there and is judged in command.c; what it takes and answers stands in administer.h.
 */
#include "auth/administer.h"

#include <stddef.h>

/* Spoken by the module to the login's machine. */
#define ENTRY_LOGIN   NOT_A_COMMAND
#define ENTRY_ACCOUNT NOT_A_COMMAND
#define ENTRY_COMMIT  NOT_A_COMMAND

#define NOT_A_COMMAND { .run = NULL }

#define ENTRY_PASSWORD_CHANGED \
	{ .args = "", .subject = SUBJECT_USER, .strangers = true, .run = administer_password_changed }
/* Their groups and permissions do not matter: only what is recorded of them. */
#define ENTRY_SESSION_OPEN \
	{ .args = "service login_type tty audit login_uid leader leader_start login_id proved_by", \
	  .subject = SUBJECT_USER, .without_config = true, .run = administer_session_open }
#define ENTRY_SESSION_CLOSE \
	{ .args = "session", .subject = SUBJECT_USER, .without_config = true, .run = administer_session_close }
#define ENTRY_ENROLL \
	{ .args = "replace algorithm digits period confirm virtual", .subject = SUBJECT_USER, \
	  .makes_virtual = true, \
	  .prepare = administer_enroll_prepare, .run = administer_enroll }
#define ENTRY_DISCONNECT \
	{ .args = "", .subject = SUBJECT_USER, .prepare = administer_disconnect_prepare, \
	  .run = administer_disconnect }
#define ENTRY_TOKEN_NEW \
	{ .args = "label expires service from virtual", .subject = SUBJECT_USER, .makes_virtual = true, \
	  .needs_row = true, .prepare = administer_token_new_prepare, .run = administer_token_new }
#define ENTRY_TOKEN_LIST { .args = "after", .subject = SUBJECT_USER, .run = administer_token_list }
#define ENTRY_TOKEN_REVOKE \
	{ .args = "label all", .subject = SUBJECT_USER, .prepare = administer_token_revoke_prepare, \
	  .run = administer_token_revoke }
#define ENTRY_RECOVERY_RENEW \
	{ .args = "", .subject = SUBJECT_USER, .prepare = administer_recovery_renew_prepare, \
	  .run = administer_recovery_renew }
#define ENTRY_TEMP_CODE \
	{ .args = "hours", .subject = SUBJECT_USER, .needs_row = true, .not_oneself = true, \
	  .prepare = administer_temp_code_prepare, .run = administer_temp_code }
#define ENTRY_TEMP_CODE_EXPIRE { .args = "", .subject = SUBJECT_USER, .run = administer_temp_code_expire }
#define ENTRY_APP_LIST { .args = "after", .run = administer_app_list }
#define ENTRY_APP_SHOW { .args = "app", .run = administer_app_show }
#define ENTRY_APP_APPROVE \
	{ .args = "app flow", .subject = SUBJECT_USER, .needs_row = true, .prepare = administer_app_approve_prepare, \
	  .run = administer_app_approve }
#define ENTRY_APP_REFRESH \
	{ .args = "refresh_token", .subject = SUBJECT_USER, .prepare = administer_app_refresh_prepare, \
	  .run = administer_app_refresh }
#define ENTRY_APP_TOKENS { .args = "after", .subject = SUBJECT_USER, .run = administer_app_tokens }
#define ENTRY_APP_REVOKE \
	{ .args = "app grant", .subject = SUBJECT_USER, .prepare = administer_app_revoke_prepare, \
	  .run = administer_app_revoke }
#define ENTRY_PERM_LIST { .args = "after", .subject = SUBJECT_USER, .run = administer_perm_list }
#define ENTRY_PERM_ASSIGN \
	{ .args = "assignment virtual", .subject = SUBJECT_USER, .makes_virtual = true, .needs_row = true, \
	  .not_oneself = true, .prepare = administer_perm_assign_prepare, .run = administer_perm_change }
#define ENTRY_PERM_REVOKE \
	{ .args = "assignment force", .subject = SUBJECT_USER, .not_oneself = true, \
	  .prepare = administer_perm_revoke_prepare, .run = administer_perm_change }
#define ENTRY_PROFILE_LIST { .args = "after", .run = administer_profile_list }
#define ENTRY_PROFILE_SHOW { .args = "profile", .run = administer_profile_show }
#define ENTRY_PROFILE_ASSIGN \
	{ .args = "profile virtual", .subject = SUBJECT_USER, .makes_virtual = true, .needs_row = true, \
	  .not_oneself = true, .prepare = administer_profile_assign_prepare, .run = administer_profile_change }
#define ENTRY_PROFILE_UNASSIGN \
	{ .args = "", .subject = SUBJECT_USER, .not_oneself = true, \
	  .prepare = administer_profile_unassign_prepare, \
	  .run = administer_profile_change }
#define ENTRY_USER_LIST { .args = "profile state after", .run = administer_user_list }
#define ENTRY_USER_SHOW { .args = "", .subject = SUBJECT_USER, .run = administer_user_show }
#define ENTRY_USER_FREEZE \
	{ .args = "", .subject = SUBJECT_USER, .needs_row = true, .run = administer_user_freeze }
#define ENTRY_USER_UNFREEZE \
	{ .args = "", .subject = SUBJECT_USER, .not_oneself = true, .run = administer_user_freeze }
/* Who could end their own lock could guess for ever. */
#define ENTRY_USER_UNLOCK \
	{ .args = "clock", .subject = SUBJECT_USER, .not_oneself = true, \
	  .prepare = administer_user_unlock_prepare, \
	  .run = administer_user_unlock }
#define ENTRY_USER_DELETE \
	{ .args = "", .subject = SUBJECT_USER, .prepare = administer_user_delete_prepare, \
	  .run = administer_user_delete }
#define ENTRY_IMPORT { .args = "replace dry_run", .prepare = administer_import_prepare, .run = administer_import }
#define ENTRY_BACKUP { .args = "", .without_config = true, .run = administer_backup }
#define ENTRY_RESTORE { .args = "keep_recovery_codes", .without_config = true, .run = administer_restore }
#define ENTRY_KEY_ROTATE { .args = "key_file key step", .without_config = true, .run = administer_key_rotate }
#define ENTRY_EXPLAIN \
	{ .args = "service login_type from at answer with without last app flow session", .subject = SUBJECT_USER, \
	  .strangers = true, \
	  .run = administer_explain }
#define ENTRY_LOG \
	{ .args = "since until reason login_type limit before", .subject = SUBJECT_FILTER, \
	  .strangers = true, \
	  .run = administer_log }
#define ENTRY_STATUS { .args = "", .without_config = true, .run = administer_status }

static const struct administer functions[VERB_COUNT] = {
#define VERB(name, key, classes, permission, flags, help) [VERB_##name] = ENTRY_##name,
#include "model/verbs.def"
#undef VERB
};

const struct administer *
administer_find(enum verb verb)
{
	const struct administer *function = (unsigned)verb < VERB_COUNT ? &functions[verb] : NULL;

	return function != NULL && function->run != NULL ? function : NULL;
}
