/*
 * Inside of command.c: what the verbs of the CLI share. One function a verb, one subject a file
 * (administer_*.c), one table verb -> function (command_table.c) that does not link when one is missing.
 *
 * Arguments [optional] [repeated]* and reply fields of every verb. Times are Unix seconds, 0 = never or
 * not; flags are 1 or 0; lists are joined with ','; states and kinds are the keys of lib/model. "Groups"
 * are records one after the other: each begins with the key named first. No argument has a key that the
 * message itself uses for the user (lib/wire/names.h: verb user nss name uid real_uid).
 *
 *   enroll                [replace=1] [algorithm] [digits] [period] [confirm=1] [virtual=1]
 *       confirm: one ask whose info is the otpauth URI alone, prompt "Code from your app: ", three tries
 *       (error says what was wrong, info is then empty)
 *     -> user secret(base32) uri recovery_code*10 state(pending|completed)
 *   disconnect            -> user
 *   token-new             [label] [expires=SECONDS from now] [service]* [from=CIDR]* [virtual=1]
 *     -> user label token expires
 *   token-list            [after]
 *     -> groups: label created expires last_used from_used services networks; then [next]
 *   token-revoke          label | all=1         -> user count
 *   recovery-codes-renew  -> user recovery_code*10
 *   temp-code             [hours=1..24]         -> user code expires
 *   temp-code-expire      -> user
 *   app-list              [after]
 *     -> groups: name label client_id flows services permitted_users session_level; then [next]
 *   app-show              app -> the same and: action keys audience networks users groups permission_sets
 *                         access_token_minutes refresh_token_days file
 *   app-approve           app [flow] -> user app flow [access_token expires] [refresh_token refresh_expires]
 *   app-refresh           refresh_token -> the same
 *   app-tokens            [after]
 *     -> groups: id app flow level approved approved_by access_until refresh_until last_used from_used; then [next]
 *   app-revoke            app | grant=ID -> user count
 *   perm-list             [after]
 *     -> user profile license; groups: permission via kind(profile|direct|set|group) file line by at muted;
 *        then [next], or [info] where there are more than can be listed
 *   perm-assign           assignment* [virtual=1] -> user assigned*
 *   perm-revoke           assignment* [force=1] -> user revoked*
 *       assignment: a permission (key or alias), a permission set or a permission set group
 *   profile-list          [after] -> groups: name label license priority permissions file; then [next]
 *   profile-show          profile
 *     -> name label license priority permissions file hours ranges members required_level second_factors
 *   profile-assign        profile [virtual=1]   -> user profile(now assigned)
 *   profile-unassign      -> user profile(now in force by membership)
 *   user-list             [profile] [state=none|pending|completed|locked|frozen] [after]
 *     -> groups: user profile state frozen locked locked_until virtual registered permission* set* group*
 *        (what is assigned directly); then [next]
 *   user-show             -> user virtual known profile profile_how(assigned|users|groups|default) license
 *                            permissions app registered completed algorithm digits period tokens
 *                            recovery_codes temporary_code_until frozen locked locked_until failures
 *                            last_failed in_effect [fault]
 *       locked_until: 0 also where the lock lasts until unlocked
 *   user-freeze, user-unfreeze, user-delete     -> user
 *   user-unlock           [clock=1]             -> user clock(1: the last time step was cleared too)
 *   key-rotate            key_file key(as in the file) step(wrap|finish)
 *       wrap: the data keys open with this sealing key too; finish: with this one only. Both may be repeated.
 *     -> key_id dropped(finish: how many others went) scrubbed(finish: 1: nothing is left of them in the store)
 *   backup                -> pages: data(digits: the next bytes of the file)*; the last word: data users key_id
 *   restore               [keep_recovery_codes=1]
 *       pages to the daemon: data(bytes)* … ; end=1 -> host time users users_here ; install=1, or any other: nothing is done
 *     -> host time users scrubbed(1: nothing of the old store is left)
 *   explain               [service] [login_type] [from] [at] [answer=KIND]
 *                         [with=PERMISSION]* [without=PERMISSION]* [app] [flow] [session=LEVEL]
 *       KIND: none totp totp-wrong token token-wrong recovery-code temporary-code register; of a connected app:
 *             ui-session access-token refresh-token jwt flow
 *     -> user service login_type verdict [level] reason [method] factor* ; groups: text file line; summary
 *                         | last=1
 *     -> user, the fields of one login as log has them, summary [right_at off_by]
 *        off_by: seconds from the login to the beginning of the time step whose code was given; root only
 *   log                   [since] [until] [reason] [login_type] [limit] [before]
 *     -> groups: time user service login_type remote method verdict level reason caller claimed app flow
 *        key kind(login|admin) actor verb change id; then [next] (for before=)
 *   import                [replace=1] [dry_run=1]
 *       asks for pages; the last one has end=1 and nothing else. A page: at most 256 groups: user [virtual=1]
 *       secret(base32) [algorithm] [digits] [period] | uri(otpauth), [last_step] [recovery_code]*
 *       question: [bad=NTH of the page, why]*
 *     -> imported replaced kept
 *   status                -> ok config(ok|stale|broken) store(ok|failed) keys(ok|missing) version;
 *                            of the session in which the caller asks: [session_user session_service
 *                            session_login_type session_level session_method session_opened session_proved(0: never)]
 *                            root only: [config_file config_line config_text] users
 *   password-changed      -> count
 *   session-open          service [login_type] [tty] [audit] [login_uid] [leader] [leader_start] [login_id] [proved_by]
 *     -> session(0: not recorded)
 *   session-close         session
 *
 * A name that NSS does not know, without virtual=1, from root: refused, with the reply virtual_needed=1.
 */
#ifndef SFMFA_AUTH_ADMINISTER_H
#define SFMFA_AUTH_ADMINISTER_H

#include "auth/command.h"
#include "model/decision.h"
#include "policy/effective.h"
#include "policy/login.h"

#define COMMAND_SENTENCE_SIZE 512
/* A reply ends a page when it is longer than this; with one more record of any kind it still fits a message. */
#define COMMAND_PAGE_BYTES (FIELDS_BYTES_MAX - 12288)
/* The one sentence for "no such user" and for "not allowed" (rules 2). */
#define COMMAND_NOT_ALLOWED "there is no such user, or you may not do this"

enum command_stage {
	STAGE_BEGIN = 0,
	STAGE_PROOF_ASKED,
	STAGE_PROOF_WRITTEN,
	STAGE_ROW_WRITTEN,
	STAGE_RUN,
	STAGE_END,
};

/* Whom a verb is about. */
enum command_subject {
	SUBJECT_NONE = 0, /* nobody: a user who is named all the same is a usage error */
	SUBJECT_USER,     /* the user named, else the caller's own */
	SUBJECT_FILTER,   /* the user named; else everybody for who may see them, else the caller's own */
};

/* A verb's own part. */
struct administer {
	const char *args; /* keys it takes, between spaces; another one is a usage error */
	enum command_subject subject;
	bool makes_virtual;  /* root may name a user whom NSS does not know (rules 1) */
	bool needs_row;      /* the user's row is made before run */
	bool not_oneself;    /* only root does it to themselves: it would be a grant to oneself (rules 2) */
	bool strangers;      /* works for whoever sfmfa remembers, and for nobody */
	bool without_config; /* works while there is no configuration and no store */
	/*
	 * Checks arguments and rules before a code is asked for, and once more after it. May set code_due.
	 * false: it has ended the command. NULL: nothing to check.
	 */
	bool (*prepare)(struct command *command);
	/* Called with at = 0, then again after every turn it asked for. */
	enum turn (*run)(struct command *command, struct input *input);
};

/* NULL: the verb is not a command. */
const struct administer *
administer_find(enum verb verb);

struct command {
	struct env *env;
	struct config *config; /* held; NULL: there is none */
	const struct caller *caller;
	enum verb verb;
	const struct verb_info *info;
	const struct administer *function;
	struct fields args;
	bool has_subject;
	bool self;             /* not root, about the caller's own user */
	bool everybody;        /* SUBJECT_FILTER without a user */
	struct person person;  /* of the subject */
	struct standing subject;
	bool has_actor;
	struct standing actor;    /* of a caller who is not root */
	bool code_due;
	struct session_fact session; /* in which the caller asks, as far as it is recorded */
	enum login_type session_type;
	struct moment now;
	enum command_stage stage;
	struct ask ask;
	struct store_op op;
	bool op_pending;
	/* The verb's own state between turns. */
	unsigned at;
	void *work; /* heap, wiped */
	size_t work_size;
	void (*finish_work)(void *work); /* before it goes; NULL: nothing but memory */
	/* The end. */
	enum command_status status;
	char sentence[COMMAND_SENTENCE_SIZE];
	enum reason reason;
	bool unauthorized; /* refused by who may, not by what is: an event whatever the verb */
	bool quiet;        /* nothing changed: no event */
	char change[EVENT_CHANGE_SIZE];
	struct fields reply;
	enum sfmfa_err reply_err; /* the first failure to add to it */
};

/* How a command ends. The first three return false, so that a prepare can return them. */
bool
command_refuse(struct command *command, enum reason reason, const char *fmt, ...) SFMFA_PRINTF(3, 4);
bool
command_usage(struct command *command, const char *fmt, ...) SFMFA_PRINTF(2, 3);
bool
command_fail(struct command *command, enum sfmfa_err err, const struct diag *diag);
enum turn
command_done(struct command *command);
/* The end of a write that did not go through: err of the op as a sentence. */
enum turn
command_write_failed(struct command *command);

/* What was changed, for the event. Cut to what fits. */
void
command_note(struct command *command, const char *fmt, ...) SFMFA_PRINTF(2, 3);

/* Reply fields; a failure is kept and ends the command as failed. */
void
command_reply_text(struct command *command, const char *key, const char *value);
void
command_reply_number(struct command *command, const char *key, int64_t value);
void
command_reply_secret(struct command *command, const char *key, const struct secret *secret);
/* "user" and the subject's name. */
void
command_reply_user(struct command *command);

/* Arguments. Absent: *ret stays. false: ended as a usage error. */
bool
command_arg_text(struct command *command, const char *key, char *ret_text, size_t size);
bool
command_arg_number(struct command *command, const char *key, int64_t min, int64_t max, int64_t *ret_number);
bool
command_arg_flag(struct command *command, const char *key, bool *ret_flag);

/* A zeroed work area of the verb, wiped when the command goes. NULL: no memory, the command has failed. */
void *
command_work(struct command *command, size_t size);

/* A zeroed write about the subject; fill in op.change and return TURN_WRITE. */
void
command_begin_write(struct command *command, enum store_op_kind kind);

/* Shows and asks, without echo. */
enum turn
command_begin_ask(struct command *command, const char *info, const char *error, const char *prompt);

/* Asks for the next page; what is in the reply by now goes along with the question. */
enum turn
command_begin_page(struct command *command);

/* Permissions of whoever acts: all of them for root. */
uint32_t
command_actor_permissions(const struct command *command);
bool
command_is_root(const struct command *command);

/* Name of the user it is about, as sfmfa knows them. */
const char *
command_user(const struct command *command);

/* Whether mfa-api-logins is in effect (rules 8b). */
bool
administer_in_effect(const struct standing *standing);

/*
 * administer_code.c: the operator's proof (rules 2). due: whether there is something to ask for; false: the
 * command has ended.
 */
bool
administer_proof_due(struct command *command, bool *ret_due);
enum turn
administer_proof_ask(struct command *command);
enum turn
administer_proof_answer(struct command *command, struct input *input);
/* After the write: true if it was right; else the command has ended. */
bool
administer_proof_result(struct command *command);

/* administer_grant.c */
struct administer_change {
	struct user_record record; /* as it would be */
	uint32_t granted;          /* permissions that what is assigned carries */
	uint32_t revoked;          /* permissions that what is taken away carries */
	bool profile;              /* the profile changes: all it carries counts as granted */
};
/*
 * Rules 2, 3.1, 3.2 and 3.4 for a change of assignments: what the user would effectively hold. Sets code_due.
 * force: the prerequisite may be revoked. *ret_profile: the profile that would be in force.
 */
bool
administer_check_change(struct command *command, struct administer_change *change, bool force,
                        const struct profile **ret_profile);

/* administer_text.c: bits and lists as text; cut at a whole entry. */
void
administer_permissions_text(uint32_t permissions, char *text, size_t size);
void
administer_networks_text(const struct networks *networks, char *text, size_t size);
void
administer_hours_text(const struct login_hours *hours, char *text, size_t size);
/* Appends item after a ','; false: it does not fit, text is as it was. */
bool
administer_join(char *text, size_t size, const char *item);
/* Non-empty UTF-8 without control characters. */
bool
administer_is_plausible(const char *text);

/* The functions of the table. */
bool
administer_enroll_prepare(struct command *command);
enum turn
administer_enroll(struct command *command, struct input *input);
bool
administer_disconnect_prepare(struct command *command);
enum turn
administer_disconnect(struct command *command, struct input *input);

bool
administer_token_new_prepare(struct command *command);
enum turn
administer_token_new(struct command *command, struct input *input);
enum turn
administer_token_list(struct command *command, struct input *input);
bool
administer_token_revoke_prepare(struct command *command);
enum turn
administer_token_revoke(struct command *command, struct input *input);
enum turn
administer_password_changed(struct command *command, struct input *input);

bool
administer_app_approve_prepare(struct command *command);
enum turn
administer_app_approve(struct command *command, struct input *input);
bool
administer_app_refresh_prepare(struct command *command);
enum turn
administer_app_refresh(struct command *command, struct input *input);
enum turn
administer_app_list(struct command *command, struct input *input);
enum turn
administer_app_show(struct command *command, struct input *input);
enum turn
administer_app_tokens(struct command *command, struct input *input);
bool
administer_app_revoke_prepare(struct command *command);
enum turn
administer_app_revoke(struct command *command, struct input *input);

/* Ten codes into the reply and their hashes beside them. */
enum sfmfa_err
administer_make_recovery_codes(struct command *command, unsigned char ret_hashes[10][HASH_SIZE],
                               struct secret ret_codes[10]) SFMFA_MUST_USE;
bool
administer_recovery_renew_prepare(struct command *command);
enum turn
administer_recovery_renew(struct command *command, struct input *input);
bool
administer_temp_code_prepare(struct command *command);
enum turn
administer_temp_code(struct command *command, struct input *input);
enum turn
administer_temp_code_expire(struct command *command, struct input *input);

bool
administer_import_prepare(struct command *command);
enum turn
administer_import(struct command *command, struct input *input);

enum turn
administer_session_open(struct command *command, struct input *input);
enum turn
administer_session_close(struct command *command, struct input *input);

enum turn
administer_perm_list(struct command *command, struct input *input);
bool
administer_perm_assign_prepare(struct command *command);
bool
administer_perm_revoke_prepare(struct command *command);
enum turn
administer_perm_change(struct command *command, struct input *input);

enum turn
administer_profile_list(struct command *command, struct input *input);
enum turn
administer_profile_show(struct command *command, struct input *input);
bool
administer_profile_assign_prepare(struct command *command);
bool
administer_profile_unassign_prepare(struct command *command);
enum turn
administer_profile_change(struct command *command, struct input *input);

enum turn
administer_user_list(struct command *command, struct input *input);
enum turn
administer_user_show(struct command *command, struct input *input);
enum turn
administer_user_freeze(struct command *command, struct input *input);
bool
administer_user_unlock_prepare(struct command *command);
enum turn
administer_user_unlock(struct command *command, struct input *input);
bool
administer_user_delete_prepare(struct command *command);
enum turn
administer_user_delete(struct command *command, struct input *input);

/* explain_app.c: app, flow and session as the arguments say, answered with this factor. */
struct login_request;
bool
explain_suppose_app(struct command *command, const struct login_request *request, enum factor answer,
                    struct facts *facts);
enum turn
administer_backup(struct command *command, struct input *input);
enum turn
administer_restore(struct command *command, struct input *input);
enum turn
administer_key_rotate(struct command *command, struct input *input);
enum turn
administer_explain(struct command *command, struct input *input);
/* With last=1 (administer_last.c). */
enum turn
administer_explain_last(struct command *command);
/* An event as the fields of log. */
void
administer_reply_event(struct command *command, const struct event *event);
enum turn
administer_log(struct command *command, struct input *input);
enum turn
administer_status(struct command *command, struct input *input);

#endif
