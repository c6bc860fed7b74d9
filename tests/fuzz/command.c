/*
 * Commands with any verb, caller, subject, arguments and answers, none of them right. Who holds nothing does nothing to
 * others, and nobody but root gets past a question for a code.
 *
 * Three bytes choose verb, caller and subject; then lines: "key=value" as long as there are any, an empty one, and one
 * for every step, whose first byte is the kind of input and the rest the answer, or "key=value" of a page.
 */
#include "fuzz.h"

#include "../login/command/stage.h"
#include "answers.h"
#include "base/text.h"
#include "factor/totp.h"

#define COMMANDS_A_STAGE 3000

static struct stage host;
static struct secret secrets[3]; /* alice's, helen's, and one that was shown */
static unsigned commands;

static void
forget_host(void)
{
	if (commands > 0)
		stage_close(&host);
	commands = 0;
}

static void
enrol(const char *name, struct secret *ret_shared)
{
	HOLDS(totp_from_base32(stage_enroll(&host, name, true), ret_shared) == SFMFA_OK);
}

static void
make_host(void)
{
	static bool registered;

	stage_open(&host, "");
	enrol("alice", &secrets[0]);
	enrol("helen", &secrets[1]);
	if (!registered)
		atexit(forget_host);
	registered = true;
}

static void
take_args(struct input_bytes *input, struct fields *args)
{
	char line[600];

	while (input->left > 0 && take_line(input, line, sizeof(line)) > 0) {
		char *value = strchr(line, '=');

		if (value == NULL)
			continue;
		*value++ = '\0';
		(void)!fields_add_text(args, line, value);
	}
}

static void
take_input(struct input_bytes *bytes, struct fields *page, struct input *ret_input)
{
	static const enum input_kind kinds[] = { INPUT_ANSWER, INPUT_PAGE, INPUT_CONVERSATION_FAILED,
		INPUT_ANSWER_IS_PASSWORD, INPUT_PLACEHOLDER, INPUT_FIRST_FACTOR_OK, INPUT_COMMIT, INPUT_NONE };
	char line[700];
	size_t size;

	memset(ret_input, 0, sizeof(*ret_input));
	fields_clear(page);
	ret_input->kind = kinds[take_byte(bytes) % (sizeof(kinds) / sizeof(kinds[0]))];
	if (ret_input->kind == INPUT_PAGE)
		take_args(bytes, page);
	ret_input->page = page;
	size = take_line(bytes, line, sizeof(line));
	if (secret_set(&ret_input->answer, line, size) == SFMFA_OK)
		answers_spoil(secrets, sizeof(secrets) / sizeof(secrets[0]), host.now.wall, &ret_input->answer);
}

/* True: something else than an attempt was written, and the host is not what it was. */
static bool
write_op(struct command *command, const struct caller *caller)
{
	struct store_op *const ops[] = { command_op(command) };

	HOLDS(store_commit(host.env.store, ops, 1, NULL) == SFMFA_OK);
	if (ops[0]->kind != STORE_ATTEMPT)
		return true;
	HOLDS(ops[0]->attempt.result != ATTEMPT_RESULT_RIGHT || caller->class == CALLER_ROOT);
	return false;
}

/* The lock of those who answered wrong is taken off: each input meets the same host. */
static void
unlock(const char *name)
{
	struct store_op op = { .kind = STORE_UNLOCK, .change = { .user = name, .now = host.now.wall } };
	struct store_op *const ops[] = { &op };

	HOLDS(store_commit(host.env.store, ops, 1, NULL) == SFMFA_OK);
}

/* Tokens of one's own are made and revoked by whoever has no app yet: there is no code to ask for. */
static bool
has_nothing_to_prove(const struct caller *caller, enum verb verb)
{
	return strcmp(caller->person.name, "mallory") == 0 && (verb == VERB_TOKEN_NEW || verb == VERB_TOKEN_REVOKE);
}

static void
check_result(const struct command *command, enum verb verb, const struct caller *caller, const char *subject)
{
	const struct fields *reply;
	const char *sentence;
	enum command_status status = command_result(command, &sentence, &reply);
	const struct verb_info *info = verb_info(verb);
	bool oneself = subject == NULL || strcmp(subject, caller->person.name) == 0;

	HOLDS(text_is_utf8(sentence, strlen(sentence)) && strpbrk(sentence, "\033\r") == NULL);
	if (status != COMMAND_DONE || caller->class == CALLER_ROOT)
		return;
	HOLDS(!info->root_only && (!info->code || (oneself && has_nothing_to_prove(caller, verb))));
	if (strcmp(caller->person.name, "helen") != 0)
		HOLDS(info->self && oneself);
}

static bool
run(struct command *command, const struct caller *caller, struct input_bytes *input)
{
	FIELDS_AUTO page = { 0 };
	bool changed = false;
	enum turn turn = command_step(command, NULL);

	for (unsigned turns = 0; turn != TURN_DONE && turns < 64; turns++) {
		struct input answer;

		HOLDS(turn == TURN_ASK || turn == TURN_WRITE);
		if (turn == TURN_WRITE) {
			changed |= write_op(command, caller);
			turn = command_step(command, NULL);
			continue;
		}
		(void)answers_find_shown(command_ask(command)->info, &secrets[2]);
		take_input(input, &page, &answer);
		turn = command_step(command, &answer);
		secret_clear(&answer.answer);
	}
	return changed;
}

int
LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	static const char *const callers[] = { "alice", "helen", "mallory" };
	static const char *const subjects[] = { NULL, "alice", "bob", "helen", "walt", "root", "nobody-knows", "mallory" };
	struct input_bytes input = { bytes, size };
	struct command_request request = { 0 };
	struct command *command;
	struct caller caller;
	const char *subject;
	unsigned who;
	bool changed;

	if (commands++ == 0)
		make_host();
	request.verb = (enum verb)(take_byte(&input) % VERB_COUNT);
	who = take_byte(&input) % 4;
	caller = who == 3 ? stage_root() : stage_caller(callers[who]);
	subject = subjects[take_byte(&input) % (sizeof(subjects) / sizeof(subjects[0]))];
	/* The daemon hands on only what the class may ask at all. */
	if (!verb_open_to(request.verb, caller.class) || request.verb <= VERB_COMMIT)
		return 0;
	request.has_subject = subject != NULL;
	if (subject != NULL)
		request.subject = stage_person(subject);
	take_args(&input, &request.args);
	HOLDS(command_create(&host.env, &caller, &request, &command) == SFMFA_OK);
	changed = run(command, &caller, &input);
	check_result(command, request.verb, &caller, subject);
	command_destroy(command);
	if (changed || commands > COMMANDS_A_STAGE)
		forget_host();
	else if (who < 2)
		unlock(callers[who]);
	return 0;
}
