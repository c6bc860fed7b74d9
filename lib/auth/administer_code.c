/* Operators prove themselves with a code before they touch a factor (rules 2). */
#include "auth/administer.h"
#include "auth/attempt.h"

#define PROOF_SECONDS 900 /* how long the proof of a session answers for its user's commands */
#define PROMPT "Your authentication code: "

static bool
has_temporary_code(const struct command *command)
{
	return user_temporary_code_stands(&command->actor.record, command->now.wall);
}

/* As rule 7c takes a proof for sudo, but never of less than high assurance. */
static bool
has_proved(const struct command *command)
{
	return policy_session_answers(&command->session, PROOF_SECONDS) &&
	       command->session.level == LEVEL_HIGH_ASSURANCE;
}

bool
administer_proof_due(struct command *command, bool *ret_due)
{
	enum app_state app = command->actor.record.app.state;

	if (!command->self && command->config->settings.operator_needs_mfa && app != APP_COMPLETED)
		return command_refuse(
			command, REASON_NO_EVIDENCE,
			"whoever administers others needs an authenticator app of their own, used in a "
			"login at least once");
	/* Who has nothing to prove themselves with yet: a first enrolment, tokens before there is an app. */
	*ret_due = (app != APP_NONE || has_temporary_code(command)) && !has_proved(command);
	return true;
}

enum turn
administer_proof_ask(struct command *command)
{
	return command_begin_ask(command, "", "", PROMPT);
}

enum turn
administer_proof_answer(struct command *command, struct input *input)
{
	const struct user_record *record = &command->actor.record;
	struct attempt_input attempt = {
		.env = command->env,
		.config = command->config,
		.record = record,
		.caller = (int64_t)command->caller->uid,
		.now = &command->now,
	};
	struct diag diag = { 0 };
	enum factor offered;
	enum sfmfa_err err;

	if (input == NULL || input->kind != INPUT_ANSWER) {
		command_refuse(command, REASON_CONVERSATION, "no code was given");
		return TURN_DONE;
	}
	if (input->answer.size == 0) {
		command_refuse(command, REASON_FACTOR_MISSING, "no code was given");
		return TURN_DONE;
	}
	err = command->env->clock.now(command->env->clock.data, &command->now);
	if (err != SFMFA_OK) {
		command_fail(command, err, NULL);
		return TURN_DONE;
	}
	if (record->app.state != APP_NONE)
		attempt.acceptable |= FACTOR_BIT(FACTOR_TOTP) | FACTOR_BIT(FACTOR_RECOVERY_CODE);
	if (has_temporary_code(command))
		attempt.acceptable |= FACTOR_BIT(FACTOR_TEMPORARY_CODE);
	err = attempt_prepare(&attempt, &input->answer, &command->op, &offered, &diag);
	if (err != SFMFA_OK) {
		command_fail(command, err, &diag);
		return TURN_DONE;
	}
	return TURN_WRITE;
}

static void
refuse_wrong(struct command *command)
{
	int64_t seconds =
		attempt_step_offset(&command->op) * (int64_t)command->actor.record.app.params.period;

	if (seconds > 0)
		command_refuse(command, REASON_FACTOR_WRONG,
			       "that code is not right: your phone's clock is about %lld seconds ahead",
			       (long long)seconds);
	else if (seconds < 0)
		command_refuse(command, REASON_FACTOR_WRONG,
			       "that code is not right: your phone's clock is about %lld seconds behind",
			       (long long)-seconds);
	else
		command_refuse(command, REASON_FACTOR_WRONG, "that code is not right");
}

bool
administer_proof_result(struct command *command)
{
	switch (attempt_found(&command->op)) {
	case ATTEMPT_RIGHT: return true;
	case ATTEMPT_REPLAYED:
		return command_refuse(command, REASON_FACTOR_REPLAYED,
				      "that code was used before: wait for the next one");
	case ATTEMPT_LOCKED_OUT:
		return command_refuse(command, REASON_LOCKED_OUT, "too many wrong codes: you are locked out");
	case ATTEMPT_CLOCK:
		return command_refuse(
			command, REASON_CLOCK,
			"the clock is wrong, or was when your last code was used: ask an administrator");
	case ATTEMPT_STORE: return command_fail(command, SFMFA_ERR_STORE, NULL);
	case ATTEMPT_NONE:
	case ATTEMPT_WRONG:
	case ATTEMPT_EXPIRED:
	case ATTEMPT_OUT_OF_SCOPE:
	case ATTEMPT_CANNOT_PROMPT:
	case ATTEMPT_CONVERSATION: break;
	}
	refuse_wrong(command);
	return false;
}
