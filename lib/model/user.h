/* A user as the store knows them: everything a login needs, in one read. */
#ifndef SFMFA_MODEL_USER_H
#define SFMFA_MODEL_USER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "model/factor.h"
#include "model/limits.h"

#define HASH_SIZE        32  /* HMAC-SHA-256 */
#define SEALED_SIZE_MAX  128 /* a sealed shared secret: nonce 12, up to 64 bytes, tag 16 */
#define BOOT_ID_SIZE     40  /* /proc/sys/kernel/random/boot_id with its NUL */

/* Both clocks: the wall may jump, the boot clock may not. */
struct moment {
	int64_t wall;      /* Unix seconds */
	int64_t boot;      /* CLOCK_BOOTTIME, seconds */
	char boot_id[BOOT_ID_SIZE]; /* which boot the second one counts from */
};

/* The authenticator app. The shared secret stays sealed until it is used. */
struct user_app {
	enum app_state state;
	struct totp_params params;
	size_t sealed_size;
	unsigned char sealed[SEALED_SIZE_MAX];
	int64_t registered_at; /* Unix seconds */
	int64_t completed_at;  /* 0: not completed */
};

/*
 * The guard against guessing and replay, one for the user and one for every other caller uid that
 * guesses in their name (rules 4, "Lockout").
 */
struct guard {
	int64_t last_step;      /* highest accepted time step; 0: none */
	int64_t failures;       /* counted wrong answers since the last success or lock */
	int64_t lock_count;     /* locks since the last success: the length doubles */
	struct moment locked_at; /* wall 0: not locked */
	int64_t lock_seconds;   /* 0 with locked_at set: until unlocked */
	int64_t busy_step;      /* the time step that the two counters below belong to */
	int64_t compared;       /* answers compared in it (maximum 0) */
	int64_t near_misses;    /* codes right for a step within ±10, not counted */
	int64_t failed_since_success; /* told at the next successful UI login */
	int64_t last_failed_at;
};

enum assignment_kind {
	ASSIGNMENT_PERMISSION = 0,
	ASSIGNMENT_SET,
	ASSIGNMENT_GROUP,
	ASSIGNMENT_KIND_COUNT
};

const char *
assignment_kind_key(enum assignment_kind kind); /* "permission", "set", "group" */

struct assignment {
	enum assignment_kind kind;
	char name[NAME_SIZE]; /* a permission's key, a set's or group's name */
	char by[USER_NAME_SIZE];
	int64_t at; /* Unix seconds */
};

struct user_record {
	int64_t id; /* 0: the store does not know the user */
	char name[USER_NAME_SIZE];
	bool is_virtual;     /* made by root without NSS knowing the name */
	bool frozen;
	char profile[NAME_SIZE]; /* assigned profile; "" none */
	int64_t generation;  /* of the factors: changes with every enrolment and disconnect */
	bool disconnected_by_other; /* the next registration needs a temporary code (rules 7e) */
	struct user_app app;
	struct guard guard;
	size_t token_count;  /* tokens in force or expired, not revoked */
	size_t recovery_codes_left;
	int64_t temporary_code_until; /* 0: none in force */
	size_t assignment_count;
	struct assignment assignments[ASSIGNMENTS_MAX];
};

/* A temporary code that would end later was issued by a clock that was wrong: it stands for nothing (rules 4). */
#define TEMPORARY_CODE_SECONDS_MAX (24 * 60 * 60)

bool
user_temporary_code_stands(const struct user_record *record, int64_t wall);

#endif
