#include <stdlib.h>
#include <string.h>

#include <criterion/criterion.h>

#include "qr/qr.h"
#include "scan.h"

#define LONG_URI                                                                                             \
	"otpauth://totp/mail.example.org:bob%40example.org"                                                  \
	"?secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQGEZA"                                       \
	"&issuer=mail.example.org&algorithm=SHA256&digits=8&period=60"

/* As totp_uri() makes them: short, long, and with everything encoded. */
static const char *const uris[] = {
	"otpauth://totp/web1:alice?secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ&issuer=web1",
	LONG_URI,
	"otpauth://totp/%C3%A9%20%26:%C3%BC?secret=77777777777777772345672345672345&issuer=%C3%A9%20%26",
	"x",
};
#define URI_COUNT (sizeof(uris) / sizeof(uris[0]))

static struct modules from_text;
static struct modules from_svg;

static size_t
text_modules(const char *content)
{
	char text[QR_TEXT_SIZE];
	size_t columns = 0;

	cr_assert_eq(qr_text(content, text, sizeof(text), &columns), SFMFA_OK);
	cr_assert(modules_from_text(&from_text, text));
	cr_assert_eq(from_text.columns, columns);
	cr_assert_eq(from_text.rows, columns + 1, "an odd number of rows, and half a line");
	return columns;
}

Test(qr, a_short_uri_fits_forty_one_columns)
{
	cr_assert_eq(text_modules(uris[0]), 41);
	cr_assert_eq(from_text.rows / 2, 21);
}

Test(qr, the_text_is_plain_lines_of_equal_width)
{
	char text[QR_TEXT_SIZE];
	size_t columns;

	cr_assert_eq(qr_text(uris[0], text, sizeof(text), &columns), SFMFA_OK);
	cr_assert_null(strchr(text, 27));
	cr_assert_null(strchr(text, '\r'));
	cr_assert_eq(text[strlen(text) - 1], '\n');
}

Test(qr, four_light_modules_surround_the_symbol)
{
	for (size_t i = 0; i < URI_COUNT; i++) {
		size_t side = text_modules(uris[i]);

		for (size_t row = 0; row < side; row++) {
			for (size_t column = 0; column < side; column++) {
				if (row < 4 || column < 4 || row >= side - 4 || column >= side - 4)
					cr_assert_not(from_text.dark[row][column], "%zu, %zu", row, column);
			}
		}
		/* The corner of the first finder pattern, and nothing drawn below the last row. */
		cr_assert(from_text.dark[4][4]);
		cr_assert(from_text.dark[side][0]);
		cr_assert(from_text.dark[side][side - 1]);
	}
}

Test(qr, the_svg_shows_the_same_modules_as_the_text)
{
	for (size_t i = 0; i < URI_COUNT; i++) {
		size_t side = text_modules(uris[i]);
		char *svg = NULL;

		cr_assert_eq(qr_svg(uris[i], &svg), SFMFA_OK);
		cr_assert(modules_from_svg(&from_svg, svg));
		cr_assert_eq(from_svg.columns, side);
		for (size_t row = 0; row < side; row++)
			cr_assert_arr_eq(from_svg.dark[row], from_text.dark[row], side);
		free(svg);
	}
}

Test(qr, the_svg_never_contains_the_content_as_text)
{
	char *svg = NULL;

	cr_assert_eq(qr_svg(uris[0], &svg), SFMFA_OK);
	cr_assert_eq(strncmp(svg, "<?xml ", 6), 0);
	cr_assert_null(strstr(svg, "GEZDGNBV"));
	cr_assert_null(strstr(svg, "otpauth"));
	free(svg);
}

Test(qr, a_scanner_reads_the_content_back)
{
	char content[1024];

	for (size_t i = 0; i < URI_COUNT; i++) {
		text_modules(uris[i]);
		switch (modules_scan(&from_text, content, sizeof(content))) {
		case SCAN_NO_SCANNER:
			cr_skip_test("zbarimg (package zbar-tools) is not installed");
			break;
		case SCAN_READ:
			cr_assert_str_eq(content, uris[i]);
			break;
		case SCAN_FAILED:
			cr_assert_fail("zbarimg does not read it: %s", uris[i]);
		}
	}
}

Test(qr, the_longest_uri_still_fits_and_scans)
{
	char content[1024];
	char uri[640];

	memset(uri, 'a', sizeof(uri) - 1);
	uri[sizeof(uri) - 1] = 0;
	cr_assert_leq(text_modules(uri), 101);
	if (modules_scan(&from_text, content, sizeof(content)) == SCAN_NO_SCANNER)
		cr_skip_test("zbarimg (package zbar-tools) is not installed");
	cr_assert_str_eq(content, uri);
}

Test(qr, empty_content_is_refused)
{
	char text[QR_TEXT_SIZE] = "x";
	size_t columns = 99;
	char *svg = NULL;

	cr_assert_eq(qr_text("", text, sizeof(text), &columns), SFMFA_ERR_INVALID);
	cr_assert_eq(qr_svg("", &svg), SFMFA_ERR_INVALID);
	cr_assert_str_eq(text, "x");
	cr_assert_eq(columns, 99);
	cr_assert_null(svg);
}

Test(qr, content_that_no_symbol_holds_is_refused)
{
	static char content[4000];
	char text[QR_TEXT_SIZE] = "x";
	size_t columns = 99;
	char *svg = NULL;

	memset(content, 'a', sizeof(content) - 1);
	cr_assert_eq(qr_text(content, text, sizeof(text), &columns), SFMFA_ERR_TOO_LARGE);
	cr_assert_eq(qr_svg(content, &svg), SFMFA_ERR_TOO_LARGE);
	content[1500] = 0;
	cr_assert_eq(qr_text(content, text, sizeof(text), &columns), SFMFA_ERR_TOO_LARGE);
	cr_assert_eq(qr_svg(content, &svg), SFMFA_OK);
	cr_assert_str_eq(text, "x");
	cr_assert_eq(columns, 99);
	free(svg);
}

Test(qr, a_buffer_is_never_overrun)
{
	char text[QR_TEXT_SIZE];
	size_t columns;
	size_t size = 0;

	while (qr_text(uris[0], text, size, &columns) != SFMFA_OK) {
		size++;
		cr_assert_leq(size, sizeof(text));
		memset(text, 0x55, sizeof(text));
	}
	cr_assert_lt(strlen(text), size);
	cr_assert_eq(text[size], 0x55);
}
