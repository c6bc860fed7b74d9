/*
 * A person, or a program, at the other end of a PAM conversation: a list of answers, given one
 * after the other, and an authenticator app that reads its key off the screen.
 *
 * Answers are text in which {code} stands for the app's code now, {code+1} and {code-1} for those of other
 * time steps, {file:PATH} for the first line of a file. Whole answers with a meaning of their own:
 *   @null   the application answers with a NULL pointer        @fail  the conversation fails
 *   @long   4 KiB of text                                      @empty an empty text
 */
#ifndef SFMFA_TESTS_TALK_H
#define SFMFA_TESTS_TALK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <security/pam_appl.h>

#define TALK_TRANSCRIPT_SIZE 65536

struct talk {
	const char *const *answers;
	size_t answer_count;
	size_t given;         /* answers used up */
	unsigned prompts;     /* questions that were asked */
	bool echoed;          /* a question was asked with echo on */
	bool refuse_text;     /* texts are answered with PAM_CONV_ERR, as some applications do */
	void (*before_answer)(void); /* called when an answer is due; NULL: nothing is */
	bool show;            /* the screen goes to standard output too, indented */
	char key[160];        /* base32 of the authenticator app: given, or read off the screen; "" none yet */
	unsigned digits, period;  /* 0: 6 digits, 30 s */
	int64_t now;              /* the app's clock, Unix seconds; 0: the clock of this process */
	char transcript[TALK_TRANSCRIPT_SIZE]; /* what the screen showed, prompts with the answers */
	size_t transcript_size;
};

/* The conversation function for struct pam_conv; its appdata is a struct talk. */
int
talk_converse(int count, const struct pam_message **messages, struct pam_response **ret_responses, void *appdata);

/* Denials may be slowed down for people; a test is not one. A PAM code. */
int
talk_hurry(pam_handle_t *pamh);

/* The code of the talk's key, steps away from now. False: no key. */
bool
talk_code(const struct talk *talk, int steps, char ret_code[16]);

/* Puts the parts into an answer. False: one of them is not to be had. */
bool
talk_expand(const struct talk *talk, const char *answer, char *ret_text, size_t size);

#endif
