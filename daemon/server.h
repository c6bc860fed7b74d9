/*
 * The daemon's loop: accepts connections, steps their conversations, commits what they write
 * together, and goes back to sleep. One thread; nothing in it blocks but the disk.
 */
#ifndef SFMFA_DAEMON_SERVER_H
#define SFMFA_DAEMON_SERVER_H

#include <ev.h>

#include "auth/env.h"
#include "config/config.h"
#include "daemon/batch.h"
#include "daemon/journal.h"
#include "daemon/key.h"
#include "daemon/listener.h"
#include "daemon/lookup.h"
#include "daemon/peer.h"

struct connection;

struct server {
	struct ev_loop *loop;
	struct env env;
	char boot_id[BOOT_ID_SIZE]; /* of env's clock */
	struct config_options config_options;
	struct config *paths;      /* state_dir, runtime_dir … as they stood at the start; held */
	struct key_files key_files; /* until one of them has opened the store */
	struct listeners listeners;
	struct ev_io root_accept, any_accept;
	struct ev_io config_changed;
	int config_fd; /* inotify; -1: not watched */
	struct ev_signal hangup, terminate, interrupt;
	struct ev_prepare before_sleep;
	struct ev_periodic never; /* without one libev looks for jumps of the clock once a minute */
	struct batch batch;
	struct journal journal;
	struct lookup_pool lookups;
	struct peer_counts peers;   /* connections of peers that are not root */
	unsigned connection_limit;  /* of those together: half of the descriptors */
	struct connection *connections, *parked; /* open ones; accepted ones that wait for their uid's turn */
	bool any_paused;            /* sfmfa.sock is not accepted from until somebody leaves, or again does */
	bool root_paused;
	struct ev_timer again;      /* for what the system had no descriptor, no memory or no room on the disk for */
	bool config_unread;         /* the files could not be read for want of memory */
	bool config_unkept;         /* what is in force is not on the disk */
	bool state_fails; /* said once */
	bool once;
};

/* Everything but env, config_options, config_fd, paths, key_files and listeners is made here. SFMFA_ERR_*: nothing to undo. */
enum sfmfa_err
server_init(struct server *server, struct diag *diag) SFMFA_MUST_USE;

/* Runs until SIGTERM or SIGINT, or, with once_fd >= 0, until that one connection has ended. */
enum sfmfa_err
server_run(struct server *server, int once_fd, struct diag *diag) SFMFA_MUST_USE;

void
server_finish(struct server *server);

/*
 * Opens the store and the keys if that has not succeeded yet: at the start, and again before a request while
 * it fails, so that the daemon heals by itself. A failure is logged once.
 */
void
server_open_state(struct server *server);

/* Keeps the configuration in force as the last good one, now or as soon as the disk takes it. */
void
server_keep_configuration(struct server *server);

/* Called by a connection that has ended, after it left every list. */
void
server_connection_ended(struct server *server, uid_t uid, enum caller_class class);

#endif
