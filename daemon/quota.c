#include "daemon/quota.h"

static struct quota_place *
place_of(struct quota *quota, uid_t uid)
{
	struct quota_place *place;

	for (unsigned i = 0; i < quota->count; i++) {
		if (quota->places[i].uid == uid)
			return &quota->places[i];
	}
	if (quota->count == QUOTA_UIDS) {
		place = &quota->places[QUOTA_UIDS - 1];
		place->shared = true;
		return place;
	}
	place = &quota->places[quota->count++];
	*place = (struct quota_place){ .uid = uid };
	return place;
}

bool
quota_admit(struct quota *quota, uid_t uid)
{
	struct quota_place *place = place_of(quota, uid);

	if (place->written < QUOTA_LINES) {
		place->written++;
		return true;
	}
	place->counted++;
	return false;
}
