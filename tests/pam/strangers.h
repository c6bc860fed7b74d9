/*
 * Users in every state that somebody outside might want to find out, and what they see of each: the
 * conversation, message by message, the code and the delay asked for (rules 4, "What a stranger may learn").
 */
#ifndef SFMFA_TESTS_PAM_STRANGERS_H
#define SFMFA_TESTS_PAM_STRANGERS_H

#include "stage.h"

enum state {
	STATE_UNKNOWN, /* to sfmfa and to the system */
	STATE_NONE,    /* a factor is owed, none is registered; registration takes a temporary code */
	STATE_PENDING,
	STATE_COMPLETED, /* the ordinary user */
	STATE_LOCKED,
	STATE_FROZEN,
	STATE_HOURS,    /* outside the login hours */
	STATE_RANGES,   /* outside the login IP ranges */
	STATE_API_ONLY, /* registered, so the UI is closed */
	STATE_COUNT,
};

/* Opens the stage with a user for each state, and with the service "alone": api, sfmfa alone, prompted for.
 */
void strangers_open(struct stage *stage, struct talk *talk);

/* All names are of one length. */
const char *strangers_name(enum state state);

struct picture {
	int code;
	unsigned delay;    /* microseconds; what libpam would wait at least, without its variation */
	char screen[2048]; /* "STYLE TEXT" a line */
};

/* How somebody tries to get in. */
enum way {
	UI_FIRST_WRONG,  /* a wrong password in front of sfmfa */
	UI_SECOND_WRONG, /* sfmfa alone, a wrong code */
	API_FIRST_WRONG, /* a wrong password with a code behind it */
	API_FIRST_WRONG_TOKEN,
	API_FIRST_WRONG_TRUSTED, /* the same from a trusted network, where no token is due */
	API_SECOND_WRONG,        /* the right password with a wrong code behind it */
	API_SECOND_WRONG_TOKEN,
	API_ALONE_WRONG, /* sfmfa alone, prompted for */
	WAY_COUNT,
};

const char *strangers_way(enum way way);

void strangers_try(struct stage *stage, enum way way, enum state state, struct picture *ret_picture);

/* States that may be told apart have different letters: a string of STATE_COUNT. By what is shown, by what it
 * costs. */
const char *strangers_shown(enum way way);
const char *strangers_cost(enum way way);

#endif
