/*
 * What reads and a login cost in a store ten times as large: instructions of SQLite's machine, pages of the file. Time
 * would be noise; a scan is ten times as many. With SFMFA_LONG=1 a million users and ten million events beside 100,000
 * and a million.
 */
#include <stdio.h>
#include <stdlib.h>

#include "../pam/extent.h"
#include "../pam/notes.h"
#include "contract.h"
#include "population.h"
#include "store/sqlite_private.h"

#define NEWEST INT64_C(1800000000)
#define PAGE   50

/* The way to a row of a tree is a page longer in one that is ten times as large, or two. */
#define PAGES_MORE 2.0
#define STEPS_MORE 1.1
/* Rows that a page is looked for in, and what one of them costs. */
#define ROWS 1000
#define STEPS_A_ROW 150
#define PAGES_A_ROW 3

TestSuite(scale, .timeout = 600);

struct cost {
	double steps, pages;
};

struct visit {
	const char *name;
	void (*run)(struct store *store);
	bool looks; /* at many rows for few: at a thousand of a large store and no more */
};

static void
read_users(struct store *store)
{
	static const char *const names[] = { "user0000001", "user0001234", "user0001999" };
	struct user_record user;

	for (size_t i = 0; i < sizeof names / sizeof *names; i++)
		cr_assert_eq(store_read_user(store, names[i], -1, &user, NULL), SFMFA_OK);
	cr_assert_eq(store_read_user(store, "nobody", -1, &user, NULL), SFMFA_ERR_NOT_FOUND);
}

static void
list_users(struct store *store, struct store_user_filter filter, size_t expected)
{
	static struct user_record users[PAGE];
	char next[USER_NAME_SIZE];
	size_t count = 0;

	filter.limit = PAGE;
	filter.now = NEWEST;
	cr_assert_eq(store_list_users(store, &filter, users, &count, next, NULL), SFMFA_OK);
	cr_assert_eq(count, expected, "%zu", count);
}

static void
list_all(struct store *store)
{
	list_users(store, (struct store_user_filter){ .state = -1, .after = "user0001000" }, PAGE);
}

static void
list_pending(struct store *store)
{
	list_users(store, (struct store_user_filter){ .state = APP_PENDING, .after = "user0001000" }, PAGE);
}

static void
list_of_profile(struct store *store)
{
	list_users(store, (struct store_user_filter){ .state = -1, .profile = "mfa", .after = "user0000500" }, PAGE);
}

/* Nobody meets both: those of the profile have all completed their app. */
static void
list_none(struct store *store)
{
	list_users(store, (struct store_user_filter){ .state = APP_NONE, .profile = "mfa" }, 0);
}

static void
list_tokens(struct store *store)
{
	struct token_record tokens[PAGE];
	struct user_record user;
	size_t count;

	cr_assert_eq(store_read_user(store, "user0000999", -1, &user, NULL), SFMFA_OK);
	cr_assert_eq(store_list_tokens(store, user.id, 0, tokens, PAGE, &count, NULL), SFMFA_OK);
	cr_assert_eq(count, 2);
}

static void
list_events(struct store *store, struct event_filter filter, size_t least)
{
	static struct event events[20];
	int64_t next;
	size_t count = 0;

	filter.limit = 20;
	cr_assert_eq(store_list_events(store, &filter, events, &count, &next, NULL), SFMFA_OK);
	cr_assert_geq(count, least, "%zu", count);
}

#define ANY .reason = -1, .login_type = -1

static void
log_all(struct store *store)
{
	list_events(store, (struct event_filter){ ANY }, 20);
}

static void
log_of_user(struct store *store)
{
	list_events(store, (struct event_filter){ ANY, .user = "user0001234" }, 4);
}

static void
log_of_busy_user(struct store *store)
{
	list_events(store, (struct event_filter){ ANY, .user = "user0000001" }, 20);
}

static void
log_with_reason(struct store *store)
{
	list_events(store, (struct event_filter){ .reason = REASON_LOCKED_OUT, .login_type = -1 }, 20);
}

static void
log_of_type(struct store *store)
{
	list_events(store, (struct event_filter){ .reason = -1, .login_type = LOGIN_API }, 20);
}

static void
log_of_nothing(struct store *store)
{
	list_events(store, (struct event_filter){ .user = "user0000001", .reason = REASON_FROZEN, .login_type = -1 }, 0);
}

static void
log_in(struct store *store)
{
	struct user_record user = read_user(store, "user0001234");
	struct store_op op = attempt_op(&user, STEP);
	static const struct event event = { .user = "user0001234", .time = NEWEST };
	const struct event *const events[] = { &event };

	cr_assert_eq(commit_one(store, &op), SFMFA_OK);
	cr_assert_eq(op.attempt.result, ATTEMPT_RESULT_RIGHT);
	cr_assert_eq(store_add_events(store, events, 1, NULL), SFMFA_OK);
}

static void
count_users(struct store *store)
{
	int64_t count = 0;

	cr_assert_eq(store_count_users(store, &count, NULL), SFMFA_OK);
	cr_assert_geq(count, 2000);
}

static const struct visit visits[] = {
	{ "four users", read_users },
	{ "a page of users", list_all },
	{ "a page of pending users", list_pending },
	{ "a page of a profile", list_of_profile },
	{ "a page that nobody meets", list_none, true },
	{ "the tokens of a user", list_tokens },
	{ "the newest events", log_all },
	{ "those of a user", log_of_user },
	{ "those of a user with many", log_of_busy_user },
	{ "those with a reason", log_with_reason },
	{ "those of a type", log_of_type },
	{ "a page that none meets", log_of_nothing, true },
	{ "a login", log_in },
	{ "the number of users", count_users },
};
#define VISITS (sizeof visits / sizeof *visits)

static void
add_cost(struct database *database, struct cost *cost)
{
	int pages = 0, most = 0;

	for (size_t i = 0; i < STATEMENT_COUNT; i++) {
		if (database->statements[i] != NULL)
			cost->steps += sqlite3_stmt_status(database->statements[i], SQLITE_STMTSTATUS_VM_STEP, 1);
	}
	if (database->handle != NULL)
		cr_assert_eq(sqlite3_db_status(database->handle, SQLITE_DBSTATUS_CACHE_MISS, &pages, &most, 1), SQLITE_OK);
	cost->pages += pages;
}

/* On a connection of its own, whose cache is empty. */
static void
measure(const char *folder, const struct visit *visit, struct cost *ret_cost)
{
	struct store *store = NULL;
	struct sqlite_store *sqlite;
	struct cost ignored = { 0 };

	cr_assert_eq(store_open_sqlite(folder, &store, NULL), SFMFA_OK);
	sqlite = sqlite_of(store);
	add_cost(&sqlite->main, &ignored);
	visit->run(store);
	*ret_cost = (struct cost){ 0 };
	add_cost(&sqlite->main, ret_cost);
	add_cost(&sqlite->events, ret_cost);
	store_close(store);
}

static void
fill(int64_t users, int64_t events)
{
	const struct population population = { .users = users, .events = events, .newest = NEWEST };

	contract_begin();
	store_close(contract_store);
	contract_store = NULL;
	cr_assert(population_fill(contract_folder, &population));
}

static void
measure_all(int64_t users, int64_t events, struct cost costs[VISITS])
{
	fill(users, events);
	for (size_t i = 0; i < VISITS; i++)
		measure(contract_folder, &visits[i], &costs[i]);
	contract_end();
}

Test(scale, ten_times_as_many_users_and_events_cost_no_more)
{
	const int64_t users = extent_is_full() ? 100000 : 4000;
	struct cost small[VISITS], large[VISITS];

	note("%ld and %ld users:", (long)users, (long)users * 10);

	measure_all(users, users * 10, small);
	measure_all(users * 10, users * 100, large);
	for (size_t i = 0; i < VISITS; i++) {
		double steps = visits[i].looks ? STEPS_A_ROW * ROWS : STEPS_MORE * small[i].steps + 20;
		double pages = visits[i].looks ? PAGES_A_ROW * ROWS : PAGES_MORE * small[i].pages + 8;

		cr_expect_gt(small[i].steps, 0);
		cr_expect_leq(large[i].steps, steps, "%s: %.0f and %.0f instructions",
			      visits[i].name, small[i].steps, large[i].steps);
		cr_expect_leq(large[i].pages, pages, "%s: %.0f and %.0f pages",
			      visits[i].name, small[i].pages, large[i].pages);
		note("%.0f and %.0f instructions, %.0f and %.0f pages: %s", small[i].steps, large[i].steps, small[i].pages,
		     large[i].pages, visits[i].name);
	}
}

/* The same plans as in tests/contract/sqlite_store_test.c promise: nothing of the generator's is left in the schema. */
Test(scale, the_generated_store_is_a_store)
{
	int64_t count = 0;

	fill(1000, 5000);
	contract_store = contract_open();
	cr_assert_eq(store_count_users(contract_store, &count, NULL), SFMFA_OK);
	cr_expect_eq(count, 1000);
	cr_expect_eq(read_user(contract_store, "user0000999").token_count, 2);
	cr_expect_eq(read_user(contract_store, "user0000999").recovery_codes_left, 10);
	cr_expect(read_user(contract_store, "user0000011").frozen);
	contract_end();
}

#define ROWS_A_PAGE 256

/* The most memory that SQLite had in an import of so many. */
static double
memory_of_import(int64_t count)
{
	static struct store_import_row rows[ROWS_A_PAGE];
	struct store_op apply = { .kind = STORE_IMPORT_APPLY };
	int64_t staged = 0;

	contract_begin();
	(void)sqlite3_memory_highwater(1);
	while (staged < count) {
		struct store_op op = { .kind = STORE_IMPORT_STAGE };

		for (size_t i = 0; i < ROWS_A_PAGE; i++) {
			rows[i] = (struct store_import_row){ .params = { TOTP_SHA1, 6, 30 }, .sealed_size = 48 };
			(void)snprintf(rows[i].user, sizeof rows[i].user, "user%07ld", (long)(staged + (int64_t)i));
		}
		op.import = (struct store_import){ .id = 7, .begins = staged == 0, .rows = rows, .count = ROWS_A_PAGE };
		cr_assert_eq(commit_one(contract_store, &op), SFMFA_OK);
		staged += ROWS_A_PAGE;
	}
	apply.import = (struct store_import){ .id = 7, .expected = staged, .now = { NOW, 5000, "boot-a" } };
	cr_assert_eq(commit_one(contract_store, &apply), SFMFA_OK);
	cr_assert_eq(apply.import.made, staged);
	cr_expect_not(sqlite_of(contract_store)->main.has_stage, "what waited is gone");
	contract_end();
	return (double)sqlite3_memory_highwater(1);
}

Test(scale, an_import_takes_no_memory_for_its_users)
{
	double small = memory_of_import(20000), large = memory_of_import(60000);

	note("%.0f KiB of memory for an import of 20000 users, %.0f KiB for 60000", small / 1024, large / 1024);
	cr_expect_leq(large, 1.2 * small, "%.0f and %.0f bytes", small, large);
}
