#include "fixture.h"

#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "auth/attempt.h"
#include "auth/contexts.h"
#include "base/text.h"
#include "factor/code.h"
#include "factor/token.h"
#include "factor/totp.h"

static const struct totp_params params = { .algorithm = TOTP_SHA1, .digits = 6, .period = 30 };

static enum sfmfa_err
fake_now(void *data, struct moment *ret_now)
{
	struct fixture *f = data;

	if (f->clock_broken)
		return SFMFA_ERR_CLOCK;
	*ret_now = fixture_moment(f);
	return SFMFA_OK;
}

struct moment
fixture_moment(const struct fixture *f)
{
	return (struct moment){ .wall = f->now, .boot = f->now - 1690000000, .boot_id = "boot-one" };
}

/* Processes below FIXTURE_PROCESSES live, each since ten times its number. */
static enum sfmfa_err
fake_start(void *data, pid_t pid, int64_t *ret_start)
{
	(void)data;
	if (pid >= FIXTURE_PROCESSES)
		return SFMFA_ERR_NOT_FOUND;
	*ret_start = 10 * (int64_t)pid;
	return SFMFA_OK;
}

static void
take_event(void *data, const struct event *event)
{
	struct fixture *f = data;

	cr_assert_lt(f->event_count, (size_t)FIXTURE_EVENTS);
	f->events[f->event_count++] = *event;
}

void
fixture_file(struct fixture *f, const char *name, const char *text)
{
	char path[256];

	snprintf(path, sizeof(path), "%s/%s", f->dir, name);
	FILE *file = fopen(path, "w");
	cr_assert_not_null(file, "%s", path);
	cr_assert_geq(fputs(text, file), 0);
	cr_assert_eq(fclose(file), 0);
}

void
fixture_conf(struct fixture *f, const char *lines)
{
	cr_assert_lt(strlen(f->conf) + strlen(lines), sizeof(f->conf));
	strncat(f->conf, lines, sizeof(f->conf) - strlen(f->conf) - 1);
}

void
fixture_begin(struct fixture *f, const char *permissions, const char *profile_extra)
{
	static const char *const folders[] = { "profiles.d", "permission-sets.d", "permission-set-groups.d",
					       "apps.d", "state" };
	char text[1024];

	memset(f, 0, sizeof(*f));
	umask(077);
	snprintf(f->dir, sizeof(f->dir), "/tmp/sfmfa-login-XXXXXX");
	cr_assert_not_null(mkdtemp(f->dir));
	for (size_t i = 0; i < sizeof(folders) / sizeof(folders[0]); i++) {
		snprintf(text, sizeof(text), "%s/%s", f->dir, folders[i]);
		cr_assert_eq(mkdir(text, 0700), 0);
	}
	snprintf(text, sizeof(text), "permissions = [ %s ];\n%s\n", permissions, profile_extra);
	fixture_file(f, "profiles.d/standard.conf", text);
	snprintf(f->conf, sizeof(f->conf),
		 "state_dir = \"%s/state\";\nkey_file = \"%s/key\";\nruntime_dir = \"%s\";\nconfig_dir = "
		 "\"%s\";\n"
		 "run_as = \"\";\nissuer = \"Test\";\n",
		 f->dir, f->dir, f->dir, f->dir);
	f->now = FIXTURE_NOW;
	f->root = (struct caller){ .class = CALLER_ROOT, .uid = 0 };
	snprintf(f->root.person.name, sizeof(f->root.person.name), "root");
	f->env.clock = (struct clock){ .now = fake_now, .data = f };
	f->env.processes = (struct processes){ .start = fake_start, .data = f };
	f->env.events = (struct event_sink){ .take = take_event, .data = f };
	snprintf(f->env.host, sizeof(f->env.host), "host.example");
}

void
fixture_load(struct fixture *f)
{
	char path[256];
	struct diag diag = { 0 };
	SECRET_AUTO key = { .size = KEY_SIZE };

	fixture_file(f, "sfmfa.conf", f->conf);
	snprintf(path, sizeof(path), "%s/sfmfa.conf", f->dir);
	struct config_options options = { .file = path, .owner = getuid() };
	cr_assert_eq(config_load(&options, &f->env.config, &diag), SFMFA_OK, "%s:%u: %s", diag.file,
		     diag.line, diag.text);
	snprintf(path, sizeof(path), "%s/state", f->dir);
	cr_assert_eq(store_open_sqlite(path, &f->env.store, &diag), SFMFA_OK, "%s", diag.text);
	cr_assert_eq(random_bytes(key.bytes, key.size), SFMFA_OK);
	cr_assert_eq(env_open_keys(&f->env, &key, &diag), SFMFA_OK, "%s", diag.text);
}

void
fixture_start(struct fixture *f, const char *permissions, const char *conf)
{
	fixture_begin(f, permissions, "");
	fixture_conf(f, conf);
	fixture_load(f);
}

static int
remove_entry(const char *path, const struct stat *status, int flag, struct FTW *where)
{
	(void)status;
	(void)flag;
	(void)where;
	return remove(path);
}

void
fixture_finish(struct fixture *f)
{
	store_close(f->env.store);
	config_release(f->env.config);
	config_release(f->env.fallback);
	keyring_clear(&f->env.keyring);
	if (f->dir[0] != '\0')
		nftw(f->dir, remove_entry, 16, FTW_DEPTH | FTW_PHYS);
}

void
fixture_commit(struct fixture *f, struct store_op *op)
{
	struct diag diag = { 0 };
	struct store_op *ops[] = { op };

	cr_assert_eq(store_commit(f->env.store, ops, 1, &diag), SFMFA_OK, "%s", diag.text);
	cr_assert_eq(op->err, SFMFA_OK, "%s", sfmfa_err_word(op->err));
}

static void
enrol(struct fixture *f, const char *user, enum app_state state, struct secret *ret_shared,
      struct store_register *registration)
{
	struct store_op op = { .kind = STORE_REGISTER, .registration = *registration };
	struct user_record before = fixture_record(f, user);
	char context[CONTEXT_SIZE];

	ret_shared->size = 20;
	cr_assert_eq(random_bytes(ret_shared->bytes, ret_shared->size), SFMFA_OK);
	op.registration.user = user;
	op.registration.generation = before.generation;
	op.registration.replace = true;
	op.registration.app.state = state;
	op.registration.app.params = params;
	op.registration.app.registered_at = f->now;
	op.registration.app.completed_at = state == APP_COMPLETED ? f->now : 0;
	op.registration.now = fixture_moment(f);
	cr_assert_eq(text_format(context, sizeof(context), CONTEXT_APP, user), SFMFA_OK);
	cr_assert_eq(seal(&f->env.keyring, context, ret_shared, op.registration.app.sealed,
			  sizeof(op.registration.app.sealed), &op.registration.app.sealed_size),
		     SFMFA_OK);
	fixture_commit(f, &op);
}

void
fixture_enrol(struct fixture *f, const char *user, enum app_state state, struct secret *ret_shared)
{
	struct store_register registration = { 0 };

	enrol(f, user, state, ret_shared, &registration);
}

static void
make_code(struct fixture *f, enum code_kind kind, const char *user, char ret_code[32],
	  unsigned char hash[HASH_SIZE])
{
	struct secret code = { 0 }, canonical = { 0 };

	cr_assert_eq(code_generate(kind, random_below, &code), SFMFA_OK);
	snprintf(ret_code, 32, "%.*s", (int)code.size, (const char *)code.bytes);
	cr_assert_eq(code_recognize(&code, &canonical), kind);
	cr_assert_eq(code_hash(&f->env.keyring, kind, user, &canonical, hash), SFMFA_OK);
}

void
fixture_enrol_with_codes(struct fixture *f, const char *user, struct secret *ret_shared, char ret_code[32])
{
	struct store_register registration = { .recovery_count = RECOVERY_CODE_COUNT };
	char code[32] = "";

	for (size_t i = 0; i < RECOVERY_CODE_COUNT; i++)
		make_code(f, CODE_RECOVERY, user, i == 0 ? ret_code : code, registration.recovery_hashes[i]);
	enrol(f, user, APP_COMPLETED, ret_shared, &registration);
}

static void
ensure_user(struct fixture *f, const char *user)
{
	struct store_op op = { .kind = STORE_ENSURE_USER, .change = { .user = user, .now = f->now } };

	fixture_commit(f, &op);
}

void
fixture_temporary_code(struct fixture *f, const char *user, char ret_code[32])
{
	struct store_op op = {
		.kind = STORE_TEMPORARY_NEW,
		.change = { .user = user, .now = f->now, .until = f->now + 3600, .hash_count = 1 }
	};

	ensure_user(f, user);
	make_code(f, CODE_TEMPORARY, user, ret_code, op.change.hashes[0]);
	fixture_commit(f, &op);
}

void
fixture_token(struct fixture *f, const char *user, const char *label, int64_t expires_at, const char *service,
	      char ret_token[32])
{
	struct store_op op = { .kind = STORE_TOKEN_NEW, .change = { .user = user, .now = f->now } };
	struct token_record *record = &op.change.token;
	struct secret token = { 0 };

	ensure_user(f, user);
	cr_assert_eq(token_generate(random_below, &token), SFMFA_OK);
	snprintf(ret_token, 32, "%.*s", (int)token.size, (const char *)token.bytes);
	snprintf(record->label, sizeof(record->label), "%s", label);
	record->created_at = f->now;
	record->expires_at = expires_at;
	if (service != NULL) {
		record->service_count = 1;
		snprintf(record->services[0], sizeof(record->services[0]), "%s", service);
	}
	cr_assert_eq(keyed_hash(&f->env.keyring, CONTEXT_TOKEN, token.bytes, token.size, record->hash),
		     SFMFA_OK);
	fixture_commit(f, &op);
}

void
fixture_freeze(struct fixture *f, const char *user, bool frozen)
{
	struct store_op op = { .kind = STORE_FREEZE,
			       .change = { .user = user, .flag = frozen, .now = f->now } };

	ensure_user(f, user);
	fixture_commit(f, &op);
}

struct user_record
fixture_record(struct fixture *f, const char *user)
{
	static struct user_record record;
	struct diag diag = { 0 };
	enum sfmfa_err err = store_read_user(f->env.store, user, -1, &record, &diag);

	cr_assert(err == SFMFA_OK || err == SFMFA_ERR_NOT_FOUND, "%s", diag.text);
	return record;
}

void
fixture_code(struct fixture *f, const struct secret *shared, int offset, char ret_code[16])
{
	char code[TOTP_DIGITS_MAX + 1];

	cr_assert_eq(totp_code(&params, shared, totp_step(&params, f->now) + offset, code), SFMFA_OK);
	snprintf(ret_code, 16, "%s", code);
}

struct login_request
fixture_request(const char *user, const char *service)
{
	struct login_request request = { .phase = PHASE_AUTHENTICATE, .can_commit = true };

	request.person.nss = NSS_KNOWN;
	request.person.uid = 1001;
	request.person.groups_known = true;
	snprintf(request.person.typed, sizeof(request.person.typed), "%s", user);
	snprintf(request.person.name, sizeof(request.person.name), "%s", user);
	snprintf(request.service, sizeof(request.service), "%s", service);
	snprintf(request.rhost, sizeof(request.rhost), "203.0.113.9");
	return request;
}

struct login *
fixture_login(struct fixture *f, const struct caller *caller, struct login_request *request)
{
	struct login *login = NULL;

	cr_assert_eq(login_create(&f->env, caller, request, &login), SFMFA_OK);
	return login;
}

enum turn
fixture_step(struct fixture *f, struct login *login, enum input_kind kind, const char *answer)
{
	struct input input = { .kind = kind };
	enum turn turn;

	if (answer != NULL)
		cr_assert_eq(secret_set(&input.answer, answer, strlen(answer)), SFMFA_OK);
	turn = login_step(login, &input);
	while (turn == TURN_WRITE) {
		struct store_op *ops[] = { login_op(login) };
		struct diag diag = { 0 };
		enum sfmfa_err err = store_commit(f->env.store, ops, 1, &diag);
		if (err != SFMFA_OK)
			ops[0]->err = err;
		turn = login_step(login, NULL);
	}
	return turn;
}

struct login_result
fixture_ui(struct fixture *f, const char *user, const char *answer)
{
	struct login_request request = fixture_request(user, "login");
	struct login *login = fixture_login(f, &f->root, &request);
	enum turn turn = fixture_step(f, login, INPUT_NONE, NULL);

	if (answer != NULL) {
		cr_assert_eq(turn, TURN_ASK);
		turn = fixture_step(f, login, INPUT_ANSWER, answer);
	}
	cr_assert_eq(turn, TURN_DONE);
	struct login_result result = *login_result(login);
	login_destroy(login);
	return result;
}

struct login_result
fixture_api(struct fixture *f, const char *user, const char *rhost, const char *password, size_t *ret_strip)
{
	struct login_request request = fixture_request(user, "dovecot");
	struct login *login;

	request.split = true;
	snprintf(request.rhost, sizeof(request.rhost), "%s", rhost);
	cr_assert_eq(secret_set(&request.password, password, strlen(password)), SFMFA_OK);
	login = fixture_login(f, &f->root, &request);
	cr_assert_eq(fixture_step(f, login, INPUT_NONE, NULL), TURN_KEEP);
	cr_assert(login_result(login)->split);
	if (ret_strip != NULL)
		*ret_strip = login_result(login)->strip;
	cr_assert_eq(fixture_step(f, login, INPUT_FIRST_FACTOR_OK, NULL), TURN_DONE);
	struct login_result result = *login_result(login);
	login_destroy(login);
	return result;
}

const struct event *
fixture_event(const struct fixture *f)
{
	cr_assert_gt(f->event_count, (size_t)0);
	return &f->events[f->event_count - 1];
}

void
assert_denied(const struct fixture *f, const struct login_result *result, enum outcome outcome,
	      enum reason reason)
{
	cr_assert_eq(result->auth, outcome, "outcome %d", result->auth);
	cr_assert_eq(result->account, OUTCOME_REFUSED);
	cr_assert_str_eq(reason_key(fixture_event(f)->reason), reason_key(reason));
	cr_assert_eq(fixture_event(f)->verdict, VERDICT_DENY);
	cr_assert_eq(result->login_id[0], '\0');
}

void
assert_allowed(const struct fixture *f, const struct login_result *result, enum factor method,
	       enum level level, enum reason reason)
{
	const struct event *event = fixture_event(f);

	cr_assert_str_eq(reason_key(event->reason), reason_key(reason));
	cr_assert_eq(result->auth, OUTCOME_ALLOW);
	cr_assert_eq(result->account, OUTCOME_ALLOW);
	cr_assert_eq(event->verdict, VERDICT_ALLOW);
	cr_assert_str_eq(factor_key(event->method), factor_key(method));
	cr_assert_eq(event->level, level);
}
