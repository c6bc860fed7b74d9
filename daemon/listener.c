#include "daemon/listener.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/text.h"

#define BACKLOG           1024
#define ACTIVATED_FD_BASE 3 /* sd_listen_fds(3) */

static enum sfmfa_err
address_of(const char *folder, const char *name, struct sockaddr_un *ret_address, struct diag *diag)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };

	if (text_format(address.sun_path, sizeof(address.sun_path), "%s/%s", folder, name) != SFMFA_OK)
		return diag_set(diag, SFMFA_ERR_TOO_LARGE, folder, 0, "the path of a socket is at most 107 bytes");
	*ret_address = address;
	return SFMFA_OK;
}

/* Whether somebody accepts on this name; a name that a killed daemon left behind may be replaced. */
static bool
somebody_listens(const struct sockaddr_un *address)
{
	int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	bool listens = true;

	if (fd < 0)
		return true;
	if (connect(fd, (const struct sockaddr *)address, sizeof(*address)) != 0)
		listens = errno != ECONNREFUSED && errno != ENOENT;
	close(fd);
	return listens;
}

static enum sfmfa_err
bind_one(const char *folder, const char *name, mode_t mode, int *ret_fd, struct diag *diag)
{
	struct sockaddr_un address;
	mode_t mask;
	int fd, bound;
	enum sfmfa_err err;

	err = address_of(folder, name, &address, diag);
	if (err != SFMFA_OK)
		return err;
	if (somebody_listens(&address))
		return diag_set(diag, SFMFA_ERR_EXISTS, address.sun_path, 0, "another sfmfad listens here");
	if (unlink(address.sun_path) != 0 && errno != ENOENT)
		return diag_set(diag, SFMFA_ERR_SYSTEM, address.sun_path, 0, "cannot be replaced: %s", strerror(errno));
	fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return diag_set(diag, SFMFA_ERR_SYSTEM, "", 0, "no socket: %s", strerror(errno));
	/* Nobody may connect between bind and chmod: made with no more than its final mode. */
	mask = umask((mode_t)(0777 & ~mode));
	bound = bind(fd, (const struct sockaddr *)&address, sizeof(address));
	umask(mask);
	if (bound != 0 || listen(fd, BACKLOG) != 0) {
		err = diag_set(diag, SFMFA_ERR_SYSTEM, address.sun_path, 0, "cannot listen: %s", strerror(errno));
		close(fd);
		return err;
	}
	*ret_fd = fd;
	return SFMFA_OK;
}

static unsigned
activated_count(void)
{
	const char *pid = getenv("LISTEN_PID"), *fds = getenv("LISTEN_FDS");
	int64_t number, count;

	if (pid == NULL || fds == NULL || text_parse_number(pid, 1, INT32_MAX, &number) != SFMFA_OK ||
	    number != getpid() || text_parse_number(fds, 1, 16, &count) != SFMFA_OK)
		return 0;
	return (unsigned)count;
}

static bool
name_ends_in(int fd, const char *name)
{
	struct sockaddr_un address = { 0 };
	socklen_t size = sizeof(address) - 1;
	const char *slash;

	if (getsockname(fd, (struct sockaddr *)&address, &size) != 0 || address.sun_family != AF_UNIX)
		return false;
	slash = strrchr(address.sun_path, '/');
	return slash != NULL && strcmp(slash + 1, name) == 0;
}

static enum sfmfa_err
take_over(unsigned count, struct listeners *ret_listeners, struct diag *diag)
{
	struct listeners listeners = LISTENERS_NONE;

	for (int fd = ACTIVATED_FD_BASE; fd < ACTIVATED_FD_BASE + (int)count; fd++) {
		int type = 0;
		socklen_t size = sizeof(type);

		if (getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &size) != 0 || type != SOCK_SEQPACKET ||
		    fcntl(fd, F_SETFD, FD_CLOEXEC) != 0 || fcntl(fd, F_SETFL, O_NONBLOCK) != 0)
			return diag_set(diag, SFMFA_ERR_INVALID, "", 0, "descriptor %d is no SEQPACKET socket", fd);
		if (name_ends_in(fd, "root.sock"))
			listeners.root_fd = fd;
		else if (name_ends_in(fd, "sfmfa.sock"))
			listeners.any_fd = fd;
		else
			return diag_set(diag, SFMFA_ERR_INVALID, "", 0, "descriptor %d has an unknown name", fd);
	}
	listeners.activated = true;
	*ret_listeners = listeners;
	return SFMFA_OK;
}

enum sfmfa_err
listeners_open(const char *runtime_dir, struct listeners *ret_listeners, struct diag *diag)
{
	struct listeners listeners = LISTENERS_NONE;
	unsigned activated = activated_count();
	enum sfmfa_err err;

	if (activated > 0)
		return take_over(activated, ret_listeners, diag);
	err = bind_one(runtime_dir, "sfmfa.sock", 0666, &listeners.any_fd, diag);
	if (err == SFMFA_OK)
		err = bind_one(runtime_dir, "root.sock", 0600, &listeners.root_fd, diag);
	if (err != SFMFA_OK) {
		listeners_close(&listeners);
		return err;
	}
	*ret_listeners = listeners;
	return SFMFA_OK;
}

void
listeners_close(struct listeners *listeners)
{
	if (listeners->root_fd >= 0)
		close(listeners->root_fd);
	if (listeners->any_fd >= 0)
		close(listeners->any_fd);
	*listeners = (struct listeners)LISTENERS_NONE;
}
