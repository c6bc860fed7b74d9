/*
 * Single texts of foreigners: addresses, networks, key URIs, base32, numbers, names, and what is made of them
 * for logs and for people. First byte: which.
 */
#include "fuzz.h"

#include <strings.h>

#include "base/text.h"
#include "factor/totp.h"
#include "model/login_type.h"
#include "model/network.h"
#include "model/permission.h"
#include "model/verb.h"

static void
check_peer(const char *text)
{
	struct peer peer, again;
	struct network network;
	struct networks networks = { .count = 1 };

	peer_from_rhost(&peer, text, false);
	HOLDS(peer.kind == PEER_UNKNOWN || peer.kind == PEER_ADDRESS);
	if (network_parse(text, &network) != SFMFA_OK)
		return;
	HOLDS(network.bits <= 128);
	networks.items[0] = network;
	if (network.local) {
		peer_from_rhost(&again, "", true);
		HOLDS(networks_contain(&networks, &again) && !networks_contain(&networks, &peer));
		return;
	}
	/* The first address of a network is in it, and nobody is in it whose address is not known. */
	again = (struct peer){ .kind = PEER_ADDRESS };
	memcpy(again.address, network.address, sizeof(again.address));
	HOLDS(networks_contain(&networks, &again));
	again.kind = PEER_UNKNOWN;
	HOLDS(!networks_contain(&networks, &again));
	again.kind = PEER_LOCAL;
	HOLDS(!networks_contain(&networks, &again));
}

static void
check_uri(const char *text)
{
	struct totp_params params, params_again;
	SECRET_AUTO secret = { 0 };
	SECRET_AUTO secret_again = { 0 };
	char user[USER_NAME_SIZE], user_again[USER_NAME_SIZE], uri[TOTP_URI_SIZE];

	if (totp_parse_uri(text, &params, &secret, user) != SFMFA_OK)
		return;
	HOLDS(params.digits >= TOTP_DIGITS_MIN && params.digits <= TOTP_DIGITS_MAX && params.period > 0);
	HOLDS(secret.size >= TOTP_SECRET_MIN && secret.size <= TOTP_SECRET_MAX);
	if (totp_uri(&params, &secret, "Example", user, uri) != SFMFA_OK)
		return;
	HOLDS(totp_parse_uri(uri, &params_again, &secret_again, user_again) == SFMFA_OK);
	HOLDS(secret_equals(&secret, &secret_again) && strcmp(user, user_again) == 0);
	HOLDS(params.digits == params_again.digits && params.period == params_again.period &&
	      params.algorithm == params_again.algorithm);
}

static void
check_base32(const char *text)
{
	SECRET_AUTO secret = { 0 };
	SECRET_AUTO again = { 0 };
	char base32[TOTP_BASE32_SIZE];

	if (totp_from_base32(text, &secret) != SFMFA_OK)
		return;
	HOLDS(totp_to_base32(&secret, base32) == SFMFA_OK);
	HOLDS(totp_from_base32(base32, &again) == SFMFA_OK && secret_equals(&secret, &again));
}

static void
check_printed(const char *text, size_t size)
{
	char shown[100], line[100];

	text_printable(shown, sizeof(shown), text);
	HOLDS(strlen(shown) < sizeof(shown) && text_is_utf8(shown, strlen(shown)));
	text_escape(line, sizeof(line), text, size);
	for (const char *at = line; *at != '\0'; at++)
		HOLDS(*at >= ' ' && *at < 0x7f && *at != '"' && *at != '=');
	for (const char *at = shown; *at != '\0'; at++)
		HOLDS((unsigned char)*at >= ' ' && *at != 0x7f);
}

static void
check_number(const char *text)
{
	int64_t number;
	unsigned char bytes[8];
	char hex[17];

	if (text_parse_number(text, -300, 4000000000, &number) == SFMFA_OK)
		HOLDS(number >= -300 && number <= 4000000000);
	if (text_to_bytes(text, bytes, sizeof(bytes)) != SFMFA_OK)
		return;
	HOLDS(text_from_bytes(hex, sizeof(hex), bytes, sizeof(bytes)) == SFMFA_OK && strncasecmp(hex, text, 16) == 0);
}

static void
check_names(const char *text)
{
	enum login_type type;
	enum permission permission;
	enum verb verb = verb_from_key(text);

	HOLDS(verb == VERB_NONE || strcmp(verb_info(verb)->key, text) == 0);
	if (login_type_from_key(text, &type) == SFMFA_OK)
		HOLDS(strcmp(login_type_key(type), text) == 0);
	if (permission_from_name(text, &permission) == SFMFA_OK)
		HOLDS(permission < PERMISSION_COUNT);
	if (text_is_name(text))
		HOLDS(strchr(text, '/') == NULL && text[0] != '.' && strlen(text) < 64);
}

int
LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	struct input_bytes input = { bytes, size };
	unsigned which = take_byte(&input) % 6;
	char *text = malloc(input.left + 1);

	HOLDS(text != NULL);
	if (input.left > 0)
		memcpy(text, input.at, input.left);
	text[input.left] = '\0';
	switch (which) {
	case 0: check_peer(text); break;
	case 1: check_uri(text); break;
	case 2: check_base32(text); break;
	case 3: check_printed(text, input.left); break;
	case 4: check_number(text); break;
	default: check_names(text); break;
	}
	free(text);
	return 0;
}
