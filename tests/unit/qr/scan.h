/* Reading symbols back: from the text, from the SVG, and with a scanner. */
#ifndef SFMFA_TESTS_QR_SCAN_H
#define SFMFA_TESTS_QR_SCAN_H

#include <stdbool.h>
#include <stddef.h>

#define SIDE_MAX 200

/* dark[row][column], quiet zone included. */
struct modules {
	size_t rows; /* of a text: whole lines, so one more than the symbol has */
	size_t columns;
	bool dark[SIDE_MAX][SIDE_MAX];
};

/* False: another character than the four glyphs, or lines of different lengths. */
bool
modules_from_text(struct modules *modules, const char *text);

/* False: something else than one square picture of runs. */
bool
modules_from_svg(struct modules *modules, const char *svg);

enum scan_result {
	SCAN_FAILED = 0,
	SCAN_NO_SCANNER,
	SCAN_READ,
};

/* Draws the modules as a picture, some points each, and lets zbarimg read it. */
enum scan_result
modules_scan(const struct modules *modules, char *content, size_t size);

#endif
