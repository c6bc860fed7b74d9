/*
 * A host in a temporary folder: real configuration files, a real SQLite store, real keys; only the
 * clock is a number. A test drives login machines with lists of answers; what they want written is
 * committed as the daemon does it.
 */
#ifndef TESTS_LOGIN_FIXTURE_H
#define TESTS_LOGIN_FIXTURE_H

#include <criterion/criterion.h>

#include "auth/audit.h"
#include "auth/conversation.h"
#include "auth/env.h"
#include "auth/login.h"

#define FIXTURE_EVENTS 64
#define FIXTURE_NOW    INT64_C(1700000015) /* a Tuesday, 22:13:35 UTC */

#define FIXTURE_PROCESSES 1000 /* processes below it live, each since ten times its number */

struct fixture {
	char dir[64];
	char conf[16384];
	struct env env;
	int64_t now;
	bool clock_broken;
	struct caller root;
	struct event events[FIXTURE_EVENTS];
	size_t event_count;
};

/* The host, not yet loaded: profile "standard" with these permissions ("\"api-enabled\"") and lines. */
void
fixture_begin(struct fixture *f, const char *permissions, const char *profile_extra);
/* More lines of sfmfa.conf; before fixture_load(). */
void
fixture_conf(struct fixture *f, const char *lines);
void
fixture_file(struct fixture *f, const char *name, const char *text);
/* Configuration, store, keys. */
void
fixture_load(struct fixture *f);
/* All three in one. */
void
fixture_start(struct fixture *f, const char *permissions, const char *conf);
void
fixture_finish(struct fixture *f);

/* Users, as an administrator would have made them. */
void
fixture_commit(struct fixture *f, struct store_op *op);
void
fixture_enrol(struct fixture *f, const char *user, enum app_state state, struct secret *ret_shared);
/* With ten recovery codes, of which the first is given back in printed form. */
void
fixture_enrol_with_codes(struct fixture *f, const char *user, struct secret *ret_shared, char ret_code[32]);
void
fixture_temporary_code(struct fixture *f, const char *user, char ret_code[32]);
/* ret_token: 24 characters and a NUL. expires_at 0: never; service NULL: every one. */
void
fixture_token(struct fixture *f, const char *user, const char *label, int64_t expires_at, const char *service,
              char ret_token[32]);
void
fixture_freeze(struct fixture *f, const char *user, bool frozen);
struct user_record
fixture_record(struct fixture *f, const char *user);
/* The code of an app now, offset steps from now. */
void
fixture_code(struct fixture *f, const struct secret *shared, int offset, char ret_code[16]);

/* Now, by both clocks. */
struct moment
fixture_moment(const struct fixture *f);

/* Logins. */
struct login_request
fixture_request(const char *user, const char *service);
/* request and caller must live as long as the login. */
struct login *
fixture_login(struct fixture *f, const struct caller *caller, struct login_request *request);
/* Steps, and commits what is to be written until something is to be said. */
enum turn
fixture_step(struct fixture *f, struct login *login, enum input_kind kind, const char *answer);
/* A whole UI login with one answer (NULL: none is expected). The result is copied. */
struct login_result
fixture_ui(struct fixture *f, const char *user, const char *answer);
/* A whole API login by split and first-factor-ok. *ret_strip may be NULL. */
struct login_result
fixture_api(struct fixture *f, const char *user, const char *rhost, const char *password, size_t *ret_strip);

/* The last event; fails the test if there is none. */
const struct event *
fixture_event(const struct fixture *f);

void
assert_denied(const struct fixture *f, const struct login_result *result, enum outcome outcome,
              enum reason reason);
void
assert_allowed(const struct fixture *f, const struct login_result *result, enum factor method,
               enum level level, enum reason reason);

#endif
