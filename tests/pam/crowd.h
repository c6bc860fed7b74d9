/*
 * Processes that do one thing at one moment: of them one must win, or all, or each must be counted. They wait for one
 * another just before it. A crowd that is closed after one round is one of fresh processes; one that stays is of
 * processes that live long.
 */
#ifndef SFMFA_TESTS_PAM_CROWD_H
#define SFMFA_TESTS_PAM_CROWD_H

#include <stdint.h>
#include <sys/types.h>

#define CROWD_MAX 200

struct crowd {
	unsigned count;            /* processes */
	void (*ready)(unsigned i); /* in process i, once, before anybody's first round; NULL: nothing to do */
	int (*act)(unsigned i);    /* in process i, each round: a PAM code */
	int codes[CROWD_MAX];      /* what they came to in the last round */
	int64_t took_ms;           /* the last round */
	pid_t pids[CROWD_MAX];
	struct crowd_page *page;   /* what the processes share */
};

void crowd_open(struct crowd *crowd);
/* All act once; meanwhile: what the caller does then, or NULL. A process that dies or hangs fails the test. */
void crowd_round(struct crowd *crowd, void (*meanwhile)(void));
void crowd_close(struct crowd *crowd);

/* One round of fresh processes. */
void crowd_once(struct crowd *crowd, void (*meanwhile)(void));

/* How many came to this code in the last round. */
unsigned crowd_count(const struct crowd *crowd, int code);

/* In a process of the crowd: returns once all of them are here. */
void crowd_meet(void);

/* In a process of the crowd: signs that it is through, and waits until so many have signed. */
void crowd_sign(void);
void crowd_await_signs(unsigned count);

/* CLOCK_MONOTONIC, for figures. */
int64_t crowd_milliseconds(void);

#endif
