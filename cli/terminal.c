#include "terminal.h"

#include <errno.h>
#include <fcntl.h>
#include <langinfo.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

#include "base/text.h"

/* Signals that end or stop the process, and must not find the terminal without echo. */
static const int caught_signals[] = { SIGINT, SIGQUIT, SIGTERM, SIGHUP, SIGTSTP };
#define CAUGHT_COUNT (sizeof caught_signals / sizeof caught_signals[0])

/* The last of them that arrived; 0: none. */
static volatile sig_atomic_t arrived;

static void
note_signal(int number)
{
	arrived = number;
}

/* A question being asked. */
struct question {
	int in, out; /* the terminal twice, or stdin and stderr */
	bool is_terminal;
	bool hidden; /* echo is off and has to come back */
	struct termios before;
	struct sigaction actions_before[CAUGHT_COUNT];
	sigset_t mask_before;
};

static void
write_all(int fd, const char *text)
{
	size_t left = strlen(text);

	while (left > 0) {
		ssize_t done = write(fd, text, left);

		if (done < 0 && errno == EINTR)
			continue;
		if (done <= 0)
			return; /* a prompt that cannot be shown decides nothing */
		text += done;
		left -= (size_t)done;
	}
}

static void
echo_off(struct question *question)
{
	struct termios quiet;

	if (tcgetattr(question->in, &question->before) != 0)
		return;
	quiet = question->before;
	quiet.c_lflag &= ~(tcflag_t)(ECHO | ECHONL);
	question->hidden = tcsetattr(question->in, TCSAFLUSH, &quiet) == 0;
}

static void
echo_back(struct question *question)
{
	if (!question->hidden)
		return;
	tcsetattr(question->in, TCSANOW, &question->before);
	write_all(question->out, "\n");
	question->hidden = false;
}

static void
catch_signal(size_t i, struct sigaction *ret_before)
{
	struct sigaction action = { .sa_handler = note_signal };

	sigemptyset(&action.sa_mask);
	sigaction(caught_signals[i], NULL, ret_before);
	if (ret_before->sa_handler != SIG_IGN)
		sigaction(caught_signals[i], &action, NULL);
}

/* From here on signals are let in only while waiting for input. */
static void
question_begin(struct question *question, const char *prompt, bool echo)
{
	sigset_t caught;
	int tty = open("/dev/tty", O_RDWR | O_CLOEXEC | O_NOCTTY);

	question->is_terminal = tty >= 0 || isatty(STDIN_FILENO);
	question->in = tty >= 0 ? tty : STDIN_FILENO;
	question->out = tty >= 0 ? tty : STDERR_FILENO;
	question->hidden = false;
	arrived = 0;
	sigemptyset(&caught);
	for (size_t i = 0; i < CAUGHT_COUNT; i++)
		sigaddset(&caught, caught_signals[i]);
	sigprocmask(SIG_BLOCK, &caught, &question->mask_before);
	for (size_t i = 0; i < CAUGHT_COUNT; i++)
		catch_signal(i, &question->actions_before[i]);
	if (question->is_terminal && !echo)
		echo_off(question);
	write_all(question->out, prompt);
}

static void
question_end(struct question *question)
{
	echo_back(question);
	for (size_t i = 0; i < CAUGHT_COUNT; i++)
		sigaction(caught_signals[i], &question->actions_before[i], NULL);
	sigprocmask(SIG_SETMASK, &question->mask_before, NULL);
	if (question->in != STDIN_FILENO)
		close(question->in);
}

/* Does what the signal asks for, with the terminal as it was; comes back only where that lets it. */
static void
take_signal(struct question *question, const char *prompt)
{
	bool hidden = question->hidden;
	int number = arrived;
	sigset_t present;

	arrived = 0;
	echo_back(question);
	for (size_t i = 0; i < CAUGHT_COUNT; i++)
		sigaction(caught_signals[i], &question->actions_before[i], NULL);
	raise(number);
	sigprocmask(SIG_SETMASK, &question->mask_before, &present);
	sigprocmask(SIG_SETMASK, &present, NULL);
	for (size_t i = 0; i < CAUGHT_COUNT; i++)
		catch_signal(i, &question->actions_before[i]);
	if (hidden)
		echo_off(question);
	write_all(question->out, prompt);
}

/* True: the input can be read (also at its end). */
static bool
wait_input(struct question *question, const char *prompt)
{
	struct pollfd fd = { .fd = question->in, .events = POLLIN };

	for (;;) {
		if (ppoll(&fd, 1, NULL, &question->mask_before) >= 0)
			return (fd.revents & POLLNVAL) == 0;
		if (errno != EINTR)
			return false;
		if (arrived != 0)
			take_signal(question, prompt);
	}
}

/* One line, byte by byte: what follows it belongs to the next question. */
static enum sfmfa_err
read_line(struct question *question, const char *prompt, struct secret *ret_answer)
{
	SECRET_AUTO line = { 0 };
	bool too_long = false;
	unsigned char byte = 0;

	for (;;) {
		ssize_t got;

		if (!wait_input(question, prompt))
			return SFMFA_ERR_CLOSED;
		got = read(question->in, &byte, 1);
		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0 || (got == 0 && line.size == 0))
			return SFMFA_ERR_CLOSED;
		if (got == 0 || byte == '\n')
			break;
		if (line.size == sizeof line.bytes)
			too_long = true;
		else
			line.bytes[line.size++] = byte;
	}
	wipe(&byte, sizeof byte);
	if (too_long)
		return SFMFA_ERR_TOO_LARGE;
	if (line.size > 0 && line.bytes[line.size - 1] == '\r')
		line.size--;
	secret_move(ret_answer, &line);
	return SFMFA_OK;
}

enum sfmfa_err
terminal_ask(const char *prompt, bool echo, struct secret *ret_answer)
{
	struct question question;
	enum sfmfa_err err;

	question_begin(&question, prompt, echo);
	err = read_line(&question, prompt, ret_answer);
	question_end(&question);
	return err;
}

bool
terminal_confirm(const char *question)
{
	static const char *const yes[] = { "y", "Y", "yes", "Yes", "YES" };
	SECRET_AUTO answer = { 0 };

	if (terminal_ask(question, true, &answer) != SFMFA_OK)
		return false;
	for (size_t i = 0; i < sizeof yes / sizeof yes[0]; i++) {
		if (answer.size == strlen(yes[i]) && memcmp(answer.bytes, yes[i], answer.size) == 0)
			return true;
	}
	return false;
}

bool
terminal_is_interactive(void)
{
	return isatty(STDIN_FILENO) && isatty(STDERR_FILENO);
}

size_t
terminal_columns(FILE *out)
{
	struct winsize size = { 0 };
	const char *columns = getenv("COLUMNS");
	int64_t number = 0;

	if (columns && text_parse_number(columns, 1, 10000, &number) == SFMFA_OK)
		return (size_t)number;
	if (!isatty(fileno(out)))
		return 0;
	if (ioctl(fileno(out), TIOCGWINSZ, &size) == 0 && size.ws_col > 0)
		return size.ws_col;
	return 80;
}

bool
terminal_may_colour(FILE *out)
{
	const char *no_colour = getenv("NO_COLOR");
	const char *term = getenv("TERM");

	return isatty(fileno(out)) && (!no_colour || no_colour[0] == '\0') && term &&
	       !text_equals(term, "dumb");
}

bool
terminal_is_utf8(void)
{
	return strcasecmp(nl_langinfo(CODESET), "UTF-8") == 0;
}
