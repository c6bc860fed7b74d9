/* Who fails to get in does not learn why, beyond what rules 4 say: the same words, in the same order, the
 * same end. */
#include <criterion/criterion.h>
#include <string.h>

#include "strangers.h"

static struct stage stage;
static struct talk talk;

static void
open_stage(void)
{
	strangers_open(&stage, &talk);
}

static void
close_stage(void)
{
	stage_close(&stage);
}

TestSuite(strangers, .init = open_stage, .fini = close_stage, .timeout = 120);

static bool
is_same(const struct picture *a, const struct picture *b)
{
	return a->code == b->code && a->delay == b->delay && strcmp(a->screen, b->screen) == 0;
}

static void
compare_all(enum way way, const struct picture pictures[STATE_COUNT])
{
	const char *letters = strangers_shown(way);

	for (int a = 0; a < STATE_COUNT; a++) {
		cr_expect_neq(pictures[a].code, PAM_SUCCESS);
		for (int b = 0; b < a; b++) {
			bool same = is_same(&pictures[a], &pictures[b]);

			cr_expect_eq(same, letters[a] == letters[b],
				     "%s: %s ends with %d (delay %u):\n%s%s with %d (delay %u):\n%s",
				     strangers_way(way), strangers_name((enum state)a), pictures[a].code,
				     pictures[a].delay, pictures[a].screen, strangers_name((enum state)b),
				     pictures[b].code, pictures[b].delay, pictures[b].screen);
		}
	}
}

Test(strangers, who_fails_is_shown_the_same_of_everybody)
{
	for (enum way way = 0; way < WAY_COUNT; way++) {
		struct picture pictures[STATE_COUNT];

		for (enum state state = 0; state < STATE_COUNT; state++)
			strangers_try(&stage, way, state, &pictures[state]);
		compare_all(way, pictures);
	}
}
