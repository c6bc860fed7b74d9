/*
 * The store: guards, factors, assignments, sessions (sfmfa.db) and events (events.db), behind one
 * vtable. A verb is here only because a use case needs it. tests/contract runs the same cases on
 * every backend.
 *
 * Reads answer at once. Every write is a struct store_op, data rather than a call, so that the
 * daemon commits all that are pending in one transaction (group commit): each in a savepoint of
 * its own, conditions checked inside. What was acknowledged is on the disk.
 *
 * All functions: SFMFA_ERR_STORE with *diag where the store cannot be used.
 */
#ifndef SFMFA_STORE_STORE_H
#define SFMFA_STORE_STORE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "model/app.h"
#include "model/event.h"
#include "model/session.h"
#include "model/token.h"
#include "model/user.h"

/* One attempt: what was compared outside, to be admitted, counted and consumed in one conditional operation. */
enum attempt_kind {
	ATTEMPT_KIND_TOTP = 0,
	ATTEMPT_KIND_TOKEN,
	ATTEMPT_KIND_RECOVERY,
	ATTEMPT_KIND_TEMPORARY,
	ATTEMPT_KIND_UNACCEPTABLE, /* a factor of a kind that cannot answer: counted as wrong */
};

/* What the operation found. Only ADMITTED results say anything about the answer. Zero refuses. */
enum attempt_result {
	ATTEMPT_RESULT_LOCKED_OUT = 0,
	ATTEMPT_RESULT_WRONG,
	ATTEMPT_RESULT_REPLAYED,
	ATTEMPT_RESULT_CLOCK,        /* the last accepted step lies further ahead than the window */
	ATTEMPT_RESULT_EXPIRED,      /* token: not counted */
	ATTEMPT_RESULT_OUT_OF_SCOPE, /* token: not counted */
	ATTEMPT_RESULT_RIGHT,
};

struct attempt_policy {
	int64_t max_invalid_attempts; /* 0: none; then at most 5 are compared a time step */
	int64_t lock_seconds;         /* base length; doubles with every further lock, to 24 h; 0: until unlocked */
};

/*
 * The single-use name of a login by which open_session finds it (rules 8, "Sessions after sshd"): its hash, in
 * one of four slots of the user's guard row, written by the same commit as the proof. All zero: none.
 */
struct store_handover {
	unsigned char hash[HASH_SIZE];
	const char *service;
	enum factor method;
};
#define STORE_HANDOVER_SECONDS 120 /* how long a name is good for */

/* Recovery codes of a user at most. */
#define STORE_RECOVERY_MAX 10

struct store_attempt {
	int64_t user_id;      /* 0: a user that does not exist; WRONG, and as dear as a wrong answer */
	int64_t generation;   /* of the record that was compared: changed meanwhile = WRONG, not counted */
	int64_t caller;       /* -1: the user's own guard; else the uid of a caller that is not root */
	struct attempt_policy policy;
	struct moment now;
	int64_t now_step;     /* of the user's app, or of a 30 s step without one */
	unsigned window;      /* steps */
	enum attempt_kind kind;
	/* ATTEMPT_KIND_TOTP: as totp_match() found them; 0 = none. */
	int64_t step;
	int64_t near_step;
	int64_t equals_step;  /* the step whose code, already used, the answer equals (struct totp_match.is_last); 0: none */
	bool complete_app;    /* a right code completes a pending app */
	/* ATTEMPT_KIND_TOKEN: the row found by hash and how it may be used; token_id 0: none of this user. */
	int64_t token_id;
	enum attempt_result token_result; /* RIGHT, EXPIRED or OUT_OF_SCOPE */
	const char *from;     /* noted as last_used_from; NULL: nothing */
	/* ATTEMPT_KIND_RECOVERY, _TEMPORARY. */
	unsigned char hash[HASH_SIZE];
	struct store_handover handover;

	/* Filled in. */
	enum attempt_result result;
	struct guard guard;   /* as it is after the operation */
	bool locked_now;      /* this attempt began a lock */
	bool completed_now;   /* this attempt completed a pending app */
	int64_t failed_before; /* failures since the last success, as they were before a RIGHT one */
};

/* Registration of an authenticator app, with its recovery codes, if and only if nothing changed meanwhile. */
struct store_register {
	const char *user;      /* the row is made if it is not there */
	bool is_virtual;       /* for a row that is made */
	int64_t generation;    /* as read; another one now: SFMFA_ERR_CHANGED */
	bool replace;          /* false: SFMFA_ERR_EXISTS if an app is registered */
	struct user_app app;   /* sealed for context "app:USER" */
	int64_t last_step;     /* the step of the confirming code, spent by it; 0: none */
	size_t recovery_count; /* 0: keep what is there */
	unsigned char recovery_hashes[STORE_RECOVERY_MAX][HASH_SIZE];
	bool by_user;          /* clears disconnected_by_other */
	struct store_handover handover;
	struct moment now;
	int64_t user_id;       /* filled in */
};

/* One authenticator app that is taken over from another system: pending, as after an enrolment by root. */
struct store_import_row {
	char user[USER_NAME_SIZE];
	bool is_virtual;       /* the system does not know the name */
	struct totp_params params;
	size_t sealed_size;
	unsigned char sealed[SEALED_SIZE_MAX]; /* for context "app:USER" */
	int64_t last_step;     /* highest step that the other system has accepted; 0: none */
	size_t recovery_count; /* scratch codes that come along */
	unsigned char recovery_hashes[STORE_RECOVERY_MAX][HASH_SIZE];
	bool twice;            /* filled in: the import has this user already, this row counts for nothing */
};

/*
 * An import: rows are staged page by page beside the store, then written all at once or not at all. One import
 * at a time: the first page of another one throws away what was staged before (SFMFA_ERR_CHANGED at the end).
 */
struct store_import {
	int64_t id;                    /* random, the same in all operations of an import */
	bool begins;                   /* STORE_IMPORT_STAGE: the first page */
	struct store_import_row *rows; /* STORE_IMPORT_STAGE */
	size_t count;
	/* STORE_IMPORT_APPLY */
	int64_t expected;              /* rows that were staged */
	bool replace;                  /* an app that is there gives way; else it stays as it is */
	bool dry_run;                  /* counts, writes nothing */
	struct moment now;
	int64_t made, replaced, kept;  /* filled in */
	char mixed_up[USER_NAME_SIZE]; /* filled in with SFMFA_ERR_EXISTS: virtual here, a system's user there, or the reverse */
};

/*
 * A session that begins. Another one recorded at the same place is over. SFMFA_ERR_NOT_FOUND: no row for the user
 * and make_user is false.
 */
struct store_session_open {
	const char *user;
	bool make_user;
	bool is_virtual;       /* for a row that is made */
	const char *service;
	enum login_type login_type;
	struct session_place place;
	unsigned char handover_hash[HASH_SIZE]; /* redeemed: the session has that login's proof; all zero: none */
	const char *proved_by; /* "" or another user, whose login it was opened with */
	struct moment now;
	int64_t id;            /* filled in */
	bool proved;           /* filled in: the name was good */
};

/* What the use of a credential of a connected app came to. Zero refuses. */
enum credential_result {
	CREDENTIAL_RESULT_REVOKED = 0, /* of no approval of this user, or of none any more */
	CREDENTIAL_RESULT_EXPIRED,
	CREDENTIAL_RESULT_REPLAYED,
	CREDENTIAL_RESULT_GOOD,
};

/*
 * An assertion or an access token is used, in one conditional operation: the first is good once, the second while it
 * is there. Nothing is counted: nobody guesses a signature.
 */
struct store_credential {
	int64_t user_id;      /* 0: a user without a row, who has approved nothing */
	bool token;           /* hash is of an access token */
	bool single_use;      /* hash is of an app and a jti */
	unsigned char hash[HASH_SIZE];
	int64_t expires_at;   /* of the assertion, Unix seconds */
	const char *app;      /* an approval of this app and flow must be there; NULL: none need be */
	enum flow flow;
	const char *from;     /* noted as last_used_from; NULL: nothing */
	int64_t now;
	enum credential_result result; /* filled in */
};

/* A user approves a connected app; with the hashes of the tokens that they get for it. */
struct store_app_approve {
	const char *user;
	struct app_grant grant; /* app, flow, level, approved_at, approved_by, refresh_expires_at, access_expires_at */
	bool access, refresh;   /* such a token is made */
	unsigned char access_hash[HASH_SIZE];
	unsigned char family_hash[HASH_SIZE], refresh_hash[HASH_SIZE];
	int64_t now;
	int64_t id;             /* filled in */
};

/*
 * A refresh token is used: replaced if it is the newest of its family; if it is an older one, the whole family is
 * revoked. Of two at once with the same one, one is first, and the other one's revokes what the first got.
 */
struct store_app_refresh {
	int64_t user_id;
	unsigned char family_hash[HASH_SIZE], refresh_hash[HASH_SIZE]; /* as shown */
	unsigned char new_refresh_hash[HASH_SIZE], access_hash[HASH_SIZE];
	int64_t refresh_expires_at, access_expires_at;
	const char *from;
	int64_t now;
	enum credential_result result; /* filled in */
	int64_t id;                    /* filled in: of the approval; 0: none */
};

/* Approvals of one user, and access tokens of one approval: one more is SFMFA_ERR_TOO_LARGE, or the oldest goes. */
#define STORE_GRANTS_MAX 64
#define STORE_ACCESS_MAX 16
/* A used assertion is remembered so long after its end: a clock that was set back by less cannot make it good. */
#define STORE_ASSERTION_SECONDS 3600

/* Open sessions of a user that are remembered; the oldest beyond are taken for over. */
#define STORE_SESSIONS_MAX 64

enum store_op_kind {
	STORE_ATTEMPT = 0,
	STORE_REGISTER,
	STORE_DISCONNECT,      /* user: app, tokens, recovery codes, temporary code gone; generation + 1 */
	STORE_ENSURE_USER,     /* user, flag: virtual; a row that is there stays as it is */
	STORE_DELETE_USER,     /* user */
	STORE_FREEZE,          /* user, flag: frozen */
	STORE_UNLOCK,          /* user: guards of every caller cleared; number 1: last_step too */
	STORE_SET_PROFILE,     /* user, name ("" = unassign) */
	STORE_ASSIGN,          /* user, assignment; SFMFA_ERR_EXISTS, _TOO_LARGE: ASSIGNMENTS_MAX */
	STORE_REVOKE,          /* user, assignment.kind and .name; SFMFA_ERR_NOT_FOUND */
	/* user, token; token.id out; SFMFA_ERR_EXISTS: a live token of that label (one that has expired gives it up) */
	STORE_TOKEN_NEW,
	/* user, name = label, or flag: all; number out: how many; SFMFA_ERR_NOT_FOUND: no such label (all: never) */
	STORE_TOKEN_REVOKE,
	STORE_RECOVERY_RENEW,  /* user, hashes */
	STORE_TEMPORARY_NEW,   /* user, hash in hashes[0], until; SFMFA_ERR_TOO_LARGE: six in the last hour */
	STORE_TEMPORARY_EXPIRE, /* user */
	STORE_SESSION_OPEN,
	STORE_SESSION_CLOSE,   /* user, number: the session; one that is not there or another's is none */
	STORE_IMPORT_STAGE,    /* import */
	STORE_IMPORT_APPLY,    /* import */
	STORE_CREDENTIAL,
	/* SFMFA_ERR_EXISTS: approved already, and there is no token to be had; SFMFA_ERR_TOO_LARGE */
	STORE_APP_APPROVE,
	STORE_APP_REFRESH,
	/* user, name: of the app, or number: of the approval; until out: how many. SFMFA_ERR_NOT_FOUND: none */
	STORE_APP_REVOKE,
	STORE_SET_KEY,         /* name = key id, wrap; SFMFA_ERR_EXISTS */
	/* name = key id: the wrap that stays; number out: how many others went; SFMFA_ERR_NOT_FOUND: none of this id, all stay */
	STORE_KEEP_KEY,
};

/*
 * One write. Pointers must live until store_commit() returns; now is always filled in. But for
 * STORE_REGISTER, STORE_ENSURE_USER, STORE_SESSION_OPEN, imports and what is about ids a user without a row is
 * SFMFA_ERR_NOT_FOUND. Input that could not be
 * read back (an empty or over-long name, no codes) is SFMFA_ERR_INVALID.
 */
struct store_op {
	enum store_op_kind kind;
	enum sfmfa_err err; /* filled in: SFMFA_OK, a refusal of the condition, or SFMFA_ERR_STORE */
	union {
		struct store_attempt attempt;
		struct store_register registration;
		struct store_session_open session;
		struct store_import import;
		struct store_credential credential;
		struct store_app_approve approve;
		struct store_app_refresh refresh;
		struct {
			const char *user;
			const char *name;
			bool flag;
			int64_t number; /* in or out */
			int64_t now;
			struct assignment assignment;
			struct token_record token;
			size_t hash_count;
			unsigned char hashes[STORE_RECOVERY_MAX][HASH_SIZE];
			int64_t until; /* in; of STORE_APP_REVOKE out */
			unsigned char wrap[128];
			size_t wrap_size;
			bool by_other; /* STORE_DISCONNECT: by somebody else than the user */
		} change;
	};
};

/* Live tokens of one user; one more is SFMFA_ERR_TOO_LARGE. As many revoked ones are remembered, the newest. */
#define STORE_TOKENS_MAX 256

struct store_user_filter {
	const char *after;   /* names above this one; "" or NULL: from the beginning */
	const char *profile; /* assigned profile; NULL: any */
	int state;           /* enum app_state, -1: any */
	bool locked, frozen; /* only those; locked by a guard of any caller, as far as the wall clock says */
	int64_t now;         /* for locked */
	unsigned limit;
};

/* An access token and the approval it came of. */
struct app_token {
	struct app_grant grant;
	enum flow flow;     /* by which it was got: of the approval, or refresh-token */
	int64_t expires_at;
};

/* What becomes of a copy that takes the place of the store (rules 4: nothing that was spent may be spent again). */
struct store_restore {
	int64_t now;          /* every code up to this moment counts as used */
	unsigned window;      /* steps */
	bool keep_recovery_codes;
	const char *key_id;   /* the only wrap of the data keys from then on */
	const unsigned char *wrap;
	size_t wrap_size;
};

struct store;

/* A copy of the whole store but its events: a stream of bytes that another store can take in. */
struct store_copy {
	struct store *store;
};

struct store_ops {
	void (*close)(struct store *store);
	enum sfmfa_err (*read_user)(struct store *store, const char *name, int64_t caller, struct user_record *ret_user,
	                            struct diag *diag);
	enum sfmfa_err (*find_token)(struct store *store, int64_t user_id, const unsigned char hash[HASH_SIZE],
	                             struct token_record *ret_token, struct diag *diag);
	enum sfmfa_err (*find_session)(struct store *store, const struct session_place *place,
	                               struct session_record *ret_session, struct diag *diag);
	enum sfmfa_err (*list_users)(struct store *store, const struct store_user_filter *filter,
	                             struct user_record *ret_users, size_t *ret_count,
	                             char ret_next[USER_NAME_SIZE], struct diag *diag);
	enum sfmfa_err (*list_tokens)(struct store *store, int64_t user_id, int64_t after_id, struct token_record *ret_tokens,
	                              size_t max, size_t *ret_count, struct diag *diag);
	enum sfmfa_err (*commit)(struct store *store, struct store_op *const ops[], size_t count, struct diag *diag);
	enum sfmfa_err (*read_key)(struct store *store, const char *key_id, void *ret_wrap, size_t max, size_t *ret_size,
	                           struct diag *diag);
	enum sfmfa_err (*has_keys)(struct store *store, bool *ret_any, struct diag *diag);
	enum sfmfa_err (*add_events)(struct store *store, const struct event *const events[], size_t count,
	                             struct diag *diag);
	enum sfmfa_err (*list_events)(struct store *store, const struct event_filter *filter, struct event *ret_events,
	                              size_t *ret_count, int64_t *ret_next, struct diag *diag);
	enum sfmfa_err (*expire_events)(struct store *store, int64_t before, unsigned limit, struct diag *diag);
	enum sfmfa_err (*settle)(struct store *store, struct diag *diag);
	enum sfmfa_err (*find_access)(struct store *store, const unsigned char hash[HASH_SIZE],
	                              struct app_token *ret_token, struct diag *diag);
	enum sfmfa_err (*find_family)(struct store *store, const unsigned char hash[HASH_SIZE],
	                              struct app_grant *ret_grant, struct diag *diag);
	enum sfmfa_err (*find_approval)(struct store *store, int64_t user_id, const char *app, enum flow flow,
	                                struct diag *diag);
	enum sfmfa_err (*list_grants)(struct store *store, int64_t user_id, int64_t after_id, struct app_grant *ret_grants,
	                              size_t max, size_t *ret_count, struct diag *diag);
	enum sfmfa_err (*copy_create)(struct store *store, bool receive, struct store_copy **ret_copy, struct diag *diag);
	void (*copy_destroy)(struct store_copy *copy);
	enum sfmfa_err (*copy_step)(struct store_copy *copy, int64_t *ret_left, int64_t *ret_size, struct diag *diag);
	enum sfmfa_err (*copy_read)(struct store_copy *copy, int64_t at, void *ret_bytes, size_t max, size_t *ret_size,
	                            struct diag *diag);
	enum sfmfa_err (*copy_write)(struct store_copy *copy, const void *bytes, size_t size, struct diag *diag);
	enum sfmfa_err (*copy_check)(struct store_copy *copy, int64_t *ret_users, struct diag *diag);
	enum sfmfa_err (*copy_install)(struct store_copy *copy, const struct store_restore *restore, struct diag *diag);
	enum sfmfa_err (*scrub)(struct store *store, struct diag *diag);
	enum sfmfa_err (*count_users)(struct store *store, int64_t *ret_count, struct diag *diag);
};

/* The first member of every backend's own struct. */
struct store {
	const struct store_ops *ops;
};

/*
 * Opens or makes the store in the folder state_dir (0700, files 0600), migrating an older schema in
 * place. A file system that cannot be written: read-only, logins that owe nothing go on.
 */
enum sfmfa_err
store_open_sqlite(const char *state_dir, struct store **ret_store, struct diag *diag) SFMFA_MUST_USE;

/* NULL is allowed. */
void
store_close(struct store *store);

/*
 * The user and the guard of this caller (-1: the user's own). SFMFA_ERR_NOT_FOUND: no such row; then
 * ret_user is a zeroed record with the name.
 */
enum sfmfa_err
store_read_user(struct store *store, const char *name, int64_t caller, struct user_record *ret_user, struct diag *diag)
	SFMFA_MUST_USE;

/* A token of this user by its hash, revoked and expired ones too. SFMFA_ERR_NOT_FOUND. */
enum sfmfa_err
store_find_token(struct store *store, int64_t user_id, const unsigned char hash[HASH_SIZE],
                 struct token_record *ret_token, struct diag *diag) SFMFA_MUST_USE;

/*
 * The session recorded at a place: by its audit session where it has one, else, or where none is found, by leader
 * and terminal. SFMFA_ERR_NOT_FOUND, also for a place that is none.
 */
enum sfmfa_err
store_find_session(struct store *store, const struct session_place *place, struct session_record *ret_session,
                   struct diag *diag) SFMFA_MUST_USE;

/*
 * A page by name; ret_users has room for filter->limit (guards, assignments are filled in). ret_next: the name after
 * which to go on, "" at the end. A page may have fewer users than the limit, or none, and go on all the same: where few
 * meet two filters it ends after a number of rows, because logins wait meanwhile.
 */
enum sfmfa_err
store_list_users(struct store *store, const struct store_user_filter *filter, struct user_record *ret_users,
                 size_t *ret_count, char ret_next[USER_NAME_SIZE], struct diag *diag) SFMFA_MUST_USE;

/* A page by id, revoked ones left out. */
enum sfmfa_err
store_list_tokens(struct store *store, int64_t user_id, int64_t after_id, struct token_record *ret_tokens, size_t max,
                  size_t *ret_count, struct diag *diag) SFMFA_MUST_USE;

/* An access token by its hash, of whichever user, expired ones too. SFMFA_ERR_NOT_FOUND. */
enum sfmfa_err
store_find_access(struct store *store, const unsigned char hash[HASH_SIZE], struct app_token *ret_token,
                  struct diag *diag) SFMFA_MUST_USE;

/* The approval a refresh token came of, by the half that stays. SFMFA_ERR_NOT_FOUND. */
enum sfmfa_err
store_find_family(struct store *store, const unsigned char hash[HASH_SIZE], struct app_grant *ret_grant,
                  struct diag *diag) SFMFA_MUST_USE;

/* SFMFA_OK: the user has approved this flow of the app. SFMFA_ERR_NOT_FOUND: not. */
enum sfmfa_err
store_find_approval(struct store *store, int64_t user_id, const char *app, enum flow flow, struct diag *diag)
	SFMFA_MUST_USE;

/* A page of a user's approvals by id. */
enum sfmfa_err
store_list_grants(struct store *store, int64_t user_id, int64_t after_id, struct app_grant *ret_grants, size_t max,
                  size_t *ret_count, struct diag *diag) SFMFA_MUST_USE;

/*
 * All operations in one transaction, one sync. Each op's err is filled in; if the commit fails each is
 * tried alone. Returns SFMFA_OK if the store could be used at all.
 */
enum sfmfa_err
store_commit(struct store *store, struct store_op *const ops[], size_t count, struct diag *diag) SFMFA_MUST_USE;

/* The wrap of the data keys under this sealing key. SFMFA_ERR_NOT_FOUND. */
enum sfmfa_err
store_read_key(struct store *store, const char *key_id, void *ret_wrap, size_t max, size_t *ret_size,
               struct diag *diag) SFMFA_MUST_USE;
enum sfmfa_err
store_has_keys(struct store *store, bool *ret_any, struct diag *diag) SFMFA_MUST_USE;

/* Events: without a sync. A failure loses them to the caller (who has the log), never a login. */
enum sfmfa_err
store_add_events(struct store *store, const struct event *const events[], size_t count, struct diag *diag)
	SFMFA_MUST_USE;
/*
 * Newest first; ret_events has room for filter->limit. ret_next: the id before which to go on, 0 at the end; of a short
 * page too, as for users. SFMFA_ERR_TIMEOUT: very many events of one second lie before the page.
 */
enum sfmfa_err
store_list_events(struct store *store, const struct event_filter *filter, struct event *ret_events, size_t *ret_count,
                  int64_t *ret_next, struct diag *diag) SFMFA_MUST_USE;
/* Removes at most limit events older than before. */
enum sfmfa_err
store_expire_events(struct store *store, int64_t before, unsigned limit, struct diag *diag) SFMFA_MUST_USE;
enum sfmfa_err
store_count_users(struct store *store, int64_t *ret_count, struct diag *diag) SFMFA_MUST_USE;

/*
 * Brings what was committed to where it stays (SQLite: from the log into sfmfa.db), so that a copy made
 * while nothing runs is whole without the log. Changes nothing that can be read; waits for nobody.
 */
enum sfmfa_err
store_settle(struct store *store, struct diag *diag) SFMFA_MUST_USE;

/*
 * The same, and nothing that was deleted or replaced is left behind anywhere in the store. SFMFA_ERR_TIMEOUT:
 * somebody else is reading; waits for them for a while.
 */
enum sfmfa_err
store_scrub(struct store *store, struct diag *diag) SFMFA_MUST_USE;

/*
 * A consistent copy is made piece by piece, so that logins go on: store_copy_step() until nothing is left, then
 * store_copy_read(). It lives in files of its own that end with it.
 */
enum sfmfa_err
store_copy_begin(struct store *store, struct store_copy **ret_copy, struct diag *diag) SFMFA_MUST_USE;
/* *ret_left: bytes that are not copied yet, about; 0: done, and *ret_size is how many there are. */
enum sfmfa_err
store_copy_step(struct store_copy *copy, int64_t *ret_left, int64_t *ret_size, struct diag *diag) SFMFA_MUST_USE;
/* Bytes from this offset on, 0 at the end. */
enum sfmfa_err
store_copy_read(struct store_copy *copy, int64_t at, void *ret_bytes, size_t max, size_t *ret_size,
                struct diag *diag) SFMFA_MUST_USE;

/* The other way: bytes are taken in, looked over, and take the place of the store in one commit. */
enum sfmfa_err
store_copy_receive(struct store *store, struct store_copy **ret_copy, struct diag *diag) SFMFA_MUST_USE;
enum sfmfa_err
store_copy_write(struct store_copy *copy, const void *bytes, size_t size, struct diag *diag) SFMFA_MUST_USE;
/* SFMFA_ERR_STORE: damaged, of another program or a newer version. Nothing may be written after it. */
enum sfmfa_err
store_copy_check(struct store_copy *copy, int64_t *ret_users, struct diag *diag) SFMFA_MUST_USE;
/*
 * Sessions, handed-over logins, temporary codes and, unless kept, recovery codes are left out; no code up to now is good
 * any more; no attempt that began on the old store ends on the new one; what an import has staged is thrown away. Once.
 * SFMFA_ERR_TIMEOUT: somebody else writes.
 */
enum sfmfa_err
store_copy_install(struct store_copy *copy, const struct store_restore *restore, struct diag *diag) SFMFA_MUST_USE;

/* NULL is allowed. */
void
store_copy_destroy(struct store_copy *copy);

/*
 * The guard's arithmetic, pure and shared by every backend: what an attempt meets and leaves behind
 * (rules 4, "Lockout"). guard is the row before, and is changed to the row after. Everything but hash, token and
 * generation conditions is decided here; right says whether those hold.
 */
enum attempt_result
guard_attempt(struct guard *guard, const struct store_attempt *attempt, bool right, bool *ret_locked_now);

/* Whether a lock is in force: it ends as soon as either clock says so (rules 4). */
bool
guard_is_locked(const struct guard *guard, const struct moment *now);

#endif
