#include "wire/client.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "base/process.h"
#include "base/text.h"
#include "paths.h"
#include "wire/message.h"
#include "wire/names.h"
#include "wire/once.h"
#include "wire/wait.h"

static int64_t
boottime_ms(void)
{
	struct timespec now;

	if (clock_gettime(CLOCK_BOOTTIME, &now) < 0) {
		return -1;
	}
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static const char *
runtime_dir_of(const struct client_options *options)
{
	return options->runtime_dir ? options->runtime_dir : SFMFA_RUNTIME_DIR;
}

/*
 * root.sock is for uid 0, and for the user who runs a private daemon; asking the file who owns it spares the
 * others a refused connect().
 */
static enum sfmfa_err
choose_socket(const char *runtime_dir, struct sockaddr_un *address, struct diag *diag)
{
	uid_t uid = geteuid();
	struct stat st;
	enum sfmfa_err err;

	*address = (struct sockaddr_un){ .sun_family = AF_UNIX };
	if (runtime_dir[0] != '/') {
		return diag_set(diag, SFMFA_ERR_INVALID, runtime_dir, 0, "not an absolute path");
	}
	err = text_format(address->sun_path, sizeof address->sun_path, "%s/root.sock", runtime_dir);
	if (!err && uid != 0 &&
	    (lstat(address->sun_path, &st) < 0 || !S_ISSOCK(st.st_mode) || st.st_uid != uid)) {
		err = text_format(address->sun_path, sizeof address->sun_path, "%s/sfmfa.sock", runtime_dir);
	}
	return err ? diag_set(diag, SFMFA_ERR_INVALID, runtime_dir, 0, "is too long for a socket's folder")
		   : SFMFA_OK;
}

/*
 * The queue in front of the server is full. A blocking connect() is woken when there is room; uid 0 does not
 * wait but helps itself with --once.
 */
static int
connect_in_line(int fd, const struct sockaddr_un *address, int64_t deadline)
{
	int left;

	if (geteuid() == 0 || fcntl(fd, F_SETFL, 0) < 0) {
		return -1;
	}
	while ((left = wait_left(deadline)) > 0) {
		struct timeval timeout = { left / 1000, left % 1000 * 1000 };

		if (setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &timeout, sizeof timeout) < 0) {
			return -1;
		}
		if (connect(fd, (const struct sockaddr *)address, sizeof *address) == 0) {
			return 0;
		}
		if (errno != EINTR && errno != EAGAIN) {
			return -1;
		}
	}
	errno = EAGAIN;
	return -1;
}

/* Who listens, says the kernel: uid 0, or the owner of a folder where nobody else can put a socket. */
static bool
is_trusted_server(int fd, const char *runtime_dir)
{
	struct ucred peer;
	socklen_t size = sizeof peer;
	struct stat st;

	if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &size) < 0 || size != sizeof peer) {
		return false;
	}
	if (peer.uid == 0) {
		return true;
	}
	return lstat(runtime_dir, &st) == 0 && S_ISDIR(st.st_mode) && !(st.st_mode & (S_IWGRP | S_IWOTH)) &&
	       st.st_uid == peer.uid;
}

static enum sfmfa_err
connect_to_daemon(struct client *client, int64_t deadline, struct diag *diag)
{
	const char *runtime_dir = runtime_dir_of(&client->options);
	struct sockaddr_un address;
	int connected;
	enum sfmfa_err err = choose_socket(runtime_dir, &address, diag);

	if (err) {
		return err;
	}
	client->fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (client->fd < 0) {
		return diag_set(diag, SFMFA_ERR_SYSTEM, "", 0, "no socket: %s", strerror(errno));
	}
	do {
		connected = connect(client->fd, (const struct sockaddr *)&address, sizeof address);
	} while (connected < 0 && errno == EINTR);
	if (connected < 0 && errno == EAGAIN) {
		connected = connect_in_line(client->fd, &address, deadline);
	}
	if (connected < 0) {
		return diag_set(diag, SFMFA_ERR_CLOSED, address.sun_path, 0, "nobody listens: %s",
				strerror(errno));
	}
	if (!is_trusted_server(client->fd, runtime_dir)) {
		return diag_set(diag, SFMFA_ERR_UNTRUSTED, address.sun_path, 0,
				"the server is neither root nor the owner of the folder");
	}
	return SFMFA_OK;
}

static enum sfmfa_err
exchange_by(int fd, const struct fields *request, int64_t deadline, struct fields *ret_reply)
{
	enum sfmfa_err err = message_send(fd, request);

	while (err == SFMFA_ERR_TIMEOUT) {
		err = wait_ready(fd, POLLOUT, deadline);
		if (err) {
			return err;
		}
		err = message_send(fd, request);
	}
	if (err) {
		return err;
	}
	do {
		err = wait_ready(fd, POLLIN, deadline);
		if (err) {
			return err;
		}
		err = message_receive(fd, ret_reply);
	} while (err == SFMFA_ERR_TIMEOUT);
	return err;
}

/* One exchange; a failure closes the connection. */
static enum sfmfa_err
exchange(struct client *client, const struct fields *request, int64_t deadline, struct fields *ret_reply,
	 struct diag *diag)
{
	const char *what;
	enum sfmfa_err err = exchange_by(client->fd, request, deadline, ret_reply);

	if (!err) {
		client->used_at_ms = boottime_ms();
		return SFMFA_OK;
	}
	what = err == SFMFA_ERR_TIMEOUT     ? "sfmfad does not answer in time"
	       : err == SFMFA_ERR_CLOSED    ? "sfmfad closed the connection"
	       : err == SFMFA_ERR_INVALID   ? "sfmfad answers in a form that is not understood"
	       : err == SFMFA_ERR_TOO_LARGE ? "the request is too large"
					    : "sfmfad cannot be talked to";
	client_finish(client);
	return diag_set(diag, err, "", 0, "%s", what);
}

static bool
is_nobody_there(enum sfmfa_err err)
{
	return err == SFMFA_ERR_CLOSED || err == SFMFA_ERR_TIMEOUT;
}

static enum sfmfa_err
begin_with_daemon(struct client *client, const struct fields *request, struct fields *ret_reply,
		  struct diag *diag)
{
	int64_t deadline = wait_deadline(CLIENT_FIRST_REPLY_MS);
	enum sfmfa_err err = connect_to_daemon(client, deadline, diag);

	if (err) {
		client_finish(client);
		return err;
	}
	return exchange(client, request, deadline, ret_reply, diag);
}

/* before: why the daemon was not to be had, for the diagnosis. */
static enum sfmfa_err
begin_with_once(struct client *client, const struct fields *request, const struct diag *before,
		struct fields *ret_reply, struct diag *diag)
{
	const struct client_options *options = &client->options;
	const char *daemon = options->daemon ? options->daemon : SFMFA_DAEMON_PATH;
	const char *config = options->config ? options->config : SFMFA_CONFIG_FILE;
	struct diag once = { 0 };
	enum sfmfa_err err = once_start(daemon, config, &client->fd, &client->once, &once);

	if (!err) {
		err = exchange(client, request, wait_deadline(CLIENT_ONCE_REPLY_MS), ret_reply, &once);
	}
	if (err) {
		return diag_set(diag, err == SFMFA_ERR_SYSTEM ? SFMFA_ERR_CLOSED : err, before->file, 0,
				"%s; %s --once: %s", before->text, daemon, once.text);
	}
	return SFMFA_OK;
}

static bool
may_start_once(const struct client_options *options)
{
	return geteuid() == 0 && !(options->daemon && options->daemon[0] == '\0');
}

static enum sfmfa_err
begin(struct client *client, const struct fields *request, struct fields *ret_reply, struct diag *diag)
{
	struct diag before = { 0 };
	enum sfmfa_err err = begin_with_daemon(client, request, ret_reply, &before);

	if (!err) {
		return SFMFA_OK;
	}
	if (is_nobody_there(err) && may_start_once(&client->options)) {
		err = begin_with_once(client, request, &before, ret_reply, diag);
	} else if (diag) {
		*diag = before;
	}
	return is_nobody_there(err) ? SFMFA_ERR_CLOSED : err;
}

/* The names of the groups that a reply asks for. */
struct group_names {
	char *text;         /* all of them, each with its NUL */
	const char **names; /* into text */
	enum nss_membership *membership;
	size_t count;
};

static void
group_names_finish(struct group_names *groups)
{
	free(groups->text);
	free(groups->names);
	free(groups->membership);
}

static enum sfmfa_err
group_names_read(const struct fields *reply, struct group_names *groups)
{
	struct field field;
	size_t at = 0;
	size_t used = 0;
	size_t most = 0;

	while (fields_next(reply, &at, &field)) {
		most += field_is(&field, WIRE_GROUP);
	}
	/* An entry has four bytes and a key beside its value: room for the NUL. */
	groups->text = malloc(reply->size + 1);
	groups->names = calloc(most + 1, sizeof *groups->names);
	groups->membership = calloc(most + 1, sizeof *groups->membership);
	if (!groups->text || !groups->names || !groups->membership) {
		return SFMFA_ERR_NO_MEMORY;
	}
	for (at = 0; fields_next(reply, &at, &field);) {
		if (!field_is(&field, WIRE_GROUP)) {
			continue;
		}
		if (field_text(&field, groups->text + used, reply->size + 1 - used)) {
			return SFMFA_ERR_INVALID;
		}
		groups->names[groups->count++] = groups->text + used;
		used += field.value_size + 1;
	}
	return SFMFA_OK;
}

/* An unresolved group is never "not a member": what is not named at all is. */
static enum sfmfa_err
describe_groups(const struct nss_user *user, const struct fields *reply, struct fields *request)
{
	__attribute__((cleanup(group_names_finish))) struct group_names groups = { 0 };
	enum sfmfa_err err = group_names_read(reply, &groups);

	if (!err && user) {
		nss_memberships(user, groups.names, groups.count, groups.membership);
	}
	err = err ? err : fields_add_text(request, WIRE_VERB, WIRE_VERB_GROUPS);
	for (size_t i = 0; !err && i < groups.count; i++) {
		switch (groups.membership[i]) {
		case NSS_MEMBER_YES: err = fields_add_text(request, WIRE_IN, groups.names[i]); break;
		case NSS_MEMBER_NO: break;
		case NSS_MEMBER_NO_GROUP:
		case NSS_MEMBER_UNRESOLVED:
		default: err = fields_add_text(request, WIRE_UNRESOLVED, groups.names[i]); break;
		}
	}
	return err;
}

enum sfmfa_err
client_describe_place(struct fields *request, bool audit_counts)
{
	struct process_audit audit;
	struct process self, leader;
	enum sfmfa_err err = SFMFA_OK;

	process_read_audit(getpid(), &audit);
	if (audit_counts && audit.session >= 0 && audit.login_uid >= 0) {
		err = fields_add_number(request, WIRE_AUDIT, audit.session);
		err = err ? err : fields_add_number(request, WIRE_LOGIN_UID, audit.login_uid);
	}
	/* What cannot be read is left out: then there is no session, and the person is asked. */
	if (!err && !process_read(getpid(), &self) && !process_read(self.leader, &leader)) {
		err = fields_add_number(request, WIRE_LEADER, leader.pid);
		err = err ? err : fields_add_number(request, WIRE_LEADER_START, leader.start);
	}
	return err;
}

static enum sfmfa_err
describe_session(const struct nss_user *user, const struct fields *reply, struct fields *request)
{
	enum sfmfa_err err = fields_add_text(request, WIRE_VERB, WIRE_VERB_SESSION);

	return err ? err : client_describe_place(request, true);
}

/* What the daemon may need of a uid-0 caller before it decides; each once. */
struct need {
	const char *word;
	enum sfmfa_err (*describe)(const struct nss_user *user, const struct fields *reply, struct fields *request);
	bool asked;
};

/* NULL: it needs nothing of the kind. */
static struct need *
find_need(const struct fields *reply, struct need needs[], size_t count)
{
	char word[32];

	if (fields_get_text(reply, WIRE_NEED, word, sizeof word)) {
		return NULL;
	}
	for (size_t i = 0; i < count; i++) {
		if (text_equals(word, needs[i].word)) {
			return &needs[i];
		}
	}
	return NULL;
}

/* Answers what the module can tell without the person, until the daemon says something else. */
static enum sfmfa_err
answer_needs(struct client *client, const struct nss_user *user, struct fields *reply, struct diag *diag)
{
	struct need needs[] = {
		{ .word = WIRE_NEED_GROUPS, .describe = describe_groups },
		{ .word = WIRE_NEED_SESSION, .describe = describe_session },
	};
	struct need *need;
	enum sfmfa_err err = SFMFA_OK;

	while (!err && (need = find_need(reply, needs, sizeof needs / sizeof needs[0]))) {
		FIELDS_AUTO answer = { 0 };

		err = need->asked ? SFMFA_ERR_INVALID : need->describe(user, reply, &answer);
		if (err) {
			client_finish(client);
			return diag_set(diag, err, "", 0, "what sfmfad asks for (%s) cannot be answered",
					need->word);
		}
		need->asked = true;
		err = exchange(client, &answer, wait_deadline(CLIENT_REPLY_MS), reply, diag);
	}
	return err;
}

enum sfmfa_err
client_begin(struct client *client, const struct client_options *options, const struct nss_user *user,
	     const struct fields *request, struct fields *ret_reply, struct diag *diag)
{
	FIELDS_AUTO reply = { 0 };
	enum sfmfa_err err;

	client_finish(client);
	client->options = options ? *options : (struct client_options){ 0 };
	err = begin(client, request, &reply, diag);
	err = err ? err : answer_needs(client, user, &reply, diag);
	client->options = (struct client_options){ 0 };
	if (err) {
		return err;
	}
	fields_finish(ret_reply);
	*ret_reply = reply;
	reply = (struct fields){ 0 };
	return SFMFA_OK;
}

enum sfmfa_err
client_exchange(struct client *client, const struct fields *request, struct fields *ret_reply,
		struct diag *diag)
{
	if (client->fd < 0) {
		return diag_set(diag, SFMFA_ERR_CLOSED, "", 0, "not connected to sfmfad");
	}
	return exchange(client, request, wait_deadline(CLIENT_REPLY_MS), ret_reply, diag);
}

bool
client_is_fresh(const struct client *client)
{
	int64_t now = boottime_ms();

	return client->fd >= 0 && client->used_at_ms >= 0 && now >= client->used_at_ms &&
	       now - client->used_at_ms < CLIENT_FRESH_MS;
}

void
client_finish(struct client *client)
{
	if (!client) {
		return;
	}
	if (client->fd >= 0) {
		close(client->fd);
	}
	client->fd = -1;
	once_reap(client->once);
	client->once = 0;
}
