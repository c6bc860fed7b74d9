#include "model/network.h"

#include <arpa/inet.h>
#include <string.h>

#define V4_PREFIX_BITS 96U
#define ADDRESS_BITS   128U

static const unsigned char v4_mapped_prefix[12] = {[10] = 0xff, [11] = 0xff};

static bool
is_v4_mapped(const unsigned char address[16])
{
	return memcmp(address, v4_mapped_prefix, sizeof(v4_mapped_prefix)) == 0;
}

/* A numeric address, IPv4 in its mapped form. *ret_v4: it was written as IPv4. */
static bool
parse_address(const char *text, unsigned char ret_address[16], bool *ret_v4)
{
	unsigned char bytes[16];

	if (inet_pton(AF_INET, text, bytes) == 1) {
		memcpy(ret_address, v4_mapped_prefix, sizeof(v4_mapped_prefix));
		memcpy(ret_address + sizeof(v4_mapped_prefix), bytes, 4);
		*ret_v4 = true;
		return true;
	}
	if (inet_pton(AF_INET6, text, bytes) == 1) {
		memcpy(ret_address, bytes, sizeof(bytes));
		*ret_v4 = false;
		return true;
	}
	return false;
}

void
peer_from_rhost(struct peer *peer, const char *rhost, bool local_service)
{
	char text[INET6_ADDRSTRLEN];
	const char *zone;
	size_t size;
	bool v4;

	*peer = (struct peer){.kind = PEER_UNKNOWN};
	if (rhost == NULL || rhost[0] == '\0') {
		peer->kind = local_service ? PEER_LOCAL : PEER_UNKNOWN;
		return;
	}
	zone = strchr(rhost, '%');
	size = zone == NULL ? strlen(rhost) : (size_t)(zone - rhost);
	if (size >= sizeof(text) || (zone != NULL && zone[1] == '\0'))
		return;
	memcpy(text, rhost, size);
	text[size] = '\0';
	/* Only IPv6 has zones; 10.0.0.1%eth0 is nothing that a kernel ever prints. */
	if (!parse_address(text, peer->address, &v4) || (v4 && zone != NULL)) {
		memset(peer->address, 0, sizeof(peer->address));
		return;
	}
	peer->kind = PEER_ADDRESS;
}

/* "0" … "128": digits only, no leading zero, so that 010 is never read as eight. */
static bool
parse_bits(const char *text, unsigned max, unsigned *ret_bits)
{
	unsigned bits = 0;
	size_t size = strlen(text);

	if (size == 0 || size > 3 || (text[0] == '0' && size > 1))
		return false;
	for (size_t i = 0; i < size; i++) {
		if (text[i] < '0' || text[i] > '9')
			return false;
		bits = bits * 10 + (unsigned)(text[i] - '0');
	}
	if (bits > max)
		return false;
	*ret_bits = bits;
	return true;
}

static bool
host_bits_clear(const unsigned char address[16], unsigned bits)
{
	for (unsigned bit = bits; bit < ADDRESS_BITS; bit++) {
		if ((address[bit / 8] & (0x80U >> (bit % 8))) != 0)
			return false;
	}
	return true;
}

enum sfmfa_err
network_parse(const char *text, struct network *ret_network)
{
	struct network network = {.bits = ADDRESS_BITS};
	char address[INET6_ADDRSTRLEN];
	const char *slash;
	size_t size;
	bool v4;

	if (text == NULL)
		return SFMFA_ERR_INVALID;
	if (strcmp(text, "local") == 0) {
		*ret_network = (struct network){.local = true};
		return SFMFA_OK;
	}
	slash = strchr(text, '/');
	size = slash == NULL ? strlen(text) : (size_t)(slash - text);
	if (size >= sizeof(address))
		return SFMFA_ERR_INVALID;
	memcpy(address, text, size);
	address[size] = '\0';
	if (!parse_address(address, network.address, &v4))
		return SFMFA_ERR_INVALID;
	if (slash != NULL) {
		unsigned offset = v4 ? V4_PREFIX_BITS : 0;
		unsigned bits;

		if (!parse_bits(slash + 1, ADDRESS_BITS - offset, &bits))
			return SFMFA_ERR_INVALID;
		network.bits = bits + offset;
	}
	if (!host_bits_clear(network.address, network.bits))
		return SFMFA_ERR_INVALID;
	*ret_network = network;
	return SFMFA_OK;
}

static bool
prefix_equals(const unsigned char a[16], const unsigned char b[16], unsigned bits)
{
	unsigned whole = bits / 8, rest = bits % 8;

	if (memcmp(a, b, whole) != 0)
		return false;
	return rest == 0 || ((a[whole] ^ b[whole]) & (0xff00U >> rest) & 0xffU) == 0;
}

static bool
network_contains(const struct network *network, const struct peer *peer)
{
	if (network->local || peer->kind == PEER_LOCAL)
		return network->local && peer->kind == PEER_LOCAL;
	if (peer->kind != PEER_ADDRESS || network->bits > ADDRESS_BITS)
		return false;
	/* IPv4 is stored inside IPv6, but ::/0 means IPv6: who means IPv4 too writes it. */
	if (network->bits < V4_PREFIX_BITS && is_v4_mapped(peer->address))
		return false;
	return prefix_equals(network->address, peer->address, network->bits);
}

bool
networks_contain(const struct networks *networks, const struct peer *peer)
{
	for (size_t i = 0; i < networks->count && i < RANGES_MAX; i++) {
		if (network_contains(&networks->items[i], peer))
			return true;
	}
	return false;
}
