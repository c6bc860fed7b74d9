/*
 * What a login costs does not say whose it is: the questions to the store and the kind of comparison are
 * those of an ordinary user (rules 1 and 4, "What a stranger may learn"). tests/pam counts system calls of
 * the whole.
 */
#include <stdio.h>
#include <string.h>

#include "fixture.h"

#define HOST    "203.0.113.9"
#define TRUSTED "10.0.0.7"

#define CONF                                                                                                 \
	"services = { api = [ \"dovecot\" ]; };\ntrusted_networks = [ \"10.0.0.0/8\" ];\n"                   \
	"registration = \"temporary-code\";\n"
#define MFA_API "\"api-enabled\", \"mfa-ui-logins\", \"mfa-api-logins\""

enum who { WHO_UNKNOWN, WHO_NO_ROW, WHO_NONE, WHO_PENDING, WHO_COMPLETED, WHO_FROZEN, WHO_COUNT };

static const char *const names[WHO_COUNT] = { "unknown", "fresh", "none", "pending", "completed", "frozen" };

static struct fixture f;
static char token[32]; /* of somebody else */

/* A store that counts, in front of the real one. */
static struct store counting, *real;
static struct {
	unsigned users, tokens, writes;
} count;

static enum sfmfa_err
read_user(struct store *store, const char *name, int64_t caller, struct user_record *ret_user,
	  struct diag *diag)
{
	(void)store;
	count.users++;
	return store_read_user(real, name, caller, ret_user, diag);
}

static enum sfmfa_err
find_token(struct store *store, int64_t user_id, const unsigned char hash[HASH_SIZE],
	   struct token_record *ret_token, struct diag *diag)
{
	(void)store;
	count.tokens++;
	return store_find_token(real, user_id, hash, ret_token, diag);
}

static enum sfmfa_err
commit(struct store *store, struct store_op *const ops[], size_t op_count, struct diag *diag)
{
	(void)store;
	count.writes++;
	return store_commit(real, ops, op_count, diag);
}

static const struct store_ops counting_ops = { .read_user = read_user,
					       .find_token = find_token,
					       .commit = commit };

static void
start(void)
{
	struct secret shared;

	fixture_start(&f, MFA_API, CONF);
	fixture_token(&f, "other", "mail", 0, NULL, token);
	fixture_freeze(&f, names[WHO_NONE], false);
	fixture_enrol(&f, names[WHO_PENDING], APP_PENDING, &shared);
	fixture_enrol(&f, names[WHO_COMPLETED], APP_COMPLETED, &shared);
	fixture_enrol(&f, names[WHO_FROZEN], APP_COMPLETED, &shared);
	fixture_freeze(&f, names[WHO_FROZEN], true);
	real = f.env.store;
	counting = (struct store){ .ops = &counting_ops };
	f.env.store = &counting;
}

static void
finish(void)
{
	if (f.env.store == &counting)
		f.env.store = real;
	fixture_finish(&f);
}

TestSuite(strangers, .init = start, .fini = finish);

static struct login_request
request_of(enum who who, const char *service, const char *rhost)
{
	struct login_request request = fixture_request(names[who], service);

	snprintf(request.rhost, sizeof(request.rhost), "%s", rhost);
	if (who == WHO_UNKNOWN)
		request.person.nss = NSS_UNKNOWN;
	memset(&count, 0, sizeof(count));
	return request;
}

/* Before the first factor is known to be right; it never comes. */
static void
expect_split(enum who who, const char *rhost, const char *tail)
{
	struct login_request request = request_of(who, "dovecot", rhost);
	char field[64];
	struct login *login;

	request.split = true;
	snprintf(field, sizeof(field), "hunter2%s", tail);
	cr_assert_eq(secret_set(&request.password, field, strlen(field)), SFMFA_OK);
	login = fixture_login(&f, &f.root, &request);
	cr_expect_eq(fixture_step(&f, login, INPUT_NONE, NULL), TURN_KEEP);
	cr_expect_eq(count.users, 1, "%s", names[who]);
	cr_expect_eq(count.tokens, tail[0] == '\0' ? 0 : 1, "%s at %s: %u", names[who], rhost, count.tokens);
	cr_expect_eq(count.writes, 0);
	login_destroy(login);
}

Test(strangers, a_field_is_split_at_the_same_cost_whoever_it_is)
{
	for (enum who who = 0; who < WHO_COUNT; who++) {
		expect_split(who, HOST, token);
		expect_split(who, TRUSTED, token);
		expect_split(who, HOST, "");
		expect_split(who, TRUSTED, "");
	}
	cr_assert_eq(f.event_count, 0, "and nothing is said about a password that was wrong");
}

/* Asked for a code, or not at all: then there is nothing to compare. */
static void
expect_compared(enum who who, const char *service, bool ask, const char *prompt, enum attempt_kind kind)
{
	struct login_request request = request_of(who, service, HOST);
	struct login *login;

	request.ask = ask;
	login = fixture_login(&f, &f.root, &request);
	cr_assert_eq(fixture_step(&f, login, INPUT_NONE, NULL), TURN_ASK, "%s", names[who]);
	cr_expect_str_eq(login_ask(login)->prompt, prompt, "%s", names[who]);
	cr_expect_eq(fixture_step(&f, login, INPUT_ANSWER, "000000"), TURN_DONE);
	cr_expect_eq(login_op(login)->attempt.kind, kind, "%s", names[who]);
	cr_expect_eq(count.users, 1, "%s", names[who]);
	cr_expect_eq(count.writes, 1, "%s", names[who]);
	login_destroy(login);
}

Test(strangers, an_unknown_users_answer_is_asked_for_and_compared_as_a_registered_ones)
{
	static const char code[] = "Authenticator code: ",
			  either[] = "Authenticator code or security token: ";

	expect_compared(WHO_COMPLETED, "login", false, code, ATTEMPT_KIND_TOTP);
	expect_compared(WHO_PENDING, "login", false, code, ATTEMPT_KIND_TOTP);
	expect_compared(WHO_FROZEN, "login", false, code, ATTEMPT_KIND_TOTP);
	expect_compared(WHO_UNKNOWN, "login", false, code, ATTEMPT_KIND_TOTP);
	expect_compared(WHO_COMPLETED, "dovecot", true, either, ATTEMPT_KIND_TOTP);
	expect_compared(WHO_UNKNOWN, "dovecot", true, either, ATTEMPT_KIND_TOTP);
}
