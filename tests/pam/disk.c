#include "disk.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "disklog.h"

#define FILES_MAX   2048
#define NAMES_MAX   64
#define PENDING_MAX 65536
#define FOLDERS_MAX 8
#define FOLDER      (-1) /* instead of a file: a name is a folder's */

/* One change that is not certain yet: a record of the log, of a file or of a folder. */
struct record {
	struct disklog_record head;
	const char *name, *other;
	const unsigned char *data;
	int file; /* which one it is about; resolved when it is played */
};

struct file {
	uint64_t inode;
	unsigned char *bytes; /* that are certain */
	size_t size;
	struct record *pending;
	size_t pending_count, pending_room;
};

struct name {
	char path[PATH_MAX]; /* below the folder, with a slash */
	int file;
};

struct names {
	struct name items[NAMES_MAX];
	size_t count;
};

struct disk {
	char folder[PATH_MAX];
	unsigned char *log;
	size_t log_size, at, moment;
	struct file files[FILES_MAX];
	int file_count;
	struct names now, certain; /* as programs see them; as they are on the disk at least */
	struct record pending[PENDING_MAX]; /* changes of names */
	size_t pending_count;
};

static unsigned char *
read_all(const char *path, size_t *ret_size)
{
	struct stat status;
	unsigned char *bytes;
	int fd = open(path, O_RDONLY | O_CLOEXEC);

	cr_assert_geq(fd, 0, "%s: %s", path, strerror(errno));
	cr_assert_eq(fstat(fd, &status), 0);
	bytes = malloc((size_t)status.st_size + 1);
	cr_assert_not_null(bytes);
	cr_assert_eq(read(fd, bytes, (size_t)status.st_size), status.st_size);
	close(fd);
	*ret_size = (size_t)status.st_size;
	return bytes;
}

struct disk *
disk_open(const char *folder)
{
	struct disk *disk = calloc(1, sizeof(*disk));

	cr_assert_not_null(disk);
	snprintf(disk->folder, sizeof(disk->folder), "%s", folder);
	return disk;
}

void
disk_read(struct disk *disk, const char *log)
{
	disk->log = read_all(log, &disk->log_size);
}

void
disk_close(struct disk *disk)
{
	for (int i = 0; i < disk->file_count; i++) {
		free(disk->files[i].bytes);
		free(disk->files[i].pending);
	}
	free(disk->log);
	free(disk);
}

/* ---- names ------------------------------------------------------------------------------------- */

static struct name *
find_name(struct names *names, const char *path)
{
	for (size_t i = 0; i < names->count; i++) {
		if (strcmp(names->items[i].path, path) == 0)
			return &names->items[i];
	}
	return NULL;
}

static void
set_name(struct names *names, const char *path, int file)
{
	struct name *name = find_name(names, path);

	if (name == NULL) {
		cr_assert_lt(names->count, NAMES_MAX);
		name = &names->items[names->count++];
		snprintf(name->path, sizeof(name->path), "%s", path);
	}
	name->file = file;
}

static void
drop_name(struct names *names, const char *path)
{
	struct name *name = find_name(names, path);

	if (name != NULL)
		*name = names->items[--names->count];
}

/* What a record does to names. */
static void
change_names(struct names *names, const struct record *record)
{
	switch (record->head.kind) {
	case DISKLOG_CREATE: set_name(names, record->name, record->file); break;
	case DISKLOG_MKDIR: set_name(names, record->name, FOLDER); break;
	case DISKLOG_LINK: set_name(names, record->other, record->file); break;
	case DISKLOG_UNLINK: drop_name(names, record->name); break;
	case DISKLOG_RENAME:
		drop_name(names, record->name);
		set_name(names, record->other, record->file);
		break;
	default: cr_assert_fail("no change of a name: %u", record->head.kind);
	}
}

static bool
is_in_folder(const char *path, const char *folder)
{
	size_t size = strlen(folder);

	return strncmp(path, folder, size) == 0 && path[size] == '/' && strchr(path + size + 1, '/') == NULL;
}

static void
sync_folder(struct disk *disk, const char *folder)
{
	size_t left = 0;

	for (size_t i = 0; i < disk->pending_count; i++) {
		if (is_in_folder(disk->pending[i].name, folder))
			change_names(&disk->certain, &disk->pending[i]);
		else
			disk->pending[left++] = disk->pending[i];
	}
	disk->pending_count = left;
}

/* ---- files ------------------------------------------------------------------------------------- */

static int
new_file(struct disk *disk, uint64_t inode)
{
	/* Numbers of removed files are given away again: the newest one has it. */
	cr_assert_lt(disk->file_count, FILES_MAX);
	disk->files[disk->file_count] = (struct file){ .inode = inode };
	return disk->file_count++;
}

static int
find_file(const struct disk *disk, uint64_t inode)
{
	for (int i = disk->file_count - 1; i >= 0; i--) {
		if (disk->files[i].inode == inode)
			return i;
	}
	cr_assert_fail("a file that nobody made");
	return 0;
}

struct content {
	unsigned char *bytes;
	size_t size, room;
};

static void
resize(struct content *content, size_t size)
{
	if (size > content->room) {
		content->bytes = realloc(content->bytes, size);
		cr_assert_not_null(content->bytes);
		content->room = size;
	}
	if (size > content->size)
		memset(content->bytes + content->size, 0, size - content->size);
	content->size = size;
}

/* A part of a write. */
static void
land(struct content *content, const struct record *write, size_t from, size_t to)
{
	size_t start = (size_t)write->head.offset;

	if (to <= from)
		return;
	if (start + to > content->size)
		resize(content, start + to);
	memcpy(content->bytes + start + from, write->data + from, to - from);
}

static void
land_all(struct content *content, const struct record *change)
{
	if (change->head.kind == DISKLOG_TRUNCATE)
		resize(content, (size_t)change->head.offset);
	else
		land(content, change, 0, change->head.data_size);
}

/* Of a hundred sectors so many. */
static void
land_sectors(struct content *content, const struct record *change, size_t sector, unsigned percent, struct chance *chance)
{
	size_t size = change->head.data_size, start = (size_t)change->head.offset;

	if (change->head.kind == DISKLOG_TRUNCATE) {
		if (chance_below(chance, 100) < percent)
			land_all(content, change);
		return;
	}
	for (size_t from = 0, to; from < size; from = to) {
		to = from + sector - (start + from) % sector;
		if (chance_below(chance, 100) < percent)
			land(content, change, from, to < size ? to : size);
	}
}

static void
land_some(struct content *content, const struct file *file, struct chance *chance)
{
	static const unsigned percents[] = { 10, 50, 90 };
	size_t sector = chance_below(chance, 2) == 0 ? 512 : 4096;
	unsigned percent = percents[chance_below(chance, 3)];
	size_t whole = chance_below(chance, (unsigned)file->pending_count + 1);
	bool in_order = chance_below(chance, 2) == 0;

	for (size_t i = 0; i < file->pending_count; i++) {
		if (in_order && i < whole)
			land_all(content, &file->pending[i]);
		else if (!in_order || i == whole)
			land_sectors(content, &file->pending[i], sector, percent, chance);
	}
}

/* How large the file is for those that use it. */
static size_t
size_now(const struct file *file)
{
	size_t size = file->size;

	for (size_t i = 0; i < file->pending_count; i++) {
		const struct disklog_record *head = &file->pending[i].head;
		size_t end = (size_t)head->offset + head->data_size;

		if (head->kind == DISKLOG_TRUNCATE || end > size)
			size = end;
	}
	return size;
}

static struct content
content_of(const struct file *file, enum disk_loss loss, struct chance *chance)
{
	struct content content = { 0 };

	resize(&content, file->size);
	if (file->size > 0)
		memcpy(content.bytes, file->bytes, file->size);
	if (loss == DISK_LOSES_SOME) {
		land_some(&content, file, chance);
		if (chance_below(chance, 4) == 0 && size_now(file) > content.size)
			resize(&content, size_now(file));
	} else if (loss == DISK_LOSES_NONE) {
		for (size_t i = 0; i < file->pending_count; i++)
			land_all(&content, &file->pending[i]);
	}
	return content;
}

static void
sync_file(struct file *file)
{
	struct content content = content_of(file, DISK_LOSES_NONE, NULL);

	free(file->bytes);
	file->bytes = content.bytes;
	file->size = content.size;
	file->pending_count = 0;
}

static void
change_file(struct file *file, const struct record *record)
{
	if (file->pending_count == file->pending_room) {
		file->pending_room = 2 * file->pending_room + 16;
		file->pending = reallocarray(file->pending, file->pending_room, sizeof(*file->pending));
		cr_assert_not_null(file->pending);
	}
	file->pending[file->pending_count] = *record;
	/* Those are of the caller. */
	file->pending[file->pending_count].name = file->pending[file->pending_count].other = NULL;
	file->pending_count++;
}

void
disk_add(struct disk *disk, const char *name)
{
	char path[PATH_MAX];
	struct stat status;
	int file = FOLDER;

	cr_assert_lt(snprintf(path, sizeof(path), "%.2000s/%.200s", disk->folder, name), (int)sizeof(path));
	cr_assert_eq(lstat(path, &status), 0, "%s: %s", path, strerror(errno));
	if (!S_ISDIR(status.st_mode)) {
		file = new_file(disk, status.st_ino);
		disk->files[file].bytes = read_all(path, &disk->files[file].size);
	}
	set_name(&disk->now, path, file);
	set_name(&disk->certain, path, file);
}

/* ---- playing ------------------------------------------------------------------------------------- */

static void
take_text(struct disk *disk, char *text, size_t size)
{
	cr_assert_lt(size, PATH_MAX);
	memcpy(text, disk->log + disk->at, size);
	text[size] = '\0';
	disk->at += size;
}

static void
play_names(struct disk *disk, struct record *record)
{
	const struct name *name = find_name(&disk->now, record->name);

	if (record->head.kind == DISKLOG_CREATE)
		record->file = new_file(disk, record->head.inode);
	else if (name != NULL)
		record->file = name->file;
	cr_assert_lt(disk->pending_count, PENDING_MAX);
	record->name = strdup(record->name);
	record->other = strdup(record->other);
	change_names(&disk->now, record);
	disk->pending[disk->pending_count++] = *record;
}

bool
disk_next(struct disk *disk, const void **ret_promise)
{
	char name[PATH_MAX], other[PATH_MAX];
	struct record record = { .name = name, .other = other };

	*ret_promise = NULL;
	if (disk->at == disk->log_size)
		return false;
	cr_assert_leq(disk->at + sizeof(record.head), disk->log_size);
	memcpy(&record.head, disk->log + disk->at, sizeof(record.head));
	disk->at += sizeof(record.head);
	take_text(disk, name, record.head.name_size);
	take_text(disk, other, record.head.other_size);
	record.data = disk->log + disk->at;
	disk->at += record.head.data_size;
	disk->moment++;
	switch ((enum disklog_kind)record.head.kind) {
	case DISKLOG_CREATE:
	case DISKLOG_MKDIR:
	case DISKLOG_RENAME:
	case DISKLOG_LINK:
	case DISKLOG_UNLINK: play_names(disk, &record); return true;
	case DISKLOG_WRITE:
	case DISKLOG_TRUNCATE: change_file(&disk->files[find_file(disk, record.head.inode)], &record); return true;
	case DISKLOG_SYNC: sync_file(&disk->files[find_file(disk, record.head.inode)]); return true;
	case DISKLOG_SYNC_FOLDER: sync_folder(disk, name); return true;
	case DISKLOG_PROMISE: *ret_promise = record.data; return true;
	}
	cr_assert_fail("a damaged log");
	return false;
}

size_t
disk_moment(const struct disk *disk)
{
	return disk->moment;
}

/* ---- making ------------------------------------------------------------------------------------- */

/* Of the changes in each folder the first few. */
static void
settle_names(const struct disk *disk, struct names *names, enum disk_loss loss, struct chance *chance)
{
	struct {
		char path[PATH_MAX];
		unsigned left;
	} folders[FOLDERS_MAX];
	unsigned folder_count = 0;

	*names = disk->certain;
	for (size_t i = 0; i < disk->pending_count && loss != DISK_LOSES_ALL; i++) {
		const struct record *change = &disk->pending[i];
		unsigned at = 0, count = 0;

		while (at < folder_count && !is_in_folder(change->name, folders[at].path))
			at++;
		if (at == folder_count) {
			cr_assert_lt(folder_count, FOLDERS_MAX);
			snprintf(folders[at].path, sizeof(folders[at].path), "%.*s",
			         (int)(strrchr(change->name, '/') - change->name), change->name);
			for (size_t j = i; j < disk->pending_count; j++)
				count += is_in_folder(disk->pending[j].name, folders[at].path);
			folders[at].left = loss == DISK_LOSES_NONE ? count : chance_below(chance, count + 1);
			folder_count++;
		}
		if (folders[at].left > 0) {
			folders[at].left--;
			change_names(names, change);
		}
	}
}

static void
write_file(const char *path, const unsigned char *bytes, size_t size)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

	cr_assert_geq(fd, 0, "%s: %s", path, strerror(errno));
	cr_assert_eq(write(fd, bytes, size), (ssize_t)size);
	close(fd);
}

static void
target_of(const struct disk *disk, const char *target, const char *path, char ret_path[PATH_MAX])
{
	cr_assert_lt(snprintf(ret_path, PATH_MAX, "%s%s", target, path + strlen(disk->folder)), PATH_MAX);
}

static void
make_file(const struct disk *disk, const char *target, const struct names *names, size_t at, enum disk_loss loss,
          struct chance *chance)
{
	const struct name *name = &names->items[at];
	char path[PATH_MAX], other[PATH_MAX];
	struct content content;

	target_of(disk, target, name->path, path);
	for (size_t i = 0; i < at; i++) {
		if (names->items[i].file != name->file)
			continue;
		target_of(disk, target, names->items[i].path, other);
		cr_assert_eq(link(other, path), 0, "%s: %s", path, strerror(errno));
		return;
	}
	content = content_of(&disk->files[name->file], loss, chance);
	/* Changed through a mapping, and worth nothing after a power cut. */
	for (size_t i = 0; strstr(path, "-shm") != NULL && i < content.size; i++)
		content.bytes[i] = (unsigned char)i;
	write_file(path, content.bytes, content.size);
	free(content.bytes);
}

void
disk_make(const struct disk *disk, const char *target, enum disk_loss loss, struct chance *chance)
{
	static struct names names;
	char path[PATH_MAX], parent[PATH_MAX];

	settle_names(disk, &names, loss, chance);
	for (size_t i = 0; i < names.count; i++) {
		target_of(disk, target, names.items[i].path, path);
		if (names.items[i].file == FOLDER)
			cr_assert_eq(mkdir(path, 0700), 0, "%s: %s", path, strerror(errno));
	}
	for (size_t i = 0; i < names.count; i++) {
		target_of(disk, target, names.items[i].path, path);
		snprintf(parent, sizeof(parent), "%.*s", (int)(strrchr(path, '/') - path), path);
		/* What is in a folder that is lost is lost. */
		if (names.items[i].file != FOLDER && access(parent, F_OK) == 0)
			make_file(disk, target, &names, i, loss, chance);
	}
}
