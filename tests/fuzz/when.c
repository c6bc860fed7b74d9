/* Moments and spans of the command line, in a zone with summer time. First byte: which reader. */
#include "fuzz.h"

#include <time.h>

#include "cli/when.h"

#define NOW      INT64_C(1790000010)
#define SPAN_MAX (INT64_C(100) * 366 * 86400)
#define LATEST   INT64_C(253402387199) /* the end of the year 9999, a day to the west */

static void
check_moment(const char *text)
{
	char shown[WHEN_SIZE];
	int64_t moment, again;

	if (when_parse_moment(text, NOW, &moment) != SFMFA_OK)
		return;
	HOLDS(moment >= -86400 && moment <= LATEST);
	/* What is shown of a moment is read as that moment, but for the hour that summer time repeats. */
	when_local(moment, shown);
	/* A day alone is that day, here; one that is not in the calendar is none. */
	HOLDS(strlen(text) != 10 || text[4] != '-' || text[7] != '-' || strncmp(shown, text, 10) == 0);
	if (when_parse_moment(shown, NOW, &again) == SFMFA_OK)
		HOLDS(again == moment || again == moment - 3600 || again == moment + 3600);
}

static void
check_spans(const char *text)
{
	int64_t seconds, past, future;

	if (when_parse_span(text, &seconds) == SFMFA_OK) {
		HOLDS(seconds >= 0 && seconds <= SPAN_MAX);
		/* With very many zeros in front nobody has meant anything. */
		if (strlen(text) < 60)
			HOLDS(when_parse_past(text, NOW, &past) == SFMFA_OK && past <= NOW && past >= 0);
		if (seconds > 0)
			HOLDS(when_parse_future(text, NOW, &future) == SFMFA_OK && future == seconds);
	}
	if (when_parse_future(text, NOW, &future) == SFMFA_OK)
		HOLDS(future >= 1);
}

int
LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	struct input_bytes input = { bytes, size };
	char *text;
	int64_t past;
	unsigned which = take_byte(&input) % 3;

	setenv("TZ", "Europe/Berlin", 1);
	text = malloc(input.left + 1);
	HOLDS(text != NULL);
	if (input.left > 0)
		memcpy(text, input.at, input.left);
	text[input.left] = '\0';
	if (which == 0)
		check_moment(text);
	else if (which == 1)
		check_spans(text);
	else if (when_parse_past(text, NOW, &past) == SFMFA_OK)
		HOLDS(past >= -86400 && past <= LATEST);
	free(text);
	return 0;
}
