#include "base/process.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/text.h"

#define STAT_SIZE  1024 /* the name of the program is the only long field: 16 bytes */
#define UNSET      UINT32_MAX
/* Documentation/admin-guide/devices.txt of the kernel. */
#define VT_MAJOR   4
#define PTS_MAJOR  136
#define PTS_MAJORS 8

/* The first bytes of a file of /proc, as text. */
static enum sfmfa_err
read_proc(pid_t pid, const char *name, char text[STAT_SIZE])
{
	char path[64];
	ssize_t size;
	int fd;

	if (text_format(path, sizeof path, "/proc/%ld/%s", (long)pid, name)) {
		return SFMFA_ERR_INVALID;
	}
	fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
	if (fd < 0) {
		return SFMFA_ERR_NOT_FOUND;
	}
	do {
		size = read(fd, text, STAT_SIZE - 1);
	} while (size < 0 && errno == EINTR);
	close(fd);
	if (size <= 0) {
		return SFMFA_ERR_NOT_FOUND;
	}
	text[size] = '\0';
	return SFMFA_OK;
}

/* proc(5), tty_nr: the minor number stands in bits 31-20 and 7-0. */
static void
name_tty(unsigned number, char *tty, size_t size)
{
	unsigned major = (number >> 8) & 0xfff, minor = (number & 0xff) | ((number >> 12) & 0xfff00);
	enum sfmfa_err err = SFMFA_OK;

	tty[0] = '\0';
	if (major >= PTS_MAJOR && major < PTS_MAJOR + PTS_MAJORS) {
		err = text_format(tty, size, "pts/%u", (major - PTS_MAJOR) * 256 + minor);
	} else if (major == VT_MAJOR && minor > 0 && minor < 64) {
		err = text_format(tty, size, "tty%u", minor);
	}
	if (err) {
		tty[0] = '\0';
	}
}

enum sfmfa_err
process_read(pid_t pid, struct process *ret_process)
{
	char text[STAT_SIZE];
	const char *rest;
	struct process found = { .pid = pid };
	long parent, leader, tty;
	enum sfmfa_err err = pid > 0 ? read_proc(pid, "stat", text) : SFMFA_ERR_NOT_FOUND;

	if (err) {
		return err;
	}
	/* The program's name stands in parentheses and may hold some itself. */
	rest = strrchr(text, ')');
	/* proc(5): state ppid pgrp session tty_nr, then fourteen more before starttime. */
	/* What the kernel prints are numbers of these sizes. NOLINTNEXTLINE(cert-err34-c) */
	if (!rest || sscanf(rest + 1,
			    " %*c %ld %*d %ld %ld %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %" SCNd64,
			    &parent, &leader, &tty, &found.start) != 4) {
		return SFMFA_ERR_INVALID;
	}
	found.parent = (pid_t)parent;
	found.leader = (pid_t)leader;
	name_tty((unsigned)tty, found.tty, sizeof found.tty);
	*ret_process = found;
	return SFMFA_OK;
}

static int64_t
read_id(pid_t pid, const char *name)
{
	char text[STAT_SIZE];
	int64_t number;

	if (read_proc(pid, name, text)) {
		return -1;
	}
	text[strcspn(text, "\n")] = '\0';
	if (text_parse_number(text, 0, UINT32_MAX, &number) || number == UNSET) {
		return -1;
	}
	return number;
}

void
process_read_audit(pid_t pid, struct process_audit *ret_audit)
{
	*ret_audit = (struct process_audit){
		.session = read_id(pid, "sessionid"),
		.login_uid = read_id(pid, "loginuid"),
	};
}
