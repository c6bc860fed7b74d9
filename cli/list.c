#include "list.h"

#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "terminal.h"

#define ROWS_AT_ONCE 500 /* of a table, printed before there are more */

/* JSON of entries: columns that have a key. */
static void
print_json(const struct list *list, const struct record *entry)
{
	json_t *object = json_from_record(entry, list->columns, list->column_count);

	if (list->extend)
		list->extend(entry, object);
	json_print(object);
}

static void
add_row(struct table *table, const struct column columns[], size_t count, const struct record *entry)
{
	char *cells[TABLE_COLUMNS_MAX];
	size_t used = 0;

	for (size_t i = 0; i < count; i++) {
		if (columns[i].label)
			cells[used++] = record_display(entry, &columns[i]);
	}
	table_add(table, cells);
}

static void
begin_table(struct table *table, const struct column columns[], size_t count)
{
	for (size_t i = 0; i < count && table->columns < TABLE_COLUMNS_MAX; i++) {
		if (columns[i].label)
			table->labels[table->columns++] = columns[i].label;
	}
}

static char *
copy(const char *text)
{
	size_t size = strlen(text) + 1;

	return memcpy(cli_allocate(size), text, size);
}

/* One page; the key of the next one in *ret_next, heap; NULL: this was the last. */
static enum exit_status
walk_page(const struct request *request, const struct walk *walk, const char *key, char **ret_next)
{
	REPLY_AUTO reply = { 0 };
	REQUEST_AUTO page = *request;
	struct record entry;
	enum exit_status status;
	const char *next;
	bool more = true;
	size_t at = 0;

	page.fields = (struct fields){ 0 };
	if (page.err == SFMFA_OK)
		page.err = fields_decode(&page.fields, request->fields.bytes, request->fields.size);
	request_add(&page, walk->page_by, key);
	status = request_send(&page, &reply);
	if (status != STATUS_DONE)
		return status;
	while (more && record_next(&reply.all, walk->begins, &at, &entry))
		more = walk->visit(&entry, walk->data);
	next = record_text(&reply.all, "next");
	/* A page that says the same key again would never end. */
	if (more && next && next[0] != '\0' && !(key && text_equals(key, next)))
		*ret_next = copy(next);
	return STATUS_DONE;
}

enum exit_status
list_walk(const struct request *request, const struct walk *walk)
{
	enum exit_status status;
	char *key = NULL;

	do {
		char *next = NULL;

		status = walk_page(request, walk, key, &next);
		free(key);
		key = next;
	} while (status == STATUS_DONE && key);
	free(key);
	return status;
}

/* A list while it is shown. */
struct showing {
	const struct cli *cli;
	const struct list *list;
	struct table table;
	int64_t count;
};

static void
print_rows(struct showing *showing)
{
	table_print(&showing->table, stdout, terminal_columns(stdout), terminal_may_colour(stdout));
}

static bool
show_entry(const struct record *entry, void *data)
{
	struct showing *showing = data;
	const struct list *list = showing->list;

	if (showing->cli->json)
		print_json(list, entry);
	else
		add_row(&showing->table, list->columns, list->column_count, entry);
	if (showing->table.rows == ROWS_AT_ONCE)
		print_rows(showing);
	showing->count++;
	return !ferror(stdout) && (list->limit == 0 || showing->count < list->limit);
}

enum exit_status
list_run(struct request *request, const struct list *list)
{
	struct showing showing = { .cli = request->cli, .list = list };
	const struct walk walk = { list->begins, list->page_by, show_entry, &showing };
	enum exit_status status;

	json_begin();
	begin_table(&showing.table, list->columns, list->column_count);
	status = list_walk(request, &walk);
	if (showing.table.rows > 0)
		print_rows(&showing);
	if (status == STATUS_DONE && !request->cli->json && showing.count == 0)
		cli_say(request->cli, "%s", list->empty);
	table_finish(&showing.table);
	return status;
}

void
list_show(const struct cli *cli, const struct record *record, const struct column columns[], size_t count)
{
	TABLE_AUTO table = { .columns = 0 };

	if (cli->json) {
		json_begin();
		json_print(json_from_record(record, columns, count));
		return;
	}
	table.columns = 2;
	for (size_t i = 0; i < count; i++) {
		char *cells[2];

		if (!columns[i].label)
			continue;
		cells[0] = record_printable(columns[i].label);
		cells[1] = record_display(record, &columns[i]);
		table_add(&table, cells);
	}
	table_print_plain(&table, stdout, terminal_columns(stdout));
}
