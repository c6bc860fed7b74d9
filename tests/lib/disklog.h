/*
 * What a program does to the disk, taken down by disklog.so (LD_PRELOAD) for tests that cut the power: disk.h
 * plays it back. The file named by SFMFA_DISKLOG gets a record for everything below the folder named by
 * SFMFA_DISKLOG_FOLDER: a struct disklog_record, then its two names (without NUL), then its data. Each is one append
 * and is made when the call has succeeded: a sync in the log has happened, and a test may append a
 * DISKLOG_PROMISE of its own after it.
 *
 * Modes and owners are not taken down, nor is what is written through a mapping (SQLite's -shm).
 */
#ifndef SFMFA_TESTS_DISKLOG_H
#define SFMFA_TESTS_DISKLOG_H

#include <stdint.h>

enum disklog_kind {
	DISKLOG_CREATE = 1, /* name, inode */
	DISKLOG_MKDIR,      /* name */
	DISKLOG_WRITE,      /* inode, offset, data */
	DISKLOG_TRUNCATE,   /* inode, offset: the new size */
	DISKLOG_SYNC,       /* inode: fsync or fdatasync of a file */
	DISKLOG_SYNC_FOLDER, /* name */
	DISKLOG_RENAME,     /* name, other: as it is called then */
	DISKLOG_LINK,       /* name, other: as it is called too */
	DISKLOG_UNLINK,     /* name */
	DISKLOG_PROMISE,    /* data: a test's own, of what was acknowledged by now */
};

struct disklog_record {
	uint32_t kind;
	uint32_t name_size, other_size; /* absolute paths */
	uint32_t data_size;
	uint64_t inode;
	int64_t offset;
};

#endif
