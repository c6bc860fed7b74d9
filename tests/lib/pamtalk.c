/*
 * pamtalk: one login through libpam, with answers from the command line (talk.h) or from the
 * terminal. The demo and the tests of the CLI use it as their login program.
 *
 * usage: pamtalk [--confdir DIR] [--rhost HOST] [--key BASE32 | --key-file FILE] [--save-key FILE] [--show]
 *                [--interactive] [--no-delay] [--phases auth,acct,setcred,open,close,chauthtok] SERVICE USER [ANSWER...]
 *
 * Prints one line a phase, "authenticate: Success", and ends with 0 if all succeeded, else with 1.
 */
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <security/pam_appl.h>
#include <security/pam_misc.h>

#include "talk.h"

struct phase {
	const char *name, *title;
	int (*call)(pam_handle_t *pamh, int flags);
	int flags;
};

static const struct phase phases[] = {
	{ "auth", "authenticate", pam_authenticate, 0 },
	{ "acct", "account", pam_acct_mgmt, 0 },
	{ "setcred", "credentials", pam_setcred, PAM_ESTABLISH_CRED },
	{ "open", "open session", pam_open_session, 0 },
	{ "close", "close session", pam_close_session, 0 },
	{ "chauthtok", "password change", pam_chauthtok, 0 },
};

struct options {
	const char *confdir, *rhost, *key_file, *save_key, *phases;
	bool interactive, no_delay;
};

static int
run_phase(pam_handle_t *pamh, const char *name)
{
	for (size_t i = 0; i < sizeof(phases) / sizeof(phases[0]); i++) {
		int code;

		if (strcmp(phases[i].name, name) != 0)
			continue;
		code = phases[i].call(pamh, phases[i].flags);
		printf("%s: %s\n", phases[i].title, pam_strerror(pamh, code));
		return code;
	}
	fprintf(stderr, "pamtalk: no phase %s\n", name);
	return PAM_ABORT;
}

static int
run_phases(pam_handle_t *pamh, const char *list)
{
	char names[256];
	int code = PAM_ABORT;

	snprintf(names, sizeof(names), "%s", list);
	for (char *at = names, *name; (name = strsep(&at, ",")) != NULL;) {
		code = run_phase(pamh, name);
		if (code != PAM_SUCCESS)
			break;
	}
	return code;
}

static void
read_key(const char *path, struct talk *talk)
{
	char line[256], part[300];

	snprintf(part, sizeof(part), "{file:%s}", path);
	if (talk_expand(talk, part, line, sizeof(line)))
		snprintf(talk->key, sizeof(talk->key), "%.159s", line);
}

static void
write_key(const char *path, const struct talk *talk)
{
	FILE *file = fopen(path, "we");

	if (file == NULL)
		return;
	fprintf(file, "%s\n", talk->key);
	fclose(file);
}

static int
login(const struct options *options, struct talk *talk, const char *service, const char *user)
{
	struct pam_conv conversation = {
		.conv = options->interactive ? misc_conv : talk_converse,
		.appdata_ptr = talk,
	};
	pam_handle_t *pamh = NULL;
	int code;

	code = options->confdir != NULL ? pam_start_confdir(service, user, &conversation, options->confdir, &pamh)
	                                : pam_start(service, user, &conversation, &pamh);
	if (code == PAM_SUCCESS && options->no_delay)
		code = talk_hurry(pamh);
	if (code == PAM_SUCCESS && options->rhost != NULL)
		code = pam_set_item(pamh, PAM_RHOST, options->rhost);
	if (code == PAM_SUCCESS)
		code = run_phases(pamh, options->phases);
	(void)pam_end(pamh, code);
	return code;
}

int
main(int argc, char **argv)
{
	static const struct option known[] = {
		{ "confdir", required_argument, NULL, 'c' },   { "rhost", required_argument, NULL, 'r' },
		{ "key", required_argument, NULL, 'k' },       { "key-file", required_argument, NULL, 'f' },
		{ "save-key", required_argument, NULL, 's' },  { "show", no_argument, NULL, 'v' },
		{ "interactive", no_argument, NULL, 'i' },     { "no-delay", no_argument, NULL, 'n' },
		    { "phases", required_argument, NULL, 'p' },
		{ NULL, 0, NULL, 0 },
	};
	static struct talk talk;
	struct options options = { .phases = "auth,acct" };
	int option, code;

	while ((option = getopt_long(argc, argv, "+", known, NULL)) != -1) {
		switch (option) {
		case 'c': options.confdir = optarg; break;
		case 'r': options.rhost = optarg; break;
		case 'k': snprintf(talk.key, sizeof(talk.key), "%.159s", optarg); break;
		case 'f': options.key_file = optarg; break;
		case 's': options.save_key = optarg; break;
		case 'v': talk.show = true; break;
		case 'i': options.interactive = true; break;
		case 'n': options.no_delay = true; break;
		case 'p': options.phases = optarg; break;
		default: return 2;
		}
	}
	if (argc - optind < 2) {
		fprintf(stderr, "usage: pamtalk [OPTION...] SERVICE USER [ANSWER...]\n");
		return 2;
	}
	if (options.key_file != NULL)
		read_key(options.key_file, &talk);
	talk.answers = (const char *const *)argv + optind + 2;
	talk.answer_count = (size_t)(argc - optind - 2);
	code = login(&options, &talk, argv[optind], argv[optind + 1]);
	if (options.save_key != NULL && talk.key[0] != '\0')
		write_key(options.save_key, &talk);
	return code == PAM_SUCCESS ? 0 : 1;
}
