/*
 * A command of the CLI as a resumable machine (conversation.h): who may is decided here, for every
 * verb, by one function (rules 2); then the operator proves themselves with a code where the verb
 * asks for one; then the verb's own function runs. Every act and every refused act is an event.
 */
#ifndef SFMFA_AUTH_COMMAND_H
#define SFMFA_AUTH_COMMAND_H

#include "auth/conversation.h"
#include "auth/env.h"
#include "auth/person.h"
#include "model/verb.h"

/* Zero is refused. */
enum command_status {
	COMMAND_REFUSED = 0, /* exit 1 */
	COMMAND_USAGE,       /* exit 2 */
	COMMAND_FAILED,      /* exit 3 */
	COMMAND_DONE,        /* exit 0 */
};

struct command_request {
	enum verb verb;
	bool has_subject;      /* a user is named; else the caller's own where the verb allows it */
	struct person subject;
	struct fields args;    /* the verb's own, named in the comment above its function */
};

struct command;

/* Takes over request->args. */
enum sfmfa_err
command_create(struct env *env, const struct caller *caller, struct command_request *request,
               struct command **ret_command) SFMFA_MUST_USE;
void
command_destroy(struct command *command);

enum turn
command_step(struct command *command, struct input *input);

const struct ask *
command_ask(const struct command *command);
struct store_op *
command_op(struct command *command);

/* TURN_DONE: how it ended, a sentence where it was not done ("" otherwise), and the verb's fields. */
enum command_status
command_result(const struct command *command, const char **ret_sentence, const struct fields **ret_reply);

#endif
