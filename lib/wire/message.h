/*
 * One message is one SOCK_SEQPACKET datagram of at most 64 KiB: two magic bytes, a version byte,
 * a zero byte, then the encoded fields (lib/base/fields.h). The same form both ways; a new verb
 * needs no new format.
 *
 * A connection is one login or one command, strictly alternating: request, reply, request, …
 * An empty or truncated datagram is an error, descriptors are never received.
 */
#ifndef SFMFA_WIRE_MESSAGE_H
#define SFMFA_WIRE_MESSAGE_H

#include "base/error.h"
#include "base/fields.h"

#define MESSAGE_VERSION     1
#define MESSAGE_VERSION_MIN 1 /* the oldest that is still served: workers keep old modules for weeks */
#define MESSAGE_HEADER_SIZE 4
#define MESSAGE_SIZE_MAX    65536

/*
 * Receives one message without blocking (MSG_DONTWAIT). SFMFA_ERR_TIMEOUT: nothing there yet;
 * SFMFA_ERR_CLOSED: end of file or reset; SFMFA_ERR_INVALID: malformed, truncated, of an unknown
 * version, or with descriptors (which never reach this process: the kernel drops them). *ret_fields
 * must be zeroed or in use; on success its contents are replaced. Do not set SO_PASSCRED on such a
 * socket: every message would be refused.
 */
enum sfmfa_err
message_receive(int fd, struct fields *ret_fields) SFMFA_MUST_USE;

/*
 * Sends one message without blocking (MSG_DONTWAIT | MSG_NOSIGNAL). SFMFA_ERR_TIMEOUT: the peer's
 * buffer is full; SFMFA_ERR_CLOSED: nobody there; SFMFA_ERR_TOO_LARGE.
 */
enum sfmfa_err
message_send(int fd, const struct fields *fields) SFMFA_MUST_USE;

/* The decoder alone, for datagrams that are already in memory (fuzzing). */
enum sfmfa_err
message_decode(const void *bytes, size_t size, struct fields *ret_fields) SFMFA_MUST_USE;

#endif
