#include "daemon/batch.h"

#include <syslog.h>

#include "daemon/connection.h"
#include "daemon/log.h"

void
batch_add(struct batch *batch, struct connection *connection)
{
	bool root = connection->caller.class == CALLER_ROOT;
	struct connection **first = root ? &batch->root_first : &batch->other_first;
	struct connection **last = root ? &batch->root_last : &batch->other_last;

	connection->batch_next = NULL;
	connection->in_batch = true;
	if (*last != NULL)
		(*last)->batch_next = connection;
	else
		*first = connection;
	*last = connection;
	batch->waiting++;
}

static bool
unlink_from(struct connection **first, struct connection **last, const struct connection *connection)
{
	struct connection *before = NULL;

	for (struct connection *at = *first; at != NULL; before = at, at = at->batch_next) {
		if (at != connection)
			continue;
		if (before != NULL)
			before->batch_next = at->batch_next;
		else
			*first = at->batch_next;
		if (*last == at)
			*last = before;
		return true;
	}
	return false;
}

void
batch_remove(struct batch *batch, struct connection *connection)
{
	if (!connection->in_batch)
		return;
	if (unlink_from(&batch->root_first, &batch->root_last, connection) ||
	    unlink_from(&batch->other_first, &batch->other_last, connection))
		batch->waiting--;
	connection->in_batch = false;
}

static size_t
take(struct connection **first, struct connection **last, struct connection **taken, size_t max)
{
	size_t count = 0;

	while (count < max && *first != NULL) {
		taken[count] = *first;
		*first = (*first)->batch_next;
		if (*first == NULL)
			*last = NULL;
		taken[count]->in_batch = false;
		count++;
	}
	return count;
}

bool
batch_commit(struct batch *batch, struct env *env)
{
	struct connection *taken[BATCH_MAX];
	struct store_op *ops[BATCH_MAX];
	struct diag diag = { 0 };
	size_t count;
	enum sfmfa_err err = SFMFA_ERR_STORE;

	if (batch->waiting == 0)
		return false;
	count = take(&batch->root_first, &batch->root_last, taken, BATCH_MAX / 2);
	count += take(&batch->other_first, &batch->other_last, taken + count, BATCH_MAX / 2);
	batch->waiting -= count;
	for (size_t i = 0; i < count; i++) {
		ops[i] = connection_op(taken[i]);
		ops[i]->err = SFMFA_ERR_STORE;
	}
	if (env->store != NULL)
		err = store_commit(env->store, ops, count, &diag);
	if (err != SFMFA_OK)
		log_diag(LOG_ERR, err, &diag);
	for (size_t i = 0; i < count; i++)
		connection_written(taken[i]);
	return true;
}
