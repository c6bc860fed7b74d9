/*
 * Connected apps through libpam: the stacks of pam_sfmfa(8) that take their credentials, and the acceptance rows with a
 * flow as real logins. An approval is made by the real command, run as the user in a session that libpam opened on a
 * terminal of its own; that takes root.
 */
#include <criterion/criterion.h>
#include <criterion/parameterized.h>
#include <fcntl.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "notes.h"
#include "signer.h"
#include "stage.h"

#define ROWS_MAX 64
#define USER     "nobody"
#define PEER     "203.0.113.7"
#define HIGH_APP "app-requires-high-assurance:"

enum column { ID, PERMISSIONS, POLICY, APP, TOKEN, LOGIN_TYPE, FLOW, FROM, SESSION, ANSWER, VERDICT, LEVEL, REASON, COLUMN_COUNT };

struct row {
	char text[512];
	char *columns[COLUMN_COUNT];
};

static struct stage stage;
static struct talk talk;
static struct signer robot;

static bool
is(const struct row *row, enum column column, const char *value)
{
	return strcmp(row->columns[column], value) == 0;
}

/* The how many-th row with a flow; returns how many there are up to it. */
static size_t
read_row(size_t wanted, struct row *row)
{
	FILE *file = fopen(SFMFA_TEST_DATA "/decisions.tsv", "re");
	size_t found = 0;

	cr_assert_not_null(file);
	while (fgets(row->text, sizeof(row->text), file) != NULL) {
		char *rest = row->text;

		row->text[strcspn(row->text, "\n")] = '\0';
		for (int i = 0; i < COLUMN_COUNT; i++)
			row->columns[i] = strsep(&rest, "\t");
		cr_assert_not_null(row->columns[REASON], "a row is too short: %s", row->text);
		if (!is(row, ID, "id") && !is(row, FLOW, "-") && found++ == wanted)
			break;
	}
	fclose(file);
	return found;
}

static void
write_stack(const char *service, const char *const lines[])
{
	char text[4096] = "", check[512];

	snprintf(check, sizeof(check), "pam_exec.so quiet expose_authtok %s/check-password", stage.folder);
	for (size_t i = 0; lines[i] != NULL; i++) {
		size_t used = strlen(text);
		const char *at = strchr(lines[i], '@');
		bool ours = at != NULL && at[1] == 'S';

		if (at == NULL)
			strcat(text, lines[i]);
		else
			snprintf(text + used, sizeof(text) - used, "%.*s%s%s", (int)(at - lines[i]), lines[i],
				 ours ? SFMFA_TEST_MODULE : check, at + 2);
		used = strlen(text);
		if (ours)
			snprintf(text + used, sizeof(text) - used, " runtime_dir=%s/run daemon=%s config=%s/etc/sfmfa.conf",
				 stage.folder, SFMFA_TEST_DAEMON, stage.folder);
		strcat(text, "\n");
	}
	snprintf(check, sizeof(check), "pam.d/%s", service);
	stage_write(&stage, check, text);
}

static void
write_app(const char *level)
{
	char text[1024];

	stage_write(&stage, "etc/apps.d/robot.pem", robot.pem);
	snprintf(text, sizeof(text),
		 "client_id = \"robot\"; public_key = \"robot.pem\"; audience = \"host\";\n"
		 "services = [ \"mail\", \"login\" ]; members = { users = [ \"" USER "\" ]; };\n"
		 "flows = [ \"web-server\", \"user-agent\", \"refresh-token\", \"jwt-bearer\", \"username-password\",\n"
		 "\"client-credentials\", \"device\", \"saml-bearer\", \"saml-assertion\", \"asset-token\",\n"
		 "\"hybrid-user-agent\", \"hybrid-refresh-token\", \"code-and-credentials\" ];\n%s",
		 level);
	stage_replace(&stage, "etc/apps.d/robot.conf", text);
}

static const char *const with_password[] = {
	"auth [success=2 cred_unavail=ignore default=die] @S credential", "auth requisite @S split", "auth requisite @P",
	"auth required @S", "account required @S", NULL,
};

static void
open_stage(const char *settings)
{
	signer_make(&robot, true);
	stage_open(&stage, settings);
	write_stack("mail", with_password);
}

static void
close_stage(void)
{
	stage_close(&stage);
	signer_free(&robot);
}

static void
sfmfa(const char *words)
{
	cr_assert_eq(stage_sfmfa(&stage, words), 0, "sfmfa %s: %s", words, stage.output);
}

static void
give_permissions(const char *permissions, const char *more)
{
	char text[1024], list[256], quoted[512] = "";
	char *rest = list;

	snprintf(list, sizeof(list), "%s", permissions);
	for (char *name; (name = strsep(&rest, ",")) != NULL;) {
		size_t used = strlen(quoted);

		snprintf(quoted + used, sizeof(quoted) - used, "%s\"%s\"", used > 0 ? ", " : "", name);
	}
	snprintf(text, sizeof(text), "permissions = [ %s ];\nmembers = { users = [ \"" USER "\" ]; };\npriority = 1;\n%s",
		 strcmp(permissions, "-") == 0 ? "" : quoted, more);
	stage_replace(&stage, "etc/profiles.d/row.conf", text);
}

/* An assertion about this subject; every one has a jti of its own. */
static void
assertion(const char *subject, char ret_text[SIGNER_TEXT_SIZE])
{
	static unsigned number;
	char claims[256];

	snprintf(claims, sizeof(claims), "{\"iss\":\"robot\",\"sub\":\"%s\",\"aud\":\"host\",\"exp\":%lld,\"jti\":\"%u\"}", subject,
		 (long long)*stage.clock + 60, number++);
	signer_sign(&robot, "{\"alg\":\"ES256\"}", claims, ret_text);
}

static struct attempt_codes
log_in(const char *service, const char *field)
{
	return stage_login(&stage, &talk, service, USER, PEER, (const char *const[]){ field, NULL });
}

/* ---- the stack beside password and factor ---- */

static void
open_plain(void)
{
	open_stage("api = { token_required = \"never\"; };\n");
	give_permissions("api-enabled", "");
	write_app("");
}

TestSuite(app_stack, .init = open_plain, .fini = close_stage, .timeout = 60);

Test(app_stack, a_right_credential_needs_no_password)
{
	char text[SIGNER_TEXT_SIZE];
	struct attempt_codes codes;

	assertion(USER, text);
	codes = log_in("mail", text);
	cr_expect(codes.auth == PAM_SUCCESS && codes.account == PAM_SUCCESS, "%d %d", codes.auth, codes.account);
	cr_expect(stage_decided(&stage, USER, "method=jwt") && stage_decided(&stage, USER, "app=robot") &&
		  stage_decided(&stage, USER, "flow=jwt-bearer") && stage_decided(&stage, USER, "level=standard"));
	cr_expect_neq(log_in("mail", text).auth, PAM_SUCCESS);
	cr_expect(stage_decided(&stage, USER, "reason=replayed"));
}

Test(app_stack, the_password_goes_its_own_way)
{
	cr_expect_eq(log_in("mail", STAGE_PASSWORD).auth, PAM_SUCCESS);
	cr_expect(stage_decided(&stage, USER, "reason=ok-single-factor"));
	cr_expect_neq(log_in("mail", "wrong horse").auth, PAM_SUCCESS);
	cr_expect_neq(log_in("mail", "@null").auth, PAM_SUCCESS);
	cr_expect_neq(log_in("mail", "@empty").auth, PAM_SUCCESS);
	cr_expect_neq(log_in("mail", "@long").auth, PAM_SUCCESS);
}

Test(app_stack, a_wrong_factor_behind_a_right_password_fails)
{
	char token[STAGE_TOKEN_SIZE], field[128];

	stage_configure(&stage, "api = { token_required = \"always\"; };\n");
	stage_replace(&stage, "etc/profiles.d/nudge.conf", "permissions = [ ];\n");
	stage_token(&stage, "somebody", token);
	snprintf(field, sizeof(field), STAGE_PASSWORD "%s", token);
	cr_expect_neq(log_in("mail", field).auth, PAM_SUCCESS);
	cr_expect(stage_decided(&stage, USER, "reason=factor-wrong"));
	cr_expect_neq(log_in("mail", STAGE_PASSWORD).auth, PAM_SUCCESS);
	stage_token(&stage, USER, token);
	snprintf(field, sizeof(field), STAGE_PASSWORD "%s", token);
	cr_expect_eq(log_in("mail", field).auth, PAM_SUCCESS);
}

/* A first factor that is happy with anything: the control of the line keeps a wrong credential from it. */
static const char *const strict[] = { "auth [success=2 cred_unavail=ignore default=die] @S credential",
				      "auth requisite @S split", "auth requisite pam_permit.so", "auth required @S",
				      "account required @S", NULL };

Test(app_stack, a_wrong_credential_never_reaches_the_password_check)
{
	static const char *const lax[] = { "auth [success=2 cred_unavail=ignore default=ignore] @S credential",
					   "auth requisite @S split", "auth requisite pam_permit.so", "auth required @S",
					   "account required @S", NULL };
	char text[SIGNER_TEXT_SIZE];

	write_stack("mail", lax);
	assertion("somebody", text);
	cr_expect_neq(log_in("mail", text).auth, PAM_SUCCESS, "not even where the stack goes on");
	cr_expect_eq(log_in("mail", "anything").auth, PAM_SUCCESS);
	write_stack("mail", strict);
	cr_expect_neq(log_in("mail", text).auth, PAM_SUCCESS);
	cr_expect(stage_decided(&stage, USER, "reason=not-approved"));
	cr_expect_eq(log_in("mail", "anything").auth, PAM_SUCCESS, "the check itself is passed");
}

/* Jumps that miss, and controls that were not meant: all deny, whether the credential was right or not. */
Test(app_stack, mistaken_controls_fail_closed)
{
	static const char *const controls[] = { "[success=1 cred_unavail=ignore default=die]",
						"[success=3 cred_unavail=ignore default=die]",
						"[success=9 cred_unavail=ignore default=die]", "required", "requisite" };
	char text[SIGNER_TEXT_SIZE], line[128];

	for (size_t i = 0; i < sizeof(controls) / sizeof(controls[0]); i++) {
		const char *lines[] = { line, "auth requisite @S split", "auth requisite @P", "auth required @S",
					"account required @S", NULL };

		snprintf(line, sizeof(line), "auth %s @S credential", controls[i]);
		write_stack("mail", lines);
		assertion(USER, text);
		cr_expect_neq(log_in("mail", text).auth, PAM_SUCCESS, "%s with a right one", controls[i]);
		assertion("somebody", text);
		cr_expect_neq(log_in("mail", text).auth, PAM_SUCCESS, "%s with a wrong one", controls[i]);
		cr_expect_neq(log_in("mail", "wrong horse").auth, PAM_SUCCESS, "%s with a wrong password", controls[i]);
	}
}

static const char *const alone[] = { "auth required @S credential", "account required @S", NULL };

Test(app_stack, alone_it_takes_nothing_else)
{
	struct pam_conv conversation = { .conv = talk_converse, .appdata_ptr = &talk };
	char text[SIGNER_TEXT_SIZE];
	pam_handle_t *pamh;

	write_stack("mail", alone);
	cr_expect_neq(log_in("mail", STAGE_PASSWORD).auth, PAM_SUCCESS);
	assertion(USER, text);
	cr_expect_eq(log_in("mail", text).account, PAM_SUCCESS);
	/* One handle, used twice: what was right is not right for what comes after it. */
	assertion(USER, text);
	pamh = stage_pam_start(&stage, &conversation, "mail", USER);
	stage_answers(&stage, &talk, (const char *const[]){ text, NULL });
	cr_expect_eq(pam_authenticate(pamh, 0), PAM_SUCCESS);
	cr_expect_eq(pam_setcred(pamh, PAM_ESTABLISH_CRED), PAM_SUCCESS);
	stage_answers(&stage, &talk, (const char *const[]){ "wrong horse", NULL });
	cr_expect_neq(pam_authenticate(pamh, 0), PAM_SUCCESS);
	cr_expect_neq(pam_acct_mgmt(pamh, 0), PAM_SUCCESS);
	pam_end(pamh, PAM_SUCCESS);
}

Test(app_stack, without_the_line_a_credential_is_a_wrong_password)
{
	static const char *const without[] = { "auth requisite @S split", "auth requisite @P", "auth required @S",
					       "account required @S", NULL };
	char text[SIGNER_TEXT_SIZE];
	unsigned before;

	write_stack("mail", without);
	assertion(USER, text);
	before = stage_decisions(&stage);
	cr_expect_neq(log_in("mail", text).auth, PAM_SUCCESS);
	cr_expect_eq(stage_decisions(&stage), before);
}

/* ---- the rows ---- */

/* A session of the user on a terminal of its own, and in it the command; its output is stage.output. answers NULL: no session. */
static int
in_session(const char *const answers[], const char *words)
{
	char path[STAGE_PATH_SIZE + 16], runtime[STAGE_PATH_SIZE + 16], line[1024], *argv[32] = { 0 };
	int status, count = 0;
	pid_t child;
	FILE *file;

	snprintf(path, sizeof(path), "%s/in-session", stage.folder);
	snprintf(runtime, sizeof(runtime), "%s/run", stage.folder);
	snprintf(line, sizeof(line), SFMFA_TEST_CLI " --runtime-dir %s %s", runtime, words);
	for (char *word = strtok(line, " "); word != NULL; word = strtok(NULL, " "))
		argv[count++] = word;
	child = fork();
	if (child == 0) {
		struct pam_conv conversation = { .conv = talk_converse, .appdata_ptr = &talk };
		const struct passwd *person = getpwnam(USER);
		int master = posix_openpt(O_RDWR | O_NOCTTY), out = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0644);
		pam_handle_t *pamh;
		pid_t command;

		/* The first terminal that the leader of a session opens is the session's. */
		if (person == NULL || master < 0 || out < 0 || grantpt(master) != 0 || unlockpt(master) != 0 || setsid() < 0 ||
		    open(ptsname(master), O_RDWR) < 0)
			_exit(100);
		pamh = stage_pam_start(&stage, &conversation, "nopassword", USER);
		if (answers != NULL)
			stage_answers(&stage, &talk, answers);
		if (answers != NULL && (pam_set_item(pamh, PAM_TTY, ptsname(master)) != PAM_SUCCESS ||
		    pam_authenticate(pamh, 0) != PAM_SUCCESS || pam_acct_mgmt(pamh, 0) != PAM_SUCCESS ||
		    pam_open_session(pamh, 0) != PAM_SUCCESS))
			_exit(101);
		command = fork();
		if (command == 0) {
			if (setgid(person->pw_gid) != 0 || setuid(person->pw_uid) != 0 || dup2(out, 1) < 0 || dup2(out, 2) < 0)
				_exit(102);
			execv(argv[0], argv);
			_exit(103);
		}
		waitpid(command, &status, 0);
		_exit(WIFEXITED(status) ? WEXITSTATUS(status) : 104);
	}
	cr_assert_eq(waitpid(child, &status, 0), child);
	cr_assert(WIFEXITED(status) && WEXITSTATUS(status) < 100, "%d", status);
	file = fopen(path, "re");
	cr_assert_not_null(file);
	stage.output[fread(stage.output, 1, sizeof(stage.output) - 1, file)] = '\0';
	fclose(file);
	return WEXITSTATUS(status);
}

static bool
needs_session(const struct row *row)
{
	return is(row, ANSWER, "ui-session") || is(row, ANSWER, "refresh-token") || is(row, ANSWER, "access-token");
}

/* Approves in a session of the level of the row, with a flow; the exit status of the command. */
static int
approve(const struct row *row, const char *flow)
{
	const char *const code[] = { "{code}", NULL }, *const nothing[] = { NULL };
	char words[128];

	snprintf(words, sizeof(words), "--json app approve robot --flow %s", flow);
	stage_wait(&stage, 60);
	/* Who may not use the UI has no session. */
	if (strstr(row->columns[PERMISSIONS], "api-only-user") != NULL && !is(row, FLOW, "bridge"))
		return in_session(NULL, words);
	return in_session(is(row, APP, "completed") ? code : nothing, words);
}

/* False: the approval was refused, for the row's reason. */
static bool
make_field(const struct row *row, char field[SIGNER_TEXT_SIZE])
{
	char token[128], words[STAGE_PATH_SIZE + 16];

	if (is(row, ANSWER, "jwt") || is(row, ANSWER, "flow")) {
		assertion(is(row, ANSWER, "jwt") ? USER : "robot", field);
		return true;
	}
	/* Bridged tokens are from a time when it was not yet so strict. */
	if (is(row, FLOW, "bridge"))
		give_permissions("api-enabled,mfa-ui-logins", "");
	if (approve(row, is(row, FLOW, "user-agent") ? "user-agent" : "web-server") != 0) {
		char reason[64];

		sfmfa("--json log --limit 1");
		stage_json(&stage, "reason", reason, sizeof(reason));
		cr_expect_str_eq(reason, row->columns[REASON], "%s: %s", row->columns[ID], stage.output);
		cr_expect_str_eq(row->columns[VERDICT], "deny", "%s: %s", row->columns[ID], stage.output);
		return false;
	}
	stage_json(&stage, "access_token", token, sizeof(token));
	if (is(row, ANSWER, "refresh-token")) {
		char refresh[128];

		stage_json(&stage, "refresh_token", refresh, sizeof(refresh));
		snprintf(words, sizeof(words), "%s/refresh", stage.folder);
		stage_write(&stage, "refresh", refresh);
		cr_assert_eq(stage_sfmfa_from(&stage, "--json app refresh --user " USER, words), 0, "%s", stage.output);
		stage_json(&stage, "access_token", token, sizeof(token));
	}
	snprintf(field, SIGNER_TEXT_SIZE, "%s", token);
	return true;
}

static void
check_end(const struct row *row, struct attempt_codes codes)
{
	bool allowed = is(row, VERDICT, "allow");
	char pair[128];

	cr_expect_eq(codes.auth == PAM_SUCCESS && codes.account == PAM_SUCCESS, allowed, "%s: %d %d: %s", row->columns[ID],
		     codes.auth, codes.account, talk.transcript);
	snprintf(pair, sizeof(pair), "reason=%s", row->columns[REASON]);
	cr_expect(stage_decided(&stage, USER, pair), "%s: not %s", row->columns[ID], pair);
	snprintf(pair, sizeof(pair), "level=%s", allowed ? row->columns[LEVEL] : "-");
	cr_expect(stage_decided(&stage, USER, pair), "%s: not %s", row->columns[ID], pair);
}

static void
live_flow(const struct row *row)
{
	char field[SIGNER_TEXT_SIZE], names[128], token[STAGE_TOKEN_SIZE];
	const char *lines[] = { names, "account required @S", NULL };
	const char *bridge[] = { "auth [success=1 cred_unavail=ignore default=die] @S credential", "auth requisite @P",
				 "auth required @S", "account required @S", NULL };

	if (is(row, FLOW, "username-password")) {
		const char *split[] = { "auth requisite @S split app=robot flow=username-password", "auth requisite @P",
					"auth required @S", "account required @S", NULL };

		write_stack("mail", split);
		stage_token(&stage, USER, token);
		snprintf(field, sizeof(field), STAGE_PASSWORD "%s", token);
		check_end(row, log_in("mail", field));
		return;
	}
	if (!make_field(row, field))
		return;
	if (is(row, FLOW, "bridge")) {
		give_permissions(row->columns[PERMISSIONS],
				 is(row, POLICY, "-") ? "" : "required_session_level = \"high-assurance\";\n");
		write_stack("login", bridge);
		check_end(row, stage_login(&stage, &talk, "login", USER, PEER,
					   (const char *const[]){ field, "@empty", NULL }));
		cr_expect_eq(talk.prompts, is(row, VERDICT, "challenge") ? 2U : 1U, "%s", row->columns[ID]);
		return;
	}
	snprintf(names, sizeof(names), "auth required @S app=robot flow=%s", row->columns[FLOW]);
	write_stack("mail", lines);
	check_end(row, log_in("mail", field));
}

/* The service is used in a session that this process leads. */
static void
live_operation(const struct row *row)
{
	static struct pam_conv conversation = { .conv = talk_converse, .appdata_ptr = &talk };
	const char *const code[] = { "{code}", NULL }, *const nothing[] = { NULL };
	struct attempt_codes codes = { .account = PAM_ABORT };
	pam_handle_t *pamh;

	(void)setsid();
	stage_wait(&stage, 60);
	for (int in = 0; in < 2; in++) {
		pamh = stage_pam_start(&stage, &conversation, in == 0 ? "nopassword" : "login", USER);
		cr_assert_eq(pam_set_item(pamh, PAM_TTY, "/dev/pts/77"), PAM_SUCCESS);
		if (in == 0) {
			stage_answers(&stage, &talk, is(row, SESSION, "high-assurance") ? code : nothing);
			cr_assert_eq(pam_authenticate(pamh, 0), PAM_SUCCESS, "%s", talk.transcript);
			cr_assert_eq(pam_acct_mgmt(pamh, 0), PAM_SUCCESS);
			cr_assert_eq(pam_open_session(pamh, 0), PAM_SUCCESS);
			continue;
		}
		stage_answers(&stage, &talk, (const char *const[]){ STAGE_PASSWORD, "@empty", NULL });
		codes.auth = pam_authenticate(pamh, 0);
		if (codes.auth == PAM_SUCCESS)
			codes.account = pam_acct_mgmt(pamh, 0);
		cr_expect_eq(talk.prompts, is(row, VERDICT, "challenge") ? 2U : 1U, "%s", row->columns[ID]);
	}
	check_end(row, codes);
}

ParameterizedTestParameters(app_rows, every_row_with_a_flow_is_lived_through)
{
	static size_t indexes[ROWS_MAX];
	struct row row;
	size_t count = read_row(SIZE_MAX, &row);

	for (size_t i = 0; i < ROWS_MAX; i++)
		indexes[i] = i;
	return cr_make_param_array(size_t, indexes, count < ROWS_MAX ? count : ROWS_MAX);
}

ParameterizedTest(size_t *index, app_rows, every_row_with_a_flow_is_lived_through)
{
	char settings[256] = "", level[128] = "";
	bool operation;
	struct row row;

	read_row(*index, &row);
	if (needs_session(&row) && geteuid() != 0) {
		note("skipped: %s: a session of another user on a terminal needs root", row.columns[ID]);
		return;
	}
	operation = strncmp(row.columns[FLOW], "operation-", 10) == 0;
	if (operation)
		snprintf(settings, sizeof(settings),
			 "required_session_level = ( { service = \"login\"; level = \"high-assurance\"; action = \"%s\"; } );\n",
			 row.columns[FLOW] + 10);
	if (strncmp(row.columns[POLICY], HIGH_APP, strlen(HIGH_APP)) == 0)
		snprintf(level, sizeof(level), "session_level = \"high-assurance\"; action = \"%s\";\n",
			 row.columns[POLICY] + strlen(HIGH_APP));
	open_stage(settings);
	write_app(level);
	if (is(&row, APP, "completed")) {
		give_permissions("mfa-ui-logins", "");
		stage_register(&stage, &talk, USER);
	}
	/* An app that is completed answers where a factor is owed: so it is for a session of high assurance. */
	give_permissions(is(&row, SESSION, "high-assurance") && !operation ? "api-enabled,mfa-ui-logins"
									    : row.columns[PERMISSIONS],
			 "");
	if (!is(&row, FLOW, "bridge") && !(needs_session(&row) && is(&row, SESSION, "high-assurance")))
		give_permissions(row.columns[PERMISSIONS], "");
	if (operation)
		live_operation(&row);
	else
		live_flow(&row);
	close_stage();
}

Test(app_rows, the_rows_are_there)
{
	struct row row;

	cr_expect_geq(read_row(SIZE_MAX, &row), 22U);
}
