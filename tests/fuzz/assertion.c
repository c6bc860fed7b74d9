/*
 * Signed assertions: of all texts, only those in the folder `signed` are accepted, byte for byte, each by its
 * own app, for its user, in its flow and time; and who is accepted is let in only if the app is for the
 * service, network and user.
 *
 * Whoever made the keys has thrown the private ones away (assertions.sh), so there are no others. (Of an
 * ES256 signature r, s there is a twin r, n - s that is as good; no mutation gets from one to the other.)
 *
 * First byte: user, flow, moment (two bits each), two of nothing. Second: what holds of the app beside.
 */
#include "fuzz.h"

#include "auth/app.h"
#include "crypto/jwt.h"
#include "policy/login.h"

#define NOW      INT64_C(1800000000)
#define END      (NOW + 60) /* of all of them but bob's */
#define APPS     2
#define FILE_MAX 2048

static const struct signed_text {
	const char *file;
	unsigned app;
	const char *subject; /* in jwt-bearer the user, in c5 the client_id of the app; a user may be called
				as an app is */
	int64_t from, end;   /* good in between, Unix seconds */
} signed_texts[] = {
	{ "rs256.jwt", 0, "alice", END - 180, END },
	{ "es256.jwt", 1, "alice", END - 180, END },
	{ "es256-app.jwt", 1, "es", NOW - 10, END },
	{ "es256-bob.jwt", 1, "bob", NOW, NOW + 180 },
};
#define SIGNED_COUNT (sizeof(signed_texts) / sizeof(signed_texts[0]))

static struct {
	char bytes[FILE_MAX];
	size_t size;
} texts[SIGNED_COUNT];

static struct jwt_key keys[APPS];
static struct connected_app apps[APPS] = {
	{ .name = "by-rs", .client_id = "rs" },
	{ .name = "by-es", .client_id = "es" },
};
static struct config config = { .apps = apps, .app_count = APPS };
static struct env env;

static size_t
read_file(const char *name, char bytes[FILE_MAX])
{
	char path[512];
	FILE *in;
	size_t size;

	HOLDS(snprintf(path, sizeof(path), SFMFA_FUZZ_SIGNED "/%s", name) < (int)sizeof(path));
	in = fopen(path, "re");
	HOLDS(in != NULL);
	size = fread(bytes, 1, FILE_MAX - 1, in);
	HOLDS(size > 0 && size < FILE_MAX - 1);
	fclose(in);
	bytes[size] = '\0';
	return size;
}

static void
make_app(unsigned at, const char *key_file)
{
	struct connected_app *app = &apps[at];
	struct jwt_key *key = &keys[at];
	char pem[FILE_MAX], fault[JWT_FAULT_SIZE];

	HOLDS(jwt_key_read(pem, read_file(key_file, pem), false, key, fault) == SFMFA_OK);
	app->keys[0] = (struct app_key){ .elliptic = key->algorithm == JWT_ES256,
					 .bytes = key->bytes,
					 .size = key->size };
	memcpy(app->keys[0].id, key->id, sizeof(key->id));
	app->key_count = 1;
	app->flows = FLOW_BIT(FLOW_JWT_BEARER) | FLOW_BIT(FLOW_CLIENT_CREDENTIALS);
	memcpy(app->audiences[0], "h", 2);
	app->audience_count = 1;
}

static void
make_once(void)
{
	if (apps[0].key_count > 0)
		return;
	make_app(0, "rs.pem");
	make_app(1, "es.pem");
	HOLDS(keyring_generate(&env.keyring) == SFMFA_OK);
	for (size_t i = 0; i < SIGNED_COUNT; i++)
		texts[i].size = read_file(signed_texts[i].file, texts[i].bytes);
}

struct scene {
	const char *user;
	enum flow flow; /* that the service names */
	int64_t now;
};

/* The one that may be accepted here; NULL: none. */
static const struct signed_text *
find_signed(const struct secret *text, const struct scene *scene)
{
	bool by_user = scene->flow == FLOW_JWT_BEARER || scene->flow == FLOW_COUNT;

	for (size_t i = 0; i < SIGNED_COUNT; i++) {
		const struct signed_text *it = &signed_texts[i];

		if (text->size != texts[i].size || memcmp(text->bytes, texts[i].bytes, text->size) != 0)
			continue;
		if (scene->now < it->from || scene->now >= it->end)
			return NULL;
		return strcmp(it->subject, by_user ? scene->user : apps[it->app].client_id) == 0 ? it : NULL;
	}
	return NULL;
}

/* In both phases: the credential lets in where everything else about the app holds, and else never. */
static void
check_policy(const struct app_fact *connected, enum flow flow, unsigned holds)
{
	static const struct origin origins[PERMISSION_COUNT];
	const struct profile profile = { .name = "standard" };
	struct facts facts = {
		.login_type = LOGIN_API,
		.phase = (holds & 16) != 0 ? PHASE_AUTHENTICATE : PHASE_ACCOUNT,
		.caller = CALLER_ROOT,
		.user_known = true,
		.hours_open = true,
		.ip_allowed = true,
		.profile = &profile,
		.permission_origins = origins,
		.permissions = PERMISSION_BIT(PERMISSION_API_ENABLED),
		.frozen = (holds & 8) == 0,
		.connected = *connected,
	};
	struct decision decision;
	/* web-server is not a flow of the apps here, and none of a signature. */
	bool right =
		connected->credential == CREDENTIAL_RIGHT && (holds & 31) == 31 && flow != FLOW_WEB_SERVER;

	facts.connected.in_services = (holds & 1) != 0;
	facts.connected.in_networks = (holds & 2) != 0;
	facts.connected.permitted = (holds & 4) != 0;
	policy_login(&facts, &decision);
	HOLDS((decision.verdict == VERDICT_ALLOW) == right);
	HOLDS(!right || (decision.level == LEVEL_STANDARD && decision.reason == REASON_OK));
}

int
LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	static const char *const users[] = { "alice", "bob", "mallory", "es" };
	static const enum flow flows[] = { FLOW_COUNT, FLOW_JWT_BEARER, FLOW_CLIENT_CREDENTIALS,
					   FLOW_WEB_SERVER };
	static const int64_t moments[] = { NOW, NOW + 1, NOW - 11, END };
	struct input_bytes input = { bytes, size };
	unsigned who = take_byte(&input), holds = take_byte(&input);
	const struct scene scene = { users[who & 3], flows[who >> 2 & 3], moments[who >> 6 & 3] };
	const struct signed_text *right;
	struct app_fact connected = { 0 };
	struct app_reading reading;
	struct secret text;

	make_once();
	if (secret_set(&text, input.at, input.left) != SFMFA_OK) {
		HOLDS(!jwt_has_form(input.at, input.left));
		return 0;
	}
	HOLDS(app_read_assertion(&env, &config, &text, scene.flow, scene.user, scene.now, &connected,
				 &reading) == SFMFA_OK);
	right = find_signed(&text, &scene);
	HOLDS((connected.credential == CREDENTIAL_RIGHT) == (right != NULL));
	/* None of it is taken for a password. */
	HOLDS(connected.credential == CREDENTIAL_SIGNATURE || jwt_has_form(text.bytes, text.size));
	HOLDS(right == NULL ||
	      (connected.app == &apps[right->app] && strcmp(reading.key, keys[right->app].id) == 0));
	if (connected.app != NULL)
		check_policy(&connected, scene.flow, holds);
	return 0;
}
