/* What a machine stands on, one call of which fails: the real store, the clock, randomness. */
#ifndef TESTS_LOGIN_FAILING_H
#define TESTS_LOGIN_FAILING_H

#include "fixture.h"

struct failing {
	struct store store;
	struct store *real;
	struct fixture *fixture;
	int left;      /* calls until the one that fails; negative: none does, or it did */
	bool armed;
	int calls;
	int failed_at; /* the call that failed; -1: none */
	int commits;   /* that the store made */
	int committed_at; /* the last of them */
};

extern struct failing failing;

/* From now on the n-th call fails (-1: none), until failing_end(). */
void
failing_begin(struct fixture *fixture, int n);
void
failing_end(void);

#endif
