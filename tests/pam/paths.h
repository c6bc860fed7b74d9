/*
 * What sfmfa mainly does, each once with something failing meanwhile (sweep.h) and once when all is well again: a UI
 * login, an API login, a registration, a command, a start, a reload. What is wrong is told by sweep_wrong().
 */
#ifndef SFMFA_TESTS_PAM_PATHS_H
#define SFMFA_TESTS_PAM_PATHS_H

#include "stage.h"
#include "sweep.h"

#define PATHS_PEER  "203.0.113.7"
#define PATHS_FIRST "hunter2-of-bob" /* a first factor, which nobody checks here */

struct paths {
	struct stage stage;
	struct talk talk;
	struct faults *faults;
	const char *preload;      /* for the daemon, failio.so or libfailheap.so */
	bool others_get_in;       /* what fails must not keep out who owes nothing */
	char key[160];            /* of alice's app */
	char right_field[128], wrong_field[128]; /* of bob: password and token, his and alice's */
};

extern struct paths paths;

#define PATHS_LOGIN(service, user, ...)                                                                      \
	stage_login(&paths.stage, &paths.talk, service, user, PATHS_PEER,                                    \
		    (const char *const[]){ __VA_ARGS__, NULL })

/*
 * An installation with alice (profile mfa, with an app), bob (standard, with a token) and carol (mfa, nothing yet). Its
 * service "mail" takes any first factor.
 */
void
paths_open(const char *preload);
void
paths_close(void);

/* A fresh daemon that has begun to serve, with the library. */
void
paths_start(void);
/* It ends as it should, or the sweep is told. */
void
paths_end(struct sweep *sweep);

/* The secrets that alice and bob have and type are searched for in what is freed from now on. */
void
paths_search(void);
void
paths_search_for(unsigned at, const char *name, const void *bytes, size_t size);
/* Shared secret and present code; the next free place. */
unsigned
paths_search_for_app(unsigned at, const char *base32);

/* Carol as she was. */
void
paths_forget_carol(void);

/* For sweep_run(). A fresh daemon each time. */
void
paths_log_in(struct sweep *sweep);
void
paths_send_field(struct sweep *sweep);
void
paths_register(struct sweep *sweep);
void
paths_command(struct sweep *sweep);
void
paths_start_up(struct sweep *sweep);
void
paths_reload(struct sweep *sweep);

#endif
