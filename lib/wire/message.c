#include "wire/message.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/uio.h>

#define MAGIC_0 's'
#define MAGIC_1 'f'

#define BODY_SIZE_MAX (MESSAGE_SIZE_MAX - MESSAGE_HEADER_SIZE)

static bool
is_header(const unsigned char header[MESSAGE_HEADER_SIZE])
{
	return header[0] == MAGIC_0 && header[1] == MAGIC_1 && header[2] >= MESSAGE_VERSION_MIN &&
	       header[2] <= MESSAGE_VERSION && header[3] == 0;
}

static enum sfmfa_err
errno_to_err(void)
{
	switch (errno) {
	case EAGAIN: return SFMFA_ERR_TIMEOUT;
	case EPIPE:
	case ECONNRESET:
	case ECONNREFUSED:
	case ENOTCONN: return SFMFA_ERR_CLOSED;
	case EMSGSIZE: return SFMFA_ERR_TOO_LARGE;
	default: return SFMFA_ERR_SYSTEM;
	}
}

/*
 * Header and body are received apart, so that the body lands in the block the fields keep: no copy. The block
 * has room for the largest message; memory that no message touches is never paged in, and what is not used is
 * given back at once.
 *
 * No room for control data is offered: then the kernel itself drops descriptors before they reach this
 * process and says so with MSG_CTRUNC.
 */
enum sfmfa_err
message_receive(int fd, struct fields *ret_fields)
{
	unsigned char header[MESSAGE_HEADER_SIZE] = { 0 };
	unsigned char *body = malloc(BODY_SIZE_MAX);
	struct iovec parts[2] = { { header, sizeof header }, { body, BODY_SIZE_MAX } };
	struct msghdr message = { .msg_iov = parts, .msg_iovlen = 2 };
	enum sfmfa_err err;
	size_t size;
	ssize_t got;

	if (!body) {
		return SFMFA_ERR_NO_MEMORY;
	}
	do {
		got = recvmsg(fd, &message, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
	} while (got < 0 && errno == EINTR);
	if (got <= 0) {
		err = got == 0 ? SFMFA_ERR_CLOSED : errno_to_err();
		free(body);
		return err;
	}
	size = (size_t)got > sizeof header ? (size_t)got - sizeof header : 0;
	if ((size_t)got < sizeof header || !is_header(header) ||
	    (message.msg_flags & (MSG_TRUNC | MSG_CTRUNC))) {
		wipe(body, size);
		free(body);
		return SFMFA_ERR_INVALID;
	}
	return fields_take(ret_fields, body, size, BODY_SIZE_MAX);
}

enum sfmfa_err
message_send(int fd, const struct fields *fields)
{
	unsigned char header[MESSAGE_HEADER_SIZE] = { MAGIC_0, MAGIC_1, MESSAGE_VERSION, 0 };
	struct iovec parts[2] = { { header, sizeof header }, { fields->bytes, fields->size } };
	struct msghdr message = { .msg_iov = parts, .msg_iovlen = 2 };
	ssize_t sent;

	if (fields->size > BODY_SIZE_MAX) {
		return SFMFA_ERR_TOO_LARGE;
	}
	do {
		sent = sendmsg(fd, &message, MSG_DONTWAIT | MSG_NOSIGNAL);
	} while (sent < 0 && errno == EINTR);
	if (sent < 0) {
		return errno_to_err();
	}
	return (size_t)sent == sizeof header + fields->size ? SFMFA_OK : SFMFA_ERR_INTERNAL;
}

enum sfmfa_err
message_decode(const void *bytes, size_t size, struct fields *ret_fields)
{
	const unsigned char *header = bytes;

	if (size < MESSAGE_HEADER_SIZE || size > MESSAGE_SIZE_MAX || !is_header(header)) {
		return SFMFA_ERR_INVALID;
	}
	return fields_decode(ret_fields, header + MESSAGE_HEADER_SIZE, size - MESSAGE_HEADER_SIZE);
}
