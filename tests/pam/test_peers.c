/* Peers that are neither root nor trusted: what they may ask, and what is believed of them (rules 2). */
#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "raw.h"
#include "wire/names.h"

#define OPEN_MAX_OWN 16 /* connections of one uid */

static struct stage stage;
static struct talk talk;

#define ALLOWED_PROFILE                                                                                      \
	"permissions = [ \"api-enabled\", \"mfa-ui-logins\", \"manage-mfa\", \"manage-users\", "             \
	"\"reset-and-unlock\", "                                                                             \
	"\"manage-profiles-and-permission-sets\" ];\n"

static void
open_stage(void)
{
	raw_need_nobody();
	stage_open(&stage, "");
	cr_assert_eq(stage_sfmfa(&stage, "profile assign nobody mfa"), 0);
	cr_assert_eq(stage_sfmfa(&stage, "profile assign alice mfa"), 0);
}

static void
close_stage(void)
{
	if (stage.folder[0] != '\0')
		stage_close(&stage);
}

TestSuite(own, .init = open_stage, .fini = close_stage, .timeout = 90);

#define LOGIN(user, ...)                                                                                     \
	stage_login(&stage, &talk, "nopassword", user, "203.0.113.7",                                        \
		    (const char *const[]){ __VA_ARGS__, NULL })

static void
as_nobody(bool (*peer)(void))
{
	cr_assert(raw_ended_well(raw_fork_nobody(peer)), "see the notes at the end");
	cr_assert_eq(waitpid(stage.daemon, NULL, WNOHANG), 0, "sfmfad has died");
}

static bool
code_now(int steps, char code[16])
{
	talk.now = *stage.clock;
	return talk_code(&talk, steps, code);
}

/* ---- the table of verbs ------------------------------------------------------------------- */

static bool
check_table(void)
{
	return raw_check_verbs(&stage, "own");
}

Test(own, verbs_are_open_to_the_classes_of_the_table)
{
	stage_write(&stage, "etc/profiles.d/mfa.conf", ALLOWED_PROFILE);
	as_nobody(check_table);
}

/* ---- what a peer says of itself and of others ------------------------------------------------ */

static bool
may_not_open_root_socket(void)
{
	NEED(raw_connect(&stage, "root.sock") < 0);
	return true;
}

Test(own, the_socket_of_root_is_closed_to_others)
{
	as_nobody(may_not_open_root_socket);
}

static bool
is_not_let_in(int fd)
{
	FIELDS_AUTO reply = { 0 };

	NEED(raw_receive(fd, SOON_MS, &reply) == RAW_REPLY);
	NEED(raw_says(&reply, WIRE_STATUS, WIRE_STATUS_DONE));
	NEED(!raw_allows(&reply));
	close(fd);
	return true;
}

static bool
claims_to_be_others(void)
{
	static const char *const names[] = { "alice", "root", "daemon", "no-such-user" };
	static const char *const verbs[] = { "login", "account" };
	static const char *const services[] = {
		"nopassword", "login", "su", "sudo", "cron", "i3lock", "mail"
	};

	for (size_t verb = 0; verb < 2; verb++) {
		for (size_t name = 0; name < 4; name++) {
			for (size_t i = 0; i < sizeof(services) / sizeof(services[0]); i++) {
				int fd = raw_connect(&stage, "sfmfa.sock");

				/* In turn: a name with the peer's own uid, the peer's own name with another,
				 * uid 0. */
				NEED(raw_send(fd, "verb", verbs[verb], "user", names[name], "nss", "known",
					      "name", i % 2 == 0 ? names[name] : "nobody", "uid",
					      i % 3 == 0 ? "0" : "65534", "real_uid", "0", "can_commit", "1",
					      "service", services[i], "in", "staff", "login_type", "api",
					      NULL));
				NEED(is_not_let_in(fd));
			}
		}
	}
	return true;
}

Test(own, a_peer_is_not_believed_to_be_somebody_else)
{
	stage_register(&stage, &talk, "alice");
	as_nobody(claims_to_be_others);
	cr_assert_eq(LOGIN("alice", "{code}").auth, PAM_SUCCESS, "and alice does not notice");
}

/* The peer's own user, with statements that only root's are believed. */
static bool
claims_about_itself(void)
{
	FIELDS_AUTO reply = { 0 };
	int fd;

	/* Another login type, no factor, a root switch: still asked for the code. */
	NEED(ASK(&stage, &fd, &reply, "verb", "login", "user", "nobody", "nss", "unknown", "service",
		 "nopassword", "login_type", "api", "real_uid", "0"));
	NEED(raw_says(&reply, WIRE_NEED, WIRE_NEED_ANSWER));
	close(fd);
	/* Found under its name whatever name it says it has. */
	NEED(ASK(&stage, &fd, &reply, "verb", "login", "user", "nobody", "nss", "known", "name", "root",
		 "uid", "0", "service", "nopassword"));
	NEED(raw_says(&reply, WIRE_NEED, WIRE_NEED_ANSWER));
	close(fd);
	/* No evidence: the account phase alone denies, in a switch by root too. */
	NEED(ASK(&stage, &fd, &reply, "verb", "account", "user", "nobody", "nss", "known", "name", "nobody",
		 "uid", "65534", "service", "nopassword", "real_uid", "0"));
	NEED(raw_says(&reply, WIRE_STATUS, WIRE_STATUS_DONE) && !raw_allows(&reply));
	close(fd);
	return true;
}

static void
enrol_nobody(void)
{
	cr_assert_eq(stage_sfmfa(&stage, "--json enroll nobody"), 0);
	stage_json(&stage, "secret", talk.key, sizeof(talk.key));
}

/* A UI login of root's makes a pending app a completed one. */
static void
complete_nobody(void)
{
	cr_assert_eq(LOGIN("nobody", "{code}").auth, PAM_SUCCESS);
	stage_wait(&stage, 30);
}

Test(own, statements_about_oneself_are_not_believed_either)
{
	enrol_nobody();
	complete_nobody();
	as_nobody(claims_about_itself);
}

/* ---- a screen locker -------------------------------------------------------------------------- */

static bool locker_is_right, locker_gets_in;

static bool
verifies_own_factor(void)
{
	FIELDS_AUTO reply = { 0 };
	char code[16];
	int fd;

	NEED(code_now(0, code));
	if (!locker_is_right)
		snprintf(code, sizeof(code), "%s", strcmp(code, "000000") != 0 ? "000000" : "111111");
	NEED(ASK(&stage, &fd, &reply, "verb", "login", "user", "nobody", "service", "nopassword",
		 "can_commit", "1"));
	/* Somebody who is locked out is told so at once. */
	if (raw_says(&reply, WIRE_NEED, WIRE_NEED_ANSWER)) {
		NEED(raw_send(fd, "verb", "answer", "answer", code, NULL));
		NEED(raw_receive(fd, SOON_MS, &reply) == RAW_REPLY);
	}
	NEED(raw_says(&reply, WIRE_AUTH, WIRE_OUTCOME_ALLOW) == locker_gets_in);
	NEED(!fields_has(&reply, WIRE_LOGIN_ID));
	NEED(!fields_has(&reply, WIRE_MORE));
	close(fd);
	return true;
}

Test(own, ones_own_factor_is_verified)
{
	enrol_nobody();
	complete_nobody();
	locker_is_right = locker_gets_in = true;
	as_nobody(verifies_own_factor);
	cr_assert(stage_decided(&stage, "nobody", "claimed=yes"));
	cr_assert(stage_decided(&stage, "nobody", "caller=65534"));
	cr_assert_eq(LOGIN("nobody", "{code}").auth, PAM_AUTH_ERR, "and the code is spent for everybody");
}

static bool
may_not_register(void)
{
	FIELDS_AUTO reply = { 0 };
	int fd;

	NEED(ASK(&stage, &fd, &reply, "verb", "login", "user", "nobody", "service", "nopassword",
		 "can_commit", "1"));
	NEED(raw_says(&reply, WIRE_STATUS, WIRE_STATUS_DONE) && !raw_allows(&reply));
	NEED(!fields_has(&reply, WIRE_MORE));
	close(fd);
	return true;
}

Test(own, nothing_is_registered_through_a_peer_that_is_not_root)
{
	as_nobody(may_not_register);
	cr_assert(stage_decided(&stage, "nobody", "reason=registration-required"));
	cr_assert_eq(stage_sfmfa(&stage, "--json user show nobody"), 0);
	cr_assert_not_null(strstr(stage.output, "\"none\""), "%s", stage.output);
}

static bool
tries_pending_app(void)
{
	FIELDS_AUTO reply = { 0 };
	char code[16];
	int fd;

	NEED(code_now(0, code));
	NEED(ASK(&stage, &fd, &reply, "verb", "login", "user", "nobody", "service", "nopassword",
		 "can_commit", "1"));
	NEED(raw_send(fd, "verb", "answer", "answer", code, NULL));
	NEED(raw_receive(fd, SOON_MS, &reply) == RAW_REPLY);
	close(fd);
	return true;
}

Test(own, a_pending_app_stays_pending)
{
	enrol_nobody();
	as_nobody(tries_pending_app);
	cr_assert_eq(stage_sfmfa(&stage, "--json user show nobody"), 0);
	cr_assert_not_null(strstr(stage.output, "\"pending\""), "%s", stage.output);
	stage_wait(&stage, 30);
	complete_nobody();
	cr_assert_eq(stage_sfmfa(&stage, "--json user show nobody"), 0);
	cr_assert_not_null(strstr(stage.output, "\"completed\""), "%s", stage.output);
}

Test(own, wrong_answers_lock_the_one_who_gave_them_only)
{
	enrol_nobody();
	complete_nobody();
	locker_is_right = locker_gets_in = false;
	for (int i = 0; i < 12; i++)
		as_nobody(verifies_own_factor);
	cr_assert(stage_decided(&stage, "nobody", "reason=locked-out"));
	locker_is_right = true;
	as_nobody(verifies_own_factor);
	cr_assert_eq(LOGIN("nobody", "{code}").auth, PAM_SUCCESS, "root's guard is another one");
	stage_wait(&stage, 15 * 60);
	locker_gets_in = true;
	as_nobody(verifies_own_factor);
}

/* ---- too many connections ------------------------------------------------------------------------ */

static int told[2], heard[2]; /* to the peer, from the peer */

static bool
opens_too_many(void)
{
	FIELDS_AUTO reply = { 0 };
	int fds[OPEN_MAX_OWN + 8];
	char byte;

	for (int round = 0; round < 3; round++) {
		for (int i = 0; i < OPEN_MAX_OWN + 8; i++)
			NEED((fds[i] = raw_connect(&stage, "sfmfa.sock")) >= 0);
		for (int i = OPEN_MAX_OWN; i < OPEN_MAX_OWN + 8; i++)
			NEED(raw_receive(fds[i], SOON_MS, &reply) == RAW_CLOSED);
		for (int i = 0; i < OPEN_MAX_OWN; i++)
			NEED(raw_receive(fds[i], 0, &reply) == RAW_SILENCE);
		NEED(write(heard[1], "x", 1) == 1 && read(told[0], &byte, 1) == 1);
		/* Those that were let in still work, and their end makes room. */
		NEED(raw_send(fds[0], "verb", "status", NULL) &&
		     raw_receive(fds[0], SOON_MS, &reply) == RAW_REPLY);
		for (int i = 0; i < OPEN_MAX_OWN + 8; i++)
			close(fds[i]);
		/* The daemon sees their end before this: it is asked later. */
		for (int i = 0; i < 100; i++) {
			int fd;

			if (ASK(&stage, &fd, &reply, "verb", "status"))
				i = 100;
			close(fd);
		}
	}
	return true;
}

Test(own, too_many_connections_of_one_uid_are_closed_and_roots_logins_go_on)
{
	pid_t pid;
	char byte;

	stage_register(&stage, &talk, "alice");
	cr_assert_eq(pipe(told), 0);
	cr_assert_eq(pipe(heard), 0);
	pid = raw_fork_nobody(opens_too_many);
	close(heard[1]);
	while (read(heard[0], &byte, 1) == 1) {
		cr_assert_eq(LOGIN("alice", "{code}").auth, PAM_SUCCESS);
		stage_wait(&stage, 30);
		cr_assert_eq(write(told[1], "x", 1), 1);
	}
	cr_assert(raw_ended_well(pid), "see the notes at the end");
}
