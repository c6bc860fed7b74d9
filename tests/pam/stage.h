/*
 * A private installation for one test: configuration, profiles, PAM services in a temporary folder, a
 * real sfmfad that runs as whoever runs the test, a clock that the test sets. No root is needed.
 */
#ifndef SFMFA_TESTS_PAM_STAGE_H
#define SFMFA_TESTS_PAM_STAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include <security/pam_appl.h>

#include "talk.h"

#define STAGE_PATH_SIZE 256
#define STAGE_PASSWORD  "correct horse" /* everybody's */

struct stage {
	char folder[STAGE_PATH_SIZE];
	pid_t daemon;      /* 0: not running */
	int64_t *clock;    /* mapped; the wall clock of the test, the daemon and the module */
	char output[65536]; /* of the last stage_sfmfa() */
};

/*
 * Services made: "login" (ui), "mail" (api, the three-line stack), "ask" (api, factor prompted for), "cron" (exempt),
 * "bare" (api without split), "nopassword" (ui, sfmfa alone). settings are lines of sfmfa.conf, "" none.
 * The standard profiles of the project are there.
 */
void
stage_open(struct stage *stage, const char *settings);
void
stage_close(struct stage *stage);

void
stage_daemon_start(struct stage *stage);
void
stage_daemon_stop(struct stage *stage, int signal);

/* Writes FOLDER/NAME. */
void
stage_write(const struct stage *stage, const char *name, const char *text);

/* Runs the CLI with the words of a line; its exit status, its standard output in stage->output. */
int
stage_sfmfa(struct stage *stage, const char *words);

/* A JSON text value of the last output: the first one with this key. Fails the test if there is none. */
void
stage_json(const struct stage *stage, const char *key, char *ret_text, size_t size);

/* Moves the clock. */
void
stage_wait(struct stage *stage, int64_t seconds);

/* What a login came to. */
struct attempt_codes {
	int auth, account; /* account: PAM_ABORT if it was not reached */
};

/* One login through libpam with these answers, ended by NULL; rhost NULL: not set. */
struct attempt_codes
stage_login(struct stage *stage, struct talk *talk, const char *service, const char *user, const char *rhost,
            const char *const answers[]);

/* The newest line of the log that is a decision about the user; fails the test if there is none. */
void
stage_last_decision(struct stage *stage, const char *user, char *ret_line, size_t size);

/* Whether that line has this key=value. */
bool
stage_decided(struct stage *stage, const char *user, const char *pair);

/* Registers an app for a user of profile "mfa" through a login; the key is in talk->key afterwards. */
void
stage_register(struct stage *stage, struct talk *talk, const char *user);

/* How many decision lines the log has. */
unsigned
stage_decisions(struct stage *stage);

#endif
