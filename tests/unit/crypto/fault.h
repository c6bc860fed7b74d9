/* getrandom(2) as the tests want it: linked in with --wrap, so that the library runs unchanged. */
#ifndef SFMFA_TESTS_CRYPTO_FAULT_H
#define SFMFA_TESTS_CRYPTO_FAULT_H

enum fault {
	FAULT_NONE = 0,    /* the kernel's */
	FAULT_INTERRUPTED, /* EINTR once, then the kernel's */
	FAULT_SHORT,       /* three bytes a call */
	FAULT_END,         /* three bytes, then none */
	FAULT_ERROR,       /* ENOSYS */
	FAULT_ONES,        /* every bit set, always */
	FAULT_COUNTING,    /* 0, 1, 2 … as 32-bit numbers */
};

/* What getrandom() does from now on, and how often it was called since. Each test is a process of its own. */
extern enum fault fault;
extern unsigned fault_calls;

#endif
