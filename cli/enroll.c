/* Registration of an authenticator app: the QR code, the key, the recovery codes. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/text.h"
#include "json.h"
#include "model/factor.h"
#include "qr/qr.h"
#include "recovery_codes.h"
#include "simple.h"
#include "terminal.h"

const struct option_spec options_enroll[] = {
	{ "replace", NULL, false, "in place of the app registered before" },
	{ "algorithm", "NAME", false, "sha1, sha256 or sha512" },
	{ "digits", "N", false, "6, 7 or 8" },
	{ "period", "SECONDS", false, "length of a time step, 10 to 300" },
	{ "no-confirm", NULL, false, "do not ask for a code of the app" },
	{ "qr", "KIND", false, "utf8, none or svg:FILE; default: utf8 on a terminal" },
	{ NULL, NULL, false, NULL },
};

#define URI_SCHEME "otpauth://"
#define KEY_SIZE   256

enum qr_kind {
	QR_AUTO = 0, /* on a terminal that can show it */
	QR_UTF8,
	QR_NONE,
	QR_SVG,
};

struct enrolment {
	const struct cli *cli;
	enum qr_kind qr;
	const char *svg_path;
	int svg;     /* opened before anything is registered; -1: none */
	bool shown;  /* the app was shown inside the conversation */
	bool failed; /* the SVG file could not be written */
};

/* The value of secret= in groups of four. */
static void
key_from_uri(const char *uri, char key[KEY_SIZE])
{
	const char *from = strstr(uri, "secret=");
	size_t size = 0;

	key[0] = '\0';
	if (!from)
		return;
	from += strlen("secret=");
	for (size_t i = 0; from[i] != '\0' && from[i] != '&' && size + 3 < KEY_SIZE; i++) {
		if (i > 0 && i % 4 == 0)
			key[size++] = ' ';
		key[size++] = from[i];
	}
	key[size] = '\0';
}

static void
print_qr(const struct enrolment *enrolment, FILE *out, const char *uri)
{
	char *text = cli_allocate(QR_TEXT_SIZE);
	size_t columns = 0;
	size_t width = terminal_columns(out);
	bool wanted = enrolment->qr == QR_UTF8;

	if (enrolment->qr == QR_AUTO)
		wanted = isatty(fileno(out)) && terminal_is_utf8();
	if (wanted && qr_text(uri, text, QR_TEXT_SIZE, &columns) == SFMFA_OK &&
	    (width == 0 || columns <= width))
		fprintf(out, "%s\n", text);
	wipe(text, QR_TEXT_SIZE);
	free(text);
}

static void
write_svg(struct enrolment *enrolment, const char *uri)
{
	char *svg = NULL;
	size_t left;

	if (qr_svg(uri, &svg) != SFMFA_OK) {
		cli_error("cannot make a QR code");
		enrolment->failed = true;
		return;
	}
	left = strlen(svg);
	for (const char *at = svg; left > 0;) {
		ssize_t done = write(enrolment->svg, at, left);

		if (done < 0 && errno == EINTR)
			continue;
		if (done <= 0) {
			cli_error("cannot write %s: %s", enrolment->svg_path, strerror(errno));
			enrolment->failed = true;
			break;
		}
		at += done;
		left -= (size_t)done;
	}
	wipe(svg, strlen(svg));
	free(svg);
}

/* What the person needs to set the app up: for them to scan, or to type. */
static void
show_app(struct enrolment *enrolment, FILE *out, const char *uri)
{
	char key[KEY_SIZE];

	if (enrolment->svg >= 0)
		write_svg(enrolment, uri);
	else
		print_qr(enrolment, out, uri);
	key_from_uri(uri, key);
	fprintf(out, "Key for the app: %s\n", key);
	wipe(key, sizeof key);
	enrolment->shown = true;
}

/* Inside the conversation, before the code is asked for. */
static bool
take_info(void *data, const char *text)
{
	struct enrolment *enrolment = data;

	if (strncmp(text, URI_SCHEME, strlen(URI_SCHEME)) != 0)
		return false;
	if (!enrolment->shown)
		show_app(enrolment, stderr, text);
	return true;
}

/* "svg:FILE" is opened now, as a new file of one's own: it will hold the shared secret. */
static enum exit_status
read_qr(struct enrolment *enrolment, const char *kind)
{
	if (!kind)
		return STATUS_DONE;
	if (text_equals(kind, "utf8")) {
		enrolment->qr = QR_UTF8;
	} else if (text_equals(kind, "none")) {
		enrolment->qr = QR_NONE;
	} else if (strncmp(kind, "svg:", 4) == 0 && kind[4] != '\0') {
		enrolment->qr = QR_SVG;
		enrolment->svg_path = kind + 4;
		enrolment->svg =
			open(enrolment->svg_path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
		if (enrolment->svg < 0) {
			cli_error("cannot create %s: %s", enrolment->svg_path, strerror(errno));
			return STATUS_FAILED;
		}
	} else {
		return cli_usage("--qr is utf8, none or svg:FILE, not '%s'", kind);
	}
	return STATUS_DONE;
}

static enum exit_status
check_parameters(const struct arguments *arguments)
{
	const char *algorithm = options_value(arguments, "algorithm");
	const char *digits = options_value(arguments, "digits");
	const char *period = options_value(arguments, "period");
	enum totp_algorithm known;
	int64_t number;

	if (algorithm && totp_algorithm_from_key(algorithm, &known) != SFMFA_OK)
		return cli_usage("--algorithm is sha1, sha256 or sha512, not '%s'", algorithm);
	if (digits && text_parse_number(digits, TOTP_DIGITS_MIN, TOTP_DIGITS_MAX, &number) != SFMFA_OK)
		return cli_usage("--digits is 6, 7 or 8, not '%s'", digits);
	if (period && text_parse_number(period, TOTP_PERIOD_MIN, TOTP_PERIOD_MAX, &number) != SFMFA_OK)
		return cli_usage("--period is a number from %d to %d, not '%s'", TOTP_PERIOD_MIN,
				 TOTP_PERIOD_MAX, period);
	return STATUS_DONE;
}

static void
tell_json(const struct record *reply)
{
	static const struct column columns[] = {
		{ .key = "user" },
		{ .key = "secret" },
		{ .key = "uri" },
	};
	json_t *object;

	json_begin();
	object = json_from_record(reply, columns, sizeof columns / sizeof columns[0]);
	json_member(object, "recovery_codes", json_from_list(reply, "recovery_code"));
	json_member(object, "state", json_from_text(record_text(reply, "state")));
	json_print(object);
}

static void
tell(struct enrolment *enrolment, const struct arguments *arguments, const struct reply *reply)
{
	const struct cli *cli = enrolment->cli;
	const char *uri = record_text(&reply->all, "uri");
	const char *state = record_text(&reply->all, "state");
	bool completed = state && text_equals(state, "completed");

	if (!enrolment->shown && uri) {
		show_app(enrolment, stdout, uri);
		printf("URI: %s\n", uri);
	}
	cli_say(cli, "Recovery codes. Each works once, in place of the app. They are shown only now:");
	recovery_codes_print(&reply->all);
	cli_say(cli, "%s: the authenticator app is registered, %s.", simple_user(arguments, reply),
		completed ? "and multi-factor authentication is completed"
			  : "pending until a code of it is used in an interactive login");
}

static enum exit_status
enroll(struct enrolment *enrolment, const struct arguments *arguments)
{
	REQUEST_AUTO request = { 0 };
	REPLY_AUTO reply = { 0 };
	const struct cli *cli = enrolment->cli;
	enum exit_status status;

	request_begin(&request, cli, arguments);
	request.show = (struct show){ take_info, enrolment };
	request_add_options(&request, arguments, "replace", NULL);
	request_add(&request, "algorithm", options_value(arguments, "algorithm"));
	request_add(&request, "digits", options_value(arguments, "digits"));
	request_add(&request, "period", options_value(arguments, "period"));
	if (!cli->json && !options_given(arguments, "no-confirm") && terminal_is_interactive())
		request_add(&request, "confirm", "1");
	status = request_send_for_new_user(&request, &reply);
	if (status != STATUS_DONE)
		return status;
	if (cli->json) {
		if (enrolment->svg >= 0)
			write_svg(enrolment,
				  record_text(&reply.all, "uri") ? record_text(&reply.all, "uri") : "");
		tell_json(&reply.all);
	} else {
		tell(enrolment, arguments, &reply);
	}
	return enrolment->failed ? STATUS_FAILED : STATUS_DONE;
}

enum exit_status
command_enroll(const struct cli *cli, const struct arguments *arguments)
{
	struct enrolment enrolment = { .cli = cli, .svg = -1 };
	enum exit_status status = check_parameters(arguments);

	if (status == STATUS_DONE)
		status = read_qr(&enrolment, options_value(arguments, "qr"));
	if (status == STATUS_DONE)
		status = enroll(&enrolment, arguments);
	if (enrolment.svg >= 0) {
		close(enrolment.svg);
		if (status != STATUS_DONE)
			unlink(enrolment.svg_path);
	}
	return status;
}
