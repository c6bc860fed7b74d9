/* Bits, networks and hours as text for replies. */
#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>

#include "auth/administer.h"
#include "base/text.h"

bool
administer_join(char *text, size_t size, const char *item)
{
	size_t used = strlen(text);
	int more = snprintf(text + used, size - used, "%s%s", used > 0 ? "," : "", item);

	if (more >= 0 && (size_t)more < size - used)
		return true;
	text[used] = '\0';
	return false;
}

void
administer_permissions_text(uint32_t permissions, char *text, size_t size)
{
	text[0] = '\0';
	for (unsigned i = 0; i < PERMISSION_COUNT; i++) {
		if (permission_in(permissions, (enum permission)i) &&
		    !administer_join(text, size, permission_info((enum permission)i)->key))
			return;
	}
}

static bool
is_mapped_v4(const struct network *network)
{
	static const unsigned char prefix[12] = { 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff };

	return network->bits >= 96 && memcmp(network->address, prefix, sizeof(prefix)) == 0;
}

void
administer_networks_text(const struct networks *networks, char *text, size_t size)
{
	text[0] = '\0';
	for (size_t i = 0; i < networks->count; i++) {
		const struct network *network = &networks->items[i];
		bool v4 = is_mapped_v4(network);
		char address[INET6_ADDRSTRLEN];
		char item[INET6_ADDRSTRLEN + 8];

		if (network->local) {
			if (!administer_join(text, size, "local"))
				return;
			continue;
		}
		if (inet_ntop(v4 ? AF_INET : AF_INET6, network->address + (v4 ? 12 : 0), address,
			      sizeof(address)) == NULL)
			continue;
		if (text_format(item, sizeof(item), "%s/%u", address,
				v4 ? network->bits - 96 : network->bits) != SFMFA_OK ||
		    !administer_join(text, size, item))
			return;
	}
}

void
administer_hours_text(const struct login_hours *hours, char *text, size_t size)
{
	static const char *const names[WEEKDAYS] = { "mon", "tue", "wed", "thu", "fri", "sat", "sun" };
	char item[NAME_SIZE + 16];

	text[0] = '\0';
	if (!hours->set)
		return;
	if (hours->zone[0] != '\0' && (text_format(item, sizeof(item), "zone=%s", hours->zone) != SFMFA_OK ||
				       !administer_join(text, size, item)))
		return;
	for (unsigned i = 0; i < WEEKDAYS; i++) {
		const struct day_hours *day = &hours->days[i];
		enum sfmfa_err err;

		if (!day->named)
			continue;
		if (day->closed)
			err = text_format(item, sizeof(item), "%s=closed", names[i]);
		else
			err = text_format(item, sizeof(item), "%s=%02u:%02u-%02u:%02u", names[i],
					  day->from / 60, day->from % 60, day->to / 60, day->to % 60);
		if (err != SFMFA_OK || !administer_join(text, size, item))
			return;
	}
}

bool
administer_is_plausible(const char *text)
{
	size_t size = strlen(text);

	if (size == 0 || !text_is_utf8(text, size))
		return false;
	for (size_t i = 0; i < size; i++) {
		unsigned char byte = (unsigned char)text[i];

		if (byte < 0x20 || byte == 0x7f)
			return false;
		/* U+0080 to U+009F, the second half of the control characters. */
		if (byte == 0xc2 && (unsigned char)text[i + 1] < 0xa0)
			return false;
	}
	return true;
}
