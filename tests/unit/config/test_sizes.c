/* Bounds: what just fits is taken, one more is refused with its line, and ten thousand crash nothing. */
#include <stdlib.h>
#include <string.h>

#include "config/private.h"
#include "folder.h"
#include "model/network.h"

static struct folder folder;

static void
make(void)
{
	folder_make(&folder);
}

static void
clean(void)
{
	folder_remove(&folder);
}

TestSuite(sizes, .init = make, .fini = clean);

/* Text that is written into a growing buffer. */
struct page {
	char *text;
	size_t size, capacity;
};

static void
put(struct page *page, const char *text)
{
	size_t size = strlen(text);
	if (page->size + size + 1 > page->capacity) {
		char *grown = realloc(page->text, 2 * (page->capacity + size) + 64);
		cr_assert_not_null(grown);
		if (!grown)
			return;
		page->text = grown;
		page->capacity = 2 * (page->capacity + size) + 64;
	}
	memcpy(page->text + page->size, text, size + 1);
	page->size += size;
}

static void
put_many(struct page *page, const char *text, size_t count)
{
	for (size_t i = 0; i < count; i++)
		put(page, text);
}

/* A list of so many different words, each on a line of its own: the first on the line of the bracket. */
static void
put_words(struct page *page, const char *head, size_t count, const char *tail)
{
	put(page, head);
	for (size_t i = 0; i < count; i++) {
		char word[32];
		snprintf(word, sizeof(word), "%s\"w%zu\"", i ? ",\n" : " ", i);
		put(page, word);
	}
	put(page, tail);
}

static void
write_page(const char *file, const struct page *page)
{
	if (strcmp(file, CONF) == 0)
		folder_write_settings(&folder, page->text);
	else
		folder_write(&folder, file, page->text);
}

static void
expect_good(const char *file, const struct page *page)
{
	write_page(file, page);
	config_release(folder_load(&folder));
}

static void
expect_refused(const char *file, const struct page *page, unsigned line, const char *says)
{
	char path[256];
	write_page(file, page);
	struct diag diag = folder_refuse(&folder, SFMFA_ERR_CONFIG);
	snprintf(path, sizeof(path), "%s/%s", folder.path, file);
	cr_expect_str_eq(diag.file, path);
	cr_expect_eq(diag.line, line, "%s: line %u, not %u: %s", file, diag.line, line, diag.text);
	cr_expect(strstr(diag.text, says), "%s: %s, not %s", file, diag.text, says);
}

/* ---- texts ----------------------------------------------------------------------------------------- */

/* A text stands between head and tail; filler fills it up. */
static const struct {
	const char *file, *head, *start, *filler, *tail;
	size_t max; /* bytes with the start */
	const char *says;
} texts[] = {
	{ PROF, "label = \"", "", "x", "\";", LABEL_SIZE - 1, "longer than" },
	{ PROF, "license = \"", "", "x", "\";", NAME_SIZE - 1, "longer than" },
	{ PROF, "members = { users = [ \"", "", "u", "\" ]; };", USER_NAME_SIZE - 1, "longer than" },
	{ PROF, "members = { groups = [ \"", "", "g", "\" ]; };", USER_NAME_SIZE - 1, "longer than" },
	{ PSET, "label = \"", "", "x", "\";", LABEL_SIZE - 1, "longer than" },
	{ PSET, "license = \"", "", "x", "\";", NAME_SIZE - 1, "longer than" },
	{ PGRP, "label = \"", "", "x", "\";", LABEL_SIZE - 1, "longer than" },
	{ CONF, "lockers = [ \"", "", "s", "\" ];", NAME_SIZE - 1, "longer than" },
	{ CONF, "services = { api = [ \"", "", "s", "\" ]; };", NAME_SIZE - 1, "longer than" },
	{ CONF, "protected_groups = [ \"", "", "g", "\" ];", USER_NAME_SIZE - 1, "longer than" },
	{ CONF, "licenses = ( { forbids = [ ]; name = \"", "", "l", "\"; } );", NAME_SIZE - 1,
	  "longer than" },
	{ CONF, "step_up = ( { max_age = 1; service = \"", "", "s", "\"; } );", NAME_SIZE - 1,
	  "longer than" },
	{ CONF, "required_session_level = ( { level = \"standard\"; service = \"", "", "s", "\"; } );",
	  NAME_SIZE - 1, "longer than" },
	{ CONF, "trusted_callers = ( { services = [ ]; user = \"", "", "u", "\"; } );", USER_NAME_SIZE - 1,
	  "longer than" },
	{ CONF, "issuer = \"", "", "i", "\";", 63, "shorter than" },
	{ CONF, "run_as = \"", "", "r", "\";", 63, "name of a user" },
	{ CONF, "state_dir = \"", "/", "d", "\";", 200, "longer than" },
	{ CONF, "key_file = \"", "/", "d", "\";", 200, "longer than" },
	{ CONF, "runtime_dir = \"", "/", "d", "\";", 90, "too long" },
};

Test(sizes, texts_up_to_their_limit_are_taken_and_one_byte_more_is_refused)
{
	for (size_t i = 0; i < sizeof(texts) / sizeof(*texts); i++) {
		for (size_t more = 0; more < 2; more++) {
			struct page page = { 0 };
			put(&page, "\n");
			put(&page, texts[i].head);
			put(&page, texts[i].start);
			put_many(&page, texts[i].filler, texts[i].max - strlen(texts[i].start) + more);
			put(&page, texts[i].tail);
			if (more == 0)
				expect_good(texts[i].file, &page);
			else
				expect_refused(texts[i].file, &page, strcmp(texts[i].file, CONF) == 0 ? 3 : 2,
					       texts[i].says);
			free(page.text);
		}
		folder_remove(&folder);
		folder_make(&folder);
	}
}

Test(sizes, names_of_files_up_to_63_bytes_are_taken_and_one_more_is_refused)
{
	static const char *const folders[] = { "profiles.d", "permission-sets.d", "permission-set-groups.d" };
	for (size_t i = 0; i < 3; i++) {
		char name[128], stem[65];
		memset(stem, 'n', 64);
		stem[63] = 0;
		snprintf(name, sizeof(name), "%s/%s.conf", folders[i], stem);
		/* Not two kinds of one name. */
		name[strlen(folders[i]) + 1] = (char)('a' + i);
		folder_write(&folder, name, "");
		stem[0] = (char)('a' + i);
		struct config *config = folder_load(&folder);
		cr_expect(i == 0   ? config_find_profile(config, stem) != NULL
			  : i == 1 ? config_find_set(config, stem) != NULL
				   : config_find_group(config, stem) != NULL);
		config_release(config);
		snprintf(name, sizeof(name), "%s/%sx.conf", folders[i], stem);
		folder_write(&folder, name, "");
		struct diag diag = folder_refuse(&folder, SFMFA_ERR_CONFIG);
		cr_expect(strstr(diag.text, "not a usable file name"), "%s", diag.text);
		folder_remove(&folder);
		folder_make(&folder);
	}
}

/* ---- lists ----------------------------------------------------------------------------------------- */

static const struct {
	const char *file, *head, *tail;
	size_t max;
	const char *says;
} lists[] = {
	{ CONF, "lockers = [", " ];", SERVICES_MAX, "more than 128" },
	{ CONF, "services = { api = [", " ]; };", SERVICES_MAX, "more than 128" },
	{ CONF, "services = { exempt = (", " ); };", SERVICES_MAX, "more than 128" },
	{ CONF, "protected_groups = [", " ];", GROUP_NAMES_MAX, "more than 512" },
	{ PROF, "members = { groups = [", " ]; };", GROUP_NAMES_MAX, "more than 512" },
	{ PSET, "members = { groups = [", " ]; };", GROUP_NAMES_MAX, "more than 512" },
	{ PGRP, "members = { groups = [", " ]; };", GROUP_NAMES_MAX, "more than 512" },
};

Test(sizes, lists_up_to_their_limit_are_taken_and_longer_ones_refused)
{
	for (size_t i = 0; i < sizeof(lists) / sizeof(*lists); i++) {
		const size_t counts[] = { lists[i].max, lists[i].max + 1, 10000 };
		for (size_t c = 0; c < 3; c++) {
			struct page page = { 0 };
			put_words(&page, lists[i].head, counts[c], lists[i].tail);
			if (c == 0)
				expect_good(lists[i].file, &page);
			else
				expect_refused(lists[i].file, &page, strcmp(lists[i].file, CONF) == 0 ? 2 : 1,
					       lists[i].says);
			free(page.text);
		}
		folder_remove(&folder);
		folder_make(&folder);
	}
}

Test(sizes, a_group_bundles_64_sets_and_no_more)
{
	struct page page = { 0 };
	char name[64];
	for (size_t i = 0; i <= SETS_PER_GROUP_MAX; i++) {
		snprintf(name, sizeof(name), "permission-sets.d/w%zu.conf", i);
		folder_write(&folder, name, "");
	}
	put_words(&page, "sets = [", SETS_PER_GROUP_MAX, " ];");
	expect_good(PGRP, &page);
	page.size = 0;
	put_words(&page, "\nsets = [", SETS_PER_GROUP_MAX + 1, " ];");
	expect_refused(PGRP, &page, 2, "more than 64");
	free(page.text);
}

Test(sizes, a_profile_has_64_ranges_and_no_more)
{
	for (size_t more = 0; more < 2; more++) {
		struct page page = { 0 };
		put(&page, "\n\nlogin_ip_ranges = [ \"local\"");
		for (size_t i = 1; i < RANGES_MAX + more; i++) {
			char text[32];
			snprintf(text, sizeof(text), ",\n\"10.0.%zu.0/24\"", i);
			put(&page, text);
		}
		put(&page, " ];");
		if (more == 0)
			expect_good(PROF, &page);
		else
			expect_refused(PROF, &page, 3, "more than 64");
		free(page.text);
	}
}

/* The wrong one among ten thousand is found, at its own line. */
Test(sizes, ten_thousand_members_are_taken_and_a_wrong_one_among_them_is_found, .timeout = 60)
{
	static const char *const places[] = { PROF, PSET, PGRP };
	for (size_t i = 0; i < 3; i++) {
		struct page page = { 0 };
		put_words(&page, "members = { users = [", 10000, "");
		size_t size = page.size;
		put(&page, " ]; };");
		expect_good(places[i], &page);
		page.size = size;
		put(&page, ",\n\"a:b\",\n\"c\" ]; };");
		expect_refused(places[i], &page, 10001, "':'");
		page.size = size;
		put(&page, ",\n\"w9999\" ]; };");
		expect_refused(places[i], &page, 10001, "w9999 twice");
		free(page.text);
		folder_remove(&folder);
		folder_make(&folder);
	}
}

/* ---- files and nesting ----------------------------------------------------------------------------- */

static void
fill_to(struct page *page, size_t size)
{
	while (page->size + 64 <= size)
		put(page, "###############################################################\n");
	while (page->size < size)
		put(page, "#");
}

Test(sizes, a_file_of_a_mebibyte_is_read_and_one_byte_more_is_not, .timeout = 60)
{
	static const char *const files[] = { CONF, PROF, PSET, PGRP };
	for (size_t i = 0; i < 4; i++) {
		/* folder_write_settings() puts a line before the text. */
		size_t before = i == 0 ? strlen("config_dir = \"\";\n") + strlen(folder.path) : 0;
		struct page page = { 0 };
		fill_to(&page, CONFIG_FILE_SIZE_MAX - before);
		expect_good(files[i], &page);
		put(&page, "#");
		expect_refused(files[i], &page, 0, "larger than 1048576 bytes");
		free(page.text);
		folder_remove(&folder);
		folder_make(&folder);
	}
}

Test(sizes, a_nul_byte_is_refused_wherever_it_is)
{
	static const char *const files[] = { CONF, PROF, PSET, PGRP };
	/* At the end it would hide nothing; behind it could stand what libconfig never sees. */
	static const char bytes[] = "label = \"a\";\n# x\n";
	for (size_t i = 0; i < 4; i++) {
		for (size_t at = 0; at <= sizeof(bytes) - 1; at += 4) {
			char path[256];
			snprintf(path, sizeof(path), "%s/%s", folder.path, files[i]);
			FILE *stream = fopen(path, "w");
			cr_assert_not_null(stream);
			fwrite(bytes, 1, at, stream);
			fputc(0, stream);
			fwrite(bytes + at, 1, sizeof(bytes) - 1 - at, stream);
			cr_assert_eq(fclose(stream), 0);
			struct diag diag = folder_refuse(&folder, SFMFA_ERR_CONFIG);
			cr_expect_str_eq(diag.file, path);
			cr_expect(strstr(diag.text, "NUL"), "%s", diag.text);
		}
		folder_remove(&folder);
		folder_make(&folder);
	}
}

Test(sizes, ten_thousand_levels_are_refused_and_crash_nothing)
{
	static const struct {
		const char *open, *close;
	} levels[] = {
		{ "(\n", ")" },          { "[\n", "]" }, { "{ a = \n", "}" },
		{ "( { a = \n", "} )" }, { "(\n", "" }, /* never closed either */
	};
	for (size_t i = 0; i < sizeof(levels) / sizeof(*levels); i++) {
		struct page page = { 0 };
		put(&page, "x = ");
		put_many(&page, levels[i].open, 10000);
		put(&page, "1");
		put_many(&page, levels[i].close, 10000);
		put(&page, ";\n");
		/* The ninth opening bracket; two on a line in the fourth row. */
		expect_refused(PROF, &page, i == 3 ? 5 : 9, "nested deeper");
		free(page.text);
	}
	struct page page = { 0 };
	put_many(&page, "}", 10000);
	expect_refused(PROF, &page, 1, "closes nothing");
	page.size = 0;
	put_many(&page, "/* ", 10000);
	expect_refused(PROF, &page, 1, "never closed");
	page.size = 0;
	put_many(&page, "a;\n", 10000);
	expect_refused(PROF, &page, 1, "");
	free(page.text);
}
