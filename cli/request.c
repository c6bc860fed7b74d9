#include "request.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/text.h"
#include "paths.h"
#include "terminal.h"
#include "wire/names.h"

static void
keep(struct request *request, enum sfmfa_err err)
{
	if (request->err == SFMFA_OK)
		request->err = err;
}

void
request_add(struct request *request, const char *key, const char *value)
{
	if (value)
		keep(request, fields_add_text(&request->fields, key, value));
}

void
request_add_number(struct request *request, const char *key, int64_t number)
{
	keep(request, fields_add_number(&request->fields, key, number));
}

void
request_add_options(struct request *request, const struct arguments *arguments, const char *option,
		    const char *key)
{
	for (size_t i = 0; i < arguments->given_count; i++) {
		const struct given *given = &arguments->given[i];

		if (text_equals(given->option->name, option))
			request_add(request, key ? key : option, given->value ? given->value : "1");
	}
}

/* Only uid 0 is believed; the daemon looks the user up itself for others. */
static void
resolve(struct request *request, const char *typed)
{
	enum nss_status status;

	if (geteuid() != 0)
		return;
	status = nss_find_user(typed, &request->user);
	request->user_known = status == NSS_KNOWN;
	request_add(request, WIRE_NSS, nss_status_key(status));
	if (!request->user_known)
		return;
	request_add(request, WIRE_NAME, request->user.name);
	request_add_number(request, WIRE_UID, (int64_t)request->user.uid);
}

void
request_begin(struct request *request, const struct cli *cli, const struct arguments *arguments)
{
	memset(request, 0, sizeof *request);
	request->cli = cli;
	request->command = arguments->command;
	request_add(request, WIRE_VERB, verb_info(arguments->command->verb)->key);
	if (!arguments->user)
		return;
	request->typed = arguments->user;
	request_add(request, WIRE_USER, arguments->user);
	resolve(request, arguments->user);
}

/* Texts above a question or beside the last word. */
static void
show_texts(const struct request *request, const struct record *record, const char *key)
{
	const char *text;

	for (size_t n = 0; (text = record_nth(record, key, n)) != NULL; n++) {
		char line[1024];

		if (text[0] == '\0' || (request->show.info && request->show.info(request->show.data, text)))
			continue;
		while (text[0] != '\0') {
			char clean[sizeof line];
			size_t size = strcspn(text, "\n");
			size_t part = size < sizeof line - 1 ? size : sizeof line - 1;

			memcpy(line, text, part);
			line[part] = '\0';
			text_printable(clean, sizeof clean, line);
			fprintf(stderr, "%s\n", clean);
			text += part;
			if (text[0] == '\n')
				text++;
		}
	}
}

/* Answers one question; the answer, or that there is none, is the next request. */
static enum sfmfa_err
answer(const struct request *request, const struct record *question, struct fields *next)
{
	SECRET_AUTO typed = { 0 };
	char prompt[512];
	const char *text = record_text(question, WIRE_PROMPT);
	enum sfmfa_err err;

	show_texts(request, question, WIRE_INFO);
	show_texts(request, question, WIRE_ERROR);
	fields_clear(next);
	err = fields_add_text(next, WIRE_VERB, WIRE_ANSWER);
	if (err != SFMFA_OK)
		return err;
	text_printable(prompt, sizeof prompt, text ? text : "Code: ");
	err = terminal_ask(prompt, record_flag(question, WIRE_ECHO), &typed);
	if (err == SFMFA_ERR_TOO_LARGE)
		secret_clear(&typed); /* too long for any code: an empty answer is as wrong */
	else if (err != SFMFA_OK)
		return fields_add_text(next, WIRE_CONVERSATION_FAILED, "1");
	return fields_add(next, WIRE_ANSWER, typed.bytes, typed.size);
}

/* The next request to a question, whichever it is. */
static enum sfmfa_err
go_on(const struct request *request, const struct record *question, struct fields *next, enum exit_status *ret_status)
{
	const char *need = record_text(question, WIRE_NEED);
	enum sfmfa_err err;

	if (!need || !text_equals(need, WIRE_NEED_PAGE))
		return answer(request, question, next);
	if (!request->pages.turn)
		return SFMFA_ERR_INVALID;
	fields_clear(next);
	err = fields_add_text(next, WIRE_VERB, WIRE_VERB_PAGE);
	if (err == SFMFA_OK)
		*ret_status = request->pages.turn(request->pages.data, question, next);
	return err;
}

static enum exit_status
report(const struct request *request, enum sfmfa_err err, const struct diag *diag)
{
	const char *runtime_dir =
		request->cli->client.runtime_dir ? request->cli->client.runtime_dir : SFMFA_RUNTIME_DIR;
	char line[DIAG_LINE_SIZE] = "";

	diag_format(diag, line);
	if (err == SFMFA_ERR_CLOSED || err == SFMFA_ERR_TIMEOUT)
		cli_error("sfmfad does not answer in %s%s%s%s", runtime_dir, line[0] ? " (" : "", line,
			  line[0] ? ")" : "");
	else if (line[0] != '\0')
		cli_error("%s", line);
	else
		cli_error("the exchange with sfmfad failed: %s", sfmfa_err_word(err));
	return STATUS_FAILED;
}

/* One switch from the daemon's words to exit statuses. */
static enum exit_status
finish_word(const struct reply *reply)
{
	const char *word = record_text(&reply->all, WIRE_RESULT);
	const char *sentence = record_text(&reply->all, WIRE_ERROR);
	enum exit_status status = STATUS_FAILED;

	if (word && text_equals(word, "done"))
		return STATUS_DONE;
	if (word && text_equals(word, "refused"))
		status = STATUS_REFUSED;
	else if (word && text_equals(word, "usage"))
		status = STATUS_USAGE;
	if (sentence && sentence[0] != '\0')
		cli_error("%s", sentence);
	else
		cli_error(status == STATUS_REFUSED ? "refused" : "sfmfad could not do it");
	return status;
}

static enum exit_status
converse(struct request *request, struct reply *ret_reply, bool *ret_virtual_needed)
{
	__attribute__((cleanup(client_finish))) struct client client = CLIENT_CLOSED;
	FIELDS_AUTO fields = { 0 };
	FIELDS_AUTO next = { 0 };
	REPLY_AUTO reply = { 0 };
	struct diag diag = { .line = 0 };
	enum sfmfa_err err = request->err;
	enum exit_status own = STATUS_DONE;
	const char *status;

	*ret_virtual_needed = false;
	if (err == SFMFA_ERR_TOO_LARGE)
		return cli_usage("an argument is too long");
	if (err == SFMFA_OK)
		err = client_begin(&client, &request->cli->client,
				   request->user_known ? &request->user : NULL, &request->fields, &fields,
				   &diag);
	while (err == SFMFA_OK) {
		err = reply_from_fields(&reply, &fields);
		if (err != SFMFA_OK)
			break;
		status = record_text(&reply.all, WIRE_STATUS);
		if (status && text_equals(status, WIRE_STATUS_DONE)) {
			*ret_virtual_needed = record_flag(&reply.all, "virtual_needed");
			if (*ret_virtual_needed)
				return STATUS_REFUSED;
			show_texts(request, &reply.all, WIRE_INFO);
			*ret_reply = reply;
			memset(&reply, 0, sizeof reply);
			return finish_word(ret_reply);
		}
		if (!status || !text_equals(status, WIRE_STATUS_ASK))
			err = SFMFA_ERR_INVALID;
		if (err == SFMFA_OK)
			err = go_on(request, &reply.all, &next, &own);
		if (own != STATUS_DONE)
			return own;
		fields_clear(&fields);
		if (err == SFMFA_OK)
			err = client_exchange(&client, &next, &fields, &diag);
	}
	return report(request, err, &diag);
}

enum exit_status
request_send(struct request *request, struct reply *ret_reply)
{
	bool virtual_needed;
	enum exit_status status = converse(request, ret_reply, &virtual_needed);

	if (virtual_needed)
		cli_error("there is no such user");
	return status;
}

enum exit_status
request_send_for_new_user(struct request *request, struct reply *ret_reply)
{
	bool interactive = terminal_is_interactive();
	bool virtual_needed = false;
	enum exit_status status;
	char name[NSS_NAME_SIZE];
	char question[NSS_NAME_SIZE + 64];

	/* Nobody is there to be asked: the name is meant. The daemon takes that from root only. */
	if (!interactive)
		request_add(request, "virtual", "1");
	status = converse(request, ret_reply, &virtual_needed);
	if (!virtual_needed || !interactive)
		return status;
	text_printable(name, sizeof name, request->typed);
	snprintf(question, sizeof question, "%s is not a system user. Make it a virtual user? [y/N] ", name);
	if (!terminal_confirm(question)) {
		cli_error("nothing was changed");
		return STATUS_REFUSED;
	}
	request_add(request, "virtual", "1");
	return converse(request, ret_reply, &virtual_needed);
}

enum exit_status
request_simple(const struct cli *cli, const struct arguments *arguments, struct reply *ret_reply)
{
	REQUEST_AUTO request;

	request_begin(&request, cli, arguments);
	return request_send(&request, ret_reply);
}

void
request_finish(struct request *request)
{
	fields_finish(&request->fields);
}
