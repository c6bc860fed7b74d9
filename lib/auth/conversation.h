/*
 * A login or a command is a resumable machine: it is stepped with what came in until it has an
 * answer. No callback, no blocking, no thread; the daemon runs thousands of them in one loop and a
 * test is a list of answers.
 *
 *   TURN_ASK    reply is ready: send it, step again with the next request
 *   TURN_WRITE  op is ready: commit it (with others), step again with input NULL
 *   TURN_DONE   reply is ready: the last word
 *   TURN_KEEP   reply is ready, and the connection stays for one more request (more=split, more=commit)
 *
 * A machine never holds a transaction and never sees a result before the commit.
 */
#ifndef SFMFA_AUTH_CONVERSATION_H
#define SFMFA_AUTH_CONVERSATION_H

#include "base/fields.h"
#include "store/store.h"

enum turn {
	TURN_DONE = 0,
	TURN_ASK,
	TURN_WRITE,
	TURN_KEEP,
};

/* What comes in. */
enum input_kind {
	INPUT_NONE = 0,            /* the first step, and after TURN_WRITE */
	INPUT_ANSWER,              /* answer is filled in, may be empty */
	INPUT_ANSWER_IS_PASSWORD,  /* the answer equals PAM_AUTHTOK: the client has one field */
	INPUT_PLACEHOLDER,         /* sshd's junk for forbidden users */
	INPUT_CONVERSATION_FAILED, /* nobody answered */
	INPUT_FIRST_FACTOR_OK,     /* after TURN_KEEP of a split */
	INPUT_COMMIT,              /* after TURN_KEEP of a registration */
	INPUT_PAGE,                /* page is filled in: a command that asked for one */
};

struct input {
	enum input_kind kind;
	struct secret answer;
	const struct fields *page; /* lives as long as the step */
};

/* What is shown and asked. Texts are UTF-8, lines separated by '\n', "" = none. */
#define ASK_INFO_SIZE   12288
#define ASK_TEXT_SIZE   512
struct ask {
	char info[ASK_INFO_SIZE];
	char error[ASK_TEXT_SIZE];
	char prompt[ASK_TEXT_SIZE]; /* "": nothing is asked, only shown */
	bool echo;
	bool page; /* not an answer but a page is asked for; the command's reply rides inside the question */
};

/* How a phase of a login ends; the daemon has one switch from here to the words of the wire. */
enum outcome {
	OUTCOME_REFUSED = 0,
	OUTCOME_FORBIDDEN,     /* policy, told to the person */
	OUTCOME_EXPIRED,       /* frozen, told to the person */
	OUTCOME_CONFIGURATION,
	OUTCOME_UNAVAILABLE,   /* the store */
	OUTCOME_CONVERSATION,
	OUTCOME_ALLOW,
};

#endif
