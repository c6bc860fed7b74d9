#include "stage.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "raw.h"
#include "wire/names.h"

#define POLL_MS    5
#define POLLS_MAX  4000 /* twenty seconds, on a machine that is very busy */
#define LINE_SIZE  4096

static void
path_of(const struct stage *stage, const char *name, char path[STAGE_PATH_SIZE])
{
	cr_assert_lt(snprintf(path, STAGE_PATH_SIZE, "%s/%s", stage->folder, name), STAGE_PATH_SIZE);
}

void
stage_write(const struct stage *stage, const char *name, const char *text)
{
	char path[STAGE_PATH_SIZE];
	FILE *file;

	path_of(stage, name, path);
	file = fopen(path, "we");
	cr_assert_not_null(file, "%s: %s", path, strerror(errno));
	cr_assert_geq(fputs(text, file), 0);
	cr_assert_eq(fclose(file), 0);
	cr_assert_eq(chmod(path, 0644), 0);
}

static void
make_folder(const struct stage *stage, const char *name)
{
	char path[STAGE_PATH_SIZE];

	path_of(stage, name, path);
	cr_assert_eq(mkdir(path, 0755), 0, "%s: %s", path, strerror(errno));
	cr_assert_eq(chmod(path, 0755), 0);
}

void
stage_password(const struct stage *stage, const char *password)
{
	char text[1024], path[STAGE_PATH_SIZE];

	cr_assert_lt(snprintf(text, sizeof(text), "#!/bin/sh\nIFS= read -r typed\n[ \"$typed\" = \"%s\" ]\n", password),
	             (int)sizeof(text));
	stage_write(stage, "check-password", text);
	path_of(stage, "check-password", path);
	cr_assert_eq(chmod(path, 0755), 0);
}

static void
write_services(const struct stage *stage)
{
	const char *module = SFMFA_TEST_MODULE;
	const char *folder = stage->folder;
	char text[8192], first[1024], line[1024];

	stage_password(stage, STAGE_PASSWORD);
	snprintf(first, sizeof(first), "auth requisite pam_exec.so quiet expose_authtok %s/check-password\n", folder);
	snprintf(line, sizeof(line), "%s runtime_dir=%s/run daemon=%s config=%s/etc/sfmfa.conf", module, folder,
	         stage->no_once ? "/nonexistent/sfmfad" : SFMFA_TEST_DAEMON, folder);

	snprintf(text, sizeof(text), "%sauth required %s\naccount required %s\npassword required pam_permit.so\n"
	         "password required %s\nsession required %s\n", first, line, line, line, line);
	stage_write(stage, "pam.d/login", text);
	snprintf(text, sizeof(text), "auth requisite %s split\n%sauth required %s\naccount required %s\nsession required %s\n"
	         "password required %s\n", line, first, line, line, line, line);
	stage_write(stage, "pam.d/mail", text);
	snprintf(text, sizeof(text), "%sauth required %s ask\naccount required %s\n", first, line, line);
	stage_write(stage, "pam.d/ask", text);
	snprintf(text, sizeof(text), "%sauth required %s\naccount required %s\n", first, line, line);
	stage_write(stage, "pam.d/bare", text);
	snprintf(text, sizeof(text), "%sauth required %s\naccount required %s\nsession required %s\npassword required %s\n",
	         first, line, line, line, line);
	stage_write(stage, "pam.d/cron", text);
	snprintf(text, sizeof(text), "auth required %s\naccount required %s\nsession required %s\npassword required %s\n", line,
	         line, line, line);
	stage_write(stage, "pam.d/nopassword", text);
	snprintf(text, sizeof(text), "auth required %s runtime_dir=%s/nobody\naccount required %s runtime_dir=%s/nobody\n",
	         line, folder, line, folder);
	stage_write(stage, "pam.d/alone", text);
	stage_write(stage, "pam.d/other", "auth required pam_deny.so\naccount required pam_deny.so\n");
}

void
stage_forbid_once(struct stage *stage)
{
	stage->no_once = true;
	write_services(stage);
}

void
stage_configure(const struct stage *stage, const char *settings)
{
	const char *folder = stage->folder;
	char text[8192];
	int size;

	size = snprintf(text, sizeof(text),
	                "state_dir = \"%s/state\";\nkey_file = \"%s/sealing.key\";\nruntime_dir = \"%s/run\";\n"
	                "config_dir = \"%s/etc\";\nrun_as = \"\";\nissuer = \"test\";\n"
	                "services = { ui = [ \"login\", \"nopassword\" ]; api = [ \"mail\", \"ask\", \"bare\" ]; "
	                "exempt = [ \"cron\" ]; };\n%s",
	                folder, folder, folder, folder, settings);
	cr_assert_lt(size, (int)sizeof(text));
	stage_write(stage, "etc/sfmfa.conf", text);
}

static void
write_profiles(const struct stage *stage)
{
	static const char *const profiles[][2] = {
		{ "standard", "\"api-enabled\"" },
		{ "mfa", "\"api-enabled\", \"mfa-ui-logins\"" },
		{ "mfa-api", "\"api-enabled\", \"mfa-ui-logins\", \"mfa-api-logins\"" },
		{ "integration", "\"api-enabled\", \"api-only-user\", \"mfa-ui-logins\", \"mfa-api-logins\"" },
	};
	char text[1024], name[128];

	for (size_t i = 0; i < sizeof(profiles) / sizeof(profiles[0]); i++) {
		snprintf(name, sizeof(name), "etc/profiles.d/%s.conf", profiles[i][0]);
		snprintf(text, sizeof(text), "label = \"%s\";\npermissions = [ %s ];\n", profiles[i][0], profiles[i][1]);
		stage_write(stage, name, text);
	}
}

/* Read by the daemon through fakeclock.so, and by the scripted apps. */
static void
open_clock(struct stage *stage)
{
	char path[STAGE_PATH_SIZE];
	int fd;

	path_of(stage, "clock", path);
	fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0644);
	cr_assert_geq(fd, 0);
	cr_assert_eq(ftruncate(fd, 4096), 0);
	stage->clock = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	cr_assert_neq((void *)stage->clock, MAP_FAILED);
	close(fd);
	*stage->clock = 1800000015;
}

static const char *const mortal_files[MORTAL_COUNT] = { "mortal-sfmfa", "mortal-sfmfad" };

void
stage_make_mortal(struct stage *stage)
{
	char path[STAGE_PATH_SIZE];

	for (int who = 0; who < MORTAL_COUNT; who++) {
		int fd;

		path_of(stage, mortal_files[who], path);
		fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0644);
		cr_assert_geq(fd, 0);
		cr_assert_eq(ftruncate(fd, 4096), 0);
		stage->mortals[who] = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
		cr_assert_neq((void *)stage->mortals[who], MAP_FAILED);
		close(fd);
	}
}

void
stage_die_after(struct stage *stage, enum stage_mortal who, int64_t calls)
{
	int64_t *numbers = stage->mortals[who];

	__atomic_store_n(&numbers[1], calls == 0 ? 0 : __atomic_load_n(&numbers[0], __ATOMIC_SEQ_CST) + calls, __ATOMIC_SEQ_CST);
}

static bool
is_listening(const struct stage *stage)
{
	int fd = raw_connect(stage, "root.sock");

	if (fd >= 0)
		close(fd);
	return fd >= 0;
}

/* A sanitizer of gcc wants to be the first library of a program; fakeclock.so, which has none, may be that. */
static void
allow_preload(void)
{
	const char *before = getenv("ASAN_OPTIONS");
	char options[1024];

	snprintf(options, sizeof(options), "%s%sverify_asan_link_order=0", before != NULL ? before : "",
	         before != NULL ? ":" : "");
	setenv("ASAN_OPTIONS", options, 1);
}

/* Becomes a program that shares the clock; standard output and error go to the files given. */
static void __attribute__((noreturn))
become(const struct stage *stage, char *const argv[], int out, enum stage_mortal who)
{
	const char *preload = who == MORTAL_SFMFAD ? stage->daemon_preload : stage->client_preload;
	char clock[STAGE_PATH_SIZE], errors[STAGE_PATH_SIZE], mortal[STAGE_PATH_SIZE], faults[STAGE_PATH_SIZE];
	char libraries[1024];
	int null = open(stage->input != NULL ? stage->input : "/dev/null", O_RDONLY), err;

	path_of(stage, "clock", clock);
	path_of(stage, who == MORTAL_SFMFAD ? "log" : "cli-errors", errors);
	err = open(errors, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
	setenv("SFMFA_FAKECLOCK", clock, 1);
	path_of(stage, mortal_files[who], mortal);
	setenv("SFMFA_KILLAT", mortal, 1);
	path_of(stage, "faults", faults);
	setenv("SFMFA_FAULTS", faults, 1);
	snprintf(libraries, sizeof(libraries), "%s%s%s", preload != NULL ? preload : "", preload != NULL ? ":" : "",
	         SFMFA_TEST_PRELOAD);
	setenv("LD_PRELOAD", libraries, 1);
	allow_preload();
	/* A test that fails half-way stops no daemon: then the end of its process does. */
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (null < 0 || err < 0 || dup2(null, 0) < 0 || dup2(err, 2) < 0 || dup2(out >= 0 ? out : err, 1) < 0)
		_exit(126);
	execv(argv[0], argv);
	_exit(127);
}

/* What sd_listen_fds(3) expects. */
static void
hand_over(const struct stage *stage)
{
	char pid[16], count[16];
	int aside[STAGE_LISTENERS_MAX];

	for (unsigned i = 0; i < stage->listener_count; i++)
		aside[i] = fcntl(stage->listeners[i], F_DUPFD_CLOEXEC, 10);
	for (unsigned i = 0; i < stage->listener_count; i++) {
		if (aside[i] < 0 || dup2(aside[i], 3 + (int)i) < 0)
			_exit(126);
	}
	snprintf(pid, sizeof(pid), "%d", (int)(stage->for_another ? getppid() : getpid()));
	snprintf(count, sizeof(count), "%u", stage->listener_count);
	setenv("LISTEN_PID", pid, 1);
	setenv("LISTEN_FDS", count, 1);
}

static void
spawn_daemon(struct stage *stage)
{
	char config[STAGE_PATH_SIZE];
	char *argv[] = { (char[]){ SFMFA_TEST_DAEMON }, (char[]){ "--foreground" }, (char[]){ "--config" }, config, NULL };

	path_of(stage, "etc/sfmfa.conf", config);
	stage->daemon = fork();
	cr_assert_geq(stage->daemon, 0);
	if (stage->daemon == 0 && stage->listener_count > 0)
		hand_over(stage);
	if (stage->daemon == 0)
		become(stage, argv, -1, MORTAL_SFMFAD);
}

bool
stage_daemon_try(struct stage *stage, int *ret_status)
{
	spawn_daemon(stage);
	/* A socket that is there may not be listened at yet. */
	for (int i = 0; i < POLLS_MAX && !is_listening(stage); i++) {
		if (waitpid(stage->daemon, ret_status, WNOHANG) != 0) {
			stage->daemon = 0;
			return false;
		}
		poll(NULL, 0, POLL_MS);
	}
	cr_assert(is_listening(stage), "sfmfad does not listen");
	return true;
}

void
stage_daemon_start(struct stage *stage)
{
	int status = 0;

	cr_assert(stage_daemon_try(stage, &status), "sfmfad has ended, see %s/log", stage->folder);
}

int
stage_daemon_ends(struct stage *stage)
{
	int status;

	spawn_daemon(stage);
	cr_assert_eq(waitpid(stage->daemon, &status, 0), stage->daemon);
	stage->daemon = 0;
	cr_assert(WIFEXITED(status));
	return WEXITSTATUS(status);
}

int
stage_daemon_stop(struct stage *stage, int signal)
{
	char path[STAGE_PATH_SIZE];
	int status = 0;

	if (stage->daemon == 0)
		return 0;
	kill(stage->daemon, signal);
	waitpid(stage->daemon, &status, 0);
	stage->daemon = 0;
	path_of(stage, "run/root.sock", path);
	if (stage->listener_count == 0)
		unlink(path);
	return status;
}

void
stage_listen(struct stage *stage, const char *name, int type)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, type | SOCK_CLOEXEC, 0);
	int size = snprintf(address.sun_path, sizeof(address.sun_path), "%.64s/run/%s", stage->folder, name);

	cr_assert_lt(size, (int)sizeof(address.sun_path));
	cr_assert_lt(stage->listener_count, STAGE_LISTENERS_MAX);
	unlink(address.sun_path);
	cr_assert_eq(bind(fd, (const struct sockaddr *)&address, sizeof(address)), 0);
	cr_assert_eq(chmod(address.sun_path, 0666), 0);
	cr_assert_eq(listen(fd, 1024), 0);
	stage->listeners[stage->listener_count++] = fd;
}

void
stage_daemon_activate(struct stage *stage)
{
	stage_daemon_stop(stage, SIGTERM);
	stage_listen(stage, "root.sock", SOCK_SEQPACKET);
	stage_listen(stage, "sfmfa.sock", SOCK_SEQPACKET);
	stage_daemon_start(stage);
}

void
stage_need_once(struct stage *stage, struct talk *talk)
{
	static const char *const answers[] = { "000000", NULL };

	if (geteuid() != 0)
		cr_skip_test("needs root: nobody else starts sfmfad --once");
	/* --once logs to syslog, and that of this machine is none of a test's business. */
	if (unshare(CLONE_NEWNS) != 0 || mount(NULL, "/", "none", MS_REC | MS_PRIVATE, NULL) != 0)
		cr_skip_test("needs a mount namespace, for a log of its own");
	if (access("/dev/log", F_OK) == 0)
		cr_assert_eq(mount("/dev/null", "/dev/log", "none", MS_BIND, NULL), 0);
	cr_assert_eq(stage_sfmfa(stage, "--json enroll stranger"), 0);
	if (stage_login(stage, talk, "alone", "stranger", "203.0.113.7", answers).auth == PAM_AUTHINFO_UNAVAIL)
		cr_skip_test("sfmfad --once may not be started here (services-once makes a place for it)");
	cr_assert_eq(stage_sfmfa(stage, "user unlock stranger"), 0);
}

void
stage_open(struct stage *stage, const char *settings)
{
	static const char *const folders[] = { "etc", "etc/profiles.d", "etc/apps.d", "pam.d", "run", "state" };

	memset(stage, 0, sizeof(*stage));
	snprintf(stage->folder, sizeof(stage->folder), "/tmp/sfmfa-stage-XXXXXX");
	cr_assert_not_null(mkdtemp(stage->folder));
	cr_assert_eq(chmod(stage->folder, 0755), 0);
	for (size_t i = 0; i < sizeof(folders) / sizeof(folders[0]); i++)
		make_folder(stage, folders[i]);
	stage_configure(stage, settings);
	write_profiles(stage);
	write_services(stage);
	open_clock(stage);
	stage_daemon_start(stage);
}

/* What a sanitizer had to say of the daemon or the command; without one nothing is found. */
static void
check_reports(const struct stage *stage, const char *name)
{
	char path[STAGE_PATH_SIZE], line[LINE_SIZE];
	FILE *file;

	path_of(stage, name, path);
	file = fopen(path, "re");
	if (file == NULL)
		return;
	while (fgets(line, sizeof(line), file) != NULL) {
		line[strcspn(line, "\n")] = '\0';
		if (strstr(line, "runtime error: ") != NULL || strstr(line, "ERROR: AddressSanitizer") != NULL ||
		    strstr(line, "ERROR: LeakSanitizer") != NULL)
			note_failure("%s: %s", name, line);
	}
	fclose(file);
}

void
stage_close(struct stage *stage)
{
	char *argv[] = { (char[]){ "/bin/rm" }, (char[]){ "-rf" }, stage->folder, NULL };
	pid_t pid;

	stage_daemon_stop(stage, SIGTERM);
	check_reports(stage, "log");
	check_reports(stage, "cli-errors");
	munmap(stage->clock, 4096);
	pid = fork();
	if (pid == 0) {
		execv(argv[0], argv);
		_exit(127);
	}
	waitpid(pid, NULL, 0);
}

static unsigned
configurations_read(const struct stage *stage)
{
	char path[STAGE_PATH_SIZE], line[LINE_SIZE];
	unsigned count = 0;
	FILE *file;

	path_of(stage, "log", path);
	file = fopen(path, "re");
	cr_assert_not_null(file);
	while (fgets(line, sizeof(line), file) != NULL)
		count += strstr(line, "the configuration ") != NULL;
	fclose(file);
	return count;
}

void
stage_replace(struct stage *stage, const char *name, const char *text)
{
	char aside[STAGE_PATH_SIZE], path[STAGE_PATH_SIZE];
	unsigned before = configurations_read(stage);

	path_of(stage, "aside", aside);
	path_of(stage, name, path);
	stage_write(stage, "aside", text);
	cr_assert_eq(rename(aside, path), 0);
	for (int i = 0; i < POLLS_MAX && configurations_read(stage) == before; i++)
		poll(NULL, 0, POLL_MS);
	cr_assert_neq(configurations_read(stage), before, "sfmfad has not read %s", name);
}

static void
read_output(struct stage *stage, int fd)
{
	size_t used = 0;
	ssize_t got;

	while (used < sizeof(stage->output) - 1 &&
	       (got = read(fd, stage->output + used, sizeof(stage->output) - 1 - used)) > 0)
		used += (size_t)got;
	stage->output[used] = '\0';
}

/* Runs a program, adding the words of a line to its arguments; its output in stage->output. */
static int
run(struct stage *stage, char *argv[64], size_t count, const char *words)
{
	char line[1024];
	int pair[2], status;
	pid_t pid;

	cr_assert_lt(snprintf(line, sizeof(line), "%s", words), (int)sizeof(line));
	for (char *word = strtok(line, " "); word != NULL; word = strtok(NULL, " "))
		argv[count++] = word;
	cr_assert_eq(pipe2(pair, O_CLOEXEC), 0);
	pid = fork();
	if (pid == 0)
		become(stage, argv, pair[1], MORTAL_SFMFA);
	close(pair[1]);
	read_output(stage, pair[0]);
	close(pair[0]);
	cr_assert_eq(waitpid(pid, &status, 0), pid);
	return status;
}

int
stage_sfmfa_end(struct stage *stage, const char *words)
{
	char runtime[STAGE_PATH_SIZE];
	char *argv[64] = { (char[]){ SFMFA_TEST_CLI }, (char[]){ "--runtime-dir" }, runtime };

	path_of(stage, "run", runtime);
	return run(stage, argv, 3, words);
}

int
stage_sfmfa(struct stage *stage, const char *words)
{
	int status = stage_sfmfa_end(stage, words);

	if (stage->mortals[MORTAL_SFMFA] != NULL && WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL)
		return 128 + SIGKILL;
	cr_assert(WIFEXITED(status), "sfmfa %s died", words);
	return WEXITSTATUS(status);
}

int
stage_sfmfa_from(struct stage *stage, const char *words, const char *file)
{
	int status;

	stage->input = file;
	status = stage_sfmfa(stage, words);
	stage->input = NULL;
	return status;
}

int
stage_talk(struct stage *stage, const char *words)
{
	char services[STAGE_PATH_SIZE];
	char *argv[64] = { (char[]){ SFMFA_TEST_PAMTALK }, (char[]){ "--no-delay" }, (char[]){ "--confdir" }, services };

	path_of(stage, "pam.d", services);
	return run(stage, argv, 4, words);
}

void
stage_json(const struct stage *stage, const char *key, char *ret_text, size_t size)
{
	char name[64];
	const char *at, *end;

	snprintf(name, sizeof(name), "\"%s\":", key);
	at = strstr(stage->output, name);
	cr_assert_not_null(at, "no %s in %s", name, stage->output);
	at = strchr(at + strlen(name), '"');
	cr_assert_not_null(at);
	end = strchr(at + 1, '"');
	cr_assert_not_null(end);
	cr_assert_leq((size_t)(end - at), size);
	memcpy(ret_text, at + 1, (size_t)(end - at - 1));
	ret_text[end - at - 1] = '\0';
}

void
stage_token(struct stage *stage, const char *words, char ret_token[STAGE_TOKEN_SIZE])
{
	char line[256];

	cr_assert_lt(snprintf(line, sizeof(line), "--json token new %s", words), (int)sizeof(line));
	cr_assert_eq(stage_sfmfa(stage, line), 0, "%s: %s", line, stage->output);
	stage_json(stage, "token", ret_token, STAGE_TOKEN_SIZE);
}

void
stage_wait(struct stage *stage, int64_t seconds)
{
	*stage->clock += seconds;
}

pam_handle_t *
stage_pam_start(struct stage *stage, const struct pam_conv *conversation, const char *service, const char *user)
{
	char services[STAGE_PATH_SIZE];
	pam_handle_t *pamh = NULL;

	path_of(stage, "pam.d", services);
	cr_assert_eq(pam_start_confdir(service, user, conversation, services, &pamh), PAM_SUCCESS);
	cr_assert_eq(talk_hurry(pamh), PAM_SUCCESS);
	return pamh;
}

void
stage_answers(const struct stage *stage, struct talk *talk, const char *const answers[])
{
	talk->answers = answers;
	talk->given = 0;
	talk->prompts = 0;
	talk->transcript_size = 0;
	talk->transcript[0] = '\0';
	talk->now = *stage->clock;
	for (talk->answer_count = 0; answers[talk->answer_count] != NULL; talk->answer_count++)
		;
}

struct attempt_codes
stage_login(struct stage *stage, struct talk *talk, const char *service, const char *user, const char *rhost,
            const char *const answers[])
{
	struct pam_conv conversation = { .conv = talk_converse, .appdata_ptr = talk };
	struct attempt_codes codes = { .auth = PAM_ABORT, .account = PAM_ABORT };
	pam_handle_t *pamh = stage_pam_start(stage, &conversation, service, user);

	stage_answers(stage, talk, answers);
	if (rhost != NULL)
		cr_assert_eq(pam_set_item(pamh, PAM_RHOST, rhost), PAM_SUCCESS);
	codes.auth = pam_authenticate(pamh, 0);
	if (codes.auth == PAM_SUCCESS)
		codes.account = pam_acct_mgmt(pamh, 0);
	pam_end(pamh, codes.auth);
	return codes;
}

void
stage_hooks(struct stage *stage, struct talk *talk, const char *service, const char *user, const char *const answers[],
            int ret_codes[HOOK_COUNT])
{
	struct pam_conv conversation = { .conv = talk_converse, .appdata_ptr = talk };
	pam_handle_t *pamh = stage_pam_start(stage, &conversation, service, user);

	stage_answers(stage, talk, answers);
	ret_codes[HOOK_AUTHENTICATE] = pam_authenticate(pamh, 0);
	ret_codes[HOOK_SETCRED] = pam_setcred(pamh, PAM_ESTABLISH_CRED);
	ret_codes[HOOK_ACCT_MGMT] = pam_acct_mgmt(pamh, 0);
	ret_codes[HOOK_OPEN] = pam_open_session(pamh, 0);
	ret_codes[HOOK_CLOSE] = pam_close_session(pamh, 0);
	ret_codes[HOOK_CHAUTHTOK] = pam_chauthtok(pamh, 0);
	pam_end(pamh, ret_codes[HOOK_CLOSE]);
}

/* Calls back for every decision line, the newest last. */
static unsigned
walk_decisions(const struct stage *stage, const char *user, char *ret_line, size_t size)
{
	char path[STAGE_PATH_SIZE], line[LINE_SIZE], start[STAGE_PATH_SIZE];
	unsigned count = 0;
	FILE *file;

	path_of(stage, "log", path);
	file = fopen(path, "re");
	cr_assert_not_null(file);
	snprintf(start, sizeof(start), "sfmfad: user=%s%s", user != NULL ? user : "", user != NULL ? " " : "");
	while (fgets(line, sizeof(line), file) != NULL) {
		if (strncmp(line, start, strlen(start)) != 0 || strstr(line, " verdict=") == NULL)
			continue;
		count++;
		if (ret_line != NULL)
			snprintf(ret_line, size, "%s", line);
	}
	fclose(file);
	return count;
}

/* Until the daemon has answered, whatever it is, and closed its end. */
static void
ask_status(int fd)
{
	FIELDS_AUTO reply = { 0 };

	if (raw_send(fd, WIRE_VERB, "status", NULL) && raw_receive(fd, SOON_MS, &reply) == RAW_REPLY)
		(void)raw_receive(fd, SOON_MS, &reply);
}

/*
 * A decision is logged after its reply, at the end of the daemon's turn; a new connection may be served in
 * the same turn. One that was there already is served in a later turn: the first of them in one that also sees
 * the peers that have left, the second in one after that.
 */
static void
sync_log(struct stage *stage)
{
	int fds[3];

	if (stage->daemon == 0)
		return;
	for (int i = 0; i < 3; i++)
		fds[i] = raw_connect(stage, "root.sock");
	/* Accepted in the order in which they came, so its answer says that the others were accepted. */
	for (int i = 2; i >= 0; i--) {
		ask_status(fds[i]);
		close(fds[i]);
	}
}

unsigned
stage_decisions(struct stage *stage)
{
	sync_log(stage);
	return walk_decisions(stage, NULL, NULL, 0);
}

void
stage_last_decision(struct stage *stage, const char *user, char *ret_line, size_t size)
{
	sync_log(stage);
	cr_assert_gt(walk_decisions(stage, user, ret_line, size), 0, "no decision about %s in the log", user);
}

static bool
has_pair(const char *line, const char *pair)
{
	char wanted[256];

	snprintf(wanted, sizeof(wanted), " %s ", pair);
	if (strstr(line, wanted) != NULL)
		return true;
	snprintf(wanted, sizeof(wanted), " %s\n", pair);
	return strstr(line, wanted) != NULL;
}

bool
stage_decided(struct stage *stage, const char *user, const char *pair)
{
	char line[LINE_SIZE];

	stage_last_decision(stage, user, line, sizeof(line));
	return has_pair(line, pair);
}

void
stage_register(struct stage *stage, struct talk *talk, const char *user)
{
	struct attempt_codes codes;

	codes = stage_login(stage, talk, "login", user, "203.0.113.7",
	                    (const char *const[]){ STAGE_PASSWORD, "{code}", "@empty", NULL });
	cr_assert_eq(codes.auth, PAM_SUCCESS, "registration: %s", talk->transcript);
	cr_assert_eq(codes.account, PAM_SUCCESS);
	stage_wait(stage, 30);
}

void
stage_enrol(struct stage *stage, struct talk *talk, const char *user)
{
	char words[128];

	snprintf(words, sizeof(words), "--json enroll %s", user);
	cr_assert_eq(stage_sfmfa(stage, words), 0, "%s: %s", words, stage->output);
	stage_json(stage, "secret", talk->key, sizeof(talk->key));
}
