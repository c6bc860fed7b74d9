/*
 * A phone for scripts: prints the code that an authenticator app would show.
 *
 *   authenticator [--uri URI] [--at UNIX-SECONDS] [--step-offset N] [--algorithm A] [--digits N] [--period S]
 *
 * Without --uri the first line of standard input is an otpauth URI or a shared secret in base32; the last
 * three options are for the latter. For tests only: a secret in an argument is visible to everybody.
 */
#include <getopt.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <time.h>

#include "base/text.h"
#include "factor/totp.h"

#define LINE_SIZE   2048
#define OFFSET_MAX  1000000
#define EXIT_USAGE  2
#define EXIT_FAILED 3

struct phone {
	struct totp_params params;
	struct secret shared_secret;
	int64_t at;
	int64_t step_offset;
	const char *uri; /* NULL: standard input */
};

static _Noreturn void
fail(int status, const char *text)
{
	fprintf(stderr, "authenticator: %s\n", text);
	exit(status);
}

static int64_t
number_of(const char *text, int64_t min, int64_t max)
{
	int64_t number;

	if (text_parse_number(text, min, max, &number) != SFMFA_OK)
		fail(EXIT_USAGE, "a number is malformed or out of bounds");
	return number;
}

static void
parse_arguments(struct phone *phone, int argc, char **argv)
{
	static const struct option options[] = {
		{ "uri", required_argument, NULL, 'u' },
		{ "at", required_argument, NULL, 't' },
		{ "step-offset", required_argument, NULL, 'o' },
		{ "algorithm", required_argument, NULL, 'a' },
		{ "digits", required_argument, NULL, 'd' },
		{ "period", required_argument, NULL, 'p' },
		{ 0 },
	};
	int option;

	while ((option = getopt_long(argc, argv, "", options, NULL)) != -1) {
		switch (option) {
		case 'u':
			phone->uri = optarg;
			break;
		case 't':
			phone->at = number_of(optarg, 0, INT32_MAX * INT64_C(1000));
			break;
		case 'o':
			phone->step_offset = number_of(optarg, -OFFSET_MAX, OFFSET_MAX);
			break;
		case 'a':
			if (totp_algorithm_from_key(optarg, &phone->params.algorithm) != SFMFA_OK)
				fail(EXIT_USAGE, "no such algorithm");
			break;
		case 'd':
			phone->params.digits = (unsigned)number_of(optarg, TOTP_DIGITS_MIN, TOTP_DIGITS_MAX);
			break;
		case 'p':
			phone->params.period = (unsigned)number_of(optarg, TOTP_PERIOD_MIN, TOTP_PERIOD_MAX);
			break;
		default:
			exit(EXIT_USAGE);
		}
	}
	if (optind != argc)
		fail(EXIT_USAGE, "an argument too many");
}

static void
scan(struct phone *phone)
{
	char line[LINE_SIZE] = "";
	const char *text = phone->uri;
	char user[USER_NAME_SIZE];
	enum sfmfa_err err;

	if (text == NULL) {
		if (fgets(line, sizeof(line), stdin) == NULL)
			fail(EXIT_USAGE, "nothing on standard input");
		line[strcspn(line, "\r\n")] = 0;
		text = line;
	}
	if (phone->uri != NULL || strncasecmp(text, "otpauth:", 8) == 0)
		err = totp_parse_uri(text, &phone->params, &phone->shared_secret, user);
	else
		err = totp_from_base32(text, &phone->shared_secret);
	if (err != SFMFA_OK)
		fail(EXIT_FAILED, "neither an otpauth URI nor a shared secret in base32");
}

int
main(int argc, char **argv)
{
	struct phone phone = { .params = { .digits = 6, .period = 30 }, .at = -1 };
	char code[TOTP_DIGITS_MAX + 1];
	int64_t step;

	parse_arguments(&phone, argc, argv);
	scan(&phone);
	if (phone.at < 0)
		phone.at = time(NULL);
	step = totp_step(&phone.params, phone.at) + phone.step_offset;
	if (totp_code(&phone.params, &phone.shared_secret, step, code) != SFMFA_OK)
		fail(EXIT_FAILED, "there is no code at this time");
	return puts(code) < 0 ? EXIT_FAILED : 0;
}
