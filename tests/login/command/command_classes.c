/* Verb by class (rules 2), from a table written by hand, on the table in the code and on the machine. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "auth/administer.h"
#include "stage.h"

struct row {
	char verb[64], words[CALLER_CLASS_COUNT][16], answered_by[16];
};

static size_t
read_rows(struct row rows[], size_t max)
{
	FILE *file = fopen(TEST_DATA "/verb-classes.tsv", "re");
	char line[256];
	size_t count = 0;

	cr_assert_not_null(file);
	cr_assert_not_null(fgets(line, sizeof(line), file));
	while (count < max && fgets(line, sizeof(line), file) != NULL) {
		struct row *row = &rows[count++];

		cr_assert_eq(sscanf(line, "%63s %15s %15s %15s %15s", row->verb, row->words[CALLER_ROOT],
				    row->words[CALLER_TRUSTED], row->words[CALLER_OWN], row->answered_by),
			     5, "%s", line);
	}
	(void)fclose(file);
	return count;
}

Test(classes, every_verb_has_a_row_and_every_row_a_verb)
{
	struct row rows[VERB_COUNT + 8];
	size_t count = read_rows(rows, VERB_COUNT + 8);

	cr_expect_eq(count, VERB_COUNT - 1);
	for (size_t i = 0; i < count; i++)
		cr_expect_neq(verb_from_key(rows[i].verb), VERB_NONE, "%s", rows[i].verb);
}

Test(classes, the_table_of_verbs_is_the_one_of_the_rules)
{
	struct row rows[VERB_COUNT];
	size_t count = read_rows(rows, VERB_COUNT);

	for (size_t i = 0; i < count; i++) {
		for (unsigned class = 0; class < CALLER_CLASS_COUNT; class ++) {
			bool allowed = strcmp(rows[i].words[class], "allowed") == 0;

			cr_expect_eq(verb_open_to(verb_from_key(rows[i].verb), (enum caller_class) class),
				     allowed, "%s by %s", rows[i].verb,
				     caller_class_key((enum caller_class) class));
		}
	}
}

Test(classes, commands_have_a_function_and_others_have_none)
{
	struct row rows[VERB_COUNT];
	size_t count = read_rows(rows, VERB_COUNT);

	for (size_t i = 0; i < count; i++)
		cr_expect_eq(administer_find(verb_from_key(rows[i].verb)) != NULL,
			     strcmp(rows[i].answered_by, "command") == 0, "%s", rows[i].verb);
}

Test(classes, the_machine_refuses_a_class_with_an_event_and_asks_nothing)
{
	struct row rows[VERB_COUNT];
	size_t count = read_rows(rows, VERB_COUNT);
	struct stage stage;

	stage_open(&stage, "");
	for (size_t i = 0; i < count; i++) {
		for (unsigned class = 0; class < CALLER_CLASS_COUNT; class ++) {
			struct caller caller = stage_caller("alice");
			unsigned before = stage.events;
			struct outcome_of outcome;

			caller.class = (enum caller_class) class;
			if (strcmp(rows[i].words[class], "refused") != 0 &&
			    strcmp(rows[i].answered_by, "command") == 0)
				continue;
			outcome = stage_run(&stage, &caller, verb_from_key(rows[i].verb), "bob", NO_ARGS,
					    NO_ANSWERS);
			cr_expect_eq(outcome.status, COMMAND_REFUSED, "%s", rows[i].verb);
			cr_expect_eq(outcome.writes, 0U);
			cr_expect_eq(outcome.asks, 0U);
			cr_expect_eq(stage.events, before + 1, "%s", rows[i].verb);
			cr_expect_eq(stage.event.verdict, VERDICT_DENY);
			cr_expect_str_eq(stage.event.verb, rows[i].verb);
			outcome_clear(&outcome);
		}
	}
	stage_close(&stage);
}

Test(classes, an_unknown_verb_is_refused)
{
	const struct caller root = stage_root();
	struct stage stage;
	struct outcome_of outcome;

	stage_open(&stage, "");
	outcome = stage_run(&stage, &root, VERB_NONE, NULL, NO_ARGS, NO_ANSWERS);
	cr_expect_eq(outcome.status, COMMAND_REFUSED);
	outcome_clear(&outcome);
	stage_close(&stage);
}

Test(classes, an_argument_that_a_verb_does_not_take_is_a_usage_error)
{
	const struct caller root = stage_root();
	struct stage stage;
	struct outcome_of outcome;

	stage_open(&stage, "");
	outcome = stage_run(&stage, &root, VERB_TOKEN_NEW, "alice", ARGS("expire", "60"), NO_ANSWERS);
	cr_expect_eq(outcome.status, COMMAND_USAGE);
	cr_expect_eq(stage.events, 0U);
	outcome_clear(&outcome);
	outcome = stage_run(&stage, &root, VERB_USER_LIST, "alice", NO_ARGS, NO_ANSWERS);
	cr_expect_eq(outcome.status, COMMAND_USAGE);
	outcome_clear(&outcome);
	stage_close(&stage);
}
