/* Numeric networks. No name is ever resolved (rules 4, "Peer"). */
#ifndef SFMFA_MODEL_NETWORK_H
#define SFMFA_MODEL_NETWORK_H

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"
#include "model/limits.h"

enum peer_kind {
	PEER_UNKNOWN = 0, /* a name, or unset where it should be set: in no range, never trusted */
	PEER_LOCAL,
	PEER_ADDRESS,
};

/* IPv4 is kept v4-mapped, so that 10.0.0.1 and ::ffff:10.0.0.1 are one. */
struct peer {
	enum peer_kind kind;
	unsigned char address[16]; /* network byte order */
};

struct network {
	bool local;                /* the word "local" */
	unsigned char address[16];
	unsigned bits;             /* 0–128, of the mapped form */
};

struct networks {
	struct network items[RANGES_MAX];
	size_t count;
};

/*
 * From PAM_RHOST. local_service: the service is in local_services, so unset means local. The zone of
 * an IPv6 address (%eth0) is dropped.
 */
void
peer_from_rhost(struct peer *peer, const char *rhost, bool local_service);

/* "10.0.0.0/8", "2001:db8::/32", "10.0.0.7", "local". Host bits that are set: SFMFA_ERR_INVALID. */
enum sfmfa_err
network_parse(const char *text, struct network *ret_network) SFMFA_MUST_USE;

/* An IPv6 network holds IPv4 addresses only if it is written inside ::ffff:0:0/96: ::/0 means IPv6. */
bool
networks_contain(const struct networks *networks, const struct peer *peer);

#endif
