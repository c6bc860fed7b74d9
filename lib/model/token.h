/* A security token as it is stored: never its text (rules 1). */
#ifndef SFMFA_MODEL_TOKEN_H
#define SFMFA_MODEL_TOKEN_H

#include <stdbool.h>
#include <stdint.h>

#include "model/limits.h"
#include "model/network.h"
#include "model/user.h"

#define TOKEN_SERVICES_MAX 16

struct token_record {
	int64_t id;
	int64_t user_id;
	char label[NAME_SIZE];
	unsigned char hash[HASH_SIZE];
	int64_t created_at;
	int64_t expires_at;  /* 0: never */
	int64_t revoked_at;  /* 0: in force */
	int64_t last_used_at;
	char last_used_from[HOST_SIZE];
	size_t service_count; /* 0: every service */
	char services[TOKEN_SERVICES_MAX][SERVICE_NAME_SIZE];
	struct networks from; /* count 0: everywhere */
};

#endif
