/* One look-up process: a question in, an answer out, as slow as the name service likes. */
#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/nss.h"
#include "base/text.h"
#include "daemon/lookup.h"
#include "model/limits.h"
#include "wire/message.h"
#include "wire/names.h"

#define QUESTION_GROUPS_MAX (GROUP_NAMES_MAX + SERVICES_MAX)

struct question {
	uid_t caller;
	bool has_user;
	char user[NSS_NAME_SIZE];
	size_t group_count;
	char groups[QUESTION_GROUPS_MAX][NSS_NAME_SIZE];
};

static enum sfmfa_err
read_question(const struct fields *fields, struct question *question)
{
	struct field field;
	size_t at = 0;
	int64_t uid;
	enum sfmfa_err err;

	err = fields_get_number(fields, WIRE_CALLER_UID, 0, UINT32_MAX, &uid);
	if (err != SFMFA_OK)
		return err;
	question->caller = (uid_t)uid;
	question->has_user = fields_has(fields, WIRE_USER);
	if (question->has_user)
		err = fields_get_text(fields, WIRE_USER, question->user, sizeof(question->user));
	question->group_count = 0;
	while (err == SFMFA_OK && fields_next(fields, &at, &field)) {
		if (!field_is(&field, WIRE_GROUP))
			continue;
		if (question->group_count == QUESTION_GROUPS_MAX)
			return SFMFA_ERR_TOO_LARGE;
		err = field_text(&field, question->groups[question->group_count++], NSS_NAME_SIZE);
	}
	return err;
}

static enum sfmfa_err
add_key(struct fields *answer, const char *prefix, const char *key, const char *value)
{
	char name[FIELD_KEY_MAX + 1];

	if (text_format(name, sizeof(name), "%s%s", prefix, key) != SFMFA_OK)
		return SFMFA_ERR_TOO_LARGE;
	return fields_add_text(answer, name, value);
}

static enum sfmfa_err
add_memberships(struct fields *answer, const char *prefix, const struct question *question, const struct nss_user *user)
{
	const char *names[QUESTION_GROUPS_MAX];
	enum nss_membership memberships[QUESTION_GROUPS_MAX];
	enum sfmfa_err err = SFMFA_OK;

	for (size_t i = 0; i < question->group_count; i++)
		names[i] = question->groups[i];
	nss_memberships(user, names, question->group_count, memberships);
	for (size_t i = 0; i < question->group_count && err == SFMFA_OK; i++) {
		switch (memberships[i]) {
		case NSS_MEMBER_YES: err = add_key(answer, prefix, WIRE_IN, names[i]); break;
		case NSS_MEMBER_NO: break;
		case NSS_MEMBER_NO_GROUP: err = add_key(answer, prefix, WIRE_NO_GROUP, names[i]); break;
		case NSS_MEMBER_UNRESOLVED:
		default: err = add_key(answer, prefix, WIRE_UNRESOLVED, names[i]); break;
		}
	}
	return err;
}

static enum sfmfa_err
add_person(struct fields *answer, const char *prefix, const struct question *question, enum nss_status status,
           const struct nss_user *user)
{
	char uid[24];
	enum sfmfa_err err;

	err = add_key(answer, prefix, WIRE_NSS, nss_status_key(status));
	if (err != SFMFA_OK || status != NSS_KNOWN)
		return err;
	err = add_key(answer, prefix, WIRE_NAME, user->name);
	if (err == SFMFA_OK)
		err = text_format(uid, sizeof(uid), "%lu", (unsigned long)user->uid);
	if (err == SFMFA_OK)
		err = add_key(answer, prefix, WIRE_UID, uid);
	/* Groups of uid 0 are never asked (rules 3.4). */
	if (err == SFMFA_OK && user->uid != 0)
		err = add_memberships(answer, prefix, question, user);
	return err;
}

static enum sfmfa_err
answer_question(const struct question *question, struct fields *answer)
{
	struct nss_user user = { 0 };
	bool several = false;
	enum nss_status status;
	enum sfmfa_err err;

	status = nss_find_uid(question->caller, &user, &several);
	err = add_person(answer, "caller_", question, status, &user);
	if (err == SFMFA_OK && several)
		err = fields_add_number(answer, "several_names", 1);
	if (err != SFMFA_OK || !question->has_user)
		return err;
	err = fields_add_text(answer, WIRE_USER, question->user);
	status = nss_find_user(question->user, &user);
	if (err == SFMFA_OK)
		err = add_person(answer, "", question, status, &user);
	return err;
}

void
lookup_worker_run(int fd)
{
	struct question *question = calloc(1, sizeof(*question));

	while (question != NULL) {
		FIELDS_AUTO fields = { 0 };
		FIELDS_AUTO answer = { 0 };
		struct pollfd readable = { .fd = fd, .events = POLLIN };
		enum sfmfa_err err;

		if (poll(&readable, 1, -1) < 0 && errno != EINTR)
			break;
		err = message_receive(fd, &fields);
		if (err == SFMFA_ERR_TIMEOUT)
			continue;
		if (err != SFMFA_OK || read_question(&fields, question) != SFMFA_OK)
			break;
		if (answer_question(question, &answer) != SFMFA_OK || message_send(fd, &answer) != SFMFA_OK)
			break;
	}
	_exit(0);
}
