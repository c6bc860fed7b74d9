/*
 * Each question is put to the stack itself: pam_dispatch() runs it with every combination of answers of the
 * modules whose answer is not known, and a combination that should not let anybody in must not.
 */
#include "check_stack.h"

#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "pam_dispatch.h"

#define UNCERTAIN_MAX 12 /* lines that are tried both ways; 4096 runs of the stack */

/* What a module does in a stack. */
enum role {
	ROLE_GATE = 0,   /* opens for whoever may log in at all, and sets something up */
	ROLE_DENY,
	ROLE_FIRST,      /* a first factor */
	ROLE_CONDITION,  /* depends on who it is, or is not known here */
	ROLE_ROOT,       /* opens for root */
	ROLE_SPLIT,
	ROLE_VERIFY,
	ROLE_CREDENTIAL, /* of connected apps: the whole field */
};

static const struct {
	const char *module;
	enum role role;
} known[] = {
	{ "pam_deny.so", ROLE_DENY },         { "pam_rootok.so", ROLE_ROOT },      { "pam_unix.so", ROLE_FIRST },
	{ "pam_sss.so", ROLE_FIRST },         { "pam_ldap.so", ROLE_FIRST },       { "pam_krb5.so", ROLE_FIRST },
	{ "pam_winbind.so", ROLE_FIRST },     { "pam_userdb.so", ROLE_FIRST },     { "pam_pwdfile.so", ROLE_FIRST },
	{ "pam_mysql.so", ROLE_FIRST },       { "pam_pgsql.so", ROLE_FIRST },      { "pam_radius_auth.so", ROLE_FIRST },
	{ "pam_systemd_home.so", ROLE_FIRST },
	{ "pam_permit.so", ROLE_GATE },       { "pam_env.so", ROLE_GATE },         { "pam_faildelay.so", ROLE_GATE },
	{ "pam_nologin.so", ROLE_GATE },      { "pam_securetty.so", ROLE_GATE },   { "pam_shells.so", ROLE_GATE },
	{ "pam_group.so", ROLE_GATE },        { "pam_cap.so", ROLE_GATE },         { "pam_limits.so", ROLE_GATE },
	{ "pam_mail.so", ROLE_GATE },         { "pam_motd.so", ROLE_GATE },        { "pam_keyinit.so", ROLE_GATE },
	{ "pam_loginuid.so", ROLE_GATE },     { "pam_systemd.so", ROLE_GATE },     { "pam_umask.so", ROLE_GATE },
	{ "pam_selinux.so", ROLE_GATE },      { "pam_lastlog.so", ROLE_GATE },     { "pam_sepermit.so", ROLE_GATE },
	{ "pam_faillock.so", ROLE_GATE },     { "pam_tally2.so", ROLE_GATE },      { "pam_access.so", ROLE_GATE },
	{ "pam_time.so", ROLE_GATE },         { "pam_issue.so", ROLE_GATE },       { "pam_warn.so", ROLE_GATE },
	{ "pam_gnome_keyring.so", ROLE_GATE }, { "pam_kwallet5.so", ROLE_GATE },
};

/* What our module may answer when it lets nobody in. */
static const char *const denials[PAM_TYPE_COUNT][6] = {
	[PAM_TYPE_AUTH] = { "auth_err", "perm_denied", "authinfo_unavail", "service_err", "conv_err", NULL },
	[PAM_TYPE_ACCOUNT] = { "perm_denied", "acct_expired", "authinfo_unavail", "service_err", NULL },
};

struct inspection {
	struct findings *findings;
	const struct pam_stack *stack;
	const struct check_service *service;
	enum pam_type type;
	enum role roles[PAM_DISPATCH_MAX];
	size_t uncertain[UNCERTAIN_MAX]; /* lines that are tried both ways */
	size_t uncertain_count;
};

/* What is asked: may it happen that … */
struct question {
	bool first_fails;    /* … although every first factor was wrong */
	const char *verify;  /* … while our module answers this */
	const char *credential; /* … and this on a line with credential; NULL: the field is a password */
	bool verify_is_run;  /* … our module is called */
	bool succeeds;       /* … the login is allowed */
};

bool
check_has_argument(const struct pam_line *line, const char *argument)
{
	for (size_t i = 0; i < line->arg_count; i++) {
		if (text_equals(line->args[i], argument))
			return true;
	}
	return false;
}

const char *
check_argument_value(const struct pam_line *line, const char *key)
{
	size_t size = strlen(key);

	for (size_t i = 0; i < line->arg_count; i++) {
		if (strncmp(line->args[i], key, size) == 0 && line->args[i][size] == '=')
			return line->args[i] + size + 1;
	}
	return NULL;
}

const struct pam_line *
check_find_ours(const struct pam_stack *stack, enum pam_type type)
{
	for (size_t i = 0; i < stack->count; i++) {
		const struct pam_line *line = &stack->lines[i];

		if ((type == PAM_TYPE_COUNT || line->type == type) && pam_line_is(line, CHECK_MODULE))
			return line;
	}
	return NULL;
}

/* As the module takes its own arguments: a flow that is named needs its own credential. */
static bool
takes_credential(const struct pam_line *line)
{
	const char *flow = check_argument_value(line, "flow");

	if (line->type != PAM_TYPE_AUTH || check_has_argument(line, "split") || check_has_argument(line, "ask"))
		return false;
	return check_has_argument(line, "credential") || (flow && !text_equals(flow, "username-password"));
}

static enum role
role_of(const struct pam_line *line)
{
	if (pam_line_is(line, CHECK_MODULE) && takes_credential(line))
		return ROLE_CREDENTIAL;
	if (pam_line_is(line, CHECK_MODULE))
		return line->type == PAM_TYPE_AUTH && check_has_argument(line, "split") ? ROLE_SPLIT : ROLE_VERIFY;
	/* Called after a failure, it fails. */
	if (pam_line_is(line, "pam_faillock.so") && check_has_argument(line, "authfail"))
		return ROLE_DENY;
	for (size_t i = 0; i < sizeof known / sizeof known[0]; i++) {
		if (pam_line_is(line, known[i].module))
			return known[i].role;
	}
	return ROLE_CONDITION;
}

/* In the account phase who knows the password does not matter: such modules say whether the account stands. */
static void
find_roles(struct inspection *inspection, enum pam_type type)
{
	const struct pam_stack *stack = inspection->stack;

	inspection->type = type;
	inspection->uncertain_count = 0;
	for (size_t i = 0; i < stack->count; i++) {
		enum role role = role_of(&stack->lines[i]);

		inspection->roles[i] = role;
		if (stack->lines[i].type != type || stack->lines[i].is_substack)
			continue;
		if ((role == ROLE_FIRST || role == ROLE_CONDITION) && inspection->uncertain_count < UNCERTAIN_MAX)
			inspection->uncertain[inspection->uncertain_count++] = i;
	}
}

static const char *
answer_of(enum role role, const struct question *question)
{
	switch (role) {
	case ROLE_GATE:
	case ROLE_CONDITION: return "success";
	/* After a credential that was refused the module takes no password. */
	case ROLE_SPLIT: return question->credential ? question->credential : "success";
	case ROLE_CREDENTIAL: return question->credential ? question->credential : "cred_unavail";
	case ROLE_FIRST: return question->first_fails ? "auth_err" : "success";
	case ROLE_VERIFY: return question->verify;
	case ROLE_DENY:
	case ROLE_ROOT: break;
	}
	return "auth_err";
}

static bool
has_run(const struct inspection *inspection, const struct pam_course *course, enum role role)
{
	for (size_t i = 0; i < inspection->stack->count; i++) {
		if (course->ran[i] && inspection->roles[i] == role)
			return true;
	}
	return false;
}

/* Whether some combination of answers makes it happen; *ret_course: the first that does. */
static bool
may_happen(const struct inspection *inspection, const struct question *question, struct pam_course *ret_course)
{
	const char *answers[PAM_DISPATCH_MAX];

	for (unsigned mask = 0; mask < 1U << inspection->uncertain_count; mask++) {
		for (size_t i = 0; i < inspection->stack->count; i++)
			answers[i] = answer_of(inspection->roles[i], question);
		for (size_t u = 0; u < inspection->uncertain_count; u++) {
			size_t line = inspection->uncertain[u];

			if (!(inspection->roles[line] == ROLE_FIRST && question->first_fails))
				answers[line] = (mask >> u & 1) != 0 ? "auth_err" : "success";
		}
		pam_dispatch(inspection->stack, inspection->type, answers, ret_course);
		if ((!question->succeeds || ret_course->success) &&
		    (!question->verify_is_run || has_run(inspection, ret_course, ROLE_VERIFY)))
			return true;
	}
	return false;
}

static void
report(const struct inspection *inspection, enum lint_severity severity, const struct pam_line *line, const char *text)
{
	findings_add(inspection->findings, severity, line->file, line->line, "service %s: %s", inspection->service->name,
		     text);
}

/* Our module denied, or was not asked, and yet the phase succeeded: which line did that? */
static void
blame(const struct inspection *inspection, const struct pam_course *course, const char *denial)
{
	const struct pam_line *lines = inspection->stack->lines, *line = NULL;
	enum lint_severity severity;
	char text[FINDING_TEXT_SIZE];

	for (size_t i = 0; i < inspection->stack->count; i++) {
		if (course->ran[i] && inspection->roles[i] == ROLE_VERIFY) {
			snprintf(text, sizeof text,
				 "'%s' lets a login through where " CHECK_MODULE " answers %s: write 'required'",
				 lines[i].control, denial);
			report(inspection, LINT_ERROR, &lines[i], text);
			return;
		}
		if (inspection->roles[i] == ROLE_VERIFY && course->skipped_by[i])
			line = course->skipped_by[i];
	}
	if (!line)
		return;
	severity = inspection->roles[line - lines] == ROLE_CONDITION ? LINT_WARNING : LINT_ERROR;
	if (course->jumped[line - lines])
		snprintf(text, sizeof text,
			 "%s jumps over " CHECK_MODULE ", which is then not asked: let it jump to the line of it",
			 pam_line_module(line));
	else
		snprintf(text, sizeof text,
			 "when %s succeeds the stack ends before " CHECK_MODULE ", which is then not asked: write "
			 "'requisite', or move the line below",
			 pam_line_module(line));
	report(inspection, severity, line, text);
}

static void
check_bypass(const struct inspection *inspection)
{
	for (const char *const *denial = denials[inspection->type]; *denial; denial++) {
		const struct question question = { .verify = *denial, .succeeds = true };
		struct pam_course course;

		if (may_happen(inspection, &question, &course)) {
			blame(inspection, &course, *denial);
			return;
		}
	}
}

static const struct pam_line *
find_role(const struct inspection *inspection, enum role role)
{
	for (size_t i = 0; i < inspection->stack->count; i++) {
		const struct pam_line *line = &inspection->stack->lines[i];

		if (line->type == inspection->type && !line->is_substack && inspection->roles[i] == role)
			return line;
	}
	return NULL;
}

/* What somebody who does not know the password gets. */
static void
check_first_factor(const struct inspection *inspection)
{
	const struct question reach = { .first_fails = true, .verify = "auth_err", .verify_is_run = true };
	const struct question alone = {
		.first_fails = true, .verify = "success", .verify_is_run = true, .succeeds = true
	};
	const struct pam_line *first = find_role(inspection, ROLE_FIRST);
	const struct pam_line *ours = check_find_ours(inspection->stack, PAM_TYPE_AUTH);
	struct pam_course course;

	if (!first) {
		if (!find_role(inspection, ROLE_CONDITION) && !inspection->service->key_comes_first)
			report(inspection, LINT_ERROR, ours,
			       "no line asks for a password: a code alone lets in. Write 'auth requisite pam_unix.so' above");
		return;
	}
	if (may_happen(inspection, &alone, &course)) {
		report(inspection, LINT_ERROR, first,
		       "a wrong password is enough together with a right code: make the line 'requisite'");
		return;
	}
	if (may_happen(inspection, &reach, &course))
		report(inspection, LINT_WARNING, first,
		       "after a wrong password " CHECK_MODULE " is still asked: strangers can lock users out and use up "
		       "their codes. Make the line 'requisite'");
}

static void
check_api(const struct inspection *inspection)
{
	const struct pam_line *verify = find_role(inspection, ROLE_VERIFY);
	const struct pam_line *split = find_role(inspection, ROLE_SPLIT);
	const struct pam_line *first = find_role(inspection, ROLE_FIRST);

	if (split && !verify) {
		report(inspection, LINT_ERROR, split,
		       "split takes the factor off and nothing verifies it: every login is denied. Write 'auth required "
		       CHECK_MODULE "' below");
		return;
	}
	if (inspection->service->login_type == LOGIN_API && !split && !check_has_argument(verify, "ask"))
		report(inspection, LINT_ERROR, verify,
		       "an API login has its factor behind the password, and nothing takes it off: every login is denied. "
		       "Write 'auth requisite " CHECK_MODULE " split' at the top, or 'ask' where the client has a field for it");
	if (inspection->service->login_type == LOGIN_UI && split && !inspection->service->is_locker)
		report(inspection, LINT_WARNING, split,
		       "split is for programs, and the service counts as ui: map it to api in services, or take split away");
	if (split && first && !check_has_argument(first, "use_first_pass") && !check_has_argument(first, "try_first_pass"))
		report(inspection, LINT_ERROR, first,
		       "behind split the password is there already; this line asks again and gets it with the factor still "
		       "on it. Write use_first_pass");
}

/* A line with credential: what a right one, a wrong one and a password come to. */
static void
check_credential(const struct inspection *inspection)
{
	const struct question wrong = { .verify = "auth_err", .credential = "auth_err", .succeeds = true };
	const struct question right = {
		.first_fails = true, .verify = "success", .credential = "success", .succeeds = true
	};
	const struct question password = { .verify = "success", .succeeds = true };
	const struct question goes_on = { .verify = "auth_err", .credential = "auth_err" };
	const struct pam_line *line = find_role(inspection, ROLE_CREDENTIAL);
	struct pam_course course;

	if (!line)
		return;
	if (may_happen(inspection, &wrong, &course))
		report(inspection, LINT_ERROR, line, "a wrong credential of a connected app is let in: write default=die");
	else if (may_happen(inspection, &goes_on, &course) && has_run(inspection, &course, ROLE_FIRST))
		report(inspection, LINT_WARNING, line,
		       "a wrong credential goes on to the password check, which must not see it: write default=die");
	if (!may_happen(inspection, &right, &course))
		report(inspection, LINT_ERROR, line,
		       "a right credential lets nobody in: let it jump over the lines of the password to the last line of "
		       CHECK_MODULE);
	if (find_role(inspection, ROLE_FIRST) && !may_happen(inspection, &password, &course))
		report(inspection, LINT_ERROR, line,
		       "a password lets nobody in, for it is no credential: write cred_unavail=ignore");
}

static void
check_empty_passwords(const struct inspection *inspection)
{
	for (size_t i = 0; i < inspection->stack->count; i++) {
		const struct pam_line *line = &inspection->stack->lines[i];

		if (line->type == PAM_TYPE_AUTH && pam_line_is(line, "pam_unix.so") && check_has_argument(line, "nullok"))
			report(inspection, LINT_WARNING, line,
			       "with nullok an account without a password has the code as its only factor. Take nullok away");
	}
}

/* An unknown argument is a failure of every login (pam_sfmfa(8)). */
static void
check_arguments(const struct inspection *inspection)
{
	static const char *const switches[] = { "split", "ask", "credential", "debug" };
	static const char *const values[] = { "login_type", "prompt", "app", "flow", "runtime_dir", "config", "daemon" };

	for (size_t i = 0; i < inspection->stack->count; i++) {
		const struct pam_line *line = &inspection->stack->lines[i];

		for (size_t a = 0; a < line->arg_count && pam_line_is(line, CHECK_MODULE); a++) {
			bool right = false;

			for (size_t s = 0; s < sizeof switches / sizeof switches[0]; s++)
				right = right || text_equals(line->args[a], switches[s]);
			for (size_t v = 0; v < sizeof values / sizeof values[0]; v++) {
				size_t size = strlen(values[v]);
				/* In brackets the whole argument, blanks included (pam.d(5)). */
				const char *text = line->args[a] + (line->args[a][0] == '[');

				right = right || (strncmp(text, values[v], size) == 0 && text[size] == '=' &&
						  text[size + 1] != '\0');
			}
			if (!right)
				report(inspection, LINT_ERROR, line,
				       "an argument that " CHECK_MODULE " does not know: every login is denied (pam_sfmfa(8))");
		}
	}
}

static void
check_account(struct inspection *inspection)
{
	const struct pam_line *auth = check_find_ours(inspection->stack, PAM_TYPE_AUTH);
	const struct pam_line *account = check_find_ours(inspection->stack, PAM_TYPE_ACCOUNT);

	if (!auth)
		return;
	if (!account) {
		report(inspection, LINT_ERROR, auth,
		       "there is no account line: frozen users, login hours and keys without a code pass, and nobody can "
		       "register. Write 'account required " CHECK_MODULE "'");
		return;
	}
	find_roles(inspection, PAM_TYPE_ACCOUNT);
	check_bypass(inspection);
}

/* A session is found again by the audit session that pam_loginuid begins (rules 8). */
static void
check_session(const struct inspection *inspection)
{
	const struct pam_line *ours = check_find_ours(inspection->stack, PAM_TYPE_SESSION);

	for (size_t i = 0; ours && i < inspection->stack->count; i++) {
		const struct pam_line *line = &inspection->stack->lines[i];

		if (line->type == PAM_TYPE_SESSION && pam_line_is(line, "pam_loginuid.so") && line > ours)
			report(inspection, LINT_WARNING, ours,
			       "the session line stands before pam_loginuid.so: the session is not found again and step-up "
			       "always asks. Move it below");
	}
}

void
check_stack(struct findings *findings, const struct pam_stack *stack, const struct check_service *service)
{
	struct inspection inspection = { .findings = findings, .stack = stack, .service = service };
	const struct pam_line *ours = check_find_ours(stack, PAM_TYPE_COUNT);

	if (!ours)
		return;
	if (stack->count > PAM_DISPATCH_MAX) {
		report(&inspection, LINT_WARNING, ours, "too many lines to look over");
		return;
	}
	check_arguments(&inspection);
	check_session(&inspection);
	if (service->login_type == LOGIN_EXEMPT || !check_find_ours(stack, PAM_TYPE_AUTH))
		return;
	find_roles(&inspection, PAM_TYPE_AUTH);
	check_credential(&inspection);
	/* Alone it needs nothing else but the account phase. */
	if (find_role(&inspection, ROLE_CREDENTIAL) && !find_role(&inspection, ROLE_FIRST) &&
	    !find_role(&inspection, ROLE_SPLIT)) {
		check_account(&inspection);
		return;
	}
	check_api(&inspection);
	if (find_role(&inspection, ROLE_VERIFY)) {
		check_bypass(&inspection);
		check_first_factor(&inspection);
		check_empty_passwords(&inspection);
		check_account(&inspection);
	}
}
