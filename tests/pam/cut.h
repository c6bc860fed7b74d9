/*
 * What a test of power cuts needs beside the disk (disk.h): a folder in which disks are made, and the log of what
 * programs that were started with disklog.so do below the folder of the stage.
 */
#ifndef SFMFA_TESTS_PAM_CUT_H
#define SFMFA_TESTS_PAM_CUT_H

#include <stddef.h>

#include "chance.h"
#include "disk.h"
#include "stage.h"

#define CUT_PATH_SIZE (STAGE_PATH_SIZE + 64)

struct cut {
	char target[32]; /* the folder of a disk */
	char log[CUT_PATH_SIZE];
	int log_fd;
};

/* In memory, where there is room: a disk is made thousands of times. */
void cut_open(struct cut *cut);
void cut_close(struct cut *cut);

/* Programs with SFMFA_TEST_DISKLOG to preload log from now on. */
void cut_log_begin(struct cut *cut, const struct stage *stage);
/* What was acknowledged by now. */
void cut_promise(struct cut *cut, const void *data, size_t size);
void cut_log_end(struct cut *cut);

/* The disk of this moment, in an empty folder. */
void cut_make_disk(struct cut *cut, const struct disk *disk, enum disk_loss loss, struct chance *chance);

void cut_path(char path[CUT_PATH_SIZE], const char *folder, const char *name);
/* With everything in it; one that is not there is fine. */
void cut_remove(const char *folder);

#endif
