/*
 * The n-th call of a kind fails, for every n: what is the same for daemon, module and command. A sweep ends
 * with the first run in which nothing was left to fail.
 */
#ifndef SFMFA_TESTS_PAM_SWEEP_H
#define SFMFA_TESTS_PAM_SWEEP_H

#include "faults.h"
#include "stage.h"

struct sweep {
	struct faults *faults;
	const char *name;  /* for the figures */
	int kinds;         /* FAULT_... */
	int error;         /* errno, 0: the kind's own */
	bool all;          /* and every call after it */
	int64_t stride;    /* every so many; 0: as many as the runs below allow */
	int64_t runs;      /* by default, about; every one with SFMFA_LONG=1 */
	int64_t dense;     /* calls at the beginning that are never passed over */
	int64_t n;         /* of the run in progress */
	int64_t done, failed, crashed;
};

/* Maps FOLDER/faults: before anything is started that is to look at it. */
struct faults *
sweep_page(const struct stage *stage);

/* Lets calls fail from now on as the sweep says for its present n; sweep_rest() ends that. */
void
sweep_arm(const struct sweep *sweep);
void
sweep_rest(struct faults *faults);

/*
 * Runs once with nothing failing, to count, then once for each n. run() calls sweep_arm() and sweep_rest()
 * around what it tries; what it finds wrong it says with sweep_wrong().
 */
void
sweep_run(struct sweep *sweep, void (*run)(struct sweep *sweep));

/* A failure of the test, with the n and the place of the call that failed. The sweep goes on. */
void
sweep_wrong(struct sweep *sweep, const char *what);

/* What waitpid() said of a process that must not have died of a signal. */
void
sweep_ended(struct sweep *sweep, const char *who, int status);

/* A failure of the test if a secret of the page was seen in a block that was freed. */
void
sweep_leaks(const struct sweep *sweep);

#endif
