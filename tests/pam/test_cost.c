/*
 * What a right login costs: system calls and syncs of the program that asks, beside the same program with pam_permit,
 * and of the daemon. Time is noise here; a call more is a fact, and somebody has to want it.
 */
#include <criterion/criterion.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "notes.h"
#include "stage.h"
#include "trace.h"

#define LOGINS 4
/* Both ask the same name service. Connect, whom it is, two messages each way, the user; the module is mapped already. */
#define CALLS_OF_MODULE 25
/* Two messages each way, one commit, the log's line and the event's row. */
#define CALLS_OF_DAEMON 50

/* Signals; and the clock, which is no system call where the machine can tell the time without one. */
static const char *const left_out[] = { "---", "+++", "clock_gettime", NULL };
static struct stage stage;
static struct talk talk;

static void
open_stage(void)
{
	trace_need();
	stage_open(&stage, "");
	stage_write(&stage, "pam.d/permit", "auth required pam_permit.so\naccount required pam_permit.so\n");
	stage_write(&stage, "pam.d/other", "auth required pam_permit.so\naccount required pam_permit.so\n");
	cr_assert_eq(stage_sfmfa(&stage, "profile assign root mfa"), 0, "%s", stage.output);
	stage_enrol(&stage, &talk, "root");
}

static void
close_stage(void)
{
	if (stage.folder[0] != '\0')
		stage_close(&stage);
}

TestSuite(cost, .init = open_stage, .fini = close_stage, .timeout = 100);

static void
log_in(const char *service)
{
	struct attempt_codes codes;

	stage_wait(&stage, 31);
	codes = stage_login(&stage, &talk, service, "root", NULL, (const char *const[]){ "{code}", NULL });
	cr_assert_eq(codes.auth, PAM_SUCCESS, "%s: %s", service, talk.transcript);
	cr_assert_eq(codes.account, PAM_SUCCESS, "%s: %s", service, talk.transcript);
	cr_assert_eq(talk.prompts, strcmp(service, "permit") == 0 ? 0 : 1);
}

/* Of LOGINS logins in one process, after a first one, which loads what is loaded once. */
static struct work
work_of_program(const char *service)
{
	char path[STAGE_PATH_SIZE + 8], byte = 'x';
	int ready[2], gate[2], status;
	pid_t login, tracer;

	snprintf(path, sizeof(path), "%s/trace", stage.folder);
	cr_assert_eq(pipe2(ready, O_CLOEXEC), 0);
	cr_assert_eq(pipe2(gate, O_CLOEXEC), 0);
	login = fork();
	cr_assert_geq(login, 0);
	if (login == 0) {
		log_in(service);
		if (write(ready[1], &byte, 1) != 1 || read(gate[0], &byte, 1) != 1)
			_exit(1);
		for (int i = 0; i < LOGINS; i++)
			log_in(service);
		_exit(0);
	}
	cr_assert_eq(read(ready[0], &byte, 1), 1);
	tracer = trace_begin(login, path);
	cr_assert_eq(write(gate[1], &byte, 1), 1);
	cr_assert_eq(waitpid(login, &status, 0), login);
	waitpid(tracer, NULL, 0);
	cr_assert_eq(status, 0);
	for (int end = 0; end < 2; end++) {
		close(ready[end]);
		close(gate[end]);
	}
	return trace_count(path, left_out);
}

static struct work
work_of_daemon(void)
{
	char path[STAGE_PATH_SIZE + 8];
	pid_t tracer;

	snprintf(path, sizeof(path), "%s/trace", stage.folder);
	log_in("nopassword");
	/* With its answer the row of that login is written, and the database of events open. */
	cr_assert_eq(stage_sfmfa(&stage, "log root --limit 1"), 0, "%s", stage.output);
	tracer = trace_begin(stage.daemon, path);
	for (int i = 0; i < LOGINS; i++)
		log_in("nopassword");
	(void)stage_decisions(&stage);
	trace_end(tracer);
	return trace_count(path, left_out);
}

Test(cost, of_a_login_in_the_program_that_asks)
{
	struct work floor = work_of_program("permit"), work = work_of_program("nopassword");
	unsigned more = (work.calls - floor.calls) / LOGINS;

	note("a login in the calling process: %u calls, with pam_permit %u", work.calls / LOGINS, floor.calls / LOGINS);
	cr_expect_gt(work.calls, floor.calls);
	cr_expect_leq(more, CALLS_OF_MODULE);
	cr_expect_eq(work.syncs, 0);
}

Test(cost, of_a_login_in_the_daemon)
{
	struct work work = work_of_daemon();

	note("a login in sfmfad: %u calls, %u syncs", work.calls / LOGINS, work.syncs / LOGINS);
	cr_expect_eq(work.syncs, LOGINS);
	cr_expect_leq(work.calls / LOGINS, CALLS_OF_DAEMON);
}
