/* Decisions as sentences. */
#include <criterion/criterion.h>
#include <string.h>

#include "policy/reason.h"

Test(reason, a_detail_fills_the_gap_and_is_never_a_format)
{
	struct because because = {.text = "granted by profile %s.", .detail = "%n%s"};
	char sentence[SENTENCE_SIZE];

	reason_sentence(&because, sentence);
	cr_expect_str_eq(sentence, "granted by profile %n%s.");
	because.detail = NULL;
	reason_sentence(&because, sentence);
	cr_expect_str_eq(sentence, "granted by profile ?.");
	because.text = "nothing is owed";
	reason_sentence(&because, sentence);
	cr_expect_str_eq(sentence, "nothing is owed");
	because.text = NULL;
	reason_sentence(&because, sentence);
	cr_expect_str_eq(sentence, "");
}

Test(reason, what_does_not_fit_is_cut_and_terminated)
{
	static char detail[2 * SENTENCE_SIZE];
	struct because because = {.text = "<%s>", .detail = detail};
	char sentence[SENTENCE_SIZE + 1];

	memset(detail, 'x', sizeof(detail) - 1);
	sentence[SENTENCE_SIZE] = '!';
	reason_sentence(&because, sentence);
	cr_expect_eq(strlen(sentence), (size_t)(SENTENCE_SIZE - 1));
	cr_expect_eq(sentence[SENTENCE_SIZE], '!');
}

Test(reason, every_reason_has_a_summary_that_ends_as_a_sentence_does)
{
	for (unsigned verdict = 0; verdict <= VERDICT_ALLOW; verdict++) {
		for (unsigned reason = 0; reason < REASON_COUNT; reason++) {
			struct decision decision = {
				.verdict = (enum verdict)verdict,
				.reason = (enum reason)reason,
			};
			char sentence[SENTENCE_SIZE];

			reason_summary(&decision, sentence);
			cr_expect_gt(strlen(sentence), 7U);
			cr_expect_eq(sentence[strlen(sentence) - 1], '.', "%s", sentence);
		}
	}
}

Test(reason, a_summary_says_the_verdict_the_reason_and_what_to_do)
{
	struct decision decision = {.verdict = VERDICT_DENY, .reason = REASON_LOCKED_OUT};
	char sentence[SENTENCE_SIZE];

	reason_summary(&decision, sentence);
	cr_expect_str_eq(sentence,
	                 "Denied: too many wrong factors. sfmfa user unlock ends the lock at once.");
	decision = (struct decision){
		.verdict = VERDICT_ALLOW,
		.reason = REASON_OK,
		.level = LEVEL_HIGH_ASSURANCE,
	};
	reason_summary(&decision, sentence);
	cr_expect_str_eq(sentence,
	                 "Allowed with a second factor or another credential (high-assurance session).");
	decision = (struct decision){.verdict = VERDICT_DENY, .reason = REASON_FROZEN, .concealed = true};
	reason_summary(&decision, sentence);
	cr_expect_not_null(strstr(sentence, "only after a right code"));
}

Test(reason, what_a_person_is_told_is_short_and_says_nothing_of_the_configuration)
{
	for (unsigned reason = 0; reason < REASON_COUNT; reason++) {
		const char *text = reason_for_user((enum reason)reason);

		if (text == NULL)
			continue;
		cr_expect_leq(strlen(text), 100U, "%s", text);
		cr_expect_null(strstr(text, "profile"), "%s", text);
		cr_expect_null(strstr(text, "sfmfa"), "%s", text);
	}
	cr_expect_str_eq(reason_for_user(REASON_FROZEN), "Your account is frozen. Ask your administrator.");
	cr_expect_null(reason_for_user(REASON_UNKNOWN_USER), "a stranger learns nothing of names");
	cr_expect_null(reason_for_user(REASON_OK));
	cr_expect_null(reason_for_user((enum reason)999));
}
