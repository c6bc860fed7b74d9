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
#define STAGE_TOKEN_SIZE 25
#define STAGE_LISTENERS_MAX 2

/* Whose end a test may set. */
enum stage_mortal { MORTAL_SFMFA = 0, MORTAL_SFMFAD, MORTAL_COUNT };

struct stage {
	char folder[STAGE_PATH_SIZE];
	pid_t daemon;      /* 0: not running */
	bool no_once;
	const char *input;  /* what the CLI reads; NULL: nothing */
	int64_t *mortals[MORTAL_COUNT]; /* mapped; NULL: stage_make_mortal() was not called */
	int listeners[STAGE_LISTENERS_MAX]; /* belong to the test, and are handed to each daemon as a service manager does */
	unsigned listener_count;
	bool for_another;  /* and are said to be for another process */
	int64_t *clock;    /* mapped; the wall clock of the test, the daemon and the module */
	char output[65536]; /* of the last stage_sfmfa() or stage_talk() */
	/* Libraries to load into what is started from now on, beside the clock; NULL: none. */
	const char *daemon_preload, *client_preload;
};

/*
 * Services made: "login" (ui), "mail" (api, the three-line stack, all six hooks), "ask" (api, factor prompted for), "cron" (exempt),
 * "bare" (api without split), "nopassword" (ui, sfmfa alone, in all six hooks), "alone" (ui, sfmfa alone, finds no daemon: --once).
 * settings are lines of sfmfa.conf, "" none.
 * The standard profiles of the project are there.
 */
void
stage_open(struct stage *stage, const char *settings);

/* Stops the daemon; a report of a sanitizer fails the test. */
void
stage_close(struct stage *stage);

void
stage_daemon_start(struct stage *stage);
/* One that does not come to serve: its exit status, once it has ended. */
int
stage_daemon_ends(struct stage *stage);
/* One that may not come up: false, and what waitpid() says of its end. */
bool
stage_daemon_try(struct stage *stage, int *ret_status);
/* What waitpid() says of its end. */
int
stage_daemon_stop(struct stage *stage, int signal);

/* Listens at FOLDER/run/NAME for the daemons to come; type as in socket(2). Call with the daemon stopped. */
void
stage_listen(struct stage *stage, const char *name, int type);

/*
 * From now on the test listens, as systemd does, and the daemon gets the sockets: while none runs, who connects
 * waits. One that runs is stopped and started anew.
 */
void
stage_daemon_activate(struct stage *stage);

/*
 * Skips the test where sfmfad --once may not be started: it wants uid 0 and a process 1 to compare itself with, so
 * in a container tests/services/once.sh makes a place for it. Makes a mount namespace, in which nobody's syslog is.
 */
void
stage_need_once(struct stage *stage, struct talk *talk);

/* The module finds no program to start where nobody listens (as root it may, in some surroundings). */
void
stage_forbid_once(struct stage *stage);

/* Writes sfmfa.conf anew, with these settings. */
void
stage_configure(const struct stage *stage, const char *settings);

/* Writes FOLDER/NAME. */
void
stage_write(const struct stage *stage, const char *name, const char *text);

/* Puts FOLDER/NAME, a file of the configuration, in place at once; the daemon has read it then. */
void
stage_replace(struct stage *stage, const char *name, const char *text);

/* From the next start on the CLI and the daemon count their system calls that leave something behind (tests/lib/killat.c). */
void
stage_make_mortal(struct stage *stage);

/* Sets the end after so many such calls from now; 0: it lives on. */
void
stage_die_after(struct stage *stage, enum stage_mortal who, int64_t calls);

/* Runs the CLI with the words of a line; its exit status (128 + SIGKILL: its end was set), its standard output in stage->output. */
int
stage_sfmfa(struct stage *stage, const char *words);

/* The same with the first line of a file on its standard input. */
int
stage_sfmfa_from(struct stage *stage, const char *words, const char *file);

/* The same for a command that may not live to give one: what waitpid() says. */
int
stage_sfmfa_end(struct stage *stage, const char *words);

/*
 * The same login as stage_login() makes, by a program of its own: pamtalk with the words of a line ("login alice 000000").
 * What waitpid() says of its end.
 */
int
stage_talk(struct stage *stage, const char *words);

/* A JSON text value of the last output: the first one with this key. Fails the test if there is none. */
void
stage_json(const struct stage *stage, const char *key, char *ret_text, size_t size);

/* Changes everybody's password: letters, digits, spaces. */
void
stage_password(const struct stage *stage, const char *password);

/* A new security token: the user and options of "token new". */
void
stage_token(struct stage *stage, const char *words, char ret_token[STAGE_TOKEN_SIZE]);

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

/* What the talk will answer from now on, ended by NULL; the answers must outlive their use. */
void
stage_answers(const struct stage *stage, struct talk *talk, const char *const answers[]);

/* A handle with this conversation, not slowed down by denials. */
pam_handle_t *
stage_pam_start(struct stage *stage, const struct pam_conv *conversation, const char *service, const char *user);

/* What every hook answers where nobody stops at the first denial. */
enum stage_hook { HOOK_AUTHENTICATE, HOOK_SETCRED, HOOK_ACCT_MGMT, HOOK_OPEN, HOOK_CLOSE, HOOK_CHAUTHTOK, HOOK_COUNT };
void
stage_hooks(struct stage *stage, struct talk *talk, const char *service, const char *user, const char *const answers[],
            int ret_codes[HOOK_COUNT]);

/* The newest line of the log that is a decision about the user; fails the test if there is none. */
void
stage_last_decision(struct stage *stage, const char *user, char *ret_line, size_t size);

/* Whether that line has this key=value. */
bool
stage_decided(struct stage *stage, const char *user, const char *pair);

/* Registers an app for a user of profile "mfa" through a login; the key is in talk->key afterwards. */
void
stage_register(struct stage *stage, struct talk *talk, const char *user);

/* Registers an app for a user through "sfmfa enroll": pending; the key is in talk->key, the recovery codes in stage->output. */
void
stage_enrol(struct stage *stage, struct talk *talk, const char *user);

/* How many decision lines the log has. */
unsigned
stage_decisions(struct stage *stage);

#endif
