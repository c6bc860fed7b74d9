#include "talk.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "factor/totp.h"

#define LONG_ANSWER_SIZE 4096

static void
note(struct talk *talk, const char *text, size_t size)
{
	size_t room = sizeof(talk->transcript) - 1 - talk->transcript_size;

	if (size > room)
		size = room;
	memcpy(talk->transcript + talk->transcript_size, text, size);
	talk->transcript_size += size;
	talk->transcript[talk->transcript_size] = '\0';
}

/* One line of the screen. */
static void
show_line(struct talk *talk, const char *line, size_t size)
{
	note(talk, line, size);
	note(talk, "\n", 1);
	if (talk->show)
		printf("    | %.*s\n", (int)size, line);
}

/* A line with at least four groups of four base32 characters, as the key of an app is printed. */
static void
read_key(struct talk *talk, const char *line, size_t size)
{
	char key[sizeof(talk->key)];
	size_t used = 0, groups = 0, run = 0;

	for (size_t i = 0; i <= size; i++) {
		char c = i < size ? line[i] : ' ';

		if ((c >= 'A' && c <= 'Z') || (c >= '2' && c <= '7')) {
			if (used + 1 >= sizeof(key))
				return;
			key[used++] = c;
			run++;
			continue;
		}
		if (run > 0 && c == ' ' && (run == 4 || groups > 3)) {
			groups++;
		} else if (run > 0) {
			used = 0;
			groups = 0;
		}
		run = 0;
	}
	if (groups < 4)
		return;
	key[used] = '\0';
	memcpy(talk->key, key, used + 1);
}

static void
show_text(struct talk *talk, const char *text)
{
	while (*text != '\0') {
		size_t size = strcspn(text, "\n");

		show_line(talk, text, size);
		read_key(talk, text, size);
		text += size;
		if (*text == '\n')
			text++;
	}
}

bool
talk_code(const struct talk *talk, int steps, char ret_code[16])
{
	struct totp_params params = {
		.algorithm = TOTP_SHA1,
		.digits = talk->digits != 0 ? talk->digits : 6,
		.period = talk->period != 0 ? talk->period : 30,
	};
	SECRET_AUTO key = { 0 };
	int64_t now = talk->now != 0 ? talk->now : (int64_t)time(NULL);

	if (talk->key[0] == '\0' || totp_from_base32(talk->key, &key) != SFMFA_OK)
		return false;
	return totp_code(&params, &key, totp_step(&params, now) + steps, ret_code) == SFMFA_OK;
}

static bool
first_line(const char *path, char *ret_text, size_t size)
{
	FILE *file = fopen(path, "re");
	bool read = file != NULL && fgets(ret_text, (int)size, file) != NULL;

	if (file != NULL)
		fclose(file);
	if (read)
		ret_text[strcspn(ret_text, "\n")] = '\0';
	return read;
}

/* What one {part} stands for. */
static bool
expand_part(const struct talk *talk, const char *part, char *ret_text, size_t size)
{
	char code[16];

	if (strncmp(part, "file:", 5) == 0)
		return first_line(part + 5, ret_text, size);
	if (strncmp(part, "code", 4) != 0 || !talk_code(talk, atoi(part + 4), code))
		return false;
	return snprintf(ret_text, size, "%s", code) < (int)size;
}

bool
talk_expand(const struct talk *talk, const char *answer, char *ret_text, size_t size)
{
	size_t used = 0;

	while (*answer != '\0') {
		const char *end = *answer == '{' ? strchr(answer, '}') : NULL;
		char part[512], text[512];

		if (used + 1 >= size)
			return false;
		if (end == NULL) {
			ret_text[used++] = *answer++;
			continue;
		}
		if ((size_t)(end - answer) > sizeof(part) - 1)
			return false;
		memcpy(part, answer + 1, (size_t)(end - answer - 1));
		part[end - answer - 1] = '\0';
		if (!expand_part(talk, part, text, sizeof(text)) || used + strlen(text) >= size)
			return false;
		memcpy(ret_text + used, text, strlen(text));
		used += strlen(text);
		answer = end + 1;
	}
	ret_text[used] = '\0';
	return true;
}

static char *
long_answer(void)
{
	char *answer = malloc(LONG_ANSWER_SIZE + 1);

	if (answer == NULL)
		return NULL;
	memset(answer, 'a', LONG_ANSWER_SIZE);
	answer[LONG_ANSWER_SIZE] = '\0';
	return answer;
}

static int
give(struct talk *talk, const char *prompt, bool echo, char **ret_answer)
{
	char text[1024], line[2048];
	const char *answer;

	talk->prompts++;
	talk->echoed = talk->echoed || echo;
	if (talk->before_answer != NULL)
		talk->before_answer();
	if (talk->given == talk->answer_count)
		answer = "@fail";
	else
		answer = talk->answers[talk->given++];
	if (strcmp(answer, "@fail") == 0) {
		show_line(talk, prompt, strlen(prompt));
		return PAM_CONV_ERR;
	}
	if (strcmp(answer, "@null") == 0)
		return PAM_SUCCESS;
	if (strcmp(answer, "@long") == 0) {
		*ret_answer = long_answer();
		return PAM_SUCCESS;
	}
	if (strcmp(answer, "@empty") == 0)
		answer = "";
	if (!talk_expand(talk, answer, text, sizeof(text))) {
		fprintf(stderr, "talk: cannot make the answer %s\n", answer);
		return PAM_CONV_ERR;
	}
	snprintf(line, sizeof(line), "%s%s", prompt, text);
	show_text(talk, line);
	*ret_answer = strdup(text);
	return *ret_answer != NULL ? PAM_SUCCESS : PAM_BUF_ERR;
}

static int
answer_one(struct talk *talk, const struct pam_message *message, char **ret_answer)
{
	switch (message->msg_style) {
	case PAM_PROMPT_ECHO_ON: return give(talk, message->msg, true, ret_answer);
	case PAM_PROMPT_ECHO_OFF: return give(talk, message->msg, false, ret_answer);
	case PAM_TEXT_INFO:
	case PAM_ERROR_MSG:
		if (talk->refuse_text)
			return PAM_CONV_ERR;
		show_text(talk, message->msg);
		return PAM_SUCCESS;
	default: return PAM_CONV_ERR;
	}
}

int
talk_converse(int count, const struct pam_message **messages, struct pam_response **ret_responses, void *appdata)
{
	struct pam_response *responses = calloc((size_t)count, sizeof(*responses));

	if (responses == NULL)
		return PAM_BUF_ERR;
	for (int i = 0; i < count; i++) {
		int code = answer_one(appdata, messages[i], &responses[i].resp);

		if (code == PAM_SUCCESS)
			continue;
		for (int j = 0; j < i; j++)
			free(responses[j].resp);
		free(responses);
		return code;
	}
	*ret_responses = responses;
	return PAM_SUCCESS;
}

static void
no_delay(int status, unsigned microseconds, void *data)
{
	(void)status;
	(void)microseconds;
	(void)data;
}

int
talk_hurry(pam_handle_t *pamh)
{
	const union {
		void (*function)(int status, unsigned microseconds, void *data);
		const void *pointer;
	} delay = { .function = no_delay };

	return pam_set_item(pamh, PAM_FAIL_DELAY, delay.pointer);
}
