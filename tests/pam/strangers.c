#include "strangers.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PEER    "203.0.113.7"
#define TRUSTED "192.0.2.9"

/*
 * Letters of unknown, none, pending, completed, locked, frozen, hours, ranges, api-only in turn. What may be
 * told apart, all of it by those only who know the password where the stack asks for it first:
 *
 * - UI: rules 3 and 7e deny without a question.
 * - API: six digits behind a password are a code if there is an app, else part of the password (6). Rules 2 to
 *   5 deny without comparing anything, so nothing is written.
 * - API with a prompt: they ask no question, as nobody does after a wrong password; while no app is completed
 *   a token alone is asked for (8e).
 */
static const struct {
	const char *words, *service, *field, *peer, *shown, *cost;
} ways[WAY_COUNT] = {
	[UI_FIRST_WRONG] = { "UI, wrong password", "login", "wrong horse", PEER, "aaaaaaaaa", "aaaaaaaaa" },
	[UI_SECOND_WRONG] = { "UI, wrong code", "nopassword", "000000", PEER, "anaalaaaa", "anaalaaaa" },
	[API_FIRST_WRONG] = { "API, wrong password", "mail", "wrong horse000000", PEER, "aaaaaaaaa",
			      "aaaaaaaaa" },
	[API_FIRST_WRONG_TOKEN] = { "API, wrong password, a token", "mail", "wrong horse", PEER, "aaaaaaaaa",
				    "aaaaaaaaa" },
	[API_FIRST_WRONG_TRUSTED] = { "API, wrong password, a token, trusted network", "mail", "wrong horse",
				      TRUSTED, "aaaaaaaaa", "aaaaaaaaa" },
	[API_SECOND_WRONG] = { "API, wrong code", "mail", STAGE_PASSWORD "000000", PEER, "ppaaaaaaa",
			       "ppaadddda" },
	[API_SECOND_WRONG_TOKEN] = { "API, wrong token", "mail", STAGE_PASSWORD, PEER, "aaaaaaaaa",
				     "aaaadddda" },
	[API_ALONE_WRONG] = { "API with a prompt, wrong code", "alone", "000000", PEER, "attadddda",
			      "attadddda" },
};

/* Somebody else's token, so well formed. */
static char token[STAGE_TOKEN_SIZE];

const char *
strangers_way(enum way way)
{
	return ways[way].words;
}

const char *
strangers_shown(enum way way)
{
	return ways[way].shown;
}

const char *
strangers_cost(enum way way)
{
	return ways[way].cost;
}

const char *
strangers_name(enum state state)
{
	static const char *const names[STATE_COUNT] = {
		[STATE_UNKNOWN] = "state0",   [STATE_NONE] = "state1",   [STATE_PENDING] = "state2",
		[STATE_COMPLETED] = "state3", [STATE_LOCKED] = "state4", [STATE_FROZEN] = "state5",
		[STATE_HOURS] = "state6",     [STATE_RANGES] = "state7", [STATE_API_ONLY] = "state8",
	};

	return names[state];
}

static void
command(struct stage *stage, const char *before, enum state state, const char *after)
{
	char words[256];

	snprintf(words, sizeof(words), "%s %s%s", before, strangers_name(state), after);
	cr_assert_eq(stage_sfmfa(stage, words), 0, "%s: %s", words, stage->output);
}

/* A pending app, and a UI login that completes it. */
static void
complete(struct stage *stage, struct talk *talk, enum state state)
{
	command(stage, "--json enroll", state, " --no-confirm");
	if (state == STATE_PENDING)
		return;
	stage_json(stage, "secret", talk->key, sizeof(talk->key));
	(void)stage_login(stage, talk, "nopassword", strangers_name(state), PEER,
			  (const char *const[]){ "{code}", NULL });
	command(stage, "--json user show", state, "");
	cr_assert_not_null(strstr(stage->output, "\"completed\""), "%s", stage->output);
}

static void
bring_into(struct stage *stage, struct talk *talk, enum state state)
{
	struct picture picture;

	command(stage, "profile assign", state, state == STATE_API_ONLY ? " integration" : " mfa-api");
	if (state != STATE_NONE)
		complete(stage, talk, state);
	if (state == STATE_FROZEN)
		command(stage, "user freeze", state, "");
	if (state == STATE_HOURS)
		command(stage, "profile assign", state, " closed");
	if (state == STATE_RANGES)
		command(stage, "profile assign", state, " elsewhere");
	for (int i = 0; i < 10 && state == STATE_LOCKED; i++)
		strangers_try(stage, UI_SECOND_WRONG, state, &picture);
}

void
strangers_open(struct stage *stage, struct talk *talk)
{
	static const char permissions[] =
		"permissions = [ \"api-enabled\", \"mfa-ui-logins\", \"mfa-api-logins\" ];\n";
	const char *settings = "default_profile = \"mfa-api\";\nregistration = \"temporary-code\";\n"
			       "trusted_networks = [ \"192.0.2.0/24\" ];\n";
	char text[1024];

	/* The same services as ever, one of which is another. */
	stage_open(stage, settings);
	snprintf(text, sizeof(text), "auth required %s runtime_dir=%s/run ask login_type=api\n",
		 SFMFA_TEST_MODULE, stage->folder);
	stage_write(stage, "pam.d/alone", text);
	snprintf(text, sizeof(text),
		 "%slogin_hours = { zone = \"UTC\"; mon = \"closed\"; tue = \"closed\"; wed = \"closed\"; "
		 "thu = \"closed\"; fri = \"closed\"; "
		 "sat = \"closed\"; sun = \"closed\"; };\n",
		 permissions);
	stage_replace(stage, "etc/profiles.d/closed.conf", text);
	snprintf(text, sizeof(text), "%slogin_ip_ranges = [ \"198.51.100.0/24\" ];\n", permissions);
	stage_replace(stage, "etc/profiles.d/elsewhere.conf", text);
	cr_assert_eq(stage_sfmfa(stage, "profile assign other0 mfa"), 0);
	stage_token(stage, "other0", token);
	for (enum state state = STATE_NONE; state < STATE_COUNT; state++)
		bring_into(stage, talk, state);
}

/* ---- what is seen ------------------------------------------------------------------------------------ */

struct sight {
	struct picture *picture;
	const char *const *answers;
};

static void
see(struct picture *picture, int style, const char *text)
{
	size_t used = strlen(picture->screen);

	cr_assert_lt(snprintf(picture->screen + used, sizeof(picture->screen) - used, "%d %s\n", style, text),
		     (int)(sizeof(picture->screen) - used));
}

static int
converse(int count, const struct pam_message **messages, struct pam_response **ret_responses, void *appdata)
{
	struct sight *sight = appdata;
	struct pam_response *responses = calloc((size_t)count, sizeof(*responses));

	cr_assert_not_null(responses);
	for (int i = 0; i < count; i++) {
		int style = messages[i]->msg_style;

		see(sight->picture, style, messages[i]->msg);
		if (style == PAM_PROMPT_ECHO_OFF || style == PAM_PROMPT_ECHO_ON)
			responses[i].resp = strdup(*sight->answers != NULL ? *sight->answers++ : "");
	}
	*ret_responses = responses;
	return PAM_SUCCESS;
}

static void
note_delay(int status, unsigned microseconds, void *data)
{
	struct sight *sight = data;

	(void)status;
	sight->picture->delay = microseconds;
}

void
strangers_try(struct stage *stage, enum way way, enum state state, struct picture *ret_picture)
{
	char first[64];
	const char *answers[] = { first, NULL };
	struct sight sight = { .picture = ret_picture, .answers = answers };
	struct pam_conv conversation = { .conv = converse, .appdata_ptr = &sight };
	const union {
		void (*function)(int status, unsigned microseconds, void *data);
		const void *pointer;
	} delay = { .function = note_delay };
	bool has_token = way == API_FIRST_WRONG_TOKEN || way == API_FIRST_WRONG_TRUSTED ||
			 way == API_SECOND_WRONG_TOKEN;
	pam_handle_t *pamh;

	snprintf(first, sizeof(first), "%s%s", ways[way].field, has_token ? token : "");
	memset(ret_picture, 0, sizeof(*ret_picture));
	pamh = stage_pam_start(stage, &conversation, ways[way].service, strangers_name(state));
	cr_assert_eq(pam_set_item(pamh, PAM_FAIL_DELAY, delay.pointer), PAM_SUCCESS);
	cr_assert_eq(pam_set_item(pamh, PAM_RHOST, ways[way].peer), PAM_SUCCESS);
	ret_picture->code = pam_authenticate(pamh, 0);
	pam_end(pamh, ret_picture->code);
	/* libpam varies what was asked for by half of it at most, so that nobody learns from it. */
	ret_picture->delay = ret_picture->delay > 0;
}
