/*
 * A disk that is what a power cut may have left, at any moment of a log that disklog.so has taken down.
 *
 * What was synced is there. What was not may be there or not: whole, by sectors (512 or 4096 bytes) of each write,
 * or up to a write that is torn; each file by itself, so writes to two files may land in any order. A size may have
 * grown without its bytes, which read as zeros then. A name (created, renamed, linked, removed) is certain once its
 * folder was synced; before, those of one folder have come as far as any of them, in order, as file systems with a
 * journal do it. Syncing a file says nothing about its name, which is stricter than those.
 */
#ifndef SFMFA_TESTS_PAM_DISK_H
#define SFMFA_TESTS_PAM_DISK_H

#include <stdbool.h>
#include <stddef.h>

#include "chance.h"

struct disk;

enum disk_loss {
	DISK_LOSES_ALL,  /* that was not synced */
	DISK_LOSES_SOME, /* at random */
	DISK_LOSES_NONE,
	DISK_LOSS_COUNT
};

/* Of what is below a folder that exists. Everything that fails, here and below, fails the test. */
struct disk *disk_open(const char *folder);
void disk_close(struct disk *disk);

/* A file or a folder in it, as it is now, is there and synced before the log begins. */
void disk_add(struct disk *disk, const char *name);

/* The log, once it is whole. */
void disk_read(struct disk *disk, const char *log);

/*
 * Goes on to the next moment; false: that was the last one. *ret_promise: the data of a promise made at this moment, as
 * long as the disk is open, or NULL.
 */
bool disk_next(struct disk *disk, const void **ret_promise);
size_t disk_moment(const struct disk *disk);

/* Makes the disk of this moment below an empty folder. chance: for DISK_LOSES_SOME. */
void disk_make(const struct disk *disk, const char *target, enum disk_loss loss, struct chance *chance);

#endif
