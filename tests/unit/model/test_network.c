/* Peers and networks: numbers only, IPv4 in its mapped form. */
#include <criterion/criterion.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "model/network.h"

static bool
contains(const char *network, const char *rhost)
{
	struct networks networks = {.count = 1};
	struct peer peer;

	cr_assert_eq(network_parse(network, &networks.items[0]), SFMFA_OK, "%s", network);
	peer_from_rhost(&peer, rhost, true);
	return networks_contain(&networks, &peer);
}

static enum peer_kind
kind_of(const char *rhost, bool local_service)
{
	struct peer peer;

	peer_from_rhost(&peer, rhost, local_service);
	return peer.kind;
}

Test(peer, unset_is_local_only_for_local_services)
{
	cr_expect_eq(kind_of(NULL, true), PEER_LOCAL);
	cr_expect_eq(kind_of("", true), PEER_LOCAL);
	cr_expect_eq(kind_of(NULL, false), PEER_UNKNOWN);
	cr_expect_eq(kind_of("", false), PEER_UNKNOWN);
}

Test(peer, a_name_is_unknown_whatever_it_looks_like)
{
	static const char *const names[] = {
		"localhost", "host.example.com", "10.0.0.1.", "10.0.0", "010.0.0.1", "0x7f.1", "1",
		" 10.0.0.1", "10.0.0.1 ",
		"[::1]", "::1%", "10.0.0.1%eth0", "fe80::1::2", "::ffff:10.0.0.256", ":0", "%lo",
		"fe80:0000:0000:0000:0000:0000:0000:0001:0001:0001:0001:0001:0001:0001",
	};

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		cr_expect_eq(kind_of(names[i], true), PEER_UNKNOWN, "%s", names[i]);
}

Test(peer, a_zone_is_dropped)
{
	struct peer with, without;

	peer_from_rhost(&with, "fe80::1%eth0", false);
	peer_from_rhost(&without, "fe80::1", false);
	cr_expect_eq(with.kind, PEER_ADDRESS);
	cr_expect_arr_eq(with.address, without.address, 16);
}

Test(peer, mapped_and_plain_ipv4_are_one)
{
	struct peer mapped, plain;

	peer_from_rhost(&mapped, "::ffff:10.0.0.7", false);
	peer_from_rhost(&plain, "10.0.0.7", false);
	cr_expect_arr_eq(mapped.address, plain.address, 16);
	cr_expect(contains("10.0.0.0/8", "::ffff:10.0.0.7"));
	cr_expect(contains("::ffff:10.0.0.0/104", "10.0.0.7"));
}

Test(network, what_is_in_and_what_is_not)
{
	cr_expect(contains("10.0.0.0/8", "10.255.255.255"));
	cr_expect_not(contains("10.0.0.0/8", "11.0.0.0"));
	cr_expect_not(contains("10.0.0.0/8", "9.255.255.255"));
	cr_expect(contains("192.168.4.0/22", "192.168.7.255"));
	cr_expect_not(contains("192.168.4.0/22", "192.168.8.0"));
	cr_expect(contains("10.0.0.7", "10.0.0.7"));
	cr_expect_not(contains("10.0.0.7", "10.0.0.6"));
	cr_expect(contains("0.0.0.0/0", "203.0.113.9"));
	cr_expect_not(contains("0.0.0.0/0", "2001:db8::1"));
	cr_expect(contains("2001:db8::/32", "2001:db8:ffff::1"));
	cr_expect_not(contains("2001:db8::/32", "2001:db9::"));
	cr_expect(contains("::/0", "2001:db8::1"));
	cr_expect_not(contains("::/0", "203.0.113.9"), "who means IPv4 writes it");
}

Test(network, local_is_the_console_and_not_loopback)
{
	cr_expect(contains("local", NULL));
	cr_expect_not(contains("local", "127.0.0.1"));
	cr_expect_not(contains("local", "localhost"));
	cr_expect_not(contains("127.0.0.0/8", NULL));
	cr_expect_not(contains("0.0.0.0/0", NULL));
}

Test(network, an_unknown_peer_is_in_nothing)
{
	struct networks networks = {.items = {{.local = true}, {.bits = 0}}, .count = 2};
	struct peer peer;

	peer_from_rhost(&peer, "console.example.com", true);
	cr_expect_not(networks_contain(&networks, &peer));
}

static void
format_v4(char text[20], uint32_t address)
{
	(void)snprintf(text, 20, "%u.%u.%u.%u", address >> 24, (address >> 16) & 255, (address >> 8) & 255,
	               address & 255);
}

Test(network, every_prefix_length_is_exact)
{
	for (unsigned bits = 1; bits <= 32; bits++) {
		uint32_t hosts = bits == 32 ? 0 : UINT32_MAX >> bits;
		uint32_t base = 0xC0000201U & ~hosts;
		char network[32], last[20], outside[20];

		format_v4(network, base);
		(void)snprintf(network + strlen(network), 4, "/%u", bits);
		format_v4(last, base | hosts);
		format_v4(outside, base ^ (1U << (32 - bits)));
		cr_expect(contains(network, last), "%s in %s", last, network);
		cr_expect_not(contains(network, outside), "%s in %s", outside, network);
	}
}

Test(network, what_is_not_a_network_is_refused)
{
	static const char *const bad[] = {
		"", "/", "/8", "10.0.0.0/", "10.0.0.0/33", "10.0.0.0/08", "10.0.0.0/+8", "10.0.0.0/-1",
		"10.0.0.0/8/8", "10.0.0.1/8", "10.0.0.0/4294967304", "2001:db8::/129", "fe80::1%eth0",
		"10.0.0.0/8 ", "2001:db8::1/32", "Local", "localhost", "host.example.com", "10/8",
		"::ffff:10.0.0.1/104", "10.0.0.0/0x8",
		"0000:0000:0000:0000:0000:0000:0000:0000:0000:0000/0",
	};
	struct network network = {.bits = 77};

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		cr_expect_eq(network_parse(bad[i], &network), SFMFA_ERR_INVALID, "%s", bad[i]);
	cr_expect_eq(network_parse(NULL, &network), SFMFA_ERR_INVALID);
	cr_expect_eq(network.bits, 77U, "nothing is written on failure");
}
