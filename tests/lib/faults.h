/*
 * Failures on demand. A test maps a page (a file, or faults_here() in its own process), arms it, and
 * one of the two libraries for LD_PRELOAD lets the n-th call of a kind fail:
 *
 *   failio.so    system calls: on files below a folder, on sockets and descriptors, of randomness
 *   failheap.so  allocations; and looks for secrets in every block that is freed
 *
 * SFMFA_FAULTS names the file. Both count in the process that loaded them, not in the children it forks:
 * these are short-lived and would shift the count from run to run.
 */
#ifndef SFMFA_TESTS_FAULTS_H
#define SFMFA_TESTS_FAULTS_H

#include <stdbool.h>
#include <stdint.h>

/* Kinds of calls. */
#define FAULT_FILE   1 /* makes or changes something below the folder: open for writing, write, sync, cut, rename … */
#define FAULT_READ   2 /* reads below the folder */
#define FAULT_SOCKET 4 /* socket, connect, accept, send, receive, poll */
#define FAULT_OPEN   8 /* a new descriptor, wherever: EMFILE */
#define FAULT_RANDOM 16
#define FAULT_HEAP   32

#define FAULTS_SECRETS      16
#define FAULTS_SECRET_SIZE  64
#define FAULTS_FOLDER_SIZE  128
#define FAULTS_WHERE_SIZE   2048

struct faults_secret {
	char name[24];     /* what it is, for people */
	uint32_t size;     /* 0: none */
	unsigned char bytes[FAULTS_SECRET_SIZE];
};

struct faults {
	int32_t kinds;     /* which calls count; 0: nothing fails, nothing is counted */
	int32_t all;       /* all calls fail from the one on that does; else just that one */
	int32_t error;     /* errno of the failure; 0: ENOMEM, ENOSPC, ECONNRESET, EMFILE as the kind has it */
	int64_t left;      /* calls until the first that fails; negative: none does */
	int64_t calls;     /* counted */
	int64_t failed;    /* let fail */
	int64_t spared;    /* calls whose turn it was, made by the library that is spared */
	char spare[32];    /* part of the file name of a library whose allocations do not fail; "": none */
	char folder[FAULTS_FOLDER_SIZE];  /* FAULT_FILE, FAULT_READ */
	char where[FAULTS_WHERE_SIZE];    /* who made the call that failed last: "object+offset" a line */

	/*
	 * failheap.so: the first draw of randomness; the same one gives the same secrets in another process. 0: real
	 * randomness.
	 */
	uint64_t seed;

	/* Looked for in freed blocks. */
	struct faults_secret secrets[FAULTS_SECRETS];
	int64_t freed;     /* blocks looked at */
	int64_t leaks;     /* blocks with a secret in them */
	char keeper[32];   /* part of the file name of a library that frees its copies as they are; "": none */
	int64_t kept;      /* blocks with a secret that it freed; not among the leaks */
	char leak[FAULTS_WHERE_SIZE];     /* the first of them: the secret's name, then who freed it */
};

/* In a process that is linked with the library: its page, or one of its own where SFMFA_FAULTS names none. */
struct faults *
faults_here(void);

/* For the libraries. Whether a call of this kind is to fail, with errno set; counts it. */
bool
faults_fails(int kind, int error);
void
faults_freed(const void *block, uint64_t size);

#endif
