#include "pam_dispatch.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define DEPTH_MAX 40

enum action {
	ACTION_BAD = 0,
	ACTION_IGNORE,
	ACTION_OK,
	ACTION_DONE,
	ACTION_DIE,
	ACTION_RESET,
	ACTION_JUMP, /* and more: over (action - ACTION_JUMP) modules */
};

/* What has been found so far; a substack remembers what was before it. */
enum impression {
	IMPRESSION_NONE = 0,
	IMPRESSION_POSITIVE,
	IMPRESSION_NEGATIVE,
};

struct state {
	enum impression impression;
	bool success;
};

static bool
is_answer(const char *answer, const char *one)
{
	return strcmp(answer, one) == 0;
}

/* required, requisite, sufficient, optional: pam.conf(5) says what they stand for. */
static int
keyword_action(const char *control, const char *answer)
{
	bool good = is_answer(answer, "success") || is_answer(answer, "new_authtok_reqd");

	if (strcasecmp(control, "required") == 0)
		return good ? ACTION_OK : is_answer(answer, "ignore") ? ACTION_IGNORE : ACTION_BAD;
	if (strcasecmp(control, "requisite") == 0)
		return good ? ACTION_OK : is_answer(answer, "ignore") ? ACTION_IGNORE : ACTION_DIE;
	if (strcasecmp(control, "sufficient") == 0)
		return good ? ACTION_DONE : ACTION_IGNORE;
	if (strcasecmp(control, "optional") == 0)
		return good ? ACTION_OK : ACTION_IGNORE;
	return ACTION_BAD;
}

static int
word_action(const char *word, size_t size)
{
	static const struct {
		const char *word;
		enum action action;
	} actions[] = {
		{ "ignore", ACTION_IGNORE }, { "ok", ACTION_OK },   { "done", ACTION_DONE },
		{ "bad", ACTION_BAD },       { "die", ACTION_DIE }, { "reset", ACTION_RESET },
	};
	char *end = NULL;
	long jump;

	for (size_t i = 0; i < sizeof actions / sizeof actions[0]; i++) {
		if (strlen(actions[i].word) == size && strncasecmp(actions[i].word, word, size) == 0)
			return (int)actions[i].action;
	}
	jump = strtol(word, &end, 10);
	return end == word + size && jump > 0 && jump < PAM_DISPATCH_MAX ? ACTION_JUMP + (int)jump : ACTION_BAD;
}

/* "[success=1 default=ignore]": the answer's own action, else the default, else bad. */
static int
bracket_action(const char *control, const char *answer)
{
	int fallback = ACTION_BAD;
	const char *at = control + 1;

	while (*at != '\0' && *at != ']') {
		size_t size = strcspn(at, "= \t]");
		const char *value = at + size + strspn(at + size, "= \t");
		size_t value_size = strcspn(value, " \t]");

		if (size == strlen(answer) && strncasecmp(at, answer, size) == 0)
			return word_action(value, value_size);
		if (size == 7 && strncasecmp(at, "default", size) == 0)
			fallback = word_action(value, value_size);
		at = value + value_size;
		at += strspn(at, " \t");
	}
	return fallback;
}

static int
action_of(const struct pam_line *line, const char *answer)
{
	return line->control[0] == '[' ? bracket_action(line->control, answer) : keyword_action(line->control, answer);
}

/* The lines of one type, as libpam has them in a chain. */
struct chain {
	const struct pam_stack *stack;
	size_t lines[PAM_DISPATCH_MAX];
	size_t count;
};

static const struct pam_line *
line_at(const struct chain *chain, size_t at)
{
	return &chain->stack->lines[chain->lines[at]];
}

static bool
next_is_at_least(const struct chain *chain, size_t at, unsigned depth)
{
	return at + 1 < chain->count && line_at(chain, at + 1)->depth >= depth;
}

/* Passes over so many lines of the same depth, whole substacks among them; false: there are not that many. */
static bool
jump(const struct chain *chain, size_t *at, int over)
{
	unsigned depth = line_at(chain, *at)->depth;

	for (; over > 0 && next_is_at_least(chain, *at, depth); over--) {
		do
			++*at;
		while (next_is_at_least(chain, *at, depth + 1));
	}
	return over == 0;
}

static void
take_good(struct state *state, bool success)
{
	if (state->impression == IMPRESSION_NONE || (state->impression == IMPRESSION_POSITIVE && state->success)) {
		state->impression = IMPRESSION_POSITIVE;
		state->success = success;
	}
}

static void
take_bad(struct state *state)
{
	state->impression = IMPRESSION_NEGATIVE;
	state->success = false;
}

/* The rest of this depth is not run: of the stack, or of the substack. */
static void
leave(const struct chain *chain, size_t *at)
{
	unsigned depth = line_at(chain, *at)->depth;

	while (next_is_at_least(chain, *at, depth))
		++*at;
}

static void
take(const struct chain *chain, size_t *at, const char *answer, struct state *state, const struct state *before,
     struct pam_course *course)
{
	const struct pam_line *line = line_at(chain, *at);
	size_t from = *at;
	int action = action_of(line, answer);

	switch (action) {
	case ACTION_IGNORE: break;
	case ACTION_RESET: *state = *before; break;
	case ACTION_OK:
	case ACTION_DONE:
		take_good(state, is_answer(answer, "success"));
		if (action == ACTION_DONE && state->impression == IMPRESSION_POSITIVE)
			leave(chain, at);
		break;
	case ACTION_BAD: take_bad(state); break;
	case ACTION_DIE:
		take_bad(state);
		leave(chain, at);
		break;
	default:
		course->jumped[chain->lines[from]] = true;
		if (!jump(chain, at, action - ACTION_JUMP))
			take_bad(state);
		break;
	}
	for (size_t skipped = from + 1; skipped <= *at; skipped++)
		course->skipped_by[chain->lines[skipped]] = line;
}

void
pam_dispatch(const struct pam_stack *stack, enum pam_type type, const char *const answers[], struct pam_course *ret_course)
{
	struct chain chain = { .stack = stack };
	struct state state = { 0 }, before[DEPTH_MAX] = { 0 };
	unsigned depth = 0;

	*ret_course = (struct pam_course){ 0 };
	for (size_t i = 0; i < stack->count && i < PAM_DISPATCH_MAX; i++) {
		if (stack->lines[i].type == type)
			chain.lines[chain.count++] = i;
	}
	for (size_t at = 0; at < chain.count; at++) {
		const struct pam_line *line = line_at(&chain, at);

		if (line->depth > depth && line->depth < DEPTH_MAX)
			before[line->depth] = state;
		depth = line->depth;
		if (line->is_substack || line->depth >= DEPTH_MAX)
			continue;
		ret_course->ran[chain.lines[at]] = true;
		take(&chain, &at, answers[chain.lines[at]], &state, &before[line->depth], ret_course);
	}
	ret_course->success = state.success && state.impression == IMPRESSION_POSITIVE;
}
