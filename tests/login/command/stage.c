#include "stage.h"

#include <criterion/criterion.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "auth/attempt.h"
#include "base/text.h"
#include "factor/totp.h"

#define START INT64_C(1790000010)

/* Whom the system knows. */
static const struct {
	const char *name;
	uid_t uid;
	bool is_protected;
} users[] = {
	{ "root", 0, false },       { "alice", 1001, false }, { "bob", 1002, false },
	{ "carol", 1003, false },   { "helen", 2001, false }, { "petra", 2002, false },
	{ "mallory", 2003, false }, { "walt", 3001, true },   { "limited", 1010, false },
	{ "ranged", 1011, false },  { "robot", 1012, false }, { "strict", 1013, false },
};

static enum sfmfa_err
tell_time(void *data, struct moment *ret_now)
{
	const struct stage *stage = data;

	*ret_now = stage->now;
	return SFMFA_OK;
}

/* Every process lives, each since ten times its number. */
static enum sfmfa_err
tell_start(void *data, pid_t pid, int64_t *ret_start)
{
	(void)data;
	*ret_start = 10 * (int64_t)pid;
	return SFMFA_OK;
}

static void
take_event(void *data, const struct event *event)
{
	struct stage *stage = data;
	const struct event *const events[] = { event };

	stage->events++;
	stage->event = *event;
	cr_assert_eq(store_add_events(stage->env.store, events, 1, NULL), SFMFA_OK);
}

void
stage_write(struct stage *stage, const char *path, const char *text)
{
	char full[256];
	FILE *file;

	cr_assert_eq(text_format(full, sizeof(full), "%s/%s", stage->folder, path), SFMFA_OK);
	file = fopen(full, "we");
	cr_assert_not_null(file, "%s", full);
	cr_assert_geq(fputs(text, file), 0);
	cr_assert_eq(fclose(file), 0);
	cr_assert_eq(chmod(full, 0644), 0);
}

static void
make_folder(const struct stage *stage, const char *name)
{
	char full[256];

	cr_assert_eq(text_format(full, sizeof(full), "%s/%s", stage->folder, name), SFMFA_OK);
	cr_assert_eq(mkdir(full, 0755), 0);
}

static void
write_profiles(struct stage *stage)
{
	stage_write(stage, "profiles.d/standard.conf",
		    "label = \"Standard\"; license = \"full\"; priority = 900;\npermissions = [ "
		    "\"api-enabled\" ];\n");
	stage_write(stage, "profiles.d/mfa.conf",
		    "license = \"full\"; permissions = [ \"api-enabled\", \"mfa-ui-logins\" ];\n");
	stage_write(stage, "profiles.d/mfa-api.conf",
		    "license = \"full\"; permissions = [ \"api-enabled\", \"mfa-ui-logins\", "
		    "\"mfa-api-logins\" ];\n");
	stage_write(stage, "profiles.d/helpdesk.conf",
		    "license = \"full\"; permissions = [ \"api-enabled\", \"manage-mfa\", \"manage-users\", "
		    "\"reset-and-unlock\" ];\nmembers = { users = [ \"helen\" ]; };\n");
	stage_write(stage, "profiles.d/permissions.conf",
		    "license = \"full\"; permissions = [ \"manage-profiles-and-permission-sets\" ];\n"
		    "members = { users = [ \"petra\" ]; };\n");
	stage_write(stage, "profiles.d/limited.conf",
		    "license = \"limited-access-free\"; permissions = [ \"api-enabled\" ];\n"
		    "members = { users = [ \"limited\" ]; };\n");
	stage_write(stage, "profiles.d/ranged.conf",
		    "license = \"full\"; permissions = [ \"api-enabled\" ]; login_ip_ranges = [ "
		    "\"10.0.0.0/8\", \"local\" ];\n"
		    "login_hours = { zone = \"UTC\"; mon = \"08:00-18:00\"; sun = \"closed\"; };\n"
		    "members = { users = [ \"ranged\" ]; };\n");
	stage_write(stage, "profiles.d/robot.conf",
		    "license = \"full\"; permissions = [ \"api-enabled\", \"api-only-user\" ];\n"
		    "members = { users = [ \"robot\" ]; };\n");
	stage_write(stage, "profiles.d/strict.conf",
		    "license = \"full\"; permissions = [ \"api-enabled\", \"mfa-ui-logins\", "
		    "\"mfa-api-logins\" ];\n"
		    "api = { second_factors = [ \"totp\" ]; };\nmembers = { users = [ \"strict\" ]; };\n");
	stage_write(stage, "permission-sets.d/strong.conf",
		    "permissions = [ \"mfa-ui-logins\", \"mfa-api-logins\" ];\n");
	stage_write(stage, "permission-sets.d/half.conf", "permissions = [ \"mfa-api-logins\" ];\n");
	stage_write(stage, "permission-sets.d/desk.conf", "permissions = [ \"manage-mfa\" ];\n");
	stage_write(stage, "permission-sets.d/waived.conf", "permissions = [ \"waive-mfa\" ];\n");
	stage_write(stage, "permission-sets.d/plus.conf",
		    "license = \"plus\"; permissions = [ \"api-enabled\" ];\n");
	stage_write(stage, "permission-set-groups.d/team.conf",
		    "sets = [ \"strong\", \"desk\" ]; muting = [ \"manage-mfa\" ];\n");
}

void
stage_reload(struct stage *stage)
{
	char file[256];
	struct config_options options = { .file = file, .owner = getuid() };
	struct config *config;
	struct diag diag = { 0 };
	char line[DIAG_LINE_SIZE];
	enum sfmfa_err err;

	cr_assert_eq(text_format(file, sizeof(file), "%s/sfmfa.conf", stage->folder), SFMFA_OK);
	err = config_load(&options, &config, &diag);
	diag_format(&diag, line);
	cr_assert_eq(err, SFMFA_OK, "%s", line);
	config_release(stage->env.config);
	stage->env.config = config;
}

void
stage_open(struct stage *stage, const char *settings)
{
	char text[4096], state[128];
	struct diag diag = { 0 };

	memset(stage, 0, sizeof(*stage));
	cr_assert_eq(text_copy(stage->folder, sizeof(stage->folder), "/tmp/sfmfa-command-XXXXXX"), SFMFA_OK);
	cr_assert_not_null(mkdtemp(stage->folder));
	cr_assert_eq(chmod(stage->folder, 0755), 0);
	make_folder(stage, "profiles.d");
	make_folder(stage, "permission-sets.d");
	make_folder(stage, "permission-set-groups.d");
	make_folder(stage, "apps.d");
	make_folder(stage, "state");
	cr_assert_eq(
		text_format(text, sizeof(text),
			    "config_dir = \"%s\"; state_dir = \"%s/state\";\nissuer = \"Example\";\n%s\n",
			    stage->folder, stage->folder, settings),
		SFMFA_OK);
	stage_write(stage, "sfmfa.conf", text);
	write_profiles(stage);
	stage_reload(stage);
	cr_assert_eq(text_format(state, sizeof(state), "%s/state", stage->folder), SFMFA_OK);
	cr_assert_eq(chmod(state, 0700), 0);
	cr_assert_eq(store_open_sqlite(state, &stage->env.store, &diag), SFMFA_OK, "%s", diag.text);
	cr_assert_eq(keyring_generate(&stage->env.keyring), SFMFA_OK);
	stage->env.clock = (struct clock){ tell_time, stage };
	stage->env.processes = (struct processes){ tell_start, stage };
	stage->env.events = (struct event_sink){ take_event, stage };
	cr_assert_eq(text_copy(stage->env.host, sizeof(stage->env.host), "host.example"), SFMFA_OK);
	stage->now = (struct moment){ .wall = START, .boot = 1000, .boot_id = "boot" };
}

static int
remove_one(const char *path, const struct stat *status, int flag, struct FTW *ftw)
{
	(void)status;
	(void)flag;
	(void)ftw;
	return remove(path);
}

void
stage_close(struct stage *stage)
{
	store_close(stage->env.store);
	config_release(stage->env.config);
	keyring_clear(&stage->env.keyring);
	(void)nftw(stage->folder, remove_one, 8, FTW_DEPTH | FTW_PHYS);
}

void
stage_pass(struct stage *stage, int64_t seconds)
{
	stage->now.wall += seconds;
	stage->now.boot += seconds;
}

struct person
stage_person(const char *name)
{
	struct person person = { .nss = NSS_UNKNOWN };

	cr_assert_eq(text_copy(person.typed, sizeof(person.typed), name), SFMFA_OK);
	cr_assert_eq(text_copy(person.name, sizeof(person.name), name), SFMFA_OK);
	for (size_t i = 0; i < sizeof(users) / sizeof(users[0]); i++) {
		if (strcmp(users[i].name, name) != 0)
			continue;
		person.nss = NSS_KNOWN;
		person.uid = users[i].uid;
		person.groups_known = true;
		person.is_protected = users[i].is_protected;
	}
	return person;
}

struct caller
stage_root(void)
{
	return (struct caller){ .class = CALLER_ROOT, .person = stage_person("root") };
}

struct caller
stage_caller(const char *name)
{
	struct caller caller = { .class = CALLER_OWN, .person = stage_person(name) };

	cr_assert_eq(caller.person.nss, NSS_KNOWN, "%s", name);
	caller.uid = caller.person.uid;
	return caller;
}

const char *
stage_code(const struct stage *stage, const char *base32)
{
	static char code[TOTP_DIGITS_MAX + 1];
	const struct totp_params params = { .algorithm = TOTP_SHA1, .digits = 6, .period = 30 };
	SECRET_AUTO secret = { 0 };

	cr_assert_eq(totp_from_base32(base32, &secret), SFMFA_OK, "%s", base32);
	cr_assert_eq(totp_code(&params, &secret, totp_step(&params, stage->now.wall), code), SFMFA_OK);
	return code;
}

/* The secret inside "otpauth://totp/…?secret=BASE32&…". */
static void
secret_of_uri(const char *uri, char *ret_secret, size_t size)
{
	const char *at = strstr(uri, "secret=");

	cr_assert_not_null(at, "%s", uri);
	at += strlen("secret=");
	cr_assert_lt(strcspn(at, "&"), size);
	memcpy(ret_secret, at, strcspn(at, "&"));
	ret_secret[strcspn(at, "&")] = '\0';
}

static void
answer(const struct stage *stage, const struct ask *confirm, const char *text, struct input *ret_input)
{
	char base32[TOTP_BASE32_SIZE];
	char wrong[TOTP_DIGITS_MAX + 1];

	memset(ret_input, 0, sizeof(*ret_input));
	if (text == NULL) {
		ret_input->kind = INPUT_CONVERSATION_FAILED;
		return;
	}
	ret_input->kind = INPUT_ANSWER;
	if (strncmp(text, "@own ", 5) == 0) {
		text = stage_code(stage, text + 5);
	} else if (strncmp(text, "@wrong ", 7) == 0) {
		(void)snprintf(wrong, sizeof(wrong), "%s", stage_code(stage, text + 7));
		wrong[0] = wrong[0] == '9' ? '0' : (char)(wrong[0] + 1);
		text = wrong;
	} else if (strcmp(text, "@app") == 0) {
		secret_of_uri(confirm->info, base32, sizeof(base32));
		text = stage_code(stage, base32);
	}
	cr_assert_eq(secret_set(&ret_input->answer, text, strlen(text)), SFMFA_OK);
}

struct outcome_of
stage_run(struct stage *stage, const struct caller *caller, enum verb verb, const char *subject,
	  const char *const args[], const char *const answers[])
{
	struct command_request request = { .verb = verb, .has_subject = subject != NULL };
	struct outcome_of outcome = { 0 };
	struct ask confirm = { 0 };
	struct command *command = NULL;
	struct input input = { 0 };
	const struct fields *reply;
	const char *sentence;
	enum turn turn;

	if (subject != NULL)
		request.subject = stage_person(subject);
	for (size_t i = 0; args[i] != NULL; i += 2)
		cr_assert_eq(fields_add_text(&request.args, args[i], args[i + 1]), SFMFA_OK);
	cr_assert_eq(command_create(&stage->env, caller, &request, &command), SFMFA_OK);
	turn = command_step(command, NULL);
	while (turn != TURN_DONE) {
		cr_assert(turn == TURN_ASK || turn == TURN_WRITE);
		if (turn == TURN_WRITE) {
			struct store_op *const ops[] = { command_op(command) };

			outcome.writes++;
			cr_assert_eq(store_commit(stage->env.store, ops, 1, NULL), SFMFA_OK);
			turn = command_step(command, NULL);
			continue;
		}
		outcome.last_ask = *command_ask(command);
		if (outcome.asks == 0)
			outcome.first_ask = outcome.last_ask;
		if (outcome.last_ask.info[0] != '\0')
			confirm = outcome.last_ask;
		answer(stage, &confirm, *answers, &input);
		if (*answers != NULL)
			answers++;
		outcome.asks++;
		turn = command_step(command, &input);
	}
	outcome.status = command_result(command, &sentence, &reply);
	cr_assert_eq(text_copy(outcome.sentence, sizeof(outcome.sentence), sentence), SFMFA_OK);
	if (reply->size > 0)
		cr_assert_eq(fields_decode(&outcome.reply, reply->bytes, reply->size), SFMFA_OK);
	command_destroy(command);
	return outcome;
}

void
outcome_clear(struct outcome_of *outcome)
{
	fields_finish(&outcome->reply);
	memset(outcome, 0, sizeof(*outcome));
}

const char *
reply_nth(const struct outcome_of *outcome, const char *key, unsigned nth)
{
	static char texts[8][4096];
	static unsigned next;
	struct field field;
	size_t at = 0;

	while (fields_next(&outcome->reply, &at, &field)) {
		char *text = texts[next % 8];

		if (!field_is(&field, key) || nth-- > 0)
			continue;
		next++;
		cr_assert_eq(field_text(&field, text, sizeof(texts[0])), SFMFA_OK);
		return text;
	}
	return "";
}

const char *
reply_text(const struct outcome_of *outcome, const char *key)
{
	return reply_nth(outcome, key, 0);
}

unsigned
reply_count(const struct outcome_of *outcome, const char *key)
{
	struct field field;
	unsigned count = 0;
	size_t at = 0;

	while (fields_next(&outcome->reply, &at, &field))
		count += field_is(&field, key) ? 1 : 0;
	return count;
}

const struct user_record *
stage_record(struct stage *stage, const char *name)
{
	static struct user_record record;
	enum sfmfa_err err = store_read_user(stage->env.store, name, -1, &record, NULL);

	cr_assert(err == SFMFA_OK || err == SFMFA_ERR_NOT_FOUND);
	return &record;
}

static void
complete(struct stage *stage, const char *name, const char *base32)
{
	struct attempt_input input = {
		.env = &stage->env,
		.config = stage->env.config,
		.record = stage_record(stage, name),
		.acceptable = FACTOR_BIT(FACTOR_TOTP),
		.caller = -1,
		.now = &stage->now,
		.complete_app = true,
	};
	SECRET_AUTO code = { 0 };
	struct store_op op;
	struct store_op *const ops[] = { &op };
	enum factor offered;

	cr_assert_eq(secret_set(&code, stage_code(stage, base32), 6), SFMFA_OK);
	cr_assert_eq(attempt_prepare(&input, &code, &op, &offered, NULL), SFMFA_OK);
	cr_assert_eq(store_commit(stage->env.store, ops, 1, NULL), SFMFA_OK);
	cr_assert_eq(attempt_found(&op), ATTEMPT_RIGHT);
	cr_assert(op.attempt.completed_now);
}

const char *
stage_enroll(struct stage *stage, const char *name, bool completed)
{
	static char secrets[8][TOTP_BASE32_SIZE];
	static unsigned next;
	char *secret = secrets[next++ % 8];
	const struct caller root = stage_root();
	struct outcome_of outcome = stage_run(stage, &root, VERB_ENROLL, name, NO_ARGS, NO_ANSWERS);

	cr_assert_eq(outcome.status, COMMAND_DONE, "%s", outcome.sentence);
	cr_assert_eq(text_copy(secret, TOTP_BASE32_SIZE, reply_text(&outcome, "secret")), SFMFA_OK);
	outcome_clear(&outcome);
	if (completed)
		complete(stage, name, secret);
	stage_pass(stage, 60);
	return secret;
}

void
stage_assign(struct stage *stage, const char *name, const char *permission)
{
	const struct caller root = stage_root();
	struct outcome_of outcome =
		stage_run(stage, &root, VERB_PERM_ASSIGN, name, ARGS("assignment", permission), NO_ANSWERS);

	cr_assert_eq(outcome.status, COMMAND_DONE, "%s", outcome.sentence);
	outcome_clear(&outcome);
}

void
stage_profile(struct stage *stage, const char *name, const char *profile)
{
	const struct caller root = stage_root();
	struct outcome_of outcome =
		stage_run(stage, &root, VERB_PROFILE_ASSIGN, name, ARGS("profile", profile), NO_ANSWERS);

	cr_assert_eq(outcome.status, COMMAND_DONE, "%s", outcome.sentence);
	outcome_clear(&outcome);
}
