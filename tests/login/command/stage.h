/* A real store in a temporary folder, real configuration files, a clock that is set, and commands run to their end. */
#ifndef SFMFA_TEST_COMMAND_STAGE_H
#define SFMFA_TEST_COMMAND_STAGE_H

#include "auth/command.h"
#include "model/event.h"

#define STAGE_ANSWERS_MAX 8

struct stage {
	char folder[64];
	struct env env;
	struct moment now;
	unsigned events;
	struct event event; /* the last one */
};

/* settings: more lines for sfmfa.conf, "" = none. */
void
stage_open(struct stage *stage, const char *settings);
void
stage_close(struct stage *stage);
/* Reads the configuration again, with one more file of these lines (folder/name below the configuration's folder). */
void
stage_write(struct stage *stage, const char *path, const char *text);
void
stage_reload(struct stage *stage);
void
stage_pass(struct stage *stage, int64_t seconds);

struct caller
stage_root(void);
/* A user of the system who calls, uid by name: alice 1001 … (stage.c). */
struct caller
stage_caller(const char *name);
/* The same as a subject; a name that is not in the list of users is unknown to NSS. */
struct person
stage_person(const char *name);

struct outcome_of {
	enum command_status status;
	char sentence[512];
	struct fields reply;
	unsigned asks;
	struct ask first_ask, last_ask;
	unsigned writes;
};

/*
 * args: key, value, … NULL. answers: one an ask, NULL: nobody answers. "@own SECRET": the present code of that
 * secret; "@wrong SECRET": not that one; "@app": the present code of the app whose URI the first ask of a confirmation showed.
 */
struct outcome_of
stage_run(struct stage *stage, const struct caller *caller, enum verb verb, const char *subject,
          const char *const args[], const char *const answers[]);
void
outcome_clear(struct outcome_of *outcome);

/* A value of the reply, "" where it is absent; nth of a repeated key. */
const char *
reply_nth(const struct outcome_of *outcome, const char *key, unsigned nth);
const char *
reply_text(const struct outcome_of *outcome, const char *key);
unsigned
reply_count(const struct outcome_of *outcome, const char *key);

/* The present code of a secret in base32, in a static buffer. */
const char *
stage_code(const struct stage *stage, const char *base32);

/* Enrols as root; completed: and uses the app in a login. The secret in base32, in a static buffer; a minute passes. */
const char *
stage_enroll(struct stage *stage, const char *name, bool completed);

/* As root, must succeed: perm-assign of one name, profile-assign. */
void
stage_assign(struct stage *stage, const char *name, const char *permission);
void
stage_profile(struct stage *stage, const char *name, const char *profile);

/* The record of a user, in a static buffer. */
const struct user_record *
stage_record(struct stage *stage, const char *name);

#define ARGS(...)    ((const char *const[]){ __VA_ARGS__, NULL })
#define ANSWERS(...) ((const char *const[]){ __VA_ARGS__, NULL })
#define NO_ARGS      ((const char *const[]){ NULL })
#define NO_ANSWERS   ((const char *const[]){ NULL })

#endif
