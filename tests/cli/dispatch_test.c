/* pam_dispatch() against libpam itself: random stacks of pam_debug, which answers what it is told. */
#include <criterion/criterion.h>
#include <dirent.h>
#include <fcntl.h>
#include <security/pam_appl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/text.h"
#include "pam_dispatch.h"

#define STACKS    1000
#define LINES_MAX 7

static char folder[] = "/tmp/dispatch-XXXXXX";
static unsigned seed = 20261124;

static unsigned
below(unsigned limit)
{
	return (unsigned)rand_r(&seed) % limit;
}

static const char *
one_of(const char *const words[], unsigned count)
{
	return words[below(count)];
}

static void
write_control(FILE *out)
{
	static const char *const keywords[] = { "required", "requisite", "sufficient", "optional" };
	static const char *const actions[] = { "ok", "done", "bad", "die", "ignore", "reset", "1", "2", "3" };

	if (below(2) == 0) {
		fputs(one_of(keywords, 4), out);
		return;
	}
	fprintf(out, "[success=%s", one_of(actions, 9));
	if (below(2) == 0)
		fprintf(out, " auth_err=%s", one_of(actions, 9));
	if (below(2) == 0)
		fprintf(out, " ignore=%s", one_of(actions, 9));
	if (below(4) != 0)
		fprintf(out, " default=%s", one_of(actions, 9));
	fputc(']', out);
}

static void
write_lines(const char *name, unsigned depth)
{
	static const char *const answers[] = { "success", "success", "success", "auth_err", "auth_err", "ignore", "perm_denied" };
	char path[256], inner[32];
	FILE *out;

	cr_assert_eq(text_format(path, sizeof path, "%s/%s", folder, name), SFMFA_OK);
	out = fopen(path, "w");
	cr_assert_not_null(out);
	for (unsigned line = 0, count = 1 + below(LINES_MAX); line < count; line++) {
		if (depth < 2 && below(5) == 0) {
			snprintf(inner, sizeof inner, "%s%u", name, line);
			/* libpam looks for other files in /etc/pam.d, wherever the service was found. */
			fprintf(out, "auth %s %s/%s\n", below(2) == 0 ? "substack" : "include", folder, inner);
			write_lines(inner, depth + 1);
			continue;
		}
		fputs("auth ", out);
		write_control(out);
		fprintf(out, " pam_debug.so auth=%s\n", one_of(answers, 7));
	}
	cr_assert_eq(fclose(out), 0);
}

static int
no_conversation(int count, const struct pam_message **messages, struct pam_response **responses, void *data)
{
	return PAM_CONV_ERR;
}

static bool
libpam_allows(void)
{
	const struct pam_conv conv = { no_conversation, NULL };
	pam_handle_t *handle = NULL;
	int result;

	cr_assert_eq(pam_start_confdir("stack", "alice", &conv, folder, &handle), PAM_SUCCESS);
	result = pam_authenticate(handle, PAM_SILENT);
	pam_end(handle, result);
	return result == PAM_SUCCESS;
}

static bool
dispatch_allows(void)
{
	PAM_STACK_AUTO stack = { 0 };
	const char *answers[PAM_DISPATCH_MAX] = { NULL };
	struct pam_course course;
	struct diag diag = { 0 };

	cr_assert_eq(pam_stack_read(folder, "stack", &stack, &diag), SFMFA_OK, "%s", diag.text);
	cr_assert_leq(stack.count, PAM_DISPATCH_MAX);
	for (size_t i = 0; i < stack.count; i++) {
		if (!stack.lines[i].is_substack)
			answers[i] = strchr(stack.lines[i].args[0], '=') + 1;
	}
	pam_dispatch(&stack, PAM_TYPE_AUTH, answers, &course);
	return course.success;
}

static void
show(const char *name)
{
	char path[256], line[256];
	FILE *in;

	cr_assert_eq(text_format(path, sizeof path, "%s/%s", folder, name), SFMFA_OK);
	in = fopen(path, "r");
	while (in && fgets(line, sizeof line, in))
		fprintf(stderr, "%s: %s", name, line);
	if (in)
		fclose(in);
}

static void
empty(bool tell)
{
	DIR *dir = opendir(folder);
	const struct dirent *entry;

	cr_assert_not_null(dir);
	while ((entry = readdir(dir)) != NULL) {
		if (entry->d_name[0] == '.')
			continue;
		if (tell)
			show(entry->d_name);
		cr_assert_eq(unlinkat(dirfd(dir), entry->d_name, 0), 0);
	}
	closedir(dir);
}

Test(dispatch, random_stacks_come_to_what_libpam_makes_of_them)
{
	unsigned allowed = 0;

	cr_assert_not_null(mkdtemp(folder));
	for (unsigned i = 0; i < STACKS; i++) {
		bool wanted, got;

		write_lines("stack", 0);
		wanted = libpam_allows();
		got = dispatch_allows();
		allowed += wanted;
		empty(wanted != got);
		cr_assert_eq(got, wanted, "stack %u: libpam says %d", i, wanted);
	}
	/* A test of stacks that all end in one way would prove nothing. */
	cr_expect_gt(allowed, STACKS / 10);
	cr_expect_lt(allowed, STACKS * 9 / 10);
	cr_assert_eq(rmdir(folder), 0);
}
