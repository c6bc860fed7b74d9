#include "daemon/server.h"

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <syslog.h>
#include <unistd.h>

#include "daemon/configuration.h"
#include "daemon/connection.h"
#include "daemon/log.h"
#include "daemon/loop_memory.h"

#define ACCEPT_AT_ONCE  64    /* connections taken in one turn of the loop, a socket */
#define DESCRIPTORS_MAX 65536 /* as many as the hard limit gives, and no more */
#define NEVER           1e12  /* Unix seconds */
#define DESCRIPTORS_OWN 64    /* store, log, look-ups */
#define AGAIN_SOON      1.0   /* seconds, after the system had no descriptor or no memory */
#define AGAIN_LATER     30.0  /* after a disk was full */

/* What becomes of a peer that is not root. */
enum admission { ADMIT, PARK, TURN_AWAY };

static enum admission
admit(const struct server *server, uid_t uid, enum caller_class class)
{
	unsigned open = peer_open(&server->peers, uid);

	switch (class) {
	case CALLER_ROOT: return ADMIT;
	case CALLER_TRUSTED:
		if (open < PEER_CONNECTIONS_TRUSTED)
			return ADMIT;
		/* Not even one that is trusted may take the place of all others. */
		return open < server->connection_limit / 2 ? PARK : TURN_AWAY;
	case CALLER_OWN: return open < PEER_CONNECTIONS_OWN ? ADMIT : TURN_AWAY;
	case CALLER_CLASS_COUNT: break;
	}
	return TURN_AWAY;
}

static void
take_connection(struct server *server, int fd)
{
	enum caller_class class;
	uid_t uid;
	pid_t pid;

	if (peer_credentials(fd, &uid, &pid) != SFMFA_OK) {
		close(fd);
		return;
	}
	class = peer_class(server->env.config, uid);
	switch (admit(server, uid, class)) {
	case ADMIT: connection_open(server, fd, uid, pid, class, false); return;
	case PARK: connection_open(server, fd, uid, pid, class, true); return;
	case TURN_AWAY: close(fd); return;
	}
	close(fd);
}

static void
pause_accepting(struct server *server, bool root)
{
	ev_io_stop(server->loop, root ? &server->root_accept : &server->any_accept);
	*(root ? &server->root_paused : &server->any_paused) = true;
}

static void
try_again(struct server *server, double seconds)
{
	if (ev_is_active(&server->again) && ev_timer_remaining(server->loop, &server->again) <= seconds)
		return;
	ev_timer_stop(server->loop, &server->again);
	ev_timer_set(&server->again, seconds, 0.0);
	ev_timer_start(server->loop, &server->again);
}

/* Somebody who leaves is not enough: it may have been others, in other processes, who had it all. */
static void
accept_again_later(struct server *server, bool root)
{
	pause_accepting(server, root);
	try_again(server, AGAIN_SOON);
}

static void
accept_from(struct server *server, int listener, bool root)
{
	for (int i = 0; i < ACCEPT_AT_ONCE; i++) {
		int fd;

		/* Peers that are not root never hold more than half: they wait in their own backlog. */
		if (!root && server->peers.total >= server->connection_limit) {
			pause_accepting(server, false);
			return;
		}
		fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
		if (fd >= 0) {
			take_connection(server, fd);
			continue;
		}
		if (errno == EMFILE || errno == ENFILE || errno == ENOMEM || errno == ENOBUFS)
			accept_again_later(server, root);
		return;
	}
}

/* EV_ERROR: the kernel had no memory to watch the socket, and libev has stopped. */
static void
on_root_accept(struct ev_loop *loop, struct ev_io *watcher, int events)
{
	(void)loop;
	if ((events & EV_ERROR) != 0)
		accept_again_later(watcher->data, true);
	else
		accept_from(watcher->data, watcher->fd, true);
}

static void
on_any_accept(struct ev_loop *loop, struct ev_io *watcher, int events)
{
	(void)loop;
	if ((events & EV_ERROR) != 0)
		accept_again_later(watcher->data, false);
	else
		accept_from(watcher->data, watcher->fd, false);
}

static void
resume_accepting(struct server *server)
{
	if (server->any_paused && server->peers.total < server->connection_limit) {
		server->any_paused = false;
		ev_io_start(server->loop, &server->any_accept);
	}
	if (server->root_paused) {
		server->root_paused = false;
		ev_io_start(server->loop, &server->root_accept);
	}
}

/* One of the uid has left, so one that waits may come in. */
static void
unpark(struct server *server, uid_t uid)
{
	for (struct connection *at = server->parked; at != NULL; at = at->next) {
		if (at->caller.uid == uid) {
			connection_unpark(at);
			return;
		}
	}
}

void
server_connection_ended(struct server *server, uid_t uid, enum caller_class class)
{
	if (class != CALLER_ROOT) {
		peer_leave(&server->peers, uid);
		unpark(server, uid);
	}
	resume_accepting(server);
	if (server->once)
		ev_break(server->loop, EVBREAK_ALL);
}

/* With the key file's, else with the one beside it: between two steps of a rotation either may be the one. */
static enum sfmfa_err
open_keys(struct server *server, struct diag *diag)
{
	struct key_files *files = &server->key_files;
	enum sfmfa_err err;

	if (files->file.size == 0 && files->beside.size == 0)
		return diag_set(diag, SFMFA_ERR_CRYPTO, server->paths->settings.key_file, 0,
		                "there is no sealing key: no factor can be verified");
	err = env_open_keys(&server->env, files->file.size != 0 ? &files->file : &files->beside, diag);
	if (err == SFMFA_ERR_CRYPTO && files->beside.size != 0 &&
	    env_open_keys(&server->env, &files->beside, NULL) == SFMFA_OK)
		err = SFMFA_OK;
	if (err == SFMFA_OK)
		key_files_clear(files);
	return err;
}

static enum sfmfa_err
open_state(struct server *server, struct diag *diag)
{
	struct env *env = &server->env;
	enum sfmfa_err err = SFMFA_OK;

	if (env->store == NULL)
		err = store_open_sqlite(server->paths->settings.state_dir, &env->store, diag);
	if (err != SFMFA_OK || env->keyring.ready)
		return err;
	return open_keys(server, diag);
}

void
server_open_state(struct server *server)
{
	struct diag diag = { 0 };
	enum sfmfa_err err;

	if (server->env.store != NULL && server->env.keyring.ready)
		return;
	err = open_state(server, &diag);
	/* A rotation does not wait for a store that cannot be opened. */
	key_files_unlock(&server->key_files);
	if (err != SFMFA_OK && !server->state_fails)
		log_diag(LOG_ERR, err, &diag);
	server->state_fails = err != SFMFA_OK;
}

void
server_keep_configuration(struct server *server)
{
	server->config_unkept =
		!configuration_keep(&server->env, server->paths->settings.state_dir, server->config_unkept);
	if (server->config_unkept)
		try_again(server, AGAIN_LATER);
}

static void
read_configuration(struct server *server)
{
	const struct config *paths;

	server->config_unread = configuration_reload(&server->env, &server->config_options) == SFMFA_ERR_NO_MEMORY;
	if (server->config_unread)
		try_again(server, AGAIN_SOON);
	server_keep_configuration(server);
	paths = server->env.config != NULL ? server->env.config : server->paths;
	if (server->config_fd >= 0)
		configuration_watch(paths, server->config_options.file, &server->config_fd);
}

static void
on_again(struct ev_loop *loop, struct ev_timer *watcher, int events)
{
	struct server *server = watcher->data;

	(void)events;
	/* Where the kernel refuses to watch, libev tells at its next turn: it is woken for that. */
	if (server->root_paused || server->any_paused ||
	    (server->config_fd >= 0 && !ev_is_active(&server->config_changed)))
		try_again(server, AGAIN_SOON);
	resume_accepting(server);
	if (server->config_fd >= 0)
		ev_io_start(loop, &server->config_changed);
	if (server->config_unread)
		read_configuration(server);
	else if (server->config_unkept)
		server_keep_configuration(server);
}

static void
on_config_changed(struct ev_loop *loop, struct ev_io *watcher, int events)
{
	(void)loop;
	if ((events & EV_ERROR) != 0)
		try_again(watcher->data, AGAIN_SOON);
	else if (configuration_changed(watcher->fd))
		read_configuration(watcher->data);
}

static void
on_hangup(struct ev_loop *loop, struct ev_signal *watcher, int events)
{
	(void)loop;
	(void)events;
	read_configuration(watcher->data);
}

static void
on_stop(struct ev_loop *loop, struct ev_signal *watcher, int events)
{
	(void)watcher;
	(void)events;
	ev_break(loop, EVBREAK_ALL);
}

/* All that could be read has been read: one commit, the replies, then the log. */
static void
on_before_sleep(struct ev_loop *loop, struct ev_prepare *watcher, int events)
{
	struct server *server = watcher->data;

	(void)loop;
	(void)events;
	while (batch_commit(&server->batch, &server->env))
		;
	journal_settle(&server->journal);
}

static void
on_never(struct ev_loop *loop, struct ev_periodic *watcher, int events)
{
	(void)loop;
	(void)watcher;
	(void)events;
}

static unsigned
raise_descriptor_limit(void)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) != 0)
		return DESCRIPTORS_OWN;
	limit.rlim_cur = limit.rlim_max < DESCRIPTORS_MAX ? limit.rlim_max : DESCRIPTORS_MAX;
	(void)setrlimit(RLIMIT_NOFILE, &limit);
	return (unsigned)limit.rlim_cur;
}

static void
init_watchers(struct server *server)
{
	ev_io_init(&server->root_accept, on_root_accept, server->listeners.root_fd, EV_READ);
	ev_io_init(&server->any_accept, on_any_accept, server->listeners.any_fd, EV_READ);
	ev_io_init(&server->config_changed, on_config_changed, server->config_fd, EV_READ);
	ev_signal_init(&server->hangup, on_hangup, SIGHUP);
	ev_signal_init(&server->terminate, on_stop, SIGTERM);
	ev_signal_init(&server->interrupt, on_stop, SIGINT);
	ev_prepare_init(&server->before_sleep, on_before_sleep);
	ev_timer_init(&server->again, on_again, AGAIN_SOON, 0.0);
	ev_periodic_init(&server->never, on_never, NEVER, 0.0, NULL);
	server->root_accept.data = server;
	server->any_accept.data = server;
	server->config_changed.data = server;
	server->hangup.data = server;
	server->terminate.data = server;
	server->interrupt.data = server;
	server->before_sleep.data = server;
	server->again.data = server;
	/* A change of the files is seen before the logins that came after it, and root before the rest. */
	ev_set_priority(&server->config_changed, EV_MAXPRI);
	ev_set_priority(&server->root_accept, 1);
}

/* In a process that is forked off and has no use for them. */
static void
forget_secrets(void *data)
{
	struct server *server = data;

	keyring_clear(&server->env.keyring);
	secret_clear(&server->env.sealing_key);
	key_files_clear(&server->key_files);
}

enum sfmfa_err
server_init(struct server *server, struct diag *diag)
{
	unsigned descriptors = raise_descriptor_limit();
	enum sfmfa_err err;

	loop_memory_init();
	server->loop = ev_default_loop(EVFLAG_AUTO);
	if (server->loop == NULL)
		return diag_set(diag, SFMFA_ERR_SYSTEM, "", 0, "no event loop");
	server->connection_limit = descriptors > 2 * DESCRIPTORS_OWN ? (descriptors - DESCRIPTORS_OWN) / 2 : 16;
	err = lookup_pool_init(&server->lookups, server->loop, forget_secrets, server);
	if (err != SFMFA_OK)
		return diag_set(diag, err, "", 0, "no memory");
	journal_init(&server->journal, &server->env, server->loop);
	init_watchers(server);
	return SFMFA_OK;
}

static void
start_listening(struct server *server)
{
	if (server->listeners.root_fd >= 0)
		ev_io_start(server->loop, &server->root_accept);
	if (server->listeners.any_fd >= 0)
		ev_io_start(server->loop, &server->any_accept);
	if (server->config_fd >= 0)
		ev_io_start(server->loop, &server->config_changed);
	ev_signal_start(server->loop, &server->hangup);
	/* As in on_again(). */
	try_again(server, AGAIN_SOON);
}

/* Once nothing runs, sfmfa.db is whole without its log. */
static void
settle_store(struct server *server)
{
	struct diag diag = { 0 };

	if (server->env.store != NULL && store_settle(server->env.store, &diag) != SFMFA_OK)
		log_diag(LOG_WARNING, SFMFA_ERR_STORE, &diag);
}

enum sfmfa_err
server_run(struct server *server, int once_fd, struct diag *diag)
{
	server->once = once_fd >= 0;
	ev_signal_start(server->loop, &server->terminate);
	ev_signal_start(server->loop, &server->interrupt);
	ev_prepare_start(server->loop, &server->before_sleep);
	ev_periodic_start(server->loop, &server->never);
	if (server->once) {
		uid_t uid;
		pid_t pid;

		if (peer_credentials(once_fd, &uid, &pid) != SFMFA_OK)
			return diag_set(diag, SFMFA_ERR_INVALID, "", 0, "--once wants a connected socket");
		connection_open(server, once_fd, uid, pid, peer_class(server->env.config, uid), false);
		if (server->connections == NULL)
			goto done;
	} else {
		start_listening(server);
	}
	ev_run(server->loop, 0);
done:
	/* What was begun is finished: commits, replies, events. */
	while (batch_commit(&server->batch, &server->env))
		;
	while (server->connections != NULL)
		connection_close(server->connections);
	while (server->parked != NULL)
		connection_close(server->parked);
	journal_flush(&server->journal);
	if (!server->once)
		settle_store(server);
	return SFMFA_OK;
}

void
server_finish(struct server *server)
{
	lookup_pool_finish(&server->lookups);
	journal_finish(&server->journal);
	peer_counts_finish(&server->peers);
	listeners_close(&server->listeners);
	if (server->config_fd >= 0)
		close(server->config_fd);
	store_close(server->env.store);
	keyring_clear(&server->env.keyring);
	config_release(server->env.config);
	config_release(server->env.fallback);
	config_release(server->paths);
	secret_clear(&server->env.sealing_key);
	key_files_clear(&server->key_files);
}
