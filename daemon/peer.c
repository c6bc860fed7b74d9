#include "daemon/peer.h"

#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/process.h"
#include "base/text.h"

enum sfmfa_err
peer_credentials(int fd, uid_t *ret_uid, pid_t *ret_pid)
{
	struct ucred peer;
	socklen_t size = sizeof(peer);

	if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &size) != 0 || size != sizeof(peer))
		return SFMFA_ERR_SYSTEM;
	if (peer.uid == (uid_t)-1)
		return SFMFA_ERR_UNTRUSTED;
	*ret_uid = peer.uid;
	*ret_pid = peer.pid;
	return SFMFA_OK;
}

enum caller_class
peer_class(const struct config *config, uid_t uid)
{
	if (uid == 0 || uid == geteuid())
		return CALLER_ROOT;
	if (config != NULL && config_find_trusted_caller(config, uid) != NULL)
		return CALLER_TRUSTED;
	return CALLER_OWN;
}

void
peer_place(pid_t pid, struct session_place *ret_place, int64_t *ret_login_uid)
{
	struct session_place place = { .audit = -1 };
	struct process before, after, leader;
	struct process_audit audit;

	*ret_place = place;
	*ret_login_uid = -1;
	if (process_read(pid, &before) != SFMFA_OK)
		return;
	process_read_audit(pid, &audit);
	if (process_read(before.leader, &leader) == SFMFA_OK) {
		place.leader = leader.pid;
		place.leader_start = leader.start;
	}
	if (text_copy(place.tty, sizeof(place.tty), before.tty) != SFMFA_OK ||
	    process_read(pid, &after) != SFMFA_OK || after.start != before.start || after.leader != before.leader)
		return;
	place.audit = audit.session;
	*ret_place = place;
	*ret_login_uid = audit.login_uid;
}

static struct peer_count *
find(const struct peer_counts *counts, uid_t uid)
{
	for (size_t i = 0; i < counts->count; i++) {
		if (counts->items[i].uid == uid)
			return &counts->items[i];
	}
	return NULL;
}

unsigned
peer_open(const struct peer_counts *counts, uid_t uid)
{
	const struct peer_count *item = find(counts, uid);

	return item != NULL ? item->open : 0;
}

enum sfmfa_err
peer_enter(struct peer_counts *counts, uid_t uid)
{
	struct peer_count *item = find(counts, uid);

	if (item == NULL) {
		if (counts->count == counts->capacity) {
			size_t capacity = counts->capacity == 0 ? 16 : counts->capacity * 2;
			struct peer_count *items = reallocarray(counts->items, capacity, sizeof(*items));

			if (items == NULL)
				return SFMFA_ERR_NO_MEMORY;
			counts->items = items;
			counts->capacity = capacity;
		}
		item = &counts->items[counts->count++];
		*item = (struct peer_count){ .uid = uid };
	}
	item->open++;
	counts->total++;
	return SFMFA_OK;
}

void
peer_leave(struct peer_counts *counts, uid_t uid)
{
	struct peer_count *item = find(counts, uid);

	if (item == NULL)
		return;
	counts->total--;
	if (--item->open == 0)
		*item = counts->items[--counts->count];
}

void
peer_counts_finish(struct peer_counts *counts)
{
	free(counts->items);
	*counts = (struct peer_counts){ 0 };
}
