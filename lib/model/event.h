/* What is remembered of a decision or an act of administration: one event each. */
#ifndef SFMFA_MODEL_EVENT_H
#define SFMFA_MODEL_EVENT_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "model/decision.h"
#include "model/limits.h"
#include "model/login_type.h"

enum event_kind {
	EVENT_LOGIN = 0,
	EVENT_ADMIN, /* a command that changes something, done or refused */
};

#define EVENT_NAME_SIZE   1024 /* a name after text_escape() */
#define EVENT_CHANGE_SIZE 256

/* Every text is already safe to print (text_escape). */
struct event {
	enum event_kind kind;
	int64_t id;   /* given by the store */
	int64_t time; /* Unix seconds */
	/* The user it is about. An unknown name is never kept: then "unknown:" and a keyed hash of it. */
	char user[EVENT_NAME_SIZE];
	char service[SERVICE_NAME_SIZE * 4];
	enum login_type login_type;
	char remote[HOST_SIZE * 4]; /* "" = not given */
	enum factor method;
	enum verdict verdict;
	enum level level;
	enum reason reason;
	uid_t caller;  /* uid of the peer */
	bool claimed;  /* remote, user and service are a non-root caller's assertion */
	bool config_stale;
	int64_t step_offset; /* steps from now of a code that was right outside the window; 0: none */
	char app[NAME_SIZE];
	char flow[NAME_SIZE];
	char app_key[NAME_SIZE]; /* id of the key that verified, or "grant-N", the approval a token came of; "" */
	/* EVENT_ADMIN */
	char actor[EVENT_NAME_SIZE];
	char verb[NAME_SIZE];
	char change[EVENT_CHANGE_SIZE];
};

struct event_filter {
	const char *user; /* NULL: all */
	int64_t since;    /* 0: from the beginning */
	int64_t until;    /* 0: to the end */
	int reason;       /* enum reason, -1: any */
	int login_type;   /* enum login_type, -1: any */
	bool logins;      /* no acts of administration */
	int64_t before_id; /* page: only older ones than this; 0: from the newest */
	unsigned limit;   /* at most this many, newest first */
};

#endif
