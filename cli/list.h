/* Lists: pages are pulled until there are no more, and shown as a table or as one JSON object a line. */
#ifndef SFMFA_CLI_LIST_H
#define SFMFA_CLI_LIST_H

#include "json.h"
#include "request.h"
#include "table.h"

struct list {
	const char *begins;  /* key of the first pair of each entry */
	const char *page_by; /* field that asks for the next page: "after", "before" */
	const struct column *columns;
	size_t column_count;
	const char *empty;   /* what people read when there is nothing */
	/* Members of an entry's JSON object beyond the columns; NULL: none. */
	void (*extend)(const struct record *entry, json_t *object);
	int64_t limit;       /* entries at most; 0: all */
};

/* Every entry of every page. */
struct walk {
	const char *begins;  /* as in struct list */
	const char *page_by;
	bool (*visit)(const struct record *entry, void *data); /* false: enough */
	void *data;
};

/* Anything but STATUS_DONE has been reported on stderr. */
enum exit_status
list_walk(const struct request *request, const struct walk *walk);

enum exit_status
list_run(struct request *request, const struct list *list);

/* One record as lines of "label  value", or as one JSON object. */
void
list_show(const struct cli *cli, const struct record *record, const struct column columns[], size_t count);

#endif
