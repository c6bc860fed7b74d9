#include "model/app.h"

#include <string.h>

struct flow_info {
	const char *key;
	bool stays_open;
};

static const struct flow_info infos[FLOW_COUNT] = {
#define FLOW(name, key, high_assurance, help) [FLOW_##name] = { key, high_assurance },
#include "model/flows.def"
#undef FLOW
};

_Static_assert(FLOW_COUNT < 32, "a set of flows is 32 bits wide");

const char *
flow_key(enum flow flow)
{
	return (unsigned)flow < FLOW_COUNT ? infos[flow].key : "unknown";
}

bool
flow_stays_open(enum flow flow)
{
	return (unsigned)flow < FLOW_COUNT && infos[flow].stays_open;
}

enum sfmfa_err
flow_from_key(const char *key, enum flow *ret_flow)
{
	if (key == NULL)
		return SFMFA_ERR_NOT_FOUND;
	for (unsigned i = 0; i < FLOW_COUNT; i++) {
		if (strcmp(infos[i].key, key) == 0) {
			*ret_flow = (enum flow)i;
			return SFMFA_OK;
		}
	}
	return SFMFA_ERR_NOT_FOUND;
}
