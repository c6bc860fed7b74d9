/* Sessions: where a process is, and what was recorded about the login that began there (rules 7c and 8). */
#ifndef SFMFA_MODEL_SESSION_H
#define SFMFA_MODEL_SESSION_H

#include <stdint.h>

#include "model/factor.h"
#include "model/limits.h"
#include "model/login_type.h"
#include "model/user.h"

/*
 * Which session of the system a process is in (rules 8, "Which session"): by its audit session where that
 * counts, else by the session leader together with the terminal.
 */
struct session_place {
	char boot_id[BOOT_ID_SIZE]; /* "": no place */
	int64_t audit;              /* audit session id; -1: none that counts */
	int64_t leader;             /* pid of the session leader; 0: none */
	int64_t leader_start;       /* when it started, clock ticks since boot (proc(5), starttime) */
	char tty[HOST_SIZE];        /* without "/dev/"; "" = none */
};

struct session_record {
	int64_t id;
	char user[USER_NAME_SIZE];
	char service[SERVICE_NAME_SIZE];
	enum login_type login_type;
	struct session_place place;
	int64_t opened_at;                /* Unix seconds */
	/* Its own proof: what the login that opened it was proved with. proved_at.wall 0: nothing. */
	enum factor method;
	struct moment proved_at;
	char proved_by[USER_NAME_SIZE];   /* another user, whose login it was opened with; "" = the user */
	int64_t generation;               /* of the user's factors at the proof */
	/* Of the user now; a proof that any of them has overtaken is void. */
	int64_t user_generation;
	int64_t frozen_at;                /* last freeze, Unix seconds; 0: never */
	int64_t locked_at;                /* beginning of the last lock */
};

#endif
