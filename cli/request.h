/*
 * One command sent to the daemon: the request is built, the conversation held (the daemon may ask for
 * a code), the last reply read.
 */
#ifndef SFMFA_CLI_REQUEST_H
#define SFMFA_CLI_REQUEST_H

#include "base/nss.h"
#include "cli.h"
#include "options.h"
#include "record.h"

/* What is shown inside a question; false: this text is not dealt with, show it as it is. */
struct show {
	bool (*info)(void *data, const char *text);
	void *data;
};

/*
 * Takes what a question for a page says and fills in the next one, which has its verb already. Anything but
 * STATUS_DONE has been reported on stderr and ends the command there and then, with nothing written.
 */
struct pages {
	enum exit_status (*turn)(void *data, const struct record *question, struct fields *next);
	void *data;
};

struct request {
	const struct cli *cli;
	const struct command *command;
	struct fields fields;
	const char *typed;    /* the user as given; NULL: nobody named */
	struct nss_user user; /* where user_known */
	bool user_known;
	enum sfmfa_err err;   /* the first failure to add a field */
	struct show show;
	struct pages pages;   /* of a command that goes by pages; else zeroed */
};

#define REQUEST_AUTO __attribute__((cleanup(request_finish))) struct request

/* Verb and user; a root's user is looked up by NSS in this process. */
void
request_begin(struct request *request, const struct cli *cli, const struct arguments *arguments);

/* value NULL: nothing is added. Failures are kept and reported by request_send(). */
void
request_add(struct request *request, const char *key, const char *value);
void
request_add_number(struct request *request, const char *key, int64_t number);
/* Every value of an option; the key is the option's own unless given. */
void
request_add_options(struct request *request, const struct arguments *arguments, const char *option,
                    const char *key);

/*
 * Sends it and answers what is asked, until the daemon has had its last word. Anything but
 * STATUS_DONE has been reported on stderr.
 */
enum exit_status
request_send(struct request *request, struct reply *ret_reply);

/*
 * As request_send(), for commands that make a virtual user of a name NSS does not know: a person at a
 * terminal is asked first.
 */
enum exit_status
request_send_for_new_user(struct request *request, struct reply *ret_reply);

/* Begin and send of a command that has no arguments besides the user. */
enum exit_status
request_simple(const struct cli *cli, const struct arguments *arguments, struct reply *ret_reply);

void
request_finish(struct request *request);

#endif
