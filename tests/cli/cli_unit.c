/* The CLI's own parts without a daemon: times, tables, options, records, JSON, the table of commands. */
#include <criterion/criterion.h>

#include <locale.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/text.h"
#include "cli/cli.h"
#include "cli/json.h"
#include "cli/options.h"
#include "cli/record.h"
#include "cli/table.h"
#include "cli/when.h"

#define NOW INT64_C(1795491276) /* 2026-11-24T03:34:36Z */

static int64_t
moment(const char *text)
{
	int64_t unix_seconds = -1;

	return when_parse_moment(text, NOW, &unix_seconds) == SFMFA_OK ? unix_seconds : -1;
}

static int64_t
span(const char *text)
{
	int64_t seconds = -1;

	return when_parse_span(text, &seconds) == SFMFA_OK ? seconds : -1;
}

static int64_t
past(const char *text)
{
	int64_t unix_seconds = -1;

	return when_parse_past(text, NOW, &unix_seconds) == SFMFA_OK ? unix_seconds : -1;
}

static int64_t
future(const char *text)
{
	int64_t seconds = -1;

	return when_parse_future(text, NOW, &seconds) == SFMFA_OK ? seconds : -1;
}

static void
zone(const char *name)
{
	setenv("TZ", name, 1);
	tzset();
}

Test(when, rfc_3339_is_read_with_z_offset_and_fraction)
{
	cr_assert_eq(moment("2026-11-24T03:34:36Z"), NOW);
	cr_assert_eq(moment("2026-11-24t03:34:36z"), NOW);
	cr_assert_eq(moment("2026-11-24T04:34:36+01:00"), NOW);
	cr_assert_eq(moment("2026-11-23T22:04:36-05:30"), NOW);
	cr_assert_eq(moment("2026-11-24T03:34:36.999Z"), NOW);
}

Test(when, local_time_follows_the_zone_of_the_process)
{
	zone("Europe/Paris");
	cr_assert_eq(moment("2026-11-24 04:34:36"), NOW);
	cr_assert_eq(moment("2026-11-24 04:34"), NOW - 36);
	cr_assert_eq(moment("2026-07-01"), moment("2026-06-30T22:00:00Z"));
}

Test(when, an_hour_that_summer_time_leaves_out_is_refused)
{
	zone("Europe/Paris");
	cr_assert_eq(moment("2026-03-29 02:30"), -1);
	cr_assert_neq(moment("2026-03-29 03:30"), -1);
}

Test(when, days_and_hours_that_do_not_exist_are_refused)
{
	static const char *const bad[] = { "2026-02-29",
					   "2026-13-01",
					   "2026-04-31",
					   "2026-11-24 24:00",
					   "2026-1-2",
					   "2026-11-24T03:34Z",
					   "2026-11-24 03:34x",
					   "2026-11-24T03:34:36+1",
					   "@",
					   "@-1",
					   "@1x",
					   "",
					   "tomorrow",
					   "2026-11-24T03:34:36.Z",
					   "1969-12-31",
					   "2026-11-24T03:34:36Zx" };

	zone("UTC");
	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
		cr_assert_eq(moment(bad[i]), -1, "%s", bad[i]);
	cr_assert_neq(moment("2028-02-29"), -1);
	cr_assert_eq(moment("@1795491276"), NOW);
	cr_assert_eq(moment("now"), NOW);
}

Test(when, spans_add_up_from_the_larger_unit_to_the_smaller)
{
	cr_assert_eq(span("90d"), 90 * 86400);
	cr_assert_eq(span("2w"), 14 * 86400);
	cr_assert_eq(span("1d12h"), 86400 + 12 * 3600);
	cr_assert_eq(span("1h30m5s"), 5405);
}

Test(when, spans_that_are_no_spans_are_refused)
{
	static const char *const bad[] = { "",     "d",    "90",  "-1d",         "1x",
					   "1h1d", "1d1d", "1 d", "9999999999d", "99999999999999999999s" };

	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
		cr_assert_eq(span(bad[i]), -1, "%s", bad[i]);
}

Test(when, the_past_may_be_a_span_or_a_moment)
{
	cr_assert_eq(past("2h"), NOW - 7200);
	cr_assert_eq(past("2h ago"), NOW - 7200);
	cr_assert_eq(past("2026-11-24T03:34:36Z"), NOW);
	cr_assert_eq(past("2026-11-24 ago"), -1);
	cr_assert_eq(past(" ago"), -1);
}

Test(when, the_future_must_lie_ahead)
{
	cr_assert_eq(future("90d"), 90 * 86400);
	cr_assert_eq(future("0d"), -1);
	cr_assert_eq(future("2026-11-24T03:34:36Z"), -1);
	cr_assert_eq(future("2026-11-24T03:34:37Z"), 1);
	cr_assert_eq(future("now"), -1);
}

/* The longest line of what a table prints, and the whole text. */
static size_t
printed(struct table *table, size_t width, char text[4096])
{
	FILE *file = fmemopen(text, 4096, "w");
	size_t longest = 0;

	table_print(table, file, width, false);
	fclose(file);
	for (char *line = text; *line;) {
		size_t size = strcspn(line, "\n");
		char copy[1024];

		snprintf(copy, sizeof copy, "%.*s", (int)size, line);
		if (table_text_width(copy) > longest)
			longest = table_text_width(copy);
		line += size + (line[size] == '\n');
	}
	return longest;
}

static void
fill(struct table *table)
{
	static const char *const rows[2][4] = {
		{ "2026-11-24 03:34:36", "alice", "sshd",
		  "deny factor-wrong because of something long to say about it" },
		{ "2026-11-24 03:34:37", "b\303\266b", "dovecot", "allow ok (totp)" },
	};

	setlocale(LC_ALL, "C.UTF-8");
	table->columns = 4;
	table->labels[0] = "TIME";
	table->labels[1] = "USER";
	table->labels[2] = "SERVICE";
	table->labels[3] = "OUTCOME";
	for (size_t row = 0; row < 2; row++) {
		char *cells[4];

		for (size_t i = 0; i < 4; i++)
			cells[i] = strdup(rows[row][i]);
		table_add(table, cells);
	}
}

Test(table, without_a_limit_every_entry_is_one_line)
{
	TABLE_AUTO table = { .columns = 0 };
	char text[4096];

	fill(&table);
	printed(&table, 0, text);
	cr_assert(strstr(text, "deny factor-wrong because of something long to say about it\n"));
	cr_assert(strstr(text, "03:34:37  b\303\266b    dovecot  allow"), "%s", text);
}

Test(table, eighty_columns_wrap_the_last_column)
{
	TABLE_AUTO table = { .columns = 0 };
	char text[4096];

	fill(&table);
	cr_assert_leq(printed(&table, 80, text), 80, "%s", text);
	cr_assert(strstr(text, "TIME "));
	cr_assert(strstr(text, "\n                                     to say about it\n"), "%s", text);
}

Test(table, forty_columns_turn_rows_into_blocks_and_lose_nothing)
{
	TABLE_AUTO table = { .columns = 0 };
	char text[4096];

	fill(&table);
	cr_assert_leq(printed(&table, 40, text), 40, "%s", text);
	cr_assert(strstr(text, "TIME     2026-11-24 03:34:36\n"), "%s", text);
	cr_assert(strstr(text, "something long to say about it") || strstr(text, "about it"));
	cr_assert(strstr(text, "\n\nTIME     2026-11-24 03:34:37\n"), "%s", text);
}

static void
add_row(struct table *table, const char *user, const char *outcome)
{
	char *cells[] = { strdup("now"), strdup(user), strdup("sshd"), strdup(outcome) };

	table_add(table, cells);
}

Test(table, a_long_table_is_printed_in_parts)
{
	TABLE_AUTO table = { .columns = 4, .labels = { "TIME", "USER", "SERVICE", "OUTCOME" } };
	char text[4096];

	add_row(&table, "somebody", "ok");
	printed(&table, 80, text);
	cr_expect_str_eq(text, "TIME  USER      SERVICE  OUTCOME\nnow   somebody  sshd     ok\n");
	cr_expect_eq(table.rows, 0, "what is printed is forgotten");
	add_row(&table, "al", "ok");
	printed(&table, 80, text);
	cr_expect_str_eq(text, "now   al        sshd     ok\n", "in the same columns, without labels");
	add_row(&table, "a name that is so long that it leaves no room for the outcome of the login", "ok");
	printed(&table, 80, text);
	cr_expect_eq(text[0], '\n', "apart from what was before");
	cr_expect_not_null(strstr(text, "OUTCOME  ok\n"), "%s", text);
	add_row(&table, "al", "ok");
	printed(&table, 80, text);
	cr_expect_not_null(strstr(text, "OUTCOME  ok\n"), "it stays a list of blocks: %s", text);
}

Test(table, a_screen_too_narrow_for_anything_still_ends)
{
	TABLE_AUTO table = { .columns = 0 };
	char text[4096];

	fill(&table);
	printed(&table, 3, text);
	cr_assert(strstr(text, "TIME"));
}

Test(table, wide_characters_count_twice)
{
	setlocale(LC_ALL, "C.UTF-8");
	cr_assert_eq(table_text_width("abc"), 3);
	cr_assert_eq(table_text_width("b\303\266b"), 3);
	cr_assert_eq(table_text_width("\344\275\240"), 2);
}

Test(commands, the_table_is_sorted_and_complete)
{
	for (size_t i = 0; i < cli_command_count; i++) {
		const struct command *command = &cli_commands[i];

		if (i > 0)
			cr_assert_lt(strcmp(cli_commands[i - 1].words, command->words), 0, "%s",
				     command->words);
		cr_assert(command->run && command->options && command->help[0] && command->example[0]);
		cr_assert_eq(strncmp(command->example, command->words, strlen(command->words)), 0, "%s",
			     command->example);
		if (command->verb != VERB_NONE)
			cr_assert_str_not_empty(verb_info(command->verb)->key);
		cr_assert_leq(22 + strlen(command->help), 80, "%s", command->words);
	}
}

static enum read_kind
read_one(const char *first, const char *second, struct given *given, const char **word)
{
	static const struct option_spec own[] = { { "label", "LABEL", false, "" },
						  { "all", NULL, false, "" },
						  { NULL, NULL, false, NULL } };
	char *words[] = { (char *)(uintptr_t)first, (char *)(uintptr_t)second, NULL };
	struct reader reader = { .words = words, .count = second ? 2 : 1 };

	return options_next(&reader, own, given, word);
}

Test(options, an_option_takes_its_argument_after_a_space_or_an_equals_sign)
{
	struct given given = { 0 };
	const char *word = NULL;

	cr_assert_eq(read_one("--label", "x", &given, &word), READ_OPTION);
	cr_assert_str_eq(given.value, "x");
	cr_assert_eq(read_one("--label=a=b", NULL, &given, &word), READ_OPTION);
	cr_assert_str_eq(given.value, "a=b");
	cr_assert_eq(read_one("--label=", NULL, &given, &word), READ_OPTION);
	cr_assert_str_eq(given.value, "");
}

Test(options, abbreviations_unknown_ones_and_wrong_arguments_are_refused)
{
	struct given given = { 0 };
	const char *word = NULL;

	cr_assert_eq(read_one("--lab", "x", &given, &word), READ_BAD);
	cr_assert_eq(read_one("--label", NULL, &given, &word), READ_BAD);
	cr_assert_eq(read_one("--all=yes", NULL, &given, &word), READ_BAD);
	cr_assert_eq(read_one("-x", NULL, &given, &word), READ_BAD);
	cr_assert_eq(read_one("--", NULL, &given, &word), READ_END);
	cr_assert_eq(read_one("--", "--label", &given, &word), READ_WORD);
	cr_assert_str_eq(word, "--label");
	cr_assert_eq(read_one("-", NULL, &given, &word), READ_WORD);
}

static const char *
nearest(const char *typed)
{
	struct nearest found = { .typed = typed };

	nearest_try(&found, "token");
	nearest_try(&found, "temp-code");
	nearest_try(&found, "log");
	return found.found ? found.found : "";
}

Test(options, slips_of_the_fingers_find_the_word_meant)
{
	cr_assert_str_eq(nearest("tokn"), "token");
	cr_assert_str_eq(nearest("tokne"), "token");
	cr_assert_str_eq(nearest("temp_code"), "temp-code");
	cr_assert_str_eq(nearest("lgo"), "log");
	cr_assert_str_eq(nearest("frobnicate"), "");
	cr_assert_str_eq(nearest("x"), "");
}

static void
make(struct reply *reply)
{
	FIELDS_AUTO fields = { 0 };

	cr_assert_eq(fields_add_text(&fields, "user", "alice"), SFMFA_OK);
	cr_assert_eq(fields_add_text(&fields, "label", "one"), SFMFA_OK);
	cr_assert_eq(fields_add_text(&fields, "services", "dovecot,vsftpd"), SFMFA_OK);
	cr_assert_eq(fields_add_number(&fields, "expires", NOW), SFMFA_OK);
	cr_assert_eq(fields_add_text(&fields, "label", "two\033[31m"), SFMFA_OK);
	cr_assert_eq(fields_add_number(&fields, "expires", 0), SFMFA_OK);
	cr_assert_eq(reply_from_fields(reply, &fields), SFMFA_OK);
}

Test(record, groups_begin_with_their_first_key)
{
	REPLY_AUTO reply = { 0 };
	struct record record;
	size_t at = 0;

	make(&reply);
	cr_assert(record_next(&reply.all, "label", &at, &record));
	cr_assert_str_eq(record_text(&record, "label"), "one");
	cr_assert_str_eq(record_text(&record, "services"), "dovecot,vsftpd");
	cr_assert(record_next(&reply.all, "label", &at, &record));
	cr_assert_null(record_text(&record, "services"));
	cr_assert_not(record_next(&reply.all, "label", &at, &record));
}

Test(record, control_characters_never_reach_a_terminal)
{
	static const struct column label = { .key = "label" };
	REPLY_AUTO reply = { 0 };
	struct record record;
	size_t at = 0;
	char *text;

	make(&reply);
	cr_assert(record_next(&reply.all, "label", &at, &record));
	cr_assert(record_next(&reply.all, "label", &at, &record));
	text = record_display(&record, &label);
	cr_assert_null(strchr(text, '\033'));
	free(text);
}

Test(record, a_nul_inside_a_value_is_refused)
{
	FIELDS_AUTO fields = { 0 };
	REPLY_AUTO reply = { 0 };

	cr_assert_eq(fields_add(&fields, "user", "a\0b", 3), SFMFA_OK);
	cr_assert_eq(reply_from_fields(&reply, &fields), SFMFA_ERR_INVALID);
}

Test(json, columns_become_members_of_their_own_type)
{
	static const struct column columns[] = {
		{ .key = "label" },
		{ .key = "services", .kind = VALUE_LIST },
		{ .key = "expires", .kind = VALUE_TIME },
		{ .key = "muted", .kind = VALUE_FLAG },
		{ .key = "absent" },
		{ .label = "FOR PEOPLE" },
	};
	REPLY_AUTO reply = { 0 };
	struct record record;
	size_t at = 0;
	json_t *object;
	char text[512] = "";

	json_begin();
	make(&reply);
	cr_assert(record_next(&reply.all, "label", &at, &record));
	object = json_from_record(&record, columns, sizeof columns / sizeof columns[0]);
	cr_assert_lt(json_dumpb(object, text, sizeof text - 1, JSON_COMPACT), sizeof text);
	cr_assert_str_eq(text, "{\"label\":\"one\",\"services\":[\"dovecot\",\"vsftpd\"],\"expires\":\"2026-"
			       "11-24T03:34:36Z\","
			       "\"muted\":false,\"absent\":null}");
	json_decref(object);
}

Test(json, bytes_that_are_not_utf8_are_replaced)
{
	json_t *value;

	json_begin();
	value = json_from_text("a\377b");
	cr_assert_str_eq(json_string_value(value), "a?b");
	json_decref(value);
}
