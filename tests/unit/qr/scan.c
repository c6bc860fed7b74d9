#include "scan.h"

#include <errno.h>
#include <spawn.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define POINTS 6 /* a module */

extern char **environ;

bool
modules_from_text(struct modules *modules, const char *text)
{
	static const struct {
		const char *glyph;
		bool upper_dark, lower_dark;
	} glyphs[] = {
		{ "\xe2\x96\x88", false, false },
		{ "\xe2\x96\x80", false, true },
		{ "\xe2\x96\x84", true, false },
		{ " ", true, true },
	};
	size_t row = 0;
	size_t column = 0;

	memset(modules, 0, sizeof(*modules));
	while (*text != 0) {
		size_t i = 0;

		if (*text == '\n') {
			if (modules->columns != 0 && column != modules->columns)
				return false;
			modules->columns = column;
			column = 0;
			row += 2;
			text++;
			continue;
		}
		while (i < 4 && strncmp(text, glyphs[i].glyph, strlen(glyphs[i].glyph)) != 0)
			i++;
		if (i == 4 || row + 1 >= SIDE_MAX || column >= SIDE_MAX)
			return false;
		modules->dark[row][column] = glyphs[i].upper_dark;
		modules->dark[row + 1][column] = glyphs[i].lower_dark;
		column++;
		text += strlen(glyphs[i].glyph);
	}
	modules->rows = row;
	return column == 0;
}

bool
modules_from_svg(struct modules *modules, const char *svg)
{
	const char *view = strstr(svg, "viewBox=\"0 0 ");
	const char *path = strstr(svg, " d=\"");
	unsigned column, row, length, back;
	int used;

	memset(modules, 0, sizeof(*modules));
	if (view == NULL || path == NULL || sscanf(view, "viewBox=\"0 0 %u %u\"", &column, &row) != 2 ||
	    row != column || row > SIDE_MAX)
		return false;
	modules->rows = modules->columns = row;
	path += strlen(" d=\"");
	while (*path == 'M') {
		used = 0;
		if (sscanf(path, "M%u %uh%uv1h-%uz%n", &column, &row, &length, &back, &used) != 4 ||
		    used == 0 || length == 0 || length != back || row >= modules->rows ||
		    column + length > modules->columns)
			return false;
		for (unsigned i = 0; i < length; i++)
			modules->dark[row][column + i] = true;
		path += used;
	}
	return strcmp(path, "\"/>\n</svg>\n") == 0;
}

static bool
write_picture(int fd, const struct modules *modules)
{
	FILE *file = fdopen(fd, "w");

	if (file == NULL) {
		close(fd);
		return false;
	}
	fprintf(file, "P1\n%zu %zu\n", modules->columns * POINTS, modules->rows * POINTS);
	for (size_t y = 0; y < modules->rows * POINTS; y++) {
		for (size_t x = 0; x < modules->columns * POINTS; x++)
			fputs(modules->dark[y / POINTS][x / POINTS] ? "1\n" : "0\n", file);
	}
	return fclose(file) == 0;
}

static enum scan_result
run_scanner(const char *picture, char *content, size_t size)
{
	const char *const argv[] = {
		"zbarimg", "--nodbus", "-q", "--raw", "-Sdisable", "-Sqrcode.enable", picture, NULL,
	};
	posix_spawn_file_actions_t actions;
	size_t used = 0;
	ssize_t got;
	int ends[2];
	int status;
	int failure;
	pid_t pid;

	if (pipe(ends) != 0)
		return SCAN_FAILED;
	posix_spawn_file_actions_init(&actions);
	posix_spawn_file_actions_adddup2(&actions, ends[1], STDOUT_FILENO);
	posix_spawn_file_actions_addclose(&actions, ends[0]);
	posix_spawn_file_actions_addclose(&actions, ends[1]);
	failure = posix_spawnp(&pid, argv[0], &actions, NULL, (char *const *)(uintptr_t)argv, environ);
	posix_spawn_file_actions_destroy(&actions);
	close(ends[1]);
	if (failure != 0) {
		close(ends[0]);
		return failure == ENOENT ? SCAN_NO_SCANNER : SCAN_FAILED;
	}
	while (used + 1 < size && (got = read(ends[0], content + used, size - 1 - used)) > 0)
		used += (size_t)got;
	close(ends[0]);
	if (waitpid(pid, &status, 0) != pid || status != 0)
		return SCAN_FAILED;
	if (used > 0 && content[used - 1] == '\n')
		used--;
	content[used] = 0;
	return SCAN_READ;
}

enum scan_result
modules_scan(const struct modules *modules, char *content, size_t size)
{
	char picture[] = "/tmp/sfmfa-qr-XXXXXX.pbm";
	enum scan_result result = SCAN_FAILED;
	int fd = mkstemps(picture, 4);

	if (fd < 0)
		return SCAN_FAILED;
	if (write_picture(fd, modules))
		result = run_scanner(picture, content, size);
	unlink(picture);
	return result;
}
