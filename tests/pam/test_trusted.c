/* Trusted callers: a web server or a database that asks for everybody (rules 2). */
#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "raw.h"
#include "wire/names.h"

#define TRUSTED(services) "trusted_callers = ( { user = \"nobody\"; services = [ " services " ]; } );\n"

static struct stage stage;
static struct talk talk;

static void
open_stage(void)
{
	raw_need_nobody();
	stage_open(&stage, TRUSTED("\"mail\""));
	cr_assert_eq(stage_sfmfa(&stage, "profile assign nobody mfa"), 0);
	cr_assert_eq(stage_sfmfa(&stage, "profile assign alice mfa"), 0);
}

static void
close_stage(void)
{
	if (stage.folder[0] != '\0')
		stage_close(&stage);
}

TestSuite(trusted, .init = open_stage, .fini = close_stage, .timeout = 90);

static void
as_nobody(bool (*peer)(void))
{
	cr_assert(raw_ended_well(raw_fork_nobody(peer)), "see the notes at the end");
	cr_assert_eq(waitpid(stage.daemon, NULL, WNOHANG), 0, "sfmfad has died");
}

static bool
check_table(void)
{
	return raw_check_verbs(&stage, "trusted");
}

Test(trusted, verbs_are_open_to_the_classes_of_the_table)
{
	as_nobody(check_table);
}

static char token[64];

static bool
api_login(const char *service, const char *user, const char *tail, bool expected)
{
	FIELDS_AUTO reply = { 0 };
	char field[128];
	int fd;

	snprintf(field, sizeof(field), "secret%s", tail);
	NEED(ASK(&stage, &fd, &reply, "verb", "login", "user", user, "service", service, "split", "1",
		 "password", field, "rhost", "203.0.113.7", "can_commit", "1", "login_type", "api"));
	if (raw_says(&reply, WIRE_MORE, WIRE_MORE_SPLIT)) {
		NEED(raw_send(fd, "verb", "first-factor-ok", NULL));
		NEED(raw_receive(fd, SOON_MS, &reply) == RAW_REPLY);
	}
	NEED(raw_says(&reply, WIRE_AUTH, WIRE_OUTCOME_ALLOW) == expected);
	NEED(!fields_has(&reply, WIRE_LOGIN_ID));
	close(fd);
	return true;
}

static bool
verifies_for_others(void)
{
	NEED(api_login("mail", "alice", token, true));
	NEED(api_login("mail", "alice", "", false));
	NEED(api_login("mail", "nobody", token, false));
	NEED(api_login("ask", "alice", token, false)); /* api, but not one of its services */
	NEED(api_login("nopassword", "alice", token, false));
	NEED(api_login("cron", "alice", "", false));
	return true;
}

static void
make_token(void)
{
	cr_assert_eq(stage_sfmfa(&stage, "--json token new alice"), 0);
	stage_json(&stage, "token", token, sizeof(token));
}

Test(trusted, factors_are_verified_for_anybody_on_the_services_listed)
{
	make_token();
	as_nobody(verifies_for_others);
	cr_assert(stage_decided(&stage, "alice", "claimed=yes"));
}

static bool
guesses_for_others(void)
{
	for (int i = 0; i < 12; i++)
		NEED(api_login("mail", "alice", "000000", false));
	NEED(api_login("mail", "alice", token, false));
	return true;
}

Test(trusted, wrong_answers_lock_the_trusted_caller_only)
{
	stage_register(&stage, &talk, "alice");
	make_token();
	as_nobody(guesses_for_others);
	cr_assert(stage_decided(&stage, "alice", "reason=locked-out"));
	cr_assert_eq(stage_login(&stage, &talk, "nopassword", "alice", "203.0.113.7",
				 (const char *const[]){ "{code}", NULL })
			     .auth,
		     PAM_SUCCESS);
}

static int told[2], heard[2]; /* to the peer, from the peer */
static const char *asked_service;
static bool asked_gets_in;

/* Accepted under one configuration, asked under another. */
static bool
asks_later(void)
{
	FIELDS_AUTO reply = { 0 };
	int fd = raw_connect(&stage, "sfmfa.sock");
	char byte, field[128];

	NEED(fd >= 0 && write(heard[1], "x", 1) == 1 && read(told[0], &byte, 1) == 1);
	snprintf(field, sizeof(field), "secret%s", token);
	NEED(raw_send(fd, "verb", "login", "user", "alice", "service", asked_service, "split", "1",
		      "password", field, NULL));
	NEED(raw_receive(fd, SOON_MS, &reply) == RAW_REPLY);
	NEED(raw_says(&reply, WIRE_MORE, WIRE_MORE_SPLIT) == asked_gets_in);
	NEED(!raw_allows(&reply));
	close(fd);
	return true;
}

static void
reload(const char *settings)
{
	stage_configure(&stage, settings);
	cr_assert_eq(stage_sfmfa(&stage, "status"), 0);
}

static void
connect_under(const char *before, const char *const after[], const char *service, bool gets_in)
{
	pid_t pid;
	char byte;

	reload(before);
	asked_service = service;
	asked_gets_in = gets_in;
	cr_assert_eq(pipe(told), 0);
	cr_assert_eq(pipe(heard), 0);
	pid = raw_fork_nobody(asks_later);
	cr_assert_eq(read(heard[0], &byte, 1), 1);
	/* A command that is answered later than the connection was made: it is accepted by then. */
	cr_assert_eq(stage_sfmfa(&stage, "status"), 0);
	for (; *after != NULL; after++)
		reload(*after);
	cr_assert_eq(write(told[1], "x", 1), 1);
	cr_assert(raw_ended_well(pid), "see the notes at the end");
	cr_assert_eq(waitpid(stage.daemon, NULL, WNOHANG), 0, "sfmfad has died");
}

Test(trusted, a_caller_is_what_the_configuration_in_force_makes_of_it)
{
	make_token();
	connect_under(TRUSTED("\"mail\""), (const char *const[]){ "", NULL }, "mail", false);
	connect_under(TRUSTED("\"mail\""), (const char *const[]){ TRUSTED("\"ask\""), NULL }, "mail", false);
	connect_under("", (const char *const[]){ TRUSTED("\"ask\""), TRUSTED("\"mail\""), NULL }, "mail",
		      true);
}
