#include "editor.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cli.h"

#define WORDS_MAX      32
#define DEFAULT_EDITOR "editor" /* Debian's alternative for the one the administrator prefers */

static const char *
chosen(void)
{
	static const char *const variables[] = { "VISUAL", "EDITOR" };

	for (size_t i = 0; i < sizeof variables / sizeof variables[0]; i++) {
		const char *value = getenv(variables[i]);

		if (value && value[strspn(value, " \t")] != '\0')
			return value;
	}
	return DEFAULT_EDITOR;
}

/* The words, the path, NULL. words is cut up. */
static bool
make_arguments(char *words, char *path, char *ret_arguments[WORDS_MAX + 2])
{
	char *rest = NULL;
	size_t count = 0;

	for (char *word = strtok_r(words, " \t", &rest); word; word = strtok_r(NULL, " \t", &rest)) {
		if (count == WORDS_MAX)
			return false;
		ret_arguments[count++] = word;
	}
	ret_arguments[count++] = path;
	ret_arguments[count] = NULL;
	return true;
}

static _Noreturn void
become_editor(char *const arguments[])
{
	static const int quiet[] = { SIGINT, SIGQUIT };

	for (size_t i = 0; i < sizeof quiet / sizeof quiet[0]; i++)
		signal(quiet[i], SIG_DFL);
	umask(077); /* a copy that others could write would not be read back */
	execvp(arguments[0], arguments);
	cli_error("cannot start the editor %s: %s", arguments[0], strerror(errno));
	_exit(127);
}

static bool
wait_for(pid_t pid, const char *name)
{
	int status;

	while (waitpid(pid, &status, 0) < 0) {
		if (errno != EINTR)
			return false;
	}
	if (WIFEXITED(status) && WEXITSTATUS(status) == 0)
		return true;
	if (!WIFEXITED(status) || WEXITSTATUS(status) != 127)
		cli_error("the editor %s did not end well", name);
	return false;
}

bool
editor_run(const char *path)
{
	char *arguments[WORDS_MAX + 2];
	char *words = strdup(chosen()), *copy = strdup(path);
	void (*interrupt)(int), (*quit)(int);
	bool good = false;
	pid_t pid;

	if (words && copy && make_arguments(words, copy, arguments)) {
		/* Ctrl-C is the editor's while it runs. */
		interrupt = signal(SIGINT, SIG_IGN);
		quit = signal(SIGQUIT, SIG_IGN);
		pid = fork();
		if (pid == 0)
			become_editor(arguments);
		good = pid > 0 && wait_for(pid, arguments[0]);
		signal(SIGINT, interrupt);
		signal(SIGQUIT, quit);
	} else {
		cli_error("the editor cannot be started: too many words");
	}
	free(words);
	free(copy);
	return good;
}
