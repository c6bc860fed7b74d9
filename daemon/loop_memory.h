/*
 * Memory for libev, which ends the process where it gets none. What it keeps grows with the descriptors that
 * are open at once, a few bytes each; where the system has no more, it comes out of a reserve.
 */
#ifndef SFMFA_DAEMON_LOOP_MEMORY_H
#define SFMFA_DAEMON_LOOP_MEMORY_H

/* Before the first loop is made. */
void
loop_memory_init(void);

#endif
