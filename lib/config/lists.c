/* Lists of words, networks, factors and permissions (values.h). */
#include "config/values.h"

#include <stdlib.h>
#include <string.h>

static enum sfmfa_err
check_list(const struct reader *reader, const config_setting_t *setting)
{
	if (!config_setting_is_array(setting) && !config_setting_is_list(setting))
		return values_fail(reader, setting, "%s must be a list: [ \"a\", \"b\" ]",
				   config_setting_name(setting));
	return SFMFA_OK;
}

static enum sfmfa_err
fail_twice(const struct reader *reader, const config_setting_t *list, const config_setting_t *element)
{
	char quote[QUOTE_SIZE];
	return values_fail(reader, element, "%s names %s twice", config_setting_name(list),
			   values_quote(config_setting_get_string(element), quote));
}

static enum sfmfa_err
fail_unknown(const struct reader *reader, const config_setting_t *element, const char *what)
{
	char quote[QUOTE_SIZE];
	return values_fail(reader, element, "unknown %s %s", what,
			   values_quote(config_setting_get_string(element), quote));
}

struct placed_word {
	const char *word;
	const config_setting_t *element;
};

static int
compare_placed(const void *a, const void *b)
{
	const struct placed_word *left = a, *right = b;
	int order = strcmp(left->word, right->word);
	if (order != 0)
		return order;
	unsigned left_line = values_line(left->element), right_line = values_line(right->element);
	return (left_line > right_line) - (left_line < right_line);
}

static void
free_placed(struct placed_word **words)
{
	free(*words);
}

static enum sfmfa_err
collect_words(const struct reader *reader, const config_setting_t *setting, enum word_kind kind, size_t count,
	      struct placed_word *placed)
{
	for (size_t i = 0; i < count; i++) {
		const config_setting_t *element = config_setting_get_elem(setting, (unsigned)i);
		char word[USER_NAME_SIZE];
		enum sfmfa_err err = values_word(reader, element, kind, word, sizeof(word));
		if (err)
			return err;
		placed[i] = (struct placed_word){ config_setting_get_string(element), element };
	}
	qsort(placed, count, sizeof(*placed), compare_placed);
	for (size_t i = 1; i < count; i++)
		if (strcmp(placed[i - 1].word, placed[i].word) == 0)
			return fail_twice(reader, setting, placed[i].element);
	return SFMFA_OK;
}

enum sfmfa_err
values_words(const struct reader *reader, const config_setting_t *setting, enum word_kind kind, size_t max,
	     struct words *ret_words)
{
	enum sfmfa_err err = check_list(reader, setting);
	if (err)
		return err;
	size_t count = (size_t)config_setting_length(setting);
	if (max > 0 && count > max)
		return values_fail(reader, setting, "%s has more than %zu entries",
				   config_setting_name(setting), max);

	__attribute__((cleanup(free_placed))) struct placed_word *placed = calloc(count + 1, sizeof(*placed));
	struct words words = { arena_take(reader->arena, count, sizeof(*words.items)), 0 };
	if (!placed || !words.items)
		return values_no_memory(reader);
	err = collect_words(reader, setting, kind, count, placed);
	if (err)
		return err;
	for (; words.count < count; words.count++) {
		words.items[words.count] = arena_text(reader->arena, placed[words.count].word);
		if (!words.items[words.count])
			return values_no_memory(reader);
	}
	*ret_words = words;
	return SFMFA_OK;
}

static int
compare_word(const void *key, const void *item)
{
	const char *const *word = item;
	return strcmp(key, *word);
}

bool
values_has_word(const struct words *words, const char *word)
{
	return words->count > 0 &&
	       bsearch(word, words->items, words->count, sizeof(*words->items), compare_word);
}

static bool
same_network(const struct network *a, const struct network *b)
{
	return a->local == b->local &&
	       (a->local || (a->bits == b->bits && memcmp(a->address, b->address, 16) == 0));
}

enum sfmfa_err
values_networks(const struct reader *reader, const config_setting_t *setting, struct networks *ret_networks)
{
	enum sfmfa_err err = check_list(reader, setting);
	if (err)
		return err;
	if (config_setting_length(setting) > RANGES_MAX)
		return values_fail(reader, setting, "%s has more than %d entries",
				   config_setting_name(setting), RANGES_MAX);
	struct networks networks = { 0 };
	for (int i = 0; i < config_setting_length(setting); i++) {
		const config_setting_t *element = config_setting_get_elem(setting, (unsigned)i);
		const char *text = NULL;
		err = values_text(reader, element, HOST_SIZE, &text);
		if (err)
			return err;
		struct network *network = &networks.items[networks.count];
		char quote[QUOTE_SIZE];
		if (network_parse(text, network))
			return values_fail(
				reader, element,
				"not a network (an address, ADDRESS/BITS without host bits, or local): %s",
				values_quote(text, quote));
		for (size_t k = 0; k < networks.count; k++)
			if (same_network(&networks.items[k], network))
				return fail_twice(reader, setting, element);
		networks.count++;
	}
	*ret_networks = networks;
	return SFMFA_OK;
}

enum sfmfa_err
values_factors(const struct reader *reader, const config_setting_t *setting, uint32_t allowed,
	       uint32_t *ret_factors)
{
	enum sfmfa_err err = check_list(reader, setting);
	if (err)
		return err;
	uint32_t factors = 0;
	for (int i = 0; i < config_setting_length(setting); i++) {
		const config_setting_t *element = config_setting_get_elem(setting, (unsigned)i);
		const char *key = NULL;
		enum factor factor = FACTOR_PASSWORD;
		err = values_text(reader, element, NAME_SIZE, &key);
		if (err)
			return err;
		if (factor_from_key(key, &factor))
			return fail_unknown(reader, element, "factor");
		if ((allowed & FACTOR_BIT(factor)) == 0)
			return values_fail(reader, element, "%s cannot hold the factor %s",
					   config_setting_name(setting), factor_key(factor));
		if (factors & FACTOR_BIT(factor))
			return fail_twice(reader, setting, element);
		factors |= FACTOR_BIT(factor);
	}
	*ret_factors = factors;
	return SFMFA_OK;
}

enum sfmfa_err
values_permissions(const struct reader *reader, const config_setting_t *setting, uint32_t *ret_permissions,
		   struct origin *ret_origins)
{
	enum sfmfa_err err = check_list(reader, setting);
	if (err)
		return err;
	uint32_t permissions = 0;
	for (int i = 0; i < config_setting_length(setting); i++) {
		const config_setting_t *element = config_setting_get_elem(setting, (unsigned)i);
		const char *name = NULL;
		enum permission permission = PERMISSION_COUNT;
		err = values_text(reader, element, NAME_SIZE, &name);
		if (err)
			return err;
		if (permission_from_name(name, &permission))
			return fail_unknown(reader, element, "permission");
		/* A key and its alias are one permission. */
		if (permission_in(permissions, permission))
			return fail_twice(reader, setting, element);
		permissions |= PERMISSION_BIT(permission);
		if (ret_origins)
			ret_origins[permission] = values_origin(reader, element);
	}
	*ret_permissions = permissions;
	return SFMFA_OK;
}
