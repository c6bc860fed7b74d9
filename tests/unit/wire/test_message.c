#include <criterion/criterion.h>

#include <dirent.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "wire/message.h"
#include "wire/wait.h"

#include <poll.h>

static int ends[2];

static void
set_up(void)
{
	cr_assert_eq(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends), 0);
}

static void
tear_down(void)
{
	close(ends[0]);
	close(ends[1]);
}

TestSuite(message, .init = set_up, .fini = tear_down);

/* A valid message as it is on the wire. */
static size_t
take_raw(const struct fields *fields, unsigned char *bytes, size_t size)
{
	ssize_t got;

	cr_assert_eq(message_send(ends[0], fields), SFMFA_OK);
	got = recv(ends[1], bytes, size, 0);
	cr_assert_gt(got, 0);
	return (size_t)got;
}

static size_t
count_descriptors(void)
{
	DIR *dir = opendir("/proc/self/fd");
	size_t count = 0;

	if (!dir) {
		return 0;
	}
	while (readdir(dir)) {
		count++;
	}
	closedir(dir);
	return count;
}

Test(message, arrives_as_it_was_sent)
{
	FIELDS_AUTO sent = { 0 };
	FIELDS_AUTO got = { 0 };

	cr_assert_eq(fields_add_text(&sent, "verb", "login"), SFMFA_OK);
	cr_assert_eq(fields_add(&sent, "password", "a\0\xff", 3), SFMFA_OK);
	for (int i = 0; i < 3; i++) {
		cr_assert_eq(message_send(ends[i % 2], &sent), SFMFA_OK);
		cr_assert_eq(message_receive(ends[1 - i % 2], &got), SFMFA_OK);
		cr_assert_eq(got.size, sent.size);
		cr_assert_eq(memcmp(got.bytes, sent.bytes, sent.size), 0);
	}
}

Test(message, without_fields_is_a_message)
{
	FIELDS_AUTO sent = { 0 };
	FIELDS_AUTO got = { 0 };

	cr_assert_eq(fields_add_text(&got, "old", "gone"), SFMFA_OK);
	cr_assert_eq(message_send(ends[0], &sent), SFMFA_OK);
	cr_assert_eq(message_receive(ends[1], &got), SFMFA_OK);
	cr_assert_eq(got.size, 0U);
}

Test(message, of_64_kib_passes_and_one_byte_more_does_not)
{
	static char value[MESSAGE_SIZE_MAX];
	FIELDS_AUTO sent = { 0 };
	FIELDS_AUTO larger = { 0 };
	FIELDS_AUTO got = { 0 };

	cr_assert_eq(fields_add(&sent, "k", value, MESSAGE_SIZE_MAX - MESSAGE_HEADER_SIZE - 5), SFMFA_OK);
	cr_assert_eq(message_send(ends[0], &sent), SFMFA_OK);
	cr_assert_eq(message_receive(ends[1], &got), SFMFA_OK);
	cr_assert_eq(got.size, sent.size);
	cr_assert_eq(fields_add(&larger, "k", value, MESSAGE_SIZE_MAX - MESSAGE_HEADER_SIZE - 4), SFMFA_OK);
	cr_assert_eq(message_send(ends[0], &larger), SFMFA_ERR_TOO_LARGE);
	cr_assert_eq(message_receive(ends[1], &got), SFMFA_ERR_TIMEOUT, "nothing of it was sent");
}

/* Cut between two fields a message is a shorter message; the reader of the fields sees what is missing. */
Test(message, cut_inside_a_field_is_refused_at_every_byte)
{
	unsigned char bytes[256];
	FIELDS_AUTO sent = { 0 };
	size_t size;

	cr_assert_eq(fields_add_text(&sent, "verb", "login"), SFMFA_OK);
	cr_assert_eq(fields_add_text(&sent, "user", "alice"), SFMFA_OK);
	size = take_raw(&sent, bytes, sizeof bytes);
	for (size_t cut = 1; cut < size; cut++) {
		FIELDS_AUTO got = { 0 };
		FIELDS_AUTO decoded = { 0 };
		unsigned char *exact = malloc(cut);
		bool whole = cut == MESSAGE_HEADER_SIZE || cut == MESSAGE_HEADER_SIZE + 13;

		memcpy(exact, bytes, cut);
		cr_assert_eq(message_decode(exact, cut, &decoded), whole ? SFMFA_OK : SFMFA_ERR_INVALID,
			     "%zu", cut);
		cr_assert_eq(send(ends[0], exact, cut, 0), (ssize_t)cut);
		cr_assert_eq(message_receive(ends[1], &got), whole ? SFMFA_OK : SFMFA_ERR_INVALID, "%zu",
			     cut);
		free(exact);
	}
	cr_assert_eq(message_decode(bytes, 0, &sent), SFMFA_ERR_INVALID);
}

Test(message, with_any_bit_of_the_header_wrong_is_refused)
{
	FIELDS_AUTO sent = { 0 };
	FIELDS_AUTO got = { 0 };
	unsigned char bytes[256];
	size_t size;

	cr_assert_eq(fields_add_text(&sent, "verb", "login"), SFMFA_OK);
	size = take_raw(&sent, bytes, sizeof bytes);
	for (size_t bit = 0; bit < MESSAGE_HEADER_SIZE * 8; bit++) {
		bytes[bit / 8] ^= (unsigned char)(1U << bit % 8);
		cr_assert_eq(message_decode(bytes, size, &got), SFMFA_ERR_INVALID, "bit %zu", bit);
		cr_assert_eq(send(ends[0], bytes, size, 0), (ssize_t)size);
		cr_assert_eq(message_receive(ends[1], &got), SFMFA_ERR_INVALID, "bit %zu", bit);
		bytes[bit / 8] ^= (unsigned char)(1U << bit % 8);
	}
	cr_assert_eq(message_decode(bytes, size, &got), SFMFA_OK);
}

Test(message, larger_than_64_kib_is_refused_as_truncated)
{
	static unsigned char bytes[MESSAGE_SIZE_MAX + 5] = { 's', 'f', MESSAGE_VERSION, 0 };
	FIELDS_AUTO got = { 0 };

	for (size_t at = MESSAGE_HEADER_SIZE; at + 5 <= sizeof bytes; at += 5) {
		memcpy(bytes + at, "\x01\0\0\0a", 5);
	}
	cr_assert_eq(send(ends[0], bytes, sizeof bytes, 0), (ssize_t)sizeof bytes);
	cr_assert_eq(message_receive(ends[1], &got), SFMFA_ERR_INVALID);
	cr_assert_eq(message_decode(bytes, sizeof bytes, &got), SFMFA_ERR_INVALID);
}

Test(message, that_is_empty_is_the_end)
{
	FIELDS_AUTO got = { 0 };

	cr_assert_eq(send(ends[0], "", 0, 0), 0);
	cr_assert_eq(message_receive(ends[1], &got), SFMFA_ERR_CLOSED);
}

Test(message, with_a_descriptor_is_refused_and_the_descriptor_never_arrives)
{
	FIELDS_AUTO sent = { 0 };
	FIELDS_AUTO got = { 0 };
	unsigned char bytes[256];
	union {
		struct cmsghdr header;
		char space[CMSG_SPACE(sizeof(int))];
	} control = { 0 };
	struct iovec part = { bytes, 0 };
	struct msghdr message = {
		.msg_iov = &part, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof control
	};
	size_t before;

	cr_assert_eq(fields_add_text(&sent, "verb", "login"), SFMFA_OK);
	part.iov_len = take_raw(&sent, bytes, sizeof bytes);
	control.header.cmsg_level = SOL_SOCKET;
	control.header.cmsg_type = SCM_RIGHTS;
	control.header.cmsg_len = CMSG_LEN(sizeof(int));
	memcpy(CMSG_DATA(&control.header), &ends[0], sizeof(int));
	before = count_descriptors();
	cr_assert_gt(sendmsg(ends[0], &message, 0), 0);
	cr_assert_eq(message_receive(ends[1], &got), SFMFA_ERR_INVALID);
	cr_assert_eq(count_descriptors(), before);
	cr_assert_eq(message_send(ends[0], &sent), SFMFA_OK);
	cr_assert_eq(message_receive(ends[1], &got), SFMFA_OK, "the next one is fine");
}

Test(message, that_is_not_there_yet_is_a_timeout)
{
	FIELDS_AUTO got = { 0 };

	cr_assert_eq(fields_add_text(&got, "kept", "yes"), SFMFA_OK);
	cr_assert_eq(message_receive(ends[1], &got), SFMFA_ERR_TIMEOUT);
	cr_assert(fields_has(&got, "kept"));
}

Test(message, to_or_from_a_closed_peer_is_closed_without_a_signal)
{
	FIELDS_AUTO sent = { 0 };
	FIELDS_AUTO got = { 0 };

	signal(SIGPIPE, SIG_DFL);
	cr_assert_eq(fields_add_text(&sent, "verb", "login"), SFMFA_OK);
	close(ends[0]);
	cr_assert_eq(message_receive(ends[1], &got), SFMFA_ERR_CLOSED);
	cr_assert_eq(message_send(ends[1], &sent), SFMFA_ERR_CLOSED);
}

Test(message, that_a_peer_never_read_is_a_reset)
{
	FIELDS_AUTO sent = { 0 };
	FIELDS_AUTO got = { 0 };

	cr_assert_eq(fields_add_text(&sent, "verb", "login"), SFMFA_OK);
	cr_assert_eq(message_send(ends[1], &sent), SFMFA_OK);
	close(ends[0]);
	cr_assert_eq(message_receive(ends[1], &got), SFMFA_ERR_CLOSED);
}

Test(message, to_a_peer_that_does_not_read_does_not_block)
{
	static char value[30000];
	FIELDS_AUTO sent = { 0 };
	enum sfmfa_err err = SFMFA_OK;

	cr_assert_eq(fields_add(&sent, "k", value, sizeof value), SFMFA_OK);
	for (int i = 0; i < 1000 && !err; i++) {
		err = message_send(ends[0], &sent);
	}
	cr_assert_eq(err, SFMFA_ERR_TIMEOUT);
}

Test(message, on_what_is_no_socket_is_an_error)
{
	FIELDS_AUTO fields = { 0 };

	cr_assert_eq(message_receive(-1, &fields), SFMFA_ERR_SYSTEM);
	cr_assert_eq(message_send(-1, &fields), SFMFA_ERR_SYSTEM);
}

Test(message, waiting_ends_with_the_deadline_the_data_or_the_peer)
{
	FIELDS_AUTO sent = { 0 };

	cr_assert_eq(wait_left(wait_deadline(-5)), 0);
	cr_assert_gt(wait_left(wait_deadline(60000)), 50000);
	cr_assert_leq(wait_left(wait_deadline(60000)), 60000);
	cr_assert_eq(wait_ready(ends[1], POLLIN, wait_deadline(0)), SFMFA_ERR_TIMEOUT);
	cr_assert_eq(wait_ready(ends[1], POLLIN, wait_deadline(1)), SFMFA_ERR_TIMEOUT);
	cr_assert_eq(wait_ready(ends[1], POLLOUT, wait_deadline(0)), SFMFA_OK);
	cr_assert_eq(message_send(ends[0], &sent), SFMFA_OK);
	cr_assert_eq(wait_ready(ends[1], POLLIN, wait_deadline(60000)), SFMFA_OK);
	cr_assert_eq(recv(ends[1], (char[8]){ 0 }, 8, 0), MESSAGE_HEADER_SIZE);
	close(ends[0]);
	cr_assert_eq(wait_ready(ends[1], POLLIN, wait_deadline(60000)), SFMFA_OK, "a hang-up is an event");
}
