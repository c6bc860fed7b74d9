#include "cut.h"

#include <criterion/criterion.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

#include "disklog.h"

void
cut_path(char path[CUT_PATH_SIZE], const char *folder, const char *name)
{
	cr_assert_lt(snprintf(path, CUT_PATH_SIZE, "%s/%s", folder, name), CUT_PATH_SIZE);
}

static int
remove_entry(const char *path, const struct stat *status, int type, struct FTW *ftw)
{
	(void)status;
	(void)type;
	(void)ftw;
	return remove(path);
}

void
cut_remove(const char *folder)
{
	(void)nftw(folder, remove_entry, 8, FTW_DEPTH | FTW_PHYS);
}

void
cut_open(struct cut *cut)
{
	const char *base = access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/var/tmp";

	*cut = (struct cut){ .log_fd = -1 };
	snprintf(cut->target, sizeof(cut->target), "%s/sfmfa-disk-XXXXXX", base);
	cr_assert_not_null(mkdtemp(cut->target));
}

void
cut_close(struct cut *cut)
{
	cut_remove(cut->target);
	unlink(cut->log);
}

void
cut_log_begin(struct cut *cut, const struct stage *stage)
{
	snprintf(cut->log, sizeof(cut->log), "%s.log", cut->target);
	cut->log_fd = open(cut->log, O_WRONLY | O_APPEND | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	cr_assert_geq(cut->log_fd, 0);
	cr_assert_eq(setenv("SFMFA_DISKLOG", cut->log, 1), 0);
	cr_assert_eq(setenv("SFMFA_DISKLOG_FOLDER", stage->folder, 1), 0);
}

void
cut_promise(struct cut *cut, const void *data, size_t size)
{
	struct disklog_record record = { .kind = DISKLOG_PROMISE, .data_size = (uint32_t)size };
	struct iovec parts[] = { { &record, sizeof(record) }, { (void *)(uintptr_t)data, size } };

	cr_assert_eq(writev(cut->log_fd, parts, 2), (ssize_t)(sizeof(record) + size));
}

void
cut_log_end(struct cut *cut)
{
	close(cut->log_fd);
	cut->log_fd = -1;
}

void
cut_make_disk(struct cut *cut, const struct disk *disk, enum disk_loss loss, struct chance *chance)
{
	cut_remove(cut->target);
	cr_assert_eq(mkdir(cut->target, 0700), 0);
	disk_make(disk, cut->target, loss, chance);
}
