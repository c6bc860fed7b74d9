#include "raw.h"

#include <criterion/criterion.h>
#include <grp.h>
#include <poll.h>
#include <pwd.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "wire/message.h"
#include "wire/names.h"

int
raw_connect(const struct stage *stage, const char *name)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
	int size =
		snprintf(address.sun_path, sizeof(address.sun_path), "%.64s/run/%.32s", stage->folder, name);

	if (fd < 0)
		return -1;
	if (size < 0 || connect(fd, (const struct sockaddr *)&address, sizeof(address)) != 0) {
		close(fd);
		return -1;
	}
	return fd;
}

bool
raw_send_bytes(int fd, const void *bytes, size_t size)
{
	return send(fd, bytes, size, MSG_NOSIGNAL) == (ssize_t)size;
}

bool
raw_send(int fd, ...)
{
	FIELDS_AUTO request = { 0 };
	enum sfmfa_err err = SFMFA_OK;
	const char *key;
	va_list args;

	va_start(args, fd);
	while (err == SFMFA_OK && (key = va_arg(args, const char *)) != NULL)
		err = fields_add_text(&request, key, va_arg(args, const char *));
	va_end(args);
	return err == SFMFA_OK && message_send(fd, &request) == SFMFA_OK;
}

enum raw_end
raw_receive(int fd, int milliseconds, struct fields *ret_reply)
{
	struct pollfd readable = { .fd = fd, .events = POLLIN };

	if (poll(&readable, 1, milliseconds) <= 0)
		return RAW_SILENCE;
	return message_receive(fd, ret_reply) == SFMFA_OK ? RAW_REPLY : RAW_CLOSED;
}

bool
raw_says(const struct fields *reply, const char *key, const char *value)
{
	char text[1024];

	return fields_get_text(reply, key, text, sizeof(text)) == SFMFA_OK && strcmp(text, value) == 0;
}

bool
raw_allows(const struct fields *reply)
{
	return raw_says(reply, WIRE_AUTH, WIRE_OUTCOME_ALLOW) ||
	       raw_says(reply, WIRE_ACCOUNT, WIRE_OUTCOME_ALLOW) || raw_says(reply, WIRE_RESULT, "done");
}

void
raw_need_nobody(void)
{
	const struct passwd *nobody = getpwuid(RAW_NOBODY);

	if (geteuid() != 0)
		cr_skip_test("only root can make a peer of another uid");
	if (nobody == NULL || strcmp(nobody->pw_name, "nobody") != 0)
		cr_skip_test("there is no user nobody with uid 65534");
}

pid_t
raw_fork_as(uid_t uid, bool (*peer)(void))
{
	pid_t pid = fork();

	if (pid != 0)
		return pid;
	if (setgroups(0, NULL) != 0 || setgid((gid_t)uid) != 0 || setuid(uid) != 0)
		_exit(2);
	_exit(peer() ? 0 : 1);
}

pid_t
raw_fork_nobody(bool (*peer)(void))
{
	return raw_fork_as(RAW_NOBODY, peer);
}

bool
raw_ended_well(pid_t pid)
{
	int status;

	return waitpid(pid, &status, 0) == pid && WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

static bool
check_row(const struct stage *stage, const char *verb, bool allowed)
{
	FIELDS_AUTO reply = { 0 };
	bool refused;
	int fd;

	NEED(ASK(stage, &fd, &reply, "verb", verb, "user", "nobody", "service", "login"));
	refused = raw_says(&reply, WIRE_RESULT, "refused");
	/* "not allowed" is what the class alone is told; a verb's own refusals say more. */
	if (allowed)
		NEED(!(refused && raw_says(&reply, WIRE_ERROR, "not allowed")));
	else
		NEED(refused && !raw_allows(&reply) && !fields_has(&reply, WIRE_NEED));
	close(fd);
	return true;
}

bool
raw_check_verbs(const struct stage *stage, const char *class)
{
	FILE *file = fopen(SFMFA_TEST_DATA "/verb-classes.tsv", "re");
	char line[256], verb[64], word[3][32];
	unsigned rows = 0;

	NEED(file != NULL);
	while (fgets(line, sizeof(line), file) != NULL) {
		const char *cell;

		NEED(sscanf(line, "%63s %31s %31s %31s", verb, word[0], word[1], word[2]) == 4);
		if (strcmp(verb, "verb") == 0)
			continue;
		cell = strcmp(class, "trusted") == 0 ? word[1] : word[2];
		if (!check_row(stage, verb, strcmp(cell, "allowed") == 0)) {
			note("in the row of %s", verb);
			return false;
		}
		rows++;
	}
	fclose(file);
	NEED(rows > 20);
	note("%u verbs by class %s", rows, class);
	return true;
}
